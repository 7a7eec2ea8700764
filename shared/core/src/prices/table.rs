//! Public prices, each with its source, and the keys of `[budget.prices]` that override them.

use serde::{Deserialize, Serialize};

use crate::config::Budget;

/// Dollars for 1,000 tokens of training, counted once an epoch.
pub const TRAINING: &str = "training_per_1k_tokens";
/// Dollars for one image that training looks at, where images are trained on.
pub const IMAGE: &str = "training_per_image";
/// Dollars for an hour of training, where training is billed by the hour.
pub const HOURLY: &str = "training_per_hour";
/// Dollars for a minute of one copy of an imported model.
pub const IMPORTED: &str = "imported_per_minute";
/// Dollars for an hour of one model unit of provisioned throughput that is bought for no time.
pub const PROVISIONED: &str = "provisioned_per_hour";
/// The same with the commitment that the pipeline asks for.
pub const COMMITTED: &str = "committed_per_hour";
/// Dollars for 1,000 tokens of prompts, on demand.
pub const INPUT: &str = "input_per_1k_tokens";
/// Dollars for 1,000 tokens of answers, on demand.
pub const OUTPUT: &str = "output_per_1k_tokens";
/// Dollars for 1,000 tokens that a teacher reads.
pub const TEACHER_INPUT: &str = "teacher_input_per_1k_tokens";
/// Dollars for 1,000 tokens that a teacher writes.
pub const TEACHER_OUTPUT: &str = "teacher_output_per_1k_tokens";
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
        name: IMAGE,
        meaning: "US dollars for one image that training looks at: stepCount times batchSize of them",
        most: 1_000.0,
    },
    PriceKey {
        name: HOURLY,
        meaning: "US dollars for an hour of training: of one instance on SageMaker, of the whole job for reinforcement fine-tuning",
        most: 100_000.0,
    },
    PriceKey {
        name: IMPORTED,
        meaning: "US dollars for a minute in which one copy of an imported model is there: its custom model units times the price of one",
        most: 10_000.0,
    },
    PriceKey {
        name: PROVISIONED,
        meaning: "US dollars for an hour of one model unit of provisioned throughput without a commitment",
        most: 100_000.0,
    },
    PriceKey {
        name: COMMITTED,
        meaning: "US dollars for an hour of one model unit of provisioned throughput with the commitment that the pipeline asks for",
        most: 100_000.0,
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
        name: TEACHER_INPUT,
        meaning: "US dollars for 1,000 tokens of prompts of a distillation's teacher",
        most: 1_000.0,
    },
    PriceKey {
        name: TEACHER_OUTPUT,
        meaning: "US dollars for 1,000 tokens of answers of a distillation's teacher",
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
pub(super) struct PriceRow {
    pub(super) model: &'static str,
    training: Option<f64>,
    input: Option<f64>,
    output: Option<f64>,
    source: &'static str,
}

/// Custom models served on demand are taken to cost what their base model costs. Sources: training, facts collected 2026-11-20
/// from third parties' accounts; input and output, the Bedrock pricing page as quoted by public price lists read 2026-11-20.
/// Where two figures were found, the higher one stands.
pub(super) const TABLE: &[PriceRow] = &[
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

/// An hour of one model unit without a commitment. Source: third parties' accounts of 2026 (facts collected 2026-11-20); of the other
/// models no figure was found.
const PROVISIONED_PER_HOUR: &[(&str, f64)] = &[
    ("amazon.nova-2-lite-v1:0", 60.5),
    ("amazon.nova-lite-v1:0", 108.15),
];

fn provisioned(base_model: &str) -> Option<f64> {
    let mut rows = PROVISIONED_PER_HOUR.iter();
    rows.find(|(model, _)| *model == base_model)
        .map(|(_, price)| *price)
}

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
    /// Dollars for one image that training looks at, as stated.
    pub training_usd_per_image: Option<f64>,
    /// Dollars for an hour of training, as stated: no table can know a pipeline's instances.
    pub training_usd_per_hour: Option<f64>,
    /// Dollars for a minute of one copy of an imported model, as stated.
    pub imported_usd_per_minute: Option<f64>,
    /// Dollars for an hour of one model unit of provisioned throughput without a commitment.
    pub provisioned_usd_per_hour: Option<f64>,
    /// The same with the commitment that the pipeline asks for, as stated.
    pub committed_usd_per_hour: Option<f64>,
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
            training_usd_per_image: stated(IMAGE),
            training_usd_per_hour: stated(HOURLY),
            imported_usd_per_minute: stated(IMPORTED),
            provisioned_usd_per_hour: stated(PROVISIONED).or_else(|| provisioned(base_model)),
            committed_usd_per_hour: stated(COMMITTED),
            input_usd_per_1k_tokens: stated(INPUT).or(row.and_then(|row| row.input)),
            output_usd_per_1k_tokens: stated(OUTPUT).or(row.and_then(|row| row.output)),
            storage_usd_per_model_month: stated(STORAGE).unwrap_or(STORAGE_PER_MODEL_MONTH),
            batch_discount: stated(BATCH_DISCOUNT).unwrap_or(DEFAULT_BATCH_DISCOUNT),
            source: row.map_or("[budget.prices]", |row| row.source).to_owned(),
        }
    }
}
