//! The binary, run with nothing in its environment.
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) fn perennial(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn run(args: &[&str]) -> (i32, String, String) {
    told(perennial(args).output().unwrap())
}

pub(crate) fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
