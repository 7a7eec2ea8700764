//! What ended runs and moves left: nothing of ours is billed by the hour without a word, and only what is ours by name and tags goes.

mod common;

use std::collections::BTreeMap;

use common::pipeline_events::*;
use common::*;
use perennial_core::config::Serve;
use perennial_core::idle::{Action, FailedModel, Inventory, PlanLine, Served, plan};
use perennial_core::pipeline::{Pipeline, Sweep};
use perennial_core::prices::PROVISIONED;

const BOUGHT: &str = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl";
const MADE: &str = "arn:aws:bedrock:us-east-1:123456789012:custom-model/imported/abcdefghijkl";

/// Model 2 serves at `arn:d/1`, at $20 an hour and unit.
fn pipeline() -> Pipeline {
    let mut pipeline = configured();
    let config = &mut pipeline.config.as_mut().expect("it has one").config;
    config.promotion.serve = Serve::Provisioned;
    config.budget.prices.insert(PROVISIONED.into(), 20.0);
    pipeline.champion = Some(champion(2));
    pipeline.deployment = Some("arn:d/1".into());
    pipeline
}

fn throughput() -> Served {
    Served {
        arn: BOUGHT.into(),
        name: "test-bot-g7".into(),
        model_arn: champion(2).arn,
        ours: true,
        bought_until: None,
        units: 1,
        left_by: None,
    }
}

fn lines(
    pipeline: &Pipeline,
    served: &[Served],
    failed: &[FailedModel],
    hour: i64,
) -> Vec<PlanLine> {
    let models = [model(2, at(0))];
    let mut lines = plan(&Inventory {
        pipeline,
        models: &models,
        active: None,
        calls: &BTreeMap::new(),
        deployments: served,
        failed,
        now: at(hour),
    });
    assert_eq!(lines.remove(0).action, Action::Keep, "the model stays");
    lines
}

#[test]
fn throughput_that_a_run_left_is_removed_and_its_model_stays() {
    let left = Served {
        name: format!("test-bot-{}-c1", run_id(2)),
        left_by: Some(run_id(2)),
        ..throughput()
    };
    let line = lines(&pipeline(), std::slice::from_ref(&left), &[], 1).remove(0);
    assert_eq!(line.action, Action::RemoveLeftover { arn: BOUGHT.into() });
    assert_eq!(line.model, model_id(2));
    assert!(line.reason.contains("$14600.00 a month"), "{}", line.reason);
    // As long as its run is there, the run itself sees to it.
    let mut active = pipeline();
    active.active_run = Some(run_id(2));
    let line = lines(&active, &[left], &[], 1).remove(0);
    assert_eq!(line.action, Action::Keep);
    assert!(
        line.reason.contains("asks its candidate"),
        "{}",
        line.reason
    );
}

#[test]
fn throughput_of_ours_that_clients_do_not_call_is_named_and_anothers_is_not_touched() {
    let named = |pipeline: &Pipeline, served: Served| lines(pipeline, &[served], &[], 1);
    let line = named(&pipeline(), throughput()).remove(0);
    assert_eq!(line.action, Action::Keep);
    assert!(
        line.reason.contains("billed by the hour")
            && line.reason.contains("delete-provisioned-model-throughput")
            && line.reason.contains(BOUGHT),
        "{}",
        line.reason
    );
    let mut swept = pipeline();
    swept.sweeps.push(Sweep {
        generation: 7,
        since: at(0),
        look_at: at(1),
        provisioned: true,
        say_after: None,
        bought_until: None,
    });
    let line = named(&swept, throughput()).remove(0);
    assert!(line.reason.contains("tried every hour"), "{}", line.reason);
    let committed = Served {
        bought_until: Some(at(400)),
        ..throughput()
    };
    let line = named(&swept, committed).remove(0);
    assert!(
        line.reason.contains(&format!("bought until {}", at(400))),
        "{}",
        line.reason
    );

    for silent in [
        Served {
            ours: false,
            ..throughput()
        },
        Served {
            arn: "arn:d/1".into(),
            ..throughput()
        },
        Served {
            arn: "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
                .into(),
            ..throughput()
        },
    ] {
        assert_eq!(named(&pipeline(), silent), []);
    }
}

#[test]
fn a_model_that_could_not_be_made_goes_after_the_grace_once_its_run_is_over() {
    let failed = [FailedModel {
        run: run_id(9),
        arn: MADE.into(),
        created: at(0),
    }];
    let line = lines(&pipeline(), &[], &failed, 71).remove(0);
    assert_eq!(line.action, Action::Wait { until: at(72) });
    let line = lines(&pipeline(), &[], &failed, 72).remove(0);
    assert_eq!(line.action, Action::RemoveLeftover { arn: MADE.into() });
    assert!(line.reason.contains("quota"), "{}", line.reason);
    let active = happens(&pipeline(), &[accepted(600, None), opened(9)]);
    assert_eq!(lines(&active, &[], &failed, 400), []);
}
