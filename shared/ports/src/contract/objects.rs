//! The bucket: versions, whole writes, and any key.

use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;

use super::{Objects, Setup, World, kind};
use crate::objects::{list_all, read_all};
use crate::{CopyFrom, ErrorKind};

/// Keys that something between here and the bucket could spoil.
const STRANGE: [&str; 14] = [
    "data/p/a b.jsonl",
    "data/p/a+b.jsonl",
    "data/p/a%b.jsonl",
    "data/p/a%20b.jsonl",
    "data/p/a%2Bb%2F.jsonl",
    "data/p/größe/Ærø.jsonl",
    "data/p/gro\u{308}ße.jsonl",
    "data/p/種/🌱.jsonl",
    "data/p/a&b<c>'d'\"e\".jsonl",
    "data/p/a?b#c=d;e.jsonl",
    "data/p/a:b@c$d,e!f*g(h).jsonl",
    "data/p/a//b.jsonl",
    "data/p/ lead and trail ",
    "data/p/~tilde^caret`tick|pipe.jsonl",
];

/// The whole contract of [`crate::ReadObjects`] and [`crate::WriteObjects`].
pub async fn objects_contract(setup: &Setup<'_>) {
    let Setup { world, objects, .. } = setup;
    versions(*world, *objects).await;
    sinks(*objects).await;
    copies(*objects).await;
    replaced_while_read(*objects).await;
    strange_keys(*objects).await;
    many(*world, *objects).await;
}

async fn put(objects: &dyn Objects, key: &str, body: &str) {
    let body = Bytes::copy_from_slice(body.as_bytes());
    objects
        .put(key, body, "application/json")
        .await
        .expect("written");
}

async fn text(objects: &dyn Objects, key: &str, version: Option<&str>) -> String {
    let body = read_all(objects, key, version, 1024).await;
    String::from_utf8(body.expect("read")).expect("text")
}

async fn current(objects: &dyn Objects, key: &str) -> Option<String> {
    let info = objects.head(key).await.expect("answered")?;
    assert_eq!(info.key, key);
    Some(info.version)
}

async fn keys(objects: &dyn Objects, prefix: &str) -> Vec<String> {
    let all = list_all(objects, prefix).await.expect("listed");
    all.into_iter().map(|info| info.key).collect()
}

async fn missing(objects: &dyn Objects, key: &str, version: Option<&str>) {
    let opened = objects.open(key, version).await;
    assert_eq!(kind(opened), Some(ErrorKind::NotFound), "{key} {version:?}");
}

async fn versions(world: &dyn World, objects: &dyn Objects) {
    let key = "reports/p/report.json";
    assert_eq!(current(objects, key).await, None, "nothing is there");
    missing(objects, key, None).await;
    assert_eq!(keys(objects, "reports/").await, [] as [&str; 0]);

    let before = world.now();
    put(objects, key, "first").await;
    let first = objects.head(key).await.expect("answered").expect("there");
    assert_eq!(first.size, 5);
    let age = first.modified.duration_since(before).abs().as_secs();
    assert!(age < 30, "written at {before}, not at {}", first.modified);
    put(objects, key, "the second").await;
    let second = current(objects, key).await.expect("there");
    assert_ne!(first.version, second, "another write, another version");
    assert_eq!(text(objects, key, None).await, "the second");
    assert_eq!(text(objects, key, Some(&first.version)).await, "first");
    assert_eq!(text(objects, key, Some(&second)).await, "the second");
    let listed = objects.list("reports/", None).await.expect("listed");
    assert_eq!(listed.len(), 1, "one key, whatever its versions");
    assert_eq!((&listed[0].version, listed[0].size), (&second, 10));
    let head = objects.head(key).await.expect("answered");
    assert_eq!(head.as_ref(), Some(&listed[0]), "head and list agree");

    world.delete_object(key).await;
    assert_eq!(
        current(objects, key).await,
        None,
        "a delete marker is nothing"
    );
    missing(objects, key, None).await;
    assert_eq!(keys(objects, "reports/").await, [] as [&str; 0]);
    assert_eq!(text(objects, key, Some(&second)).await, "the second");
    world.delete_version(key, &second).await;
    missing(objects, key, Some(&second)).await;
    assert_eq!(text(objects, key, Some(&first.version)).await, "first");
    put(objects, key, "the third").await;
    assert_eq!(text(objects, key, None).await, "the third");
    put(objects, "reports/p/empty", "").await;
    assert_eq!(text(objects, "reports/p/empty", None).await, "");
    let empty = objects.head("reports/p/empty").await.expect("answered");
    assert_eq!(empty.map(|info| info.size), Some(0));
    let long = read_all(objects, key, None, 8).await;
    assert_eq!(kind(long), Some(ErrorKind::Invalid), "over the limit");
}

/// Small, and large enough for several parts, which the service joins.
async fn sinks(objects: &dyn Objects) {
    let bytes: Bytes = (0..17 * 1024 * 1024_u32)
        .map(|n| (n / 1021 + n) as u8)
        .collect();
    for (key, size) in [
        ("shards/p/none", 0),
        ("shards/p/small", 1_000),
        ("shards/p/part", 8 * 1024 * 1024),
        ("shards/p/part and one", 8 * 1024 * 1024 + 1),
        ("shards/p/large", bytes.len()),
    ] {
        let body = bytes.slice(..size);
        let mut sink = objects
            .create(key, "application/jsonl")
            .await
            .expect("a sink");
        for piece in body.chunks(700_001) {
            sink.write(Bytes::copy_from_slice(piece))
                .await
                .expect("written");
        }
        assert_eq!(
            current(objects, key).await,
            None,
            "{key} is not there before it is whole"
        );
        assert!(!keys(objects, "shards/").await.contains(&key.to_owned()));
        sink.finish().await.expect("finished");
        let read = read_all(objects, key, None, bytes.len())
            .await
            .expect("read");
        assert!(read == body, "{key} comes back as it was written");
        let info = objects.head(key).await.expect("answered").expect("there");
        assert_eq!(info.size, size as u64);
    }
    let before = current(objects, "shards/p/small").await;
    for size in [10, bytes.len()] {
        for key in ["shards/p/aborted", "shards/p/small"] {
            let mut sink = objects
                .create(key, "application/jsonl")
                .await
                .expect("a sink");
            sink.write(bytes.slice(..size)).await.expect("written");
            sink.abort().await;
        }
        assert_eq!(current(objects, "shards/p/aborted").await, None);
        assert_eq!(current(objects, "shards/p/small").await, before);
    }
    assert_eq!(
        keys(objects, "shards/").await,
        [
            "shards/p/large",
            "shards/p/none",
            "shards/p/part",
            "shards/p/part and one",
            "shards/p/small"
        ],
        "an aborted sink leaves nothing"
    );
}

/// An object whose bytes the service copies, between some that are written.
async fn copies(objects: &dyn Objects) {
    const MIB: usize = 1024 * 1024;
    let bytes: Bytes = (0..16 * MIB as u32).map(|n| (n / 1021 + n) as u8).collect();
    let key = "shards/q/from a+b";
    let mut sink = objects.create(key, "text/plain").await.expect("a sink");
    sink.write(bytes.clone()).await.expect("written");
    let tag = sink.finish().await.expect("finished");
    let info = objects.head(key).await.expect("answered").expect("there");
    assert_eq!(info.tag, tag, "the tag that was answered is the object's");
    let listed = objects.list("shards/q/", None).await.expect("listed");
    assert_eq!(listed[0].tag, tag);
    let from = |range: Range<usize>| CopyFrom {
        key: key.into(),
        tag: tag.clone(),
        range: range.start as u64..range.end as u64,
    };

    for range in [0..1, 0..16 * MIB, 7..9 * MIB + 1, 16 * MIB - 1..16 * MIB] {
        let (start, end) = (range.start as u64, range.end as u64);
        let mut stream = objects
            .open_range(key, &tag, start..end)
            .await
            .expect("opened");
        let mut read = Vec::new();
        while let Some(some) = stream.next().await.expect("read") {
            read.extend_from_slice(&some);
        }
        assert!(read == bytes[range.clone()], "{range:?}");
    }

    // First a copy, then a part that is filled up, a copy, two copies after each other, and a short end.
    let mut sink = objects
        .create("shards/q/to", "text/plain")
        .await
        .expect("a sink");
    sink.copy(from(3..6 * MIB)).await.expect("copied");
    for piece in bytes[..5 * MIB + 1].chunks(700_001) {
        sink.write(Bytes::copy_from_slice(piece))
            .await
            .expect("written");
    }
    sink.copy(from(5 * MIB..10 * MIB)).await.expect("copied");
    sink.copy(from(11 * MIB..16 * MIB)).await.expect("copied");
    // As much as leaves a rest of less than the smallest part if it is cut into equal ones.
    sink.write(bytes.slice(..9 * MIB)).await.expect("written");
    sink.copy(from(0..16 * MIB)).await.expect("copied");
    sink.write(bytes.slice(..10)).await.expect("written");
    assert_eq!(current(objects, "shards/q/to").await, None);
    sink.finish().await.expect("finished");
    let expected = [
        &bytes[3..6 * MIB],
        &bytes[..5 * MIB + 1],
        &bytes[5 * MIB..10 * MIB],
        &bytes[11 * MIB..],
        &bytes[..9 * MIB],
        &bytes[..],
        &bytes[..10],
    ]
    .concat();
    let read = read_all(objects, "shards/q/to", None, expected.len()).await;
    assert!(read.expect("read") == expected, "all bytes, in order");

    let aborted = "shards/q/aborted";
    let mut sink = objects.create(aborted, "text/plain").await.expect("a sink");
    sink.copy(from(0..8 * MIB)).await.expect("copied");
    sink.abort().await;
    assert_eq!(current(objects, aborted).await, None);

    // Bytes of another object than the one that is meant never come along.
    put(objects, key, "another").await;
    let range = 0..8 * MIB as u64;
    let opened = objects.open_range(key, &tag, range).await;
    assert_eq!(kind(opened), Some(ErrorKind::Conflict));
    assert_eq!(
        copy_fails(objects, from(0..8 * MIB)).await,
        ErrorKind::Conflict
    );
    let gone = CopyFrom {
        key: "shards/q/nobody".into(),
        ..from(0..8 * MIB)
    };
    assert_eq!(copy_fails(objects, gone).await, ErrorKind::NotFound);
    let opened = objects.open_range("shards/q/nobody", &tag, 0..1).await;
    assert_eq!(kind(opened), Some(ErrorKind::NotFound));
}

/// What a copy that cannot be made ends in, at once or at the end.
async fn copy_fails(objects: &dyn Objects, from: CopyFrom) -> ErrorKind {
    let key = "shards/q/failed";
    let mut sink = objects.create(key, "text/plain").await.expect("a sink");
    let error = match sink.copy(from).await {
        Err(error) => {
            sink.abort().await;
            error
        }
        Ok(()) => sink.finish().await.expect_err("nothing to copy"),
    };
    assert_eq!(current(objects, key).await, None);
    error.kind
}

/// What is read is one version, however long it takes.
async fn replaced_while_read(objects: &dyn Objects) {
    let key = "reports/p/replaced";
    let first = Bytes::from(vec![b'1'; 17 * 1024 * 1024]);
    objects
        .put(key, first.clone(), "text/plain")
        .await
        .expect("written");
    let version = current(objects, key).await.expect("there");
    let mut stream = objects.open(key, Some(&version)).await.expect("opened");
    let mut read = 0;
    while let Some(bytes) = stream.next().await.expect("read") {
        if read == 0 {
            put(objects, key, "another").await;
        }
        assert!(bytes.iter().all(|byte| *byte == b'1'), "after {read} bytes");
        read += bytes.len();
    }
    assert_eq!(read, first.len());
    assert_eq!(text(objects, key, None).await, "another");
}

async fn strange_keys(objects: &dyn Objects) {
    for key in STRANGE {
        put(objects, key, key).await;
    }
    for key in STRANGE {
        assert_eq!(text(objects, key, None).await, key);
        let version = current(objects, key).await.expect(key);
        assert_eq!(text(objects, key, Some(&version)).await, key);
        assert_eq!(keys(objects, key).await, [key], "as a prefix");
        let after = objects.list("data/p/", Some(key)).await.expect("listed");
        assert!(
            after.iter().all(|info| info.key.as_str() > key),
            "after {key}"
        );
    }
    let mut sorted = STRANGE.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(keys(objects, "data/p/").await, sorted, "by their bytes");
}

/// More than one page, and pages without anything current.
async fn many(world: &dyn World, objects: &dyn Objects) {
    let name = |n: usize| format!("work/p/{n:05}");
    let all: Vec<String> = (0..1_203).map(name).collect();
    for some in all.chunks(20) {
        let puts = some.iter().map(|key| put(objects, key, "x"));
        futures::future::join_all(puts).await;
    }
    assert_eq!(keys(objects, "work/p/").await, all, "page after page");
    let page = objects.list("work/p/", None).await.expect("listed");
    assert!(!page.is_empty() && page.len() <= 1_000, "{}", page.len());
    let after = objects.list("work/p/", Some(&name(1_200))).await;
    let after: Vec<String> = after
        .expect("listed")
        .into_iter()
        .map(|info| info.key)
        .collect();
    assert_eq!(after, all[1_201..], "after a key that is there");
    let between = objects.list("work/p/", Some("work/p/01200!")).await;
    assert_eq!(between.expect("listed").len(), 2, "after one that is not");
    let end = objects.list("work/p/", Some(&name(1_202))).await;
    assert_eq!(end, Ok(vec![]), "after the last");
    let before = objects.list("work/p/", Some("a")).await.expect("listed");
    assert_eq!(before[0].key, all[0], "after a key before the prefix");

    // A page of nothing but delete markers and old versions is not the end.
    for some in all[..1_200].chunks(20) {
        let gone = some.iter().map(|key| world.delete_object(key));
        futures::future::join_all(gone).await;
    }
    assert_eq!(keys(objects, "work/p/").await, all[1_200..]);
    let unique: BTreeSet<String> = keys(objects, "work/").await.into_iter().collect();
    assert_eq!(unique.len(), 3);
    assert_eq!(keys(objects, "nobody/").await, [] as [&str; 0]);
}
