//! The evaluation prompts of a run, as `train` wrote them and `evaluate` and `promote` read them.

use perennial_core::run::Run;
use perennial_dataset::EvalRecord;
use perennial_ports::objects::read_all;
use perennial_ports::{ErrorKind, PortError, ReadObjects};

use sha2::{Digest, Sha256};

use crate::EngineError;

/// The largest file of evaluation prompts: 10,000 prompts (the configuration's limit) fit many times.
pub const LIMIT: usize = 512 << 20;

/// The digest by which a run knows its questions again: SHA-256 of their file, 32 hexadecimal digits of it.
pub fn digest(file: &[u8]) -> String {
    hex::encode(&Sha256::digest(file)[..16])
}

/// The prompts that this run asks, in order.
pub async fn load(objects: &dyn ReadObjects, run: &Run) -> Result<Vec<EvalRecord>, EngineError> {
    Ok(load_with_digest(objects, run).await?.0)
}

/// The same, and the digest of the file as it was read: whether it is the one that was sealed is the gate's to decide.
pub async fn load_with_digest(
    objects: &dyn ReadObjects,
    run: &Run,
) -> Result<(Vec<EvalRecord>, String), EngineError> {
    let Some(prepared) = &run.prepared else {
        return Err(EngineError::Event(format!(
            "run {} has no evaluation prompts yet",
            run.id
        )));
    };
    let body = read_all(objects, &prepared.evaluation_key, None, LIMIT).await?;
    let records: Option<Vec<EvalRecord>> = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(EvalRecord::parse)
        .collect();
    let digest = digest(&body);
    records.map(|records| (records, digest)).ok_or_else(|| {
        let words = format!(
            "{} was changed by hand and cannot be read",
            prepared.evaluation_key
        );
        PortError::new("s3:GetObject", ErrorKind::Invalid, words).into()
    })
}
