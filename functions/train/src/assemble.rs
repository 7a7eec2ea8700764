//! The training file of a run, from its shards: the newest first, without duplicates, leaked records and the hold-out.
//!
//! A shard that has an index is not read: the index says what of it is wanted, long runs of that are copied by the bucket itself, and
//! the rest is read. A shard without one, or with one that does not fit it any more, is read from its first byte to its last. The file is
//! the same, byte for byte; but where short documents are packed into one record, only the index knows them, and without it such a record
//! is compared whole.

use std::collections::HashSet;

use bytes::Bytes;
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_core::manifest::{Manifest, ManifestEntry, index_key};
use perennial_core::prompt::PromptDigest;
use perennial_core::run::{Conflicts, LeftOut, Run};
use perennial_dataset::{Assembly, Excluded, Index, MOST_INDEX, Move, Sealed, Sealer, Stretch};
use perennial_ports::objects::read_all;
use perennial_ports::{CopyFrom, ErrorKind, ObjectSink, ObjectStream, PortError, PortResult};

use crate::Ports;
use crate::prepare::Failure;
use crate::sealing::Sealing;

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
    /// Prompts that are no fair question, if they are held out.
    pub(crate) seen: HashSet<PromptDigest>,
    /// How long it may take.
    pub(crate) time: &'a Sealing,
}

/// A training file.
pub(crate) struct File {
    pub(crate) sealed: Sealed,
    /// The uploads of which records were left out.
    pub(crate) left_out_of: Vec<LeftOut>,
    pub(crate) conflicts: Option<Conflicts>,
}

/// Why there is none.
enum Stopped {
    TimeIsUp,
    Port(PortError),
}

impl From<PortError> for Stopped {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// Writes the training file of a stage.
pub(crate) async fn seal(
    ports: &Ports,
    run: &Run,
    manifest: &Manifest,
    selection: Selection<'_>,
    training_key: &str,
) -> Result<File, Failure> {
    let holdout = manifest
        .holdout
        .map(|share| (run.pipeline.to_string(), share));
    let all = manifest.training.iter().map(|entry| entry.bytes).sum();
    let sink = ports
        .write
        .create(training_key, "application/x-ndjson")
        .await?;
    let most = run.config.evaluation.max_prompts as usize;
    let mut sealer = Sealer::new(selection.limits, selection.exclude, holdout).asking(
        run.pipeline.as_str(),
        most,
        selection.seen,
    );
    if let Some(most) = selection.sample {
        let key = format!("trial of {}", run.pipeline);
        sealer = sealer.sampling(&key, most, manifest.records());
    }
    let mut assembler = Assembler {
        ports,
        may_be_packed: selection.limits.shape == RecordShape::Documents,
        time: selection.time,
        sealer,
        plan: Assembly::new(ports.write.smallest_copy(), all),
        file: Writing {
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
        Err(stopped) => {
            file.sink.abort().await;
            return Err(match stopped {
                Stopped::TimeIsUp => Failure::TimeIsUp,
                Stopped::Port(error) => Failure::Engine(error.into()),
            });
        }
    };
    let sealed = sealer.finish();
    let object = |pushed: u32| {
        let mut newest_first = manifest.training.iter().rev();
        let entry = newest_first.nth(pushed as usize);
        entry.map_or(String::new(), |entry| entry.object.clone())
    };
    let conflicts = sealed.conflict_between.map(|(here, there)| Conflicts {
        records: sealed.conflicts,
        uploads: (object(here), object(there)),
    });
    Ok(File {
        sealed,
        left_out_of,
        conflicts,
    })
}

struct Assembler<'p> {
    ports: &'p Ports,
    /// Whether records may be packed with several documents, so that short shards have an index as well.
    may_be_packed: bool,
    time: &'p Sealing,
    sealer: Sealer,
    plan: Assembly,
    file: Writing,
    left_out_of: Vec<LeftOut>,
}

impl Assembler<'_> {
    fn passed(&self, bytes: u64) {
        self.time.passed(bytes, self.ports.desk.now());
    }

    fn look_at_time(&self) -> Result<(), Stopped> {
        match self.time.is_up(self.ports.desk.now()) {
            true => Err(Stopped::TimeIsUp),
            false => Ok(()),
        }
    }

    async fn shards(&mut self, manifest: &Manifest) -> Result<(), Stopped> {
        for entry in manifest.training.iter().rev() {
            self.look_at_time()?;
            let before = self.sealer.left_out();
            if self.sealer.is_full() {
                self.sealer.leave_out(entry.records);
            } else {
                match index_of(self.ports, entry, self.may_be_packed).await? {
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
        self.file.flush().await?;
        Ok(())
    }

    async fn whole(&mut self, entry: &ManifestEntry) -> Result<(), Stopped> {
        let mut stream = self.ports.read.open(&entry.shard, None).await?;
        let mut read = 0;
        while let Some(chunk) = stream.next().await? {
            self.look_at_time()?;
            self.passed(chunk.len() as u64);
            read += chunk.len() as u64;
            let before = self.file.out.len();
            self.sealer.push(&chunk, &mut self.file.out);
            self.plan.wrote((self.file.out.len() - before) as u64);
            self.file.write_pieces().await?;
        }
        let before = self.file.out.len();
        self.sealer.end_shard(&mut self.file.out);
        self.plan.wrote((self.file.out.len() - before) as u64);
        self.passed(entry.bytes.saturating_sub(read));
        Ok(())
    }

    async fn by_index(
        &mut self,
        entry: &ManifestEntry,
        index: &Index,
        tag: &str,
    ) -> Result<(), Stopped> {
        let stretches = self.sealer.push_index(index);
        let mut passed = 0;
        for made in self.plan.shard(&stretches) {
            self.look_at_time()?;
            let (Move::Copy(range) | Move::Read { range, .. }) = &made;
            self.passed(range.end.saturating_sub(passed));
            passed = passed.max(range.end);
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
        self.passed(entry.bytes.saturating_sub(passed));
        Ok(())
    }

    /// Takes the picks out of a stream whose first byte is at `at` in the shard.
    async fn picks(
        &mut self,
        mut stream: Box<dyn ObjectStream>,
        mut at: u64,
        picks: &[Stretch],
        shard: &str,
    ) -> Result<(), Stopped> {
        let mut chunk = Bytes::new();
        // What cannot be handed on in pieces.
        let mut whole = Vec::new();
        for pick in picks {
            let in_pieces = !pick.held_out && pick.kept.is_empty();
            let mut start = pick.range.start;
            while start < pick.range.end {
                let chunk_end = at + chunk.len() as u64;
                if chunk_end <= start {
                    at = chunk_end;
                    self.look_at_time()?;
                    chunk = stream.next().await?.ok_or_else(|| ended_early(shard, at))?;
                    continue;
                }
                let end = pick.range.end.min(chunk_end);
                // Both lie within the chunk, whose length is a `usize`.
                let some = &chunk[(start - at) as usize..(end - at) as usize];
                if in_pieces {
                    self.file.out.extend_from_slice(some);
                    self.file.write_pieces().await?;
                } else {
                    whole.extend_from_slice(some);
                }
                start = end;
            }
            if pick.held_out {
                self.sealer.hold_out(&whole);
            } else if !in_pieces {
                pick.write(&whole, &mut self.file.out);
                self.file.write_pieces().await?;
            }
            whole.clear();
        }
        Ok(())
    }
}

/// The index of a shard and the tag of the shard, if it has one that speaks of the bytes that are there now.
async fn index_of(
    ports: &Ports,
    entry: &ManifestEntry,
    may_be_packed: bool,
) -> PortResult<Option<(Index, String)>> {
    // Shorter ones are not copied, and have none unless records are packed.
    if !may_be_packed && entry.bytes <= ports.write.smallest_copy() {
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
struct Writing {
    sink: Box<dyn ObjectSink>,
    /// Not handed on yet.
    out: Vec<u8>,
}

impl Writing {
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
