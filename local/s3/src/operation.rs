//! Which operation a request is, and with which parameters: for the trace, and for whoever must allow it before it runs.
//!
//! S3's REST operations are told apart by method, by whether the path names a bucket and a key, by query parameters and,
//! for copies, by one header.

use std::borrow::Cow;

use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::api::Domain;

/// Query parameters that sign a request and say nothing of it.
const SIGNING: [&str; 7] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

const BUCKET: &str = "bucketName";
const KEY: &str = "key";
const COPY_SOURCE: &str = "x-amz-copy-source";

/// What the path and the headers say. A query that says it as well says nothing to S3, and must not be believed here.
const OUTSIDE_THE_QUERY: [&str; 3] = [BUCKET, KEY, COPY_SOURCE];

/// Headers by which a request does more than its operation says, and needs more permissions.
const WITH_MORE: [&str; 10] = [
    "x-amz-acl",
    "x-amz-bypass-governance-retention",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write-acp",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-tagging",
];

/// Sub-resources of a bucket that the store does not have, with the names of reading, setting and deleting them.
const BUCKET_RESOURCES: [(&str, [&str; 3]); 11] = [
    ("acl", ["GetBucketAcl", "PutBucketAcl", "Unknown"]),
    (
        "cors",
        ["GetBucketCors", "PutBucketCors", "DeleteBucketCors"],
    ),
    (
        "encryption",
        [
            "GetBucketEncryption",
            "PutBucketEncryption",
            "DeleteBucketEncryption",
        ],
    ),
    (
        "lifecycle",
        [
            "GetBucketLifecycleConfiguration",
            "PutBucketLifecycleConfiguration",
            "DeleteBucketLifecycle",
        ],
    ),
    (
        "logging",
        ["GetBucketLogging", "PutBucketLogging", "Unknown"],
    ),
    (
        "notification",
        [
            "GetBucketNotificationConfiguration",
            "PutBucketNotificationConfiguration",
            "Unknown",
        ],
    ),
    (
        "policy",
        ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"],
    ),
    (
        "replication",
        [
            "GetBucketReplication",
            "PutBucketReplication",
            "DeleteBucketReplication",
        ],
    ),
    (
        "tagging",
        [
            "GetBucketTagging",
            "PutBucketTagging",
            "DeleteBucketTagging",
        ],
    ),
    (
        "website",
        [
            "GetBucketWebsite",
            "PutBucketWebsite",
            "DeleteBucketWebsite",
        ],
    ),
    (
        "publicAccessBlock",
        [
            "GetPublicAccessBlock",
            "PutPublicAccessBlock",
            "DeletePublicAccessBlock",
        ],
    ),
];

/// The operation's name, as `PutObject`, and its parameters: what the query says, and above it `bucketName` and `key` of the
/// path, `x-amz-copy-source` and what needs more permissions of the headers. `Unknown` for what is no operation of S3. Virtual-host style is read below `localhost`.
#[must_use]
pub fn operation_of(parts: &Parts) -> (&'static str, Value) {
    operation_on(parts, &Domain::default())
}

/// As [`operation_of`], with virtual-host style below another domain.
#[must_use]
pub fn operation_on(parts: &Parts, domain: &Domain) -> (&'static str, Value) {
    let host = parts.headers.get(http::header::HOST);
    let host = host
        .and_then(|host| host.to_str().ok())
        .or_else(|| parts.uri.host());
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    let path = path.strip_prefix('/').unwrap_or(&path);
    let (bucket, key) = match host.and_then(|host| domain.bucket_of(host)) {
        // Host names are not case-sensitive, and buckets are lower case.
        Some(bucket) => (Cow::Owned(bucket.to_ascii_lowercase()), path),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (Cow::Borrowed(bucket), key)
        }
    };
    let query: Vec<(String, String)> = parts.uri.query().map(pairs).unwrap_or_default();
    let copy_source = parts.headers.get(COPY_SOURCE);
    let request = Request {
        method: &parts.method,
        query: &query,
        copies: copy_source.is_some(),
    };
    let name = match (bucket.is_empty(), key.is_empty()) {
        (true, _) if parts.method == Method::GET => "ListBuckets",
        (true, _) => "Unknown",
        (false, true) => request.on_bucket(),
        (false, false) => request.on_object(),
    };
    let mut params = Map::new();
    for (name, value) in &query {
        if !SIGNING.contains(&name.to_ascii_lowercase().as_str())
            && !OUTSIDE_THE_QUERY.contains(&name.as_str())
        {
            params.insert(name.clone(), json!(value));
        }
    }
    if !bucket.is_empty() {
        params.insert(BUCKET.to_owned(), json!(bucket));
    }
    if !key.is_empty() {
        params.insert(KEY.to_owned(), json!(key));
    }
    // One that is no text is left out: a copy whose source cannot be told is refused.
    if let Some(source) = copy_source.and_then(|source| source.to_str().ok()) {
        params.insert(COPY_SOURCE.to_owned(), json!(source));
    }
    for name in WITH_MORE {
        if let Some(value) = parts.headers.get(name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            params.insert(name.to_owned(), json!(value));
        }
    }
    (name, Value::Object(params))
}

struct Request<'a> {
    method: &'a Method,
    query: &'a [(String, String)],
    copies: bool,
}

impl Request<'_> {
    fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(found, _)| found == name)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.query
            .iter()
            .any(|(found, text)| found == name && text == value)
    }

    fn on_bucket(&self) -> &'static str {
        let resource = BUCKET_RESOURCES
            .iter()
            .find(|(resource, _)| self.has(resource));
        if let Some((_, [get, put, delete])) = resource {
            return match *self.method {
                Method::GET => get,
                Method::PUT => put,
                Method::DELETE => delete,
                _ => "Unknown",
            };
        }
        match *self.method {
            Method::HEAD => "HeadBucket",
            Method::DELETE => "DeleteBucket",
            Method::PUT if self.has("versioning") => "PutBucketVersioning",
            Method::PUT => "CreateBucket",
            Method::POST if self.has("delete") => "DeleteObjects",
            Method::POST => "PostObject",
            Method::GET if self.has("location") => "GetBucketLocation",
            Method::GET if self.has("versioning") => "GetBucketVersioning",
            Method::GET if self.has("versions") => "ListObjectVersions",
            Method::GET if self.has("uploads") => "ListMultipartUploads",
            Method::GET if self.is("list-type", "2") => "ListObjectsV2",
            Method::GET => "ListObjects",
            _ => "Unknown",
        }
    }

    fn on_object(&self) -> &'static str {
        match *self.method {
            Method::HEAD => "HeadObject",
            Method::GET if self.has("tagging") => "GetObjectTagging",
            Method::GET if self.has("acl") => "GetObjectAcl",
            Method::GET if self.has("attributes") => "GetObjectAttributes",
            Method::GET if self.has("uploadId") => "ListParts",
            Method::GET => "GetObject",
            Method::PUT if self.has("tagging") => "PutObjectTagging",
            Method::PUT if self.has("acl") => "PutObjectAcl",
            Method::PUT if self.has("uploadId") && self.copies => "UploadPartCopy",
            Method::PUT if self.has("uploadId") => "UploadPart",
            Method::PUT if self.copies => "CopyObject",
            Method::PUT => "PutObject",
            Method::POST if self.has("uploads") => "CreateMultipartUpload",
            Method::POST if self.has("uploadId") => "CompleteMultipartUpload",
            Method::DELETE if self.has("tagging") => "DeleteObjectTagging",
            Method::DELETE if self.has("uploadId") => "AbortMultipartUpload",
            Method::DELETE => "DeleteObject",
            _ => "Unknown",
        }
    }
}

/// A query's parameters, decoded. In S3's queries `+` is a space.
fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    parameters
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (decode(name), decode(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method, URI, headers, expected name.
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str);

    fn of(method: &str, uri: &str, headers: &[(&str, &str)]) -> (&'static str, Value) {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        operation_of(&parts)
    }

    #[test]
    fn operations_are_told_apart() {
        let copy: &[_] = &[("x-amz-copy-source", "b/k")];
        let table: [Row<'_>; 28] = [
            ("GET", "/", &[], "ListBuckets"),
            ("GET", "/?x-id=ListBuckets", &[], "ListBuckets"),
            ("POST", "/", &[], "Unknown"),
            ("PUT", "/bkt", &[], "CreateBucket"),
            ("PUT", "/bkt/", &[], "CreateBucket"),
            ("HEAD", "/bkt", &[], "HeadBucket"),
            ("DELETE", "/bkt", &[], "DeleteBucket"),
            ("GET", "/bkt?location", &[], "GetBucketLocation"),
            ("GET", "/bkt?versioning", &[], "GetBucketVersioning"),
            ("PUT", "/bkt?versioning", &[], "PutBucketVersioning"),
            ("GET", "/bkt?list-type=2&prefix=a", &[], "ListObjectsV2"),
            ("GET", "/bkt", &[], "ListObjects"),
            ("GET", "/bkt?versions", &[], "ListObjectVersions"),
            ("GET", "/bkt?uploads", &[], "ListMultipartUploads"),
            ("GET", "/bkt?policy", &[], "GetBucketPolicy"),
            ("POST", "/bkt?delete", &[], "DeleteObjects"),
            ("PUT", "/bkt/k?x-id=PutObject", &[], "PutObject"),
            ("PUT", "/bkt/k", copy, "CopyObject"),
            ("GET", "/bkt/k?versionId=v", &[], "GetObject"),
            ("HEAD", "/bkt/k", &[], "HeadObject"),
            ("DELETE", "/bkt/k", &[], "DeleteObject"),
            ("POST", "/bkt/k?uploads", &[], "CreateMultipartUpload"),
            ("PUT", "/bkt/k?partNumber=1&uploadId=u", &[], "UploadPart"),
            (
                "PUT",
                "/bkt/k?partNumber=1&uploadId=u",
                copy,
                "UploadPartCopy",
            ),
            ("POST", "/bkt/k?uploadId=u", &[], "CompleteMultipartUpload"),
            ("DELETE", "/bkt/k?uploadId=u", &[], "AbortMultipartUpload"),
            ("GET", "/bkt/k?uploadId=u", &[], "ListParts"),
            (
                "GET",
                "/k/x?list-type=2",
                &[("host", "bkt.localhost:1")],
                "GetObject",
            ),
        ];
        for (method, uri, headers, expected) in table {
            assert_eq!(of(method, uri, headers).0, expected, "{method} {uri}");
        }
    }

    #[test]
    fn a_query_never_says_which_object_it_is() {
        let uri = "/bkt/k?bucketName=other&key=secret&x-amz-copy-source=bkt/allowed&versionId=v";
        let (name, params) = of("GET", uri, &[]);
        assert_eq!(name, "GetObject");
        let expected = json!({ "bucketName": "bkt", "key": "k", "versionId": "v" });
        assert_eq!(params, expected);
        let (name, params) = of("GET", "/bkt?key=secret", &[]);
        assert_eq!(
            (name, params),
            ("ListObjects", json!({ "bucketName": "bkt" }))
        );
    }

    #[test]
    fn headers_that_need_more_permissions_are_told() {
        let (_, params) = of(
            "PUT",
            "/bkt/k",
            &[("x-amz-acl", "public-read"), ("etag", "e")],
        );
        let expected = json!({ "bucketName": "bkt", "key": "k", "x-amz-acl": "public-read" });
        assert_eq!(params, expected);
    }

    #[test]
    fn a_host_names_its_bucket_in_lower_case() {
        let (_, params) = of("GET", "/k", &[("host", "Bkt.LOCALHOST:4566")]);
        assert_eq!(params, json!({ "bucketName": "bkt", "key": "k" }));
    }

    #[test]
    fn a_copys_source_that_is_no_text_is_not_told() {
        let source = http::HeaderValue::from_bytes(b"bkt/caf\xe9").unwrap();
        let request = http::Request::builder()
            .method("PUT")
            .uri("/bkt/k?x-amz-copy-source=bkt/allowed")
            .header("x-amz-copy-source", source);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (name, params) = operation_of(&parts);
        assert_eq!(name, "CopyObject");
        assert_eq!(params, json!({ "bucketName": "bkt", "key": "k" }));
    }

    #[test]
    fn parameters_are_decoded_and_tell_no_signature() {
        let uri = "/bkt/a%20b%2Bc//%C3%A9?versionId=v1&X-Amz-Signature=secret&X-Amz-Credential=c";
        let (name, params) = of("GET", uri, &[]);
        assert_eq!(name, "GetObject");
        let expected = json!({ "bucketName": "bkt", "key": "a b+c//é", "versionId": "v1" });
        assert_eq!(params, expected);
        let (_, params) = of("GET", "/?prefix=x+y", &[("host", "bkt.localhost:4566")]);
        assert_eq!(params, json!({ "bucketName": "bkt", "prefix": "x y" }));
    }
}
