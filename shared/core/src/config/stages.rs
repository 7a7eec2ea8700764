//! `[[stage]]`: what a run trains one after the other, each on the model that the one before made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::hyperparameters::hyperparameters;
use super::section::{Problems, Section, show};
use super::values::Technique;

/// Continued pre-training, and fine-tuning on its model: no trainer takes a third.
const MOST_STAGES: usize = 2;
const MOST_PREFIXES: usize = 20;

/// One stage of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageConfig {
    /// How the model is customized in it.
    pub technique: Technique,
    /// The folders below `data/<pipeline>/` whose uploads it trains on, each with its slash at the end; empty for the last
    /// stage, which takes what no other stage does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// By the service's own names and units, as text; `[training.hyperparameters]` are the last stage's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hyperparameters: BTreeMap<String, String>,
}

/// Whether it is a folder below `data/<pipeline>/`, as it is written in `from`. One that repeats what stands before it, or has `.` and `..`
/// as on a disk, is found in no upload's key: all documents would be taken for prompts and answers.
pub(super) fn is_folder(text: &str) -> bool {
    (2..=500).contains(&text.len())
        && text.ends_with('/')
        && !text.starts_with('/')
        && !text.starts_with("data/")
        && !text.split('/').any(|part| matches!(part, "." | ".."))
        && !text.contains("//")
        && !text.chars().any(char::is_control)
}

pub(super) const FOLDER_FIX: &str = "Write folders below data/<pipeline>/, each with its slash at the end, such as \
     [\"documents/\"], without data/<pipeline>/ itself and without . or .. in them.";

/// Reads the array of tables; what is wrong with a chain as a whole is noted at the array.
pub(super) fn read(top: &Section<'_, '_>, problems: &mut Problems) -> Vec<StageConfig> {
    let Some(value) = top.value("stage") else {
        return Vec::new();
    };
    let DeValue::Array(items) = value.get_ref() else {
        top.wrong("stage", "Write each stage under [[stage]].", problems);
        return Vec::new();
    };
    let mut stages = Vec::new();
    for item in items {
        let DeValue::Table(table) = item.get_ref() else {
            problems.add(
                item.span().start,
                "stage",
                format!("found {}", show(item.get_ref())),
                "Write each stage under [[stage]].",
            );
            continue;
        };
        let section = Section::open("stage", Some(table), problems);
        if section.value("technique").is_none() {
            section.wrong(
                "technique",
                "Add technique = \"continued-pre-training\" or \"fine-tuning\".",
                problems,
            );
        }
        let technique = section.word("technique", "fine-tuning", problems);
        let from = section.strings("from", MOST_PREFIXES, is_folder, FOLDER_FIX, problems);
        let hyperparameters = hyperparameters(&section, problems);
        stages.extend(technique.map(|technique| StageConfig {
            technique,
            from,
            hyperparameters,
        }));
    }
    if let Err(fix) = chain(&stages)
        && stages.len() == items.len()
    {
        problems.add(
            value.span().start,
            "stage",
            "this is no chain that can be trained",
            fix,
        );
    }
    stages
}

fn chain(stages: &[StageConfig]) -> Result<(), &'static str> {
    let techniques: Vec<Technique> = stages.iter().map(|stage| stage.technique).collect();
    if stages.len() > MOST_STAGES
        || techniques != [Technique::ContinuedPreTraining, Technique::FineTuning]
    {
        return Err(
            "Write two stages: \"continued-pre-training\" first, \"fine-tuning\" after it. A pipeline of one technique names \
             it at the top and has no [[stage]].",
        );
    }
    if stages[0].from.is_empty() {
        return Err(
            "Say which folders the first stage trains on, such as from = [\"documents/\"]; the second takes the rest.",
        );
    }
    if stages[1].from.iter().any(|folder| {
        stages[0]
            .from
            .iter()
            .any(|other| folder.starts_with(other.as_str()) || other.starts_with(folder.as_str()))
    }) {
        return Err("A folder belongs to one stage; these overlap.");
    }
    Ok(())
}
