//! What data is held against: the model and the technique of the command line, or of a configuration.

use perennial_core::config::{Config, Technique};
use perennial_core::limits::{self, DataLimits};
use perennial_core::routing::{Route, RoutingError};
use perennial_dataset::SecretsRule;

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
    pub(super) secrets: SecretsRule,
    /// How it would be trained, if this version can do that.
    pub(super) trained: Option<(Route, Config)>,
    /// What is to be said of it.
    pub(super) note: Option<String>,
}

impl Target {
    /// The target of a pipeline.
    pub(super) fn of(config: Config, route: Route) -> Self {
        Self {
            base_model: route.base_model.clone(),
            base_name: route.base_name.clone(),
            technique: route.technique.as_str().to_owned(),
            limits: route.limits.clone(),
            secrets: SecretsRule::default(),
            trained: Some((route, config)),
            note: None,
        }
    }

    /// The target of what AWS can train, and this version cannot, or not serve.
    fn without_route(technique: Technique, model: &str, error: &RoutingError) -> Option<Self> {
        let base_model = plain(model);
        Some(Self {
            limits: match technique {
                Technique::FineTuning => limits::fine_tuning(base_model)?,
                Technique::ContinuedPreTraining | Technique::Distillation => return None,
            },
            base_model: base_model.to_owned(),
            base_name: base_model.to_owned(),
            technique: technique.as_str().to_owned(),
            secrets: SecretsRule::default(),
            trained: None,
            note: Some(format!(
                "The data was checked; a run would be refused: {error}"
            )),
        })
    }
}

/// The target of `--model` and `--technique`.
pub(super) fn named(args: &CheckArgs, region: Option<&str>) -> Result<Target, Failure> {
    let config = Config::new(args.technique, args.model.clone());
    match routed(&config, region) {
        Ok(route) => Ok(Target::of(config, route)),
        Err(error @ (RoutingError::NoOnDemand { .. } | RoutingError::NotYet { .. })) => {
            Target::without_route(args.technique, &args.model, &error)
                .ok_or_else(|| Failure::Usage(error.to_string()))
        }
        Err(error) => Err(Failure::Usage(error.to_string())),
    }
}

pub(super) fn routed(config: &Config, region: Option<&str>) -> Result<Route, RoutingError> {
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
