//! `perennial show`: one run with its history.

use perennial_engine::records;

use crate::args::ShowArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::views::run::{FullRunView, full_text};
use crate::{find, output};

pub(super) async fn run(connection: &Connection, args: &ShowArgs) -> Result<(), Failure> {
    let run = find::run(connection.table.as_ref(), &args.run).await?;
    let history = records::history(connection.table.as_ref(), &run.id).await?;
    let view = FullRunView::new(&run, history);
    if args.json {
        return output::print_json(&view);
    }
    output::print(&full_text(&view));
    Ok(())
}
