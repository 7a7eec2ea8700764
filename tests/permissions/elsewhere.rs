//! Pipelines whose model is trained on SageMaker: in a container and imported into Bedrock, or serverless and made a custom model of
//! the checkpoint. The good way, and runs that are cancelled on it.

use std::path::Path;
use std::time::Duration;

use perennial_local::Cloud;
use perennial_local_services::{Faults, Refusal, Span};

use crate::seldom::{cancelled_as, made, wait};
use crate::{bring_as, options};

const CONFIG: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1s"
at_most_every = "1s"
[training]
on = "sagemaker"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
spot = true
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

const SERVERLESS: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records = 100
quiet_for = "1s"
at_most_every = "1s"
[training]
on = "sagemaker"
[training.serverless]
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
[budget.prices]
training_per_1k_tokens = 0.002
"#;

#[test]
fn a_container_trains_its_weights_are_imported_and_the_model_is_promoted() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut options = options(dir.path());
    options
        .template
        .set_period("perennial-local-reconcile", Duration::from_secs(1));
    let cloud = runtime.block_on(Cloud::start(options)).unwrap();
    bring_as(dir.path(), CONFIG.to_owned());
    let run = wait(dir.path(), "at its end", |run| !run["outcome"].is_null());
    let looks = reconcile_looks_at_the_model(dir.path());
    runtime.block_on(cloud.stop());
    assert!(looks, "reconcile has not looked at what serves");
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    let denied = perennial_tests::denied(dir.path());
    assert!(denied.is_empty(), "{}", denied.join("\n"));
    perennial_tests::keep_permissions(dir.path(), env!("CARGO_TARGET_TMPDIR")).unwrap();
}

/// Whether `reconcile` sees within half a minute that the imported model is there.
fn reconcile_looks_at_the_model(dir: &Path) -> bool {
    (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let log = std::fs::read_to_string(dir.join("logs/permissions.jsonl")).unwrap_or_default();
        log.lines()
            .any(|line| line.contains("reconcile") && line.contains("GetImportedModel"))
    })
}

#[test]
fn a_run_that_is_cancelled_while_a_container_trains_stops_its_job() {
    let (run, calls) = cancelled_as(Some(CONFIG), "training", |options| {
        options.faults = Faults {
            hang_training_jobs: 1,
            ..Faults::default()
        };
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    assert!(made(&calls, "perennial-local-evaluate StopTrainingJob"));
}

#[test]
fn a_run_that_is_cancelled_before_its_container_was_seen_looks_for_it_until_the_end() {
    let busy = Refusal {
        times: 10_000,
        code: "ThrottlingException".into(),
        message: "Too many requests".into(),
    };
    let (run, calls) = cancelled_as(Some(CONFIG), "starting", |options| {
        options.faults = Faults {
            refuse: [("CreateTrainingJob".to_owned(), busy)].into(),
            ..Faults::default()
        };
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    for looks in ["train", "promote"] {
        assert!(made(
            &calls,
            &format!("perennial-local-{looks} DescribeTrainingJob")
        ));
    }
}

/// An import cannot be stopped: it is followed, for its model is to be known.
#[test]
fn a_run_that_is_cancelled_while_it_imports_follows_its_import() {
    let (run, calls) = cancelled_as(Some(CONFIG), "importing", |options| {
        options.pace.deployment = Span::fixed(Duration::from_secs(15));
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    assert!(made(&calls, "perennial-local-promote GetModelImportJob"));
}

#[test]
fn a_serverless_jobs_checkpoint_becomes_a_custom_model_that_is_promoted() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cloud = runtime.block_on(Cloud::start(options(dir.path()))).unwrap();
    bring_as(dir.path(), SERVERLESS.to_owned());
    let run = wait(dir.path(), "at its end", |run| !run["outcome"].is_null());
    runtime.block_on(cloud.stop());
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    let denied = perennial_tests::denied(dir.path());
    assert!(denied.is_empty(), "{}", denied.join("\n"));
    perennial_tests::keep_permissions(dir.path(), env!("CARGO_TARGET_TMPDIR")).unwrap();
}

/// A model that is being made cannot be stopped: it is followed, for it is to be known.
#[test]
fn a_run_that_is_cancelled_while_its_model_is_made_follows_it() {
    let (run, calls) = cancelled_as(Some(SERVERLESS), "importing", |options| {
        options.pace.deployment = Span::fixed(Duration::from_secs(15));
    });
    assert_eq!(run["outcome"], "cancelled", "{run:#}");
    assert!(made(&calls, "perennial-local-promote GetCustomModel"));
}
