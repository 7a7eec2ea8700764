//! What makes a run or a trial cost less: only what its price rests on, so that nobody drops data that are paid for by the hour.

use crate::routing::serverless::MAX_STEPS;
use crate::routing::{Customization, Route, Serving, Trainer};
use crate::run::TRAINING_DEADLINE_HOURS;

pub(super) const RESPONSES: &str = "lower training.distillation.max_response_tokens";
pub(super) const MAX_RUN: &str = "lower training.sagemaker.max_run";
pub(super) const IMAGES: &str = "lower stepCount or batchSize (training.hyperparameters)";

/// What to do about a run that its budget does not hold, without the full stop.
pub(super) fn of_run(route: &Route) -> String {
    // Copies of an imported model are billed for as long as they are asked, which is more than a short training.
    let questions = match route.serving {
        Serving::Imported if route.is_scored() => " or ask fewer prompts (evaluation.max_prompts)",
        _ => "",
    };
    match of_training(route, "train on less data") {
        Some(less) => format!("Raise it, or {less}{questions}"),
        None => format!("Raise it: {}", why_fixed()),
    }
}

/// What to do about a run that the month does not hold, without the full stop. What is over a month's limit waits in vain.
pub(super) fn of_month(route: &Route, over_any: bool) -> String {
    match over_any {
        true => of_run(route),
        false => "Raise it, or wait for the next month: then `perennial start` opens the run again"
            .to_owned(),
    }
}

/// The same of a trial. Its questions are the same as those of the run on all data, and cost as much.
pub(super) fn of_trial(route: &Route) -> String {
    let questions = "ask fewer prompts (evaluation.max_prompts)";
    let training = match &route.trainer {
        // Its time is what the money leaves already; the first stage of a chain has its own.
        Trainer::SageMaker { .. } if route.first.is_none() => None,
        _ => of_training(route, "train on fewer records"),
    };
    match training {
        Some(less) => format!("Raise it, or {less} or {questions}"),
        None => format!("Raise it, or {questions}"),
    }
}

/// Why neither data nor settings change what a job by the hour is reckoned at.
fn why_fixed() -> String {
    format!(
        "the {TRAINING_DEADLINE_HOURS} hours after which the job is stopped are reckoned, whatever it trains on"
    )
}

fn of_training(route: &Route, fewer: &str) -> Option<String> {
    let with = |what: &str| Some(format!("{fewer} or {what}"));
    let only = |what: &str| Some(what.to_owned());
    match &route.trainer {
        Trainer::Bedrock {
            customization: Customization::Reinforcement { .. },
        } => None,
        // The pairs of the logs are those that there are.
        Trainer::Bedrock {
            customization:
                Customization::Distillation {
                    logged_answers: Some(true),
                    ..
                },
        } => with(RESPONSES),
        Trainer::Bedrock {
            customization: Customization::Distillation { .. },
        } => only(RESPONSES),
        Trainer::Bedrock {
            customization: Customization::FineTuning,
        } if !route.is_scored() => only(IMAGES),
        Trainer::Bedrock {
            customization: Customization::FineTuning,
        } => with("fewer epochs"),
        Trainer::SageMaker { .. } => only(MAX_RUN),
        Trainer::Serverless { .. } if route.hyperparameters.contains_key(MAX_STEPS) => {
            only("lower max_steps or global_batch_size (training.hyperparameters)")
        }
        Trainer::Serverless { .. } => with("fewer epochs (max_epochs)"),
    }
}
