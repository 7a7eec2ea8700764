//! After its end a run is looked at once more: what it may have left behind is found, removed or named, and only then is the
//! money of a job that never was free again.

mod common;

use common::run_cases::*;
use common::*;
use jiff::Timestamp;
use perennial_core::names::Purpose;
use perennial_core::run::{
    AFTERCARE_HOURS, AFTERCARE_LIMIT_HOURS, AFTERCARE_PACE_HOURS, Also, CLOSING_LIMIT_HOURS,
    Decision, Effect, Event, Run, RunState, Seen, decide, effects,
};

fn happens(run: &Run, event: &Event, hour: i64) -> Decision {
    decide(run, event, terms(hour)).unwrap_or_else(|| panic!("{event:?} in {:?}", run.state))
}

/// One event after the other, an event per state of `run`.
fn after(run: Run, hour: i64, events: &[Event]) -> Run {
    events
        .iter()
        .fold(run, |run, event| happens(&run, event, hour).run)
}

fn state(name: &str) -> Run {
    let all = states();
    let found = all.into_iter().find(|(state, _)| *state == name);
    found.expect("it is in the list").1
}

fn event(name: &str) -> Event {
    let all = events();
    let found = all.into_iter().find(|(event, _)| *event == name);
    found.expect("it is in the list").1
}

fn aftercare(run: &Run) -> Option<Timestamp> {
    match run.state {
        RunState::Ended { aftercare, .. } => aftercare,
        _ => panic!("it has not ended: {:?}", run.state),
    }
}

fn releases(decision: &Decision) -> bool {
    decision.also.contains(&Also::ReleaseAll)
}

/// A run whose create was refused or never answered, closing.
fn unseen() -> Vec<(&'static str, Run)> {
    let overdue = Event::Later {
        at: at(50),
        note: Some("throttled".into()),
    };
    vec![
        ("refused", after(state("starting"), 1, &[event("refused")])),
        (
            "never started",
            after(state("starting, cancelled"), 1, &[event("never started")]),
        ),
        (
            "not started in time",
            after(state("starting"), 49, &[overdue]),
        ),
    ]
}

#[test]
fn what_never_sent_a_create_is_over_when_it_ends() {
    let mut poor = state("preparing");
    poor.config.budget.per_run_usd = usd(1);
    for (run, closes) in [
        (state("preparing"), "impossible"),
        (state("preparing"), "cancel"),
        (poor, "prepared"),
    ] {
        let run = after(run, 1, &[event(closes), Event::Reported]);
        assert_eq!((aftercare(&run), run.due), (None, None), "{closes}");
        assert_eq!(effects(&run), [], "{closes}");
    }
}

#[test]
fn what_made_nothing_but_a_job_that_was_seen_to_end_is_over_when_it_ends() {
    for ends in ["failed for good", "stopped", "done, no model"] {
        let run = after(state("training"), 1, &[event(ends), Event::Reported]);
        assert_eq!((aftercare(&run), run.due), (None, None), "{ends}");
    }
}

#[test]
fn what_a_run_made_is_removed_before_its_end_and_looked_for_an_hour_after_it() {
    let made = [Purpose::Candidate, Purpose::Base];
    for (name, ends) in [
        ("deploying", vec!["cancel"]),
        ("asking all", vec!["champion gone"]),
        ("deciding", vec!["not passed"]),
        ("deciding", vec!["passed", "moved"]),
        ("promoting", vec!["move failed"]),
    ] {
        let ends: Vec<Event> = ends.into_iter().map(event).collect();
        let closing = after(state(name), 1, &ends);
        assert_eq!(closing.leftovers, made, "{name}");
        assert_eq!(
            decide(&closing, &Event::Reported, terms(1)),
            None,
            "not before all is removed"
        );
        let removed = made.map(Event::Removed);
        let clean = after(closing, 2, &removed);
        assert_eq!(clean.leftovers, [], "{name}");
        let over = after(clean, 3, &[Event::Reported]);
        assert_eq!(over.leftovers, made, "{name}");
        let look = Some(at(3 + AFTERCARE_HOURS));
        assert_eq!((aftercare(&over), over.due), (look, look), "{name}");
        assert_eq!(effects(&over), [Effect::Remove(made[0])], "{name}");
    }
}

#[test]
fn a_look_before_its_time_proves_nothing() {
    for found in [&[][..], &[event("job found")]] {
        let mut run = after(state("ended early"), 1, found);
        run.due = Some(at(1));
        let early = happens(&run, &event("no job left"), 1);
        assert_eq!((early.history, early.also, early.say), Default::default());
        run.due = Some(at(2));
        assert_eq!(early.run, run);
    }
}

#[test]
fn a_run_is_at_rest_when_its_last_leftover_is_gone() {
    let run = state("aftercare");
    let one = happens(&run, &event("removed"), 1).run;
    assert_eq!(one.leftovers, [Purpose::Base]);
    assert_eq!(one.due, Some(at(1)));
    let done = happens(&one, &event("base removed"), 1);
    assert_eq!((aftercare(&done.run), done.run.due), (None, None));
    assert_eq!(effects(&done.run), []);
    assert!(!releases(&done), "its job was paid for");
    for (name, event) in events() {
        assert_eq!(decide(&done.run, &event, terms(2)), None, "{name}");
    }
}

#[test]
fn the_money_of_a_job_that_never_was_is_free_in_the_aftercare_and_not_before() {
    for (why, run) in unseen() {
        assert_eq!(run.leftovers, [Purpose::Training], "{why}");
        let gone = happens(&run, &event("no job left"), 50);
        let over = happens(&gone.run, &Event::Reported, 51);
        let early = happens(&over.run, &event("no job left"), 51);
        for earlier in [&gone, &over, &early] {
            assert!(!releases(earlier), "{why}: a create may be on its way");
        }
        let done = happens(&early.run, &event("no job left"), 51 + AFTERCARE_HOURS);
        assert_eq!(done.also, [Also::ReleaseAll], "{why}");
        assert!(done.history.expect("a line").contains("released"), "{why}");
        assert_eq!(done.run.due, None, "{why}");
        let again = decide(&done.run, &event("no job left"), terms(60));
        assert_eq!(again, None, "{why}");
    }
}

#[test]
fn a_job_that_is_found_after_all_keeps_its_money_and_is_followed_to_its_end() {
    for (name, more) in [
        ("closing, job unseen", vec!["no job left", "reported"]),
        ("ended early", vec!["no job left"]),
        ("aftercare, job unseen", vec![]),
    ] {
        let found = happens(&state(name), &event("job found"), 1);
        assert!(found.history.expect("a line").contains("arn:job/1"));
        let run = found.run;
        assert_eq!(run.jobs, [training_job(&run, 1, "InProgress")], "{name}");
        assert_eq!(run.leftovers, [Purpose::Training], "{name}");
        assert_eq!(run.due, Some(at(1)), "{name}: it is stopped at once");
        let more: Vec<Event> = more.into_iter().map(event).collect();
        let run = after(run, 1, &more);
        let stopped = happens(&run, &event("no job left"), 1 + AFTERCARE_HOURS);
        assert!(!releases(&stopped), "{name}: it was paid for");
        assert_eq!(
            (aftercare(&stopped.run), stopped.run.due),
            (None, None),
            "{name}"
        );
    }
}

#[test]
fn a_model_that_was_made_all_the_same_is_registered_once() {
    for name in [
        "closing, job unseen",
        "ended early",
        "aftercare, job unseen",
    ] {
        let run = after(state(name), 1, &[event("job found")]);
        let before = word(&run);
        let made = happens(&run, &event("done"), 1);
        assert!(matches!(&made.also[..], [Also::Register(model)] if model.arn == "arn:model/1"));
        assert!(made.history.expect("a line").contains("arn:model/1"));
        assert_eq!(word(&made.run), before, "it serves nobody");
        let other = Event::TrainingSeen(Seen::Completed {
            model_arn: Some("arn:model/2".into()),
        });
        for again in [event("done"), other] {
            assert_eq!(decide(&made.run, &again, terms(1)), None, "{name}");
        }
    }
}

#[test]
fn an_end_does_not_wait_for_ever_for_what_cannot_be_removed() {
    let run = state("closing");
    let later = event("later");
    let kept = happens(&run, &later, CLOSING_LIMIT_HOURS).run;
    assert_eq!(kept.leftovers, run.leftovers);
    let left = happens(&run, &later, CLOSING_LIMIT_HOURS + 1);
    let line = left.history.expect("a line");
    for purpose in &run.leftovers {
        let name = run.resource(*purpose, 1).to_string();
        assert!(line.contains(&name), "{line}");
    }
    assert_eq!(effects(&left.run), [Effect::Report]);
    let over = happens(&left.run, &Event::Reported, 26).run;
    assert_eq!(over.leftovers, run.leftovers, "they are not forgotten");
    assert_eq!(aftercare(&over), Some(at(26 + AFTERCARE_HOURS)));
}

#[test]
fn what_can_never_be_removed_is_tried_for_a_week_and_then_named() {
    for name in ["aftercare", "aftercare, job unseen"] {
        let run = state(name);
        let soon = Event::Later {
            at: at(1),
            note: Some("denied".into()),
        };
        let kept = happens(&run, &soon, AFTERCARE_LIMIT_HOURS);
        assert_eq!(kept.run.leftovers, run.leftovers, "{name}");
        assert_eq!(kept.history.as_deref(), Some("denied"));
        let next = AFTERCARE_LIMIT_HOURS + AFTERCARE_PACE_HOURS;
        assert_eq!(kept.run.due, Some(at(next)), "{name}: not every minute");
        let given_up = happens(&kept.run, &soon, AFTERCARE_LIMIT_HOURS + 1);
        let line = given_up.history.clone().expect("a line");
        for purpose in &run.leftovers {
            let name = run.resource(*purpose, 1).to_string();
            assert!(line.contains(&name), "{line}");
        }
        assert!(line.contains("may cost money"), "{line}");
        assert!(!releases(&given_up), "{name}: nobody knows what is there");
        let run = given_up.run;
        assert_eq!((aftercare(&run), run.due), (None, None), "{name}");
        assert_eq!(effects(&run), [], "{name}");
    }
}

#[test]
fn nothing_that_a_person_asks_for_reopens_a_run() {
    for name in ["ended early", "aftercare", "aftercare, job unseen"] {
        for asked in ["cancel", "approved", "hold lifted", "impossible"] {
            assert_eq!(decide(&state(name), &event(asked), terms(1)), None);
        }
    }
}

#[test]
fn a_second_attempt_that_nobody_heard_of_is_looked_for_too() {
    let overdue = Event::Later {
        at: at(170),
        note: Some("no answer".into()),
    };
    for (event, hour) in [(event("refused"), 1), (overdue, 169)] {
        let run = after(state("starting 2"), hour, &[event]);
        assert_eq!(run.leftovers, [Purpose::Training]);
    }
}

#[test]
fn the_attempt_that_is_given_up_is_the_one_that_is_named() {
    let mut run = state("aftercare, job unseen");
    run.jobs = vec![
        training_job(&run, 1, "Failed"),
        training_job(&run, 2, "InProgress"),
    ];
    run.creates.push((Purpose::Training, 2));
    let given_up = happens(&run, &event("later"), AFTERCARE_LIMIT_HOURS + 1);
    let line = given_up.history.expect("a line");
    let name = run.resource(Purpose::Training, 2).to_string();
    assert!(line.contains(&name), "{line}");
}

#[test]
fn an_aftercare_that_nobody_has_tried_is_not_given_up() {
    let run = state("aftercare, job unseen");
    let hour = AFTERCARE_LIMIT_HOURS + 24;
    let me = claim("me", hour + 1);
    let claimed = happens(&run, &Event::Claimed(me.clone()), hour).run;
    assert_eq!(claimed.leftovers, [Purpose::Training]);
    assert_eq!(claimed.claim, Some(me));
    let done = happens(&claimed, &event("no job left"), hour);
    assert!(releases(&done));
}
