//! Custom models on Amazon Bedrock.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{PortResult, Tags};

/// A custom or imported model's true state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomModel {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub status: ModelStatus,
    /// When it was made.
    pub created: Timestamp,
    /// By them it is known as ours.
    pub tags: Tags,
}

/// `GetCustomModel.modelStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelStatus {
    /// Being made.
    Creating,
    /// There.
    Active,
    /// Not to be had.
    Failed,
}

/// Looking at models.
#[async_trait]
pub trait ObserveModels: Send + Sync {
    /// By the ARN of a custom or an imported model, with its tags; `None` if it is gone.
    async fn get_model(&self, arn: &str) -> PortResult<Option<CustomModel>>;
    /// Every custom model that the account owns, without tags.
    async fn list_models(&self) -> PortResult<Vec<CustomModel>>;
}

/// Deleting models.
#[async_trait]
pub trait DeleteModels: Send + Sync {
    /// For ever, by the ARN of a custom or an imported model. Deleting one that is gone is no error; one that is deployed is a `Conflict`.
    async fn delete_model(&self, arn: &str) -> PortResult<()>;
}
