//! What a trial costs: as far as that is known when its configuration arrives, and for how long a container's job may run in it.

use super::{
    Estimate, MAX_ANSWER_TOKENS, Prices, UnknownPrice, UsageEstimate, estimate, first_stage,
    training,
};
use crate::config::{Config, TrialConfig};
use crate::money::Usd;
use crate::routing::{Route, Serving, Trainer};
use crate::span::Span;

/// A container's job is let run for so long at least: less is used up by loading the weights and writing them. An assumption, as no
/// container says how long it takes.
pub const SHORTEST: Span = Span::minutes(10);

/// The route of a trial: a container's job is stopped when it has used up what the questions, and a chain's first stage at `first`, leave
/// of the trial's `max_usd`. In a chain that is the second stage's job: the first makes for the run on all data what it makes for the trial.
/// Where that is less than [`SHORTEST`], it is `SHORTEST`, and the estimate is over the limit.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn trial_route(
    route: &Route,
    config: &Config,
    usage: &UsageEstimate,
    trial: TrialConfig,
    first: Usd,
) -> Result<Route, UnknownPrice> {
    let Trainer::SageMaker { job } = &route.trainer else {
        return Ok(route.clone());
    };
    let questions = estimate(route, config, usage)?.evaluation;
    let left = trial.max_usd.saturating_sub(questions + first);
    let prices = Prices::of(&route.base_model, &config.budget);
    let mut limited = job.clone();
    limited.max_run = Span::minutes(1);
    let (minute, _) = training::by_hour(&limited, &prices)?;
    limited.max_run = job.max_run.min(whole_minutes(left, minute).max(SHORTEST));
    Ok(Route {
        trainer: Trainer::SageMaker { job: limited },
        ..route.clone()
    })
}

/// As many whole minutes as `left` pays for, each at `minute` dollars.
fn whole_minutes(left: Usd, minute: f64) -> Span {
    let costs = |minutes: u64| Usd::from_dollars(minutes as f64 * minute);
    let most = Span::MAX.as_secs() / 60;
    // From f64 to u64 `as` ends at the bounds: without a price there is no limit.
    let minutes = ((left.as_dollars() / minute) as u64).min(most);
    match costs(minutes) > left {
        true => Span::minutes(minutes.saturating_sub(1)),
        false => Span::minutes(minutes),
    }
}

/// What a trial costs at least, with as many questions as may be asked and without what rests on the length of records and questions:
/// that is not known before they are there. A chain's first stage is in it: whether it was bought before is not known either.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn least_of_trial(
    route: &Route,
    config: &Config,
    trial: TrialConfig,
) -> Result<Estimate, UnknownPrice> {
    let prompts = u64::from(config.evaluation.max_prompts);
    let usage = UsageEstimate {
        training_tokens: 0,
        training_records: trial.records,
        prompts,
        prompt_tokens: 0,
        answer_tokens: prompts * u64::from(MAX_ANSWER_TOKENS),
        champion_prompts: 0,
        champion_serving: Serving::OnDemand,
    };
    let first = first_stage(route, config)?;
    let amount = first.as_ref().map_or(Usd::ZERO, |(amount, _)| *amount);
    let limited = trial_route(route, config, &usage, trial, amount)?;
    let mut least = estimate(&limited, config, &usage)?;
    least.training = least.training + amount;
    least.lines.splice(0..0, first.map(|(_, line)| line));
    Ok(least)
}
