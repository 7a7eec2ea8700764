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
    let is_answer =
        |message: Value<'_>| message.get("role").is_some_and(|role| role.is("assistant"));
    // What is wrong with the list was said when it was read.
    let answers = order::messages(value, &mut Vec::new())
        .enumerate()
        .filter(|(_, message)| is_answer(*message));
    let mut answers = answers.peekable();
    while let Some((index, message)) = answers.next() {
        let Some(weight) = message.some("weight").filter(|weight| !is_one(*weight)) else {
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

/// Whether it is the weight that every answer has without one.
fn is_one(weight: Value<'_>) -> bool {
    matches!(weight.kind(), Kind::Number(number) if number.parse() == Ok(1.0_f64))
}
