//! The newest version of an object wins, whatever the order of the events.

use std::collections::BTreeMap;

use perennial_core::upload::{UploadKind, UploadStatus};
use perennial_ports::memory::{Author, ChangeKind};

use super::{Check, View, Written};
use crate::picture::Change;

/// The checker.
#[derive(Default)]
pub(crate) struct NewestWins {
    /// The order in which versions came into the bucket.
    order: BTreeMap<String, u64>,
    seen: usize,
}

impl NewestWins {
    fn of(&mut self, version: &str, view: &View<'_>) -> u64 {
        if !self.order.contains_key(version) {
            let changes = view.cloud.objects.changes();
            for change in &changes[self.seen..] {
                self.order.insert(change.version.clone(), change.sequence);
            }
            self.seen = changes.len();
        }
        self.order.get(version).copied().unwrap_or(0)
    }
}

impl Check for NewestWins {
    fn name(&self) -> &'static str {
        "the newest version of an object wins"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        for change in written.changes {
            match change {
                Change::Upload(key, Some(before)) => {
                    let Some(now) = view.picture.uploads.get(key) else {
                        continue;
                    };
                    if now.version != before.version
                        && self.of(&now.version, view) < self.of(&before.version, view)
                    {
                        return Err(format!(
                            "{key} went back from version {} to the older {}",
                            before.version, now.version
                        ));
                    }
                }
                Change::Pipeline(Some(before)) => {
                    let Some(now) = &view.picture.pipeline else {
                        continue;
                    };
                    let (Some(new), Some(old)) = (&now.config, &before.config) else {
                        continue;
                    };
                    if new.version != old.version
                        && self.of(&new.version, view) < self.of(&old.version, view)
                    {
                        return Err(format!(
                            "the configuration went back from version {} to the older {}",
                            old.version, new.version
                        ));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is in the bucket is what is on record.
    fn at_rest(&mut self, view: &View<'_>) -> Result<(), String> {
        let mut newest: BTreeMap<String, (String, bool)> = BTreeMap::new();
        for change in view.cloud.objects.changes() {
            if change.by == Author::User && change.kind != ChangeKind::Removed {
                let there = change.kind != ChangeKind::Marker;
                newest.insert(change.key, (change.version, there));
            }
        }
        let pipeline = view.picture.pipeline.as_ref();
        let configured = pipeline.is_some_and(|pipeline| pipeline.config.is_some());
        for (key, (version, there)) in newest {
            if key.starts_with("pipelines/") {
                let seen = pipeline.map_or("", |pipeline| pipeline.config_seen.as_str());
                if there && seen != version {
                    return Err(format!("version {version} of {key} was never looked at"));
                }
                continue;
            }
            if !key.starts_with("data/") && !key.starts_with("eval/") {
                continue;
            }
            let known = view.picture.uploads.get(&key);
            match known {
                None if there => return Err(format!("{key} was never taken in")),
                None => {}
                Some(known) if !there && known.status == UploadStatus::Withdrawn => {}
                Some(known) if !there => {
                    return Err(format!("{key} was deleted, and is {:?}", known.status));
                }
                Some(known) => {
                    let expected = match known.status {
                        UploadStatus::Accepted => known
                            .shard
                            .as_ref()
                            .is_some_and(|shard| shard.version == version),
                        UploadStatus::Rejected => {
                            known.kind == UploadKind::Evaluation
                                || prompts(&view.cloud.objects.read_version(&key, &version)) == 0
                        }
                        UploadStatus::Waiting => !configured,
                        UploadStatus::Withdrawn => false,
                        UploadStatus::Outside => pipeline
                            .and_then(|pipeline| pipeline.config.as_ref())
                            .is_some_and(|in_force| !in_force.config.data.takes(&key)),
                    };
                    if known.version != version || !expected {
                        return Err(format!(
                            "{key} is at version {version} in the bucket; on record {} is {:?}",
                            known.version, known.status
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn prompts(text: &str) -> usize {
    text.lines().filter(|line| line.ends_with('}')).count()
}
