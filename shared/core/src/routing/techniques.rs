//! One function a technique: from a configuration and a region to a route, or to what would work instead.

use super::table::{BATCH_MINIMUM, DISTILLATION, ModelRow, REINFORCEMENT};
use super::{
    Customization, Route, RoutingError, Serving, Trainer, budget, find, hyperparameters, images,
    pre_training, serverless, serving, unknown,
};
use crate::config::{Config, StartFrom, Technique, TrainOn, TrialConfig};
use crate::limits;
use crate::prices::{self, Estimate};

/// Tokens of a teacher's longest answer where the configuration is silent. Source: the default that Bedrock's console names for
/// `maxResponseLengthForInference` (2026).
const RESPONSE_TOKENS: u32 = 1_000;

pub(super) fn refused<T>(
    what: impl Into<String>,
    instead: impl Into<String>,
) -> Result<T, RoutingError> {
    Err(RoutingError::Technique {
        what: what.into(),
        instead: instead.into(),
    })
}

/// A table that the technique does not look at would be without effect, and nobody would be told.
pub(super) fn unused(config: &Config) -> Result<(), RoutingError> {
    let training = &config.training;
    let distills = config.technique == Technique::Distillation;
    let reinforces = config.technique == Technique::Reinforcement;
    let on_bedrock_only = distills || reinforces;
    let tables = [
        ("distillation", training.distillation.is_some() && !distills),
        (
            "reinforcement",
            training.reinforcement.is_some() && !reinforces,
        ),
        ("sagemaker", training.sagemaker.is_some() && on_bedrock_only),
        (
            "serverless",
            training.serverless.is_some() && config.technique != Technique::FineTuning,
        ),
    ];
    match tables.into_iter().find(|(_, unused)| *unused) {
        Some((table, _)) => refused(
            format!(
                "[training.{table}] has no effect with technique = \"{}\"",
                config.technique
            ),
            "Remove it, or change the technique",
        ),
        None if training.on == Some(TrainOn::SageMaker) && on_bedrock_only => refused(
            format!("technique = \"{}\" runs on Bedrock only", config.technique),
            "Remove training.on",
        ),
        None => Ok(()),
    }
}

/// A trial that could not be trained or scored would cost its price and say nothing.
pub(super) fn trial(config: &Config, route: &Route) -> Result<(), RoutingError> {
    let Some(trial) = config.trigger.trial else {
        return Ok(());
    };
    if !route.is_scored() {
        return refused(
            format!(
                "trigger.trial: what {} makes is not scored, so no trial could pass",
                route.base_name
            ),
            "Take trigger.trial out",
        );
    }
    let fewest = route.limits.min_records;
    if trial.records < fewest {
        return refused(
            format!(
                "trigger.trial.records = {}: {} takes no fewer than {fewest} records",
                trial.records, route.base_name
            ),
            format!("Write at least {fewest}, or a few more, as a sample may fall a little short"),
        );
    }
    if trial.max_usd > config.budget.per_run_usd {
        return refused(
            format!(
                "trigger.trial.max_usd = {} is more than budget.per_run_usd = {}",
                trial.max_usd, config.budget.per_run_usd
            ),
            "Lower the one or raise the other",
        );
    }
    // A price that is not known is another refusal, as with any run.
    match prices::least_of_trial(route, config, trial) {
        Ok(least) if least.total() > trial.max_usd => {
            refused_for_its_price(config, route, trial, &least)
        }
        _ => Ok(()),
    }
}

/// Each trial would be opened and fail by its estimate.
fn refused_for_its_price(
    config: &Config,
    route: &Route,
    trial: TrialConfig,
    least: &Estimate,
) -> Result<(), RoutingError> {
    let needed = least.total().to_string();
    let needed = needed.trim_start_matches('$');
    let longer = match &route.trainer {
        Trainer::SageMaker { .. } => ", and what is left lets its job run for longer",
        _ => "",
    };
    let per_run = match least.total() > config.budget.per_run_usd {
        true => ", with a budget.per_run_usd that holds it",
        false => "",
    };
    let less = prices::ways_to_less_in_a_trial(route, config, trial);
    let less: Vec<String> = less.iter().map(|way| format!("{way}, or ")).collect();
    refused(
        format!(
            "trigger.trial.max_usd = {}: a trial with {} questions, as evaluation.max_prompts lets it have, costs at least {} ({})",
            trial.max_usd,
            config.evaluation.max_prompts,
            least.total(),
            budget::counted(least)
        ),
        format!(
            "Write max_usd = {needed} or more{per_run}: {}{longer}; or {}take trigger.trial out",
            budget::besides(route),
            less.concat()
        ),
    )
}

/// Where two services could train, the configuration says which.
pub(super) fn said_where(config: &Config) -> Result<(), RoutingError> {
    let table = match &config.training.serverless {
        Some(_) => "serverless",
        None => "sagemaker",
    };
    match config.training.on {
        Some(TrainOn::SageMaker) => Ok(()),
        Some(TrainOn::Bedrock) => refused(
            format!("[training.{table}] has no effect with training.on = \"bedrock\""),
            "Remove it, or write training.on = \"sagemaker\"",
        ),
        None => refused(
            format!(
                "[training.{table}] is there, and the technique can be trained on Bedrock as well"
            ),
            "Say which: training.on = \"sagemaker\" or \"bedrock\"",
        ),
    }
}

/// Bedrock's customization jobs all need a model of the table, a region that has it, and a way to serve.
pub(super) fn on_bedrock(
    config: &Config,
    row: &ModelRow,
    region: &str,
) -> Result<Serving, RoutingError> {
    if !row.regions.contains(&region) {
        return Err(RoutingError::WrongRegion {
            name: row.name.to_owned(),
            region: region.to_owned(),
            regions: row.regions.iter().map(ToString::to_string).collect(),
            here: super::servable_in(region),
        });
    }
    serving::serving(config, row)
}

pub(super) fn bedrock_route(
    config: &Config,
    region: &str,
    row: &ModelRow,
    serving: Serving,
    customization: Customization,
) -> Result<Route, RoutingError> {
    let limits = limits::of(config.technique, row.id).ok_or_else(|| unknown(&config.base_model))?;
    let hyperparameters = match &customization {
        Customization::FineTuning => {
            hyperparameters::resolve(row, &config.training.hyperparameters)?
        }
        Customization::Reinforcement { .. } => hyperparameters::resolve_from(
            row.name,
            super::table::REINFORCEMENT_HYPERPARAMETERS,
            &config.training.hyperparameters,
        )?,
        Customization::Distillation { .. } => {
            if let Some(name) = config.training.hyperparameters.keys().next() {
                return refused(
                    format!("training.hyperparameters.{name}: a distillation job takes none"),
                    "Remove [training.hyperparameters]",
                );
            }
            Default::default()
        }
    };
    Ok(Route {
        technique: config.technique,
        base_model: row.id.to_owned(),
        customization_id: row.customization_id(),
        inference_id: format!("{}{}", row.profile, row.id),
        base_name: row.name.to_owned(),
        region: region.to_owned(),
        limits,
        compile: config.data.compile.clone(),
        hyperparameters,
        trainer: Trainer::Bedrock { customization },
        first: None,
        serving,
        batch_minimum: BATCH_MINIMUM,
        source: row.source.to_owned(),
    })
}

pub(super) fn fine_tuning(config: &Config, region: &str) -> Result<Route, RoutingError> {
    serverless::check_tables(config)?;
    if let Some(job) = &config.training.serverless {
        return serverless::route(config, job, region);
    }
    if config.training.on == Some(TrainOn::SageMaker) {
        if config.training.sagemaker.is_none() && serverless::is_known(&config.base_model) {
            return Err(serverless::not_said(&config.base_model));
        }
        return on_sagemaker(config, region);
    }
    if config.training.sagemaker.is_some() {
        if config.training.on.is_none() {
            serverless::no_container(config)?;
        }
        said_where(config)?;
    }
    if let Some(row) = images::find(&config.base_model) {
        return images::fine_tuning(config, region, row);
    }
    let row = find(&config.base_model)?;
    let serving = on_bedrock(config, row, region)?;
    bedrock_route(config, region, row, serving, Customization::FineTuning)
}

pub(super) fn plain_id(written: &str) -> &str {
    match written.split_once(":foundation-model/") {
        Some((_, id)) => id,
        None => written,
    }
}

/// Without the suffix of a variant, such as `:300k` or `:mm`. A teacher is none that the table of customizable models would know by it, and
/// jobs are sent its plain id.
fn without_context(id: &str) -> &str {
    match id.rsplit_once(':') {
        Some((plain, "mm")) => plain,
        Some((plain, context))
            if context.strip_suffix('k').is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            }) =>
        {
            plain
        }
        _ => id,
    }
}

pub(super) fn on_sagemaker(config: &Config, region: &str) -> Result<Route, RoutingError> {
    serverless::no_container(config)?;
    let Some(row) = pre_training::open_weights(&config.base_model) else {
        return refused(
            format!(
                "base_model = {:?} is not trained in SageMaker training jobs, as far as this version knows",
                config.base_model
            ),
            format!(
                "Models with open weights whose result Bedrock imports: {}",
                pre_training::open_ids()
            ),
        );
    };
    let Some(job) = &config.training.sagemaker else {
        return refused(
            "training.on = \"sagemaker\" needs [training.sagemaker]",
            "Add it with image and instance_type",
        );
    };
    if !row.regions.contains(&region) {
        return refused(
            format!(
                "{} cannot be imported into Bedrock and asked in {region}",
                row.name
            ),
            format!("It can in {}", row.regions.join(", ")),
        );
    }
    if config.training.start_from == StartFrom::Champion {
        return refused(
            "training.start_from = \"champion\": a training job on SageMaker starts from what its container loads",
            "Use \"base\"",
        );
    }
    let serving = serving::imported(config)?;
    let limits = limits::in_a_container(config.technique, row.id)
        .ok_or_else(|| unknown(&config.base_model))?;
    Ok(Route {
        technique: config.technique,
        base_model: row.id.to_owned(),
        customization_id: row.id.to_owned(),
        inference_id: format!("{}{}", row.profile, row.id),
        base_name: row.name.to_owned(),
        region: region.to_owned(),
        limits,
        compile: config.data.compile.clone(),
        hyperparameters: config.training.hyperparameters.clone(),
        trainer: Trainer::SageMaker { job: job.clone() },
        first: None,
        serving,
        batch_minimum: BATCH_MINIMUM,
        source: row.source.to_owned(),
    })
}

fn no_student(written: &str) -> RoutingError {
    let students = || {
        let ids = super::MODELS.iter().map(|row| row.id);
        ids.filter(|id| DISTILLATION.iter().any(|row| row.students.contains(id)))
    };
    let name = match (find(written), images::find(written)) {
        (Ok(row), _) | (_, Some(row)) => row.name.to_owned(),
        _ => format!("base_model = {written:?}"),
    };
    let meant = match super::nearest(written).filter(|id| students().any(|student| student == *id))
    {
        Some(id) => format!("Did you mean {id:?}? "),
        None => String::new(),
    };
    RoutingError::Technique {
        what: format!("{name} is no student of any teacher, as far as this version knows"),
        instead: format!(
            "{meant}Models that learn from another: {}",
            students().collect::<Vec<_>>().join(", ")
        ),
    }
}

pub(super) fn distillation(config: &Config, region: &str) -> Result<Route, RoutingError> {
    let Ok(student) = find(&config.base_model) else {
        return Err(no_student(&config.base_model));
    };
    let teachers: Vec<&str> = DISTILLATION
        .iter()
        .filter(|row| row.students.contains(&student.id))
        .map(|row| row.teacher)
        .collect();
    if teachers.is_empty() {
        return Err(no_student(&config.base_model));
    }
    let Some(wanted) = &config.training.distillation else {
        return refused(
            "technique = \"distillation\" needs a teacher",
            format!(
                "Write teacher under [training.distillation]; {} learns from {}",
                student.name,
                teachers.join(", ")
            ),
        );
    };
    let teacher = without_context(plain_id(&wanted.teacher));
    let row = DISTILLATION
        .iter()
        .find(|row| row.teacher == teacher && row.students.contains(&student.id));
    let Some(row) = row else {
        return refused(
            format!(
                "training.distillation.teacher = {:?} does not teach {}",
                wanted.teacher, student.name
            ),
            format!("{} learns from {}", student.name, teachers.join(", ")),
        );
    };
    let serving = on_bedrock(config, student, region)?;
    let customization = Customization::Distillation {
        teacher: row.teacher.to_owned(),
        max_response_tokens: wanted.max_response_tokens.unwrap_or(RESPONSE_TOKENS),
        logged_answers: wanted.logged_answers,
    };
    let mut route = bedrock_route(config, region, student, serving, customization)?;
    if let Some(logged_answers) = wanted.logged_answers {
        route.limits = limits::from_logs(student.id, logged_answers.then_some(row.teacher))
            .ok_or_else(|| unknown(&config.base_model))?;
    }
    Ok(route)
}

pub(super) fn reinforcement(config: &Config, region: &str) -> Result<Route, RoutingError> {
    let trainable = || REINFORCEMENT.iter().map(|row| row.id).collect::<Vec<_>>();
    let id = plain_id(&config.base_model);
    let row = REINFORCEMENT
        .iter()
        .find(|row| row.id == id || row.customization_id() == id);
    let Some(row) = row else {
        return refused(
            format!(
                "base_model = {:?} takes no reinforcement fine-tuning on Bedrock, as far as this version knows",
                config.base_model
            ),
            format!("Models that do: {}", trainable().join(", ")),
        );
    };
    let Some(wanted) = &config.training.reinforcement else {
        return refused(
            "technique = \"reinforcement-fine-tuning\" needs a grader",
            "Write the ARN of the Lambda function that scores answers as grader under [training.reinforcement]",
        );
    };
    let serving = on_bedrock(config, row, region)?;
    // The region of an ARN; that it is a function's was looked at when it was read.
    let grader = wanted.grader.split(':').nth(3).unwrap_or_default();
    if grader != region {
        return refused(
            format!(
                "training.reinforcement.grader is a function in {grader}, and the job runs in {region}"
            ),
            format!("Name a function in {region}: Bedrock's job calls it there"),
        );
    }
    let customization = Customization::Reinforcement {
        grader: wanted.grader.clone(),
    };
    bedrock_route(config, region, row, serving, customization)
}
