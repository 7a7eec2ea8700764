//! Pipelines served by provisioned throughput: promoted, swapped in place, changed over, and never billed by the hour for longer
//! than anybody needs it. In one process.

use jiff::SignedDuration;
use perennial_core::pipeline::is_provisioned;
use perennial_core::run::{CandidateSide, Outcome, RunState};
use perennial_ports::memory::{Outcome as Ends, Work, operation};
use perennial_ports::{Deployment, ErrorKind};
use perennial_tests::{World, evaluation, training};

/// Micro is served on demand too, so that its candidate is.
const MICRO: &str = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
"#;

const PROVISIONED: &str = r#"
[promotion]
serve = "provisioned"
[budget]
serving_per_month_usd = 15000
[budget.prices]
provisioned_per_hour = 20
"#;

/// Of Llama 3.2 1B no custom model is served on demand.
const LLAMA: &str = r#"
technique = "fine-tuning"
base_model = "meta.llama3-2-1b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1m"
at_most_every = "1h"
[promotion]
serve = "provisioned"
[budget]
per_run_usd = 1000
per_month_usd = 2000
serving_per_month_usd = 15000
[budget.prices]
provisioned_per_hour = 20
training_per_1k_tokens = 0.001
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

fn micro(more: &str) -> String {
    format!("{MICRO}{PROVISIONED}{more}")
}

async fn started(mut world: World, config: &str) -> World {
    world.upload("pipelines/bot.toml", config);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(4)).await;
    world
}

/// The same data again under another name: a tie on fresher data promotes.
async fn next_run(world: &mut World, key: &str) {
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
    runs.iter().map(|run| run.outcome()).collect()
}

fn alias(world: &World) -> Option<String> {
    world.cloud.alias.value("/perennial/test/bot/model")
}

#[tokio::test]
async fn a_promoted_model_is_served_by_throughput_that_the_next_one_takes_over_in_place() {
    let mut world = started(World::new(), &micro("")).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted)]);
    let first = bought(&world);
    assert_eq!(first.len(), 1, "{first:?} {:?}", world.failures);
    assert_eq!(
        world.cloud.bedrock.deployments().len(),
        1,
        "the candidate's deployment by the token is gone"
    );
    assert_eq!(first[0].name, "test-bot-g1");
    assert_eq!(alias(&world), Some(first[0].arn.clone()));
    let run = &world.runs("bot").await[0];
    let report = world.report(&format!("reports/bot/runs/{}.txt", run.id));
    assert!(
        report.contains(
            "1 model unit of provisioned throughput without a commitment: $20.00 an hour, $14600.00 a month"
        ),
        "{report}"
    );
    let report = world.report("reports/bot/configuration.txt");
    assert!(report.contains("$14600.00 a month"), "{report}");

    next_run(&mut world, "data/bot/more.jsonl").await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 2]);
    let second = bought(&world);
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].arn, first[0].arn, "swapped in place");
    let champion = world.pipeline("bot").await.champion.expect("it serves");
    assert_eq!(second[0].model_arn, champion.arn);
    assert_ne!(second[0].model_arn, first[0].model_arn);
    assert_eq!(alias(&world), Some(first[0].arn.clone()));
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), 1);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn a_pipeline_that_changes_how_it_serves_gets_the_other_kind_and_the_old_one_goes() {
    let mut world = started(World::new(), MICRO).await;
    let by_token = world.pipeline("bot").await.deployment.expect("it serves");
    assert!(!is_provisioned(&by_token));

    world.upload("pipelines/bot.toml", micro(""));
    next_run(&mut world, "data/bot/more.jsonl").await;
    let throughput = world.pipeline("bot").await.deployment.expect("it serves");
    assert!(is_provisioned(&throughput));
    assert_eq!(alias(&world), Some(throughput.clone()));
    let left: Vec<String> = world
        .cloud
        .bedrock
        .deployments()
        .into_iter()
        .map(|one| one.arn)
        .collect();
    assert_eq!(left, [throughput], "the deployment by the token is gone");

    world.upload("pipelines/bot.toml", MICRO);
    next_run(&mut world, "data/bot/yet-more.jsonl").await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 3]);
    assert_eq!(bought(&world), []);
    let back = world.pipeline("bot").await.deployment.expect("it serves");
    assert_eq!(alias(&world), Some(back));
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn where_nothing_is_served_on_demand_the_candidates_throughput_goes_before_a_person_is_asked()
{
    let mut world = World::in_region("us-west-2");
    let config = LLAMA.replace(
        "serve = \"provisioned\"",
        "serve = \"provisioned\"\napproval = \"manual\"",
    );
    world = started(world, &config).await;
    let run = world.runs("bot").await.remove(0);
    assert!(
        matches!(run.state, RunState::AwaitingApproval { .. }),
        "{:#?} {:?}",
        run.state,
        world.failures
    );
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), 1);
    assert_eq!(world.cloud.faults.calls(operation::CREATE_DEPLOYMENT), 0);
    assert_eq!(
        bought(&world),
        [],
        "a person may take days, and nothing is billed meanwhile"
    );
    let lines = run
        .prepared
        .as_ref()
        .expect("prepared")
        .cost_lines
        .join("\n");
    assert!(
        lines.contains("for at most 48 hours, at $20 an hour: $960.00"),
        "{lines}"
    );
    let request = perennial_core::announcement::Request::Approve {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted)]);
    assert_eq!(bought(&world).len(), 1);
}

#[tokio::test]
async fn the_candidates_throughput_goes_when_the_run_is_cancelled_or_its_create_goes_unanswered() {
    let mut world = World::in_region("us-west-2");
    world
        .cloud
        .lose_answer_next(operation::CREATE_THROUGHPUT, 1);
    world.upload("pipelines/bot.toml", LLAMA);
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    let run = loop {
        world.pass(SignedDuration::from_mins(5)).await;
        let run = world.runs("bot").await.into_iter().next();
        let Some(run) = run else { continue };
        if let RunState::Evaluating { candidate, .. } = &run.state
            && !bought(&world).is_empty()
        {
            assert_eq!(*candidate, CandidateSide::Deploying);
            break run;
        }
        assert!(run.outcome().is_none(), "{:#?}", run.state);
    };
    let request = perennial_core::announcement::Request::Cancel {
        pipeline: run.pipeline.clone(),
        run: run.id.clone(),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Cancelled)]);
    assert_eq!(bought(&world), []);
    assert_eq!(world.cloud.faults.calls(operation::CREATE_THROUGHPUT), 1);
}

#[tokio::test]
async fn a_swap_that_fails_leaves_the_champion_serving_and_is_not_asked_for_again() {
    let mut world = started(World::new(), &micro("")).await;
    let serves = bought(&world).remove(0);
    let words = Ends::Fails("no capacity".into());
    world.cloud.bedrock.plan_next(Work::Update, words, 1);
    next_run(&mut world, "data/bot/more.jsonl").await;
    assert_eq!(outcomes(&world).await[1], Some(Outcome::Failed));
    assert_eq!(world.cloud.faults.calls(operation::UPDATE_THROUGHPUT), 1);
    let after = bought(&world).remove(0);
    assert_eq!((after.arn, after.model_arn), (serves.arn, serves.model_arn));
}

#[tokio::test]
async fn what_is_bought_for_a_month_is_kept_to_its_end_and_then_removed() {
    let month = PROVISIONED.replace(
        "serve = \"provisioned\"",
        "serve = \"provisioned\"\ncommitment = \"one-month\"",
    );
    let mut world = started(World::new(), &format!("{MICRO}{month}")).await;
    next_run(&mut world, "data/bot/more.jsonl").await;
    assert_eq!(bought(&world).len(), 1, "swapped in place within its month");

    world.upload("pipelines/bot.toml", MICRO);
    next_run(&mut world, "data/bot/yet-more.jsonl").await;
    assert_eq!(outcomes(&world).await, [Some(Outcome::Promoted); 3]);
    let serves = world.pipeline("bot").await.deployment.expect("it serves");
    assert!(!is_provisioned(&serves), "the alias moved all the same");
    world.pass(SignedDuration::from_hours(3)).await;
    let before = world.cloud.faults.calls(operation::DELETE_THROUGHPUT);
    world.pass(SignedDuration::from_hours(24 * 20)).await;
    assert_eq!(
        world.cloud.faults.calls(operation::DELETE_THROUGHPUT),
        before,
        "it is not tried before the month is over"
    );
    assert_eq!(bought(&world).len(), 1);
    world.pass(SignedDuration::from_hours(24 * 11)).await;
    assert_eq!(bought(&world), []);
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn throughput_that_somebody_removed_is_bought_anew_under_another_name() {
    let mut world = started(World::new(), &micro("")).await;
    let first = bought(&world).remove(0);
    assert!(world.cloud.bedrock.remove_deployment(&first.arn));
    world.pass(SignedDuration::from_hours(1)).await;
    let second = bought(&world);
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].name, "test-bot-g2");
    assert_eq!(alias(&world), Some(second[0].arn.clone()));
}

#[tokio::test]
async fn throughput_that_is_refused_fails_the_move_and_what_served_serves() {
    let mut world = started(World::new(), MICRO).await;
    let by_token = world.pipeline("bot").await.deployment;
    world.upload("pipelines/bot.toml", micro(""));
    world
        .cloud
        .fail_next(operation::CREATE_THROUGHPUT, ErrorKind::Denied, 1);
    next_run(&mut world, "data/bot/more.jsonl").await;
    assert_eq!(outcomes(&world).await[1], Some(Outcome::Failed));
    assert_eq!(world.pipeline("bot").await.deployment, by_token);
    assert_eq!(bought(&world), []);
}

const UNSERVE: &str = r#"
[idle]
champion = "unserve"
"#;

#[tokio::test]
async fn an_idle_champions_throughput_goes_and_its_model_stays_until_somebody_wants_it_served() {
    let mut world = started(World::new(), &micro(UNSERVE)).await;
    let serves = bought(&world).remove(0);
    world.cloud.usage.record(&serves.arn, 1);
    // Called on the first day; from the second day's cleanup on it is idle, marked, and gone after the grace period.
    world.pass(SignedDuration::from_hours(24)).await;
    assert_eq!(bought(&world).len(), 1);
    assert_eq!(world.pipeline("bot").await.serving_mark, None);
    world.pass(SignedDuration::from_hours(24)).await;
    let mark = world.pipeline("bot").await.serving_mark;
    assert!(
        mark.is_some(),
        "{}",
        world.report("reports/bot/cleanup.txt")
    );
    let report = world.report("reports/bot/cleanup.txt");
    assert!(report.contains("saves $14600.00 a month"), "{report}");
    assert_eq!(bought(&world).len(), 1, "the grace period runs");
    world.pass(SignedDuration::from_hours(25)).await;
    assert_eq!(bought(&world), []);
    assert_eq!(alias(&world).as_deref(), Some("unserved"));
    let pipeline = world.pipeline("bot").await;
    let champion = pipeline.champion.clone().expect("it stays champion");
    assert!(pipeline.unserved.is_some() && pipeline.deployment.is_none());
    assert!(world.models("bot").await[0].is_ready(), "the model stays");

    let request = perennial_core::announcement::Request::Rollback {
        pipeline: pipeline.name.clone(),
        to: Some(champion.model.run()),
        from: Some(champion.model.run()),
    };
    world.request(request).await;
    world.pass(SignedDuration::from_hours(1)).await;
    let again = bought(&world);
    assert_eq!(again.len(), 1, "{:?}", world.failures);
    assert_eq!(alias(&world), Some(again[0].arn.clone()));
    let pipeline = world.pipeline("bot").await;
    assert_eq!((pipeline.unserved, pipeline.hold), (None, None));
    assert_eq!(pipeline.champion, Some(champion));
    assert_eq!(world.failures, Vec::<String>::new());
}

#[tokio::test]
async fn the_next_promotion_serves_again_and_its_run_is_compared_to_the_base_model() {
    let mut world = started(World::new(), &micro(UNSERVE)).await;
    world.pass(SignedDuration::from_hours(24 * 3)).await;
    assert_eq!(alias(&world).as_deref(), Some("unserved"));
    next_run(&mut world, "data/bot/more.jsonl").await;
    let runs = world.runs("bot").await;
    assert_eq!(
        runs[1].outcome(),
        Some(Outcome::Promoted),
        "{:#?}",
        runs[1].state
    );
    assert_eq!(runs[1].champion, None, "nothing served");
    let serves = bought(&world);
    assert_eq!(serves.len(), 1);
    assert_eq!(alias(&world), Some(serves[0].arn.clone()));
    let pipeline = world.pipeline("bot").await;
    assert_eq!(pipeline.unserved, None);
    assert_eq!(pipeline.previous.len(), 1, "a rollback can still go back");
}

#[tokio::test]
async fn a_champion_that_is_kept_or_called_or_bought_for_longer_serves_on() {
    for (more, called) in [
        ("", false),
        (UNSERVE, true),
        ("commitment = \"one-month\"", false),
    ] {
        let config = match more.starts_with("commitment") {
            true => micro(UNSERVE).replace(
                "serve = \"provisioned\"",
                &format!("serve = \"provisioned\"\n{more}"),
            ),
            false => micro(more),
        };
        let mut world = started(World::new(), &config).await;
        let serves = bought(&world).remove(0);
        for _ in 0..5 {
            if called {
                world.cloud.usage.record(&serves.arn, 1);
            }
            world.pass(SignedDuration::from_hours(20)).await;
        }
        assert_eq!(bought(&world).len(), 1, "{more}");
        assert_eq!(alias(&world), Some(serves.arn), "{more}");
        let report = world.report("reports/bot/cleanup.txt");
        assert!(
            report.contains("$20.00 an hour, $14600.00 a month"),
            "{report}"
        );
    }
}
