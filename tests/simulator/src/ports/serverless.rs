//! Serverless jobs, and the models that are made of their checkpoints, behind the gate.

use async_trait::async_trait;
use perennial_ports::memory::operation as op;
use perennial_ports::{
    ImportJob, ImportSpec, ObserveRegistrations, PortResult, RegisterModels, ServerlessSpec,
    StartServerless,
};

use super::Gated;
use crate::deed::Deed;

#[async_trait]
impl StartServerless for Gated {
    async fn start_serverless(&self, spec: &ServerlessSpec) -> PortResult<String> {
        self.change_port(Deed::StartServerless(spec.clone())).await
    }
}

#[async_trait]
impl ObserveRegistrations for Gated {
    async fn find_registration(&self, name: &str) -> PortResult<Option<ImportJob>> {
        let act = self.cloud.bedrock.find_registration(name);
        self.look(op::GET_MODEL, act).await
    }
}

#[async_trait]
impl RegisterModels for Gated {
    async fn register_model(&self, spec: &ImportSpec) -> PortResult<String> {
        self.change_port(Deed::RegisterModel(spec.clone())).await
    }
}
