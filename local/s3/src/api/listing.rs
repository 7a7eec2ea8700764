//! ListObjectsV2, ListObjects and ListObjectVersions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::convert;
use super::s3::Api;
use crate::index::ObjectInfo;
use crate::list::{ListRequest, PAGE_MAX, Position, common_prefix};

/// What every listing asks for.
struct Asked<'a> {
    prefix: Option<&'a String>,
    delimiter: Option<&'a String>,
    encoding: Option<&'a EncodingType>,
    max_keys: Option<i32>,
}

impl Asked<'_> {
    fn request(
        &self,
        bucket: &str,
        from: Position,
        versions: bool,
    ) -> S3Result<(ListRequest, i32)> {
        let max_keys = self
            .max_keys
            .unwrap_or(PAGE_MAX as i32)
            .min(PAGE_MAX as i32);
        let limit = usize::try_from(max_keys)
            .map_err(|_| s3_error!(InvalidArgument, "max-keys must not be negative"))?;
        if self
            .encoding
            .is_some_and(|encoding| encoding.as_str() != EncodingType::URL)
        {
            return Err(s3_error!(InvalidArgument, "encoding-type must be url"));
        }
        let request = ListRequest {
            bucket: bucket.to_owned(),
            prefix: self.prefix.cloned().unwrap_or_default(),
            delimiter: self.delimiter.cloned().filter(|text| !text.is_empty()),
            from,
            limit,
            versions,
        };
        Ok((request, max_keys))
    }

    /// After a marker, and after all that rolls up to it if it is a common prefix itself.
    fn after_marker(&self, marker: &str) -> Position {
        let prefix = self.prefix.map_or("", String::as_str);
        let delimiter = self.delimiter.filter(|text| !text.is_empty());
        let rolled = delimiter.and_then(|text| common_prefix(marker, prefix, text));
        if rolled == Some(marker) {
            // With no key left to follow, a position after the marker finds nothing either.
            return Position::after_prefix(marker).unwrap_or_else(|| Position::after(marker));
        }
        Position::after(marker)
    }

    fn shown(&self, text: &str) -> String {
        convert::shown(text, self.encoding)
    }

    fn prefixes(&self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let prefixes = prefixes.iter().map(|prefix| CommonPrefix {
            prefix: Some(self.shown(prefix)),
        });
        Some(prefixes.collect())
    }

    fn object(&self, info: &ObjectInfo, owner: bool) -> Object {
        Object {
            key: Some(self.shown(&info.key)),
            size: Some(convert::length(info.size)),
            e_tag: Some(convert::etag(info)),
            last_modified: Some(convert::time(info.modified)),
            storage_class: Some(ObjectStorageClass::from_static(
                ObjectStorageClass::STANDARD,
            )),
            checksum_algorithm: convert::algorithm_names(&info.checksums),
            checksum_type: convert::checksum_type(&info.checksums),
            owner: owner.then(account),
            ..Object::default()
        }
    }
}

fn account() -> Owner {
    Owner {
        id: Some(super::ACCOUNT.to_owned()),
        ..Owner::default()
    }
}

impl Api {
    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let asked = Asked {
            prefix: input.prefix.as_ref(),
            delimiter: input.delimiter.as_ref(),
            encoding: input.encoding_type.as_ref(),
            max_keys: input.max_keys,
        };
        let from = match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => {
                let key = URL_SAFE_NO_PAD.decode(token).ok();
                let key = key.and_then(|key| String::from_utf8(key).ok());
                let incorrect =
                    || s3_error!(InvalidArgument, "The continuation token is incorrect");
                Position::at(key.ok_or_else(incorrect)?)
            }
            (None, Some(key)) => Position::after(key),
            (None, None) => Position::default(),
        };
        let (request, max_keys) = asked.request(&input.bucket, from, false)?;
        let page = self.0.list_page(request).await?;
        let count = page.entries.len() + page.common_prefixes.len();
        let owner = input.fetch_owner.unwrap_or(false);
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket.clone()),
            prefix: Some(asked.shown(input.prefix.as_deref().unwrap_or_default())),
            delimiter: input.delimiter.as_deref().map(|text| asked.shown(text)),
            start_after: input.start_after.as_deref().map(|text| asked.shown(text)),
            max_keys: Some(max_keys),
            key_count: i32::try_from(count).ok(),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.map(|next| URL_SAFE_NO_PAD.encode(next.key)),
            contents: Some(
                page.entries
                    .iter()
                    .map(|info| asked.object(info, owner))
                    .collect(),
            ),
            common_prefixes: asked.prefixes(&page.common_prefixes),
            continuation_token: input.continuation_token.clone(),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectsV2Output::default()
        }))
    }

    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let asked = Asked {
            prefix: input.prefix.as_ref(),
            delimiter: input.delimiter.as_ref(),
            encoding: input.encoding_type.as_ref(),
            max_keys: input.max_keys,
        };
        let marker = input.marker.as_deref().filter(|marker| !marker.is_empty());
        let from = marker
            .map(|marker| asked.after_marker(marker))
            .unwrap_or_default();
        let (request, max_keys) = asked.request(&input.bucket, from, false)?;
        let page = self.0.list_page(request).await?;
        // S3 names the next marker only where the caller cannot take the last key for it.
        let next_marker = page
            .last
            .filter(|_| page.next.is_some() && input.delimiter.is_some());
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket.clone()),
            prefix: Some(asked.shown(input.prefix.as_deref().unwrap_or_default())),
            delimiter: input.delimiter.as_deref().map(|text| asked.shown(text)),
            marker: Some(asked.shown(input.marker.as_deref().unwrap_or_default())),
            next_marker: next_marker.map(|text| asked.shown(&text)),
            max_keys: Some(max_keys),
            is_truncated: Some(page.next.is_some()),
            contents: Some(
                page.entries
                    .iter()
                    .map(|info| asked.object(info, true))
                    .collect(),
            ),
            common_prefixes: asked.prefixes(&page.common_prefixes),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectsOutput::default()
        }))
    }

    pub(super) async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> S3Result<S3Response<ListObjectVersionsOutput>> {
        let input = request.input;
        let asked = Asked {
            prefix: input.prefix.as_ref(),
            delimiter: input.delimiter.as_ref(),
            encoding: input.encoding_type.as_ref(),
            max_keys: input.max_keys,
        };
        let key_marker = input
            .key_marker
            .as_deref()
            .filter(|marker| !marker.is_empty());
        let version_marker = input
            .version_id_marker
            .as_deref()
            .filter(|marker| !marker.is_empty());
        let from = match (key_marker, version_marker) {
            (None, None) => Position::default(),
            (Some(key), None) => asked.after_marker(key),
            (Some(key), Some(version_id)) => Position::after_version(key, version_id)
                .ok_or_else(|| s3_error!(InvalidArgument, "Invalid version id specified"))?,
            (None, Some(_)) => {
                let message = "A version-id marker cannot be specified without a key marker.";
                return Err(s3_error!(InvalidArgument, "{message}"));
            }
        };
        let (request, max_keys) = asked.request(&input.bucket, from, true)?;
        let page = self.0.list_page(request).await?;
        let more = page.next.is_some();
        let last_entry = page.entries.last();
        let last_version = last_entry.filter(|info| Some(&info.key) == page.last.as_ref());
        let (mut versions, mut delete_markers) = (Vec::new(), Vec::new());
        for info in &page.entries {
            if info.delete_marker {
                delete_markers.push(DeleteMarkerEntry {
                    key: Some(asked.shown(&info.key)),
                    version_id: Some(info.version_id.clone()),
                    is_latest: Some(info.is_latest),
                    last_modified: Some(convert::time(info.modified)),
                    owner: Some(account()),
                });
                continue;
            }
            let standard = ObjectVersionStorageClass::STANDARD;
            versions.push(ObjectVersion {
                key: Some(asked.shown(&info.key)),
                version_id: Some(info.version_id.clone()),
                is_latest: Some(info.is_latest),
                last_modified: Some(convert::time(info.modified)),
                e_tag: Some(convert::etag(info)),
                size: Some(convert::length(info.size)),
                storage_class: Some(ObjectVersionStorageClass::from_static(standard)),
                checksum_algorithm: convert::algorithm_names(&info.checksums),
                checksum_type: convert::checksum_type(&info.checksums),
                owner: Some(account()),
                ..ObjectVersion::default()
            });
        }
        Ok(S3Response::new(ListObjectVersionsOutput {
            name: Some(input.bucket.clone()),
            prefix: Some(asked.shown(input.prefix.as_deref().unwrap_or_default())),
            delimiter: input.delimiter.as_deref().map(|text| asked.shown(text)),
            key_marker: Some(asked.shown(input.key_marker.as_deref().unwrap_or_default())),
            version_id_marker: Some(input.version_id_marker.clone().unwrap_or_default()),
            next_key_marker: page
                .last
                .as_deref()
                .filter(|_| more)
                .map(|text| asked.shown(text)),
            next_version_id_marker: last_version
                .filter(|_| more)
                .map(|info| info.version_id.clone()),
            max_keys: Some(max_keys),
            is_truncated: Some(more),
            versions: Some(versions),
            delete_markers: Some(delete_markers),
            common_prefixes: asked.prefixes(&page.common_prefixes),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectVersionsOutput::default()
        }))
    }
}
