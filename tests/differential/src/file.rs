//! A file as it is given to everybody: its text, and what Python's `json` makes of each line.
use serde_json::Value;

/// What `json.loads` makes of a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Python {
    /// White space only.
    Blank,
    /// A JSONDecodeError.
    Broken,
    /// A value. A repeated member has its last value; what only Python takes (NaN, half a surrogate pair) has a stand-in.
    Reads(Value),
}

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    /// Without its end.
    pub text: String,
    /// What Python makes of it.
    pub python: Python,
}

impl Line {
    /// The line of a record.
    #[must_use]
    pub fn of(record: &Value) -> Self {
        Self {
            text: record.to_string(),
            python: Python::Reads(record.clone()),
        }
    }

    /// A line of any text that this crate's parser and Python's read alike.
    #[must_use]
    pub fn raw(text: impl Into<String>) -> Self {
        let text = text.into();
        let python = if text.trim().is_empty() {
            Python::Blank
        } else {
            serde_json::from_str(&text).map_or(Python::Broken, Python::Reads)
        };
        Self { text, python }
    }
}

/// A file of JSON Lines.
#[derive(Debug, Clone)]
pub struct File {
    /// Its lines.
    pub lines: Vec<Line>,
    /// Whether it starts with a byte order mark.
    pub has_mark: bool,
    /// What ends a line.
    pub end: &'static str,
}

impl File {
    /// A file of these lines.
    #[must_use]
    pub fn new(lines: Vec<Line>) -> Self {
        Self {
            lines,
            has_mark: false,
            end: "\n",
        }
    }

    /// A file of one record.
    #[must_use]
    pub fn of(record: &Value) -> Self {
        Self::new(vec![Line::of(record)])
    }

    /// What stands in it.
    #[must_use]
    pub fn text(&self) -> String {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        let mut text = mark.to_owned();
        for line in &self.lines {
            text.push_str(&line.text);
            text.push_str(self.end);
        }
        text
    }
}
