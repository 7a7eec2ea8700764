//! Reading a job's training records, and checking them as the trainer does.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::{Shape, Tuning};

/// What a learner is given: what was asked, and what was answered.
pub(crate) type Pair = (String, String);

/// A turn of a conversation with content blocks.
#[derive(Debug, Deserialize)]
pub(crate) struct Turn {
    pub(crate) role: String,
    pub(crate) content: Vec<Value>,
}

impl Turn {
    /// Its text blocks, one to a line.
    pub(crate) fn text(&self) -> String {
        let texts: Vec<&str> = self
            .content
            .iter()
            .filter_map(|block| block["text"].as_str())
            .collect();
        texts.join("\n")
    }
}

/// The text that a model is asked: the user's turns, one after the other.
pub(crate) fn prompt(turns: &[Turn]) -> String {
    let texts: Vec<String> = turns
        .iter()
        .filter(|turn| turn.role == "user")
        .map(Turn::text)
        .collect();
    texts.join("\n")
}

#[derive(Deserialize)]
struct Conversation {
    #[serde(rename = "schemaVersion")]
    schema_version: Option<String>,
    messages: Vec<Turn>,
}

#[derive(Deserialize)]
struct PromptCompletion {
    prompt: String,
    completion: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Image {
    #[serde(rename = "image-ref")]
    image_ref: String,
    caption: String,
}

#[derive(Deserialize)]
struct AnthropicMessages {
    messages: Vec<AnthropicTurn>,
}

#[derive(Deserialize)]
struct AnthropicTurn {
    role: String,
    content: String,
}

/// Reads a training file.
///
/// # Errors
/// The job's failure message: which line breaks which rule.
pub(crate) fn read(content: &[u8], tuning: &Tuning) -> Result<Vec<Pair>, String> {
    let text = std::str::from_utf8(content).map_err(|error| {
        format!(
            "The training data is not UTF-8 after byte {}.",
            error.valid_up_to()
        )
    })?;
    let mut records = 0;
    let mut pairs = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        records += 1;
        let read = pairs_of(line, tuning)
            .map_err(|why| format!("Invalid training data in line {}: {why}.", number + 1))?;
        pairs.extend(read);
    }
    if !(tuning.min_records..=tuning.max_records).contains(&records) {
        let (min, max) = (tuning.min_records, tuning.max_records);
        return Err(format!(
            "The training data has {records} records; this model takes {min} to {max}."
        ));
    }
    Ok(pairs)
}

fn pairs_of(line: &str, tuning: &Tuning) -> Result<Vec<Pair>, String> {
    let unreadable = |error: serde_json::Error| format!("{error}");
    match tuning.shape {
        Shape::PromptCompletion => {
            let record: PromptCompletion = serde_json::from_str(line).map_err(unreadable)?;
            if record.prompt.is_empty() || record.completion.is_empty() {
                return Err("prompt and completion may not be empty".to_owned());
            }
            Ok(vec![(record.prompt, record.completion)])
        }
        Shape::AnthropicMessages => {
            let record: AnthropicMessages = serde_json::from_str(line).map_err(unreadable)?;
            let block = |text: String| vec![serde_json::json!({ "text": text })];
            let turn = |turn: AnthropicTurn| Turn {
                role: turn.role,
                content: block(turn.content),
            };
            pairs_of_turns(&record.messages.into_iter().map(turn).collect::<Vec<_>>())
        }
        Shape::ImageCaption => {
            let record: Image = serde_json::from_str(line).map_err(unreadable)?;
            if !(3..=1024).contains(&record.caption.chars().count()) {
                return Err("a caption has 3 to 1024 characters".to_owned());
            }
            let named = [".png", ".jpg", ".jpeg"];
            let image = record.image_ref.to_ascii_lowercase();
            if !image.starts_with("s3://") || !named.iter().any(|end| image.ends_with(end)) {
                return Err("image-ref must be the S3 URI of a .png or .jpeg image".to_owned());
            }
            Ok(vec![(record.caption, record.image_ref)])
        }
        Shape::Conversation => {
            let record: Conversation = serde_json::from_str(line).map_err(unreadable)?;
            if record.schema_version.as_deref() != Some("bedrock-conversation-2024") {
                return Err("schemaVersion must be bedrock-conversation-2024".to_owned());
            }
            let asked = prompt(&record.messages);
            if let Some(found) = tuning.forbidden.iter().find(|word| asked.contains(**word)) {
                return Err(format!("a prompt may not contain {found}"));
            }
            pairs_of_turns(&record.messages)
        }
    }
}

/// One pair for each answer, asked with the user's turns before it.
fn pairs_of_turns(turns: &[Turn]) -> Result<Vec<Pair>, String> {
    alternate(turns)?;
    if turns.len() < 2 || turns.len() % 2 == 1 {
        return Err("messages must end with the assistant's".to_owned());
    }
    Ok((1..turns.len())
        .step_by(2)
        .map(|answer| (prompt(&turns[..answer]), turns[answer].text()))
        .collect())
}

/// The roles take turns, the user first, and nobody says nothing.
///
/// # Errors
/// Which message breaks the rule.
pub(crate) fn alternate(turns: &[Turn]) -> Result<(), String> {
    for (place, turn) in turns.iter().enumerate() {
        let wanted = if place % 2 == 0 { "user" } else { "assistant" };
        if turn.role != wanted {
            return Err(format!(
                "the role of message {place} must be {wanted}, not {}",
                turn.role
            ));
        }
        let only_text = turn.content.iter().all(|block| block.get("text").is_some());
        if only_text && turn.text().trim().is_empty() {
            return Err(format!("the text of message {place} is blank"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Foundation;

    fn micro() -> &'static Tuning {
        Foundation::to_tune("amazon.nova-micro-v1:0:128k", "us-east-1")
            .unwrap()
            .1
    }

    fn line(prompt: &str) -> String {
        serde_json::json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
            {"role": "user", "content": [{"text": prompt}]},
            {"role": "assistant", "content": [{"text": "answer"}]}]})
        .to_string()
    }

    #[test]
    fn good_records_become_pairs_and_blank_lines_do_not_count() {
        let content = format!("{}\n\n", vec![line("question"); 8].join("\n"));
        let pairs = read(content.as_bytes(), micro()).unwrap();
        assert_eq!(pairs, vec![("question".to_owned(), "answer".to_owned()); 8]);
    }

    #[test]
    fn a_broken_file_says_where_and_why() {
        let with = |bad: &str| format!("{}\n{bad}", vec![line("question"); 8].join("\n"));
        for (content, wanted) in [
            (line("only one"), "has 1 records; this model takes 8"),
            (with("{broken"), "line 9"),
            (
                with(r#"{"prompt":"a","completion":"b"}"#),
                "missing field `messages`",
            ),
            (with(&line("User: hello")), "may not contain User:"),
            (with(&line(" ")), "message 0 is blank"),
            (
                with(&line("x").replace("bedrock-conversation-2024", "1")),
                "schemaVersion",
            ),
        ] {
            let why = read(content.as_bytes(), micro()).unwrap_err();
            assert!(why.contains(wanted), "{why}");
        }
        assert!(
            read(&[0xff, 0xfe], micro())
                .unwrap_err()
                .contains("not UTF-8")
        );
    }
}
