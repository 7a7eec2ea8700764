//! Which records came before: exact duplicates, and prompts that stand with another completion.
//!
//! A record is known by two hashes of 64 bits, of its prompt and of its completion, together 128: among a thousand million records
//! two different ones are taken for the same with a probability below 10⁻²⁰. A table has 16 bytes for each record and is
//! never less than half full once it is large: 32 bytes a record are its bound.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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

/// The records so far.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Found by their prompt: of each prompt the first [`SAME`] completions.
    by_prompt: Table<true>,
    /// All others, found by prompt and completion, or a file with one prompt would be one long row.
    by_both: Table<false>,
    used: usize,
    /// Whether the identity (0, 0), which a table cannot hold, came.
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
        let seen = match self.by_prompt.insert(record) {
            Some(seen) => seen,
            None => match self.by_both.insert(record) {
                Some(Seen::Duplicate) => Seen::Duplicate,
                _ => Seen::Conflict,
            },
        };
        self.used += usize::from(seen != Seen::Duplicate);
        seen
    }

    /// Reads the places at which these records will be looked for. The table is larger than a processor's cache: looked for one after
    /// the other, each record would wait for memory; read together, they wait at once.
    pub(crate) fn expect(&self, records: impl Iterator<Item = Identity>) {
        let prompts = records.map(|record| self.by_prompt.first(record.prompt));
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
        match self.by_prompt.look(record) {
            Ok((seen, _)) => seen,
            Err(Full) => match self.by_both.look(record) {
                Ok((Seen::Duplicate, _)) => Seen::Duplicate,
                _ => Seen::Conflict,
            },
        }
    }
}

/// Open addressing by a hash, in parts that grow one by one: whoever puts results together would otherwise stand still while all of a
/// large table is made anew, and those who work would run out of work.
#[derive(Debug, Default)]
struct Table<const BY_PROMPT: bool> {
    /// None, or as many as there are to be.
    parts: Vec<Part>,
}

/// (0, 0) is an empty place.
#[derive(Debug, Default, Clone)]
struct Part {
    places: Vec<Identity>,
    used: usize,
}

/// As many records of the same prompt stand in a row as may.
struct Full;

impl<const BY_PROMPT: bool> Table<BY_PROMPT> {
    const PARTS: usize = 64;
    /// Places of a part at first.
    const FIRST: usize = 16;

    fn hash(record: Identity) -> u64 {
        if BY_PROMPT {
            record.prompt
        } else {
            record.of_both()
        }
    }

    fn part(hash: u64) -> usize {
        (hash >> (u64::BITS - Self::PARTS.ilog2())) as usize
    }

    /// Where a record with this hash is looked for first.
    fn start(hash: u64, places: usize) -> usize {
        let within = hash << Self::PARTS.ilog2();
        ((u128::from(within) * places as u128) >> 64) as usize
    }

    /// The prompt at the first place for this hash.
    fn first(&self, hash: u64) -> u64 {
        let part = self.parts.get(Self::part(hash));
        part.and_then(|part| part.places.get(Self::start(hash, part.places.len())))
            .map_or(0, |place| place.prompt)
    }

    /// Takes a record in, and says what it is; nothing if there are as many of its prompt as may be.
    fn insert(&mut self, record: Identity) -> Option<Seen> {
        if self.parts.is_empty() {
            let part = Part {
                places: vec![Identity::default(); Self::FIRST],
                used: 0,
            };
            self.parts.resize(Self::PARTS, part);
        }
        let (seen, place) = self.look(record).ok()?;
        if seen != Seen::Duplicate {
            let part = &mut self.parts[Self::part(Self::hash(record))];
            part.places[place] = record;
            part.used += 1;
            // At most three in four places are used; then it grows by half, so that half of them are.
            if part.used * 4 >= part.places.len() * 3 {
                part.grow::<BY_PROMPT>();
            }
        }
        Some(seen)
    }

    /// What the record is, and the first empty place for it.
    fn look(&self, record: Identity) -> Result<(Seen, usize), Full> {
        let hash = Self::hash(record);
        let Some(Part { places, .. }) = self.parts.get(Self::part(hash)) else {
            return Ok((Seen::New, 0));
        };
        let mut seen = Seen::New;
        let mut same = 0;
        let mut place = Self::start(hash, places.len());
        loop {
            match places[place] {
                found if found == Identity::default() => return Ok((seen, place)),
                found if found == record => return Ok((Seen::Duplicate, place)),
                found if found.prompt == record.prompt => {
                    seen = Seen::Conflict;
                    same += 1;
                    if BY_PROMPT && same == SAME {
                        return Err(Full);
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
}

impl Part {
    fn grow<const BY_PROMPT: bool>(&mut self) {
        let mut places = vec![Identity::default(); self.places.len() * 3 / 2];
        let records = self.places.iter().copied();
        for record in records.filter(|record| *record != Identity::default()) {
            let hash = Table::<BY_PROMPT>::hash(record);
            let mut place = Table::<BY_PROMPT>::start(hash, places.len());
            while places[place] != Identity::default() {
                place += 1;
                if place == places.len() {
                    place = 0;
                }
            }
            places[place] = record;
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
            let places: usize = (known.by_prompt.parts.iter())
                .map(|part| part.places.capacity())
                .sum();
            assert!(
                places * 16 <= (known.used * 32).max(2048 * 16),
                "{}",
                known.used
            );
        }
    }
}
