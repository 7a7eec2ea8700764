//! `perennial check` and the files that it is given: what it never writes over, which of them are evaluation sets, what it says when it
//! cannot speak, and what it finds between them.
#![allow(clippy::unwrap_used)]
mod common;

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

use common::{path, perennial, run, told};
use serde_json::Value;

const GOOD: &str = "{\"prompt\": \"a question\", \"completion\": \"an answer\"}\n";
const CONFIG: &str = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n";

/// What the command says to these bytes on standard input.
fn piped(args: &[&str], input: &str) -> (i32, String, String) {
    let mut child = perennial(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    told(child.wait_with_output().unwrap())
}

fn report(args: &[&str]) -> (i32, Value) {
    let (code, out, error) = run(&[&["check", "--json"], args].concat());
    let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
    (code, report)
}

#[test]
fn a_page_never_takes_the_place_of_what_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let write = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
    write("a.jsonl", GOOD);
    write("bot.toml", CONFIG);
    std::fs::create_dir_all(at("media/bot")).unwrap();
    write("media/bot/a.png", "pixels");
    let mut pages = vec![
        at("a.jsonl"),
        at("media/../a.jsonl"),
        at("bot.toml"),
        at("media/bot/a.png"),
        at("media/new.html"),
    ];
    #[cfg(unix)]
    for (number, target) in ["a.jsonl", "bot.toml", "media/bot/a.png"]
        .iter()
        .enumerate()
    {
        let (hard, soft) = (
            at(&format!("hard-{number}.html")),
            at(&format!("soft-{number}.html")),
        );
        std::fs::hard_link(at(target), &hard).unwrap();
        std::os::unix::fs::symlink(at(target), &soft).unwrap();
        pages.extend([hard, soft]);
    }
    let (data, config, media) = (at("a.jsonl"), at("bot.toml"), at("media"));
    for page in &pages {
        let args = [
            "check",
            path(&data),
            "--config",
            path(&config),
            "--media",
            path(&media),
        ];
        let (code, out, error) = run(&[&args[..], &["--html", path(page)]].concat());
        assert_eq!(code, 2, "{page:?} {out}{error}");
        assert!(error.contains("name another file"), "{error}");
        for (name, text) in [
            ("a.jsonl", GOOD),
            ("bot.toml", CONFIG),
            ("media/bot/a.png", "pixels"),
        ] {
            assert_eq!(std::fs::read_to_string(at(name)).unwrap(), text, "{page:?}");
        }
        assert!(!at("media/new.html").exists());
    }
    // A configuration that is itself what is checked.
    let (code, _, error) = run(&[
        "check",
        path(&at("bot.toml")),
        "--html",
        path(&at("bot.toml")),
    ]);
    assert_eq!(code, 2, "{error}");
    assert_eq!(std::fs::read_to_string(at("bot.toml")).unwrap(), CONFIG);
    // A page that was there before is written anew.
    for _ in 0..2 {
        let (code, _, error) = run(&[
            "check",
            path(&at("a.jsonl")),
            "--html",
            path(&at("page.html")),
        ]);
        assert_eq!(code, 0, "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_page_never_takes_the_place_of_what_standard_input_reads() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a.jsonl");
    std::fs::write(&data, GOOD).unwrap();
    for name in ["-", "/dev/stdin"] {
        let mut command = perennial(&["check", name, "--html", path(&data)]);
        let (code, out, error) = told(command.stdin(File::open(&data).unwrap()).output().unwrap());
        assert_eq!(code, 2, "{out}{error}");
        assert_eq!(std::fs::read_to_string(&data).unwrap(), GOOD);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_to_standard_output_is_told_and_a_closed_pipe_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a.jsonl");
    std::fs::write(&data, GOOD).unwrap();
    let bad = dir.path().join("b.jsonl");
    std::fs::write(&bad, "{}\n").unwrap();
    for (args, status) in [
        (&["check", path(&data)][..], 4),
        (&["check", "--json", path(&data)], 4),
        // What the command found comes first.
        (&["check", "--json", path(&bad)], 1),
        (&["rules"], 4),
        (&["rules", "--json"], 4),
        (&["init", "bot", "--stdout"], 4),
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, _, error) = told(perennial(args).stdout(full).output().unwrap());
        assert_eq!(code, status, "{args:?} {error}");
        assert!(error.contains("cannot write to standard output"), "{error}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, _, error) = told(perennial(args).stdout(writer).output().unwrap());
        assert_eq!(
            code,
            if status == 4 { 0 } else { status },
            "{args:?} {error}"
        );
        assert!(!error.contains("standard output"), "{error}");
    }
}

#[test]
fn only_the_folder_of_a_file_makes_it_an_evaluation_set() {
    let dir = tempfile::tempdir().unwrap();
    let check = |place: &str, record: &str| {
        let file = dir.path().join(place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, record).unwrap();
        let (code, report) = report(&[path(&file)]);
        (
            code,
            report["files"][0]["target"]["technique"]
                .as_str()
                .unwrap()
                .to_owned(),
        )
    };
    let question = "{\"prompt\": \"q\", \"referenceResponse\": \"a\"}\n";
    let training = (0, "fine-tuning".to_owned());
    let evaluation = (0, "evaluation".to_owned());
    assert_eq!(check("eval/data/train.jsonl", GOOD), training);
    assert_eq!(check("eval/questions.jsonl", question), evaluation);
    assert_eq!(check("bucket/data/bot/train.jsonl", GOOD), training);
    assert_eq!(
        check("bucket/eval/bot/questions.jsonl", question),
        evaluation
    );
}

#[test]
fn documents_for_a_model_that_would_be_trained_elsewhere_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let document = dir.path().join("a.md");
    std::fs::write(&document, "# Ownership\n\nA set of rules.\n").unwrap();
    for model in [
        "meta.llama3-1-8b-instruct-v1:0",
        "meta.llama3-3-70b-instruct-v1:0",
        "amazon.nova-lite-v1:0",
    ] {
        let args = [
            path(&document),
            "--model",
            model,
            "--technique",
            "continued-pre-training",
        ];
        let (code, report) = report(&args);
        assert_eq!(
            (code, &report["base_model"]),
            (0, &model.into()),
            "{report}"
        );
        assert_eq!(report["files"][0]["records"], 1, "{report}");
        assert!(
            report["notes"][0]
                .as_str()
                .unwrap()
                .contains("the data was checked"),
            "{report}"
        );
    }
}
