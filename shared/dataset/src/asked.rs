//! Which of the held-out records will be asked: few of many, each prompt once, and no more of their text is kept.
use std::collections::{BTreeSet, HashMap, HashSet};

use perennial_core::prompt::{PromptDigest, rank};

use crate::{canonical::CanonicalRecord, evaluation::EvalRecord};

/// The text of held-out records that is kept at most, as it stands in the shards: what is asked has to be held in memory more than once.
pub const MOST_ASKED: u64 = 64 << 20;

/// The held-out records with the smallest ranks, as many as are asked and have room.
#[derive(Debug)]
pub(crate) struct Asked {
    seed: String,
    most: usize,
    most_bytes: u64,
    /// Prompts that would be no fair question.
    seen: HashSet<PromptDigest>,
    /// With their lengths in the shards.
    chosen: BTreeSet<(u64, PromptDigest, u64)>,
    bytes: u64,
    /// What was displaced once has no place later, or the order of the records would decide.
    below: Option<(u64, PromptDigest)>,
    /// With their places among all.
    lines: HashMap<PromptDigest, (u64, Vec<u8>)>,
    taken: u64,
}

impl Asked {
    /// Every record that is held out.
    pub(crate) fn all() -> Self {
        Self {
            most_bytes: u64::MAX,
            ..Self::some("", usize::MAX, HashSet::new())
        }
    }

    /// At most `most` of them, drawn by `seed`, none of which is `seen`.
    pub(crate) fn some(seed: &str, most: usize, seen: HashSet<PromptDigest>) -> Self {
        Self {
            seed: seed.to_owned(),
            most,
            most_bytes: MOST_ASKED,
            seen,
            chosen: BTreeSet::new(),
            bytes: 0,
            below: None,
            lines: HashMap::new(),
            taken: 0,
        }
    }

    pub(crate) fn is_seen(&self, prompt: PromptDigest) -> bool {
        self.seen.contains(&prompt)
    }

    /// Takes back a question that turned out to be no fair one.
    pub(crate) fn forget(&mut self, prompt: PromptDigest) {
        self.lines.remove(&prompt);
    }

    /// Whether the record may be asked, as far as is known by now; each prompt is offered once.
    pub(crate) fn offer(&mut self, prompt: PromptDigest, length: u64) -> bool {
        let rank = rank(&self.seed, prompt);
        if self.below.is_some_and(|below| (rank, prompt) >= below) {
            return false;
        }
        self.chosen.insert((rank, prompt, length));
        self.bytes += length;
        while self.chosen.len() > self.most || self.bytes > self.most_bytes {
            let Some((rank, last, length)) = self.chosen.pop_last() else {
                break;
            };
            self.bytes -= length;
            self.below = Some((rank, last));
            self.lines.remove(&last);
        }
        self.is_chosen(prompt)
    }

    fn is_chosen(&self, prompt: PromptDigest) -> bool {
        let place = (rank(&self.seed, prompt), prompt);
        self.below.is_none_or(|below| place < below)
    }

    /// Takes the text of a record that was offered, if it has not been displaced since; of several with one prompt the first.
    pub(crate) fn put(&mut self, prompt: PromptDigest, record: CanonicalRecord) {
        let Some(completion) = record.completion else {
            return;
        };
        if !self.is_chosen(prompt) || self.lines.contains_key(&prompt) {
            return;
        }
        let record = EvalRecord {
            prompt: record.prompt,
            reference_response: completion,
            category: None,
        };
        self.taken += 1;
        self.lines.insert(prompt, (self.taken, record.to_line()));
    }

    /// The lines, in the order in which they came.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut lines: Vec<_> = self.lines.into_values().collect();
        lines.sort_unstable_by_key(|(place, _)| *place);
        lines.into_iter().flat_map(|(_, line)| line).collect()
    }
}
