//! `logs/permissions.jsonl`: one line for each permission that a function used, and for each that it was denied.
//!
//! A line is written when something happens for the first time in the life of this process, in one write, so that it
//! survives a kill. A denial of what is not there is marked `missing`: it bears no tags, so a condition on them denies.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use perennial_local_policy::{Denial, Grant};
use serde_json::{Value, json};

use crate::common::{append, lock};
use crate::error::CloudError;

/// More different denials are not written: they name resources, of which there may be any number. The last line says that
/// there were more. What is used is written however much is denied: a role has so many permissions and no more.
const MOST_DENIALS: usize = 5_000;

#[derive(Debug)]
pub(super) struct Record(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    file: File,
    used: BTreeSet<String>,
    denied: BTreeSet<String>,
}

impl Record {
    pub(super) fn open(path: &Path) -> Result<Self, CloudError> {
        let file =
            append(path).map_err(CloudError::folder("opening the log of permissions", path))?;
        Ok(Self(Mutex::new(Lines {
            file,
            used: BTreeSet::new(),
            denied: BTreeSet::new(),
        })))
    }

    pub(super) fn used(&self, function: &str, grant: &Grant) {
        let line = json!({
            "function": function,
            "action": grant.action,
            "statement": grant.statement,
        });
        let line = format!("{line}\n");
        let mut lines = lock(&self.0);
        if !lines.used.contains(&line) {
            lines.append(&line);
            lines.used.insert(line);
        }
    }

    pub(super) fn denied(&self, function: &str, denial: &Denial) {
        let mut line = json!({
            "function": function,
            "denied": denial.action,
            "resource": denial.resource,
            "because": denial.to_string(),
        });
        if denial.is_missing {
            line["missing"] = json!(true);
        }
        self.denial(&line);
    }

    pub(super) fn not_told(&self, function: &str, action: &str, why: &str) {
        self.denial(&json!({"function": function, "denied": action, "because": why}));
    }

    fn denial(&self, line: &Value) {
        let line = format!("{line}\n");
        let mut lines = lock(&self.0);
        let written = lines.denied.len();
        if written > MOST_DENIALS || lines.denied.contains(&line) {
            return;
        }
        let line = if written == MOST_DENIALS {
            tracing::warn!("more than {MOST_DENIALS} denials: the log of permissions has no more");
            format!(
                "{}\n",
                json!({"full": true, "because": "more was denied than is written here"})
            )
        } else {
            line
        };
        lines.append(&line);
        lines.denied.insert(line);
    }
}

impl Lines {
    fn append(&mut self, line: &str) {
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "the log of permissions cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perennial_local_policy::Reason;

    #[test]
    fn what_was_used_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("permissions.jsonl");
        let record = Record::open(&path).unwrap();
        let grant = Grant {
            action: "s3:GetObject".into(),
            statement: "Read".into(),
        };
        record.used("train", &grant);
        record.used("train", &grant);
        record.used("ingest", &grant);
        let denial = Denial {
            action: "s3:PutObject".into(),
            resource: "arn:aws:s3:::b/k".into(),
            reason: Reason::Implicit(Vec::new()),
            is_missing: false,
        };
        record.denied("train", &denial);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[0],
            json!({"function": "train", "action": "s3:GetObject", "statement": "Read"})
        );
        assert_eq!(lines[2]["denied"], "s3:PutObject");
    }

    #[test]
    fn however_much_is_denied_what_is_used_is_written_and_the_cap_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("permissions.jsonl");
        let record = Record::open(&path).unwrap();
        for n in 0..MOST_DENIALS + 10 {
            record.not_told("train", "s3:PutObject", &format!("no. {n}"));
        }
        let grant = Grant {
            action: "s3:GetObject".into(),
            statement: "Read".into(),
        };
        record.used("train", &grant);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), MOST_DENIALS + 2);
        assert_eq!(lines[MOST_DENIALS]["full"], true);
        assert_eq!(lines[MOST_DENIALS + 1]["action"], "s3:GetObject");
    }
}
