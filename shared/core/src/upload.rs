//! Uploads: what became of each version of each object, and which of two versions is the newer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::names::PipelineName;
use crate::simulator::{Rule, is_removed};

/// What an object is for, by its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UploadKind {
    /// `data/<pipeline>/**`.
    Training,
    /// `eval/<pipeline>/**`.
    Evaluation,
}

/// Where a key of the bucket belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `pipelines/<pipeline>.toml`.
    Configuration(PipelineName),
    /// Data of a pipeline.
    Upload(UploadKind, PipelineName),
    /// `eval/<pipeline>/general/**`: what must not be forgotten. This version keeps it and does not ask it.
    General(PipelineName),
    /// Under a prefix that we read, but with a name that no pipeline can have. People must be told.
    Misnamed {
        /// The name that was found.
        found: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing of ours to read: our own output, media, anything else.
    Ignored,
}

/// Whether it is a folder's marker and no file: consoles and tools make such objects.
pub fn is_folder_marker(key: &str, size: u64) -> bool {
    size == 0 && key.ends_with('/')
}

/// Reads the place from the key. Our own output can never be taken for an upload.
pub fn place(key: &str) -> Place {
    let Some((kind, rest)) = key.split_once('/') else {
        return Place::Ignored;
    };
    let misnamed = |found: &str| match PipelineName::parse(found) {
        Ok(_) => Place::Ignored,
        Err(error) => Place::Misnamed {
            found: found.to_owned(),
            reason: error.to_string(),
        },
    };
    match kind {
        "pipelines" => match rest.strip_suffix(".toml") {
            Some(name) => match PipelineName::parse(name) {
                Ok(name) => Place::Configuration(name),
                Err(_) => misnamed(name),
            },
            None => Place::Ignored,
        },
        "data" | "eval" => {
            let Some((name, inside)) = rest.split_once('/') else {
                return Place::Misnamed {
                    found: rest.to_owned(),
                    reason: format!(
                        "the file lies directly under {kind}/; put it in a pipeline's folder, as {kind}/<pipeline>/{rest}"
                    ),
                };
            };
            let upload_kind = if kind == "data" {
                UploadKind::Training
            } else {
                UploadKind::Evaluation
            };
            match PipelineName::parse(name) {
                Ok(name) if kind == "eval" && inside.starts_with("general/") => {
                    Place::General(name)
                }
                Ok(name) => Place::Upload(upload_kind, name),
                Err(_) => misnamed(name),
            }
        }
        _ => Place::Ignored,
    }
}

/// S3's sequencer at fixed width, so that plain string order is time order within one key.
///
/// S3 says: pad the shorter with zeros on the right, then compare as hexadecimal text (source: Amazon S3 user guide,
/// "Event message structure").
pub fn fixed_width(sequencer: &str) -> String {
    let mut text: String = sequencer.to_ascii_uppercase().chars().take(64).collect();
    while text.len() < 64 {
        text.push('0');
    }
    text
}

/// What an accepted upload was compiled to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    /// The object's version that it was compiled from.
    pub version: String,
    /// The compile digest: model, technique, `[data]` and the compiler.
    pub compile_digest: String,
    /// Where it lies, under `shards/`.
    pub key: String,
    /// The digest of its lines: the same records again are nothing new.
    #[serde(default)]
    pub content: String,
    /// Records in it.
    pub records: u64,
    /// An estimate.
    pub tokens: u64,
    /// The pipeline's sequence number that accepting it took.
    pub sequence: u64,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// What became of the newest version of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum UploadStatus {
    /// There is no configuration for its pipeline yet.
    Waiting,
    /// It is in force.
    Accepted,
    /// It has errors; an earlier accepted version, if there is one, stays in force.
    Rejected,
    /// The object was deleted; nothing of it goes into later datasets.
    Withdrawn,
}

/// One object under `data/` or `eval/`, as a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Upload {
    /// Its pipeline.
    pub pipeline: PipelineName,
    /// The object's key.
    pub key: String,
    /// What it is for.
    pub kind: UploadKind,
    /// The newest version seen.
    pub version: String,
    /// That version's sequencer at fixed width; empty when the version was found by listing.
    pub sequencer: String,
    /// What became of it.
    pub status: UploadStatus,
    /// The shard in force: of this version, or of an earlier accepted one.
    pub shard: Option<Shard>,
    /// What it replaced, kept for as long as the shard in force is in quarantine: a replacement that made a model worse
    /// does not take the good data with it.
    #[serde(default)]
    pub earlier: Option<Shard>,
    /// The report on the newest version.
    pub report: Option<String>,
    /// When the newest version was taken up.
    pub seen_at: Timestamp,
}

/// Whether one sequencer is older than another; both at fixed width.
pub fn is_older(sequencer: &str, known: &str) -> bool {
    sequencer < known && !is_removed(Rule::Sequencer)
}

/// Whether a delivery is older than what is already known of the key, and must be dropped.
///
/// A delivery without a sequencer (found by listing) is never older: the caller has read the bucket.
pub fn is_stale(known: Option<&Upload>, sequencer: Option<&str>) -> bool {
    match (known, sequencer) {
        (Some(known), Some(sequencer)) => is_older(&fixed_width(sequencer), &known.sequencer),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_where_it_belongs() {
        let bot = || PipelineName::parse("bot").expect("valid");
        for (key, expected) in [
            ("pipelines/bot.toml", Place::Configuration(bot())),
            (
                "data/bot/a.jsonl",
                Place::Upload(UploadKind::Training, bot()),
            ),
            (
                "data/bot/deep/er/ä +%.jsonl",
                Place::Upload(UploadKind::Training, bot()),
            ),
            (
                "eval/bot/e.jsonl",
                Place::Upload(UploadKind::Evaluation, bot()),
            ),
            ("eval/bot/general/g.jsonl", Place::General(bot())),
            (
                "data/bot/ends.jsonl/",
                Place::Upload(UploadKind::Training, bot()),
            ),
            ("reports/bot/a.json", Place::Ignored),
            ("shards/bot/a.jsonl", Place::Ignored),
            ("work/bot/a.jsonl", Place::Ignored),
            ("media/bot/a.png", Place::Ignored),
            ("pipelines/readme.md", Place::Ignored),
            ("x", Place::Ignored),
        ] {
            assert_eq!(place(key), expected, "{key}");
        }
        assert!(matches!(
            place("data/Support Bot/a.jsonl"),
            Place::Misnamed { .. }
        ));
        assert!(matches!(place("data/a.jsonl"), Place::Misnamed { .. }));
        assert!(matches!(place("pipelines/A.toml"), Place::Misnamed { .. }));
    }

    #[test]
    fn sequencers_of_different_length_compare_as_s3_says() {
        assert!(fixed_width("0055AED6DCD90281E5") < fixed_width("0055AED6DCD90281E51"));
        assert!(fixed_width("0055aed6dcd90281e6") > fixed_width("0055AED6DCD90281E51"));
        assert_eq!(fixed_width("00"), fixed_width("000"));
    }
}
