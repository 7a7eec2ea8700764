//! What every `Table` must do.
//!
//! The table must be empty before; items are left behind.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::table::query_all;
use crate::{ErrorKind, Expect, Item, Key, Table, TableError, Write};

/// The whole contract of [`Table`].
pub async fn table_contract(table: &dyn Table) {
    expectations(table).await;
    all_or_nothing(table).await;
    checks(table).await;
    refusals(table).await;
    order_and_pages(table).await;
    due_index(table).await;
    records(table).await;
}

fn key(pk: &str, sk: &str) -> Key {
    Key {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
    }
}

fn put(key: &Key, body: Value, expect: Expect) -> Write {
    put_due(key, body, expect, None)
}

fn put_due(key: &Key, body: Value, expect: Expect, due: Option<Timestamp>) -> Write {
    Write::Put {
        key: key.clone(),
        body: body.into(),
        expect,
        due,
        expires: None,
    }
}

fn check(key: &Key, expect: Expect) -> Write {
    Write::Check {
        key: key.clone(),
        expect,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a time of our years")
}

async fn get(table: &dyn Table, key: &Key) -> Option<Item> {
    table.get(key).await.expect("a read is answered")
}

async fn version(table: &dyn Table, key: &Key) -> Option<u64> {
    get(table, key).await.map(|item| item.version)
}

async fn write(table: &dyn Table, writes: Vec<Write>) {
    table
        .transact(writes)
        .await
        .expect("a write is carried out");
}

async fn conflict(table: &dyn Table, writes: Vec<Write>, key: &Key) {
    assert_eq!(
        table.transact(writes).await,
        Err(TableError::Conflict { key: key.clone() }),
        "a failed condition is a conflict that names the first item that failed"
    );
}

async fn expectations(table: &dyn Table) {
    let a = key("expect#p", "a");
    assert_eq!(get(table, &a).await, None, "nothing is there at first");
    conflict(table, vec![put(&a, json!({}), Expect::Version(1))], &a).await;
    assert_eq!(get(table, &a).await, None, "a conflict writes nothing");

    write(table, vec![put(&a, json!({ "n": 1 }), Expect::Absent)]).await;
    let stored = Item {
        key: a.clone(),
        version: 1,
        body: json!({ "n": 1 }).into(),
    };
    assert_eq!(get(table, &a).await, Some(stored), "the first version is 1");
    // The very same write again is another write, not a repetition of the first.
    conflict(table, vec![put(&a, json!({ "n": 1 }), Expect::Absent)], &a).await;

    write(table, vec![put(&a, json!({ "n": 2 }), Expect::Version(1))]).await;
    conflict(
        table,
        vec![put(&a, json!({ "n": 2 }), Expect::Version(1))],
        &a,
    )
    .await;
    assert_eq!(
        version(table, &a).await,
        Some(2),
        "a version grows once for each write"
    );

    let b = key("expect#p", "b");
    write(table, vec![put(&b, json!({ "n": "x" }), Expect::Any)]).await;
    assert_eq!(version(table, &b).await, Some(1), "new by Any");
    write(table, vec![put(&b, json!({ "n": "y" }), Expect::Any)]).await;
    write(table, vec![put(&b, json!({ "n": "x" }), Expect::Any)]).await;
    let item = get(table, &b).await.expect("it is there");
    assert_eq!(
        (item.version, item.body.value()),
        (3, json!({ "n": "x" })),
        "Any overwrites, a body seen before too, and the version grows"
    );
    write(table, vec![]).await;
}

async fn all_or_nothing(table: &dyn Table) {
    let [a, b, c] = ["a", "b", "c"].map(|sk| key("all#p", sk));
    write(table, vec![put(&b, json!({}), Expect::Absent)]).await;
    let writes = vec![
        put(&a, json!({}), Expect::Absent),
        put(&b, json!({ "changed": true }), Expect::Absent),
        put(&c, json!({}), Expect::Version(9)),
    ];
    conflict(table, writes, &b).await;
    assert_eq!(version(table, &a).await, None, "none of them");
    assert_eq!(
        get(table, &b).await.map(|b| b.body.value()),
        Some(json!({}))
    );
    write(
        table,
        vec![
            put(&a, json!({}), Expect::Absent),
            put(&b, json!({}), Expect::Version(1)),
            put(&c, json!({}), Expect::Any),
        ],
    )
    .await;
    for (key, expected) in [(&a, 1), (&b, 2), (&c, 1)] {
        assert_eq!(version(table, key).await, Some(expected), "all of them");
    }
}

async fn checks(table: &dyn Table) {
    let [a, b] = ["a", "b"].map(|sk| key("check#p", sk));
    write(table, vec![check(&a, Expect::Absent)]).await;
    conflict(table, vec![check(&a, Expect::Version(1))], &a).await;
    write(
        table,
        vec![
            put(&a, json!({}), Expect::Absent),
            check(&b, Expect::Absent),
        ],
    )
    .await;
    assert_eq!(version(table, &b).await, None, "a check writes nothing");
    // It passed a moment ago, word for word.
    conflict(table, vec![check(&a, Expect::Absent)], &a).await;
    write(
        table,
        vec![
            check(&a, Expect::Version(1)),
            put(&b, json!({}), Expect::Absent),
        ],
    )
    .await;
    assert_eq!(
        version(table, &a).await,
        Some(1),
        "a check leaves the version"
    );
    conflict(
        table,
        vec![
            put(&b, json!({}), Expect::Version(1)),
            check(&a, Expect::Version(2)),
        ],
        &a,
    )
    .await;
    assert_eq!(
        version(table, &b).await,
        Some(1),
        "a failed check stops the rest"
    );
    write(table, vec![check(&a, Expect::Any)]).await;
}

async fn refusals(table: &dyn Table) {
    let refused = |result: Result<(), TableError>, what: &str| match result {
        Err(TableError::Port(error)) => assert_eq!(error.kind, ErrorKind::Invalid, "{what}"),
        other => panic!("{what} is refused as invalid, not {other:?}"),
    };
    let a = key("refused#p", "a");
    let twice = vec![put(&a, json!({}), Expect::Any), check(&a, Expect::Absent)];
    refused(table.transact(twice).await, "two writes on one item");
    let puts = |count: u32| -> Vec<Write> {
        (0..count)
            .map(|n| {
                put(
                    &key("many#p", &format!("{n:03}")),
                    json!({ "n": n }),
                    Expect::Any,
                )
            })
            .collect()
    };
    refused(table.transact(puts(101)).await, "101 writes");
    assert_eq!(version(table, &key("many#p", "000")).await, None);
    write(table, puts(100)).await;
    refused(
        table
            .transact(vec![put(&a, json!(["no", "object"]), Expect::Any)])
            .await,
        "a record that is no object",
    );
    assert_eq!(version(table, &a).await, None, "a refusal writes nothing");
}

async fn order_and_pages(table: &dyn Table) {
    let partition = "order#p";
    for sk in ["run#2", "run#10", "zebra", "run#1", "ärger", "a"] {
        write(
            table,
            vec![put(
                &key(partition, sk),
                json!({ "sk": sk }),
                Expect::Absent,
            )],
        )
        .await;
    }
    write(
        table,
        vec![put(&key("order#other", "run#3"), json!({}), Expect::Absent)],
    )
    .await;
    assert_eq!(
        sort_keys(table, partition, "", 100, false).await,
        ["a", "run#1", "run#10", "run#2", "zebra", "ärger"],
        "by the bytes of the sort key, one partition only"
    );
    for limit in [1, 2, 3, 100] {
        assert_eq!(
            sort_keys(table, partition, "run#", limit, false).await,
            ["run#1", "run#10", "run#2"],
            "by prefix, {limit} a page"
        );
        assert_eq!(
            sort_keys(table, partition, "run#", limit, true).await,
            ["run#2", "run#10", "run#1"],
            "the newest first, {limit} a page"
        );
    }
    let after = table
        .query(partition, "run#", Some("run#1"), 10, false)
        .await
        .expect("a query is answered");
    assert_eq!(after.items.len(), 2, "the start itself is left out");
    assert_eq!(after.items[0].body, json!({ "sk": "run#10" }));
    let none = query_all(table, "order#nobody", "")
        .await
        .expect("a query is answered");
    assert!(none.is_empty(), "no such partition, no items");
    let all = query_all(table, partition, "")
        .await
        .expect("a query is answered");
    assert_eq!(all.len(), 6);
}

async fn sort_keys(
    table: &dyn Table,
    partition: &str,
    prefix: &str,
    limit: u32,
    newest_first: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..100 {
        let page = table
            .query(partition, prefix, after.as_deref(), limit, newest_first)
            .await
            .expect("a query is answered");
        assert!(page.items.len() <= limit as usize, "at most {limit} a page");
        found.extend(page.items.into_iter().map(|item| item.key.sk));
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
    panic!("the pages of {partition} never end");
}

async fn due_index(table: &dyn Table) {
    let [a, b, c] = ["a", "b", "c"].map(|sk| key("duty#p", sk));
    let other = key("dutiful#p", "a");
    let first = |due| put_due(&a, json!({}), Expect::Absent, due);
    write(
        table,
        vec![
            first(Some(at(300))),
            put_due(&b, json!({}), Expect::Absent, Some(at(100))),
            put_due(&c, json!({}), Expect::Absent, None),
            put_due(&other, json!({}), Expect::Absent, Some(at(50))),
        ],
    )
    .await;
    assert_eq!(due(table, 99, 10).await, [] as [Key; 0], "not yet");
    assert_eq!(
        due(table, 100, 10).await,
        std::slice::from_ref(&b),
        "due at that time"
    );
    assert_eq!(
        due(table, 1_000, 10).await,
        [b.clone(), a.clone()],
        "the longest due first"
    );
    assert_eq!(
        due(table, 1_000, 1).await,
        std::slice::from_ref(&b),
        "at most as many as asked"
    );

    write(
        table,
        vec![
            put_due(&b, json!({}), Expect::Version(1), Some(at(400))),
            put_due(&c, json!({}), Expect::Version(1), Some(at(350))),
        ],
    )
    .await;
    assert_eq!(
        due(table, 1_000, 10).await,
        [a.clone(), c.clone(), b.clone()],
        "moved and added"
    );
    write(
        table,
        vec![
            put(&a, json!({}), Expect::Version(1)),
            put(&c, json!({}), Expect::Any),
        ],
    )
    .await;
    assert_eq!(
        due(table, 1_000, 10).await,
        std::slice::from_ref(&b),
        "what is not due any more leaves the index"
    );
    write(table, vec![check(&b, Expect::Version(2))]).await;
    assert_eq!(due(table, 1_000, 10).await, [b], "a check changes nothing");
}

async fn due(table: &dyn Table, until: i64, limit: u32) -> Vec<Key> {
    table
        .due("duty", at(until), limit)
        .await
        .expect("the index is read")
}

async fn records(table: &dyn Table) {
    let record = json!({
        "largest": u64::MAX, "smallest": i64::MIN, "whole": 7, "zero": 0,
        "fraction": 0.1, "third": 1.0 / 3.0, "float": 1.0, "huge": 1e300, "tiny": 1e-300,
        "text": "1.0", "empty": "", "unicode": "für Ærlighed 🌱", "nothing": null, "yes": true,
        "list": [1, 2.5, 3.0, "4", [], {}], "odd keys": { "a.b": 2, "$f64": 3, "#": { "$f64": "4.0" } },
    });
    let a = key("record#p", "a");
    write(
        table,
        vec![Write::Put {
            key: a.clone(),
            body: record.clone().into(),
            expect: Expect::Absent,
            due: None,
            expires: Some(at(4_000_000_000)),
        }],
    )
    .await;
    let item = get(table, &a).await.expect("it is there");
    assert_eq!(item.body, record, "a record comes back as it went in");
    assert_eq!(item.body.value().to_string(), record.to_string());
}
