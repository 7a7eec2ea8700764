//! What serves an idle champion: provisioned throughput is billed by the hour whether anybody calls it or not. With
//! `idle.champion = "unserve"` it goes after a mark and a grace period; the champion's model never does.

use jiff::Timestamp;

use super::{Action, Inventory, PlanLine, Served, since};
use crate::config::{IdleChampion, IdleConfig};
use crate::model::Mark;
use crate::money::Usd;
use crate::pipeline::{Champion, is_provisioned};
use crate::prices;
use crate::span::Span;

/// The line on what serves the champion; none where nothing of ours does, or where it costs nothing and stays in any case.
pub(super) fn line(inventory: &Inventory<'_>) -> Option<PlanLine> {
    let pipeline = inventory.pipeline;
    let (champion, deployment) = (pipeline.champion.as_ref()?, pipeline.deployment.as_ref()?);
    pipeline.deployed_by?;
    let idle = &pipeline.config.as_ref()?.config.idle;
    if idle.champion == IdleChampion::Keep
        && !is_provisioned(deployment)
        && pipeline.serving_mark.is_none()
    {
        return None;
    }
    let (action, reason) = decide(inventory, idle, deployment);
    let price = prices::serving_of(pipeline);
    let cost = match price {
        Some(price) => format!("; {price}"),
        None if is_provisioned(deployment) => {
            "; it is billed by the hour, at a price that is not stated".to_owned()
        }
        None => String::new(),
    };
    Some(PlanLine {
        model: champion.model.clone(),
        arn: deployment.clone(),
        action,
        reason: format!("{reason}{cost}"),
        saves_per_month: price.map_or(Usd::ZERO, |price| price.per_month),
        bring_back: bring_back(inventory, champion),
    })
}

fn bring_back(inventory: &Inventory<'_>, champion: &Champion) -> String {
    let name = &inventory.pipeline.name;
    format!(
        "`perennial rollback {name} --to {}` serves the same model again; so does the next promotion with a newer one",
        champion.model
    )
}

fn decide(inventory: &Inventory<'_>, idle: &IdleConfig, deployment: &str) -> (Action, String) {
    let Inventory {
        pipeline,
        calls,
        deployments,
        now,
        ..
    } = *inventory;
    let what = match is_provisioned(deployment) {
        true => "provisioned throughput",
        false => "deployment",
    };
    let keep = |reason: String| match pipeline.serving_mark {
        Some(_) => (Action::UnmarkServing, reason),
        None => (Action::Keep, reason),
    };
    if idle.champion == IdleChampion::Keep {
        return keep(format!(
            "the {what} serves the champion, and idle.champion = \"keep\""
        ));
    }
    let found = deployments.iter().find(|served| served.arn == deployment);
    let (after, grace) = match is_provisioned(deployment) {
        true => (idle.provisioned_after, idle.provisioned_grace),
        false => (idle.after, idle.grace),
    };
    if let Some(reason) = in_use(inventory, found) {
        return keep(format!("the {what} serves the champion: {reason}"));
    }
    let recent = |time: Timestamp| since(time, now) < after.as_secs();
    let called = calls.get(deployment).filter(|calls| calls.count > 0);
    if let Some(calls) = called
        && calls.last.is_none_or(recent)
    {
        return keep(format!("the {what} was called in the last {after}"));
    }
    // Without a time nothing is known of how long nobody called it.
    let Some(served_since) = pipeline.served_since.filter(|time| !recent(*time)) else {
        return keep(format!(
            "the {what} serves the champion for less than {after}"
        ));
    };
    let facts = format!(
        "no call of the {what} in the last {after}; it serves the champion for {}",
        Span(since(served_since, now))
    );
    match &pipeline.serving_mark {
        None => {
            let reason = format!("idle: {facts}");
            let mark = Mark {
                at: now,
                delete_after: crate::pipeline::after(now, grace),
                reason: reason.clone(),
            };
            (Action::MarkServing { mark }, reason)
        }
        Some(mark) if now < mark.delete_after => (
            Action::WaitServing {
                until: mark.delete_after,
            },
            format!("marked at {}: {facts}", mark.at),
        ),
        Some(mark) => (
            Action::Unserve {
                deployment: deployment.to_owned(),
            },
            format!(
                "marked at {}, and still idle after {grace}: {facts}",
                mark.at
            ),
        ),
    }
}

/// Why it may not go whatever its use, if so.
fn in_use(inventory: &Inventory<'_>, found: Option<&Served>) -> Option<String> {
    if inventory.pipeline.moving.is_some() {
        return Some("the alias is moving".into());
    }
    if let Some(run) = &inventory.pipeline.active_run
        && inventory.waiting() != Some(run)
    {
        return Some(format!("run {run} may ask it"));
    }
    let Some(found) = found else {
        return Some("it was not found, so nothing is known of it".into());
    };
    if !found.ours {
        return Some("it does not bear this installation's tags".into());
    }
    found
        .bought_until
        .filter(|until| *until > inventory.now)
        .map(|until| format!("it is bought until {until} and cannot be removed before"))
}
