//! Perennial's compiler over a file, as the ingest function and `perennial check` call it: every rule on, canonical records out.
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use perennial_core::limits::{DataLimits, fine_tuning};
use perennial_dataset::{Compiler, Purpose, Summary};

use crate::bare::PIECE;
use crate::generate::Records;
use crate::measure::Work;

/// Whose limits the data is held against.
pub const MODEL: &str = "amazon.nova-micro-v1:0";

/// Why a file was not measured.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It cannot be read.
    #[error("the file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Core knows no limits of the model.
    #[error(
        "core has no limits of {MODEL}; name another model in tests/dataset-bench/src/perennial.rs"
    )]
    NoLimits,
    /// A file that was refused early would be measured as a fast one.
    #[error("the file was not accepted, so its time means nothing:\n{0}")]
    Rejected(String),
    /// The compiler does not do this.
    #[error("the compiler cannot do this yet: {0}")]
    NotYet(&'static str),
}

/// The limits of [`MODEL`], with room for so many records.
///
/// # Errors
/// [`Failed::NoLimits`].
pub fn limits(max_records: Option<u64>) -> Result<DataLimits, Failed> {
    let limits = fine_tuning(MODEL).ok_or(Failed::NoLimits)?;
    Ok(DataLimits {
        max_records: max_records.unwrap_or(limits.max_records),
        ..limits
    })
}

/// Compiles a file in pieces, and forgets what comes out but its size.
///
/// # Errors
/// A file that cannot be read, or is not accepted.
pub fn compile(
    path: &Path,
    limits: &DataLimits,
    threads: usize,
) -> Result<(Work, Summary), Failed> {
    if Records::of(path)? == Records::Documents {
        return Err(Failed::NotYet("compile documents"));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut compiler = Compiler::new(&name, Purpose::Training(limits.clone())).with_threads(threads);
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    let mut out = Vec::new();
    let (mut bytes, mut written) = (0, 0);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        compiler.push(&piece[..read], &mut out);
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
        records: summary.records,
    };
    Ok((work, summary))
}
