//! `perennial sync`: what is in the bucket and no event announced is taken in.

use std::collections::BTreeMap;

use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::upload::{Place, place};
use perennial_engine::records;
use perennial_ports::objects::list_all;

use crate::args::WaitArgs;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::output;
use crate::wait::{self, Look};

pub(super) async fn run(connection: &Connection, args: &WaitArgs) -> Result<(), Failure> {
    let bucket = connection.bucket()?;
    let mut there: BTreeMap<PipelineName, BTreeMap<String, String>> = BTreeMap::new();
    for prefix in ["data/", "eval/"] {
        for object in list_all(&bucket, prefix).await? {
            if let Place::Upload(_, pipeline) = place(&object.key) {
                there
                    .entry(pipeline)
                    .or_default()
                    .insert(object.key, object.version);
            }
        }
    }
    let new = unknown(connection, &there).await?;
    connection.send(&Request::Sync {}).await?;
    if args.no_wait {
        return Ok(());
    }
    wait::until(
        connection.patience(args),
        "The request was sent.",
        async || {
            let left = unknown(connection, &there).await?;
            Ok(if left == 0 {
                Look::Done(())
            } else {
                let text = format!("{} not taken in yet", output::count(left, "object"));
                Look::Waiting {
                    done: new - left.min(new),
                    of: new,
                    text,
                }
            })
        },
    )
    .await?;
    output::print(&match new {
        0 => "nothing was missing: every object of the bucket is known".to_owned(),
        new => format!("{} taken in", output::count(new, "object")),
    });
    Ok(())
}

/// How many of these versions the table does not know.
async fn unknown(
    connection: &Connection,
    there: &BTreeMap<PipelineName, BTreeMap<String, String>>,
) -> Result<u64, Failure> {
    let mut unknown = 0;
    for (pipeline, objects) in there {
        let known: BTreeMap<String, String> = records::uploads(connection.table.as_ref(), pipeline)
            .await?
            .into_iter()
            .map(|stored| (stored.record.key, stored.record.version))
            .collect();
        unknown += objects
            .iter()
            .filter(|(key, version)| known.get(*key) != Some(version))
            .count() as u64;
    }
    Ok(unknown)
}
