//! Preferences as Nova's trainers take them: a conversation whose last message has two candidates.
//!
//! The rules are those of aws/sagemaker-python-sdk's schema (`sagemaker-train/src/sagemaker/ai_registry/schemas/dpo.json`, read at
//! a248126, 2026-08-21) and of the Amazon Nova user guide (nova-dpo, read 2026-11-22): the last turn has one preferred and one
//! non-preferred answer. What SageMaker says of a file that breaks them is published nowhere; the beginning of the words is that of
//! its other complaints about data.

use serde_json::Value;

const LABELS: [&str; 2] = ["preferred", "non-preferred"];

/// Whether a record is a preference, of any shape.
pub(crate) fn is_preference(record: &Value) -> bool {
    let mut messages = record["messages"].as_array().into_iter().flatten();
    record.get("chosen").is_some() || messages.any(|message| message.get("candidates").is_some())
}

/// What all candidates but the preferred one say.
pub(crate) fn rejected(record: &Value) -> usize {
    let mut length = record["rejected"].as_str().map_or(0, str::len);
    for message in record["messages"].as_array().into_iter().flatten() {
        for candidate in message["candidates"].as_array().into_iter().flatten() {
            if candidate["preferenceLabel"] != LABELS[0] {
                let blocks = candidate["content"].as_array().into_iter().flatten();
                let texts = blocks.filter_map(|block| block["text"].as_str());
                length += texts.map(str::len).sum::<usize>();
            }
        }
    }
    length
}

/// Whether Nova is trained on this record by preferences.
///
/// # Errors
/// What it lacks, or has too much.
pub(crate) fn check(record: &Value) -> Result<(), String> {
    only(record, "a record", &["schemaVersion", "system", "messages"])?;
    if let Some(system) = record.get("system") {
        let blocks = system.as_array().ok_or("system is no array")?;
        for block in blocks {
            only(block, "a block of system", &["text"])?;
            block["text"]
                .as_str()
                .ok_or("a block of system has no text")?;
        }
    }
    let messages = record["messages"].as_array().ok_or("it has no messages")?;
    let Some((last, before)) = messages
        .split_last()
        .filter(|(_, before)| !before.is_empty())
    else {
        return Err("a preference has two messages or more".to_owned());
    };
    for message in before {
        only(message, "a message before the last", &["role", "content"])?;
        match message["role"].as_str() {
            Some("user" | "assistant") => {}
            _ => return Err("a role is user or assistant".to_owned()),
        }
        content(message)?;
    }
    only(last, "the last message", &["role", "candidates"])?;
    if last["role"] != "assistant" {
        return Err("candidates are the assistant's".to_owned());
    }
    let candidates = last["candidates"].as_array();
    let candidates = candidates.ok_or("the last message has no candidates")?;
    for candidate in candidates {
        only(candidate, "a candidate", &["content", "preferenceLabel"])?;
        content(candidate)?;
    }
    for label in LABELS {
        let labelled = candidates
            .iter()
            .filter(|candidate| candidate["preferenceLabel"] == label);
        let found = labelled.count();
        if found != 1 {
            return Err(format!(
                "{found} candidates are {label} in the place of one"
            ));
        }
    }
    if candidates.len() != LABELS.len() {
        return Err("a candidate is neither preferred nor non-preferred".to_owned());
    }
    Ok(())
}

fn only(object: &Value, what: &str, known: &[&str]) -> Result<(), String> {
    let members = object
        .as_object()
        .ok_or_else(|| format!("{what} is no object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("{what} has the member {name}")),
        None => Ok(()),
    }
}

fn content(of: &Value) -> Result<(), String> {
    let blocks = of["content"].as_array().filter(|blocks| !blocks.is_empty());
    let blocks = blocks.ok_or("a message or a candidate has no content")?;
    let says = |block: &Value| {
        block["text"]
            .as_str()
            .is_some_and(|text| !text.trim().is_empty())
    };
    match blocks.iter().any(says) {
        true => Ok(()),
        false => Err("a message or a candidate says nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_conversation_with_one_candidate_of_each_label_is_taken() {
        let user = json!({ "role": "user", "content": [{ "text": "q" }] });
        let candidate =
            |label: &str| json!({ "content": [{ "text": label }], "preferenceLabel": label });
        let of = |labels: &[&str]| {
            let candidates: Vec<_> = labels.iter().map(|label| candidate(label)).collect();
            json!({ "messages": [user, { "role": "assistant", "candidates": candidates }] })
        };
        let good = of(&["non-preferred", "preferred"]);
        assert_eq!(check(&good), Ok(()));
        assert_eq!(rejected(&good), "non-preferred".len());
        for (record, words) in [
            (of(&["preferred"]), "0 candidates are non-preferred"),
            (
                of(&["preferred", "preferred", "non-preferred"]),
                "2 candidates are preferred",
            ),
            (of(&["preferred", "non-preferred", "worst"]), "neither"),
            (json!({ "messages": [user] }), "two messages"),
            (
                json!({ "messages": [user, { "role": "assistant", "content": [{ "text": "a" }] }] }),
                "the last message has the member content",
            ),
            (
                json!({ "prompt": "q", "chosen": "a", "rejected": "b" }),
                "a record has the member",
            ),
            (
                json!({ "messages": good["messages"], "toolConfig": {} }),
                "the member toolConfig",
            ),
            (
                json!({ "messages": [good["messages"][1], good["messages"][1]] }),
                "a message before the last has the member candidates",
            ),
            (
                json!({ "messages": [{ "role": "user", "content": [{ "text": " " }] }, good["messages"][1]] }),
                "says nothing",
            ),
        ] {
            let why = check(&record).unwrap_err();
            assert!(why.contains(words), "{record}: {why}");
        }
    }
}
