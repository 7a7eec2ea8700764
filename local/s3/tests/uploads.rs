//! Multipart uploads over HTTP.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{ChecksumType, CompletedMultipartUpload, CompletedPart};
use perennial_local_s3::{ChangeKind, CreatedReason};
use support::{BUCKET, Served, serve};

const PART: usize = 5 * 1024 * 1024;
const KEY: &str = "big/a b.bin";

fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|at| (at as u8).wrapping_mul(31) ^ seed)
        .collect()
}

async fn start(s3: &Served) -> String {
    let created = s3.client.create_multipart_upload().bucket(BUCKET).key(KEY);
    let created = created
        .content_type("text/big")
        .metadata("m", "1")
        .send()
        .await
        .unwrap();
    created.upload_id.unwrap()
}

async fn part(s3: &Served, upload: &str, number: i32, content: Vec<u8>) -> CompletedPart {
    let sent = s3
        .client
        .upload_part()
        .bucket(BUCKET)
        .key(KEY)
        .upload_id(upload);
    let sent = sent
        .part_number(number)
        .body(content.into())
        .send()
        .await
        .unwrap();
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(sent.e_tag)
        .set_checksum_crc32(sent.checksum_crc32)
        .build()
}

async fn complete(
    s3: &Served,
    upload: &str,
    parts: Vec<CompletedPart>,
) -> Result<aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput, String>
{
    let parts = CompletedMultipartUpload::builder()
        .set_parts(Some(parts))
        .build();
    let done = s3
        .client
        .complete_multipart_upload()
        .bucket(BUCKET)
        .key(KEY);
    let done = done.upload_id(upload).multipart_upload(parts).send().await;
    done.map_err(|error| error.code().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn parts_become_one_object_and_completing_twice_gives_the_same() {
    let s3 = serve().await;
    let upload = start(&s3).await;
    let (one, two) = (content(PART, 1), content(1000, 2));
    // Out of order, and one replaced.
    let second = part(&s3, &upload, 2, two.clone()).await;
    part(&s3, &upload, 1, content(PART, 9)).await;
    let first = part(&s3, &upload, 1, one.clone()).await;
    let listed = s3
        .client
        .list_parts()
        .bucket(BUCKET)
        .key(KEY)
        .upload_id(&upload);
    let listed = listed.max_parts(1).send().await.unwrap();
    assert_eq!(
        (listed.parts().len(), listed.is_truncated()),
        (1, Some(true))
    );
    let uploads = s3
        .client
        .list_multipart_uploads()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(uploads.uploads()[0].key(), Some(KEY));

    let parts = vec![first, second];
    let done = complete(&s3, &upload, parts.clone()).await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    let again = complete(&s3, &upload, parts).await.unwrap();
    assert_eq!(again.version_id(), done.version_id());

    let got = s3
        .client
        .get_object()
        .bucket(BUCKET)
        .key(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(got.content_type(), Some("text/big"));
    let whole = [one, two.clone()].concat();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), whole);
    let got = s3
        .client
        .get_object()
        .bucket(BUCKET)
        .key(KEY)
        .part_number(2)
        .send()
        .await
        .unwrap();
    assert_eq!(got.parts_count(), Some(2));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), two);

    // A copy of it is an object in one piece.
    let copied = s3.client.copy_object().bucket(BUCKET).key("copy");
    let copied = copied
        .copy_source(format!("{BUCKET}/big/a%20b.bin"))
        .send()
        .await
        .unwrap();
    assert!(
        !copied
            .copy_object_result()
            .unwrap()
            .e_tag()
            .unwrap()
            .contains('-')
    );
    assert_eq!(s3.store.read(BUCKET, "copy").await.unwrap(), whole);

    let changes = s3.store.changes_after(0, 10).await.unwrap();
    let reason = CreatedReason::CompleteMultipartUpload;
    assert_eq!(changes[0].kind, ChangeKind::Created { reason });
    assert_eq!((changes.len(), changes[0].size), (2, whole.len() as u64));
}

#[tokio::test]
async fn what_is_wrong_with_a_completion_is_said() {
    let s3 = serve().await;
    let upload = start(&s3).await;
    let one = part(&s3, &upload, 1, content(100, 1)).await;
    let two = part(&s3, &upload, 2, content(100, 2)).await;
    let made_up = CompletedPart::builder()
        .part_number(3)
        .e_tag("\"0\"")
        .build();
    let cases = [
        (vec![two.clone(), one.clone()], "InvalidPartOrder"),
        (vec![one.clone(), made_up], "InvalidPart"),
        (vec![one.clone(), two], "EntityTooSmall"),
    ];
    for (parts, expected) in cases {
        assert_eq!(complete(&s3, &upload, parts).await.unwrap_err(), expected);
    }
    let abort = s3
        .client
        .abort_multipart_upload()
        .bucket(BUCKET)
        .key(KEY)
        .upload_id(&upload);
    abort.send().await.unwrap();
    assert_eq!(
        complete(&s3, &upload, vec![one]).await.unwrap_err(),
        "NoSuchUpload"
    );
    assert!(s3.store.list(BUCKET, "").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_checksum_over_the_whole_and_parts_copied_from_an_object() {
    let s3 = serve().await;
    let source = content(PART + 10, 3);
    s3.store
        .put_bytes(BUCKET, "source", source.clone(), Default::default())
        .await
        .unwrap();
    let created = s3.client.create_multipart_upload().bucket(BUCKET).key(KEY);
    let created = created.checksum_type(ChecksumType::FullObject);
    let created = created.checksum_algorithm(aws_sdk_s3::types::ChecksumAlgorithm::Crc32);
    let upload = created.send().await.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, range) in [
        (1, format!("bytes=0-{}", PART - 1)),
        (2, format!("bytes={PART}-{}", PART + 9)),
    ] {
        let copied = s3
            .client
            .upload_part_copy()
            .bucket(BUCKET)
            .key(KEY)
            .upload_id(&upload);
        let copied = copied
            .part_number(number)
            .copy_source(format!("{BUCKET}/source"));
        let copied = copied.copy_source_range(range).send().await.unwrap();
        let etag = copied
            .copy_part_result()
            .unwrap()
            .e_tag()
            .map(str::to_owned);
        parts.push(
            CompletedPart::builder()
                .part_number(number)
                .set_e_tag(etag)
                .build(),
        );
    }
    let done = complete(&s3, &upload, parts).await.unwrap();
    assert_eq!(done.checksum_type().unwrap(), &ChecksumType::FullObject);
    assert!(!done.checksum_crc32().unwrap().contains('-'));
    let got = s3
        .client
        .get_object()
        .bucket(BUCKET)
        .key(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), source);
}
