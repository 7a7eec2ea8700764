//! Writes: all or none, by `TransactWriteItems`, also for a single one.
//!
//! The client token is the one that the SDK makes anew for each call and keeps for its own retries. So a retry after a
//! lost answer is no second write, nor a false conflict with the first. A token made from the content would go
//! wrong: DynamoDB remembers it for ten minutes and answers "done" without looking. A check that passed
//! would still pass after its item was changed, `A, B, A` written with `Expect::Any` would stay at `B`, and two
//! workers that decide the same at the same version would both be told that they were first.
//! Source: Amazon DynamoDB API Reference, `TransactWriteItems`, `ClientRequestToken`.

use std::collections::HashSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::floor_milliseconds;
use perennial_ports::{Body, ErrorKind, Expect, Key, PortError, TableError, Write};

use crate::definition::{BODY, DUE_AT, DUE_KIND, PK, SK, TTL_ATTRIBUTE, VERSION};
use crate::table::{Attributes, number, text};
use crate::{numbers, size};

const OPERATION: &str = "dynamodb:TransactWriteItems";

/// DynamoDB's limit for one transaction. Source: Amazon DynamoDB API Reference, `TransactWriteItems`.
const MOST_WRITES: usize = 100;

/// DynamoDB's limits for a partition key and a sort key, in bytes.
const LONGEST_PK: usize = 2048;
const LONGEST_SK: usize = 1024;

/// Carries out all of the writes or none.
pub(crate) async fn carry_out(
    client: &Client,
    table: &str,
    writes: Vec<Write>,
) -> Result<(), TableError> {
    if writes.is_empty() {
        return Ok(());
    }
    let keys: Vec<Key> = writes.iter().map(|write| key_of(write).clone()).collect();
    check(&keys)?;
    let items = writes
        .into_iter()
        .map(|write| in_dynamodbs_words(table, write))
        .collect::<Result<Vec<_>, _>>()?;
    let sent = client
        .transact_write_items()
        .set_transact_items(Some(items))
        .send()
        .await;
    let Err(error) = sent else {
        return Ok(());
    };
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().to_vec()
        }
        _ => Vec::new(),
    };
    Err(cancelled(&keys, &reasons).unwrap_or_else(|| port_error(OPERATION, error).into()))
}

fn key_of(write: &Write) -> &Key {
    match write {
        Write::Put { key, .. } | Write::Check { key, .. } => key,
    }
}

fn invalid(words: String) -> PortError {
    PortError::new(OPERATION, ErrorKind::Invalid, words)
}

fn check(keys: &[Key]) -> Result<(), PortError> {
    if keys.len() > MOST_WRITES {
        return Err(invalid(format!(
            "{} writes in one transaction, from {} on; DynamoDB takes {MOST_WRITES}: split them",
            keys.len(),
            keys[0]
        )));
    }
    let mut seen = HashSet::new();
    for key in keys {
        if !seen.insert(key) {
            return Err(invalid(format!(
                "{key} stands twice in one transaction; DynamoDB takes one write per item: merge the two"
            )));
        }
        let fits =
            (1..=LONGEST_PK).contains(&key.pk.len()) && (1..=LONGEST_SK).contains(&key.sk.len());
        if !fits {
            return Err(invalid(format!(
                "the key {key} does not fit: DynamoDB takes 1 to {LONGEST_PK} bytes for the partition and 1 to \
                 {LONGEST_SK} for the sort key"
            )));
        }
    }
    Ok(())
}

fn in_dynamodbs_words(table: &str, write: Write) -> Result<TransactWriteItem, PortError> {
    match write {
        Write::Put {
            key,
            body,
            expect,
            due,
            expires,
        } => {
            let record = record(&key, body, due, expires)?;
            match expect {
                Expect::Absent => put(table, record, 1, None),
                Expect::Version(version) => put(table, record, version + 1, Some(version)),
                Expect::Any => overwrite(table, &key, record),
            }
        }
        Write::Check { key, expect } => condition(table, &key, expect),
    }
}

/// Everything but the version. What is not due and does not expire has no such attribute.
fn record(
    key: &Key,
    body: Body,
    due: Option<Timestamp>,
    expires: Option<Timestamp>,
) -> Result<Attributes, PortError> {
    if !body.is_object() {
        return Err(invalid(format!(
            "the record of {key} is no JSON object; store an object"
        )));
    }
    let body = numbers::to_attribute(body.value())
        .map_err(|error| invalid(format!("the record of {key} cannot be stored: {error}")))?;
    let mut record = Attributes::from([
        (PK.to_owned(), text(&key.pk)),
        (SK.to_owned(), text(&key.sk)),
        (BODY.to_owned(), body),
    ]);
    if let Some(due) = due {
        record.insert(DUE_KIND.to_owned(), text(key.kind()));
        record.insert(DUE_AT.to_owned(), number(floor_milliseconds(due)));
    }
    if let Some(expires) = expires {
        record.insert(TTL_ATTRIBUTE.to_owned(), number(expires.as_second()));
    }
    let size = size::item(&record);
    if size > size::LARGEST_ITEM {
        return Err(invalid(format!(
            "the record of {key} has about {size} bytes; DynamoDB takes {}: keep what is long in the bucket and only \
             its object key in the record",
            size::LARGEST_ITEM
        )));
    }
    Ok(record)
}

fn put(
    table: &str,
    mut record: Attributes,
    version: u64,
    expected: Option<u64>,
) -> Result<TransactWriteItem, PortError> {
    record.insert(VERSION.to_owned(), number(version));
    let put = Put::builder().table_name(table).set_item(Some(record));
    let put = match expected {
        None => put
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK),
        Some(expected) => put
            .condition_expression("#version = :expected")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":expected", number(expected)),
    };
    let put = put.build().map_err(|error| invalid(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// An update and no put, as the version has to grow by one from whatever it is.
fn overwrite(
    table: &str,
    key: &Key,
    mut record: Attributes,
) -> Result<TransactWriteItem, PortError> {
    let mut update = Update::builder()
        .table_name(table)
        .key(PK, text(&key.pk))
        .key(SK, text(&key.sk))
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_values(":none", number(0))
        .expression_attribute_values(":one", number(1));
    let mut set = "SET #version = if_not_exists(#version, :none) + :one".to_owned();
    let mut remove = Vec::new();
    for name in [BODY, DUE_KIND, DUE_AT, TTL_ATTRIBUTE] {
        update = update.expression_attribute_names(format!("#{name}"), name);
        match record.remove(name) {
            Some(value) => {
                set.push_str(&format!(", #{name} = :{name}"));
                update = update.expression_attribute_values(format!(":{name}"), value);
            }
            None => remove.push(format!("#{name}")),
        }
    }
    if !remove.is_empty() {
        set.push_str(&format!(" REMOVE {}", remove.join(", ")));
    }
    let update = update
        .update_expression(set)
        .build()
        .map_err(|error| invalid(error.to_string()))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn condition(table: &str, key: &Key, expect: Expect) -> Result<TransactWriteItem, PortError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .key(PK, text(&key.pk))
        .key(SK, text(&key.sk));
    let check = match expect {
        Expect::Absent => check
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK),
        Expect::Version(version) => check
            .condition_expression("#version = :expected")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":expected", number(version)),
        Expect::Any => check
            .condition_expression("attribute_exists(#pk) OR attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK),
    };
    let check = check.build().map_err(|error| invalid(error.to_string()))?;
    Ok(TransactWriteItem::builder().condition_check(check).build())
}

/// What a cancelled transaction means. There is one reason per write, in their order, and nothing was written.
///
/// Another transaction at work on the same item counts as a conflict of that item: it is about to change it. A failed
/// condition goes before everything else, as trying again would not help.
fn cancelled(keys: &[Key], reasons: &[CancellationReason]) -> Option<TableError> {
    let first = |codes: &[&str]| {
        reasons
            .iter()
            .zip(keys)
            .find(|(reason, _)| reason.code().is_some_and(|code| codes.contains(&code)))
    };
    let said = |kind, (reason, key): (&CancellationReason, &Key)| {
        let code = reason.code().unwrap_or_default();
        let message = reason.message().unwrap_or("no further words");
        TableError::Port(PortError::new(
            OPERATION,
            kind,
            format!("{key}: {code}: {message}"),
        ))
    };
    if let Some((_, key)) = first(&["ConditionalCheckFailed"]) {
        return Some(TableError::Conflict { key: key.clone() });
    }
    if let Some(found) = first(&["ValidationError", "ItemCollectionSizeLimitExceeded"]) {
        return Some(said(ErrorKind::Invalid, found));
    }
    if let Some((_, key)) = first(&["TransactionConflict"]) {
        return Some(TableError::Conflict { key: key.clone() });
    }
    if let Some(found) = first(&["AccessDenied"]) {
        return Some(said(ErrorKind::Denied, found));
    }
    first(&["ThrottlingError", "ProvisionedThroughputExceeded"])
        .map(|found| said(ErrorKind::Throttled, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(sk: &str) -> Key {
        Key {
            pk: "p".into(),
            sk: sk.into(),
        }
    }

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build())
            .collect()
    }

    #[test]
    fn the_first_failed_condition_is_named() {
        let keys = [key("a"), key("b"), key("c")];
        let of = |codes: &[&str]| cancelled(&keys, &reasons(codes));
        assert_eq!(
            of(&["TransactionConflict", "ConditionalCheckFailed", "None"]),
            Some(TableError::Conflict { key: key("b") })
        );
        assert_eq!(
            of(&["None", "ThrottlingError", "TransactionConflict"]),
            Some(TableError::Conflict { key: key("c") })
        );
        assert!(matches!(
            of(&["None", "None", "ThrottlingError"]),
            Some(TableError::Port(error)) if error.kind == ErrorKind::Throttled
        ));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn impossible_transactions_are_refused_before_they_are_sent() {
        let many: Vec<Key> = (0..101).map(|n| key(&n.to_string())).collect();
        let error = check(&many).expect_err("too many");
        assert!(error.message.contains("101 writes"), "{error}");
        assert!(check(&[key("a"), key("a")]).is_err());
        assert!(check(&[key("")]).is_err());
        assert!(check(&many[..100]).is_ok());
    }

    #[test]
    fn a_record_that_is_too_large_says_what_to_do() {
        let body = serde_json::json!({ "text": "x".repeat(410 * 1024) });
        let error = record(&key("a"), body.into(), None, None).expect_err("too large");
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(error.message.contains("in the bucket"), "{error}");
    }
}
