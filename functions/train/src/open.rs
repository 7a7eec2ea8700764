//! Opening a run: the trigger holds, the dataset's manifest is written, and one transaction makes it so.

use bytes::Bytes;
use perennial_core::announcement::{Announcement, Stage, object_found};
use perennial_core::config::DataConfig;
use perennial_core::manifest::{
    Manifest, Quarantine, compile_digest, left_behind, select, stale_earlier,
};
use perennial_core::money::Usd;
use perennial_core::names::{PipelineName, RunId};
use perennial_core::pipeline::{Pipeline, PipelineEvent, Trigger, bought_beside, trigger};
use perennial_core::routing::{Route, Start, route};
use perennial_core::run::{DatasetRef, Run, RunState, may_be_gone};
use perennial_core::upload::{Upload, UploadStatus};
use perennial_core::withheld::{Trained, withheld};
use perennial_engine::records::{self, Stored};
use perennial_engine::{EngineError, Invocation, drive, pipelines};

use crate::{Ports, chain, places};

const TRIES: u32 = 20;
/// So many uploads are said to be compiled anew at a time.
const MOST_SAID: usize = 100;
/// So many uploads are named in a run's opening words that it leaves out.
const MOST_NAMED: usize = 3;

/// Looks at a pipeline's trigger, and opens a run if it holds.
pub(crate) async fn consider(
    ports: &Ports,
    name: &PipelineName,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let desk = &ports.desk;
    for _ in 0..TRIES {
        let Some(stored) = records::pipeline(desk.table.as_ref(), name).await? else {
            return Ok(());
        };
        let now = desk.now();
        match trigger(&stored.record, now) {
            Trigger::Wait { .. } => {
                let mut looked = stored.record.clone();
                looked.reschedule(now);
                if looked.due != stored.record.due && stored.record.stage() == Stage::Collecting {
                    // If someone else wrote first, they have looked.
                    pipelines::change_as_seen(desk, &stored, &PipelineEvent::Looked).await?;
                }
                return Ok(());
            }
            Trigger::Open { because } => match open(ports, &stored, because).await? {
                Opening::Opened(run) => return drive(desk, ports, name, &run, invocation).await,
                Opening::Nothing(reason) => {
                    tracing::warn!(pipeline = %name, "no run is opened: {reason}");
                    return Ok(());
                }
                Opening::SomeoneElseWasFirst => {}
            },
        }
    }
    Ok(())
}

enum Opening {
    Opened(RunId),
    Nothing(String),
    SomeoneElseWasFirst,
}

async fn open(
    ports: &Ports,
    stored: &Stored<Pipeline>,
    because: String,
) -> Result<Opening, EngineError> {
    let desk = &ports.desk;
    let pipeline = &stored.record;
    let now = desk.now();
    let Some(in_force) = &pipeline.config else {
        return Ok(Opening::Nothing("no configuration".into()));
    };
    let config = in_force.config.clone();
    let route = match route(&config, &desk.settings.region) {
        Ok(route) => route,
        Err(error) => return nothing(ports, stored, error.to_string()).await,
    };
    let uploads: Vec<_> = records::uploads(desk.table.as_ref(), &pipeline.name)
        .await?
        .into_iter()
        .map(|upload| upload.record)
        .collect();
    let stale = to_be_taken_up_again(&uploads, &route, &config.data, &pipeline.quarantine);
    if !stale.is_empty() {
        desk.announce.announce(&stale).await?;
        let reason = format!(
            "{} uploads were compiled for other settings, or [data] from has changed for them: they are being taken up again",
            stale.len()
        );
        return Ok(Opening::Nothing(reason));
    }
    if let Some(reason) = bought_beside(pipeline, &route, now) {
        return nothing(ports, stored, reason).await;
    }
    let (start, instead) = match route.start(config.training.start_from, pipeline.champion.as_ref())
    {
        Start::Base => (None, None),
        Start::Champion(champion) => (Some(champion.clone()), None),
        Start::BaseInstead { because } => (None, Some(because)),
    };
    // What starts from the base model in the champion's place has learnt nothing yet: it is given everything.
    let trained = Trained::by_champion(pipeline);
    let since = match instead {
        Some(_) => Trained::ON_NOTHING,
        None => trained,
    };
    let manifest = select(
        &pipeline.name,
        &uploads,
        &config,
        &route,
        &pipeline.quarantine,
        since,
        now.as_second(),
    );
    let left = left_behind(&uploads, &config, &route, &pipeline.quarantine, MOST_NAMED);
    if manifest.training.is_empty() {
        let all = "every upload is rejected, withdrawn, in quarantine (`perennial release`) or outside [data] use and from";
        let reason = [Some(all.to_owned()), left].into_iter().flatten();
        return nothing(ports, stored, reason.collect::<Vec<_>>().join("; ")).await;
    }
    if let Some(reason) = chain::lacks(&manifest, &route, pipeline.name.as_str()) {
        return nothing(ports, stored, reason).await;
    }
    let trial = pipeline.next_trial();
    let over = may_be_gone(&config, &manifest, &route).filter(|_| trial.is_none());
    let because = [Some(because), instead, left, over]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ");
    let digest = manifest.digest();
    let mut trained_on = vec![digest.clone()];
    if let Some(champion) = &start
        && let Some(model) =
            records::model(desk.table.as_ref(), &pipeline.name, &champion.model).await?
    {
        trained_on.extend(model.record.trained_on);
    }
    // A trial is compared to nothing but the base model, so that a rollback meanwhile is none of its business.
    let champion = pipeline.compared().cloned().filter(|_| trial.is_none());
    let champion_deployment = pipeline.deployment.clone().filter(|_| trial.is_none());
    let id = RunId::from_parts(
        u64::try_from(now.as_millisecond()).unwrap_or(0),
        ports.entropy.random(),
    );
    let run = Run {
        id: id.clone(),
        pipeline: pipeline.name.clone(),
        installation: desk.settings.installation.clone(),
        opened_at: now,
        because: because.clone(),
        trial,
        trains_from: start
            .as_ref()
            .map_or(route.customization_id.clone(), |champion| {
                champion.arn.clone()
            }),
        starts_from: start.map(|champion| champion.model),
        config,
        route,
        dataset: DatasetRef {
            digest,
            manifest_key: manifest.key(),
            uploads: manifest.training.len() as u64,
            sealed: (pipeline.sealed, pipeline.sequence),
            pending: (pipeline.pending_records, pipeline.pending_uploads),
            changes: pipeline.changes,
            withheld: withheld(&uploads, &pipeline.quarantine, trained, &manifest),
        },
        champion,
        champion_deployment,
        trained_on,
        state: RunState::Preparing,
        prepared: None,
        jobs: Vec::new(),
        first_weights: None,
        weights: None,
        model_arn: None,
        creates: Vec::new(),
        leftovers: Vec::new(),
        verdict: None,
        cancelled: None,
        reserved: Usd::ZERO,
        claim: None,
        waits_for: None,
        due: Some(now),
    };
    // Asked again when it is prepared, as others may be faster; refused here it is no run, and so none that ended in vain.
    if let Some(reason) = places::lacking(ports, &run).await? {
        return nothing(ports, stored, reason).await;
    }
    write_manifest(ports, &manifest).await?;
    let what = match run.trial {
        Some(trial) => format!("a trial on {} records of ", trial.records),
        None => String::new(),
    };
    let text = format!(
        "opened: {because}; {what}dataset {} of {} uploads, {} records",
        run.dataset.digest,
        run.dataset.uploads,
        manifest.records()
    );
    commit(ports, stored, run, &text).await
}

/// Uploads that a run would seal or leave out wrongly if it was opened now: compiled for another model, or on the wrong side of
/// `[data] from`. They are said again, as the first word may have been lost; the pipeline stays due.
fn to_be_taken_up_again(
    uploads: &[Upload],
    route: &Route,
    data: &DataConfig,
    quarantine: &Quarantine,
) -> Vec<Announcement> {
    let again = |upload: &&Upload| {
        let digest = compile_digest(route, upload.kind, &upload.key);
        let takes = data.takes(&upload.key);
        let shard = upload.shard.as_ref();
        let stale = shard.is_some_and(|shard| shard.needs_compiling(&digest))
            || stale_earlier(upload, quarantine, &digest).is_some();
        match upload.status {
            UploadStatus::Accepted => !takes || stale,
            UploadStatus::Rejected => shard.is_some() && (!takes || stale),
            UploadStatus::Outside => takes,
            UploadStatus::Waiting | UploadStatus::Withdrawn => false,
        }
    };
    uploads
        .iter()
        .filter(again)
        .take(MOST_SAID)
        .map(|upload| object_found(&upload.key, &upload.version, 0))
        .collect()
}

async fn commit(
    ports: &Ports,
    stored: &Stored<Pipeline>,
    run: Run,
    text: &str,
) -> Result<Opening, EngineError> {
    let desk = &ports.desk;
    let now = desk.now();
    let event = PipelineEvent::Opened {
        run: run.id.clone(),
    };
    let decision = match perennial_core::pipeline::decide(&stored.record, &event, now) {
        Ok(decision) => decision,
        Err(refusal) => return Ok(Opening::Nothing(refusal.to_string())),
    };
    let id = run.id.clone();
    let writes = vec![
        records::put_pipeline(&Stored {
            record: decision.pipeline,
            version: stored.version,
        }),
        records::put_run(&run, 0),
        records::put_history(&id, 1, now, text),
    ];
    match desk.table.transact(writes).await.map_err(EngineError::from) {
        Ok(()) => {
            tracing::info!(pipeline = %stored.record.name, run = %id, "{text}");
            Ok(Opening::Opened(id))
        }
        Err(error) if error.is_conflict() => Ok(Opening::SomeoneElseWasFirst),
        Err(error) => Err(error),
    }
}

/// A run was asked for or due, but there is nothing to train on: the wish is noted as answered, or it would come back for ever.
async fn nothing(
    ports: &Ports,
    seen: &Stored<Pipeline>,
    reason: String,
) -> Result<Opening, EngineError> {
    let event = PipelineEvent::NothingToTrain {
        reason: reason.clone(),
    };
    if pipelines::change_as_seen(&ports.desk, seen, &event).await? {
        Ok(Opening::Nothing(reason))
    } else {
        Ok(Opening::SomeoneElseWasFirst)
    }
}

async fn write_manifest(ports: &Ports, manifest: &Manifest) -> Result<(), EngineError> {
    let body = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    ports
        .write
        .put(&manifest.key(), Bytes::from(body), "application/json")
        .await?;
    Ok(())
}
