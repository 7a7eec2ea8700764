//! Where a Nova job of SageMaker says that its checkpoint lies: a pointer in one of three places below its output.
//!
//! What is read here was written by a container, in a role that may write there and nothing else: it is taken for untrusted. Nothing
//! is read beyond the bounds below, and nothing comes out but a well-formed S3 URI.
//!
//! Source: aws/sagemaker-python-sdk, `sagemaker-core/src/sagemaker/core/training/utils.py`, `resolve_nova_checkpoint_uri` (read at
//! a248126, 2026-08-21), which looks for the manifest as an object first and into the archive after that.

mod archive;

pub use archive::Archive;

use serde_json::Value;

/// The largest manifest that is read, in bytes. One holds a handful of texts.
pub const LARGEST_MANIFEST: usize = 64 * 1024;
/// The largest archive that is read, in bytes as it lies in the bucket. Of a Nova job there is little in it but the manifest: its
/// weights stay with AWS.
pub const LARGEST_ARCHIVE: u64 = 64 << 20;
/// How much of an archive is read unpacked before it is given up.
pub const MOST_UNPACKED: u64 = 256 << 20;

/// The member of the manifest.
const POINTER: &str = "checkpoint_s3_bucket";
/// Bedrock takes no longer URI (`S3Uri` of its service model).
const LONGEST_URI: usize = 1_024;

/// One place in which a manifest may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The key in the bucket.
    pub key: String,
    /// In which form.
    pub form: Form,
}

/// How the manifest lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As an object of its own.
    Object,
    /// In a gzip-compressed tar archive, as `manifest.json` in any folder of it.
    Archive,
}

/// The places of a job's manifest, in the order in which they are looked at. `output_prefix` ends in a slash.
#[must_use]
pub fn places(output_prefix: &str, job: &str) -> [Place; 3] {
    let place = |below: &str, form| Place {
        key: format!("{output_prefix}{job}/{below}"),
        form,
    };
    [
        // A serverless job.
        place("output/output/manifest.json", Form::Object),
        // A job on instances.
        place("output/output.tar.gz", Form::Archive),
        // A job on HyperPod.
        place("manifest.json", Form::Object),
    ]
}

/// Why there is no pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is too large to be what it should be.
    #[error(
        "it is larger than the {limit} bytes that are read of it, so it is no manifest of a Nova job; look at what the job wrote"
    )]
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// It is no archive, or a broken one.
    #[error(
        "it is no complete tar archive in gzip: {0}; look at what the job wrote, and start a new run if its upload was cut off"
    )]
    BrokenArchive(String),
    /// There is no manifest in the archive.
    #[error(
        "there is no manifest.json in it; look at the job's log, whether it saved a checkpoint at all"
    )]
    NoManifest,
    /// The manifest is no JSON object.
    #[error("manifest.json is no JSON object; look at what the job wrote")]
    NoJson,
    /// The manifest does not say where the checkpoint is.
    #[error("manifest.json names no {POINTER}; it names {names}")]
    NoPointer {
        /// What it names.
        names: String,
    },
    /// What the manifest says is no S3 URI that Bedrock takes.
    #[error("{POINTER} in manifest.json is no S3 URI that Bedrock takes: {found:?}")]
    NoUri {
        /// The start of it.
        found: String,
    },
}

/// The checkpoint's S3 URI, from the bytes of a `manifest.json`.
///
/// # Errors
/// [`CheckpointError`], each saying what is wrong with the manifest.
pub fn pointer(manifest: &[u8]) -> Result<String, CheckpointError> {
    if manifest.len() > LARGEST_MANIFEST {
        return Err(CheckpointError::TooLarge {
            limit: LARGEST_MANIFEST as u64,
        });
    }
    let Ok(Value::Object(members)) = serde_json::from_slice(manifest) else {
        return Err(CheckpointError::NoJson);
    };
    let short = |text: &str| text.chars().take(100).collect::<String>();
    match members.get(POINTER) {
        Some(Value::String(uri)) if is_uri(uri) => Ok(uri.clone()),
        Some(Value::String(found)) if !found.is_empty() => Err(CheckpointError::NoUri {
            found: short(found),
        }),
        Some(Value::String(_) | Value::Null) | None => {
            let names: Vec<String> = members.keys().take(10).map(|name| short(name)).collect();
            Err(CheckpointError::NoPointer {
                names: match names.is_empty() {
                    true => "nothing".to_owned(),
                    false => names.join(", "),
                },
            })
        }
        Some(other) => Err(CheckpointError::NoUri {
            found: short(&other.to_string()),
        }),
    }
}

/// By the pattern of Bedrock's `S3Uri` (service model of aws-sdk-bedrock 1.166): a bucket, then folders of plain characters.
fn is_uri(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("s3://") else {
        return false;
    };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-!_*'().".contains(&byte);
    uri.len() <= LONGEST_URI
        && (3..=63).contains(&bucket.len())
        && bucket.bytes().next().is_some_and(lower)
        && bucket
            .bytes()
            .all(|byte| lower(byte) || b"-.".contains(&byte))
        && key
            .strip_suffix('/')
            .unwrap_or(key)
            .split('/')
            .all(|folder| folder.bytes().all(plain) && (!folder.is_empty() || key.is_empty()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_gives_its_pointer() {
        let uri = "s3://customer-escrow-123456789012-a1b2c3/my-run/step_4/";
        let manifest = format!(r#"{{"checkpoint_s3_bucket": "{uri}", "model_type": "x"}}"#);
        assert_eq!(pointer(manifest.as_bytes()).unwrap(), uri);
    }

    #[test]
    fn three_places_are_looked_at() {
        let keys = places("work/p/r/training-1/", "job").map(|place| place.key);
        assert_eq!(
            keys,
            [
                "work/p/r/training-1/job/output/output/manifest.json",
                "work/p/r/training-1/job/output/output.tar.gz",
                "work/p/r/training-1/job/manifest.json"
            ]
        );
    }

    #[test]
    fn what_is_no_pointer_is_refused_with_what_was_found() {
        for (manifest, words) in [
            ("[]", "no JSON object"),
            ("{", "no JSON object"),
            ("{}", "names nothing"),
            (
                r#"{"a": 1, "checkpoint_s3_bucket": ""}"#,
                "it names a, checkpoint_s3_bucket",
            ),
            (r#"{"checkpoint_s3_bucket": 7}"#, "\"7\""),
            (r#"{"checkpoint_s3_bucket": "https://x/y"}"#, "https://x/y"),
            (
                r#"{"checkpoint_s3_bucket": "s3://Bucket/y"}"#,
                "s3://Bucket/y",
            ),
            (r#"{"checkpoint_s3_bucket": "s3://bucket/a b"}"#, "a b"),
            (r#"{"checkpoint_s3_bucket": "s3://bucket/a//b"}"#, "a//b"),
            (r#"{"checkpoint_s3_bucket": "s3://bucket/../?x"}"#, "?x"),
        ] {
            let error = pointer(manifest.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{manifest}: {error}");
        }
        let long = format!(
            r#"{{"checkpoint_s3_bucket": "s3://bucket/{}"}}"#,
            "a".repeat(1_100)
        );
        assert!(matches!(
            pointer(long.as_bytes()),
            Err(CheckpointError::NoUri { .. })
        ));
        let large = vec![b' '; LARGEST_MANIFEST + 1];
        assert!(matches!(
            pointer(&large),
            Err(CheckpointError::TooLarge { .. })
        ));
    }
}
