//! What sealing found across the uploads of a dataset, for people.

use serde::{Deserialize, Serialize};

/// Records whose question stands in another upload to the letter, with another answer or system prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflicts {
    /// How many.
    pub records: u64,
    /// The object of the first of them, and the one that has its question too.
    pub uploads: (String, String),
}

impl Conflicts {
    /// In words, with what to do.
    #[must_use]
    pub fn words(&self) -> String {
        let (here, there) = &self.uploads;
        let have = if self.records == 1 {
            "record has"
        } else {
            "records have"
        };
        format!(
            "conflicting-duplicate (warning): {} {have} a question that another upload has to the letter, with another answer or system prompt, as {here} and {there}. Keep one answer for each question, unless the answers are to differ",
            self.records
        )
    }
}

/// An upload of which records were left out, as the model takes no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The object.
    pub object: String,
    /// How many of its records.
    pub records: u64,
}
