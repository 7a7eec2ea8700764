//! Documents that are packed into one record: which there are, and the record anew without some of them.
//!
//! A record of several documents has their texts one after the other, a blank line between. Blank lines stand within documents as well, so
//! only who packed them knows where each ends; the index of a shard keeps it.
use std::{collections::VecDeque, ops::Range};

use perennial_inputs::BETWEEN;
use sha2::{Digest, Sha256};

use crate::{
    canonical::{DOCUMENT, document, document_text},
    tokens::estimate_escaped,
};

/// Which documents the next compiled records have, told by a [`crate::Compiler`] to a [`crate::Indexer`].
#[derive(Debug, Default)]
pub struct Documents {
    /// How many each record has.
    counts: VecDeque<usize>,
    /// Bytes of each.
    lengths: VecDeque<usize>,
}

impl Documents {
    /// The documents of the next record.
    pub(crate) fn push(&mut self, lengths: &[usize]) {
        self.counts.push_back(lengths.len());
        self.lengths.extend(lengths);
    }

    pub(crate) fn append(&mut self, mut next: Self) {
        self.counts.append(&mut next.counts);
        self.lengths.append(&mut next.lengths);
    }

    /// The documents of the next record, whose line this is: none if it has no more than one, and nothing if it is not what was told.
    pub(crate) fn next(&mut self, line: &[u8]) -> Option<Vec<Document>> {
        let Some(count) = self.counts.pop_front() else {
            return Some(Vec::new());
        };
        let mut rest = document_text(line)?;
        let mut documents = Vec::with_capacity(if count > 1 { count } else { 0 });
        for (number, length) in self.lengths.drain(..count).enumerate() {
            if number > 0 {
                rest = rest.strip_prefix(BETWEEN)?;
            }
            let (text, after) = rest.split_at_checked(length)?;
            if count > 1 {
                documents.push(Document::of(text));
            }
            rest = after;
        }
        rest.is_empty().then_some(documents)
    }
}

/// A document among others in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Document {
    /// The one that its line would have, if it stood alone in a record.
    pub(crate) digest: [u8; 16],
    /// Of the escaped text.
    pub(crate) length: u64,
    pub(crate) tokens: u64,
}

impl Document {
    fn of(text: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [DOCUMENT.0, text, DOCUMENT.1] {
            hash.update(part);
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finalize()[..16]);
        Self {
            digest,
            length: text.len() as u64,
            tokens: estimate_escaped(text),
        }
    }
}

/// Bytes of the line in which these stand, with its line feed; nothing if they are too many to be counted.
pub(crate) fn line_length(documents: &[Document]) -> Option<u64> {
    let between = BETWEEN.len() * documents.len().saturating_sub(1);
    let around = DOCUMENT.0.len() + DOCUMENT.1.len() + 1 + between;
    documents.iter().try_fold(around as u64, |sum, document| {
        sum.checked_add(document.length)
    })
}

/// Where the documents that stay stand in a shard in which their record begins at `start`; neighbours with what is between them. Also
/// the tokens of the record that they make.
pub(crate) fn kept(documents: &[Document], stays: &[bool], start: u64) -> (Vec<Range<u64>>, u64) {
    let between = BETWEEN.len() as u64;
    let (mut at, mut tokens) = (start + DOCUMENT.0.len() as u64, 0);
    let mut kept: Vec<Range<u64>> = Vec::new();
    for (document, stays) in documents.iter().zip(stays) {
        let end = at + document.length;
        if *stays {
            tokens += document.tokens
                + if kept.is_empty() {
                    0
                } else {
                    estimate_escaped(BETWEEN)
                };
            match kept.last_mut() {
                Some(last) if last.end + between == at => last.end = end,
                _ => kept.push(at..end),
            }
        }
        at = end + between;
    }
    (kept, tokens)
}

/// Bytes of the record that [`write`] writes.
pub(crate) fn written(kept: &[Range<u64>]) -> u64 {
    let between = BETWEEN.len() * kept.len().saturating_sub(1);
    let around = DOCUMENT.0.len() + DOCUMENT.1.len() + 1 + between;
    kept.iter().map(|part| part.end - part.start).sum::<u64>() + around as u64
}

/// Writes the record anew with nothing but these parts of it. `line` is the record, which begins at `start` in its shard.
pub(crate) fn write(line: &[u8], start: u64, kept: &[Range<u64>], out: &mut Vec<u8>) {
    let mut text = Vec::with_capacity(line.len());
    for part in kept {
        if !text.is_empty() {
            text.extend_from_slice(BETWEEN);
        }
        // Within the line, whose length is a `usize`.
        let part = (part.start - start) as usize..(part.end - start) as usize;
        text.extend_from_slice(line.get(part).unwrap_or_default());
    }
    document(&text, out);
    out.push(b'\n');
}
