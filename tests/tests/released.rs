//! `[data] use = "new"` and what a declined run left in quarantine: once released it is trained on, however far the champion has come
//! meanwhile. And where nothing is left to train on, the pipeline says so.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::names::PipelineName;
use perennial_core::pipeline::{Trigger, trigger};
use perennial_core::run::{Outcome, Run};
use perennial_tests::{World, evaluation, shuffled, training};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn only_new() -> String {
    "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[trigger]\nmin_records = 100\nquiet_for = \"1m\"\n\
     at_most_every = \"1m\"\n[data]\nuse = \"new\"\n[training]\nstart_from = \"champion\"\n"
        .to_owned()
}

/// The same records once more, under another name and with another word in each prompt: new to the pipeline.
fn more(word: &str) -> String {
    training().replace("\"prompt\":\"", &format!("\"prompt\":\"{word} "))
}

fn bot() -> PipelineName {
    PipelineName::parse("bot").expect("valid")
}

/// Uploads a file and lets its run end.
async fn drops(world: &mut World, name: &str, body: String) -> Run {
    world.upload(&format!("data/bot/{name}.jsonl"), body);
    world.pass(HOUR * 6).await;
    last(world).await
}

async fn last(world: &World) -> Run {
    world.runs("bot").await.pop().expect("a run was opened")
}

async fn asks(world: &mut World, request: Request) {
    world.request(request).await;
    world.pass(HOUR * 6).await;
}

/// The files that a run sealed.
fn sealed(world: &World, run: &Run) -> Vec<String> {
    let manifest: serde_json::Value =
        serde_json::from_str(&world.report(&run.dataset.manifest_key)).expect("a manifest");
    let training = manifest["training"].as_array().expect("a list");
    let names = training.iter().map(|entry| {
        let object = entry["object"].as_str().expect("a key");
        object
            .trim_start_matches("data/bot/")
            .trim_end_matches(".jsonl")
            .to_owned()
    });
    names.collect()
}

/// a is promoted, b is declined into quarantine, c is promoted.
async fn quarantined() -> World {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", only_new());
    world.upload("eval/bot/questions.jsonl", evaluation());
    let a = drops(&mut world, "a", training()).await;
    assert_eq!(a.outcome(), Some(Outcome::Promoted), "{:?}", a.state);
    let b = drops(&mut world, "b", shuffled()).await;
    assert_eq!(b.outcome(), Some(Outcome::Declined), "{:?}", b.state);
    let c = drops(&mut world, "c", more("please")).await;
    assert_eq!(c.outcome(), Some(Outcome::Promoted), "{:?}", c.state);
    assert_eq!(sealed(&world, &c), ["c"]);
    assert_eq!(
        c.dataset.withheld,
        [(2, 3)],
        "b: the questions took a number"
    );
    world
}

#[tokio::test]
async fn what_is_released_is_in_the_next_dataset_though_the_champion_was_sealed_after_it() {
    let mut world = quarantined().await;
    asks(&mut world, Request::Release { pipeline: bot() }).await;
    assert_eq!(world.runs("bot").await.len(), 3, "a release opens no run");
    let d = drops(&mut world, "d", more("kindly")).await;
    assert_eq!(sealed(&world, &d), ["b", "d"]);
    assert_eq!(d.outcome(), Some(Outcome::Promoted), "{:?}", d.state);
    assert_eq!(d.dataset.withheld, []);
    let e = drops(&mut world, "e", more("today")).await;
    assert_eq!(sealed(&world, &e), ["e"], "what was trained on is not new");
}

#[tokio::test]
async fn start_after_a_release_trains_on_what_was_released_alone() {
    let mut world = quarantined().await;
    asks(&mut world, Request::Release { pipeline: bot() }).await;
    asks(&mut world, Request::Start { pipeline: bot() }).await;
    let run = last(&world).await;
    assert_eq!(sealed(&world, &run), ["b"]);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:?}", run.state);
    asks(&mut world, Request::Start { pipeline: bot() }).await;
    assert_eq!(last(&world).await.id, run.id, "nothing is new any more");
}

#[tokio::test]
async fn a_rollback_goes_back_to_what_the_earlier_champion_was_trained_on() {
    let mut world = quarantined().await;
    asks(&mut world, Request::Release { pipeline: bot() }).await;
    let first = world.runs("bot").await.remove(0).id;
    let request = Request::Rollback {
        pipeline: bot(),
        to: Some(first),
        from: None,
    };
    asks(&mut world, request).await;
    let d = drops(&mut world, "d", more("kindly")).await;
    assert_eq!(sealed(&world, &d), ["b", "c", "d"]);
}

#[tokio::test]
async fn where_nothing_is_left_to_train_on_the_pipeline_says_why_until_something_changes() {
    let mut world = quarantined().await;
    asks(&mut world, Request::Start { pipeline: bot() }).await;
    assert_eq!(world.runs("bot").await.len(), 3);
    let pipeline = world.pipeline("bot").await;
    let nothing = pipeline.nothing_to_train.clone().expect("it is noted");
    assert!(nothing.reason.contains("in quarantine"), "{nothing:?}");
    let Trigger::Wait { missing, until } = trigger(&pipeline, world.clock().now()) else {
        panic!("nothing is opened");
    };
    assert_eq!(until, None);
    assert_eq!(
        missing,
        [format!(
            "a change: no run could be opened, as {} (or `perennial start bot`, which tries again)",
            nothing.reason
        )]
    );
    drops(&mut world, "d", more("kindly")).await;
    assert_eq!(world.runs("bot").await.len(), 4);
    assert_eq!(world.pipeline("bot").await.nothing_to_train, None);
}

#[tokio::test]
async fn a_run_that_is_not_promoted_leaves_what_was_released_to_the_next() {
    let mut world = quarantined().await;
    asks(&mut world, Request::Release { pipeline: bot() }).await;
    world.request(Request::Start { pipeline: bot() }).await;
    world.settle().await;
    let run = last(&world).await;
    assert_eq!(
        (sealed(&world, &run), run.outcome()),
        (vec!["b".to_owned()], None)
    );
    let request = Request::Cancel {
        pipeline: bot(),
        run: run.id.clone(),
    };
    asks(&mut world, request).await;
    assert_eq!(last(&world).await.outcome(), Some(Outcome::Cancelled));
    let d = drops(&mut world, "d", more("kindly")).await;
    assert_eq!(sealed(&world, &d), ["b", "d"]);
}

#[tokio::test]
async fn what_is_released_while_a_run_is_on_its_way_is_new_to_the_model_that_it_makes() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", only_new());
    world.upload("eval/bot/questions.jsonl", evaluation());
    drops(&mut world, "a", training()).await;
    drops(&mut world, "b", shuffled()).await;
    world.upload("data/bot/c.jsonl", more("please"));
    for _ in 0..60 {
        if world.runs("bot").await.len() < 3 {
            world.pass(SignedDuration::from_mins(1)).await;
        }
    }
    let c = last(&world).await;
    assert_eq!(
        (sealed(&world, &c), c.outcome()),
        (vec!["c".to_owned()], None)
    );
    asks(&mut world, Request::Release { pipeline: bot() }).await;
    assert_eq!(last(&world).await.outcome(), Some(Outcome::Promoted));
    let d = drops(&mut world, "d", more("kindly")).await;
    assert_eq!(sealed(&world, &d), ["b", "d"]);
}
