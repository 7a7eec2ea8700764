//! What custom models are served by: on-demand deployments (Amazon Bedrock `CreateCustomModelDeployment` and its kin), and provisioned
//! throughput (`CreateProvisionedModelThroughput` and its kin). The ARN tells the two apart.

use async_trait::async_trait;
use jiff::Timestamp;
use perennial_core::config::Commitment;
use perennial_core::routing::Serving;

use crate::{PortResult, Tags};

/// What to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentSpec {
    /// A pure function of (installation, pipeline, purpose).
    pub name: String,
    /// The client token.
    pub token: String,
    /// The custom model's ARN.
    pub model_arn: String,
    /// For people; provisioned throughput bears none.
    pub description: String,
    /// On the deployment.
    pub tags: Tags,
    /// Provisioned throughput is bought; none: it is a deployment by the token.
    pub buy: Option<Purchase>,
}

/// What of provisioned throughput is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purchase {
    /// Model units.
    pub units: u32,
    /// For how long.
    pub commitment: Commitment,
}

impl Purchase {
    /// What this way of serving calls for.
    #[must_use]
    pub fn of(serving: Serving) -> Option<Self> {
        match serving {
            Serving::Provisioned {
                units, commitment, ..
            } => Some(Self { units, commitment }),
            Serving::OnDemand | Serving::Imported => None,
        }
    }
}

/// What is known of provisioned throughput besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bought {
    /// Model units.
    pub units: u32,
    /// It is paid for, and cannot be removed, until then.
    pub until: Option<Timestamp>,
    /// When it was last changed: a swap that has failed leaves the earlier model, and says nothing else.
    pub modified: Timestamp,
}

/// A deployment's true state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// What clients call.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Creating, Active or Failed.
    pub status: DeploymentStatus,
    /// The model that it serves now.
    pub model_arn: String,
    /// The last update, if there was one.
    pub update: Option<UpdateStatus>,
    /// The service's words, if the deployment's status is Failed.
    pub message: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// By them it is known as ours.
    pub tags: Tags,
    /// Of provisioned throughput.
    pub bought: Option<Bought>,
}

impl Deployment {
    /// Whether it serves another model than this one, and nothing is under way that may change that.
    pub fn strays_from(&self, model_arn: &str) -> bool {
        self.status == DeploymentStatus::Active
            && self.model_arn != model_arn
            && !matches!(self.update, Some(UpdateStatus::Updating(_)))
    }
}

/// `GetCustomModelDeployment.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentStatus {
    /// About 8 minutes on AWS.
    Creating,
    /// It answers.
    Active,
    /// It never will.
    Failed,
}

/// `GetCustomModelDeployment.updateDetails`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateStatus {
    /// To this model.
    Updating(String),
    /// Done.
    Completed(String),
    /// Not swapped to this model; the earlier one still serves. Nobody says why: Bedrock's `failureMessage` is for a
    /// deployment whose status is Failed.
    Failed(String),
}

/// Looking at deployments.
#[async_trait]
pub trait ObserveDeployments: Send + Sync {
    /// The deployment of exactly this name, or none.
    async fn find_deployment(&self, name: &str) -> PortResult<Option<Deployment>>;
    /// The provisioned throughput of exactly this name, or none.
    async fn find_throughput(&self, name: &str) -> PortResult<Option<Deployment>>;
    /// What serves in this way by exactly this name, or none.
    async fn find_serving(&self, serving: Serving, name: &str) -> PortResult<Option<Deployment>> {
        match serving.is_provisioned() {
            true => self.find_throughput(name).await,
            false => self.find_deployment(name).await,
        }
    }
    /// By ARN.
    async fn get_deployment(&self, arn: &str) -> PortResult<Option<Deployment>>;
    /// All that serve this model, provisioned throughput too; none of an imported model, which answers by itself.
    async fn deployments_of(&self, model_arn: &str) -> PortResult<Vec<Deployment>>;
}

/// Making, changing and removing deployments.
#[async_trait]
pub trait ChangeDeployments: Send + Sync {
    /// Answers the ARN. The same spec twice is one deployment. A name that is taken may come as `Invalid`, for the
    /// operation declares no conflict error; so after any refusal, look for the deployment by its name.
    async fn create_deployment(&self, spec: &DeploymentSpec) -> PortResult<String>;
    /// Swaps the model behind the ARN. While it is being made or updated that is `Invalid`.
    async fn update_deployment(&self, arn: &str, model_arn: &str) -> PortResult<()>;
    /// Removing one that is gone or being removed is no error; one that is being made or updated is a `Conflict`, and so is
    /// provisioned throughput that is bought for longer.
    async fn delete_deployment(&self, arn: &str) -> PortResult<()>;
}
