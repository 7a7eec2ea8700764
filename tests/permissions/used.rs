//! What the functions did in all tests of this build, against what their roles allow.
//!
//! It reads what the end-to-end tests and the demo's left (`perennial_tests::keep_permissions`), so it runs after them
//! (`cargo xtask test` does) and is passed over otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;

use crate::exceptions::{self, Permission};
use crate::roles;

#[derive(Debug, Default)]
struct Seen {
    clouds: usize,
    used: BTreeSet<Permission>,
    denied: BTreeSet<String>,
}

/// Reads every log that is newer than the program: older ones tell of another template.
fn seen() -> Seen {
    let built = fs::metadata(env!("CARGO_BIN_EXE_perennial"))
        .and_then(|program| program.modified())
        .unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(perennial_tests::KEPT);
    let mut seen = Seen::default();
    for entry in fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let written = fs::metadata(&path)
            .and_then(|log| log.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH);
        if written < built {
            let _ = fs::remove_file(&path);
            continue;
        }
        seen.clouds += 1;
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            if line.get("missing").is_some() {
                // Allowed by tag, and not there: a look would have told the same.
            } else if line.get("denied").is_some() {
                let words = format!("{} was denied {}", text("function"), text("because"));
                seen.denied.insert(words);
            } else {
                let permission = (text("function"), text("action"), text("statement"));
                seen.used.insert(permission);
            }
        }
    }
    seen
}

#[test]
#[ignore = "compares what the other tests left; `cargo xtask test` runs it after them"]
fn what_is_allowed_is_used_and_what_is_used_is_allowed() {
    let Seen {
        clouds,
        used,
        denied,
    } = seen();
    assert!(
        clouds > 0,
        "no test of this build has left a log; run `cargo test --workspace` first"
    );
    let exceptions = exceptions::read();
    let mut problems: Vec<String> = denied.into_iter().collect();
    let mut allowed = BTreeSet::new();
    println!("{clouds} local clouds");
    for role in roles() {
        let mut lines = Vec::new();
        for grant in role.grants() {
            let permission = (
                role.name().to_owned(),
                grant.action.clone(),
                grant.statement.clone(),
            );
            let excepted = exceptions.iter().find(|(known, _)| *known == permission);
            let is_used = used.contains(&permission);
            let name = format!("{} ({})", grant.action, grant.statement);
            lines.push(match (is_used, excepted) {
                (true, _) => format!("  used        {name}"),
                (false, Some((_, reason))) => format!("  exception   {name}: {reason}"),
                (false, None) => format!("  NEVER USED  {name}"),
            });
            match (is_used, excepted) {
                (true, Some(_)) => problems.push(format!(
                    "{}: {name} is used; take its exception out of tests/permissions.toml",
                    role.name()
                )),
                (false, None) => problems.push(format!(
                    "{}: {name} is allowed and no test uses it; take it out of infra/template.yaml, test what needs it, or \
                     write the reason into tests/permissions.toml",
                    role.name()
                )),
                _ => {}
            }
            allowed.insert(permission);
        }
        println!("{}\n{}", role.name(), lines.join("\n"));
    }
    let strangers = used
        .iter()
        .filter(|permission| !allowed.contains(*permission));
    problems.extend(strangers.map(|(function, action, statement)| {
        format!("{function}: {action} was used by statement {statement}, which the template does not have")
    }));
    let of_nothing = exceptions
        .iter()
        .filter(|(permission, _)| !allowed.contains(permission));
    problems.extend(of_nothing.map(|((function, action, statement), _)| {
        format!(
            "{function}: the template does not allow {action} by {statement}; take its exception out of \
             tests/permissions.toml"
        )
    }));
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}
