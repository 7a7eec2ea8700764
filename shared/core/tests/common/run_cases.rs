//! Every state of a run and every event, by name.

use perennial_core::announcement::Stage;
use perennial_core::gate::{GateRule, Pair, Verdict, judge};
use perennial_core::names::Purpose;
use perennial_core::run::{
    AFTERCARE_HOURS, Awaiting, BaseSide, CandidateSide, ChampionSide, Claim, Event, Job, Outcome,
    Run, RunState, Seen, Terms,
};
use perennial_core::score::ResolvedMetric;

use super::*;

pub(crate) fn verdict(passed: bool) -> Verdict {
    let pair = Pair {
        candidate: if passed { 1.0 } else { 0.0 },
        base: 0.0,
        champion: None,
    };
    let verdict = judge(
        &GateRule::new(&config().evaluation, ResolvedMetric::ExactMatch),
        &vec![pair; 200],
    );
    assert_eq!(verdict.passed, passed);
    verdict
}

pub(crate) fn evaluating(
    candidate: CandidateSide,
    base: BaseSide,
    champion: ChampionSide,
) -> RunState {
    RunState::Evaluating {
        candidate,
        base,
        champion,
        deadline: at(48),
    }
}

pub(crate) fn training(stop: Option<&str>, stopping: bool) -> RunState {
    RunState::Training {
        attempt: 1,
        job: "arn:job/1".into(),
        deadline: at(72),
        stop: stop.map(Into::into),
        stopping,
    }
}

/// Every state in every form that decides differently.
pub(crate) fn states() -> Vec<(&'static str, Run)> {
    let deployment = || "arn:deployment/1".to_owned();
    let asking = || CandidateSide::Asking {
        deployment: deployment(),
    };
    let base_runs = |attempt| BaseSide::Running {
        attempt,
        job: "arn:batch/1".into(),
    };
    let mut cancelled = run(1, RunState::Starting { attempt: 1 });
    cancelled.cancelled = Some("a person".into());
    let mut stopped = run(1, training(Some("cancelled by a person"), true));
    stopped.cancelled = Some("a person".into());
    let mut all = vec![
        ("preparing", run(1, RunState::Preparing)),
        ("starting", run(1, RunState::Starting { attempt: 1 })),
        ("starting 2", run(1, RunState::Starting { attempt: 2 })),
        ("starting, cancelled", cancelled),
        ("training", run(1, training(None, false))),
        (
            "training, to stop",
            run(1, training(Some("it is late"), false)),
        ),
        ("training, cancelled", stopped),
        (
            "importing",
            run(
                1,
                RunState::Importing {
                    attempt: 1,
                    weights: "s3://bucket/weights/".into(),
                    deadline: at(24),
                },
            ),
        ),
        (
            "deploying",
            run(
                1,
                evaluating(
                    CandidateSide::Deploying,
                    BaseSide::Starting { attempt: 1 },
                    ChampionSide::None,
                ),
            ),
        ),
        (
            "asking all",
            run(
                1,
                evaluating(
                    asking(),
                    base_runs(1),
                    ChampionSide::Asking {
                        deployment: deployment(),
                    },
                ),
            ),
        ),
        (
            "candidate left",
            run(
                1,
                evaluating(asking(), BaseSide::Answered, ChampionSide::Answered),
            ),
        ),
        (
            "base left",
            run(
                1,
                evaluating(CandidateSide::Answered, base_runs(2), ChampionSide::None),
            ),
        ),
        (
            "base asked",
            run(
                1,
                evaluating(
                    CandidateSide::Answered,
                    BaseSide::Asking,
                    ChampionSide::None,
                ),
            ),
        ),
        ("deciding", run(1, RunState::Deciding)),
        (
            "approval",
            run(
                1,
                RunState::AwaitingApproval {
                    awaiting: Awaiting::Approval,
                },
            ),
        ),
        (
            "held",
            run(
                1,
                RunState::AwaitingApproval {
                    awaiting: Awaiting::Hold,
                },
            ),
        ),
        ("promoting", run(1, RunState::Promoting { generation: 3 })),
        (
            "closing",
            run_with(
                &[Purpose::Candidate, Purpose::Base],
                closing(Outcome::Declined),
            ),
        ),
        ("closing, clean", run_with(&[], closing(Outcome::Declined))),
        (
            "closing, job unseen",
            run_with(&[Purpose::Training], closing(Outcome::Failed)),
        ),
        ("promoted", run_with(&[], ended(Outcome::Promoted, None))),
        ("cancelled", run_with(&[], ended(Outcome::Cancelled, None))),
        (
            "ended early",
            run_with(&[Purpose::Training], ended(Outcome::Failed, Some(2))),
        ),
        (
            "aftercare",
            run_with(
                &[Purpose::Candidate, Purpose::Base],
                ended(Outcome::Declined, Some(1)),
            ),
        ),
        (
            "closing, import unseen",
            run_with(&[Purpose::Import], closing(Outcome::Cancelled)),
        ),
        (
            "aftercare, import unseen",
            run_with(&[Purpose::Import], ended(Outcome::Failed, Some(1))),
        ),
        (
            "aftercare, job unseen",
            run_with(&[Purpose::Training], ended(Outcome::Failed, Some(1))),
        ),
    ];
    for (name, run) in &mut all {
        let unseen = run.stage() == Stage::Starting || run.leftovers == [Purpose::Training];
        if run.stage() >= Stage::Starting {
            run.creates.push((Purpose::Training, 1));
        }
        if !unseen && run.stage() >= Stage::Training {
            run.jobs.push(training_job(run, 1, "InProgress"));
        }
        if *name == "starting 2" {
            run.creates.push((Purpose::Training, 2));
            run.jobs.push(training_job(run, 1, "Failed"));
        }
        let importing = run.stage() == Stage::Importing || run.leftovers == [Purpose::Import];
        if importing {
            run.creates.push((Purpose::Import, 1));
            run.jobs[0].status = "Completed".into();
            run.weights = Some("s3://bucket/weights/".into());
        }
        if !unseen && !importing && run.stage() > Stage::Training {
            run.creates
                .extend([(Purpose::Candidate, 1), (Purpose::Base, 1)]);
            run.jobs[0].status = "Completed".into();
            run.model_arn = Some("arn:model/1".into());
        }
        if matches!(run.stage(), Stage::Approval | Stage::Promoting) {
            run.verdict = Some(verdict(true));
        }
        match run.state {
            RunState::AwaitingApproval { .. } => run.due = None,
            RunState::Ended { aftercare, .. } => run.due = aftercare,
            _ => {}
        }
    }
    all
}

/// A run's training job, as it was last seen.
pub(crate) fn training_job(run: &Run, attempt: u32, status: &str) -> Job {
    Job {
        purpose: Purpose::Training,
        attempt,
        name: run.resource(Purpose::Training, attempt).to_string(),
        arn: format!("arn:job/{attempt}"),
        status: status.into(),
    }
}

pub(crate) fn closing(outcome: Outcome) -> RunState {
    RunState::Closing {
        outcome,
        reason: "words".into(),
        since: at(0),
    }
}

/// Over an hour before its aftercare.
pub(crate) fn ended(outcome: Outcome, aftercare: Option<i64>) -> RunState {
    RunState::Ended {
        outcome,
        reason: "words".into(),
        at: at(aftercare.unwrap_or(1) - AFTERCARE_HOURS),
        aftercare: aftercare.map(at),
    }
}

pub(crate) fn run_with(leftovers: &[Purpose], state: RunState) -> Run {
    let mut run = run(1, state);
    run.leftovers = leftovers.to_vec();
    run
}

pub(crate) fn claim(by: &str, until: i64) -> Claim {
    Claim {
        by: by.into(),
        until: at(until),
    }
}

pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let failed = |message: &str| Seen::Failed {
        message: message.into(),
    };
    let completed = |model: Option<&str>| Seen::Completed {
        model_arn: model.map(Into::into),
    };
    let judged = |passed, dataset: &str, questions: &str, hold: Option<&str>| Event::Judged {
        verdict: Box::new(verdict(passed)),
        dataset: dataset.into(),
        questions: questions.into(),
        hold: hold.map(Into::into),
        generation: 3,
    };
    vec![
        ("claimed", Event::Claimed(claim("me", 2))),
        (
            "later",
            Event::Later {
                at: at(2),
                note: None,
            },
        ),
        ("cancel", Event::CancelRequested { by: "x".into() }),
        (
            "impossible",
            Event::Impossible {
                reason: "words".into(),
            },
        ),
        ("prepared", Event::Prepared(Box::new(prepared()))),
        (
            "found",
            Event::TrainingFound {
                job: "arn:job/1".into(),
            },
        ),
        (
            "refused",
            Event::TrainingRefused {
                reason: "words".into(),
            },
        ),
        ("never started", Event::TrainingNeverStarted),
        (
            "runs",
            Event::TrainingSeen(Seen::Running {
                status: "InProgress".into(),
            }),
        ),
        ("done", Event::TrainingSeen(completed(Some("arn:model/1")))),
        ("done, no model", Event::TrainingSeen(completed(None))),
        (
            "failed",
            Event::TrainingSeen(failed("Internal server error")),
        ),
        (
            "failed for good",
            Event::TrainingSeen(failed("line 3 is malformed")),
        ),
        ("stopped", Event::TrainingSeen(Seen::Stopped)),
        ("stop asked", Event::TrainingStopAsked),
        (
            "weights",
            Event::WeightsSeen {
                weights: "s3://bucket/weights/".into(),
            },
        ),
        (
            "import found",
            Event::ImportFound {
                job: "arn:import/1".into(),
            },
        ),
        (
            "import refused",
            Event::ImportRefused {
                reason: "words".into(),
            },
        ),
        (
            "imported",
            Event::ImportSeen(completed(Some("arn:aws:bedrock:::imported-model/1"))),
        ),
        ("imported, no model", Event::ImportSeen(completed(None))),
        (
            "import failed",
            Event::ImportSeen(failed("Internal server error")),
        ),
        (
            "import failed for good",
            Event::ImportSeen(failed("config.json is missing")),
        ),
        ("import stopped", Event::ImportSeen(Seen::Stopped)),
        (
            "deployed",
            Event::CandidateDeployed {
                deployment: "arn:deployment/1".into(),
            },
        ),
        ("candidate answered", Event::CandidateAnswered),
        (
            "base found",
            Event::BaseFound {
                job: "arn:batch/1".into(),
            },
        ),
        (
            "base runs",
            Event::BaseSeen(Seen::Running {
                status: "InProgress".into(),
            }),
        ),
        ("base done", Event::BaseSeen(completed(None))),
        ("base failed", Event::BaseSeen(failed("words"))),
        ("base stopped", Event::BaseSeen(Seen::Stopped)),
        ("base answered", Event::BaseAnswered),
        ("champion answered", Event::ChampionAnswered),
        (
            "champion gone",
            Event::ChampionGone {
                reason: "words".into(),
            },
        ),
        ("passed", judged(true, "d1", "q1", None)),
        (
            "passed, held",
            judged(true, "d1", "q1", Some("rolled back")),
        ),
        ("not passed", judged(false, "d1", "q1", None)),
        ("another's verdict", judged(true, "d2", "q1", None)),
        ("other questions", judged(true, "d1", "q2", None)),
        (
            "approved",
            Event::Approved {
                by: "x".into(),
                generation: 3,
            },
        ),
        ("hold lifted", Event::HoldLifted),
        ("moved", Event::Moved),
        (
            "move failed",
            Event::MoveFailed {
                reason: "words".into(),
            },
        ),
        (
            "job found",
            Event::LeftoverFound {
                purpose: Purpose::Training,
                attempt: 1,
                job: "arn:job/1".into(),
            },
        ),
        ("removed", Event::Removed(Purpose::Candidate)),
        ("base removed", Event::Removed(Purpose::Base)),
        ("no job left", Event::Removed(Purpose::Training)),
        ("no import left", Event::Removed(Purpose::Import)),
        ("reported", Event::Reported),
    ]
}

/// Whether it waits for a person, or is over with nothing left that it may have made.
pub(crate) fn rests(run: &Run) -> bool {
    match run.stage() {
        Stage::Approval => true,
        Stage::Ended => run.leftovers.is_empty(),
        _ => false,
    }
}

/// A state's name in the table's words.
pub(crate) fn word(run: &Run) -> String {
    match &run.state {
        RunState::Starting { attempt } => format!("starting {attempt}"),
        RunState::Training { stop, stopping, .. } => match (stop.is_some(), stopping) {
            (false, _) => "training".into(),
            (true, false) => "training to stop".into(),
            (true, true) => "training stopping".into(),
        },
        RunState::Closing { outcome, .. } => format!("closing {}", outcome.word()),
        RunState::Ended {
            outcome, aftercare, ..
        } => {
            let more = if aftercare.is_some() {
                ", aftercare"
            } else {
                ""
            };
            format!("ended {}{more}", outcome.word())
        }
        RunState::AwaitingApproval { awaiting } => format!("awaiting {awaiting:?}"),
        _ => run.stage().word().to_owned(),
    }
}

pub(crate) fn terms(hours: i64) -> Terms<'static> {
    Terms {
        now: at(hours),
        month_reserved: usd(10),
        by: "me",
    }
}
