//! The table: items with a version, conditional transactions, and a sparse index of what is due.
//!
//! Which items exist and what a write is conditional on is decided above this trait, in `core` and the engine, so
//! that the adapter and the twin stay small and alike.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Body;
pub use perennial_core::keys::Key;

/// One stored item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it stands.
    pub key: Key,
    /// Grows by one with every write; the condition of the next one. The first is 1.
    pub version: u64,
    /// The record, as a JSON object.
    pub body: Body,
}

/// What must hold for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no such item.
    Absent,
    /// The item is there at exactly this version.
    Version(u64),
    /// Anything.
    Any,
}

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Store the item. Its version becomes the expected one plus one (1 for a new item).
    Put {
        /// Where.
        key: Key,
        /// The record, as a JSON object.
        body: Body,
        /// The condition. `Any` is for items that are written once and never changed.
        expect: Expect,
        /// When something is to be done about it: the item stands in the due index until this is `None`.
        due: Option<Timestamp>,
        /// When the item may be forgotten (TTL; removal may come days later).
        expires: Option<Timestamp>,
    },
    /// Write nothing, but let the whole transaction fail unless the condition holds.
    Check {
        /// Where.
        key: Key,
        /// The condition.
        expect: Expect,
    },
}

/// Why a transaction was not carried out, or a read failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Someone else wrote first: load again and decide anew. Nothing was written.
    #[error("{key} has changed since it was read; nothing was written")]
    Conflict {
        /// The first item whose condition did not hold.
        key: Key,
    },
    /// The service failed; a write may have taken effect when the kind is `Unanswered`.
    #[error(transparent)]
    Port(#[from] crate::PortError),
}

/// One page of a query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// Items in the order of their sort keys.
    pub items: Vec<Item>,
    /// Where the next page starts, if there is one: pass it as `after`.
    pub next: Option<String>,
}

/// The one table.
#[async_trait]
pub trait Table: Send + Sync {
    /// One item, strongly consistent.
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError>;

    /// The items of one partition whose sort key begins with `prefix`, strongly consistent, at most `limit` a page.
    /// `newest_first` turns the order around.
    async fn query(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        newest_first: bool,
    ) -> Result<Page, TableError>;

    /// All of the writes or none; at most 100 (DynamoDB's limit), each on another item.
    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError>;

    /// Keys of items of one kind (`Key::kind`) due at or before `until`, the longest due first. Eventually consistent.
    async fn due(&self, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Key>, TableError>;
}

/// Every item of one partition, page after page.
pub async fn query_all(
    table: &dyn Table,
    partition: &str,
    prefix: &str,
) -> Result<Vec<Item>, TableError> {
    let mut items = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = table
            .query(partition, prefix, after.as_deref(), 500, false)
            .await?;
        items.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(items),
        }
    }
}
