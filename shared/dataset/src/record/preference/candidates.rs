//! Nova's own shape: the last message has `candidates` in the place of its content.
use super::{Preference, no_tools, only_text};
use crate::{
    canonical::SCHEMA_VERSION,
    conversation::Role,
    finding::{Problem, bounded},
    json::Value,
    members::{extra_members, shown, wrong_type},
    path::Path,
    record::{Conversation, Taken, Turn, bedrock, blocks, order},
    rules,
};

/// The labels of the two candidates, preferred first.
const LABELS: [&str; 2] = ["preferred", "non-preferred"];

pub(super) fn read<'a>(
    value: Value<'a>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Preference<'a>> {
    if let Some(version) = value
        .some("schemaVersion")
        .filter(|version| !version.is(SCHEMA_VERSION))
    {
        problems.push(
            Problem::new(
                &rules::SCHEMA_VERSION,
                Path::Member(&Path::Root, "schemaVersion"),
                shown(version),
                format!("Write \"schemaVersion\": \"{SCHEMA_VERSION}\", or leave it out."),
            )
            .at(version.span()),
        );
    }
    no_tools(value, "toolConfig", Path::Root, taken, problems);
    extra_members(
        value,
        Path::Root,
        &["schemaVersion", "system", "messages", "toolConfig"],
        problems,
    );
    let mut conversation = Conversation {
        system: bedrock::system(value, problems),
        turns: Vec::with_capacity(4),
        tools: None,
    };
    let list = Path::Member(&Path::Root, "messages");
    let last = value
        .get("messages")
        .map_or(0, Value::count)
        .saturating_sub(1);
    let mut complete = true;
    let mut pair = None;
    for (index, message) in order::messages(value, problems).enumerate() {
        let path = Path::Item(&list, index);
        if !message.has("candidates") {
            match bedrock::turn(message, path, index, problems) {
                Some(turn) => {
                    only_text(&turn, path, taken, problems);
                    conversation.turns.push(turn);
                }
                None => complete = false,
            }
            continue;
        }
        if index < last {
            problems.push(Problem::new(
                &rules::PREFERENCE_CANDIDATES,
                path,
                "candidates before the last message",
                "Write the answer that was given there as \"content\": only the last message has candidates.",
            ));
            complete = false;
            continue;
        }
        pair = last_message(message, path, index, taken, problems);
        complete &= pair.is_some();
    }
    if !complete {
        return None;
    }
    let Some([preferred, rejected]) = pair else {
        problems.push(Problem::new(
            &rules::PREFERENCE_CANDIDATES,
            list,
            "no candidates in the last message",
            "End with {\"role\": \"assistant\", \"candidates\": [...]}: two answers, one of them preferred.",
        ));
        return None;
    };
    super::check_order(&conversation.turns, list, problems);
    conversation.turns.push(preferred);
    Some(Preference {
        conversation,
        rejected,
    })
}

/// The preferred and the other candidate.
fn last_message<'a>(
    message: Value<'a>,
    path: Path<'_>,
    index: usize,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<[Turn<'a>; 2]> {
    extra_members(message, path, &["role", "candidates"], problems);
    let role = order::role(message, path, problems)?;
    if order::speaker(role, path, problems)? != Role::Assistant {
        problems.push(Problem::new(
            &rules::ROLE_ORDER,
            Path::Member(&path, "role"),
            "candidates of the user",
            "Candidates are answers: write \"role\": \"assistant\".",
        ));
        return None;
    }
    let list = Path::Member(&path, "candidates");
    let candidates = message.get("candidates")?;
    if !candidates.is_array() {
        problems.push(wrong_type(list, "an array of two candidates", candidates));
        return None;
    }
    let mut found: [Vec<Turn<'a>>; 2] = [Vec::new(), Vec::new()];
    let before = problems.len();
    for (at, candidate) in candidates.items().enumerate() {
        let path = Path::Item(&list, at);
        if let Some((which, turn)) = one(candidate, path, index, taken, problems) {
            found[which].push(turn);
        }
    }
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let [preferred, rejected] = &mut found;
    match (preferred.pop(), rejected.pop()) {
        (Some(better), Some(worse)) if preferred.is_empty() && rejected.is_empty() => {
            Some([better, worse])
        }
        (better, worse) => {
            let number = |rest: &Vec<_>, one: Option<_>| rest.len() + usize::from(one.is_some());
            problems.push(Problem::new(
                &rules::PREFERENCE_CANDIDATES,
                list,
                format!(
                    "{} preferred and {} non-preferred",
                    number(preferred, better),
                    number(rejected, worse)
                ),
                "Write one preferred and one non-preferred candidate; of more answers make a record for each pair.",
            ));
            None
        }
    }
}

/// A candidate, and which of the two it is.
fn one<'a>(
    candidate: Value<'a>,
    path: Path<'_>,
    index: usize,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<(usize, Turn<'a>)> {
    const FORM: &str = "{\"content\": [{\"text\": \"...\"}], \"preferenceLabel\": \"preferred\"}";
    if !candidate.is_object() {
        problems.push(wrong_type(path, FORM, candidate));
        return None;
    }
    extra_members(candidate, path, &["content", "preferenceLabel"], problems);
    let label = candidate.some("preferenceLabel");
    let which = LABELS
        .iter()
        .position(|word| label.is_some_and(|label| label.is(word)));
    if which.is_none() {
        let found = label.map_or_else(
            || "no preferenceLabel".to_owned(),
            |label| bounded(&shown(label)),
        );
        let problem = Problem::new(
            &rules::PREFERENCE_CANDIDATES,
            Path::Member(&path, "preferenceLabel"),
            found,
            "Write \"preferenceLabel\": \"preferred\" or \"non-preferred\".",
        );
        problems.push(match label {
            Some(label) => problem.at(label.span()),
            None => problem,
        });
    }
    let Some(content) = candidate.some("content") else {
        problems.push(Problem::new(
            &rules::MISSING_COMPLETION,
            path,
            "a candidate without content",
            "Add its \"content\": [{\"text\": \"...\"}].",
        ));
        return None;
    };
    let before = problems.len();
    let turn = Turn {
        role: Role::Assistant,
        blocks: blocks::read(content, Path::Member(&path, "content"), problems),
        index,
    };
    only_text(&turn, path, taken, problems);
    if !problems[before..].iter().any(Problem::is_error) {
        order::check_text(&turn, path, problems);
    }
    which.map(|which| (which, turn))
}
