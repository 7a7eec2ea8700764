//! What the tables of routes send to Bedrock's customization jobs, row by row: for who holds another table to them.

use super::images::IMAGES;
use super::table::{DISTILLATION, Hyperparameter, MODELS, ModelRow, REINFORCEMENT, Range};
use crate::config::Technique;

/// One way to train one model in one region on Bedrock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BedrockRow {
    /// How it is customized.
    pub technique: Technique,
    /// Its plain id.
    pub base_model: &'static str,
    /// Where.
    pub region: &'static str,
    /// The teacher's plain id; distillation only.
    pub teacher: Option<&'static str>,
    /// What its job takes.
    pub hyperparameters: Vec<Ends>,
}

/// A hyperparameter with both ends of what it may be, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The service's own name.
    pub name: &'static str,
    /// The least, or the first of the words.
    pub least: String,
    /// The most, or the last of the words.
    pub most: String,
}

/// Every row for Bedrock.
#[must_use]
pub fn bedrock_rows() -> Vec<BedrockRow> {
    let tuned = MODELS.iter().chain(IMAGES);
    let tuned = tuned.flat_map(|row| rows(Technique::FineTuning, row, None));
    let taught = DISTILLATION.iter().flat_map(|taught| {
        let students = MODELS
            .iter()
            .filter(|row| taught.students.contains(&row.id));
        students.flat_map(|row| rows(Technique::Distillation, row, Some(taught.teacher)))
    });
    let graded = REINFORCEMENT.iter();
    let graded = graded.flat_map(|row| rows(Technique::Reinforcement, row, None));
    tuned.chain(taught).chain(graded).collect()
}

fn rows(
    technique: Technique,
    row: &'static ModelRow,
    teacher: Option<&'static str>,
) -> impl Iterator<Item = BedrockRow> {
    let takes = match technique {
        Technique::Distillation => &[],
        _ => row.hyperparameters,
    };
    row.regions.iter().map(move |region| BedrockRow {
        technique,
        base_model: row.id,
        region,
        teacher,
        hyperparameters: takes.iter().map(ends).collect(),
    })
}

fn ends(known: &Hyperparameter) -> Ends {
    let (least, most) = match known.range {
        Range::Whole(low, high) => (low.to_string(), high.to_string()),
        Range::Real(low, high) => (low.to_string(), high.to_string()),
        Range::OneOf(values) => {
            let word = |word: Option<&&str>| word.map_or_else(String::new, |word| (*word).into());
            (word(values.first()), word(values.last()))
        }
    };
    Ends {
        name: known.name,
        least,
        most,
    }
}
