//! What happened to objects, kept in an outbox until whoever delivers it has done so.
//!
//! Each row commits with the change that it tells of, so that none is lost and none is invented. Delivery may repeat
//! one: whoever reads must forget it only after it was delivered. Source of the event's form: "EventBridge event message
//! structure", S3 User Guide.

use std::sync::Arc;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::StoreError;
use crate::ids;
use crate::store::Store;

/// Which operation made an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CreatedReason {
    /// `PutObject`.
    PutObject,
    /// `CopyObject`.
    CopyObject,
    /// `CompleteMultipartUpload`.
    CompleteMultipartUpload,
}

impl CreatedReason {
    /// The text in the event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PutObject => "PutObject",
            Self::CopyObject => "CopyObject",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
        }
    }
}

/// How an object went away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeletionType {
    /// Hidden by a delete marker; its versions are still there.
    DeleteMarkerCreated,
    /// One version (or delete marker) is gone for good.
    PermanentlyDeleted,
}

impl DeletionType {
    /// The text in the event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeleteMarkerCreated => "Delete Marker Created",
            Self::PermanentlyDeleted => "Permanently Deleted",
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ChangeKind {
    /// A version was created.
    Created {
        /// By which operation.
        reason: CreatedReason,
    },
    /// A version was deleted or hidden.
    Deleted {
        /// In which of the two ways.
        deletion_type: DeletionType,
    },
}

/// One creation or deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Place in the outbox; increases, and is never used twice.
    pub id: i64,
    /// What happened.
    pub kind: ChangeKind,
    /// The bucket.
    pub bucket: String,
    /// The key, as it is (not URL-encoded).
    pub key: String,
    /// Size in bytes; 0 for a delete marker.
    pub size: u64,
    /// ETag without quotes; that of no content for a delete marker.
    pub etag: String,
    /// The version created, deleted, or the delete marker.
    pub version_id: String,
    /// Hexadecimal, of one width; of two changes the later has the greater.
    pub sequencer: String,
    /// The request that did it.
    pub request_id: String,
    /// The account (or service) that did it.
    pub requester: String,
    /// The address that the request came from.
    pub source_ip: String,
    /// When.
    pub time: Timestamp,
}

impl Change {
    /// The event that S3 sends to EventBridge: the same change gives the same event, its id included.
    #[must_use]
    pub fn to_event(&self, account: &str, region: &str) -> serde_json::Value {
        let mut object = json!({
            "key": self.key,
            "etag": self.etag,
            "version-id": self.version_id,
            "sequencer": self.sequencer,
        });
        let mut detail = json!({
            "version": "0",
            "bucket": { "name": self.bucket },
            "request-id": self.request_id,
            "requester": self.requester,
            "source-ip-address": self.source_ip,
        });
        let detail_type = match self.kind {
            ChangeKind::Created { reason } => {
                object["size"] = json!(self.size);
                detail["reason"] = json!(reason.as_str());
                "Object Created"
            }
            ChangeKind::Deleted { deletion_type } => {
                detail["reason"] = json!("DeleteObject");
                detail["deletion-type"] = json!(deletion_type.as_str());
                "Object Deleted"
            }
        };
        detail["object"] = object;
        let identity = format!("{} {} {detail_type}", self.version_id, self.sequencer);
        json!({
            "version": "0",
            "id": ids::uuid(Md5::digest(identity).into()),
            "detail-type": detail_type,
            "source": "aws.s3",
            "account": account,
            "time": self.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": region,
            "resources": [format!("arn:aws:s3:::{}", self.bucket)],
            "detail": detail,
        })
    }
}

pub(crate) fn write(connection: &Connection, change: &Change) -> Result<(), StoreError> {
    let text = serde_json::to_string(change).map_err(|source| StoreError::Damaged {
        what: "change",
        source,
    })?;
    let sql = "INSERT INTO outbox (id, change) VALUES (?1, ?2)";
    connection
        .prepare_cached(sql)?
        .execute(params![change.id, text])?;
    Ok(())
}

impl Store {
    /// The oldest changes after `after` (0: from the start), at most `limit`. They stay until [`Store::forget_changes`].
    ///
    /// # Errors
    /// If the index cannot be read.
    pub async fn changes_after(
        self: &Arc<Self>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        self.run(move |store| {
            let index = store.index();
            let sql = "SELECT change FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2";
            let mut statement = index.prepare_cached(sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map(params![after, limit], |row| row.get::<_, String>(0))?;
            rows.map(|text| {
                serde_json::from_str(&text?).map_err(|source| StoreError::Damaged {
                    what: "change",
                    source,
                })
            })
            .collect()
        })
        .await
    }

    /// Removes the changes up to and with that id from the outbox: they were delivered.
    ///
    /// # Errors
    /// If the index cannot be written.
    pub async fn forget_changes(self: &Arc<Self>, up_to: i64) -> Result<(), StoreError> {
        self.run(move |store| {
            let index = store.index();
            index.execute("DELETE FROM outbox WHERE id <= ?1", [up_to])?;
            Ok(())
        })
        .await
    }

    /// Waits for a change; may now and then end without one. For one waiter: a change made between two calls ends the
    /// second at once. After an opening, read the outbox first; changes of an earlier process end no wait.
    pub async fn changed(&self) {
        self.notify.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: ChangeKind) -> Change {
        Change {
            id: 1,
            kind,
            bucket: "amzn-s3-demo-bucket1".to_owned(),
            key: "a b+%/é".to_owned(),
            size: 5,
            etag: "b1946ac92492d2347c6235b4d2611184".to_owned(),
            version_id: "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e".to_owned(),
            sequencer: "617f08299329d189".to_owned(),
            request_id: "N4N7GDK58NMKJ12R".to_owned(),
            requester: "123456789012".to_owned(),
            source_ip: "127.0.0.1".to_owned(),
            time: "2021-11-12T00:00:00.123Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_creation_is_the_documented_event() {
        let reason = CreatedReason::PutObject;
        let event = change(ChangeKind::Created { reason }).to_event("123456789012", "eu-west-1");
        let expected = json!({
            "version": "0", "id": event["id"], "detail-type": "Object Created", "source": "aws.s3",
            "account": "123456789012", "time": "2021-11-12T00:00:00Z", "region": "eu-west-1",
            "resources": ["arn:aws:s3:::amzn-s3-demo-bucket1"],
            "detail": {
                "version": "0", "bucket": { "name": "amzn-s3-demo-bucket1" },
                "object": {
                    "key": "a b+%/é", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184",
                    "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "617f08299329d189"
                },
                "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012",
                "source-ip-address": "127.0.0.1", "reason": "PutObject"
            }
        });
        assert_eq!(event, expected);
        assert_eq!(event["id"].as_str().unwrap().len(), 36);
    }

    #[test]
    fn a_deletion_says_of_which_type() {
        let deletion_type = DeletionType::DeleteMarkerCreated;
        let event = change(ChangeKind::Deleted { deletion_type }).to_event("123456789012", "r");
        assert_eq!(event["detail-type"], "Object Deleted");
        assert_eq!(event["detail"]["deletion-type"], "Delete Marker Created");
        assert_eq!(event["detail"]["reason"], "DeleteObject");
        assert!(event["detail"]["object"].get("size").is_none());
    }
}
