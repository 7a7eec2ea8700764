//! The binary as people and scripts meet it: exit statuses, what goes to which stream, and `check` on real files.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn perennial(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> (i32, String, String) {
    told(perennial(args).output().unwrap())
}

fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

const GOOD: &str = "{\"prompt\": \"a question\", \"completion\": \"an answer\"}\n";

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
fn check_accepts_good_files() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("train.jsonl");
    let records: String = (0..20)
        .map(|n| GOOD.replace("a question", &format!("question {n}")))
        .collect();
    std::fs::write(&data, records).unwrap();
    let eval = dir.path().join("eval");
    std::fs::create_dir(&eval).unwrap();
    let eval = eval.join("prompts.jsonl");
    std::fs::write(&eval, "{\"prompt\": \"q\", \"referenceResponse\": \"a\"}\n").unwrap();
    let (code, out, error) = run(&["check", path(&data), path(&eval)]);
    assert_eq!(code, 0, "{out}{error}");
    assert!(out.contains("20 records"), "{out}");
    let (code, out, _) = run(&["check", "--json", path(&data)]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["ok"]), (0, &true.into()));
    assert_eq!(report["files"][0]["records"], 20);
    assert_eq!(report["base_model"], "amazon.nova-micro-v1:0");
}

#[test]
fn check_names_the_line_and_the_fix_of_a_bad_file_and_is_1() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("bad.jsonl");
    std::fs::write(&data, format!("{GOOD}{{\"prompt\": \n{GOOD}")).unwrap();
    let (code, out, error) = run(&["check", path(&data)]);
    assert_eq!(code, 1);
    assert!(
        out.contains("rejected") && out.contains("line 2") && out.contains("fix:"),
        "{out}"
    );
    assert!(error.contains("1 file rejected"), "{error}");
    let (code, out, _) = run(&["check", "--json", path(&data)]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["ok"]), (1, &false.into()));
    assert_eq!(report["files"][0]["findings"][0]["line"], 2);
}

#[test]
fn check_reads_standard_input_and_too_few_records_are_a_note() {
    let mut child = perennial(&["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(GOOD.as_bytes())
        .unwrap();
    let (code, out, _) = told(child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("needs at least 8 training records"), "{out}");
}

#[test]
fn check_of_configurations() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good.toml");
    std::fs::write(
        &good,
        "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n",
    )
    .unwrap();
    assert_eq!(run(&["check", path(&good)]).0, 0);
    let bad = dir.path().join("bad.toml");
    std::fs::write(
        &bad,
        "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\nepochs = 2\n",
    )
    .unwrap();
    let (code, out, _) = run(&["check", path(&bad)]);
    assert_eq!(code, 1);
    assert!(out.contains("line 3") && out.contains("epochs"), "{out}");
    std::fs::write(
        &bad,
        "technique = \"fine-tuning\"\nbase_model = \"amazon.titan-text-lite-v1\"\n",
    )
    .unwrap();
    let data = dir.path().join("train.jsonl");
    std::fs::write(&data, GOOD).unwrap();
    let (code, out, _) = run(&["check", path(&data), "--config", path(&bad)]);
    assert_eq!(code, 1);
    assert!(
        out.contains("cannot be fine-tuned") && out.contains("was not checked"),
        "{out}"
    );
    let (code, _, error) = run(&["check", path(&data), "--model", "nova-nano"]);
    assert_eq!(code, 2);
    assert!(error.contains("amazon.nova-micro-v1:0"), "{error}");
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
