//! What data is held against: the model and the technique of the command line, or of a configuration.

use std::path::Path;

use perennial_core::config::{Config, Secrets, ServerlessTechnique, Technique};
use perennial_core::limits::{self, DataLimits};
use perennial_core::routing::{Route, RoutingError};

use crate::args::CheckArgs;
use crate::exit::Failure;

/// Where every model family that can be trained so far is at home; tried in this order when no region is named.
const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// What data is held against.
pub(super) struct Target {
    /// The plain id.
    pub(super) base_model: String,
    /// The name for people.
    pub(super) base_name: String,
    pub(super) technique: String,
    pub(super) limits: DataLimits,
    pub(super) secrets: Secrets,
    /// Members of records, each with the name of its column in a table.
    pub(super) columns: Vec<(String, String)>,
    /// How it would be trained, if this version can do that.
    pub(super) trained: Option<(Route, Config)>,
    /// What is to be said of it.
    pub(super) note: Option<String>,
}

impl Target {
    /// The target of a pipeline that can be run.
    fn of(config: Config, route: Route) -> Self {
        Self {
            base_model: route.base_model.clone(),
            base_name: route.base_name.clone(),
            trained: Some((route.clone(), config.clone())),
            ..Self::known(route.technique.as_str(), "", route.limits).compiled_as(&config)
        }
    }

    /// The target of what AWS can train, and this version cannot, or not serve.
    fn without_route(config: &Config) -> Option<Self> {
        let model = plain(&config.base_model);
        // Documents train Nova and open weights, wherever that is done.
        let on_documents = ["amazon.", "meta."]
            .iter()
            .any(|vendor| model.starts_with(vendor));
        let known = config.technique != Technique::ContinuedPreTraining
            || on_documents && limits::fine_tuning(model).is_some();
        let serverless = config.training.serverless.as_ref();
        let prefers = serverless.is_some_and(|job| job.technique == ServerlessTechnique::Dpo);
        let limits = match prefers {
            true => limits::preferences(model),
            false => limits::of(config.technique, model).filter(|_| known),
        }?;
        Some(Self::known(config.technique.as_str(), model, limits).compiled_as(config))
    }

    fn known(technique: &str, model: &str, limits: DataLimits) -> Self {
        Self {
            base_model: model.to_owned(),
            base_name: model.to_owned(),
            technique: technique.to_owned(),
            limits,
            secrets: Secrets::default(),
            columns: Vec::new(),
            trained: None,
            note: None,
        }
    }

    /// What a file at this path is held against: in a chain, the folders of the first stage are known by their names wherever they lie.
    pub(super) fn of_stage(&self, path: &Path) -> (&DataLimits, &str) {
        let first = self
            .trained
            .as_ref()
            .and_then(|(route, _)| route.first.as_ref());
        let parts = path
            .components()
            .map(|part| part.as_os_str().to_string_lossy());
        let path = format!("/{}", parts.collect::<Vec<_>>().join("/"));
        let inside = |folder: &String| path.contains(&format!("/{folder}"));
        match first.filter(|first| first.from.iter().any(inside)) {
            Some(first) => (&first.limits, first.technique.as_str()),
            None => (&self.limits, &self.technique),
        }
    }

    fn compiled_as(mut self, config: &Config) -> Self {
        let compile = &config.data.compile;
        self.secrets = compile.secrets;
        self.columns = compile.columns.clone().into_iter().collect();
        self
    }
}

/// The target of a configuration, and why it could not be run, if so. There may be no target then.
pub(super) fn of(config: Config, region: Option<&str>) -> (Option<Target>, Option<RoutingError>) {
    match routed(&config, region) {
        Ok(route) => (Some(Target::of(config, route)), None),
        Err(error @ RoutingError::WrongRegion { .. }) => (None, Some(error)),
        Err(error) => (Target::without_route(&config), Some(error)),
    }
}

/// The target of `--model` and `--technique`.
pub(super) fn named(args: &CheckArgs, region: Option<&str>) -> Result<Target, Failure> {
    let Ok(technique) = args.technique.parse::<Technique>() else {
        return reinforcement(args);
    };
    let (target, refused) = of(Config::new(technique, args.model.clone()), region);
    match (target, refused) {
        (Some(target), refused) => Ok(Target {
            note: refused
                .map(|error| format!("the data was checked; a run would be refused: {error}")),
            ..target
        }),
        (None, Some(error)) => Err(Failure::Usage(error.to_string())),
        (None, None) => Err(Failure::Usage(format!(
            "nothing is known of {}",
            args.model
        ))),
    }
}

/// The one technique that a configuration cannot name yet.
fn reinforcement(args: &CheckArgs) -> Result<Target, Failure> {
    let model = plain(&args.model);
    let Some(limits) = limits::reinforcement(model) else {
        return Err(Failure::Usage(format!(
            "{model} is not trained by {} on Bedrock, as far as this version knows. Name another, such as --model amazon.nova-2-lite-v1:0",
            args.technique
        )));
    };
    Ok(Target {
        note: Some(format!(
            "the data was checked; this version starts no jobs of {}",
            args.technique
        )),
        ..Target::known(&args.technique, model, limits)
    })
}

fn routed(config: &Config, region: Option<&str>) -> Result<Route, RoutingError> {
    if let Some(region) = region {
        return config.check(region);
    }
    let elsewhere = |error: &RoutingError| matches!(error, RoutingError::WrongRegion { .. });
    match config.check(REGIONS[0]) {
        Err(error) if elsewhere(&error) => config.check(REGIONS[1]),
        known => known,
    }
}

/// The model's id without ARN and customization suffix.
fn plain(model: &str) -> &str {
    let id = match model.split_once(":foundation-model/") {
        Some((_, id)) => id,
        None => model,
    };
    let version = id.find(':').map_or(id.len(), |colon| colon + 1);
    let suffix = id[version..].find(':').map(|colon| version + colon);
    &id[..suffix.unwrap_or(id.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_in_the_region_where_it_is_at_home() {
        let config = |model: &str| Config::new(Technique::FineTuning, model);
        let region = |model: &str| routed(&config(model), None).unwrap().region;
        assert_eq!(region("amazon.nova-lite-v1:0"), "us-east-1");
        assert_eq!(region("meta.llama3-3-70b-instruct-v1:0"), "us-west-2");
        assert!(routed(&config("amazon.nova-lite-v1:0"), Some("eu-west-1")).is_err());
    }

    #[test]
    fn what_cannot_be_run_may_be_checked_all_the_same() {
        let of = |technique, model: &str| of(Config::new(technique, model), None);
        let (target, refused) = of(Technique::FineTuning, "meta.llama3-1-8b-instruct-v1:0:128k");
        assert_eq!(target.unwrap().base_model, "meta.llama3-1-8b-instruct-v1:0");
        assert!(refused.is_some());
        let (target, refused) = of(Technique::ContinuedPreTraining, "amazon.nova-lite-v1:0");
        assert!(target.is_some() && refused.is_some());
        let (target, refused) = of(Technique::FineTuning, "amazon.nova-lite-v1:0");
        assert!(target.unwrap().trained.is_some() && refused.is_none());
        for technique in [
            Technique::FineTuning,
            Technique::ContinuedPreTraining,
            Technique::Distillation,
        ] {
            let (target, refused) = of(technique, "nova-nano");
            assert!(target.is_none() && refused.is_some());
        }
    }

    #[test]
    fn a_file_in_a_folder_of_the_first_stage_is_held_against_that_stage() {
        let text = include_str!("../../../demo/chain/pipeline.toml");
        let (target, refused) = of(Config::parse(text).unwrap(), None);
        assert!(refused.is_none());
        let target = target.unwrap();
        let technique = |path: &str| target.of_stage(Path::new(path)).1.to_owned();
        for path in [
            "documents/a.md",
            "drop/data/bot/documents/a.md",
            "./documents/a/b.md",
        ] {
            assert_eq!(technique(path), "continued-pre-training", "{path}");
        }
        for path in [
            "pairs.jsonl",
            "drop/data/bot/pairs.jsonl",
            "my-documents/a.jsonl",
        ] {
            assert_eq!(technique(path), "fine-tuning", "{path}");
        }
    }

    #[test]
    fn an_id_is_plain_without_arn_and_suffix() {
        for (written, plainly) in [
            ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
            ("amazon.nova-lite-v1:0:300k", "amazon.nova-lite-v1:0"),
            (
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0:300k",
                "amazon.nova-lite-v1:0",
            ),
            ("nonsense", "nonsense"),
            ("", ""),
        ] {
            assert_eq!(plain(written), plainly);
        }
    }
}
