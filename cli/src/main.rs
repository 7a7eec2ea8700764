//! The `perennial` command: parses the arguments, runs one command, and says how it went by its exit status.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod args;
mod commands;
mod connect;
mod exit;
mod find;
mod output;
mod views;
mod wait;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    if let args::Command::Function { name } = &cli.command {
        return commands::function::run(name);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the asynchronous runtime cannot be started: {error}");
            return ExitCode::from(exit::SERVICE);
        }
    };
    let done = runtime.block_on(commands::run(cli));
    // The command's own status counts, if it has one: it says more than that it could not be told.
    let failures = [done, output::written()]
        .into_iter()
        .filter_map(Result::err);
    let mut code = None;
    for failure in failures {
        eprintln!("error: {failure}");
        code.get_or_insert(failure.code());
    }
    ExitCode::from(code.unwrap_or(0))
}
