//! An idle champion's throughput is billed by the hour: it goes while a run waits for a person, and for no other run.

mod common;

use common::pipeline_events::*;
use common::*;
use std::collections::BTreeMap;

use perennial_core::config::{Commitment, IdleChampion};
use perennial_core::idle::{Action, Inventory, PlanLine, Served, plan};
use perennial_core::model::Mark;
use perennial_core::pipeline::{Pipeline, PipelineEvent, decide};
use perennial_core::routing::Serving;
use perennial_core::run::{Awaiting, Run, RunState};

const BOUGHT: &str = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl";

/// Champion 2 serves for 40 days, nobody calls it, and run 3 is active.
fn pipeline() -> Pipeline {
    let mut pipeline = configured();
    let config = &mut pipeline.config.as_mut().expect("it has one").config;
    config.idle.champion = IdleChampion::Unserve;
    pipeline.champion = Some(champion(2));
    pipeline.deployment = Some(BOUGHT.into());
    pipeline.deployed_by = Some(1);
    pipeline.served_since = Some(at(-24 * 40));
    pipeline.served_as = Serving::Provisioned {
        units: 1,
        commitment: Commitment::None,
        only: false,
    };
    pipeline.active_run = Some(run_id(3));
    pipeline
}

fn active(state: RunState) -> Run {
    Run {
        champion: Some(champion(2)),
        ..run(3, state)
    }
}

fn waits() -> Run {
    active(RunState::AwaitingApproval {
        awaiting: Awaiting::Approval,
    })
}

fn line(pipeline: &Pipeline, run: Option<&Run>) -> PlanLine {
    let served = Served {
        arn: BOUGHT.into(),
        name: "test-bot-g1".into(),
        model_arn: champion(2).arn,
        ours: true,
        bought_until: None,
        units: 1,
        left_by: None,
    };
    let inventory = Inventory {
        pipeline,
        models: &[],
        active: run,
        calls: &BTreeMap::new(),
        deployments: &[served],
        failed: &[],
        now: at(0),
    };
    plan(&inventory).remove(0)
}

#[test]
fn it_is_planned_while_a_run_waits_for_a_person_and_for_no_other_run() {
    let planned = line(&pipeline(), Some(&waits()));
    assert!(
        matches!(planned.action, Action::MarkServing { .. }),
        "{planned:?}"
    );
    for run in [
        None,
        Some(active(RunState::Deciding)),
        Some(active(RunState::Preparing)),
        Some(active(RunState::Promoting { generation: 3 })),
    ] {
        let kept = line(&pipeline(), run.as_ref());
        assert_eq!(kept.action, Action::Keep, "{run:?}");
        assert!(kept.reason.contains("may ask it"), "{}", kept.reason);
    }
}

fn marked() -> PipelineEvent {
    PipelineEvent::ServingMarked {
        mark: Some(Mark {
            at: at(0),
            delete_after: at(0),
            reason: "idle".into(),
        }),
        waiting: Some(run_id(3)),
    }
}

fn unserved(waiting: Option<u64>) -> PipelineEvent {
    PipelineEvent::Unserved {
        deployment: BOUGHT.into(),
        reason: "idle".into(),
        waiting: waiting.map(run_id),
    }
}

#[test]
fn it_goes_only_for_the_run_that_was_seen_to_wait() {
    let marked = happens(&pipeline(), &[marked()]);
    for waiting in [None, Some(4)] {
        let refused = decide(&marked, &unserved(waiting), at(1)).expect_err("refused");
        assert!(refused.to_string().contains("may ask the champion"));
    }
    let gone = happens(&marked, &[unserved(Some(3))]);
    assert!(gone.unserved.is_some() && gone.deployment.is_none());
    assert_eq!(gone.active_run, Some(run_id(3)), "the run waits on");
    assert_eq!(gone.champion, Some(champion(2)));
}

#[test]
fn a_comparison_with_a_champion_that_serves_nobody_since_then_holds_still() {
    let gone = happens(&pipeline(), &[marked(), unserved(Some(3))]);
    assert_eq!(gone.compared(), None);
    assert!(
        gone.is_compared_to(Some(&champion(2))),
        "its answers are kept"
    );
    assert!(!gone.is_compared_to(Some(&champion(1))));
    // A run that was opened while nothing served is compared to nothing, and only as long as nothing serves.
    assert!(gone.is_compared_to(None));
    assert!(!pipeline().is_compared_to(None));
    // The run's promotion serves again.
    let moving = happens(&gone, &[promotion(3)]).moving.expect("it moves");
    assert_eq!(moving.to, champion(3));
}
