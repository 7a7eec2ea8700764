//! What a move of the alias may buy: a rollback and a repair ask for the price of what they bring back, and nothing is bought beside what is
//! paid for already.

mod common;

use common::pipeline_events::*;
use common::*;
use perennial_core::config::{Commitment, Serve};
use perennial_core::pipeline::{
    Champion, InsteadOfBuying, MovePhase, Pipeline, PipelineEvent, Throughput, bought_beside,
    decide, instead_of_buying,
};
use perennial_core::prices::PROVISIONED;
use perennial_core::routing::{Route, Serving};

const MICRO: &str = "amazon.nova-micro-v1:0";
const LITE: &str = "amazon.nova-2-lite-v1:0";
const LLAMA: &str = "meta.llama3-2-1b-instruct-v1:0";
const BOUGHT: &str = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl";

fn of(number: u64, base_model: &str) -> Champion {
    Champion {
        base_model: base_model.into(),
        ..champion(number)
    }
}

/// A configuration of Nova Micro at $20 an hour, one unit: $14,600 a month.
fn provisioned(pipeline: &mut Pipeline, serving_per_month: i64) {
    let config = &mut pipeline.config.as_mut().expect("it has one").config;
    config.promotion.serve = Serve::Provisioned;
    config.budget.serving_per_month_usd = usd(serving_per_month);
    config.budget.prices.insert(PROVISIONED.into(), 20.0);
}

/// Champion 2 of `now` serves by throughput of one unit, 1 of `before` served before it.
fn serves(before: &str, now: &str, serving_per_month: i64) -> Pipeline {
    let mut pipeline = configured();
    provisioned(&mut pipeline, serving_per_month);
    pipeline.champion = Some(of(2, now));
    pipeline.previous = vec![of(1, before)];
    pipeline.deployment = Some(BOUGHT.into());
    pipeline.deployed_by = Some(1);
    pipeline.generation = 2;
    pipeline.served_as = Serving::Provisioned {
        units: 1,
        commitment: Commitment::None,
        only: false,
    };
    pipeline
}

fn refusal(pipeline: &Pipeline, event: &PipelineEvent) -> String {
    match decide(pipeline, event, at(1)) {
        Err(refusal) => refusal.to_string(),
        Ok(decision) => panic!("{:?}", decision.pipeline.moving),
    }
}

#[test]
fn a_rollback_that_would_buy_more_than_the_budget_is_refused_in_words() {
    // Swapped in place it buys nothing, whatever the budget is by now.
    let in_place = happens(&serves(MICRO, MICRO, 0), &[rollback(None)]);
    let moving = in_place.moving.expect("it moves");
    assert_eq!(moving.phase, MovePhase::Updating { asked: false });

    // Nova 2 Lite is $60.50 an hour by the table, whatever Micro's price is said to be: $44,165 a month.
    let words = refusal(&serves(LITE, MICRO, 15_000), &rollback(None));
    assert!(
        words.contains("$44165.00 a month")
            && words.contains("allows $15000.00")
            && words.contains(LITE)
            && words.contains("Raise it"),
        "{words}"
    );
    let held = happens(&serves(LITE, MICRO, 45_000), &[rollback(None)]);
    assert!(held.moving.is_some(), "the budget holds it");

    // What is stated for Micro is no price of Llama.
    let words = refusal(&serves(LLAMA, MICRO, 1_000_000), &rollback(None));
    assert!(
        words.contains(&format!("for {LLAMA} is not known"))
            && words.contains("Put the configuration of"),
        "{words}"
    );
    // Of a record that does not say what it is made of a swap is tried, and nothing is bought in its place.
    let asked = happens(&serves("", MICRO, 1_000_000), &[rollback(None)]);
    assert!(asked.moving.is_some(), "a swap buys nothing");
    let refused = decide(&asked, &PipelineEvent::UpdateRefused, at(1)).expect("it applies");
    assert_eq!(refused.pipeline.moving, None);
    let failure = refused.pipeline.last_failure.expect("it is told");
    let words = failure.reason;
    assert!(words.contains("does not say which base model"), "{words}");
}

#[test]
fn a_rollback_that_has_to_buy_other_units_asks_for_their_price_and_buys_no_commitment() {
    let mut two = serves(MICRO, MICRO, 15_000);
    let promotion = &mut two.config.as_mut().expect("it has one").config.promotion;
    promotion.model_units = 2;
    promotion.commitment = Commitment::SixMonths;
    let words = refusal(&two, &rollback(None));
    assert!(words.contains("$29200.00 a month"), "{words}");
    provisioned(&mut two, 30_000);
    let moving = happens(&two, &[rollback(None)]).moving.expect("it moves");
    assert_eq!(
        moving.serving,
        Serving::Provisioned {
            units: 2,
            commitment: Commitment::None,
            only: false
        }
    );
}

#[test]
fn an_idle_champion_is_served_again_only_within_the_budget() {
    let mut unserved = serves(MICRO, LITE, 15_000);
    unserved.deployment = None;
    unserved.unserved = Some(perennial_core::pipeline::Unserved {
        since: at(0),
        reason: "idle".into(),
    });
    let words = refusal(&unserved, &rollback(Some(2)));
    assert!(words.contains("$44165.00 a month"), "{words}");
    provisioned(&mut unserved, 45_000);
    assert!(happens(&unserved, &[rollback(Some(2))]).moving.is_some());
}

#[test]
fn throughput_that_is_gone_is_bought_anew_only_within_the_budget_and_the_refusal_is_said() {
    let gone = PipelineEvent::DeploymentGone {
        deployment: BOUGHT.into(),
    };
    let within = happens(&serves(MICRO, LITE, 45_000), std::slice::from_ref(&gone));
    assert_eq!(
        within.moving.map(|moving| moving.phase),
        Some(MovePhase::Creating)
    );

    let over = decide(&serves(MICRO, LITE, 15_000), &gone, at(1)).expect("it applies");
    let pipeline = over.pipeline;
    assert_eq!(pipeline.moving, None, "nothing is bought");
    assert_eq!(pipeline.champion, Some(of(2, LITE)));
    let failure = pipeline.last_failure.clone().expect("it is told");
    assert!(failure.reason.contains("$44165.00"), "{}", failure.reason);
    assert!(failure.over_budget, "people have to change the budget");
    let said = |wanted| over.say.iter().any(|said| said.detail_type == wanted);
    assert!(said("Alias Not Moved"), "{:?}", over.say);
    assert!(!pipeline.may_repair(at(1)), "it is tried again later");
    assert!(pipeline.may_repair(at(2)));
}

#[test]
fn a_swap_that_is_refused_on_the_way_back_buys_nothing_over_the_budget() {
    // The record of the champion says the same base model, and AWS says otherwise: the budget was lowered since.
    let asked = happens(&serves(MICRO, MICRO, 10_000), &[rollback(None)]);
    let decision = decide(&asked, &PipelineEvent::UpdateRefused, at(1)).expect("it applies");
    assert_eq!(decision.pipeline.moving, None);
    assert_eq!(
        decision.pipeline.sweeps,
        Vec::new(),
        "nothing may be left of it"
    );
    let failure = decision.pipeline.last_failure.expect("it is told");
    assert!(failure.reason.contains("$14600.00"), "{}", failure.reason);
    assert_eq!(decision.pipeline.deployment.as_deref(), Some(BOUGHT));

    let asked = happens(&serves(MICRO, MICRO, 15_000), &[rollback(None)]);
    let anew = happens(&asked, &[PipelineEvent::UpdateRefused]);
    assert_eq!(
        anew.moving.map(|moving| moving.phase),
        Some(MovePhase::Creating)
    );
}

#[test]
fn nothing_is_bought_beside_what_is_being_swapped_or_paid_for_already() {
    let there = |model: &str, is_updating: bool, until: Option<i64>| Throughput {
        arn: BOUGHT.into(),
        model_arn: model.into(),
        is_updating,
        bought_until: until.map(at),
    };
    let to = champion(2);
    let (target, other) = (to.arn.as_str(), "arn:model/1");
    for (what, there, instead) in [
        ("it serves the model", there(target, false, None), "wait"),
        (
            "it serves it, bought for longer",
            there(target, false, Some(9)),
            "wait",
        ),
        (
            "another's swap is under way",
            there(other, true, None),
            "wait",
        ),
        ("the same, bought", there(other, true, Some(9)), "wait"),
        ("bought for longer", there(other, false, Some(9)), "fail"),
        ("its time ends now", there(other, false, Some(5)), "buy"),
        ("its time is over", there(other, false, Some(4)), "buy"),
        ("bought for no time", there(other, false, None), "buy"),
    ] {
        let found = match instead_of_buying(&there, &to, at(5)) {
            None => "buy",
            Some(InsteadOfBuying::Wait) => "wait",
            Some(InsteadOfBuying::Fail { reason }) => {
                assert!(
                    reason.contains(BOUGHT) && reason.contains(&at(9).to_string()),
                    "{reason}"
                );
                "fail"
            }
        };
        assert_eq!(found, instead, "{what}");
    }
}

/// Where Micro is trained to be served by one unit without a commitment.
fn one_unit(pipeline: &Pipeline) -> Route {
    let mut in_force = pipeline.config.clone().expect("it has one").config;
    in_force.budget.per_month_usd = usd(10_000);
    perennial_core::routing::route(&in_force, "us-east-1").expect("it can be trained")
}

#[test]
fn what_served_before_and_is_paid_for_still_is_known_when_a_run_would_buy_another() {
    let mut bought = serves(MICRO, MICRO, 15_000);
    bought.bought_until = Some(at(500));
    let route = one_unit(&bought);
    assert_eq!(
        bought_beside(&bought, &route, at(1)),
        None,
        "it takes the model"
    );

    // Somebody serves on demand meanwhile, and what was bought stays until its time is over.
    let by_token = PipelineEvent::MoveBegun {
        to: of(3, MICRO),
        reason: perennial_core::pipeline::MoveReason::Promotion { run: run_id(3) },
        serving: Serving::OnDemand,
    };
    let moved = happens(
        &bought,
        &[by_token, serving("arn:d/3"), PipelineEvent::Written],
    );
    assert_eq!(moved.bought_until, None);
    let said = bought_beside(&moved, &route, at(1)).expect("a second one would be bought");
    assert!(said.contains(&at(500).to_string()), "{said}");
    assert_eq!(bought_beside(&moved, &route, at(501)), None);
    let on_demand = Route {
        serving: Serving::OnDemand,
        ..route
    };
    assert_eq!(bought_beside(&moved, &on_demand, at(1)), None);
}
