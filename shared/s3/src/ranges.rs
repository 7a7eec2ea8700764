//! The bytes of one object in order, fetched ahead of their reader.
//!
//! The first range is handed out as it comes in. Of a larger object the next three are fetched meanwhile, each by a task of its own, so that
//! they go on while the reader works or waits for something else. Memory: three ranges and the one that is being handed out, 32 MiB.

use std::collections::VecDeque;

use async_trait::async_trait;
use bytes::Bytes;
use perennial_ports::{ErrorKind, ObjectStream, PortError, PortResult};
use tokio::task::{JoinHandle, yield_now};

use crate::source::{Part, Source};

/// Bytes that are asked for at a time. An object up to this size is one request.
pub(crate) const RANGE: u64 = 8 * 1024 * 1024;

/// Ranges on their way or waiting for the reader, besides the one that is being handed out.
const AHEAD: usize = 3;

/// An object being read.
pub(crate) struct Ranges {
    source: Source,
    /// Where it ends: the object's size, or the end of what is read of it.
    size: u64,
    /// The first range.
    first: Option<Part>,
    /// The further ones that were asked for, in order.
    ahead: VecDeque<Fetch>,
    /// Everything before this was asked for.
    asked: u64,
    /// What came of the range that is being handed out.
    in_hand: VecDeque<Bytes>,
    /// After an error there are no more bytes, but no end either.
    failed: Option<PortError>,
}

impl Ranges {
    pub(crate) async fn open(source: Source) -> PortResult<Self> {
        let (source, first, size) = source.first(RANGE).await?;
        Ok(Self {
            source,
            size,
            asked: first.as_ref().map_or(0, Part::end),
            first,
            ahead: VecDeque::new(),
            in_hand: VecDeque::new(),
            failed: None,
        })
    }

    /// A part of the object that has the source's tag. There is no further request for what is within [`RANGE`].
    pub(crate) async fn open_part(source: Source, range: std::ops::Range<u64>) -> PortResult<Self> {
        let first = range.start..range.end.min(range.start.saturating_add(RANGE));
        let (source, first) = source.first_of(first).await?;
        Ok(Self {
            source,
            size: range.end,
            asked: first.end(),
            first: Some(first),
            ahead: VecDeque::new(),
            in_hand: VecDeque::new(),
            failed: None,
        })
    }

    fn fetch_ahead(&mut self) {
        while self.asked < self.size && self.ahead.len() < AHEAD {
            let end = self.size.min(self.asked.saturating_add(RANGE));
            let part = self.source.part(self.asked..end);
            self.ahead.push_back(Fetch(tokio::spawn(whole(part))));
            self.asked = end;
        }
    }

    async fn go_on(&mut self) -> PortResult<Option<Bytes>> {
        self.fetch_ahead();
        if let Some(first) = &mut self.first {
            match first.next().await? {
                Some(bytes) => return Ok(Some(bytes)),
                None => self.first = None,
            }
        }
        while self.in_hand.is_empty() {
            let Some(next) = self.ahead.front_mut() else {
                return Ok(None);
            };
            let fetched = (&mut next.0).await;
            self.ahead.pop_front();
            self.in_hand = fetched.map_err(|error| {
                let words = format!("a range was not fetched: {error}");
                self.source.broken(ErrorKind::Unanswered, &words)
            })??;
            self.fetch_ahead();
        }
        // On a runtime of one thread nothing would be fetched as long as the reader has something to do.
        yield_now().await;
        Ok(self.in_hand.pop_front())
    }
}

#[async_trait]
impl ObjectStream for Ranges {
    async fn next(&mut self) -> PortResult<Option<Bytes>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let next = self.go_on().await;
        if let Err(error) = &next {
            self.failed = Some(error.clone());
            self.ahead.clear();
        }
        next
    }
}

/// A range on its way. Nobody waits for one that is dropped.
struct Fetch(JoinHandle<PortResult<VecDeque<Bytes>>>);

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn whole(mut part: Part) -> PortResult<VecDeque<Bytes>> {
    let mut pieces = VecDeque::new();
    while let Some(bytes) = part.next().await? {
        pieces.push_back(bytes);
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use perennial_aws_errors::replay::{Replay, Reply};
    use perennial_ports::ReadObjects;

    use crate::tests::bucket;

    /// A part of an object, as S3 answers it.
    fn part(of: &[u8], from: usize, to: usize, size: usize) -> Reply {
        Reply::Answer {
            status: 206,
            headers: vec![
                ("content-range", format!("bytes {from}-{}/{size}", to - 1)),
                ("etag", "\"tag\"".into()),
            ],
            body: of.to_vec(),
        }
    }

    fn refused(status: u16, code: &str) -> Reply {
        Reply::Answer {
            status,
            headers: vec![],
            body: format!("<Error><Code>{code}</Code><Message>no</Message></Error>").into_bytes(),
        }
    }

    async fn open(replay: &Replay) -> Box<dyn ObjectStream> {
        let opened = bucket(replay).open("data/p/a", Some("v1")).await;
        opened.expect("opened")
    }

    async fn read(stream: &mut Box<dyn ObjectStream>) -> PortResult<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(bytes) = stream.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }

    /// Range and condition of each request, which all name the version.
    fn asked(replay: &Replay) -> Vec<(String, Option<String>)> {
        let asked = replay.asked();
        assert!(asked.iter().all(|asked| asked.uri.contains("versionId=v1")));
        let header = |name: &str| {
            let values = asked.iter().map(|asked| asked.header(name));
            values
                .map(|value| value.map(str::to_owned))
                .collect::<Vec<_>>()
        };
        let ranges = header("range").into_iter().map(Option::unwrap_or_default);
        ranges.zip(header("if-match")).collect()
    }

    fn tagged(range: &str) -> (String, Option<String>) {
        (range.to_owned(), Some("\"tag\"".to_owned()))
    }

    #[tokio::test]
    async fn a_small_object_is_one_request() {
        let replay = Replay::new([part(b"whole", 0, 5, 5)]);
        let mut stream = open(&replay).await;
        assert_eq!(read(&mut stream).await, Ok(b"whole".to_vec()));
        assert_eq!(stream.next().await, Ok(None), "after the end, too");
        assert_eq!(asked(&replay), [("bytes=0-8388607".into(), None)]);
    }

    #[tokio::test]
    async fn an_empty_object_has_no_bytes_and_no_further_request() {
        let replay = Replay::new([refused(416, "InvalidRange")]);
        let mut stream = open(&replay).await;
        assert_eq!(stream.next().await, Ok(None));
        assert_eq!(replay.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_large_object_is_asked_for_in_ranges_of_one_version() {
        let range = usize::try_from(RANGE).expect("fits");
        let size = 2 * range + 3;
        let bytes: Vec<u8> = (0..size).map(|n| (n / 1021 + n) as u8).collect();
        let of = |from: usize, to: usize| part(&bytes[from..to], from, to, size);
        let replay = Replay::new([
            of(0, range),
            of(range, 2 * range),
            of(2 * range, 2 * range + 3),
        ]);
        let mut stream = open(&replay).await;
        assert_eq!(replay.asked().len(), 1, "nothing is fetched unread");
        assert!(read(&mut stream).await.expect("read") == bytes);
        let expected = [
            ("bytes=0-8388607".into(), None),
            tagged("bytes=8388608-16777215"),
            tagged("bytes=16777216-16777218"),
        ];
        assert_eq!(asked(&replay), expected);
    }

    #[tokio::test]
    async fn bytes_from_the_middle_are_of_the_version_that_is_meant() {
        let replay = Replay::new([part(b"34", 3, 7, 10), part(b"56", 5, 7, 10)]);
        let opened = bucket(&replay)
            .open_range("data/p/a", "\"tag\"", 3..7)
            .await;
        assert_eq!(
            read(&mut opened.expect("opened")).await,
            Ok(b"3456".to_vec())
        );
        let asked = replay.asked();
        for (asked, range) in asked.iter().zip(["bytes=3-6", "bytes=5-6"]) {
            assert_eq!(asked.header("range"), Some(range));
            assert_eq!(asked.header("if-match"), Some("\"tag\""));
        }
        assert_eq!(asked.len(), 2);
        for (reply, kind) in [
            (refused(412, "PreconditionFailed"), ErrorKind::Conflict),
            (refused(416, "InvalidRange"), ErrorKind::Invalid),
            (part(b"4567", 4, 8, 10), ErrorKind::Invalid),
        ] {
            let replay = Replay::new([reply]);
            let opened = bucket(&replay)
                .open_range("data/p/a", "\"tag\"", 3..7)
                .await;
            assert_eq!(opened.err().map(|error| error.kind), Some(kind));
        }
    }

    #[tokio::test]
    async fn what_breaks_off_is_asked_for_again_from_where_it_stopped() {
        let replay = Replay::new([
            part(b"012", 0, 10, 10),
            part(b"", 3, 10, 10),
            part(b"345678", 3, 10, 10),
            part(b"9", 9, 10, 10),
        ]);
        let mut stream = open(&replay).await;
        assert_eq!(read(&mut stream).await, Ok(b"0123456789".to_vec()));
        let expected = [
            ("bytes=0-8388607".into(), None),
            tagged("bytes=3-9"),
            tagged("bytes=3-9"),
            tagged("bytes=9-9"),
        ];
        assert_eq!(asked(&replay), expected);
    }

    #[tokio::test]
    async fn what_always_breaks_off_is_given_up_and_stays_an_error() {
        let replay = Replay::new(vec![part(b"", 0, 10, 10); 9]);
        let mut stream = open(&replay).await;
        for _ in 0..2 {
            let error = read(&mut stream).await.expect_err("given up");
            assert_eq!(error.kind, ErrorKind::Unanswered);
            let words =
                "s3://b/data/p/a: the bytes broke off 4 times, the last time with 10 to come";
            assert!(error.message.starts_with(words), "{error}");
        }
        assert_eq!(replay.asked().len(), 4);
    }

    #[tokio::test]
    async fn another_version_or_another_range_is_not_mixed_in() {
        for (reply, kind) in [
            (refused(412, "PreconditionFailed"), ErrorKind::Conflict),
            (refused(404, "NoSuchVersion"), ErrorKind::NotFound),
            (part(b"56789", 5, 10, 10), ErrorKind::Invalid),
            (part(b"3456789ab", 3, 12, 12), ErrorKind::Invalid),
            (Reply::ok("0123456789"), ErrorKind::Invalid),
        ] {
            let replay = Replay::new([part(b"012", 0, 10, 10), reply]);
            let mut stream = open(&replay).await;
            let error = read(&mut stream).await.expect_err("refused");
            assert_eq!(error.kind, kind, "{error}");
            assert_eq!(stream.next().await, Err(error));
        }
    }

    #[tokio::test]
    async fn the_checksum_of_a_small_object_is_compared() {
        for (sum, fits) in [("xFkpTw==", true), ("AAAAAA==", false)] {
            let reply = part(b"whole", 0, 5, 5).with_header("x-amz-checksum-crc32", sum);
            let replay = Replay::new([reply]);
            let mut stream = open(&replay).await;
            let read = read(&mut stream).await;
            assert_eq!(read.is_ok(), fits, "{read:?}");
        }
    }
}
