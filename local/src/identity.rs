//! Who calls: the user, or one of the functions, told by the access key.
//!
//! The keys are no secrets. They only have to differ, so that the caller of each call is known. A function's
//! key holds the cloud's start, so a process left over from a killed cloud is refused by the next one.

use std::collections::BTreeMap;
use std::ops::Deref;

use perennial_local_template::Function;
use serde_json::{Value, json};

/// The account of every local ARN.
pub const ACCOUNT: &str = "123456789012";
/// The region of every local ARN.
pub const REGION: &str = "us-east-1";
/// The user's access key.
pub const USER_ACCESS_KEY: &str = "local-user";
/// The user's secret key.
pub const USER_SECRET_KEY: &str = "local-user-key";

/// The user's name in ARNs, as STS gives it.
const USER_NAME: &str = "local";

/// The caller of one AWS call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The person at the keyboard: AWS CLI, boto3, the `perennial` command, the drop folder.
    User,
    /// A function.
    Function(FunctionCaller),
}

/// A function that calls, by its short name (`ingest`), which it reads as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCaller {
    short: String,
    name: String,
    role: String,
}

impl FunctionCaller {
    /// A function of the template.
    pub(crate) fn of(declared: &Function) -> Self {
        let role = declared.role_arn.rsplit('/').next().unwrap_or_default();
        Self {
            short: declared.binary.clone(),
            name: declared.name.clone(),
            role: role.to_owned(),
        }
    }

    /// Its name on AWS.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Deref for FunctionCaller {
    type Target = str;

    fn deref(&self) -> &str {
        &self.short
    }
}

/// For tests: with the names that the standard template gives.
#[cfg(test)]
impl From<&str> for FunctionCaller {
    fn from(short: &str) -> Self {
        Self {
            short: short.to_owned(),
            name: aws_function_name(short),
            role: format!("{}-role", aws_function_name(short)),
        }
    }
}

impl Caller {
    /// The ARN that STS and CloudTrail show for this caller.
    pub fn arn(&self) -> String {
        match self {
            Self::User => format!("arn:aws:iam::{ACCOUNT}:user/{USER_NAME}"),
            Self::Function(FunctionCaller { name, role, .. }) => {
                format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}")
            }
        }
    }

    /// CloudTrail's `userIdentity` element
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>).
    pub fn user_identity(&self) -> Value {
        match self {
            Self::User => json!({
                "type": "IAMUser",
                "principalId": "AIDALOCALUSER",
                "arn": self.arn(),
                "accountId": ACCOUNT,
                "accessKeyId": USER_ACCESS_KEY,
                "userName": USER_NAME,
            }),
            Self::Function(FunctionCaller { name, role, .. }) => json!({
                "type": "AssumedRole",
                "principalId": format!("AROALOCAL:{name}"),
                "arn": self.arn(),
                "accountId": ACCOUNT,
                "sessionName": name,
                "sessionContext": { "sessionIssuer": {
                    "type": "Role",
                    "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
                    "accountId": ACCOUNT,
                    "userName": role,
                }},
            }),
        }
    }
}

/// The name that the standard template gives a function.
pub fn aws_function_name(name: &str) -> String {
    format!("perennial-local-{name}")
}

/// The access keys of one run of the cloud.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    by_access_key: BTreeMap<String, (Caller, String)>,
}

impl Keys {
    /// Keys for the user and for each function; `start` tells this run of the cloud from every other.
    pub(crate) fn new(functions: impl IntoIterator<Item = FunctionCaller>, start: &str) -> Self {
        let mut by_access_key = BTreeMap::new();
        by_access_key.insert(
            USER_ACCESS_KEY.to_owned(),
            (Caller::User, USER_SECRET_KEY.to_owned()),
        );
        for function in functions {
            let key = format!("local-{}-{start}", &*function);
            let secret = format!("{key}-key");
            by_access_key.insert(key, (Caller::Function(function), secret));
        }
        Self { by_access_key }
    }

    /// The caller that an access key stands for.
    pub(crate) fn caller(&self, access_key: &str) -> Option<&Caller> {
        self.by_access_key.get(access_key).map(|(caller, _)| caller)
    }

    /// A caller's access key; empty if it has none in this run.
    pub(crate) fn access_key(&self, of: &Caller) -> &str {
        let found = self
            .by_access_key
            .iter()
            .find(|(_, (caller, _))| caller == of);
        found.map_or("", |(key, _)| key.as_str())
    }

    /// The (access key, secret key) of a function.
    pub(crate) fn of_function(&self, name: &str) -> Option<(&str, &str)> {
        self.by_access_key
            .iter()
            .find(|(_, (caller, _))| matches!(caller, Caller::Function(function) if **function == *name))
            .map(|(key, (_, secret))| (key.as_str(), secret.as_str()))
    }

    /// Every (access key, secret key), for the part that verifies signatures.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_access_key
            .iter()
            .map(|(key, (_, secret))| (key.as_str(), secret.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_tells_the_caller() {
        let keys = Keys::new(["ingest", "train"].map(Into::into), "01h");
        let (key, _) = keys.of_function("train").unwrap();
        assert_eq!(keys.caller(key), Some(&Caller::Function("train".into())));
        assert_eq!(keys.caller(USER_ACCESS_KEY), Some(&Caller::User));
        assert_eq!(
            Keys::new([FunctionCaller::from("train")], "01j").caller(key),
            None
        );
        assert_eq!(
            Caller::Function("train".into()).user_identity()["sessionName"],
            "perennial-local-train"
        );
    }
}
