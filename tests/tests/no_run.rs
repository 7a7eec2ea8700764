//! What no run is opened for, as what it trains could not be used: the reason is on record, nothing is reserved, and it is no run that
//! ended in vain. In one process.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::run::{Outcome, Run};
use perennial_tests::{World, config, evaluation, training};

const CONTAINER: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[training]
on = "sagemaker"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[idle]
after = "2d"
grace = "1d"
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

const BOOK: &str = r#"
technique = "continued-pre-training"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 2
quiet_for = "1m"
at_most_every = "1h"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1"
instance_type = "ml.g5.2xlarge"
max_run = "4h"
[budget]
per_run_usd = 60
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0003
output_per_1k_tokens = 0.0003
"#;

const MONTH: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[promotion]
serve = "provisioned"
model_units = 1
commitment = "one-month"
[budget]
serving_per_month_usd = 60000
[budget.prices]
provisioned_per_hour = 20
"#;

fn more(word: &str) -> String {
    training().replace("\"prompt\":\"", &format!("\"prompt\":\"{word} "))
}

async fn reason(world: &World) -> String {
    let nothing = world.pipeline("bot").await.nothing_to_train;
    nothing.expect("the reason is on record").reason
}

async fn outcomes(world: &World) -> Vec<Option<Outcome>> {
    let runs = world.runs("bot").await;
    runs.iter().map(Run::outcome).collect()
}

#[tokio::test]
async fn an_account_without_a_place_pauses_no_pipeline_and_the_next_upload_is_trained_on_when_there_is_one()
 {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", CONTAINER);
    world.upload("eval/bot/questions.jsonl", evaluation());
    for word in ["a", "b", "c", "d", "e", "f"] {
        world.upload(&format!("data/bot/{word}.jsonl"), more(word));
        world.pass(SignedDuration::from_hours(8)).await;
    }
    let three = [Some(Outcome::Promoted); 3];
    assert_eq!(outcomes(&world).await, three);
    let words = reason(&world).await;
    assert!(words.contains("3 of 3 imported models"), "{words}");
    assert_eq!(world.pipeline("bot").await.paused, None);
    assert_eq!(world.cloud.bedrock.container_jobs().len(), 3, "no job");

    world.pass(SignedDuration::from_hours(24 * 10)).await;
    world.upload("data/bot/g.jsonl", more("g"));
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 4]);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn uploads_that_are_rejected_under_new_settings_are_named() {
    let mut world = World::new();
    let many = config("").replace("min_records = 100", "min_records = 100000");
    world.upload("pipelines/bot.toml", many);
    world.upload("data/bot/tickets.jsonl", training());
    world.settle().await;
    world.upload("pipelines/bot.toml", BOOK);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.settle().await;
    world.pass(SignedDuration::from_mins(30)).await;
    let pipeline = PipelineName::parse("bot").expect("valid");
    world.request(Request::Start { pipeline }).await;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(outcomes(&world).await, []);
    let words = reason(&world).await;
    assert!(words.contains("data/bot/tickets.jsonl"), "{words}");
    assert!(words.contains("compiled for other settings"), "{words}");
}

#[tokio::test]
async fn what_could_not_take_the_place_of_throughput_that_is_bought_for_a_month_is_not_trained() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", MONTH);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/a.jsonl", more("a"));
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted)]);
    let two = MONTH.replace("model_units = 1", "model_units = 2");
    world.upload("pipelines/bot.toml", two);
    world.upload("data/bot/b.jsonl", more("b"));
    world.pass(SignedDuration::from_hours(8)).await;
    let words = reason(&world).await;
    assert!(words.contains("is bought until"), "{words}");
    assert!(words.contains("other model units"), "{words}");
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1, "no job");

    let other = MONTH.replace("nova-micro", "nova-lite");
    world.upload("pipelines/bot.toml", other);
    world.pass(SignedDuration::from_hours(8)).await;
    let words = reason(&world).await;
    assert!(words.contains("another base model"), "{words}");

    // The same again takes the place in its month.
    world.upload("pipelines/bot.toml", MONTH);
    world.pass(SignedDuration::from_hours(8)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
}
