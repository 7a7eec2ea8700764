//! What the functions' roles were used for in a test, kept for the test that compares it with the template
//! (`tests/permissions`).

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

/// The log of a local cloud, in its folder.
pub const LOG: &str = "logs/permissions.jsonl";

/// Where the logs are kept, in cargo's folder for tests (`CARGO_TARGET_TMPDIR`).
pub const KEPT: &str = "permissions";

/// Keeps the log of the local cloud in `cloud`, if it has one. `tests` is `env!("CARGO_TARGET_TMPDIR")`.
///
/// # Errors
/// If it cannot be copied.
pub fn keep_permissions(cloud: &Path, tests: &str) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let log = cloud.join(LOG);
    if !log.exists() {
        return Ok(());
    }
    let folder = Path::new(tests).join(KEPT);
    fs::create_dir_all(&folder)?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Written anew and not copied with its time: what is older than the program is not read.
    fs::write(
        folder.join(format!("{}-{count}.jsonl", std::process::id())),
        fs::read(log)?,
    )
}

/// What was denied in the local cloud in `cloud`, in words. Not what a role may do by tag only and what was not there.
pub fn denied(cloud: &Path) -> Vec<String> {
    let log = fs::read_to_string(cloud.join(LOG)).unwrap_or_default();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines
        .filter(|line| {
            line.get("full").is_some()
                || (line.get("denied").is_some() && line.get("missing").is_none())
        })
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default();
            if line.get("full").is_some() {
                return text("because").to_owned();
            }
            format!(
                "{} was denied {}: {}",
                text("function"),
                text("denied"),
                text("because")
            )
        })
        .collect()
}
