//! The earlier version of an upload that is in force: compiled anew where it was compiled for other settings, so that it stays in force.
//!
//! It is in force where the newest version was rejected, and where a replacement is in quarantine. Where its original cannot be compiled
//! anew, the record says why, and so do the report and every run that leaves it out.

use perennial_core::announcement::{Stage, pipeline_due};
use perennial_core::manifest::stale_earlier;
use perennial_core::pipeline::{Pipeline, PipelineEvent};
use perennial_core::routing::Route;
use perennial_core::upload::{Shard, Unusable, Upload, UploadKind, UploadStatus};
use perennial_dataset::Summary;
use perennial_engine::records::{self, Stored};
use perennial_engine::reports::{self, UploadReport};
use perennial_engine::{EngineError, pipelines};
use perennial_ports::objects::read_all;
use serde::Deserialize;

use crate::Ports;
use crate::compile::{Compiled, compile};
use crate::report::{self, cost};
use crate::upload::{REPORT_LIMIT, Taken};
use perennial_engine::time_left::TimeLeft;

/// What compiling the original of a version anew came to.
pub(crate) struct Anew {
    version: String,
    digest: String,
    made: Result<Shard, String>,
}

/// Compiles the shard in force anew, if an earlier version than the rejected `upload` and other settings than `digest` made it.
pub(crate) async fn compile_anew(
    ports: &Ports,
    route: &Route,
    upload: &Upload,
    holdout: f64,
    digest: &str,
    time: TimeLeft,
) -> Result<Option<Anew>, EngineError> {
    let Some(shard) = upload
        .shard
        .as_ref()
        .filter(|shard| shard.needs_compiling(digest))
    else {
        return Ok(None);
    };
    if shard.version == upload.version {
        let why = "it has errors with these settings".to_owned();
        return Ok(Some(Anew::of(shard, digest, Err(why))));
    }
    let anew = again(ports, route, upload, shard, (holdout, digest), time).await?;
    Ok(Some(anew))
}

async fn again(
    ports: &Ports,
    route: &Route,
    upload: &Upload,
    shard: &Shard,
    (holdout, digest): (f64, &str),
    time: TimeLeft,
) -> Result<Anew, EngineError> {
    let earlier = Upload {
        version: shard.version.clone(),
        ..upload.clone()
    };
    // How large it was is not on record; compiled, it had about this length.
    let made = match compile(ports, route, &earlier, shard.bytes, holdout, digest, time).await? {
        Compiled::Shard(_, shard) => Ok(shard),
        Compiled::Gone => Err("the bucket does not hold that version any more".to_owned()),
        Compiled::Bad(found) => Err(format!(
            "it has {} errors with these settings",
            found.summary.errors
        )),
    };
    Ok(Anew::of(shard, digest, made))
}

impl Anew {
    fn of(shard: &Shard, digest: &str, made: Result<Shard, String>) -> Self {
        Self {
            version: shard.version.clone(),
            digest: digest.to_owned(),
            made,
        }
    }

    /// Puts what came of it in the place of the shard, if that is still the same. Nothing if it is another; else the shard as it was.
    fn put(&self, place: &mut Option<Shard>) -> Option<Shard> {
        let old = place
            .as_mut()
            .filter(|old| old.version == self.version && old.needs_compiling(&self.digest))?;
        let before = old.clone();
        *old = match &self.made {
            Ok(anew) => Shard {
                sequence: before.sequence,
                accepted_at: before.accepted_at,
                ..anew.clone()
            },
            Err(why) => Shard {
                unusable: Some(Unusable {
                    compile_digest: self.digest.clone(),
                    why: why.clone(),
                }),
                ..before.clone()
            },
        };
        Some(before)
    }
}

/// Puts what was compiled anew in the place of the shard in force, if that is still the one. Says what changes for the pipeline.
pub(crate) fn replace(
    in_force: &mut Option<Shard>,
    anew: Option<&Anew>,
    kind: UploadKind,
) -> Option<PipelineEvent> {
    let anew = anew?;
    let old = anew.put(in_force)?;
    let made = anew.made.as_ref().ok()?;
    Some(PipelineEvent::Recompiled {
        kind,
        records: made.records,
        before: old.records,
        sequence: old.sequence,
    })
}

/// An upload that was taken up already: if its replacement is in quarantine, what that replaced is trained on meanwhile, and has to be
/// compiled for the settings of now as well.
pub(crate) async fn take_up(
    ports: &Ports,
    route: &Route,
    known: Stored<Upload>,
    seen: &Stored<Pipeline>,
    (holdout, digest): (f64, &str),
    time: TimeLeft,
) -> Result<Taken, EngineError> {
    let desk = &ports.desk;
    let mut upload = known.record;
    let quarantine = &seen.record.quarantine;
    let Some(earlier) = stale_earlier(&upload, quarantine, digest).cloned() else {
        return Ok(Taken::Yes);
    };
    let anew = again(ports, route, &upload, &earlier, (holdout, digest), time).await?;
    if anew.put(&mut upload.earlier).is_none() {
        return Ok(Taken::Yes);
    }
    let (version, records) = (&earlier.version, earlier.records);
    let note = match &anew.made {
        Ok(shard) => format!(
            "this version is in quarantine; the earlier version {version} ({} records), which is trained on meanwhile, was compiled anew \
             for the settings of now",
            shard.records
        ),
        Err(why) => format!(
            "this version is in quarantine, and the earlier version {version} ({records} records) was compiled for other settings and \
             cannot be compiled anew: {why}. Later datasets hold neither. `perennial release {}` takes this version back, or \
             upload the file again",
            upload.pipeline
        ),
    };
    // Told before it is saved: after a crash between the two it is told again, in the same words.
    tell(ports, &upload, &seen.record, note).await?;
    // The pipeline is written too, so that a run that is being opened at this moment selects its shards anew.
    let looked = PipelineEvent::Looked;
    let (write, mut say, _) = pipelines::apply(desk, &upload.pipeline, &looked).await?;
    say.push(pipeline_due(&upload.pipeline, Stage::Collecting));
    let stored = Stored {
        record: upload,
        version: known.version,
    };
    let writes = vec![records::put_upload(&stored), write];
    match desk.table.transact(writes).await.map_err(EngineError::from) {
        Ok(()) => {}
        Err(error) if error.is_conflict() => return Ok(Taken::LookAgain),
        Err(error) => return Err(error),
    }
    desk.announce.announce(&say).await?;
    Ok(Taken::Yes)
}

/// What is taken over from a report.
#[derive(Deserialize)]
struct Told {
    message: String,
    notes: Vec<String>,
    summary: Option<Summary>,
}

/// Writes the upload's report once more, with a note.
async fn tell(
    ports: &Ports,
    upload: &Upload,
    pipeline: &Pipeline,
    note: String,
) -> Result<(), EngineError> {
    let name = upload.pipeline.as_str();
    let key = format!("{}.json", reports::upload_report(name, &upload.key));
    let body = read_all(ports.read.as_ref(), &key, None, REPORT_LIMIT).await?;
    let told: Told = serde_json::from_slice(&body)
        .map_err(|error| EngineError::Event(format!("{key} is unreadable: {error}")))?;
    let mut notes = told.notes;
    notes.retain(|told| *told != note);
    notes.push(note);
    let status = match upload.status {
        UploadStatus::Rejected => "rejected",
        _ => "accepted",
    };
    let summary = told.summary.as_ref();
    let cost = summary.and_then(|summary| cost(ports, pipeline, upload, summary));
    let report = UploadReport {
        key: upload.key.clone(),
        version: upload.version.clone(),
        status,
        message: told.message,
        notes,
        summary: told.summary,
    };
    report::write(ports, name, &report, cost.as_ref()).await
}
