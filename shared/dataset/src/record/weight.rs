//! The weight of an answer in OpenAI's shape: 1, or 0 for one that is not to be learned. No trainer's shape has a place for it.
use super::order;
use crate::{
    finding::Problem,
    json::{Kind, Value},
    members::shown,
    path::Path,
    rules,
};

/// Says which answers have a weight that is lost. A record whose last answer is not to be learned is not trained on: that answer is what a
/// record is there for. One before it stays, as the answers after it speak of it.
pub(super) fn check(value: Value<'_>, problems: &mut Vec<Problem>) {
    let list = Path::Member(&Path::Root, "messages");
    // What is wrong with the list was said when it was read.
    let answers = order::messages(value, &mut Vec::new())
        .enumerate()
        .filter(|(_, message)| is_answer(*message));
    let mut answers = answers.peekable();
    while let Some((index, message)) = answers.next() {
        let Some(weight) = message
            .some("weight")
            .filter(|weight| number(*weight).is_some_and(|number| number != 1.0))
        else {
            continue;
        };
        let item = Path::Item(&list, index);
        let path = Path::Member(&item, "weight");
        let problem = if answers.peek().is_some() {
            Problem::new(
                &rules::WEIGHT_LOST,
                path,
                format!("an answer with the weight {}", shown(weight)),
                "Nothing, if the model may learn it as well. Otherwise end the record before it.",
            )
        } else {
            Problem::new(
                &rules::WEIGHT_OF_ANSWER,
                path,
                format!("the last answer with the weight {}", shown(weight)),
                "End the record with an answer that the model is to learn, or take the record out.",
            )
        };
        problems.push(problem.at(weight.span()));
    }
}

/// Says that a weight is left out where no answer is learned as such: of preferences, one of two is.
pub(super) fn left_out(message: Value<'_>, path: Path<'_>, problems: &mut Vec<Problem>) {
    if message.some("weight").is_some() && is_known(message) {
        problems.push(Problem::new(
            &rules::EXTRA_MEMBER,
            path,
            "weight",
            "Nothing, if the model is not to learn from it: the compiled record leaves it out.",
        ));
    }
}

fn is_answer(message: Value<'_>) -> bool {
    message.get("role").is_some_and(|role| role.is("assistant"))
}

/// Whether a message's `weight` says how much of it is learned; otherwise it is a member like any other.
pub(super) fn is_known(message: Value<'_>) -> bool {
    let known = |weight: Value<'_>| weight.is_null() || number(weight).is_some();
    is_answer(message) && message.get("weight").is_none_or(known)
}

/// The weight, if it is one: OpenAI's is the number 0 or 1, and some write it otherwise.
fn number(weight: Value<'_>) -> Option<f64> {
    match weight.kind() {
        Kind::Number(number) => number.parse().ok(),
        Kind::Bool(learned) => Some(f64::from(u8::from(learned))),
        Kind::Text(text) => text.plain().trim().parse().ok(),
        _ => None,
    }
}
