//! `perennial runs`: every run, the newest first.

use perennial_engine::records;

use crate::args::PipelineArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::run::{self, RunView};
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &PipelineArgs) -> Result<(), Failure> {
    let table = connection.table.as_ref();
    let mut views = Vec::new();
    for pipeline in find::pipelines(table, args.pipeline.as_ref()).await? {
        let runs = records::runs(table, &pipeline.name).await?;
        views.extend(runs.iter().map(|stored| RunView::new(&stored.record)));
    }
    // A run's id begins with its time.
    views.sort_by(|a, b| b.run.cmp(&a.run));
    if args.json {
        return output::print_json(&views);
    }
    output::print(&run::text(&views, output::width()));
    Ok(())
}
