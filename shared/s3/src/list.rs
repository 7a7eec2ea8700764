//! Listing current objects with their versions, by `ListObjectVersions`.
//!
//! `ListObjectsV2` knows no version ids. A page of versions may hold nothing that is current (old versions, delete
//! markers), so pages are read until one holds something or the end is reached.

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, ObjectVersion};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::timestamp;
use perennial_ports::{ErrorKind, ObjectInfo, PortError, PortResult};

use crate::Bucket;

const OPERATION: &str = "s3:ListObjectVersions";

impl Bucket {
    pub(crate) async fn list_current(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> PortResult<Vec<ObjectInfo>> {
        let mut key_marker = after.map(str::to_owned);
        let mut version_marker: Option<String> = None;
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .prefix(prefix)
                .encoding_type(EncodingType::Url)
                .set_key_marker(key_marker.clone())
                .set_version_id_marker(version_marker.clone())
                .send()
                .await
                .map_err(|error| self.about(prefix, port_error(OPERATION, error)))?;
            let found = self.current(&page, after)?;
            if !found.is_empty() || !page.is_truncated().unwrap_or(false) {
                return Ok(found);
            }
            let next = page
                .next_key_marker()
                .map(|marker| decoded(marker, &page))
                .transpose()?;
            let next_version = page.next_version_id_marker().map(str::to_owned);
            if next.is_none() || (&next, &next_version) == (&key_marker, &version_marker) {
                return Err(self.about(
                    prefix,
                    PortError::new(
                        OPERATION,
                        ErrorKind::Unanswered,
                        "the listing is cut off but does not say where it goes on",
                    ),
                ));
            }
            (key_marker, version_marker) = (next, next_version);
        }
    }

    fn current(
        &self,
        page: &ListObjectVersionsOutput,
        after: Option<&str>,
    ) -> PortResult<Vec<ObjectInfo>> {
        let mut found = Vec::new();
        for version in page.versions() {
            if !version.is_latest().unwrap_or(false) {
                continue;
            }
            let key = decoded(version.key().unwrap_or_default(), page)?;
            if after.is_none_or(|after| key.as_str() > after) {
                found.push(info(key, version));
            }
        }
        Ok(found)
    }
}

fn info(key: String, version: &ObjectVersion) -> ObjectInfo {
    ObjectInfo {
        key,
        version: version.version_id().unwrap_or("null").to_owned(),
        size: version
            .size()
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or(0),
        modified: version
            .last_modified()
            .map_or(Timestamp::UNIX_EPOCH, timestamp),
        tag: version.e_tag().unwrap_or_default().to_owned(),
    }
}

/// Encoded only if the answer says so: not every service that speaks S3 knows the parameter. A space comes as `+`.
fn decoded(text: &str, page: &ListObjectVersionsOutput) -> PortResult<String> {
    if page.encoding_type() != Some(&EncodingType::Url) {
        return Ok(text.to_owned());
    }
    let text = text.replace('+', "%20");
    percent_decode_str(&text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| {
            PortError::new(
                OPERATION,
                ErrorKind::Invalid,
                format!("the key {text} is no UTF-8; rename the object"),
            )
        })
}

#[cfg(test)]
mod tests {
    use perennial_aws_errors::replay::{Replay, Reply};
    use perennial_ports::ReadObjects;

    use crate::tests::bucket;

    fn version(key: &str, id: &str, latest: bool) -> String {
        format!(
            "<Version><Key>{key}</Key><VersionId>{id}</VersionId><IsLatest>{latest}</IsLatest>\
             <LastModified>2026-11-20T10:00:00.000Z</LastModified><Size>5</Size></Version>"
        )
    }

    fn page(inner: &str, next: Option<(&str, &str)>) -> Reply {
        let next = next.map_or_else(String::new, |(key, id)| {
            format!(
                "<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{id}</NextVersionIdMarker>\
                 <IsTruncated>true</IsTruncated>"
            )
        });
        Reply::ok(format!(
            "<ListVersionsResult><EncodingType>url</EncodingType>{next}{inner}</ListVersionsResult>"
        ))
    }

    #[tokio::test]
    async fn pages_without_a_current_object_are_passed_over() {
        let replay = Replay::new([
            page(
                &version("data/p/a", "1", false),
                Some(("data/p/a+b%2B", "0")),
            ),
            page(
                "<DeleteMarker><Key>data/p/b</Key><VersionId>3</VersionId><IsLatest>true</IsLatest></DeleteMarker>",
                Some(("data/p/b", "3")),
            ),
            page(
                &(version("data/p/c+d%2B%C3%BC%25", "4", true)
                    + &version("data/p/c+d%2B%C3%BC%25", "2", false)),
                Some(("data/p/c", "2")),
            ),
            page("", None),
        ]);
        let bucket = bucket(&replay);
        let found = bucket
            .list("data/p/", Some("data/p/a"))
            .await
            .expect("listed");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "data/p/c d+ü%");
        assert_eq!((found[0].version.as_str(), found[0].size), ("4", 5));
        assert_eq!(found[0].modified.to_string(), "2026-11-20T10:00:00Z");
        let end = bucket.list("data/p/", Some("data/p/c d+ü%")).await;
        assert_eq!(end, Ok(vec![]));
        let asked = replay.asked();
        assert!(
            asked[0].uri.contains("key-marker=data%2Fp%2Fa&"),
            "{}",
            asked[0].uri
        );
        assert!(
            asked[1].uri.contains("key-marker=data%2Fp%2Fa%20b%2B"),
            "{}",
            asked[1].uri
        );
        assert!(
            asked[2].uri.contains("version-id-marker=3"),
            "{}",
            asked[2].uri
        );
    }
}
