//! The demo's data: its own set, or a folder's; and the same records with their labels shuffled.

use std::path::Path;

use serde_json::Value;

use crate::exit::Failure;

/// What is dropped.
#[derive(Debug)]
pub(super) struct Data {
    /// Training records, JSON Lines.
    pub(super) training: String,
    /// Evaluation prompts, JSON Lines.
    pub(super) evaluation: String,
    /// The training records with each other's answers.
    pub(super) shuffled: String,
    /// A prompt that stands in no training record, and its answer.
    pub(super) question: (String, String),
}

/// The pipeline's configuration.
pub(super) const CONFIGURATION: &str = include_str!("../../../demo/support-desk.toml");

/// The members that may hold a record's answer.
const ANSWERS: [&str; 3] = ["completion", "response", "referenceResponse"];

impl Data {
    /// The demo's own set, or `train.jsonl` and `eval.jsonl` of a folder.
    pub(super) fn load(folder: Option<&Path>) -> Result<Self, Failure> {
        match folder {
            None => Self::new(
                include_str!("../../../demo/train.jsonl").to_owned(),
                include_str!("../../../demo/eval.jsonl").to_owned(),
            ),
            Some(folder) => {
                let read = |name: &str| {
                    let path = folder.join(name);
                    std::fs::read_to_string(&path).map_err(Failure::file("cannot read", path))
                };
                Self::new(read("train.jsonl")?, read("eval.jsonl")?)
            }
        }
    }

    fn new(training: String, evaluation: String) -> Result<Self, Failure> {
        let shuffled = shuffle(&training)?;
        let first = evaluation
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let first = record("eval.jsonl", 1, first)?;
        let question = (
            text(&first, "prompt"),
            answer(&first)
                .map(|name| text(&first, name))
                .unwrap_or_default(),
        );
        Ok(Self {
            training,
            evaluation,
            shuffled,
            question,
        })
    }
}

fn record(name: &str, line: usize, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text)
        .map_err(|error| Failure::Bad(format!("{name}, line {line}: {error}")))
}

fn text(record: &Value, member: &str) -> String {
    record[member].as_str().unwrap_or_default().to_owned()
}

fn answer(record: &Value) -> Option<&'static str> {
    ANSWERS.into_iter().find(|name| record[*name].is_string())
}

/// The same prompts, the same answers, but each answer at another prompt: plausible, and wrong.
fn shuffle(training: &str) -> Result<String, Failure> {
    let mut records = Vec::new();
    let mut answers = Vec::new();
    for (index, line) in training
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let record = record("train.jsonl", index + 1, line)?;
        let Some(member) = answer(&record) else {
            return Err(Failure::Bad(format!(
                "train.jsonl, line {}: the demo shuffles {{\"prompt\", \"completion\"}} records, and this is none",
                index + 1
            )));
        };
        answers.push(record[member].clone());
        records.push((record, member));
    }
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    for at in (1..answers.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        answers.swap(at, (state >> 33) as usize % (at + 1));
    }
    let mut lines = String::new();
    for ((mut record, member), answer) in records.into_iter().zip(answers) {
        record[member] = answer;
        lines.push_str(&record.to_string());
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn shuffled_labels_are_the_same_labels_at_other_prompts() {
        let data = Data::load(None).unwrap();
        let pairs = |text: &str| -> BTreeMap<String, String> {
            let records = text.lines().map(|line| record("", 0, line).unwrap());
            records
                .map(|record| {
                    (
                        super::text(&record, "prompt"),
                        super::text(&record, "completion"),
                    )
                })
                .collect()
        };
        let (before, after) = (pairs(&data.training), pairs(&data.shuffled));
        assert_eq!(before.len(), 600);
        assert!(before.keys().eq(after.keys()));
        let kept = before
            .iter()
            .filter(|(prompt, label)| after[*prompt] == **label)
            .count();
        assert!(kept < 90, "{kept} of 600 kept their label");
        let sorted = |pairs: &BTreeMap<String, String>| {
            let mut labels: Vec<String> = pairs.values().cloned().collect();
            labels.sort();
            labels
        };
        assert_eq!(sorted(&before), sorted(&after));
    }

    #[test]
    fn the_configuration_is_valid() {
        let config = perennial_core::config::Config::parse(CONFIGURATION).unwrap();
        config.check("us-east-1").unwrap();
    }

    #[test]
    fn records_without_an_answer_are_refused_by_line() {
        let error =
            shuffle("{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"text\": \"c\"}\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
