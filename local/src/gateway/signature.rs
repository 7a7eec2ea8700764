//! Reads from a request's signature who calls which service. It does not verify the signature: the S3 part
//! does that for S3, where bodies are signed in ways worth testing.

use http::{Request, header};
use percent_encoding::percent_decode_str;

/// Whom a request is signed by, and for which service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) access_key: String,
    pub(super) service: String,
}

/// Why it cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    #[error(
        "the request is not signed; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY as `perennial local env` prints them"
    )]
    Missing,
    #[error(
        "the request's credential scope {0:?} is not of the form key/date/region/service/aws4_request"
    )]
    Malformed(String),
}

impl Signature {
    /// Reads the `Authorization` header, or the query of a presigned URL.
    pub(super) fn of<B>(request: &Request<B>) -> Result<Self, SignatureError> {
        let header = request.headers().get(header::AUTHORIZATION);
        if let Some(value) = header.and_then(|value| value.to_str().ok())
            && value.starts_with("AWS4-")
        {
            let credential = value
                .split([' ', ','])
                .find_map(|part| part.trim().strip_prefix("Credential="))
                .ok_or_else(|| SignatureError::Malformed(String::new()))?;
            return Self::of_scope(credential);
        }
        let query = request.uri().query().unwrap_or_default();
        let parameter = |name: &str| {
            let value = query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
            Some(percent_decode_str(value).decode_utf8_lossy())
        };
        if let Some(credential) = parameter("X-Amz-Credential") {
            return Self::of_scope(&credential);
        }
        // Signature version 2, which `aws s3 presign` of the AWS CLI 1 still makes; only S3 takes it.
        let header = header.and_then(|value| value.to_str().ok()?.strip_prefix("AWS "));
        let access_key = match header.and_then(|value| value.split_once(':')) {
            Some((access_key, _)) => access_key.to_owned(),
            None => parameter("AWSAccessKeyId")
                .ok_or(SignatureError::Missing)?
                .into_owned(),
        };
        Ok(Self {
            access_key,
            service: "s3".to_owned(),
        })
    }

    /// `key/date/region/service/aws4_request`; without the region in asymmetric signatures (SigV4a).
    fn of_scope(credential: &str) -> Result<Self, SignatureError> {
        let malformed = || SignatureError::Malformed(credential.to_owned());
        // From the end, for an access key might hold a slash.
        let mut parts = credential.rsplitn(5, '/').collect::<Vec<_>>();
        parts.reverse();
        let (access_key, service) = match parts.as_slice() {
            [key, _, _, service, "aws4_request"] | [key, _, service, "aws4_request"] => {
                (key, service)
            }
            _ => return Err(malformed()),
        };
        if access_key.is_empty() || service.is_empty() {
            return Err(malformed());
        }
        Ok(Self {
            access_key: (*access_key).to_owned(),
            service: (*service).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(value: &str) -> Request<()> {
        Request::builder()
            .header("authorization", value)
            .body(())
            .unwrap()
    }

    #[test]
    fn reads_header_query_older_and_asymmetric_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=local-user/20261120/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=ab";
        let signature = Signature::of(&with_header(header)).unwrap();
        assert_eq!(
            (signature.access_key.as_str(), signature.service.as_str()),
            ("local-user", "dynamodb")
        );

        let uri = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local-user%2F20261120%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=ab";
        let presigned = Request::builder().uri(uri).body(()).unwrap();
        assert_eq!(Signature::of(&presigned).unwrap().service, "s3");

        let older = Request::builder()
            .uri("/b/k?AWSAccessKeyId=local-user&Signature=ab%3D&Expires=1")
            .body(())
            .unwrap();
        assert_eq!(
            Signature::of(&older).unwrap(),
            Signature {
                access_key: "local-user".into(),
                service: "s3".into()
            }
        );

        let asymmetric = "AWS4-ECDSA-P256-SHA256 Credential=k/20261120/s3/aws4_request, SignedHeaders=host, Signature=ab";
        assert_eq!(
            Signature::of(&with_header(asymmetric)).unwrap().service,
            "s3"
        );
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        let unsigned = Request::builder().body(()).unwrap();
        assert_eq!(Signature::of(&unsigned), Err(SignatureError::Missing));
        for value in [
            "AWS4-HMAC-SHA256 SignedHeaders=host",
            "AWS4-HMAC-SHA256 Credential=only/two",
        ] {
            assert!(matches!(
                Signature::of(&with_header(value)),
                Err(SignatureError::Malformed(_))
            ));
        }
    }
}
