//! One small trait per capability, and its in-memory twin.
//!
//! A function takes only the traits that its role allows, so its signature is its permissions. Every trait has an
//! AWS adapter in a crate of its own and a twin in [`memory`]; both pass the same contract tests.
//! No rule stands here, and no trait knows more than one service.

pub mod alias;
pub mod announce;
pub mod answers;
pub mod batch;
pub mod body;
pub mod clock;
pub mod containers;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod deployments;
pub mod error;
pub mod imports;
pub mod memory;
pub mod models;
pub mod objects;
pub mod registrations;
pub mod serverless;
pub mod table;
pub mod training;
pub mod usage;

pub use alias::{ReadAlias, WriteAlias};
pub use announce::Announce;
pub use answers::{Answer, Ask, Question};
pub use batch::{BatchJob, BatchSpec, BatchStatus, ObserveBatch, StartBatch, StopBatch};
pub use body::Body;
pub use clock::{Clock, Entropy, Pause};
pub use containers::{
    ContainerJob, ContainerSpec, ObserveContainers, StartContainers, StopContainers,
};
pub use deployments::{
    Bought, ChangeDeployments, Deployment, DeploymentSpec, DeploymentStatus, ObserveDeployments,
    Purchase, UpdateStatus,
};
pub use error::{ErrorKind, PortError, PortResult};
pub use imports::{ImportJob, ImportSpec, ImportStatus, ObserveImports, StartImports};
pub use models::{CustomModel, DeleteModels, ModelStatus, ObserveModels};
pub use objects::{CopyFrom, ObjectInfo, ObjectSink, ObjectStream, ReadObjects, WriteObjects};
pub use registrations::{ObserveRegistrations, RegisterModels};
pub use serverless::{ServerlessSpec, StartServerless};
pub use table::{Expect, Item, Key, Page, Table, TableError, Write};
pub use training::{
    ObserveTraining, StartTraining, StopTraining, TrainingJob, TrainingSpec, TrainingStatus,
};
pub use usage::{Use, WatchUse};

/// The tags of a resource: sorted, so that requests are the same each time.
pub type Tags = std::collections::BTreeMap<String, String>;
