//! Time and memory of one piece of work, as Linux counts them, and the line of JSON that tells them.
use std::fs;
use std::io;
use std::time::Instant;

use serde::Serialize;

/// What a tool did in its best run.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Wall time of the work itself, from opening the file to its end.
    pub seconds: f64,
    /// User time of the process in the same span, all threads, in Linux's hundredths.
    pub user_seconds: f64,
    /// The system's time for it, likewise.
    pub system_seconds: f64,
    /// Bytes read.
    pub bytes: u64,
    /// Records, or lines, found.
    pub records: u64,
    /// The most memory that the process had by its end, in bytes.
    pub peak_bytes: u64,
}

/// What a piece of work has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// Bytes read.
    pub bytes: u64,
    /// Records, or lines, found.
    pub records: u64,
}

/// Does the work so many times, and keeps the run with the least wall time.
///
/// # Errors
/// Those of the work; [`io::ErrorKind::InvalidInput`] without a run; a /proc that cannot be read.
pub fn best_of<E: From<io::Error>>(
    runs: u32,
    mut work: impl FnMut() -> Result<Work, E>,
) -> Result<Measured, E> {
    let mut best: Option<Measured> = None;
    for _ in 0..runs {
        let [user, system] = processor_seconds()?;
        let began = Instant::now();
        let Work { bytes, records } = work()?;
        let seconds = began.elapsed().as_secs_f64();
        let [user_after, system_after] = processor_seconds()?;
        if best.as_ref().is_none_or(|best| seconds < best.seconds) {
            best = Some(Measured {
                seconds,
                user_seconds: user_after - user,
                system_seconds: system_after - system,
                bytes,
                records,
                peak_bytes: 0,
            });
        }
    }
    let best =
        best.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "--runs is at least 1"))?;
    Ok(Measured {
        peak_bytes: peak_bytes()?,
        ..best
    })
}

/// User and system time of this process, all threads, in steps of a hundredth of a second: what `USER_HZ` is on every Linux.
fn processor_seconds() -> io::Result<[f64; 2]> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name of the program is in brackets and may hold spaces; both times are the twelfth and thirteenth field behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Vec<f64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse().ok())
        .collect();
    match ticks[..] {
        [user, system] => Ok([user / 100.0, system / 100.0]),
        _ => Err(unreadable("/proc/self/stat")),
    }
}

fn peak_bytes() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: Option<u64> = line
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|kib| kib.trim().parse().ok());
    kib.map(|kib| kib * 1024)
        .ok_or_else(|| unreadable("/proc/self/status"))
}

fn unreadable(path: &str) -> io::Error {
    io::Error::other(format!("{path} does not read as Linux writes it"))
}
