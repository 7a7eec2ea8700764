//! One pass over one version: read, compiled into its shard, digested.

use bytes::Bytes;
use perennial_core::config::Secrets;
use perennial_core::manifest::{index_key, shard_key};
use perennial_core::routing::Route;
use perennial_core::upload::{Shard, Upload, UploadKind};
use perennial_dataset::{
    Compiler, Documents, Finished, Indexer, MediaLimits, Purpose, SecretsRule, Summary,
};
use perennial_engine::EngineError;
use perennial_engine::time_left::{Progress, TimeLeft};
use perennial_ports::{ErrorKind, ObjectSink, ObjectStream, PortError, PortResult};
use sha2::{Digest, Sha256};

use crate::Ports;
use crate::leakage::evaluation;
use crate::media;
use crate::too_short::too_short;

/// Compiled bytes are handed on in pieces of this size and more.
const PIECE: usize = 1 << 20;

/// What came of a version.
pub(crate) enum Compiled {
    /// It was deleted meanwhile.
    Gone,
    /// Its shard is written.
    Shard(Box<Found>, Shard),
    /// It cannot be used, and there is no shard of it.
    Bad(Box<Found>),
}

/// What was found in a version.
pub(crate) struct Found {
    pub(crate) summary: Summary,
    /// For the report, beside it.
    pub(crate) notes: Vec<String>,
}

/// Compiles a version of `size` bytes, as long as there is time. `holdout` is the share that is kept from training where there is no
/// evaluation set.
pub(crate) async fn compile(
    ports: &Ports,
    route: &Route,
    upload: &Upload,
    size: u64,
    holdout: f64,
    digest: &str,
    time: TimeLeft,
) -> Result<Compiled, EngineError> {
    let opened = ports.read.open(&upload.key, Some(&upload.version)).await;
    let Some(stream) = unless_gone(opened)? else {
        return Ok(Compiled::Gone);
    };
    let began = ports.desk.now();
    let key = shard_key(
        &upload.pipeline,
        upload.kind,
        digest,
        &upload.key,
        &upload.version,
    );
    let sink = ports.write.create(&key, "application/x-ndjson").await?;
    let mut compiler = compiler(ports, route, upload);
    let mut notes = Vec::new();
    if upload.kind == UploadKind::Training {
        let evaluation = evaluation(ports, &upload.pipeline).await;
        notes.extend(evaluation.note);
        if let Some(prompts) = evaluation.prompts {
            compiler = compiler.with_evaluation(prompts);
        }
    }
    let mut pass = Pass {
        compiler,
        stream,
        sink,
        out: Vec::new(),
        written: Written::new(upload, holdout, size > ports.write.smallest_copy()),
        read: 0,
    };
    let ended = match unless_gone(pass.read(ports, time).await) {
        Ok(Some(ended)) => ended,
        Ok(None) => {
            pass.sink.abort().await;
            return Ok(Compiled::Gone);
        }
        Err(error) => {
            pass.sink.abort().await;
            return Err(error.into());
        }
    };
    if ended == Ended::TimeIsUp {
        pass.sink.abort().await;
        let progress = Progress {
            done: pass.read,
            of: size,
            took: ports.desk.now().duration_since(began),
        };
        return match too_short(&time, progress) {
            Some((found, fix)) => Ok(Compiled::Bad(Box::new(Found {
                summary: pass.compiler.out_of_time(found, fix),
                notes,
            }))),
            None => Err(held_up(upload, progress).into()),
        };
    }
    let Pass {
        compiler,
        mut sink,
        mut out,
        mut written,
        ..
    } = pass;
    let Finished {
        mut summary,
        media: named,
        documents,
        ..
    } = compiler.finish_with_others(&mut out);
    if let Some(limits) = media_limits(route, upload) {
        notes.extend(media::look(ports, &limits, &named, time, &mut summary).await);
    }
    let (accepted, counted) = (
        summary.is_accepted(),
        (summary.records, summary.tokens_estimate),
    );
    let found = Box::new(Found { summary, notes });
    if !accepted {
        sink.abort().await;
        return Ok(Compiled::Bad(found));
    }
    let out = written.last(out, documents);
    if !out.is_empty()
        && let Err(error) = sink.write(Bytes::from(out)).await
    {
        sink.abort().await;
        return Err(error.into());
    }
    let tag = sink.finish().await?;
    let bytes = written.bytes;
    // Where documents are packed, sealing finds those of other uploads by it.
    let is_wanted = |index: &Indexer| bytes > ports.write.smallest_copy() || index.is_packed();
    let index = written.index.filter(is_wanted);
    if let Some(index) = index.and_then(|index| index.finish(&tag)) {
        let index = Bytes::from(index);
        let kind = "application/octet-stream";
        ports.write.put(&index_key(&key), index, kind).await?;
    }
    let shard = Shard {
        version: upload.version.clone(),
        compile_digest: digest.to_owned(),
        key,
        content: hex::encode(&written.content.finalize()[..16]),
        bytes,
        records: counted.0,
        tokens: counted.1,
        sequence: 0,
        accepted_at: ports.desk.now(),
        unusable: None,
    };
    Ok(Compiled::Shard(found, shard))
}

/// What the files that the records name are held to, where the model takes any.
fn media_limits(route: &Route, upload: &Upload) -> Option<MediaLimits> {
    let trained_on = upload.kind == UploadKind::Training;
    trained_on
        .then(|| MediaLimits::of(&route.base_model, &route.technique.to_string()))
        .flatten()
}

/// What compiles the upload, as the configuration asks for it. On the function's own thread: the handler's schedule is its own.
fn compiler(ports: &Ports, route: &Route, upload: &Upload) -> Compiler {
    let purpose = match upload.kind {
        UploadKind::Training => Purpose::Training(route.limits.clone()),
        UploadKind::Evaluation => Purpose::Evaluation,
    };
    let secrets = match route.compile.secrets {
        Secrets::Reject => SecretsRule::Reject,
        Secrets::Warn => SecretsRule::Warn,
        Secrets::Off => SecretsRule::Off,
    };
    // An evaluation set has columns of its own: its header decides.
    let columns = match upload.kind {
        UploadKind::Training => route.compile.columns.clone().into_iter().collect(),
        UploadKind::Evaluation => Vec::new(),
    };
    let technique = match upload.kind {
        UploadKind::Training => route.technique.to_string(),
        UploadKind::Evaluation => "evaluation".to_owned(),
    };
    Compiler::new(&upload.key, purpose)
        .telling_documents()
        .for_model(&route.base_model, &technique)
        .in_bucket(&ports.bucket)
        .with_media(media_limits(route, upload).map_or(0, |_| media::FILES))
        .with_columns(columns)
        .with_secrets(secrets)
}

/// One pass under way.
struct Pass {
    compiler: Compiler,
    stream: Box<dyn ObjectStream>,
    sink: Box<dyn ObjectSink>,
    /// Compiled, and not handed on yet.
    out: Vec<u8>,
    written: Written,
    read: u64,
}

/// What is noted of the shard's bytes on their way.
struct Written {
    bytes: u64,
    /// Of the records in the order in which they were compiled: the same records are known again, however they are arranged.
    content: Sha256,
    /// Of training data: sealing reads it in the place of the shard.
    index: Option<Indexer>,
}

impl Written {
    fn new(upload: &Upload, holdout: f64, is_large: bool) -> Self {
        let index = (upload.kind == UploadKind::Training).then(|| {
            let index = Indexer::new();
            if is_large && holdout > 0.0 {
                index.with_hold_out(upload.pipeline.as_str(), holdout)
            } else {
                index
            }
        });
        Self {
            bytes: 0,
            content: Sha256::new(),
            index,
        }
    }

    /// What is to be written next.
    fn next(&mut self, compiled: Vec<u8>, documents: Documents) -> Vec<u8> {
        self.bytes += compiled.len() as u64;
        self.content.update(&compiled);
        let Some(index) = &mut self.index else {
            return compiled;
        };
        let mut out = Vec::with_capacity(compiled.len());
        index.push_documents(documents);
        index.push(&compiled, &mut out);
        out
    }

    /// What is to be written last.
    fn last(&mut self, compiled: Vec<u8>, documents: Documents) -> Vec<u8> {
        let mut out = self.next(compiled, documents);
        if let Some(index) = &mut self.index {
            index.end(&mut out);
        }
        out
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Everything was read, or enough to know that the rest does not matter.
    Read,
    TimeIsUp,
}

impl Pass {
    async fn read(&mut self, ports: &Ports, time: TimeLeft) -> PortResult<Ended> {
        while !self.compiler.is_hopeless() {
            if time.is_up(ports.desk.now()) {
                return Ok(Ended::TimeIsUp);
            }
            let Some(chunk) = self.stream.next().await? else {
                break;
            };
            self.read += chunk.len() as u64;
            self.compiler.push(&chunk, &mut self.out);
            if self.out.len() >= PIECE {
                let documents = self.compiler.take_documents();
                let piece = self.written.next(std::mem::take(&mut self.out), documents);
                self.sink.write(Bytes::from(piece)).await?;
            }
        }
        Ok(Ended::Read)
    }
}

/// What is deleted while it is read is gone like what was deleted before.
fn unless_gone<T>(result: PortResult<T>) -> PortResult<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::NotFound && error.operation == READ => Ok(None),
        Err(error) => Err(error),
    }
}

const READ: &str = "s3:GetObject";

fn held_up(upload: &Upload, progress: Progress) -> PortError {
    let words = format!(
        "{}: {} of {} bytes were read when the function's time was up. That is not the file's fault, it was held up before; \
         it is tried again",
        upload.key, progress.done, progress.of
    );
    PortError::new(READ, ErrorKind::Unanswered, words)
}
