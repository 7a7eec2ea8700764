//! An idle champion's deployment goes (`idle.champion = "unserve"`): first clients call nothing any more, then it is removed. The
//! model stays, and the next move of the alias serves again.

use jiff::Timestamp;
use serde_json::json;

use super::sweeps::left;
use super::{Pipeline, Refusal, Unserved};
use crate::announcement::{Announcement, happened};
use crate::model::Mark;
use crate::names::RunId;

/// The mark is set, or taken off.
pub(super) fn marked(
    pipeline: &mut Pipeline,
    mark: Option<&Mark>,
    waiting: Option<&RunId>,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    if let Some(mark) = mark {
        idle_may_go(pipeline, waiting)?;
        say.push(happened(
            "Unserving Planned",
            json!({
                "pipeline": pipeline.name,
                "deployment": pipeline.deployment,
                "reason": mark.reason,
                "after": mark.delete_after,
            }),
        ));
    }
    pipeline.serving_mark = mark.cloned();
    Ok(())
}

/// Nothing serves from now on, after [`idle_may_go`]. The deployment is swept at once, and looked for as long as every other one that was left.
pub(super) fn unserve(
    pipeline: &mut Pipeline,
    deployment: &str,
    reason: &str,
    now: Timestamp,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    if pipeline.deployment.as_deref() != Some(deployment) {
        return Err(Refusal(format!("clients do not call {deployment}")));
    }
    let marked = pipeline.serving_mark.as_ref();
    if marked.is_none_or(|mark| now < mark.delete_after) {
        return Err(Refusal("it bears no mark, or its grace period runs".into()));
    }
    left(pipeline, Some(deployment), now);
    if let Some(sweep) = pipeline.sweeps.last_mut() {
        sweep.look_at = now;
    }
    pipeline.deployment = None;
    pipeline.serving_mark = None;
    pipeline.unserved = Some(Unserved {
        since: now,
        reason: reason.to_owned(),
    });
    say.push(happened(
        "Champion Unserved",
        json!({ "pipeline": pipeline.name, "deployment": deployment, "reason": reason }),
    ));
    Ok(())
}

/// Whether what serves may go whatever its use. A run that waits for a person has all its answers: from there it is judged by those that
/// are kept, promoted, or ended, and never asks the champion again.
pub(super) fn idle_may_go(pipeline: &Pipeline, waiting: Option<&RunId>) -> Result<(), Refusal> {
    if pipeline.moving.is_some() {
        return Err(Refusal("the alias is moving".into()));
    }
    if let Some(run) = &pipeline.active_run
        && waiting != Some(run)
    {
        return Err(Refusal(format!("run {run} may ask the champion")));
    }
    if pipeline.deployed_by.is_none() {
        return Err(Refusal("no deployment of ours serves".into()));
    }
    Ok(())
}
