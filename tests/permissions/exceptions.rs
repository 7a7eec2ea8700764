//! `tests/permissions.toml`: what is allowed although no test uses it, each with the reason.

use std::collections::BTreeSet;

use serde::Deserialize;

/// One exception.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// Short names; every one of them must need it.
    pub(crate) functions: Vec<String>,
    pub(crate) action: String,
    /// The statement's `Sid`.
    pub(crate) statement: String,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    exception: Vec<Exception>,
}

/// What is allowed, by function, action and statement.
pub(crate) type Permission = (String, String, String);

/// The table, by permission. A permission that stands twice or without a reason is refused.
pub(crate) fn read() -> Vec<(Permission, String)> {
    let file: File = toml::from_str(include_str!("../permissions.toml")).unwrap();
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for exception in file.exception {
        assert!(
            exception.reason.len() > 20,
            "the exception for {} has no reason",
            exception.action
        );
        for function in exception.functions {
            let permission = (
                function,
                exception.action.clone(),
                exception.statement.clone(),
            );
            assert!(
                seen.insert(permission.clone()),
                "{permission:?} stands twice"
            );
            all.push((permission, exception.reason.clone()));
        }
    }
    all
}
