//! `cargo xtask`: the habits of the house as commands, with nothing but Rust and Python installed.
//!
//! This crate has no dependencies and must not get any: it is built before anything else, on every machine.

mod python;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use python::Python;

const HELP: &str = "\
cargo xtask COMMAND

  test             formatting, Clippy, every test, what the roles allow against what was used, AWS's SDK against the local
                   cloud, the template on another emulator, cargo lambda, 20,000 simulated schedules, every planted bug
                   caught; stops at the first failure (what .ci/run calls).
                   Needs Python 3.10 or newer; what that needs is installed under target/python/
  fmt              format the whole workspace
  lint             Clippy on everything; warnings are errors
  conformance      AWS's SDK for Python against the local cloud (tests/conformance)
  wiring           infra/template.yaml: AWS's linters, and a deployment on another emulator (tests/wiring)
  cargo-lambda     each function by `cargo lambda watch`, each file of events/ by `cargo lambda invoke` (tests/cargo-lambda)
  simulate [ARGS]  the deterministic simulator: --seeds N, --seed N --verbose, --plant NAME (docs/simulator.md)
  demo [ARGS]      the whole loop on this machine, verified (cargo run -- demo)
  help             this text
";

/// The simulator, optimised and without any SDK, with the feature that ships nowhere.
macro_rules! simulate {
    ($($argument:literal),*) => {
        &[
            "run",
            "--locked",
            "--quiet",
            "--profile",
            "simulation",
            "--package",
            "perennial-simulator",
            "--features",
            "plant",
            "--",
            $($argument),*
        ]
    };
}

/// One thing to do.
struct Step {
    /// As it is announced.
    name: &'static str,
    action: Action,
    /// What to do when it fails.
    advice: &'static str,
}

enum Action {
    /// A call of cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// The Python tests in this folder of `tests/`.
    Python(&'static str),
}

const FORMATTING: Step = Step {
    name: "formatting",
    // `cargo fmt` resolves nothing, so it knows no `--locked`.
    action: Action::Cargo(&["fmt", "--all", "--check"]),
    advice: "run `cargo xtask fmt` and look at what it changed",
};

const CLIPPY: Step = Step {
    name: "Clippy",
    action: Action::Cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]),
    advice: "mend what Clippy names above; `cargo xtask lint` repeats this step alone. If it says that Cargo.lock \
             must be updated, run `cargo check --workspace` and commit Cargo.lock",
};

const TESTS: Step = Step {
    name: "tests",
    action: Action::Cargo(&["test", "--locked", "--workspace"]),
    advice: "the failed test is named above; `cargo test -p PACKAGE NAME` repeats it alone. A changed snapshot is \
             looked at in its .snap.new file and, if it is right, renamed to .snap",
};

/// Right after the tests, whose logs it reads, and with the same packages: the program must not be built anew between.
const PERMISSIONS: Step = Step {
    name: "permissions, allowed and used",
    action: Action::Cargo(&[
        "test",
        "--locked",
        "--workspace",
        "--test",
        "permissions",
        "--",
        "--ignored",
        "--nocapture",
    ]),
    advice: "the list above says which permission of infra/template.yaml no test uses, or which exception of \
             tests/permissions.toml is not needed any more",
};

const BINARIES: Step = Step {
    name: "the program and the functions, as the next steps start them",
    action: Action::Cargo(&["build", "--locked", "--workspace", "--bins"]),
    advice: "mend what the compiler names above",
};

const CONFORMANCE: Step = Step {
    name: "AWS's SDK against the local cloud",
    action: Action::Python("conformance"),
    advice: "the local cloud answers something that AWS's own model does not know; `cargo xtask conformance` repeats this step alone",
};

const WIRING: Step = Step {
    name: "the template: AWS's linters, and a deployment on another emulator",
    action: Action::Python("wiring"),
    advice: "what did not come, or was denied, is named above; `cargo xtask wiring` repeats this step alone",
};

const CARGO_LAMBDA: Step = Step {
    name: "cargo lambda watch and invoke",
    action: Action::Python("cargo-lambda"),
    advice: "what docs/cargo-lambda.md tells people to do does not work; `cargo xtask cargo-lambda` repeats this step alone",
};

const SCHEDULES: Step = Step {
    name: "20,000 schedules",
    action: Action::Cargo(simulate!("--seeds", "20000")),
    advice: "the line above that says `replay it` shows the schedule event by event. docs/simulator.md says how to read it",
};

const FOUND: Step = Step {
    name: "found faults, planted again",
    action: Action::Cargo(&[
        "test",
        "--locked",
        "--profile",
        "simulation",
        "--package",
        "perennial-simulator",
        "--features",
        "plant",
        "--test",
        "planted",
    ]),
    advice: "a seed does not lead to its fault any more: its message says how another is found",
};

const PLANTED: Step = Step {
    name: "planted bugs",
    action: Action::Cargo(simulate!("--plant", "all", "--seeds", "20000")),
    advice: "a planted bug was not noticed: a checker has gone blind, or the schedules do not lead there any more",
};

const SIMULATE: Step = Step {
    name: "simulator",
    action: Action::Cargo(simulate!()),
    advice: "the line above that says `replay it` shows the schedule event by event",
};

const FORMAT: Step = Step {
    name: "format",
    action: Action::Cargo(&["fmt", "--all"]),
    advice: "mend the syntax error named above",
};

const DEMO: Step = Step {
    name: "demo",
    action: Action::Cargo(&["run", "--locked", "--package", "perennial", "--", "demo"]),
    advice: "the demo says above what did not happen, and where its logs are",
};

/// What was asked for.
struct Task {
    steps: &'static [Step],
    /// Appended to the one step.
    more: Vec<OsString>,
}

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next().unwrap_or_else(|| "help".into());
    let command = command.to_string_lossy().into_owned();
    match task(&command, arguments.collect()) {
        Ok(Some(task)) => run(&task),
        Ok(None) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprint!("xtask: {problem}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

/// `None` is help.
fn task(command: &str, more: Vec<OsString>) -> Result<Option<Task>, String> {
    let steps: &'static [Step] = match command {
        "test" => &[
            FORMATTING,
            CLIPPY,
            TESTS,
            PERMISSIONS,
            BINARIES,
            CONFORMANCE,
            WIRING,
            CARGO_LAMBDA,
            SCHEDULES,
            FOUND,
            PLANTED,
        ],
        "conformance" => &[BINARIES, CONFORMANCE],
        "wiring" => &[BINARIES, WIRING],
        "cargo-lambda" => &[BINARIES, CARGO_LAMBDA],
        "fmt" => &[FORMAT],
        "lint" => &[CLIPPY],
        "demo" => {
            return Ok(Some(Task {
                steps: &[DEMO],
                more,
            }));
        }
        "simulate" => {
            return Ok(Some(Task {
                steps: &[SIMULATE],
                more,
            }));
        }
        "help" | "--help" | "-h" => return Ok(None),
        other => return Err(format!("there is no command {other:?}")),
    };
    match more.first() {
        Some(first) => Err(format!("{command} takes no {first:?}")),
        None => Ok(Some(Task { steps, more })),
    }
}

fn run(task: &Task) -> ExitCode {
    // Whoever has no Python is told so before the first step and not after the third.
    let needs_python = |step: &Step| matches!(step.action, Action::Python(_));
    let python = match task.steps.iter().any(needs_python).then(Python::find) {
        Some(Err(problem)) => {
            eprintln!("xtask: {problem}");
            return ExitCode::FAILURE;
        }
        found => found.and_then(Result::ok),
    };
    let count = task.steps.len();
    let began = Instant::now();
    for (index, step) in task.steps.iter().enumerate() {
        let place = if count > 1 {
            format!("[{}/{count}] ", index + 1)
        } else {
            String::new()
        };
        let started = Instant::now();
        let result = match (&step.action, &python) {
            (Action::Cargo(arguments), _) => {
                eprintln!("xtask: {place}{}: cargo {}", step.name, arguments.join(" "));
                call_cargo(arguments, &task.more)
            }
            (Action::Python(suite), Some(python)) => {
                eprintln!("xtask: {place}{}: pytest tests/{suite}", step.name);
                python.run(&root(), suite).map_err(|error| (error, 1))
            }
            (Action::Python(_), None) => Err(("there is no Python".to_owned(), 1)),
        };
        let time = seconds(started.elapsed());
        if let Err((error, code)) = result {
            eprintln!(
                "xtask: {place}{}: FAILED after {time} ({error}); {}",
                step.name, step.advice
            );
            return ExitCode::from(code);
        }
        eprintln!("xtask: {place}{}: passed in {time}", step.name);
    }
    if count > 1 {
        eprintln!(
            "xtask: all {count} steps passed in {}",
            seconds(began.elapsed())
        );
    }
    ExitCode::SUCCESS
}

/// Why it failed, and its exit code, which is never 0 then.
fn call_cargo(arguments: &[&str], more: &[OsString]) -> Result<(), (String, u8)> {
    let status = Command::new(cargo())
        .args(arguments)
        .args(more)
        .env(PROPTEST_SEED.0, proptest_seed())
        .current_dir(root())
        .status()
        .map_err(|error| {
            let words = format!("cargo cannot be started: {error}; is Rust installed?");
            (words, 1)
        })?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Err((status.to_string(), code.unwrap_or(1).max(1)))
}

/// The same cases at every run, so that a change alone makes a test fail; set the variable to look for new cases.
const PROPTEST_SEED: (&str, &str) = ("PROPTEST_RNG_SEED", "20251007");

fn proptest_seed() -> OsString {
    env::var_os(PROPTEST_SEED.0).unwrap_or_else(|| PROPTEST_SEED.1.into())
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
        let task = task(command, Vec::new()).ok().flatten();
        task.map(|task| task.steps.iter().map(|step| step.name).collect())
            .unwrap_or_default()
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
            "the template: AWS's linters, and a deployment on another emulator",
            "cargo lambda watch and invoke",
            "20,000 schedules",
            "found faults, planted again",
            "planted bugs",
        ];
        assert_eq!(names("test"), steps);
        assert_eq!(names("simulate"), ["simulator"]);
        assert_eq!(names("lint"), ["Clippy"]);
        assert_eq!(names("wiring").len(), 2);
        assert_eq!(names("cargo-lambda").len(), 2);
        assert_eq!(names("help"), [""; 0]);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(task("tset", Vec::new()).is_err());
        assert!(task("test", vec!["--release".into()]).is_err());
        let demo = task("demo", vec!["--keep".into(), "here".into()])
            .ok()
            .flatten();
        assert_eq!(demo.map(|task| task.more.len()), Some(2));
    }

    #[test]
    fn every_command_stands_in_the_help() {
        for command in [
            "test",
            "fmt",
            "lint",
            "conformance",
            "wiring",
            "cargo-lambda",
            "simulate",
            "demo",
            "help",
        ] {
            assert!(HELP.contains(&format!("\n  {command} ")), "{command}");
        }
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("xtask").is_dir() && root().join("Cargo.lock").is_file());
    }
}
