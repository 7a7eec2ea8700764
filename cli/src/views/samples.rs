//! Records as they would stand in the table, for snapshots.

use jiff::{SignedDuration, Timestamp};
use perennial_core::config::{Config, Technique};
use perennial_core::gate::{Comparison, Verdict};
use perennial_core::model::{Model, ModelLife};
use perennial_core::money::Usd;
use perennial_core::names::{Installation, ModelId, PipelineName, Purpose, RunId};
use perennial_core::pipeline::{Champion, ConfigInForce, Pipeline};
use perennial_core::run::{DatasetRef, Job, Outcome, Run, RunState};
use perennial_core::score::ResolvedMetric;
use perennial_core::upload::{Shard, Upload, UploadKind, UploadStatus};

/// 2026-11-20 10:00:00 UTC, and seconds after it.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_168_800).unwrap() + SignedDuration::from_secs(seconds)
}

pub(crate) fn name() -> PipelineName {
    PipelineName::parse("support-bot").unwrap()
}

/// The id of the run with this number.
pub(crate) fn run_id(number: u64) -> RunId {
    RunId::from_parts(1_795_168_800_000 + number, u128::from(number))
}

pub(crate) fn champion(number: u64) -> Champion {
    Champion {
        model: ModelId::of(&run_id(number)),
        arn: format!("arn:aws:bedrock:us-east-1:123456789012:custom-model/m{number}"),
        base_model: String::new(),
    }
}

/// A pipeline with a configuration and nothing else.
pub(crate) fn configured() -> Pipeline {
    let mut pipeline = Pipeline::new(name());
    pipeline.config = Some(ConfigInForce {
        config: Config::new(Technique::FineTuning, "amazon.nova-micro-v1:0"),
        version: "v1".into(),
        sequencer: "00".into(),
    });
    pipeline
}

/// A pipeline that has collected 300 records and serves its second model.
pub(crate) fn collecting() -> Pipeline {
    let mut pipeline = configured();
    pipeline.sequence = 7;
    pipeline.sealed = 6;
    pipeline.pending_records = 300;
    pipeline.pending_uploads = 1;
    pipeline.last_accepted = Some(at(0));
    pipeline.champion = Some(champion(2));
    pipeline.previous = vec![champion(1)];
    pipeline.quarantine = vec![(5, 6)];
    pipeline.deployment =
        Some("arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/d1".into());
    pipeline
}

/// A model; its life and mark are the test's to change.
pub(crate) fn model(number: u64) -> Model {
    Model {
        id: ModelId::of(&run_id(number)),
        pipeline: name(),
        run: run_id(number),
        arn: champion(number).arn,
        base: "amazon.nova-micro-v1:0:128k".into(),
        trained_on: vec!["digest".into()],
        training_key: "work/support-bot/training.jsonl".into(),
        weights: None,
        trial: false,
        created_at: at(60),
        life: ModelLife::Ready,
        mark: None,
        notes: vec![format!("made by run {}", run_id(number))],
    }
}

/// An upload that was accepted under this sequence number.
pub(crate) fn upload(key: &str, sequence: u64) -> Upload {
    Upload {
        pipeline: name(),
        key: key.into(),
        kind: UploadKind::Training,
        version: "v1".into(),
        sequencer: String::new(),
        in_order: false,
        status: UploadStatus::Accepted,
        shard: Some(Shard {
            content: String::new(),
            version: "v1".into(),
            compile_digest: "c".into(),
            key: "shards/support-bot/training/c/x.jsonl".into(),
            bytes: 90_000,
            records: 300,
            tokens: 9_000,
            sequence,
            accepted_at: at(0),
            unusable: None,
        }),
        report: Some(format!("reports/support-bot/uploads/{key}")),
        earlier: None,
        seen_at: at(0),
    }
}

/// A run in this state.
pub(crate) fn run(state: RunState) -> Run {
    let config = Config::new(Technique::FineTuning, "amazon.nova-micro-v1:0");
    let route = config.check("us-east-1").unwrap();
    Run {
        id: run_id(3),
        pipeline: name(),
        installation: Installation::parse("local").unwrap(),
        opened_at: at(0),
        because: "600 new records in 1 uploads (at least 500 are wanted)".into(),
        trial: None,
        config,
        route,
        dataset: DatasetRef {
            digest: "0123456789abcdef".into(),
            manifest_key: "shards/support-bot/datasets/0.json".into(),
            uploads: 1,
            sealed: (6, 7),
            pending: (600, 1),
            changes: 9,
            withheld: Vec::new(),
        },
        trains_from: "amazon.nova-micro-v1:0:128k".into(),
        starts_from: None,
        champion: None,
        champion_deployment: None,
        trained_on: vec!["0123456789abcdef".into()],
        state,
        prepared: None,
        jobs: Vec::new(),
        first_weights: None,
        weights: None,
        model_arn: None,
        creates: Vec::new(),
        leftovers: Vec::new(),
        verdict: None,
        cancelled: None,
        reserved: Usd::from_dollars(1.5),
        claim: None,
        waits_for: None,
        due: None,
    }
}

fn comparison(mean_other: f64) -> Comparison {
    let (mean_candidate, difference) = (0.075, 0.075 - mean_other);
    Comparison {
        n: 120,
        mean_candidate,
        mean_other,
        difference,
        lower: difference - 0.05,
        upper: difference + 0.05,
    }
}

/// A run that was declined, with its figures.
pub(crate) fn declined() -> Run {
    let reason = "Not passed. The candidate is significantly worse.";
    let mut run = run(RunState::Ended {
        outcome: Outcome::Declined,
        reason: reason.into(),
        at: at(300),
        aftercare: None,
    });
    run.jobs.push(Job {
        purpose: Purpose::Training,
        attempt: 1,
        name: "local-support-bot-x-t1".into(),
        arn: "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/j".into(),
        status: "Completed".into(),
    });
    run.model_arn = Some(champion(3).arn);
    run.verdict = Some(Verdict {
        passed: false,
        tie: false,
        reason: reason.into(),
        base: comparison(0.0),
        champion: Some(comparison(0.875)),
        metric: ResolvedMetric::ExactMatch,
    });
    run
}
