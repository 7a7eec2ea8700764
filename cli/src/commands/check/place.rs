//! Where files lie: which of them are evaluation sets, and that the page takes the place of nothing that is read.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};

use crate::args::CheckArgs;
use crate::exit::Failure;

/// A file in a folder `eval`; or, as in the bucket and in the drop folder, in a pipeline's folder below `eval`, which lies beside `data`.
/// Other folders named `eval` on the way to a file say nothing of it.
pub(super) fn is_evaluation(path: &Path) -> bool {
    let Some(folder) = path.parent().filter(|_| path != Path::new("-")) else {
        return false;
    };
    let named = |folder: &Path| folder.file_name().is_some_and(|name| name == "eval");
    // A file named from inside its folder lies in it all the same.
    let whole = fs::canonicalize(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    });
    let whole = whole.as_deref().unwrap_or(folder);
    named(folder)
        || named(whole)
        || (whole.ancestors().skip(1))
            .any(|above| named(above) && above.with_file_name("data").is_dir())
}

/// The page must not take the place of what is checked, by whatever name or link.
pub(super) fn page_is_elsewhere(args: &CheckArgs) -> Result<(), Failure> {
    let Some(page) = &args.html else {
        return Ok(());
    };
    let taken = |what: &dyn std::fmt::Display| {
        Failure::Usage(format!(
            "--html would write over {what}, which is to be checked; name another file"
        ))
    };
    if let Some(folder) = &args.media
        && is_in(page, folder)
    {
        return Err(Failure::Usage(format!(
            "--html {} lies in the folder of --media, whose files are looked at; name another file",
            page.display()
        )));
    }
    let Some(page) = Known::at(page) else {
        return Ok(());
    };
    for path in args.files.iter().chain(&args.config) {
        let read = if path == Path::new("-") {
            standard_input()
        } else {
            Known::at(path)
        };
        if read.is_some_and(|read| read.is_same(&page)) {
            return Err(taken(&path.display()));
        }
    }
    match args
        .media
        .as_ref()
        .and_then(|folder| page.linked_in(folder))
    {
        Some(path) => Err(taken(&path.display())),
        None => Ok(()),
    }
}

/// Whether the file lies in the folder, or would; links are followed.
fn is_in(file: &Path, folder: &Path) -> bool {
    let beside = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let lies = |path: &Path| {
        let (Ok(path), Ok(folder)) = (path.canonicalize(), folder.canonicalize()) else {
            return false;
        };
        path.starts_with(folder)
    };
    lies(beside) || lies(file)
}

/// A file that is there, by whatever names.
struct Known {
    path: Option<PathBuf>,
    about: Metadata,
}

impl Known {
    /// What stands at this path. Only files: whoever writes to a terminal or to `/dev/null` takes the place of nothing.
    fn at(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok().filter(Metadata::is_file)?;
        let path = path.canonicalize().ok();
        Some(Self { path, about })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.path.is_some() && self.path == other.path || self.is_linked(&other.about)
    }

    /// Whether it is the same file by another name.
    #[cfg(unix)]
    fn is_linked(&self, other: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        (self.about.dev(), self.about.ino()) == (other.dev(), other.ino())
    }

    #[cfg(not(unix))]
    fn is_linked(&self, _: &Metadata) -> bool {
        false
    }

    /// A file in the folder that is this one by another name.
    #[cfg(unix)]
    fn linked_in(&self, folder: &Path) -> Option<PathBuf> {
        use std::os::unix::fs::MetadataExt;
        if self.about.nlink() < 2 {
            return None;
        }
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                // Of the name itself: what a link leads to lies elsewhere, or is met under its own name.
                match entry.metadata() {
                    Ok(about) if about.is_dir() => folders.push(entry.path()),
                    Ok(about) if self.is_linked(&about) => return Some(entry.path()),
                    _ => {}
                }
            }
        }
        None
    }

    #[cfg(not(unix))]
    fn linked_in(&self, _: &Path) -> Option<PathBuf> {
        None
    }
}

/// The file that standard input was opened from, if it is one.
#[cfg(unix)]
fn standard_input() -> Option<Known> {
    use std::os::fd::AsFd;
    let input = std::io::stdin().as_fd().try_clone_to_owned().ok()?;
    let about = File::from(input).metadata().ok()?;
    about.is_file().then_some(Known { path: None, about })
}

#[cfg(not(unix))]
fn standard_input() -> Option<Known> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_an_eval_folder_is_an_evaluation_set() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        assert!(is_evaluation(&at("eval/questions.jsonl")));
        assert!(is_evaluation(&at("drop/bot/eval/questions.jsonl")));
        // A folder that happens to have the name.
        for training in [
            "eval/mine/train.jsonl",
            "home/eval/data/train.jsonl",
            "data/bot/eval",
            "eval.jsonl",
        ] {
            assert!(!is_evaluation(&at(training)), "{training}");
        }
        // The bucket's layout, and the drop folder's.
        fs::create_dir_all(dir.path().join("drop/data/bot")).unwrap();
        assert!(is_evaluation(&at("drop/eval/bot/questions.jsonl")));
        assert!(is_evaluation(&at("drop/eval/bot/2026/questions.jsonl")));
        assert!(!is_evaluation(&at("drop/data/bot/train.jsonl")));
    }
}
