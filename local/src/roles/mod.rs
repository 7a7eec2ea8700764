//! The functions' roles: each AWS call of a function is held against its role's policies, as IAM would.
//!
//! The operator's calls are not: the user is the account's owner. Resource policies, session policies and permission
//! boundaries are not simulated. What IAM knows is `perennial-local-policy`; here it meets what is there.

mod record;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use perennial_local_policy::{
    Account, AwsCall, Decision, Found, Grant, Kind, PolicyError, Request, Resources, Role,
    looked_for, needs,
};
use perennial_local_template::{Function, Stack};
use serde_json::Value;

use crate::error::CloudError;
use crate::identity::{ACCOUNT, Caller, REGION};
use crate::simulated::Simulated;
use record::Record;

/// One function's role, as it was understood.
#[derive(Debug)]
struct Held {
    role: Role,
    role_arn: String,
    function_arn: String,
}

impl Held {
    fn account(&self) -> Account<'_> {
        Account {
            id: ACCOUNT,
            region: REGION,
            role_arn: &self.role_arn,
            function_arn: &self.function_arn,
        }
    }
}

/// The roles of all functions.
#[derive(Debug)]
pub(crate) struct Roles {
    held: BTreeMap<String, Held>,
    /// By table and index.
    partition_keys: BTreeMap<(String, Option<String>), String>,
    simulated: Arc<Simulated>,
    record: Record,
}

/// A call is not allowed; the message is AWS's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessDenied {
    pub(crate) message: String,
}

impl Roles {
    /// Reads the role of each function of the stack; `log` gets a line for each permission that is used or denied.
    ///
    /// # Errors
    /// If a policy is not understood, or the log cannot be opened.
    pub(crate) fn read(
        stack: &Stack,
        simulated: Arc<Simulated>,
        log: &Path,
    ) -> Result<Self, CloudError> {
        let hold = |function: &Function| {
            let role = Role::read(&function.binary, &function.policies)?;
            let held = Held {
                role,
                role_arn: function.role_arn.clone(),
                function_arn: function.arn.clone(),
            };
            Ok((function.binary.clone(), held))
        };
        let held: Result<_, PolicyError> = stack.functions.iter().map(hold).collect();
        let tables = stack.tables.iter();
        Ok(Self {
            held: held.map_err(|error| CloudError::Part {
                part: "roles",
                message: error.to_string(),
            })?,
            partition_keys: tables
                .flat_map(|table| partition_keys(&table.create))
                .collect(),
            simulated,
            record: Record::open(log)?,
        })
    }

    /// Whether the caller may make this call. It may block for a look at the simulated services' state.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) fn check(&self, caller: &Caller, call: &AwsCall<'_>) -> Result<(), AccessDenied> {
        let Some((function, held)) = self.role_of(caller, call)? else {
            return Ok(());
        };
        match needs(call, &held.account(), self) {
            Ok(requests) => self.decide(function, held, caller, &requests),
            Err(error) => Err(self.not_told(function, caller, call, &error.to_string())),
        }
    }

    /// Whether the caller may learn that what it read is not there; otherwise S3 denies it.
    ///
    /// # Errors
    /// If it may not.
    pub(crate) fn check_missing(
        &self,
        caller: &Caller,
        call: &AwsCall<'_>,
    ) -> Result<(), AccessDenied> {
        let Some((function, held)) = self.role_of(caller, call)? else {
            return Ok(());
        };
        match looked_for(call, &held.account(), self) {
            Some(request) => self.decide(function, held, caller, &[request]),
            None => Ok(()),
        }
    }

    /// The role that a caller's calls are held against; `None` for the operator, who owns the account: the person at the
    /// keyboard, by the key that `perennial local env` prints. A key that nobody has never gets here, the gateway refuses it.
    fn role_of<'a>(
        &'a self,
        caller: &'a Caller,
        call: &AwsCall<'_>,
    ) -> Result<Option<(&'a str, &'a Held)>, AccessDenied> {
        match caller {
            Caller::User => Ok(None),
            Caller::Function(function) => match self.held.get(&**function) {
                Some(held) => Ok(Some((function, held))),
                None => Err(self.not_told(function, caller, call, "the function has no role")),
            },
        }
    }

    /// All of them are needed. They count as used if all are allowed.
    fn decide(
        &self,
        function: &str,
        held: &Held,
        caller: &Caller,
        requests: &[Request],
    ) -> Result<(), AccessDenied> {
        let mut used = Vec::new();
        for request in requests {
            match held.role.decide(request) {
                Decision::Allowed(statement) => used.push(Grant {
                    action: request.action.clone(),
                    statement,
                }),
                Decision::Denied(denial) => {
                    let message = denial.message(&caller.arn());
                    tracing::warn!(function, "denied: {denial}");
                    self.record.denied(function, &denial);
                    return Err(AccessDenied { message });
                }
            }
        }
        for grant in &used {
            self.record.used(function, grant);
        }
        Ok(())
    }

    /// What is not in the map of requests is denied, and says so.
    fn not_told(
        &self,
        function: &str,
        caller: &Caller,
        call: &AwsCall<'_>,
        why: &str,
    ) -> AccessDenied {
        let action = format!("{}:{}", call.service, call.operation);
        tracing::warn!(function, action, "denied: {why}");
        self.record.not_told(function, &action, why);
        AccessDenied {
            message: format!(
                "User: {} is not authorized to perform: {action}: {why}",
                caller.arn()
            ),
        }
    }
}

impl Resources for Roles {
    fn find(&self, kind: Kind, identifier: &str) -> Result<Option<Found>, String> {
        let found = self.simulated.described(kind.word(), identifier);
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map(|found| Found {
            arn: found.arn,
            tags: found.tags,
        }))
    }

    fn partition_key(&self, table: &str, index: Option<&str>) -> Option<String> {
        let place = (table.to_owned(), index.map(str::to_owned));
        self.partition_keys.get(&place).cloned()
    }
}

/// The partition key of a table and of each of its indexes, from a `CreateTable` request.
fn partition_keys(table: &Value) -> Vec<((String, Option<String>), String)> {
    let name = table["TableName"].as_str().unwrap_or_default();
    let hash = |of: &Value| {
        let keys = of["KeySchema"].as_array()?;
        let hash = keys.iter().find(|key| key["KeyType"] == "HASH")?;
        Some(hash["AttributeName"].as_str()?.to_owned())
    };
    let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"]
        .into_iter()
        .filter_map(|member| table[member].as_array())
        .flatten()
        .filter_map(|index| Some((Some(index["IndexName"].as_str()?.to_owned()), hash(index)?)));
    let own = hash(table).map(|key| (None, key));
    own.into_iter()
        .chain(indexes)
        .map(|(index, key)| ((name.to_owned(), index), key))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::OffsetClock;
    use crate::identity::Keys;
    use perennial_local_s3::Store;
    use perennial_local_services::{Faults, Pace};
    use serde_json::json;

    #[tokio::test]
    async fn only_the_operator_may_call_without_a_role() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("s3")).unwrap();
        let clock = Arc::new(OffsetClock::default());
        let keys = Keys::new([], "01h");
        let folder = dir.path().join("services");
        let open = Simulated::open(
            &folder,
            dir.path().join("models"),
            &store,
            Pace::default(),
            Faults::default(),
            clock,
            keys,
        );
        let roles = Roles {
            held: BTreeMap::new(),
            partition_keys: BTreeMap::new(),
            simulated: Arc::new(open.await.unwrap()),
            record: Record::open(&dir.path().join("permissions.jsonl")).unwrap(),
        };
        let parameters = json!({"bucketName": "b", "key": "k"});
        let call = AwsCall {
            service: "s3",
            operation: "GetObject",
            parameters: &parameters,
        };
        let nobody = Caller::Function("nobody".into());
        for denied in [
            roles.check(&nobody, &call),
            roles.check_missing(&nobody, &call),
        ] {
            let message = denied.unwrap_err().message;
            assert!(
                message.contains("s3:GetObject: the function has no role"),
                "{message}"
            );
        }
        assert_eq!(roles.check(&Caller::User, &call), Ok(()));
        assert_eq!(roles.check_missing(&Caller::User, &call), Ok(()));
    }

    #[test]
    fn a_tables_definition_tells_the_partition_keys() {
        let schema = |name: &str| json!([{"AttributeName": "sk", "KeyType": "RANGE"}, {"AttributeName": name, "KeyType": "HASH"}]);
        let table = json!({"TableName": "t", "KeySchema": schema("pk"),
            "GlobalSecondaryIndexes": [{"IndexName": "due", "KeySchema": schema("due_kind")}]});
        let of = |index: Option<&str>| ("t".to_owned(), index.map(str::to_owned));
        let expected = vec![
            (of(None), "pk".to_owned()),
            (of(Some("due")), "due_kind".to_owned()),
        ];
        assert_eq!(partition_keys(&table), expected);
    }
}
