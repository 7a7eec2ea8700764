//! Where and when it was measured.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::PROFILE;
use super::options::Options;
use crate::root;

/// The machine, the date and the commit, as they stand above the table.
pub(super) fn described(options: &Options, pinned: bool) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let changed = match said("git", &["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if !changes.is_empty() => ", with changes",
        _ => "",
    };
    let or_unknown = |found: Option<String>| found.unwrap_or_else(|| "unknown".to_owned());
    let where_one = if pinned {
        "held on one core"
    } else {
        "free to move between cores"
    };
    format!(
        "Measured on {} UTC at commit {}{changed}: {}, {cores} cores, {}. {}, profile {PROFILE}.\n\
         {} MiB each of generated conversations (about 1.1 KB a record), of the same as OpenAI's messages, and of documents (2 to 8 KB), \
         read from the page cache. Best of {} rounds in turn, what is on one core {where_one}. MB are 1,000,000 bytes.",
        or_unknown(said("date", &["-u", "+%F %H:%M"])),
        or_unknown(said("git", &["rev-parse", "--short", "HEAD"])),
        or_unknown(processor()),
        or_unknown(memory()),
        or_unknown(said("rustc", &["--version"])),
        options.mib,
        options.rounds,
    )
}

/// The processor's name, as Linux tells it.
fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{} GiB", kib.div_ceil(1 << 20)))
}

/// How many programs ran or waited on average in the last minute, five and fifteen.
pub(super) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = text.split(' ').take(3).collect();
    if averages.len() == 3 {
        averages.join(", ")
    } else {
        "unknown".to_owned()
    }
}

/// On how many of the machine's first two cores a program can be held.
pub(super) fn holds() -> usize {
    let held = |core: &&str| said("taskset", &["-c", core, "true"]).is_some();
    ["0", "1"].iter().take_while(|core| held(core)).count()
}

/// How the compiler's time is looked into, where `perf` is there; a virtual machine has no counter but the clock.
pub(super) fn profile_hint(program: &Path, file: &Path) -> Option<String> {
    said("perf", &["--version"])?;
    Some(format!(
        "Where the time goes: perf record -e cpu-clock -g {} perennial --runs 5 {} && perf report --no-children -g none",
        program.display(),
        file.display()
    ))
}

/// What a program prints, if it is there and succeeds.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
