//! One version of one object: validated and compiled in one pass, accepted in one transaction.

use bytes::Bytes;
use perennial_core::announcement::{Announcement, happened, object_found};
use perennial_core::keys::{Key, hex};
use perennial_core::manifest::{compile_digest, is_quarantined, shard_key};
use perennial_core::names::PipelineName;
use perennial_core::pipeline::{Pipeline, PipelineEvent};
use perennial_core::routing::{Route, route};
use perennial_core::upload::{Shard, Upload, UploadKind, UploadStatus, fixed_width, is_stale};
use perennial_dataset::{Compiler, Purpose, Summary};
use perennial_engine::records::{self, Stored};
use perennial_engine::reports::{self, UploadReport};
use perennial_engine::{EngineError, pipelines};
use perennial_ports::objects::read_all;
use perennial_ports::{ErrorKind, ObjectInfo, Write};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{ObjectEvent, Ports};

/// A save is tried so often when others keep writing to the pipeline first.
const TRIES: u32 = 60;
/// A report lists 100 findings at most, so it stays far below this.
const REPORT_LIMIT: usize = 16 << 20;

pub(crate) async fn take(
    ports: &Ports,
    pipeline: &PipelineName,
    kind: UploadKind,
    event: &ObjectEvent,
    current: &ObjectInfo,
) -> Result<(), EngineError> {
    for _ in 0..TRIES {
        if try_once(ports, pipeline, kind, event, current).await? == Taken::Yes {
            return Ok(());
        }
    }
    let key = Key::upload(pipeline, &event.key);
    Err(EngineError::Contended { key, times: TRIES })
}

#[derive(PartialEq)]
enum Taken {
    Yes,
    /// Others wrote first.
    LookAgain,
}

async fn try_once(
    ports: &Ports,
    pipeline: &PipelineName,
    kind: UploadKind,
    event: &ObjectEvent,
    current: &ObjectInfo,
) -> Result<Taken, EngineError> {
    let table = ports.desk.table.as_ref();
    let known = records::upload(table, pipeline, &event.key).await?;
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
    let digest = compile_digest(&route, kind);
    let done = known
        .as_ref()
        .is_some_and(|known| is_done(&known.record, &current.version, &digest));
    if done && is_reported(ports, &upload).await? {
        return Ok(Taken::Yes);
    }
    match compile(ports, &route, &upload, &digest).await? {
        Compiled::Gone => {}
        Compiled::Done(summary, shard) if summary.is_accepted() => {
            accept(ports, upload, shard, summary).await?;
        }
        Compiled::Done(summary, _) => reject(ports, upload, summary).await?,
    }
    Ok(Taken::Yes)
}

/// Whether this version was taken up already for this model: delivered twice, it is done once.
fn is_done(known: &Upload, version: &str, digest: &str) -> bool {
    known.version == version
        && match known.status {
            UploadStatus::Accepted => known
                .shard
                .as_ref()
                .is_some_and(|shard| shard.version == version && shard.compile_digest == digest),
            UploadStatus::Rejected => known
                .shard
                .as_ref()
                .is_none_or(|shard| shard.compile_digest == digest),
            UploadStatus::Waiting | UploadStatus::Withdrawn => false,
        }
}

/// Whether the report on this version is written: it is the last step, so a crash before it leaves it out.
async fn is_reported(ports: &Ports, upload: &Upload) -> Result<bool, EngineError> {
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
fn current_route(ports: &Ports, pipeline: &Pipeline) -> Option<Route> {
    let in_force = pipeline.config.as_ref()?;
    route(&in_force.config, &ports.desk.settings.region).ok()
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
            report(ports, &upload, "waiting", message, Vec::new(), None).await?;
            Ok(Taken::Yes)
        }
        Err(error) if error.is_conflict() => Ok(Taken::LookAgain),
        Err(error) => Err(error),
    }
}

enum Compiled {
    /// The version was deleted meanwhile.
    Gone,
    Done(Box<Summary>, Shard),
}

async fn compile(
    ports: &Ports,
    route: &Route,
    upload: &Upload,
    digest: &str,
) -> Result<Compiled, EngineError> {
    let purpose = match upload.kind {
        UploadKind::Training => Purpose::Training(route.limits.clone()),
        UploadKind::Evaluation => Purpose::Evaluation,
    };
    let mut compiler = Compiler::new(&upload.key, purpose);
    let mut stream = match ports.read.open(&upload.key, Some(&upload.version)).await {
        Ok(stream) => stream,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Compiled::Gone),
        Err(error) => return Err(error.into()),
    };
    let key = shard_key(
        &upload.pipeline,
        upload.kind,
        digest,
        &upload.key,
        &upload.version,
    );
    let mut sink = ports.write.create(&key, "application/x-ndjson").await?;
    let mut out = Vec::new();
    let mut content = Sha256::new();
    let mut failed = None;
    while !compiler.is_hopeless() {
        match stream.next().await {
            Ok(Some(chunk)) => compiler.push(&chunk, &mut out),
            Ok(None) => break,
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
        if out.len() >= 1 << 20 {
            content.update(&out);
            if let Err(error) = sink.write(Bytes::from(std::mem::take(&mut out))).await {
                failed = Some(error);
                break;
            }
        }
    }
    if let Some(error) = failed {
        sink.abort().await;
        return Err(error.into());
    }
    let summary = compiler.finish(&mut out);
    content.update(&out);
    if summary.is_accepted() {
        if !out.is_empty() {
            sink.write(Bytes::from(out)).await?;
        }
        sink.finish().await?;
    } else {
        sink.abort().await;
    }
    let shard = Shard {
        version: upload.version.clone(),
        compile_digest: digest.to_owned(),
        key,
        content: hex(&content.finalize()[..16]),
        records: summary.records,
        tokens: summary.tokens_estimate,
        sequence: 0,
        accepted_at: ports.desk.now(),
    };
    Ok(Compiled::Done(Box::new(summary), shard))
}

/// Shard, pipeline sequence and due time in one transaction.
async fn accept(
    ports: &Ports,
    upload: Upload,
    shard: Shard,
    summary: Box<Summary>,
) -> Result<(), EngineError> {
    let desk = &ports.desk;
    for _ in 0..TRIES {
        let known = records::upload(desk.table.as_ref(), &upload.pipeline, &upload.key).await?;
        if is_stale(
            known.as_ref().map(|known| &known.record),
            sequencer(&upload),
        ) {
            return Ok(());
        }
        if let Some(known) = known
            .as_ref()
            .filter(|known| is_done(&known.record, &upload.version, &shard.compile_digest))
        {
            let message = format!("{} records are in", shard.records);
            report(
                ports,
                &known.record,
                "accepted",
                message,
                Vec::new(),
                Some(*summary),
            )
            .await?;
            desk.announce
                .announce(&[accepted_event(&known.record, shard.records)])
                .await?;
            return Ok(());
        }
        let replaces = known.as_ref().and_then(|known| known.record.shard.as_ref());
        if let Some(old) =
            replaces.filter(|old| !old.content.is_empty() && old.content == shard.content)
        {
            if keep_unchanged(ports, &upload, known.as_ref(), old, &shard, &summary).await? {
                return Ok(());
            }
            continue;
        }
        let recompiled = replaces.filter(|old| old.version == shard.version);
        let event = match recompiled {
            Some(old) => PipelineEvent::Recompiled {
                kind: upload.kind,
                records: shard.records,
                before: old.records,
                sequence: old.sequence,
            },
            None => PipelineEvent::Accepted {
                kind: upload.kind,
                records: shard.records,
                replaces: replaces.map(|shard| (shard.records, shard.sequence)),
            },
        };
        let replaced = replaces.is_some_and(|old| old.version != shard.version);
        let (write, mut say, pipeline) = pipelines::apply(desk, &upload.pipeline, &event).await?;
        let mut accepted = upload.clone();
        accepted.status = UploadStatus::Accepted;
        accepted.earlier = known
            .as_ref()
            .and_then(|known| earlier(&known.record, &shard, &pipeline));
        // Compiled anew, an upload keeps its place: its quarantine, and its age for `use = "last:…"`.
        accepted.shard = Some(Shard {
            sequence: recompiled.map_or(pipeline.sequence, |old| old.sequence),
            accepted_at: recompiled.map_or(shard.accepted_at, |old| old.accepted_at),
            ..shard.clone()
        });
        let stored = Stored {
            record: accepted,
            version: known.map_or(0, |known| known.version),
        };
        match desk
            .table
            .transact(vec![write, records::put_upload(&stored)])
            .await
            .map_err(EngineError::from)
        {
            Ok(()) => {
                let mut notes = Vec::new();
                if replaced {
                    notes.push("it replaces the earlier version in every later dataset".to_owned());
                }
                let message = format!(
                    "{} records are in; {}",
                    shard.records,
                    progress(&pipeline, desk.now())
                );
                report(ports, &upload, "accepted", message, notes, Some(*summary)).await?;
                say.push(accepted_event(&upload, shard.records));
                let now = current_route(ports, &pipeline)
                    .map(|route| compile_digest(&route, upload.kind));
                if now.as_ref() != Some(&shard.compile_digest) {
                    // The configuration changed while this was compiled for the one before.
                    say.push(object_found(&upload.key, &upload.version, 0));
                }
                desk.announce.announce(&say).await?;
                return Ok(());
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    let key = Key::pipeline(&upload.pipeline);
    Err(EngineError::Contended { key, times: TRIES })
}

/// The same records under the same name again: nothing new, and no reason for a run. False if others wrote first.
async fn keep_unchanged(
    ports: &Ports,
    upload: &Upload,
    known: Option<&Stored<Upload>>,
    old: &Shard,
    shard: &Shard,
    summary: &Summary,
) -> Result<bool, EngineError> {
    let mut same = upload.clone();
    same.status = UploadStatus::Accepted;
    same.shard = Some(Shard {
        version: shard.version.clone(),
        compile_digest: shard.compile_digest.clone(),
        key: shard.key.clone(),
        ..old.clone()
    });
    let stored = Stored {
        record: same,
        version: known.map_or(0, |known| known.version),
    };
    match ports
        .desk
        .table
        .transact(vec![records::put_upload(&stored)])
        .await
        .map_err(EngineError::from)
    {
        Ok(()) => {
            let message = "the same records as in the version before: nothing new".to_owned();
            report(
                ports,
                upload,
                "accepted",
                message,
                Vec::new(),
                Some(summary.clone()),
            )
            .await?;
            Ok(true)
        }
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the new shard replaces, as long as that is good to train on: the shard in force, or what that one replaced.
fn earlier(known: &Upload, shard: &Shard, pipeline: &Pipeline) -> Option<Shard> {
    let replaced = known
        .shard
        .as_ref()
        .filter(|old| old.version != shard.version);
    let candidates = [replaced, known.earlier.as_ref()];
    let good = |old: &&Shard| !is_quarantined(&pipeline.quarantine, old.sequence);
    candidates.into_iter().flatten().find(good).cloned()
}

fn accepted_event(upload: &Upload, records: u64) -> Announcement {
    let detail = json!({ "pipeline": upload.pipeline, "key": upload.key, "records": records });
    happened("Upload Accepted", detail)
}

fn sequencer(upload: &Upload) -> Option<&str> {
    (!upload.sequencer.is_empty()).then_some(upload.sequencer.as_str())
}

/// What is still missing for a run, in words.
fn progress(pipeline: &Pipeline, now: jiff::Timestamp) -> String {
    match perennial_core::pipeline::trigger(pipeline, now) {
        perennial_core::pipeline::Trigger::Open { because } => format!("a run is due: {because}"),
        perennial_core::pipeline::Trigger::Wait { missing, .. } => {
            format!("a run waits for: {}", missing.join("; "))
        }
    }
}

async fn reject(
    ports: &Ports,
    mut upload: Upload,
    summary: Box<Summary>,
) -> Result<(), EngineError> {
    let desk = &ports.desk;
    for _ in 0..TRIES {
        let known = records::upload(desk.table.as_ref(), &upload.pipeline, &upload.key).await?;
        if is_stale(
            known.as_ref().map(|known| &known.record),
            sequencer(&upload),
        ) {
            return Ok(());
        }
        upload.status = UploadStatus::Rejected;
        upload.shard = known.as_ref().and_then(|known| known.record.shard.clone());
        let stays = upload.shard.clone();
        let stored = Stored {
            record: upload.clone(),
            version: known.map_or(0, |known| known.version),
        };
        match desk
            .table
            .transact(vec![records::put_upload(&stored)])
            .await
            .map_err(EngineError::from)
        {
            Ok(()) => {
                let mut notes = Vec::new();
                if let Some(shard) = stays {
                    notes.push(format!(
                        "the earlier version {} ({} records) stays in force",
                        shard.version, shard.records
                    ));
                }
                let message = format!(
                    "{} errors; nothing of this version is used. Mend the file and upload it again under the same name",
                    summary.errors
                );
                let errors = summary.errors;
                report(ports, &upload, "rejected", message, notes, Some(*summary)).await?;
                let detail = json!({
                    "pipeline": upload.pipeline,
                    "key": upload.key,
                    "errors": errors,
                    "report": upload.report,
                });
                desk.announce
                    .announce(&[happened("Upload Rejected", detail)])
                    .await?;
                return Ok(());
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    let key = Key::upload(&upload.pipeline, &upload.key);
    Err(EngineError::Contended { key, times: TRIES })
}

async fn report(
    ports: &Ports,
    upload: &Upload,
    status: &'static str,
    message: String,
    notes: Vec<String>,
    summary: Option<Summary>,
) -> Result<(), EngineError> {
    let key = reports::upload_report(upload.pipeline.as_str(), &upload.key);
    let report = UploadReport {
        key: upload.key.clone(),
        version: upload.version.clone(),
        status,
        message,
        notes,
        summary,
    };
    reports::write(ports.write.as_ref(), &key, report.to_text(), &report).await?;
    Ok(())
}
