//! The index of a shard: any bytes are read or refused, what a shard is given is read back, and a byte that is another one is noticed.
use perennial_dataset::{Index, Indexer};
use sha2::{Digest, Sha256};

use crate::choices::Choices;

const MAGIC: &[u8] = b"perennial-index\x01";
const TAG: &str = "\"tag\"";

/// Bytes as they are, what an index holds between its first bytes and its checksum, or a shard.
pub fn index(data: &[u8]) {
    let mut choices = Choices::of(data);
    let how = choices.byte() % 3;
    let (at, with) = (choices.byte(), choices.byte());
    let rest = choices.rest();
    match how {
        0 => read(rest.to_vec(), u64::from(at)),
        1 => {
            let mut index = [MAGIC, rest].concat();
            let sum = Sha256::digest(&index);
            index.extend_from_slice(&sum[..16]);
            let length = rest
                .first_chunk()
                .map_or(0, |bytes| u64::from_le_bytes(*bytes));
            read(index, length);
        }
        _ => shard(rest, usize::from(at), with),
    }
}

fn read(bytes: Vec<u8>, length: u64) {
    let most = bytes.len() as u64;
    if let Ok(index) = Index::read(bytes, TAG, length) {
        assert_eq!(index.length(), length);
        assert!(index.records() <= most);
    }
}

fn shard(lines: &[u8], at: usize, with: u8) {
    let (mut indexer, mut out) = (Indexer::new().with_hold_out("bot", 0.5), Vec::new());
    // In two pushes, cut anywhere.
    let (start, end) = lines.split_at(at.min(lines.len()));
    indexer.push(start, &mut out);
    indexer.push(end, &mut out);
    indexer.end(&mut out);
    assert_eq!(out.len(), lines.len(), "a byte was lost");
    let Some(mut bytes) = indexer.finish(TAG) else {
        return;
    };
    let length = out.len() as u64;
    let index = Index::read(bytes.clone(), TAG, length).expect("what was written is read");
    assert_eq!(index.length(), length);
    assert_eq!(
        index.records(),
        out.split_inclusive(|byte| *byte == b'\n').count() as u64
    );
    assert!(Index::read(bytes.clone(), "other", length).is_err());
    assert!(Index::read(bytes.clone(), TAG, length + 1).is_err());
    assert!(Index::read(bytes[..bytes.len() - 1].to_vec(), TAG, length).is_err());
    if with > 0 {
        let at = at % bytes.len();
        bytes[at] ^= with;
        assert!(
            Index::read(bytes, TAG, length).is_err(),
            "byte {at} is another one"
        );
    }
}
