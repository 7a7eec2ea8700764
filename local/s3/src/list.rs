//! Listings: keys or versions, by prefix, rolled up at a delimiter, in pages.

use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::ids;
use crate::index::{self, ObjectInfo, VERSION_COLUMNS};
use crate::store::Store;

/// The most entries of one page, as in S3.
pub(crate) const PAGE_MAX: usize = 1000;

/// Where a listing begins: at the first entry not before this key, and within it at the first version older than
/// `before`, if that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The key.
    pub key: String,
    /// A version's place in the store's order.
    pub(crate) before: Option<i64>,
}

impl Position {
    /// At this key or the next.
    #[must_use]
    pub fn at(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            before: None,
        }
    }

    /// After this key and all of its versions.
    #[must_use]
    pub fn after(key: &str) -> Self {
        // No text lies between a key and the same key with a zero byte added.
        Self::at(format!("{key}\0"))
    }

    /// After this version of this key; `None` if the text is no version id.
    #[must_use]
    pub fn after_version(key: &str, version_id: &str) -> Option<Self> {
        let before = Some(ids::sequence_of(version_id)?);
        let key = key.to_owned();
        Some(Self { key, before })
    }

    /// After every key with this prefix; `None` if no key can follow.
    #[must_use]
    pub fn after_prefix(prefix: &str) -> Option<Self> {
        let mut characters: Vec<char> = prefix.chars().collect();
        while let Some(last) = characters.pop() {
            // The order of UTF-8 bytes is the order of code points.
            let next = match last {
                '\u{d7ff}' => Some('\u{e000}'),
                last => char::from_u32(u32::from(last) + 1),
            };
            if let Some(next) = next {
                characters.push(next);
                return Some(Self::at(characters.into_iter().collect::<String>()));
            }
        }
        None
    }
}

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// The bucket.
    pub bucket: String,
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that agree up to this text after the prefix become one common prefix.
    pub delimiter: Option<String>,
    /// Where to begin.
    pub from: Position,
    /// At most so many entries, common prefixes included; more than 1000 means 1000.
    pub limit: usize,
    /// Every version and delete marker instead of the latest versions.
    pub versions: bool,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct ListedKeys {
    /// Objects or versions, by key, newest version first.
    pub entries: Vec<ObjectInfo>,
    /// Common prefixes.
    pub common_prefixes: Vec<String>,
    /// Where the next page begins, if there is more.
    pub next: Option<Position>,
    /// The last entry or common prefix of this page.
    pub last: Option<String>,
}

impl Store {
    /// One page of a listing.
    ///
    /// # Errors
    /// If there is no such bucket, or the index cannot be read.
    pub async fn list_page(
        self: &Arc<Self>,
        request: ListRequest,
    ) -> Result<ListedKeys, StoreError> {
        self.run(move |store| page(&store.index(), &request)).await
    }

    /// All objects whose key begins with `prefix`, by key.
    ///
    /// # Errors
    /// As [`Store::list_page`].
    pub async fn list(
        self: &Arc<Self>,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ObjectInfo>, StoreError> {
        let mut found = Vec::new();
        let mut request = ListRequest {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            limit: PAGE_MAX,
            ..ListRequest::default()
        };
        loop {
            let page = self.list_page(request.clone()).await?;
            found.extend(page.entries);
            match page.next {
                Some(next) => request.from = next,
                None => return Ok(found),
            }
        }
    }
}

/// The part of `key` that a listing rolls up: prefix, and all up to and with the next delimiter.
pub(crate) fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    let rest = key.strip_prefix(prefix)?;
    let at = rest.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

fn page(index: &Connection, request: &ListRequest) -> Result<ListedKeys, StoreError> {
    index::require_bucket(index, &request.bucket)?;
    let limit = request.limit.min(PAGE_MAX);
    let mut page = ListedKeys::default();
    if limit == 0 {
        return Ok(page);
    }
    let delimiter = request.delimiter.as_deref().filter(|text| !text.is_empty());
    let mut from = request.from.clone().max_with(&request.prefix);
    loop {
        let count = page.entries.len() + page.common_prefixes.len();
        // One more than fits tells whether there is more.
        let batch = read(index, request, &from, limit + 1 - count)?;
        let mut jump = None;
        for info in batch {
            if !info.key.starts_with(&request.prefix) {
                return Ok(page);
            }
            let here = Position {
                key: info.key.clone(),
                before: request.versions.then_some(info.sequence.saturating_add(1)),
            };
            if page.entries.len() + page.common_prefixes.len() == limit {
                page.next = Some(here);
                return Ok(page);
            }
            let common = delimiter.and_then(|text| common_prefix(&info.key, &request.prefix, text));
            if let Some(common) = common {
                page.common_prefixes.push(common.to_owned());
                page.last = Some(common.to_owned());
                jump = Some(Position::after_prefix(common));
                break;
            }
            page.last = Some(info.key.clone());
            page.entries.push(info);
        }
        match jump.flatten() {
            Some(next) => from = next,
            None => return Ok(page),
        }
    }
}

impl Position {
    /// This position, or the prefix if that comes later.
    fn max_with(self, prefix: &str) -> Self {
        if self.key.as_str() >= prefix {
            return self;
        }
        Self::at(prefix)
    }
}

fn read(
    index: &Connection,
    request: &ListRequest,
    from: &Position,
    limit: usize,
) -> Result<Vec<ObjectInfo>, StoreError> {
    let which = match request.versions {
        true => "",
        false => "AND is_latest = 1 AND delete_marker = 0",
    };
    let sql = format!(
        "SELECT {VERSION_COLUMNS} FROM version \
         WHERE bucket = ?1 AND key >= ?2 AND NOT (key = ?2 AND sequence >= ?3) {which} \
         ORDER BY key, sequence DESC LIMIT ?4"
    );
    let mut statement = index.prepare_cached(&sql)?;
    let before = from.before.unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![request.bucket, from.key, before, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(index::read_version(row)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_with_the_prefix_comes_after_it(prefix: String, rest: String) {
            let key = format!("{prefix}{rest}");
            if let Some(after) = Position::after_prefix(&prefix) {
                prop_assert!(key < after.key);
                prop_assert!(!after.key.starts_with(&prefix) || prefix.is_empty());
            }
        }
    }

    #[test]
    fn the_last_character_of_all_is_passed_over() {
        assert_eq!(
            Position::after_prefix("a\u{10ffff}"),
            Some(Position::at("b"))
        );
        assert_eq!(Position::after_prefix("\u{10ffff}"), None);
        assert_eq!(
            Position::after_prefix("\u{d7ff}"),
            Some(Position::at("\u{e000}"))
        );
    }

    #[test]
    fn a_common_prefix_ends_with_the_first_delimiter_after_the_prefix() {
        assert_eq!(common_prefix("a/b/c", "a/", "/"), Some("a/b/"));
        assert_eq!(common_prefix("a//c", "a/", "/"), Some("a//"));
        assert_eq!(common_prefix("a/b", "a/", "/"), None);
        assert_eq!(common_prefix("x/b", "a/", "/"), None);
    }
}
