//! What is bought or tried a second time after a job or an import failed or waited, and what is not.

mod common;

use common::run_cases::*;
use common::*;
use perennial_core::run::{Decision, Event, Run, Seen, Terms, decide};

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
