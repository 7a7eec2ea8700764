//! What goes on at the same time, over real connections: ranges ahead of a reader, parts behind a writer.

mod server;

use std::time::Duration;

use bytes::Bytes;
use perennial_ports::{ErrorKind, ReadObjects, WriteObjects};

use server::{Server, byte};

const MIB: u64 = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn ranges_come_in_order_at_most_four_at_a_time_whatever_breaks_off() {
    let server = Server::start(45 * MIB + 7);
    server.break_each_range_once_after(3 * MIB);
    let mut stream = server.bucket().open("a", None).await.expect("opened");
    let mut at = 0;
    while let Some(bytes) = stream.next().await.expect("read") {
        for (n, found) in (at..).zip(&bytes) {
            assert_eq!(*found, byte(n), "byte {n}");
        }
        at += bytes.len() as u64;
    }
    assert_eq!(at, 45 * MIB + 7);
    assert_eq!(server.asked(), 6 * 2, "six ranges, each broken off once");
    let most = server.most_at_once();
    assert!((2..=4).contains(&most), "{most} at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_asks_for_nothing_more() {
    let server = Server::start(1024 * MIB);
    let mut stream = server.bucket().open("a", None).await.expect("opened");
    for _ in 0..3 {
        stream.next().await.expect("read");
    }
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let asked = server.asked();
    assert!(asked <= 4, "{asked} ranges");
    server.wait_until_idle();
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_sent_while_the_next_is_filled_at_most_two_at_a_time() {
    let server = Server::start(0);
    let bucket = server.bucket();
    let mut sink = bucket
        .create("shards/a", "text/plain")
        .await
        .expect("a sink");
    let size = 37 * MIB + 11;
    let mut at = 0;
    while at < size {
        let end = size.min(at + 700_001);
        let bytes: Vec<u8> = (at..end).map(byte).collect();
        sink.write(Bytes::from(bytes)).await.expect("written");
        at = end;
    }
    sink.finish().await.expect("finished");
    let stored = server.stored();
    assert_eq!(stored.len() as u64, size);
    for (n, found) in (0..).zip(&stored) {
        assert_eq!(*found, byte(n), "byte {n}");
    }
    assert_eq!(server.most_at_once(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_fails_the_object_and_leaves_nothing() {
    let server = Server::start(0);
    server.refuse_parts_from(2);
    let mut sink = server
        .bucket()
        .create("shards/a", "text/plain")
        .await
        .expect("a sink");
    let mut error = None;
    for _ in 0..6 {
        let bytes = Bytes::from(vec![b'x'; 8 * 1024 * 1024]);
        if let Err(failed) = sink.write(bytes).await {
            error = Some(failed);
            break;
        }
    }
    let error = error.expect("it is noticed before the end");
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert!(error.message.contains("s3://b/shards/a"), "{error}");
    sink.abort().await;
    assert!(server.was_aborted(), "what was sent is removed");
    server.wait_until_idle();
}
