//! The training file of a run, from its shards: the newest first, without duplicates, leaked records and the hold-out.
//!
//! A shard that has an index is not read: the index says what of it is wanted, long runs of that are copied by the bucket itself, and
//! the rest is read. A shard without one, or with one that does not fit it any more, is read from its first byte to its last. The file is
//! the same, byte for byte.

use bytes::Bytes;
use perennial_core::limits::DataLimits;
use perennial_core::manifest::{Manifest, ManifestEntry, index_key};
use perennial_core::run::{LeftOut, Run};
use perennial_dataset::{Assembly, Excluded, Index, MOST_INDEX, Move, Pick, Sealed, Sealer};
use perennial_engine::EngineError;
use perennial_ports::objects::read_all;
use perennial_ports::{CopyFrom, ErrorKind, ObjectSink, ObjectStream, PortError, PortResult};

use crate::Ports;

/// Written to the training file at a time.
const PIECE: usize = 1 << 20;
/// So many uploads are named of which records were left out; a run's record has to stay small.
const MOST_NAMED: usize = 20;

/// What of a stage's records goes into its training file.
pub(crate) struct Selection<'a> {
    /// What its trainer takes.
    pub(crate) limits: &'a DataLimits,
    /// The evaluation set.
    pub(crate) exclude: Excluded,
    /// A trial's: so many records of all.
    pub(crate) sample: Option<u64>,
}

/// Writes the training file of a stage, and says of which uploads records were left out.
pub(crate) async fn seal(
    ports: &Ports,
    run: &Run,
    manifest: &Manifest,
    selection: Selection<'_>,
    training_key: &str,
) -> Result<(Sealed, Vec<LeftOut>), EngineError> {
    let holdout = manifest
        .holdout
        .map(|share| (run.pipeline.to_string(), share));
    let all = manifest.training.iter().map(|entry| entry.bytes).sum();
    let sink = ports
        .write
        .create(training_key, "application/x-ndjson")
        .await?;
    let mut sealer = Sealer::new(selection.limits, selection.exclude, holdout);
    if let Some(most) = selection.sample {
        let key = format!("trial of {}", run.pipeline);
        sealer = sealer.sampling(&key, most, manifest.records());
    }
    let mut assembler = Assembler {
        ports,
        sealer,
        plan: Assembly::new(ports.write.smallest_copy(), all),
        file: File {
            sink,
            out: Vec::new(),
        },
        left_out_of: Vec::new(),
    };
    let made = assembler.shards(manifest).await;
    let Assembler {
        sealer,
        file,
        left_out_of,
        ..
    } = assembler;
    match made {
        Ok(()) => file.sink.finish().await?,
        Err(error) => {
            file.sink.abort().await;
            return Err(error.into());
        }
    };
    Ok((sealer.finish(), left_out_of))
}

struct Assembler<'p> {
    ports: &'p Ports,
    sealer: Sealer,
    plan: Assembly,
    file: File,
    left_out_of: Vec<LeftOut>,
}

impl Assembler<'_> {
    async fn shards(&mut self, manifest: &Manifest) -> PortResult<()> {
        for entry in manifest.training.iter().rev() {
            let before = self.sealer.left_out();
            if self.sealer.is_full() {
                self.sealer.leave_out(entry.records);
            } else {
                match index_of(self.ports, entry).await? {
                    Some((index, tag)) => self.by_index(entry, &index, &tag).await?,
                    None => self.whole(entry).await?,
                }
            }
            let left_out = self.sealer.left_out() - before;
            if left_out > 0 && self.left_out_of.len() < MOST_NAMED {
                self.left_out_of.push(LeftOut {
                    object: entry.object.clone(),
                    records: left_out,
                });
            }
        }
        self.file.flush().await
    }

    async fn whole(&mut self, entry: &ManifestEntry) -> PortResult<()> {
        let mut stream = self.ports.read.open(&entry.shard, None).await?;
        while let Some(chunk) = stream.next().await? {
            let before = self.file.out.len();
            self.sealer.push(&chunk, &mut self.file.out);
            self.plan.wrote((self.file.out.len() - before) as u64);
            self.file.write_pieces().await?;
        }
        let before = self.file.out.len();
        self.sealer.end_shard(&mut self.file.out);
        self.plan.wrote((self.file.out.len() - before) as u64);
        Ok(())
    }

    async fn by_index(
        &mut self,
        entry: &ManifestEntry,
        index: &Index,
        tag: &str,
    ) -> PortResult<()> {
        let stretches = self.sealer.push_index(index);
        for made in self.plan.shard(&stretches) {
            match made {
                Move::Copy(range) => {
                    self.file.flush().await?;
                    let from = CopyFrom {
                        key: entry.shard.clone(),
                        tag: tag.to_owned(),
                        range,
                    };
                    self.file.sink.copy(from).await?;
                }
                Move::Read { range, picks } => {
                    let opened = self.ports.read.open_range(&entry.shard, tag, range.clone());
                    let stream = opened.await?;
                    self.picks(stream, range.start, &picks, &entry.shard)
                        .await?;
                }
            }
        }
        Ok(())
    }

    /// Takes the picks out of a stream whose first byte is at `at` in the shard.
    async fn picks(
        &mut self,
        mut stream: Box<dyn ObjectStream>,
        mut at: u64,
        picks: &[Pick],
        shard: &str,
    ) -> PortResult<()> {
        let mut chunk = Bytes::new();
        let mut held_out = Vec::new();
        for pick in picks {
            let mut start = pick.range.start;
            while start < pick.range.end {
                let chunk_end = at + chunk.len() as u64;
                if chunk_end <= start {
                    at = chunk_end;
                    chunk = stream.next().await?.ok_or_else(|| ended_early(shard, at))?;
                    continue;
                }
                let end = pick.range.end.min(chunk_end);
                // Both lie within the chunk, whose length is a `usize`.
                let some = &chunk[(start - at) as usize..(end - at) as usize];
                if pick.held_out {
                    held_out.extend_from_slice(some);
                } else {
                    self.file.out.extend_from_slice(some);
                    self.file.write_pieces().await?;
                }
                start = end;
            }
            if pick.held_out {
                self.sealer.hold_out(&held_out);
                held_out.clear();
            }
        }
        Ok(())
    }
}

/// The index of a shard and the tag of the shard, if it has one that speaks of the bytes that are there now.
async fn index_of(ports: &Ports, entry: &ManifestEntry) -> PortResult<Option<(Index, String)>> {
    // Shorter ones are not copied, and have none.
    if entry.bytes <= ports.write.smallest_copy() {
        return Ok(None);
    }
    let read = ports.read.as_ref();
    let Some(shard) = read.head(&entry.shard).await? else {
        return Ok(None);
    };
    let key = index_key(&entry.shard);
    let body = match read_all(read, &key, None, 2 * MOST_INDEX).await {
        Ok(body) => body,
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    match Index::read(body, &shard.tag, shard.size) {
        Ok(index) => Ok(Some((index, shard.tag))),
        Err(why) => {
            tracing::warn!("{key} is not used, and the shard is read: {why}");
            Ok(None)
        }
    }
}

fn ended_early(shard: &str, at: u64) -> PortError {
    let words = format!("{shard} ended at byte {at}, before what was asked for");
    PortError::new("s3:GetObject", ErrorKind::Unanswered, words)
}

/// The training file, as it is written.
struct File {
    sink: Box<dyn ObjectSink>,
    /// Not handed on yet.
    out: Vec<u8>,
}

impl File {
    async fn write_pieces(&mut self) -> PortResult<()> {
        if self.out.len() >= PIECE {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> PortResult<()> {
        if !self.out.is_empty() {
            let piece = Bytes::from(std::mem::take(&mut self.out));
            self.sink.write(piece).await?;
        }
        Ok(())
    }
}
