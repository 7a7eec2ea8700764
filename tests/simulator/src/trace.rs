//! One readable line per event of a schedule.

use jiff::Timestamp;

/// What happened, if anyone wants to read it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// Whether anyone does.
    pub(crate) on: bool,
    pub(crate) lines: Vec<String>,
}

impl Trace {
    /// Notes a line; the words are made only if they are read.
    pub(crate) fn note(&mut self, now: Timestamp, words: impl FnOnce() -> String) {
        if self.on {
            let time = now.strftime("%m-%d %H:%M:%S%.3f");
            self.lines.push(format!("{time}  {}", words()));
        }
    }
}
