//! What of a stack is read only to be held to core: the local cloud does nothing with it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::access::Access;
use crate::node::Node;
use crate::stack::Origin;

/// One statement of a role's policies, as the template has it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    /// Such as `IngestRole.Policies[ingest].PolicyDocument.ReadReports`.
    pub(crate) place: String,
    /// The statement, resolved, with its lines.
    pub(crate) node: Node,
}

/// Who may use some of the queues, topics or buckets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResourcePolicy {
    /// Queues by URL, topics by ARN, buckets by name: what `Ref` gives.
    pub(crate) of: Vec<String>,
    /// Its statements.
    pub(crate) statements: Vec<Access>,
}

/// An alarm on one metric.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Alarm {
    /// Where it stands.
    pub(crate) origin: Origin,
    /// Its ARN.
    pub(crate) arn: String,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// What the metric is of, by the dimensions' names.
    pub(crate) dimensions: BTreeMap<String, String>,
    pub(crate) comparison: &'static str,
    pub(crate) threshold: f64,
    /// One value is made of what is measured in this time.
    pub(crate) period: Duration,
    /// It fires when it has been so in every period of this time.
    pub(crate) window: Duration,
    pub(crate) statistic: String,
    /// Values in another unit are not seen.
    pub(crate) unit: Option<String>,
    /// `breaching`: where nothing is measured, it fires.
    pub(crate) missing: &'static str,
    /// Whom it tells: ARNs.
    pub(crate) actions: Vec<String>,
    /// Whom it tells that all is well again.
    pub(crate) when_well: Vec<String>,
}

impl Alarm {
    /// Whether it fires at a value.
    pub(crate) fn fires(&self, value: f64) -> bool {
        match self.comparison {
            "GreaterThanOrEqualToThreshold" => value >= self.threshold,
            "GreaterThanThreshold" => value > self.threshold,
            "LessThanThreshold" => value < self.threshold,
            "LessThanOrEqualToThreshold" => value <= self.threshold,
            _ => false,
        }
    }
}

/// A budget of real money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Where it stands.
    pub(crate) origin: Origin,
    /// What it counts, by the names of services; all of them if there is none.
    pub(crate) services: Vec<String>,
    /// Whom it tells: ARNs.
    pub(crate) tells: Vec<String>,
}

/// A way from a private network to one of AWS's services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Where it stands.
    pub(crate) origin: Origin,
    /// Such as `bedrock-runtime`.
    pub(crate) service: String,
    /// Through route tables; otherwise through network interfaces.
    pub(crate) is_gateway: bool,
}

/// What one rule of a bucket's lifecycle deletes, of the objects under a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expiry {
    pub(crate) prefix: String,
    /// After so many days, if it is days.
    pub(crate) days: Option<u64>,
    /// When the objects themselves are: `after 30 days`.
    pub(crate) when: Option<String>,
    /// Versions that newer ones replaced.
    pub(crate) old_versions: bool,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogGroup {
    /// Where it stands.
    pub(crate) origin: Origin,
    /// Its name.
    pub(crate) name: String,
    /// For how many days it keeps what is logged; for ever without it.
    pub(crate) days: Option<u64>,
}
