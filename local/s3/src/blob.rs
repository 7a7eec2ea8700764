//! Content on disk: files named by an id, written under a temporary name and renamed once whole.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use md5::{Digest as _, Md5};
use s3s::checksum::ChecksumHasher;
use tokio::sync::mpsc;

use crate::checksum::{self, Algorithm, Checksums};
use crate::error::StoreError;

const WRITE_BUFFER: usize = 256 * 1024;
const CHUNKS_IN_FLIGHT: usize = 8;

/// The folder of contents.
#[derive(Debug)]
pub(crate) struct Blobs {
    kept: PathBuf,
    temporary: PathBuf,
    fsync: bool,
}

/// A temporary file, removed when dropped.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Whatever stays is removed when the store is next opened.
        let _ = fs::remove_file(&self.0);
    }
}

/// Content being written.
pub(crate) struct Writer {
    id: String,
    temporary: Temporary,
    file: BufWriter<File>,
    size: u64,
    md5: Md5,
    hasher: ChecksumHasher,
}

/// Whole content that no index row names yet; removed when dropped.
#[derive(Debug)]
pub(crate) struct Draft {
    id: String,
    temporary: Temporary,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) checksums: Checksums,
}

impl Draft {
    /// The ETag of content that was sent in one piece.
    pub(crate) fn etag(&self) -> String {
        hex::encode(self.md5)
    }
}

impl Blobs {
    pub(crate) fn open(dir: &Path, fsync: bool) -> Result<Self, StoreError> {
        let blobs = Self {
            kept: dir.join("content"),
            temporary: dir.join("incoming"),
            fsync,
        };
        for dir in [&blobs.kept, &blobs.temporary] {
            fs::create_dir_all(dir).map_err(StoreError::io("creating", dir))?;
        }
        Ok(blobs)
    }

    /// The file of a content.
    pub(crate) fn path(&self, id: &str) -> PathBuf {
        let folder = id.get(id.len().saturating_sub(2)..).unwrap_or(id);
        self.kept.join(folder).join(id)
    }

    pub(crate) fn writer(&self, algorithms: &[Algorithm]) -> Result<Writer, StoreError> {
        let id = ulid::Ulid::new().to_string().to_ascii_lowercase();
        let path = self.temporary.join(&id);
        let file = File::create_new(&path).map_err(StoreError::io("creating", &path))?;
        Ok(Writer {
            id,
            temporary: Temporary(path),
            file: BufWriter::with_capacity(WRITE_BUFFER, file),
            size: 0,
            md5: Md5::new(),
            hasher: checksum::hasher(algorithms),
        })
    }

    pub(crate) fn finish(&self, mut writer: Writer) -> Result<Draft, StoreError> {
        let path = &writer.temporary.0;
        writer
            .file
            .flush()
            .map_err(StoreError::io("writing", path))?;
        if self.fsync {
            let synced = writer.file.get_ref().sync_all();
            synced.map_err(StoreError::io("syncing", path))?;
        }
        Ok(Draft {
            id: writer.id,
            temporary: writer.temporary,
            size: writer.size,
            md5: writer.md5.finalize().into(),
            checksums: checksum::finish(writer.hasher),
        })
    }

    /// Puts the draft in its place, runs `commit` with its id, and takes it away again if that fails.
    pub(crate) fn keep<T>(
        &self,
        draft: Draft,
        commit: impl FnOnce(&str) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let path = self.path(&draft.id);
        let folder = path.parent().unwrap_or(&self.kept);
        fs::create_dir_all(folder).map_err(StoreError::io("creating", folder))?;
        fs::rename(&draft.temporary.0, &path).map_err(StoreError::io("renaming to", &path))?;
        if self.fsync {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(StoreError::io("syncing", folder))?;
        }
        commit(&draft.id).inspect_err(|_| self.remove(&draft.id))
    }

    /// Removes a content that no row names any more. One that cannot be removed is swept at the next opening.
    pub(crate) fn remove(&self, id: &str) {
        let path = self.path(id);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "content left behind");
        }
    }

    /// Copies `length` bytes from `offset` of a content, all of it by default.
    pub(crate) fn append(
        &self,
        writer: &mut Writer,
        id: &str,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<(), StoreError> {
        let path = self.path(id);
        let read = |writer: &mut Writer| {
            let mut file = File::open(&path)?;
            let mut left = u64::MAX;
            if let Some(range) = range {
                std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(range.start))?;
                left = range.end - range.start;
            }
            let mut file = file.take(left);
            let mut buffer = vec![0; WRITE_BUFFER];
            loop {
                let count = file.read(&mut buffer)?;
                if count == 0 {
                    return Ok(());
                }
                writer.write(&buffer[..count])?;
            }
        };
        read(writer).map_err(StoreError::io("copying", &path))
    }

    /// Removes what a killed process left: unfinished files, and contents that `named` does not know.
    pub(crate) fn sweep(
        &self,
        mut named: impl FnMut(&str) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        for path in entries(&self.temporary)? {
            fs::remove_file(&path).map_err(StoreError::io("removing", &path))?;
        }
        for folder in entries(&self.kept)? {
            for path in entries(&folder)? {
                let id = path.file_name().and_then(|name| name.to_str());
                if !named(id.unwrap_or_default())? {
                    fs::remove_file(&path).map_err(StoreError::io("removing", &path))?;
                }
            }
        }
        Ok(())
    }

    /// Receives a stream; hashing and writing happen on a blocking thread, a few chunks behind.
    pub(crate) async fn receive<S, E>(
        self: &Arc<Self>,
        mut stream: S,
        algorithms: Vec<Algorithm>,
    ) -> Result<Draft, StoreError>
    where
        S: Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        // `None` ends the content. A sender that is gone without it broke off.
        let (sender, mut receiver) = mpsc::channel::<Option<Bytes>>(CHUNKS_IN_FLIGHT);
        let blobs = Arc::clone(self);
        let worker = tokio::task::spawn_blocking(move || {
            let mut writer = blobs.writer(&algorithms)?;
            while let Some(message) = receiver.blocking_recv() {
                let Some(chunk) = message else {
                    return blobs.finish(writer);
                };
                let path = writer.temporary.0.clone();
                writer
                    .write(&chunk)
                    .map_err(StoreError::io("writing", &path))?;
            }
            Err(StoreError::Body("the sender went away".to_owned()))
        });
        loop {
            let chunk = match stream.next().await {
                None => None,
                Some(Ok(chunk)) => Some(chunk),
                Some(Err(error)) => return Err(StoreError::Body(error.to_string())),
            };
            let last = chunk.is_none();
            if sender.send(chunk).await.is_err() || last {
                break;
            }
        }
        drop(sender);
        worker
            .await
            .map_err(|error| StoreError::Worker(error.to_string()))?
    }
}

impl Writer {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.md5.update(bytes);
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = fs::read_dir(dir).map_err(StoreError::io("reading", dir))?;
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(StoreError::io("reading", dir))
}
