//! How a customization job moves on in time, and the event of each change.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;

use super::job::{CustomizationJob, Fate, Metrics, Status, StepName, StepStatus};
use crate::{
    bedrock::models::CustomModel,
    error::AwsError,
    events::{Event, iso_time},
    objects::split_uri,
    operation::Call,
    store::StoreError,
};

/// Moves every job on to the call's time.
pub(in crate::bedrock) fn advance(call: &mut Call<'_>) -> Result<(), AwsError> {
    for mut job in call.tx.advancing::<CustomizationJob>()? {
        let mut moved = false;
        while job.runs() && job.due <= call.now {
            job.take_step(call)?;
            moved = true;
        }
        if moved {
            call.tx.put(&job)?;
        }
    }
    Ok(())
}

impl CustomizationJob {
    /// What happens at the time at which the present step ends.
    fn take_step(&mut self, call: &mut Call<'_>) -> Result<(), AwsError> {
        let at = self.due;
        self.modified = at;
        if self.status == Status::Stopping {
            self.details
                .turn(StepStatus::Stopping, StepStatus::Stopped, at);
            return self.end(Status::Stopped, at, call);
        }
        match self.step {
            StepName::Validation => match self.train(call)? {
                Ok(records) => {
                    self.records = records;
                    self.go_on(
                        StepName::DataProcessing,
                        call.pace.training.end(at, records, 20),
                    );
                    Ok(())
                }
                Err(message) => self.fail(message, at, call),
            },
            StepName::DataProcessing if self.fate == Fate::Hang => {
                self.details
                    .turn(StepStatus::InProgress, StepStatus::Completed, at);
                self.due = Timestamp::MAX;
                Ok(())
            }
            StepName::DataProcessing => {
                self.go_on(
                    StepName::Training,
                    call.pace.training.end(at, self.records, 70),
                );
                Ok(())
            }
            StepName::Training => match self.fate.clone() {
                Fate::Fail(message) => self.fail(message, at, call),
                Fate::Train | Fate::Hang => self.complete(at, call),
            },
        }
    }

    fn go_on(&mut self, next: StepName, due: Timestamp) {
        let at = self.due;
        self.details.step(self.step).status = StepStatus::Completed;
        self.details.step(self.step).last_modified_time = at;
        self.details.step(next).status = StepStatus::InProgress;
        self.details.step(next).last_modified_time = at;
        self.step = next;
        self.due = due;
    }

    fn complete(&mut self, at: Timestamp, call: &mut Call<'_>) -> Result<(), AwsError> {
        self.go_on(StepName::Training, at);
        self.details
            .turn(StepStatus::InProgress, StepStatus::Completed, at);
        let metrics = self.metrics();
        let (bucket, prefix) =
            split_uri(&self.request.output_data_config.s3_uri).unwrap_or_default();
        let id = self.arn.rsplit('/').next().unwrap_or_default();
        let folder = format!(
            "{}/model-customization-job-{id}/training_artifacts",
            prefix.trim_end_matches('/')
        );
        let key = format!("{folder}/step_wise_training_metrics.csv");
        let csv = format!(
            "step_number,epoch_number,training_loss\n1,1,{}\n",
            metrics.training_loss
        );
        if let Err(error) =
            call.objects
                .write(bucket, key.trim_start_matches('/'), Bytes::from(csv))
        {
            return self.fail(
                format!("The output cannot be written to s3://{bucket}/{key}: {error}."),
                at,
                call,
            );
        }
        call.tx.put(&CustomModel::made_by(self, at, metrics))?;
        self.end(Status::Completed, at, call)
    }

    /// A figure that falls with more records and more epochs, as a loss does.
    pub(super) fn metrics(&self) -> Metrics {
        let epochs = self
            .hyper_parameters()
            .get("epochCount")
            .and_then(|text| text.parse().ok())
            .unwrap_or(2.0_f64);
        Metrics {
            training_loss: 2.0 / (1.0 + (self.records as f64).ln_1p() * epochs),
        }
    }

    fn fail(
        &mut self,
        message: String,
        at: Timestamp,
        call: &mut Call<'_>,
    ) -> Result<(), AwsError> {
        self.details
            .turn(StepStatus::InProgress, StepStatus::Failed, at);
        self.failure_message = Some(message);
        self.end(Status::Failed, at, call)
    }

    fn end(&mut self, status: Status, at: Timestamp, call: &mut Call<'_>) -> Result<(), AwsError> {
        self.status = status;
        self.ended = Some(at);
        if status != Status::Completed {
            call.learners.forget(&self.model_arn)?;
        }
        Ok(self.announce(call)?)
    }

    /// Sends "Model Customization Job State Change".
    pub(super) fn announce(&self, call: &Call<'_>) -> Result<(), StoreError> {
        let request = &self.request;
        let mut detail = json!({
            "version": "0.0",
            "jobName": request.job_name,
            "jobArn": self.arn,
            "outputModelName": request.custom_model_name,
            "outputModelArn": self.model_arn,
            "roleArn": request.role_arn,
            "jobStatus": self.status,
            "creationTime": iso_time(self.created),
            "lastModifiedTime": iso_time(self.modified),
            "baseModelArn": self.base_model_arn,
            "hyperParameters": request.hyper_parameters,
            "trainingDataConfig": request.training_data_config,
            "outputDataConfig": request.output_data_config,
        });
        if let Some(ended) = self.ended {
            detail["endTime"] = json!(iso_time(ended));
        }
        if let Some(message) = &self.failure_message {
            detail["failureMessage"] = json!(message);
        }
        let event = Event {
            source: "aws.bedrock",
            detail_type: "Model Customization Job State Change",
            time: iso_time(self.modified),
            resources: vec![self.arn.clone()],
            detail,
        };
        event.send(call).map(|_| ())
    }
}

impl CustomModel {
    fn made_by(job: &CustomizationJob, at: Timestamp, metrics: Metrics) -> Self {
        let request = job.request.clone();
        Self {
            arn: job.model_arn.clone(),
            name: request.custom_model_name,
            tags: request.custom_model_tags,
            technique: job.technique,
            customization_config: request.customization_config,
            job_arn: Some(job.arn.clone()),
            job_name: Some(request.job_name),
            base_model_arn: job.base_model_arn.clone(),
            foundation: job.foundation.clone(),
            full_rank: false,
            hyper_parameters: request.hyper_parameters,
            training_data_config: Some(request.training_data_config),
            validation_data_config: Some(request.validation_data_config.unwrap_or_default()),
            output_data_config: Some(request.output_data_config),
            metrics: Some(metrics),
            registration: None,
            created: at,
        }
    }
}
