//! What is billed by the hour: nothing is bought whose price was not asked, and nothing is left without a word. In one process.

use jiff::SignedDuration;
use perennial_core::announcement::Request;
use perennial_core::pipeline::is_provisioned;
use perennial_core::run::{Outcome, Run, RunState};
use perennial_ports::memory::operation;
use perennial_ports::{Deployment, ErrorKind};
use perennial_tests::{World, evaluation, training};

/// By the token, unless more is said. Both models are fine-tuned in us-east-1.
fn config(model: &str, more: &str) -> String {
    format!(
        "technique = \"fine-tuning\"\nbase_model = {model:?}\n[trigger]\nmin_records = 100\nquiet_for = \"1m\"\n\
         at_most_every = \"1h\"\n[promotion]\n{more}"
    )
}

const MICRO: &str = "amazon.nova-micro-v1:0";
const LITE: &str = "amazon.nova-lite-v1:0";

/// A model unit of Micro for $14,600 a month; Nova Lite's is $78,950 by the table.
const FOR_MICRO: &str = "serve = \"provisioned\"\n[budget]\nserving_per_month_usd = 15000\n[budget.prices]\nprovisioned_per_hour = 20\n";
const FOR_LITE: &str = "serve = \"provisioned\"\n[budget]\nserving_per_month_usd = 80000\n[budget.prices]\ntraining_per_1k_tokens = 0.001\n";

async fn started(mut world: World, config: &str) -> World {
    world.upload("pipelines/bot.toml", config);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(4)).await;
    world
}

async fn next_run(world: &mut World, config: &str, key: &str) {
    world.upload("pipelines/bot.toml", config);
    world.upload(key, training());
    world.pass(SignedDuration::from_hours(4)).await;
}

fn bought(world: &World) -> Vec<Deployment> {
    let mut there = world.cloud.bedrock.deployments();
    there.retain(|one| is_provisioned(&one.arn));
    there
}

async fn outcomes(world: &World) -> Vec<Option<Outcome>> {
    let runs = world.runs("bot").await;
    runs.iter().map(Run::outcome).collect()
}

fn alias(world: &World) -> Option<String> {
    world.cloud.alias.value("/perennial/test/bot/model")
}

async fn roll_back(world: &mut World) {
    let pipeline = world.pipeline("bot").await;
    let request = Request::Rollback {
        pipeline: pipeline.name,
        to: None,
        from: pipeline.champion.map(|champion| champion.model.run()),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(1)).await;
}

#[tokio::test]
async fn a_rollback_to_a_dearer_base_model_buys_nothing_until_the_budget_holds_it() {
    let mut world = started(World::new(), &config(LITE, FOR_LITE)).await;
    next_run(&mut world, &config(MICRO, FOR_MICRO), "data/bot/more.jsonl").await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
    let [serves] = bought(&world).try_into().expect("one");
    let buys = world.cloud.faults.calls(operation::CREATE_THROUGHPUT);

    roll_back(&mut world).await;
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), buys);
    assert_eq!(world.cloud.faults.calls(operation::UPDATE_THROUGHPUT), 1);
    assert_eq!(alias(&world), Some(serves.arn.clone()));
    assert_eq!(bought(&world), [serves]);

    let dearer = FOR_MICRO.replace("15000", "80000");
    world.upload("pipelines/bot.toml", config(MICRO, &dearer));
    world.settle().await;
    roll_back(&mut world).await;
    let [serves] = bought(&world).try_into().expect("one, and the other went");
    let champion = world.pipeline("bot").await.champion.expect("it serves");
    assert_eq!(champion.base_model, LITE);
    assert_eq!(serves.model_arn, champion.arn);
    assert_eq!(alias(&world), Some(serves.arn));
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_swap_that_is_refused_buys_nothing_beside_what_is_bought_for_longer() {
    let month = FOR_LITE.replace("[budget]", "commitment = \"one-month\"\n[budget]");
    let mut world = started(World::new(), &config(MICRO, FOR_MICRO)).await;
    next_run(&mut world, &config(LITE, &month), "data/bot/more.jsonl").await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
    let [serves] = bought(&world).try_into().expect("one");
    let buys = world.cloud.faults.calls(operation::CREATE_THROUGHPUT);
    // A configuration whose price holds for the model that is gone back to.
    let dearer = FOR_MICRO.replace("15000", "80000");
    world.upload("pipelines/bot.toml", config(MICRO, &dearer));
    world.settle().await;
    roll_back(&mut world).await;
    let failure = world.pipeline("bot").await.last_failure;
    let reason = failure.expect("the rollback failed").reason;
    assert!(
        reason.contains("is bought until") && reason.contains("paid for beside it"),
        "{reason}"
    );
    assert_eq!(bought(&world), std::slice::from_ref(&serves));
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), buys);
    assert_eq!(alias(&world), Some(serves.arn));
}

#[tokio::test]
async fn a_removal_that_is_denied_holds_up_neither_the_move_nor_what_is_swept_behind_it() {
    let mut world = started(World::new(), &config(MICRO, FOR_MICRO)).await;
    let [left] = bought(&world).try_into().expect("one");
    world
        .cloud
        .fail_next(operation::DELETE_THROUGHPUT, ErrorKind::Denied, 100_000);
    next_run(&mut world, &config(MICRO, ""), "data/bot/more.jsonl").await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
    let by_token = alias(&world).expect("it serves");
    assert!(
        !is_provisioned(&by_token),
        "clients call what took its place"
    );

    // Behind it: a deployment by the token that somebody removed is made anew, and its place is swept.
    assert!(world.cloud.bedrock.remove_deployment(&by_token));
    world.pass(SignedDuration::from_hours(24 * 9)).await;
    let pipeline = world.pipeline("bot").await;
    let again = pipeline.deployment.clone().expect("it serves");
    assert_ne!(again, by_token);
    assert_eq!(alias(&world), Some(again));
    let sweeps: Vec<(u64, bool)> = pipeline
        .sweeps
        .iter()
        .map(|sweep| (sweep.generation, sweep.provisioned))
        .collect();
    assert_eq!(
        sweeps,
        [(1, true)],
        "what is billed by the hour is never given up"
    );
    let words = "AccessDenied";
    assert!(
        !world.failures.is_empty(),
        "and not without a word: {words}"
    );
    let report = world.report("reports/bot/cleanup.txt");
    assert!(
        report.contains(&left.name) && report.contains("tried every hour"),
        "{report}"
    );

    world.cloud.faults.heal();
    world.pass(SignedDuration::from_hours(3)).await;
    assert_eq!(bought(&world), []);
}

const UNSERVE: &str = "[idle]\nchampion = \"unserve\"\n";

#[tokio::test]
async fn an_idle_champion_is_not_paid_for_while_a_person_does_not_answer_and_their_yes_serves_again()
 {
    let by_hand = format!("approval = \"manual\"\n{FOR_MICRO}{UNSERVE}");
    let unasked = format!("{FOR_MICRO}{UNSERVE}");
    let mut world = started(World::new(), &config(MICRO, &unasked)).await;
    next_run(&mut world, &config(MICRO, &by_hand), "data/bot/more.jsonl").await;
    let run = world.runs("bot").await.remove(1);
    assert!(
        matches!(run.state, RunState::AwaitingApproval { .. }),
        "{:#?}",
        run.state
    );
    assert_eq!(bought(&world).len(), 1);
    world.pass(SignedDuration::from_hours(24 * 4)).await;
    assert_eq!(bought(&world), [], "nobody calls it");
    assert_eq!(alias(&world).as_deref(), Some("unserved"));
    let models = world.models("bot").await;
    assert!(models.iter().all(|model| model.is_ready()), "{models:#?}");

    let request = Request::Approve {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
    let [serves] = bought(&world).try_into().expect("one");
    assert_eq!(alias(&world), Some(serves.arn));
    let pipeline = world.pipeline("bot").await;
    assert_eq!(pipeline.unserved, None);
    let champion = pipeline.champion.expect("it serves");
    assert_eq!(champion.model.run(), run.id);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_a_rollback_holds_is_judged_by_kept_answers_after_its_champion_was_unserved() {
    let unasked = config(MICRO, &format!("{FOR_MICRO}{UNSERVE}"));
    let mut world = started(World::new(), &unasked).await;
    next_run(&mut world, &unasked, "data/bot/more.jsonl").await;
    roll_back(&mut world).await;
    next_run(&mut world, &unasked, "data/bot/yet-more.jsonl").await;
    let run = world.runs("bot").await.remove(2);
    assert!(
        matches!(run.state, RunState::AwaitingApproval { .. }),
        "{:#?}",
        run.state
    );
    world.pass(SignedDuration::from_hours(24 * 4)).await;
    assert_eq!(alias(&world).as_deref(), Some("unserved"));
    world
        .request(Request::Resume {
            pipeline: run.pipeline.clone(),
        })
        .await;
    world.pass(SignedDuration::from_hours(2)).await;
    let run = world.runs("bot").await.remove(2);
    assert_eq!(run.outcome(), Some(Outcome::Promoted), "{:#?}", run.state);
    assert_eq!(bought(&world).len(), 1);
}

/// Of Llama 3.2 1B no custom model is served on demand.
const LLAMA: &str = "serve = \"provisioned\"\n[budget]\nper_run_usd = 1000\nper_month_usd = 2000\nserving_per_month_usd = 15000\n\
     [budget.prices]\nprovisioned_per_hour = 20\ntraining_per_1k_tokens = 0.001\ninput_per_1k_tokens = 0.0002\n\
     output_per_1k_tokens = 0.0002\n";

#[tokio::test]
async fn a_candidates_throughput_that_its_run_gave_up_is_named_by_every_cleanup_and_removed_as_soon_as_it_can_be()
 {
    let mut world = World::in_region("us-west-2");
    world
        .cloud
        .fail_next(operation::DELETE_THROUGHPUT, ErrorKind::Denied, 100_000);
    let config = config("meta.llama3-2-1b-instruct-v1:0", LLAMA);
    world = started(world, &config).await;
    // 48 hours of evaluation, 24 of closing, 7 days of aftercare.
    world.pass(SignedDuration::from_hours(24 * 12)).await;
    let run = world.runs("bot").await.remove(0);
    assert_eq!(run.outcome(), Some(Outcome::Failed), "{:#?}", run.state);
    assert!(run.leftovers.is_empty(), "the run has given it up");
    let [left] = bought(&world).try_into().expect("one");
    let report = world.report("reports/bot/cleanup.txt");
    assert!(
        report.contains(&format!("{} is removed", left.arn))
            && report.contains("billed by the hour"),
        "{report}"
    );
    world.cloud.faults.heal();
    world.pass(SignedDuration::from_hours(24)).await;
    assert_eq!(bought(&world), []);
    assert!(world.models("bot").await[0].is_ready(), "its model stays");
}

/// Known before anything is trained: what is bought for longer takes neither other model units nor another base model.
#[tokio::test]
async fn what_could_not_take_the_place_of_throughput_that_is_bought_for_a_month_is_not_trained() {
    let month = FOR_MICRO.replace("[budget]", "commitment = \"one-month\"\n[budget]");
    let month = month.replace("15000", "80000");
    let mut world = started(World::new(), &config(MICRO, &month)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted)]);
    let two = month.replace("[budget]", "model_units = 2\n[budget]");
    for (other, why) in [
        (config(MICRO, &two), "other model units"),
        (config(LITE, &month), "another base model"),
    ] {
        next_run(&mut world, &other, "data/bot/more.jsonl").await;
        let nothing = world.pipeline("bot").await.nothing_to_train;
        let words = nothing.expect("the reason is on record").reason;
        assert!(
            words.contains("is bought until") && words.contains(why),
            "{words}"
        );
        assert_eq!(world.cloud.bedrock.training_jobs().len(), 1, "no job");
    }
    // The same again takes the place in its month.
    world.upload("pipelines/bot.toml", config(MICRO, &month));
    world.pass(SignedDuration::from_hours(4)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
}
