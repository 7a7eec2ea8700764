//! Roles, as IAM would enforce them: policy documents read strictly, evaluated as AWS documents it, and for each AWS
//! operation that Perennial's functions call the permissions that it needs.
//!
//! - `document`: policy documents to typed statements. What is not understood is an error that names statement and member.
//! - `condition`: the operators of `Condition`. `glob`: wildcards.
//! - `decide`: an explicit deny wins, an allow is needed, the default is no.
//! - `catalog`: the actions that are known, each with the condition keys that its requests carry.
//! - `needs`: which actions on which resources an operation needs.
//!
//! No I/O, no AWS SDK. It knows AWS's rules, and nothing of what Perennial's functions are for.

mod catalog;
mod condition;
mod decide;
mod document;
pub mod glob;
mod needs;

pub use decide::{Decision, Denial, Miss, Reason};
pub use document::{Effect, Grant, PolicyError, Role};
pub use needs::{Account, AwsCall, Found, Kind, NeedError, Resources, looked_for, needs};

use std::collections::BTreeMap;

/// The condition keys of one request and their values. Keys are not case-sensitive, so they are kept in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// The values of a key; `None` if the request does not carry it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(&key.to_ascii_lowercase()).map(Vec::as_slice)
    }

    /// With one more key.
    #[must_use]
    pub fn with(mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.0.insert(key.to_ascii_lowercase(), values);
        self
    }
}

/// One permission that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// An ARN; `*` for an action that takes no resource.
    pub resource: String,
    /// What conditions may look at.
    pub context: Context,
    /// There is no such resource. It bears no tags then, so a condition on them does not hold.
    pub is_missing: bool,
}
