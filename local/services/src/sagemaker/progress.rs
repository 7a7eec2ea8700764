//! How a training job moves on in time, and the events of each change.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::job::{Fate, Secondary, Status, TrainingJob, Transition};
use crate::{
    error::AwsError,
    events::{Event, iso_time},
    faults,
    operation::Call,
    store::StoreError,
};

/// Moves every job on to the call's time.
pub(crate) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for mut job in call.tx.advancing::<TrainingJob>()? {
        let mut moved = false;
        while job.runs() && job.next(call.now) {
            job.take_step(call)?;
            moved = true;
        }
        if moved {
            call.tx.put(&job)?;
        }
    }
    Ok(())
}

impl TrainingJob {
    /// Whether something happens by now.
    fn next(&self, now: Timestamp) -> bool {
        let limit = self.limit().map_or(Timestamp::MAX, |(at, _)| at);
        self.due.min(limit) <= now
    }

    /// When its time is over, and what it is then: the time of training, and on spot instances the time since its creation.
    fn limit(&self) -> Option<(Timestamp, Secondary)> {
        let stopping = self.request.stopping_condition.as_ref()?;
        if self.status == Status::Stopping {
            return None;
        }
        let after = |from: Timestamp, seconds: i64| {
            let span = SignedDuration::from_secs(seconds);
            from.saturating_add(span).unwrap_or(Timestamp::MAX)
        };
        let runs = stopping.max_runtime_in_seconds.unwrap_or(24 * 3600);
        let runs = self
            .started
            .map(|started| (after(started, runs), Secondary::MaxRuntimeExceeded));
        let waits = stopping
            .max_wait_time_in_seconds
            .map(|wait| (after(self.created, wait), Secondary::MaxWaitTimeExceeded));
        runs.into_iter().chain(waits).min_by_key(|(at, _)| *at)
    }

    /// What happens at the time at which the present status ends.
    fn take_step(&mut self, call: &mut Call<'_>) -> Result<(), AwsError> {
        if let Some((at, exceeded)) = self.limit().filter(|(at, _)| *at < self.due) {
            self.due = at;
            return self.end(Status::Stopped, exceeded, call);
        }
        let at = self.due;
        let pace = call.pace.training;
        match self.secondary() {
            Secondary::Starting => {
                self.started.get_or_insert(at);
                self.go_on(Secondary::Downloading, pace.end(at, 0, 10), call)
            }
            Secondary::Downloading => match self.learn(call)? {
                Ok((records, tokens)) => {
                    (self.records, self.tokens) = (records, tokens);
                    // With checkpoints, what was trained before the interruption is not trained again.
                    let resumes =
                        self.interruptions > 0 && self.request.checkpoint_config.is_some();
                    let percent = if resumes { 35 } else { 70 };
                    self.go_on(Secondary::Training, pace.end(at, records, percent), call)
                }
                Err(reason) => self.fail(reason, call),
            },
            Secondary::Training => {
                let spot = self.request.enable_managed_spot_training;
                if spot && faults::take(&mut call.faults.interrupt_training_jobs) {
                    self.interruptions += 1;
                    if let Err(reason) = self.keep_checkpoint(call) {
                        return self.fail(reason, call);
                    }
                    let due = call.pace.deletion.end(at, 0, 100);
                    return self.go_on(Secondary::Interrupted, due, call);
                }
                match self.fate.clone() {
                    Fate::Fail(reason) => self.fail(reason, call),
                    Fate::Train | Fate::Hang(_) => {
                        self.go_on(Secondary::Uploading, pace.end(at, self.records, 10), call)
                    }
                }
            }
            Secondary::Interrupted => self.go_on(Secondary::Starting, pace.end(at, 0, 10), call),
            Secondary::Uploading => match self.write_artifacts(call)? {
                Ok(()) => self.end(Status::Completed, Secondary::Completed, call),
                Err(reason) => self.fail(reason, call),
            },
            Secondary::Stopping => self.end(Status::Stopped, Secondary::Stopped, call),
            Secondary::Stopped
            | Secondary::MaxRuntimeExceeded
            | Secondary::MaxWaitTimeExceeded
            | Secondary::Completed
            | Secondary::Failed => Ok(()),
        }
    }

    /// The next secondary status begins where the present one ends.
    pub(super) fn go_on(
        &mut self,
        next: Secondary,
        due: Timestamp,
        call: &Call<'_>,
    ) -> Result<(), AwsError> {
        self.enter(next, self.due);
        self.due = if self.fate == Fate::Hang(next) {
            Timestamp::MAX
        } else {
            due
        };
        Ok(self.announce(call)?)
    }

    pub(super) fn enter(&mut self, next: Secondary, at: Timestamp) {
        if let Some(last) = self.transitions.last_mut() {
            last.end = Some(at);
        }
        self.transitions.push(Transition {
            status: next,
            start: at,
            end: None,
        });
        self.modified = at;
    }

    fn fail(&mut self, reason: String, call: &mut Call<'_>) -> Result<(), AwsError> {
        // As the model has it: at most 1024 characters.
        self.failure_reason = Some(reason.chars().take(1024).collect());
        self.end(Status::Failed, Secondary::Failed, call)
    }

    fn end(
        &mut self,
        status: Status,
        secondary: Secondary,
        call: &mut Call<'_>,
    ) -> Result<(), AwsError> {
        self.enter(secondary, self.due);
        if let Some(last) = self.transitions.last_mut() {
            last.end = Some(self.due);
        }
        self.status = status;
        self.ended = Some(self.due);
        call.learners.forget(&self.learner_key())?;
        // Several events for one change are possible: here the end is always told twice.
        self.announce(call)?;
        Ok(self.announce(call)?)
    }

    /// Sends "SageMaker Training Job State Change"; its times are milliseconds since 1970, as texts.
    pub(super) fn announce(&self, call: &Call<'_>) -> Result<(), StoreError> {
        let millis = |at: Timestamp| Value::String(at.as_millisecond().to_string());
        let request = &self.request;
        let tags: serde_json::Map<String, Value> = self
            .tags
            .iter()
            .map(|tag| (tag.key.clone(), Value::String(tag.value.clone())))
            .collect();
        let mut detail = json!({
            "TrainingJobName": self.name(),
            "TrainingJobArn": self.arn,
            "TrainingJobStatus": self.status,
            "SecondaryStatus": self.secondary(),
            "HyperParameters": request.hyper_parameters,
            "RoleArn": request.role_arn,
            "InputDataConfig": request.input_data_config,
            "OutputDataConfig": request.output_data_config,
            "CreationTime": millis(self.created),
            "LastModifiedTime": millis(self.modified),
            "SecondaryStatusTransitions": self.history(millis),
            "Tags": tags,
        });
        let members = [
            (
                "AlgorithmSpecification",
                json!(request.algorithm_specification),
            ),
            ("ResourceConfig", json!(request.resource_config)),
            ("VpcConfig", json!(request.vpc_config)),
            ("StoppingCondition", json!(request.stopping_condition)),
            ("ServerlessJobConfig", json!(request.serverless_job_config)),
            ("FailureReason", json!(self.failure_reason)),
            ("TrainingStartTime", json!(self.started.map(millis))),
            ("TrainingEndTime", json!(self.ended.map(millis))),
        ];
        for (name, member) in members {
            if !member.is_null() {
                detail[name] = member;
            }
        }
        let event = Event {
            source: "aws.sagemaker",
            detail_type: "SageMaker Training Job State Change",
            time: iso_time(self.modified),
            resources: vec![self.arn.clone()],
            detail,
        };
        event.send(call).map(|_| ())
    }
}
