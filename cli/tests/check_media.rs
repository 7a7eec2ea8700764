//! `perennial check --media`: the media that records name are looked up in a folder.
#![allow(clippy::unwrap_used)]
mod common;

use common::{path, run};
use serde_json::Value;

const GOOD: &str = "{\"prompt\": \"a question\", \"completion\": \"an answer\"}\n";

/// A record that asks what is on an image.
fn about(format: &str, uri: &str) -> String {
    let source = serde_json::json!({ "s3Location": { "uri": uri } });
    let record = serde_json::json!({
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            { "role": "user", "content": [{ "image": { "format": format, "source": source } }, { "text": format!("What is {uri}?") }] },
            { "role": "assistant", "content": [{ "text": "A cat." }] },
        ],
    });
    format!("{record}\n")
}

#[test]
fn check_looks_up_the_media_that_records_name_in_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let media = dir.path().join("media");
    std::fs::create_dir_all(media.join("bot")).unwrap();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x01\0\x08\x06\0\0\0";
    for name in ["good.png", "other.jpg"] {
        std::fs::write(media.join("bot").join(name), png).unwrap();
    }
    let data = dir.path().join("train.jsonl");
    let good = about("png", "s3://bucket/media/bot/good.png");
    let bad = [
        about("png", "s3://bucket/media/bot/gone.png"),
        about("jpeg", "s3://bucket/media/bot/other.jpg"),
        about("png", "s3://bucket/elsewhere/a.png"),
    ];
    std::fs::write(&data, good.clone() + &bad.concat()).unwrap();
    let check = |more: &[&str]| {
        let model = ["--json", "--model", "amazon.nova-lite-v1:0"];
        let (code, out, error) = run(&[&["check", path(&data)], &model[..], more].concat());
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
        (code, report)
    };
    let (code, report) = check(&["--media", path(&media)]);
    let found: Vec<_> = report["files"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| {
            (
                finding["rule"].as_str().unwrap(),
                finding["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        (code, found),
        (1, vec![("media-missing", 2), ("media-size", 3)]),
        "{report}"
    );
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("3 files that records name were looked up")
            && notes.contains("not 1 outside"),
        "{notes}"
    );
    // Unasked, nobody looks.
    assert_eq!(check(&[]).0, 0);
    std::fs::write(&data, good).unwrap();
    let (code, report) = check(&["--media", path(&media)]);
    assert_eq!(code, 0, "{report}");
    // What leads out of media/ lies nowhere, as after an upload (tests/tests/media.rs), whatever lies there.
    std::fs::write(dir.path().join("x.png"), png).unwrap();
    std::fs::write(&data, about("png", "s3://bucket/media/../x.png")).unwrap();
    let (code, report) = check(&["--media", path(&media)]);
    assert!(
        code == 1 && report.to_string().contains("media-missing"),
        "{report}"
    );
}

#[test]
fn check_says_when_there_are_no_media_to_look_up() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("train.jsonl");
    std::fs::write(&data, GOOD).unwrap();
    let folder = path(dir.path());
    let (code, out, error) = run(&["check", path(&data), "--media", folder]);
    assert!(
        code == 0 && out.contains("amazon.nova-micro-v1:0 takes none"),
        "{out}{error}"
    );
    let (code, _, error) = run(&["check", path(&data), "--media", path(&data)]);
    assert!(code == 2 && error.contains("is no folder"), "{error}");
}
