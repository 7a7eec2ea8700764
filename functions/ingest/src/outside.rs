//! An upload outside `[data] from`: it is not read, it counts for nothing, and what was taken in of it goes out of later datasets.

use perennial_core::announcement::happened;
use perennial_core::keys::Key;
use perennial_core::manifest::is_quarantined;
use perennial_core::pipeline::{Pipeline, PipelineEvent};
use perennial_core::upload::{Standing, Upload, UploadStatus, standing};
use perennial_engine::records::{self, Stored};
use perennial_engine::{EngineError, pipelines};
use perennial_ports::Write;
use serde_json::json;

use crate::Ports;
use crate::upload::{Taken, is_reported, report, takes};

/// Notes that the version is outside. `seen` is the pipeline as it was read before: a configuration that comes meanwhile has listed those
/// that are outside already, and would never come back to this one.
pub(crate) async fn leave(
    ports: &Ports,
    known: Option<Stored<Upload>>,
    seen: &Stored<Pipeline>,
    mut upload: Upload,
) -> Result<Taken, EngineError> {
    let desk = &ports.desk;
    let before = known.as_ref().map(|known| &known.record);
    if standing(&upload, before, false) == Standing::Older {
        return Ok(Taken::Yes);
    }
    let same = before.is_some_and(|before| {
        before.status == UploadStatus::Outside && before.version == upload.version
    });
    if same && is_reported(ports, &upload).await? {
        return Ok(Taken::Yes);
    }
    // What was taken in counts no more, whichever version it is of.
    let counted = before
        .filter(|before| before.status != UploadStatus::Outside)
        .and_then(|before| before.shard.clone());
    upload.status = UploadStatus::Outside;
    upload.shard = upload.shard.filter(|shard| {
        shard.sequence <= seen.record.champion_sealed
            || is_quarantined(&seen.record.quarantine, shard.sequence)
    });
    upload.earlier = None;
    let (pipeline, mut say) = match &counted {
        None => {
            let check = Write::Check {
                key: Key::pipeline(&upload.pipeline),
                expect: seen.expect(),
            };
            (check, Vec::new())
        }
        Some(shard) => {
            let change = PipelineEvent::Withdrawn {
                kind: upload.kind,
                records: shard.records,
                sequence: shard.sequence,
            };
            let (write, say, now) = pipelines::apply(desk, &upload.pipeline, &change).await?;
            if takes(&now, &upload.key) {
                return Ok(Taken::LookAgain);
            }
            (write, say)
        }
    };
    let stored = Stored {
        record: upload.clone(),
        version: known.map_or(0, |known| known.version),
    };
    let writes = vec![records::put_upload(&stored), pipeline];
    match desk.table.transact(writes).await.map_err(EngineError::from) {
        Ok(()) => {}
        Err(error) if error.is_conflict() => return Ok(Taken::LookAgain),
        Err(error) => return Err(error),
    }
    let message = "outside [data] from, not taken in: it is not read, no dataset holds it, and it is no reason for a run. Move the file \
                   below one of the names in [data] from, or add its folder there"
        .to_owned();
    let was_in = counted.is_some();
    let notes = match counted {
        None => Vec::new(),
        Some(shard) => vec![format!(
            "the {} records that were taken in go out of later datasets. A run in progress keeps the dataset that it sealed",
            shard.records
        )],
    };
    report(ports, &upload, "kept", message, notes, None, None).await?;
    if was_in {
        let detail = json!({ "pipeline": upload.pipeline, "key": upload.key });
        say.push(happened("Upload Withdrawn", detail));
    }
    desk.announce.announce(&say).await?;
    Ok(Taken::Yes)
}
