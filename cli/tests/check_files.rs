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

#[test]
fn what_is_on_standard_input_is_known_by_its_content() {
    let prose = "# Ownership\n\nA set of rules.\n";
    let documents = [
        "check",
        "-",
        "--json",
        "--technique",
        "continued-pre-training",
    ];
    let (code, out, error) = piped(&documents, prose);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &report["files"][0]["records"]),
        (0, &1.into()),
        "{out}{error}"
    );
    let (code, out, _) = piped(&["check", "-"], prose);
    assert!(code == 1 && out.contains("error[other-trainer]"), "{out}");
    assert!(!out.contains("broken-json"), "{out}");
    assert_eq!(piped(&["check", "-"], GOOD).0, 0);
    assert_eq!(piped(&["check", "-"], "prompt,completion\na,b\n").0, 0);
    assert_eq!(piped(&["check", "-"], &format!("[{GOOD}]")).0, 0);
}

/// The command in a folder, so that names are as a person writes them.
fn in_folder(dir: &tempfile::TempDir, args: &[&str]) -> (i32, Value) {
    let args = [&["check", "--json"], args].concat();
    let (code, out, error) = told(perennial(&args).current_dir(dir.path()).output().unwrap());
    let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"));
    (code, report)
}

/// Line and words of the findings of a rule.
fn found(file: &Value, rule: &str) -> Vec<(u64, String)> {
    let findings = file["findings"].as_array().unwrap().iter();
    let findings = findings.filter(|finding| finding["rule"] == rule);
    let told = |finding: &Value| {
        (
            finding["line"].as_u64().unwrap(),
            finding["found"].as_str().unwrap().to_owned(),
        )
    };
    findings.map(told).collect()
}

#[test]
fn questions_that_are_trained_on_are_told_with_both_files_and_lines() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    std::fs::create_dir(dir.path().join("eval")).unwrap();
    let questions = "{\"prompt\": \"What is it?\", \"referenceResponse\": \"That.\"}\n\n{\"prompt\": \"Where is my card?\", \"referenceResponse\": \"Here.\"}\n";
    write("eval/questions.jsonl", questions);
    write(
        "questions.json",
        &format!("[\n{}]", questions.replace("}\n\n", "},\n\n")),
    );
    let training =
        format!("{GOOD}\n{{\"prompt\": \"where is  my card?\", \"completion\": \"There.\"}}\n");
    write("train.jsonl", &training);
    write(
        "train.csv",
        "prompt,completion\n\"a\nb\",c\nWhere is my card?,x\n",
    );
    let expect = |report: &Value, files: &[(usize, u64)], name: &str, line: u64| {
        for (file, here) in files {
            let file = &report["files"][*file];
            let leaks = found(file, "evaluation-leak");
            assert_eq!(leaks.len(), 1, "{report}");
            assert_eq!(leaks[0].0, *here);
            assert!(
                leaks[0].1.starts_with(&format!("as {name} line {line}: ")),
                "{leaks:?}"
            );
            assert_eq!(found(file, "evaluation-leaks").len(), 1, "{report}");
        }
    };
    // In any order, and on any number of threads.
    let at = "eval/questions.jsonl";
    let (code, report) = in_folder(&dir, &["train.jsonl", at, "train.csv"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["files"][1]["name"], at);
    expect(&report, &[(0, 3), (2, 4)], at, 3);
    let (_, other) = in_folder(&dir, &["train.jsonl", at, "train.csv", "--threads", "1"]);
    assert_eq!(other, report);
    let (_, report) = in_folder(&dir, &[at, "train.jsonl"]);
    expect(&report, &[(1, 3)], at, 3);
    // A file that lies elsewhere, and is named as what it is.
    let (_, report) = in_folder(&dir, &["train.jsonl", "--questions", "questions.json"]);
    assert_eq!(report["files"][1]["target"]["technique"], "evaluation");
    expect(&report, &[(0, 3)], "questions.json", 4);
    let (_, report) = in_folder(
        &dir,
        &[
            "train.jsonl",
            "questions.json",
            "--questions",
            "questions.json",
        ],
    );
    assert_eq!(report["files"].as_array().unwrap().len(), 2);
    // Alone, nothing is found.
    let (_, report) = in_folder(&dir, &["train.jsonl"]);
    assert!(found(&report["files"][0], "evaluation-leak").is_empty());
}

#[test]
fn records_of_two_files_that_are_the_same_or_answer_otherwise_are_told_with_both_places() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let record = |prompt: &str, completion: &str| {
        format!("{{\"prompt\": \"{prompt}\", \"completion\": \"{completion}\"}}\n")
    };
    write(
        "a.jsonl",
        &[record("1", "one"), record("2", "two"), record("3", "three")].concat(),
    );
    write(
        "b.jsonl",
        &[
            "\n".to_owned(),
            record("2", "two"),
            record("4", "four"),
            record("3", "III"),
            record("2", "two"),
        ]
        .concat(),
    );
    write("c.csv", "prompt,completion\n4,four\n5,five\n3,three\n");
    let (code, report) = in_folder(&dir, &["a.jsonl", "b.jsonl", "c.csv"]);
    assert_eq!(code, 0, "{report}");
    let (a, b, c) = (
        &report["files"][0],
        &report["files"][1],
        &report["files"][2],
    );
    for rule in ["exact-duplicate", "conflicting-duplicate"] {
        assert!(found(a, rule).is_empty(), "{a}");
    }
    assert_eq!(
        found(b, "exact-duplicate"),
        [
            (
                0,
                "1 exact repetition of earlier records, the first at line 5".into()
            ),
            (
                2,
                "1 record in another file, too: line 2 as a.jsonl line 2".into()
            ),
        ]
    );
    assert_eq!(
        found(b, "conflicting-duplicate"),
        [(4, "1 record with a prompt that has another completion in another file: line 4 as a.jsonl line 3".into())]
    );
    assert_eq!(
        found(c, "exact-duplicate"),
        [(
            2,
            "2 records in another file, too: line 2 as b.jsonl line 3, line 4 as a.jsonl line 3"
                .into()
        )]
    );
    // Each report is of its file alone, as after an upload.
    assert_eq!((&b["records"], &c["records"]), (&3.into(), &3.into()));
    let notes = report["notes"].to_string();
    assert!(notes.contains("here are 6."), "{notes}");
    // The same question in two evaluation sets.
    std::fs::create_dir(dir.path().join("eval")).unwrap();
    write(
        "eval/a.jsonl",
        "{\"prompt\": \"q\", \"referenceResponse\": \"yes\"}\n",
    );
    write(
        "eval/b.jsonl",
        "{\"prompt\": \"p\", \"referenceResponse\": \"yes\"}\n{\"prompt\": \"q\", \"referenceResponse\": \"no\"}\n",
    );
    let (_, report) = in_folder(&dir, &["eval/a.jsonl", "eval/b.jsonl"]);
    assert_eq!(
        found(&report["files"][1], "conflicting-duplicate"),
        [(2, "1 record with a prompt that has another reference answer in another file: line 2 as eval/a.jsonl line 1".into())]
    );
}

#[test]
fn a_question_that_stands_twice_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("eval")).unwrap();
    let question = |answer: &str| {
        format!("{{\"prompt\": \"Is it so?\", \"referenceResponse\": \"{answer}\"}}\n")
    };
    let text = [question("Yes."), question("No."), question("Yes.")].concat();
    std::fs::write(dir.path().join("eval/q.jsonl"), text).unwrap();
    let (code, report) = in_folder(&dir, &["eval/q.jsonl"]);
    let file = &report["files"][0];
    assert_eq!(
        (
            code,
            &file["records"],
            &file["duplicates"],
            &file["conflicts"]
        ),
        (0, &3.into(), &0.into(), &1.into())
    );
    assert_eq!(
        found(file, "exact-duplicate"),
        [(
            0,
            "1 exact repetition of earlier records, the first at line 3".into()
        )]
    );
    assert_eq!(
        found(file, "conflicting-duplicate"),
        [(0, "1 record with a prompt that came before with another reference answer, the first at line 2".into())]
    );
}
