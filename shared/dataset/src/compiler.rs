//! One streaming pass over one file: bytes, decompression, lines, records, findings, canonical lines.
use std::io::{self, Read};

use perennial_core::limits::DataLimits;

use crate::{
    between::Between,
    canonical::shape_name,
    decompress::Decompressor,
    documents::Documents,
    excluded::Excluded,
    finding::Problem,
    media::MediaReferences,
    pass::{
        plan::{SecretsRule, Spill},
        stream::Stream,
    },
    rules,
    sniff::{self, Compression},
    summary::{REPORT_FORM, Summary, Target, Verdict},
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
    /// Records that are kept in mind in memory, to find those that repeat them: 32 bytes for each.
    pub(crate) known: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            line: 8 << 20,
            decompressed: 20 << 30,
            ratio_from: 64 << 20,
            ratio: 200,
            // More than any trainer takes.
            known: 1_000_000,
        }
    }
}

/// What came of a file, of some that are checked together.
#[derive(Debug)]
pub struct Finished {
    /// Of the file alone.
    pub summary: Summary,
    /// The files that its records name.
    pub media: MediaReferences,
    /// For the next file.
    pub others: Between,
    /// Records that a file before has, too, word for word: they are in the summary, and in a dataset once.
    pub repeated: u64,
    /// The documents of the last records, if they are asked for ([`Compiler::telling_documents`]).
    pub documents: Documents,
    /// Records whose prompt stands in an evaluation set: they are in the summary, and in no dataset.
    pub leaked: u64,
}

/// Validates and compiles one file, pushed in chunks of any size. Any bytes end in a [`Summary`]; how they were cut
/// into chunks, and how many threads worked on them, makes no difference to it.
///
/// Memory is bounded by a few blocks of 256 KiB for each thread, one line (8 MiB), 32 bytes for each record up to the model's record
/// limit (above it a file, [`Compiler::with_spill`]), and the output of one chunk: a compressed chunk may become 200 times its
/// size, so push a compressed file in pieces of 64 KiB or so.
#[derive(Debug)]
pub struct Compiler {
    bounds: Bounds,
    name: String,
    input: Input,
    text: Stream,
    compression: Option<Compression>,
    bytes_read: u64,
    model: Option<String>,
    technique: Option<String>,
    threads: usize,
    secrets: SecretsRule,
    /// What was read last, of a file that is no plain JSON Lines.
    piece: Vec<u8>,
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
            name: name.to_owned(),
            input: Input::Undecided(Vec::new()),
            text: Stream::new(purpose, bounds),
            compression: None,
            bytes_read: 0,
            model: None,
            technique: None,
            threads: 1,
            secrets: SecretsRule::default(),
            piece: Vec::new(),
        }
    }

    /// Names the model and the technique in the summary.
    #[must_use]
    pub fn for_model(mut self, model: &str, technique: &str) -> Self {
        self.model = Some(model.to_owned());
        self.technique = Some(technique.to_owned());
        self
    }

    /// Works on so many threads of its own; on the caller's with 1, the default.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.clamp(1, 64);
        self
    }

    /// What is done about keys, tokens and card numbers.
    #[must_use]
    pub fn with_secrets(mut self, rule: SecretsRule) -> Self {
        self.secrets = rule;
        self
    }

    /// Names the bucket of the file, in which the media of its records have to lie.
    #[must_use]
    pub fn in_bucket(mut self, bucket: &str) -> Self {
        self.text
            .plan_mut(|plan| plan.bucket = Some(bucket.to_owned()));
        self
    }

    /// Names the columns of a table: members of the records, each with the name of its column. Without it the header decides.
    #[must_use]
    pub fn with_columns(mut self, columns: Vec<(String, String)>) -> Self {
        self.text.columns = columns;
        self
    }

    /// Gathers the files that the records name, so many different ones at most, for [`Compiler::finish_with_media`].
    #[must_use]
    pub fn with_media(mut self, most: usize) -> Self {
        self.text.plan_mut(|plan| plan.media = most > 0);
        self.text.merger.media.keep(most);
        self
    }

    /// Says of training records that their prompt stands in the evaluation set. They are compiled all the same, as the evaluation set
    /// may change after the shard was written: a [`crate::Sealer`] leaves them out.
    #[must_use]
    pub fn with_evaluation(mut self, evaluation: Excluded) -> Self {
        self.text
            .plan_mut(|plan| plan.evaluation = Some(evaluation));
        self
    }

    /// Keeps what is needed to find duplicates among records beyond the first million in this file. Without one they are compared with
    /// the first million, and a finding says so.
    #[must_use]
    pub fn with_spill(mut self, spill: Box<dyn Spill>) -> Self {
        self.text.merger.repeats.spill_to(spill);
        self
    }

    /// Tells which documents it packs into one record, for the index of the shard ([`crate::Indexer::push_documents`]): 16 bytes for each, until
    /// they are taken.
    #[must_use]
    pub fn telling_documents(mut self) -> Self {
        self.text.merger.tell_documents();
        self
    }

    /// The documents of the records that were written since they were taken last.
    pub fn take_documents(&mut self) -> Documents {
        self.text.merger.take_documents()
    }

    /// Looks for what stands in the files that were read before, too, of some that are checked together: the questions of their evaluation
    /// sets, and records that they have.
    #[must_use]
    pub fn with_others(mut self, mut others: Between) -> Self {
        others.begin(&self.name);
        let training = matches!(self.text.plan.purpose, Purpose::Training(_));
        let questions =
            (training && !others.questions().is_empty()).then(|| others.questions().clone());
        self.text.plan_mut(|plan| {
            plan.questions = !training;
            plan.evaluation = questions.or(plan.evaluation.take());
        });
        self.text.merger.repeats.between = Some(others);
        self
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

    /// Reads the next bytes of the file from `source`, and does with them what [`Compiler::push`] does, with fewer copies; how many there
    /// were. None are left when it says 0, or something was found that makes reading on pointless.
    ///
    /// # Errors
    /// Those of `source`.
    pub fn read(&mut self, source: &mut dyn Read, out: &mut Vec<u8>) -> io::Result<usize> {
        if self.is_hopeless() {
            return Ok(0);
        }
        if matches!(self.input, Input::Plain) && self.text.reads() {
            let read = self.text.read(source, out)?;
            self.bytes_read += read as u64;
            return Ok(read);
        }
        // What is compressed may become 200 times as much.
        let mut piece = std::mem::take(&mut self.piece);
        piece.resize(64 << 10, 0);
        let read = loop {
            match source.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        if let Ok(length) = read {
            self.push(&piece[..length], out);
        }
        self.piece = piece;
        read
    }

    /// Whether something was found that makes reading on pointless, like a binary file. Further pushes do nothing.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        self.text.merger.hopeless
    }

    /// Reads what is left and says what came of the file.
    #[must_use]
    pub fn finish(self, out: &mut Vec<u8>) -> Summary {
        self.finish_with_media(out).0
    }

    /// The same, with the files that the records name. They are looked at elsewhere ([`Summary::take_media`]).
    #[must_use]
    pub fn finish_with_media(self, out: &mut Vec<u8>) -> (Summary, MediaReferences) {
        let done = self.finish_with_others(out);
        (done.summary, done.media)
    }

    /// The same, with what the next file is compared with ([`Compiler::with_others`]).
    #[must_use]
    pub fn finish_with_others(mut self, out: &mut Vec<u8>) -> Finished {
        if matches!(self.input, Input::Undecided(_)) {
            self.decide(out);
        }
        let text = &mut self.text;
        if let Input::Compressed(decompressor) = &mut self.input
            && !text.merger.hopeless
            && let Err(problem) = decompressor.finish(|piece| text.push(&self.name, piece, out))
        {
            text.wait(out);
            text.merger.give_up(problem);
        }
        text.finish(&self.name, out);
        let media = std::mem::take(&mut self.text.merger.media.references);
        let merger = &mut self.text.merger;
        let (repeated, leaked) = (merger.repeats.in_other_files(), merger.leaked);
        let others = merger.between();
        let documents = merger.take_documents();
        Finished {
            summary: self.summary(),
            media,
            others,
            repeated,
            documents,
            leaked,
        }
    }

    /// What was found as far as the file was read, where there is no time for the rest. It is rejected, with `found` and `fix` first.
    /// The line and the compressed stream that reading stopped in are not spoken of, nor is what only the whole file can show.
    #[must_use]
    pub fn out_of_time(mut self, found: String, fix: String) -> Summary {
        let mut out = Vec::new();
        if !self.is_hopeless() {
            self.text.look(&self.name, &mut out);
        }
        if !self.is_hopeless() {
            self.text.whole_lines(&mut out);
            self.text.wait(&mut out);
        }
        self.text
            .merger
            .out_of_time(Problem::of_file(&rules::TIME_LEFT, found, fix));
        self.summary()
    }

    fn decide(&mut self, out: &mut Vec<u8>) {
        let Input::Undecided(head) = std::mem::replace(&mut self.input, Input::Plain) else {
            return;
        };
        self.text.configure(self.secrets, self.threads);
        self.compression = sniff::compression(&head);
        if let Some(compression) = self.compression {
            match Decompressor::new(compression, self.bounds) {
                Ok(decompressor) => self.input = Input::Compressed(Box::new(decompressor)),
                Err(problem) => self.text.merger.give_up(problem),
            }
        }
        self.feed(&head, out);
    }

    fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let (text, name) = (&mut self.text, &self.name);
        if let Input::Compressed(decompressor) = &mut self.input {
            if let Err(problem) = decompressor.push(chunk, |piece| text.push(name, piece, out)) {
                text.wait(out);
                text.merger.give_up(problem);
            }
        } else {
            text.push(name, chunk, out);
        }
    }

    fn summary(self) -> Summary {
        let (shape, source) = match &self.text.plan.purpose {
            Purpose::Training(limits) => (shape_name(limits.shape), limits.source.clone()),
            Purpose::Evaluation => ("prompt/referenceResponse", String::new()),
        };
        let merger = self.text.merger;
        let statistics = merger.statistics();
        let findings = merger.findings;
        Summary {
            form: REPORT_FORM,
            name: self.name,
            verdict: if findings.errors == 0 {
                Verdict::Accepted
            } else {
                Verdict::Rejected
            },
            target: Target {
                model: self.model,
                technique: self.technique,
                shape: shape.to_owned(),
                source,
            },
            shape: merger.shape.map(|shape| shape.label().to_owned()),
            compression: self.compression.map(|compression| {
                match compression {
                    Compression::Gzip => "gzip",
                    Compression::Zstd => "zstd",
                }
                .to_owned()
            }),
            lines: merger.lines,
            records: merger.written,
            duplicates: merger.repeats.duplicates,
            conflicts: merger.repeats.conflicts,
            bytes_read: self.bytes_read,
            bytes_decompressed: match &self.input {
                Input::Compressed(decompressor) => decompressor.written,
                _ => self.bytes_read,
            },
            tokens_estimate: merger.tokens,
            statistics,
            samples: merger.samples,
            finding_counts: (findings.counts.iter())
                .map(|(rule, count)| ((*rule).to_owned(), *count))
                .collect(),
            errors: findings.errors,
            warnings: findings.warnings,
            findings: findings.listed(),
        }
    }
}

#[cfg(test)]
mod tests;
