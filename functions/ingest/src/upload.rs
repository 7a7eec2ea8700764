//! One version of one object: validated and compiled in one pass, accepted in one transaction.

use perennial_core::keys::Key;
use perennial_core::manifest::compile_digest;
use perennial_core::names::PipelineName;
use perennial_core::pipeline::Pipeline;
use perennial_core::prices::Estimate;
use perennial_core::routing::{Route, route};
use perennial_core::upload::{
    Upload, UploadKind, UploadStatus, fixed_width, is_folder_marker, is_stale,
};
use perennial_dataset::Summary;
use perennial_engine::EngineError;
use perennial_engine::records::{self, Stored};
use perennial_engine::reports::{self, UploadReport};
use perennial_ports::objects::read_all;
use perennial_ports::{ErrorKind, Write};

use crate::compile::{Compiled, compile};
use crate::contention::Tries;
use crate::earlier::{self, compile_anew};
use crate::verdict::{accept, reject};
use crate::{ObjectEvent, Ports, outside, withdraw};
use perennial_engine::time_left::TimeLeft;

/// A save is tried so often when others keep writing to the pipeline first.
pub(crate) const TRIES: u32 = 60;
/// A report lists 100 findings at most, so it stays far below this.
pub(crate) const REPORT_LIMIT: usize = 16 << 20;

pub(crate) async fn take(
    ports: &Ports,
    pipeline: &PipelineName,
    kind: UploadKind,
    event: &ObjectEvent,
    time: TimeLeft,
) -> Result<(), EngineError> {
    let mut tries = Tries::new(ports, &event.key, TRIES, time);
    while tries.next().await {
        match try_once(ports, pipeline, kind, event, time).await? {
            // Asked once more, after the record was written: a deletion that was taken up before found none to withdraw.
            Taken::Yes if ports.read.head(&event.key).await?.is_some() => return Ok(()),
            Taken::Yes | Taken::Gone => return withdraw::take(ports, pipeline, event, time).await,
            Taken::LookAgain => {}
        }
    }
    Err(tries.used_up(Key::upload(pipeline, &event.key)))
}

pub(crate) enum Taken {
    /// There is nothing left to write of it.
    Yes,
    /// There is no such object.
    Gone,
    /// Others wrote first.
    LookAgain,
}

async fn try_once(
    ports: &Ports,
    pipeline: &PipelineName,
    kind: UploadKind,
    event: &ObjectEvent,
    time: TimeLeft,
) -> Result<Taken, EngineError> {
    let table = ports.desk.table.as_ref();
    let known = records::upload(table, pipeline, &event.key).await?;
    // Asked after the record was read: what is saved in the end rests on both.
    let Some(current) = ports.read.head(&event.key).await? else {
        return Ok(Taken::Gone);
    };
    if is_folder_marker(&event.key, current.size) {
        return Ok(Taken::Yes);
    }
    let told = (current.version == event.version)
        .then_some(event.sequencer.as_deref())
        .flatten();
    if is_stale(known.as_ref().map(|known| &known.record), told) {
        return Ok(Taken::Yes);
    }
    let configured = records::pipeline(table, pipeline).await?;
    let route = configured
        .as_ref()
        .and_then(|stored| current_route(ports, &stored.record));
    let seen = known.as_ref().map_or(0, |known| known.version);
    let sequencer = match (told, &known) {
        (Some(told), _) => fixed_width(told),
        (None, Some(known)) => known.record.sequencer.clone(),
        (None, None) => String::new(),
    };
    let upload = Upload {
        pipeline: pipeline.clone(),
        key: event.key.clone(),
        kind,
        version: current.version.clone(),
        sequencer,
        in_order: told.is_some(),
        status: UploadStatus::Waiting,
        shard: known.as_ref().and_then(|known| known.record.shard.clone()),
        earlier: known
            .as_ref()
            .and_then(|known| known.record.earlier.clone()),
        report: Some(reports::upload_report(pipeline.as_str(), &event.key)),
        seen_at: ports.desk.now(),
    };
    let Some(route) = route else {
        return wait(ports, known, configured, upload).await;
    };
    if let Some(pipeline) = &configured
        && !takes(&pipeline.record, &upload.key)
    {
        return outside::leave(ports, known, pipeline, upload).await;
    }
    let digest = compile_digest(&route, kind, &upload.key);
    let stage = (kind == UploadKind::Training)
        .then(|| route.stage_words(&upload.key))
        .flatten();
    let route = route.of(&upload.key).into_owned();
    let holdout = configured
        .as_ref()
        .and_then(|stored| stored.record.config.as_ref())
        .map_or(0.0, |in_force| in_force.config.evaluation.holdout);
    let done = known.filter(|known| is_done(&known.record, &current.version, &digest));
    if let (Some(known), Some(pipeline)) = (done, &configured)
        && is_reported(ports, &upload).await?
    {
        return earlier::take_up(ports, &route, known, pipeline, (holdout, &digest), time).await;
    }
    match compile(ports, &route, &upload, current.size, holdout, &digest, time).await? {
        Compiled::Gone => Ok(Taken::Yes),
        Compiled::Shard(mut found, shard) => {
            found.notes.extend(stage);
            accept(ports, upload, shard, found, seen, time).await
        }
        Compiled::Bad(mut found) => {
            found.notes.extend(stage);
            let anew = compile_anew(ports, &route, &upload, holdout, &digest, time).await?;
            reject(ports, upload, found, anew, seen, &digest, time).await
        }
    }
}

/// Whether this version was taken up already for this model: delivered twice, it is done once.
pub(crate) fn is_done(known: &Upload, version: &str, digest: &str) -> bool {
    known.version == version
        && match known.status {
            UploadStatus::Accepted => known
                .shard
                .as_ref()
                .is_some_and(|shard| shard.version == version && shard.compile_digest == digest),
            UploadStatus::Rejected => known
                .shard
                .as_ref()
                .is_none_or(|shard| !shard.needs_compiling(digest)),
            UploadStatus::Waiting | UploadStatus::Withdrawn | UploadStatus::Outside => false,
        }
}

/// Whether the report on this version is written: it is the last step, so a crash before it leaves it out.
pub(crate) async fn is_reported(ports: &Ports, upload: &Upload) -> Result<bool, EngineError> {
    let key = format!(
        "{}.json",
        reports::upload_report(upload.pipeline.as_str(), &upload.key)
    );
    match read_all(ports.read.as_ref(), &key, None, REPORT_LIMIT).await {
        Ok(body) => Ok(serde_json::from_slice::<serde_json::Value>(&body)
            .is_ok_and(|report| report["version"] == upload.version.as_str())),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Who trains this pipeline's model now, if it has a good configuration.
pub(crate) fn current_route(ports: &Ports, pipeline: &Pipeline) -> Option<Route> {
    let in_force = pipeline.config.as_ref()?;
    route(&in_force.config, &ports.desk.settings.region).ok()
}

/// Whether the configuration in force takes an upload with this key ([`DataConfig::takes`]).
///
/// [`DataConfig::takes`]: perennial_core::config::DataConfig::takes
pub(crate) fn takes(pipeline: &Pipeline, key: &str) -> bool {
    let in_force = pipeline.config.as_ref();
    in_force.is_none_or(|in_force| in_force.config.data.takes(key))
}

/// Waits for a configuration. Saved only if the pipeline is as it was seen: a configuration that came meanwhile has listed
/// those that wait already, and would never come back to this one.
async fn wait(
    ports: &Ports,
    known: Option<Stored<Upload>>,
    seen: Option<Stored<Pipeline>>,
    upload: Upload,
) -> Result<Taken, EngineError> {
    let pipeline = upload.pipeline.clone();
    let message = format!(
        "kept, and waiting for a good configuration: upload pipelines/{pipeline}.toml (`perennial init {pipeline}` writes \
         one). Then it is validated without another upload"
    );
    let stored = Stored {
        record: upload.clone(),
        version: known.map_or(0, |known| known.version),
    };
    let pipeline = match seen {
        Some(seen) => Write::Check {
            key: Key::pipeline(&pipeline),
            expect: seen.expect(),
        },
        None => records::put_pipeline(&Stored::new(Pipeline::new(pipeline))),
    };
    let writes = vec![records::put_upload(&stored), pipeline];
    match ports
        .desk
        .table
        .transact(writes)
        .await
        .map_err(EngineError::from)
    {
        Ok(()) => {
            report(ports, &upload, "waiting", message, Vec::new(), None, None).await?;
            Ok(Taken::Yes)
        }
        Err(error) if error.is_conflict() => Ok(Taken::LookAgain),
        Err(error) => Err(error),
    }
}

pub(crate) async fn report(
    ports: &Ports,
    upload: &Upload,
    status: &'static str,
    message: String,
    notes: Vec<String>,
    summary: Option<Summary>,
    cost: Option<&Estimate>,
) -> Result<(), EngineError> {
    let report = UploadReport {
        key: upload.key.clone(),
        version: upload.version.clone(),
        status,
        message,
        notes,
        summary,
    };
    crate::report::write(ports, upload.pipeline.as_str(), &report, cost).await
}
