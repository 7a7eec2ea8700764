//! The store behind S3's own protocol: `s3s` reads and checks requests, this folder answers them.

mod access;
mod convert;
mod listing;
mod objects;
mod s3;
mod uploads;

use std::sync::Arc;

use s3s::S3Result;
use s3s::auth::S3Auth;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};

pub use access::{Asked, Permitted};

use crate::ids;
use crate::store::Store;

/// The account of everything local.
const ACCOUNT: &str = "123456789012";

/// Who does something, as the event tells of it. The gateway may put one into a request's extensions; a request without
/// gets the default: a fresh request id, account 123456789012, 127.0.0.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The request's id: 16 upper-case letters and digits.
    pub request_id: String,
    /// The account or service.
    pub requester: String,
    /// The address that the request came from.
    pub source_ip: String,
}

impl Default for Caller {
    fn default() -> Self {
        Self {
            request_id: ids::request_id(),
            requester: ACCOUNT.to_owned(),
            source_ip: "127.0.0.1".to_owned(),
        }
    }
}

/// The domain below which a host name names a bucket. Every other host is taken for path style, so that
/// an IP address or a container's name works too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

impl Domain {
    /// That domain, without a port.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self(domain.to_ascii_lowercase())
    }

    /// The bucket that a `Host` header names, its port ignored.
    #[must_use]
    pub fn bucket_of<'a>(&self, host: &'a str) -> Option<&'a str> {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let at = name.len().checked_sub(self.0.len())?;
        if !name.get(at..)?.eq_ignore_ascii_case(&self.0) {
            return None;
        }
        let bucket = name.get(..at)?.strip_suffix('.')?;
        // Endpoints of the form s3.localhost are no bucket.
        (bucket != "s3").then_some(bucket)
    }
}

impl Default for Domain {
    fn default() -> Self {
        Self::new("localhost")
    }
}

impl S3Host for Domain {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match self.bucket_of(host) {
            Some(bucket) => VirtualHost::new(&*self.0).with_bucket(bucket.to_ascii_lowercase()),
            None => VirtualHost::new(host),
        })
    }
}

/// The S3 service over a store: path style, and virtual-host style below `localhost`.
pub fn service(store: Arc<Store>, auth: impl S3Auth) -> S3Service {
    service_on(store, auth, Domain::default())
}

/// As [`service`], with virtual-host style below another domain.
pub fn service_on(store: Arc<Store>, auth: impl S3Auth, domain: Domain) -> S3Service {
    let mut builder = S3ServiceBuilder::new(s3::Api(store));
    builder.set_auth(auth);
    builder.set_access(access::AsPermitted);
    builder.set_host(domain);
    builder.build()
}

/// The names of all operations that are answered, as `ListObjectsV2`.
#[must_use]
pub fn operations() -> Vec<String> {
    let pascal = |name: &str| {
        name.split('_')
            .map(|word| {
                let (first, rest) = word.split_at(1);
                first.to_ascii_uppercase() + rest
            })
            .collect()
    };
    s3::OPERATIONS.iter().map(|name| pascal(name)).collect()
}

/// The error code and message of a response, for the trace; `None` for one that tells of success. An answer to HEAD has
/// them too, until HTTP leaves its body out.
#[must_use]
pub fn error_of(response: &s3s::HttpResponse) -> Option<(String, String)> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let body = response.body().bytes().unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    let element = |name: &str| {
        let (_, rest) = body.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(unescape(text))
    };
    let code = element("Code").unwrap_or_else(|| status.as_str().to_owned());
    Some((code, element("Message").unwrap_or_default()))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_aws_names_them() {
        let names = operations();
        for name in ["PutObject", "ListObjectsV2", "CreateMultipartUpload"] {
            assert!(names.iter().any(|own| own == name), "{name}: {names:?}");
        }
    }

    #[test]
    fn a_host_below_the_domain_names_a_bucket() {
        let domain = Domain::default();
        assert_eq!(domain.bucket_of("models.localhost:4566"), Some("models"));
        assert_eq!(domain.bucket_of("a.b.LOCALHOST"), Some("a.b"));
        assert_eq!(domain.bucket_of("localhost:4566"), None);
        assert_eq!(domain.bucket_of("s3.localhost"), None);
        assert_eq!(domain.bucket_of("127.0.0.1:4566"), None);
        assert_eq!(domain.bucket_of("notlocalhost"), None);
        assert_eq!(Domain::new("s3.test").bucket_of("b.s3.test"), Some("b"));
    }
}
