//! The JSON Schemas in docs/: real reports satisfy them, they describe every member and no other, and a form that was published
//! does not change under its readers.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use boon::{Compiler, Schemas};
use perennial_dataset::REPORT_FORM;
use perennial_engine::reports::UploadReport;
use perennial_report::Check;
use serde_json::{Value, json};

const EMBEDDED: &str = "/$defs/report";

fn docs(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).join(name)
}

fn schema(name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(docs(name)).unwrap()).unwrap()
}

/// Validates as a reader would, who has this one file and nothing else.
fn validate(schema: &Value, values: &[Value]) -> Result<(), String> {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    compiler
        .add_resource("schema.json", schema.clone())
        .unwrap();
    let mut schemas = Schemas::new();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    values.iter().try_for_each(|value| {
        let valid = schemas.validate(value, index);
        valid.map_err(|error| format!("{error:#}\n{value:#}"))
    })
}

fn reports() -> Vec<Value> {
    let statuses = ["accepted", "rejected", "waiting", "withdrawn", "kept"];
    let summaries = common::compiled().into_iter().map(Some).chain([None]);
    summaries
        .zip(statuses.into_iter().cycle())
        .map(|(summary, status)| {
            serde_json::to_value(UploadReport {
                key: "data/bot/a.jsonl".into(),
                version: "3HL4kqtJvjVBH40Nrjfkd".into(),
                status,
                message: "2 records".into(),
                notes: vec!["a note".into()],
                summary,
            })
            .unwrap()
        })
        .collect()
}

fn checks() -> Vec<Value> {
    let check = Check {
        ok: false,
        base_model: Some("amazon.nova-micro-v1:0".into()),
        files: common::compiled(),
        configurations: common::configurations("bot.toml"),
        notes: vec!["a note".into()],
    };
    [check, Check::default()]
        .map(|check| serde_json::to_value(check).unwrap())
        .into()
}

#[test]
fn real_reports_satisfy_the_published_schemas() {
    validate(&schema("report.schema.json"), &reports()).unwrap_or_else(|why| panic!("{why}"));
    validate(&schema("check.schema.json"), &checks()).unwrap_or_else(|why| panic!("{why}"));
}

#[test]
fn a_report_that_is_none_is_refused() {
    let good = reports().swap_remove(0);
    let broken = [
        ("/summary/form", json!(REPORT_FORM + 1)),
        ("/summary/verdict", json!("perhaps")),
        ("/summary/records", json!(-1)),
        ("/summary/samples", json!([1, 2, 3, 4, 5, 6])),
        ("/summary/finding_counts", json!({"No Rule": 1})),
        ("/status", json!("lost")),
        ("/notes", json!(null)),
    ];
    for (place, value) in broken {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(
            validate(&schema("report.schema.json"), &[bad]).is_err(),
            "{place}"
        );
    }
    let mut bad = good;
    bad["summary"].as_object_mut().unwrap().remove("findings");
    assert!(validate(&schema("report.schema.json"), &[bad]).is_err());
}

#[test]
fn one_file_is_enough_to_check_a_check() {
    assert_eq!(
        schema("check.schema.json").pointer(EMBEDDED),
        Some(&schema("report.schema.json")),
        "put docs/report.schema.json into docs/check.schema.json at {EMBEDDED}"
    );
}

/// A schema and its document, without `$ref`; `null` beside it is left out, as nothing is below it.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> (&'a Value, &'a Value) {
    if let Some(options) = schema["oneOf"].as_array() {
        return resolved(root, &options[0]);
    }
    let Some(reference) = schema["$ref"].as_str() else {
        return (root, schema);
    };
    let (document, pointer) = reference.split_once('#').unwrap();
    let root = if document.is_empty() {
        root
    } else {
        root.pointer(EMBEDDED).unwrap()
    };
    resolved(root, root.pointer(pointer).unwrap())
}

/// One member that a schema describes.
struct Member {
    /// Where it stands, such as `.summary.findings[].rule`.
    path: String,
    schema: Value,
    /// Its type, or the values that it may have.
    kind: Value,
    required: bool,
}

/// Every member below a schema.
fn members(root: &Value, schema: &Value, path: &str, found: &mut Vec<Member>) {
    let (root, schema) = resolved(root, schema);
    if let Some(properties) = schema["properties"].as_object() {
        for (name, below) in properties {
            let path = format!("{path}.{name}");
            let (_, target) = resolved(root, below);
            let kinds = ["enum", "const", "type"].into_iter();
            let kind = match below["oneOf"].as_array() {
                Some(_) => json!("object or null"),
                None => kinds
                    .filter_map(|key| target.get(key))
                    .next()
                    .unwrap()
                    .clone(),
            };
            let required = schema["required"]
                .as_array()
                .unwrap()
                .contains(&json!(name));
            members(root, below, &path, found);
            found.push(Member {
                path,
                schema: below.clone(),
                kind,
                required,
            });
        }
    }
    if schema["items"].is_object() {
        members(root, &schema["items"], &format!("{path}[]"), found);
    }
}

fn all_members(name: &str) -> Vec<Member> {
    let schema = schema(name);
    let mut found = Vec::new();
    members(&schema, &schema, "", &mut found);
    found
}

/// Every member of a value, by the same paths; the counts by rule have names of their own.
fn occurring(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) if !path.ends_with(".finding_counts") => {
            for (name, below) in map {
                let path = format!("{path}.{name}");
                occurring(below, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            items.iter().for_each(|item| occurring(item, &path, found));
        }
        _ => {}
    }
}

#[test]
fn every_member_is_described_and_every_described_member_occurs() {
    for (name, values) in [
        ("report.schema.json", reports()),
        ("check.schema.json", checks()),
    ] {
        let mut occur = BTreeSet::new();
        values
            .iter()
            .for_each(|value| occurring(value, "", &mut occur));
        let described: BTreeSet<String> = all_members(name)
            .into_iter()
            .map(|Member { path, schema, .. }| {
                let words = schema["description"].as_str().unwrap_or_default();
                assert!(words.len() > 10, "docs/{name} says nothing of {path}");
                path
            })
            .collect();
        let undescribed: Vec<_> = occur.difference(&described).collect();
        assert!(
            undescribed.is_empty(),
            "docs/{name} does not describe {undescribed:?}"
        );
        let gone: Vec<_> = described.difference(&occur).collect();
        assert!(
            gone.is_empty(),
            "docs/{name} describes what is in no report: {gone:?}"
        );
    }
}

/// Every value of the members that have a few fixed ones.
fn values_at(value: &Value, path: &[&str], found: &mut Vec<Value>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| values_at(item, path, found)),
        (_, []) => found.push(value.clone()),
        (_, [name, rest @ ..]) => {
            if let Some(below) = value.get(name) {
                values_at(below, rest, found);
            }
        }
    }
}

#[test]
fn every_word_that_a_schema_lists_occurs() {
    let reports = reports();
    let mut lists = 0;
    for Member { path, schema, .. } in all_members("report.schema.json") {
        let Some(words) = schema["enum"].as_array() else {
            continue;
        };
        lists += 1;
        let names: Vec<&str> = path
            .split('.')
            .skip(1)
            .map(|name| name.trim_end_matches("[]"))
            .collect();
        let mut found = Vec::new();
        reports
            .iter()
            .for_each(|report| values_at(report, &names, &mut found));
        for word in words {
            assert!(found.contains(word), "{path} is never {word}");
        }
    }
    assert_eq!(lists, 4, "status, verdict, compression, severity");
}

/// What a reader relies on: each member with its kind, and whether it is always there. The files of a check are as the summary of a
/// report, and stand there only.
fn form() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for what in ["report", "check"] {
        for Member {
            path,
            kind,
            required,
            ..
        } in all_members(&format!("{what}.schema.json"))
        {
            let always = if required { "always" } else { "sometimes" };
            lines.insert(format!("{what}{path}: {kind}, {always}"));
        }
    }
    lines.retain(|line| !line.starts_with("check.files[]."));
    lines
}

/// Whether a line is of a member that every report is said to have, in a place that reports already have.
fn is_new_demand(line: &str, published: &BTreeSet<String>) -> bool {
    let (path, what) = line.split_once(": ").unwrap();
    let (parent, _) = path.rsplit_once('.').unwrap();
    let parent = format!("{}: ", parent.trim_end_matches("[]"));
    let is_root = !parent.contains('.');
    what.ends_with(", always")
        && (is_root || published.iter().any(|line| line.starts_with(&parent)))
}

#[test]
fn a_published_form_does_not_change() {
    for name in ["report", "check"] {
        let id = schema(&format!("{name}.schema.json"))["$id"].clone();
        assert_eq!(id, json!(format!("urn:perennial:{name}:{REPORT_FORM}")));
    }
    let file = format!("tests/forms/{REPORT_FORM}.txt");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let published = std::fs::read_to_string(path).unwrap_or_default();
    let published: BTreeSet<String> = published.lines().map(str::to_owned).collect();
    let form = form();
    let gone: Vec<&str> = published.difference(&form).map(String::as_str).collect();
    assert!(
        gone.is_empty(),
        "members of form {REPORT_FORM} went or changed. Put them back; or raise REPORT_FORM in shared/dataset/src/summary.rs, the \
         form in both schemas ($id and `form`), and write the new form's file:\n{}",
        gone.join("\n")
    );
    let new: Vec<&str> = form.difference(&published).map(String::as_str).collect();
    let demands: Vec<&&str> = new
        .iter()
        .filter(|line| is_new_demand(line, &published))
        .collect();
    assert!(
        demands.is_empty() || published.is_empty(),
        "earlier reports of form {REPORT_FORM} do not have these members, so take them out of `required`: {demands:?}"
    );
    assert!(
        new.is_empty(),
        "new members: add these lines to shared/report/{file}:\n{}",
        new.join("\n")
    );
}
