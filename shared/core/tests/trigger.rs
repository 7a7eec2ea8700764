//! When uploads become a run, and what people are told until then.

mod common;

use common::*;
use jiff::Timestamp;
use perennial_core::pipeline::{Pipeline, PipelineEvent, Trigger, decide, trigger};
use perennial_core::span::Span;
use proptest::prelude::*;

/// 600 records in 2 uploads, the last at hour 0; at least 500, quiet for 1 h, once a day.
fn ready() -> Pipeline {
    let mut pipeline = configured();
    let rule = &mut pipeline.config.as_mut().expect("it has one").config.trigger;
    rule.min_records = 500;
    rule.quiet_for = Span(3600);
    rule.at_most_every = Span(86_400);
    pipeline.pending_records = 600;
    pipeline.pending_uploads = 2;
    pipeline.sequence = 2;
    pipeline.changes = 3;
    pipeline.last_accepted = Some(at(0));
    pipeline
}

#[test]
fn every_condition_must_hold() {
    type Change = fn(&mut Pipeline);
    type Expected = Result<(), Option<Timestamp>>;
    let wait = |until: Option<i64>| until.map(at);
    let cases: [(&str, Change, i64, Expected); 17] = [
        ("all holds", |_| {}, 1, Ok(())),
        ("not quiet yet", |_| {}, 0, Err(wait(Some(1)))),
        ("no configuration", |p| p.config = None, 9, Err(None)),
        ("too few records", |p| p.pending_records = 499, 9, Err(None)),
        ("just enough", |p| p.pending_records = 500, 9, Ok(())),
        (
            "too few, and not quiet",
            |p| p.pending_records = 499,
            0,
            Err(None),
        ),
        ("no upload", |p| p.pending_uploads = 0, 9, Err(None)),
        (
            "opened lately",
            |p| p.last_opened = Some(at(-1)),
            9,
            Err(wait(Some(23))),
        ),
        (
            "opened a day ago",
            |p| p.last_opened = Some(at(-1)),
            23,
            Ok(()),
        ),
        (
            "the later of both",
            |p| p.last_opened = Some(at(-23)),
            0,
            Err(wait(Some(1))),
        ),
        (
            "a run is active",
            |p| p.active_run = Some(run_id(1)),
            9,
            Err(None),
        ),
        ("paused", |p| p.paused = Some("x".into()), 9, Err(None)),
        (
            "nothing changed since a failure",
            |p| p.failed_at = Some(3),
            9,
            Err(None),
        ),
        (
            "something changed since",
            |p| p.failed_at = Some(2),
            9,
            Ok(()),
        ),
        (
            "asked for",
            |p| {
                p.start_requested = true;
                p.pending_records = 0;
                p.failed_at = Some(3);
                p.last_opened = Some(at(0));
            },
            0,
            Ok(()),
        ),
        (
            "asked for, but paused",
            |p| {
                p.start_requested = true;
                p.paused = Some("x".into());
            },
            9,
            Err(None),
        ),
        (
            "asked for, but another runs",
            |p| {
                p.start_requested = true;
                p.active_run = Some(run_id(1));
            },
            9,
            Err(None),
        ),
    ];
    for (what, change, hour, expected) in cases {
        let mut pipeline = ready();
        change(&mut pipeline);
        let found = match trigger(&pipeline, at(hour)) {
            Trigger::Open { because } => {
                assert!(!because.is_empty());
                Ok(())
            }
            Trigger::Wait { until, missing } => {
                assert!(!missing.is_empty(), "{what}");
                Err(until)
            }
        };
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn what_is_missing_is_said_in_full() {
    let mut pipeline = ready();
    pipeline.pending_records = 300;
    pipeline.last_opened = Some(at(-1));
    let Trigger::Wait { missing, .. } = trigger(&pipeline, at(0)) else {
        panic!("it waits")
    };
    assert_eq!(
        missing,
        [
            "300 of 500 new records",
            "1h without a further upload",
            "1d since the last run was opened"
        ]
    );
}

#[test]
fn a_failed_run_is_tried_again_by_a_change_only_and_the_note_goes_with_the_opening() {
    let mut pipeline = ready();
    pipeline.failed_at = Some(pipeline.changes);
    let started = decide(&pipeline, &PipelineEvent::StartRequested, at(9)).expect("it applies");
    assert_eq!(started.pipeline.due, Some(at(9)));
    let opened = PipelineEvent::Opened { run: run_id(1) };
    let opened = decide(&started.pipeline, &opened, at(9))
        .expect("it applies")
        .pipeline;
    assert_eq!((opened.failed_at, opened.start_requested), (None, false));
    let mut config = *Box::new(pipeline.config.clone().expect("it has one"));
    config.version = "v2".into();
    config.sequencer = "2".into();
    let changed = PipelineEvent::Configured(Box::new(config));
    let changed = decide(&pipeline, &changed, at(9))
        .expect("it applies")
        .pipeline;
    assert!(matches!(trigger(&changed, at(9)), Trigger::Open { .. }));
}

#[test]
fn a_configuration_that_comes_during_a_pause_is_in_force_after_it() {
    let paused = decide(&ready(), &PipelineEvent::PauseRequested, at(1)).expect("it applies");
    let mut config = paused.pipeline.config.clone().expect("it has one");
    config.config.trigger.min_records = 5_000;
    config.sequencer = "2".into();
    let changed = PipelineEvent::Configured(Box::new(config));
    let changed = decide(&paused.pipeline, &changed, at(2))
        .expect("it applies")
        .pipeline;
    assert!(changed.paused.is_some());
    let resumed = decide(&changed, &PipelineEvent::ResumeRequested, at(3)).expect("it applies");
    assert!(matches!(
        trigger(&resumed.pipeline, at(9)),
        Trigger::Wait { until: None, .. }
    ));
}

proptest! {
    #[test]
    fn the_time_that_is_named_is_the_time_at_which_it_opens(
        records in 0u64..1000, uploads in 0u64..3, accepted in -48i64..0, opened in prop::option::of(-48i64..0),
    ) {
        let mut pipeline = ready();
        pipeline.pending_records = records;
        pipeline.pending_uploads = uploads;
        pipeline.last_accepted = Some(at(accepted));
        pipeline.last_opened = opened.map(at);
        pipeline.reschedule(at(0));
        match trigger(&pipeline, at(0)) {
            Trigger::Open { .. } => prop_assert_eq!(pipeline.due, Some(at(0))),
            Trigger::Wait { until, .. } => {
                prop_assert_eq!(pipeline.due, until);
                if let Some(until) = until {
                    prop_assert!(until > at(0));
                    let opens = matches!(trigger(&pipeline, until), Trigger::Open { .. });
                    prop_assert!(opens);
                } else {
                    let waits = matches!(trigger(&pipeline, at(9_999)), Trigger::Wait { .. });
                    prop_assert!(waits);
                }
            }
        }
    }
}
