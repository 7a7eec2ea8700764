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

    /// One that is new enough for more, if this machine has it, and otherwise the one that [`Python::find`] finds.
    pub(crate) fn find_newer(wanted: (u32, u32)) -> Result<Self, Failure> {
        if env::var_os(VARIABLE).is_none() {
            for program in newer(wanted) {
                match version(&program) {
                    Some(version) if is_at_least(&version, wanted) => {
                        return Ok(Self { program, version });
                    }
                    _ => {}
                }
            }
        }
        Self::find()
    }

    /// What runs a suite: the tests in `tests/<suite>`, with what its `requirements.txt` names.
    pub(crate) fn suite(&self, suite: &str) -> Result<Command, Failure> {
        let folder = root().join("tests").join(suite);
        let environment = self.environment(suite, &folder.join("requirements.txt"), None)?;
        let mut command = Command::new(environment.join("bin").join("python"));
        // What else pytest is told stands in tests/pytest.ini.
        command.args(["-m", "pytest"]).arg(folder);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    }

    /// The folder of an environment with what `requirements` names, and with what `alone` names but not what that depends on.
    pub(crate) fn environment(
        &self,
        suite: &str,
        requirements: &Path,
        alone: Option<&Path>,
    ) -> Result<PathBuf, Failure> {
        let failed = |path: &Path, error: io::Error| (format!("{}: {error}", path.display()), 1);
        let mut wanted = format!("Python {}\n", self.version);
        for list in [requirements].into_iter().chain(alone) {
            let list = fs::read_to_string(list).map_err(|error| failed(list, error))?;
            wanted.push_str(&list);
        }
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
        let lists = [(Some(requirements), None), (alone, Some("--no-deps"))];
        for (list, how) in lists {
            let Some(list) = list else { continue };
            let mut pip = Command::new(folder.join("bin").join("python"));
            pip.args(["-m", "pip", "install", "--quiet"])
                .args(how)
                .args(["--disable-pip-version-check", "--requirement"])
                .arg(list);
            carry_out(pip).map_err(|failure| {
                advised(
                    failure,
                    "the requirements were not installed; the package index must be within reach once",
                )
            })?;
        }
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

/// Interpreters of this minor version and the next ones: by name, and where pyenv keeps them.
fn newer((major, minor): (u32, u32)) -> Vec<OsString> {
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv")));
    let kept = pyenv.and_then(|pyenv| fs::read_dir(pyenv.join("versions")).ok());
    let mut kept: Vec<PathBuf> = kept
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join("python")))
        .collect();
    kept.sort();
    let named = (minor..minor + 4).map(|minor| format!("python{major}.{minor}").into());
    let usual = ["python3".into(), "python".into()].into_iter();
    usual
        .chain(named)
        .chain(kept.into_iter().map(OsString::from))
        .collect()
}

fn is_new_enough(version: &str) -> bool {
    is_at_least(version, OLDEST)
}

fn is_at_least(version: &str, oldest: (u32, u32)) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= oldest,
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
    fn a_newer_python_is_looked_for_by_its_name() {
        let looked_for = newer((3, 12));
        for name in ["python3", "python3.12", "python3.14"] {
            assert!(looked_for.contains(&name.into()), "{looked_for:?}");
        }
        assert!(is_at_least("3.12.0", (3, 12)) && !is_at_least("3.11.9", (3, 12)));
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
