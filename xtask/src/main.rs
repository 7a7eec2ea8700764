//! `cargo xtask`: the habits of the house as commands, with nothing but Rust and Python installed.
//!
//! This crate has no dependencies and must not get any: it is built before anything else, on every machine.

mod bench;
mod python;
mod steps;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use python::Python;
use steps::{Action, ORDERS, Step};

const HELP: &str = "\
cargo xtask COMMAND

  test             formatting, Clippy, every test, what the roles allow against what was used, AWS's SDK against the local
                   cloud, the Nova Forge SDK's validators, the template on another emulator, cargo lambda, 20,000 simulated
                   schedules, every planted bug caught; stops at the first failure (what .ci/run calls).
                   Needs Python 3.10 or newer; what that needs is installed under target/python/
  fmt              format the whole workspace
  lint             Clippy on everything; warnings are errors
  conformance      AWS's SDK for Python against the local cloud (tests/conformance)
  differential     what is stated of AWS's validators of training data against those of the Nova Forge SDK
                   (tests/differential)
  wiring           infra/template.yaml: AWS's linters, and a deployment on another emulator (tests/wiring)
  cargo-lambda     each function by `cargo lambda watch`, each file of events/ by `cargo lambda invoke` (tests/cargo-lambda)
  simulate [ARGS]  the deterministic simulator: --seeds N, --seed N --verbose, --plant NAME (docs/simulator.md)
  bench dataset    the compiler of training data beside other tools on the same generated files: --mib N, --rounds N,
                   --no-python, --big (docs/performance.md)
  demo [ARGS]      the whole loop on this machine, verified (cargo run -- demo)
  help             this text
";

/// What went wrong, and the status to exit with, which is not 0.
type Failure = (String, u8);

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".into());
    let command = command.to_string_lossy();
    if ["help", "--help", "-h"].contains(&&*command) {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let more: Vec<OsString> = arguments.collect();
    let steps = match steps_of(&command, &more) {
        Ok(steps) => steps,
        Err(problem) => {
            eprint!("xtask: {problem}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(steps, &more) {
        Ok(()) => ExitCode::SUCCESS,
        Err((problem, code)) => {
            eprintln!("xtask: {problem}");
            ExitCode::from(code)
        }
    }
}

fn steps_of(command: &str, more: &[OsString]) -> Result<&'static [Step], String> {
    let order = ORDERS.iter().find(|order| order.name == command);
    let order = order.ok_or_else(|| format!("there is no command {command:?}"))?;
    match more.first().filter(|_| !order.takes_more) {
        Some(first) => Err(format!("{command} takes no {first:?}")),
        None => Ok(order.steps),
    }
}

fn run(steps: &[Step], more: &[OsString]) -> Result<(), Failure> {
    // Whoever has no Python is told so before the first step and not after the third.
    if steps
        .iter()
        .any(|step| matches!(step.action, Action::Python(_)))
    {
        Python::find()?;
    }
    let count = steps.len();
    let began = Instant::now();
    for (index, step) in steps.iter().enumerate() {
        let place = match count {
            1 => step.name.to_owned(),
            _ => format!("[{}/{count}] {}", index + 1, step.name),
        };
        let started = Instant::now();
        perform(step, &place, more).map_err(|(problem, code)| {
            let time = seconds(started.elapsed());
            let words = format!("{place}: FAILED after {time} ({problem}); {}", step.advice);
            (words, code)
        })?;
        eprintln!("xtask: {place}: passed in {}", seconds(started.elapsed()));
    }
    if count > 1 {
        let time = seconds(began.elapsed());
        eprintln!("xtask: all {count} steps passed in {time}");
    }
    Ok(())
}

fn perform(step: &Step, place: &str, more: &[OsString]) -> Result<(), Failure> {
    let command = match step.action {
        Action::Cargo(arguments) => {
            eprintln!("xtask: {place}: cargo {}", arguments.join(" "));
            let mut command = Command::new(cargo());
            command.args(arguments).args(more);
            command
        }
        Action::Python(suite) => {
            eprintln!("xtask: {place}: pytest tests/{suite}");
            Python::find()?.suite(suite)?
        }
        Action::Bench => return bench::run(more),
    };
    carry_out(command)
}

/// Runs a program in the workspace's root to its end.
fn carry_out(mut command: Command) -> Result<(), Failure> {
    for (name, _) in env::vars_os() {
        if of_this_package(&name) {
            command.env_remove(name);
        }
    }
    let status = command
        .env(PROPTEST_SEED.0, proptest_seed())
        .env(TARGET, target())
        .current_dir(root())
        .status()
        .map_err(|error| {
            let program = command.get_program().display();
            (format!("{program} cannot be started: {error}"), 1)
        })?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Err((status.to_string(), code.unwrap_or(1).max(1)))
}

/// What cargo tells the program that it runs about its package. A build script that looks at it (ring's does) would run again
/// whenever a plain `cargo` follows, and the whole AWS SDK be compiled again after it.
fn of_this_package(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    ["CARGO_MANIFEST_", "CARGO_PKG_"]
        .iter()
        .any(|prefix| variable.starts_with(prefix))
}

/// The same cases at every run, so that a change alone makes a test fail; set the variable to look for new cases.
const PROPTEST_SEED: (&str, &str) = ("PROPTEST_RNG_SEED", "20251007");

fn proptest_seed() -> OsString {
    env::var_os(PROPTEST_SEED.0).unwrap_or_else(|| PROPTEST_SEED.1.into())
}

const TARGET: &str = "CARGO_TARGET_DIR";

/// Where everything is built, for cargo and for whoever starts what it built, wherever that is started.
fn target() -> PathBuf {
    root().join(env::var_os(TARGET).unwrap_or_else(|| "target".into()))
}

/// The cargo that started this program.
fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The folder above this package: the workspace's root, wherever the command was called.
fn root() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = Path::new(&package);
    package.parent().unwrap_or(package).to_owned()
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &str) -> Vec<&'static str> {
        let steps = steps_of(command, &[]).unwrap_or_default();
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn test_is_formatting_clippy_tests_what_is_not_ours_and_the_simulator() {
        let steps = [
            "formatting",
            "Clippy",
            "tests",
            "permissions, allowed and used",
            "the program and the functions, as the next steps start them",
            "AWS's SDK against the local cloud",
            "the Nova Forge SDK against what is stated of it",
            "the template: AWS's linters, and a deployment on another emulator",
            "cargo lambda watch and invoke",
            "20,000 schedules",
            "found faults, planted again",
            "planted bugs",
        ];
        assert_eq!(names("test"), steps);
    }

    /// A suite that was built anew only in part would be tried with the program of yesterday.
    #[test]
    fn every_python_suite_has_its_programs_built_before() {
        for order in &ORDERS {
            let is_python = |step: &Step| matches!(step.action, Action::Python(_));
            let Some(first) = order.steps.iter().position(is_python) else {
                continue;
            };
            let builds = |step: &Step| matches!(step.action, Action::Cargo(["build", ..]));
            assert!(order.steps[..first].iter().any(builds), "{}", order.name);
        }
    }

    #[test]
    fn every_python_suite_is_in_the_test_command() {
        let suites = |steps: &[Step]| -> Vec<&str> {
            let suites = steps.iter().filter_map(|step| match step.action {
                Action::Python(suite) => Some(suite),
                Action::Cargo(_) | Action::Bench => None,
            });
            suites.collect()
        };
        let folders = std::fs::read_dir(root().join("tests")).expect("the folder is there");
        let mut there: Vec<String> = folders
            .map(|entry| entry.expect("readable").path())
            .filter(|folder| folder.join("requirements.txt").is_file())
            .filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned()))
            .collect();
        there.sort();
        let mut run = suites(steps_of("test", &[]).expect("known"));
        run.sort_unstable();
        assert_eq!(run, there);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(steps_of("tset", &[]).is_err());
        assert!(steps_of("test", &["--release".into()]).is_err());
        assert!(steps_of("demo", &["--keep".into(), "here".into()]).is_ok());
    }

    #[test]
    fn every_command_stands_in_the_help_and_no_other() {
        let commands = HELP.lines().filter_map(|line| line.strip_prefix("  "));
        let commands = commands.filter_map(|line| line.split(' ').next());
        let told: Vec<&str> = commands.filter(|word| !word.is_empty()).collect();
        let known = ORDERS.iter().map(|order| order.name);
        assert_eq!(told, known.chain(["help"]).collect::<Vec<_>>());
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("xtask").is_dir() && root().join("Cargo.lock").is_file());
    }

    #[test]
    fn what_cargo_tells_of_this_package_is_told_to_nobody_else() {
        for name in [
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "CARGO_PKG_VERSION_PRE",
        ] {
            assert!(of_this_package(OsStr::new(name)), "{name}");
        }
        for name in [
            "CARGO",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_INCREMENTAL",
            "PATH",
        ] {
            assert!(!of_this_package(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn what_is_built_lies_in_one_folder_wherever_it_is_started() {
        assert!(target().is_absolute(), "{}", target().display());
    }
}
