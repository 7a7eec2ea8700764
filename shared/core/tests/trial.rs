//! A trial first: a sample is trained on and judged against the base model, and only then is the run on all data bought.

mod common;

use std::collections::BTreeMap;

use common::pipeline_events::*;
use common::run_cases::{closing, terms};
use common::*;
use perennial_core::config::{Config, TrialConfig};
use perennial_core::gate::{GateRule, Pair, judge};
use perennial_core::idle::{Action, Inventory, plan};
use perennial_core::pipeline::{
    ConfigInForce, Pipeline, PipelineEvent, Trigger, decide as pipeline_decides, trigger,
};
use perennial_core::routing::{RoutingError, route};
use perennial_core::run::{Event, Outcome, Run, RunState, decide};
use perennial_core::score::ResolvedMetric;
use perennial_core::span::Span;
use perennial_core::withheld::Trained;

fn terms_of_trial() -> TrialConfig {
    TrialConfig {
        records: 200,
        max_usd: usd(5),
        min_gain_over_base: 0.0,
    }
}

fn tried_first() -> Pipeline {
    let mut pipeline = configured();
    let config = &mut pipeline.config.as_mut().expect("it has one").config;
    config.trigger.trial = Some(terms_of_trial());
    config.trigger.at_most_every = Span::days(1);
    pipeline
}

fn trial(number: u64, state: RunState) -> Run {
    let mut run = run(number, state);
    run.trial = Some(terms_of_trial());
    run
}

fn judged(passed: bool) -> Event {
    let pair = |gain: f64| Pair {
        candidate: 0.5 + gain,
        base: 0.5,
        champion: None,
    };
    let rule = GateRule::new(
        &Config::new(perennial_core::config::Technique::FineTuning, "x").evaluation,
        ResolvedMetric::ExactMatch,
    );
    let pairs: Vec<Pair> = (0..60)
        .map(|_| pair(if passed { 0.4 } else { -0.4 }))
        .collect();
    let verdict = judge(&rule, &pairs);
    assert_eq!(verdict.passed, passed);
    Event::Judged {
        verdict: Box::new(verdict),
        dataset: "d1".into(),
        questions: "q1".into(),
        hold: Some("rolled back".into()),
        generation: 1,
    }
}

#[test]
fn a_trial_that_passed_opens_the_run_on_all_data_at_once_and_promotes_nothing() {
    let run = trial(3, RunState::Deciding);
    let decision = decide(&run, &judged(true), terms(1)).expect("it applies");
    assert!(
        matches!(
            &decision.run.state,
            RunState::Closing {
                outcome: Outcome::Passed,
                ..
            }
        ),
        "neither a hold nor a person's approval is asked: {:?}",
        decision.run.state
    );
    assert!(
        decision.also.is_empty(),
        "no move begins: {:?}",
        decision.also
    );

    let opening = happens(&tried_first(), &[accepted(600, None)]);
    assert_eq!(opening.next_trial(), Some(terms_of_trial()));
    let active = happens(&opening, &[opened(3), accepted(7, None)]);
    let passed = happens(&active, &[trial_ended(3, Outcome::Passed, &opening)]);
    assert_eq!(passed.next_trial(), None, "the next is the run on all data");
    assert_eq!((passed.pending_records, passed.pending_uploads), (607, 2));
    assert_eq!(
        (passed.sealed, passed.misses, passed.quarantine.len()),
        (0, 0, 0)
    );
    // Neither the quiet time nor `at_most_every` holds it up.
    let Trigger::Open { because } = trigger(&passed, at(1)) else {
        panic!("{:?}", trigger(&passed, at(1)));
    };
    assert_eq!(because, format!("trial {} passed", run_id(3)));

    let full = happens(&passed, &[opened(4)]);
    assert_eq!(full.tried, None, "a pass is used once");
    let over = happens(
        &full,
        &[ended(4, Outcome::Declined, &passed), accepted(600, None)],
    );
    assert_eq!(
        over.next_trial(),
        Some(terms_of_trial()),
        "new data, a new trial"
    );
}

#[test]
fn a_pause_and_a_new_configuration_hold_what_a_trial_has_opened() {
    let opening = happens(&tried_first(), &[accepted(600, None)]);
    let active = happens(&opening, &[opened(3)]);
    let passed = happens(&active, &[trial_ended(3, Outcome::Passed, &opening)]);
    let paused = happens(&passed, &[PipelineEvent::PauseRequested]);
    assert!(matches!(trigger(&paused, at(9)), Trigger::Wait { .. }));
    let resumed = happens(&paused, &[PipelineEvent::ResumeRequested]);
    assert!(matches!(trigger(&resumed, at(9)), Trigger::Open { .. }));

    // What passed was tried with another configuration.
    let config = ConfigInForce {
        config: passed.config.as_ref().expect("it has one").config.clone(),
        version: "v2".into(),
        sequencer: "2".into(),
    };
    let configured_anew = happens(&passed, &[PipelineEvent::Configured(Box::new(config))]);
    assert_eq!(configured_anew.next_trial(), Some(terms_of_trial()));
    assert!(matches!(
        trigger(&configured_anew, at(9)),
        Trigger::Wait { .. }
    ));

    let nothing = happens(
        &passed,
        &[PipelineEvent::NothingToTrain {
            reason: "withdrawn".into(),
        }],
    );
    assert_eq!(nothing.next_trial(), Some(terms_of_trial()));
}

#[test]
fn a_trial_that_gained_too_little_buys_nothing_and_condemns_no_upload() {
    let run = trial(3, RunState::Deciding);
    let decision = decide(&run, &judged(false), terms(1)).expect("it applies");
    assert!(matches!(
        &decision.run.state,
        RunState::Closing {
            outcome: Outcome::Declined,
            ..
        }
    ));

    let opening = happens(&tried_first(), &[accepted(600, None)]);
    let active = happens(&opening, &[opened(3)]);
    let declined = happens(&active, &[trial_ended(3, Outcome::Declined, &opening)]);
    assert_eq!((declined.pending_records, declined.misses), (600, 1));
    assert_eq!(declined.quarantine, vec![]);
    assert!(
        matches!(
            trigger(&declined, at(99)),
            Trigger::Wait { until: None, .. }
        ),
        "the same data are not tried again"
    );
    let more = happens(&declined, &[accepted(10, None)]);
    assert!(matches!(trigger(&more, at(99)), Trigger::Open { .. }));
    assert_eq!(more.next_trial(), Some(terms_of_trial()));
}

#[test]
fn three_trials_in_vain_pause_the_pipeline() {
    let mut pipeline = happens(&tried_first(), &[accepted(600, None)]);
    for number in 3..6 {
        let opening = happens(&pipeline, &[accepted(1, None)]);
        pipeline = happens(
            &opening,
            &[
                opened(number),
                trial_ended(number, Outcome::Declined, &opening),
            ],
        );
    }
    assert!(pipeline.paused.is_some());
}

#[test]
fn a_trial_costs_no_more_than_it_may() {
    let run = trial(3, RunState::Preparing);
    for (training, fits) in [(4, true), (5, true), (6, false)] {
        let mut found = prepared();
        found.training_cost = usd(training);
        found.evaluation_cost = usd(0);
        let event = Event::Prepared(Box::new(found));
        let decision = decide(&run, &event, terms(1)).expect("it applies");
        let starts = matches!(decision.run.state, RunState::Starting { .. });
        assert_eq!(starts, fits, "{training}: {:?}", decision.run.state);
        if !fits {
            assert!(decision.also.is_empty(), "nothing is reserved");
            let RunState::Closing { reason, .. } = decision.run.state else {
                panic!("it ends");
            };
            assert!(reason.contains("trigger.trial.max_usd"), "{reason}");
        }
    }
}

#[test]
fn a_trial_has_its_own_threshold_over_the_base_model() {
    let mut run = trial(3, RunState::Deciding);
    run.config.evaluation.min_gain_over_base = 0.1;
    assert_eq!(
        run.gate_rule(ResolvedMetric::TokenF1).min_gain_over_base,
        0.0
    );
    run.trial = None;
    assert_eq!(
        run.gate_rule(ResolvedMetric::TokenF1).min_gain_over_base,
        0.1
    );
}

#[test]
fn a_trial_s_model_goes_without_waiting_to_be_idle() {
    let pipeline = configured();
    let mut made = model(7, at(0));
    made.trial = true;
    let calls = BTreeMap::new();
    let planned = |active: Option<&Run>, hour: i64, model: &perennial_core::model::Model| {
        let models = [model.clone()];
        plan(&Inventory {
            pipeline: &pipeline,
            models: &models,
            active,
            calls: &calls,
            deployments: &[],
            failed: &[],
            now: at(hour),
        })
        .remove(0)
    };
    let mut active = trial(7, RunState::Deciding);
    assert_eq!(planned(Some(&active), 1, &made).action, Action::Keep);
    active.state = closing(Outcome::Passed);
    let Action::Mark { mark } = planned(Some(&active), 1, &made).action else {
        panic!("it is marked as soon as its run is over");
    };
    made.mark = Some(mark);
    assert!(matches!(
        planned(None, 2, &made).action,
        Action::Wait { .. }
    ));
    let line = planned(None, 24 * 365, &made);
    assert!(matches!(line.action, Action::Delete { .. }), "{line:?}");
    assert!(line.reason.contains("a trial made it"), "{}", line.reason);
}

#[test]
fn a_trial_that_cannot_be_is_refused_with_its_configuration() {
    let mut config = Config::new(
        perennial_core::config::Technique::FineTuning,
        "amazon.nova-micro-v1:0",
    );
    config.trigger.trial = Some(terms_of_trial());
    let region = "us-east-1";
    let fewest = route(&config, region)
        .expect("it can be")
        .limits
        .min_records;
    let said = |config: &Config| match route(config, region) {
        Err(RoutingError::Technique { what, instead }) => format!("{what}. {instead}"),
        other => panic!("{other:?}"),
    };
    config.trigger.trial = Some(TrialConfig {
        records: fewest - 1,
        ..terms_of_trial()
    });
    assert!(said(&config).contains(&format!("takes no fewer than {fewest} records")));
    config.trigger.trial = Some(TrialConfig {
        max_usd: usd(51),
        ..terms_of_trial()
    });
    assert!(said(&config).contains("budget.per_run_usd"));
}

#[test]
fn a_configuration_that_comes_during_a_trial_voids_what_the_trial_will_say() {
    let opening = happens(&tried_first(), &[accepted(600, None)]);
    let active = happens(&opening, &[opened(3)]);
    let config = ConfigInForce {
        config: active.config.as_ref().expect("it has one").config.clone(),
        version: "v2".into(),
        sequencer: "2".into(),
    };
    let events = [
        PipelineEvent::Configured(Box::new(config)),
        trial_ended(3, Outcome::Passed, &opening),
    ];
    let over = happens(&active, &events);
    assert_eq!(over.tried, None);
    assert_eq!(over.next_trial(), Some(terms_of_trial()));
}

#[test]
fn what_is_not_scored_has_no_trial_and_no_trial_is_put_before_a_person() {
    let waiting = trial(
        3,
        RunState::AwaitingApproval {
            awaiting: perennial_core::run::Awaiting::Approval,
        },
    );
    let approved = Event::Approved {
        by: "a person".into(),
        generation: 1,
    };
    assert_eq!(decide(&waiting, &approved, terms(1)), None);

    let pictures = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-canvas-v1:0\"\n[trigger]\ntrial = { records = 8, max_usd = 40 }\n\
         [promotion]\nserve = \"provisioned\"\napproval = \"manual\"\n[budget]\nserving_per_month_usd = 20000\n\
         [budget.prices]\ntraining_per_image = 0.005\nprovisioned_per_hour = 25\n";
    let config = Config::parse(pictures).expect("it parses");
    let refused = route(&config, "us-east-1").expect_err("no trial could pass");
    assert!(refused.to_string().contains("trigger.trial"), "{refused}");
    let mut config = config;
    config.trigger.trial = None;
    let route = route(&config, "us-east-1").expect("without it there is a route");
    let none = [];
    let manifest = perennial_core::manifest::select(
        &name(),
        &none,
        &config,
        &route,
        &Vec::new(),
        Trained::ON_NOTHING,
        0,
    );
    assert_eq!(manifest.holdout, None, "and nothing is held out");
}

#[test]
fn an_event_of_the_wrong_run_ends_no_trial() {
    let opening = happens(&tried_first(), &[accepted(600, None)]);
    let active = happens(&opening, &[opened(3)]);
    assert!(pipeline_decides(&active, &trial_ended(4, Outcome::Passed, &opening), at(1)).is_err());
}
