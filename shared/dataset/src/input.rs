//! What is no JSON Lines, read as such: the source of a file's kind, and what its troubles mean for the upload.
use perennial_core::limits::RecordShape;
use perennial_inputs::{
    Array, Bounds, Csv, CsvOptions, Documents, Item, Purpose as TablePurpose, Source, Trouble, What,
};

use crate::{
    compiler::Purpose,
    finding::Problem,
    pass::cut::BLOCK,
    rules::{self, Rule},
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
    /// The line of the file on which each began.
    pub(crate) numbers: &'m [u64],
    pub(crate) trouble: Option<(u64, Problem)>,
}

/// Lines that are collected until they make a block.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    lines: Vec<u8>,
    numbers: Vec<u64>,
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
            Kind::Document(kind) => match purpose {
                Purpose::Training(limits) if limits.shape == RecordShape::Documents => (
                    Self::Document(Box::new(Documents::new(
                        kind,
                        limits.max_record_tokens,
                        estimate_tokens,
                    ))),
                    None,
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
            mapping.to_string(),
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
    fn take(&mut self, item: Item<'_>, each: &mut impl FnMut(Made<'_>)) {
        match item {
            Item::Record { line, json } => {
                self.lines.extend_from_slice(json);
                self.lines.push(b'\n');
                self.numbers.push(line);
                if self.lines.len() >= BLOCK {
                    self.flush(None, each);
                }
            }
            Item::Trouble(trouble) => {
                let line = trouble.line;
                self.flush(Some((line, problem(trouble))), each);
            }
        }
    }

    fn flush(&mut self, trouble: Option<(u64, Problem)>, each: &mut impl FnMut(Made<'_>)) {
        each(Made {
            lines: &self.lines,
            numbers: &self.numbers,
            trouble,
        });
        self.lines.clear();
        self.numbers.clear();
    }
}

fn problem(trouble: Trouble) -> Problem {
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
    let mut found = trouble.what.to_string();
    let excerpt = harmless(&trouble.excerpt);
    if !excerpt.is_empty() {
        found = format!("{found}: {}", crate::finding::bounded(excerpt));
    }
    Problem::of_file(rule, found, trouble.what.fix())
}

/// The start of an excerpt, up to the first run of letters and digits that is long enough to be a key: what stands on the line is not
/// looked at before it is a record.
fn harmless(excerpt: &str) -> &str {
    const LONG: usize = 16;
    let token =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=');
    let mut run = 0;
    for (at, byte) in excerpt.bytes().enumerate() {
        run = if token(byte) { run + 1 } else { 0 };
        if run == LONG {
            return excerpt.get(..at + 1 - LONG).unwrap_or_default();
        }
    }
    excerpt
}
