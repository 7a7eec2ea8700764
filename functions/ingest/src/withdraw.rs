//! A deleted object: nothing of it goes into later datasets, and the report names the models already trained on it.

use perennial_core::announcement::happened;
use perennial_core::keys::Key;
use perennial_core::manifest::Manifest;
use perennial_core::names::PipelineName;
use perennial_core::pipeline::PipelineEvent;
use perennial_core::upload::{UploadStatus, fixed_width, is_stale};
use perennial_engine::records::{self, Stored};
use perennial_engine::reports::UploadReport;
use perennial_engine::{EngineError, pipelines};
use perennial_ports::objects::read_all;
use serde_json::json;

use crate::contention::Tries;
use crate::{ObjectEvent, Ports};
use perennial_engine::time_left::TimeLeft;

const TRIES: u32 = 60;
const MANIFEST_LIMIT: usize = 64 << 20;

/// The bucket was asked: there is no such object now.
pub(crate) async fn take(
    ports: &Ports,
    pipeline: &PipelineName,
    event: &ObjectEvent,
    time: TimeLeft,
) -> Result<(), EngineError> {
    let desk = &ports.desk;
    let mut tries = Tries::new(ports, &event.key, TRIES, time);
    while tries.next().await {
        let Some(known) = records::upload(desk.table.as_ref(), pipeline, &event.key).await? else {
            // Whoever takes it in at this moment asks the bucket again once there is a record (`upload::take`).
            return Ok(());
        };
        // Asked after the record was read: an object that came back meanwhile is taken in by its own event.
        if ports.read.head(&event.key).await?.is_some() {
            return Ok(());
        }
        if known.record.status == UploadStatus::Withdrawn
            || is_stale(Some(&known.record), event.sequencer.as_deref())
        {
            return Ok(());
        }
        let shard = known.record.shard.clone();
        let mut withdrawn = known.record.clone();
        withdrawn.status = UploadStatus::Withdrawn;
        withdrawn.shard = None;
        withdrawn.earlier = None;
        withdrawn.seen_at = desk.now();
        // Whether the event told of this deletion or of what was there before nobody knows.
        withdrawn.in_order = false;
        if let Some(sequencer) = &event.sequencer {
            withdrawn.sequencer = fixed_width(sequencer);
        }
        let mut writes = vec![records::put_upload(&Stored {
            record: withdrawn.clone(),
            version: known.version,
        })];
        let mut say = Vec::new();
        if let Some(shard) = &shard {
            let change = PipelineEvent::Withdrawn {
                kind: withdrawn.kind,
                records: shard.records,
                sequence: shard.sequence,
            };
            let (write, said, _) = pipelines::apply(desk, pipeline, &change).await?;
            writes.push(write);
            say = said;
        }
        match desk.table.transact(writes).await.map_err(EngineError::from) {
            Ok(()) => {
                let trained = trained_on(ports, pipeline, &event.key).await?;
                let notes = if trained.is_empty() {
                    vec!["no model was trained on it".to_owned()]
                } else {
                    trained
                };
                let report = UploadReport {
                    key: event.key.clone(),
                    version: withdrawn.version.clone(),
                    status: "withdrawn",
                    message: "the object was deleted: no later dataset holds it. A run in progress keeps the dataset \
                              that it sealed"
                        .into(),
                    notes,
                    summary: None,
                };
                crate::report::write(ports, pipeline.as_str(), &report, None).await?;
                say.push(happened(
                    "Upload Withdrawn",
                    json!({ "pipeline": pipeline, "key": event.key }),
                ));
                desk.announce.announce(&say).await?;
                return Ok(());
            }
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(error),
        }
    }
    Err(tries.used_up(Key::upload(pipeline, &event.key)))
}

async fn trained_on(
    ports: &Ports,
    pipeline: &PipelineName,
    object: &str,
) -> Result<Vec<String>, EngineError> {
    let mut lines = Vec::new();
    for run in records::runs(ports.desk.table.as_ref(), pipeline).await? {
        let run = run.record;
        let body = read_all(
            ports.read.as_ref(),
            &run.dataset.manifest_key,
            None,
            MANIFEST_LIMIT,
        )
        .await?;
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&body) else {
            continue;
        };
        if manifest.training.iter().any(|entry| entry.object == object) {
            let model = run.model_arn.as_deref().unwrap_or("no model yet");
            lines.push(format!(
                "run {} ({}) was trained on it: {model}",
                run.id,
                run.stage().word()
            ));
        }
    }
    Ok(lines)
}
