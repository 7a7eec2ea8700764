//! Amazon SageMaker AI's training jobs, over awsJson1_1: created, followed, stopped, listed, tagged.
//!
//! A job really learns (`learn`), and what it writes where depends on what it trains (`Trainer`).

mod artifacts;
mod create;
mod job;
mod learn;
mod list;
mod progress;
mod read;
mod request;
mod tags;
mod trainer;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

pub(crate) use artifacts::{Checkpoint, read_folder};
pub(crate) use job::TrainingJob;
pub(crate) use progress::advance;

use crate::{
    error::AwsError,
    operation::{Call, Route},
    services::Described,
    wire::{self, Routed},
};

/// Every operation.
pub(crate) static ROUTES: [Route; 6] = [
    Route::to::<request::CreateTrainingJob>(),
    Route::to::<read::DescribeTrainingJob>(),
    Route::to::<read::StopTrainingJob>(),
    Route::to::<list::ListTrainingJobs>(),
    Route::to::<tags::AddTags>(),
    Route::to::<tags::ListTags>(),
];

pub(crate) fn read(request: &Request<Bytes>) -> Result<Routed, AwsError> {
    let name = wire::target(request, "SageMaker").unwrap_or("(no target)");
    let route = Route::named(&ROUTES, name)
        .ok_or_else(|| AwsError::unknown_operation(format!("sagemaker:{name}")))?;
    Ok(Routed {
        route,
        parameters: Value::Object(wire::json_body(request.body())?),
    })
}

/// The ARN and the tags of a training job by its name or ARN; `None` if there is none.
pub(crate) fn described(identifier: &str, call: &Call<'_>) -> Result<Option<Described>, AwsError> {
    let name = identifier.rsplit('/').next().unwrap_or(identifier);
    let found: Option<TrainingJob> = call.tx.get(name)?;
    Ok(found.map(|job| Described {
        arn: job.arn,
        tags: job
            .tags
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect(),
    }))
}
