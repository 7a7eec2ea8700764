//! How a pipeline's models are served: on demand, or by provisioned throughput that its budget pays for. Decided before anything
//! is trained, so that no model is bought that then cannot serve.

use super::table::ModelRow;
use super::techniques::refused;
use super::{RoutingError, Serving, servable};
use crate::config::{Commitment, Config, Serve};
use crate::prices::{self, Prices, ServingPrice};

/// How custom models of this row are served for this configuration.
pub(super) fn serving(config: &Config, row: &ModelRow) -> Result<Serving, RoutingError> {
    match config.promotion.serve {
        Serve::Provisioned => provisioned(config, row),
        Serve::OnDemand if !buys_nothing(config) => without_effect(
            config,
            "promotion.serve = \"on-demand\"",
            "Remove it, or set promotion.serve = \"provisioned\"",
        ),
        Serve::OnDemand if row.on_demand => Ok(Serving::OnDemand),
        Serve::OnDemand => Err(RoutingError::NoOnDemand {
            name: row.name.to_owned(),
            price: would_cost(config, row),
            servable: servable(),
        }),
    }
}

/// How a model is served that was trained elsewhere and imported: in one way, which nothing can be said about.
pub(super) fn imported(config: &Config) -> Result<Serving, RoutingError> {
    if config.promotion.serve == Serve::Provisioned {
        return refused(
            "promotion.serve = \"provisioned\": Bedrock sells no provisioned throughput for imported models",
            "Remove it: an imported model answers by itself, billed by the minutes in which it is asked",
        );
    }
    if !buys_nothing(config) {
        return without_effect(
            config,
            "an imported model",
            "Remove it: the model answers by itself, billed by the minutes in which it is asked",
        );
    }
    Ok(Serving::Imported)
}

fn buys_nothing(config: &Config) -> bool {
    config.promotion.model_units == 1 && config.promotion.commitment == Commitment::None
}

/// Of what is bought where nothing is bought.
fn without_effect(config: &Config, with: &str, instead: &str) -> Result<Serving, RoutingError> {
    let promotion = &config.promotion;
    let asked = match promotion.model_units {
        1 => format!("commitment = \"{}\"", promotion.commitment),
        units => format!("model_units = {units}"),
    };
    refused(
        format!("promotion.{asked} has no effect with {with}"),
        instead,
    )
}

fn provisioned(config: &Config, row: &ModelRow) -> Result<Serving, RoutingError> {
    let serving = Serving::Provisioned {
        units: config.promotion.model_units,
        commitment: config.promotion.commitment,
        only: !row.on_demand,
    };
    // A candidate is asked through throughput without a commitment, where there is no other way to ask it.
    let candidate = serving.of_candidate();
    if let Err(unknown) = prices::serving(row.id, candidate, &config.budget) {
        return refused(unknown.sentence(), "Nothing was trained");
    }
    let price = match prices::serving(row.id, serving, &config.budget) {
        Ok(Some(price)) => price,
        Ok(None) => return Ok(serving),
        Err(unknown) => return refused(unknown.sentence(), "Nothing was trained"),
    };
    match price.fits(&config.budget) {
        Ok(()) => Ok(serving),
        Err(why) => refused(why, "Nothing was trained"),
    }
}

/// What one model unit would cost, for a message.
fn would_cost(config: &Config, row: &ModelRow) -> String {
    let one = Serving::Provisioned {
        units: 1,
        commitment: Commitment::None,
        only: true,
    };
    match prices::serving(row.id, one, &config.budget) {
        Ok(Some(ServingPrice {
            per_hour,
            per_month,
            ..
        })) => format!(
            "one model unit costs {per_hour} an hour, {per_month} a month, which budget.serving_per_month_usd must allow; the \
             evaluation buys one for up to {} hours",
            crate::run::EVALUATION_DEADLINE_HOURS
        ),
        _ => format!(
            "it is billed by the hour, at a price that is not known for {}: state it as {} under [budget.prices], and allow {} \
             hours of it a month by budget.serving_per_month_usd; the evaluation buys one model unit for up to {} hours",
            Prices::of(row.id, &config.budget).model,
            prices::PROVISIONED,
            prices::HOURS_PER_MONTH,
            crate::run::EVALUATION_DEADLINE_HOURS
        ),
    }
}
