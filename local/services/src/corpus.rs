//! Training data of any of the shapes that trainers on SageMaker take: documents, and pairs of prompt and completion.

use std::collections::BTreeSet;

use perennial_learner::Learner;
use serde_json::Value;

use crate::{
    preferences,
    records::{Pair, Turn, prompt},
};

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `{"text": …}`, or a text file.
    Document,
    /// A conversation, or a prompt with its completion.
    Pair,
    /// A prompt with a preferred and another answer.
    Preference,
}

/// What a record is held against, and in words why it does not hold.
pub(crate) type Check = fn(&Value) -> Result<(), String>;

/// What a learner is given.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    pairs: Vec<Pair>,
    documents: Vec<String>,
    /// The length of the answers that are not preferred: they are read, and not learnt.
    rejected: usize,
    /// What each record is held against besides, if anything.
    pub(crate) check: Option<Check>,
    pub(crate) records: usize,
    pub(crate) kinds: BTreeSet<Kind>,
}

impl Corpus {
    /// Takes an object in: JSON Lines, or a text or Markdown file as one document. Markers of folders are passed over.
    ///
    /// # Errors
    /// Which line of it breaks which rule.
    pub(crate) fn add(&mut self, key: &str, content: &[u8]) -> Result<(), String> {
        if content.is_empty() && key.ends_with('/') {
            return Ok(());
        }
        let text = std::str::from_utf8(content)
            .map_err(|error| format!("{key} is not UTF-8 after byte {}", error.valid_up_to()))?;
        if key.ends_with(".md") || key.ends_with(".txt") {
            self.document(text.to_owned());
            return Ok(());
        }
        if !key.ends_with(".jsonl") && !key.ends_with(".json") {
            return Err(format!("{key} is no .jsonl, .json, .md or .txt file"));
        }
        for (number, line) in text.lines().enumerate() {
            if !line.trim().is_empty() {
                self.record(line).map_err(|why| {
                    format!("Invalid record in line {} of {key}: {why}", number + 1)
                })?;
            }
        }
        Ok(())
    }

    fn document(&mut self, text: String) {
        self.documents.push(text);
        self.records += 1;
        self.kinds.insert(Kind::Document);
    }

    fn record(&mut self, line: &str) -> Result<(), String> {
        let record: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if let Some(check) = self.check {
            check(&record)?;
        }
        let text = |name: &str| record[name].as_str().filter(|text| !text.trim().is_empty());
        if let Some(document) = record.get("text") {
            let document = document.as_str().filter(|text| !text.trim().is_empty());
            let document = document.ok_or("text must be a text that is not blank")?;
            if record.as_object().is_some_and(|members| members.len() > 1) {
                return Err("a document has no other member than text".to_owned());
            }
            self.document(document.to_owned());
            return Ok(());
        }
        let answer = ["completion", "response", "chosen"]
            .iter()
            .find_map(|name| text(name));
        let pairs = match (text("prompt"), answer) {
            (Some(asked), Some(answer)) => vec![(asked.to_owned(), answer.to_owned())],
            _ => conversation(&record)?,
        };
        self.pairs.extend(pairs);
        self.records += 1;
        self.rejected += preferences::rejected(&record);
        self.kinds
            .insert(match preferences::is_preference(&record) {
                true => Kind::Preference,
                false => Kind::Pair,
            });
        Ok(())
    }

    /// About four characters a token.
    pub(crate) fn tokens(&self) -> usize {
        let pairs = self
            .pairs
            .iter()
            .map(|(asked, answer)| asked.len() + answer.len());
        let documents = self.documents.iter().map(String::len);
        let learnt = pairs.chain(documents).sum::<usize>();
        (learnt + self.rejected).div_ceil(4)
    }

    /// With what an earlier model learnt before it.
    pub(crate) fn after(mut self, earlier: &Learner) -> Self {
        let owned = |(asked, answer): (&str, &str)| (asked.to_owned(), answer.to_owned());
        let pairs = earlier.records().map(owned);
        self.pairs = pairs.chain(self.pairs).collect();
        let documents = earlier.documents().map(str::to_owned);
        self.documents = documents.chain(self.documents).collect();
        self
    }

    pub(crate) fn learner(self) -> Learner {
        Learner::study(self.pairs, self.documents)
    }
}

impl From<Vec<Pair>> for Corpus {
    fn from(pairs: Vec<Pair>) -> Self {
        Self {
            records: pairs.len(),
            pairs,
            ..Self::default()
        }
    }
}

/// The pairs of `{"messages": […]}`; of a preference, the candidate that is preferred.
fn conversation(record: &Value) -> Result<Vec<Pair>, String> {
    let unknown = "neither text, nor prompt with completion, nor messages";
    let messages = record["messages"].as_array().ok_or(unknown)?;
    let mut turns = Vec::new();
    for message in messages {
        let role = message["role"].as_str().ok_or("a message has no role")?;
        let preferred = message["candidates"].as_array().and_then(|candidates| {
            let label = |one: &&Value| one["preferenceLabel"] == "preferred";
            candidates.iter().find(label)
        });
        let content = &preferred.unwrap_or(message)["content"];
        let content = match content {
            Value::String(text) => vec![serde_json::json!({ "text": text })],
            Value::Array(blocks) => blocks.clone(),
            _ => return Err("a message has no content".to_owned()),
        };
        if role != "system" {
            turns.push(Turn {
                role: role.to_owned(),
                content,
            });
        }
    }
    let answers = turns
        .iter()
        .enumerate()
        .filter(|(_, turn)| turn.role == "assistant");
    let pairs: Vec<Pair> = answers
        .map(|(at, turn)| (prompt(&turns[..at]), turn.text()))
        .filter(|(asked, answer)| !asked.is_empty() && !answer.is_empty())
        .collect();
    if pairs.is_empty() {
        return Err("no message of the assistant answers one of the user".to_owned());
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_is_read_for_what_it_is() {
        let mut corpus = Corpus::default();
        let lines = [
            r#"{"prompt":"p1","completion":"c1"}"#,
            r#"{"prompt":"p2","chosen":"c2","rejected":"no"}"#,
            r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"p3"},{"role":"assistant","content":"c3"}]}"#,
            r#"{"messages":[{"role":"user","content":[{"text":"p4"}]},{"role":"assistant","candidates":[{"content":[{"text":"bad"}],"preferenceLabel":"non-preferred"},{"content":[{"text":"c4"}],"preferenceLabel":"preferred"}]}]}"#,
        ];
        corpus.add("a.jsonl", lines.join("\n").as_bytes()).unwrap();
        corpus.add("folder/", b"").unwrap();
        let wanted: Vec<Pair> = (1..5).map(|n| (format!("p{n}"), format!("c{n}"))).collect();
        assert_eq!(corpus.pairs, wanted);
        let mut corpus = Corpus::default();
        corpus
            .add("a.jsonl", b"{\"text\":\"One.\"}\n\n{\"text\":\"Two.\"}")
            .unwrap();
        corpus.add("b.md", b"# Three").unwrap();
        assert_eq!((corpus.documents.len(), corpus.records), (3, 3));
        assert_eq!(corpus.kinds, BTreeSet::from([Kind::Document]));
    }

    #[test]
    fn what_no_trainer_takes_is_named_with_its_line() {
        for (key, content, wanted) in [
            (
                "a.jsonl",
                "{\"text\":\"a\"}\n{\"text\":\"a\",\"id\":1}",
                "line 2 of a.jsonl: a document has no other",
            ),
            ("a.jsonl", "{\"a\":1}", "neither text"),
            ("a.jsonl", "no", "line 1"),
            ("a.csv", "x", "no .jsonl"),
        ] {
            let why = Corpus::default().add(key, content.as_bytes()).unwrap_err();
            assert!(why.contains(wanted), "{why}");
        }
    }
}
