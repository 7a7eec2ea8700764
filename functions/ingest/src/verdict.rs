//! What becomes of a compiled upload: accepted in one transaction, kept as nothing new, or rejected with its report.

use perennial_core::announcement::{Announcement, happened, object_found};
use perennial_core::keys::Key;
use perennial_core::manifest::{compile_digest, replaced, stale_earlier};
use perennial_core::pipeline::{Pipeline, PipelineEvent};
use perennial_core::upload::{Shard, Standing, Upload, UploadStatus, standing};
use perennial_engine::records::{self, Stored};
use perennial_engine::{EngineError, pipelines};
use serde_json::json;

use crate::Ports;
use crate::compile::Found;
use crate::contention::Tries;
use crate::earlier::{self, Anew};
use crate::report::cost;
use crate::upload::{TRIES, Taken, current_route, is_done, report, takes};
use perennial_engine::time_left::TimeLeft;

/// Shard, pipeline sequence and due time in one transaction. `seen` is the record's version as of which the
/// bucket was asked.
pub(crate) async fn accept(
    ports: &Ports,
    upload: Upload,
    shard: Shard,
    found: Box<Found>,
    seen: u64,
    time: TimeLeft,
) -> Result<Taken, EngineError> {
    let desk = &ports.desk;
    let object = upload.key.clone();
    let mut tries = Tries::new(ports, &object, TRIES, time);
    while tries.next().await {
        let known = records::upload(desk.table.as_ref(), &upload.pipeline, &upload.key).await?;
        if let Some(taken) = overtaken(&upload, known.as_ref(), seen) {
            return Ok(taken);
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
                found.notes,
                Some(found.summary),
                None,
            )
            .await?;
            desk.announce
                .announce(&[accepted_event(&known.record, shard.records)])
                .await?;
            return Ok(Taken::Yes);
        }
        let replaces = known.as_ref().and_then(|known| known.record.shard.as_ref());
        if let Some(old) =
            replaces.filter(|old| !old.content.is_empty() && old.content == shard.content)
        {
            match keep_unchanged(ports, &upload, known.as_ref(), old, &shard, &found).await? {
                Kept::Yes => return Ok(Taken::Yes),
                Kept::Outside => return Ok(Taken::LookAgain),
                Kept::OthersWroteFirst => continue,
            }
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
        let newer = replaces.is_some_and(|old| old.version != shard.version);
        let (write, mut say, pipeline) = pipelines::apply(desk, &upload.pipeline, &event).await?;
        if !takes(&pipeline, &upload.key) {
            // The configuration changed while this was compiled: it is not to be counted.
            return Ok(Taken::LookAgain);
        }
        let mut accepted = upload.clone();
        accepted.status = UploadStatus::Accepted;
        accepted.earlier = known
            .as_ref()
            .and_then(|known| replaced(&known.record, &shard, &pipeline.quarantine));
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
                let mut notes = found.notes;
                if newer {
                    notes.push("it replaces the earlier version in every later dataset".to_owned());
                }
                let message = format!(
                    "{} records are in; {}",
                    shard.records,
                    progress(&pipeline, desk.now())
                );
                let cost = cost(ports, &pipeline, &upload, &found.summary);
                report(
                    ports,
                    &upload,
                    "accepted",
                    message,
                    notes,
                    Some(found.summary),
                    cost.as_ref(),
                )
                .await?;
                say.push(accepted_event(&upload, shard.records));
                let now = current_route(ports, &pipeline)
                    .map(|route| compile_digest(&route, upload.kind, &upload.key));
                let earlier =
                    stale_earlier(&stored.record, &pipeline.quarantine, &shard.compile_digest);
                if now.as_ref() != Some(&shard.compile_digest) || earlier.is_some() {
                    // The configuration changed while this was compiled for the one before; or what this replaced is trained on
                    // meanwhile, and has to be compiled as well.
                    say.push(object_found(&upload.key, &upload.version, 0));
                }
                desk.announce.announce(&say).await?;
                return Ok(Taken::Yes);
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Err(tries.used_up(Key::pipeline(&upload.pipeline)))
}

/// Whether a version that holds nothing new was kept.
enum Kept {
    Yes,
    OthersWroteFirst,
    /// The configuration that is in force now does not take it.
    Outside,
}

/// The same records under the same name again: nothing new, and no reason for a run.
async fn keep_unchanged(
    ports: &Ports,
    upload: &Upload,
    known: Option<&Stored<Upload>>,
    old: &Shard,
    shard: &Shard,
    found: &Found,
) -> Result<Kept, EngineError> {
    let mut same = upload.clone();
    same.status = UploadStatus::Accepted;
    same.shard = Some(Shard {
        version: shard.version.clone(),
        compile_digest: shard.compile_digest.clone(),
        key: shard.key.clone(),
        bytes: shard.bytes,
        ..old.clone()
    });
    let stored = Stored {
        record: same,
        version: known.map_or(0, |known| known.version),
    };
    // The pipeline is written too, so that a run that is being opened at this moment selects its shards anew.
    let looked = PipelineEvent::Looked;
    let (write, _, pipeline) = pipelines::apply(&ports.desk, &upload.pipeline, &looked).await?;
    if !takes(&pipeline, &upload.key) {
        return Ok(Kept::Outside);
    }
    match ports
        .desk
        .table
        .transact(vec![records::put_upload(&stored), write])
        .await
        .map_err(EngineError::from)
    {
        Ok(()) => {
            let was_outside =
                known.is_some_and(|known| known.record.status == UploadStatus::Outside);
            let message = if was_outside {
                "taken in again by [data] from: the same records as before, with the place that they had"
            } else {
                "the same records as in the version before: nothing new"
            };
            report(
                ports,
                upload,
                "accepted",
                message.to_owned(),
                found.notes.clone(),
                Some(found.summary.clone()),
                None,
            )
            .await?;
            Ok(Kept::Yes)
        }
        Err(error) if error.is_conflict() => Ok(Kept::OthersWroteFirst),
        Err(error) => Err(error),
    }
}

fn accepted_event(upload: &Upload, records: u64) -> Announcement {
    let detail = json!({ "pipeline": upload.pipeline, "key": upload.key, "records": records });
    happened("Upload Accepted", detail)
}

/// What becomes of a version that cannot be saved over the record as it is now. `seen` is the record's version as of which the
/// bucket was asked.
fn overtaken(upload: &Upload, known: Option<&Stored<Upload>>, seen: u64) -> Option<Taken> {
    let changed = seen != known.map_or(0, |known| known.version);
    match standing(upload, known.map(|known| &known.record), changed) {
        Standing::Older => Some(Taken::Yes),
        Standing::Unknown => Some(Taken::LookAgain),
        Standing::Newest => None,
    }
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

pub(crate) async fn reject(
    ports: &Ports,
    mut upload: Upload,
    found: Box<Found>,
    anew: Option<Anew>,
    seen: u64,
    digest: &str,
    time: TimeLeft,
) -> Result<Taken, EngineError> {
    let desk = &ports.desk;
    let object = upload.key.clone();
    let mut tries = Tries::new(ports, &object, TRIES, time);
    while tries.next().await {
        let known = records::upload(desk.table.as_ref(), &upload.pipeline, &upload.key).await?;
        if let Some(taken) = overtaken(&upload, known.as_ref(), seen) {
            return Ok(taken);
        }
        upload.status = UploadStatus::Rejected;
        upload.shard = known.as_ref().and_then(|known| known.record.shard.clone());
        let known_shard = upload.shard.clone();
        let recompiled = earlier::replace(&mut upload.shard, anew.as_ref(), upload.kind);
        let stays = upload.shard.clone();
        let mut writes = vec![records::put_upload(&Stored {
            record: upload.clone(),
            version: known.map_or(0, |known| known.version),
        })];
        let mut say = Vec::new();
        let looked = PipelineEvent::Looked;
        // The pipeline is written too, so that a run that is being opened at this moment selects its shards anew.
        let changes = upload.shard != known_shard;
        if let Some(event) = recompiled.as_ref().or(changes.then_some(&looked)) {
            let (write, said, _) = pipelines::apply(desk, &upload.pipeline, event).await?;
            writes.push(write);
            say = said;
        }
        match desk.table.transact(writes).await.map_err(EngineError::from) {
            Ok(()) => {
                let mut notes = found.notes;
                if let Some(shard) = stays {
                    let (version, records) = (&shard.version, shard.records);
                    notes.push(if recompiled.is_some() {
                        format!(
                            "the earlier version {version} ({records} records) was compiled anew for the settings of now, and stays \
                             in force"
                        )
                    } else if shard.compile_digest == digest {
                        format!("the earlier version {version} ({records} records) stays in force")
                    } else {
                        let why = shard.unusable.as_ref();
                        let why = why.map_or(String::new(), |unusable| {
                            format!(", and {}", unusable.why)
                        });
                        format!(
                            "the earlier version {version} ({records} records) was compiled for other settings{why}: it is left \
                             out of later datasets until this file is mended"
                        )
                    });
                }
                let message = format!(
                    "{} errors; nothing of this version is used. Mend the file and upload it again under the same name",
                    found.summary.errors
                );
                let errors = found.summary.errors;
                report(
                    ports,
                    &upload,
                    "rejected",
                    message,
                    notes,
                    Some(found.summary),
                    None,
                )
                .await?;
                let detail = json!({
                    "pipeline": upload.pipeline,
                    "key": upload.key,
                    "errors": errors,
                    "report": upload.report,
                });
                say.push(happened("Upload Rejected", detail));
                desk.announce.announce(&say).await?;
                return Ok(Taken::Yes);
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    let key = Key::upload(&upload.pipeline, &upload.key);
    Err(tries.used_up(key))
}
