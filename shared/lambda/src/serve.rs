//! The loop of invocations: events come from the Lambda Runtime API, one at a time, and answers go back.

use std::fmt::{self, Display};

use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;

/// What is known of an invocation besides its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// When Lambda ends the function's process, whatever it does.
    pub deadline: Timestamp,
    /// The request's id, as in Lambda's own logs.
    pub request_id: String,
}

/// When Lambda ends the invocation. Unreadable times are the earliest one: nothing more is begun then.
pub fn deadline(context: &Context) -> Timestamp {
    i64::try_from(context.deadline)
        .ok()
        .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
        .unwrap_or(Timestamp::MIN)
}

/// What the Lambda runtime reads without asking whether it is there.
const NEEDED: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

/// A failed invocation. The runtime logs it by its `Debug` form, once: so that form is the words.
struct Failure(String);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self {
            error_type: "Perennial".to_owned(),
            error_message: failure.0,
        }
    }
}

/// Takes events until Lambda ends the process. A failed invocation is logged once, in words, and told to Lambda, which
/// then retries as the function's configuration says.
///
/// # Errors
/// Where there is no Lambda Runtime API, or it breaks off.
pub async fn serve<F, Fut, E>(handler: F) -> Result<(), Error>
where
    F: Fn(Value, Invocation) -> Fut,
    Fut: Future<Output = Result<Value, E>>,
    E: Display,
{
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|name| std::env::var_os(name).is_none())
        .collect();
    if !missing.is_empty() {
        return Err(format!(
            "this is a Lambda function and not a command: {} is not set; start it by Lambda, `cargo lambda watch` or \
             `perennial local`",
            missing.join(", ")
        )
        .into());
    }
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let invocation = Invocation {
            deadline: deadline(&event.context),
            request_id: event.context.request_id.clone(),
        };
        let answer = handler(event.payload, invocation);
        async move { answer.await.map_err(|error| Failure(error.to_string())) }
    }))
    .await
}
