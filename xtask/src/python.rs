//! The checks that are not ours: AWS's own SDK, tools and an emulator, all of them Python, each suite in an environment of its
//! own under `target/python/`.
//!
//! An environment is made anew when its requirements or the interpreter change, and used as it is otherwise.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, carry_out, root, target};

/// Names the interpreter, where the search would find a wrong one.
const VARIABLE: &str = "PERENNIAL_PYTHON";
/// What ministack and the AWS SAM CLI need.
const OLDEST: (u32, u32) = (3, 10);
/// In the environment: what it was made from.
const STAMP: &str = "made-from.txt";

/// An interpreter that is new enough.
pub(crate) struct Python {
    program: OsString,
    version: String,
}

impl Python {
    /// The first of the variable's, `python3` and `python` that is new enough.
    pub(crate) fn find() -> Result<Self, Failure> {
        let named = env::var_os(VARIABLE);
        let candidates = match named {
            Some(program) => vec![program],
            None => vec!["python3".into(), "python".into()],
        };
        let mut found = Vec::new();
        for program in candidates {
            let name = program.to_string_lossy().into_owned();
            match version(&program) {
                Some(version) if is_new_enough(&version) => return Ok(Self { program, version }),
                Some(version) => found.push(format!("{name} is {version}")),
                None => found.push(format!("{name} cannot be started")),
            }
        }
        Err((missing(&found), 1))
    }

    /// What runs a suite: the tests in `tests/<suite>`, with what its `requirements.txt` names.
    pub(crate) fn suite(&self, suite: &str) -> Result<Command, Failure> {
        let folder = root().join("tests").join(suite);
        let environment = self.environment(suite, &folder.join("requirements.txt"))?;
        let mut command = Command::new(environment.join("bin").join("python"));
        // What else pytest is told stands in tests/pytest.ini.
        command.args(["-m", "pytest"]).arg(folder);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }

    fn environment(&self, suite: &str, requirements: &Path) -> Result<PathBuf, Failure> {
        let failed = |path: &Path, error: io::Error| (format!("{}: {error}", path.display()), 1);
        let wanted =
            fs::read_to_string(requirements).map_err(|error| failed(requirements, error))?;
        let wanted = format!("Python {}\n{wanted}", self.version);
        let folder = target().join("python").join(suite);
        let stamp = folder.join(STAMP);
        if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            return Ok(folder);
        }
        eprintln!(
            "xtask: {} is made from {}",
            folder.display(),
            requirements.display()
        );
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| failed(&folder, error))?;
        }
        let mut venv = Command::new(&self.program);
        venv.args(["-m", "venv"]).arg(&folder);
        carry_out(venv).map_err(|failure| {
            advised(
                failure,
                "no virtual environment was made; on Debian and Ubuntu, install python3-venv",
            )
        })?;
        let mut pip = Command::new(folder.join("bin").join("python"));
        pip.args(["-m", "pip", "install", "--quiet"])
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(requirements);
        carry_out(pip).map_err(|failure| {
            advised(
                failure,
                "the requirements were not installed; the package index must be within reach once",
            )
        })?;
        fs::write(&stamp, wanted).map_err(|error| failed(&stamp, error))?;
        Ok(folder)
    }
}

fn advised((problem, code): Failure, advice: &str) -> Failure {
    (format!("{problem}: {advice}"), code)
}

/// `3.11.7`; none if it cannot be started.
fn version(program: &OsString) -> Option<String> {
    let output = Command::new(program)
        .args(["-c", "import platform; print(platform.python_version())"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

fn missing(found: &[String]) -> String {
    let (major, minor) = OLDEST;
    format!(
        "Python {major}.{minor} or newer is needed: AWS's own SDK, its template tools and an emulator that is not ours check what \
         is here. Here, {}. Install it, or name it: {VARIABLE}=/path/to/python3 cargo xtask test",
        found.join(", and ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_python_is_not_taken() {
        for (version, new_enough) in [
            ("3.10.0", true),
            ("3.14.0rc1", true),
            ("4.0", true),
            ("3.9.21", false),
            ("2.7.18", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), new_enough, "{version}");
        }
    }

    #[test]
    fn who_has_no_python_is_told_which_and_how() {
        let words = missing(&["python3 is 3.9.2".to_owned()]);
        for part in ["Python 3.10 or newer", "python3 is 3.9.2", VARIABLE] {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(version(&"no-such-program".into()), None);
    }
}
