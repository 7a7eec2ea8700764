//! Bad input through the drop folder and the SDK: a clear report, nothing lost, and the functions live on.

use crate::harness::{Cloud, config, wait};

#[test]
fn every_kind_of_bad_file_gets_its_report_and_the_good_one_is_trained_on() {
    let cloud = Cloud::start();
    // No configuration yet.
    cloud.drop_file(
        "data/bot/a first + file %20 ünï.jsonl",
        perennial_tests::training(),
    );
    cloud.wait_for_report(
        "bot/uploads/data/bot/a first + file %20 ünï.jsonl.txt",
        "pipelines/bot.toml",
    );
    // A broken one, an unknown key, a base model that cannot be fine-tuned.
    let bad = [
        ("technique = ", "line 1"),
        (
            "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[evaluation]\nmax_promts = 4\n",
            "max_prompts",
        ),
        (
            "technique = \"fine-tuning\"\nbase_model = \"amazon.titan-text-express-v1\"\n",
            "titan-text-express",
        ),
        (
            "technique = \"distillation\"\nbase_model = \"amazon.nova-micro-v1:0\"\n",
            "distillation",
        ),
    ];
    for (text, words) in bad {
        cloud.drop_file("pipelines/bot.toml", text);
        let report = cloud.wait_for_report("bot/configuration.txt", words);
        assert!(report.starts_with("rejected"), "{report}");
    }
    // The data is there already; on a busy machine the questions may take a while.
    let patient = config("").replace("quiet_for = \"1s\"", "quiet_for = \"15s\"");
    cloud.drop_file("pipelines/bot.toml", patient);
    cloud.wait_for_report("bot/configuration.txt", "in force");
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());

    let mut line_4711: String = perennial_tests::training()
        .lines()
        .cycle()
        .take(4_710)
        .map(|l| format!("{l}\n"))
        .collect();
    line_4711.push_str("{\"prompt\": \"a\", \n");
    let huge = format!("{{\"prompt\": \"{}\"}}\n", "a".repeat(200_000_000));
    for (name, body, words) in [
        ("empty.jsonl", Vec::new(), "empty"),
        ("broken.jsonl", line_4711.into_bytes(), "line 4711"),
        (
            "shape.jsonl",
            b"{\"q\": \"a\", \"a\": \"b\"}\n".to_vec(),
            "unknown",
        ),
        (
            "binary.jsonl",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
            "PNG",
        ),
        ("huge.jsonl", huge.into_bytes(), "line-too-long"),
    ] {
        cloud.put(&format!("data/bot/{name}"), &body);
        let report = cloud.wait_for_report(&format!("bot/uploads/data/bot/{name}.txt"), words);
        assert!(report.starts_with("rejected"), "{report}");
    }
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(
        run["records"], 168,
        "the file with the strange name, and nothing else"
    );
}

#[test]
fn a_worse_replacement_is_declined_and_a_file_deleted_in_mid_run_is_withdrawn() {
    let cloud = crate::harness::with_data("");
    cloud.wait_for_stage("bot", 0, "training");
    let first = cloud.runs("bot").remove(0);
    cloud.delete("data/bot/tickets.jsonl");
    let report = cloud.wait_for_report("bot/uploads/data/bot/tickets.jsonl.txt", "withdrawn");
    assert!(report.contains(first["run"].as_str().unwrap()), "{report}");
    assert_eq!(cloud.wait_for_end("bot", 0)["outcome"], "promoted");

    cloud.put(
        "data/bot/tickets.jsonl",
        perennial_tests::shuffled().as_bytes(),
    );
    let second = cloud.wait_for_end("bot", 1);
    assert_eq!(second["outcome"], "declined", "{second:#}");
    wait("the first model still serves", || {
        cloud
            .json(&["status", "bot"])
            .filter(|status| status.to_string().contains(first["run"].as_str().unwrap()))
    });
}
