//! The index of a shard: what sealing needs to know of each record, so that the shard itself need not be read.
//!
//! It is written beside the shard while that is compiled. Its form (numbers little-endian, a varint is LEB128):
//!
//! | bytes | |
//! | --- | --- |
//! | 16 | [`MAGIC`], whose last byte is the form's number |
//! | 8 | the shard's length |
//! | 8 | the number of records |
//! | 2, n | the length of the shard's tag (its ETag), and the tag |
//! | for each record | varint: length with its line feed, times two, plus one if it has an answer; varint: tokens; 16: digest of the record; 16: digest of the normalised prompt; 8: hash of the prompt to the letter; varint: documents packed in it, 0 if it is none or one |
//! | for each of those documents | 16: digest; varint: bytes of its escaped text; varint: tokens |
//! | for each record, behind its documents | varint: the questions that it answers before its last one; 16 each: their digests |
//! | 16 | SHA-256 of all before, cut |
use std::ops::Range;

use sha2::{Digest, Sha256};

use perennial_core::prompt::{PromptDigest, held_out};

use crate::{
    canonical::{self, CanonicalRecord, record_digest},
    documents::{self, Document, Documents},
    json::Tape,
    pass::known::hash,
};

/// What an index of this form begins with.
const MAGIC: &[u8; 16] = b"perennial-index\x02";
const TAIL: usize = 16;

/// The largest index: about 750,000 records, or packed with 1.6 million short documents. A shard of more is read when it is sealed, and
/// what is packed in it is compared whole.
pub const MOST_INDEX: usize = 32 << 20;

/// What sealing decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// With its line feed.
    pub(crate) length: u64,
    /// Whether it can be asked about.
    pub(crate) answered: bool,
    pub(crate) tokens: u64,
    pub(crate) record: [u8; 16],
    pub(crate) prompt: PromptDigest,
    /// A hash of the prompt to the letter.
    pub(crate) exact: u64,
    /// The documents that are packed in it; none if it is a single one.
    pub(crate) documents: Vec<Document>,
    /// The questions that it answers before its last one.
    pub(crate) earlier: Vec<PromptDigest>,
}

/// The hash of a prompt to the letter: asked for only among prompts whose normalised text is the same.
pub(crate) fn exact(prompt: &str) -> u64 {
    hash(prompt.as_bytes())
}

/// Reads a canonical line without its line feed; nothing if it is none.
pub(crate) fn describe(tape: &mut Tape, line: &[u8]) -> Option<(CanonicalRecord, Entry)> {
    let read = canonical::read_by(tape, line)?;
    // It was read, so the tape is that of this text.
    let text = simdutf8::basic::from_utf8(line).ok()?.trim_ascii_end();
    let entry = Entry {
        length: line.len() as u64 + 1,
        answered: read.completion.is_some(),
        tokens: read.tokens,
        record: read.digest.unwrap_or_else(|| record_digest(line)),
        prompt: PromptDigest::of(&read.prompt),
        exact: exact(&read.prompt),
        documents: Vec::new(),
        earlier: canonical::earlier(tape.value(text)),
    };
    Some((read, entry))
}

/// Held-out records are set aside up to this length, so that between them there are long runs of others.
const ASIDE: usize = 4 << 20;

/// Writes the index of one shard from the shard's bytes, as they are compiled, and puts its records into the order in which they are
/// written.
#[derive(Debug, Default)]
pub struct Indexer {
    tape: Tape,
    /// A line that is not whole yet.
    line: Vec<u8>,
    entries: Vec<u8>,
    records: u64,
    length: u64,
    apart: Option<(String, f64)>,
    /// Lines that are written behind others, and their entries.
    aside: Vec<u8>,
    aside_entries: Vec<u8>,
    /// Those of the lines to come.
    documents: Documents,
    packed: bool,
    /// Something is in the shard that no compiler writes, or it is too much.
    given_up: bool,
}

impl Indexer {
    /// The index of a shard of which nothing is written yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts records that this key and share hold out behind others, 4 MiB of them at a time: a shard in which every tenth record is held out
    /// has no run that is worth a copy. Any other key or share seals the shard as well.
    #[must_use]
    pub fn with_hold_out(mut self, key: &str, share: f64) -> Self {
        self.apart = Some((key.to_owned(), share));
        self
    }

    /// Takes the documents of lines that come next, in their order ([`crate::Compiler::take_documents`]).
    pub fn push_documents(&mut self, documents: Documents) {
        if !self.given_up {
            self.documents.append(documents);
        }
    }

    /// Whether a record so far has several documents: only the index says which.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// Takes the next compiled bytes, and appends what is to be written to `out`.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        self.length += bytes.len() as u64;
        while let Some(end) = memchr::memchr(b'\n', bytes).filter(|_| !self.given_up) {
            let (start, rest) = bytes.split_at(end + 1);
            bytes = rest;
            if self.line.is_empty() {
                self.take(start, out);
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(start);
                self.take(&line, out);
                line.clear();
                self.line = line;
            }
        }
        if self.given_up {
            out.extend_from_slice(bytes);
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    /// Takes a line with its line feed.
    fn take(&mut self, line: &[u8], out: &mut Vec<u8>) {
        // Sealing trims lines and skips empty ones: bytes that it would not take as they are have no index.
        let bare = &line[..line.len() - 1];
        let described = (bare.trim_ascii() == bare)
            .then(|| describe(&mut self.tape, bare))
            .flatten();
        let documents = self.documents.next(bare);
        let (Some((_, mut entry)), Some(documents), true) =
            (described, documents, self.entries.len() < MOST_INDEX)
        else {
            self.set_back(out);
            out.extend_from_slice(line);
            self.given_up = true;
            self.entries = Vec::new();
            self.documents = Documents::default();
            return;
        };
        self.packed |= !documents.is_empty();
        entry.documents = documents;
        self.records += 1;
        let apart = entry.answered
            && self
                .apart
                .as_ref()
                .is_some_and(|(key, share)| held_out(entry.prompt, key, *share));
        if !apart {
            write_entry(&entry, &mut self.entries);
            out.extend_from_slice(line);
            return;
        }
        write_entry(&entry, &mut self.aside_entries);
        self.aside.extend_from_slice(line);
        if self.aside.len() >= ASIDE {
            self.set_back(out);
        }
    }

    /// Writes what was set aside.
    fn set_back(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.aside);
        self.entries.append(&mut self.aside_entries);
    }

    /// Appends the last bytes to `out`: the shard is whole.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.set_back(out);
        if !self.line.is_empty() {
            out.append(&mut self.line);
            self.given_up = true;
        }
    }

    /// The index, for a shard that the bucket knows by `tag`; nothing if this shard can have none. Call [`Indexer::end`] before.
    #[must_use]
    pub fn finish(self, tag: &str) -> Option<Vec<u8>> {
        let tag_length = u16::try_from(tag.len()).ok().filter(|length| *length > 0)?;
        if self.given_up || self.records == 0 {
            return None;
        }
        let mut index = Vec::with_capacity(self.entries.len() + tag.len() + 64);
        index.extend_from_slice(MAGIC);
        index.extend_from_slice(&self.length.to_le_bytes());
        index.extend_from_slice(&self.records.to_le_bytes());
        index.extend_from_slice(&tag_length.to_le_bytes());
        index.extend_from_slice(tag.as_bytes());
        index.extend_from_slice(&self.entries);
        let sum = Sha256::digest(&index);
        index.extend_from_slice(&sum[..TAIL]);
        Some(index)
    }
}

fn write_entry(entry: &Entry, out: &mut Vec<u8>) {
    varint(entry.length << 1 | u64::from(entry.answered), out);
    varint(entry.tokens, out);
    out.extend_from_slice(&entry.record);
    out.extend_from_slice(&entry.prompt.0);
    out.extend_from_slice(&entry.exact.to_le_bytes());
    varint(entry.documents.len() as u64, out);
    for document in &entry.documents {
        out.extend_from_slice(&document.digest);
        varint(document.length, out);
        varint(document.tokens, out);
    }
    varint(entry.earlier.len() as u64, out);
    for question in &entry.earlier {
        out.extend_from_slice(&question.0);
    }
}

/// An index that was read, and is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    bytes: Vec<u8>,
    entries: Range<usize>,
    length: u64,
    records: u64,
}

/// Why an index is not used; the shard is read instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Written by a newer version, or no index.
    #[error("it has another form")]
    Form,
    /// A byte is another one, or some are missing.
    #[error("it is damaged")]
    Damaged,
    /// The shard was written anew since.
    #[error("it is of another version of the shard")]
    OtherShard,
}

impl Index {
    /// Reads the index of a shard that has this tag and length now.
    ///
    /// # Errors
    /// What is damaged, has another form, or speaks of other bytes than the shard's is not used.
    pub fn read(bytes: Vec<u8>, tag: &str, length: u64) -> Result<Self, Unusable> {
        if !bytes.starts_with(MAGIC) {
            return Err(Unusable::Form);
        }
        let end = bytes
            .len()
            .checked_sub(TAIL)
            .filter(|end| *end >= MAGIC.len())
            .ok_or(Unusable::Damaged)?;
        if Sha256::digest(&bytes[..end])[..TAIL] != bytes[end..] {
            return Err(Unusable::Damaged);
        }
        let mut rest = Rest(&bytes[MAGIC.len()..end]);
        let (of, records) = (rest.number()?, rest.number()?);
        let tag_length = rest.fixed().map(u16::from_le_bytes)?;
        let of_tag = rest.take(usize::from(tag_length))?;
        if of != length || of_tag != tag.as_bytes() {
            return Err(Unusable::OtherShard);
        }
        let entries = end - rest.0.len()..end;
        let (mut counted, mut sum) = (0_u64, 0_u64);
        while let Some(entry) = rest.entry()? {
            counted += 1;
            sum = sum.checked_add(entry.length).ok_or(Unusable::Damaged)?;
        }
        if counted != records || sum != length {
            return Err(Unusable::Damaged);
        }
        Ok(Self {
            bytes,
            entries,
            length,
            records,
        })
    }

    /// The shard's length.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Records in the shard.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Each record with the bytes of the shard that it has.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Range<u64>, Entry)> + '_ {
        let mut rest = Rest(&self.bytes[self.entries.clone()]);
        let mut at = 0;
        std::iter::from_fn(move || {
            // Reading it once has shown that all are whole.
            let entry = rest.entry().ok().flatten()?;
            let start = at;
            at += entry.length;
            Some((start..at, entry))
        })
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// What is still to be read.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, bytes: usize) -> Result<&'b [u8], Unusable> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(Unusable::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Unusable> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Unusable::Damaged)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, Unusable> {
        self.fixed().map(u64::from_le_bytes)
    }

    fn varint(&mut self) -> Result<u64, Unusable> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Unusable::Damaged);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Unusable::Damaged)
    }

    fn entry(&mut self) -> Result<Option<Entry>, Unusable> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let length = self.varint()?;
        let mut entry = Entry {
            length: length >> 1,
            answered: length & 1 == 1,
            tokens: self.varint()?,
            record: self.fixed()?,
            prompt: PromptDigest(self.fixed()?),
            exact: self.number()?,
            documents: Vec::new(),
            earlier: Vec::new(),
        };
        for _ in 0..self.varint()? {
            entry.documents.push(Document {
                digest: self.fixed()?,
                length: self.varint()?,
                tokens: self.varint()?,
            });
        }
        for _ in 0..self.varint()? {
            entry.earlier.push(PromptDigest(self.fixed()?));
        }
        let packed = documents::line_length(&entry.documents);
        if entry.length == 0 || !entry.documents.is_empty() && packed != Some(entry.length) {
            return Err(Unusable::Damaged);
        }
        Ok(Some(entry))
    }
}

#[cfg(test)]
mod tests;
