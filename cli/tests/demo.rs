//! The demo as a newcomer runs it: it succeeds, tells every chapter, and leaves a cloud that the commands can read.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn perennial(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perennial"))
        .args(args)
        .output()
        .unwrap()
}

#[test]
fn the_demo_really_happens() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cloud");
    let output = perennial(&["demo", "--keep", folder.to_str().unwrap()]);
    let told = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{error}");
    for part in [
        "accepted: data/support-desk/tickets.jsonl",
        "the gate is passed",
        "promoted",
        "clients call arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/",
        "declined",
        "marked: idle",
        "deleted",
        "ok     the champion was kept",
    ] {
        assert!(told.contains(part), "no “{part}” in\n{told}");
    }
    assert!(folder.join("trace.jsonl").exists());
    perennial_tests::keep_permissions(&folder, env!("CARGO_TARGET_TMPDIR")).unwrap();
}

#[test]
fn the_demo_of_every_other_technique_ends_in_a_model_that_serves_and_beats_its_base() {
    for technique in ["continued-pre-training", "chain", "distillation"] {
        let output = perennial(&["demo", "--technique", technique]);
        let told = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{technique}: {told}\n{error}");
        for part in [
            "figures: candidate 0.",
            "ended: promoted",
            "clients call arn:aws:bedrock:us-east-1:123456789012:",
            "ok     its gate was passed on questions that it never saw",
            "ok     its model is the champion",
        ] {
            assert!(told.contains(part), "{technique}: no “{part}” in\n{told}");
        }
    }
}

#[test]
fn a_demo_that_does_not_happen_fails_and_says_where_to_look() {
    let dir = tempfile::tempdir().unwrap();
    let record = "{\"prompt\": \"a question\", \"completion\": \"\"}\n";
    std::fs::write(dir.path().join("train.jsonl"), record.repeat(600)).unwrap();
    let prompt = "{\"prompt\": \"another\", \"referenceResponse\": \"a\"}\n";
    std::fs::write(dir.path().join("eval.jsonl"), prompt).unwrap();
    let folder = dir.path().join("cloud");
    let output = perennial(&[
        "demo",
        "--keep",
        folder.to_str().unwrap(),
        "--data",
        dir.path().to_str().unwrap(),
    ]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("was not accepted"), "{error}");
    assert!(error.contains("trace.jsonl"), "{error}");
}
