//! Sealing a dataset: shards in, one training file out, without duplicates, leaked records and the hold-out.
use std::collections::HashSet;

use sha2::{Digest, Sha256};

use perennial_core::{
    limits::DataLimits,
    prompt::{PromptDigest, held_out},
};

use crate::{
    canonical::{self, record_digest},
    evaluation::EvalRecord,
    json::Tape,
};

/// The prompts of an evaluation set, which no training record may hold.
#[derive(Debug, Clone, Default)]
pub struct Excluded {
    normalised: HashSet<PromptDigest>,
    exact: HashSet<[u8; 16]>,
}

impl Excluded {
    /// The prompts of these evaluation records.
    #[must_use]
    pub fn of(records: &[EvalRecord]) -> Self {
        Self {
            normalised: records
                .iter()
                .map(|record| PromptDigest::of(&record.prompt))
                .collect(),
            exact: records
                .iter()
                .map(|record| exact_digest(&record.prompt))
                .collect(),
        }
    }
}

impl Excluded {
    pub(crate) fn holds(&self, prompt: PromptDigest) -> bool {
        self.normalised.contains(&prompt)
    }
}

impl From<HashSet<PromptDigest>> for Excluded {
    fn from(normalised: HashSet<PromptDigest>) -> Self {
        Self {
            normalised,
            exact: HashSet::new(),
        }
    }
}

fn exact_digest(prompt: &str) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&Sha256::digest(prompt.as_bytes())[..16]);
    digest
}

/// Streams canonical shards into one training file. Push the newest shard first: over the model's maximum, what
/// comes later is left out.
///
/// Memory: 16 bytes for each distinct record and prompt up to twice the model's maximum, the digests to exclude, the
/// held-out records, and one line.
#[derive(Debug)]
pub struct Sealer {
    max_records: u64,
    exclude: Excluded,
    holdout: Option<(String, f64)>,
    line: Vec<u8>,
    tape: Tape,
    digests: HashSet<[u8; 16]>,
    prompts_seen: HashSet<PromptDigest>,
    sealed: Sealed,
}

/// What came of sealing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sealed {
    /// Records in the training file.
    pub records: u64,
    /// Records dropped because an earlier pushed one is exactly the same.
    pub duplicates: u64,
    /// Records dropped because their prompt stands in the evaluation set.
    pub leaked: u64,
    /// Those of them whose prompt stands there to the letter; the others differ in case or white space only.
    pub leaked_to_the_letter: u64,
    /// Records kept apart for evaluation.
    pub held_out: u64,
    /// Records over the model's maximum. They were not looked at any further, so duplicates among them count too.
    pub left_out: u64,
    /// Lines that are no canonical record; 0 unless a shard was damaged.
    pub unreadable: u64,
    /// Tokens of the training file, estimated; the estimate errs high ([`crate::estimate_tokens`]).
    pub tokens_estimate: u64,
    /// The distinct prompts of the training file, in order.
    pub prompts: Vec<PromptDigest>,
    /// The held-out records, as canonical evaluation lines.
    pub held_out_records: Vec<u8>,
}

impl Sealed {
    /// Which share (0 to 1) of the records read had their prompt in the evaluation set. Above 0.01 is an error
    /// (design, section 7).
    #[must_use]
    pub fn leak_share(&self) -> f64 {
        let read = self.records + self.held_out + self.leaked;
        if read == 0 {
            0.0
        } else {
            self.leaked as f64 / read as f64
        }
    }
}

impl Sealer {
    /// A sealer for a model with these limits. `exclude` is the evaluation set's prompts; `holdout` is the key and
    /// the fraction (0 to 1) of the prompts to keep from training, where there is no evaluation set.
    #[must_use]
    pub fn new(
        limits: &DataLimits,
        exclude: impl Into<Excluded>,
        holdout: Option<(String, f64)>,
    ) -> Self {
        Self {
            max_records: limits.max_records,
            exclude: exclude.into(),
            holdout,
            line: Vec::new(),
            tape: Tape::default(),
            digests: HashSet::new(),
            prompts_seen: HashSet::new(),
            sealed: Sealed::default(),
        }
    }

    /// Reads the next bytes of the current shard and appends the lines to train on to `out`.
    pub fn push(&mut self, mut chunk: &[u8], out: &mut Vec<u8>) {
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            let (start, rest) = (&chunk[..end], &chunk[end + 1..]);
            chunk = rest;
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
        self.line.extend_from_slice(chunk);
    }

    /// Ends the current shard, so that a last line without a line feed is not joined to the next shard's first.
    pub fn end_shard(&mut self, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        self.take(&line, out);
    }

    /// The share of the records so far whose prompt stands in the evaluation set ([`Sealed::leak_share`]).
    #[must_use]
    pub fn leak_share(&self) -> f64 {
        self.sealed.leak_share()
    }

    /// Whether the model's maximum is reached: older shards need not be read, unless to count what is left out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.sealed.records >= self.max_records || self.sealed.held_out >= self.max_records
    }

    /// What came of it. Call [`Sealer::end_shard`] before.
    #[must_use]
    pub fn finish(self) -> Sealed {
        self.sealed
    }

    fn take(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let line = line.trim_ascii();
        if line.is_empty() {
            return;
        }
        if self.is_full() {
            self.sealed.left_out += 1;
            return;
        }
        let Some(record) = canonical::read_by(&mut self.tape, line) else {
            self.sealed.unreadable += 1;
            return;
        };
        let (prompt, tokens) = (record.prompt, record.tokens);
        let digest = PromptDigest::of(&prompt);
        if self.exclude.normalised.contains(&digest) {
            self.sealed.leaked += 1;
            self.sealed.leaked_to_the_letter +=
                u64::from(self.exclude.exact.contains(&exact_digest(&prompt)));
            return;
        }
        if !self.digests.insert(record_digest(line)) {
            self.sealed.duplicates += 1;
            return;
        }
        // What has no answer cannot be asked about.
        if let Some(completion) = record.completion
            && self
                .holdout
                .as_ref()
                .is_some_and(|(key, fraction)| held_out(digest, key, *fraction))
        {
            self.sealed.held_out += 1;
            let record = EvalRecord {
                prompt,
                reference_response: completion,
                category: None,
            };
            self.sealed.held_out_records.extend(record.to_line());
            return;
        }
        self.sealed.records += 1;
        self.sealed.tokens_estimate += tokens;
        if self.prompts_seen.insert(digest) {
            self.sealed.prompts.push(digest);
        }
        out.extend_from_slice(line);
        out.push(b'\n');
    }
}
