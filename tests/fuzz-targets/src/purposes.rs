//! What a fuzzed file may be for: every shape of the table of limits, and limits so small that short files reach them.
use std::sync::LazyLock;

use perennial_core::{
    config::Technique,
    limits::{self, DataLimits, RecordShape},
};
use perennial_dataset::Purpose;

/// The purposes, in an order that the corpus relies on: add at the end.
pub(crate) static PURPOSES: LazyLock<Vec<Purpose>> = LazyLock::new(|| {
    use Technique::{ContinuedPreTraining, Distillation, FineTuning};
    let rows = [
        limits::of(FineTuning, "amazon.nova-2-lite-v1:0"),
        limits::of(FineTuning, "meta.llama3-1-8b-instruct-v1:0"),
        limits::of(FineTuning, "anthropic.claude-3-haiku-20240307-v1:0"),
        limits::of(ContinuedPreTraining, "amazon.nova-2-lite-v1:0"),
        limits::of(Distillation, "amazon.nova-pro-v1:0"),
        limits::of(FineTuning, "amazon.nova-canvas-v1:0"),
        limits::reinforcement("amazon.nova-2-lite-v1:0"),
        limits::reinforcement("openai.gpt-oss-20b-1:0"),
        limits::of(FineTuning, "amazon.nova-micro-v1:0"),
        limits::of(FineTuning, "meta.llama3-2-11b-instruct-v1:0"),
        limits::of(Distillation, "meta.llama3-1-8b-instruct-v1:0"),
        limits::of(ContinuedPreTraining, "amazon.nova-2-lite-v1:0").map(|row| small(&row, 20)),
        limits::from_logs("amazon.nova-pro-v1:0", Some("amazon.nova-premier-v1:0")),
        limits::of(FineTuning, "amazon.nova-pro-v1:0").map(|row| small(&row, 40)),
    ];
    let training = rows
        .into_iter()
        .map(|row| Purpose::Training(row.expect("the table has a row for each of these models")));
    let preferences = limits::preferences("amazon.nova-micro-v1:0");
    let preferences = preferences.expect("Nova Micro learns from preferences");
    training
        .chain([Purpose::Evaluation, Purpose::Training(preferences)])
        .collect()
});

fn small(row: &DataLimits, tokens: u64) -> DataLimits {
    DataLimits {
        max_records: 4,
        max_record_tokens: tokens,
        ..row.clone()
    }
}

/// The limits of a model that trains on prompt and completion.
pub(crate) fn pairs() -> &'static DataLimits {
    PURPOSES
        .iter()
        .filter_map(training)
        .find(|limits| limits.shape == RecordShape::PromptCompletion)
        .expect("PURPOSES has Llama 3.1")
}

pub(crate) fn training(purpose: &Purpose) -> Option<&DataLimits> {
    match purpose {
        Purpose::Training(limits) => Some(limits),
        Purpose::Evaluation => None,
    }
}
