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
    documents,
    excluded::Excluded,
    index::{Entry, Index, describe},
    json::Tape,
    sealed::Sealed,
};

/// Streams canonical shards into one training file. Push the newest shard first: over the model's maximum, what
/// comes later is left out.
///
/// Memory: 16 bytes for each distinct record, as many for each document that is packed in one and for each distinct question that it answers
/// before its last one, 32 for each distinct prompt and 16 more for each that is trained on ([`Sealed::prompts`]): of as many records as the
/// model takes, of as many again that are held out, and 16 for each of as many that leak. The tables have spare room: between an eighth
/// and nine sixteenths of their places are empty, and while one grows, the old one is there, too, half as large. Besides, the digests to
/// exclude, of the held-out records those that are asked ([`Sealer::asking`]), and one line.
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
    /// The questions before the last ones, of what is trained on.
    taught: HashSet<PromptDigest>,
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
    /// Whether its first record was held out: it would be a question.
    offered: bool,
}

/// A sample in the place of all records: chosen by the hash of the normalised prompt, so that it does not hang on the order.
#[derive(Debug, Clone)]
struct Sample {
    key: String,
    share: f64,
    most: u64,
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
            taught: HashSet::new(),
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
    pub fn finish(mut self) -> Sealed {
        let mut taught: Vec<PromptDigest> = self.taught.into_iter().collect();
        taught.sort_unstable();
        for question in &taught {
            let first = self.prompts_seen.get(question);
            if first.is_some_and(|first| first.offered) && !self.asked.is_seen(*question) {
                self.sealed.held_out_taught += 1;
                self.asked.forget(*question);
            }
        }
        Sealed {
            held_out_records: self.asked.finish(),
            taught,
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
        match self.decide(&entry, 0) {
            // What is packed in a record, only an index says.
            Fate::Kept | Fate::Cut(_) => {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            Fate::HeldOut => self.asked.put(entry.prompt, record),
            Fate::Dropped => {}
        }
    }

    /// What becomes of the next record, which begins at `start` in its shard. Whether it was read from the shard or from its index makes no
    /// difference, but that only the index knows documents that are packed.
    fn decide(&mut self, entry: &Entry, start: u64) -> Fate {
        if self.is_full() {
            self.sealed.left_out += 1;
            return Fate::Dropped;
        }
        if self.exclude.holds_any(entry.prompt, &entry.earlier) {
            // So many leaks are too many of any dataset, however many of them are duplicates.
            if self.sealed.leaked < self.max_records && !self.is_new(entry.record) {
                self.sealed.duplicates += entry.documents.len().max(1) as u64;
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
            self.sealed.duplicates += entry.documents.len().max(1) as u64;
            return Fate::Dropped;
        }
        let (kept, tokens) = match self.new_documents(entry) {
            None => (None, entry.tokens),
            Some(stays) => {
                let (kept, tokens) = documents::kept(&entry.documents, &stays, start);
                if kept.is_empty() {
                    return Fate::Dropped;
                }
                (Some(kept), tokens)
            }
        };
        let is_first = self.is_first(entry, apart);
        if apart {
            self.sealed.held_out += 1;
            if !is_first {
                self.sealed.held_out_again += 1;
            } else if self.asked.is_seen(entry.prompt) {
                self.sealed.held_out_seen += 1;
            } else if !self.taught.contains(&entry.prompt)
                && self.asked.offer(entry.prompt, entry.length)
            {
                // What is taught is counted in the end, when all of it is known.
                return Fate::HeldOut;
            }
            return Fate::Dropped;
        }
        self.sealed.records += 1;
        self.sealed.tokens_estimate += tokens;
        if is_first {
            self.sealed.prompts.push(entry.prompt);
        }
        self.taught.extend(&entry.earlier);
        kept.map_or(Fate::Kept, Fate::Cut)
    }

    /// Which of the documents that are packed in a record no earlier shard has; nothing if that is all of them.
    fn new_documents(&mut self, entry: &Entry) -> Option<Vec<bool>> {
        let stays: Vec<bool> = (entry.documents.iter())
            .map(|document| self.is_new(document.digest))
            .collect();
        let known = stays.iter().filter(|stays| !**stays).count();
        self.sealed.duplicates += known as u64;
        (known > 0).then_some(stays)
    }

    /// Whether no record before had the prompt. One of an earlier pushed shard that had it to the letter is another: duplicates are gone.
    fn is_first(&mut self, entry: &Entry, held_out: bool) -> bool {
        let here = First {
            exact: entry.exact,
            shard: self.shard,
            held_out,
            offered: held_out,
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
            let (held_out, kept) = match self.decide(&entry, range.start) {
                Fate::Kept => (false, Vec::new()),
                Fate::Cut(kept) => (false, kept),
                Fate::HeldOut => (true, Vec::new()),
                Fate::Dropped => continue,
            };
            let next = Stretch {
                range,
                held_out,
                kept,
            };
            match stretches.last_mut() {
                Some(last) if last.is_joined_by(&next) => last.range.end = next.range.end,
                _ => stretches.push(next),
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
    /// Some of the documents that are packed in it stay: these parts of its shard.
    Cut(Vec<Range<u64>>),
    HeldOut,
    /// Leaked, a duplicate, over the maximum, outside the sample, or held out and not asked; it is counted.
    Dropped,
}

/// Consecutive bytes of a shard with one fate: whole records, none between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stretch {
    /// In the shard.
    pub range: Range<u64>,
    /// Kept from training, and asked.
    pub held_out: bool,
    /// Of a single record that is packed with documents of which some are known: the parts of the shard that stay. The record is written
    /// anew with them ([`Stretch::write`]). None if all bytes are taken as they stand.
    pub kept: Vec<Range<u64>>,
}

impl Stretch {
    fn is_joined_by(&self, next: &Self) -> bool {
        let as_they_stand = self.kept.is_empty() && next.kept.is_empty();
        as_they_stand && self.held_out == next.held_out && self.range.end == next.range.start
    }

    /// Bytes that it has in the training file; as many as it has in the shard, unless a record is written anew.
    #[must_use]
    pub fn written(&self) -> u64 {
        match &self.kept[..] {
            [] => self.range.end - self.range.start,
            kept => documents::written(kept),
        }
    }

    /// Appends it to the training file; `bytes` are all of it, from the shard.
    pub fn write(&self, bytes: &[u8], out: &mut Vec<u8>) {
        match &self.kept[..] {
            [] => out.extend_from_slice(bytes),
            kept => documents::write(bytes, self.range.start, kept, out),
        }
    }
}
