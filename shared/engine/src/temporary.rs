//! What a run has made for its candidate's answers: looked for by its name, known by its tags, and removed.

use perennial_core::names::{Purpose, is_ours};
use perennial_core::run::{Event, Run};
use perennial_ports::{ChangeDeployments, ErrorKind, ObserveDeployments};

use crate::{Desk, StepResult};

/// Removes it, of every attempt; `Removed` once it is seen to be gone.
pub async fn remove_candidate(
    desk: &Desk,
    look: &dyn ObserveDeployments,
    change: &dyn ChangeDeployments,
    run: &Run,
) -> StepResult {
    for attempt in (1..=run.candidate_attempts()).rev() {
        let removed = remove(desk, look, change, run, attempt).await?;
        if removed != Event::Removed(Purpose::Candidate) {
            return Ok(removed);
        }
    }
    Ok(Event::Removed(Purpose::Candidate))
}

async fn remove(
    desk: &Desk,
    look: &dyn ObserveDeployments,
    change: &dyn ChangeDeployments,
    run: &Run,
    attempt: u32,
) -> StepResult {
    let resource = run.resource(Purpose::Candidate, attempt);
    let name = resource.to_string();
    let serving = run.route.serving.of_candidate();
    let find = async || look.find_serving(serving, &name).await;
    let Some(found) = find().await? else {
        return Ok(Event::Removed(Purpose::Candidate));
    };
    if !is_ours(&resource.tags(), &found.tags) {
        return Ok(Event::Removed(Purpose::Candidate));
    }
    let later = |note| Event::Later {
        at: desk.next_look(),
        note,
    };
    match change.delete_deployment(&found.arn).await {
        Ok(()) => {}
        // It is being removed already, or made still.
        Err(error) if error.kind == ErrorKind::Conflict => return Ok(later(None)),
        Err(error) if error.kind.is_transient() => {
            let what = match serving.is_provisioned() {
                true => "provisioned throughput",
                false => "temporary deployment",
            };
            return Ok(later(Some(format!(
                "the {what} is not removed yet: {error}"
            ))));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(match find().await? {
        None => Event::Removed(Purpose::Candidate),
        Some(_) => later(None),
    })
}
