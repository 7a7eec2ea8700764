//! The prompts of the pipeline's evaluation set: a training upload's report says which of its records stand there.
//!
//! It is said and no more, as either may be replaced later. Sealing a dataset leaves such records out.

use perennial_core::names::PipelineName;
use perennial_core::upload::{Place, UploadKind, is_folder_marker, place};
use perennial_dataset::{EvalRecord, Excluded};
use perennial_engine::{EngineError, records};
use perennial_ports::objects::read_all;

use crate::Ports;

/// Evaluation files that are looked at, at most.
const FILES: usize = 20;
/// Prompts of all of them together, at most: 48 bytes of memory each.
const PROMPTS: u64 = 100_000;
/// Bytes of one compiled file, at most.
const BYTES: usize = 32 << 20;

/// What is known of the evaluation set.
#[derive(Debug, Default)]
pub(crate) struct Evaluation {
    /// Its prompts, if there are any.
    pub(crate) prompts: Option<Excluded>,
    /// Why they were not looked for, for the report.
    pub(crate) note: Option<String>,
}

/// The prompts of the accepted evaluation uploads. What cannot be read is a note and no reason to take an upload in later.
pub(crate) async fn evaluation(ports: &Ports, pipeline: &PipelineName) -> Evaluation {
    let not_looked_for = |why: &dyn std::fmt::Display| Evaluation {
        prompts: None,
        note: Some(format!(
            "whether records stand in the evaluation set was not looked at: {why}. It is when a dataset is sealed"
        )),
    };
    match load(ports, pipeline).await {
        Ok(Ok(prompts)) if prompts.is_empty() => Evaluation::default(),
        Ok(Ok(prompts)) => Evaluation {
            prompts: Some(prompts),
            note: None,
        },
        Ok(Err(too_large)) => not_looked_for(&too_large),
        Err(error) => not_looked_for(&error),
    }
}

async fn load(
    ports: &Ports,
    pipeline: &PipelineName,
) -> Result<Result<Excluded, String>, EngineError> {
    // Listed, as the table has no short way to the uploads of one kind: a pipeline may have thousands of the other.
    let mut listed = ports.read.list(&format!("eval/{pipeline}/"), None).await?;
    listed.retain(|object| {
        !is_folder_marker(&object.key, object.size)
            && matches!(place(&object.key), Place::Upload(UploadKind::Evaluation, _))
    });
    if listed.len() > FILES {
        return Ok(Err(format!("it has more than {FILES} files")));
    }
    let mut shards = Vec::new();
    for object in &listed {
        let table = ports.desk.table.as_ref();
        let upload = records::upload(table, pipeline, &object.key).await?;
        shards.extend(upload.and_then(|upload| upload.record.shard));
    }
    if shards.iter().map(|shard| shard.records).sum::<u64>() > PROMPTS {
        return Ok(Err(format!("it has more than {PROMPTS} records")));
    }
    // One file at a time is in memory; of its records the digests stay.
    let mut prompts = Excluded::default();
    for shard in shards {
        let body = read_all(ports.read.as_ref(), &shard.key, None, BYTES).await?;
        let lines = body.split(|byte| *byte == b'\n');
        for record in lines.filter_map(EvalRecord::parse) {
            prompts.add(&record);
        }
    }
    Ok(Ok(prompts))
}
