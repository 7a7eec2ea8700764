//! What a run costs, before it is spent: a table of public prices with their sources, overridden by `[budget.prices]`,
//! the estimate of one run, and whether it fits the budget. Estimates are rounded up, and an unknown price is a refusal.

use serde::{Deserialize, Serialize};

use crate::config::{Budget, Config};
use crate::money::Usd;
use crate::routing::Route;

/// Dollars for 1,000 tokens of training, counted once an epoch.
pub const TRAINING: &str = "training_per_1k_tokens";
/// Dollars for 1,000 tokens of prompts, on demand.
pub const INPUT: &str = "input_per_1k_tokens";
/// Dollars for 1,000 tokens of answers, on demand.
pub const OUTPUT: &str = "output_per_1k_tokens";
/// Dollars a month for keeping one custom model.
pub const STORAGE: &str = "storage_per_model_month";
/// The share of the on-demand price that a batch inference job saves.
pub const BATCH_DISCOUNT: &str = "batch_discount";

/// One key of `[budget.prices]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceKey {
    /// The key's name in the file.
    pub name: &'static str,
    /// What it is, and in which unit.
    pub meaning: &'static str,
    /// The largest value that is taken; the smallest is 0.
    pub most: f64,
}

/// Every key of `[budget.prices]`.
pub const KEYS: &[PriceKey] = &[
    PriceKey {
        name: TRAINING,
        meaning: "US dollars for 1,000 tokens of training, counted once an epoch",
        most: 1_000.0,
    },
    PriceKey {
        name: INPUT,
        meaning: "US dollars for 1,000 tokens of prompts, on demand",
        most: 1_000.0,
    },
    PriceKey {
        name: OUTPUT,
        meaning: "US dollars for 1,000 tokens of answers, on demand",
        most: 1_000.0,
    },
    PriceKey {
        name: STORAGE,
        meaning: "US dollars a month for keeping one custom model",
        most: 100_000.0,
    },
    PriceKey {
        name: BATCH_DISCOUNT,
        meaning: "the share of the on-demand price that batch inference saves",
        most: 1.0,
    },
];

/// The public prices of one base model and its custom models; `None` where no figure was found.
struct PriceRow {
    model: &'static str,
    training: Option<f64>,
    input: Option<f64>,
    output: Option<f64>,
    source: &'static str,
}

/// Custom models served on demand are taken to cost what their base model costs. Sources: training, facts collected 2026-11-20
/// from third parties' accounts; input and output, the Bedrock pricing page as quoted by public price lists read 2026-11-20.
/// Where two figures were found, the higher one stands.
const TABLE: &[PriceRow] = &[
    PriceRow {
        model: "amazon.nova-micro-v1:0",
        training: Some(0.001),
        input: Some(0.000_035),
        output: Some(0.000_14),
        source: "third parties' accounts of 2026; Bedrock pricing as quoted by public price lists, 2026-11-20",
    },
    PriceRow {
        model: "amazon.nova-lite-v1:0",
        training: None,
        input: Some(0.000_06),
        output: Some(0.000_24),
        source: "Bedrock pricing as quoted by public price lists, 2026-11-20; no training price found",
    },
    PriceRow {
        model: "amazon.nova-pro-v1:0",
        training: None,
        input: Some(0.000_8),
        output: Some(0.003_2),
        source: "Bedrock pricing as quoted by public price lists, 2026-11-20; no training price found",
    },
    PriceRow {
        model: "amazon.nova-2-lite-v1:0",
        training: Some(0.003_78),
        input: Some(0.000_33),
        output: Some(0.002_75),
        source: "third parties' accounts of 2026; the higher of two quoted prices of the us. inference profile, 2026-11-20",
    },
    PriceRow {
        model: "meta.llama3-3-70b-instruct-v1:0",
        training: Some(0.003_3),
        input: Some(0.000_72),
        output: Some(0.000_72),
        source: "third parties' accounts of 2026; Bedrock pricing as quoted by public price lists, 2026-11-20",
    },
];

/// Keeping one custom model for a month. Source: third parties' accounts of 2026.
const STORAGE_PER_MODEL_MONTH: f64 = 1.95;
/// Batch inference costs half of on demand. Source: Bedrock pricing page, 2026.
const DEFAULT_BATCH_DISCOUNT: f64 = 0.5;

/// The prices that hold for one pipeline: the table's, overridden by the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// The base model's plain id.
    pub model: String,
    /// Dollars for 1,000 tokens of training.
    pub training_usd_per_1k_tokens: Option<f64>,
    /// Dollars for 1,000 tokens of prompts, on demand.
    pub input_usd_per_1k_tokens: Option<f64>,
    /// Dollars for 1,000 tokens of answers, on demand.
    pub output_usd_per_1k_tokens: Option<f64>,
    /// Dollars a month for keeping one custom model.
    pub storage_usd_per_model_month: f64,
    /// The share of the on-demand price that batch inference saves.
    pub batch_discount: f64,
    /// Where the table's figures come from.
    pub source: String,
}

impl Prices {
    /// The prices of a base model (its plain id) under a budget.
    #[must_use]
    pub fn of(base_model: &str, budget: &Budget) -> Self {
        let row = TABLE.iter().find(|row| row.model == base_model);
        let stated = |key: &str| budget.prices.get(key).copied();
        Self {
            model: base_model.to_owned(),
            training_usd_per_1k_tokens: stated(TRAINING).or(row.and_then(|row| row.training)),
            input_usd_per_1k_tokens: stated(INPUT).or(row.and_then(|row| row.input)),
            output_usd_per_1k_tokens: stated(OUTPUT).or(row.and_then(|row| row.output)),
            storage_usd_per_model_month: stated(STORAGE).unwrap_or(STORAGE_PER_MODEL_MONTH),
            batch_discount: stated(BATCH_DISCOUNT).unwrap_or(DEFAULT_BATCH_DISCOUNT),
            source: row.map_or("[budget.prices]", |row| row.source).to_owned(),
        }
    }
}

/// What a run is expected to use. Token counts are totals, not averages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageEstimate {
    /// Tokens of the dataset, counted once; the epochs come from the route.
    pub training_tokens: u64,
    /// Prompts of the evaluation set.
    pub prompts: u64,
    /// Tokens of all these prompts together.
    pub prompt_tokens: u64,
    /// Tokens of one model's answers to all of them, at most.
    pub answer_tokens: u64,
    /// Prompts that the champion has no kept answer to, and is asked on demand; 0 without a champion.
    pub champion_prompts: u64,
}

/// What a run is expected to cost, rounded up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// The training job.
    pub training: Usd,
    /// The answers of all models.
    pub evaluation: Usd,
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

/// What a run on `route` with this usage is expected to cost.
///
/// The base model is asked in batch, padded to the batch minimum by repeating prompts; the candidate is asked on demand; the
/// champion on demand where it has no kept answer. Storage is billed by the month and named in the lines, not in the sums.
///
/// # Errors
/// [`UnknownPrice`], naming the key to set.
pub fn estimate(
    route: &Route,
    config: &Config,
    usage: &UsageEstimate,
) -> Result<Estimate, UnknownPrice> {
    let prices = Prices::of(&route.base_model, &config.budget);
    let known = |price: Option<f64>, what: &str, key: &str| {
        price.ok_or_else(|| UnknownPrice {
            model: route.base_model.clone(),
            what: what.to_owned(),
            key: key.to_owned(),
        })
    };
    let training_price = known(prices.training_usd_per_1k_tokens, "training", TRAINING)?;
    let input = known(prices.input_usd_per_1k_tokens, "prompts", INPUT)?;
    let output = known(prices.output_usd_per_1k_tokens, "answers", OUTPUT)?;

    let epochs = route.epochs();
    let training = thousands(usage.training_tokens) * training_price * epochs as f64;
    let one_model =
        thousands(usage.prompt_tokens) * input + thousands(usage.answer_tokens) * output;
    let padded = usage.prompts.max(route.batch_minimum);
    let base = match usage.prompts {
        0 => 0.0,
        prompts => one_model * (padded as f64 / prompts as f64) * (1.0 - prices.batch_discount),
    };
    let champion = match usage.prompts {
        0 => 0.0,
        prompts => one_model * usage.champion_prompts.min(prompts) as f64 / prompts as f64,
    };

    let [training, base, candidate, champion] =
        [training, base, one_model, champion].map(Usd::from_dollars);
    let mut lines = vec![format!(
        "training: {} tokens, {epochs} {}, at ${training_price} per 1,000 tokens: {training}",
        usage.training_tokens,
        if epochs == 1 { "epoch" } else { "epochs" },
    )];
    if usage.prompts > 0 {
        lines.push(format!("base model: {padded} prompts in batch: {base}"));
        lines.push(format!(
            "candidate: {} prompts on demand: {candidate}",
            usage.prompts
        ));
    }
    if champion > Usd::ZERO {
        lines.push(format!(
            "champion: {} prompts without a kept answer, on demand: {champion}",
            usage.champion_prompts.min(usage.prompts)
        ));
    }
    lines.push(format!(
        "not in this sum: keeping the model, {} a month",
        Usd::from_dollars(prices.storage_usd_per_model_month)
    ));
    Ok(Estimate {
        training,
        evaluation: [base, candidate, champion].into_iter().sum(),
        lines,
    })
}

fn thousands(tokens: u64) -> f64 {
    tokens as f64 / 1_000.0
}

/// An amount that the budget does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum OverBudget {
    /// More than one run may cost.
    #[error(
        "the run is estimated at {amount}, and budget.per_run_usd allows {limit}. Raise it, or train on less data or \
         fewer epochs"
    )]
    Run {
        /// What the run would cost.
        amount: Usd,
        /// `budget.per_run_usd`.
        limit: Usd,
    },
    /// More than what is left of the month.
    #[error(
        "the run is estimated at {amount}; {reserved} of this month's {limit} (budget.per_month_usd) are reserved already, \
         so {left} are left. Raise it, or wait for the next month"
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
    },
}

/// Whether `amount` may be reserved for a run, where `month_reserved` is what the month's reservations sum up to without it.
///
/// # Errors
/// [`OverBudget`] with the numbers; exactly the limit is allowed.
pub fn fits(budget: &Budget, month_reserved: Usd, amount: Usd) -> Result<(), OverBudget> {
    if amount > budget.per_run_usd {
        return Err(OverBudget::Run {
            amount,
            limit: budget.per_run_usd,
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
        });
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Technique;
    use proptest::prelude::*;

    const USAGE: UsageEstimate = UsageEstimate {
        training_tokens: 1_000_000,
        prompts: 300,
        prompt_tokens: 30_000,
        answer_tokens: 60_000,
        champion_prompts: 0,
    };

    fn pipeline(base_model: &str) -> (Config, Route) {
        let config = Config::new(Technique::FineTuning, base_model);
        let route = config.check("us-east-1").unwrap();
        (config, route)
    }

    #[test]
    fn an_estimate_in_words() {
        let (config, route) = pipeline("amazon.nova-micro-v1:0");
        let estimate = estimate(
            &route,
            &config,
            &UsageEstimate {
                champion_prompts: 20,
                ..USAGE
            },
        )
        .unwrap();
        insta::assert_snapshot!(estimate.lines.join("\n"), @"
        training: 1000000 tokens, 2 epochs, at $0.001 per 1,000 tokens: $2.00
        base model: 300 prompts in batch: $0.004725
        candidate: 300 prompts on demand: $0.00945
        champion: 20 prompts without a kept answer, on demand: $0.00063
        not in this sum: keeping the model, $1.95 a month
        ");
        assert_eq!(estimate.training, Usd::from_dollars(2.0));
        // One model's answers cost $0.00945; the base model's half of it, the champion's a fifteenth.
        assert_eq!(estimate.evaluation, Usd::from_micros(9_450 + 4_725 + 630));
        assert_eq!(estimate.total(), estimate.training + estimate.evaluation);
    }

    #[test]
    fn a_small_set_is_padded_for_the_batch() {
        let (config, route) = pipeline("amazon.nova-micro-v1:0");
        let few = UsageEstimate {
            prompts: 10,
            ..USAGE
        };
        let estimate = estimate(&route, &config, &few).unwrap();
        assert_eq!(estimate.evaluation, Usd::from_micros(9_450 + 47_250));
        assert!(
            estimate.lines[1].contains("100 prompts in batch"),
            "{:?}",
            estimate.lines
        );
    }

    #[test]
    fn nothing_to_ask_costs_nothing() {
        let (config, route) = pipeline("amazon.nova-micro-v1:0");
        let estimate = estimate(&route, &config, &UsageEstimate::default()).unwrap();
        assert_eq!(estimate.total(), Usd::ZERO);
    }

    #[test]
    fn an_unknown_price_is_a_refusal_until_it_is_stated() {
        let (mut config, route) = pipeline("amazon.nova-pro-v1:0");
        let refused = estimate(&route, &config, &USAGE).unwrap_err();
        insta::assert_snapshot!(refused, @"the price of training for amazon.nova-pro-v1:0 is not known, so nothing was spent. State it in the pipeline's configuration, in US dollars: training_per_1k_tokens under [budget.prices]");
        config.budget.prices.insert(TRAINING.to_owned(), 0.01);
        let stated = estimate(&route, &config, &USAGE).unwrap();
        assert_eq!(stated.training, Usd::from_dollars(20.0));
        for key in [INPUT, OUTPUT, BATCH_DISCOUNT] {
            config.budget.prices.insert(key.to_owned(), 0.0);
        }
        assert_eq!(
            estimate(&route, &config, &USAGE).unwrap().evaluation,
            Usd::ZERO
        );
    }

    #[test]
    fn the_budget_is_held_to_the_micro_dollar() {
        let budget = Budget::default();
        let usd = Usd::from_dollars;
        assert_eq!(fits(&budget, Usd::ZERO, usd(50.0)), Ok(()));
        assert_eq!(fits(&budget, usd(150.0), usd(50.0)), Ok(()));
        insta::assert_snapshot!(fits(&budget, Usd::ZERO, usd(50.000_001)).unwrap_err(), @"the run is estimated at $50.01, and budget.per_run_usd allows $50.00. Raise it, or train on less data or fewer epochs");
        insta::assert_snapshot!(fits(&budget, usd(180.5), usd(20.0)).unwrap_err(), @"the run is estimated at $20.00; $180.50 of this month's $200.00 (budget.per_month_usd) are reserved already, so $19.50 are left. Raise it, or wait for the next month");
        assert!(
            fits(&budget, usd(250.0), Usd::from_micros(1))
                .unwrap_err()
                .to_string()
                .contains("$0.00 are left")
        );
        assert!(fits(&budget, Usd::MAX, Usd::MAX).is_err());
    }

    #[test]
    fn the_table_speaks_of_models_that_have_limits() {
        for row in TABLE {
            assert!(
                crate::limits::fine_tuning(row.model).is_some(),
                "{}",
                row.model
            );
        }
    }

    proptest! {
        #[test]
        fn more_use_never_costs_less(
            training in 0..1_000_000_000_u64, prompts in 1..10_000_u64, tokens in 0..10_000_000_u64, more in 0..1_000_u64,
        ) {
            let (config, route) = pipeline("amazon.nova-2-lite-v1:0");
            let usage = UsageEstimate {
                training_tokens: training, prompts, prompt_tokens: tokens, answer_tokens: tokens, champion_prompts: 0,
            };
            let larger = UsageEstimate {
                training_tokens: training + more, answer_tokens: tokens + more, champion_prompts: more, ..usage
            };
            let [usage, larger] = [usage, larger].map(|usage| estimate(&route, &config, &usage).unwrap());
            prop_assert!(larger.training >= usage.training && larger.evaluation >= usage.evaluation);
        }
    }
}
