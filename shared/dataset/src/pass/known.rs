//! Which records came before: exact duplicates, and prompts that stand with another completion.
//!
//! A record is known by two hashes of 64 bits, of its prompt and of its completion, together 128: among a thousand million records
//! two different ones are taken for the same with a probability below 10⁻²⁰. The table has 16 bytes for each record and is
//! never less than half full once it is large: 32 bytes a record are its bound, and 21 what it was before it grew.
use std::io;

use super::plan::Spill;

/// What a record is, seen against those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    New,
    /// The same prompt and the same completion came before.
    Duplicate,
    /// The same prompt came with another completion.
    Conflict,
}

/// The hashes of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Identity {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
}

impl Identity {
    /// A hash of both.
    fn of_both(self) -> u64 {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.prompt.to_le_bytes());
        bytes[8..].copy_from_slice(&self.completion.to_le_bytes());
        hash(&bytes)
    }
}

/// The hash of bytes that the file's owner wrote: not secret, and the same on every machine.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    twox_hash::XxHash3_64::oneshot(bytes)
}

/// Completions of one prompt that stand in a row.
const SAME: u32 = 8;

/// Open addressing by the prompt's hash; (0, 0) is an empty place.
#[derive(Debug, Default)]
pub(crate) struct Known {
    places: Vec<Identity>,
    used: usize,
    /// Whether the identity (0, 0), which the table cannot hold, came.
    zero: bool,
}

impl Known {
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Takes a record in, and says what it is.
    pub(crate) fn insert(&mut self, record: Identity) -> Seen {
        if record == Identity::default() {
            return if std::mem::replace(&mut self.zero, true) {
                Seen::Duplicate
            } else {
                Seen::New
            };
        }
        // At most three in four places are used; then it grows by half, so that half of them are.
        if self.used * 4 >= self.places.len() * 3 {
            self.grow();
        }
        let seen = Self::look(&self.places, record);
        if let (Seen::New | Seen::Conflict, place) = seen {
            self.places[place] = record;
            self.used += 1;
        }
        seen.0
    }

    /// Reads the places at which these records will be looked for. The table is larger than a processor's cache: looked for one after
    /// the other, each record would wait for memory; read together, they wait at once.
    pub(crate) fn expect(&self, records: impl Iterator<Item = Identity>) {
        let prompts = records.map(|record| {
            self.places
                .get(Self::start(record.prompt, self.places.len()))
                .map_or(0, |place| place.prompt)
        });
        std::hint::black_box(prompts.fold(0, |all, prompt| all ^ prompt));
    }

    /// What a record is, without taking it in.
    pub(crate) fn find(&self, record: Identity) -> Seen {
        if record == Identity::default() {
            return if self.zero {
                Seen::Duplicate
            } else {
                Seen::New
            };
        }
        if self.places.is_empty() {
            Seen::New
        } else {
            Self::look(&self.places, record).0
        }
    }

    /// What the record is, and the first empty place for it. Records are looked for at a place of their prompt; where it has
    /// [`SAME`] completions already, at a place of both, or a file with one prompt would be one long row.
    fn look(places: &[Identity], record: Identity) -> (Seen, usize) {
        let mut seen = Seen::New;
        let mut same = 0;
        let mut place = Self::start(record.prompt, places.len());
        loop {
            match places[place] {
                found if found == Identity::default() => return (seen, place),
                found if found == record => return (Seen::Duplicate, place),
                found if found.prompt == record.prompt => {
                    seen = Seen::Conflict;
                    same += 1;
                    if same == SAME {
                        place = Self::start(record.of_both(), places.len());
                        continue;
                    }
                }
                _ => {}
            }
            place += 1;
            if place == places.len() {
                place = 0;
            }
        }
    }

    fn start(hash: u64, places: usize) -> usize {
        ((u128::from(hash) * places as u128) >> 64) as usize
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 3 / 2).max(1024);
        let mut places = vec![Identity::default(); size];
        for record in self
            .places
            .iter()
            .filter(|record| **record != Identity::default())
        {
            let (_, place) = Self::look(&places, *record);
            places[place] = *record;
        }
        self.places = places;
    }
}

/// A table on disk for what is over the model's record limit: pages of 256 places, found by the prompt's hash, read and written one
/// at a time. It grows by a second, larger table, and what is in the first stays there.
pub(crate) struct Spilled {
    file: Box<dyn Spill>,
    /// For each table: its first page, its pages, and how many records it holds.
    tables: Vec<(u64, u64, u64)>,
    /// Pages of the file.
    pages: u64,
    page: Vec<u8>,
    pub(crate) used: u64,
}

impl std::fmt::Debug for Spilled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spilled")
            .field("used", &self.used)
            .finish_non_exhaustive()
    }
}

const PLACES: u64 = 256;
const PAGE: usize = PLACES as usize * 16;
/// Pages of the first table.
const FIRST_PAGES: u64 = 1024;

impl Spilled {
    pub(crate) fn new(file: Box<dyn Spill>) -> Self {
        Self {
            file,
            tables: Vec::new(),
            pages: 0,
            page: vec![0; PAGE],
            used: 0,
        }
    }

    pub(crate) fn insert(&mut self, record: Identity) -> io::Result<Seen> {
        let mut seen = Seen::New;
        let mut free = None;
        for index in 0..self.tables.len() {
            let (first, pages, used) = self.tables[index];
            let mut page = Self::start(record.prompt, pages);
            let mut full = 0;
            loop {
                self.file
                    .read_at((first + page) * PAGE as u64, &mut self.page)?;
                let mut empty = None;
                for (place, bytes) in self.page.chunks_exact(16).enumerate() {
                    match identity(bytes) {
                        found if found == Identity::default() => {
                            empty = Some(place);
                            break;
                        }
                        found if found == record => return Ok(Seen::Duplicate),
                        found if found.prompt == record.prompt => seen = Seen::Conflict,
                        _ => {}
                    }
                }
                if let Some(place) = empty {
                    // Only the newest table takes more, and only while it is three quarters full at most.
                    if index + 1 == self.tables.len() && used < pages * PLACES * 3 / 4 {
                        free = Some((first + page) * PAGE as u64 + place as u64 * 16);
                    }
                    break;
                }
                full += 1;
                page = if full == 1 {
                    Self::start(record.of_both(), pages)
                } else {
                    (page + 1) % pages
                };
            }
        }
        let at = match free {
            Some(at) => at,
            None => self.add_table(record)?,
        };
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&record.prompt.to_le_bytes());
        bytes[8..].copy_from_slice(&record.completion.to_le_bytes());
        self.file.write_at(at, &bytes)?;
        if let Some(table) = self.tables.last_mut() {
            table.2 += 1;
        }
        self.used += 1;
        Ok(seen)
    }

    /// A new table, four times as large as the last one; the place of `record` in it.
    fn add_table(&mut self, record: Identity) -> io::Result<u64> {
        let pages = self
            .tables
            .last()
            .map_or(FIRST_PAGES, |(_, pages, _)| pages * 4);
        let first = self.pages;
        self.file.set_len((first + pages) * PAGE as u64)?;
        self.pages = first + pages;
        self.tables.push((first, pages, 0));
        Ok((first + Self::start(record.prompt, pages)) * PAGE as u64)
    }

    fn start(hash: u64, pages: u64) -> u64 {
        ((u128::from(hash) * u128::from(pages)) >> 64) as u64
    }
}

fn identity(bytes: &[u8]) -> Identity {
    let half = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    Identity {
        prompt: half(&bytes[..8]),
        completion: half(&bytes[8..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::plan::MemorySpill;

    fn record(prompt: u64, completion: u64) -> Identity {
        let spread = |number: u64| hash(&number.to_le_bytes());
        Identity {
            prompt: spread(prompt),
            completion: spread(completion),
        }
    }

    #[test]
    fn duplicates_and_conflicts_are_told_apart_in_memory_and_on_disk() {
        let mut known = Known::default();
        let mut spilled = Spilled::new(Box::new(MemorySpill::default()));
        // Enough to make the table in memory grow, and the one on disk take a second table.
        let many = 300_000;
        for number in 0..many {
            assert_eq!(known.insert(record(number, 0)), Seen::New);
            assert_eq!(spilled.insert(record(number, 0)).unwrap(), Seen::New);
        }
        assert!(spilled.tables.len() > 1);
        for number in (0..many).step_by(977) {
            for (again, seen) in [
                (0, Seen::Duplicate),
                (1, Seen::Conflict),
                (1, Seen::Duplicate),
            ] {
                assert_eq!(known.insert(record(number, again)), seen);
                assert_eq!(spilled.insert(record(number, again)).unwrap(), seen);
            }
        }
        assert_eq!(known.insert(Identity::default()), Seen::New);
        assert_eq!(known.insert(Identity::default()), Seen::Duplicate);
    }

    #[test]
    fn one_prompt_with_many_completions_is_no_long_row() {
        let mut known = Known::default();
        let mut spilled = Spilled::new(Box::new(MemorySpill::default()));
        // Each walked past all before it, this would take minutes.
        for number in 0..200_000 {
            let seen = if number == 0 {
                Seen::New
            } else {
                Seen::Conflict
            };
            assert_eq!(known.insert(record(7, number)), seen);
            assert_eq!(spilled.insert(record(7, number)).unwrap(), seen);
        }
        for number in (0..200_000).step_by(971) {
            assert_eq!(known.insert(record(7, number)), Seen::Duplicate);
            assert_eq!(spilled.insert(record(7, number)).unwrap(), Seen::Duplicate);
        }
    }

    #[test]
    fn memory_stays_under_32_bytes_a_record() {
        let mut known = Known::default();
        for number in 0..200_000 {
            known.insert(record(number, 0));
            assert!(
                known.places.capacity() * 16 <= (known.used * 32).max(1024 * 16),
                "{}",
                known.used
            );
        }
    }
}
