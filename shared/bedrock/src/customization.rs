//! What a customization job does, as `CreateModelCustomizationJob` wants it said.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use aws_sdk_bedrock::types::{
    CustomizationConfig, CustomizationType, DistillationConfig, GraderConfig, InvocationLogSource,
    InvocationLogsConfig, LambdaGraderConfig, ReasoningEffort, RftConfig, RftHyperParameters,
    TeacherModelConfig, TrainingDataConfig,
};
use perennial_core::routing::Customization;
use perennial_ports::{ErrorKind, PortError, PortResult, TrainingSpec};

use crate::training::CREATE;
use crate::{about, wrong};

/// The members of the request that depend on it.
pub(crate) struct Members {
    /// `customizationType`.
    pub(crate) kind: CustomizationType,
    /// `customizationConfig`; none for fine-tuning.
    pub(crate) config: Option<CustomizationConfig>,
    /// `hyperParameters`; reinforcement has its own within the configuration.
    pub(crate) hyperparameters: Option<HashMap<String, String>>,
}

/// From the spec.
pub(crate) fn members(spec: &TrainingSpec) -> PortResult<Members> {
    let plain = || spec.hyperparameters.clone().into_iter().collect();
    Ok(match &spec.customization {
        Customization::FineTuning => Members {
            kind: CustomizationType::FineTuning,
            config: None,
            hyperparameters: Some(plain()),
        },
        Customization::Distillation {
            teacher,
            max_response_tokens,
            ..
        } => {
            let tokens = i32::try_from(*max_response_tokens).unwrap_or(i32::MAX);
            let teacher = TeacherModelConfig::builder()
                .teacher_model_identifier(teacher)
                .max_response_length_for_inference(tokens)
                .build()
                .map_err(wrong(CREATE))?;
            let config = DistillationConfig::builder().teacher_model_config(teacher);
            Members {
                kind: CustomizationType::Distillation,
                config: Some(CustomizationConfig::DistillationConfig(config.build())),
                // The service takes none; should the spec have some, it says so.
                hyperparameters: Some(plain()).filter(|all: &HashMap<_, _>| !all.is_empty()),
            }
        }
        Customization::Reinforcement { grader } => {
            let grader = LambdaGraderConfig::builder()
                .lambda_arn(grader)
                .build()
                .map_err(wrong(CREATE))?;
            let config = RftConfig::builder()
                .grader_config(GraderConfig::LambdaGrader(grader))
                .set_hyper_parameters(
                    reinforcement(&spec.hyperparameters)
                        .map_err(|error| about(&spec.name, error))?,
                );
            Members {
                kind: CustomizationType::ReinforcementFineTuning,
                config: Some(CustomizationConfig::RftConfig(config.build())),
                hyperparameters: None,
            }
        }
    })
}

/// Where the data are, and what they are: for distillation from invocation logs the folder of the file.
pub(crate) fn data(
    spec: &TrainingSpec,
    uri: impl Fn(&str) -> String,
) -> PortResult<TrainingDataConfig> {
    let data = TrainingDataConfig::builder();
    let Customization::Distillation {
        logged_answers: Some(use_answers),
        ..
    } = &spec.customization
    else {
        return Ok(data.s3_uri(uri(&spec.training_key)).build());
    };
    let folder = match spec.training_key.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/"),
        None => {
            return Err(invalid(format!(
                "{} is in no folder of its own",
                spec.training_key
            )));
        }
    };
    let logs = InvocationLogsConfig::builder()
        .use_prompt_response(*use_answers)
        .invocation_log_source(InvocationLogSource::S3Uri(uri(&folder)))
        .build();
    Ok(data.invocation_logs_config(logs).build())
}

/// By the service's names, typed; none if there are none.
fn reinforcement(all: &BTreeMap<String, String>) -> PortResult<Option<RftHyperParameters>> {
    if all.is_empty() {
        return Ok(None);
    }
    let mut typed = RftHyperParameters::builder();
    for (name, value) in all {
        typed = match name.as_str() {
            "epochCount" => typed.epoch_count(parsed(name, value)?),
            "batchSize" => typed.batch_size(parsed(name, value)?),
            "learningRate" => typed.learning_rate(learning_rate(name, value)?),
            "maxPromptLength" => typed.max_prompt_length(parsed(name, value)?),
            "trainingSamplePerPrompt" => typed.training_sample_per_prompt(parsed(name, value)?),
            "inferenceMaxTokens" => typed.inference_max_tokens(parsed(name, value)?),
            "evalInterval" => typed.eval_interval(parsed(name, value)?),
            "reasoningEffort" => typed.reasoning_effort(ReasoningEffort::from(value.as_str())),
            _ => {
                return Err(invalid(format!(
                    "the hyperparameter {name} is none of a reinforcement fine-tuning job"
                )));
            }
        };
    }
    Ok(Some(typed.build()))
}

/// What the service takes as `learningRate` of `RFTHyperParameters`. Source: Bedrock's service model (2026).
const LEARNING_RATE: RangeInclusive<f64> = 1e-7..=1e-3;

/// The service's model has a float of 32 bits. The SDK widens it to 64 before it writes it, and the service compares what is written:
/// 0.001 would arrive as 0.0010000000474974513, over its most. So what is asked within the range is rounded into it.
fn learning_rate(name: &str, value: &str) -> PortResult<f32> {
    let asked: f64 = parsed(name, value)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounded to the nearest, which is looked at below"
    )]
    let nearest = asked as f32;
    let sent = f64::from(nearest);
    Ok(match LEARNING_RATE.contains(&asked) {
        true if sent > *LEARNING_RATE.end() => nearest.next_down(),
        true if sent < *LEARNING_RATE.start() => nearest.next_up(),
        _ => nearest,
    })
}

fn parsed<T: std::str::FromStr>(name: &str, value: &str) -> PortResult<T> {
    value.parse().map_err(|_| {
        invalid(format!(
            "the hyperparameter {name} is {value:?}, which is not the kind of number that the service takes"
        ))
    })
}

fn invalid(message: String) -> PortError {
    PortError::new(CREATE, ErrorKind::Invalid, message)
}
