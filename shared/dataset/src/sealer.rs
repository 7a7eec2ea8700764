//! Sealing a dataset: shards in, one training file out, without duplicates, leaked records and the hold-out.
use std::{collections::HashSet, ops::Range};

use perennial_core::{
    limits::{DataLimits, RecordShape},
    prompt::{PromptDigest, held_out},
};

use crate::{
    canonical::CanonicalRecord,
    evaluation::EvalRecord,
    index::{Entry, Index, describe, exact},
    json::Tape,
};

/// The prompts of an evaluation set, which no training record may hold.
#[derive(Debug, Clone, Default)]
pub struct Excluded {
    normalised: HashSet<PromptDigest>,
    /// Hashes of the prompts to the letter.
    exact: HashSet<u64>,
}

impl Excluded {
    /// Another evaluation record's prompt.
    pub fn add(&mut self, record: &EvalRecord) {
        self.normalised.insert(PromptDigest::of(&record.prompt));
        self.exact.insert(exact(&record.prompt));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.normalised.is_empty()
    }

    /// The prompts of these evaluation records.
    #[must_use]
    pub fn of(records: &[EvalRecord]) -> Self {
        Self {
            normalised: records
                .iter()
                .map(|record| PromptDigest::of(&record.prompt))
                .collect(),
            exact: records.iter().map(|record| exact(&record.prompt)).collect(),
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
    sample: Option<Sample>,
    line: Vec<u8>,
    tape: Tape,
    digests: HashSet<[u8; 16]>,
    /// The records of the current shard, where they may be pieces of one document: two of those that are alike are no duplicates. What was
    /// given twice in one upload was dropped when that was compiled.
    pieces: Option<HashSet<[u8; 16]>>,
    prompts_seen: HashSet<PromptDigest>,
    sealed: Sealed,
}

/// A sample in the place of all records: chosen by the hash of the normalised prompt, so that it does not hang on the order.
#[derive(Debug, Clone)]
struct Sample {
    key: String,
    share: f64,
    most: u64,
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
    /// Records that were not drawn into the sample ([`Sealer::sampling`]).
    pub not_sampled: u64,
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
        let read = self.records + self.held_out + self.leaked + self.not_sampled;
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
            sample: None,
            line: Vec::new(),
            tape: Tape::default(),
            digests: HashSet::new(),
            pieces: (limits.shape == RecordShape::Documents).then(HashSet::new),
            prompts_seen: HashSet::new(),
            sealed: Sealed::default(),
        }
    }

    /// Trains on `most` records out of `all` or so: a sample by the hash of `key` and the normalised prompt, the same whenever it is
    /// drawn. What is held out for evaluation is not sampled. Of few distinct prompts the sample may have fewer records.
    #[must_use]
    pub fn sampling(mut self, key: &str, most: u64, all: u64) -> Self {
        // Many more than wanted, as some are duplicates: the sample ends when it is full.
        let wanted = 2.0 * most as f64 + 10.0;
        let held_out = self.holdout.as_ref().map_or(0.0, |(_, share)| *share);
        self.sample = Some(Sample {
            key: key.to_owned(),
            share: wanted / (all.max(1) as f64 * (1.0 - held_out)),
            most,
        });
        self
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
        self.end_pieces();
    }

    fn end_pieces(&mut self) {
        if let Some(pieces) = &mut self.pieces {
            self.digests.extend(pieces.drain());
        }
    }

    /// Whether no earlier record is the same.
    fn is_new(&mut self, record: [u8; 16]) -> bool {
        match &mut self.pieces {
            Some(pieces) => {
                let is_new = !self.digests.contains(&record);
                if is_new {
                    pieces.insert(record);
                }
                is_new
            }
            None => self.digests.insert(record),
        }
    }

    /// The share of the records so far whose prompt stands in the evaluation set ([`Sealed::leak_share`]).
    #[must_use]
    pub fn leak_share(&self) -> f64 {
        self.sealed.leak_share()
    }

    /// Whether the model's maximum is reached: older shards need not be read, unless to count what is left out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let no_room = self.sealed.held_out >= self.max_records;
        self.sealed.records >= self.max_records || no_room && self.sample.is_none()
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
        let Some((record, entry)) = describe(&mut self.tape, line) else {
            self.sealed.unreadable += 1;
            return;
        };
        match self.decide(&entry) {
            Fate::Kept => {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            Fate::HeldOut => self.keep_apart(record),
            Fate::Dropped => {}
        }
    }

    /// What becomes of the next record. Whether it was read from the shard or from its index makes no difference.
    fn decide(&mut self, entry: &Entry) -> Fate {
        if self.is_full() {
            self.sealed.left_out += 1;
            return Fate::Dropped;
        }
        if self.exclude.normalised.contains(&entry.prompt) {
            self.sealed.leaked += 1;
            self.sealed.leaked_to_the_letter +=
                u64::from(self.exclude.exact.contains(&entry.exact));
            return Fate::Dropped;
        }
        // What has no answer cannot be asked about.
        let apart = entry.answered
            && self
                .holdout
                .as_ref()
                .is_some_and(|(key, fraction)| held_out(entry.prompt, key, *fraction));
        // Before anything is remembered of it: a sample of many records takes the memory of few.
        if let Some(sample) = &self.sample {
            let drawn = sample.share >= 1.0 || held_out(entry.prompt, &sample.key, sample.share);
            let full = match apart {
                true => self.sealed.held_out >= self.max_records,
                false => !drawn || self.sealed.records >= sample.most,
            };
            if full {
                self.sealed.not_sampled += 1;
                return Fate::Dropped;
            }
        }
        if !self.is_new(entry.record) {
            self.sealed.duplicates += 1;
            return Fate::Dropped;
        }
        if apart {
            self.sealed.held_out += 1;
            return Fate::HeldOut;
        }
        self.sealed.records += 1;
        self.sealed.tokens_estimate += entry.tokens;
        if self.prompts_seen.insert(entry.prompt) {
            self.sealed.prompts.push(entry.prompt);
        }
        Fate::Kept
    }

    fn keep_apart(&mut self, record: CanonicalRecord) {
        if let Some(completion) = record.completion {
            let record = EvalRecord {
                prompt: record.prompt,
                reference_response: completion,
                category: None,
            };
            self.sealed.held_out_records.extend(record.to_line());
        }
    }

    /// Decides on a whole shard by its index, in the place of [`Sealer::push`] and [`Sealer::end_shard`]: which bytes of the shard are
    /// trained on and which are held out, in order. What is held out is to be read and handed to [`Sealer::hold_out`].
    pub fn push_index(&mut self, index: &Index) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        for (range, entry) in index.entries() {
            let held_out = match self.decide(&entry) {
                Fate::Kept => false,
                Fate::HeldOut => true,
                Fate::Dropped => continue,
            };
            match stretches.last_mut() {
                Some(last) if last.held_out == held_out && last.range.end == range.start => {
                    last.range.end = range.end;
                }
                _ => stretches.push(Stretch { range, held_out }),
            }
        }
        self.end_pieces();
        stretches
    }

    /// Leaves out a whole shard of so many records, as the model's maximum is reached: it need not be read.
    pub fn leave_out(&mut self, records: u64) {
        self.sealed.left_out += records;
    }

    /// Takes the lines of a held-out stretch.
    pub fn hold_out(&mut self, lines: &[u8]) {
        let mut tape = std::mem::take(&mut self.tape);
        for line in lines.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                continue;
            }
            match describe(&mut tape, line) {
                Some((record, entry)) if entry.answered => self.keep_apart(record),
                _ => self.sealed.unreadable += 1,
            }
        }
        self.tape = tape;
    }

    /// Records over the model's maximum so far ([`Sealed::left_out`]).
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.sealed.left_out
    }
}

/// What becomes of a record.
enum Fate {
    Kept,
    HeldOut,
    /// Leaked, a duplicate, over the maximum, or outside the sample; it is counted.
    Dropped,
}

/// Consecutive bytes of a shard with one fate: whole records, none between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// In the shard.
    pub range: Range<u64>,
    /// Kept from training, for evaluation.
    pub held_out: bool,
}
