//! `perennial models`: the registry.

use perennial_engine::records;

use crate::args::PipelineArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::model::{self, ModelView};
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &PipelineArgs) -> Result<(), Failure> {
    let table = connection.table.as_ref();
    let mut views = Vec::new();
    for pipeline in find::pipelines(table, args.pipeline.as_ref()).await? {
        let models = records::models(table, &pipeline.name).await?;
        views.extend(
            models
                .iter()
                .map(|stored| ModelView::new(&stored.record, &pipeline)),
        );
    }
    if args.json {
        return output::print_json(&views);
    }
    output::print(&model::text(&views, output::width()));
    Ok(())
}
