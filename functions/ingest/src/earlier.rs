//! The earlier version of a rejected upload: compiled anew where it was compiled for other settings, so that it stays in force.

use perennial_core::pipeline::PipelineEvent;
use perennial_core::routing::Route;
use perennial_core::upload::{Shard, Upload, UploadKind};
use perennial_engine::EngineError;

use crate::Ports;
use crate::compile::{Compiled, compile};
use crate::time_left::TimeLeft;

/// Compiles the shard in force anew, if an earlier version than the rejected `upload` and other settings than `digest` made it. Nothing where
/// that version is gone, or cannot be used with these settings.
pub(crate) async fn compile_anew(
    ports: &Ports,
    route: &Route,
    upload: &Upload,
    holdout: f64,
    digest: &str,
    time: TimeLeft,
) -> Result<Option<Shard>, EngineError> {
    let stale = |shard: &&Shard| shard.version != upload.version && shard.compile_digest != digest;
    let Some(shard) = upload.shard.as_ref().filter(stale) else {
        return Ok(None);
    };
    let earlier = Upload {
        version: shard.version.clone(),
        ..upload.clone()
    };
    // How large it was is not on record; compiled, it had about this length.
    match compile(ports, route, &earlier, shard.bytes, holdout, digest, time).await? {
        Compiled::Shard(_, shard) => Ok(Some(shard)),
        Compiled::Gone | Compiled::Bad(_) => Ok(None),
    }
}

/// Puts what was compiled anew in the place of the shard in force, if that is still the one. Says what changes for the pipeline.
pub(crate) fn replace(
    in_force: &mut Option<Shard>,
    anew: Option<&Shard>,
    kind: UploadKind,
) -> Option<PipelineEvent> {
    let old = in_force.as_mut()?;
    let anew = anew
        .filter(|anew| anew.version == old.version && anew.compile_digest != old.compile_digest)?;
    let event = PipelineEvent::Recompiled {
        kind,
        records: anew.records,
        before: old.records,
        sequence: old.sequence,
    };
    *old = Shard {
        sequence: old.sequence,
        accepted_at: old.accepted_at,
        ..anew.clone()
    };
    Some(event)
}
