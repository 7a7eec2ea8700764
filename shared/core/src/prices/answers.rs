//! What the answers of one model cost: by the token, by the hour of its throughput, or by the minute in which it is loaded.

use super::table::{IMPORTED, INPUT, OUTPUT, Prices};
use super::{UnknownPrice, UsageEstimate, known, serving, thousands};
use crate::config::{Budget, Commitment, Config};
use crate::pipeline::Champion;
use crate::routing::{Route, Serving};
use crate::run::{EVALUATION_DEADLINE_HOURS, Run};

/// The tokens of all prompts and of one model's answers to them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens {
    prompts: u64,
    answers: u64,
}

impl Tokens {
    pub(super) fn of(usage: &UsageEstimate) -> Self {
        Self {
            prompts: usage.prompt_tokens,
            answers: usage.answer_tokens,
        }
    }

    /// At these prices for 1,000 of each.
    pub(super) fn cost(self, input: f64, output: f64) -> f64 {
        thousands(self.prompts) * input + thousands(self.answers) * output
    }
}

/// What `prompts` of the `all` prompts cost that a model is asked, and how it is asked in words.
pub(super) fn asked(
    prices: &Prices,
    tokens: Tokens,
    serving: Serving,
    prompts: u64,
    all: u64,
) -> Result<(f64, String), UnknownPrice> {
    match serving {
        _ if prompts == 0 => Ok((0.0, String::new())),
        Serving::OnDemand => {
            let input = known(prices, prices.input_usd_per_1k_tokens, "prompts", INPUT)?;
            let output = known(prices, prices.output_usd_per_1k_tokens, "answers", OUTPUT)?;
            let share = prompts as f64 / all.max(1) as f64;
            Ok((tokens.cost(input, output) * share, "on demand".to_owned()))
        }
        // The champion's throughput runs anyway, and is paid for by the serving budget.
        Serving::Provisioned { only: false, .. } => {
            Ok((0.0, "through its provisioned throughput".to_owned()))
        }
        Serving::Provisioned {
            only: true, units, ..
        } => {
            let hours = EVALUATION_DEADLINE_HOURS;
            let price = serving::per_hour(prices, Commitment::None)?;
            Ok((
                hours as f64 * f64::from(units) * price,
                format!(
                    "through {units} model unit of provisioned throughput for at most {hours} hours, at ${price} an hour"
                ),
            ))
        }
        Serving::Imported => {
            let minutes = imported_minutes(prompts);
            let what = "a minute of an imported model";
            let price = known(prices, prices.imported_usd_per_minute, what, IMPORTED)?;
            Ok((
                minutes as f64 * COPIES as f64 * price,
                format!(
                    "in {minutes} minutes of at most {COPIES} copies of the imported model at ${price}"
                ),
            ))
        }
    }
}

/// Copies of an imported model that may be there at a time, as Bedrock adds some under load: each is billed.
const COPIES: u64 = 3;

/// Minutes in which an imported model is there for so many questions, asked one after the other: two seconds each, and twice the
/// window of five minutes in which a copy is billed, for its loading and its last window. Source of the window: Bedrock user
/// guide, import-model-calculate-cost (2026); the two seconds are an assumption that a slow answer still keeps.
fn imported_minutes(prompts: u64) -> u64 {
    const SECONDS: u64 = 2;
    const WINDOW: u64 = 5;
    (prompts * SECONDS).div_ceil(60).div_ceil(WINDOW) * WINDOW + 2 * WINDOW
}

/// The prices of a champion that comes of another base model than `route`'s; `None` where it is the same. `[budget.prices]` of the
/// configuration in force states the prices of its own base model: those of the champion are what the configuration of its `own` run
/// stated, and the table's.
///
/// The minute of an imported model is in no table. Where the champion's run stated none, as it asked its model nothing, it is the one
/// that is stated now.
#[must_use]
pub fn of_champion(
    champion: &Champion,
    route: &Route,
    config: &Config,
    own: Option<&Run>,
) -> Option<Prices> {
    let base_model = match champion.base_model.as_str() {
        // Not in older records of a champion, but in its run's.
        "" => own.map_or("", |own| own.route.base_model.as_str()),
        known => known,
    };
    if base_model.is_empty() || base_model == route.base_model {
        return None;
    }
    let stated = own.map(|own| own.config.budget.prices.clone());
    let budget = Budget {
        prices: stated.unwrap_or_default(),
        ..Budget::default()
    };
    let mut prices = Prices::of(base_model, &budget);
    let now = config.budget.prices.get(IMPORTED).copied();
    prices.imported_usd_per_minute = prices.imported_usd_per_minute.or(now);
    Some(prices)
}
