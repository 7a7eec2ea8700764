//! The table in memory: conditional transactions, ordered partitions, and a due index that may lag.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;

use super::faults::operation;
use super::{Faults, lock};
use crate::{Body, ErrorKind, Expect, Item, Key, Page, PortError, Table, TableError, Write};

/// DynamoDB's limit for one transaction.
const MOST_WRITES: usize = 100;

/// DynamoDB's limits for a partition key, a sort key and an item, in bytes.
const LONGEST_PK: usize = 2048;
const LONGEST_SK: usize = 1024;
const LARGEST_ITEM: usize = 400 * 1024;

/// The table of one installation.
#[derive(Debug, Default)]
pub struct MemoryTable {
    faults: Arc<Faults>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<Key, Row>,
    index: DueIndex,
    plain: bool,
    unmeasured: bool,
}

#[derive(Debug)]
struct Row {
    version: u64,
    body: Body,
    due: Option<Timestamp>,
    expires: Option<Timestamp>,
}

impl Row {
    fn item(&self, key: &Key) -> Item {
        Item {
            key: key.clone(),
            version: self.version,
            body: self.body.clone(),
        }
    }
}

/// What the index shows, and the changes that it does not show yet.
#[derive(Debug, Default)]
struct DueIndex {
    lag: u64,
    steps: u64,
    shown: BTreeSet<(String, Timestamp, Key)>,
    times: BTreeMap<Key, Timestamp>,
    waiting: VecDeque<(u64, Key, Option<Timestamp>)>,
}

impl DueIndex {
    fn set(&mut self, key: &Key, due: Option<Timestamp>) {
        // Most items are never due: what the index does not show and need not show is no change of it.
        if due.is_some() || !self.waiting.is_empty() || self.times.contains_key(key) {
            self.waiting.push_back((self.steps, key.clone(), due));
        }
    }

    /// One more write or read: shows what has waited long enough.
    fn step(&mut self) {
        self.steps += 1;
        self.show();
    }

    fn show(&mut self) {
        while let Some((since, _, _)) = self.waiting.front()
            && since + self.lag < self.steps
        {
            let Some((_, key, due)) = self.waiting.pop_front() else {
                return;
            };
            if let Some(old) = self.times.remove(&key) {
                self.shown
                    .remove(&(key.kind().to_owned(), old, key.clone()));
            }
            if let Some(due) = due {
                self.times.insert(key.clone(), due);
                self.shown.insert((key.kind().to_owned(), due, key));
            }
        }
    }
}

impl MemoryTable {
    /// An empty table with these faults.
    pub fn with_faults(faults: Arc<Faults>) -> Self {
        Self {
            faults,
            state: Mutex::default(),
        }
    }

    /// The due index shows a write only after so many further transactions. Each read of the index counts as one too, so
    /// that it catches up in the end. 0, the default, shows everything at once.
    pub fn set_index_lag(&self, writes: u64) {
        let mut state = lock(&self.state);
        state.index.lag = writes;
        state.index.show();
    }

    /// Records come back as their text and nothing else, as from DynamoDB; without this they may come back as they were made.
    pub fn set_plain(&self, plain: bool) {
        lock(&self.state).plain = plain;
    }

    /// Whether records' sizes are looked at, which needs their text.
    pub fn set_measured(&self, measured: bool) {
        lock(&self.state).unmeasured = !measured;
    }

    /// Every item, by its key.
    pub fn items(&self) -> Vec<Item> {
        let state = lock(&self.state);
        state.rows.iter().map(|(key, row)| row.item(key)).collect()
    }

    /// One item, without counting as a call.
    pub fn peek(&self, key: &Key) -> Option<Item> {
        let state = lock(&self.state);
        state.rows.get(key).map(|row| row.item(key))
    }

    /// When the item is due, as it was written, whatever the index shows.
    pub fn due_of(&self, key: &Key) -> Option<Timestamp> {
        lock(&self.state).rows.get(key)?.due
    }

    /// When the first item of one of these kinds is due, as it was written, whatever the index shows.
    pub fn first_due(&self, kinds: &[&str]) -> Option<Timestamp> {
        let state = lock(&self.state);
        state
            .rows
            .iter()
            .filter(|(key, _)| kinds.contains(&key.kind()))
            .filter_map(|(_, row)| row.due)
            .min()
    }

    /// Removes what may be forgotten at that time, as DynamoDB's TTL does some day. Answers the keys.
    pub fn forget(&self, now: Timestamp) -> Vec<Key> {
        let mut state = lock(&self.state);
        let gone: Vec<Key> = state
            .rows
            .iter()
            .filter(|(_, row)| row.expires.is_some_and(|at| at <= now))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &gone {
            state.rows.remove(key);
            state.index.set(key, None);
        }
        state.index.step();
        gone
    }
}

#[async_trait]
impl Table for MemoryTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.faults.call(operation::GET_ITEM, || Ok(self.peek(key)))
    }

    async fn query(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        newest_first: bool,
    ) -> Result<Page, TableError> {
        self.faults.call(operation::QUERY, || {
            let limit = limit.clamp(1, 1_000) as usize;
            let state = lock(&self.state);
            let first = Key {
                pk: partition.to_owned(),
                sk: prefix.to_owned(),
            };
            let found = state
                .rows
                .range((Bound::Included(first), Bound::Unbounded))
                .take_while(|(key, _)| key.pk == partition && key.sk.starts_with(prefix));
            let open = |sk: &str| {
                after.is_none_or(|after| if newest_first { sk < after } else { sk > after })
            };
            let mut rows: Vec<(&Key, &Row)> = found.filter(|(key, _)| open(&key.sk)).collect();
            if newest_first {
                rows.reverse();
            }
            let next = (rows.len() > limit).then(|| rows[limit - 1].0.sk.clone());
            rows.truncate(limit);
            Ok(Page {
                items: rows.iter().map(|(key, row)| row.item(key)).collect(),
                next,
            })
        })
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        if writes.is_empty() {
            return Ok(());
        }
        self.faults.call(operation::TRANSACT, || {
            let mut state = lock(&self.state);
            check(&writes, !state.unmeasured)?;
            if let Some(failed) = writes.iter().find(|write| !state.holds(write)) {
                return Err(TableError::Conflict {
                    key: parts(failed).0.clone(),
                });
            }
            for write in writes {
                state.write(write);
            }
            state.index.step();
            Ok(())
        })
    }

    /// Due times are compared in whole milliseconds, as in DynamoDB.
    async fn due(&self, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        self.faults.call(operation::QUERY, || {
            let mut state = lock(&self.state);
            let until = floor(until);
            let keys = state
                .index
                .shown
                .iter()
                .filter(|(of, at, _)| of == kind && *at <= until)
                .take(limit as usize)
                .map(|(_, _, key)| key.clone())
                .collect();
            state.index.step();
            Ok(keys)
        })
    }
}

impl State {
    fn holds(&self, write: &Write) -> bool {
        let (key, expect) = parts(write);
        match (self.rows.get(key), expect) {
            (_, Expect::Any) | (None, Expect::Absent) => true,
            (Some(row), Expect::Version(version)) => row.version == version,
            (Some(_), Expect::Absent) | (None, Expect::Version(_)) => false,
        }
    }

    fn write(&mut self, write: Write) {
        let Write::Put {
            key,
            body,
            due,
            expires,
            ..
        } = write
        else {
            return;
        };
        let due = due.map(floor);
        self.index.set(&key, due);
        let version = self.rows.get(&key).map_or(0, |row| row.version) + 1;
        let body = if self.plain { body.plain() } else { body };
        self.rows.insert(
            key,
            Row {
                version,
                body,
                due,
                expires,
            },
        );
    }
}

fn floor(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_nanosecond().div_euclid(1_000_000) as i64).unwrap_or(at)
}

fn parts(write: &Write) -> (&Key, Expect) {
    match write {
        Write::Put { key, expect, .. } | Write::Check { key, expect } => (key, *expect),
    }
}

fn check(writes: &[Write], measured: bool) -> Result<(), PortError> {
    let invalid = |words: String| PortError::new(operation::TRANSACT, ErrorKind::Invalid, words);
    if writes.len() > MOST_WRITES {
        return Err(invalid(format!(
            "{} writes in one transaction; DynamoDB takes {MOST_WRITES}: split them",
            writes.len()
        )));
    }
    for (place, write) in writes.iter().enumerate() {
        let (key, _) = parts(write);
        if writes[..place]
            .iter()
            .any(|earlier| parts(earlier).0 == key)
        {
            return Err(invalid(format!(
                "{key} stands twice in one transaction; DynamoDB takes one write per item: merge the two"
            )));
        }
        if !(1..=LONGEST_PK).contains(&key.pk.len()) || !(1..=LONGEST_SK).contains(&key.sk.len()) {
            return Err(invalid(format!(
                "the key {key} does not fit: 1 to {LONGEST_PK} bytes for the partition and 1 to {LONGEST_SK} for the \
                 sort key"
            )));
        }
        if let Write::Put { body, .. } = write
            && measured
        {
            if !body.is_object() {
                return Err(invalid(format!("the record of {key} is no JSON object")));
            }
            let size = body.as_str().len();
            if size > LARGEST_ITEM {
                return Err(invalid(format!(
                    "the record of {key} has {size} bytes; DynamoDB takes {LARGEST_ITEM}: keep the rest in the bucket"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
