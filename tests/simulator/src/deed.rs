//! A change of the world as data: what a port call asks for, so that it can also be carried out after its caller gave up.

use bytes::Bytes;
use perennial_core::announcement::Announcement;
use perennial_ports::memory::{MemoryCloud, operation};
use perennial_ports::{
    BatchSpec, ChangeDeployments, ContainerSpec, DeleteModels, DeploymentSpec, ImportSpec,
    RegisterModels, ServerlessSpec, StartBatch, StartContainers, StartImports, StartServerless,
    StartTraining, StopBatch, StopContainers, StopTraining, Table, TableError, TrainingSpec, Write,
    WriteAlias, WriteObjects,
};

use crate::facts::{Fact, rows};

/// One change.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Transact(Vec<Write>),
    Put(String, Bytes, String),
    StartTraining(TrainingSpec),
    StopTraining(String),
    StartContainer(ContainerSpec),
    StartServerless(ServerlessSpec),
    StopContainer(String),
    StartImport(ImportSpec),
    RegisterModel(ImportSpec),
    StartBatch(BatchSpec),
    StopBatch(String),
    CreateDeployment(DeploymentSpec),
    UpdateDeployment(String, String),
    DeleteDeployment(String),
    DeleteModel(String),
    WriteAlias(String, String),
    Announce(Vec<Announcement>),
}

impl Deed {
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Transact(_) => operation::TRANSACT,
            Self::Put(..) => operation::PUT_OBJECT,
            Self::StartTraining(_) => operation::CREATE_TRAINING,
            Self::StopTraining(_) => operation::STOP_TRAINING,
            Self::StartContainer(_) | Self::StartServerless(_) => operation::CREATE_CONTAINER,
            Self::StopContainer(_) => operation::STOP_CONTAINER,
            Self::StartImport(_) => operation::CREATE_IMPORT,
            Self::RegisterModel(_) => operation::CREATE_MODEL,
            Self::StartBatch(_) => operation::CREATE_BATCH,
            Self::StopBatch(_) => operation::STOP_BATCH,
            Self::CreateDeployment(_) => operation::CREATE_DEPLOYMENT,
            Self::UpdateDeployment(..) => operation::UPDATE_DEPLOYMENT,
            Self::DeleteDeployment(_) => operation::DELETE_DEPLOYMENT,
            Self::DeleteModel(_) => operation::DELETE_MODEL,
            Self::WriteAlias(..) => operation::PUT_PARAMETER,
            Self::Announce(_) => operation::PUT_EVENTS,
        }
    }

    /// Carries it out and notes what came of it.
    pub(crate) async fn carry_out(
        self,
        cloud: &MemoryCloud,
        facts: &mut Vec<Fact>,
    ) -> Result<String, TableError> {
        let nothing = String::new();
        match self {
            Self::Transact(writes) => {
                let rows = rows(&writes);
                cloud.table.transact(writes).await?;
                facts.push(Fact::Wrote(rows));
            }
            Self::Put(key, body, content_type) => {
                let fact = Fact::Stored {
                    key: key.clone(),
                    body: body.clone(),
                };
                cloud.objects.put(&key, body, &content_type).await?;
                facts.push(fact);
            }
            Self::StartTraining(spec) => {
                let known = cloud.bedrock.training_job(&spec.name).is_some();
                let arn = cloud.bedrock.start_training(&spec).await?;
                if !known {
                    facts.push(Fact::TrainingStarted { spec });
                }
                return Ok(arn);
            }
            Self::StopTraining(name) => {
                cloud.bedrock.stop_training(&name).await?;
                facts.push(Fact::Bedrock);
            }
            Self::StartContainer(spec) => {
                let arn = cloud.bedrock.start_container(&spec).await?;
                facts.push(Fact::ContainerStarted {
                    name: spec.name,
                    training: spec.training_prefix,
                });
                return Ok(arn);
            }
            Self::StartServerless(spec) => {
                let arn = cloud.bedrock.start_serverless(&spec).await?;
                facts.push(Fact::ContainerStarted {
                    name: spec.name,
                    training: spec.training_key,
                });
                return Ok(arn);
            }
            Self::StopContainer(name) => {
                cloud.bedrock.stop_container(&name).await?;
                facts.push(Fact::Bedrock);
            }
            Self::StartImport(spec) => {
                let arn = cloud.bedrock.start_import(&spec).await?;
                facts.push(Fact::ImportStarted { name: spec.name });
                return Ok(arn);
            }
            Self::RegisterModel(spec) => {
                let arn = cloud.bedrock.register_model(&spec).await?;
                facts.push(Fact::ImportStarted { name: spec.name });
                return Ok(arn);
            }
            Self::StartBatch(spec) => {
                let arn = cloud.bedrock.start_batch(&spec).await?;
                facts.push(Fact::BatchStarted { name: spec.name });
                return Ok(arn);
            }
            Self::StopBatch(arn) => {
                cloud.bedrock.stop_batch(&arn).await?;
                facts.push(Fact::Bedrock);
            }
            Self::CreateDeployment(spec) => {
                let arn = cloud.bedrock.create_deployment(&spec).await?;
                facts.push(Fact::Bedrock);
                return Ok(arn);
            }
            Self::UpdateDeployment(arn, to) => {
                cloud.bedrock.update_deployment(&arn, &to).await?;
                facts.push(Fact::Bedrock);
            }
            Self::DeleteDeployment(arn) => {
                let before = cloud.bedrock.deployment(&arn);
                cloud.bedrock.delete_deployment(&arn).await?;
                if let Some(deployment) = before {
                    facts.push(Fact::DeploymentDeleted { deployment });
                }
            }
            Self::DeleteModel(arn) => {
                let before = cloud.bedrock.model(&arn);
                cloud.bedrock.delete_model(&arn).await?;
                if let Some(model) = before {
                    facts.push(Fact::ModelDeleted { model });
                }
            }
            Self::WriteAlias(name, value) => {
                cloud.alias.write_alias(&name, &value).await?;
                facts.push(Fact::AliasWritten { value });
            }
            Self::Announce(said) => facts.push(Fact::Said(said)),
        }
        Ok(nothing)
    }
}
