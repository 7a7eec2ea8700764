//! `perennial check` and `perennial rules` on real files: what is found, how it is shown, and the exit status.
#![allow(clippy::unwrap_used)]
mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use common::{path, perennial, run, told};
use serde_json::Value;

const GOOD: &str = "{\"prompt\": \"a question\", \"completion\": \"an answer\"}\n";

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
    let report: Value = serde_json::from_str(&out).unwrap();
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
        out.contains("rejected") && out.contains("bad.jsonl:2") && out.contains("help:"),
        "{out}"
    );
    assert!(error.contains("1 file rejected"), "{error}");
    let (code, out, _) = run(&["check", "--json", path(&data)]);
    let report: Value = serde_json::from_str(&out).unwrap();
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
    assert!(out.contains("note[fewer-than-minimum]"), "{out}");
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

/// A dozen things that people get wrong, in one file, and an evaluation set and configurations beside it.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
    let mut bad = GOOD.repeat(2);
    // Put together here, so that no scanner of repositories takes this file for a leak.
    let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    for line in [
        "{\"prompt\": \"É System: <b>be kind</b>\", \"completion\": \"Yes\"}",
        "{\"prompt\": \"broken\", \"completion\": ",
        "{\"prompt\": \"no answer\"}",
        "{\"prompt\": 7, \"completion\": \"a number\"}",
        "{\"prompt\": \"more\", \"completion\": \"members\", \"id\": 4}",
        &format!("{{\"prompt\": \"my key is {key}\", \"completion\": \"tell nobody\"}}"),
    ] {
        writeln!(bad, "{line}").unwrap();
    }
    write("bad.jsonl", bad);
    let good: String = (0..20)
        .map(|n| {
            GOOD.replace("a question", &format!("question {n}"))
                .replace("an answer", &format!("answer {n}"))
        })
        .collect();
    write("good.jsonl", good);
    std::fs::create_dir(dir.path().join("eval")).unwrap();
    write(
        "eval/prompts.jsonl",
        "{\"prompt\": \"q\", \"referenceResponse\": \"a\"}\n".into(),
    );
    write(
        "bot.toml",
        "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\nepochs = 2\n".into(),
    );
    dir
}

/// The command in the folder, so that names are as a person writes them.
fn in_folder(dir: &tempfile::TempDir, args: &[&str]) -> (i32, String, String) {
    told(perennial(args).current_dir(dir.path()).output().unwrap())
}

#[test]
fn check_shows_each_finding_with_its_line_of_the_file() {
    let dir = folder();
    let (code, out, _) = in_folder(&dir, &["check", "bad.jsonl"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!(out);
}

#[test]
fn check_tells_of_several_files_one_after_the_other() {
    let dir = folder();
    let (code, out, error) = in_folder(
        &dir,
        &["check", "good.jsonl", "eval/prompts.jsonl", "bot.toml"],
    );
    assert_eq!(code, 1);
    insta::assert_snapshot!(out + "--\n" + &error);
}

#[test]
fn check_counts_the_training_records_of_all_files_together() {
    let dir = folder();
    std::fs::write(dir.path().join("a.jsonl"), GOOD).unwrap();
    let other = GOOD.replace("a question", "another question");
    // What both have is in a job once.
    std::fs::write(dir.path().join("b.jsonl"), GOOD.to_owned() + &other).unwrap();
    let (code, out, _) = in_folder(&dir, &["check", "a.jsonl", "b.jsonl"]);
    assert_eq!(code, 0, "{out}");
    let said = "Amazon Nova Micro needs at least 8 training records in a job; here are 2.";
    assert!(out.contains(said), "{out}");
    let (_, out, _) = in_folder(&dir, &["check", "a.jsonl", "good.jsonl"]);
    assert!(!out.contains(said), "{out}");
}

#[test]
fn check_takes_columns_and_what_is_done_about_secrets_from_the_configuration() {
    let dir = folder();
    let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    let table = format!("asked,said,kind\nmy key is {key},well,a\n");
    std::fs::write(dir.path().join("table.csv"), table).unwrap();
    let config = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[data]\nsecrets = \"reject\"\n\
        columns = { prompt = \"asked\", completion = \"said\" }\n";
    std::fs::write(dir.path().join("bot.toml"), config).unwrap();
    let check = |more: &[&str]| {
        let args = [&["check", "--json", "table.csv"], more].concat();
        let (code, out, error) = in_folder(&dir, &args);
        let report: Value = serde_json::from_str(&out).unwrap();
        (code, report["files"][0]["finding_counts"].clone(), error)
    };
    let (code, counts, error) = check(&["--config", "bot.toml"]);
    assert_eq!(
        (code, &counts["secret"]),
        (1, &1.into()),
        "{counts} {error}"
    );
    let (code, counts, _) = check(&["--config", "bot.toml", "--secrets", "off"]);
    assert_eq!((code, &counts["secret"]), (0, &Value::Null));
    let (code, counts, _) = check(&[]);
    assert_eq!((code, &counts["table-columns"]), (1, &1.into()));
}

#[test]
fn check_is_plain_text_where_no_one_can_see_colours() {
    let dir = folder();
    let (_, out, _) = in_folder(&dir, &["check", "bad.jsonl"]);
    assert!(!out.contains('\u{1b}') && !out.contains('╭'), "{out}");
}

#[test]
fn check_finds_the_same_on_any_number_of_threads() {
    let dir = folder();
    let json = |threads| {
        let args = [
            "check",
            "--json",
            "bad.jsonl",
            "good.jsonl",
            "--threads",
            threads,
        ];
        in_folder(&dir, &args).1
    };
    assert_eq!(json("1"), json("4"));
    assert_eq!(
        in_folder(&dir, &["check", "good.jsonl", "--threads", "0"]).0,
        2
    );
}

#[test]
fn check_rejects_warns_of_or_passes_over_secrets_as_it_is_told() {
    let dir = folder();
    let severities = |secrets: &[&str]| {
        let args = [&["check", "--json", "bad.jsonl"], secrets].concat();
        let (_, out, _) = in_folder(&dir, &args);
        let report: Value = serde_json::from_str(&out).unwrap();
        let findings = report["files"][0]["findings"].as_array().unwrap().clone();
        let secrets = findings
            .into_iter()
            .filter(|finding| finding["rule"] == "secret");
        secrets
            .map(|finding| finding["severity"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(severities(&[]), ["warning"]);
    assert_eq!(severities(&["--secrets", "warn"]), ["warning"]);
    assert_eq!(severities(&["--secrets", "reject"]), ["error"]);
    assert!(severities(&["--secrets", "off"]).is_empty());
}

#[test]
fn check_writes_a_page_for_people() {
    let dir = folder();
    let (code, out, _) = in_folder(
        &dir,
        &["check", "bad.jsonl", "good.jsonl", "--html", "report.html"],
    );
    assert_eq!(code, 1);
    assert!(out.contains("forbidden-string"), "{out}");
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    for words in [
        "1 of 2 files rejected",
        "forbidden-string",
        "What training would cost",
        "&lt;b&gt;be kind",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let (code, out, error) = in_folder(
        &dir,
        &["check", "good.jsonl", "--html", "no/such/folder.html"],
    );
    assert_eq!(code, 3, "{error}");
    assert!(
        out.contains("good.jsonl: accepted"),
        "what was found: {out}"
    );
    assert!(
        error.contains("cannot write no/such/folder.html"),
        "{error}"
    );
}

#[test]
fn check_reads_files_larger_than_a_piece() {
    let dir = folder();
    let mut records = String::new();
    for n in 0..40_000 {
        records.push_str(&GOOD.replace("a question", &format!("question {n}")));
    }
    std::fs::write(dir.path().join("large.jsonl"), &records).unwrap();
    let file = std::fs::File::create(dir.path().join("large.jsonl.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::none());
    gzip.write_all(records.as_bytes()).unwrap();
    gzip.finish().unwrap();
    let args = ["check", "--json", "large.jsonl", "large.jsonl.gz"];
    let (_, out, error) = in_folder(&dir, &args);
    let report: Value = serde_json::from_str(&out).unwrap();
    for file in [0, 1] {
        assert_eq!(report["files"][file]["records"], 40_000, "{error}");
    }
    assert_eq!(report["files"][1]["compression"], "gzip");
}

#[test]
fn check_holds_data_against_models_that_cannot_be_served_yet() {
    let dir = folder();
    let args = [
        "check",
        "--json",
        "good.jsonl",
        "--model",
        "meta.llama3-1-8b-instruct-v1:0:128k",
    ];
    let (code, out, error) = in_folder(&dir, &args);
    assert_eq!(code, 0, "{error}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["base_model"], "meta.llama3-1-8b-instruct-v1:0");
    assert_eq!(report["files"][0]["target"]["shape"], "prompt/completion");
    assert!(out.contains("a run would be refused"), "{out}");
}

#[test]
fn check_knows_the_data_of_techniques_that_this_version_does_not_start() {
    let dir = folder();
    std::fs::write(
        dir.path().join("chapter.md"),
        "# Ownership\n\nA set of rules.\n",
    )
    .unwrap();
    let prompts = "{\"prompt\": \"What is ownership?\"}\n";
    std::fs::write(dir.path().join("prompts.jsonl"), prompts).unwrap();
    let rewarded = "{\"messages\": [{\"role\": \"user\", \"content\": \"2 + 2?\"}], \"reference_answer\": \"4\"}\n";
    std::fs::write(dir.path().join("rewarded.jsonl"), rewarded).unwrap();
    let nova_2 = "amazon.nova-2-lite-v1:0";
    for (file, technique) in [
        ("chapter.md", "continued-pre-training"),
        ("prompts.jsonl", "distillation"),
        ("rewarded.jsonl", "reinforcement-fine-tuning"),
    ] {
        let args = ["check", file, "--technique", technique, "--model", nova_2];
        let (code, out, error) = in_folder(&dir, &args);
        assert_eq!(code, 0, "{out}{error}");
        assert!(out.contains(&format!("{nova_2}, {technique}")), "{out}");
        assert!(out.contains("note: the data was checked;"), "{out}");
    }
    let args = [
        "check",
        "chapter.md",
        "--technique",
        "continued-pre-training",
        "--model",
        "nova-nano",
    ];
    assert_eq!(in_folder(&dir, &args).0, 2);
    let args = [
        "check",
        "rewarded.jsonl",
        "--technique",
        "reinforcement-fine-tuning",
    ];
    let (code, _, error) = in_folder(&dir, &args);
    assert_eq!(code, 2);
    assert!(error.contains(nova_2), "{error}");
}

#[test]
fn rules_are_those_of_the_model_and_the_technique() {
    let ids = |args: &[&str]| {
        let (code, out, error) = run(&[&["rules", "--json"], args].concat());
        assert_eq!(code, 0, "{error}");
        let rules: Vec<Value> = serde_json::from_str(&out).unwrap();
        let ids = rules
            .iter()
            .map(|rule| rule["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let all = ids(&[]);
    let micro = ids(&[
        "--model",
        "amazon.nova-micro-v1:0:128k",
        "--technique",
        "fine-tuning",
    ]);
    let lite = ids(&[
        "--model",
        "amazon.nova-2-lite-v1:0",
        "--technique",
        "fine-tuning",
    ]);
    let documents = ids(&["--technique", "continued-pre-training"]);
    let has = |ids: &[String], id: &str| ids.iter().any(|one| one == id);
    assert!(all.len() > lite.len() && lite.len() > micro.len() && micro.len() > documents.len());
    assert!(has(&micro, "forbidden-string") && !has(&micro, "reasoning-place"));
    assert!(has(&lite, "reasoning-place") && !has(&lite, "empty-document"));
    assert!(has(&documents, "empty-document") && !has(&documents, "forbidden-string"));
    let (code, out, _) = run(&["rules"]);
    assert_eq!((code, out.lines().count()), (0, all.len() + 3));
    let (code, _, error) = run(&["rules", "--model", "nova-nano"]);
    assert_eq!(code, 2);
    assert!(error.contains("amazon.nova-micro"), "{error}");
    assert_eq!(run(&["rules", "--technique", "magic"]).0, 2);
}
