//! Writes what the statement says of generated files, for the Python suite that asks the real validators: `perennial-differential FILE`.
use std::{
    env,
    fs::File,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use perennial_differential::{cases::cases, statement::Nova};
use serde_json::json;

/// The seed of the tests, and as many files with several changes.
const SEED: u64 = 1;
const MIXED: usize = 4_000;

fn main() -> ExitCode {
    let Some(path) = env::args_os().nth(1) else {
        eprintln!("perennial-differential: name the file to write: perennial-differential FILE");
        return ExitCode::from(2);
    };
    match write(File::create(&path)) {
        Ok(lines) => {
            println!("{lines} verdicts");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("perennial-differential: {}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn write(file: io::Result<File>) -> io::Result<usize> {
    let mut out = BufWriter::new(file?);
    let mut lines = 0;
    for case in cases(SEED, MIXED) {
        for validator in case.target.validators {
            let found = (validator.judge)(case.target.nova, &case.file);
            let refusals: Vec<_> = found
                .breaches
                .iter()
                .map(|breach| json!({"check": breach.check.id, "words": breach.check.words, "at": breach.at}))
                .collect();
            let line = json!({
                "validator": validator.name,
                "model": match case.target.nova {
                    Nova::Micro => "micro",
                    Nova::Lite => "lite",
                    Nova::Pro => "pro",
                    Nova::Lite2 => "lite-2.0",
                    Nova::None => "",
                },
                "story": case.story(),
                "text": case.file.text(),
                "refusals": refusals,
            });
            writeln!(out, "{line}")?;
            lines += 1;
        }
    }
    out.flush()?;
    Ok(lines)
}
