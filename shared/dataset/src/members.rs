//! What is said about the members of an object: missing, empty, of the wrong type, unknown, not readable yet.
use crate::{
    finding::{Problem, bounded},
    json::{Json, Object},
    rules::{self, Rule},
};

/// A member that must be there, be a string, and have more than white space.
pub(crate) fn text_member<'a>(
    object: &'a Object<'_>,
    name: &str,
    missing: &'static Rule,
    is_empty: &'static Rule,
    problems: &mut Vec<Problem>,
) -> Option<&'a str> {
    match object.some(name) {
        Some(Json::Text(text)) if text.trim().is_empty() => {
            problems.push(empty(is_empty, &format!("$.{name}"), text));
            None
        }
        Some(Json::Text(text)) => Some(text),
        Some(other) => {
            problems.push(wrong_type(&format!("$.{name}"), "a string", other));
            None
        }
        None => {
            problems.push(Problem::new(
                missing,
                "$",
                match object.get(name) {
                    Some(_) => format!("{name} is null"),
                    None => format!("no {name} among the members {}", bounded(&names(object))),
                },
                format!("Add \"{name}\" with its text."),
            ));
            None
        }
    }
}

/// One warning for all members of `object` that are not `known`.
pub(crate) fn extra_members(
    object: &Object<'_>,
    path: &str,
    known: &[&str],
    problems: &mut Vec<Problem>,
) {
    let extra: Vec<&str> = object
        .names()
        .filter(|name| !known.contains(name))
        .take(8)
        .collect();
    if !extra.is_empty() {
        problems.push(Problem::new(
            &rules::EXTRA_MEMBER,
            path,
            bounded(&extra.join(", ")),
            "Nothing, if it was only for you: the compiled record leaves it out. Otherwise move its text into the prompt.",
        ));
    }
}

pub(crate) fn names(object: &Object<'_>) -> String {
    object.names().take(12).collect::<Vec<_>>().join(", ")
}

/// A value as a finding shows it.
pub(crate) fn shown(json: &Json<'_>) -> String {
    match json {
        Json::Text(text) => bounded(text),
        Json::Number(number) => number.to_string(),
        Json::Bool(value) => value.to_string(),
        other => other.kind().to_owned(),
    }
}

pub(crate) fn wrong_type(path: &str, wanted: &str, found: &Json<'_>) -> Problem {
    let found = match found {
        Json::Text(_) | Json::Number(_) | Json::Bool(_) => {
            format!("{}: {}", found.kind(), shown(found))
        }
        other => other.kind().to_owned(),
    };
    let wanted = wanted.trim_end_matches(',');
    Problem::new(
        &rules::WRONG_TYPE,
        path,
        found,
        format!("Write it as {wanted}."),
    )
}

pub(crate) fn not_yet(path: &str, what: &str) -> Problem {
    Problem::new(
        &rules::CONTENT_NOT_YET,
        path,
        bounded(what),
        "Only text can be trained on yet. Take the record out, or say in text what this holds.",
    )
}

pub(crate) fn empty(rule: &'static Rule, path: &str, text: &str) -> Problem {
    let found = if text.is_empty() {
        "no character".to_owned()
    } else {
        format!("only white space: \"{}\"", bounded(text))
    };
    Problem::new(rule, path, found, "Write the text, or take the record out.")
}

pub(crate) fn empty_system() -> Problem {
    Problem::new(
        &rules::EMPTY_SYSTEM,
        "$",
        "a system text without content",
        "Leave the system text out.",
    )
}
