//! What a test may set: durations, quotas, and how work ends.

use jiff::SignedDuration;

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// A customization job. One hour unless told.
    pub training: SignedDuration,
    /// From asking a job to stop until it is stopped. One minute.
    pub stopping: SignedDuration,
    /// An import job. 15 minutes.
    pub import: SignedDuration,
    /// A batch inference job. 20 minutes.
    pub batch: SignedDuration,
    /// Until a deployment is active. 8 minutes, as reported for AWS.
    pub deployment: SignedDuration,
    /// Until an update of a deployment is done. 8 minutes.
    pub update: SignedDuration,
    /// Until a deleted deployment is gone; until then it is still seen. 0.
    pub removal: SignedDuration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            training: SignedDuration::from_hours(1),
            stopping: SignedDuration::from_mins(1),
            import: SignedDuration::from_mins(15),
            batch: SignedDuration::from_mins(20),
            deployment: SignedDuration::from_mins(8),
            update: SignedDuration::from_mins(8),
            removal: SignedDuration::ZERO,
        }
    }
}

/// The account's limits. The defaults are those of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Customization jobs that run or wait: 10.
    pub training_jobs: usize,
    /// Custom models: 100.
    pub models: usize,
    /// Imported models: 3.
    pub imported_models: usize,
    /// Deployments: 10.
    pub deployments: usize,
    /// Deployments that are being made: 2.
    pub deployments_in_progress: usize,
    /// Model units of provisioned throughput: 20.
    pub model_units: u32,
    /// The fewest records of a batch inference job: 100.
    pub batch_minimum: usize,
    /// Converse calls of one model or deployment a clock minute; no limit unless told.
    pub questions_per_minute: Option<u64>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            training_jobs: 10,
            models: 100,
            imported_models: 3,
            deployments: 10,
            deployments_in_progress: 2,
            model_units: 20,
            batch_minimum: 100,
            questions_per_minute: None,
        }
    }
}

/// What takes time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// A customization job, or a job of one's own container.
    Training,
    /// An import job.
    Import,
    /// A batch inference job.
    Batch,
    /// The creation of a deployment.
    Deployment,
    /// The update of a deployment.
    Update,
}

/// How a piece of work ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Succeeds,
    /// At the usual time, with these words of the service.
    Fails(String),
    /// Never, unless it is stopped.
    Hangs,
    /// A batch job without the answers of the last so many records: partially completed. Other work succeeds.
    Misses(usize),
}
