//! A refusal as AWS words it: a code, a status and a message.

/// An error that goes back to the caller in the service's wire format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub(crate) struct AwsError {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) message: String,
}

/// The HTTP status of each Bedrock error (botocore 1.44.5's models). The other protocols keep no more of it than whose
/// fault it is (`wire`).
fn status_of(code: &str) -> u16 {
    match code {
        "AccessDeniedException" => 403,
        "ResourceNotFoundException" => 404,
        "ThrottlingException" | "ModelNotReadyException" => 429,
        "InternalServerException"
        | "InternalServerError"
        | "InternalServiceFault"
        | "InternalException" => 500,
        "ServiceUnavailableException" => 503,
        _ => 400,
    }
}

impl AwsError {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            status: status_of(code),
            message: message.into(),
        }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new("ConflictException", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new("ResourceNotFoundException", message)
    }

    pub(crate) fn quota(message: impl Into<String>) -> Self {
        Self::new("ServiceQuotaExceededException", message)
    }

    /// The simulator itself failed: its disk, its database, the object store.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            "InternalServerException",
            format!("The simulator failed: {cause}"),
        )
    }

    pub(crate) fn unknown_operation(what: impl std::fmt::Display) -> Self {
        Self {
            status: 404,
            ..Self::new(
                "UnknownOperationException",
                format!("The local cloud does not simulate {what}."),
            )
        }
    }
}

impl From<crate::store::StoreError> for AwsError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::internal(error)
    }
}
