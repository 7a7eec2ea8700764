//! What functions say to each other on the event bus, and the stages that route it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::names::{PipelineName, RunId};

/// The `source` of everything that Perennial says.
pub const SOURCE: &str = "perennial";

/// One event on the bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// `detail-type`, in words.
    pub detail_type: String,
    /// A JSON object.
    pub detail: Value,
}

/// One of the six functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Validates and compiles uploads.
    Ingest,
    /// Seals datasets, opens runs, starts jobs.
    Train,
    /// Follows jobs, collects answers.
    Evaluate,
    /// Scores, gates, moves the alias, closes runs.
    Promote,
    /// Finds what no event reports.
    Reconcile,
    /// Deletes what is idle.
    Cleanup,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ingest,
        Self::Train,
        Self::Evaluate,
        Self::Promote,
        Self::Reconcile,
        Self::Cleanup,
    ];

    /// As in folder names, `__function <name>` and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Promote => "promote",
            Self::Reconcile => "reconcile",
            Self::Cleanup => "cleanup",
        }
    }
}

/// Where a run or a pipeline stands, as far as it decides who takes the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// A pipeline collects uploads until its trigger holds.
    Collecting,
    /// A run's dataset is assembled and priced.
    Preparing,
    /// A training job is to be started.
    Starting,
    /// A training job runs.
    Training,
    /// What a training job left becomes a model.
    Importing,
    /// Answers are collected.
    Evaluating,
    /// Answers are scored and the gate decides.
    Deciding,
    /// A person is to approve.
    Approval,
    /// The run waits for the alias to move.
    Promoting,
    /// A pipeline's alias moves.
    Moving,
    /// What a run made for itself is removed, and the run ends.
    Closing,
    /// Nothing is left to do.
    Ended,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Collecting,
        Self::Preparing,
        Self::Starting,
        Self::Training,
        Self::Importing,
        Self::Evaluating,
        Self::Deciding,
        Self::Approval,
        Self::Promoting,
        Self::Moving,
        Self::Closing,
        Self::Ended,
    ];

    /// The one function that may take the next step. Total, so that "Run Due" always finds its owner.
    pub fn owner(self) -> Function {
        match self {
            Self::Collecting | Self::Preparing | Self::Starting | Self::Importing => {
                Function::Train
            }
            Self::Training | Self::Evaluating => Function::Evaluate,
            Self::Deciding
            | Self::Approval
            | Self::Promoting
            | Self::Moving
            | Self::Closing
            | Self::Ended => Function::Promote,
        }
    }

    /// As in events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Collecting => "collecting",
            Self::Preparing => "preparing",
            Self::Starting => "starting",
            Self::Training => "training",
            Self::Importing => "importing",
            Self::Evaluating => "evaluating",
            Self::Deciding => "deciding",
            Self::Approval => "approval",
            Self::Promoting => "promoting",
            Self::Moving => "moving",
            Self::Closing => "closing",
            Self::Ended => "ended",
        }
    }
}

/// What a person asks for through the command line. The owning function acts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum Request {
    /// Open a run now with what is there, whatever the trigger says.
    Start {
        /// In this pipeline.
        pipeline: PipelineName,
    },
    /// Let a run that waits for approval promote its model.
    Approve {
        /// In this pipeline.
        pipeline: PipelineName,
        /// This run.
        run: RunId,
    },
    /// End a run; its job is stopped.
    Cancel {
        /// In this pipeline.
        pipeline: PipelineName,
        /// This run.
        run: RunId,
    },
    /// Open no further runs.
    Pause {
        /// This pipeline.
        pipeline: PipelineName,
    },
    /// Open runs and promote again.
    Resume {
        /// This pipeline.
        pipeline: PipelineName,
    },
    /// Move the alias back to the previous champion, or to a named earlier one.
    Rollback {
        /// This pipeline.
        pipeline: PipelineName,
        /// The run whose model is to serve; the previous champion without it.
        to: Option<RunId>,
        /// The run whose model served when the person asked: a request that comes again, or days late, finds another one and
        /// is refused. Without it nobody can tell.
        #[serde(default)]
        from: Option<RunId>,
    },
    /// Take uploads that a declined run left in quarantine back into training.
    Release {
        /// This pipeline.
        pipeline: PipelineName,
    },
    /// Plan, mark and delete what is idle, now.
    Cleanup {},
    /// List the bucket and take in what no event announced.
    Sync {},
}

impl Request {
    /// The `detail-type`: one rule per function is written with it.
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::Start { .. } => "Start Requested",
            Self::Approve { .. } => "Approve Requested",
            Self::Cancel { .. } => "Cancel Requested",
            Self::Pause { .. } => "Pause Requested",
            Self::Resume { .. } => "Resume Requested",
            Self::Rollback { .. } => "Rollback Requested",
            Self::Release { .. } => "Release Requested",
            Self::Cleanup {} => "Cleanup Requested",
            Self::Sync {} => "Sync Requested",
        }
    }

    /// Who acts.
    pub fn owner(&self) -> Function {
        match self {
            Self::Start { .. }
            | Self::Cancel { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Release { .. } => Function::Train,
            Self::Approve { .. } | Self::Rollback { .. } => Function::Promote,
            Self::Cleanup {} => Function::Cleanup,
            Self::Sync {} => Function::Reconcile,
        }
    }

    /// As an event.
    pub fn announcement(&self) -> Announcement {
        let detail = serde_json::to_value(self).unwrap_or(Value::Null);
        Announcement {
            detail_type: self.detail_type().to_owned(),
            detail,
        }
    }
}

/// The one map of the bus: which function an event goes to, by its `detail-type` and, for what is due or asked for, its
/// detail. `None`: nobody's; it is said for rules of people's own.
pub fn recipient(detail_type: &str, detail: &Value) -> Option<Function> {
    match detail_type {
        "Object Created" | "Object Deleted" | "Object Found" | "Object Missing" => {
            Some(Function::Ingest)
        }
        "Upload Accepted" => Some(Function::Train),
        "Model Customization Job State Change"
        | "Batch Inference Job State Change"
        | "SageMaker Training Job State Change" => Some(Function::Evaluate),
        "Evaluation Complete" => Some(Function::Promote),
        "Run Due" | "Pipeline Due" => Stage::deserialize(&detail["stage"]).ok().map(Stage::owner),
        kind if kind.ends_with(" Requested") => Request::deserialize(detail)
            .ok()
            .map(|request| request.owner()),
        _ => None,
    }
}

/// "Run Due": the owner of the stage takes the next step of the run.
pub fn run_due(pipeline: &PipelineName, run: &RunId, stage: Stage) -> Announcement {
    Announcement {
        detail_type: "Run Due".into(),
        detail: json!({ "pipeline": pipeline, "run": run, "stage": stage, "owner": stage.owner() }),
    }
}

/// "Pipeline Due": a trigger is to be looked at again, or a move of the alias goes on.
pub fn pipeline_due(pipeline: &PipelineName, stage: Stage) -> Announcement {
    Announcement {
        detail_type: "Pipeline Due".into(),
        detail: json!({ "pipeline": pipeline, "stage": stage, "owner": stage.owner() }),
    }
}

/// Something happened that people or rules of theirs may want to know ("Upload Accepted", "Run Promoted", …).
pub fn happened(detail_type: &str, detail: Value) -> Announcement {
    Announcement {
        detail_type: detail_type.to_owned(),
        detail,
    }
}

/// "Object Found": the bucket holds a version that no event announced. `ingest` takes it as it takes an S3 event.
pub fn object_found(key: &str, version: &str, size: u64) -> Announcement {
    Announcement {
        detail_type: "Object Found".into(),
        detail: json!({ "object": { "key": key, "version-id": version, "size": size } }),
    }
}

/// "Object Missing": a known object is not in the bucket any more, and no event said so.
pub fn object_missing(key: &str) -> Announcement {
    Announcement {
        detail_type: "Object Missing".into(),
        detail: json!({ "object": { "key": key } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_and_request_finds_its_function_and_news_go_to_nobody() {
        let pipeline = PipelineName::parse("p").expect("valid");
        let run = RunId::from_parts(5, 6);
        for stage in Stage::ALL {
            for said in [
                run_due(&pipeline, &run, stage),
                pipeline_due(&pipeline, stage),
            ] {
                assert_eq!(
                    recipient(&said.detail_type, &said.detail),
                    Some(stage.owner())
                );
            }
        }
        for (request, owner) in [
            (
                Request::Start {
                    pipeline: pipeline.clone(),
                },
                Function::Train,
            ),
            (
                Request::Cancel {
                    pipeline: pipeline.clone(),
                    run: run.clone(),
                },
                Function::Train,
            ),
            (
                Request::Pause {
                    pipeline: pipeline.clone(),
                },
                Function::Train,
            ),
            (
                Request::Resume {
                    pipeline: pipeline.clone(),
                },
                Function::Train,
            ),
            (
                Request::Release {
                    pipeline: pipeline.clone(),
                },
                Function::Train,
            ),
            (
                Request::Approve {
                    pipeline: pipeline.clone(),
                    run,
                },
                Function::Promote,
            ),
            (
                Request::Rollback {
                    pipeline,
                    to: None,
                    from: None,
                },
                Function::Promote,
            ),
            (Request::Cleanup {}, Function::Cleanup),
            (Request::Sync {}, Function::Reconcile),
        ] {
            let said = request.announcement();
            assert_eq!(
                recipient(&said.detail_type, &said.detail),
                Some(owner),
                "{said:?}"
            );
        }
        let found = object_found("data/p/a", "v", 1);
        assert_eq!(
            recipient(&found.detail_type, &found.detail),
            Some(Function::Ingest)
        );
        assert_eq!(recipient("Run Promoted", &json!({})), None);
        assert_eq!(recipient("Run Due", &json!({ "stage": "none" })), None);
    }

    #[test]
    fn a_request_survives_the_bus() {
        let pipeline = PipelineName::parse("p").expect("valid");
        let run = RunId::from_parts(5, 6);
        for request in [
            Request::Start {
                pipeline: pipeline.clone(),
            },
            Request::Approve {
                pipeline: pipeline.clone(),
                run: run.clone(),
            },
            Request::Rollback {
                pipeline,
                to: Some(run.clone()),
                from: Some(run),
            },
            Request::Sync {},
        ] {
            let said = request.announcement();
            let heard: Request = serde_json::from_value(said.detail).expect("same form");
            assert_eq!(heard, request);
        }
    }
}
