//! Perennial's compiler over a file, as the ingest function and `perennial check` call it: every rule on, canonical records out.
use std::fs::File;
use std::io;
use std::path::Path;

use perennial_core::limits::{DataLimits, RecordShape, fine_tuning};
use perennial_dataset::{Compiler, Purpose, SecretsRule, Summary};

use crate::generate::Records;
use crate::measure::Work;

/// Whose limits the data is held against.
pub const MODEL: &str = "amazon.nova-micro-v1:0";

/// Why a file was not measured.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It, or the file for what does not fit into memory, cannot be read or written.
    #[error("the file, or a temporary one, cannot be read or written: {0}")]
    Read(#[from] io::Error),
    /// Core knows no limits of the model.
    #[error(
        "core has no limits of {MODEL}; name another model in tests/dataset-bench/src/perennial.rs"
    )]
    NoLimits,
    /// A file that was refused early would be measured as a fast one.
    #[error("the file was not accepted, so its time means nothing:\n{0}")]
    Rejected(String),
}

/// The limits of [`MODEL`] for what a file holds, with room for so many records.
fn limits(records: Records, max_records: Option<u64>) -> Result<DataLimits, Failed> {
    let limits = fine_tuning(MODEL).ok_or(Failed::NoLimits)?;
    Ok(DataLimits {
        shape: match records {
            Records::Documents => RecordShape::Documents,
            _ => limits.shape,
        },
        max_records: max_records.unwrap_or(limits.max_records),
        ..limits
    })
}

/// How a file is compiled.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Threads that work.
    pub threads: usize,
    /// Another record limit than the model's.
    pub max_records: Option<u64>,
    /// Whether duplicates are looked for above the record limit, too.
    pub spill: bool,
}

/// A compiler with every rule on.
///
/// # Errors
/// A spill file that cannot be made, or [`Failed::NoLimits`].
pub fn compiler(name: &str, records: Records, how: How) -> Result<Compiler, Failed> {
    let limits = limits(records, how.max_records)?;
    let compiler = Compiler::new(name, Purpose::Training(limits))
        .with_secrets(SecretsRule::Reject)
        .with_threads(how.threads);
    Ok(if how.spill {
        compiler.with_spill(Box::new(tempfile::tempfile()?))
    } else {
        compiler
    })
}

/// Compiles a file, and forgets what comes out but its size.
///
/// # Errors
/// A file that cannot be read, or is not accepted.
pub fn compile(path: &Path, how: How) -> Result<(Work, Summary), Failed> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut compiler = compiler(&name, Records::of(path)?, how)?;
    let mut file = File::open(path)?;
    let mut out = Vec::new();
    let (mut bytes, mut written) = (0, 0);
    loop {
        let read = compiler.read(&mut file, &mut out)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        written += out.len() as u64;
        out.clear();
    }
    let summary = compiler.finish(&mut out);
    written += out.len() as u64;
    if !summary.is_accepted() || written == 0 {
        return Err(Failed::Rejected(summary.to_text()));
    }
    let work = Work {
        bytes,
        // Of the file: short documents are packed together.
        records: summary.lines,
    };
    Ok((work, summary))
}
