//! What every operation is: a typed request that is performed in a call and gives a typed answer.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    ACCOUNT_ID,
    error::AwsError,
    faults::Faults,
    knowledge::Knowledge,
    learners::Learners,
    objects::ObjectAccess,
    services::Caller,
    settings::{Pace, Settings},
    store::Transaction,
};

/// What an operation works with: one transaction of the store, one moment, the caller.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) tx: &'a Transaction<'a>,
    pub(crate) now: Timestamp,
    pub(crate) caller: &'a Caller,
    pub(crate) pace: Pace,
    pub(crate) settings: &'a Settings,
    pub(crate) faults: &'a mut Faults,
    pub(crate) objects: &'a dyn ObjectAccess,
    pub(crate) learners: &'a Learners,
    pub(crate) knowledge: &'a Knowledge,
}

impl Call<'_> {
    /// `arn:aws:<service>:<region>:<account>:<resource>`.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{ACCOUNT_ID}:{resource}",
            self.settings.region
        )
    }
}

/// One operation; the type is its request, with every member that is simulated and no other.
pub(crate) trait Operation: DeserializeOwned {
    /// The operation's name in AWS's model.
    const NAME: &'static str;
    /// The HTTP status of its success.
    const STATUS: u16 = 200;
    /// What it answers; absent members (`null`) are left out of the body.
    type Answer: Serialize;

    fn perform(self, call: &mut Call<'_>) -> Result<Self::Answer, AwsError>;
}

/// An operation whose types are forgotten, so that a table of routes can hold it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) perform: fn(Value, &mut Call<'_>) -> Result<Value, AwsError>,
}

impl Route {
    pub(crate) const fn to<O: Operation>() -> Self {
        Self {
            name: O::NAME,
            status: O::STATUS,
            perform: perform::<O>,
        }
    }
}

impl Route {
    /// The one of these with that name.
    pub(crate) fn named(routes: &[Self], name: &str) -> Option<Self> {
        routes.iter().copied().find(|route| route.name == name)
    }
}

fn perform<O: Operation>(parameters: Value, call: &mut Call<'_>) -> Result<Value, AwsError> {
    let request: O = serde_json::from_value(parameters).map_err(|error| {
        AwsError::validation(format!(
            "The request of {} cannot be read: {error}.",
            O::NAME
        ))
    })?;
    let answer = serde_json::to_value(request.perform(call)?).map_err(AwsError::internal)?;
    Ok(without_nulls(answer))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, member)| !member.is_null());
            Value::Object(
                kept.map(|(name, member)| (name, without_nulls(member)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// An answer without members.
#[derive(Debug, Serialize)]
pub(crate) struct Nothing {}
