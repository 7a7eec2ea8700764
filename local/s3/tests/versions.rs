//! Versions, delete markers, copies, and the changes that tell of them.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier};
use perennial_local_s3::{ChangeKind, CreatedReason, DeletionType};
use support::{BUCKET, code, serve};

#[tokio::test]
async fn versions_and_delete_markers() {
    let s3 = serve().await;
    let mut versions = Vec::new();
    for content in ["one", "two"] {
        let put = s3.client.put_object().bucket(BUCKET).key("v");
        let put = put
            .body(content.as_bytes().to_vec().into())
            .send()
            .await
            .unwrap();
        versions.push(put.version_id.unwrap());
    }
    let get = || s3.client.get_object().bucket(BUCKET).key("v");
    let old = get().version_id(&versions[0]).send().await.unwrap();
    assert_eq!(old.body.collect().await.unwrap().to_vec(), b"one");

    let deleted = s3
        .client
        .delete_object()
        .bucket(BUCKET)
        .key("v")
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    let marker = deleted.version_id.unwrap();
    let hidden = get().send().await.unwrap_err();
    assert_eq!(code(&hidden), "NoSuchKey");
    assert_eq!(
        hidden
            .raw_response()
            .unwrap()
            .headers()
            .get("x-amz-delete-marker"),
        Some("true")
    );
    let marked = get().version_id(&marker).send().await.unwrap_err();
    assert_eq!(marked.raw_response().unwrap().status().as_u16(), 405);
    assert_eq!(
        code(&get().version_id("nonsense").send().await.unwrap_err()),
        "InvalidArgument"
    );

    let listed = s3
        .client
        .list_object_versions()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.delete_markers()[0].is_latest(), Some(true));
    let shown: Vec<_> = listed
        .versions()
        .iter()
        .map(|v| v.version_id().unwrap())
        .collect();
    assert_eq!(shown, [versions[1].as_str(), versions[0].as_str()]);

    let gone = s3
        .client
        .delete_object()
        .bucket(BUCKET)
        .key("v")
        .version_id(&marker);
    assert_eq!(gone.send().await.unwrap().delete_marker(), Some(true));
    let back = get().send().await.unwrap();
    assert_eq!(back.version_id(), Some(versions[1].as_str()));
    let gone = s3
        .client
        .delete_object()
        .bucket(BUCKET)
        .key("v")
        .version_id(&versions[1]);
    gone.send().await.unwrap();
    assert_eq!(
        get().send().await.unwrap().version_id(),
        Some(versions[0].as_str())
    );
    let not_empty = s3
        .client
        .delete_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&not_empty), "BucketNotEmpty");
}

#[tokio::test]
async fn copies_keep_or_replace_what_is_said_of_them() {
    let s3 = serve().await;
    let put = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("from")
        .content_type("text/x");
    put.metadata("a", "1")
        .body(ByteStream::from_static(b"copy me"))
        .send()
        .await
        .unwrap();
    let source = format!("{BUCKET}/from");
    let copy = || s3.client.copy_object().bucket(BUCKET).copy_source(&source);
    copy().key("kept").send().await.unwrap();
    let kept = s3
        .client
        .head_object()
        .bucket(BUCKET)
        .key("kept")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (kept.content_type(), kept.metadata().unwrap()["a"].as_str()),
        (Some("text/x"), "1")
    );
    let replaced = copy()
        .key("from")
        .metadata_directive(MetadataDirective::Replace);
    replaced.metadata("b", "2").send().await.unwrap();
    let head = s3
        .client
        .head_object()
        .bucket(BUCKET)
        .key("from")
        .send()
        .await
        .unwrap();
    assert_eq!(head.metadata().unwrap().len(), 1);
    assert_eq!(
        code(&copy().key("from").send().await.unwrap_err()),
        "InvalidRequest"
    );
    // The content is shared; deleting one name for good leaves the others.
    for key in ["from", "from", "kept"] {
        assert_eq!(s3.store.read(BUCKET, key).await.unwrap(), "copy me");
        let head = s3.store.head(BUCKET, key, None).await.unwrap();
        let gone = s3.client.delete_object().bucket(BUCKET).key(key);
        gone.version_id(head.version_id).send().await.unwrap();
    }
    assert!(s3.store.read(BUCKET, "kept").await.is_err());
}

#[tokio::test]
async fn many_are_deleted_at_once_and_every_change_is_told_in_order() {
    let s3 = serve().await;
    for key in ["x", "y"] {
        s3.client
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .send()
            .await
            .unwrap();
    }
    let version = s3.store.head(BUCKET, "y", None).await.unwrap().version_id;
    let named = |key: &str| ObjectIdentifier::builder().key(key);
    let delete = Delete::builder()
        .objects(named("x").build().unwrap())
        .objects(named("y").version_id(&version).build().unwrap())
        .objects(named("z").version_id("nonsense").build().unwrap())
        .build()
        .unwrap();
    let answer = s3
        .client
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.deleted().len(), 2);
    assert_eq!(answer.errors()[0].code(), Some("InvalidArgument"));

    s3.store.changed().await;
    let changes = s3.store.changes_after(0, 100).await.unwrap();
    let created = ChangeKind::Created {
        reason: CreatedReason::PutObject,
    };
    let deleted = |deletion_type| ChangeKind::Deleted { deletion_type };
    let told: Vec<_> = changes.iter().map(|c| (c.key.as_str(), c.kind)).collect();
    let expected = [
        ("x", created),
        ("y", created),
        ("x", deleted(DeletionType::DeleteMarkerCreated)),
        ("y", deleted(DeletionType::PermanentlyDeleted)),
    ];
    assert_eq!(told, expected);
    assert!(changes.is_sorted_by(|a, b| a.id < b.id && a.sequencer < b.sequencer));
    s3.store.forget_changes(changes[2].id).await.unwrap();
    assert_eq!(s3.store.changes_after(0, 100).await.unwrap(), changes[3..]);
}
