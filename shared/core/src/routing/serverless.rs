//! Amazon Nova by SageMaker's serverless customization: what can be trained so, by which hyperparameters, and what is refused.

use std::collections::BTreeMap;

use super::table::{BATCH_MINIMUM, Hyperparameter, ModelRow, Range};
use super::{
    Route, RoutingError, Serving, Trainer, find, hyperparameters, nearest, preferences,
    servable_in, serving, techniques, unknown,
};
use crate::config::{Config, Peft, ServerlessConfig, ServerlessTechnique, StartFrom};
use crate::limits::{self, ContentLimits, DataLimits};

/// How often training goes through the data.
pub(crate) const MAX_EPOCHS: &str = "max_epochs";
/// How many batches are trained on.
pub(crate) const MAX_STEPS: &str = "max_steps";
/// Records in a batch.
pub(crate) const BATCH: &str = "global_batch_size";
/// After so many batches the model is saved.
const SAVE_STEPS: &str = "save_steps";

const SOURCE: &str = "aws/sagemaker-hyperpod-recipes, recipe_templatization/nova and jumpstart_model-id_map.json (read at 2631995, \
     2026-06-23); aws/sagemaker-python-sdk, SFTTrainer (read at a248126, 2026-08-21)";

/// Why the candidate of a pipeline that serves by provisioned throughput is asked so as well.
const ASKED_AS_SERVED: &str = "its candidate is asked by provisioned throughput of its own, as it will be served: AWS's page of \
     CreateCustomModel names no other way for such a model, its other pages deploy adapters on demand (2026), and what was trained \
     must not fail for that difference";

/// A Nova model in SageMaker's public hub.
struct Row {
    /// The plain id on Bedrock.
    id: &'static str,
    /// Its name in the hub.
    hub: &'static str,
    hyperparameters: &'static [Hyperparameter],
    /// Whether it learns from preferences.
    prefers: bool,
}

pub(super) const fn one_of(
    name: &'static str,
    values: &'static [&'static str],
    default: Option<&'static str>,
) -> Hyperparameter {
    Hyperparameter {
        name,
        range: Range::OneOf(values),
        default,
    }
}

pub(super) const fn whole(name: &'static str, low: i64, high: i64) -> Hyperparameter {
    Hyperparameter {
        name,
        range: Range::Whole(low, high),
        default: None,
    }
}

pub(super) const fn real(name: &'static str, low: f64, high: f64) -> Hyperparameter {
    Hyperparameter {
        name,
        range: Range::Real(low, high),
        default: None,
    }
}

pub(super) const LORA_ALPHA: &[&str] = &["32", "64", "96", "128", "160", "192"];

/// What is sent unasked decides what is trained, and so what it costs. All else is left to the service.
const NOVA_1: &[Hyperparameter] = &[
    Hyperparameter {
        name: MAX_EPOCHS,
        range: Range::Whole(1, 100),
        default: Some("2"),
    },
    one_of(BATCH, &["16", "32", "64"], Some("64")),
    real("learning_rate", 0.0, 1.0),
    real("learning_rate_ratio", 1.0, 70.0),
    one_of("lora_alpha", LORA_ALPHA, None),
    whole("max_context_length", 1, 131_072),
    real("min_lr", 1e-7, 1.0),
    whole("warmup_steps", 0, 100),
    real("weight_decay", 0.0, 1.0),
];

/// The second generation counts steps, and its recipe takes records for such with reasoning unless told otherwise.
const NOVA_2: &[Hyperparameter] = &[
    whole(MAX_STEPS, 4, 100_000),
    one_of(BATCH, &["32", "64", "128", "256"], Some("32")),
    one_of("reasoning_enabled", &["True", "False"], Some("False")),
    whole(SAVE_STEPS, 1, 100_000),
    real("fine_tuned_model", 0.0, 1.0),
    real("learning_rate", 0.0, 1.0),
    real("learning_rate_ratio", 1.0, 70.0),
    one_of("lora_alpha", LORA_ALPHA, None),
    whole("max_context_length", 1, 131_072),
    real("min_lr", 1e-7, 1.0),
    whole("warmup_steps", 0, 100),
    real("weight_decay", 0.0, 1.0),
];

const ROWS: &[Row] = &[
    Row {
        id: "amazon.nova-micro-v1:0",
        hub: "nova-textgeneration-micro",
        hyperparameters: NOVA_1,
        prefers: true,
    },
    Row {
        id: "amazon.nova-lite-v1:0",
        hub: "nova-textgeneration-lite",
        hyperparameters: NOVA_1,
        prefers: true,
    },
    Row {
        id: "amazon.nova-pro-v1:0",
        hub: "nova-textgeneration-pro",
        hyperparameters: NOVA_1,
        prefers: true,
    },
    Row {
        id: "amazon.nova-2-lite-v1:0",
        hub: "nova-textgeneration-lite-v2",
        hyperparameters: NOVA_2,
        prefers: false,
    },
];

pub(super) fn refused<T>(
    what: impl Into<String>,
    instead: impl Into<String>,
) -> Result<T, RoutingError> {
    Err(RoutingError::Technique {
        what: what.into(),
        instead: instead.into(),
    })
}

/// Whether the model, as written, can be trained so.
pub(super) fn is_known(base_model: &str) -> bool {
    find(base_model).is_ok_and(|row| ROWS.iter().any(|known| known.id == row.id))
}

pub(super) fn route(
    config: &Config,
    job: &ServerlessConfig,
    region: &str,
) -> Result<Route, RoutingError> {
    let known = || ROWS.iter().map(|row| row.id).collect::<Vec<_>>().join(", ");
    let model = find(&config.base_model)?;
    let Some(row) = ROWS.iter().find(|row| row.id == model.id) else {
        return refused(
            format!(
                "[training.serverless] with base_model = {:?}: SageMaker customizes Amazon Nova without machines of one's own, \
                 as far as this version knows",
                config.base_model
            ),
            format!(
                "Models that it does: {}. For open weights there is [training.sagemaker]",
                known()
            ),
        );
    };
    if !model.regions.contains(&region) {
        return Err(RoutingError::WrongRegion {
            name: model.name.to_owned(),
            region: region.to_owned(),
            regions: model.regions.iter().map(ToString::to_string).collect(),
            here: servable_in(region),
        });
    }
    // The region of an ARN; that it is a group's was looked at when it was read. Of another region's SageMaker says "ARN should be scoped to
    // correct region" (aws/amazon-sagemaker-examples, issue 1438, of a model package).
    let group = job.model_package_group.split(':').nth(3);
    let group = group.unwrap_or_default();
    if group != region {
        return refused(
            format!(
                "training.serverless.model_package_group is a group in {group}, and the job runs in {region}"
            ),
            format!("Name a group in {region}: SageMaker takes ARNs of its own region only"),
        );
    }
    if config.training.start_from == StartFrom::Champion {
        return refused(
            "training.start_from = \"champion\": a serverless job starts from a model of SageMaker's hub",
            "Use \"base\"",
        );
    }
    let serving = served(config, job, model)?;
    let asked = &config.training.hyperparameters;
    if job.peft == Peft::Full {
        no_adapter(asked)?;
    }
    let (hyperparameters, limits, source) = match job.technique {
        ServerlessTechnique::Sft => (
            resolve(row, model.name, asked)?,
            limits::fine_tuning(model.id),
            SOURCE,
        ),
        ServerlessTechnique::Dpo => {
            let known = ROWS.iter().filter(|row| row.prefers).map(|row| row.id);
            (
                preferences::hyperparameters(row.prefers, known, job.peft, model.name, asked)?,
                limits::preferences(model.id),
                preferences::SOURCE,
            )
        }
    };
    let limits = limits.ok_or_else(|| unknown(&config.base_model))?;
    let source = match serving.is_provisioned() {
        true => format!("{source}; {ASKED_AS_SERVED}"),
        false => source.to_owned(),
    };
    Ok(Route {
        technique: config.technique,
        base_model: model.id.to_owned(),
        customization_id: model.customization_id(),
        inference_id: format!("{}{}", model.profile, model.id),
        base_name: model.name.to_owned(),
        region: region.to_owned(),
        limits: with_a_full_batch(limits, &hyperparameters),
        compile: config.data.compile.clone(),
        hyperparameters,
        trainer: Trainer::Serverless {
            job: job.clone(),
            base_model_arn: format!(
                "arn:aws:sagemaker:{region}:aws:hub-content/SageMakerPublicHub/Model/{}",
                row.hub
            ),
        },
        first: None,
        serving,
        batch_minimum: BATCH_MINIMUM,
        source,
    })
}

/// An adapter is served as it is asked for; a model of which all weights were trained by provisioned throughput alone. What is served by
/// provisioned throughput is asked by it before: AWS's pages disagree on whether such a model could be deployed on demand, and this way
/// holds by all of them.
fn served(
    config: &Config,
    job: &ServerlessConfig,
    model: &ModelRow,
) -> Result<Serving, RoutingError> {
    match (job.peft, serving::serving(config, model)?) {
        (
            _,
            Serving::Provisioned {
                units, commitment, ..
            },
        ) => Ok(Serving::Provisioned {
            units,
            commitment,
            only: true,
        }),
        (Peft::Full, _) => refused(
            "training.serverless.peft = \"full\": Bedrock serves a model of which all weights were trained by provisioned \
             throughput only",
            "Use \"lora\", whose model is deployed on demand, or promotion.serve = \"provisioned\"",
        ),
        (Peft::Lora, serving) => Ok(serving),
    }
}

/// Source: AWS's recipes without an adapter have none of these (`docs/HYPERPARAMETERS.md` of the recipes, SFT and DPO; read at 2631995).
fn no_adapter(asked: &BTreeMap<String, String>) -> Result<(), RoutingError> {
    let of_adapters = ["lora_alpha", "learning_rate_ratio"];
    match of_adapters.iter().find(|name| asked.contains_key(**name)) {
        None => Ok(()),
        Some(name) => refused(
            format!(
                "training.hyperparameters.{name} has no effect with training.serverless.peft = \"full\": it is an adapter's"
            ),
            "Remove it, or use peft = \"lora\"",
        ),
    }
}

/// The row's defaults under what was asked. Steps have no default that would fit any data, so they have to be stated.
fn resolve(
    row: &Row,
    name: &str,
    asked: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, RoutingError> {
    let mut resolved = hyperparameters::resolve_from(name, row.hyperparameters, asked)?;
    let counts_steps = row
        .hyperparameters
        .iter()
        .any(|known| known.name == MAX_STEPS);
    if !counts_steps {
        return Ok(resolved);
    }
    let Some(steps) = resolved.get(MAX_STEPS).cloned() else {
        return refused(
            format!("{name} is trained by steps, and how many is not said"),
            format!(
                "Write {MAX_STEPS} under [training.hyperparameters]: so many batches of {} records ({BATCH}) are trained on and \
                 paid for",
                resolved.get(BATCH).map_or("32", String::as_str)
            ),
        );
    };
    // What is never saved is trained for nothing. AWS's recipe says of save_steps: at most max_steps (nova_lite_2_0_p5_gpu_lora_sft).
    let saved = resolved.entry(SAVE_STEPS.to_owned());
    let saved = saved.or_insert_with(|| steps.clone());
    let number = |text: &str| text.parse::<u64>().unwrap_or(0);
    if number(saved) > number(&steps) {
        return refused(
            format!(
                "training.hyperparameters.{SAVE_STEPS} = {saved} is more than {MAX_STEPS} = {steps}: {name} is saved after every so \
                 many steps, and would be trained for nothing"
            ),
            format!("Write at most {steps}, or leave it out: it is then saved after the last step"),
        );
    }
    Ok(resolved)
}

/// A job with fewer records than a batch fails ("Number of samples 5 out of bounds between 32 and inf", in
/// aws/sagemaker-python-sdk, `recipe_override_sft_trainer_example.ipynb`).
fn with_a_full_batch(limits: DataLimits, hyperparameters: &BTreeMap<String, String>) -> DataLimits {
    let batch = hyperparameters
        .get(BATCH)
        .and_then(|batch| batch.parse().ok())
        .unwrap_or(0);
    DataLimits {
        min_records: limits.min_records.max(batch),
        // The role of the job reads its training file and no media.
        content: ContentLimits::default(),
        source: format!(
            "{}; a batch of records at least, as AWS's example notebook shows (2026-08-21)",
            limits.source
        ),
        ..limits
    }
}

/// Nova's weights are in no container's reach.
pub(super) fn no_container(config: &Config) -> Result<(), RoutingError> {
    let written = &config.base_model;
    let meant = find(written).map_or_else(|_| nearest(written), |row| Some(row.id));
    let Some(row) = ROWS.iter().find(|row| Some(row.id) == meant) else {
        return Ok(());
    };
    refused(
        format!(
            "base_model = {written:?} is not trained in the container of [training.sagemaker]: that is for open weights"
        ),
        format!(
            "Write [training.serverless] in its place, with accept_eula, model_package_group and base_model = {:?}, beside training.on = \
             \"sagemaker\"; or take both out: Bedrock fine-tunes the model as well",
            row.id
        ),
    )
}

/// Where Nova is to be trained on SageMaker and nothing says how.
pub(super) fn not_said(base_model: &str) -> RoutingError {
    RoutingError::Technique {
        what: format!(
            "training.on = \"sagemaker\" with base_model = {base_model:?} needs [training.serverless]"
        ),
        instead: "Add it with accept_eula and model_package_group, or remove training.on: Bedrock fine-tunes the model as well"
            .to_owned(),
    }
}

/// Whether `[training.serverless]` and what stands beside it go together.
pub(super) fn check_tables(config: &Config) -> Result<(), RoutingError> {
    let training = &config.training;
    if training.serverless.is_none() {
        return Ok(());
    }
    if training.sagemaker.is_some() {
        return refused(
            "[training.serverless] and [training.sagemaker] are two ways to train on SageMaker",
            "Keep one of them: serverless for Amazon Nova, sagemaker for open weights",
        );
    }
    techniques::said_where(config)
}
