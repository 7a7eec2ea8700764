//! What does not fit the budget, and what to do about it.

use serde::{Deserialize, Serialize};

use super::advice;
use crate::config::Budget;
use crate::money::Usd;
use crate::routing::Route;

/// An amount that the budget does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OverBudget {
    /// More than one run may cost.
    #[error("the run is estimated at {amount}, and budget.per_run_usd allows {limit}. {instead}")]
    Run {
        /// What the run would cost.
        amount: Usd,
        /// `budget.per_run_usd`.
        limit: Usd,
        /// What would work, without the full stop.
        instead: String,
    },
    /// More than a trial may cost.
    #[error(
        "the trial is estimated at {amount}, and trigger.trial.max_usd allows {limit}. {instead}"
    )]
    Trial {
        /// What the trial would cost.
        amount: Usd,
        /// `trigger.trial.max_usd`.
        limit: Usd,
        /// What would work, without the full stop.
        instead: String,
    },
    /// More than what is left of the month.
    #[error(
        "the run is estimated at {amount}; {reserved} of this month's {limit} (budget.per_month_usd) are reserved already, \
         so {left} are left. {instead}"
    )]
    Month {
        /// What the run would cost.
        amount: Usd,
        /// What is reserved in the month.
        reserved: Usd,
        /// `budget.per_month_usd`.
        limit: Usd,
        /// What is left of the limit.
        left: Usd,
        /// What would work, without the full stop.
        instead: String,
    },
}

impl OverBudget {
    /// A trial on `route` that would cost more than its `max_usd`.
    #[must_use]
    pub fn of_trial(route: &Route, amount: Usd, limit: Usd) -> Self {
        Self::Trial {
            amount,
            limit,
            instead: advice::of_trial(route),
        }
    }
}

/// Whether `amount` may be reserved for a run on `route`, where `month_reserved` is what the month's reservations sum up to without it.
///
/// # Errors
/// [`OverBudget`] with the numbers; exactly the limit is allowed.
pub fn fits(
    route: &Route,
    budget: &Budget,
    month_reserved: Usd,
    amount: Usd,
) -> Result<(), OverBudget> {
    if amount > budget.per_run_usd {
        return Err(OverBudget::Run {
            amount,
            limit: budget.per_run_usd,
            instead: advice::of_run(route),
        });
    }
    if month_reserved.saturating_add(amount) > budget.per_month_usd {
        return Err(OverBudget::Month {
            amount,
            reserved: month_reserved,
            limit: budget.per_month_usd,
            left: budget
                .per_month_usd
                .saturating_sub(month_reserved)
                .max(Usd::ZERO),
            instead: advice::of_month(route, amount > budget.per_month_usd),
        });
    }
    Ok(())
}
