//! What is bought or tried a second time after a job or an import failed or waited, and what is not.

mod common;

use common::run_cases::*;
use common::*;
use perennial_core::money::Usd;
use perennial_core::names::Purpose;
use perennial_core::run::{
    Also, BaseSide, CandidateSide, ChampionSide, Decision, Event, Prepared, Run, Seen, Terms,
    decide,
};

fn happens(run: &Run, event: &Event, terms: Terms<'_>) -> Decision {
    decide(run, event, terms).expect("it applies")
}

#[test]
fn only_the_services_own_faults_are_tried_again() {
    for (message, again) in [
        ("Internal server error", true),
        ("An internal error occurred. Please try again.", true),
        ("The service is out of capacity", true),
        ("The job timed out", true),
        (
            "The training data has an error on line 3. Fix it and try again.",
            false,
        ),
        ("ValidationException: internal field is missing", false),
        ("Invalid role; please try again", false),
        ("Access denied to s3://…; try again", false),
        ("exceeded the token limit; try again", false),
        (
            "AlgorithmError: ExecuteUserScriptError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 14.76 GiB total \
             capacity)",
            false,
        ),
        (
            "AlgorithmError: NCCL watchdog: the operation timed out",
            false,
        ),
        (
            "MaxWaitTimeExceeded: there was too little spare capacity",
            false,
        ),
        (
            "CapacityError: Unable to provision requested ML compute capacity",
            true,
        ),
        (
            "InternalServerError: We encountered an internal error. Please try again.",
            true,
        ),
        ("words", false),
    ] {
        let event = Event::TrainingSeen(Seen::Failed {
            message: message.into(),
        });
        let next = happens(&run(1, training(None, false)), &event, terms(1)).run;
        let expected = if again {
            "starting 2"
        } else {
            "closing failed"
        };
        assert_eq!(word(&next), expected, "{message}");
    }
}

#[test]
fn an_import_has_its_time_from_its_start_and_what_waits_for_a_right_or_a_quota_has_days() {
    let trained = happens(
        &run(1, training(None, false)),
        &Event::WeightsSeen {
            weights: "s3://bucket/weights/".into(),
        },
        terms(1),
    )
    .run;
    let late = |run: &Run, hour| {
        let later = Event::Later {
            at: at(hour + 1),
            note: None,
        };
        word(&happens(run, &later, terms(hour)).run)
    };
    assert_eq!(late(&trained, 6 * 24), "importing");
    assert_eq!(late(&trained, 8 * 24), "closing failed");
    let found = Event::ImportFound {
        job: "arn:import/1".into(),
    };
    let started = happens(&trained, &found, terms(6 * 24)).run;
    assert_eq!(late(&started, 6 * 24 + 23), "importing");
    assert_eq!(late(&started, 7 * 24 + 1), "closing failed");
}

/// Other models' answers were reserved with the first attempt: the candidate's throughput is not bought twice.
#[test]
fn a_second_attempt_of_the_batch_job_reserves_the_base_models_share_alone() {
    let older = |found: Prepared| {
        let mut record = serde_json::to_value(found).expect("a record");
        let known = record
            .as_object_mut()
            .expect("a record")
            .remove("base_cost");
        assert!(known.is_some());
        serde_json::from_value(record).expect("it reads back")
    };
    let state = || {
        let running = BaseSide::Running {
            attempt: 1,
            job: "arn:batch/1".into(),
        };
        evaluating(CandidateSide::Answered, running, ChampionSide::None)
    };
    let mut present = run(1, state());
    let mut found = prepared();
    (found.evaluation_cost, found.base_cost) = (usd(960), Some(Usd::from_micros(10_000)));
    present.config.budget.per_run_usd = usd(1_200);
    present.config.budget.per_month_usd = usd(5_000);
    present.reserved = usd(968);
    present.prepared = Some(found.clone());
    let stopped = Event::BaseSeen(Seen::Stopped);
    let next = happens(&present, &stopped, terms(1));
    let again = |amount| Also::Reserve {
        purpose: Purpose::Base,
        attempt: 2,
        amount,
    };
    assert!(
        next.also.contains(&again(Usd::from_micros(10_000))),
        "{next:?}"
    );
    assert_eq!(next.run.reserved, usd(968) + Usd::from_micros(10_000));

    // What a run of before does not know is taken as it was then.
    present.prepared = Some(older(found));
    present.config.budget.per_run_usd = usd(2_000);
    let next = happens(&present, &stopped, terms(1));
    assert!(next.also.contains(&again(usd(960))), "{next:?}");
}
