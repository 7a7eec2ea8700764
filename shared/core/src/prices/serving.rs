//! What serving a model costs while nobody asks it: the hours of provisioned throughput, and whether the budget allows them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::{COMMITTED, PROVISIONED, Prices};
use super::{UnknownPrice, known};
use crate::config::{Budget, Commitment, Config};
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

/// Why no price is known of throughput that an earlier model would need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownEarlierPrice {
    /// Of the configuration's own base model.
    #[error("{}", .0.sentence())]
    Own(UnknownPrice),
    /// Of another one: what `[budget.prices]` states is not its price.
    #[error(
        "what it costs for {base} is not known: [budget.prices] states it for {own}. Put the configuration of {base} in force, with \
         its price and budget.serving_per_month_usd, and ask again"
    )]
    Other {
        /// The earlier model's base.
        base: String,
        /// The configuration's.
        own: String,
    },
    /// The record is older than the field.
    #[error("its record does not say which base model it comes from, so its price is not known")]
    NoBase,
}

/// What serving an earlier model in this way costs by the configuration in force, which may be of another base model: then only the
/// table's own price counts.
///
/// # Errors
/// [`UnknownEarlierPrice`], saying what to do.
pub fn serving_again(
    base_model: &str,
    wanted: Serving,
    config: &Config,
) -> Result<Option<ServingPrice>, UnknownEarlierPrice> {
    let own = plain_id(&config.base_model);
    if base_model.is_empty() {
        return Err(UnknownEarlierPrice::NoBase);
    }
    if base_model == own {
        return serving(base_model, wanted, &config.budget).map_err(UnknownEarlierPrice::Own);
    }
    let budget = Budget {
        prices: Default::default(),
        ..config.budget.clone()
    };
    serving(base_model, wanted, &budget).map_err(|_| UnknownEarlierPrice::Other {
        base: base_model.to_owned(),
        own: own.to_owned(),
    })
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
    let base = pipeline
        .champion
        .as_ref()
        .map(|champion| champion.base_model.as_str())
        .filter(|base| !base.is_empty())
        .unwrap_or_else(|| plain_id(&config.base_model));
    serving_again(base, pipeline.served_as, config).ok()?
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
