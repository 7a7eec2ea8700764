//! Long walks through the run's machine, from every state past its end: when a run is due, whose money is released when, what
//! is registered, and what is said of what is given up.

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;

use common::run_cases::*;
use common::*;
use perennial_core::names::Purpose;
use perennial_core::run::{
    AFTERCARE_HOURS, Also, Effect, Event, MAX_ATTEMPTS, Run, RunState, Seen, Terms, decide, effects,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

type Events = BTreeMap<&'static str, Event>;

/// What the effect that is due may come to, so that walks get far.
fn likely(run: &Run, hour: i64, all: &Events) -> Vec<Event> {
    let named = |names: &[&str]| names.iter().map(|name| all[name].clone()).collect();
    let later = Event::Later {
        at: at(hour + 1),
        note: Some("throttled".into()),
    };
    match effects(run).first() {
        Some(Effect::Prepare) => named(&["prepared"]),
        Some(Effect::StartTraining { .. }) => {
            vec![all["found"].clone(), all["refused"].clone(), later]
        }
        Some(Effect::LookForTraining { .. }) => named(&["never started", "found"]),
        Some(Effect::StopTraining { .. }) => named(&["stop asked"]),
        Some(Effect::ObserveTraining { .. }) => {
            vec![
                all["done"].clone(),
                all["failed"].clone(),
                all["weights"].clone(),
                later,
            ]
        }
        Some(Effect::Import { .. }) => vec![
            all["import found"].clone(),
            all["imported"].clone(),
            all["import failed"].clone(),
            later,
        ],
        Some(Effect::StartBase { .. }) => named(&["base found"]),
        Some(Effect::ObserveBase { .. } | Effect::AskBase) => {
            named(&["base answered", "base failed"])
        }
        Some(Effect::DeployCandidate) => named(&["deployed"]),
        Some(Effect::AskCandidate { .. }) => named(&["candidate answered"]),
        Some(Effect::AskChampion { .. }) => named(&["champion answered"]),
        Some(Effect::Judge) => named(&["passed", "not passed", "passed, held"]),
        Some(Effect::FollowMove { .. }) => named(&["moved", "move failed"]),
        Some(Effect::Report) => named(&["reported"]),
        Some(Effect::Remove(Purpose::Training)) => vec![
            Event::Removed(Purpose::Training),
            all["job found"].clone(),
            all["done"].clone(),
            later,
        ],
        Some(Effect::Remove(Purpose::Import)) => vec![
            Event::Removed(Purpose::Import),
            all["imported"].clone(),
            later,
        ],
        Some(Effect::Remove(purpose)) => vec![Event::Removed(*purpose), later],
        None => named(&["approved", "cancel"]),
    }
}

/// What was met on a walk after the run's end.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    End,
    TooEarly,
    JobFound,
    Registered,
    Released,
    AllGone,
    GivenUp,
}

type Step = (Index, bool, i64, bool);

fn walk(
    mut run: Run,
    steps: &[Step],
    all: &Events,
    met: &RefCell<BTreeMap<Met, u32>>,
) -> Result<(), TestCaseError> {
    let meet = |what| *met.borrow_mut().entry(what).or_default() += 1;
    let kinds: Vec<&Event> = all.values().collect();
    let (mut hour, mut registered, mut released) = (1, 0, 0);
    for (choice, likely_one, hours, mine) in steps {
        hour += hours;
        let event = match likely_one {
            true => choice.get(&likely(&run, hour, all)).clone(),
            false => match (*choice.get(&kinds)).clone() {
                Event::Claimed(_) => Event::Claimed(claim("me", hour + 1)),
                Event::Later { note, .. } => Event::Later {
                    at: at(hour + 1),
                    note,
                },
                other => other,
            },
        };
        let terms = Terms {
            by: if *mine { "me" } else { "another" },
            ..terms(hour)
        };
        let Some(decision) = decide(&run, &event, terms) else {
            continue;
        };
        let (before, next) = (run, decision.run);

        prop_assert_eq!(
            next.due.is_none(),
            rests(&next),
            "{:?} in {:?}",
            &event,
            &next.state
        );
        prop_assert_eq!(effects(&next).is_empty(), rests(&next));
        for also in &decision.also {
            match also {
                Also::Reserve { .. } => prop_assert!(event.may_reserve(), "{:?}", &event),
                Also::Register(_) => registered += 1,
                Also::ReleaseAll if next.reserved > usd(0) => released += 1,
                _ => {}
            }
        }
        prop_assert!(registered <= 1);
        prop_assert!(released <= 1);

        if let RunState::Ended {
            outcome,
            reason,
            at,
            aftercare,
        } = &next.state
        {
            prop_assert_eq!(aftercare.is_none(), next.leftovers.is_empty());
            prop_assert!(!next.creates.is_empty() || aftercare.is_none());
            if before.outcome().is_none() {
                meet(Met::End);
            } else if let RunState::Ended {
                outcome: o,
                reason: r,
                at: a,
                ..
            } = &before.state
            {
                prop_assert_eq!((o, r, a), (outcome, reason, at), "an end is final");
            }
        } else {
            prop_assert!(before.outcome().is_none(), "{:?} reopened it", &event);
            prop_assert_eq!(released, 0, "{:?}", &event);
        }
        if let RunState::Ended {
            at: end,
            aftercare: Some(look),
            ..
        } = before.state
        {
            for also in &decision.also {
                prop_assert!(
                    matches!(also, Also::ReleaseAll | Also::Register(_)),
                    "{:?}",
                    also
                );
            }
            if decision.also.contains(&Also::ReleaseAll) {
                meet(Met::Released);
                prop_assert!(at(hour) >= end + jiff::SignedDuration::from_hours(AFTERCARE_HOURS));
                prop_assert!(next.jobs.is_empty() && rests(&next));
            }
            match &event {
                Event::Removed(_) if at(hour) < look => {
                    meet(Met::TooEarly);
                    let mut same = before.clone();
                    (same.due, same.claim) = (Some(look), next.claim.clone());
                    same.waits_for.clone_from(&next.waits_for);
                    prop_assert_eq!(&same, &next);
                }
                Event::Removed(_) if rests(&next) => meet(Met::AllGone),
                Event::LeftoverFound { .. } => {
                    meet(Met::JobFound);
                    prop_assert!(!next.jobs.is_empty());
                }
                Event::TrainingSeen(Seen::Completed { .. }) => meet(Met::Registered),
                _ if rests(&next) => {
                    meet(Met::GivenUp);
                    let line = decision.history.unwrap_or_default();
                    for left in &before.leftovers {
                        let names = |attempt| before.resource(*left, attempt).to_string();
                        prop_assert!(
                            (1..=MAX_ATTEMPTS).any(|attempt| line.contains(&names(attempt))),
                            "{}",
                            line
                        );
                    }
                }
                _ => {}
            }
        } else {
            prop_assert!(
                before.outcome().is_none(),
                "{:?} after all was done",
                &event
            );
        }
        run = next;
    }
    Ok(())
}

#[test]
fn a_run_is_due_until_it_waits_for_a_person_or_nothing_is_left_of_it() {
    let met = RefCell::default();
    let (states, events) = (states(), events().into_iter().collect());
    let hours = prop_oneof![12 => 0i64..3, 1 => 20i64..80, 1 => 165i64..180];
    let steps = prop::collection::vec(
        (
            any::<Index>(),
            prop::bool::weighted(0.7),
            hours,
            any::<bool>(),
        ),
        1..80,
    );
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(any::<Index>(), steps), |(first, steps)| {
            walk(first.get(&states).1.clone(), &steps, &events, &met)
        })
        .unwrap_or_else(|error| panic!("{error}"));
    // Walks that meet nothing would hold nothing.
    let met = met.into_inner();
    for what in [
        Met::End,
        Met::TooEarly,
        Met::JobFound,
        Met::Registered,
        Met::Released,
        Met::AllGone,
        Met::GivenUp,
    ] {
        assert!(met.contains_key(&what), "{what:?} is never met: {met:?}");
    }
}
