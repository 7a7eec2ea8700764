//! How well the learner does on real data (where that data lies beside the repository), and how badly on shuffled labels.
#![expect(clippy::unwrap_used)]

use std::{path::PathBuf, time::Instant};

use perennial_learner::{BaseModel, Learner};
use serde_json::Value;

fn read(name: &str, answer: &str) -> Option<Vec<(String, String)>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/banking77")
        .join(name);
    let text = std::fs::read_to_string(path).ok()?;
    let member = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    Some(
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|record| (member(&record, "prompt"), member(&record, answer)))
            .collect(),
    )
}

fn exact_match(questions: &[(String, String)], answer: impl Fn(&str) -> String) -> f64 {
    let right = questions
        .iter()
        .filter(|(prompt, wanted)| answer(prompt) == *wanted)
        .count();
    right as f64 / questions.len() as f64
}

#[test]
fn banking77_is_learned_and_shuffled_labels_are_not() {
    let (Some(training), Some(questions)) = (
        read("train.jsonl", "completion"),
        read("eval.jsonl", "referenceResponse"),
    ) else {
        eprintln!("banking77 is not here: skipped");
        return;
    };
    let started = Instant::now();
    let learner = Learner::train(training.iter().cloned());
    let trained = started.elapsed();
    let right = exact_match(&questions, |prompt| learner.answer(prompt));
    eprintln!(
        "{right:.4} exact match; trained in {trained:?}, trained and answered in {:?}",
        started.elapsed()
    );
    assert!(right > 0.75, "{right}");

    let labels: Vec<String> = training.iter().map(|(_, label)| label.clone()).collect();
    let shuffled = training
        .iter()
        .enumerate()
        .map(|(n, (prompt, _))| (prompt.clone(), labels[(n * 7919) % labels.len()].clone()));
    let wrong = exact_match(&questions, |prompt| {
        Learner::train(Vec::<(String, String)>::new()).answer(prompt)
    })
    .max(exact_match(&questions[..500], {
        let bad = Learner::train(shuffled);
        move |prompt| bad.answer(prompt)
    }));
    eprintln!("{wrong:.4} with shuffled labels");
    assert!(wrong < 0.1, "{wrong}");
    assert!(exact_match(&questions, |prompt| BaseModel.answer(prompt)) < 0.001);
}
