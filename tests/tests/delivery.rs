//! Events are hints: delivered twice, in reverse, or never, the outcome is the same, with one job per run and attempt.

use jiff::SignedDuration;
use perennial_core::run::Outcome;
use perennial_tests::{Delivery, World, config, evaluation, training};
use serde_json::json;

const KINDS: [&str; 8] = [
    "Object Created",
    "Object Found",
    "Upload Accepted",
    "Pipeline Due",
    "Run Due",
    "Model Customization Job State Change",
    "Batch Inference Job State Change",
    "Evaluation Complete",
];

async fn outcome_with(delivery: Delivery, days: i64) {
    let words = format!("{delivery:?}");
    let mut world = World::new();
    world.delivery = delivery;
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world.pass(SignedDuration::from_hours(24 * days)).await;
    let runs = world.runs("bot").await;
    assert_eq!(runs.len(), 1, "{words}: {:?}", world.failures);
    assert_eq!(
        runs[0].outcome(),
        Some(Outcome::Promoted),
        "{words}: {:?} {:?}",
        runs[0].state,
        world.failures
    );
    assert_eq!(world.cloud.bedrock.training_jobs().len(), 1, "{words}");
    assert_eq!(world.cloud.bedrock.batch_jobs().len(), 1, "{words}");
    assert_eq!(world.cloud.bedrock.deployments().len(), 1, "{words}");
    assert_eq!(
        world.cloud.bedrock.questions().len(),
        72,
        "{words}: no answer is bought twice"
    );
    let prepared = runs[0].prepared.as_ref().expect("prepared");
    assert_eq!(prepared.records, 168, "{words}");
    assert_eq!(world.failures, Vec::<String>::new(), "{words}");
}

#[tokio::test]
async fn every_event_delivered_twice_changes_nothing() {
    outcome_with(
        Delivery {
            twice: true,
            ..Delivery::default()
        },
        1,
    )
    .await;
}

#[tokio::test]
async fn events_in_reverse_order_change_nothing() {
    outcome_with(
        Delivery {
            reversed: true,
            ..Delivery::default()
        },
        1,
    )
    .await;
}

#[tokio::test]
async fn twice_and_in_reverse_change_nothing() {
    outcome_with(
        Delivery {
            twice: true,
            reversed: true,
            ..Delivery::default()
        },
        1,
    )
    .await;
}

#[tokio::test]
async fn each_kind_of_event_may_be_lost_entirely() {
    // “Run Due”, “Pipeline Due” and “Object Found” are how lost events are made up for; they stand for reconcile itself.
    for lost in KINDS
        .into_iter()
        .filter(|kind| !matches!(*kind, "Run Due" | "Pipeline Due"))
    {
        outcome_with(
            Delivery {
                drop: [lost.to_owned()].into(),
                ..Delivery::default()
            },
            3,
        )
        .await;
    }
}

#[tokio::test]
async fn all_of_aws_and_our_own_events_lost_leave_reconcile_to_find_everything() {
    let kept = ["Run Due", "Pipeline Due", "Object Found"];
    let drop = KINDS
        .into_iter()
        .filter(|kind| !kept.contains(kind))
        .map(str::to_owned)
        .collect();
    outcome_with(
        Delivery {
            drop,
            ..Delivery::default()
        },
        3,
    )
    .await;
    let drop = KINDS
        .into_iter()
        .filter(|kind| !kept.contains(kind))
        .map(str::to_owned)
        .collect();
    outcome_with(
        Delivery {
            drop,
            twice: true,
            reversed: true,
            ..Delivery::default()
        },
        3,
    )
    .await;
}

#[tokio::test]
async fn the_first_events_of_every_kind_lost_our_own_included_are_made_up_for() {
    for lost in KINDS {
        let delivery = Delivery {
            lose_first: [(lost.to_owned(), 8)].into(),
            ..Delivery::default()
        };
        outcome_with(delivery, 3).await;
    }
    let lose_first = KINDS.map(|kind| (kind.to_owned(), 8)).into();
    let delivery = Delivery {
        lose_first,
        twice: true,
        reversed: true,
        ..Delivery::default()
    };
    // The bucket is listed once a day, and the first eight findings are lost too.
    outcome_with(delivery, 8).await;
}

#[tokio::test]
async fn a_run_that_nobody_takes_for_an_hour_is_counted_as_overdue() {
    let mut world = World::new();
    world.upload("pipelines/bot.toml", config(""));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    for lost in ["Run Due", "Model Customization Job State Change"] {
        world.delivery.drop.insert(lost.to_owned());
    }
    world.pass(SignedDuration::from_mins(50)).await;
    assert_eq!(overdue(&world).await, 0);
    world.pass(SignedDuration::from_hours(2)).await;
    assert_eq!(overdue(&world).await, 1);
    world.delivery.drop.clear();
    world.pass(SignedDuration::from_hours(1)).await;
    assert_eq!(overdue(&world).await, 0, "{:?}", world.failures);
}

/// As a tick of the schedule counts them.
async fn overdue(world: &World) -> u32 {
    let tick = json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
    let seen = perennial_reconcile::look(&world.reconcile(), tick).await;
    seen.expect("it looked").expect("a tick").overdue
}
