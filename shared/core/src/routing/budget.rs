//! What a run costs whatever its data has to fit its budget: otherwise each run would be opened, sealed and failed by its estimate.

use super::techniques::refused;
use super::{Customization, Route, RoutingError, Serving, Trainer};
use crate::config::Config;
use crate::money::Usd;
use crate::prices::{self, Estimate};

/// Held against `budget.per_run_usd` and `budget.per_month_usd`: no month holds what is more than a month may cost.
pub(super) fn check(config: &Config, route: &Route) -> Result<(), RoutingError> {
    // A price that is not known is another refusal, as with any run.
    let Ok(least) = prices::least_of_run(route, config) else {
        return Ok(());
    };
    let (total, run, month) = (
        least.total(),
        config.budget.per_run_usd,
        config.budget.per_month_usd,
    );
    let limit = run.min(month);
    if total <= limit {
        return Ok(());
    }
    let needed = bare(total);
    let (key, instead) = match (total > run, total > month) {
        (true, false) => (
            "per_run_usd",
            format!("per_run_usd = {needed} or more under [budget]"),
        ),
        (true, true) => (
            "per_run_usd",
            format!(
                "per_run_usd = {needed} or more under [budget], and raise per_month_usd, which is {month}, with it"
            ),
        ),
        (false, _) => (
            "per_month_usd",
            format!("per_month_usd = {needed} or more under [budget]"),
        ),
    };
    let allowed = if key == "per_run_usd" { run } else { month };
    let less = prices::ways_to_less(route, config, limit);
    let less = less.map_or_else(String::new, |less| format!("; or {less}"));
    // The copies of an imported model are billed by the minute, and one question was reckoned.
    let comes = match route.serving {
        Serving::Imported if route.is_scored() => {
            "what the tokens and minutes of your questions cost comes on top of the figure"
        }
        _ => besides(route),
    };
    refused(
        format!(
            "budget.{key} = {allowed}: a run costs at least {total}, whatever its data ({})",
            counted(&least)
        ),
        format!("Write {instead}: {comes}{less}"),
    )
}

/// A trial and the run on all data that follows it have to fit one month: a trial that is bought for a run that no month holds is bought
/// again and again. A chain's first stage is not in the sum, as another month may have bought it.
pub(super) fn check_both(config: &Config, route: &Route) -> Result<(), RoutingError> {
    let Some(trial) = config.trigger.trial else {
        return Ok(());
    };
    let (Ok(run), Ok(trial), Ok(first)) = (
        prices::least_of_run(route, config),
        prices::least_of_trial(route, config, trial),
        prices::first_stage(route, config),
    ) else {
        return Ok(());
    };
    let first = first.map_or(Usd::ZERO, |(amount, _)| amount);
    let trial = trial.total().saturating_sub(first);
    let (both, month) = (trial + run.total(), config.budget.per_month_usd);
    if both <= month {
        return Ok(());
    }
    refused(
        format!(
            "budget.per_month_usd = {month}: a trial with {} questions, as evaluation.max_prompts lets it have, costs at least {trial} and the \
             run on all data at least {}, and the one follows the other in the same month",
            config.evaluation.max_prompts,
            run.total()
        ),
        format!(
            "Write per_month_usd = {} or more under [budget]: {}; or ask fewer prompts, or take trigger.trial out",
            bare(both),
            besides(route)
        ),
    )
}

/// An amount as a configuration states it.
fn bare(amount: Usd) -> String {
    amount.to_string().trim_start_matches('$').to_owned()
}

/// What the sum of an estimate is made of, in words.
pub(super) fn counted(estimate: &Estimate) -> String {
    let lines = estimate.lines.iter().map(String::as_str);
    let told = |line: &&str| !line.starts_with("not in this sum") && !line.ends_with(": $0.00");
    lines.filter(told).collect::<Vec<_>>().join("; ")
}

/// What comes on top of a figure that was reckoned before there were records and questions.
pub(super) fn besides(route: &Route) -> &'static str {
    match &route.trainer {
        Trainer::SageMaker { .. }
        | Trainer::Bedrock {
            customization: Customization::Reinforcement { .. },
        } => "what the tokens of your questions cost comes on top of the figure",
        _ if !route.is_scored() => "nothing comes on top of the figure",
        _ => "what the tokens of your records and questions cost comes on top of the figure",
    }
}
