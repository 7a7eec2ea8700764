//! Tests of the table's twin, beyond the contract that every table passes.

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::memory::now;

fn key(sk: &str) -> Key {
    Key {
        pk: "run#p".into(),
        sk: sk.into(),
    }
}

fn put(sk: &str, expect: Expect, due: Option<Timestamp>, expires: Option<Timestamp>) -> Write {
    Write::Put {
        key: key(sk),
        body: json!({ "sk": sk }).into(),
        expect,
        due,
        expires,
    }
}

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

fn due(table: &MemoryTable) -> Vec<String> {
    now(table.due("run", Timestamp::MAX, 10))
        .expect("read")
        .into_iter()
        .map(|key| key.sk)
        .collect()
}

#[test]
fn it_keeps_the_contract_of_tables() {
    now(crate::contract::table_contract(&MemoryTable::default()));
}

#[test]
fn the_index_lags_behind_writes_and_catches_up() {
    let table = MemoryTable::default();
    table.set_index_lag(2);
    let write = |sk, due| now(table.transact(vec![put(sk, Expect::Any, due, None)])).expect("ok");
    write("a", at(5));
    write("b", at(3));
    assert_eq!(due(&table), [] as [&str; 0], "neither is shown yet");
    assert_eq!(due(&table), ["a"], "a has waited for a write and a read");
    assert_eq!(due(&table), ["b", "a"]);
    write("a", None);
    assert_eq!(table.due_of(&key("a")), None);
    assert_eq!(due(&table), ["b", "a"], "what is done still shows");
    table.set_index_lag(0);
    assert_eq!(due(&table), ["b"]);
}

#[test]
fn a_lost_answer_leaves_the_write_and_a_fault_does_not() {
    let table = MemoryTable::default();
    table.faults.lose_answer_next(operation::TRANSACT, 1);
    table
        .faults
        .fail_next(operation::TRANSACT, ErrorKind::Throttled, 1);
    let write = |sk| now(table.transact(vec![put(sk, Expect::Absent, None, None)]));
    for (sk, kind) in [("a", ErrorKind::Unanswered), ("b", ErrorKind::Throttled)] {
        match write(sk) {
            Err(TableError::Port(error)) => assert_eq!(error.kind, kind),
            other => panic!("{other:?}"),
        }
    }
    assert!(table.peek(&key("a")).is_some());
    assert!(table.peek(&key("b")).is_none());
    assert_eq!(write("a"), Err(TableError::Conflict { key: key("a") }));
    assert_eq!(table.items().len(), 1);
}

#[test]
fn what_expired_is_forgotten_when_told() {
    let table = MemoryTable::default();
    let start = at(100).expect("a time");
    let later = start + SignedDuration::from_secs(10);
    now(table.transact(vec![
        put("a", Expect::Absent, at(1), Some(start)),
        put("b", Expect::Absent, at(1), Some(later)),
        put("c", Expect::Absent, None, None),
    ]))
    .expect("written");
    assert_eq!(table.forget(start), [key("a")]);
    assert_eq!(due(&table), ["b"]);
    let again = put("a", Expect::Absent, None, None);
    now(table.transact(vec![again])).expect("it is new again");
    assert_eq!(table.peek(&key("a")).map(|item| item.version), Some(1));
}

#[test]
fn what_dynamodb_would_refuse_is_refused() {
    let table = MemoryTable::default();
    let mut large = put("a", Expect::Any, None, None);
    if let Write::Put { body, .. } = &mut large {
        *body = json!({ "text": "x".repeat(LARGEST_ITEM) }).into();
    }
    let long = put(&"s".repeat(1_025), Expect::Any, None, None);
    let empty = put("", Expect::Any, None, None);
    for write in [large, long, empty] {
        match now(table.transact(vec![write])) {
            Err(TableError::Port(error)) => assert_eq!(error.kind, ErrorKind::Invalid),
            other => panic!("{other:?}"),
        }
    }
}
