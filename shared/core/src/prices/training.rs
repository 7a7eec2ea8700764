//! What the training job of a run is expected to cost: by the token, by the hour, or by the teacher's answers.

use super::table::{HOURLY, IMAGE, Prices, TEACHER_INPUT, TEACHER_OUTPUT, TRAINING};
use super::{UnknownPrice, UsageEstimate, known, thousands};
use crate::config::{Budget, Config, SageMakerConfig};
use crate::limits::RecordShape;
use crate::money::Usd;
use crate::routing::serverless::{BATCH, MAX_EPOCHS, MAX_STEPS};
use crate::routing::{Customization, Route, Trainer, images_seen};
use crate::run::TRAINING_DEADLINE_HOURS;

/// Prompts with answers that a distillation job trains on at most: Bedrock adds prompts of its own to a small set, and says neither when
/// nor how many. To pairs of invocation logs it adds none: their answers are taken as they are. Source: Bedrock user guide,
/// model-distillation: "up to 15,000 prompt-response pairs", and distillation-data-prep-option-2 (2026).
const DISTILLATION_PAIRS: u64 = 15_000;
/// How often distillation goes through the pairs is not published; Nova's fine-tuning goes through twice by default.
const DISTILLATION_EPOCHS: u64 = 2;

/// The job's price, and how it came about in words.
pub(super) fn estimate(
    route: &Route,
    config: &Config,
    usage: &UsageEstimate,
    prices: &Prices,
) -> Result<(f64, Vec<String>), UnknownPrice> {
    match &route.trainer {
        Trainer::Bedrock {
            customization: Customization::FineTuning,
        } if !route.is_scored() => by_image(route, prices),
        Trainer::Bedrock {
            customization: Customization::FineTuning,
        } => by_token(route, usage, prices),
        Trainer::Bedrock {
            customization:
                Customization::Distillation {
                    logged_answers: Some(true),
                    max_response_tokens,
                    ..
                },
        } => logged_pairs(usage, prices, *max_response_tokens),
        Trainer::Bedrock {
            customization:
                Customization::Distillation {
                    teacher,
                    max_response_tokens,
                    ..
                },
        } => distillation(config, usage, prices, teacher, *max_response_tokens),
        Trainer::Bedrock {
            customization: Customization::Reinforcement { .. },
        } => {
            let hours = u64::try_from(TRAINING_DEADLINE_HOURS).unwrap_or(0);
            let price = known(
                prices,
                prices.training_usd_per_hour,
                "an hour of training",
                HOURLY,
            )?;
            let line = format!(
                "training: at most {hours} hours, after which the job is stopped, at ${price} an hour: {}",
                Usd::from_dollars(hours as f64 * price)
            );
            Ok((hours as f64 * price, vec![line]))
        }
        Trainer::SageMaker { job } => by_hour(job, prices),
        Trainer::Serverless { .. } => serverless(route, config, usage, prices),
    }
}

/// By the token, as SageMaker counts them (`DescribeTrainingJob.BillableTokenCount`). The table's prices are Bedrock's own: what
/// SageMaker takes is not published where it could be read, so it has to be stated.
fn serverless(
    route: &Route,
    config: &Config,
    usage: &UsageEstimate,
    prices: &Prices,
) -> Result<(f64, Vec<String>), UnknownPrice> {
    let stated = config.budget.prices.get(TRAINING).copied();
    let price = known(
        prices,
        stated,
        "serverless customization on SageMaker",
        TRAINING,
    )?;
    let number = |name: &str| -> Option<u64> { route.hyperparameters.get(name)?.parse().ok() };
    let (times, how) = match (number(MAX_STEPS), number(BATCH)) {
        (Some(steps), Some(batch)) => (
            (steps * batch) as f64 / usage.training_records.max(1) as f64,
            format!("{steps} steps of {batch} records"),
        ),
        _ => {
            let epochs = number(MAX_EPOCHS).unwrap_or(1);
            (epochs as f64, format!("{MAX_EPOCHS} = {epochs}"))
        }
    };
    let amount = thousands(usage.training_tokens) * times * price;
    // How SageMaker counts a pair is not published.
    let of = match route.limits.shape {
        RecordShape::Preferences => " (each prompt with both of its answers)",
        _ => "",
    };
    let line = format!(
        "training: {} tokens{of}, {how}, at ${price} per 1,000 tokens: {}",
        usage.training_tokens,
        Usd::from_dollars(amount)
    );
    Ok((amount, vec![line]))
}

fn by_token(
    route: &Route,
    usage: &UsageEstimate,
    prices: &Prices,
) -> Result<(f64, Vec<String>), UnknownPrice> {
    let price = known(
        prices,
        prices.training_usd_per_1k_tokens,
        "training",
        TRAINING,
    )?;
    let epochs = route.epochs();
    let amount = thousands(usage.training_tokens) * price * epochs as f64;
    let line = format!(
        "training: {} tokens, {epochs} {}, at ${price} per 1,000 tokens: {}",
        usage.training_tokens,
        if epochs == 1 { "epoch" } else { "epochs" },
        Usd::from_dollars(amount)
    );
    Ok((amount, vec![line]))
}

fn by_image(route: &Route, prices: &Prices) -> Result<(f64, Vec<String>), UnknownPrice> {
    let what = "an image that training looks at";
    let price = known(prices, prices.training_usd_per_image, what, IMAGE)?;
    let images = images_seen(route);
    let amount = images as f64 * price;
    let line = format!(
        "training: looks at {images} images (stepCount times batchSize) at ${price} each: {}",
        Usd::from_dollars(amount)
    );
    Ok((amount, vec![line]))
}

/// The teacher answers each prompt, and the student learns the pairs. Taken at the most that the service trains on.
fn distillation(
    config: &Config,
    usage: &UsageEstimate,
    prices: &Prices,
    teacher: &str,
    max_response_tokens: u32,
) -> Result<(f64, Vec<String>), UnknownPrice> {
    let of_teacher = Prices::of(teacher, &Budget::default());
    let stated = |key: &str| config.budget.prices.get(key).copied();
    let input = stated(TEACHER_INPUT).or(of_teacher.input_usd_per_1k_tokens);
    let output = stated(TEACHER_OUTPUT).or(of_teacher.output_usd_per_1k_tokens);
    let input = known(&of_teacher, input, "the teacher's prompts", TEACHER_INPUT)?;
    let output = known(&of_teacher, output, "the teacher's answers", TEACHER_OUTPUT)?;
    let training = known(
        prices,
        prices.training_usd_per_1k_tokens,
        "training",
        TRAINING,
    )?;
    let records = usage.training_records.max(1);
    let pairs = records.max(DISTILLATION_PAIRS);
    let prompt_tokens = usage.training_tokens as f64 / records as f64 * pairs as f64;
    let answer_tokens = (pairs * u64::from(max_response_tokens)) as f64;
    let taught = (prompt_tokens * input + answer_tokens * output) / 1_000.0;
    let trained = (prompt_tokens + answer_tokens) / 1_000.0 * training * DISTILLATION_EPOCHS as f64;
    let lines = vec![
        format!(
            "teacher {teacher}: at most {pairs} answers of {max_response_tokens} tokens: {}",
            Usd::from_dollars(taught)
        ),
        format!(
            "training: at most {pairs} pairs, taken {DISTILLATION_EPOCHS} times, at ${training} per 1,000 tokens: {}",
            Usd::from_dollars(trained)
        ),
    ];
    Ok((taught + trained, lines))
}

/// The pairs stand in the invocation logs: no teacher is asked, and nothing is added to them. Their answers were asked for without
/// Perennial, so that the longest answer of the configuration is counted on top of what the entries hold.
fn logged_pairs(
    usage: &UsageEstimate,
    prices: &Prices,
    max_response_tokens: u32,
) -> Result<(f64, Vec<String>), UnknownPrice> {
    let price = prices.training_usd_per_1k_tokens;
    let price = known(prices, price, "training", TRAINING)?;
    let pairs = usage.training_records;
    let tokens = usage.training_tokens + pairs * u64::from(max_response_tokens);
    let amount = thousands(tokens) * price * DISTILLATION_EPOCHS as f64;
    let line = format!(
        "training: {pairs} pairs of the logs, taken {DISTILLATION_EPOCHS} times, at ${price} per 1,000 tokens: {}",
        Usd::from_dollars(amount)
    );
    Ok((amount, vec![line]))
}

/// As long as the job may run: SageMaker stops it then. Spare capacity costs less, and is reckoned at the full price.
pub(super) fn by_hour(
    job: &SageMakerConfig,
    prices: &Prices,
) -> Result<(f64, Vec<String>), UnknownPrice> {
    let price = known(
        prices,
        prices.training_usd_per_hour,
        "an hour of one instance",
        HOURLY,
    )?;
    let hours = job.max_run.as_secs() as f64 / 3_600.0;
    let amount = hours * f64::from(job.instance_count) * price;
    let line = format!(
        "training: {} {} for at most {}, at ${price} an hour each: {}",
        job.instance_count,
        job.instance_type,
        job.max_run,
        Usd::from_dollars(amount)
    );
    Ok((amount, vec![line]))
}
