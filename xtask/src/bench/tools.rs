//! Who is measured, on what, and on how many cores.

use std::fmt;

use super::table::Row;

/// How much of a file is read by a tool that is too slow for all of it.
pub(super) const BEGINNING_MIB: u64 = 16;

/// The generated files, in the table's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Data {
    Conversations,
    Messages,
    Documents,
}

impl Data {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Conversations => "conversations",
            Self::Messages => "messages",
            Self::Documents => "documents",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// tests/dataset-bench
    Ours,
    /// tests/dataset-bench/python/compare.py
    Python,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Beginning,
}

/// What a tool is given to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cores {
    One,
    Two,
    /// Two processes at once, a core and a whole file for each: what two cores of this machine give to work that has nothing in common.
    OneEach,
}

impl Cores {
    /// The threads of one process.
    pub(super) fn threads(self) -> u32 {
        match self {
            Self::One | Self::OneEach => 1,
            Self::Two => 2,
        }
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "1",
            Self::Two => "2",
            Self::OneEach => "2 × 1",
        })
    }
}

#[derive(Debug)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// As the program knows it.
    pub(super) word: &'static str,
    /// What it is told besides.
    pub(super) more: &'static [&'static str],
    pub(super) files: &'static [Data],
    /// A tool that can work on two is told how many threads it has.
    pub(super) cores: &'static [Cores],
    pub(super) part: Part,
}

use Cores::{One, OneEach, Two};
use Data::{Conversations, Documents, Messages};

/// What every ratio to a bare parse refers to.
const BARE: &str = "sonic";
const OURS: &str = "perennial";

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "newline count",
        program: Program::Ours,
        word: "newlines",
        more: &[],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "sonic-rs, bare typed parse",
        program: Program::Ours,
        word: BARE,
        more: &[],
        files: &[Conversations, Messages, Documents],
        cores: &[One, OneEach],
        part: Part::Whole,
    },
    Tool {
        name: "serde_json, bare typed parse",
        program: Program::Ours,
        word: "serde-json",
        more: &[],
        files: &[Conversations, Messages, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "**Perennial, all rules, compiled**",
        program: Program::Ours,
        word: OURS,
        more: &[],
        files: &[Conversations, Messages, Documents],
        cores: &[One, Two, OneEach],
        part: Part::Whole,
    },
    Tool {
        name: "Perennial, duplicates up to the record limit only",
        program: Program::Ours,
        word: OURS,
        more: &["--no-spill"],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "`ingest` without its bucket: compiled and digested",
        program: Program::Ours,
        word: "ingest",
        more: &["--digest"],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "the same, indexed",
        program: Program::Ours,
        word: "ingest",
        more: &["--digest", "--index", "plain"],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "the same, indexed with records held out",
        program: Program::Ours,
        word: "ingest",
        more: &["--digest", "--index", "hold-out"],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "the same, 1,000 evaluation prompts looked for",
        program: Program::Ours,
        word: "ingest",
        more: &["--digest", "--index", "plain", "--evaluation", "1000"],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "Python `json.loads`",
        program: Program::Python,
        word: "json",
        more: &[],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "amzn-nova-forge, SFT validator",
        program: Program::Python,
        word: "nova-forge-sft",
        more: &[],
        files: &[Conversations],
        cores: &[One],
        part: Part::Beginning,
    },
    Tool {
        name: "amzn-nova-forge, CPT validator",
        program: Program::Python,
        word: "nova-forge-cpt",
        more: &[],
        files: &[Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "together, `check_file`",
        program: Program::Python,
        word: "together",
        more: &[],
        files: &[Conversations, Documents],
        cores: &[One],
        part: Part::Whole,
    },
    Tool {
        name: "polars, `read_ndjson`",
        program: Program::Python,
        word: "polars",
        more: &[],
        files: &[Conversations, Documents],
        cores: &[One, Two],
        part: Part::Whole,
    },
    Tool {
        name: "duckdb, `read_ndjson`",
        program: Program::Python,
        word: "duckdb",
        more: &[],
        files: &[Conversations, Documents],
        cores: &[One, Two],
        part: Part::Whole,
    },
];

impl Tool {
    pub(super) fn rows(&'static self) -> impl Iterator<Item = Row> {
        let files = self.files.iter();
        files.flat_map(move |data| {
            let cores = self.cores.iter();
            cores.map(move |cores| Row::new(self, *data, *cores))
        })
    }

    pub(super) fn is_ours(&self) -> bool {
        self.word == OURS && self.more.is_empty()
    }

    pub(super) fn is_bare(&self) -> bool {
        self.word == BARE
    }

    pub(super) fn is_official(&self) -> bool {
        self.word.starts_with("nova-forge")
    }
}

/// What a tool says about its run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    pub(super) seconds: f64,
    /// Of the processor, in the tool and in the system for it.
    pub(super) cpu_seconds: f64,
    pub(super) bytes: f64,
    pub(super) records: f64,
    pub(super) peak_bytes: f64,
}

/// Why there is nothing to tell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Left {
    /// It cannot be measured here.
    Out(String),
    Failed(String),
}

impl Measured {
    /// From the one line of JSON that a tool prints: an object of numbers.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let number = |name: &str| -> Option<f64> {
            let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
            let end = rest.find([',', '}'])?;
            rest[..end].trim().parse().ok()
        };
        let measured = Self {
            seconds: number("seconds")?,
            cpu_seconds: number("user_seconds")? + number("system_seconds")?,
            bytes: number("bytes")?,
            records: number("records")?,
            peak_bytes: number("peak_bytes")?,
        };
        (measured.seconds > 0.0 && measured.records > 0.0).then_some(measured)
    }

    /// Two processes that ran at once over the same records.
    pub(super) fn together(self, other: &Self) -> Self {
        Self {
            seconds: self.seconds.max(other.seconds),
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
            bytes: self.bytes + other.bytes,
            records: self.records,
            peak_bytes: self.peak_bytes + other.peak_bytes,
        }
    }

    /// Megabytes (1,000,000 bytes) a second.
    pub(super) fn rate(&self) -> f64 {
        self.bytes / self.seconds / 1e6
    }

    /// The same by the processor's time, which hardly changes when others are at work.
    pub(super) fn cpu_rate(&self) -> f64 {
        self.bytes / self.cpu_seconds.max(0.001) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_either_program_is_read() {
        let rust = r#"{"seconds":0.5,"user_seconds":0.25,"system_seconds":0.25,"bytes":2000000,"records":7,"peak_bytes":4096}"#;
        let python = rust.replace(':', ": ").replace(',', ", ");
        for line in [rust, &python] {
            let measured = Measured::parse(line).expect("whole");
            assert_eq!((measured.rate(), measured.records), (4.0, 7.0), "{line}");
            assert_eq!((measured.cpu_seconds, measured.peak_bytes), (0.5, 4096.0));
        }
    }

    #[test]
    fn two_processes_are_as_fast_as_both_are_done() {
        let one = Measured {
            seconds: 1.0,
            cpu_seconds: 1.0,
            bytes: 3e6,
            records: 7.0,
            peak_bytes: 4096.0,
        };
        let slower = Measured {
            seconds: 1.5,
            ..one.clone()
        };
        let both = one.clone().together(&slower);
        assert_eq!((both.rate(), both.cpu_seconds), (4.0, 2.0));
        assert_eq!((both.records, both.peak_bytes), (7.0, 8192.0));
    }

    #[test]
    fn a_line_that_measures_nothing_is_none() {
        for line in [
            "",
            r#"{"seconds":0.5}"#,
            r#"{"seconds":0.5,"user_seconds":0.25,"system_seconds":0.25,"bytes":2000000,"records":0,"peak_bytes":4096}"#,
        ] {
            assert_eq!(Measured::parse(line), None, "{line}");
        }
    }

    #[test]
    fn each_file_has_its_bare_parse_and_ours_on_one_core_and_two_and_what_two_can_give() {
        let rows: Vec<Row> = TOOLS.iter().flat_map(Tool::rows).collect();
        for data in [Conversations, Messages, Documents] {
            let cores = |is: fn(&Tool) -> bool| -> Vec<Cores> {
                let rows = rows.iter().filter(|row| row.data == data && is(row.tool));
                rows.map(|row| row.cores).collect()
            };
            assert_eq!(cores(Tool::is_bare), [One, OneEach], "{data:?}");
            assert_eq!(cores(Tool::is_ours), [One, Two, OneEach], "{data:?}");
        }
    }
}
