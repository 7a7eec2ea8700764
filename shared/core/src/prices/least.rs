//! What a run costs whatever its data, known when its configuration arrives, and what would make that less.

use super::advice::{IMAGES, MAX_RUN, RESPONSES};
use super::{
    Estimate, SHORTEST, UnknownPrice, UsageEstimate, estimate, first_stage, least_of_trial,
};
use crate::config::{Config, TrialConfig};
use crate::gate::{GateRule, power};
use crate::money::Usd;
use crate::routing::{Customization, IMAGE_BATCH, IMAGE_STEPS, Route, Trainer};
use crate::score::ResolvedMetric;

/// What a run on all data costs at least: with the fewest records, and one question where there must be some, both without any length.
/// What is left is billed by the hour, by the minute, by the image, or at the most that a service trains on.
///
/// A chain's first stage is in it unless a trial comes before, which buys it.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn least_of_run(route: &Route, config: &Config) -> Result<Estimate, UnknownPrice> {
    let usage = UsageEstimate {
        training_records: route.limits.min_records,
        prompts: u64::from(route.is_scored() && !route.may_go_unasked(config)),
        ..UsageEstimate::default()
    };
    let mut least = estimate(route, config, &usage)?;
    if config.trigger.trial.is_none()
        && let Some((amount, line)) = first_stage(route, config)?
    {
        least.training = least.training + amount;
        least.lines.insert(0, line);
    }
    Ok(least)
}

/// What alone would bring [`least_of_run`] down to `limit`.
pub(crate) fn ways_to_less(route: &Route, config: &Config, limit: Usd) -> Option<&'static str> {
    let (lowest, words) = lowest(route)?;
    let least = least_of_run(&lowest, config).ok()?;
    (least.total() <= limit).then_some(words)
}

/// What alone would bring [`least_of_trial`] down to the trial's `max_usd`.
pub(crate) fn ways_to_less_in_a_trial(
    route: &Route,
    config: &Config,
    trial: TrialConfig,
) -> Vec<&'static str> {
    let does = |route: &Route, config: &Config, trial: TrialConfig| {
        least_of_trial(route, config, trial).is_ok_and(|least| least.total() <= trial.max_usd)
    };
    let mut asks_fewer = config.clone();
    let most = config.evaluation.max_prompts;
    asks_fewer.evaluation.max_prompts = fewest_questions(config, trial).min(most);
    let fewer_records = TrialConfig {
        records: trial.records.min(route.limits.min_records),
        ..trial
    };
    let (lower, words) = lowest(route).map_or((None, ""), |(lower, words)| (Some(lower), words));
    [
        (
            does(route, &asks_fewer, trial),
            "ask fewer questions (evaluation.max_prompts)",
        ),
        (
            does(route, config, fewer_records),
            "train on fewer records (trigger.trial.records)",
        ),
        (
            lower.is_some_and(|lower| does(&lower, config, trial)),
            words,
        ),
    ]
    .into_iter()
    .filter_map(|(does, words)| does.then_some(words))
    .collect()
}

/// With fewer no candidate passes the trial's gate, however good it is.
fn fewest_questions(config: &Config, trial: TrialConfig) -> u32 {
    let mut rule = GateRule::new(&config.evaluation, ResolvedMetric::ExactMatch);
    rule.min_gain_over_base = trial.min_gain_over_base;
    let needed = power(&rule, 1, false).map_or_else(|few| few.needed, |_| 1);
    u32::try_from(needed).unwrap_or(u32::MAX)
}

/// The route with the settings that its price rests on as low as they go, and how that is said; `None` where there are none.
fn lowest(route: &Route) -> Option<(Route, &'static str)> {
    let mut lowest = route.clone();
    let words = match &mut lowest.trainer {
        Trainer::SageMaker { job } => {
            job.max_run = job.max_run.min(SHORTEST);
            MAX_RUN
        }
        Trainer::Bedrock {
            customization:
                Customization::Distillation {
                    max_response_tokens,
                    ..
                },
        } => {
            *max_response_tokens = 1;
            RESPONSES
        }
        Trainer::Bedrock {
            customization: Customization::FineTuning,
        } if !route.is_scored() => {
            for (name, least) in [(IMAGE_STEPS, 10), (IMAGE_BATCH, 8)] {
                lowest
                    .hyperparameters
                    .insert(name.to_owned(), least.to_string());
            }
            IMAGES
        }
        _ => return None,
    };
    Some((lowest, words))
}
