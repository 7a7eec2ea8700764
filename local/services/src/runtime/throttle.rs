//! How many requests a model takes: a quota over a sliding minute.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{error::AwsError, settings::Quotas};

/// The requests of the last minute, by model. Kept in memory: a restart gives every model a fresh minute.
#[derive(Debug, Default)]
pub(crate) struct Throttle(BTreeMap<String, VecDeque<Timestamp>>);

impl Throttle {
    /// Takes the request into its model's quota, if there is one.
    ///
    /// # Errors
    /// `ThrottlingException` if the quota is used up.
    pub(crate) fn admit(
        &mut self,
        parameters: &Value,
        quotas: &Quotas,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        let Some(model) = parameters["modelId"].as_str() else {
            return Ok(());
        };
        let quotas = &quotas.converse_per_minute;
        let Some(quota) = quotas.get(model).or_else(|| quotas.get("*")) else {
            return Ok(());
        };
        let recent = self.0.entry(model.to_owned()).or_default();
        while recent
            .front()
            .is_some_and(|at| now.duration_since(*at) >= SignedDuration::from_secs(60))
        {
            recent.pop_front();
        }
        if recent.len() >= *quota {
            return Err(AwsError::new(
                "ThrottlingException",
                "Too many requests, please wait before trying again.",
            ));
        }
        recent.push_back(now);
        Ok(())
    }
}
