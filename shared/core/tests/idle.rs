//! What is idle: who may go, who stays, and why.

mod common;

use std::collections::BTreeMap;

use common::run_cases::{closing, ended};
use common::*;
use perennial_core::idle::{Action, Calls, Inventory, PlanLine, Served, plan, protected};
use perennial_core::model::{Mark, Model, ModelLife};
use perennial_core::pipeline::{Move, MovePhase, MoveReason, Pipeline};
use perennial_core::run::{Awaiting, Outcome, Run, RunState};
use perennial_core::span::Span;
use proptest::prelude::*;

const DAY: i64 = 24;

/// Idle after 30 days, grace of 3, one earlier champion kept. 5 serves, 4 and 3 served before it.
fn pipeline() -> Pipeline {
    let mut pipeline = configured();
    let idle = &mut pipeline.config.as_mut().expect("it has one").config.idle;
    idle.after = Span(30 * 86_400);
    idle.grace = Span(3 * 86_400);
    idle.keep_previous = 1;
    pipeline.champion = Some(champion(5));
    pipeline.previous = vec![champion(4), champion(3)];
    pipeline.deployment = Some("arn:d/1".into());
    pipeline
}

fn mark(day: i64) -> Mark {
    Mark {
        at: at(day * DAY),
        delete_after: at((day + 3) * DAY),
        reason: "idle".into(),
    }
}

fn served(arn: &str, model: u64, ours: bool) -> Served {
    Served {
        arn: arn.into(),
        name: arn.into(),
        model_arn: format!("arn:model/{model}"),
        ours,
        bought_until: None,
        units: 0,
        left_by: None,
    }
}

fn called(day: Option<i64>) -> Calls {
    Calls {
        count: 3,
        last: day.map(|day| at(day * DAY)),
    }
}

/// The line of a model made at hour 0, on this day.
fn line(
    pipeline: &Pipeline,
    model: &Model,
    active: Option<&Run>,
    calls: &[(&str, Calls)],
    deployments: &[Served],
    day: i64,
) -> PlanLine {
    let calls: BTreeMap<String, Calls> = calls
        .iter()
        .map(|(arn, calls)| ((*arn).to_owned(), *calls))
        .collect();
    let models = [model.clone()];
    let inventory = Inventory {
        pipeline,
        models: &models,
        active,
        calls: &calls,
        deployments,
        failed: &[],
        now: at(day * DAY),
    };
    plan(&inventory).remove(0)
}

fn word(action: &Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Unmark => "unmark",
        Action::Mark { .. } => "mark",
        Action::Wait { .. } => "wait",
        Action::Delete { .. } => "delete",
        Action::MarkServing { .. } => "mark serving",
        Action::UnmarkServing => "unmark serving",
        Action::WaitServing { .. } => "wait serving",
        Action::Unserve { .. } => "unserve",
        Action::RemoveLeftover { .. } => "remove",
    }
}

#[test]
fn a_model_goes_by_age_use_mark_and_grace() {
    let m = "arn:model/1";
    for (what, marked, calls, day, expected) in [
        ("young", None, vec![], 29, "keep"),
        ("old", None, vec![], 30, "mark"),
        ("grace", Some(30), vec![], 32, "wait"),
        ("grace is over", Some(30), vec![], 33, "delete"),
        ("used", None, vec![(m, called(Some(20)))], 40, "keep"),
        (
            "used, time unknown",
            None,
            vec![(m, called(None))],
            40,
            "keep",
        ),
        (
            "used long ago",
            None,
            vec![(m, called(Some(9)))],
            40,
            "mark",
        ),
        (
            "used since the mark",
            Some(30),
            vec![(m, called(Some(32)))],
            40,
            "unmark",
        ),
        (
            "another is used",
            Some(30),
            vec![("arn:model/2", called(Some(39)))],
            40,
            "delete",
        ),
        (
            "a count of nothing",
            None,
            vec![(
                m,
                Calls {
                    count: 0,
                    last: None,
                },
            )],
            40,
            "mark",
        ),
    ] {
        let mut model = model(1, at(0));
        model.mark = marked.map(mark);
        let line = line(&pipeline(), &model, None, &calls, &[], day);
        assert_eq!(word(&line.action), expected, "{what}: {}", line.reason);
        assert!(!line.reason.is_empty());
    }
}

#[test]
fn deployments_count_and_only_ours_that_do_not_serve_the_pipeline_are_removed() {
    let mut model = model(1, at(0));
    model.mark = Some(mark(30));
    let left_over = served("arn:d/9", 1, true);
    let theirs = served("arn:d/8", 1, false);
    let own = served("arn:d/1", 1, true);
    for (what, calls, deployments, expected) in [
        ("left over", vec![], vec![left_over.clone()], "delete"),
        (
            "left over, asked",
            vec![("arn:d/9", called(Some(39)))],
            vec![left_over.clone()],
            "unmark",
        ),
        (
            "a stranger's",
            vec![],
            vec![left_over.clone(), theirs],
            "unmark",
        ),
        (
            "the pipeline's own",
            vec![],
            vec![left_over, own.clone()],
            "unmark",
        ),
        (
            "of another model",
            vec![],
            vec![served("arn:d/7", 2, false)],
            "delete",
        ),
    ] {
        let line = line(&pipeline(), &model, None, &calls, &deployments, 40);
        assert_eq!(word(&line.action), expected, "{what}: {}", line.reason);
        if let Action::Delete { deployments } = line.action {
            assert!(deployments.iter().all(|arn| arn == "arn:d/9"), "{what}");
        }
    }
    model.life = ModelLife::Deleting { since: at(0) };
    let line = line(&pipeline(), &model, None, &[], &[own], 40);
    assert_eq!(
        line.action,
        Action::Delete {
            deployments: Vec::new()
        }
    );
}

#[test]
fn a_model_that_served_until_lately_is_not_idle_yet() {
    let mut pipeline = pipeline();
    // 3 is old and not kept; its callers went through the pipeline's deployment, so it has no calls of its own.
    let model = model(3, at(0));
    pipeline.served_until.insert(model_id(3), at(90 * DAY));
    for (day, expected) in [(91, "keep"), (119, "keep"), (120, "mark")] {
        assert_eq!(
            word(&line(&pipeline, &model, None, &[], &[], day).action),
            expected,
            "{day}"
        );
    }
}

#[test]
fn what_was_asked_of_a_model_until_it_was_replaced_is_no_reason_to_keep_it() {
    let mut pipeline = pipeline();
    let model = model(3, at(0));
    pipeline.served_until.insert(model_id(3), at(90 * DAY));
    let reason = |last: i64| {
        let calls = vec![(model.arn.as_str(), called(Some(last)))];
        line(&pipeline, &model, None, &calls, &[], 100).reason
    };
    let until = reason(89);
    assert!(until.starts_with("it served until"), "{until}");
    let since = reason(95);
    assert!(since.starts_with("it was called"), "{since}");
}

#[test]
fn without_a_configuration_nothing_goes() {
    let mut pipeline = pipeline();
    pipeline.config = None;
    let line = line(&pipeline, &model(1, at(0)), None, &[], &[], 999);
    assert_eq!(word(&line.action), "keep");
}

/// Every state of a run, and whether its candidate is protected in it.
fn runs() -> Vec<(Run, bool)> {
    vec![
        (run(1, RunState::Preparing), true),
        (run(1, RunState::Starting { attempt: 1 }), true),
        (run(1, RunState::Deciding), true),
        (
            run(
                1,
                RunState::AwaitingApproval {
                    awaiting: Awaiting::Hold,
                },
            ),
            true,
        ),
        (run(1, RunState::Promoting { generation: 1 }), true),
        (run(1, closing(Outcome::Promoted)), true),
        (run(1, closing(Outcome::Declined)), false),
        (run(1, closing(Outcome::Failed)), false),
        (run(1, closing(Outcome::Cancelled)), false),
        (run(1, ended(Outcome::Failed, None)), false),
        (run(1, ended(Outcome::Failed, Some(2))), false),
    ]
}

#[test]
fn what_serves_has_served_may_serve_or_is_needed_is_protected() {
    let steady = pipeline();
    for (number, is) in [(5, true), (4, true), (3, false), (9, false)] {
        assert_eq!(
            protected(&steady, None, &model(number, at(0))).is_some(),
            is,
            "{number}"
        );
    }
    let mut moving = pipeline();
    moving.moving = Some(Move {
        from: Some(champion(6)),
        to: champion(7),
        generation: 1,
        reason: MoveReason::Rollback,
        phase: MovePhase::Creating,
        replaces: None,
        serving: perennial_core::routing::Serving::OnDemand,
        since: at(0),
        look_at: at(0),
        waits_for: None,
    });
    for number in [6, 7] {
        assert!(protected(&moving, None, &model(number, at(0))).is_some());
    }
    for (mut run, is) in runs() {
        let found = protected(&steady, Some(&run), &model(1, at(0)));
        assert_eq!(found.is_some(), is, "{:?}", run.state);
        run.starts_from = Some(model_id(8));
        run.champion = Some(champion(9));
        let over = matches!(run.state, RunState::Ended { .. });
        for number in [8, 9] {
            let found = protected(&steady, Some(&run), &model(number, at(0)));
            assert_eq!(found.is_some(), !over, "{:?}", run.state);
        }
    }
}

#[test]
fn records_read_back_as_they_were_written() {
    let lives = [
        ModelLife::Ready,
        ModelLife::Deleting { since: at(1) },
        ModelLife::Deleted { at: at(2) },
    ];
    for life in lives {
        for mark in [None, Some(mark(1))] {
            let model = Model {
                life: life.clone(),
                mark,
                ..model(1, at(0))
            };
            let text = serde_json::to_string(&model).expect("JSON");
            assert_eq!(serde_json::from_str::<Model>(&text).expect("reads"), model);
        }
    }
    for action in [
        Action::Keep,
        Action::Unmark,
        Action::Mark { mark: mark(1) },
        Action::Wait { until: at(1) },
        Action::Delete {
            deployments: vec!["arn:d/1".into()],
        },
    ] {
        let line = PlanLine {
            action,
            ..line(&pipeline(), &model(1, at(0)), None, &[], &[], 1)
        };
        let text = serde_json::to_string(&line).expect("JSON");
        assert_eq!(
            serde_json::from_str::<PlanLine>(&text).expect("reads"),
            line
        );
    }
    for status in [
        perennial_core::upload::UploadStatus::Waiting,
        perennial_core::upload::UploadStatus::Accepted,
        perennial_core::upload::UploadStatus::Rejected,
        perennial_core::upload::UploadStatus::Withdrawn,
    ] {
        let kind = perennial_core::upload::UploadKind::Training;
        let mut upload = upload("data/bot/a", kind, Some(shard("a", kind, 5, 1)));
        upload.status = status;
        upload.earlier = upload.shard.clone();
        let text = serde_json::to_string(&upload).expect("JSON");
        let back: perennial_core::upload::Upload = serde_json::from_str(&text).expect("reads");
        assert_eq!(back, upload);
    }
}

proptest! {
    #[test]
    fn what_is_protected_or_called_is_never_planned_for_deletion(
        number in 0u64..10, state in 0usize..10, starts in 0u64..10, compared in 0u64..10, keep in 0u32..4,
        day in 0i64..400, marked in prop::option::of(0i64..400), last in prop::option::of(0i64..400),
        moving in prop::option::of(0u64..10), own in any::<bool>(),
    ) {
        let mut pipeline = pipeline();
        pipeline.config.as_mut().expect("it has one").config.idle.keep_previous = keep;
        pipeline.moving = moving.map(|to| Move {
            from: None, to: champion(to), generation: 1, reason: MoveReason::Rollback,
            phase: MovePhase::Creating, serving: perennial_core::routing::Serving::OnDemand,
            replaces: None, since: at(0), look_at: at(0), waits_for: None,
        });
        let mut run = runs()[state].0.clone();
        run.starts_from = Some(model_id(starts));
        run.champion = Some(champion(compared));
        let mut model = model(number, at(0));
        model.mark = marked.map(mark);
        let calls: Vec<(&str, Calls)> = last.map(|day| (model.arn.as_str(), called(Some(day)))).into_iter().collect();
        let deployments = if own { vec![served("arn:d/1", number, true)] } else { Vec::new() };
        let line = line(&pipeline, &model, Some(&run), &calls, &deployments, day);
        let goes = matches!(line.action, Action::Delete { .. });
        if goes {
            prop_assert_eq!(protected(&pipeline, Some(&run), &model), None);
            prop_assert!(marked.is_some_and(|marked| marked + 3 <= day));
            prop_assert!(last.is_none_or(|last| last + 30 <= day));
            prop_assert!(day >= 30 && !own);
        }
    }
}
