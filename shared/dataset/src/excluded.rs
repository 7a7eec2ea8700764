//! The evaluation set, as training records are held to it.
use std::collections::{HashMap, HashSet};

use perennial_core::prompt::PromptDigest;

use crate::{evaluation::EvalRecord, index::exact};

/// The prompts of an evaluation set, which no training record may hold.
#[derive(Debug, Clone, Default)]
pub struct Excluded {
    pub(crate) normalised: HashSet<PromptDigest>,
    /// Hashes of the prompts to the letter.
    pub(crate) exact: HashSet<u64>,
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
        let mut excluded = Self::default();
        for record in records {
            excluded.add(record);
        }
        excluded
    }

    /// Whether a record teaches one of them: its last question, or one before.
    pub(crate) fn holds_any(&self, prompt: PromptDigest, earlier: &[PromptDigest]) -> bool {
        self.holds(prompt) || earlier.iter().any(|question| self.holds(*question))
    }

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
