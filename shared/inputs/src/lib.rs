//! What is no JSON Lines, as JSON lines: CSV and TSV, JSON arrays and pretty-printed objects, plain text and Markdown.
//!
//! Each source is pushed decompressed bytes, cut anywhere, and hands over one [`Item`] after the other: a record, as one
//! JSON object on one line, or a [`Trouble`]. How the bytes are cut into pushes makes no difference to what is handed
//! over. Nothing here does I/O, and nothing that a file contains can make it panic, stall or take unbounded memory.
//! Bytes that are no UTF-8 are handed on as they are: whoever parses the record names them.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod array;
mod csv;
mod documents;
mod json;
mod packer;
mod trouble;

pub use array::Array;
pub use csv::{Csv, CsvOptions, Mapped, Mapping, Purpose, Taken, is_header};
pub use documents::{CountTokens, DocumentKind, Documents};
pub use packer::{BETWEEN, CountEscaped, Packed, Packer};
pub use trouble::{EXCERPT, Then, Trouble, What, disturbs, shown};

/// What keeps a file from exhausting the one that reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes of one record: of its content in the file, and of its JSON as it is handed over.
    pub line: usize,
    /// Most levels of arrays and objects in one another, the record's own among them.
    pub depth: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            line: 8 << 20,
            depth: 64,
        }
    }
}

/// What a source hands over, in the order of the file.
#[derive(Debug)]
pub enum Item<'a> {
    /// One record on one line, without a line feed in it or after it.
    Record {
        /// The line of the file in which the record begins, from 1.
        line: u64,
        /// Where in that line it begins, in characters from 1, if it stands there as it is handed over. What was made of several lines, of
        /// a row or of a document has no such place.
        column: Option<u64>,
        /// The record's JSON: an object, unless the file itself has something else in that place.
        json: &'a [u8],
    },
    /// Something that a person should know.
    Trouble(Trouble),
}

/// A file of one kind, read as records.
pub trait Source {
    /// Reads the next bytes of the file. After a trouble that ends the reading ([`Then::Ended`]), further pushes do nothing.
    fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Item<'_>));

    /// Reads what is left, at the end of the file. Call it once, and push nothing after it.
    fn finish(&mut self, each: &mut dyn FnMut(Item<'_>));
}
