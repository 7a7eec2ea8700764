//! The binary as people and scripts meet it: exit statuses, and what goes to which stream.
#![allow(clippy::unwrap_used)]
mod common;

use common::{path, perennial, run, told};

#[test]
fn usage_is_2() {
    assert_eq!(run(&["nonsense"]).0, 2);
    assert_eq!(run(&["status", "Not A Name"]).0, 2);
    assert_eq!(run(&["cleanup"]).0, 2, "neither --plan nor --apply");
    assert_eq!(run(&["cleanup", "--plan", "--apply"]).0, 2);
    let (code, _, error) = run(&["status", "--region", "us-east-1"]);
    assert_eq!(code, 2);
    assert!(error.contains("PERENNIAL_TABLE"), "{error}");
    assert_eq!(run(&["__function", "nonsense"]).0, 2);
    assert_eq!(run(&["--version"]).0, 0);
}

#[test]
fn what_is_not_there_is_3() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, error) = run(&["status", "--local", path(dir.path())]);
    assert_eq!(code, 3);
    assert!(error.contains("perennial local --dir"), "{error}");
    assert_eq!(run(&["local", "env", "--dir", path(dir.path())]).0, 3);
    assert_eq!(run(&["check", "/nowhere/at/all.jsonl"]).0, 3);
}

#[test]
fn a_template_that_cannot_be_run_is_named_and_no_cloud_starts() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.yaml");
    let cloud = dir.path().join("cloud");
    let start = || {
        let args = ["local", "--port", "0", "--dir", path(&cloud), "--template"];
        told(perennial(&args).arg(&file).output().unwrap())
    };
    assert_eq!(start().0, 3, "there is no such file");
    let template = include_str!("../../infra/template.yaml");
    let wrong = template.replacen("detail-type: [Upload Accepted]", "detail-type: [Upload]", 1);
    std::fs::write(&file, wrong).unwrap();
    let (code, out, error) = start();
    assert_eq!((code, out.as_str()), (1, ""), "{error}");
    for words in [
        "mine.yaml cannot be run: the template has",
        "TrainFunction: no rule sends “Upload Accepted” of perennial to train",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(!cloud.join("endpoint").exists());
}

/// An endpoint that was free a moment ago, as a killed cloud leaves it.
fn dead_endpoint() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn a_killed_cloud_is_not_there_either() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("endpoint"), dead_endpoint()).unwrap();
    for args in [
        ["local", "env", "--dir", path(dir.path())],
        ["status", "--json", "--local", path(dir.path())],
    ] {
        let (code, out, error) = run(&args);
        assert_eq!((code, out.as_str()), (3, ""), "{args:?}");
        assert!(error.contains("perennial local --dir"), "{error}");
    }
}

#[test]
fn a_cloud_that_does_not_answer_is_4() {
    let endpoint = dead_endpoint();
    let args = ["status", "--json", "--region", "us-east-1"];
    let output = perennial(&args)
        .args(["--endpoint-url", &endpoint])
        .envs([
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
        ])
        .output();
    let (code, out, error) = told(output.unwrap());
    assert_eq!((code, out.as_str()), (4, ""));
    assert!(error.contains("Is the local cloud running"), "{error}");
}

#[test]
fn init_writes_a_valid_configuration_once() {
    let dir = tempfile::tempdir().unwrap();
    let init = |more: &[&str]| {
        let args = [&["init", "support-bot"], more].concat();
        told(perennial(&args).current_dir(dir.path()).output().unwrap())
    };
    assert_eq!(init(&[]).0, 0);
    let written = dir.path().join("pipelines/support-bot.toml");
    assert_eq!(run(&["check", path(&written)]).0, 0);
    std::fs::write(&written, "mine").unwrap();
    let (code, _, error) = init(&[]);
    assert_eq!(code, 1);
    assert!(error.contains("--force"), "{error}");
    assert_eq!(std::fs::read_to_string(&written).unwrap(), "mine");
    assert_eq!(init(&["--force"]).0, 0);
    let (code, out, _) = init(&["--stdout"]);
    assert_eq!(code, 0);
    assert_eq!(out, std::fs::read_to_string(&written).unwrap());
    let (code, out, _) = init(&["--local", "cloud"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("start it with `perennial local --dir cloud`"),
        "{out}"
    );
    for made in [
        "pipelines/support-bot.toml",
        "data/support-bot",
        "eval/support-bot",
    ] {
        assert!(dir.path().join("cloud/drop").join(made).exists(), "{made}");
    }
}

#[test]
fn the_demo_wants_an_empty_folder_and_readable_data() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("mine"), "").unwrap();
    let (code, _, error) = run(&["demo", "--keep", path(dir.path())]);
    assert_eq!(code, 2);
    assert!(error.contains("not empty"), "{error}");
    assert_eq!(run(&["demo", "--data", path(dir.path())]).0, 3);
}
