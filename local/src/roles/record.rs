//! `logs/permissions.jsonl`: one line for each permission that a function used, and for each that it was denied.
//!
//! A line is written when something happens for the first time in the life of this process, in one write, so that it
//! survives a kill. A denial of what is not there is marked `missing`: it bears no tags, so a condition on them denies.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use perennial_local_policy::{Denial, Grant};
use serde_json::{Value, json};

use crate::error::CloudError;

/// More different lines are not written: denials name resources, of which there may be any number.
const MOST_LINES: usize = 5_000;

#[derive(Debug)]
pub(super) struct Record(Mutex<Lines>);

#[derive(Debug)]
struct Lines {
    file: File,
    written: BTreeSet<String>,
}

impl Record {
    pub(super) fn open(path: &Path) -> Result<Self, CloudError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(CloudError::folder("opening the log of permissions", path))?;
        Ok(Self(Mutex::new(Lines {
            file,
            written: BTreeSet::new(),
        })))
    }

    pub(super) fn used(&self, function: &str, grant: &Grant) {
        self.write(&json!({
            "function": function,
            "action": grant.action,
            "statement": grant.statement,
        }));
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
        self.write(&line);
    }

    pub(super) fn not_told(&self, function: &str, action: &str, why: &str) {
        self.write(&json!({"function": function, "denied": action, "because": why}));
    }

    fn write(&self, line: &Value) {
        let line = format!("{line}\n");
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.written.len() >= MOST_LINES || lines.written.contains(&line) {
            return;
        }
        if let Err(error) = lines.file.write_all(line.as_bytes()) {
            tracing::warn!(%error, "the log of permissions cannot be written");
        }
        lines.written.insert(line);
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
}
