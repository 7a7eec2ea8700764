//! What a run costs whatever its data has to fit its budget: otherwise each run would be opened, sealed and failed by its estimate.

use super::techniques::refused;
use super::{Customization, Route, RoutingError, Trainer};
use crate::config::Config;
use crate::prices::{self, Estimate};

/// Held against `budget.per_run_usd`. The month's limit is named with it, and is the run's own affair: another month may hold it.
pub(super) fn check(config: &Config, route: &Route) -> Result<(), RoutingError> {
    // A price that is not known is another refusal, as with any run.
    let Ok(least) = prices::least_of_run(route, config) else {
        return Ok(());
    };
    let (total, limit) = (least.total(), config.budget.per_run_usd);
    if total <= limit {
        return Ok(());
    }
    let needed = total.to_string();
    let needed = needed.trim_start_matches('$');
    let month = config.budget.per_month_usd;
    let month = match total > month {
        true => format!(", and raise per_month_usd, which is {month}, with it"),
        false => String::new(),
    };
    let less = prices::ways_to_less(route, config, limit);
    let less = less.map_or_else(String::new, |less| format!("; or {less}"));
    refused(
        format!(
            "budget.per_run_usd = {limit}: a run costs at least {total}, whatever its data ({})",
            counted(&least)
        ),
        format!(
            "Write per_run_usd = {needed} or more under [budget]{month}: {}{less}",
            besides(route)
        ),
    )
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
