//! What moves leave behind: a deployment that clients do not call any more is looked for until nothing of it can come.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::alias::{SWEEP_HOURS, SWEEP_LIMIT_HOURS, SWEEP_PACE_HOURS};
use super::{Pipeline, Refusal, Sweep, is_provisioned};
use crate::announcement::{Announcement, happened};
use crate::names::PipelineName;
use crate::simulator::{self, Rule};

/// What a move may have left was looked for.
pub(super) fn swept(
    pipeline: &mut Pipeline,
    generation: u64,
    (gone, bought_until): (bool, Option<Timestamp>),
    now: Timestamp,
    say: &mut Vec<Announcement>,
) -> Result<(), Refusal> {
    let Some(place) = pipeline
        .sweeps
        .iter()
        .position(|sweep| sweep.generation == generation)
    else {
        return Err(Refusal(format!(
            "nothing of move {generation} is looked for"
        )));
    };
    if let Some(until) = bought_until.filter(|until| *until > now) {
        // Its time counts from the end of what is paid for: before, no try can succeed.
        pipeline.sweeps[place].bought_until = Some(until);
        pipeline.sweeps[place].since = until;
        pipeline.sweeps[place].look_at = until;
        say.push(happened(
            "Commitment Holds",
            json!({ "pipeline": pipeline.name, "generation": generation, "until": until }),
        ));
        return Ok(());
    }
    let age = now.duration_since(pipeline.sweeps[place].since);
    let certain = gone && age >= SignedDuration::from_hours(SWEEP_HOURS);
    let is_late = age > SignedDuration::from_hours(SWEEP_LIMIT_HOURS);
    // What is billed by the hour is never given up.
    if certain || (is_late && !pipeline.sweeps[place].provisioned) {
        pipeline.sweeps.remove(place);
    } else {
        if is_late && !gone {
            remains(&mut pipeline.sweeps[place], &pipeline.name, now, say);
        }
        // What is billed by the hour is not left for six.
        let wait = match gone || pipeline.sweeps[place].provisioned {
            true => SWEEP_HOURS,
            false => SWEEP_PACE_HOURS,
        };
        pipeline.sweeps[place].look_at = now
            .checked_add(SignedDuration::from_hours(wait))
            .unwrap_or(Timestamp::MAX);
    }
    Ok(())
}

/// Tells people once a day of throughput that cannot be removed: it goes on being billed.
fn remains(sweep: &mut Sweep, name: &PipelineName, now: Timestamp, say: &mut Vec<Announcement>) {
    if sweep.say_after.is_some_and(|after| now < after) {
        return;
    }
    sweep.say_after = now.checked_add(SignedDuration::from_hours(24)).ok();
    say.push(happened(
        "Throughput Remains",
        json!({ "pipeline": name, "generation": sweep.generation, "since": sweep.since }),
    ));
}

/// Clients do not call this deployment any more. An invocation that has seen neither its removal nor what took its place may
/// still create it anew under its name.
pub(super) fn left(pipeline: &mut Pipeline, deployment: Option<&str>, now: Timestamp) {
    if let Some(generation) = pipeline.deployed_by.take()
        && !simulator::is_removed(Rule::Sweep)
    {
        let wait = SignedDuration::from_hours(SWEEP_HOURS);
        pipeline.sweeps.push(Sweep {
            generation,
            since: now,
            look_at: now.checked_add(wait).unwrap_or(Timestamp::MAX),
            provisioned: deployment.is_some_and(is_provisioned),
            say_after: None,
            bought_until: pipeline.bought_until,
        });
    }
}
