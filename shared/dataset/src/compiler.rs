//! One streaming pass over one file: bytes, decompression, lines, records, findings, canonical lines.
use perennial_core::limits::DataLimits;

use crate::{
    decompress::Decompressor,
    finding::{Findings, Problem},
    lines::Lines,
    records::Records,
    rules,
    sniff::{self, Compression},
    summary::{Summary, Verdict},
};

/// What a file is for, which decides its shapes and its limits.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// Training records for a model with these limits; compiled to the shape that they name.
    Training(DataLimits),
    /// An evaluation set, compiled to [`crate::EvalRecord`] lines.
    Evaluation,
}

/// What keeps a file from exhausting the function that reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of a line.
    pub(crate) line: usize,
    /// Bytes that a compressed file may become.
    pub(crate) decompressed: u64,
    /// Decompressed bytes from which on the ratio is looked at.
    pub(crate) ratio_from: u64,
    /// Decompressed bytes for each compressed one.
    pub(crate) ratio: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            line: 8 << 20,
            decompressed: 20 << 30,
            ratio_from: 64 << 20,
            ratio: 200,
        }
    }
}

/// Validates and compiles one file, pushed in chunks of any size. Any bytes end in a [`Summary`]; how they were cut
/// into chunks makes no difference to it.
///
/// Memory is bounded by one line (8 MiB), 16 bytes for each record up to the model's record limit, and the output of
/// one chunk: a compressed chunk may become 200 times its size, so push a compressed file in pieces of 64 KiB or so.
#[derive(Debug)]
pub struct Compiler {
    bounds: Bounds,
    input: Input,
    text: Text,
    compression: Option<Compression>,
    bytes_read: u64,
}

enum Input {
    /// Too few bytes yet to know.
    Undecided(Vec<u8>),
    Plain,
    Compressed(Box<Decompressor>),
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Undecided(_) => "Undecided",
            Self::Plain => "Plain",
            Self::Compressed(_) => "Compressed",
        })
    }
}

impl Compiler {
    /// A compiler for the file `name`: its object key or file name, for messages, and for the kind of a file that is
    /// no JSON Lines.
    #[must_use]
    pub fn new(name: &str, purpose: Purpose) -> Self {
        Self::with_bounds(name, purpose, Bounds::default())
    }

    pub(crate) fn with_bounds(name: &str, purpose: Purpose, bounds: Bounds) -> Self {
        Self {
            bounds,
            input: Input::Undecided(Vec::new()),
            text: Text::new(name, purpose, bounds),
            compression: None,
            bytes_read: 0,
        }
    }

    /// Reads the next bytes of the file and appends canonical lines to `out`.
    ///
    /// `out` is a shard only if [`Compiler::finish`] says [`Verdict::Accepted`].
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.bytes_read += chunk.len() as u64;
        if self.is_hopeless() {
            return;
        }
        if let Input::Undecided(head) = &mut self.input {
            head.extend_from_slice(chunk);
            if head.len() >= 4 {
                self.decide(out);
            }
        } else {
            self.feed(chunk, out);
        }
    }

    /// Whether something was found that makes reading on pointless, like a binary file. Further pushes do nothing.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        self.text.records.hopeless
    }

    /// Reads what is left and says what came of the file.
    #[must_use]
    pub fn finish(mut self, out: &mut Vec<u8>) -> Summary {
        if matches!(self.input, Input::Undecided(_)) {
            self.decide(out);
        }
        let text = &mut self.text;
        if let Input::Compressed(decompressor) = &mut self.input
            && !text.records.hopeless
            && let Err(problem) = decompressor.finish(|piece| text.push(piece, out))
        {
            text.records.give_up(problem);
        }
        text.finish(out);
        self.summary()
    }

    fn decide(&mut self, out: &mut Vec<u8>) {
        let Input::Undecided(head) = std::mem::replace(&mut self.input, Input::Plain) else {
            return;
        };
        self.compression = sniff::compression(&head);
        if let Some(compression) = self.compression {
            match Decompressor::new(compression, self.bounds) {
                Ok(decompressor) => self.input = Input::Compressed(Box::new(decompressor)),
                Err(problem) => self.text.records.give_up(problem),
            }
        }
        self.feed(&head, out);
    }

    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let text = &mut self.text;
        if let Input::Compressed(decompressor) = &mut self.input {
            if let Err(problem) = decompressor.push(chunk, |piece| text.push(piece, out)) {
                text.records.give_up(problem);
            }
        } else {
            text.push(chunk, out);
        }
    }

    fn summary(self) -> Summary {
        let records = self.text.records;
        let Findings {
            listed,
            counts,
            errors,
            warnings,
        } = records.findings;
        Summary {
            form: crate::REPORT_FORM,
            target: crate::Target::default(),
            conflicts: 0,
            statistics: crate::Statistics::default(),
            samples: Vec::new(),
            name: records.name,
            verdict: if errors == 0 {
                Verdict::Accepted
            } else {
                Verdict::Rejected
            },
            shape: records.shape.map(|shape| shape.label().to_owned()),
            compression: self.compression.map(|compression| {
                match compression {
                    Compression::Gzip => "gzip",
                    Compression::Zstd => "zstd",
                }
                .to_owned()
            }),
            lines: records.lines,
            records: records.written,
            duplicates: records.duplicates,
            bytes_read: self.bytes_read,
            bytes_decompressed: match &self.input {
                Input::Compressed(decompressor) => decompressor.written,
                _ => self.bytes_read,
            },
            tokens_estimate: records.tokens,
            findings: listed,
            finding_counts: counts,
            errors,
            warnings,
        }
    }
}

/// The decompressed text: its head is looked at once, then it is cut into lines.
#[derive(Debug)]
struct Text {
    head: Option<Vec<u8>>,
    lines: Lines,
    records: Records,
}

impl Text {
    fn new(name: &str, purpose: Purpose, bounds: Bounds) -> Self {
        Self {
            head: Some(Vec::new()),
            lines: Lines::new(bounds.line),
            records: Records::new(name, purpose),
        }
    }

    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        match &mut self.head {
            Some(head) => {
                head.extend_from_slice(bytes);
                if head.len() >= sniff::HEAD {
                    self.look(out);
                }
            }
            None => self.lines.push(bytes, |line| self.records.line(line, out)),
        }
        !self.records.hopeless
    }

    fn look(&mut self, out: &mut Vec<u8>) {
        let Some(head) = self.head.take() else { return };
        if let Some(problem) =
            sniff::refuse(&head[..head.len().min(sniff::HEAD)], &self.records.name)
        {
            self.records.give_up(problem);
            return;
        }
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        if text.len() < head.len() {
            self.records.findings.add(
                0,
                Problem::of_file(
                    &rules::BYTE_ORDER_MARK,
                    "a UTF-8 byte order mark at the start",
                    "Nothing: it was taken off.",
                ),
            );
        }
        self.lines.push(text, |line| self.records.line(line, out));
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.records.hopeless {
            self.look(out);
        }
        if !self.records.hopeless {
            self.lines.finish(|line| self.records.line(line, out));
        }
        self.records.finish();
    }
}
