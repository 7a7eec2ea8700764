//! Copying an object: by reference where the result is the same content with the same checksums, else by reading it.

use std::sync::Arc;

use rusqlite::Transaction;

use crate::blob::Draft;
use crate::changes::CreatedReason;
use crate::checksum::Algorithm;
use crate::error::StoreError;
use crate::index::{self, Attributes, NewVersion, ObjectInfo};
use crate::store::{PutOptions, Store, check_key};

/// What to copy.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version_id: Option<String>,
}

impl Source {
    pub(crate) fn find(&self, transaction: &Transaction<'_>) -> Result<ObjectInfo, StoreError> {
        index::find(
            transaction,
            &self.bucket,
            &self.key,
            self.version_id.as_deref(),
        )
    }
}

impl Store {
    /// Copies a version to a key. `attributes` replaces the source's; `algorithm` asks for that checksum.
    pub(crate) async fn copy(
        self: &Arc<Self>,
        source: Source,
        (bucket, key): (&str, &str),
        attributes: Option<Attributes>,
        algorithm: Option<Algorithm>,
        mut options: PutOptions,
    ) -> Result<(ObjectInfo, ObjectInfo), StoreError> {
        check_key(key)?;
        let info = self
            .head(&source.bucket, &source.key, source.version_id.as_deref())
            .await?;
        // S3 gives a copy the ETag and checksum of content sent in one piece.
        let same_sums = info.parts.is_empty()
            && algorithm.is_none_or(|algorithm| info.checksums.get(algorithm).is_some());
        options.attributes = attributes.unwrap_or_else(|| info.attributes.clone());
        if !same_sums {
            let algorithm = algorithm.or_else(|| info.checksums.algorithms().first().copied());
            let draft = self.draft_of(&info, None, algorithm).await?;
            let reason = CreatedReason::CopyObject;
            let copied = self
                .create_from(bucket, key, draft, options, reason)
                .await?;
            return Ok((info, copied));
        }
        let pinned = Source {
            version_id: Some(info.version_id.clone()),
            ..source
        };
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.change(move |transaction| {
            // Read again within the transaction: a deletion in between would leave a name without content.
            let info = pinned.find(transaction)?;
            index::check(transaction, (&bucket, &key), &options.condition)?;
            let new = NewVersion {
                bucket: &bucket,
                key: &key,
                size: info.size,
                etag: &info.etag,
                blob: info.blob.as_deref().unwrap_or_default(),
                attributes: options.attributes,
                checksums: info.checksums.clone(),
                parts: Vec::new(),
            };
            let copied =
                index::create(transaction, new, CreatedReason::CopyObject, &options.caller)?;
            Ok((info, copied))
        })
        .await
    }

    /// Reads a version's content, or a range of it, into a draft.
    pub(crate) async fn draft_of(
        self: &Arc<Self>,
        info: &ObjectInfo,
        range: Option<std::ops::Range<u64>>,
        algorithm: Option<Algorithm>,
    ) -> Result<Draft, StoreError> {
        let blob = info.blob.clone().unwrap_or_default();
        let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
        self.run(move |store| {
            let mut writer = store.blobs.writer(&[algorithm])?;
            store.blobs.append(&mut writer, &blob, range)?;
            store.blobs.finish(writer)
        })
        .await
    }
}
