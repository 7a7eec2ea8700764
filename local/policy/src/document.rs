//! Policy documents to typed statements.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>). Stricter than IAM in four
//! points: every statement has a `Sid`, once in a role; actions and keys must be known (`catalog`); a statement that
//! can never allow one of its actions is refused; policy variables are not read. A wildcard in an action (`s3:Get*`) stands for
//! each known action that it matches, and must match one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::catalog::{ACTIONS, Action};
use crate::condition::Test;
use crate::glob::{self, Reach};

/// A policy that is not understood, or cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the role of {role}, policy {policy}, statement {statement}, {member}: {problem}")]
pub struct PolicyError {
    /// The function.
    pub role: String,
    /// From 1.
    pub policy: usize,
    /// The Sid, or the place from 1 where it has none.
    pub statement: String,
    /// Such as `Condition.StringEquals.aws:TagKeys`.
    pub member: String,
    /// What is wrong, and what to write.
    pub problem: String,
}

/// What a statement says of what it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Permits it.
    Allow,
    /// Forbids it, whatever else permits it.
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Only(Vec<String>),
    AllBut(Vec<String>),
}

impl What {
    fn patterns(&self) -> &[String] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }

    pub(crate) fn holds(&self, matches: impl Fn(&str) -> bool) -> bool {
        let any = self.patterns().iter().any(|pattern| matches(pattern));
        any == matches!(self, Self::Only(_))
    }
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    pub(crate) sid: String,
    pub(crate) effect: Effect,
    pub(crate) actions: What,
    pub(crate) resources: What,
    pub(crate) conditions: Vec<Test>,
}

impl Statement {
    pub(crate) fn is_about(&self, action: &str) -> bool {
        self.actions
            .holds(|pattern| glob::matches_any_case(pattern, action))
    }

    pub(crate) fn covers(&self, resource: &str) -> bool {
        // To allow more than AWS would is the worse mistake.
        let reach = match (self.effect, &self.resources) {
            (Effect::Allow, What::Only(_)) | (Effect::Deny, What::AllBut(_)) => Reach::Narrow,
            (Effect::Deny, What::Only(_)) | (Effect::Allow, What::AllBut(_)) => Reach::Wide,
        };
        self.resources
            .holds(|pattern| glob::covers(pattern, resource, reach))
    }
}

/// One action that one statement allows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// The statement's `Sid`.
    pub statement: String,
}

/// Everything that one role may do.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    name: String,
    pub(crate) statements: Vec<Statement>,
}

impl Role {
    /// Reads a role's identity-based policies; `name` is for messages.
    ///
    /// # Errors
    /// The first statement that is not understood.
    pub fn read(name: &str, documents: &[Value]) -> Result<Self, PolicyError> {
        let mut statements: Vec<Statement> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let place = Place {
                role: name,
                policy: at + 1,
            };
            for statement in place.statements(document)? {
                if statements.iter().any(|other| other.sid == statement.sid) {
                    return Err(place.error(
                        &statement.sid,
                        "Sid",
                        "stands twice in the role; name each statement once".into(),
                    ));
                }
                statements.push(statement);
            }
        }
        Ok(Self {
            name: name.to_owned(),
            statements,
        })
    }

    /// As it was named when it was read.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Every known action that a statement allows, on whatever resource. A wildcard stands for each action that it matches.
    #[must_use]
    pub fn grants(&self) -> BTreeSet<Grant> {
        let allowing = self
            .statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow);
        allowing
            .flat_map(|statement| {
                let about = ACTIONS
                    .iter()
                    .filter(|action| statement.is_about(action.name) && statement.reaches(action));
                about.map(|action| Grant {
                    action: action.name.to_owned(),
                    statement: statement.sid.clone(),
                })
            })
            .collect()
    }
}

struct Place<'a> {
    role: &'a str,
    policy: usize,
}

const MEMBERS: [&str; 7] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Place<'_> {
    fn error(&self, statement: &str, member: &str, problem: String) -> PolicyError {
        PolicyError {
            role: self.role.to_owned(),
            policy: self.policy,
            statement: statement.to_owned(),
            member: member.to_owned(),
            problem,
        }
    }

    fn statements(&self, document: &Value) -> Result<Vec<Statement>, PolicyError> {
        let whole = |member: &str, problem: &str| self.error("-", member, problem.to_owned());
        let Value::Object(members) = document else {
            return Err(whole("the document", "is no JSON object"));
        };
        let known = ["Version", "Id", "Statement"];
        if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(whole(other, "is no member of a policy document"));
        }
        if members.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
            return Err(whole(
                "Version",
                "must be \"2012-10-17\", the current policy language",
            ));
        }
        let statements = match members.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => return Err(whole("Statement", "is neither a list nor an object")),
        };
        let read = |(at, statement)| self.statement(at, statement);
        statements.iter().enumerate().map(read).collect()
    }

    fn statement(&self, at: usize, statement: &Value) -> Result<Statement, PolicyError> {
        let place = format!("no. {}", at + 1);
        let Value::Object(members) = statement else {
            return Err(self.error(&place, "the statement", "is no JSON object".into()));
        };
        let sid = match members.get("Sid") {
            Some(Value::String(sid))
                if !sid.is_empty() && sid.chars().all(|c| c.is_ascii_alphanumeric()) =>
            {
                sid.clone()
            }
            Some(other) => {
                let problem = format!("{other} is no name of letters and digits");
                return Err(self.error(&place, "Sid", problem));
            }
            None => {
                let problem = "is missing; give the statement a name, for messages name it".into();
                return Err(self.error(&place, "Sid", problem));
            }
        };
        let wrong = |member: &str, problem: String| self.error(&sid, member, problem);
        if let Some(other) = members
            .keys()
            .find(|name| !MEMBERS.contains(&name.as_str()))
        {
            let problem = "is no member of a role's own statement; take it out".into();
            return Err(wrong(other, problem));
        }
        let effect = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(wrong("Effect", "must be Allow or Deny".into())),
        };
        let (member, actions) = what(members, "Action").map_err(|(m, p)| wrong(&m, p))?;
        for action in actions.patterns() {
            known_action(action).map_err(|problem| wrong(&member, problem))?;
        }
        let (member, resources) = what(members, "Resource").map_err(|(m, p)| wrong(&m, p))?;
        for resource in resources.patterns() {
            arn(resource).map_err(|problem| wrong(&member, problem))?;
        }
        let conditions = conditions(members.get("Condition")).map_err(|(m, p)| wrong(&m, p))?;
        let statement = Statement {
            sid: sid.clone(),
            effect,
            actions,
            resources,
            conditions,
        };
        statement.can_work().map_err(|(m, p)| wrong(&m, p))?;
        Ok(statement)
    }
}

/// A member's name and what is wrong with it.
type Wrong = (String, String);

fn what(members: &Map<String, Value>, name: &str) -> Result<(String, What), Wrong> {
    let not = format!("Not{name}");
    let (member, value, only) = match (members.get(name), members.get(&not)) {
        (Some(value), None) => (name.to_owned(), value, true),
        (None, Some(value)) => (not, value, false),
        (Some(_), Some(_)) => return Err((not, format!("does not go with {name}"))),
        (None, None) => return Err((name.to_owned(), "is missing".into())),
    };
    let text = |value: &Value| match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err((member.clone(), format!("{value} is no string"))),
    };
    let patterns: Vec<String> = match value {
        Value::Array(items) => items.iter().map(text).collect::<Result<_, _>>()?,
        one => vec![text(one)?],
    };
    if patterns.is_empty() {
        return Err((member, "is empty".into()));
    }
    let what = if only {
        What::Only(patterns)
    } else {
        What::AllBut(patterns)
    };
    Ok((member, what))
}

fn known_action(pattern: &str) -> Result<(), String> {
    if pattern == "*" {
        return Ok(());
    }
    let Some((service, name)) = pattern.split_once(':') else {
        return Err(format!("{pattern:?} is not of the form service:Action"));
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '-');
    if service.is_empty() || name.is_empty() || !pattern.chars().all(|c| c == ':' || fits(c)) {
        return Err(format!("{pattern:?} is not of the form service:Action"));
    }
    let of_service = |action: &&Action| action.service().eq_ignore_ascii_case(service);
    if !ACTIONS.iter().any(|action| of_service(&action)) {
        return Err(format!(
            "no service {service:?} is known (in {pattern}); if it is right, add a row to local/policy/src/catalog.rs"
        ));
    }
    let matches = |action: &&Action| glob::matches_any_case(pattern, action.name);
    if !ACTIONS.iter().any(|action| matches(&action)) {
        return Err(format!(
            "no action {pattern:?} is known; if it is right, add a row to local/policy/src/catalog.rs"
        ));
    }
    Ok(())
}

/// An ARN's pattern. AWS fills up what is cut short, which nobody means; and no wildcard may stand for the service.
fn arn(pattern: &str) -> Result<(), String> {
    if pattern == "*" {
        return Ok(());
    }
    if pattern.contains("${") {
        return Err(format!(
            "{pattern:?} holds a policy variable, which is not read here; write the value out"
        ));
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, _, _, resource]
            if !partition.is_empty()
                && !service.is_empty()
                && !service.contains(['*', '?'])
                && !resource.is_empty() =>
        {
            Ok(())
        }
        _ => Err(format!(
            "{pattern:?} is no ARN of six parts with a service that is written out"
        )),
    }
}

fn conditions(condition: Option<&Value>) -> Result<Vec<Test>, Wrong> {
    let mut tests = Vec::new();
    let Some(condition) = condition else {
        return Ok(tests);
    };
    let object = |value: &Value, member: String| match value {
        Value::Object(members) if !members.is_empty() => Ok(members.clone()),
        _ => Err((member, "is no object with members".to_owned())),
    };
    for (operator, keys) in object(condition, "Condition".into())? {
        let member = format!("Condition.{operator}");
        for (key, values) in object(&keys, member.clone())? {
            let read = Test::read(&operator, &key, &values);
            tests.push(read.map_err(|problem| (format!("{member}.{key}"), problem))?);
        }
    }
    Ok(tests)
}

impl Statement {
    /// Whether it can ever allow or forbid the action, by the resources that it names.
    fn reaches(&self, action: &Action) -> bool {
        action.on_resources || self.covers("*")
    }

    /// Finds what can never be: an action without resources on an ARN, a key that requests for an action do not carry.
    fn can_work(&self) -> Result<(), Wrong> {
        for test in &self.conditions {
            self.is_carried(test)
                .map_err(|problem| (format!("Condition.{}", test.key), problem))?;
        }
        let (Effect::Allow, What::Only(actions)) = (self.effect, &self.actions) else {
            return Ok(());
        };
        let without = actions.iter().find(|pattern| {
            let mut meant = ACTIONS
                .iter()
                .filter(|action| glob::matches_any_case(pattern, action.name));
            !meant.any(|action| self.reaches(action))
        });
        match without {
            Some(name) => Err((
                "Resource".into(),
                format!(
                    "{name} takes no resource; only \"*\" allows it: give it a statement of its own"
                ),
            )),
            None => Ok(()),
        }
    }

    /// A key must be carried by requests for each of the statement's actions. Where the operator asks for its absence
    /// (`Null`, `…IfExists`), by those for one action of each service at least: nobody's key is a misspelt one, and the
    /// condition would then hold for every request.
    fn is_carried(&self, test: &Test) -> Result<(), String> {
        let about = || ACTIONS.iter().filter(|action| self.is_about(action.name));
        let of_one_service = ACTIONS.iter().any(|action| test.is_of(action.service()));
        let kin_carry = |action: &Action| {
            let mut kin =
                about().filter(|other| of_one_service || other.service() == action.service());
            kin.any(|other| other.carries(&test.key))
        };
        let lacking = about().find(|action| {
            let may_lack = test.minds_absence() && kin_carry(action);
            !may_lack && !action.carries(&test.key)
        });
        if !ACTIONS.iter().any(|action| action.carries(&test.key)) {
            return Err(
                "no request carries such a key here; mend its spelling, or add the key to local/policy/src/catalog.rs if AWS \
                 has it"
                    .into(),
            );
        }
        match lacking {
            Some(action) => Err(format!(
                "requests for {} carry no such key here, so this never holds as it is meant; take the action out of the \
                 statement, or add the key to local/policy/src/catalog.rs if AWS has it",
                action.name
            )),
            None => Ok(()),
        }
    }
}
