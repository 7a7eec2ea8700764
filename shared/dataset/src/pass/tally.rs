//! What is counted over all records of a file: optional members, kinds of media, completions that come again and again.
use crate::{finding::bounded, record::Optional, summary::count};

/// The share of records with one completion from which on it is said, and from how many records on.
const NEAR_CONSTANT: (u64, u64, u64) = (9, 10, 20);

/// Which optional members stand in some records only.
#[derive(Debug, Default)]
pub(super) struct Members {
    with: [u64; Optional::NAMES.len()],
    first: Option<Optional>,
    /// The line of the first record that differs from the first one in this member.
    differs: [u64; Optional::NAMES.len()],
}

impl Members {
    pub(super) fn take(&mut self, record: Optional, line: u64) {
        let first = *self.first.get_or_insert(record);
        for (index, with) in self.with.iter_mut().enumerate() {
            *with += u64::from(record.0 >> index & 1);
        }
        let different = record.0 ^ first.0;
        if different != 0 {
            for (index, differs) in self.differs.iter_mut().enumerate() {
                if different >> index & 1 == 1 && *differs == 0 {
                    *differs = line;
                }
            }
        }
    }

    /// Records with images beside records with videos, in words.
    pub(super) fn modalities(&self) -> Option<String> {
        let with = |name| {
            Optional::NAMES
                .iter()
                .position(|known| *known == name)
                .map_or(0, |index| self.with[index])
        };
        let (images, videos) = (with("image"), with("video"));
        (images > 0 && videos > 0).then(|| {
            format!(
                "{} with images, {} with videos",
                count(images, "record"),
                count(videos, "record")
            )
        })
    }

    /// The members that are not in all of `records` nor in none, the first line that differs, and how many have the first of them.
    pub(super) fn uneven(&self, records: u64) -> Option<(String, u64, u64)> {
        let uneven: Vec<usize> = (0..self.with.len())
            .filter(|index| self.with[*index] > 0 && self.with[*index] < records)
            .collect();
        let names: Vec<&str> = uneven.iter().map(|index| Optional::NAMES[*index]).collect();
        let line = uneven.iter().map(|index| self.differs[*index]).min()?;
        Some((
            bounded(&names.join(", ")),
            line,
            self.with[*uneven.first()?],
        ))
    }
}

/// The completions that may be most of all, counted within a bound (Metwally, Agrawal and El Abbadi's "space saving").
#[derive(Debug, Default)]
pub(super) struct Frequent {
    /// Hash, count, and how much of the count may be others'.
    counters: Vec<(u64, u64, u64)>,
    all: u64,
}

impl Frequent {
    const COUNTERS: usize = 8;

    pub(super) fn take(&mut self, completion: u64) {
        self.all += 1;
        if let Some(counter) = self
            .counters
            .iter_mut()
            .find(|counter| counter.0 == completion)
        {
            counter.1 += 1;
        } else if self.counters.len() < Self::COUNTERS {
            self.counters.push((completion, 1, 0));
        } else if let Some(least) = self.counters.iter_mut().min_by_key(|counter| counter.1) {
            *least = (completion, least.1 + 1, least.1);
        }
    }

    /// How often the most frequent one came at least, if it is nearly all of them.
    pub(super) fn nearly_all(&self) -> Option<(u64, u64)> {
        let times = self
            .counters
            .iter()
            .map(|(_, count, others)| count - others)
            .max()?;
        let (part, whole, from) = NEAR_CONSTANT;
        (self.all >= from && times * whole > self.all * part).then_some((times, self.all))
    }
}
