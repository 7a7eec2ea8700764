//! `perennial status`: what each pipeline serves, does and waits for.

use jiff::Timestamp;
use perennial_core::pipeline::Pipeline;
use perennial_core::upload::UploadKind;
use perennial_engine::records;

use crate::args::PipelineArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::pipeline::{self, Around, Detail, PipelineView};
use crate::views::upload::UploadView;
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &PipelineArgs) -> Result<(), Failure> {
    let now = Timestamp::now();
    let pipelines = find::pipelines(connection.table.as_ref(), args.pipeline.as_ref()).await?;
    let mut views = Vec::new();
    for pipeline in &pipelines {
        views.push(view(connection, pipeline, args.pipeline.is_some(), now).await?);
    }
    match (args.json, &args.pipeline, views.first()) {
        (true, Some(_), Some(view)) => output::print_json(view),
        (true, ..) => output::print_json(&views),
        (false, Some(_), Some(view)) => {
            output::print(&pipeline::full_text(view, output::width()));
            Ok(())
        }
        (false, ..) => {
            output::print(&pipeline::text(&views, output::width()));
            Ok(())
        }
    }
}

/// One pipeline with what stands around it.
pub(super) async fn view(
    connection: &Connection,
    pipeline: &Pipeline,
    in_detail: bool,
    now: Timestamp,
) -> Result<PipelineView, Failure> {
    let table = connection.table.as_ref();
    let runs = records::runs(table, &pipeline.name).await?;
    let active = runs
        .iter()
        .map(|stored| &stored.record)
        .find(|run| Some(&run.id) == pipeline.active_run.as_ref());
    let last = runs
        .iter()
        .map(|stored| &stored.record)
        .rev()
        .find(|run| run.outcome().is_some());
    let detail = if in_detail {
        Some(detail(connection, pipeline, now).await?)
    } else {
        None
    };
    let installation = connection.installation().ok();
    let around = Around {
        active,
        last,
        installation: installation.as_ref(),
        detail,
    };
    Ok(PipelineView::new(pipeline, around, now))
}

async fn detail(
    connection: &Connection,
    pipeline: &Pipeline,
    now: Timestamp,
) -> Result<Detail, Failure> {
    let table = connection.table.as_ref();
    let mut uploads: Vec<_> = records::uploads(table, &pipeline.name)
        .await?
        .into_iter()
        .map(|stored| stored.record)
        .collect();
    uploads.sort_by(|a, b| a.key.cmp(&b.key));
    let month = records::month(table, &pipeline.name, &records::month_of(now)).await?;
    let in_quarantine = |sequence: u64| {
        pipeline
            .quarantine
            .iter()
            .any(|(after, up_to)| sequence > *after && sequence <= *up_to)
    };
    let quarantined = uploads
        .iter()
        .filter(|upload| upload.kind == UploadKind::Training)
        .filter_map(|upload| upload.shard.as_ref())
        .filter(|shard| in_quarantine(shard.sequence))
        .count();
    Ok(Detail {
        uploads: uploads
            .iter()
            .map(|upload| UploadView::new(upload, pipeline))
            .collect(),
        quarantined: quarantined as u64,
        reserved: month.record.reserved.as_dollars(),
    })
}
