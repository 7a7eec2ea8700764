//! Reading objects: what is there now, and the bytes of one version.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::timestamp;
use perennial_ports::{ErrorKind, ObjectInfo, ObjectStream, PortResult, ReadObjects};

use crate::Bucket;
use crate::ranges::Ranges;
use crate::source::Source;

#[async_trait]
impl ReadObjects for Bucket {
    async fn head(&self, key: &str) -> PortResult<Option<ObjectInfo>> {
        let answer = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await;
        match answer.map_err(|error| port_error("s3:HeadObject", error)) {
            Ok(found) => Ok(Some(ObjectInfo {
                key: key.to_owned(),
                version: found.version_id().unwrap_or("null").to_owned(),
                size: found
                    .content_length()
                    .and_then(|size| u64::try_from(size).ok())
                    .unwrap_or(0),
                modified: found
                    .last_modified()
                    .map_or(Timestamp::UNIX_EPOCH, timestamp),
                tag: found.e_tag().unwrap_or_default().to_owned(),
            })),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.about(key, error)),
        }
    }

    /// Small objects are one request; large ones are asked for in ranges, some of them ahead of the reader. Every range is of the version that
    /// the first one was of.
    async fn open(&self, key: &str, version: Option<&str>) -> PortResult<Box<dyn ObjectStream>> {
        let source = Source::new(self.clone(), key, version);
        Ok(Box::new(Ranges::open(source).await?))
    }

    async fn open_range(
        &self,
        key: &str,
        tag: &str,
        range: std::ops::Range<u64>,
    ) -> PortResult<Box<dyn ObjectStream>> {
        let source = Source::tagged(self.clone(), key, tag);
        Ok(Box::new(Ranges::open_part(source, range).await?))
    }

    /// The version is asked for first, and then no more bytes of it than are wanted.
    async fn start(&self, key: &str, most: usize) -> PortResult<Option<(ObjectInfo, Bytes)>> {
        let Some(info) = self.head(key).await? else {
            return Ok(None);
        };
        if most == 0 || info.size == 0 {
            return Ok(Some((info, Bytes::new())));
        }
        let source = Source::new(self.clone(), key, Some(&info.version));
        let mut part = match source.first(most as u64).await {
            Ok((_, part, _)) => part,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut start = Vec::new();
        while let Some(part) = &mut part
            && start.len() < most
            && let Some(bytes) = part.next().await?
        {
            start.extend_from_slice(&bytes);
        }
        start.truncate(most);
        Ok(Some((info, Bytes::from(start))))
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> PortResult<Vec<ObjectInfo>> {
        self.list_current(prefix, after).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perennial_aws_errors::replay::{Replay, Reply};

    use crate::tests::bucket;

    #[tokio::test]
    async fn a_version_is_read_and_a_key_with_odd_letters_is_sent_encoded() {
        let replay = Replay::new([Reply::ok("line\n").with_header("content-range", "bytes 0-4/5")]);
        let mut stream = bucket(&replay)
            .open("data/p/a b+ü%.jsonl", Some("v1"))
            .await
            .expect("opened");
        assert_eq!(stream.next().await, Ok(Some(Bytes::from("line\n"))));
        assert_eq!(stream.next().await, Ok(None));
        let uri = &replay.asked()[0].uri;
        assert!(uri.contains("/data/p/a%20b%2B%C3%BC%25.jsonl?"), "{uri}");
        assert!(uri.contains("versionId=v1"), "{uri}");
    }

    #[tokio::test]
    async fn what_is_gone_is_not_found() {
        let gone = |status, code: &str| Reply::Answer {
            status,
            headers: vec![],
            body: format!("<Error><Code>{code}</Code><Message>gone</Message></Error>").into_bytes(),
        };
        for reply in [
            gone(404, "NoSuchKey"),
            gone(404, "NoSuchVersion"),
            gone(405, "MethodNotAllowed"),
        ] {
            let result = bucket(&Replay::new([reply])).open("a", None).await;
            let error = result.err().expect("gone");
            assert_eq!(error.kind, ErrorKind::NotFound);
            assert!(error.message.contains("s3://b/a"), "{error}");
        }
        let empty = Reply::Answer {
            status: 404,
            headers: vec![],
            body: vec![],
        };
        assert_eq!(bucket(&Replay::new([empty])).head("a").await, Ok(None));
    }

    #[tokio::test]
    async fn the_start_of_an_object_is_asked_for_in_so_many_bytes_and_of_the_version_that_was_seen()
    {
        let head = |size: &str| {
            Reply::ok("")
                .with_header("x-amz-version-id", "v7")
                .with_header("content-length", size)
        };
        let part = Reply::ok("GIF8").with_header("content-range", "bytes 0-3/900");
        let replay = Replay::new([head("900"), part]);
        let found = bucket(&replay).start("media/p/a.gif", 4).await;
        let (info, start) = found.expect("answered").expect("there");
        assert_eq!((info.version.as_str(), &start[..]), ("v7", &b"GIF8"[..]));
        let asked = &replay.asked()[1];
        assert!(asked.uri.contains("versionId=v7"), "{}", asked.uri);
        assert_eq!(asked.header("range"), Some("bytes=0-3"));

        let gone = Reply::Answer {
            status: 404,
            headers: vec![],
            body: vec![],
        };
        let found = bucket(&Replay::new([gone])).start("a", 4).await;
        assert_eq!(found, Ok(None));
    }

    #[tokio::test]
    async fn the_head_has_version_size_and_time() {
        let reply = Reply::ok("")
            .with_header("x-amz-version-id", "v7")
            .with_header("last-modified", "Fri, 20 Nov 2026 10:00:00 GMT");
        let info = bucket(&Replay::new([reply])).head("a").await;
        let info = info.expect("answered").expect("there");
        assert_eq!(info.version, "v7");
        assert_eq!(info.modified.to_string(), "2026-11-20T10:00:00Z");
    }
}
