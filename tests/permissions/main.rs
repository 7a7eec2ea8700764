//! The roles of `infra/template.yaml`: what is allowed is used, what is used is allowed, and a permission that is changed to
//! something wrong is named.
#![allow(clippy::unwrap_used)]

mod chain;
mod elsewhere;
mod exceptions;
mod seldom;
mod used;
mod wrong;

use std::path::Path;

use perennial_local::{FunctionCommand, Options, Template};
use perennial_local_policy::Role;

/// The role of each function, as the template declares it, by the functions' short names.
fn roles() -> Vec<Role> {
    let stack = Template::standard().check().unwrap();
    let functions = stack.functions.iter();
    functions
        .map(|function| Role::read(&function.binary, &function.policies).unwrap())
        .collect()
}

/// A local cloud in this folder, whose functions are the program under test.
fn options(dir: &Path) -> Options {
    let program = FunctionCommand {
        program: env!("CARGO_BIN_EXE_perennial").into(),
        args: vec!["__function".into()],
    };
    let mut options = Options::new(dir, program);
    options.port = 0;
    options
}

/// Brings a pipeline on its way: its configuration, questions and training data.
fn bring(dir: &Path) {
    let config = perennial_tests::config("")
        .replace("quiet_for = \"1m\"", "quiet_for = \"1s\"")
        .replace("at_most_every = \"1m\"", "at_most_every = \"1s\"");
    bring_as(dir, config);
}

/// The same with this configuration.
fn bring_as(dir: &Path, config: String) {
    for (name, body) in [
        ("pipelines/bot.toml", config),
        ("eval/bot/questions.jsonl", perennial_tests::evaluation()),
        ("data/bot/tickets.jsonl", perennial_tests::training()),
    ] {
        let path = dir.join("drop").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    }
}
