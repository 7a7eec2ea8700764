//! Distillation from invocation logs: they are dropped, checked, and handed to the job as Bedrock wrote them. In one process.

use jiff::SignedDuration;
use perennial_core::routing::Customization;
use perennial_core::run::{Outcome, RunState};
use perennial_core::upload::UploadStatus;
use perennial_engine::records;
use perennial_tests::World;
use serde_json::json;

const LOGS: &str = r#"
technique = "distillation"
base_model = "amazon.nova-micro-v1:0"
[training.distillation]
teacher = "amazon.nova-pro-v1:0"
data = "invocation-logs"
use_logged_answers = true
max_response_tokens = 100
[trigger]
min_records = 100
quiet_for = "1m"
[promotion]
approval = "manual"
"#;

fn log(number: usize) -> String {
    let text = |text: String| json!([{ "text": text }]);
    let entry = json!({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "modelId": "amazon.nova-pro-v1:0",
        "input": { "inputBodyJson": { "messages": [{ "role": "user", "content": text(format!("What is {number}?")) }] } },
        "output": { "outputBodyJson": { "output": { "message": { "role": "assistant", "content": text(format!("It is {number}.")) } } } },
    });
    format!("{entry}\n")
}

async fn status(world: &World, key: &str) -> UploadStatus {
    let name = perennial_core::names::PipelineName::parse("bot").expect("valid");
    let upload = records::upload(world.cloud.table.as_ref(), &name, key).await;
    upload.expect("readable").expect("known").record.status
}

#[tokio::test]
async fn logs_go_to_the_job_as_they_are_in_a_folder_of_their_own() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", LOGS);
    let logs: String = (0..120).map(log).collect();
    world.upload("data/bot/2026/11/20/logs.json", logs.clone());
    world.upload("data/bot/prompts.jsonl", "{\"prompt\":\"What is 121?\"}\n");
    world.pass(SignedDuration::from_hours(12)).await;
    assert_eq!(
        status(&world, "data/bot/2026/11/20/logs.json").await,
        UploadStatus::Accepted
    );
    assert_eq!(
        status(&world, "data/bot/prompts.jsonl").await,
        UploadStatus::Rejected
    );

    let run = &world.runs("bot").await[0];
    assert!(
        matches!(run.state, RunState::AwaitingApproval { .. }),
        "{:#?} {:?}",
        run.state,
        world.failures
    );
    let jobs = world.cloud.bedrock.training_jobs();
    assert_eq!(jobs.len(), 1);
    let spec = &jobs[0].spec;
    assert_eq!(
        spec.training_key,
        format!("work/bot/{}/logs/train.json", run.id)
    );
    assert!(matches!(
        spec.customization,
        Customization::Distillation {
            logged_answers: Some(true),
            ..
        }
    ));
    let file = world
        .cloud
        .objects
        .read_text(&spec.training_key)
        .expect("it is there");
    let parsed = |text: &str| -> Vec<serde_json::Value> {
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    };
    assert_eq!(parsed(&file), parsed(&logs), "every entry, with its answer");
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn logs_in_a_pipeline_of_prompts_are_asked_again_and_the_report_says_that_their_answers_are_left_out()
 {
    let mut world = World::new();
    world.upload(
        "pipelines/bot.toml",
        LOGS.replace(
            "data = \"invocation-logs\"\nuse_logged_answers = true\n",
            "",
        ),
    );
    world.upload("data/bot/logs.json", (0..120).map(log).collect::<String>());
    world.pass(SignedDuration::from_hours(12)).await;
    let report = world.report("reports/bot/uploads/data/bot/logs.json.txt");
    assert!(
        report.starts_with("accepted") && report.contains("output"),
        "{report}"
    );
    let run = &world.runs("bot").await[0];
    assert_ne!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    let jobs = world.cloud.bedrock.training_jobs();
    let file = world
        .cloud
        .objects
        .read_text(&jobs[0].spec.training_key)
        .expect("it is there");
    assert_eq!(file.lines().count(), 120);
    assert!(!file.contains("It is 7."), "the teacher answers anew");
}
