//! Records in plain states, for the tests of the rules.
#![allow(dead_code, reason = "every test crate uses a part of it")]

pub(crate) mod pipeline_events;
pub(crate) mod run_cases;

use jiff::{SignedDuration, Timestamp};
use perennial_core::config::{Config, Technique};
use perennial_core::manifest::compile_digest;
use perennial_core::model::{Model, ModelLife};
use perennial_core::money::Usd;
use perennial_core::names::{Installation, ModelId, PipelineName, RunId};
use perennial_core::pipeline::{Champion, ConfigInForce, Pipeline};
use perennial_core::routing::{Route, route};
use perennial_core::run::{DatasetRef, Prepared, Run, RunState};
use perennial_core::score::ResolvedMetric;
use perennial_core::upload::{Shard, Upload, UploadKind, UploadStatus};

pub(crate) fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().expect("a time")
}

pub(crate) fn at(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

pub(crate) fn name() -> PipelineName {
    PipelineName::parse("bot").expect("a name")
}

pub(crate) fn run_id(number: u64) -> RunId {
    RunId::from_parts(1_700_000_000_000 + number, u128::from(number))
}

pub(crate) fn model_id(number: u64) -> ModelId {
    ModelId::of(&run_id(number))
}

pub(crate) fn champion(number: u64) -> Champion {
    Champion {
        model: model_id(number),
        arn: format!("arn:model/{number}"),
        base_model: "amazon.nova-micro-v1:0".into(),
    }
}

pub(crate) fn config() -> Config {
    Config::new(Technique::FineTuning, "amazon.nova-micro-v1:0")
}

pub(crate) fn routed(config: &Config) -> Route {
    route(config, "us-east-1").expect("it is supported")
}

pub(crate) fn usd(dollars: i64) -> Usd {
    Usd::from_micros(dollars * 1_000_000)
}

pub(crate) fn prepared() -> Prepared {
    Prepared {
        training_key: "work/bot/training.jsonl".into(),
        records: 600,
        duplicates: 1,
        leaked: 2,
        leaked_to_the_letter: 1,
        held_out: 60,
        held_out_again: 0,
        conflicts: None,
        left_out: 0,
        not_sampled: 0,
        left_out_of: Vec::new(),
        training_tokens: 60_000,
        evaluation_key: "work/bot/evaluation.jsonl".into(),
        evaluation_digest: "q1".into(),
        prompts: 60,
        prompts_available: 60,
        prompts_seen_by_champion: 0,
        metric: ResolvedMetric::ExactMatch,
        power: "it can tell 10 points apart".into(),
        training_cost: usd(8),
        evaluation_cost: usd(2),
        base_cost: Some(usd(1)),
        cost_lines: vec!["training: $8.00".into()],
        first: None,
        max_run: None,
    }
}

pub(crate) fn run(number: u64, state: RunState) -> Run {
    let config = config();
    let route = routed(&config);
    let unprepared = matches!(state, RunState::Preparing);
    Run {
        id: run_id(number),
        pipeline: name(),
        installation: Installation::parse("test").expect("an id"),
        opened_at: start(),
        because: "600 new records".into(),
        trial: None,
        trains_from: route.customization_id.clone(),
        config,
        route,
        dataset: DatasetRef {
            digest: "d1".into(),
            manifest_key: "shards/bot/datasets/d1.json".into(),
            uploads: 1,
            sealed: (0, 1),
            pending: (600, 1),
            changes: 2,
            withheld: Vec::new(),
        },
        starts_from: None,
        champion: None,
        champion_deployment: None,
        trained_on: vec!["d1".into()],
        state,
        prepared: (!unprepared).then(prepared),
        jobs: Vec::new(),
        first_weights: None,
        weights: None,
        model_arn: None,
        creates: Vec::new(),
        leftovers: Vec::new(),
        verdict: None,
        cancelled: None,
        reserved: if unprepared { Usd::ZERO } else { usd(10) },
        claim: None,
        waits_for: None,
        due: Some(start()),
    }
}

pub(crate) fn configured() -> Pipeline {
    let mut pipeline = Pipeline::new(name());
    pipeline.config = Some(ConfigInForce {
        config: config(),
        version: "v1".into(),
        sequencer: "1".into(),
    });
    pipeline.config_sequencer = "1".into();
    pipeline
}

pub(crate) fn model(number: u64, made_at: Timestamp) -> Model {
    Model {
        id: model_id(number),
        pipeline: name(),
        run: run_id(number),
        arn: format!("arn:model/{number}"),
        base: "amazon.nova-micro-v1:0:128k".into(),
        trained_on: vec!["d1".into()],
        training_key: "work/bot/training.jsonl".into(),
        weights: None,
        trial: false,
        created_at: made_at,
        life: ModelLife::Ready,
        mark: None,
        notes: Vec::new(),
    }
}

pub(crate) fn shard(version: &str, kind: UploadKind, records: u64, sequence: u64) -> Shard {
    Shard {
        content: String::new(),
        version: version.into(),
        compile_digest: compile_digest(&routed(&config()), kind, ""),
        key: format!("shards/bot/{version}.jsonl"),
        bytes: records * 300,
        records,
        tokens: records * 100,
        sequence,
        accepted_at: at(i64::try_from(sequence).expect("small")),
        unusable: None,
    }
}

pub(crate) fn upload(key: &str, kind: UploadKind, shard: Option<Shard>) -> Upload {
    Upload {
        pipeline: name(),
        key: key.into(),
        kind,
        version: "v".into(),
        sequencer: String::new(),
        in_order: false,
        status: UploadStatus::Accepted,
        shard,
        earlier: None,
        report: None,
        seen_at: start(),
    }
}
