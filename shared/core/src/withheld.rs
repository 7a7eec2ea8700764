//! What `[data] use = "new"` takes besides what came since: what was in quarantine when the champion's dataset was sealed.
//!
//! One high-water mark does not tell it: a promotion moves the mark past uploads that the promoted run left out. So each model keeps
//! what its dataset was withheld, and what is released is new until a run that sealed it is promoted. A rollback goes back to the
//! earlier model's own mark and its own ranges.

use std::collections::BTreeSet;

use crate::manifest::{Manifest, Quarantine, is_quarantined};
use crate::names::ModelId;
use crate::pipeline::Pipeline;
use crate::upload::{Upload, UploadKind};

/// What the champion was trained on, by sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trained<'a> {
    /// Sealed up to here.
    pub up_to: u64,
    /// Ranges (after, up to) that its dataset was withheld all the same.
    pub but: &'a [(u64, u64)],
}

impl<'a> Trained<'a> {
    /// Nothing is trained on: everything is new.
    pub const ON_NOTHING: Trained<'static> = Trained { up_to: 0, but: &[] };

    /// What the pipeline's champion was trained on.
    #[must_use]
    pub fn by_champion(pipeline: &'a Pipeline) -> Self {
        let champion = pipeline.champion.as_ref();
        let but = champion.and_then(|champion| pipeline.withheld_from.get(&champion.model));
        Self {
            up_to: pipeline.champion_sealed,
            but: but.map_or(&[], Vec::as_slice),
        }
    }

    /// Whether it was trained on the upload that took this sequence number.
    #[must_use]
    pub fn on(&self, sequence: u64) -> bool {
        sequence <= self.up_to && !is_quarantined(self.but, sequence)
    }
}

/// What a dataset is withheld that is sealed now: what is in quarantine, and what was withheld from the champion before and is not in
/// this dataset either. Only shards that are there count.
#[must_use]
pub fn withheld(
    uploads: &[Upload],
    quarantine: &Quarantine,
    trained: Trained<'_>,
    manifest: &Manifest,
) -> Quarantine {
    let sealed: BTreeSet<u64> = manifest.training.iter().map(|e| e.sequence).collect();
    let shards: BTreeSet<u64> = uploads
        .iter()
        .filter(|upload| upload.kind == UploadKind::Training)
        .flat_map(|upload| [upload.shard.as_ref(), upload.earlier.as_ref()])
        .flatten()
        .map(|shard| shard.sequence)
        .collect();
    let mut ranges = Quarantine::new();
    let mut goes_on = false;
    for shard in shards {
        let was = is_quarantined(quarantine, shard) || is_quarantined(trained.but, shard);
        let is = was && !sealed.contains(&shard);
        match ranges.last_mut().filter(|_| goes_on) {
            // No shard lies between them.
            Some(last) if is => last.1 = shard,
            _ if is => ranges.push((shard.saturating_sub(1), shard)),
            _ => {}
        }
        goes_on = is;
    }
    ranges
}

/// The quarantine is lifted. No model that serves or served was trained on what is in it: a promoted run's uploads are in none.
///
/// For a model whose run was opened under this version its own ranges hold that already; records of older versions have none.
pub(crate) fn released(pipeline: &mut Pipeline) {
    let quarantine = std::mem::take(&mut pipeline.quarantine);
    let served = pipeline.champion.iter().chain(&pipeline.previous);
    let served: Vec<ModelId> = served.map(|champion| champion.model.clone()).collect();
    for model in served {
        let ranges = pipeline.withheld_from.entry(model).or_default();
        ranges.extend(&quarantine);
        *ranges = joined(std::mem::take(ranges));
    }
}

/// The same numbers in as few ranges as can be.
fn joined(mut ranges: Quarantine) -> Quarantine {
    ranges.sort_unstable();
    let mut joined = Quarantine::new();
    for (after, up_to) in ranges {
        match joined.last_mut() {
            Some(last) if after <= last.1 => last.1 = last.1.max(up_to),
            _ => joined.push((after, up_to)),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_meet_are_one() {
        let ranges = vec![(7, 9), (1, 2), (2, 4), (8, 8), (12, 13)];
        assert_eq!(joined(ranges), vec![(1, 4), (7, 9), (12, 13)]);
    }
}
