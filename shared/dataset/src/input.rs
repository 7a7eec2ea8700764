//! What is no JSON Lines, read as such: the source of a file's kind, and what its troubles mean for the upload.
use perennial_core::limits::RecordShape;
use perennial_inputs::{
    Array, Bounds, Csv, CsvOptions, Documents, Item, Purpose as TablePurpose, Source, Trouble, What,
};

use crate::{
    compiler::Purpose,
    finding::{Place, Problem},
    masked::{kinds, masked},
    pass::cut::BLOCK,
    rules::{self, Rule},
    scan::secrets::What as Hidden,
    sniff::Kind,
    tokens::estimate_tokens,
};

/// A file of another kind than JSON Lines.
#[derive(Debug)]
pub(crate) enum Input {
    Array(Box<Array>),
    Table(Box<Csv>),
    Document(Box<Documents>),
}

/// Records that were made, and what is to be said before them.
pub(crate) struct Made<'m> {
    /// JSON lines.
    pub(crate) lines: &'m [u8],
    /// Where each began in the file.
    pub(crate) places: &'m [Place],
    pub(crate) trouble: Option<Troubled>,
}

/// What is to be said of a line that gave no record.
pub(crate) struct Troubled {
    pub(crate) line: u64,
    pub(crate) problem: Problem,
    /// Keys and the like that would have been shown.
    pub(crate) hidden: Vec<Hidden>,
}

/// Lines that are collected until they make a block.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    lines: Vec<u8>,
    places: Vec<Place>,
    counted: Counted,
}

/// Lines of the file so far.
#[derive(Debug, Default)]
struct Counted {
    /// Those that ended.
    ended: u64,
    /// Whether there is a byte after them.
    open: bool,
    /// Whether the last byte was a carriage return: a line feed after it ends no second line.
    after_return: bool,
}

impl Counted {
    /// Where a carriage return alone ends a line, it counts, as it does for the places of findings.
    fn take(&mut self, bytes: &[u8], returns: bool) {
        let Some(last) = bytes.last() else { return };
        self.ended += memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.open = *last != b'\n';
        if returns {
            self.ended -= u64::from(self.after_return && bytes[0] == b'\n');
            let alone = memchr::memchr_iter(b'\r', bytes)
                .filter(|at| bytes.get(at + 1) != Some(&b'\n'))
                .count();
            self.ended += alone as u64;
            self.after_return = *last == b'\r';
            self.open &= !self.after_return;
        }
    }
}

/// How a table is read for this purpose.
pub(crate) fn table_options(purpose: &Purpose, columns: Vec<(String, String)>) -> CsvOptions {
    CsvOptions {
        columns,
        tabs: false,
        purpose: match purpose {
            Purpose::Evaluation => TablePurpose::Evaluation,
            Purpose::Training(limits) if limits.shape == RecordShape::Documents => {
                TablePurpose::Documents
            }
            Purpose::Training(_) => TablePurpose::Pairs,
        },
    }
}

impl Input {
    /// The source for a kind of file, with what is said of it; nothing for JSON Lines. A document where the trainer takes none is
    /// refused.
    pub(crate) fn of(
        kind: Kind,
        purpose: &Purpose,
        line: usize,
        options: &CsvOptions,
    ) -> Result<Option<(Self, Option<Problem>)>, Problem> {
        let bounds = Bounds {
            line,
            ..Bounds::default()
        };
        let converted = |rule, what: &str| {
            Some(Problem::of_file(
                rule,
                what,
                "Nothing: they were read as one record a line.",
            ))
        };
        Ok(Some(match kind {
            Kind::JsonLines => return Ok(None),
            Kind::Array => (
                Self::Array(Box::new(Array::new(bounds))),
                converted(&rules::JSON_ARRAY, "one JSON array of records"),
            ),
            Kind::Pretty => (
                Self::Array(Box::new(Array::new(bounds))),
                converted(&rules::PRETTY_PRINTED, "records over several lines"),
            ),
            Kind::Table { tabs } => (
                Self::Table(Box::new(Csv::new(
                    CsvOptions {
                        tabs,
                        ..options.clone()
                    },
                    bounds,
                ))),
                None,
            ),
            Kind::Document { kind, json } => match purpose {
                Purpose::Training(limits) if limits.shape == RecordShape::Documents => (
                    Self::Document(Box::new(Documents::new(
                        kind,
                        limits.max_record_tokens,
                        estimate_tokens,
                    ))),
                    json.then(|| {
                        Problem::of_file(
                            &rules::JSON_AS_TEXT,
                            "a document that begins as JSON does, and no record",
                            "Nothing, if it is prose. Write records one a line, {\"text\": \"...\"}, in a file whose name ends with .jsonl.",
                        )
                    }),
                ),
                Purpose::Training(limits) => {
                    let record = match limits.shape {
                        RecordShape::Preferences => {
                            "{\"prompt\": \"...\", \"chosen\": \"...\", \"rejected\": \"...\"}"
                        }
                        _ => "{\"prompt\": \"...\", \"completion\": \"...\"}",
                    };
                    return Err(Problem::of_file(
                        &rules::OTHER_TRAINER,
                        "a document",
                        format!(
                            "Documents serve continued pre-training. For this pipeline, write JSON Lines: {record} a line."
                        ),
                    ));
                }
                Purpose::Evaluation => {
                    return Err(Problem::of_file(
                        &rules::WRONG_PLACE,
                        "a document in an evaluation set",
                        "Write {\"prompt\": \"...\", \"referenceResponse\": \"...\"} a line, or move the file to data/<pipeline>/.",
                    ));
                }
            },
        }))
    }

    /// Whether what comes out is cut to the limit already, and is not to be packed with others.
    pub(crate) fn is_document(&self) -> bool {
        matches!(self, Self::Document(_))
    }

    /// Which columns were taken, in words.
    pub(crate) fn columns(&self) -> Option<Problem> {
        let Self::Table(table) = self else {
            return None;
        };
        let mapping = table.mapping()?;
        Some(Problem::of_file(
            &rules::COLUMNS_TAKEN,
            without_cut(&mapping.to_string()),
            "Nothing, if they are the right ones. Otherwise name them: `[data] columns = { prompt = \"...\", completion = \"...\" }`.",
        ))
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Array(array) => array.as_mut(),
            Self::Table(table) => table.as_mut(),
            Self::Document(document) => document.as_mut(),
        }
    }

    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        collected: &mut Collected,
        mut each: impl FnMut(Made<'_>),
    ) {
        let returns = !matches!(self, Self::Array(_));
        collected.counted.take(bytes, returns);
        self.source()
            .push(bytes, &mut |item| collected.take(item, &mut each));
    }

    pub(crate) fn finish(&mut self, collected: &mut Collected, mut each: impl FnMut(Made<'_>)) {
        self.source()
            .finish(&mut |item| collected.take(item, &mut each));
        collected.flush(None, &mut each);
    }
}

impl Collected {
    /// Lines of the file so far, the last one with or without its end.
    pub(crate) fn file_lines(&self) -> u64 {
        self.counted.ended + u64::from(self.counted.open)
    }

    fn take(&mut self, item: Item<'_>, each: &mut impl FnMut(Made<'_>)) {
        match item {
            Item::Record { line, column, json } => {
                self.lines.extend_from_slice(json);
                self.lines.push(b'\n');
                self.places.push(Place {
                    line,
                    column: column.unwrap_or_default(),
                });
                if self.lines.len() >= BLOCK {
                    self.flush(None, each);
                }
            }
            Item::Trouble(trouble) => self.flush(Some(troubled(trouble)), each),
        }
    }

    fn flush(&mut self, trouble: Option<Troubled>, each: &mut impl FnMut(Made<'_>)) {
        each(Made {
            lines: &self.lines,
            places: &self.places,
            trouble,
        });
        self.lines.clear();
        self.places.clear();
    }
}

fn troubled(trouble: Trouble) -> Troubled {
    let rule: &'static Rule = match &trouble.what {
        What::Empty | What::WhiteSpace | What::NoRows | What::NoRecords => &rules::EMPTY_FILE,
        What::NoHeader
        | What::BrokenHeader { .. }
        | What::HeaderTwice { .. }
        | What::MissingColumn { .. }
        | What::UnknownColumns { .. }
        | What::TooManyColumns { .. } => &rules::TABLE_COLUMNS,
        What::ColumnsLeftOut { .. } => &rules::COLUMNS_LEFT_OUT,
        What::FieldCount { .. } | What::TextAfterQuote { .. } | What::UnclosedQuote => {
            &rules::TABLE_ROW
        }
        What::EmptyRows { .. } => &rules::EMPTY_ROWS,
        What::TrailingComma | What::MissingComma | What::StrayComma | What::AfterArray => {
            &rules::ARRAY_COMMA
        }
        What::StrayBracket { .. }
        | What::TextAfterArray
        | What::UnclosedArray
        | What::UnclosedRecord
        | What::WrongBracket { .. } => &rules::ARRAY_FORM,
        What::LineFeedInString => &rules::BROKEN_JSON,
        What::TooDeep { .. } => &rules::NESTING_DEPTH,
        What::TooLong { .. } => &rules::LINE_TOO_LONG,
    };
    let mut found = without_cut(&trouble.what.to_string());
    let mut hidden = kinds(&found);
    let excerpt = without_cut(&trouble.excerpt);
    for what in kinds(&excerpt).into_iter().chain(kinds(&apart(&excerpt))) {
        if !hidden.contains(&what) {
            hidden.push(what);
        }
    }
    let excerpt = masked(&excerpt);
    let excerpt = harmless(&excerpt);
    if !excerpt.is_empty() {
        found = format!("{found}: {}", crate::finding::bounded(excerpt));
    }
    Troubled {
        line: trouble.line,
        problem: Problem::of_file(rule, found, trouble.what.fix()),
        hidden,
    }
}

/// Whether a byte may stand inside a token or a number.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'.')
}

/// What was shortened, without the word or the number that was cut: a part of a key has not the form of one.
fn without_cut(text: &str) -> String {
    let mut whole = String::new();
    let mut pieces = text.split('…').peekable();
    while let Some(piece) = pieces.next() {
        let bytes = piece.as_bytes();
        let mut end = bytes.len();
        if pieces.peek().is_some() {
            let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
            while end > 0
                && (goes_on(bytes[end - 1])
                    || bytes[end - 1] == b' '
                        && end > 1
                        && digit(end - 2)
                        && (digit(end) || end == bytes.len()))
            {
                end -= 1;
            }
        }
        whole.push_str(&piece[..end]);
        if pieces.peek().is_some() {
            whole.push('…');
        }
    }
    whole
}

/// A text with a blank between a number and a word that touch: the quotes that stood between them are gone.
fn apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut last = ' ';
    for character in text.chars() {
        let (digit, before) = (character.is_ascii_digit(), last.is_ascii_digit());
        if digit != before && (digit && last.is_alphabetic() || before && character.is_alphabetic())
        {
            apart.push(' ');
        }
        apart.push(character);
        last = character;
    }
    apart
}

/// The start of an excerpt, up to the first run of letters and digits that is long enough to be a key of a form that nobody knows, or of
/// digits alone that is as long as a card's number.
fn harmless(excerpt: &str) -> &str {
    const LONG: usize = 16;
    const CARD: usize = 13;
    let token =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=');
    let bytes = excerpt.as_bytes();
    let (mut run, mut digits, mut number) = (0, 0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        run = if token(*byte) { run + 1 } else { 0 };
        if byte.is_ascii_digit() {
            number = if digits == 0 { at } else { number };
            digits += 1;
        } else if !(matches!(byte, b' ' | b'-') && at > 0 && bytes[at - 1].is_ascii_digit()) {
            digits = 0;
        }
        let from = match (run == LONG, digits == CARD) {
            (true, true) => number.min(at + 1 - LONG),
            (true, false) => at + 1 - LONG,
            (false, true) => number,
            (false, false) => continue,
        };
        return excerpt.get(..from).unwrap_or_default();
    }
    excerpt
}
