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
    /// Its length; 0 if it was compiled before that was noted.
    #[serde(default)]
    pub bytes: u64,
    /// Records in it.
    pub records: u64,
    /// An estimate.
    pub tokens: u64,
    /// The pipeline's sequence number that accepting it took.
    pub sequence: u64,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// Why its original could not be compiled anew for the settings that came later, if that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Unusable>,
}

/// Settings for which an original cannot be compiled anew: no dataset with them holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// The compile digest of those settings.
    pub compile_digest: String,
    /// Why, in words.
    pub why: String,
}

impl Shard {
    /// Whether it was compiled for other settings than these, and nobody has tried yet to compile it anew for them.
    #[must_use]
    pub fn needs_compiling(&self, digest: &str) -> bool {
        let tried = self.unusable.as_ref();
        self.compile_digest != digest && tried.is_none_or(|tried| tried.compile_digest != digest)
    }
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
    /// Its key is outside `[data] from`: it is not read, and nothing of it goes into later datasets. A shard that stays in the
    /// record was tried in a run, and keeps its place until it is taken in again.
    Outside,
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
    /// A sequencer at fixed width that this version is not older than: its own, or where nobody told that, of a version before
    /// it. Empty if none is known.
    pub sequencer: String,
    /// Whether `sequencer` is this version's own. A version that was found by listing, or to which an event of another one
    /// led, has no place of its own in S3's order.
    #[serde(default)]
    pub in_order: bool,
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

/// How a version that was read from the bucket stands to the record as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The record is of a newer version: what was read is dropped.
    Older,
    /// Nobody can tell, so record and bucket are read anew.
    Unknown,
    /// What was read may be saved.
    Newest,
}

/// How `read` stands to the record. `changed`: the record is another than the one that was read before the bucket was asked. S3's
/// order judges between two versions of which both have a place in it; what has none is the newest only as long as the
/// record is as it was then, or an older version could replace a newer one.
pub fn standing(read: &Upload, known: Option<&Upload>, changed: bool) -> Standing {
    let older = |known: &Upload| is_older(&read.sequencer, &known.sequencer);
    if read.in_order && known.is_some_and(older) {
        return Standing::Older;
    }
    let in_order = read.in_order && known.is_some_and(|known| known.in_order);
    if changed && !in_order && !is_removed(Rule::OwnPlace) {
        return Standing::Unknown;
    }
    Standing::Newest
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

    fn version(sequencer: &str, in_order: bool) -> Upload {
        Upload {
            pipeline: PipelineName::parse("bot").expect("valid"),
            key: "data/bot/a.jsonl".into(),
            kind: UploadKind::Training,
            version: "v".into(),
            sequencer: sequencer.into(),
            in_order,
            status: UploadStatus::Accepted,
            shard: None,
            earlier: None,
            report: None,
            seen_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_older_version_never_replaces_a_newer_one() {
        use Standing::{Newest, Older, Unknown};
        let (told, found) = (|at| version(at, true), |at| version(at, false));
        for (what, read, known, changed, expected) in [
            ("the first version", told("2"), None, false, Newest),
            ("the record is gone", told("2"), None, true, Unknown),
            (
                "an older one came meanwhile",
                told("2"),
                Some(told("1")),
                true,
                Newest,
            ),
            (
                "a newer one came meanwhile",
                told("2"),
                Some(told("3")),
                true,
                Older,
            ),
            (
                "a newer one was there",
                told("2"),
                Some(told("3")),
                false,
                Older,
            ),
            // The fourth of four versions, to which an event of the third led, bears the place of the first: seed 597289 of
            // commit 77ea986.
            (
                "one without a place came meanwhile",
                told("2"),
                Some(found("1")),
                true,
                Unknown,
            ),
            (
                "it is not older than its bound",
                told("2"),
                Some(found("3")),
                true,
                Older,
            ),
            (
                "it was there already",
                told("2"),
                Some(found("1")),
                false,
                Newest,
            ),
            (
                "found by listing",
                found("1"),
                Some(told("1")),
                false,
                Newest,
            ),
            (
                "found, and one came meanwhile",
                found("1"),
                Some(told("3")),
                true,
                Unknown,
            ),
        ] {
            assert_eq!(standing(&read, known.as_ref(), changed), expected, "{what}");
        }
    }

    #[test]
    fn sequencers_of_different_length_compare_as_s3_says() {
        assert!(fixed_width("0055AED6DCD90281E5") < fixed_width("0055AED6DCD90281E51"));
        assert!(fixed_width("0055aed6dcd90281e6") > fixed_width("0055AED6DCD90281E51"));
        assert_eq!(fixed_width("00"), fixed_width("000"));
    }
}
