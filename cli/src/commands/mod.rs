//! One file for each command: what it reads, what it asks for, and what it prints.

mod approve;
mod cancel;
mod check;
mod cleanup;
mod demo;
pub(crate) mod function;
mod init;
mod local;
mod models;
mod pause;
mod release;
mod resume;
mod rollback;
mod rules;
mod runs;
mod show;
mod start;
mod status;
mod sync;

use crate::args::{Cli, Command};
use crate::connect::Connection;
use crate::exit::Failure;

/// Runs the command.
pub(crate) async fn run(cli: Cli) -> Result<(), Failure> {
    let Cli { connect, command } = cli;
    let connection = || Connection::open(&connect);
    match command {
        Command::Demo(args) => demo::run(&args).await,
        Command::Local(args) => local::run(args).await,
        Command::Check(args) => check::run(&args, connect.region.as_deref()),
        Command::Rules(args) => rules::run(&args),
        Command::Init(args) => init::run(&args, connect.local.as_deref()),
        Command::Status(args) => status::run(&connection().await?, &args).await,
        Command::Runs(args) => runs::run(&connection().await?, &args).await,
        Command::Show(args) => show::run(&connection().await?, &args).await,
        Command::Models(args) => models::run(&connection().await?, &args).await,
        Command::Cleanup(args) => cleanup::run(&connection().await?, &args).await,
        Command::Sync(args) => sync::run(&connection().await?, &args).await,
        Command::Start(args) => start::run(&connection().await?, &args).await,
        Command::Approve(args) => approve::run(&connection().await?, &args).await,
        Command::Cancel(args) => cancel::run(&connection().await?, &args).await,
        Command::Pause(args) => pause::run(&connection().await?, &args).await,
        Command::Resume(args) => resume::run(&connection().await?, &args).await,
        Command::Rollback(args) => rollback::run(&connection().await?, &args).await,
        Command::Release(args) => release::run(&connection().await?, &args).await,
        // main runs it without a runtime of its own.
        Command::Function { name } => Err(Failure::Usage(format!(
            "__function {name} cannot be run from here"
        ))),
    }
}
