//! The bucket's changes in the form of the events that S3 sends to EventBridge.
//!
//! Source: Amazon S3 User Guide, "Event message structure" of EventBridge; `shared/facts/events`.

use serde_json::{Value, json};

use super::objects::{BUCKET, Change, ChangeKind};
use super::{ACCOUNT, REGION};

/// One event. Keys stand as they are; only S3's own notifications encode them.
pub(crate) fn event(change: &Change) -> Value {
    let (detail_type, reason, deletion) = match change.kind {
        ChangeKind::Put => ("Object Created", "PutObject", None),
        ChangeKind::Multipart => ("Object Created", "CompleteMultipartUpload", None),
        ChangeKind::Marker => (
            "Object Deleted",
            "DeleteObject",
            Some("Delete Marker Created"),
        ),
        ChangeKind::Removed => (
            "Object Deleted",
            "DeleteObject",
            Some("Permanently Deleted"),
        ),
    };
    let mut object = json!({
        "key": change.key,
        "etag": format!("{:032x}", change.sequence),
        "version-id": change.version,
        "sequencer": sequencer(change.sequence),
    });
    let mut detail = json!({
        "version": "0",
        "bucket": { "name": BUCKET },
        "request-id": format!("{:016X}", change.sequence),
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    });
    match deletion {
        None => object["size"] = change.size.into(),
        Some(words) => detail["deletion-type"] = words.into(),
    }
    detail["object"] = object;
    json!({
        "version": "0",
        "id": format!("00000000-0000-4000-8000-{:012x}", change.sequence),
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": format!("{:.0}", change.at),
        "region": REGION,
        "resources": [format!("arn:aws:s3:::{BUCKET}")],
        "detail": detail,
    })
}

/// S3's sequencers are hexadecimal and differ in length: the shorter one is to be padded with zeros on the right.
/// So a zero at the end may be missing.
fn sequencer(sequence: u64) -> String {
    let digits = format!("{:016x}", 0x6900_0000_0000_0000 + sequence);
    digits.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequencers_grow_and_differ_in_length() {
        let all: Vec<String> = (1..600).map(sequencer).collect();
        assert!(all.iter().any(|one| one.len() < 16));
        let padded: Vec<String> = all
            .iter()
            .map(|one| perennial_core::upload::fixed_width(one))
            .collect();
        assert!(padded.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
