//! Sealing a dataset: shards in, one training file out, without duplicates, leaked records and the hold-out.
use std::{
    collections::{HashMap, HashSet, hash_map},
    ops::Range,
};

use perennial_core::{
    limits::{DataLimits, RecordShape},
    prompt::{PromptDigest, held_out},
};

use crate::{
    asked::Asked,
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
    /// Where each prompt stands, if that is known: the file, and the line there.
    places: HashMap<PromptDigest, (u32, u64)>,
    files: Vec<String>,
}

impl Excluded {
    /// Another evaluation record's prompt.
    pub fn add(&mut self, record: &EvalRecord) {
        self.normalised.insert(PromptDigest::of(&record.prompt));
        self.exact.insert(exact(&record.prompt));
    }

    /// Another prompt, with the file and the line where it stands; all of one file after the other.
    pub(crate) fn add_at(&mut self, (prompt, exact): (PromptDigest, u64), file: &str, line: u64) {
        if self.files.last().is_none_or(|last| last != file) {
            self.files.push(file.to_owned());
        }
        let file = self.files.len() as u32 - 1;
        self.normalised.insert(prompt);
        self.exact.insert(exact);
        self.places.entry(prompt).or_insert((file, line));
    }

    /// The file and the line where the prompt stands, if that is known.
    pub(crate) fn place(&self, prompt: PromptDigest) -> Option<(&str, u64)> {
        let (file, line) = self.places.get(&prompt)?;
        Some((self.files.get(*file as usize)?, *line))
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
            ..Self::default()
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
            ..Self::default()
        }
    }
}

/// Streams canonical shards into one training file. Push the newest shard first: over the model's maximum, what
/// comes later is left out.
///
/// Memory: 16 bytes for each distinct record and 32 for each prompt up to twice the model's maximum (as much again where that many
/// leak), the digests to exclude, of the held-out records those that are asked ([`Sealer::asking`]), and one line.
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
    prompts_seen: HashMap<PromptDigest, First>,
    asked: Asked,
    /// The number of the current shard, from 0 in the order in which they are pushed.
    shard: u32,
    sealed: Sealed,
}

/// Where a prompt came first.
#[derive(Debug, Clone, Copy)]
struct First {
    exact: u64,
    shard: u32,
    held_out: bool,
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
    /// Records dropped because their prompt stands in the evaluation set, each counted once: a duplicate of one is a duplicate.
    pub leaked: u64,
    /// Those of them whose prompt stands there to the letter; the others differ in case or white space only.
    pub leaked_to_the_letter: u64,
    /// Records kept apart for evaluation.
    pub held_out: u64,
    /// Those of them whose prompt was held out before: it is asked once, with the answer that was pushed first.
    pub held_out_again: u64,
    /// Held-out prompts that are no fair question ([`Sealer::asking`]).
    pub held_out_seen: u64,
    /// Records whose question an earlier pushed shard has to the letter, and that differ in something else: the answer, or what the system
    /// says. They are trained on, or held out.
    pub conflicts: u64,
    /// The shards of the first of them: of the record, and of the question's first record. From 0, as they were pushed.
    pub conflict_between: Option<(u32, u32)>,
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
    /// The held-out records that are asked, each prompt once, as canonical evaluation lines.
    pub held_out_records: Vec<u8>,
}

impl Sealed {
    /// The records among which leaks are counted: all that were looked at, without duplicates. (Of a sample: what is outside of it was not
    /// compared.)
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.records + self.held_out + self.leaked + self.not_sampled
    }

    /// Which share (0 to 1) of the distinct records had their prompt in the evaluation set. Above 0.01 is an error
    /// (design, section 7).
    #[must_use]
    pub fn leak_share(&self) -> f64 {
        match self.distinct() {
            0 => 0.0,
            distinct => self.leaked as f64 / distinct as f64,
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
            prompts_seen: HashMap::new(),
            asked: Asked::all(),
            shard: 0,
            sealed: Sealed::default(),
        }
    }

    /// Of the held-out records keeps what is asked: at most `most` prompts, drawn as [`subsample`] draws by `seed`, none of which is `seen`,
    /// and at most [`MOST_ASKED`] bytes of them. The others are held out as well, and counted.
    ///
    /// [`subsample`]: perennial_core::prompt::subsample
    /// [`MOST_ASKED`]: crate::MOST_ASKED
    #[must_use]
    pub fn asking(mut self, seed: &str, most: usize, seen: HashSet<PromptDigest>) -> Self {
        self.asked = Asked::some(seed, most, seen);
        self
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
        self.shard += 1;
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
        Sealed {
            held_out_records: self.asked.finish(),
            ..self.sealed
        }
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
            Fate::HeldOut => self.asked.put(entry.prompt, record),
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
            // So many leaks are too many of any dataset, however many of them are duplicates.
            if self.sealed.leaked < self.max_records && !self.is_new(entry.record) {
                self.sealed.duplicates += 1;
                return Fate::Dropped;
            }
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
        let is_first = self.is_first(entry, apart);
        if apart {
            self.sealed.held_out += 1;
            if !is_first {
                self.sealed.held_out_again += 1;
            } else if self.asked.is_seen(entry.prompt) {
                self.sealed.held_out_seen += 1;
            } else if self.asked.offer(entry.prompt, entry.length) {
                return Fate::HeldOut;
            }
            return Fate::Dropped;
        }
        self.sealed.records += 1;
        self.sealed.tokens_estimate += entry.tokens;
        if is_first {
            self.sealed.prompts.push(entry.prompt);
        }
        Fate::Kept
    }

    /// Whether no record before had the prompt. One of an earlier pushed shard that had it to the letter is another: duplicates are gone.
    fn is_first(&mut self, entry: &Entry, held_out: bool) -> bool {
        let here = First {
            exact: entry.exact,
            shard: self.shard,
            held_out,
        };
        match self.prompts_seen.entry(entry.prompt) {
            hash_map::Entry::Vacant(place) => {
                place.insert(here);
                true
            }
            hash_map::Entry::Occupied(mut place) => {
                let first = *place.get();
                if entry.answered && first.exact == here.exact && first.shard != here.shard {
                    self.sealed.conflicts += 1;
                    let between = (here.shard, first.shard);
                    self.sealed.conflict_between.get_or_insert(between);
                }
                // Held out before, and trained on now, as this record has no answer: it is one of the prompts trained on.
                let trained_now = first.held_out && !held_out;
                if trained_now {
                    place.insert(First { held_out, ..first });
                }
                trained_now
            }
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
                Some((record, entry)) if entry.answered => self.asked.put(entry.prompt, record),
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
    /// Leaked, a duplicate, over the maximum, outside the sample, or held out and not asked; it is counted.
    Dropped,
}

/// Consecutive bytes of a shard with one fate: whole records, none between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// In the shard.
    pub range: Range<u64>,
    /// Kept from training, and asked.
    pub held_out: bool,
}
