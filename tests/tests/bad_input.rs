//! Bad input, each with a report that says what to do, and nothing lost.

use jiff::SignedDuration;
use perennial_core::run::{Outcome, RunState};
use perennial_core::upload::UploadStatus;
use perennial_engine::records;
use perennial_tests::{World, config, evaluation, training};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

async fn status(world: &World, key: &str) -> UploadStatus {
    let name = perennial_core::names::PipelineName::parse("bot").expect("valid");
    let upload = records::upload(world.cloud.table.as_ref(), &name, key)
        .await
        .expect("readable");
    upload.expect("the upload is known").record.status
}

#[tokio::test]
async fn an_upload_before_its_configuration_waits_for_it() {
    let mut world = World::new();
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR).await;
    assert_eq!(
        status(&world, "data/bot/a.jsonl").await,
        UploadStatus::Waiting
    );
    let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
    assert!(report.contains("pipelines/bot.toml"), "{report}");
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload("pipelines/bot.toml", config(""));
    world.pass(HOUR * 6).await;
    assert_eq!(
        status(&world, "data/bot/a.jsonl").await,
        UploadStatus::Accepted
    );
    assert_eq!(
        world.runs("bot").await[0].outcome(),
        Some(Outcome::Promoted)
    );
}

#[tokio::test]
async fn a_broken_configuration_gets_a_report_and_the_last_good_one_stays() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.pass(HOUR).await;
    let good = world.pipeline("bot").await.config;
    for (text, expected) in [
        ("technique = ", "line 1"),
        (
            "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[triger]\nmin_records = 1\n",
            "trigger",
        ),
        (
            "technique = \"fine-tuning\"\nbase_model = \"amazon.titan-text-lite-v1\"\n",
            "amazon.titan-text-lite-v1",
        ),
        (
            "technique = \"continued-pre-training\"\nbase_model = \"amazon.nova-micro-v1:0\"\n",
            "continued-pre-training",
        ),
        (
            "technique = \"distillation\"\nbase_model = \"amazon.nova-micro-v1:0\"\n",
            "distillation",
        ),
    ] {
        world.upload("pipelines/bot.toml", text);
        world.pass(HOUR).await;
        let pipeline = world.pipeline("bot").await;
        assert_eq!(pipeline.config, good);
        let report = world.report("reports/bot/configuration.txt");
        assert!(report.starts_with("rejected"), "{report}");
        assert!(report.contains(expected), "{report}");
        assert!(report.contains("stays in force"), "{report}");
    }
    world.upload(
        "pipelines/bot.toml",
        config("[evaluation]\nmax_prompts = 50\n"),
    );
    world.pass(HOUR).await;
    let pipeline = world.pipeline("bot").await;
    assert_eq!(pipeline.config_error, None);
    assert_eq!(
        pipeline.config.expect("good").config.evaluation.max_prompts,
        50
    );
}

#[tokio::test]
async fn bad_files_are_rejected_with_the_line_and_the_fix() {
    let mut broken = training().repeat(29);
    broken = broken
        .lines()
        .take(4_710)
        .map(|line| format!("{line}\n"))
        .collect();
    broken.push_str("{\"prompt\": \"a\", \"completion\": \n");
    let huge = format!(
        "{{\"prompt\": \"{}\", \"completion\": \"b\"}}\n",
        "a".repeat(200_000_000)
    );
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("empty.jsonl", Vec::new(), "empty"),
        ("broken.jsonl", broken.into_bytes(), "4711"),
        (
            "shape.jsonl",
            b"{\"question\": \"a\", \"reply\": \"b\"}\n".to_vec(),
            "question",
        ),
        (
            "binary.jsonl",
            b"PK\x03\x04\x00\x00\x00\x00binary".to_vec(),
            "ZIP",
        ),
        ("huge.jsonl", huge.into_bytes(), "line"),
        (
            "strange name +%20ä€.jsonl",
            b"not json\n".to_vec(),
            "line 1",
        ),
    ];
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    for (name, body, expected) in cases {
        let key = format!("data/bot/{name}");
        world.cloud.objects.upload(&key, body);
        world.pass(HOUR).await;
        assert_eq!(status(&world, &key).await, UploadStatus::Rejected, "{name}");
        let report = world.report(&format!("reports/bot/uploads/{key}.txt"));
        assert!(report.starts_with("rejected"), "{report}");
        assert!(
            report.to_lowercase().contains(&expected.to_lowercase()),
            "{name}: {report}"
        );
    }
    assert!(world.runs("bot").await.is_empty());
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_good_file_under_a_strange_name_is_trained_on() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload(
        "data/bot/a folder/with + and 100% ünïcödé.jsonl",
        training(),
    );
    world.pass(HOUR * 6).await;
    assert_eq!(
        world.runs("bot").await[0].outcome(),
        Some(Outcome::Promoted)
    );
}

#[tokio::test]
async fn a_folder_that_no_pipeline_can_have_is_told_in_a_report() {
    let mut world = World::new();
    world.upload("data/Support Bot/a.jsonl", training());
    world.pass(HOUR).await;
    let report = world.report("reports/Support Bot/uploads/data/Support Bot/a.jsonl.txt");
    assert!(report.contains("lower-case"), "{report}");
}

#[tokio::test]
async fn a_rejected_replacement_leaves_the_earlier_version_in_force_and_says_so() {
    let mut world = World::new();
    world.upload(
        "pipelines/bot.toml",
        config("[trigger]\nmin_records = 100000\n").replace(
            "[trigger]\nmin_records = 100\nquiet_for = \"1m\"\nat_most_every = \"1m\"\n",
            "",
        ),
    );
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR).await;
    world.upload("data/bot/a.jsonl", "{\"prompt\": 1}\n");
    world.pass(HOUR).await;
    assert_eq!(
        status(&world, "data/bot/a.jsonl").await,
        UploadStatus::Rejected
    );
    let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
    assert!(report.contains("stays in force"), "{report}");
    assert_eq!(
        world.pipeline("bot").await.pending_records,
        168,
        "168 of 100000 records"
    );
}

#[tokio::test]
async fn an_evaluation_set_too_small_to_decide_anything_is_refused_before_money_is_spent() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    let two: String = evaluation()
        .lines()
        .take(2)
        .map(|line| format!("{line}\n"))
        .collect();
    world.upload("eval/bot/e.jsonl", two);
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR * 24).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "no second try before something changes");
    let RunState::Ended {
        outcome: Outcome::Failed,
        reason,
        ..
    } = &runs[0].state
    else {
        panic!("{:?}", runs[0].state)
    };
    assert!(reason.contains("prompts"), "{reason}");
    assert!(world.cloud.bedrock.training_jobs().is_empty());
    // More questions are a change: the run is tried again by itself.
    world.upload("eval/bot/e.jsonl", evaluation());
    world.pass(HOUR * 6).await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[1].outcome(),
        Some(Outcome::Promoted),
        "{:?}",
        runs[1].state
    );
}

#[tokio::test]
async fn a_file_deleted_while_a_run_trains_on_it_leaves_the_run_alone_and_later_datasets() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", training());
    world.pass(SignedDuration::from_mins(20)).await;
    let run = world.runs("bot").await.remove(0);
    assert!(
        matches!(run.state, RunState::Training { .. }),
        "{:?}",
        run.state
    );
    world.cloud.objects.delete("data/bot/a.jsonl");
    world.pass(HOUR * 6).await;
    assert_eq!(
        world.runs("bot").await[0].outcome(),
        Some(Outcome::Promoted)
    );
    assert_eq!(
        status(&world, "data/bot/a.jsonl").await,
        UploadStatus::Withdrawn
    );
    let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
    assert!(report.contains(run.id.as_str()), "{report}");
    world.upload("data/bot/b.jsonl", training().replace("Hello", "Hi"));
    world.pass(HOUR * 6).await;
    let second = world.runs("bot").await.remove(1);
    assert_eq!(
        second.dataset.uploads, 1,
        "the deleted file is in no later dataset"
    );
}

#[tokio::test]
async fn a_run_over_budget_is_refused_with_the_figures() {
    let mut world = World::new();
    world.upload(
        "pipelines/bot.toml",
        config("[budget]\nper_run_usd = 0.001\n"),
    );
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR * 6).await;
    let runs = world.runs("bot").await;
    let RunState::Ended {
        outcome: Outcome::Failed,
        reason,
        ..
    } = &runs[0].state
    else {
        panic!("{:?}", runs[0].state)
    };
    assert!(reason.contains("per_run_usd"), "{reason}");
    assert!(world.cloud.bedrock.training_jobs().is_empty());
}

#[tokio::test]
async fn without_an_evaluation_set_a_share_is_held_out_and_never_trained_on() {
    let mut world = World::new();
    world.upload(
        "pipelines/bot.toml",
        config("[evaluation]\nholdout = 0.3\n"),
    );
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR * 6).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    let prepared = run.prepared.expect("prepared");
    assert!(prepared.held_out > 20, "{prepared:?}");
    assert_eq!(prepared.records + prepared.held_out, 168);
    assert_eq!(prepared.prompts, prepared.held_out);
}

#[tokio::test]
async fn a_replacement_that_made_a_model_worse_gives_way_to_what_it_replaced() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR * 6).await;
    world.upload("data/bot/a.jsonl", perennial_tests::shuffled());
    world.pass(HOUR * 6).await;
    let declined = world.runs("bot").await.remove(1);
    assert_eq!(declined.outcome(), Some(Outcome::Declined));
    let report = world.report(&format!("reports/bot/runs/{}.txt", declined.id));
    assert!(report.contains("perennial release bot"), "{report}");
    // New data comes: the dataset holds the first version again, not the worse one.
    world.upload("data/bot/b.jsonl", training().replace("Hello", "Hi"));
    world.pass(HOUR * 6).await;
    let third = world.runs("bot").await.remove(2);
    assert_eq!(third.dataset.uploads, 2);
    assert_eq!(
        third.outcome(),
        Some(Outcome::Promoted),
        "{:?}",
        third.state
    );
    let prepared = third.prepared.expect("prepared");
    assert_eq!(
        prepared.records,
        168 + 24,
        "the records that differ, once each"
    );
}

#[tokio::test]
async fn a_general_set_is_kept_and_not_mixed_into_the_gate() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload("eval/bot/general/g.jsonl", evaluation().replace("?", "!"));
    world.upload("data/bot/a.jsonl", training());
    world.pass(HOUR * 6).await;
    assert_eq!(
        world.runs("bot").await[0]
            .prepared
            .as_ref()
            .expect("prepared")
            .prompts,
        72
    );
    let report = world.report("reports/bot/uploads/eval/bot/general/g.jsonl.txt");
    assert!(report.starts_with("kept"), "{report}");
}

#[tokio::test]
async fn a_broken_configuration_is_told_once_and_not_every_day() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", "technique = ");
    world.pass(HOUR * 24 * 4).await;
    let told = world.cloud.announce.heard();
    let rejected = told
        .iter()
        .filter(|said| said.detail_type == "Configuration Rejected")
        .count();
    assert_eq!(rejected, 1);
}

#[tokio::test]
async fn a_change_of_the_base_model_compiles_the_originals_anew_and_quarantine_stays() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/e.jsonl", evaluation());
    world.upload("data/bot/good.jsonl", training());
    world.pass(HOUR * 6).await;
    world.upload("data/bot/worse.jsonl", perennial_tests::shuffled());
    world.pass(HOUR * 6).await;
    assert_eq!(
        world.runs("bot").await[1].outcome(),
        Some(Outcome::Declined)
    );
    let other = config("[budget.prices]\ntraining_per_1k_tokens = 0.002\n")
        .replace("nova-micro", "nova-lite");
    world.upload("pipelines/bot.toml", other);
    world.pass(HOUR * 6).await;
    world.upload("data/bot/more.jsonl", training().replace("Hello", "Hi"));
    world.pass(HOUR * 6).await;
    let third = world.runs("bot").await.remove(2);
    assert_eq!(third.dataset.uploads, 2, "the worse file stays out");
    assert!(third.route.customization_id.contains("nova-lite"));
    assert_eq!(
        third.outcome(),
        Some(Outcome::Promoted),
        "{:?}",
        third.state
    );
}

#[tokio::test]
async fn an_uploads_report_says_which_records_stand_in_the_evaluation_set_and_the_shard_does_not_depend_on_it()
 {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("data/bot/before.jsonl", training());
    world.settle().await;
    let report = |world: &World, name: &str| {
        world.report(&format!("reports/bot/uploads/data/bot/{name}.jsonl.txt"))
    };
    let before = report(&world, "before");
    assert!(!before.contains("evaluation"), "{before}");

    // Of 84 questions, the third and the sixth record's are two; one of them is spelt otherwise.
    let prompt = |n: usize| {
        let line = training();
        let line = line.lines().nth(n).expect("there").to_owned();
        let record: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        record["prompt"].as_str().expect("text").to_owned()
    };
    let mut questions = evaluation();
    for prompt in [prompt(2), prompt(5).to_uppercase()] {
        let question = serde_json::json!({ "prompt": prompt, "referenceResponse": "x" });
        questions.push_str(&format!("{question}\n"));
    }
    world.upload("eval/bot/questions.jsonl", questions);
    world.settle().await;
    world.upload("data/bot/after.jsonl", training());
    world.settle().await;
    let after = report(&world, "after");
    assert!(after.starts_with("accepted"), "{after}");
    for line in ["line 3: evaluation-leak", "line 6: evaluation-leak"] {
        assert!(after.contains(line), "{line}: {after}");
    }
    assert_eq!(
        after.matches("evaluation-leak (note)").count(),
        2,
        "{after}"
    );
    let share = "2 of 168 records have their prompt in the evaluation set";
    assert!(after.contains(share), "1.2 %, so it is a warning: {after}");

    let name = perennial_core::names::PipelineName::parse("bot").expect("valid");
    let mut contents = Vec::new();
    for file in ["before", "after"] {
        let key = format!("data/bot/{file}.jsonl");
        let upload = records::upload(world.cloud.table.as_ref(), &name, &key).await;
        let shard = upload.expect("readable").expect("known").record.shard;
        contents.push(shard.expect("a shard").content);
    }
    assert_eq!(contents[0], contents[1]);
}

#[tokio::test]
async fn an_evaluation_set_that_is_too_large_to_be_looked_at_is_said_and_the_upload_taken_all_the_same()
 {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    for n in 0..21 {
        world.upload(&format!("eval/bot/{n}.jsonl"), evaluation());
    }
    world.settle().await;
    world.upload("data/bot/a.jsonl", training());
    world.settle().await;
    let report = world.report("reports/bot/uploads/data/bot/a.jsonl.txt");
    assert!(report.starts_with("accepted"), "{report}");
    let words =
        "whether records stand in the evaluation set was not looked at: it has more than 20 files";
    assert!(report.contains(words), "{report}");
}
