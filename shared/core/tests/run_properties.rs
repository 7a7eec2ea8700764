//! Whatever happens to a run: one job per attempt, money within the budget, an end.

mod common;

use common::run_cases::*;
use common::*;
use perennial_core::money::Usd;
use perennial_core::pipeline::PipelineEvent;
use perennial_core::run::{Also, Effect, Event, Run, RunState, Terms, decide, effects};
use proptest::prelude::*;

/// The attempts of the training job that a state may have created.
fn attempt(run: &Run) -> u32 {
    match run.state {
        RunState::Starting { attempt } | RunState::Training { attempt, .. } => attempt,
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_breaks_a_run(
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0i64..6, any::<bool>()), 1..60),
        with_champion in any::<bool>(),
    ) {
        let events = events();
        let mut run = run(1, RunState::Preparing);
        if with_champion {
            run.champion = Some(champion(9));
            run.champion_deployment = Some("arn:deployment/9".into());
        }
        let mut month = Usd::ZERO;
        let mut hour = 0;
        let mut moves = 0;
        let mut released = false;
        for (choice, hours, mine) in steps {
            hour += hours;
            let (name, event) = choice.get(&events);
            let event = match event {
                Event::Claimed(_) => Event::Claimed(claim(if mine { "me" } else { "another" }, hour + 1)),
                Event::Later { .. } => Event::Later { at: at(hour + 1), note: None },
                other => other.clone(),
            };
            let by = if mine { "me" } else { "another" };
            let terms = Terms { now: at(hour), month_reserved: month, by };
            let before = run.clone();
            let Some(decision) = decide(&run, &event, terms) else { continue };
            let next = decision.run;
            if before.outcome().is_some() {
                prop_assert_eq!(before.outcome(), next.outcome(), "{} after the end", name);
            }
            // Attempts.
            let names: std::collections::BTreeSet<_> = next.jobs.iter().map(|job| &job.name).collect();
            prop_assert_eq!(names.len(), next.jobs.len());
            if attempt(&next) > attempt(&before) && attempt(&before) > 0 {
                prop_assert_eq!(*name, "failed");
                prop_assert_eq!(attempt(&next), attempt(&before) + 1);
            }
            // Claims.
            if let Some(held) = &before.claim && held.by != by && at(hour) < held.until {
                prop_assert_eq!(next.claim.as_ref(), Some(held));
            }
            // Money.
            for also in &decision.also {
                match also {
                    Also::Reserve { amount, .. } => month = month + *amount,
                    Also::ReleaseAll => {
                        prop_assert!(before.outcome().is_some() || month == Usd::ZERO);
                        released = true;
                    }
                    Also::Pipeline(event) => match &**event {
                        PipelineEvent::MoveBegun { to, .. } => {
                            moves += 1;
                            prop_assert!(next.verdict.as_ref().is_some_and(|verdict| verdict.passed));
                            prop_assert_eq!(Some(&to.arn), next.model_arn.as_ref());
                        }
                        PipelineEvent::Ended { .. } => {
                            prop_assert!(before.leftovers.is_empty());
                            prop_assert!(before.outcome().is_none());
                        }
                        other => prop_assert!(false, "{:?}", other),
                    },
                    Also::Register(_) | Also::Pretrained(_) => {}
                }
            }
            prop_assert!(!released || next.jobs.is_empty(), "released, but something was created");
            prop_assert_eq!(next.reserved, month);
            prop_assert!(month <= next.config.budget.per_run_usd);
            // It goes on, waits for a person, or is over.
            prop_assert_eq!(next.due.is_none(), rests(&next));
            prop_assert_eq!(effects(&next).is_empty(), rests(&next));
            run = next;
        }
        prop_assert!(moves <= 1);
        let back: Run = serde_json::from_str(&serde_json::to_string(&run).expect("JSON")).expect("reads");
        prop_assert_eq!(back, run);
    }

    #[test]
    fn time_alone_ends_every_run_that_nobody_is_asked_about(
        state in any::<prop::sample::Index>(),
        poll in 1i64..12,
        removable in any::<bool>(),
    ) {
        let mut run = state.get(&states()).1.clone();
        let mut hour = 0;
        while !rests(&run) {
            hour += poll;
            prop_assert!(hour < 600, "{:?}", run.state);
            // Nothing ever answers, but perhaps the removal of what is left over.
            let event = match effects(&run).first() {
                Some(Effect::Remove(purpose)) if removable => Event::Removed(*purpose),
                Some(Effect::Report) => Event::Reported,
                Some(Effect::FollowMove { .. }) => Event::MoveFailed { reason: "time".into() },
                Some(Effect::Judge) => Event::Impossible { reason: "time".into() },
                _ => Event::Later { at: at(hour + poll), note: None },
            };
            run = decide(&run, &event, terms(hour)).expect("it applies").run;
        }
        prop_assert_eq!(run.due, None);
    }
}
