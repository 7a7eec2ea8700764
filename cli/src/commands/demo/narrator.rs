//! Tells what happens while it happens: headings, steps with their time, reports; a progress bar on a terminal.

use std::time::Instant;

use crate::output::clean;
use crate::wait::Progress;

/// Says everything; lines go to standard output, the bar to standard error.
pub(super) struct Narrator {
    start: Instant,
    pub(super) progress: Progress,
}

impl Narrator {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            progress: Progress::quiet(),
        }
    }

    /// A line, with the seconds since the start.
    pub(super) fn say(&self, text: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        self.progress
            .aside(&format!("{seconds:5.1} s  {}", clean(text)));
    }

    /// A heading.
    pub(super) fn chapter(&self, text: &str) {
        self.progress.aside(&format!("\n{text}\n"));
    }

    /// Lines of a report, set in.
    pub(super) fn quote(&self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.progress.aside(&format!("         | {}", clean(line)));
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.progress.end();
    }
}
