//! A configuration came, changed or went: it takes effect for the next run, or the last good one stays in force.

use perennial_core::announcement::{Announcement, Stage, object_found, pipeline_due};
use perennial_core::config::Config;
use perennial_core::imported::keeps_too_many;
use perennial_core::keys::Key;
use perennial_core::manifest::{compile_digest, stale_earlier};
use perennial_core::names::PipelineName;
use perennial_core::pipeline::{ConfigInForce, Pipeline, PipelineEvent};
use perennial_core::prices::serving;
use perennial_core::routing::{Route, route};
use perennial_core::upload::{UploadStatus, fixed_width, is_older};
use perennial_engine::records::{self, Stored};
use perennial_engine::{EngineError, pipelines, reports};
use perennial_ports::objects::read_all;
use perennial_ports::{ErrorKind, ObjectInfo, PortError};
use serde::Serialize;

use crate::contention::Tries;
use crate::{ObjectEvent, Ports};
use perennial_engine::time_left::TimeLeft;

/// What `Config::parse` accepts at most; one byte more is read, so that it can say so.
const LIMIT: usize = 64 * 1024 + 1;

#[derive(Serialize)]
struct Report {
    key: String,
    version: String,
    status: &'static str,
    message: String,
}

/// A save is tried so often when others keep writing to the pipeline first.
const TRIES: u32 = 40;

pub(crate) async fn take(
    ports: &Ports,
    pipeline: &PipelineName,
    event: &ObjectEvent,
    time: TimeLeft,
) -> Result<(), EngineError> {
    let mut tries = Tries::new(ports, &event.key, TRIES, time);
    while tries.next().await {
        if try_once(ports, pipeline, event).await? {
            return Ok(());
        }
    }
    Err(tries.used_up(Key::pipeline(pipeline)))
}

/// False: the pipeline was changed meanwhile. Found by listing, a version has no place in S3's order, so what is saved must
/// rest on the pipeline as it was read before the bucket was asked; otherwise an older version could replace a newer one.
async fn try_once(
    ports: &Ports,
    pipeline: &PipelineName,
    event: &ObjectEvent,
) -> Result<bool, EngineError> {
    let desk = &ports.desk;
    let known = records::pipeline(desk.table.as_ref(), pipeline).await?;
    let known_sequencer = known
        .as_ref()
        .map(|known| known.record.config_sequencer.clone())
        .unwrap_or_default();
    let Some(current) = ports.read.head(&event.key).await? else {
        let Some(known) = known else {
            return Ok(true);
        };
        let error = match known.record.config {
            Some(_) => format!(
                "{} was deleted. `perennial pause {pipeline}` stops new runs",
                event.key
            ),
            None => format!("{} was deleted", event.key),
        };
        if known.record.config_error.as_deref() == Some(&error) {
            return Ok(true);
        }
        return reject(ports, &known, event, "", known_sequencer, error).await;
    };
    let sequencer = match &event.sequencer {
        Some(sequencer) if current.version == event.version => fixed_width(sequencer),
        _ => known_sequencer.clone(),
    };
    if is_older(&sequencer, &known_sequencer) {
        return Ok(true);
    }
    let known = known.unwrap_or_else(|| Stored::new(Pipeline::new(pipeline.clone())));
    let in_force = known.record.config.as_ref();
    let unchanged = in_force.is_some_and(|config| config.version == current.version);
    if !unchanged {
        match check(ports, &current).await? {
            Err(error) => {
                return reject(ports, &known, event, &current.version, sequencer, error).await;
            }
            Ok((config, route)) => {
                let in_force = ConfigInForce {
                    config: config.clone(),
                    version: current.version.clone(),
                    sequencer,
                };
                let event = PipelineEvent::Configured(Box::new(in_force));
                match pipelines::change_as_seen(desk, &known, &event).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(EngineError::Refused(_)) => return Ok(true),
                    Err(error) => return Err(error),
                }
                let before = match &route.first {
                    Some(first) => {
                        let folders = first.folders(pipeline.as_str());
                        format!("{} on {folders}, then ", first.technique)
                    }
                    None => String::new(),
                };
                let mut message = format!(
                    "in force for the next run: {before}{} of {} in {}",
                    route.technique, route.base_name, route.region
                );
                if !route.is_scored() {
                    message.push_str("\nnot scored, as it makes pictures: a person approves");
                }
                if let Ok(Some(price)) = serving(&route.base_model, route.serving, &config.budget) {
                    message.push_str(&format!("\nserved by {price}"));
                    message.push_str(&format!("\n{MODEL_UNITS}"));
                }
                report(ports, pipeline, &current, "accepted", message).await?;
            }
        }
    }
    wake(ports, pipeline).await?;
    Ok(true)
}

/// Bedrock has no call that tells how many are free.
const MODEL_UNITS: &str = "before the first run: see in Service Quotas (Amazon Bedrock) that the account's quota of model units holds \
                           it. Most accounts have none, Perennial cannot look it up, and the training job is paid for before the \
                           throughput is bought";

/// Parses and routes: what cannot be trained is refused when the configuration arrives, before any money is spent.
async fn check(
    ports: &Ports,
    current: &ObjectInfo,
) -> Result<Result<(Config, Route), String>, EngineError> {
    let body = match read_all(
        ports.read.as_ref(),
        &current.key,
        Some(&current.version),
        LIMIT,
    )
    .await
    {
        Ok(body) => body,
        Err(PortError {
            kind: ErrorKind::Invalid,
            message,
            ..
        }) => return Ok(Err(message)),
        Err(error) => return Err(error.into()),
    };
    let Ok(text) = String::from_utf8(body) else {
        return Ok(Err(format!(
            "{} is not UTF-8 text; save it as UTF-8",
            current.key
        )));
    };
    let config = match Config::parse(&text) {
        Ok(config) => config,
        Err(errors) => return Ok(Err(errors.to_string())),
    };
    match route(&config, &ports.desk.settings.region) {
        Ok(route) => {
            let quota = ports.desk.settings.imported_models;
            match keeps_too_many(&config, &route.trainer, quota) {
                Some(error) => Ok(Err(error)),
                None => Ok(Ok((config, route))),
            }
        }
        Err(error) => Ok(Err(error.to_string())),
    }
}

async fn reject(
    ports: &Ports,
    known: &Stored<Pipeline>,
    event: &ObjectEvent,
    version: &str,
    sequencer: String,
    error: String,
) -> Result<bool, EngineError> {
    let change = PipelineEvent::Misconfigured {
        error: error.clone(),
        version: version.to_owned(),
        sequencer,
    };
    match pipelines::change_as_seen(&ports.desk, known, &change).await {
        Ok(true) => {}
        Ok(false) => return Ok(false),
        Err(EngineError::Refused(_)) => return Ok(true),
        Err(error) => return Err(error),
    }
    let stays = match known.record.config {
        Some(_) => "The last good configuration stays in force.",
        None => "There is no good configuration yet, so uploads wait.",
    };
    let info = ObjectInfo {
        key: event.key.clone(),
        version: version.to_owned(),
        size: 0,
        modified: ports.desk.now(),
        tag: String::new(),
    };
    let message = format!("{error}\n{stays}");
    report(ports, &known.record.name, &info, "rejected", message).await?;
    Ok(true)
}

async fn report(
    ports: &Ports,
    pipeline: &PipelineName,
    info: &ObjectInfo,
    status: &'static str,
    message: String,
) -> Result<(), EngineError> {
    let text = format!(
        "{status}: {}\nversion {}\n{message}\n",
        info.key, info.version
    );
    let report = Report {
        key: info.key.clone(),
        version: info.version.clone(),
        status,
        message,
    };
    let key = reports::configuration_report(pipeline.as_str());
    reports::write(ports.write.as_ref(), &key, text, &report).await?;
    Ok(())
}

/// Uploads that waited, that were compiled for another model, or that `[data] from` now speaks otherwise of, are taken up again from
/// their originals.
async fn wake(ports: &Ports, pipeline: &PipelineName) -> Result<(), EngineError> {
    let desk = &ports.desk;
    let Some(stored) = records::pipeline(desk.table.as_ref(), pipeline).await? else {
        return Ok(());
    };
    let Some(in_force) = &stored.record.config else {
        return Ok(());
    };
    let Ok(route) = route(&in_force.config, &desk.settings.region) else {
        return Ok(());
    };
    let mut say: Vec<Announcement> = Vec::new();
    for upload in records::uploads(desk.table.as_ref(), pipeline).await? {
        let upload = upload.record;
        let digest = compile_digest(&route, upload.kind, &upload.key);
        let stale = upload
            .shard
            .as_ref()
            .is_some_and(|shard| shard.needs_compiling(&digest))
            || stale_earlier(&upload, &stored.record.quarantine, &digest).is_some();
        // `from` has changed: what it does not take goes, what it takes comes back.
        let takes = in_force.config.data.takes(&upload.key);
        let again = match upload.status {
            UploadStatus::Waiting => true,
            UploadStatus::Withdrawn => false,
            UploadStatus::Outside => takes,
            UploadStatus::Accepted | UploadStatus::Rejected => stale || !takes,
        };
        if again {
            say.push(object_found(&upload.key, &upload.version, 0));
        }
    }
    say.push(pipeline_due(pipeline, Stage::Collecting));
    desk.announce.announce(&say).await?;
    Ok(())
}
