//! What the functions did in all tests of this build, against what their roles allow.
//!
//! It reads what the end-to-end tests and the demo's left (`perennial_tests::keep_permissions`), so it runs after them
//! (`cargo xtask test` does) and is passed over otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use perennial_local_policy::Role;
use serde_json::{Value, json};

use crate::exceptions::{self, Permission};
use crate::roles;

#[derive(Debug, Default)]
struct Seen {
    clouds: usize,
    used: BTreeSet<Permission>,
    denied: BTreeSet<String>,
}

impl Seen {
    /// Takes in one line of a log.
    fn take(&mut self, line: &Value) {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        if line.get("full").is_some() {
            // What is not written may be anything.
            let words = format!("a log is full: {}", text("because"));
            self.denied.insert(words);
        } else if line.get("missing").is_some() {
            // Allowed by tag, and not there: a look would have told the same.
        } else if line.get("denied").is_some() {
            let words = format!("{} was denied {}", text("function"), text("because"));
            self.denied.insert(words);
        } else {
            let permission = (text("function"), text("action"), text("statement"));
            self.used.insert(permission);
        }
    }
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
            seen.take(&serde_json::from_str(line).unwrap());
        }
    }
    seen
}

/// The list for people, and what is wrong.
fn compare(
    roles: &[Role],
    seen: &Seen,
    exceptions: &[(Permission, String)],
) -> (String, Vec<String>) {
    let mut list = format!("{} local clouds\n", seen.clouds);
    let mut problems: Vec<String> = seen.denied.iter().cloned().collect();
    let mut allowed = BTreeSet::new();
    for role in roles {
        list += &format!("{}\n", role.name());
        for grant in role.grants() {
            let permission = (
                role.name().to_owned(),
                grant.action.clone(),
                grant.statement.clone(),
            );
            let excepted = exceptions.iter().find(|(known, _)| *known == permission);
            let is_used = seen.used.contains(&permission);
            let name = format!("{} ({})", grant.action, grant.statement);
            list += &match (is_used, excepted) {
                (true, _) => format!("  used        {name}\n"),
                (false, Some((_, reason))) => format!("  exception   {name}: {reason}\n"),
                (false, None) => format!("  NEVER USED  {name}\n"),
            };
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
    }
    let used = seen.used.iter().filter(|used| !allowed.contains(*used));
    problems.extend(used.map(|(function, action, statement)| {
        format!("{function}: {action} was used by {statement}, which the template does not have")
    }));
    let excepted = exceptions.iter().map(|(permission, _)| permission);
    let of_nothing = excepted.filter(|permission| !allowed.contains(*permission));
    problems.extend(of_nothing.map(|(function, action, statement)| {
        format!(
            "{function}: {statement} does not allow {action}; take the exception out of tests/permissions.toml"
        )
    }));
    (list, problems)
}

#[test]
#[ignore = "compares what the other tests left; `cargo xtask test` runs it after them"]
fn what_is_allowed_is_used_and_what_is_used_is_allowed() {
    let seen = seen();
    assert!(
        seen.clouds > 0,
        "no test of this build has left a log; run `cargo test --workspace` first"
    );
    let (list, problems) = compare(&roles(), &seen, &exceptions::read());
    println!("{list}");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn each_difference_between_allowed_and_used_is_named() {
    let document = json!({"Version": "2012-10-17", "Statement": {
        "Sid": "Objects", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"}});
    let roles = [Role::read("train", &[document]).unwrap()];
    let permission = |action: &str, statement: &str| {
        ("train".to_owned(), action.to_owned(), statement.to_owned())
    };
    let get = permission("s3:GetObject", "Objects");
    let put = permission("s3:PutObject", "Objects");
    let reason = || "a reason".to_owned();
    let wrong = |used: &[&Permission], excepted: &[&Permission]| {
        let seen = Seen {
            used: used.iter().copied().cloned().collect(),
            ..Seen::default()
        };
        let exceptions: Vec<_> = excepted
            .iter()
            .map(|permission| ((*permission).clone(), reason()))
            .collect();
        compare(&roles, &seen, &exceptions).1.join("\n")
    };
    assert_eq!(wrong(&[&get, &put], &[]), "");
    assert_eq!(wrong(&[&get], &[&put]), "");
    assert!(
        wrong(&[&get], &[])
            .starts_with("train: s3:PutObject (Objects) is allowed and no test uses it")
    );
    assert!(
        wrong(&[&get, &put], &[&put])
            .starts_with("train: s3:PutObject (Objects) is used; take its exception out")
    );
    let other = permission("s3:GetObject", "Gone");
    assert!(wrong(&[&get, &put, &other], &[]).contains("s3:GetObject was used by Gone"));
    assert!(wrong(&[&get, &put], &[&other]).contains("Gone does not allow s3:GetObject"));
    let denied = Seen {
        denied: ["train was denied s3:DeleteObject".to_owned()].into(),
        used: [get, put].into(),
        ..Seen::default()
    };
    assert_eq!(
        compare(&roles, &denied, &[]).1,
        ["train was denied s3:DeleteObject"]
    );
}

#[test]
fn a_log_that_is_full_is_a_problem() {
    let mut seen = Seen::default();
    seen.take(&json!({"function": "train", "denied": "s3:GetObject", "missing": true}));
    assert_eq!(compare(&[], &seen, &[]).1, [""; 0]);
    seen.take(&json!({"full": true, "because": "more was denied"}));
    assert_eq!(
        compare(&[], &seen, &[]).1,
        ["a log is full: more was denied"]
    );
}

#[test]
fn every_exception_has_its_reason() {
    assert!(!exceptions::read().is_empty());
}
