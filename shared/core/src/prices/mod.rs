//! What a run costs, before it is spent: a table of public prices with their sources, overridden by `[budget.prices]`,
//! the estimate of one run, and whether it fits the budget. Estimates are rounded up, and an unknown price is a refusal.

mod advice;
mod answers;
mod first_stage;
mod least;
mod over;
mod serving;
mod table;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests;
mod training;
mod trial;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod trial_tests;

use serde::{Deserialize, Serialize};

pub use answers::of_champion;
use answers::{Tokens, asked};
pub use first_stage::first_stage;
pub use least::least_of_run;
pub(crate) use least::{ways_to_less, ways_to_less_in_a_trial};
pub use over::{OverBudget, fits};
pub use serving::{
    HOURS_PER_MONTH, ServingPrice, UnknownEarlierPrice, serving, serving_again, serving_of,
};
pub use table::{
    BATCH_DISCOUNT, COMMITTED, HOURLY, IMAGE, IMPORTED, INPUT, KEYS, OUTPUT, PROVISIONED, PriceKey,
    Prices, STORAGE, TEACHER_INPUT, TEACHER_OUTPUT, TRAINING,
};
pub use trial::{SHORTEST, least_of_trial, trial_route};

use crate::config::Config;
use crate::money::Usd;
use crate::routing::{Route, Serving};

/// The longest answer that a model is asked for in an evaluation, in tokens.
pub const MAX_ANSWER_TOKENS: u32 = 512;

/// What a run is expected to use. Token counts are totals, not averages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEstimate {
    /// Tokens of the dataset, counted once; the epochs come from the route.
    pub training_tokens: u64,
    /// Records of the dataset.
    pub training_records: u64,
    /// Prompts of the evaluation set.
    pub prompts: u64,
    /// Tokens of all these prompts together.
    pub prompt_tokens: u64,
    /// Tokens of one model's answers to all of them, at most.
    pub answer_tokens: u64,
    /// Prompts that the champion has no kept answer to, and is asked on demand; 0 without a champion.
    pub champion_prompts: u64,
    /// How the champion is served: it may have come by another route.
    pub champion_serving: Serving,
}

/// What a run is expected to cost, rounded up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// The training job.
    pub training: Usd,
    /// The answers of all models.
    pub evaluation: Usd,
    /// The base model's share of them: what a second attempt of its batch job costs.
    #[serde(default)]
    pub base: Usd,
    /// How the amounts came about, in words.
    pub lines: Vec<String>,
}

impl Estimate {
    /// Training and evaluation together.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.training.saturating_add(self.evaluation)
    }
}

/// A price that neither the table nor the configuration states.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error(
    "the price of {what} for {model} is not known, so nothing was spent. State it in the pipeline's configuration, in US \
     dollars: {key} under [budget.prices]"
)]
pub struct UnknownPrice {
    /// The base model's plain id.
    pub model: String,
    /// What would be paid for.
    pub what: String,
    /// The key of `[budget.prices]` that states it.
    pub key: String,
}

impl UnknownPrice {
    /// The same before anything could be spent, without the full stop.
    pub(crate) fn sentence(&self) -> String {
        let Self { model, what, key } = self;
        format!(
            "the price of {what} for {model} is not known. State it in US dollars: {key} under [budget.prices]"
        )
    }
}

/// What a run on `route` with this usage is expected to cost, where its champion, if it has one, is of the same base model.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn estimate(
    route: &Route,
    config: &Config,
    usage: &UsageEstimate,
) -> Result<Estimate, UnknownPrice> {
    estimate_beside(route, config, usage, None)
}

/// What a run on `route` with this usage is expected to cost, beside a champion with prices of its own ([`of_champion`]).
///
/// The base model is asked in batch, padded to the batch minimum by repeating prompts; the candidate is asked on demand; the
/// champion on demand where it has no kept answer. Storage is billed by the month and named in the lines, not in the sums.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn estimate_beside(
    route: &Route,
    config: &Config,
    usage: &UsageEstimate,
    champion: Option<&Prices>,
) -> Result<Estimate, UnknownPrice> {
    let prices = Prices::of(&route.base_model, &config.budget);
    let (training, mut lines) = training::estimate(route, config, usage, &prices)?;
    // Where nobody can be asked nothing is to be known of its price.
    let (input, output) = match usage.prompts {
        0 if !route.is_scored() => (0.0, 0.0),
        _ => (
            known(&prices, prices.input_usd_per_1k_tokens, "prompts", INPUT)?,
            known(&prices, prices.output_usd_per_1k_tokens, "answers", OUTPUT)?,
        ),
    };

    let tokens = Tokens::of(usage);
    let padded = usage.prompts.max(route.batch_minimum);
    let base = match usage.prompts {
        0 => 0.0,
        prompts => {
            tokens.cost(input, output)
                * (padded as f64 / prompts as f64)
                * (1.0 - prices.batch_discount)
        }
    };
    let (candidate, how) = asked(
        &prices,
        tokens,
        route.serving.of_candidate(),
        usage.prompts,
        usage.prompts,
    )?;
    let champion_prices = champion.unwrap_or(&prices);
    let asked_of_champion = usage.champion_prompts.min(usage.prompts);
    let (of_champion, mut champion_how) = asked(
        champion_prices,
        tokens,
        usage.champion_serving,
        asked_of_champion,
        usage.prompts,
    )?;
    if let Some(other) = champion {
        champion_how += &format!(", at the prices of {}", other.model);
    }

    let [training, base, candidate, champion] =
        [training, base, candidate, of_champion].map(Usd::from_dollars);
    if usage.prompts > 0 {
        lines.push(format!("base model: {padded} prompts in batch: {base}"));
        lines.push(format!(
            "candidate: {} {how}: {candidate}",
            counted_prompts(usage.prompts)
        ));
    }
    if champion > Usd::ZERO {
        lines.push(format!(
            "champion: {} without a kept answer, {champion_how}: {champion}",
            counted_prompts(asked_of_champion)
        ));
    }
    if let Some(price) = serving(&route.base_model, route.serving, &config.budget)? {
        lines.push(format!("not in this sum: serving it: {price}"));
    }
    lines.push(format!(
        "not in this sum: keeping the model, {} a month",
        Usd::from_dollars(prices.storage_usd_per_model_month)
    ));
    Ok(Estimate {
        training,
        evaluation: [base, candidate, champion].into_iter().sum(),
        base,
        lines,
    })
}

fn known(prices: &Prices, price: Option<f64>, what: &str, key: &str) -> Result<f64, UnknownPrice> {
    price.ok_or_else(|| UnknownPrice {
        model: prices.model.clone(),
        what: what.to_owned(),
        key: key.to_owned(),
    })
}

fn counted_prompts(prompts: u64) -> String {
    match prompts {
        1 => "1 prompt".to_owned(),
        more => format!("{more} prompts"),
    }
}

fn thousands(tokens: u64) -> f64 {
    tokens as f64 / 1_000.0
}
