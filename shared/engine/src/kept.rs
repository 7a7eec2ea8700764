//! Kept answers: one per (model, exact prompt, inference parameters), so that none is ever bought twice.
//!
//! They lie under `answers/<pipeline>/<model>/`, a chunk of lines an object, and are kept like shards.

use std::collections::BTreeMap;

use bytes::Bytes;
use perennial_core::names::{ModelId, PipelineName};
use perennial_ports::objects::{list_all, read_all};
use perennial_ports::{PortResult, Question, ReadObjects, WriteObjects};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The longest answer that is asked for, in tokens.
pub const MAX_ANSWER_TOKENS: u32 = perennial_core::prices::MAX_ANSWER_TOKENS;
/// One chunk's largest size.
const CHUNK_LIMIT: usize = 64 << 20;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The digest of the exact prompt and the inference parameters.
    pub question: String,
    /// The text; none if the model gave no answer to this prompt and never will.
    pub answer: Option<String>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How every model is asked in an evaluation: the same way.
pub fn question(prompt: &str) -> Question {
    Question {
        prompt: prompt.to_owned(),
        max_tokens: MAX_ANSWER_TOKENS,
        temperature: 0.0,
    }
}

/// The digest of the exact prompt and the inference parameters.
pub fn question_digest(prompt: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(format!(
        "converse max_tokens={MAX_ANSWER_TOKENS} temperature=0\n"
    ));
    hash.update(prompt.as_bytes());
    hex::encode(&hash.finalize()[..16])
}

/// Where a base model's answers lie.
pub fn base_prefix(pipeline: &PipelineName, inference_id: &str) -> String {
    let name: String = inference_id
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("answers/{pipeline}/base-{name}/")
}

/// Where a custom model's answers lie.
pub fn model_prefix(pipeline: &PipelineName, model: &ModelId) -> String {
    format!("answers/{pipeline}/model-{model}/")
}

/// Every kept answer under a prefix, by the digest of its question.
pub async fn load(
    objects: &dyn ReadObjects,
    prefix: &str,
) -> PortResult<BTreeMap<String, KeptAnswer>> {
    let mut kept = BTreeMap::new();
    for info in list_all(objects, prefix).await? {
        let body = read_all(objects, &info.key, Some(&info.version), CHUNK_LIMIT).await?;
        for line in body
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            if let Ok(answer) = serde_json::from_slice::<KeptAnswer>(line) {
                kept.insert(answer.question.clone(), answer);
            }
        }
    }
    Ok(kept)
}

/// Keeps a chunk of answers. The chunk is named by its first question, so that the same chunk again is the same object.
pub async fn keep(
    objects: &dyn WriteObjects,
    prefix: &str,
    answers: &[KeptAnswer],
) -> PortResult<()> {
    let Some(first) = answers.first() else {
        return Ok(());
    };
    let mut body = Vec::new();
    for answer in answers {
        // A struct of strings always turns into JSON.
        body.extend(serde_json::to_vec(answer).unwrap_or_default());
        body.push(b'\n');
    }
    let key = format!("{prefix}{}-{}.jsonl", first.question, answers.len());
    objects
        .put(&key, Bytes::from(body), "application/x-ndjson")
        .await
}
