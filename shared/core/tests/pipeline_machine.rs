//! The pipeline's machine: what is pending, what serves, and the move of the alias.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::pipeline_events::*;
use common::*;
use perennial_core::names::RunId;
use perennial_core::pipeline::{
    Champion, ConfigInForce, Move, MoveEffect, MovePhase, MoveReason, Pipeline, PipelineEvent,
    Trigger, decide, trigger,
};
use perennial_core::routing::Serving;
use perennial_core::run::Outcome;

/// Champion 2 serves, 1 served before it.
fn serves() -> Pipeline {
    let mut pipeline = happens(
        &configured(),
        &[promotion(1), serving("arn:d/1"), PipelineEvent::Written],
    );
    pipeline.champion_sealed = 5;
    let mut pipeline = happens(
        &pipeline,
        &[promotion(2), serving("arn:d/1"), PipelineEvent::Written],
    );
    pipeline.champion_sealed = 8;
    pipeline
}

fn states() -> BTreeMap<&'static str, Pipeline> {
    let fresh = configured();
    let active = happens(&fresh, &[accepted(600, None), opened(3)]);
    let serves = serves();
    let updating = happens(&serves, &[promotion(3)]);
    let asked = happens(&updating, &[under_way(2)]);
    let mut paused = fresh.clone();
    paused.paused = Some("a person paused it".into());
    let mut quarantined = fresh.clone();
    quarantined.quarantine = vec![(0, 1)];
    quarantined.sequence = 1;
    BTreeMap::from([
        ("unknown", Pipeline::new(name())),
        ("collecting", happens(&fresh, &[accepted(600, None)])),
        ("creating", happens(&fresh, &[promotion(1)])),
        ("updating", updating),
        ("writing", happens(&asked, &[serving("arn:d/1")])),
        (
            "creating anew",
            happens(&asked, &[PipelineEvent::UpdateRefused]),
        ),
        ("updating, asked", asked),
        ("rolling back", happens(&serves, &[rollback(None)])),
        ("serving", serves),
        ("paused", paused),
        ("quarantined", quarantined),
        ("active", active),
        ("fresh", fresh),
    ])
}

#[test]
fn every_event_is_refused_in_exactly_these_states() {
    let all: BTreeSet<&'static str> = states().keys().copied().collect();
    let moving = BTreeSet::from([
        "creating",
        "creating anew",
        "updating",
        "updating, asked",
        "writing",
        "rolling back",
    ]);
    let without = |states: &[&'static str]| -> BTreeSet<&'static str> {
        all.iter()
            .filter(|state| !states.contains(state))
            .copied()
            .collect()
    };
    let but = |states: &BTreeSet<&'static str>| -> BTreeSet<&'static str> { &all - states };
    let none = BTreeSet::new();
    let bad = PipelineEvent::Misconfigured {
        error: "words".into(),
        version: "v2".into(),
        sequencer: "2".into(),
    };
    let mut configured_ = configured();
    let config = configured_.config.take().expect("it has one");
    let old = ConfigInForce {
        sequencer: "0".into(),
        ..config.clone()
    };
    for (event, refused) in [
        (PipelineEvent::Configured(Box::new(config)), none.clone()),
        (
            PipelineEvent::Configured(Box::new(old)),
            without(&["unknown"]),
        ),
        (bad, none.clone()),
        (accepted(5, None), none.clone()),
        (withdrawn(5, 1), none.clone()),
        (opened(4), &moving | &BTreeSet::from(["active"])),
        (
            ended(3, Outcome::Failed, &configured()),
            without(&["active"]),
        ),
        (promotion(4), moving.clone()),
        (promotion(2), &moving | &BTreeSet::from(["serving"])),
        (under_way(3), &but(&moving) | &BTreeSet::from(["writing"])),
        (
            PipelineEvent::UpdateRefused,
            &but(&moving) | &BTreeSet::from(["writing", "creating", "creating anew"]),
        ),
        (serving("arn:d/2"), but(&moving)),
        (PipelineEvent::Written, without(&["writing"])),
        (failed(), &but(&moving) | &BTreeSet::from(["writing"])),
        (
            PipelineEvent::StartRequested,
            without(&["collecting", "quarantined"]),
        ),
        (PipelineEvent::PauseRequested, none.clone()),
        (PipelineEvent::ResumeRequested, none.clone()),
        (PipelineEvent::ReleaseRequested, without(&["quarantined"])),
        (rollback(None), without(&["serving"])),
        (rollback(Some(1)), without(&["serving"])),
        (rollback(Some(2)), all.clone()),
        (rollback(Some(9)), all.clone()),
        (
            PipelineEvent::NothingToTrain {
                reason: "words".into(),
            },
            none.clone(),
        ),
        (PipelineEvent::Looked, none),
    ] {
        let found: BTreeSet<&str> = states()
            .iter()
            .filter(|(_, pipeline)| decide(pipeline, &event, at(1)).is_err())
            .map(|(state, _)| *state)
            .collect();
        assert_eq!(found, refused, "{event:?}");
    }
}

#[test]
fn a_move_goes_by_these_steps_and_the_champion_changes_only_by_serving() {
    let states = states();
    let effect = |state: &str| states[state].effect();
    let create = |generation, to| {
        Some(MoveEffect::Create {
            generation,
            to: champion(to),
            serving: Serving::OnDemand,
        })
    };
    let update = |asked| {
        Some(MoveEffect::Update {
            deployment: "arn:d/1".into(),
            to: champion(3),
            asked,
        })
    };
    assert_eq!(effect("creating"), create(1, 1));
    assert_eq!(effect("updating"), update(false));
    assert_eq!(effect("updating, asked"), update(true));
    assert_eq!(effect("creating anew"), create(3, 3));
    assert_eq!(effect("serving"), None);
    for (state, serves) in [
        ("creating", None),
        ("updating", Some(2)),
        ("updating, asked", Some(2)),
        ("creating anew", Some(2)),
        ("writing", Some(3)),
        ("rolling back", Some(2)),
    ] {
        assert_eq!(states[state].champion, serves.map(champion), "{state}");
    }
    let anew = happens(&states["creating anew"], &[serving("arn:d/3")]);
    assert_eq!(
        anew.effect(),
        Some(MoveEffect::Write {
            deployment: "arn:d/3".into(),
            replaces: Some("arn:d/1".into())
        })
    );
    assert_eq!(anew.previous, [champion(2), champion(1)]);
    assert_eq!(happens(&anew, &[PipelineEvent::Written]).moving, None);
}

#[test]
fn a_model_that_answers_by_itself_needs_no_deployment_and_what_stood_before_the_last_one_goes() {
    let imported = Champion {
        arn: "arn:aws:bedrock:us-west-2:123456789012:imported-model/abcdefghijkl".into(),
        ..champion(3)
    };
    let begun = PipelineEvent::MoveBegun {
        to: imported.clone(),
        reason: MoveReason::Promotion { run: run_id(3) },
        serving: Serving::Imported,
    };
    let looking = happens(&serves(), std::slice::from_ref(&begun));
    assert_eq!(
        looking.effect(),
        Some(MoveEffect::Look {
            to: imported.clone()
        })
    );
    assert_eq!(looking.champion, Some(champion(2)));
    let refused = decide(&looking, &PipelineEvent::UpdateRefused, at(2));
    assert!(refused.is_err());
    let writing = happens(&looking, &[serving(&imported.arn)]);
    assert_eq!(
        writing.effect(),
        Some(MoveEffect::Write {
            deployment: imported.arn.clone(),
            replaces: Some("arn:d/1".into())
        })
    );
    // The deployment of the models before is looked for once more, as a create of it may be on its way.
    assert_eq!(writing.sweeps.len(), 1);
    assert_eq!(writing.deployed_by, None);
    let served = happens(&writing, &[PipelineEvent::Written]);

    // Back to a model that needs a deployment: the ARN of the imported one is never updated and never removed.
    let back = happens(&served, &[rollback(None)]);
    assert!(matches!(back.effect(), Some(MoveEffect::Create { .. })));
    let back = happens(&back, &[serving("arn:d/5")]);
    assert_eq!(
        back.effect(),
        Some(MoveEffect::Write {
            deployment: "arn:d/5".into(),
            replaces: None
        })
    );

    // Somebody deleted the imported model: nothing can be made in its place, and that is said.
    let gone = PipelineEvent::DeploymentGone {
        deployment: imported.arn.clone(),
    };
    let looking = happens(&served, &[gone]);
    assert_eq!(looking.effect(), Some(MoveEffect::Look { to: imported }));
    let failed = happens(&looking, &[failed()]);
    assert!(!failed.may_repair(at(1)) && failed.sweeps == looking.sweeps);
}

#[test]
fn a_move_that_fails_leaves_what_served() {
    for state in [
        "creating",
        "updating",
        "updating, asked",
        "creating anew",
        "rolling back",
    ] {
        let before = &states()[state];
        let after = happens(before, &[failed()]);
        assert_eq!(
            (&after.champion, &after.deployment),
            (&before.champion, &before.deployment)
        );
        assert_eq!(after.moving, None);
        let generation = after.last_failure.map(|failure| failure.generation);
        assert_eq!(generation, Some(before.generation), "{state}");
        assert_eq!(after.hold, None);
    }
    let before = &states()["updating, asked"];
    let late = decide(before, &under_way(9), at(8)).expect("it applies");
    assert_eq!(late.pipeline.moving, None);
    assert_eq!(late.say[0].detail_type, "Alias Not Moved");
}

#[test]
fn a_rollback_holds_promotions_and_goes_back_to_what_the_earlier_model_was_trained_on() {
    let back = happens(
        &states()["rolling back"],
        &[serving("arn:d/1"), PipelineEvent::Written],
    );
    assert_eq!(back.champion, Some(champion(1)));
    assert_eq!(back.previous, [champion(2)]);
    assert!(back.hold.is_some());
    assert_eq!(back.champion_sealed, 5);
    assert_eq!(back.served_until.get(&model_id(2)), Some(&at(1)));
    let resumed = happens(&back, &[PipelineEvent::ResumeRequested]);
    assert_eq!(resumed.hold, None);
    let again = happens(&resumed, &[rollback(Some(2)), serving("arn:d/1")]);
    assert_eq!(again.champion_sealed, 8);
}

#[test]
fn a_run_that_ends_after_its_model_was_rolled_back_does_not_count_as_what_serves() {
    let active = happens(&serves(), &[accepted(600, None), opened(3), promotion(3)]);
    let moved = happens(&active, &[serving("arn:d/1"), PipelineEvent::Written]);
    let back = happens(
        &moved,
        &[rollback(None), serving("arn:d/1"), PipelineEvent::Written],
    );
    let mut opening = serves();
    opening.sequence = 9;
    let over = happens(&back, &[ended(3, Outcome::Promoted, &opening)]);
    assert_eq!(
        (over.champion, over.champion_sealed),
        (Some(champion(2)), 8)
    );
    assert_eq!(over.sealed_by.get(&model_id(3)), Some(&9));
}

#[test]
fn no_run_is_opened_while_the_alias_moves() {
    let mut pipeline = happens(&states()["rolling back"], &[accepted(600, None)]);
    pipeline.start_requested = true;
    assert!(matches!(
        trigger(&pipeline, at(99)),
        Trigger::Wait { until: None, .. }
    ));
    let done = happens(&pipeline, &[serving("arn:d/1"), PipelineEvent::Written]);
    assert!(matches!(trigger(&done, at(99)), Trigger::Open { .. }));
    assert_eq!(done.due, Some(at(1)), "and then it is looked at again");
}

#[test]
fn an_ended_run_leaves_behind_what_its_outcome_says() {
    let opening = happens(&configured(), &[accepted(600, None), accepted(20, None)]);
    let active = happens(&opening, &[opened(3), accepted(7, None)]);
    for (outcome, pending, sealed, quarantine, misses, failed_at) in [
        (Outcome::Promoted, (7, 1), 2, vec![], 0, None),
        (Outcome::Declined, (7, 1), 2, vec![(0, 2)], 3, None),
        (Outcome::Failed, (627, 3), 0, vec![], 3, Some(2)),
        (Outcome::Cancelled, (627, 3), 0, vec![], 2, Some(2)),
    ] {
        let mut active = active.clone();
        active.misses = 2;
        let decided = decide(&active, &ended(3, outcome, &opening), at(1)).expect("it applies");
        let next = decided.pipeline;
        assert_eq!(
            (next.pending_records, next.pending_uploads),
            pending,
            "{outcome:?}"
        );
        assert_eq!(
            (next.sealed, next.quarantine),
            (sealed, quarantine),
            "{outcome:?}"
        );
        assert_eq!(
            (next.misses, next.failed_at),
            (misses, failed_at),
            "{outcome:?}"
        );
        assert_eq!(next.paused.is_some(), misses >= 3, "{outcome:?}");
        assert_eq!(decided.say.len(), usize::from(misses >= 3));
        assert_eq!((next.active_run, next.in_run), (None, None));
    }
}

#[test]
fn what_was_withdrawn_or_replaced_during_a_run_is_not_pending_again() {
    let opening = happens(&configured(), &[accepted(600, None), accepted(20, None)]);
    let after = happens(
        &opening,
        &[
            opened(3),
            withdrawn(600, 1),
            accepted(9, Some((20, 2))),
            ended(3, Outcome::Failed, &opening),
        ],
    );
    assert_eq!((after.pending_records, after.pending_uploads), (9, 1));
}

#[test]
fn a_record_reads_back_as_it_was_written() {
    for (state, pipeline) in states() {
        let text = serde_json::to_string(&pipeline).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Pipeline>(&text).expect(state),
            pipeline
        );
        let value = serde_json::to_value(&pipeline).expect("JSON");
        assert_eq!(
            serde_json::from_value::<Pipeline>(value).expect(state),
            pipeline
        );
    }
}

#[test]
fn a_record_without_the_newer_fields_still_reads() {
    let mut value = serde_json::to_value(&states()["serving"]).expect("JSON");
    let record = value.as_object_mut().expect("a record");
    for field in ["in_run", "sealed_by", "served_until"] {
        record.remove(field).expect(field);
    }
    serde_json::from_value::<Pipeline>(value).expect("it reads");
}

#[test]
fn every_form_of_a_move_reads_back() {
    let reasons = [
        MoveReason::Rollback,
        MoveReason::Promotion { run: run_id(1) },
    ];
    let phases = [
        MovePhase::Looking,
        MovePhase::Creating,
        MovePhase::Updating { asked: true },
        MovePhase::Writing,
    ];
    for reason in reasons {
        for phase in &phases {
            let moving = Move {
                from: Some(Champion { ..champion(1) }),
                to: champion(2),
                generation: u64::MAX,
                reason: reason.clone(),
                phase: phase.clone(),
                serving: Serving::OnDemand,
                replaces: Some("arn:d/1".into()),
                since: at(0),
                look_at: at(1),
                waits_for: (*phase == MovePhase::Creating).then(|| "a quota".into()),
            };
            let text = serde_json::to_string(&moving).expect("JSON");
            assert_eq!(serde_json::from_str::<Move>(&text).expect("reads"), moving);
        }
    }
    assert!(RunId::parse("not a run").is_err());
}

#[test]
fn a_model_that_is_being_deleted_is_no_target_of_a_rollback() {
    let serves = happens(
        &serves(),
        &[promotion(3), serving("arn:d/1"), PipelineEvent::Written],
    );
    assert_eq!(serves.rollback_target(), Some(&champion(2)));
    let deletion = |number| PipelineEvent::DeletionBegun {
        model: model_id(number),
    };
    let one_left = happens(&serves, &[deletion(2)]);
    assert_eq!(one_left.rollback_target(), Some(&champion(1)));
    assert!(one_left.kept().all(|kept| kept.model != model_id(2)));
    assert!(decide(&one_left, &rollback(Some(2)), at(9)).is_err());
    let refused = |pipeline: &Pipeline, number| decide(pipeline, &deletion(number), at(9)).is_err();
    assert!(refused(&serves, 3), "it serves");
    let back = happens(&serves, &[rollback(Some(2))]);
    assert!(refused(&back, 2), "the alias is moving to it");
    assert!(!refused(&back, 1));
}

#[test]
fn a_deployment_that_serves_another_model_is_brought_back_to_the_champion() {
    let serves = serves();
    let strays = |deployment: &str| PipelineEvent::DeploymentStrays {
        deployment: deployment.into(),
        serves: "arn:aws:bedrock:us-east-1:123456789012:custom-model/other".into(),
    };
    let decision = decide(&serves, &strays("arn:d/1"), at(1)).expect("it is repaired");
    let said: Vec<&str> = decision
        .say
        .iter()
        .map(|said| said.detail_type.as_str())
        .collect();
    assert_eq!(said, ["Deployment Strays"]);
    let moving = decision.pipeline.moving.clone().expect("it is a move");
    assert_eq!(
        (Some(&moving.to), moving.from.as_ref()),
        (serves.champion.as_ref(), serves.champion.as_ref())
    );
    assert_eq!(
        (moving.reason, moving.phase),
        (MoveReason::Repair, MovePhase::Updating { asked: false }),
        "the deployment is updated, and not made anew"
    );
    let repaired = [serving("arn:d/1"), PipelineEvent::Written];
    let after = happens(&decision.pipeline, &repaired);
    assert_eq!(
        (&after.champion, &after.previous, &after.moving),
        (&serves.champion, &serves.previous, &None)
    );
    for (pipeline, deployment) in [
        (&serves, "arn:d/2"),
        (&decision.pipeline, "arn:d/1"),
        (&configured(), "arn:d/1"),
    ] {
        assert!(decide(pipeline, &strays(deployment), at(1)).is_err());
    }
}
