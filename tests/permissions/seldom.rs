//! What the functions' roles are there for and the good way never asks for: runs that are cancelled at a bad moment, and uploads
//! before their configuration.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use perennial_local::{Cloud, Options};
use perennial_local_services::{Faults, Refusal, Span};
use serde_json::Value;

use crate::{bring, bring_as, options};

/// On a busy machine of two cores.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a command against the local cloud.
fn perennial(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("AWS_") || text.starts_with("PERENNIAL_") {
            command.env_remove(&name);
        }
    }
    let command = command.args(arguments).arg("--local").arg(dir);
    command.output().unwrap()
}

/// Waits until the one run is as wanted, or has ended.
pub(crate) fn wait(dir: &Path, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let runs = perennial(dir, &["runs", "bot", "--json"]).stdout;
        let runs: Value = serde_json::from_slice(&runs).unwrap_or_default();
        if let Some(run) = runs
            .get(0)
            .filter(|run| wanted(run) || !run["outcome"].is_null())
        {
            return run.clone();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited {PATIENCE:?} in vain until the run is {what}");
}

/// Cancels the run when it is in a stage, and gives what is there of the services when it has ended.
fn cancelled_while(stage: &str, slow: impl FnOnce(&mut Options)) -> (Value, Vec<String>) {
    cancelled_as(None, stage, slow)
}

/// The same with this configuration.
pub(crate) fn cancelled_as(
    config: Option<&str>,
    stage: &str,
    slow: impl FnOnce(&mut Options),
) -> (Value, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    slow(&mut options);
    let trace = dir.path().join("trace.jsonl");
    options.trace = Some(trace.clone());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(Cloud::start(options)).unwrap();
    match config {
        Some(config) => bring_as(dir.path(), config.to_owned()),
        None => bring(dir.path()),
    }
    let run = wait(dir.path(), stage, |run| run["stage"] == stage);
    assert_eq!(run["stage"], stage, "{run:#}");
    let id = run["run"].as_str().unwrap().to_owned();
    let said = perennial(dir.path(), &["cancel", &id]);
    assert!(said.status.success(), "{said:?}");
    let run = wait(dir.path(), "at its end", |run| !run["outcome"].is_null());
    runtime.block_on(cloud.stop());
    let calls = std::fs::read_to_string(trace).unwrap();
    let calls = calls.lines().filter_map(|line| {
        let call: Value = serde_json::from_str(line).ok()?;
        let function = call["userIdentity"]["sessionName"].as_str()?;
        Some(format!("{function} {}", call["eventName"].as_str()?))
    });
    let denied = perennial_tests::denied(dir.path());
    assert!(denied.is_empty(), "{}", denied.join("\n"));
    perennial_tests::keep_permissions(dir.path(), env!("CARGO_TARGET_TMPDIR")).unwrap();
    (run, calls.collect())
}

pub(crate) fn made(calls: &[String], call: &str) -> bool {
    calls.iter().any(|made| made == call)
}

#[test]
fn a_run_that_is_cancelled_while_it_trains_stops_its_job() {
    let (run, calls) = cancelled_while("training", |options| {
        options.faults = Faults {
            hang_training_jobs: 1,
            ..Faults::default()
        };
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    assert!(made(
        &calls,
        "perennial-local-evaluate StopModelCustomizationJob"
    ));
}

#[test]
fn a_run_that_is_cancelled_while_it_evaluates_stops_the_base_models_job() {
    let (run, calls) = cancelled_while("evaluating", |options| {
        options.pace.batch = Span::fixed(Duration::from_secs(600));
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    assert!(made(
        &calls,
        "perennial-local-promote StopModelInvocationJob"
    ));
}

#[test]
fn a_run_that_is_cancelled_before_its_job_was_seen_looks_for_it_until_the_end() {
    let busy = Refusal {
        times: 10_000,
        code: "ThrottlingException".into(),
        message: "Too many requests".into(),
    };
    let (run, calls) = cancelled_while("starting", |options| {
        options.faults = Faults {
            refuse: [("CreateModelCustomizationJob".to_owned(), busy)].into(),
            ..Faults::default()
        };
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    assert!(made(
        &calls,
        "perennial-local-train GetModelCustomizationJob"
    ));
    assert!(made(
        &calls,
        "perennial-local-promote GetModelCustomizationJob"
    ));
}

/// The first of them makes the pipeline's record. The others are saved only if that is still as they saw it, for a
/// configuration that comes meanwhile would not find them waiting.
#[test]
fn uploads_that_come_before_their_configuration_wait_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(Cloud::start(options(dir.path()))).unwrap();
    let folder = dir.path().join("drop/data/bot");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["first.jsonl", "second.jsonl"] {
        std::fs::write(folder.join(name), perennial_tests::training()).unwrap();
    }
    let began = Instant::now();
    let checked = || {
        let log = std::fs::read_to_string(dir.path().join(perennial_tests::LOG));
        log.unwrap_or_default()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .any(|line| {
                line["function"] == "ingest" && line["action"] == "dynamodb:ConditionCheckItem"
            })
    };
    while !checked() {
        assert!(
            began.elapsed() < PATIENCE,
            "ingest never checked the pipeline's record"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    runtime.block_on(cloud.stop());
    let denied = perennial_tests::denied(dir.path());
    assert!(denied.is_empty(), "{}", denied.join("\n"));
    perennial_tests::keep_permissions(dir.path(), env!("CARGO_TARGET_TMPDIR")).unwrap();
}
