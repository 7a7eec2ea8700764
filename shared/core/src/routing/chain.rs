//! Chains: continued pre-training in one container's job, and fine-tuning on its model in the next.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::techniques::{on_sagemaker, refused};
use super::{Route, RoutingError, pre_training};
use crate::config::{Config, StageConfig, Technique};
use crate::limits::{self, DataLimits};

/// What is trained before the route's own technique. The same container, machines and limits train it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstStage {
    /// How the model is customized in it.
    pub technique: Technique,
    /// The folders below `data/<pipeline>/` whose uploads it trains on, each with its slash at the end.
    pub from: Vec<String>,
    /// What it accepts as data.
    pub limits: DataLimits,
    /// What is sent to its job.
    pub hyperparameters: BTreeMap<String, String>,
}

impl FirstStage {
    /// Whether it trains on the upload with this key.
    #[must_use]
    pub fn takes(&self, key: &str) -> bool {
        let inside = key
            .strip_prefix("data/")
            .and_then(|rest| rest.split_once('/'));
        inside.is_some_and(|(_, inside)| {
            self.from
                .iter()
                .any(|folder| inside.starts_with(folder.as_str()))
        })
    }

    /// Its folders in the bucket, for people.
    #[must_use]
    pub fn folders(&self, pipeline: &str) -> String {
        let folders = self.from.iter();
        let folders: Vec<String> = folders
            .map(|folder| format!("data/{pipeline}/{folder}"))
            .collect();
        folders.join(", ")
    }
}

impl Route {
    /// The route as far as the upload with this key is concerned: what the stage that trains on it takes.
    #[must_use]
    pub fn of(&self, key: &str) -> Cow<'_, Self> {
        match &self.first {
            Some(first) if first.takes(key) => Cow::Owned(Self {
                technique: first.technique,
                limits: first.limits.clone(),
                hyperparameters: first.hyperparameters.clone(),
                first: None,
                ..self.clone()
            }),
            _ => Cow::Borrowed(self),
        }
    }
}

impl Route {
    /// Which stage of a chain trains on the upload with this key, in words.
    #[must_use]
    pub fn stage_words(&self, key: &str) -> Option<String> {
        let first = self.first.as_ref()?;
        let (which, technique) = match first.takes(key) {
            true => ("first", first.technique),
            false => ("last", self.technique),
        };
        Some(format!(
            "the {which} stage of the chain trains on it: {technique}"
        ))
    }
}

/// Both stages run in SageMaker training jobs of a model with open weights, and what the second leaves is imported into Bedrock: a
/// customization job on Bedrock takes no model that came of continued pre-training elsewhere.
pub(super) fn route(config: &Config, region: &str) -> Result<Route, RoutingError> {
    let [first, last] = config.stages.as_slice() else {
        return refused(
            format!("[[stage]]: there are {}", config.stages.len()),
            "Write two stages: \"continued-pre-training\" first, \"fine-tuning\" after it",
        );
    };
    if config.technique != last.technique {
        return refused(
            format!(
                "technique = \"{}\", and the last [[stage]] is \"{}\"",
                config.technique, last.technique
            ),
            "Leave technique out: with [[stage]] it is the last one's",
        );
    }
    if !last.from.is_empty() {
        return refused(
            "the last [[stage]] has from",
            "Remove it: the last stage takes what the first does not. data.from says what belongs to the pipeline at all",
        );
    }
    reached(first, &config.data.from)?;
    pre_training::no_chain_on_bedrock(config)?;
    if config.training.serverless.is_some() {
        return refused(
            "[training.serverless] has no effect with [[stage]]: both stages of a chain run in the container of [training.sagemaker]",
            "Remove it",
        );
    }
    let mut route = on_sagemaker(config, region)?;
    route.hyperparameters.extend(last.hyperparameters.clone());
    route.first = Some(Box::new(first_stage(first, &route)?));
    Ok(route)
}

/// Uploads outside of `data.from` are no part of the pipeline: a stage that could only have such would wait for what lies there.
fn reached(first: &StageConfig, taken: &[String]) -> Result<(), RoutingError> {
    if taken.is_empty() {
        return Ok(());
    }
    let outside = first.from.iter().find(|folder| {
        !taken
            .iter()
            .any(|start| folder.starts_with(start.as_str()) || start.starts_with(folder.as_str()))
    });
    if let Some(folder) = outside {
        return refused(
            format!("the first [[stage]] trains on {folder:?}, and data.from takes nothing of it"),
            format!("Add {folder:?} to data.from, or take data.from out"),
        );
    }
    let all_of_the_first = taken.iter().all(|start| {
        let mut folders = first.from.iter();
        folders.any(|folder| start.starts_with(folder.as_str()))
    });
    match all_of_the_first {
        true => refused(
            "data.from takes nothing but what the first [[stage]] trains on, which leaves the last one nothing",
            "Add to data.from what the last stage is to train on, or take data.from out",
        ),
        false => Ok(()),
    }
}

fn first_stage(first: &StageConfig, route: &Route) -> Result<FirstStage, RoutingError> {
    let limits = limits::in_a_container(first.technique, &route.base_model)
        .ok_or_else(|| super::unknown(&route.base_model))?;
    Ok(FirstStage {
        technique: first.technique,
        from: first.from.clone(),
        limits,
        hyperparameters: first.hyperparameters.clone(),
    })
}
