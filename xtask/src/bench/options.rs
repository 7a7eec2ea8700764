//! What stands behind `cargo xtask bench`.

use std::ffi::OsString;

use crate::Failure;

const USAGE: &str = "cargo xtask bench dataset [--mib N] [--rounds N] [--no-python] [--big]";

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// The size of each generated file.
    pub(super) mib: u64,
    pub(super) rounds: u64,
    pub(super) python: bool,
    pub(super) big: bool,
}

impl Options {
    pub(super) fn parse(more: &[OsString]) -> Result<Self, Failure> {
        let refused = |problem: String| (format!("{problem}; {USAGE}"), 2);
        let mut words = more.iter().map(|word| word.to_string_lossy());
        match words.next() {
            Some(what) if what == "dataset" => {}
            Some(what) => return Err(refused(format!("there is no bench {what:?}"))),
            None => return Err(refused("bench needs to know what".to_owned())),
        }
        let mut options = Self {
            mib: 256,
            rounds: 3,
            python: true,
            big: false,
        };
        while let Some(word) = words.next() {
            let mut number = || {
                let number = words.next().and_then(|number| number.parse().ok());
                number
                    .filter(|number| (1..=1 << 20).contains(number))
                    .ok_or_else(|| refused(format!("{word} needs a number from 1 on")))
            };
            match &*word {
                "--mib" => options.mib = number()?,
                "--rounds" => options.rounds = number()?,
                "--no-python" => options.python = false,
                "--big" => options.big = true,
                _ => return Err(refused(format!("bench takes no {word:?}"))),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Failure> {
        let words: Vec<OsString> = line.split_whitespace().map(Into::into).collect();
        Options::parse(&words)
    }

    #[test]
    fn sizes_and_rounds_can_be_chosen_and_python_left_out() {
        let chosen = Options {
            mib: 8,
            rounds: 1,
            python: false,
            big: true,
        };
        assert_eq!(
            parse("dataset --mib 8 --rounds 1 --no-python --big"),
            Ok(chosen)
        );
        assert!(parse("dataset").is_ok_and(|usual| usual.mib == 256 && usual.python));
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_is() {
        for line in [
            "",
            "datasets",
            "dataset --mib",
            "dataset --mib 0",
            "dataset --mib x",
            "dataset -v",
        ] {
            let (words, code) = parse(line).expect_err(line);
            assert!(words.contains(USAGE) && code == 2, "{words}");
        }
    }
}
