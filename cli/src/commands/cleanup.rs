//! `perennial cleanup`: what is idle and why (`--plan`), and its marking and deletion now (`--apply`).

use perennial_cleanup::inventory::{self, Sight};
use perennial_core::announcement::Request;
use perennial_core::idle::{Action, plan};
use perennial_core::model::{Model, ModelLife};
use perennial_core::names::PipelineName;
use perennial_core::pipeline::Pipeline;
use perennial_engine::records;

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
            if let Some(done) = serving_seen(connection, pipeline, &line.action).await? {
                left += u64::from(!done);
                continue;
            }
            let model = records::model(connection.table.as_ref(), pipeline, &line.model).await?;
            let done = model.is_none_or(|model| seen(&line.action, &model.record));
            left += u64::from(!done);
        }
    }
    Ok(left)
}

/// Whether a change of what serves is seen in the pipeline's record; none if the line is on the model.
async fn serving_seen(
    connection: &Connection,
    name: &PipelineName,
    action: &Action,
) -> Result<Option<bool>, Failure> {
    let done: fn(&Pipeline) -> bool = match action {
        Action::MarkServing { .. } => {
            |pipeline| pipeline.serving_mark.is_some() || pipeline.deployment.is_none()
        }
        Action::UnmarkServing => |pipeline| pipeline.serving_mark.is_none(),
        Action::Unserve { .. } => |pipeline| pipeline.deployment.is_none(),
        _ => return Ok(None),
    };
    let stored = records::pipeline(connection.table.as_ref(), name).await?;
    Ok(Some(stored.is_none_or(|stored| done(&stored.record))))
}

fn seen(action: &Action, model: &Model) -> bool {
    match action {
        Action::Keep
        | Action::Wait { .. }
        | Action::MarkServing { .. }
        | Action::UnmarkServing
        | Action::WaitServing { .. }
        | Action::Unserve { .. }
        | Action::RemoveLeftover { .. } => true,
        Action::Unmark => model.mark.is_none(),
        Action::Mark { .. } => model.mark.is_some() || !model.is_ready(),
        Action::Delete { .. } => matches!(model.life, ModelLife::Deleted { .. }),
    }
}

/// What `cleanup` would do with the models of a pipeline now: the function's own inventory and the same rules.
pub(super) async fn plan_of(
    connection: &Connection,
    pipeline: &Pipeline,
) -> Result<PlanView, Failure> {
    let (desk, bedrock, metrics) = (
        connection.desk()?,
        connection.bedrock(),
        connection.metrics(),
    );
    let sight = Sight {
        deployments: &bedrock,
        models: &bedrock,
        usage: &metrics,
    };
    let found = inventory::take(&desk, &sight, pipeline).await?;
    let lines = plan(&found.inventory(pipeline, desk.now()));
    Ok(PlanView {
        pipeline: pipeline.name.clone(),
        lines,
    })
}
