//! One tool over one file, and one line of JSON about it; `cargo xtask bench dataset` calls this for each row of its table.
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use perennial_dataset_bench::bare;
use perennial_dataset_bench::generate::{Records, generate};
use perennial_dataset_bench::ingest::{Besides, Index, ingest};
use perennial_dataset_bench::measure::best_of;
use perennial_dataset_bench::perennial::{self, Failed, How};

#[derive(Parser)]
#[command(about, version)]
struct Command {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Subcommand)]
enum Tool {
    /// Write a file of records, the same for the same seed.
    Generate {
        records: Records,
        /// The most bytes that the file has; its last record is whole.
        #[arg(long, default_value_t = 256 << 20)]
        bytes: u64,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        out: PathBuf,
    },
    /// Perennial's compiler, every rule on.
    Perennial {
        #[arg(long, default_value_t = 1)]
        threads: usize,
        /// Another record limit than the model's: up to it, what duplicates are found by is kept in memory.
        #[arg(long)]
        max_records: Option<u64>,
        /// Look for duplicates up to the record limit only, and not with a temporary file above it.
        #[arg(long)]
        no_spill: bool,
        #[command(flatten)]
        work: Work,
    },
    /// What the ingest function does with an upload, but for the bucket.
    Ingest {
        /// Digest what was compiled, as for every shard.
        #[arg(long)]
        digest: bool,
        /// The index that is made beside the shard.
        #[arg(long, value_enum, default_value_t = Index::None)]
        index: Index,
        /// Look for so many prompts of an evaluation set.
        #[arg(long, default_value_t = 0)]
        evaluation: u32,
        #[command(flatten)]
        work: Work,
    },
    /// A bare parse by sonic-rs, typed and borrowed.
    Sonic(Work),
    /// The same by serde_json.
    SerdeJson(Work),
    /// A count of line feeds.
    Newlines(Work),
}

#[derive(Args)]
struct Work {
    /// The best of so many runs is told.
    #[arg(long, default_value_t = 1)]
    runs: u32,
    file: PathBuf,
}

fn main() -> ExitCode {
    match run(Command::parse().tool) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

fn run(tool: Tool) -> Result<(), Failed> {
    let measured = match tool {
        Tool::Generate {
            records,
            bytes,
            seed,
            out,
        } => {
            let mut out = BufWriter::with_capacity(bare::PIECE, File::create(out)?);
            generate(records, bytes, seed, &mut out)?;
            out.flush()?;
            return Ok(());
        }
        Tool::Perennial {
            threads,
            max_records,
            no_spill,
            work,
        } => {
            let how = How {
                threads,
                max_records,
                spill: !no_spill,
            };
            best_of(work.runs, || {
                perennial::compile(&work.file, how).map(|(work, _)| work)
            })?
        }
        Tool::Ingest {
            digest,
            index,
            evaluation,
            work,
        } => {
            let besides = Besides {
                digest,
                index,
                evaluation,
            };
            best_of(work.runs, || ingest(&work.file, besides))?
        }
        Tool::Sonic(work) => best_of(work.runs, || bare::sonic(&work.file))?,
        Tool::SerdeJson(work) => best_of(work.runs, || bare::serde_json(&work.file))?,
        Tool::Newlines(work) => best_of(work.runs, || bare::newlines(&work.file))?,
    };
    let line = serde_json::to_string(&measured).map_err(io::Error::other)?;
    println!("{line}");
    Ok(())
}
