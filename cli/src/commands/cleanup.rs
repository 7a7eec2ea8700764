//! `perennial cleanup`: what is idle and why (`--plan`), and its marking and deletion now (`--apply`).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::Request;
use perennial_core::idle::{Action, Calls, Inventory, Served, plan};
use perennial_core::model::{Model, ModelLife};
use perennial_core::pipeline::Pipeline;
use perennial_engine::records;
use perennial_ports::{ObserveDeployments, WatchUse};

use crate::args::CleanupArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::plan::{self, PlanView, changes};
use crate::wait::{self, Look};
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &CleanupArgs) -> Result<(), Failure> {
    let mut plans = Vec::new();
    for pipeline in find::pipelines(connection.table.as_ref(), None).await? {
        plans.push(plan_of(connection, &pipeline).await?);
    }
    if args.json {
        output::print_json(&plans)?;
    } else {
        output::print(&plan::text(&plans, output::width()));
    }
    if !args.apply {
        return Ok(());
    }
    connection.send(&Request::Cleanup {}).await?;
    if args.wait.no_wait {
        return Ok(());
    }
    let all = plans
        .iter()
        .flat_map(|plan| &plan.lines)
        .filter(|line| changes(line))
        .count() as u64;
    wait::until(
        connection.patience(&args.wait),
        "The request was sent.",
        async || {
            let left = outstanding(connection, &plans).await?;
            Ok(if left == 0 {
                Look::Done(())
            } else {
                let text = format!("{} to be marked or deleted", output::count(left, "model"));
                Look::Waiting {
                    done: all - left.min(all),
                    of: all,
                    text,
                }
            })
        },
    )
    .await?;
    eprintln!("done: {} changed", output::count(all, "model"));
    Ok(())
}

/// How many changes of the plans are not seen in the registry yet.
async fn outstanding(connection: &Connection, plans: &[PlanView]) -> Result<u64, Failure> {
    let mut left = 0;
    for PlanView { pipeline, lines } in plans {
        for line in lines.iter().filter(|line| changes(line)) {
            let model = records::model(connection.table.as_ref(), pipeline, &line.model).await?;
            let done = model.is_none_or(|model| seen(&line.action, &model.record));
            left += u64::from(!done);
        }
    }
    Ok(left)
}

fn seen(action: &Action, model: &Model) -> bool {
    match action {
        Action::Keep | Action::Wait { .. } => true,
        Action::Unmark => model.mark.is_none(),
        Action::Mark { .. } => model.mark.is_some() || !model.is_ready(),
        Action::Delete { .. } => matches!(model.life, ModelLife::Deleted { .. }),
    }
}

/// What `cleanup` would do with the models of a pipeline now.
pub(super) async fn plan_of(
    connection: &Connection,
    pipeline: &Pipeline,
) -> Result<PlanView, Failure> {
    let table = connection.table.as_ref();
    let now = Timestamp::now();
    let models: Vec<Model> = records::models(table, &pipeline.name)
        .await?
        .into_iter()
        .map(|stored| stored.record)
        .collect();
    let there: Vec<&Model> = models
        .iter()
        .filter(|model| !matches!(model.life, ModelLife::Deleted { .. }))
        .collect();
    let active = match &pipeline.active_run {
        Some(run) => records::run(table, &pipeline.name, run)
            .await?
            .map(|stored| stored.record),
        None => None,
    };
    let deployments = deployments(connection, &there).await?;
    let calls = calls(connection, pipeline, &there, &deployments, now).await?;
    let inventory = Inventory {
        pipeline,
        models: &models,
        active: active.as_ref(),
        calls: &calls,
        deployments: &deployments,
        now,
    };
    Ok(PlanView {
        pipeline: pipeline.name.clone(),
        lines: plan(&inventory),
    })
}

async fn deployments(connection: &Connection, models: &[&Model]) -> Result<Vec<Served>, Failure> {
    if models.is_empty() {
        return Ok(Vec::new());
    }
    let (bedrock, installation) = (connection.bedrock(), connection.installation()?);
    let mut served = Vec::new();
    for model in models {
        for deployment in bedrock.deployments_of(&model.arn).await? {
            let owner = deployment.tags.get("perennial:installation");
            served.push(Served {
                ours: owner.is_some_and(|owner| owner == installation.as_str()),
                arn: deployment.arn,
                name: deployment.name,
                model_arn: deployment.model_arn,
            });
        }
    }
    Ok(served)
}

async fn calls(
    connection: &Connection,
    pipeline: &Pipeline,
    models: &[&Model],
    deployments: &[Served],
    now: Timestamp,
) -> Result<BTreeMap<String, Calls>, Failure> {
    let Some(in_force) = &pipeline.config else {
        return Ok(BTreeMap::new());
    };
    let ids: Vec<String> = models
        .iter()
        .map(|model| model.arn.clone())
        .chain(deployments.iter().map(|served| served.arn.clone()))
        .collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let after = i64::try_from(in_force.config.idle.after.as_secs()).unwrap_or(i64::MAX);
    let from = now
        .checked_sub(SignedDuration::from_secs(after))
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let uses = connection.metrics().uses(&ids, from, now).await?;
    Ok(uses
        .into_iter()
        .map(|(id, seen)| {
            (
                id,
                Calls {
                    count: seen.calls,
                    last: seen.last,
                },
            )
        })
        .collect())
}
