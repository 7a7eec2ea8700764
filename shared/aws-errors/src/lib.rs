//! What the AWS adapters share: a failed call in the ports' few kinds, and times between the two libraries.
//!
//! No service's SDK stands here, so that nobody compiles an SDK that it does not call.

#[cfg(feature = "replay")]
pub mod replay;
pub mod time;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use perennial_ports::{ErrorKind, PortError};

/// A failed call of the SDK as the ports know it. The message keeps the service's code, words and request id.
///
/// `operation` is the service and operation, e.g. `bedrock:CreateModelCustomizationJob`.
pub fn port_error<E>(operation: &str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match &error {
        SdkError::ServiceError(refused) => {
            let status = refused.raw().status().as_u16();
            let meta = refused.err().meta();
            PortError::new(
                operation,
                kind(meta.code(), status),
                words(
                    meta.code(),
                    meta.message(),
                    status,
                    meta.extra("aws_request_id"),
                ),
            )
        }
        SdkError::ConstructionFailure(_) => {
            PortError::new(operation, ErrorKind::Invalid, chain(&error))
        }
        _ if has_no_credentials(&error) => PortError::new(
            operation,
            ErrorKind::Denied,
            format!(
                "no usable credentials: {}. Sign in, or set AWS_PROFILE, as for the AWS CLI",
                chain(&error)
            ),
        ),
        _ => PortError::new(operation, ErrorKind::Unanswered, chain(&error)),
    }
}

/// What kind of failure a service's error code is; the HTTP status decides about codes that are not known here.
///
/// Codes: the error shapes of the service models (botocore 1.44.5), and AWS's common errors.
pub fn kind(code: Option<&str>, status: u16) -> ErrorKind {
    match code.unwrap_or_default() {
        "ResourceNotFoundException"
        | "ResourceNotFound"
        | "ParameterNotFound"
        | "NoSuchKey"
        | "NoSuchVersion"
        | "NoSuchUpload"
        | "NotFound" => ErrorKind::NotFound,
        "ConflictException"
        | "ResourceInUseException"
        | "ResourceInUse"
        | "ConditionalCheckFailedException"
        | "TransactionCanceledException"
        | "TransactionConflictException"
        | "IdempotentParameterMismatchException"
        | "OperationAborted" => ErrorKind::Conflict,
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "ModelNotReadyException"
        | "TooManyUpdates"
        | "SlowDown" => ErrorKind::Throttled,
        "ServiceQuotaExceededException"
        | "LimitExceededException"
        | "ResourceLimitExceeded"
        | "ParameterLimitExceeded" => ErrorKind::Quota,
        "ValidationException" | "TooManyTagsException" | "NoSuchBucket" => ErrorKind::Invalid,
        "AccessDeniedException"
        | "AccessDenied"
        | "AccessDeniedError"
        | "UnauthorizedOperation"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestTimeTooSkewed" => ErrorKind::Denied,
        // The first try may still be at work: nobody knows yet what it did.
        "TransactionInProgressException"
        | "ModelTimeoutException"
        | "ModelErrorException"
        | "RequestTimeout"
        | "RequestTimeoutException" => ErrorKind::Unanswered,
        _ => by_status(status),
    }
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::Throttled,
        408 => ErrorKind::Unanswered,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Unanswered,
    }
}

fn words(
    code: Option<&str>,
    message: Option<&str>,
    status: u16,
    request_id: Option<&str>,
) -> String {
    let mut text = match (code, message.filter(|message| !message.is_empty())) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, Some(message)) => message.to_owned(),
        (None, None) => format!("HTTP status {status} without further words"),
    };
    if let Some(id) = request_id {
        text.push_str(&format!(" (request {id})"));
    }
    text
}

fn has_no_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<CredentialsError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error and its causes, outermost first.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_before_statuses() {
        for (code, status, expected) in [
            ("ResourceNotFoundException", 400, ErrorKind::NotFound),
            ("ConflictException", 400, ErrorKind::Conflict),
            ("ModelNotReadyException", 429, ErrorKind::Throttled),
            ("ServiceQuotaExceededException", 400, ErrorKind::Quota),
            ("ResourceNotFound", 400, ErrorKind::NotFound),
            ("ResourceInUse", 400, ErrorKind::Conflict),
            ("ResourceLimitExceeded", 400, ErrorKind::Quota),
            ("TooManyTagsException", 400, ErrorKind::Invalid),
            ("AccessDeniedException", 403, ErrorKind::Denied),
            ("InternalServerException", 500, ErrorKind::Unanswered),
            ("SomethingNew", 400, ErrorKind::Invalid),
            ("SomethingNew", 503, ErrorKind::Unanswered),
        ] {
            assert_eq!(kind(Some(code), status), expected, "{code} {status}");
        }
        assert_eq!(kind(None, 404), ErrorKind::NotFound);
    }

    #[test]
    fn the_services_words_are_kept() {
        assert_eq!(
            words(
                Some("ValidationException"),
                Some("The name is taken"),
                400,
                Some("r-1")
            ),
            "ValidationException: The name is taken (request r-1)"
        );
    }
}
