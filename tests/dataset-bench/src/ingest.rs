//! What the ingest function does with the bytes of an upload between reading and writing them: compile on its own thread, look for prompts of
//! the evaluation set, digest what was compiled, and index it. Without a bucket.
use std::fs::File;
use std::io::Read;
use std::path::Path;

use clap::ValueEnum;
use perennial_dataset::{Documents, EvalRecord, Excluded, Finished, Indexer};
use sha2::{Digest, Sha256};

use crate::generate::Records;
use crate::measure::Work;
use crate::perennial::{Failed, How, compiler};

/// Bytes of one ranged read, as they come from the bucket.
const READ: usize = 8 << 20;
/// Compiled bytes that are handed on together.
const PIECE: usize = 1 << 20;

/// What is written beside the shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Index {
    /// Nothing.
    None,
    /// The index.
    Plain,
    /// The index of a shard in which every tenth prompt stands behind others, as without an evaluation set.
    HoldOut,
}

/// What is done besides compiling.
#[derive(Debug, Clone, Copy)]
pub struct Besides {
    /// Whether what was compiled is digested, as every shard is.
    pub digest: bool,
    /// The index.
    pub index: Index,
    /// So many prompts of an evaluation set are looked for; none with 0.
    pub evaluation: u32,
}

/// Prompts that stand in no generated file.
fn evaluation(prompts: u32) -> Excluded {
    let records: Vec<EvalRecord> = (0..prompts)
        .map(|number| format!("{{\"prompt\":\"evaluation {number}\",\"referenceResponse\":\"x\"}}"))
        .filter_map(|line| EvalRecord::parse(line.as_bytes()))
        .collect();
    Excluded::of(&records)
}

/// Compiles a file as `ingest` does, and forgets what comes out.
///
/// # Errors
/// A file that cannot be read, or is not accepted.
pub fn ingest(path: &Path, besides: Besides) -> Result<Work, Failed> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let how = How {
        threads: 1,
        max_records: None,
        // A function has none.
        spill: false,
    };
    let mut compiler = compiler(&name, Records::of(path)?, how)?.telling_documents();
    if besides.evaluation > 0 {
        compiler = compiler.with_evaluation(evaluation(besides.evaluation));
    }
    let mut index = match besides.index {
        Index::None => None,
        Index::Plain => Some(Indexer::new()),
        Index::HoldOut => Some(Indexer::new().with_hold_out("bench", 0.1)),
    };
    let mut content = Sha256::new();
    let mut next = |compiled: &[u8], documents: Documents, last: bool| {
        if besides.digest {
            content.update(compiled);
        }
        let Some(index) = &mut index else {
            return compiled.len();
        };
        let mut out = Vec::with_capacity(compiled.len());
        index.push_documents(documents);
        index.push(compiled, &mut out);
        if last {
            index.end(&mut out);
        }
        out.len()
    };
    let mut file = File::open(path)?;
    let (mut out, mut written) = (Vec::new(), 0);
    let mut chunk = vec![0; READ];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        compiler.push(&chunk[..read], &mut out);
        if out.len() >= PIECE {
            written += next(&std::mem::take(&mut out), compiler.take_documents(), false);
        }
    }
    let Finished {
        summary, documents, ..
    } = compiler.finish_with_others(&mut out);
    written += next(&out, documents, true);
    let indexed = index.is_none_or(|index| index.finish("tag").is_some());
    std::hint::black_box(content.finalize());
    if !summary.is_accepted() || written == 0 || !indexed {
        return Err(Failed::Rejected(summary.to_text()));
    }
    Ok(Work {
        bytes: summary.bytes_read,
        records: summary.lines,
    })
}
