//! Datasets: which shards a run trains on. The manifest is immutable and named by its digest.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::{Config, DataUse};
use crate::limits::RecordShape;
use crate::names::PipelineName;
use crate::routing::Route;
use crate::upload::{Shard, Upload, UploadKind, UploadStatus};
use crate::withheld::Trained;

/// The compiler's own version: a change of what it writes recompiles every upload.
pub const COMPILER: &str = "8";

/// One shard of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// The object that it came from.
    pub object: String,
    /// That object's version.
    pub version: String,
    /// The shard.
    pub shard: String,
    /// The shard's length; 0 if it is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// Records in the shard.
    pub records: u64,
    /// The sequence number under which it was accepted.
    pub sequence: u64,
    /// What its records are known by, where a chain's first stage trains on them: the same bytes dropped again are no other documents.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Everything that a run trains on and is evaluated with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this pipeline.
    pub pipeline: PipelineName,
    /// Training shards, the oldest first.
    pub training: Vec<ManifestEntry>,
    /// Evaluation shards, the oldest first. Empty: a share of the training records is held out.
    pub evaluation: Vec<ManifestEntry>,
    /// The share held out when there are no evaluation shards.
    pub holdout: Option<f64>,
}

impl Manifest {
    /// The dataset's name: SHA-256 of the manifest, 32 hexadecimal digits of it.
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(&Sha256::digest(text)[..16])
    }

    /// Where the manifest lies.
    pub fn key(&self) -> String {
        format!("shards/{}/datasets/{}.json", self.pipeline, self.digest())
    }

    /// The part that a chain's first stage trains on, and the part that its last stage trains on, with the questions. Without a
    /// first stage there is nothing in the first part.
    pub fn by_stage(mut self, route: &Route) -> (Self, Self) {
        let takes = |entry: &ManifestEntry| {
            let first = route.first.as_ref();
            first.is_some_and(|first| first.takes(&entry.object))
        };
        let training = std::mem::take(&mut self.training);
        let (documents, training) = training.into_iter().partition(takes);
        let first = Self {
            pipeline: self.pipeline.clone(),
            training: documents,
            evaluation: Vec::new(),
            holdout: None,
        };
        (first, Self { training, ..self })
    }

    /// Records before duplicates and leaks are taken out.
    pub fn records(&self) -> u64 {
        self.training.iter().map(|entry| entry.records).sum()
    }
}

/// The list of prompts that a dataset's training file holds, kept so that no later model is judged on them.
pub fn prompts_key(pipeline: &PipelineName, digest: &str) -> String {
    format!("shards/{pipeline}/datasets/{digest}.prompts")
}

/// What decides how the upload with this key is compiled; a change recompiles from the originals.
pub fn compile_digest(route: &Route, kind: UploadKind, key: &str) -> String {
    let route = route.of(key);
    let mut hash = Sha256::new();
    hash.update(COMPILER);
    if kind == UploadKind::Training {
        hash.update(serde_json::to_vec(&route.limits).unwrap_or_default());
        hash.update(route.customization_id.as_bytes());
        // Invocation logs became prompts; what was compiled before holds them as they came.
        if route.limits.shape == RecordShape::DistillationPrompts {
            hash.update("logs as prompts");
        }
    }
    if !route.compile.is_default() {
        hash.update(serde_json::to_vec(&route.compile).unwrap_or_default());
    }
    hex::encode(&hash.finalize()[..8])
}

/// Where a shard lies.
pub fn shard_key(
    pipeline: &PipelineName,
    kind: UploadKind,
    compile_digest: &str,
    object: &str,
    version: &str,
) -> String {
    let kind = match kind {
        UploadKind::Training => "training",
        UploadKind::Evaluation => "evaluation",
    };
    let name = hex::encode(&Sha256::digest(format!("{object}\0{version}").as_bytes())[..16]);
    format!("shards/{pipeline}/{kind}/{compile_digest}/{name}.jsonl")
}

/// Where the index of a shard lies: what sealing needs to know of its records, so that it need not be read.
pub fn index_key(shard: &str) -> String {
    format!("{shard}.index")
}

/// Ranges of sequence numbers (after, up to) whose uploads are not trained on.
pub type Quarantine = Vec<(u64, u64)>;

/// Whether the upload that took this sequence number is in quarantine.
pub fn is_quarantined(quarantine: &[(u64, u64)], sequence: u64) -> bool {
    quarantine
        .iter()
        .any(|(after, up_to)| sequence > *after && sequence <= *up_to)
}

/// What a new shard replaces, as long as that is good to train on: the shard in force, or what that one replaced.
pub fn replaced(known: &Upload, new: &Shard, quarantine: &Quarantine) -> Option<Shard> {
    let in_force = known
        .shard
        .as_ref()
        .filter(|old| old.version != new.version);
    let good = |old: &&Shard| !is_quarantined(quarantine, old.sequence);
    [in_force, known.earlier.as_ref()]
        .into_iter()
        .flatten()
        .find(good)
        .cloned()
}

/// The shard of an upload that a dataset holds, whatever it was compiled for: a replacement in quarantine gives way to what it replaced.
///
/// Only training data can be in quarantine: without its questions a pipeline would be judged on a hold-out that nobody chose.
pub fn in_force<'u>(upload: &'u Upload, quarantine: &Quarantine) -> Option<&'u Shard> {
    if upload.kind == UploadKind::Evaluation {
        return upload.shard.as_ref();
    }
    let candidates = [upload.shard.as_ref(), upload.earlier.as_ref()];
    let free = |shard: &&Shard| !is_quarantined(quarantine, shard.sequence);
    candidates.into_iter().flatten().find(free)
}

/// The earlier version that an upload's replacement in quarantine has given way to, if it has to be compiled anew from its original for
/// the settings that `digest` stands for.
pub fn stale_earlier<'u>(
    upload: &'u Upload,
    quarantine: &Quarantine,
    digest: &str,
) -> Option<&'u Shard> {
    let earlier = upload.earlier.as_ref()?;
    let is_in_force = in_force(upload, quarantine) == Some(earlier);
    (is_in_force && earlier.needs_compiling(digest)).then_some(earlier)
}

/// The versions in force that no dataset with these settings holds, as they were compiled for others and their originals cannot be
/// compiled anew; in words. `at_most` of them are named.
pub fn left_behind(
    uploads: &[Upload],
    config: &Config,
    route: &Route,
    quarantine: &Quarantine,
    at_most: usize,
) -> Option<String> {
    let left: Vec<(&Upload, &Shard)> = uploads
        .iter()
        .filter(|upload| upload.status != UploadStatus::Outside && config.data.takes(&upload.key))
        .filter_map(|upload| Some((upload, in_force(upload, quarantine)?)))
        .filter(|(upload, shard)| {
            shard.compile_digest != compile_digest(route, upload.kind, &upload.key)
        })
        .collect();
    let named = left.iter().take(at_most).map(|(upload, shard)| {
        let why = match &shard.unusable {
            Some(unusable) => unusable.why.as_str(),
            None => "its newest version has to be mended first",
        };
        let (key, version, records) = (&upload.key, &shard.version, shard.records);
        format!("{key}, version {version} ({records} records): {why}")
    });
    let named: Vec<String> = named.collect();
    (!left.is_empty()).then(|| {
        format!(
            "left out, as they were compiled for other settings and cannot be compiled anew: {} uploads: {}{}",
            left.len(),
            named.join("; "),
            if left.len() > at_most { "; and others" } else { "" }
        )
    })
}

/// Chooses the shards of a dataset.
///
/// `trained` is what the champion has been trained on, for `use = "new"`; `now_second` is Unix time, for `use = "last:…"`.
pub fn select(
    pipeline: &PipelineName,
    uploads: &[Upload],
    config: &Config,
    route: &Route,
    quarantine: &Quarantine,
    trained: Trained<'_>,
    now_second: i64,
) -> Manifest {
    let wanted = |shard: &Shard| match config.data.use_ {
        DataUse::All => true,
        DataUse::New => !trained.on(shard.sequence),
        DataUse::Last(span) => {
            let span = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
            shard.accepted_at.as_second() >= now_second.saturating_sub(span)
        }
    };
    let inside =
        |upload: &Upload| upload.status != UploadStatus::Outside && config.data.takes(&upload.key);
    let entries = |kind: UploadKind, keep: &dyn Fn(&Shard) -> bool| {
        let mut entries: Vec<ManifestEntry> = uploads
            .iter()
            .filter(|upload| upload.kind == kind && inside(upload))
            .filter_map(|upload| in_force(upload, quarantine).map(|shard| (upload, shard.clone())))
            .filter(|(upload, shard)| {
                shard.compile_digest == compile_digest(route, kind, &upload.key) && keep(shard)
            })
            .map(|(upload, shard)| ManifestEntry {
                object: upload.key.clone(),
                version: shard.version,
                shard: shard.key,
                bytes: shard.bytes,
                records: shard.records,
                sequence: shard.sequence,
                content: match &route.first {
                    Some(first) if first.takes(&upload.key) => shard.content,
                    _ => String::new(),
                },
            })
            .collect();
        entries.sort_by(|a, b| (a.sequence, &a.object).cmp(&(b.sequence, &b.object)));
        entries
    };
    let training = entries(UploadKind::Training, &wanted);
    let evaluation = entries(UploadKind::Evaluation, &|_| true);
    // What is not scored keeps nothing back for questions.
    let held_out = evaluation.is_empty() && route.is_scored();
    let holdout = held_out.then_some(config.evaluation.holdout);
    Manifest {
        pipeline: pipeline.clone(),
        training,
        evaluation,
        holdout,
    }
}
