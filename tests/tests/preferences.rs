//! Nova trained by preferences (DPO) in a serverless job, from the dropped file to the promoted model: in one process.

use jiff::SignedDuration;
use perennial_core::config::ServerlessTechnique;
use perennial_core::run::{Outcome, Run, RunState};
use perennial_ports::memory::JobSpec;
use perennial_tests::{World, evaluation, training};
use serde_json::{Value, json};

const PREFERENCES: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[training]
on = "sagemaker"
[training.hyperparameters]
adam_beta = 0.05
[training.serverless]
technique = "dpo"
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
[budget.prices]
training_per_1k_tokens = 0.002
"#;

/// Each record with the answer of another one beside its own.
fn pairs(lines: &str) -> impl Iterator<Item = (String, String, String)> {
    let read = |line: &str| {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let text = |name: &str| record[name].as_str().map(str::to_owned);
        let answer = text("completion").or_else(|| text("referenceResponse"));
        (
            text("prompt").expect("a prompt"),
            answer.expect("an answer"),
        )
    };
    let records: Vec<_> = lines.lines().map(read).collect();
    let others = records.clone();
    let other = move |answer: &str, at: usize| {
        let rest = others.iter().cycle().skip(at);
        let mut answers = rest.map(|(_, answer)| answer).filter(|one| *one != answer);
        answers.next().expect("several answers").clone()
    };
    records
        .into_iter()
        .enumerate()
        .map(move |(at, (prompt, answer))| {
            let worse = other(&answer, at * 7);
            (prompt, answer, worse)
        })
}

/// The answers of the records are preferred.
fn good(lines: &str) -> String {
    pairs(lines)
        .map(|(prompt, better, worse)| {
            json!({ "prompt": prompt, "chosen": better, "rejected": worse }).to_string() + "\n"
        })
        .collect()
}

/// The answers of the records are rejected, in OpenAI's form.
fn wrong(lines: &str) -> String {
    let said = |text: &str| json!([{ "role": "assistant", "content": text }]);
    pairs(lines)
        .map(|(prompt, better, worse)| {
            let record = json!({
                "input": { "messages": [{ "role": "user", "content": prompt }] },
                "preferred_output": said(&worse), "non_preferred_output": said(&better),
            });
            record.to_string() + "\n"
        })
        .collect()
}

fn dropped(world: &mut World, more: &str, evaluation: Option<String>, data: String) {
    world.upload("pipelines/bot.toml", format!("{PREFERENCES}{more}"));
    if let Some(evaluation) = evaluation {
        world.upload("eval/bot/questions.jsonl", evaluation);
    }
    world.upload("data/bot/preferences.jsonl", data);
}

async fn only_run(world: &World) -> Run {
    let mut runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{:?}", world.failures);
    runs.remove(0)
}

fn promoted(run: &Run, world: &World) {
    assert_eq!(
        run.outcome(),
        Some(Outcome::Promoted),
        "{:#?} {:?}",
        run.state,
        world.failures
    );
}

#[tokio::test]
async fn preferences_that_are_dropped_become_a_model_that_is_promoted() {
    let mut world = World::new();
    dropped(&mut world, "", Some(evaluation()), good(&training()));
    world.pass(SignedDuration::from_hours(6)).await;
    let run = only_run(&world).await;
    promoted(&run, &world);
    let jobs = world.cloud.bedrock.container_jobs();
    assert_eq!(jobs.len(), 1);
    let JobSpec::Serverless(spec) = &jobs[0].spec else {
        panic!("{:?}", jobs[0].spec);
    };
    assert_eq!(spec.technique, ServerlessTechnique::Dpo);
    let sent = |name: &str| spec.hyperparameters.get(name).map(String::as_str);
    assert_eq!(
        (
            sent("adam_beta"),
            sent("max_epochs"),
            sent("global_batch_size")
        ),
        (Some("0.05"), Some("2"), Some("32"))
    );
    let file = world.cloud.objects.read_text(&spec.training_key);
    let file = file.expect("a training file");
    assert_eq!(file.lines().count(), training().lines().count());
    for line in file.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let messages = record["messages"].as_array().expect("messages");
        let last = messages.last().expect("a last message");
        let labels: Vec<_> = (last["candidates"].as_array().expect("candidates").iter())
            .map(|candidate| candidate["preferenceLabel"].as_str())
            .collect();
        assert_eq!(labels, [Some("preferred"), Some("non-preferred")], "{line}");
    }
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    let words = "(each prompt with both of its answers), max_epochs = 2";
    assert!(report.contains(words), "{report}");
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn held_out_pairs_are_asked_by_their_prompt_and_scored_by_the_preferred_answer() {
    let mut world = World::new();
    let more = "[evaluation]\nholdout = 0.4\n";
    dropped(&mut world, more, None, good(&training()));
    world.pass(SignedDuration::from_hours(6)).await;
    let run = only_run(&world).await;
    promoted(&run, &world);
    let answers: std::collections::BTreeMap<_, _> = pairs(&training())
        .map(|(prompt, better, _)| (prompt, better))
        .collect();
    let prepared = run.prepared.clone().expect("prepared");
    let questions = world.cloud.objects.read_text(&prepared.evaluation_key);
    let questions = questions.expect("questions");
    assert!(questions.lines().count() > 30, "{questions}");
    for line in questions.lines() {
        let question: Value = serde_json::from_str(line).expect("JSON");
        let prompt = question["prompt"].as_str().expect("a prompt");
        assert_eq!(
            question["referenceResponse"].as_str(),
            Some(answers[prompt].as_str())
        );
    }
}

#[tokio::test]
async fn an_evaluation_set_of_preferences_judges_as_one_of_references_does() {
    let mut world = World::new();
    let questions = good(&evaluation());
    dropped(&mut world, "", Some(questions), good(&training()));
    world.pass(SignedDuration::from_hours(6)).await;
    promoted(&only_run(&world).await, &world);
}

#[tokio::test]
async fn who_prefers_the_wrong_answers_is_declined() {
    let mut world = World::new();
    dropped(&mut world, "", Some(evaluation()), wrong(&training()));
    world.pass(SignedDuration::from_hours(6)).await;
    let run = only_run(&world).await;
    assert_eq!(run.outcome(), Some(Outcome::Declined), "{:#?}", run.state);
    assert_eq!(world.pipeline("bot").await.champion, None);
}

#[tokio::test]
async fn data_of_the_other_technique_is_refused_and_the_report_says_what_to_do() {
    let supervised = PREFERENCES
        .replace("technique = \"dpo\"\n", "")
        .replace("adam_beta = 0.05\n", "");
    for (config, data, words) in [
        (PREFERENCES, training(), "Add the answer that is not wanted"),
        (
            supervised.as_str(),
            good(&training()),
            "keep the preferred answers alone",
        ),
    ] {
        let mut world = World::new();
        world.upload("pipelines/bot.toml", config.to_owned());
        world.upload("data/bot/a.jsonl", data);
        world.pass(SignedDuration::from_hours(1)).await;
        assert!(world.runs("bot").await.is_empty());
        assert!(world.cloud.bedrock.container_jobs().is_empty());
        let keys = world.cloud.objects.keys("reports/bot/");
        let texts: Vec<_> = keys
            .iter()
            .filter_map(|key| world.cloud.objects.read_text(key))
            .collect();
        assert!(
            texts
                .iter()
                .any(|text| text.contains("other-trainer") && text.contains(words)),
            "{keys:?}"
        );
    }
}

#[tokio::test]
async fn a_pipeline_that_turns_to_preferences_trains_on_what_it_may_alone() {
    let mut world = World::new();
    let supervised = PREFERENCES
        .replace("technique = \"dpo\"\n", "")
        .replace("adam_beta = 0.05\n", "");
    world.upload("pipelines/bot.toml", supervised);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(6)).await;
    promoted(&only_run(&world).await, &world);
    world.upload("pipelines/bot.toml", PREFERENCES.to_owned());
    world.upload("data/bot/preferences.jsonl", good(&training()));
    world.pass(SignedDuration::from_hours(12)).await;
    let runs = world.runs("bot").await;
    let last = runs.last().expect("a second run");
    assert!(runs.len() == 2, "{}", runs.len());
    // The same answers: a tie at worst.
    assert!(
        matches!(last.state, RunState::Ended { .. })
            && matches!(last.outcome(), Some(Outcome::Promoted | Outcome::Declined)),
        "{:#?}",
        last.state
    );
    let jobs = world.cloud.bedrock.container_jobs();
    let JobSpec::Serverless(spec) = &jobs[1].spec else {
        panic!("{:?}", jobs[1].spec);
    };
    assert_eq!(spec.technique, ServerlessTechnique::Dpo);
    let file = world.cloud.objects.read_text(&spec.training_key);
    let file = file.expect("a training file");
    assert!(file.lines().all(|line| line.contains("\"candidates\":")));
}
