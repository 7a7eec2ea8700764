//! Reading a data file into the compiler, piece by piece.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use perennial_core::config::Secrets;
use perennial_dataset::{Compiler, Purpose, SecretsRule, Summary};

use crate::exit::Failure;

/// Bytes pushed at a time of a compressed file: they may become 200 times as many.
const COMPRESSED: usize = 64 * 1024;

/// Bytes pushed at a time of any other: a block of the compiler's.
const PLAIN: usize = 256 * 1024;

/// Files above this size get a progress bar.
const LARGE: u64 = 16 * 1024 * 1024;

/// One file that is to be checked, and how.
pub(super) struct Reading<'a> {
    /// `-` is standard input.
    pub(super) path: &'a Path,
    pub(super) purpose: Purpose,
    pub(super) model: &'a str,
    pub(super) technique: &'a str,
    pub(super) threads: usize,
    pub(super) secrets: Secrets,
    pub(super) columns: &'a [(String, String)],
}

impl Reading<'_> {
    /// What came of the file.
    pub(super) fn summary(self) -> Result<Summary, Failure> {
        let path = self.path;
        if path == Path::new("-") {
            return self.read(std::io::stdin().lock(), &ProgressBar::hidden());
        }
        let failed = || Failure::file("cannot read", path);
        let file = File::open(path).map_err(failed())?;
        let about = file.metadata().map_err(failed())?;
        if about.is_dir() {
            return Err(Failure::Usage(format!(
                "{} is a folder; name the files in it",
                path.display()
            )));
        }
        let bar = if about.len() > LARGE {
            ProgressBar::new(about.len())
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("[{bar:24}] {bytes}/{total_bytes} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(path.display().to_string());
        let summary = self.read(file, &bar);
        bar.finish_and_clear();
        summary
    }

    fn compiler(&self) -> Compiler {
        let compiler = Compiler::new(&self.path.display().to_string(), self.purpose.clone())
            .for_model(self.model, self.technique)
            .with_threads(self.threads)
            .with_columns(self.columns.to_vec())
            .with_secrets(match self.secrets {
                Secrets::Reject => SecretsRule::Reject,
                Secrets::Warn => SecretsRule::Warn,
                Secrets::Off => SecretsRule::Off,
            });
        // Without one, duplicates of large files are not all found, and the compiler says so.
        match tempfile::tempfile() {
            Ok(spill) => compiler.with_spill(Box::new(spill)),
            Err(_) => compiler,
        }
    }

    fn read(&self, mut file: impl Read, bar: &ProgressBar) -> Result<Summary, Failure> {
        let mut compiler = self.compiler();
        let mut piece = vec![0; COMPRESSED];
        let mut compiled = Vec::new();
        let mut first = true;
        loop {
            let length = match file.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::file("cannot read", self.path)(error)),
            };
            compiler.push(&piece[..length], &mut compiled);
            compiled.clear();
            bar.inc(length as u64);
            if compiler.is_hopeless() {
                break;
            }
            if first && !is_compressed(&piece[..length]) {
                piece.resize(PLAIN, 0);
            }
            first = false;
        }
        Ok(compiler.finish(&mut compiled))
    }
}

/// Whether a file that starts so may be compressed: gzip, or zstd with or without a frame to skip before it. A start that is too short to tell
/// (a pipe may give one) counts as compressed, which is only slower.
fn is_compressed(start: &[u8]) -> bool {
    match start {
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            true
        }
        start => start.len() < 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_is_pushed_in_large_pieces() {
        assert!(!is_compressed(b"{\"prompt\""));
        assert!(is_compressed(b"\x1f\x8b\x08\0"));
        assert!(is_compressed(b"\x28\xb5\x2f\xfd\0"));
        assert!(is_compressed(b"\x50\x2a\x4d\x18\0"));
        assert!(is_compressed(b"{"));
    }
}
