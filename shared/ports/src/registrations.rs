//! Custom models made of what SageMaker trained (Amazon Bedrock `CreateCustomModel`, followed by `GetCustomModel`).
//!
//! There is no job: what is made is the model itself, which is there from the first moment, as `Creating`. It is told here as an
//! import job is, so that the same rules hold for both: its ARN is the model's, and it completes when the model is Active.

use async_trait::async_trait;

use crate::{ImportJob, ImportSpec, PortResult};

/// Looking at models that are being made.
#[async_trait]
pub trait ObserveRegistrations: Send + Sync {
    /// The custom model of exactly this name, or none.
    async fn find_registration(&self, name: &str) -> PortResult<Option<ImportJob>>;
}

/// Making them.
#[async_trait]
pub trait RegisterModels: Send + Sync {
    /// Makes a custom model called `spec.model_name` of the checkpoint at `spec.weights`, and answers its ARN. The same spec twice is
    /// one model.
    async fn register_model(&self, spec: &ImportSpec) -> PortResult<String>;
}
