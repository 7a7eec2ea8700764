//! Looks at the drop folder's files. Blocking.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::home::DROP_KINDS;
use crate::ledger::FileStamp;

/// Deeper folders are not looked into.
const DEPTH: usize = 64;

/// S3's limit (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
const KEY_BYTES: usize = 1024;

/// A file that may become an object.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Its path below the drop folder: the object's key.
    pub(super) key: String,
    pub(super) path: PathBuf,
    pub(super) stamp: FileStamp,
}

/// Every file below the folders of the bucket's kinds, in the kinds' order and then by key. Hidden and
/// temporary files, symbolic links and names that are no UTF-8 are passed over.
pub(super) fn scan(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for kind in DROP_KINDS {
        let mut of_kind = Vec::new();
        walk(&folder.join(kind), kind, DEPTH, &mut of_kind)?;
        of_kind.sort_by(|a: &Found, b: &Found| a.key.cmp(&b.key));
        found.append(&mut of_kind);
    }
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Found>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // Folders come and go while one looks.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            tracing::debug!(path = %entry.path().display(), "a name that is not UTF-8 cannot be a key");
            continue;
        };
        if is_temporary(name) {
            continue;
        }
        // The entry's own data: a symbolic link is neither file nor folder here.
        let Ok(data) = entry.metadata() else { continue };
        let key = format!("{prefix}/{name}");
        if data.is_dir() && depth > 0 {
            walk(&entry.path(), &key, depth - 1, found)?;
        } else if key.len() > KEY_BYTES {
            tracing::debug!(key, "the path is too long for a key");
        } else if data.is_file() {
            found.push(Found {
                key,
                path: entry.path(),
                stamp: stamp(&data),
            });
        }
    }
    Ok(())
}

/// Hidden files, and those that editors, browsers and rsync make for a while.
fn is_temporary(name: &str) -> bool {
    name.starts_with('.')
        || name.ends_with('~')
        || name.starts_with("~$")
        || name.starts_with('#') && name.ends_with('#')
        || [".swp", ".swx", ".part", ".partial", ".crdownload"]
            .iter()
            .any(|suffix| name.ends_with(suffix))
}

fn stamp(data: &Metadata) -> FileStamp {
    FileStamp {
        size: data.size(),
        mtime_ns: data
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(data.mtime_nsec()),
    }
}

/// Copies a file if it is whole; false if it changed meanwhile, is still open for writing, or is gone.
pub(super) fn copy_whole(path: &Path, expected: FileStamp, copy: &Path) -> io::Result<bool> {
    if is_open_for_writing(path) {
        return Ok(false);
    }
    let unchanged =
        || fs::symlink_metadata(path).is_ok_and(|data| data.is_file() && stamp(&data) == expected);
    if !unchanged() {
        return Ok(false);
    }
    match fs::copy(path, copy) {
        Ok(bytes) => Ok(bytes == expected.size && unchanged() && !is_open_for_writing(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a process of this user has the file open for writing, as Linux tells it in `/proc`. Where there is
/// no such folder the answer is no, and the settling time alone decides.
fn is_open_for_writing(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    processes.flatten().any(|process| {
        let Ok(handles) = fs::read_dir(process.path().join("fd")) else {
            return false;
        };
        handles.flatten().any(|handle| {
            fs::read_link(handle.path()).is_ok_and(|target| target == path)
                && is_for_writing(&process.path().join("fdinfo").join(handle.file_name()))
        })
    })
}

fn is_for_writing(info: &Path) -> bool {
    let text = fs::read_to_string(info).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    // The two lowest bits: 0 reading, 1 writing, 2 both (open(2)).
    flags
        .is_some_and(|octal| u32::from_str_radix(octal.trim(), 8).is_ok_and(|flags| flags & 3 != 0))
}
