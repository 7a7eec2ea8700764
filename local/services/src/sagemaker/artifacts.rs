//! What a finished training job leaves: the weights of an open model, or a pointer to a Nova checkpoint.
//!
//! The weights are a folder as Hugging Face has it, whose `model.safetensors` holds the learner as its one tensor. The
//! checkpoint of a Nova model stays in AWS's own account ("escrow"), which nobody can read: so here it is kept beside the
//! state, and its URI is all that there is in the bucket.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use perennial_learner::Learner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    job::{Secondary, TrainingJob},
    trainer::Family,
};
use crate::{
    ACCOUNT_ID,
    error::AwsError,
    objects::{ObjectAccess, split_uri},
    operation::Call,
    store::Document,
};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const TOKENIZER: [&str; 2] = ["tokenizer.json", "tokenizer_config.json"];
const TENSOR: &str = "perennial.learner";

/// A model that can be read back from an S3 folder.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// `config.json`'s `model_type`.
    pub(crate) architecture: String,
    pub(crate) learner: Learner,
}

/// Why a folder is no model: the import's failure message.
pub(crate) type ArtifactError = String;

/// The checkpoint of a Nova model, by its URI.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    uri: String,
    /// The Nova model's id for inference.
    pub(crate) base: String,
    pub(crate) full_rank: bool,
    /// Where the learner is.
    pub(crate) learner: String,
}

impl Document for Checkpoint {
    const KIND: &'static str = "checkpoint";
    fn id(&self) -> &str {
        &self.uri
    }
}

impl Checkpoint {
    /// The checkpoint of a URI, with or without a slash at its end.
    pub(crate) fn at(uri: &str, call: &Call<'_>) -> Result<Option<Self>, AwsError> {
        Ok(call.tx.get(&format!("{}/", uri.trim_end_matches('/')))?)
    }
}

impl TrainingJob {
    /// Where `ModelArtifacts` says that the model is.
    pub(super) fn model_artifacts(&self) -> String {
        let folder = self.folder();
        let uncompressed =
            self.request.output_data_config.compression_type.as_deref() == Some("NONE");
        if self.trainer.serverless || uncompressed {
            format!("{folder}/output/model/")
        } else {
            format!("{folder}/output/model.tar.gz")
        }
    }

    /// The name under which its learner is kept while it trains.
    pub(super) fn learner_key(&self) -> String {
        format!("training-job-{}", self.name())
    }

    /// What an interrupted job goes on from.
    pub(super) fn keep_checkpoint(&self, call: &Call<'_>) -> Result<(), String> {
        let Some(config) = &self.request.checkpoint_config else {
            return Ok(());
        };
        let uri = config.s3_uri.trim_end_matches('/');
        let state = json!({ "job": self.name(), "interruption": self.interruptions });
        put(
            call.objects,
            &format!("{uri}/checkpoint-{}/trainer_state.json", self.interruptions),
            state.to_string().into_bytes(),
        )
    }

    /// Writes what the job leaves; the reason of its failure if it cannot.
    pub(super) fn write_artifacts(
        &mut self,
        call: &mut Call<'_>,
    ) -> Result<Result<(), String>, AwsError> {
        debug_assert_eq!(self.secondary(), Secondary::Uploading);
        let learner = call.learners.of(&self.learner_key())?;
        if self.trainer.family == Family::Nova {
            let id = call.tx.short_id()?;
            let uri = format!(
                "s3://customer-escrow-{ACCOUNT_ID}-local/{}-{id}/",
                self.name()
            );
            let checkpoint = Checkpoint {
                uri: uri.clone(),
                base: self.trainer.base.clone(),
                full_rank: self.trainer.full_rank,
                learner: format!("checkpoint-{id}"),
            };
            call.learners
                .keep(&checkpoint.learner, Learner::clone(&learner))?;
            call.tx.put(&checkpoint)?;
            self.checkpoint = Some(uri);
        }
        let files = model_files(&self.trainer.base, &learner).map_err(AwsError::internal)?;
        Ok(self.write_files(files, call.objects))
    }

    fn write_files(&self, files: Vec<File>, objects: &dyn ObjectAccess) -> Result<(), String> {
        let output = format!("{}/output", self.folder());
        let manifest = self.checkpoint.as_ref().map(|uri| {
            let manifest = json!({ "checkpoint_s3_bucket": uri });
            (
                String::from("manifest.json"),
                manifest.to_string().into_bytes(),
            )
        });
        match (manifest, self.trainer.serverless) {
            (Some((name, content)), true) => {
                put(objects, &format!("{output}/output/{name}"), content)
            }
            // The weights are AWS's: the archives hold no more than the pointer.
            (Some(manifest), false) => {
                let archive = archive(std::slice::from_ref(&manifest)).map_err(told)?;
                put(objects, &format!("{output}/output.tar.gz"), archive.clone())?;
                put_model(objects, &self.model_artifacts(), vec![manifest])
            }
            (None, _) => put_model(objects, &self.model_artifacts(), files),
        }
    }
}

/// A name and a content.
type File = (String, Vec<u8>);

fn told(error: impl std::fmt::Display) -> String {
    format!("ClientError: Artifact upload failed: {error}")
}

fn put(objects: &dyn ObjectAccess, uri: &str, content: Vec<u8>) -> Result<(), String> {
    let (bucket, key) = split_uri(uri).unwrap_or_default();
    let written = objects.write(bucket, key, Bytes::from(content));
    written.map_err(|error| told(format!("{uri}: {error}")))
}

/// One by one into a folder, or as one archive.
fn put_model(objects: &dyn ObjectAccess, uri: &str, files: Vec<File>) -> Result<(), String> {
    if !uri.ends_with('/') {
        return put(objects, uri, archive(&files).map_err(told)?);
    }
    for (name, content) in files {
        put(objects, &format!("{uri}{name}"), content)?;
    }
    Ok(())
}

fn model_files(architecture: &str, learner: &Learner) -> serde_json::Result<Vec<File>> {
    let class = match architecture {
        "qwen2" => "Qwen2ForCausalLM",
        "mistral" => "MistralForCausalLM",
        "mixtral" => "MixtralForCausalLM",
        "gpt_oss" => "GptOssForCausalLM",
        _ => "LlamaForCausalLM",
    };
    let config =
        json!({ "architectures": [class], "model_type": architecture, "torch_dtype": "bfloat16" });
    let tensor = serde_json::to_vec(learner)?;
    let header = json!({ TENSOR: { "dtype": "U8", "shape": [tensor.len()], "data_offsets": [0, tensor.len()] } });
    let header = header.to_string();
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header.into_bytes());
    weights.extend(tensor);
    let mut files = vec![
        (CONFIG.to_owned(), config.to_string().into_bytes()),
        (WEIGHTS.to_owned(), weights),
    ];
    files.extend(TOKENIZER.map(|name| (name.to_owned(), b"{}".to_vec())));
    Ok(files)
}

/// Reads the model in an S3 folder, as an import does.
///
/// # Errors
/// The import's failure message.
pub(crate) fn read_folder(
    objects: &dyn ObjectAccess,
    uri: &str,
) -> Result<Artifact, ArtifactError> {
    let (bucket, prefix) = split_uri(uri).unwrap_or_default();
    let prefix = prefix.trim_end_matches('/');
    let read = |name: &str| {
        let key = format!("{prefix}/{name}");
        objects
            .read(bucket, key.trim_start_matches('/'))
            .map_err(|_| {
                format!(
                    "The model files at {uri} are not complete: {name} is missing. A model is imported from a folder in the format of Hugging Face: {CONFIG}, *.safetensors and the tokenizer's files."
                )
            })
    };
    for name in TOKENIZER {
        read(name)?;
    }
    parse(&read(CONFIG)?, &read(WEIGHTS)?)
        .ok_or_else(|| format!("The model files at {uri} were not trained by this local cloud."))
}

/// Reads the model that an earlier job of this cloud left, for a job that trains on: a folder or an archive.
pub(super) fn read_model(objects: &dyn ObjectAccess, uri: &str) -> Result<Learner, String> {
    if !uri.ends_with(".tar.gz") {
        return read_folder(objects, uri).map(|artifact| artifact.learner);
    }
    let (bucket, key) = split_uri(uri).unwrap_or_default();
    let archive = objects
        .read(bucket, key)
        .map_err(|error| error.to_string())?;
    let files = unpacked(&archive).map_err(|error| error.to_string())?;
    let file = |name: &str| {
        let found = files.iter().find(|(other, _)| other == name);
        found.map(|(_, content)| content.as_slice())
    };
    let artifact = file(CONFIG)
        .zip(file(WEIGHTS))
        .and_then(|(config, weights)| parse(config, weights));
    let artifact = artifact.ok_or_else(|| format!("{uri} holds no model of this local cloud"))?;
    Ok(artifact.learner)
}

fn parse(config: &[u8], weights: &[u8]) -> Option<Artifact> {
    let config: Value = serde_json::from_slice(config).ok()?;
    let (length, rest) = weights.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, tensor) = rest.split_at_checked(length)?;
    let header: Value = serde_json::from_slice(header).ok()?;
    header.get(TENSOR)?;
    Some(Artifact {
        architecture: config["model_type"].as_str()?.to_owned(),
        learner: serde_json::from_slice(tensor).ok()?,
    })
}

/// A gzipped tar archive (POSIX ustar).
fn archive(files: &[File]) -> io::Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for (name, content) in files {
        let mut header = [0_u8; 512];
        let mut field = |at: usize, text: &str| {
            for (place, byte) in header[at..].iter_mut().zip(text.bytes()) {
                *place = byte;
            }
        };
        field(0, name);
        field(100, "0000644\0");
        field(108, "0000000\0");
        field(116, "0000000\0");
        field(124, &format!("{:011o}\0", content.len()));
        field(136, "00000000000\0");
        field(148, "        ");
        field(156, "0");
        field(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        for (place, byte) in header[148..]
            .iter_mut()
            .zip(format!("{sum:06o}\0 ").bytes())
        {
            *place = byte;
        }
        packed.write_all(&header)?;
        packed.write_all(content)?;
        packed.write_all(&vec![
            0;
            content.len().next_multiple_of(512) - content.len()
        ])?;
    }
    packed.write_all(&[0; 1024])?;
    packed.finish()
}

fn unpacked(archive: &[u8]) -> io::Result<Vec<File>> {
    let mut tar = Vec::new();
    io::Read::read_to_end(&mut flate2::read::GzDecoder::new(archive), &mut tar)?;
    let mut files = Vec::new();
    let mut rest = tar.as_slice();
    while let Some((header, after)) = rest.split_first_chunk::<512>() {
        let text = |from: usize, to: usize| {
            let field = header[from..to]
                .split(|byte| *byte == 0)
                .next()
                .unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_owned()
        };
        let name = text(0, 100);
        if name.is_empty() {
            break;
        }
        let size = usize::from_str_radix(&text(124, 136), 8).unwrap_or(usize::MAX);
        let content = after.get(..size).ok_or(io::ErrorKind::UnexpectedEof)?;
        files.push((name, content.to_vec()));
        rest = after.get(size.next_multiple_of(512)..).unwrap_or_default();
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_gives_back_what_was_packed_and_a_broken_one_nothing() {
        let files = vec![
            ("manifest.json".to_owned(), b"{}".to_vec()),
            ("weights".to_owned(), vec![7; 1300]),
            ("empty".to_owned(), Vec::new()),
        ];
        let packed = archive(&files).unwrap();
        assert_eq!(unpacked(&packed).unwrap(), files);
        assert!(unpacked(&packed[..packed.len() / 2]).is_err());
    }

    #[test]
    fn weights_give_back_their_learner() {
        let learner = Learner::study([("q", "a")], vec!["A document.".to_owned()]);
        let files = model_files("llama", &learner).unwrap();
        let artifact = parse(&files[0].1, &files[1].1).unwrap();
        assert_eq!(artifact.architecture, "llama");
        assert_eq!(
            artifact.learner.documents().collect::<Vec<_>>(),
            ["A document."]
        );
        assert!(parse(&files[0].1, b"short").is_none());
    }
}
