//! STS: `GetCallerIdentity`, so that the AWS CLI's first sanity check works. The query protocol: a form in, XML out.

use bytes::Bytes;
use http::Request;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ACCOUNT_ID,
    error::AwsError,
    operation::{Call, Operation, Route},
    wire::Routed,
};

/// Every operation.
pub(crate) static ROUTES: [Route; 1] = [Route::to::<GetCallerIdentity>()];

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let form = String::from_utf8_lossy(request.body());
    let query = request.uri().query().unwrap_or_default();
    let action = form
        .split('&')
        .chain(query.split('&'))
        .find_map(|pair| pair.strip_prefix("Action="));
    let name = action.unwrap_or("(no Action)");
    let route = Route::named(&ROUTES, name)
        .ok_or_else(|| AwsError::unknown_operation(format!("sts:{name}")))?;
    Ok(Routed {
        route,
        parameters: Value::Object(Map::new()),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GetCallerIdentity {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Identity {
    arn: String,
    user_id: String,
    account: &'static str,
}

impl Operation for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    type Answer = Identity;

    fn perform(self, call: &mut Call<'_>) -> Result<Identity, AwsError> {
        let user_id = call.caller.access_key.clone();
        let arn = match &call.caller.function {
            Some(function) => {
                format!("arn:aws:sts::{ACCOUNT_ID}:assumed-role/{function}/{function}")
            }
            None => format!("arn:aws:iam::{ACCOUNT_ID}:user/local"),
        };
        Ok(Identity {
            arn,
            user_id,
            account: ACCOUNT_ID,
        })
    }
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(crate) fn answer_xml(answer: &Value, request_id: &str) -> String {
    let members: String = answer
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            format!(
                "<{name}>{}</{name}>",
                escaped(value.as_str().unwrap_or_default())
            )
        })
        .collect();
    format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult>{members}</GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
}

pub(crate) fn error_xml(error: &AwsError, request_id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        escaped(&error.code),
        escaped(&error.message)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
