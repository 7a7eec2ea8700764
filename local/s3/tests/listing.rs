//! Listings over HTTP: pages, prefixes, delimiters, versions.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::types::EncodingType;
use support::{BUCKET, Served, serve};

const KEYS: [&str; 9] = [
    "a", "a/1", "a/2", "a/b/3", "b", "c/1", "c/2", "d e+f", "ü/1",
];

async fn filled() -> Served {
    let s3 = serve().await;
    for key in KEYS {
        s3.store
            .put_bytes(BUCKET, key, key, Default::default())
            .await
            .unwrap();
    }
    s3
}

/// All entries and common prefixes of ListObjectsV2, read by pages of `page`.
async fn v2(s3: &Served, prefix: &str, delimiter: &str, page: i32) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), None);
    loop {
        let listed = s3
            .client
            .list_objects_v2()
            .bucket(BUCKET)
            .prefix(prefix)
            .max_keys(page);
        let listed = listed.set_delimiter(Some(delimiter.to_owned()).filter(|d| !d.is_empty()));
        let listed = listed.set_continuation_token(token).send().await.unwrap();
        let count = listed.contents().len() + listed.common_prefixes().len();
        assert_eq!(listed.key_count(), Some(count as i32));
        assert!(count <= page as usize);
        let mut names: Vec<_> = listed
            .contents()
            .iter()
            .map(|o| o.key().unwrap().to_owned())
            .collect();
        names.extend(
            listed
                .common_prefixes()
                .iter()
                .map(|p| p.prefix().unwrap().to_owned()),
        );
        names.sort_unstable();
        found.extend(names);
        token = listed.next_continuation_token().map(str::to_owned);
        assert_eq!(listed.is_truncated(), Some(token.is_some()));
        if token.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn pages_of_any_size_give_the_same() {
    let s3 = filled().await;
    for page in [1, 2, 3, 9, 1000] {
        assert_eq!(v2(&s3, "", "", page).await, KEYS);
        let rolled = ["a", "a/", "b", "c/", "d e+f", "ü/"];
        assert_eq!(v2(&s3, "", "/", page).await, rolled);
        assert_eq!(v2(&s3, "a/", "/", page).await, ["a/1", "a/2", "a/b/"]);
        assert_eq!(v2(&s3, "a", "", page).await, ["a", "a/1", "a/2", "a/b/3"]);
        assert!(v2(&s3, "nothing", "/", page).await.is_empty());
    }
}

#[tokio::test]
async fn start_after_encoding_and_bad_tokens() {
    let s3 = filled().await;
    let listed = s3
        .client
        .list_objects_v2()
        .bucket(BUCKET)
        .start_after("c/1");
    let listed = listed
        .encoding_type(EncodingType::Url)
        .send()
        .await
        .unwrap();
    let names: Vec<_> = listed.contents().iter().map(|o| o.key().unwrap()).collect();
    assert_eq!(names, ["c/2", "d%20e%2Bf", "%C3%BC/1"]);
    let bad = s3
        .client
        .list_objects_v2()
        .bucket(BUCKET)
        .continuation_token("!")
        .send()
        .await;
    assert!(bad.is_err());
    let none = s3
        .client
        .list_objects_v2()
        .bucket(BUCKET)
        .max_keys(0)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (none.contents().len(), none.is_truncated()),
        (0, Some(false))
    );
}

#[tokio::test]
async fn the_older_listing_goes_on_after_its_marker() {
    let s3 = filled().await;
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let listed = s3
            .client
            .list_objects()
            .bucket(BUCKET)
            .delimiter("/")
            .max_keys(1);
        let listed = listed.set_marker(marker).send().await.unwrap();
        found.extend(
            listed
                .contents()
                .iter()
                .map(|o| o.key().unwrap().to_owned()),
        );
        found.extend(
            listed
                .common_prefixes()
                .iter()
                .map(|p| p.prefix().unwrap().to_owned()),
        );
        marker = listed.next_marker().map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(found, ["a", "a/", "b", "c/", "d e+f", "ü/"]);
}

#[tokio::test]
async fn versions_in_pages_even_when_the_marker_is_deleted_meanwhile() {
    let s3 = filled().await;
    for _ in 0..3 {
        s3.store
            .put_bytes(BUCKET, "a/1", "again", Default::default())
            .await
            .unwrap();
    }
    s3.store
        .delete(BUCKET, "b", None, Default::default())
        .await
        .unwrap();
    let (mut seen, mut key, mut version) = (Vec::new(), None, None);
    loop {
        let listed = s3.client.list_object_versions().bucket(BUCKET).max_keys(2);
        let listed = listed.set_key_marker(key).set_version_id_marker(version);
        let listed = listed.send().await.unwrap();
        let versions = listed.versions().iter().map(|v| (v.key(), v.version_id()));
        let markers = listed
            .delete_markers()
            .iter()
            .map(|m| (m.key(), m.version_id()));
        for (key, version) in versions.chain(markers) {
            let (key, version) = (key.unwrap(), version.unwrap());
            seen.push((key.to_owned(), version.to_owned()));
            s3.store
                .delete(BUCKET, key, Some(version), Default::default())
                .await
                .unwrap();
        }
        if listed.is_truncated() != Some(true) {
            break;
        }
        key = listed.next_key_marker().map(str::to_owned);
        version = listed.next_version_id_marker().map(str::to_owned);
    }
    assert_eq!(seen.len(), KEYS.len() + 3 + 1);
    assert!(s3.store.list(BUCKET, "").await.unwrap().is_empty());
    s3.store.delete_bucket(BUCKET).await.unwrap();
}
