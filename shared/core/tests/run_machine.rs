//! The run's machine: every pair of a state and an event is in the table, or is refused.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::run_cases::*;
use common::*;
use perennial_core::gate::{GateRule, judge};
use perennial_core::names::Purpose;
use perennial_core::pipeline::{Champion, PipelineEvent};
use perennial_core::run::{
    Also, ChampionSide, Decision, Effect, Event, Run, RunState, Seen, Terms, decide, effects,
};
use perennial_core::score::ResolvedMetric;

const SAME: &str = "=";
const CANCEL: (&str, &str) = ("cancel", "closing cancelled");

fn table() -> BTreeMap<&'static str, Vec<(&'static str, &'static str)>> {
    let end = |event| (event, "closing failed");
    let evaluating = [end("impossible"), CANCEL];
    let unseen = [("done", SAME), ("job found", SAME), ("no job left", SAME)];
    let with = |more: &[(&'static str, &'static str)]| [&evaluating[..], more].concat();
    BTreeMap::from([
        (
            "preparing",
            vec![end("impossible"), CANCEL, ("prepared", "starting 1")],
        ),
        (
            "starting",
            vec![("cancel", SAME), ("found", "training"), end("refused")],
        ),
        (
            "starting 2",
            vec![("cancel", SAME), ("found", "training"), end("refused")],
        ),
        (
            "starting, cancelled",
            vec![
                ("cancel", SAME),
                ("found", "training to stop"),
                end("refused"),
                ("never started", "closing cancelled"),
            ],
        ),
        (
            "training",
            vec![
                end("impossible"),
                ("cancel", "training to stop"),
                ("done", "evaluating"),
                end("done, no model"),
                ("failed", "starting 2"),
                end("failed for good"),
                end("stopped"),
                ("weights", "importing"),
            ],
        ),
        (
            "training, to stop",
            vec![
                end("impossible"),
                ("cancel", SAME),
                ("done", "evaluating"),
                end("done, no model"),
                end("failed"),
                end("failed for good"),
                end("stopped"),
                ("stop asked", "training stopping"),
                ("weights", "importing"),
            ],
        ),
        (
            "training, cancelled",
            vec![
                ("impossible", "closing cancelled"),
                ("cancel", SAME),
                ("done", "closing cancelled"),
                end("done, no model"),
                ("failed", "closing cancelled"),
                ("failed for good", "closing cancelled"),
                ("stopped", "closing cancelled"),
                ("weights", "closing cancelled"),
            ],
        ),
        (
            "importing",
            vec![
                CANCEL,
                ("import found", SAME),
                end("import refused"),
                ("imported", "evaluating"),
                end("imported, no model"),
                ("import failed", SAME),
                end("import failed for good"),
                end("import stopped"),
            ],
        ),
        (
            "deploying",
            with(&[
                ("deployed", SAME),
                ("base found", SAME),
                ("base answered", SAME),
            ]),
        ),
        (
            "asking all",
            with(&[
                ("candidate answered", SAME),
                ("base done", SAME),
                ("base failed", SAME),
                ("base stopped", SAME),
                ("base answered", SAME),
                ("champion answered", SAME),
                end("champion gone"),
            ]),
        ),
        (
            "candidate left",
            with(&[("candidate answered", "deciding")]),
        ),
        (
            "base left",
            with(&[
                ("base done", SAME),
                end("base failed"),
                end("base stopped"),
                ("base answered", "deciding"),
            ]),
        ),
        ("base asked", with(&[("base answered", "deciding")])),
        (
            "deciding",
            with(&[
                ("passed", "promoting"),
                ("passed, held", "awaiting Hold"),
                ("not passed", "closing declined"),
                end("another's verdict"),
                end("other questions"),
            ]),
        ),
        ("approval", vec![CANCEL, ("approved", "promoting")]),
        (
            "held",
            vec![
                CANCEL,
                ("approved", "promoting"),
                ("hold lifted", "deciding"),
            ],
        ),
        (
            "promoting",
            vec![("moved", "closing promoted"), end("move failed")],
        ),
        ("closing", vec![("removed", SAME), ("base removed", SAME)]),
        (
            "closing, clean",
            vec![("reported", "ended declined, aftercare")],
        ),
        ("closing, job unseen", unseen.to_vec()),
        (
            "closing, import unseen",
            vec![("imported", SAME), ("no import left", SAME)],
        ),
        (
            "aftercare, import unseen",
            vec![("imported", SAME), ("no import left", "ended failed")],
        ),
        ("promoted", vec![]),
        ("cancelled", vec![]),
        ("ended early", unseen.to_vec()),
        ("aftercare", vec![("removed", SAME), ("base removed", SAME)]),
        (
            "aftercare, job unseen",
            [&unseen[..2], &[("no job left", "ended failed")]].concat(),
        ),
    ])
}

#[test]
fn every_pair_of_state_and_event_is_in_the_table_or_refused() {
    let table = table();
    for (state, run) in states() {
        for (name, event) in events() {
            let row = table[state].iter().find(|(event, _)| *event == name);
            let expected = match row {
                Some((_, next)) => Some(*next),
                None if !rests(&run) && matches!(name, "claimed" | "later") => Some(SAME),
                None => None,
            };
            let expected = expected.map(|next| match next {
                SAME => word(&run),
                next => next.to_owned(),
            });
            let found = decide(&run, &event, terms(1)).map(|decision| word(&decision.run));
            assert_eq!(found, expected, "{name} in {state}");
        }
    }
}

#[test]
fn money_models_and_the_pipeline_change_with_exactly_these_steps() {
    let kind = |also: &Also| match also {
        Also::Reserve {
            purpose, attempt, ..
        } => format!("reserve {} {attempt}", purpose.word()),
        Also::ReleaseAll => "release".into(),
        Also::Register(_) => "register".into(),
        Also::Pretrained(_) => "keep weights".into(),
        Also::Pipeline(event) => match &**event {
            PipelineEvent::MoveBegun { .. } => "move".into(),
            PipelineEvent::Ended { outcome, .. } => format!("end {}", outcome.word()),
            other => format!("{other:?}"),
        },
    };
    let mut found = Vec::new();
    for (state, run) in states() {
        for (name, event) in events() {
            let Some(decision) = decide(&run, &event, terms(1)) else {
                continue;
            };
            if !decision.also.is_empty() {
                let also: Vec<String> = decision.also.iter().map(kind).collect();
                found.push(format!("{state} + {name}: {}", also.join(", ")));
            }
        }
    }
    let expected = [
        // Nothing is reserved yet.
        "preparing + impossible: release",
        "preparing + prepared: reserve training 1, reserve base 1",
        "training + done: register",
        "training + failed: reserve training 2",
        "training, to stop + done: register",
        "training, cancelled + done: register",
        "importing + imported: register",
        "asking all + base failed: reserve base 2",
        "asking all + base stopped: reserve base 2",
        "deciding + passed: move",
        "approval + approved: move",
        "held + approved: move",
        "closing, clean + reported: end declined",
        "closing, job unseen + done: register",
        "ended early + done: register",
        "closing, import unseen + imported: register",
        "aftercare, import unseen + imported: register",
        "aftercare, job unseen + done: register",
        "aftercare, job unseen + no job left: release",
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_reserved_in_the_month_is_known_to_every_decision_that_asks_for_it() {
    let spent = |month| Terms {
        month_reserved: month,
        ..terms(1)
    };
    let mut reserving = BTreeSet::new();
    for (state, run) in states() {
        for (name, event) in events() {
            let nothing = decide(&run, &event, spent(usd(0)));
            let all = decide(&run, &event, spent(usd(1_000_000)));
            if !event.may_reserve() {
                assert_eq!(nothing, all, "{name} in {state} rests on the month's sum");
            }
            let also = nothing.map_or(Vec::new(), |decision| decision.also);
            if also.iter().any(|also| matches!(also, Also::Reserve { .. })) {
                assert!(event.may_reserve(), "{name} in {state}");
                reserving.insert(name);
            }
        }
    }
    // Nothing is read for an event that never reserves; that a job failed for good shows only in the decision.
    let mut said: BTreeSet<_> = events()
        .iter()
        .filter_map(|(name, event)| event.may_reserve().then_some(*name))
        .collect();
    assert!(said.remove("failed for good"));
    assert_eq!(said, reserving);
}

#[test]
fn every_state_that_is_not_over_has_something_to_do_or_waits_for_a_person() {
    for (state, run) in states() {
        assert_eq!(effects(&run).is_empty(), rests(&run), "{state}");
        assert_eq!(run.due.is_none(), rests(&run), "{state}");
    }
}

fn happens(run: &Run, event: &Event, terms: Terms<'_>) -> Decision {
    decide(run, event, terms).expect("it applies")
}

#[test]
fn a_claim_of_another_invocation_is_left_alone_until_it_is_over() {
    let mut run = states()[8].1.clone();
    run.claim = Some(claim("another", 2));
    let later = happens(&run, &Event::BaseAnswered, terms(1)).run;
    assert_eq!(later.claim, run.claim);
    assert_eq!(
        decide(&run, &Event::Claimed(claim("me", 3)), terms(1)),
        None
    );
    let taken = happens(&run, &Event::Claimed(claim("me", 4)), terms(3)).run;
    assert_eq!(taken.claim, Some(claim("me", 4)));
    let done = happens(&taken, &Event::BaseAnswered, terms(3)).run;
    assert_eq!(done.claim, None);
    let cancelled = happens(&run, &Event::CancelRequested { by: "x".into() }, terms(1)).run;
    assert_eq!(
        cancelled.claim, run.claim,
        "what is being created is waited for"
    );
}

#[test]
fn what_creates_and_what_looks_for_it_is_done_by_one_invocation_at_a_time() {
    for effect in [
        Effect::StartTraining { attempt: 1 },
        Effect::LookForTraining { attempt: 1 },
        Effect::StartBase { attempt: 1 },
        Effect::DeployCandidate,
        Effect::Remove(Purpose::Candidate),
    ] {
        assert!(effect.needs_claim(), "{effect:?}");
    }
    assert!(!Effect::ObserveTraining { attempt: 1 }.needs_claim());
}

#[test]
fn every_stage_has_an_end() {
    let later = |hours| Event::Later {
        at: at(hours),
        note: Some("throttled".into()),
    };
    for (state, before, after, expected) in [
        ("preparing", 48, 49, "closing failed"),
        ("starting", 48, 49, "closing failed"),
        ("starting 2", 168, 169, "closing failed"),
        ("training", 72, 73, "training to stop"),
        ("training, to stop", 96, 97, "closing failed"),
        ("training, cancelled", 96, 97, "closing cancelled"),
        ("deploying", 48, 49, "closing failed"),
        ("asking all", 48, 49, "closing failed"),
        ("closing", 24, 25, "closing declined"),
        ("closing, job unseen", 24, 25, "closing failed"),
    ] {
        let states: BTreeMap<_, _> = states().into_iter().collect();
        let run = &states[state];
        let kept = happens(run, &later(before + 1), terms(before)).run;
        assert_eq!(word(&kept), word(run), "{state}");
        assert_eq!(kept.due, Some(at(before + 1)), "{state}");
        let over = happens(run, &later(after + 1), terms(after));
        assert_eq!(word(&over.run), expected, "{state}");
        assert_eq!(over.run.due, Some(at(after)), "{state}");
        assert!(!over.also.contains(&Also::ReleaseAll), "{state}");
    }
}

#[test]
fn a_create_that_may_be_under_way_is_not_given_up() {
    let mut run = run(1, RunState::Starting { attempt: 1 });
    run.claim = Some(claim("another", 60));
    let later = Event::Later {
        at: at(60),
        note: None,
    };
    assert_eq!(word(&happens(&run, &later, terms(50)).run), "starting 1");
}

#[test]
fn a_step_that_fails_each_time_ends_with_its_stage() {
    let run = run(1, RunState::Preparing);
    let claimed = Event::Claimed(claim("me", 60));
    let over = happens(&run, &claimed, terms(49)).run;
    assert_eq!(
        (word(&over), over.claim),
        ("closing failed".to_owned(), None)
    );
}

#[test]
fn what_the_budget_does_not_allow_is_not_bought() {
    for (month, per_run, expected) in [
        (usd(0), usd(50), "starting 1"),
        (usd(190), usd(50), "starting 1"),
        (usd(191), usd(50), "closing failed"),
        (usd(0), usd(10), "starting 1"),
        (usd(0), usd(9), "closing failed"),
    ] {
        let mut run = run(1, RunState::Preparing);
        run.config.budget.per_run_usd = per_run;
        run.config.budget.per_month_usd = usd(200);
        let terms = Terms {
            month_reserved: month,
            ..terms(1)
        };
        let next = happens(&run, &Event::Prepared(Box::new(prepared())), terms).run;
        assert_eq!(word(&next), expected, "{month} {per_run}");
    }
    // A second attempt counts with the first: 8 + 2 are reserved, 8 more are wanted.
    for (month, per_run, expected) in [
        (usd(10), usd(18), "starting 2"),
        (usd(10), usd(17), "closing failed"),
        (usd(193), usd(50), "closing failed"),
        // The month has changed: nothing of this run is reserved in the new one.
        (usd(0), usd(50), "starting 2"),
    ] {
        let mut run = run(1, training(None, false));
        run.config.budget.per_run_usd = per_run;
        run.config.budget.per_month_usd = usd(200);
        let failed = Event::TrainingSeen(Seen::Failed {
            message: "Internal server error".into(),
        });
        let terms = Terms {
            month_reserved: month,
            ..terms(1)
        };
        assert_eq!(
            word(&happens(&run, &failed, terms).run),
            expected,
            "{month} {per_run}"
        );
    }
}

#[test]
fn a_champion_that_cannot_be_asked_is_not_compared_to_nothing() {
    let done = Event::TrainingSeen(Seen::Completed {
        model_arn: Some("arn:model/1".into()),
    });
    let mut run = run(1, training(None, false));
    run.champion = Some(champion(9));
    let next = happens(&run, &done, terms(1));
    assert_eq!(word(&next.run), "closing failed");
    assert!(
        matches!(&next.also[..], [Also::Register(_)]),
        "the model is paid for and known"
    );
    run.champion_deployment = Some("arn:deployment/9".into());
    assert!(matches!(
        happens(&run, &done, terms(1)).run.state,
        RunState::Evaluating {
            champion: ChampionSide::Asking { .. },
            ..
        }
    ));
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    for (state, mut run) in states() {
        run.claim = Some(claim("me", 2));
        run.champion = Some(Champion { ..champion(4) });
        run.verdict = Some(judge(
            &GateRule::new(&config().evaluation, ResolvedMetric::TokenF1),
            &[],
        ));
        let text = serde_json::to_string(&run).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Run>(&text).expect(state),
            run,
            "{state}"
        );
        let value = serde_json::to_value(&run).expect("JSON");
        assert_eq!(
            serde_json::from_value::<Run>(value).expect(state),
            run,
            "{state}"
        );
    }
}
