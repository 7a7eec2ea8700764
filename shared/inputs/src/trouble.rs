//! What can be wrong with a file that is no JSON Lines: what, where, what to do, and what becomes of the rest.

/// How many characters of the file a trouble shows.
pub const EXCERPT: usize = 120;

/// Something that a person should know about one place of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What it is.
    pub what: What,
    /// The line of the file, from 1; 0 is the whole file.
    pub line: u64,
    /// The start of what stands there, at most [`EXCERPT`] characters, control characters escaped; may be empty.
    pub excerpt: String,
}

impl Trouble {
    pub(crate) fn new(what: What, line: u64, bytes: &[u8]) -> Self {
        Self {
            what,
            line,
            excerpt: excerpt(bytes),
        }
    }
}

/// What becomes of the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Then {
    /// Nothing was lost for it, and the reading goes on.
    Noted,
    /// The record or row was left out, and the reading goes on.
    LeftOut,
    /// Nothing after it is read.
    Ended,
}

/// The kinds of trouble. Each is said as what was found; [`What::fix`] is what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// A file without anything to read.
    #[error("the file has no content")]
    Empty,
    /// A document without a character that is seen.
    #[error("the document has nothing but white space")]
    WhiteSpace,

    /// A table with a header and nothing after it.
    #[error("the file has a header and no row after it")]
    NoRows,
    /// The first row of a table looks like data.
    #[error("the first row looks like data and not like the names of columns")]
    NoHeader,
    /// A header that is no row.
    #[error("the header cannot be read: {why}")]
    BrokenHeader {
        /// What is wrong with it.
        why: String,
    },
    /// Two columns that are taken have one name.
    #[error("the column `{column}` stands twice in the header")]
    HeaderTwice {
        /// Its name.
        column: String,
    },
    /// A column that the configuration names is not there.
    #[error("there is no column `{column}` for `{member}`; the header has {columns}")]
    MissingColumn {
        /// The member that it was meant for.
        member: String,
        /// The name in the configuration.
        column: String,
        /// The most similar name in the header.
        nearest: Option<String>,
        /// The names in the header.
        columns: String,
    },
    /// No column has a name that says what it holds.
    #[error("no known set of columns among {columns}")]
    UnknownColumns {
        /// The names in the header.
        columns: String,
    },
    /// Columns over the bound.
    #[error("the header has {columns} columns, and {most} are the most")]
    TooManyColumns {
        /// How many there are.
        columns: u64,
        /// How many there may be.
        most: usize,
    },
    /// Columns that no member is made of.
    #[error("columns that are not taken: {columns}")]
    ColumnsLeftOut {
        /// Their names.
        columns: String,
    },
    /// A row with more or fewer fields than the header.
    #[error("the fields of the row: {found}, those of the header: {expected}")]
    FieldCount {
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: u64,
    },
    /// Something else than a delimiter after the quote that closes a field.
    #[error("text after the closing quote of field {field}")]
    TextAfterQuote {
        /// Which field, from 1.
        field: u64,
    },
    /// A quoted field that the file ends in.
    #[error("a quote is opened here and never closed")]
    UnclosedQuote,
    /// Rows in which every field is empty.
    #[error("rows without any text: {rows}, the first one here")]
    EmptyRows {
        /// How many.
        rows: u64,
    },

    /// A JSON array without a record.
    #[error("there is no record in it")]
    NoRecords,
    /// A comma after the last record of an array.
    #[error("a comma after the last record")]
    TrailingComma,
    /// No comma between two records of an array.
    #[error("no comma before this record")]
    MissingComma,
    /// A comma with no record before it.
    #[error("a comma where none belongs")]
    StrayComma,
    /// A bracket that closes nothing.
    #[error("`{bracket}` closes nothing")]
    StrayBracket {
        /// The bracket.
        bracket: char,
    },
    /// Another array, or records, after an array.
    #[error("the array was closed before, and more follows")]
    AfterArray,
    /// Text after an array that is no record.
    #[error("text after the bracket that closes the array")]
    TextAfterArray,
    /// An array that the file ends in.
    #[error("the array begins here and is never closed")]
    UnclosedArray,
    /// A record that the file ends in.
    #[error("the record begins here and is never closed")]
    UnclosedRecord,
    /// A closing bracket that does not fit to what is open.
    #[error("`{bracket}` where another bracket is to be closed")]
    WrongBracket {
        /// The bracket.
        bracket: char,
    },
    /// A line feed inside a string, which JSON forbids.
    #[error("a line feed inside a string")]
    LineFeedInString,
    /// Arrays and objects in one another over the bound.
    #[error("more than {most} levels of brackets")]
    TooDeep {
        /// How many there may be.
        most: u32,
    },

    /// A record, element or row over the bound.
    #[error("{bytes} bytes in one record, and {most} are the most")]
    TooLong {
        /// How many bytes it has.
        bytes: u64,
        /// How many it may have.
        most: usize,
    },
}

impl What {
    /// What becomes of the reading.
    #[must_use]
    pub fn then(&self) -> Then {
        match self {
            Self::ColumnsLeftOut { .. }
            | Self::EmptyRows { .. }
            | Self::TrailingComma
            | Self::MissingComma
            | Self::StrayComma
            | Self::StrayBracket { .. }
            | Self::AfterArray => Then::Noted,
            Self::FieldCount { .. }
            | Self::TextAfterQuote { .. }
            | Self::WrongBracket { .. }
            | Self::LineFeedInString
            | Self::TooDeep { .. }
            | Self::TooLong { .. } => Then::LeftOut,
            Self::Empty
            | Self::WhiteSpace
            | Self::NoRows
            | Self::NoHeader
            | Self::BrokenHeader { .. }
            | Self::HeaderTwice { .. }
            | Self::MissingColumn { .. }
            | Self::UnknownColumns { .. }
            | Self::TooManyColumns { .. }
            | Self::UnclosedQuote
            | Self::NoRecords
            | Self::TextAfterArray
            | Self::UnclosedArray
            | Self::UnclosedRecord => Then::Ended,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Empty | Self::WhiteSpace => "Write the file again: look whether the export or the upload broke off.".to_owned(),
            Self::NoRows => "Add the rows, or remove the file.".to_owned(),
            Self::NoHeader => {
                "Add a first row with the names of the columns, for example: prompt,completion".to_owned()
            }
            Self::BrokenHeader { .. } => {
                "Write the names of the columns in the first row, for example: prompt,completion".to_owned()
            }
            Self::HeaderTwice { column } => format!("Give one of the two columns `{column}` another name."),
            Self::MissingColumn { member, nearest, .. } => match nearest {
                Some(nearest) => format!("Did you mean {member} = \"{nearest}\"? Correct [data] columns in the configuration."),
                None => format!("Name the column that holds `{member}` in [data] columns of the configuration."),
            },
            Self::UnknownColumns { .. } => {
                "Say in the configuration which columns to take: [data] columns = { prompt = \"...\", completion = \"...\" }"
                    .to_owned()
            }
            Self::TooManyColumns { .. } => {
                "Export only the columns to train on. Look whether line feeds were lost.".to_owned()
            }
            Self::ColumnsLeftOut { .. } => {
                "Nothing, if they are not for training. Otherwise name them in [data] columns of the configuration.".to_owned()
            }
            Self::FieldCount { expected, found } if *found > *expected as u64 => {
                "Put fields that hold the delimiter in double quotes.".to_owned()
            }
            Self::FieldCount { .. } => {
                "Put fields that hold line feeds in double quotes, and write empty fields as well.".to_owned()
            }
            Self::TextAfterQuote { .. } => {
                "Write a double quote inside a quoted field twice: \"He said \"\"yes\"\".\"".to_owned()
            }
            Self::UnclosedQuote => {
                "Close the quote, or write a double quote inside a quoted field twice.".to_owned()
            }
            Self::EmptyRows { .. } => "Nothing: they were left out.".to_owned(),
            Self::NoRecords => "Write the records into it, or remove the file.".to_owned(),
            Self::TrailingComma | Self::StrayComma => "Nothing, if no record is missing there. Otherwise look what wrote the file.".to_owned(),
            Self::MissingComma => "Nothing, if both records are whole. Otherwise look what wrote the file.".to_owned(),
            Self::StrayBracket { .. } => "Look whether the beginning of a record or of the array was lost.".to_owned(),
            Self::AfterArray => "Nothing, if it is meant so: what follows was read as well.".to_owned(),
            Self::TextAfterArray => "Take the text out, or put the records of two files into one array.".to_owned(),
            Self::UnclosedArray => {
                "Close it with `]`, if the file is whole: look whether the export or the upload broke off.".to_owned()
            }
            Self::UnclosedRecord => {
                "Write the file again, if it broke off here. Otherwise close the record: a quote or a bracket is missing.".to_owned()
            }
            Self::WrongBracket { .. } => {
                "Close what is open first: a bracket is missing before it, or this is one too many.".to_owned()
            }
            Self::LineFeedInString => {
                "Write line feeds in a text as \\n, or close the quote before the line ends.".to_owned()
            }
            Self::TooDeep { .. } => "A record needs few levels. Look at what wrote this one.".to_owned(),
            Self::TooLong { .. } => {
                "Cut it into smaller records. Look whether a quote, a bracket or a line feed was lost before it.".to_owned()
            }
        }
    }
}

/// The start of `bytes` for a person: bounded, and with whatever could disturb a terminal escaped.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT * 4 + 4)]);
    shown(&text, EXCERPT)
}

/// The start of `text`, at most so many of its characters, with whatever could disturb a terminal escaped.
#[must_use]
pub fn shown(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        if disturbs(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Control characters, and the marks that turn the direction of text or cannot be seen.
#[must_use]
pub fn disturbs(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}
