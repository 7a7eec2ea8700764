//! What is said about the members of an object: missing, empty, of the wrong type, unknown.
use crate::{
    finding::{Problem, bounded},
    json::{Kind, Text, Value},
    path::Path,
    rules::{self, Rule},
};

/// A member that must be there, be a string, and have more than white space.
pub(crate) fn text_member<'a>(
    object: Value<'a>,
    name: &str,
    missing: &'static Rule,
    is_empty: &'static Rule,
    problems: &mut Vec<Problem>,
) -> Option<Text<'a>> {
    let Some(value) = object.some(name) else {
        problems.push(Problem::new(
            missing,
            "$",
            match object.get(name) {
                Some(_) => format!("{name} is null"),
                None => format!("no {name} among the members {}", bounded(&names(object))),
            },
            format!("Add \"{name}\" with its text."),
        ));
        return None;
    };
    let path = Path::Member(&Path::Root, name);
    match value.text() {
        Some(text) if text.is_blank() => {
            problems.push(empty(is_empty, path, &text).at(value.span()));
            None
        }
        Some(text) => Some(text),
        None => {
            problems.push(wrong_type(path, "a string", value));
            None
        }
    }
}

/// One warning for all members of `object` that are not `known`.
pub(crate) fn extra_members(
    object: Value<'_>,
    path: Path<'_>,
    known: &[&str],
    problems: &mut Vec<Problem>,
) {
    let mut extra = object
        .items()
        .map(Value::name)
        .filter(|name| !known.contains(&name.as_ref()));
    let Some(first) = extra.next() else { return };
    let names = extra
        .take(7)
        .fold(first.into_owned(), |names, name| names + ", " + &name);
    problems.push(Problem::new(
        &rules::EXTRA_MEMBER,
        path,
        bounded(&names),
        "Nothing, if it was only for you: the compiled record leaves it out. Otherwise move its text into the prompt.",
    ));
}

pub(crate) fn names(object: Value<'_>) -> String {
    object
        .items()
        .take(12)
        .map(Value::name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A value as a finding shows it.
pub(crate) fn shown(value: Value<'_>) -> String {
    match value.kind() {
        Kind::Text(text) => bounded(&text.plain()),
        Kind::Number(number) => bounded(number),
        Kind::Bool(value) => value.to_string(),
        _ => value.kind_name().to_owned(),
    }
}

pub(crate) fn wrong_type(path: Path<'_>, wanted: &str, found: Value<'_>) -> Problem {
    let shown = match found.kind() {
        Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) => {
            format!("{}: {}", found.kind_name(), shown(found))
        }
        _ => found.kind_name().to_owned(),
    };
    let wanted = wanted.trim_end_matches(',');
    Problem::new(
        &rules::WRONG_TYPE,
        path,
        shown,
        format!("Write it as {wanted}."),
    )
    .at(found.span())
}

pub(crate) fn empty(rule: &'static Rule, path: Path<'_>, text: &Text<'_>) -> Problem {
    let plain = text.plain();
    let found = if plain.is_empty() {
        "no character".to_owned()
    } else {
        format!("only white space: \"{}\"", bounded(&plain))
    };
    Problem::new(rule, path, found, "Write the text, or take the record out.")
}

/// The note for a text of white space that is left out beside something else; nothing for one without a character, which loses none.
pub(crate) fn white_space(path: Path<'_>, text: &Text<'_>) -> Option<Problem> {
    let plain = text.plain();
    (!plain.is_empty()).then(|| {
        Problem::new(
            &rules::WHITE_SPACE_LEFT_OUT,
            path,
            format!("only white space: \"{}\"", bounded(&plain)),
            "Nothing: it says nothing.",
        )
    })
}

pub(crate) fn empty_system() -> Problem {
    Problem::new(
        &rules::EMPTY_SYSTEM,
        "$",
        "a system text without content",
        "Leave the system text out.",
    )
}
