//! The drop folder: a file copied into it becomes an object of the bucket, under its path as the key.
//!
//! Only whole files are taken: a file must not have changed for a while, no process may have it open for
//! writing, and it must be the same after it was copied as before. What was imported is remembered by path,
//! size and time, so that a restart imports nothing again and an edit does.

mod scan;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::watch;

use crate::ledger::{FileStamp, Ledger, LedgerError};
use crate::options::DropFolder;
use scan::Found;

/// After a look that failed.
const PAUSE: Duration = Duration::from_secs(2);

/// Takes a complete file into the bucket.
#[async_trait]
pub(crate) trait Intake: Send + Sync + std::fmt::Debug {
    async fn take(&self, key: &str, file: &Path) -> Result<(), String>;
}

/// How far the watching got.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// Looks taken.
    pub(crate) looks: u64,
    /// Files that the last look found and that are not imported yet.
    pub(crate) waiting: usize,
}

/// Watches the drop folder.
#[derive(Debug)]
pub(crate) struct Watcher<I> {
    pub(crate) folder: PathBuf,
    /// Where files are copied to before they are taken.
    pub(crate) staging: PathBuf,
    pub(crate) how: DropFolder,
    pub(crate) ledger: Ledger,
    pub(crate) intake: I,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What is known of a file that was seen.
#[derive(Debug, Clone, Copy)]
enum Seen {
    Changing { stamp: FileStamp, since: Instant },
    Imported { stamp: FileStamp },
}

impl<I: Intake> Watcher<I> {
    /// Works until the cloud stops.
    pub(crate) async fn run(mut self) {
        let mut seen = HashMap::new();
        loop {
            let wait = match self.look(&mut seen).await {
                Ok(()) => self.how.poll,
                Err(error) => {
                    tracing::error!(%error, folder = %self.folder.display(), "the drop folder cannot be imported");
                    PAUSE
                }
            };
            tokio::select! {
                _ = self.stopping.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn look(&self, seen: &mut HashMap<String, Seen>) -> Result<(), LookError> {
        let folder = self.folder.clone();
        let found = tokio::task::spawn_blocking(move || scan::scan(&folder)).await??;
        let mut waiting = 0;
        for file in &found {
            let known = match seen.get(&file.key) {
                Some(known) => *known,
                None => match self.ledger.imported(&file.key).await? {
                    Some(stamp) => Seen::Imported { stamp },
                    None => Seen::Changing {
                        stamp: file.stamp,
                        since: Instant::now(),
                    },
                },
            };
            let now = self.advance(file, known).await?;
            waiting += usize::from(matches!(now, Seen::Changing { .. }));
            seen.insert(file.key.clone(), now);
        }
        self.progress.send_modify(|progress| {
            progress.looks += 1;
            progress.waiting = waiting;
        });
        Ok(())
    }

    async fn advance(&self, file: &Found, known: Seen) -> Result<Seen, LookError> {
        let changed = Seen::Changing {
            stamp: file.stamp,
            since: Instant::now(),
        };
        match known {
            Seen::Imported { stamp } if stamp == file.stamp => Ok(known),
            Seen::Changing { stamp, since } if stamp == file.stamp => {
                if since.elapsed() < self.how.settle {
                    return Ok(known);
                }
                match self.import(file).await {
                    Ok(true) => Ok(Seen::Imported { stamp }),
                    Ok(false) => Ok(changed),
                    // Tried again after it has settled anew; the other files go on.
                    Err(error @ LookError::Refused { .. }) => {
                        tracing::error!(%error, "a file was not imported");
                        Ok(changed)
                    }
                    Err(error) => Err(error),
                }
            }
            _ => Ok(changed),
        }
    }

    /// Takes one file; false if it turned out to be still changing, or is gone.
    async fn import(&self, file: &Found) -> Result<bool, LookError> {
        let staged = self.staging.join("import");
        let (path, expected, copy) = (file.path.clone(), file.stamp, staged.clone());
        let whole =
            tokio::task::spawn_blocking(move || scan::copy_whole(&path, expected, &copy)).await??;
        if !whole {
            return Ok(false);
        }
        let taken = self.intake.take(&file.key, &staged).await;
        taken.map_err(|message| LookError::Refused {
            key: file.key.clone(),
            message,
        })?;
        self.ledger.remember_import(&file.key, file.stamp).await?;
        tracing::info!(
            key = file.key,
            bytes = file.stamp.size,
            "imported from the drop folder"
        );
        Ok(true)
    }
}

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("reading failed: {0}; check the folder's permissions")]
    Read(#[from] std::io::Error),
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    #[error("the worker failed: {0}")]
    Worker(#[from] tokio::task::JoinError),
    #[error("the bucket refused {key}: {message}")]
    Refused { key: String, message: String },
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    type Taken = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

    #[derive(Debug, Default, Clone)]
    struct Shelf(Taken);

    #[async_trait]
    impl Intake for Shelf {
        async fn take(&self, key: &str, file: &Path) -> Result<(), String> {
            let content = fs::read(file).map_err(|error| error.to_string())?;
            self.0.lock().unwrap().push((key.to_owned(), content));
            Ok(())
        }
    }

    struct Room {
        dir: tempfile::TempDir,
        shelf: Shelf,
        progress: watch::Receiver<Progress>,
        stop: watch::Sender<bool>,
        task: tokio::task::JoinHandle<()>,
    }

    fn open(dir: tempfile::TempDir) -> Room {
        fs::create_dir_all(dir.path().join("drop/data")).unwrap();
        let stop = watch::Sender::new(false);
        let progress = watch::Sender::new(Progress::default());
        let shelf = Shelf::default();
        let watcher = Watcher {
            folder: dir.path().join("drop"),
            staging: dir.path().to_owned(),
            how: DropFolder {
                poll: Duration::from_millis(10),
                settle: Duration::from_millis(100),
            },
            ledger: Ledger::open(&dir.path().join("l.sqlite")).unwrap(),
            intake: shelf.clone(),
            progress: progress.clone(),
            stopping: stop.subscribe(),
        };
        let task = tokio::spawn(watcher.run());
        let progress = progress.subscribe();
        Room {
            dir,
            shelf,
            progress,
            stop,
            task,
        }
    }

    impl Room {
        async fn settled(&mut self) -> Vec<(String, Vec<u8>)> {
            let after = self.progress.borrow().looks + 2;
            let done = |progress: &Progress| progress.looks >= after && progress.waiting == 0;
            self.progress.wait_for(done).await.unwrap();
            self.shelf.0.lock().unwrap().clone()
        }

        async fn close(self) -> tempfile::TempDir {
            self.stop.send_replace(true);
            self.task.await.unwrap();
            self.dir
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join("drop").join(name)
        }
    }

    #[tokio::test]
    async fn a_file_is_imported_once_an_edit_again_and_a_restart_changes_nothing() {
        let mut room = open(tempfile::tempdir().unwrap());
        fs::create_dir_all(room.path("data/bot")).unwrap();
        fs::write(room.path("data/bot/a b+%é.jsonl"), "one").unwrap();
        let first = room.settled().await;
        assert_eq!(
            first,
            [("data/bot/a b+%é.jsonl".to_owned(), b"one".to_vec())]
        );
        let mut room = open(room.close().await);
        assert!(
            room.settled().await.is_empty(),
            "a restart imports nothing again"
        );
        fs::write(room.path("data/bot/a b+%é.jsonl"), "other").unwrap();
        assert_eq!(room.settled().await[0].1, b"other");
    }

    #[tokio::test]
    async fn a_file_still_being_written_waits() {
        let mut room = open(tempfile::tempdir().unwrap());
        let mut slow = fs::File::create(room.path("data/slow.jsonl")).unwrap();
        slow.write_all(b"begin").unwrap();
        // Far longer than it takes to settle, but the file is open for writing.
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(room.shelf.0.lock().unwrap().is_empty());
        slow.write_all(b" end").unwrap();
        drop(slow);
        assert_eq!(room.settled().await[0].1, b"begin end");
    }

    #[tokio::test]
    async fn temporary_hidden_and_linked_files_are_left_alone() {
        let mut room = open(tempfile::tempdir().unwrap());
        let outside = room.dir.path().join("secret");
        fs::write(&outside, "x").unwrap();
        for name in [
            "data/.hidden",
            "data/.a.jsonl.swp",
            "data/a~",
            "data/a.part",
            "top-level.jsonl",
        ] {
            fs::write(room.path(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(&outside, room.path("data/link")).unwrap();
        std::os::unix::fs::symlink(room.dir.path(), room.path("data/dir")).unwrap();
        assert!(room.settled().await.is_empty());
    }
}
