//! Objects over HTTP, by AWS's own client with its default signing and checksums.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, ChecksumAlgorithm, ChecksumMode, CreateBucketConfiguration,
};
use perennial_local_s3::error_of;
use support::{BUCKET, code, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Keys that would be trouble as paths, URLs or patterns.
const STRANGE: [&str; 16] = [
    "a",
    "a/b",
    "a/",
    "a//b",
    "/leading",
    "//",
    "../up",
    "a/../b",
    "./here",
    "with space and+plus",
    "100%25 %2F",
    "key?versionId=x&y=z#f",
    "ünïcode/日本/😀",
    "quote\"'<&>;,=@:$!*()",
    "back\\slash|pipe^`{}[]~",
    "trailing ",
];

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let s3 = serve().await;
    let put = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("data/a.jsonl")
        .content_type("application/jsonl")
        .cache_control("no-cache")
        .metadata("origin", "test")
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(put.checksum_crc32(), Some("NhCmhg=="));
    assert_eq!(put.version_id().unwrap().len(), 32);

    let got = s3.client.get_object().bucket(BUCKET).key("data/a.jsonl");
    let got = got.send().await.unwrap();
    assert_eq!(got.content_type(), Some("application/jsonl"));
    assert_eq!(got.cache_control(), Some("no-cache"));
    assert_eq!(got.content_encoding(), None);
    assert_eq!(got.metadata().unwrap()["origin"], "test");
    assert_eq!(got.content_length(), Some(5));
    assert_eq!(got.checksum_crc32(), Some("NhCmhg=="));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");

    let head = s3.client.head_object().bucket(BUCKET).key("data/a.jsonl");
    let head = head
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.version_id(), put.version_id());
    assert_eq!(head.checksum_crc32(), Some("NhCmhg=="));

    let missing = s3
        .client
        .head_object()
        .bucket(BUCKET)
        .key("none")
        .send()
        .await
        .unwrap_err();
    assert!(missing.as_service_error().unwrap().is_not_found());
    let missing = s3
        .client
        .get_object()
        .bucket(BUCKET)
        .key("none")
        .send()
        .await
        .unwrap_err();
    assert!(matches!(
        missing.as_service_error(),
        Some(GetObjectError::NoSuchKey(_))
    ));
    let missing = s3
        .client
        .get_object()
        .bucket("nowhere")
        .key("k")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&missing), "NoSuchBucket");
}

#[tokio::test]
async fn every_checksum_algorithm_is_checked_and_echoed() {
    let s3 = serve().await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let put = s3.client.put_object().bucket(BUCKET).key("sum");
        let put = put
            .checksum_algorithm(algorithm.clone())
            .body(ByteStream::from_static(b"hello"));
        let put = put.send().await.unwrap();
        let echoed = [
            put.checksum_crc32(),
            put.checksum_crc32_c(),
            put.checksum_crc64_nvme(),
            put.checksum_sha1(),
            put.checksum_sha256(),
        ];
        assert_eq!(echoed.iter().flatten().count(), 1, "{algorithm}");
        let got = s3
            .client
            .get_object()
            .bucket(BUCKET)
            .key("sum")
            .send()
            .await
            .unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
    }
    let wrong = s3
        .client
        .put_object()
        .bucket(BUCKET)
        .key("wrong")
        .checksum_crc32("AAAAAA==");
    let wrong = wrong
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&wrong), "BadDigest");
    let wrong = s3.client.put_object().bucket(BUCKET).key("wrong");
    let wrong = wrong
        .content_md5("XUFAKrxLKna5cZ2REBfFkg==")
        .body(ByteStream::from_static(b"no"));
    assert_eq!(code(&wrong.send().await.unwrap_err()), "BadDigest");
    let missing = s3
        .client
        .head_object()
        .bucket(BUCKET)
        .key("wrong")
        .send()
        .await;
    assert!(missing.is_err(), "refused content leaves no object");
}

#[tokio::test]
async fn ranges_and_conditions() {
    let s3 = serve().await;
    let put = s3.client.put_object().bucket(BUCKET).key("r");
    let put = put
        .body(ByteStream::from_static(b"0123456789"))
        .send()
        .await
        .unwrap();
    let etag = put.e_tag().unwrap();
    for (range, content, named) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
    ] {
        let got = s3.client.get_object().bucket(BUCKET).key("r").range(range);
        let got = got.send().await.unwrap();
        assert_eq!(got.content_range(), Some(named));
        assert_eq!(
            got.body.collect().await.unwrap().to_vec(),
            content.as_bytes()
        );
    }
    let get = || s3.client.get_object().bucket(BUCKET).key("r");
    assert_eq!(
        code(&get().range("bytes=10-").send().await.unwrap_err()),
        "InvalidRange"
    );
    assert!(get().if_match(etag).send().await.is_ok());
    let failed = get().if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(code(&failed), "PreconditionFailed");
    let same = get().if_none_match(etag).send().await.unwrap_err();
    assert_eq!(same.raw_response().unwrap().status().as_u16(), 304);

    let again = || s3.client.put_object().bucket(BUCKET).key("r");
    let refused = again().if_none_match("*").send().await.unwrap_err();
    assert_eq!(code(&refused), "PreconditionFailed");
    let refused = again().if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(code(&refused), "PreconditionFailed");
    assert!(again().if_match(etag).send().await.is_ok());
    s3.client
        .delete_object()
        .bucket(BUCKET)
        .key("r")
        .send()
        .await
        .unwrap();
    assert!(
        again().if_none_match("*").send().await.is_ok(),
        "a hidden object is none"
    );
}

#[tokio::test]
async fn strange_keys_stay_what_they_are() {
    let s3 = serve().await;
    let long = "é".repeat(512);
    let keys: Vec<&str> = STRANGE.into_iter().chain([long.as_str()]).collect();
    for key in &keys {
        let put = s3.client.put_object().bucket(BUCKET).key(*key);
        let put = put.body(key.as_bytes().to_vec().into()).send().await;
        put.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
    }
    for key in &keys {
        let got = s3
            .client
            .get_object()
            .bucket(BUCKET)
            .key(*key)
            .send()
            .await
            .unwrap();
        assert_eq!(
            got.body.collect().await.unwrap().to_vec(),
            key.as_bytes(),
            "{key:?}"
        );
        assert_eq!(s3.store.read(BUCKET, key).await.unwrap(), key.as_bytes());
    }
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    let plain = s3
        .client
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let shown: Vec<_> = plain.contents().iter().map(|o| o.key().unwrap()).collect();
    assert_eq!(shown, sorted);
    for key in &keys {
        let copy_source = format!("{BUCKET}/{}", percent(key));
        let copied = s3.client.copy_object().bucket(BUCKET).key("copied");
        let copied = copied.copy_source(copy_source).send().await;
        copied.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
        assert_eq!(
            s3.store.read(BUCKET, "copied").await.unwrap(),
            key.as_bytes()
        );
    }
    let too_long = s3.client.put_object().bucket(BUCKET).key("k".repeat(1025));
    assert_eq!(code(&too_long.send().await.unwrap_err()), "KeyTooLongError");
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn buckets() {
    let s3 = serve().await;
    s3.client
        .create_bucket()
        .bucket("other")
        .send()
        .await
        .unwrap();
    s3.client
        .create_bucket()
        .bucket("other")
        .send()
        .await
        .unwrap();
    // Everywhere but in S3's oldest region one's own bucket cannot be made twice.
    let elsewhere = || {
        let region = BucketLocationConstraint::from("us-west-2");
        let configuration = CreateBucketConfiguration::builder()
            .location_constraint(region)
            .build();
        let request = s3.client.create_bucket().bucket("elsewhere");
        request.create_bucket_configuration(configuration).send()
    };
    elsewhere().await.unwrap();
    let again = elsewhere().await.unwrap_err();
    assert_eq!(code(&again), "BucketAlreadyOwnedByYou");
    let buckets = s3.client.list_buckets().send().await.unwrap();
    let names: Vec<_> = buckets
        .buckets()
        .iter()
        .map(|b| b.name().unwrap())
        .collect();
    assert_eq!(names, ["elsewhere", BUCKET, "other"]);
    s3.client
        .head_bucket()
        .bucket("other")
        .send()
        .await
        .unwrap();
    assert!(
        s3.client
            .head_bucket()
            .bucket("nowhere")
            .send()
            .await
            .is_err()
    );
    let versioning = s3
        .client
        .get_bucket_versioning()
        .bucket("other")
        .send()
        .await
        .unwrap();
    assert_eq!(versioning.status().unwrap().as_str(), "Enabled");
    s3.client
        .get_bucket_location()
        .bucket("other")
        .send()
        .await
        .unwrap();
    s3.client
        .delete_bucket()
        .bucket("other")
        .send()
        .await
        .unwrap();
    assert!(
        s3.client
            .head_bucket()
            .bucket("other")
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_bucket_may_stand_in_the_host_name() {
    let s3 = serve().await;
    s3.store
        .put_bytes(BUCKET, "a/b c", "by host", Default::default())
        .await
        .unwrap();
    let client = support::client(&s3.endpoint.replace("127.0.0.1", "localhost"), false);
    let signing = PresigningConfig::expires_in(std::time::Duration::from_secs(60)).unwrap();
    let get = client.get_object().bucket(BUCKET).key("a/b c");
    let signed = get.presigned(signing).await.unwrap();
    // Not every system resolves names below localhost, so the connection is made here.
    let uri: http::Uri = signed.uri().parse().unwrap();
    let host = uri.authority().unwrap();
    assert!(host.as_str().starts_with("models.localhost:"));
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n",
        uri.path_and_query().unwrap()
    );
    let address = s3.endpoint.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("by host"), "{answer}");
}

#[tokio::test]
async fn who_has_no_key_or_a_wrong_one_is_refused() {
    let s3 = serve().await;
    let credentials =
        aws_sdk_s3::config::Credentials::new(support::ACCESS_KEY, "wrong", None, None, "t");
    let config = s3
        .client
        .config()
        .to_builder()
        .credentials_provider(credentials)
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let refused = client.list_buckets().send().await.unwrap_err();
    assert_eq!(code(&refused), "SignatureDoesNotMatch");
}

#[tokio::test]
async fn an_unsigned_request_is_refused_and_the_trace_learns_why() {
    let s3 = serve().await;
    let auth = s3s::auth::SimpleAuth::from_single(support::ACCESS_KEY, support::SECRET_KEY);
    let service = perennial_local_s3::service(s3.store.clone(), auth);
    let request = http::Request::get("/models/k")
        .body(s3s::Body::empty())
        .unwrap();
    let response = service.call(request).await.unwrap();
    let (code, message) = error_of(&response).unwrap();
    assert_eq!(code, "AccessDenied");
    assert!(!message.is_empty());
    let body = s3s::Body::from("fine".to_owned());
    assert_eq!(error_of(&http::Response::new(body)), None);
}
