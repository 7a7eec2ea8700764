//! Waiting for an effect, with a progress bar on a terminal and plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::exit::Failure;
use crate::output::{clean, print};

/// What a look found.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// The effect is there.
    Done(T),
    /// Not yet: so many steps of so many, and what is going on.
    Waiting {
        /// Steps done.
        done: u64,
        /// Steps in all.
        of: u64,
        /// What is going on.
        text: String,
    },
}

impl<T> Look<T> {
    /// One thing is waited for.
    pub(crate) fn waiting(text: impl Into<String>) -> Self {
        Self::Waiting {
            done: 0,
            of: 1,
            text: text.into(),
        }
    }
}

/// How a wait is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Between two looks.
    pub(crate) every: Duration,
    /// In all.
    pub(crate) at_most: Duration,
}

/// Looks until the effect is there.
///
/// # Errors
/// What a look answers, and [`Failure::TimedOut`] with what was going on last.
pub(crate) async fn until<T>(
    patience: Patience,
    advice: &str,
    mut look: impl AsyncFnMut() -> Result<Look<T>, Failure>,
) -> Result<T, Failure> {
    let progress = Progress::new();
    let start = Instant::now();
    loop {
        let text = match look().await {
            Err(failure) => {
                progress.end();
                return Err(failure);
            }
            Ok(Look::Done(found)) => {
                progress.end();
                return Ok(found);
            }
            Ok(Look::Waiting { done, of, text }) => {
                progress.show(done, of, &text);
                text
            }
        };
        if start.elapsed() >= patience.at_most {
            progress.end();
            return Err(Failure::TimedOut(format!(
                "not seen within {} s; last: {}. {advice}",
                patience.at_most.as_secs(),
                clean(&text)
            )));
        }
        tokio::time::sleep(patience.every).await;
    }
}

/// A bar on standard error; a line for each change where that is no terminal.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    last: Mutex<String>,
}

impl Progress {
    /// A bar that shows nothing yet.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(1);
            if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:24}] {elapsed} {msg}")
            {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            bar,
            lines: true,
            last: Mutex::default(),
        }
    }

    /// A bar on a terminal, and nothing elsewhere: for commands that tell their steps themselves.
    pub(crate) fn quiet() -> Self {
        Self {
            lines: false,
            ..Self::new()
        }
    }

    /// Prints a line to standard output without disturbing the bar.
    pub(crate) fn aside(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| print(line)),
            None => print(line),
        }
    }

    /// So many steps of so many are done.
    pub(crate) fn show(&self, done: u64, of: u64, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(of);
                bar.set_position(done);
                bar.set_message(clean(text));
            }
            None if self.lines => {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                if *last != text {
                    eprintln!("… {}", clean(text));
                    text.clone_into(&mut last);
                }
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Patience = Patience {
        every: Duration::from_millis(1),
        at_most: Duration::from_millis(20),
    };

    #[tokio::test]
    async fn what_comes_is_answered_and_what_does_not_is_said() {
        let mut looks = 0;
        let found = until(QUICK, "", async || {
            looks += 1;
            Ok(if looks == 3 {
                Look::Done("there")
            } else {
                Look::waiting("coming")
            })
        })
        .await;
        assert_eq!(found.unwrap(), "there");
        let never = until(QUICK, "Look again.", async || {
            Ok(Look::<()>::waiting("still coming"))
        })
        .await;
        let failure = never.unwrap_err();
        assert_eq!(failure.code(), crate::exit::TIMED_OUT);
        assert!(
            failure
                .to_string()
                .ends_with("last: still coming. Look again."),
            "{failure}"
        );
    }
}
