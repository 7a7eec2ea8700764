//! What a failed move of the alias may have left behind is looked for until nothing of it can come.

mod common;

use common::pipeline_events::*;
use common::*;
use perennial_core::announcement::Stage;
use perennial_core::pipeline::{Pipeline, PipelineEvent, SWEEP_LIMIT_HOURS, decide};

fn swept(pipeline: &Pipeline, generation: u64, gone: bool, hour: i64) -> Pipeline {
    let event = PipelineEvent::Swept {
        generation,
        gone,
        bought_until: None,
    };
    decide(pipeline, &event, at(hour))
        .expect("it is looked for")
        .pipeline
}

/// The first move failed at hour 1, while its deployment was being created.
fn failed_creating() -> Pipeline {
    happens(&configured(), &[promotion(1), failed()])
}

#[test]
fn only_a_move_that_may_have_created_something_is_swept() {
    let pipeline = failed_creating();
    let [sweep] = &pipeline.sweeps[..] else {
        panic!("{:?}", pipeline.sweeps)
    };
    assert_eq!((sweep.generation, sweep.since), (1, at(1)));
    assert_eq!(
        (pipeline.due, pipeline.stage()),
        (Some(at(1)), Stage::Moving)
    );
    let written = [promotion(1), serving("arn:d/1"), PipelineEvent::Written];
    let serves = happens(&configured(), &written);
    assert_eq!(serves.sweeps, []);
    let not_updated = happens(&serves, &[promotion(2), failed()]);
    assert_eq!(
        not_updated.sweeps,
        [],
        "the deployment that serves is another's"
    );
    let anew = happens(
        &serves,
        &[
            promotion(2),
            under_way(2),
            PipelineEvent::UpdateRefused,
            failed(),
        ],
    );
    assert_eq!(anew.sweeps[0].generation, 2);
}

#[test]
fn a_move_that_took_too_long_is_swept_too() {
    let creating = happens(&configured(), &[promotion(1)]);
    let late = decide(&creating, &under_way(9), at(8))
        .expect("it applies")
        .pipeline;
    assert_eq!(late.moving, None);
    assert_eq!(late.sweeps[0].since, at(8));
}

#[test]
fn nothing_there_is_believed_an_hour_after_the_failure() {
    let early = swept(&failed_creating(), 1, true, 1);
    assert_eq!((early.sweeps.len(), early.due), (1, Some(at(2))));
    assert_eq!(early.sweeps[0].since, at(1));
    let done = swept(&early, 1, true, 2);
    assert_eq!((done.sweeps.len(), done.due), (0, None));
    assert_eq!(done.stage(), Stage::Collecting);
    let again = PipelineEvent::Swept {
        generation: 1,
        gone: true,
        bought_until: None,
    };
    assert!(decide(&done, &again, at(3)).is_err());
}

#[test]
fn what_is_still_there_is_tried_again_for_a_week() {
    let mut pipeline = failed_creating();
    let mut hour = 1;
    while let Some(due) = pipeline.due {
        assert_eq!(due, at(hour), "every 6 hours");
        assert!(hour <= 1 + SWEEP_LIMIT_HOURS + 6, "it is given up");
        pipeline = swept(&pipeline, 1, false, hour);
        hour += 6;
    }
    assert!(hour > SWEEP_LIMIT_HOURS);
    assert_eq!(pipeline.sweeps, []);
}

#[test]
fn throughput_is_never_given_up_and_after_a_week_people_are_told_once_a_day() {
    let mut pipeline = failed_creating();
    pipeline.sweeps[0].provisioned = true;
    let still_there = PipelineEvent::Swept {
        generation: 1,
        gone: false,
        bought_until: None,
    };
    let mut told = Vec::new();
    for hour in 1..=SWEEP_LIMIT_HOURS + 72 {
        let decided = decide(&pipeline, &still_there, at(hour)).expect("it is looked for");
        pipeline = decided.pipeline;
        assert_eq!(pipeline.sweeps[0].look_at, at(hour + 1), "every hour");
        let said = decided.say.iter();
        told.extend(said.map(|one| (hour - SWEEP_LIMIT_HOURS, one.detail_type.clone())));
    }
    let words = "Throughput Remains".to_owned();
    let days = [2, 26, 50].map(|hour| (hour, words.clone()));
    assert_eq!(told, days);
    let gone = swept(&pipeline, 1, true, SWEEP_LIMIT_HOURS + 73);
    assert_eq!((gone.sweeps.len(), gone.due), (0, None));
}

#[test]
fn a_deployment_that_was_removed_or_replaced_is_looked_for_an_hour_later() {
    let serves = happens(
        &configured(),
        &[promotion(1), serving("arn:d/1"), PipelineEvent::Written],
    );
    assert_eq!((serves.deployed_by, serves.sweeps.len()), (Some(1), 0));
    let gone = PipelineEvent::DeploymentGone {
        deployment: "arn:d/1".into(),
    };
    let gone = happens(&serves, &[gone]);
    assert_eq!((gone.deployed_by, gone.sweeps[0].generation), (None, 1));
    let wait = gone.sweeps[0].look_at.duration_since(gone.sweeps[0].since);
    assert_eq!(wait.as_hours(), 1);
    let again = happens(&gone, &[serving("arn:d/2"), PipelineEvent::Written]);
    assert_eq!((again.deployed_by, again.sweeps.len()), (Some(2), 1));
    let refused = [promotion(2), under_way(2), PipelineEvent::UpdateRefused];
    let replaced = happens(&happens(&again, &refused), &[serving("arn:d/3")]);
    assert_eq!(
        (replaced.deployed_by, replaced.sweeps[1].generation),
        (Some(3), 2)
    );
    let updated = happens(&serves, &[promotion(2), serving("arn:d/1")]);
    assert_eq!(
        (updated.deployed_by, updated.sweeps.len()),
        (Some(1), 0),
        "it is the same deployment"
    );
}

#[test]
fn a_sweep_holds_up_neither_a_move_nor_a_run() {
    let pipeline = failed_creating();
    let moving = happens(&pipeline, &[promotion(2)]);
    assert_eq!(moving.due, Some(at(1)));
    assert!(moving.effect().is_some());
    assert_eq!(moving.sweeps, pipeline.sweeps, "it waits for the move");
    let full = happens(&pipeline, &[accepted(600, None)]);
    let open = happens(&full, &[opened(3)]);
    assert_eq!(open.active_run, Some(run_id(3)));
    assert_eq!((open.due, open.stage()), (Some(at(1)), Stage::Moving));
}
