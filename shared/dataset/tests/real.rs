//! Real data as it was published, where it lies beside the project: dropped as it is, it compiles.
#![allow(clippy::unwrap_used)]
mod common;

use std::{collections::BTreeSet, path::PathBuf};

use perennial_core::{
    config::Technique,
    limits::{fine_tuning, of},
};
use perennial_dataset::{Compiler, Purpose, Summary, estimate_tokens};

const MODEL: &str = "amazon.nova-micro-v1:0";

/// The folder of real data; nothing in a clone without it.
fn data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if !path.exists() {
        eprintln!("{name} is not here: the test has nothing to look at");
        return None;
    }
    Some(path)
}

fn compile(mut compiler: Compiler, bytes: &[u8]) -> (Summary, Vec<u8>) {
    let mut out = Vec::new();
    compiler.push(bytes, &mut out);
    let summary = compiler.finish(&mut out);
    assert!(summary.is_accepted(), "{}", summary.to_text());
    (summary, out)
}

/// The canonical lines of a table with these contents.
fn table(name: &str, columns: &[(&str, &str)], bytes: &[u8]) -> (Summary, Vec<u8>) {
    let purpose = Purpose::Training(fine_tuning(MODEL).unwrap());
    let columns = columns
        .iter()
        .map(|(member, column)| (member.to_string(), column.to_string()))
        .collect();
    compile(Compiler::new(name, purpose).with_columns(columns), bytes)
}

#[test]
fn a_table_compiles_to_what_its_json_lines_compile_to() {
    let rows = [
        ("Where is my card?", "card_arrival"),
        ("It says \"declined\",\nwhy?", "declined_card_payment"),
        ("日本 👋", "other"),
    ];
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let csv: String = std::iter::once("text,category\r\n".to_owned())
        .chain(
            rows.iter()
                .map(|(text, label)| format!("{},{label}\r\n", quote(text))),
        )
        .collect();
    let lines: String = rows
        .iter()
        .map(|(text, label)| {
            format!(
                "{}\n",
                serde_json::json!({"prompt": text, "completion": label})
            )
        })
        .collect();
    let (_, from_lines) = table("a.jsonl", &[], lines.as_bytes());
    for columns in [&[("prompt", "text"), ("completion", "category")][..], &[]] {
        let (summary, from_csv) = table("a.csv", columns, csv.as_bytes());
        assert_eq!(from_csv, from_lines);
        assert_eq!(summary.records, 3);
    }
}

#[test]
fn banking77_as_published_trains_as_well_as_its_json_lines() {
    let Some(folder) = data("banking77") else {
        return;
    };
    let csv = std::fs::read(folder.join("train.csv")).unwrap();
    let (from_csv, lines) = table(
        "train.csv",
        &[("prompt", "text"), ("completion", "category")],
        &csv,
    );
    let json = std::fs::read(folder.join("train.jsonl")).unwrap();
    let (from_json, others) = table("train.jsonl", &[], &json);
    // The JSON Lines have an instruction before each prompt and no white space around it, which makes four of them repeat others.
    assert_eq!((from_csv.records, from_csv.duplicates), (10_003, 0));
    assert_eq!((from_json.records, from_json.duplicates), (9_999, 4));
    let answers = |lines: &[u8]| -> BTreeSet<String> {
        lines
            .split(|byte| *byte == b'\n')
            .filter_map(perennial_dataset::completion_of)
            .collect()
    };
    assert_eq!(answers(&lines), answers(&others));
    assert_eq!(answers(&lines).len(), 77);
}

#[test]
fn the_rust_books_chapters_compile_without_losing_a_character() {
    let Some(folder) = data("rust-book") else {
        return;
    };
    let limits = of(Technique::ContinuedPreTraining, MODEL).unwrap();
    let mut chapters = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let chapter = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (summary, out) = compile(
            Compiler::new(&name, Purpose::Training(limits.clone())),
            chapter.as_bytes(),
        );
        let mut again = String::new();
        for line in out
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let record: serde_json::Value = serde_json::from_slice(line).unwrap();
            let text = record["text"].as_str().unwrap();
            assert!(estimate_tokens(text) <= limits.max_record_tokens, "{name}");
            again.push_str(text);
        }
        // The pieces are the chapter, but for white space alone at its end.
        assert_eq!(again.trim_end(), chapter.trim_end(), "{name}");
        assert!(summary.records > 0 && summary.shape.is_some());
        chapters += 1;
    }
    assert_eq!(chapters, 111);
}
