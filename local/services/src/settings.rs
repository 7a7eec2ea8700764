//! How fast the simulated services are, and how much they allow.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long something takes: a fixed time and a time for each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Span {
    /// The time that it takes in any case.
    pub fixed: Duration,
    /// The time that it takes for each record (training and batch only).
    #[serde(default)]
    pub per_record: Duration,
}

impl Span {
    /// A time that does not depend on the records.
    #[must_use]
    pub const fn fixed(fixed: Duration) -> Self {
        Self {
            fixed,
            per_record: Duration::ZERO,
        }
    }

    /// The same, and some time for each record.
    #[must_use]
    pub const fn and_per_record(self, per_record: Duration) -> Self {
        Self { per_record, ..self }
    }

    /// When `percent` of this span are over, from `start` on.
    pub(crate) fn end(self, start: Timestamp, records: usize, percent: u32) -> Timestamp {
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        let whole = self
            .fixed
            .saturating_add(self.per_record.saturating_mul(records));
        let part = SignedDuration::try_from(whole.saturating_mul(percent) / 100)
            .unwrap_or(SignedDuration::MAX);
        start.saturating_add(part).unwrap_or(Timestamp::MAX)
    }
}

/// How long each kind of work takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace {
    /// A customization job: 10 % of it validation, 20 % data processing, 70 % training. AWS takes an hour or more.
    pub training: Span,
    /// A deployment until it is `Active`. AWS takes about eight minutes.
    pub deployment: Span,
    /// The update of a deployment.
    pub update: Span,
    /// A batch inference job: 20 % of it validation, 80 % answering.
    pub batch: Span,
    /// The deletion of a deployment, and the stopping of a job.
    pub deletion: Span,
}

impl Default for Pace {
    /// Fast enough to watch: seconds where AWS takes minutes.
    fn default() -> Self {
        Self {
            training: Span::fixed(Duration::from_secs(3))
                .and_per_record(Duration::from_micros(100)),
            deployment: Span::fixed(Duration::from_secs(2)),
            update: Span::fixed(Duration::from_secs(1)),
            batch: Span::fixed(Duration::from_secs(2)).and_per_record(Duration::from_micros(100)),
            deletion: Span::fixed(Duration::from_millis(500)),
        }
    }
}

impl Pace {
    /// Everything ends at the next tick.
    #[must_use]
    pub const fn instant() -> Self {
        let none = Span::fixed(Duration::ZERO);
        Self {
            training: none,
            deployment: none,
            update: none,
            batch: none,
            deletion: none,
        }
    }
}

/// What an account may have at a time (`facts/limits.md`: two accounts' quotas, 2026).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Quotas {
    /// Custom models.
    pub custom_models: usize,
    /// Customization jobs that have not ended.
    pub customization_jobs: usize,
    /// Deployments.
    pub deployments: usize,
    /// Imported models.
    pub imported_models: usize,
    /// Model units of all provisioned throughputs together, with a commitment and without.
    pub model_units: usize,
    /// Deployments that are being created or updated.
    pub deployments_in_progress: usize,
    /// Fewest records of a batch inference job.
    pub batch_min_records: usize,
    /// Instances of a type that training jobs may use at a time, such as `ml.p5.48xlarge`; a type that is not named has no quota.
    pub training_instances: BTreeMap<String, usize>,
    /// `Converse` requests in any 60 seconds, by model id as the caller writes it; `*` holds for every other model.
    pub converse_per_minute: BTreeMap<String, usize>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            custom_models: 100,
            customization_jobs: 10,
            deployments: 10,
            imported_models: 3,
            model_units: 10,
            deployments_in_progress: 2,
            batch_min_records: 100,
            training_instances: BTreeMap::new(),
            converse_per_minute: BTreeMap::new(),
        }
    }
}

/// What may be changed while the services run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// The region in which everything is.
    pub region: String,
    /// What the account may have.
    pub quotas: Quotas,
    /// How long after a minute began its CloudWatch counts can be read.
    pub metrics_lag: Duration,
    /// Which registered models (`CreateCustomModel`) can be deployed on demand.
    pub registered_on_demand: OnDemand,
}

/// Which models that SageMaker trained can be deployed on demand: AWS's pages do not agree (`facts/aws.md`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnDemand {
    /// Those of which only an adapter was trained (the Nova guide).
    #[default]
    Adapters,
    /// None of them (the API reference).
    None,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-east-1".to_owned(),
            quotas: Quotas::default(),
            metrics_lag: Duration::ZERO,
            registered_on_demand: OnDemand::default(),
        }
    }
}
