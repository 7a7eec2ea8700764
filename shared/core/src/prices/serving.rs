//! What serving a model costs while nobody asks it: the hours of provisioned throughput, and whether the budget allows them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::{COMMITTED, PROVISIONED, Prices};
use super::{UnknownPrice, known};
use crate::config::{Budget, Commitment};
use crate::money::Usd;
use crate::pipeline::{Pipeline, is_provisioned};
use crate::routing::{Serving, plain_id};

/// Hours of a month, as AWS counts them in its price examples.
pub const HOURS_PER_MONTH: u32 = 730;

/// The price of provisioned throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingPrice {
    /// Model units.
    pub units: u32,
    /// For how long they are bought.
    pub commitment: Commitment,
    /// All units, an hour.
    pub per_hour: Usd,
    /// All units, [`HOURS_PER_MONTH`] hours.
    pub per_month: Usd,
}

impl fmt::Display for ServingPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            units,
            commitment,
            per_hour,
            per_month,
        } = self;
        let word = if *units == 1 { "unit" } else { "units" };
        let bought = match commitment {
            Commitment::None => "without a commitment",
            Commitment::OneMonth => "bought for a month",
            Commitment::SixMonths => "bought for six months",
        };
        write!(
            f,
            "{units} model {word} of provisioned throughput {bought}: {per_hour} an hour, {per_month} a month"
        )
    }
}

impl ServingPrice {
    /// Whether `budget.serving_per_month_usd` allows it; otherwise why not, without the full stop.
    ///
    /// # Errors
    /// The amounts in words.
    pub fn fits(&self, budget: &Budget) -> Result<(), String> {
        let limit = budget.serving_per_month_usd;
        if self.per_month <= limit {
            return Ok(());
        }
        let allows = match limit {
            Usd::ZERO => "budget.serving_per_month_usd is not stated".to_owned(),
            limit => format!("budget.serving_per_month_usd allows {limit}"),
        };
        Err(format!(
            "promotion.serve = \"provisioned\" costs {} a month ({self}), and {allows}. Raise it, or use fewer model units",
            self.per_month
        ))
    }
}

/// What serving in this way costs; none where nothing is billed by the hour.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn serving(
    base_model: &str,
    serving: Serving,
    budget: &Budget,
) -> Result<Option<ServingPrice>, UnknownPrice> {
    let Serving::Provisioned {
        units, commitment, ..
    } = serving
    else {
        return Ok(None);
    };
    let price = per_hour(&Prices::of(base_model, budget), commitment)?;
    let per_hour = f64::from(units) * price;
    Ok(Some(ServingPrice {
        units,
        commitment,
        per_hour: Usd::from_dollars(per_hour),
        per_month: Usd::from_dollars(per_hour * f64::from(HOURS_PER_MONTH)),
    }))
}

/// What serves a pipeline now, at the prices of its configuration in force; none where nothing is billed by the hour, or no price is
/// stated any more.
#[must_use]
pub fn serving_of(pipeline: &Pipeline) -> Option<ServingPrice> {
    pipeline
        .deployment
        .as_deref()
        .filter(|arn| is_provisioned(arn))?;
    let config = &pipeline.config.as_ref()?.config;
    let model = plain_id(&config.base_model);
    serving(model, pipeline.served_as, &config.budget).ok()?
}

/// One model unit. Without a price for the commitment the one without a commitment stands: it is the higher one.
pub(super) fn per_hour(prices: &Prices, commitment: Commitment) -> Result<f64, UnknownPrice> {
    let committed = prices
        .committed_usd_per_hour
        .filter(|_| commitment != Commitment::None);
    let key = match commitment {
        Commitment::None => PROVISIONED,
        _ => COMMITTED,
    };
    known(
        prices,
        committed.or(prices.provisioned_usd_per_hour),
        "an hour of provisioned throughput",
        key,
    )
}
