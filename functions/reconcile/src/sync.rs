//! Comparing the bucket with the record: files older than the installation, and events that were lost.

use std::collections::BTreeSet;

use perennial_core::announcement::{Announcement, object_found, object_missing};
use perennial_core::upload::{Place, UploadStatus, is_folder_marker, place};
use perennial_engine::{EngineError, records};
use perennial_ports::objects::list_all;

use crate::Ports;

/// Said at a time, so that a large bucket does not stand in memory twice.
const CHUNK: usize = 100;

pub(crate) async fn sync(ports: &Ports) -> Result<(), EngineError> {
    let table = ports.desk.table.as_ref();
    let mut say: Vec<Announcement> = Vec::new();
    let mut there = BTreeSet::new();
    for prefix in ["pipelines/", "data/", "eval/"] {
        for info in list_all(ports.read.as_ref(), prefix).await? {
            let known = match place(&info.key) {
                _ if is_folder_marker(&info.key, info.size) => true,
                Place::Ignored | Place::General(_) => true,
                Place::Misnamed { .. } => false,
                Place::Configuration(name) => {
                    let pipeline = records::pipeline(table, &name).await?;
                    pipeline.is_some_and(|stored| stored.record.config_seen == info.version)
                }
                Place::Upload(_, name) => {
                    let upload = records::upload(table, &name, &info.key).await?;
                    let config = records::pipeline(table, &name).await?;
                    let config = config.and_then(|stored| stored.record.config);
                    let takes =
                        config.is_some_and(|in_force| in_force.config.data.takes(&info.key));
                    upload.is_some_and(|stored| {
                        stored.record.version == info.version
                            && match stored.record.status {
                                UploadStatus::Accepted | UploadStatus::Rejected => true,
                                // Said again once the configuration takes it.
                                UploadStatus::Outside => !takes,
                                _ => false,
                            }
                    })
                }
            };
            if !known {
                say.push(object_found(&info.key, &info.version, info.size));
            }
            there.insert(info.key);
            flush(ports, &mut say, CHUNK).await?;
        }
    }
    for stored in records::pipelines(table).await? {
        for upload in records::uploads(table, &stored.record.name).await? {
            let upload = upload.record;
            if upload.status != UploadStatus::Withdrawn && !there.contains(&upload.key) {
                say.push(object_missing(&upload.key));
                flush(ports, &mut say, CHUNK).await?;
            }
        }
    }
    flush(ports, &mut say, 1).await
}

async fn flush(
    ports: &Ports,
    say: &mut Vec<Announcement>,
    at_least: usize,
) -> Result<(), EngineError> {
    if say.len() >= at_least {
        ports.desk.announce.announce(say).await?;
        say.clear();
    }
    Ok(())
}
