//! How the models of the in-memory cloud answer: custom models by the local learner, base models badly.

use std::collections::HashMap;
use std::sync::Mutex;

use perennial_dataset::{completion_of, prompt_of};
use perennial_learner::{BaseModel, Learner};
use perennial_ports::memory::ModelRef;

/// Answers by a learner trained on the model's training files; trained once per model.
pub fn mind() -> impl Fn(&ModelRef, &str) -> String + Send + Sync + 'static {
    let learners: Mutex<HashMap<String, Learner>> = Mutex::default();
    move |model, prompt| match model {
        ModelRef::Base { .. } => BaseModel.answer(prompt),
        ModelRef::Custom { arn, files, .. } => {
            let mut learners = learners.lock().expect("no test panics while it holds this");
            let learner = learners.entry(arn.clone()).or_insert_with(|| {
                let lines = files
                    .iter()
                    .flat_map(|file| file.split(|byte| *byte == b'\n'));
                Learner::train(lines.filter_map(|line| {
                    let answer = completion_of(line).or_else(|| graded_as(line))?;
                    Some((prompt_of(line)?, answer))
                }))
            });
            learner.answer(prompt)
        }
    }
}

/// What a grader would reward: the answer that a record of reinforcement fine-tuning names.
fn graded_as(line: &[u8]) -> Option<String> {
    let record: serde_json::Value = serde_json::from_slice(line).ok()?;
    Some(record.get("reference_answer")?.as_str()?.to_owned())
}
