//! `cargo xtask bench dataset`: the compiler of training data beside other people's parsers and validators, one after the other on the
//! same generated files, in one run.
//!
//! The tools take turns for some rounds, and the best round of each counts: what else a machine does only ever makes one slower.

mod machine;
mod options;
mod table;
mod tools;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::python::Python;
use crate::{Failure, cargo, carry_out, root, target};
use options::Options;
use table::Row;
use tools::{Cores, Data, Left, Measured, Part, Program, TOOLS, Tool};

/// The crate that is measured, and what measures it: without any SDK, optimised as the simulator is.
const PACKAGE: &str = "perennial-dataset-bench";
const PROFILE: &str = "simulation";
/// What amzn-nova-forge needs.
const WANTED_PYTHON: (u32, u32) = (3, 12);
/// The status by which a tool says that it cannot be measured here.
const NOT_MEASURED: i32 = 3;
/// What `--big` reads, and how much memory the compiler may take for it, whatever the size of a file.
const BIG_MIB: u64 = 4 << 10;
const MOST_MEMORY_MIB: u64 = 64;

pub(crate) fn run(more: &[OsString]) -> Result<(), Failure> {
    let options = Options::parse(more)?;
    let mut build = Command::new(cargo());
    build.args(["build", "--locked", "--profile", PROFILE, "--package"]);
    build.arg(PACKAGE);
    carry_out(build)?;
    let python = if options.python {
        Some(environment()?)
    } else {
        None
    };
    let folder = target().join("bench").join("dataset");
    fs::create_dir_all(&folder).map_err(|error| (format!("{}: {error}", folder.display()), 1))?;
    let bench = Bench {
        program: target().join(PROFILE).join(PACKAGE),
        python,
        holds: machine::holds(),
        folder,
        options,
    };
    let before = machine::load();
    bench.generate()?;
    let rows = bench.rounds();
    println!("{}\n", machine::described(&bench.options, bench.holds >= 1));
    println!("{}", table::table(&rows));
    println!("{}", table::notes(&rows));
    if bench.options.big {
        println!("\n{}", bench.big()?);
    }
    println!(
        "\nLoad of the machine before: {before}; after: {} (the bench itself is 1 to 2).",
        machine::load()
    );
    let conversations = bench.path(Data::Conversations, Part::Whole);
    if let Some(hint) = machine::profile_hint(&bench.program, &conversations) {
        println!("{hint}");
    }
    let failed = rows.iter().find_map(|row| match &row.measured {
        Err(Left::Failed(why)) => Some(why),
        _ => None,
    });
    failed.map_or(Ok(()), |why| Err((why.clone(), 1)))
}

/// The interpreter with the tools that are Python.
fn environment() -> Result<PathBuf, Failure> {
    let folder = root().join("tests/dataset-bench/python");
    let environment = Python::find_newer(WANTED_PYTHON)?.environment(
        "dataset-bench",
        &folder.join("requirements.txt"),
        Some(&folder.join("without-dependencies.txt")),
    )?;
    Ok(environment.join("bin").join("python"))
}

struct Bench {
    program: PathBuf,
    python: Option<PathBuf>,
    /// The first cores of the machine on which a process can be held: none, one or two.
    holds: usize,
    folder: PathBuf,
    options: Options,
}

impl Bench {
    fn path(&self, data: Data, part: Part) -> PathBuf {
        self.folder.join(match part {
            Part::Whole => format!("{}.jsonl", data.name()),
            Part::Beginning => format!("{}-beginning.jsonl", data.name()),
        })
    }

    fn generate(&self) -> Result<(), Failure> {
        for data in [Data::Conversations, Data::Messages, Data::Documents] {
            eprintln!("xtask: {} are generated", data.name());
            self.file(data, self.options.mib, &self.path(data, Part::Whole))?;
            let beginning = tools::BEGINNING_MIB.min(self.options.mib);
            self.file(data, beginning, &self.path(data, Part::Beginning))?;
        }
        Ok(())
    }

    fn file(&self, data: Data, mib: u64, path: &Path) -> Result<(), Failure> {
        let mut generate = Command::new(&self.program);
        generate.args(["generate", data.name(), "--bytes"]);
        generate.arg((mib << 20).to_string()).arg(path);
        carry_out(generate)?;
        // What is written to the disk later would be written while tools are measured. It may well be missing.
        drop(Command::new("sync").arg(path).status());
        Ok(())
    }

    fn rounds(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = TOOLS
            .iter()
            .filter(|tool| self.python.is_some() || tool.program == Program::Ours)
            .flat_map(|tool| tool.rows())
            .collect();
        rows.sort_by_key(|row| row.data);
        for round in 1..=self.options.rounds {
            eprintln!("xtask: round {round} of {}", self.options.rounds);
            for row in &mut rows {
                let path = self.path(row.data, row.tool.part);
                let measured = self.measure(row.tool, row.cores, &path);
                row.add(measured);
            }
        }
        rows
    }

    fn measure(&self, tool: &Tool, cores: Cores, path: &Path) -> Result<Measured, Left> {
        match cores {
            Cores::One if self.holds >= 1 => self.start(tool, cores, Some("0"), path)?.finish(),
            Cores::One | Cores::Two => self.start(tool, cores, None, path)?.finish(),
            Cores::OneEach if self.holds >= 2 => {
                let first = self.start(tool, cores, Some("0"), path)?;
                let second = self.start(tool, cores, Some("1"), path);
                // Whatever became of the second, the first is waited for.
                let first = first.finish();
                Ok(first?.together(&second?.finish()?))
            }
            Cores::OneEach => Err(Left::Out(
                "two processes cannot be held on two cores here".to_owned(),
            )),
        }
    }

    /// Starts a tool, held on a core if one is named.
    fn start(
        &self,
        tool: &Tool,
        cores: Cores,
        core: Option<&str>,
        path: &Path,
    ) -> Result<Running, Left> {
        let mut words: Vec<OsString> = Vec::new();
        if let Some(core) = core {
            words.extend(["taskset", "-c", core].map(OsString::from));
        }
        match (tool.program, &self.python) {
            (Program::Python, Some(python)) => {
                let script = root().join("tests/dataset-bench/python/compare.py");
                words.extend([python.into(), script.into()]);
            }
            _ => words.push(self.program.clone().into()),
        }
        words.push(tool.word.into());
        words.extend(tool.more.iter().map(OsString::from));
        if tool.cores.contains(&Cores::Two) {
            words.extend(["--threads".into(), cores.threads().to_string().into()]);
        }
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(path).current_dir(root());
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let name = tool.name;
        match command.spawn() {
            Ok(child) => Ok(Running { name, child }),
            Err(error) => Err(Left::Failed(format!("{name}: {error}"))),
        }
    }

    /// The compiler over a file that fits into nobody's memory limit.
    fn big(&self) -> Result<String, Failure> {
        let path = self.folder.join("big.jsonl");
        eprintln!(
            "xtask: {} GiB of conversations are generated",
            BIG_MIB >> 10
        );
        self.file(Data::Conversations, BIG_MIB, &path)?;
        let mut lines = Vec::new();
        for tool in TOOLS.iter().filter(|tool| tool.is_ours()) {
            for cores in tool.cores.iter().filter(|cores| **cores != Cores::OneEach) {
                let found = match self.measure(tool, *cores, &path) {
                    Ok(measured) => table::big(&measured, MOST_MEMORY_MIB),
                    Err(Left::Out(why) | Left::Failed(why)) => why,
                };
                lines.push(format!("{} GiB, cores: {cores}: {found}", BIG_MIB >> 10));
            }
        }
        fs::remove_file(&path).map_err(|error| (format!("{}: {error}", path.display()), 1))?;
        Ok(lines.join("\n"))
    }
}

/// A tool at work.
struct Running {
    name: &'static str,
    child: Child,
}

impl Running {
    /// Waits for its end, and reads what it measured.
    fn finish(self) -> Result<Measured, Left> {
        let Self { name, child } = self;
        let failed = |why: &str| Left::Failed(format!("{name}: {why}"));
        let output = child
            .wait_with_output()
            .map_err(|error| failed(&error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or_default().to_owned();
        match output.status.code() {
            Some(0) => Measured::parse(&String::from_utf8_lossy(&output.stdout))
                .ok_or_else(|| failed("what it printed is no measurement")),
            Some(NOT_MEASURED) => Err(Left::Out(last)),
            _ => Err(failed(said.trim())),
        }
    }
}
