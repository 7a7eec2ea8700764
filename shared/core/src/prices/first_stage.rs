//! What the first stage of a chain is expected to cost: a job of its own, by the hour.

use super::table::Prices;
use super::{UnknownPrice, training};
use crate::config::Config;
use crate::money::Usd;
use crate::routing::{Route, Trainer};

/// The job's price, and how it came about in words; `None` where there is no first stage.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn first_stage(route: &Route, config: &Config) -> Result<Option<(Usd, String)>, UnknownPrice> {
    let (Some(_), Trainer::SageMaker { job }) = (&route.first, &route.trainer) else {
        return Ok(None);
    };
    let prices = Prices::of(&route.base_model, &config.budget);
    let (amount, lines) = training::by_hour(job, &prices)?;
    Ok(Some((
        Usd::from_dollars(amount),
        format!("first stage, {}", lines.join("; ")),
    )))
}
