//! What a file is held against: fixed before its first block, and the same for every block.
use std::io;

use perennial_core::limits::{DataLimits, RecordShape};

use crate::{
    compiler::Purpose,
    excluded::Excluded,
    scan::{forbidden::Forbidden, secrets::Secrets},
    shape::InputShape,
};

/// What to do about keys, tokens and card numbers in the data: `[data] secrets`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretsRule {
    /// A record with one is an error.
    Reject,
    /// A record with one is a warning.
    #[default]
    Warn,
    /// They are not looked for.
    Off,
}

/// A file for what does not fit into memory. The caller opens it, in a place that is its own, and removes it.
pub trait Spill: Send {
    /// Fills `bytes` from this place on; what was never written reads as zeros.
    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Writes `bytes` to this place.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes the file this long; what is new reads as zeros.
    fn set_len(&mut self, length: u64) -> io::Result<()>;
}

impl Spill for std::fs::File {
    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        self.seek(SeekFrom::Start(at))?;
        self.read_exact(bytes)
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek, SeekFrom, Write};
        self.seek(SeekFrom::Start(at))?;
        self.write_all(bytes)
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        std::fs::File::set_len(self, length)
    }
}

/// A spill in memory, for tests.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct MemorySpill(Vec<u8>);

#[cfg(test)]
impl Spill for MemorySpill {
    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let at = at as usize;
        bytes.copy_from_slice(&self.0[at..at + bytes.len()]);
        Ok(())
    }

    fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let at = at as usize;
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.0.resize(length as usize, 0);
        Ok(())
    }
}

/// What every block is held against.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) purpose: Purpose,
    pub(crate) forbidden: Option<Forbidden>,
    pub(crate) secrets: Option<Secrets>,
    pub(crate) evaluation: Option<Excluded>,
    /// The bucket of the training data, where it is known.
    pub(crate) bucket: Option<String>,
    /// Whether the files that records name are gathered.
    pub(crate) media: bool,
    /// Whether the questions of an evaluation set are gathered.
    pub(crate) questions: bool,
    /// The shape of the file's first record, once there was one.
    pub(crate) shape: Option<InputShape>,
    /// The most bytes of a line.
    pub(crate) line: usize,
    /// Whether documents are packed, so that one whose line is canonical need not be written before.
    pub(crate) packs: bool,
    /// Whether records in their usual spelling are read without the tape; only tests say no.
    pub(crate) quick: bool,
}

impl Plan {
    pub(crate) fn new(purpose: Purpose, secrets: SecretsRule, line: usize) -> Self {
        let limits = match &purpose {
            Purpose::Training(limits) => Some(limits),
            Purpose::Evaluation => None,
        };
        Self {
            // Documents are read as they are: neither validator looks for the words of a conversation in them.
            forbidden: limits
                .filter(|limits| limits.shape != RecordShape::Documents)
                .and_then(|limits| Forbidden::new(&limits.forbidden)),
            secrets: Secrets::new(secrets),
            evaluation: None,
            bucket: None,
            media: false,
            questions: false,
            shape: None,
            purpose,
            line,
            packs: false,
            quick: true,
        }
    }

    pub(crate) fn set_secrets(&mut self, rule: SecretsRule) {
        self.secrets = Secrets::new(rule);
    }

    pub(crate) fn limits(&self) -> Option<&DataLimits> {
        match &self.purpose {
            Purpose::Training(limits) => Some(limits),
            Purpose::Evaluation => None,
        }
    }
}
