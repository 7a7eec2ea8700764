//! What stands in which file, of files that are checked together: questions that are trained on, too, and records that another file has.
use std::collections::HashMap;

use crate::{
    excluded::Excluded,
    pass::known::{Identity, Seen},
};

/// Records that are kept in mind, at most.
const MOST: usize = 1_000_000;

/// A line of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    file: u32,
    line: u32,
}

/// The files that were read so far, of some that are checked together. It is handed from one [`crate::Compiler`] to the next; evaluation
/// sets come first, so that their questions are looked for in what is trained on.
///
/// Memory: up to 64 bytes for each of the first million records, where records are compared, and 48 for each question.
#[derive(Debug, Default)]
pub struct Between {
    files: Vec<String>,
    questions: Excluded,
    records: Option<HashMap<Identity, At>>,
    /// Of each prompt the first place, and the completion there.
    prompts: HashMap<u64, (u64, At)>,
    most: usize,
}

impl Between {
    /// Nothing was read yet. `records` says whether records are compared, too: it is for more than one file of a kind.
    #[must_use]
    pub fn new(records: bool) -> Self {
        Self {
            records: records.then(HashMap::new),
            most: MOST,
            ..Self::default()
        }
    }

    /// The same with room for so many records.
    #[cfg(test)]
    pub(crate) fn with_room(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The questions of the evaluation sets so far.
    pub(crate) fn questions(&self) -> &Excluded {
        &self.questions
    }

    /// Begins with another file.
    pub(crate) fn begin(&mut self, name: &str) {
        self.files.push(name.to_owned());
    }

    /// Takes a question of the file.
    pub(crate) fn ask(&mut self, prompt: (perennial_core::prompt::PromptDigest, u64), line: u64) {
        let name = self.files.last().map_or("", String::as_str);
        self.questions.add_at(prompt, name, line);
    }

    /// What a record of the file is, seen against those of the files before, with the place of the one that it is like; nothing if there is
    /// no room for it.
    pub(crate) fn take(&mut self, record: Identity, line: u64) -> Option<(Seen, At)> {
        let Some(records) = &mut self.records else {
            return Some((Seen::New, At { file: 0, line: 0 }));
        };
        let here = At {
            file: self.files.len() as u32,
            line: u32::try_from(line).unwrap_or(u32::MAX),
        };
        let room = records.len() < self.most;
        let same = records.get(&record).copied();
        let prompt = self.prompts.get(&record.prompt).copied();
        if room {
            records.entry(record).or_insert(here);
            let completion = record.completion;
            self.prompts
                .entry(record.prompt)
                .or_insert((completion, here));
        }
        let elsewhere = |at: &At| at.file != here.file;
        if let Some(same) = same {
            let seen = if elsewhere(&same) {
                Seen::Duplicate
            } else {
                Seen::New
            };
            return Some((seen, same));
        }
        match prompt.filter(|(completion, at)| *completion != record.completion && elsewhere(at)) {
            Some((_, at)) => Some((Seen::Conflict, at)),
            None => room.then_some((Seen::New, here)),
        }
    }

    /// A place, as a person finds it.
    pub(crate) fn name(&self, at: At) -> (&str, u64) {
        let file = (at.file as usize).checked_sub(1);
        let name = file.and_then(|file| self.files.get(file));
        (name.map_or("", String::as_str), u64::from(at.line))
    }

    /// Records over which no others are kept in mind.
    pub(crate) fn most(&self) -> u64 {
        self.most as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(prompt: u64, completion: u64) -> Identity {
        Identity { prompt, completion }
    }

    #[test]
    fn a_record_is_told_with_the_first_file_that_has_it() {
        let mut between = Between::new(true);
        let take = |between: &mut Between, record, line| {
            let (seen, at) = between.take(record, line).unwrap();
            (
                seen,
                (seen != Seen::New).then(|| between.name(at).1),
                at.file,
            )
        };
        between.begin("a");
        assert_eq!(take(&mut between, record(1, 1), 7).0, Seen::New);
        // What a file repeats of its own is said of it elsewhere.
        assert_eq!(take(&mut between, record(1, 1), 8).0, Seen::New);
        assert_eq!(take(&mut between, record(1, 2), 9).0, Seen::New);
        between.begin("b");
        assert_eq!(
            take(&mut between, record(1, 1), 1),
            (Seen::Duplicate, Some(7), 1)
        );
        assert_eq!(
            take(&mut between, record(1, 3), 2),
            (Seen::Conflict, Some(7), 1)
        );
        assert_eq!(take(&mut between, record(2, 1), 3).0, Seen::New);
        between.begin("c");
        assert_eq!(
            take(&mut between, record(1, 3), 4),
            (Seen::Duplicate, Some(2), 2)
        );
        assert_eq!(
            take(&mut between, record(2, 1), 5),
            (Seen::Duplicate, Some(3), 2)
        );
    }

    #[test]
    fn over_the_bound_nothing_is_kept_and_it_is_said() {
        let mut between = Between::new(true).with_room(2);
        between.begin("a");
        for number in 0..2 {
            assert!(between.take(record(number, 0), number).is_some());
        }
        assert_eq!(between.take(record(2, 0), 2), None);
        between.begin("b");
        let seen = between.take(record(1, 0), 1).unwrap().0;
        assert_eq!(seen, Seen::Duplicate, "what is kept is found all the same");
        assert_eq!(between.take(record(2, 0), 2), None);
        assert_eq!(between.records.unwrap().len(), 2);
    }
}
