//! A model that makes pictures: images with captions are checked and trained on, a person approves, and throughput serves it.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::pipeline::is_provisioned;
use perennial_core::run::{Outcome, RunState};
use perennial_ports::memory::operation;
use perennial_tests::{World, evaluation};
use serde_json::json;

const CANVAS: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-canvas-v1:0"
[trigger]
min_records = 5
quiet_for = "1m"
at_most_every = "1h"
[training.hyperparameters]
stepCount = 1000
[promotion]
serve = "provisioned"
approval = "manual"
[budget]
serving_per_month_usd = 20000
[budget.prices]
training_per_image = 0.005
provisioned_per_hour = 25
"#;

/// A PNG of so many pixels, as far as anybody looks.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file.extend([8, 6, 0, 0, 0]);
    file
}

/// Six captioned images, the last one with these sides.
fn dropped(world: &World, last: (u32, u32)) {
    let mut records = String::new();
    for n in 0..6 {
        let (width, height) = if n == 5 { last } else { (1024, 768) };
        let key = format!("media/bot/{n}.png");
        world.cloud.objects.upload(&key, png(width, height));
        let record = json!({
            "image-ref": format!("s3://bucket/{key}"), "caption": format!("a red chair, seen from side {n}"),
        });
        records.push_str(&format!("{record}\n"));
    }
    world.upload("data/bot/chairs.jsonl", records);
}

#[tokio::test]
async fn images_with_captions_are_trained_on_and_a_person_decides_what_serves() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", CANVAS);
    // What stands here can be asked of no model that makes pictures.
    world.upload("eval/bot/questions.jsonl", evaluation());
    dropped(&world, (512, 512));
    world.pass(SignedDuration::from_hours(3)).await;
    let report = world.report("reports/bot/configuration.txt");
    assert!(report.contains("a person approves"), "{report}");
    let run = world.runs("bot").await.remove(0);
    assert!(
        matches!(run.state, RunState::AwaitingApproval { .. }),
        "{:#?} {:?}",
        run.state,
        world.failures
    );
    assert_eq!(
        world.cloud.bedrock.questions(),
        [],
        "nobody asks it anything"
    );
    assert_eq!(world.cloud.bedrock.deployments(), []);
    let jobs = world.cloud.bedrock.training_jobs();
    assert_eq!(jobs.len(), 1);
    let spec = &jobs[0].spec;
    assert_eq!(spec.base_model, "amazon.nova-canvas-v1:0");
    assert_eq!(spec.hyperparameters["stepCount"], "1000");
    let file = world.cloud.objects.read_text(&spec.training_key);
    let file = file.expect("the training file is there");
    assert_eq!(file.lines().count(), 6);
    assert!(
        file.contains(r#""image-ref":"s3://bucket/media/bot/0.png""#),
        "{file}"
    );

    let request = Request::Approve {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(1)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    let serves = world.pipeline("bot").await.deployment.expect("it serves");
    assert!(is_provisioned(&serves));
    assert_eq!(world.cloud.faults.calls(operation::CREATE_BATCH), 0);
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    for words in [
        "evaluated by a person's approval",
        "looks at 8000 images (stepCount times batchSize) at $0.005 each: $40.00",
        "$25.00 an hour, $18250.00 a month",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn an_image_with_sides_that_the_model_does_not_take_is_named_and_nothing_is_trained() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", CANVAS);
    dropped(&world, (100, 512));
    world.pass(SignedDuration::from_hours(1)).await;
    let report = world.report("reports/bot/uploads/data/bot/chairs.jsonl.txt");
    assert!(report.starts_with("rejected"), "{report}");
    assert!(report.contains("line 6: caption-image-size"), "{report}");
    assert!(world.cloud.bedrock.training_jobs().is_empty());
}

#[tokio::test]
async fn a_pipeline_of_pictures_that_no_person_approves_is_refused_when_its_configuration_arrives()
{
    for (from, to, words) in [
        (
            "approval = \"manual\"",
            "approval = \"automatic\"",
            "Set promotion.approval = \"manual\"",
        ),
        (
            "serve = \"provisioned\"",
            "serve = \"on-demand\"",
            "by provisioned throughput only",
        ),
        (
            "serving_per_month_usd = 20000",
            "serving_per_month_usd = 10000",
            "budget.serving_per_month_usd allows $10000.00",
        ),
    ] {
        let mut world = World::new();
        world.upload("pipelines/bot.toml", CANVAS.replace(from, to));
        world.settle().await;
        let report = world.report("reports/bot/configuration.txt");
        assert!(report.starts_with("rejected"), "{report}");
        assert!(report.contains(words), "{words}: {report}");
    }
}
