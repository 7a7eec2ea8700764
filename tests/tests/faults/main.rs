//! Lost answers are adopted, strangers are refused by name, failed moves leave the champion in place.

mod jobs;
mod moves;

use jiff::SignedDuration;
use perennial_core::run::{Outcome, RunState};
use perennial_tests::{World, config, evaluation, training};

async fn dropped(more: &str) -> World {
    let world = World::new();
    world.upload("pipelines/bot.toml", config(more));
    world.upload("eval/bot/questions.jsonl", evaluation());
    world.upload("data/bot/tickets.jsonl", training());
    world
}

async fn promoted() -> World {
    let mut world = dropped("").await;
    world.pass(SignedDuration::from_hours(6)).await;
    assert_eq!(
        world.runs("bot").await[0].outcome(),
        Some(Outcome::Promoted)
    );
    world
}

fn reason(state: &RunState) -> &str {
    match state {
        RunState::Ended { reason, .. } | RunState::Closing { reason, .. } => reason,
        _ => "",
    }
}
