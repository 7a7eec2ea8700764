//! A request that can be read in two ways is not permitted by the one and carried out by the other.

use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use perennial_local::USER_ACCESS_KEY;

use super::worker;
use crate::support::{self, Room};

/// What the operator put, which the function may not read.
async fn secret(room: &Room) {
    let s3 = support::s3(room.cloud().endpoint());
    let put = s3.put_object().bucket("perennial-local").key("work/secret");
    let body = ByteStream::from_static(b"secret");
    put.body(body).send().await.unwrap();
}

/// The URL is signed by the function, and the header beside it names the operator, who may do everything.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_key_beside_the_signature_opens_nothing() {
    let room = Room::open().await;
    secret(&room).await;
    let endpoint = room.cloud().endpoint();
    let s3 = support::s3_as(endpoint, worker(&room).await, RetryConfig::disabled());
    let hour = PresigningConfig::expires_in(Duration::from_secs(3600)).unwrap();
    let get = s3.get_object().bucket("perennial-local").key("work/secret");
    let url = get.presigned(hour).await.unwrap().uri().to_owned();
    let request = || http::Request::get(&url);
    let alone = support::send(request().body(Bytes::new()).unwrap()).await;
    assert_eq!(alone.0, 403, "{}", alone.1);
    assert!(alone.1.contains("s3:GetObject"), "{}", alone.1);
    let header = format!(
        "AWS4-HMAC-SHA256 Credential={USER_ACCESS_KEY}/20261121/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
    );
    let request = request().header("authorization", header);
    let (status, answer) = support::send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("two access keys"), "{answer}");
    room.close().await;
}

/// The operator's own requests are as they were, presigned ones too.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_is_signed_once_is_good() {
    let room = Room::open().await;
    secret(&room).await;
    let s3 = support::s3(room.cloud().endpoint());
    let hour = PresigningConfig::expires_in(Duration::from_secs(3600)).unwrap();
    let get = s3.get_object().bucket("perennial-local").key("work/secret");
    let url = get.presigned(hour).await.unwrap().uri().to_owned();
    let request = http::Request::get(url).body(Bytes::new()).unwrap();
    assert_eq!(support::send(request).await, (200, "secret".to_owned()));
    room.close().await;
}
