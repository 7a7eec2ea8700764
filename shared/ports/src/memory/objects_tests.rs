//! Tests of the bucket's twin.

use jiff::SignedDuration;

use super::*;
use crate::memory::now;
use crate::objects::{list_all, read_all};

fn bucket() -> (Arc<MemoryClock>, MemoryObjects) {
    let clock = Arc::new(MemoryClock::default());
    (
        clock.clone(),
        MemoryObjects::new(clock, Arc::new(Faults::default())),
    )
}

fn text(objects: &MemoryObjects, key: &str, version: Option<&str>) -> Result<String, ErrorKind> {
    now(read_all(objects, key, version, 1 << 20))
        .map(|bytes| String::from_utf8(bytes).expect("text"))
        .map_err(|error| error.kind)
}

#[test]
fn versions_stay_and_a_delete_hides_them() {
    let (clock, objects) = bucket();
    let first = objects.upload("data/p/a", "one");
    clock.advance(SignedDuration::from_secs(1));
    let second = objects.upload("data/p/a", "two!");
    let head = now(objects.head("data/p/a")).expect("answered");
    assert_eq!(
        head,
        Some(ObjectInfo {
            key: "data/p/a".into(),
            version: second,
            size: 4,
            modified: clock.now(),
            tag: objects.tag("data/p/a"),
        })
    );
    assert_eq!(text(&objects, "data/p/a", Some(&first)), Ok("one".into()));
    let marker = objects.delete("data/p/a");
    assert_eq!(now(objects.head("data/p/a")), Ok(None));
    assert_eq!(text(&objects, "data/p/a", None), Err(ErrorKind::NotFound));
    let at_marker = text(&objects, "data/p/a", Some(&marker));
    assert_eq!(at_marker, Err(ErrorKind::NotFound));
    assert_eq!(text(&objects, "data/p/a", Some(&first)), Ok("one".into()));
    assert!(objects.delete_version("data/p/a", &marker));
    assert_eq!(text(&objects, "data/p/a", None), Ok("two!".into()));
    assert!(objects.delete_version("data/p/a", &first));
    assert!(!objects.delete_version("data/p/a", &first));
    assert_eq!(
        text(&objects, "data/p/a", Some(&first)),
        Err(ErrorKind::NotFound)
    );
}

#[test]
fn a_sink_is_seen_only_once_finished() {
    let (_, objects) = bucket();
    let mut sink = now(objects.create("work/a", "text/plain")).expect("made");
    now(sink.write(Bytes::from_static(b"he"))).expect("written");
    now(sink.write(Bytes::from_static(b"llo"))).expect("written");
    assert_eq!(objects.read("work/a"), None);
    assert!(objects.take_events().is_empty());
    now(sink.finish()).expect("finished");
    assert_eq!(objects.read_text("work/a").as_deref(), Some("hello"));
    assert_eq!(
        objects.content_type("work/a").as_deref(),
        Some("text/plain")
    );

    let mut sink = now(objects.create("work/b", "text/plain")).expect("made");
    now(sink.write(Bytes::from_static(b"x"))).expect("written");
    now(sink.abort());
    assert_eq!(objects.keys("work/"), ["work/a"]);

    let mut large = now(objects.create("work/c", "text/plain")).expect("made");
    now(large.write(Bytes::from(vec![0; PART]))).expect("written");
    objects
        .inner
        .faults
        .fail_next(operation::COMPLETE_UPLOAD, ErrorKind::Unanswered, 1);
    now(large.finish()).expect_err("fails");
    assert_eq!(objects.read("work/c"), None);
}

#[test]
fn changes_become_events_once() {
    let (_, objects) = bucket();
    let version = objects.upload("data/p/für +%.jsonl", "hello");
    now(objects.put(
        "reports/p/r.json",
        Bytes::from_static(b"{}"),
        "application/json",
    ))
    .expect("put");
    let marker = objects.delete("data/p/für +%.jsonl");
    objects.delete_version("data/p/für +%.jsonl", &version);
    let events = objects.take_events();
    assert!(objects.take_events().is_empty());
    let created = &events[0];
    assert_eq!(created["detail-type"], "Object Created");
    assert_eq!(created["source"], "aws.s3");
    assert_eq!(created["time"], "2026-11-20T10:00:00Z");
    assert_eq!(created["detail"]["object"]["key"], "data/p/für +%.jsonl");
    assert_eq!(created["detail"]["object"]["size"], 5);
    assert_eq!(created["detail"]["object"]["version-id"], version);
    assert_eq!(created["detail"]["bucket"]["name"], BUCKET);
    assert_eq!(events[1]["detail"]["object"]["key"], "reports/p/r.json");
    assert_eq!(events[2]["detail-type"], "Object Deleted");
    assert_eq!(events[2]["detail"]["object"]["version-id"], marker);
    assert_eq!(
        events[2]["detail"]["deletion-type"],
        "Delete Marker Created"
    );
    assert_eq!(events[3]["detail"]["deletion-type"], "Permanently Deleted");
    assert_eq!(events[3]["detail"]["object"]["version-id"], version);
    let authors: Vec<Author> = objects.changes().iter().map(|change| change.by).collect();
    assert_eq!(
        authors,
        [Author::User, Author::Perennial, Author::User, Author::User]
    );
}

#[test]
fn lists_come_in_pages_without_the_deleted() {
    let (_, objects) = bucket();
    for n in 0..2_345 {
        objects.upload(&format!("data/p/{n:05}"), "x");
    }
    objects.upload("data/q", "x");
    objects.delete("data/p/00007");
    let page = now(objects.list("data/p/", None)).expect("listed");
    assert_eq!(page.len(), 1_000);
    let all = now(list_all(&objects, "data/p/")).expect("listed");
    assert_eq!(all.len(), 2_344);
    assert!(all.windows(2).all(|pair| pair[0].key < pair[1].key));
    let from = now(objects.list("data/p/", Some("a"))).expect("listed");
    assert_eq!(from.len(), 1_000, "after a key before the prefix");
}

#[test]
fn a_stream_comes_in_pieces() {
    let (_, objects) = bucket();
    objects.upload("a", "hello");
    objects.set_piece(2);
    let mut stream = now(objects.open("a", None)).expect("opened");
    let mut pieces = Vec::new();
    while let Some(piece) = now(stream.next()).expect("read") {
        pieces.push(piece);
    }
    assert_eq!(pieces, ["he", "ll", "o"]);
    objects.upload("empty", "");
    assert_eq!(text(&objects, "empty", None), Ok(String::new()));
}
