//! Whatever happens to a pipeline: what is pending, what is in quarantine, and what serves, against a plain list.

mod common;

use std::collections::BTreeSet;

use common::pipeline_events::*;
use common::*;
use perennial_core::manifest::is_quarantined;
use perennial_core::pipeline::{Pipeline, PipelineEvent, decide};
use perennial_core::run::Outcome;
use perennial_core::upload::UploadKind;
use proptest::prelude::*;

/// A step of a pipeline's life; numbers choose among what is there.
#[derive(Debug, Clone)]
enum Step {
    Accept(u64),
    Question,
    Replace(usize, u64),
    Withdraw(usize),
    Open,
    End(u8),
    Move(u8),
    Release,
    Resume,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0u64..50).prop_map(Step::Accept),
        1 => Just(Step::Question),
        2 => (0usize..9, 0u64..50).prop_map(|(which, records)| Step::Replace(which, records)),
        2 => (0usize..9).prop_map(Step::Withdraw),
        2 => Just(Step::Open),
        2 => (0u8..5).prop_map(Step::End),
        4 => (0u8..8).prop_map(Step::Move),
        1 => Just(Step::Release),
        1 => Just(Step::Resume),
    ];
    prop::collection::vec(step, 1..80)
}

/// What the pipeline should hold: the shards in force as (records, sequence), and what is sealed.
#[derive(Debug, Default)]
struct Reference {
    shards: Vec<(u64, u64)>,
    sequence: u64,
    sealed: u64,
    quarantined: BTreeSet<u64>,
}

impl Reference {
    fn pending(&self) -> (u64, u64) {
        let open = self
            .shards
            .iter()
            .filter(|(_, sequence)| *sequence > self.sealed);
        open.fold((0, 0), |(records, uploads), (more, _)| {
            (records + more, uploads + 1)
        })
    }
}

fn outcome(number: u8) -> Outcome {
    [
        Outcome::Promoted,
        Outcome::Declined,
        Outcome::Failed,
        Outcome::Cancelled,
        Outcome::Passed,
    ][usize::from(number)]
}

fn movement(number: u8, run: u64) -> PipelineEvent {
    match number {
        0 => promotion(run),
        1 => under_way(2),
        2 => PipelineEvent::UpdateRefused,
        3 => serving("arn:d/1"),
        4 => PipelineEvent::Written,
        5 => failed(),
        6 => rollback(None),
        _ => serving("arn:d/2"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn what_is_pending_is_what_a_list_of_shards_says(steps in steps()) {
        let mut pipeline = configured();
        let mut reference = Reference::default();
        let mut active: Option<(u64, Pipeline)> = None;
        let mut number = 10;
        for step in steps {
            let event = match &step {
                Step::Accept(records) => accepted(*records, None),
                Step::Question => PipelineEvent::Accepted { kind: UploadKind::Evaluation, records: 5, replaces: None },
                Step::Replace(which, records) => match reference.shards.get(*which) {
                    Some(old) => accepted(*records, Some(*old)),
                    None => continue,
                },
                Step::Withdraw(which) => match reference.shards.get(*which) {
                    Some((records, sequence)) => withdrawn(*records, *sequence),
                    None => continue,
                },
                Step::Open => opened(number + 1),
                Step::End(how) => match &active {
                    Some((run, opening)) => ended(*run, outcome(*how), opening),
                    None => continue,
                },
                Step::Move(which) => movement(*which, number),
                Step::Release => PipelineEvent::ReleaseRequested,
                Step::Resume => PipelineEvent::ResumeRequested,
            };
            let before = pipeline.clone();
            let Ok(decision) = decide(&pipeline, &event, at(1)) else { continue };
            pipeline = decision.pipeline;
            match step {
                Step::Accept(records) => {
                    reference.sequence += 1;
                    reference.shards.push((records, reference.sequence));
                }
                Step::Question => reference.sequence += 1,
                Step::Replace(which, records) => {
                    reference.sequence += 1;
                    reference.shards[which] = (records, reference.sequence);
                }
                Step::Withdraw(which) => { reference.shards.remove(which); }
                Step::Open => {
                    number += 1;
                    active = Some((number, before.clone()));
                    reference.sealed = reference.sequence;
                }
                Step::End(how) => {
                    let (_, opening) = active.take().expect("it was active");
                    match outcome(how) {
                        Outcome::Promoted => {}
                        Outcome::Declined => {
                            reference.quarantined.extend(opening.sealed + 1..=opening.sequence);
                        }
                        Outcome::Passed | Outcome::Failed | Outcome::Cancelled => reference.sealed = opening.sealed,
                    }
                }
                Step::Release => reference.quarantined.clear(),
                Step::Move(_) | Step::Resume => {}
            }
            prop_assert_eq!((pipeline.pending_records, pipeline.pending_uploads), reference.pending());
            prop_assert_eq!((pipeline.sequence, pipeline.sealed), (reference.sequence, reference.sealed));
            for sequence in 1..=reference.sequence {
                prop_assert_eq!(
                    is_quarantined(&pipeline.quarantine, sequence),
                    reference.quarantined.contains(&sequence)
                );
            }
            // The alias.
            if pipeline.champion != before.champion {
                let serves = matches!(event, PipelineEvent::Serving { .. });
                prop_assert!(serves, "{:?} changed what serves", event);
                let to = before.moving.as_ref().map(|moving| moving.to.clone());
                prop_assert_eq!(&pipeline.champion, &to);
            }
            let begun = before.moving.is_none() && pipeline.moving.is_some();
            prop_assert_eq!(pipeline.generation, before.generation + u64::from(begun));
            if let (Some(old), Some(new)) = (&before.moving, &pipeline.moving) {
                prop_assert_eq!((&old.to, &old.from, old.generation), (&new.to, &new.from, new.generation));
            }
            let serves = pipeline.champion.as_ref().map(|champion| &champion.model);
            prop_assert!(pipeline.previous.iter().all(|earlier| Some(&earlier.model) != serves));
            prop_assert!(pipeline.champion.is_none() || pipeline.deployment.is_some());
            prop_assert_eq!(pipeline.active_run.clone(), active.as_ref().map(|(run, _)| run_id(*run)));
            if pipeline.moving.is_some() {
                prop_assert!(pipeline.due.is_some());
            }
        }
        let back: Pipeline = serde_json::from_str(&serde_json::to_string(&pipeline).expect("JSON")).expect("reads");
        prop_assert_eq!(back, pipeline);
    }
}
