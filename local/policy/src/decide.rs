//! The decision, and the words for it.
//!
//! Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>)
//! and "Troubleshoot access denied error messages"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>).

use std::fmt;

use crate::Request;
use crate::document::{Effect, Role, Statement};

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Allowed by the statement of this `Sid`, the first that does.
    Allowed(String),
    /// Denied.
    Denied(Denial),
}

/// Why a request is denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What was asked for.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Why not.
    pub reason: Reason,
    /// There is no such resource: a look would have told the same.
    pub is_missing: bool,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The statement of this `Sid` forbids it.
    Explicit(String),
    /// No statement allows it; those that name the action, and why each does not.
    Implicit(Vec<Miss>),
}

/// A statement that allows the action, but not this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Its `Sid`.
    pub statement: String,
    /// The resource, or a condition as the policy writes it, with what the request has.
    pub because: String,
}

impl Role {
    /// Decides one request: an explicit deny wins, an allow is needed, the default is no.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Decision {
        let denied = |reason| {
            Decision::Denied(Denial {
                action: request.action.clone(),
                resource: request.resource.clone(),
                reason,
                is_missing: request.is_missing,
            })
        };
        let mut allowed = None;
        let mut misses = Vec::new();
        let about = self
            .statements
            .iter()
            .filter(|statement| statement.is_about(&request.action));
        for statement in about {
            match (statement.effect, statement.misses(request)) {
                (Effect::Deny, None) => return denied(Reason::Explicit(statement.sid.clone())),
                (Effect::Deny, Some(_)) => {}
                (Effect::Allow, None) => {
                    allowed.get_or_insert_with(|| statement.sid.clone());
                }
                (Effect::Allow, Some(because)) => misses.push(Miss {
                    statement: statement.sid.clone(),
                    because,
                }),
            }
        }
        match allowed {
            Some(sid) => Decision::Allowed(sid),
            None => denied(Reason::Implicit(misses)),
        }
    }
}

impl Statement {
    /// Why a request for one of its actions does not match; `None` if it does.
    fn misses(&self, request: &Request) -> Option<String> {
        if !self.covers(&request.resource) {
            return Some("the resource is none of its own".into());
        }
        let failed = self
            .conditions
            .iter()
            .find(|test| !test.holds(&request.context))?;
        let has = match request.context.get(&failed.key) {
            Some(values) => format!("{values:?}"),
            None => "none".into(),
        };
        Some(format!(
            "its condition {failed} does not hold: the request has {has}"
        ))
    }
}

impl Denial {
    /// The message that AWS's services answer with.
    #[must_use]
    pub fn message(&self, caller_arn: &str) -> String {
        let Self {
            action, resource, ..
        } = self;
        let why = match &self.reason {
            Reason::Explicit(_) => "with an explicit deny in an identity-based policy".to_owned(),
            Reason::Implicit(_) => {
                format!("because no identity-based policy allows the {action} action")
            }
        };
        format!(
            "User: {caller_arn} is not authorized to perform: {action} on resource: {resource} {why}"
        )
    }
}

/// What AWS does not say: which statement decided, or came near.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: ", self.action, self.resource)?;
        match &self.reason {
            Reason::Explicit(sid) => write!(f, "statement {sid} denies it"),
            Reason::Implicit(misses) if misses.is_empty() => {
                f.write_str("no statement names the action")
            }
            Reason::Implicit(misses) => {
                for (at, Miss { statement, because }) in misses.iter().enumerate() {
                    let and = if at > 0 { "; " } else { "" };
                    write!(
                        f,
                        "{and}statement {statement} names the action, but {because}"
                    )?;
                }
                Ok(())
            }
        }
    }
}
