//! Reading a data file into the compiler, piece by piece.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use perennial_core::config::Secrets;
use perennial_dataset::{Between, Compiler, Finished, Purpose, SecretsRule};

use crate::exit::Failure;

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
    /// How many files that records name are gathered.
    pub(super) media: usize,
    /// The files that were read before.
    pub(super) others: Between,
}

impl Reading<'_> {
    /// What came of the file.
    pub(super) fn finished(self) -> Result<Finished, Failure> {
        let path = self.path;
        if path == Path::new("-") {
            return self.read(&mut std::io::stdin().lock(), &ProgressBar::hidden());
        }
        let failed = || Failure::file("cannot read", path);
        let mut file = File::open(path).map_err(failed())?;
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
        bar.set_message(crate::output::clean(&path.display().to_string()));
        let read = self.read(&mut file, &bar);
        bar.finish_and_clear();
        read
    }

    fn compiler(&mut self) -> Compiler {
        let compiler = Compiler::new(&self.path.display().to_string(), self.purpose.clone())
            .for_model(self.model, self.technique)
            .with_threads(self.threads)
            .with_columns(self.columns.to_vec())
            .with_media(self.media)
            .with_others(std::mem::take(&mut self.others))
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

    fn read(mut self, file: &mut dyn Read, bar: &ProgressBar) -> Result<Finished, Failure> {
        let mut compiler = self.compiler();
        let mut compiled = Vec::new();
        loop {
            match compiler.read(file, &mut compiled) {
                Ok(0) => break,
                Ok(read) => bar.inc(read as u64),
                Err(error) => return Err(Failure::file("cannot read", self.path)(error)),
            }
            compiled.clear();
        }
        Ok(compiler.finish_with_others(&mut compiled))
    }
}
