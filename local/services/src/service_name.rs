//! Which service a request is for, and what it asks that service for.

use bytes::Bytes;
use http::{Request, Response, request::Parts};
use serde_json::Value;

use crate::{
    bedrock, cloudwatch,
    error::AwsError,
    eventbridge,
    operation::Route,
    runtime, sagemaker,
    services::{Answered, unread},
    ssm, sts,
    wire::{self, Protocol, Routed},
};

/// A simulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceName {
    /// Amazon Bedrock's control plane.
    Bedrock,
    /// Amazon Bedrock's runtime.
    BedrockRuntime,
    /// Amazon SageMaker AI.
    SageMaker,
    /// Systems Manager's parameters.
    Ssm,
    /// CloudWatch's metrics.
    CloudWatch,
    /// EventBridge.
    EventBridge,
    /// The Security Token Service.
    Sts,
}

impl ServiceName {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Bedrock,
        Self::BedrockRuntime,
        Self::SageMaker,
        Self::Ssm,
        Self::CloudWatch,
        Self::EventBridge,
        Self::Sts,
    ];

    /// The service as AWS's SDK for Python and its CLI name it.
    #[must_use]
    pub fn client_name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::BedrockRuntime => "bedrock-runtime",
            Self::SageMaker => "sagemaker",
            Self::Ssm => "ssm",
            Self::CloudWatch => "cloudwatch",
            Self::EventBridge => "events",
            Self::Sts => "sts",
        }
    }

    /// Every operation that is simulated, from the tables by which requests are read.
    #[must_use]
    pub fn operations(self) -> Vec<&'static str> {
        let names = |routes: &[Route]| routes.iter().map(|route| route.name).collect();
        match self {
            Self::Bedrock => bedrock::operations(),
            Self::BedrockRuntime => names(&runtime::ROUTES),
            Self::SageMaker => names(&sagemaker::ROUTES),
            Self::Ssm => names(&ssm::ROUTES),
            Self::CloudWatch => names(&cloudwatch::ROUTES),
            Self::EventBridge => names(&eventbridge::ROUTES),
            Self::Sts => names(&sts::ROUTES),
        }
    }

    /// The service that a request is for, by the service name in its signature and its path (`bedrock` and
    /// `bedrock-runtime` sign with the same name); `None` if it is not simulated here.
    #[must_use]
    pub fn of(signing_name: &str, path: &str) -> Option<Self> {
        match signing_name {
            "bedrock" if path.starts_with("/model/") => Some(Self::BedrockRuntime),
            "bedrock" => Some(Self::Bedrock),
            "sagemaker" => Some(Self::SageMaker),
            "ssm" => Some(Self::Ssm),
            "monitoring" => Some(Self::CloudWatch),
            "events" => Some(Self::EventBridge),
            "sts" => Some(Self::Sts),
            _ => None,
        }
    }

    /// The service as CloudTrail's `eventSource` names it.
    #[must_use]
    pub fn event_source(self) -> &'static str {
        match self {
            Self::Bedrock | Self::BedrockRuntime => "bedrock.amazonaws.com",
            Self::SageMaker => "sagemaker.amazonaws.com",
            Self::Ssm => "ssm.amazonaws.com",
            Self::CloudWatch => "monitoring.amazonaws.com",
            Self::EventBridge => "events.amazonaws.com",
            Self::Sts => "sts.amazonaws.com",
        }
    }

    /// The operation that a request's head asks for; `None` if the head alone does not tell, or it is not simulated.
    #[must_use]
    pub fn operation(self, head: &Parts) -> Option<&'static str> {
        let request = Request::from_parts(head.clone(), Bytes::new());
        let (_, routed) = self.read(&request);
        routed.ok().map(|routed| routed.route.name)
    }

    /// The operation that a request asks for, with its parameters: body, path and query as one object.
    ///
    /// # Errors
    /// The service's own refusal of a request that cannot be read. Whoever decides on permissions has nothing to decide
    /// on then, so this refusal is the answer.
    pub fn understood(
        self,
        request: &Request<Bytes>,
        request_id: &str,
    ) -> Result<(&'static str, Value), Box<Answered>> {
        let (protocol, routed) = self.read(request);
        match routed {
            Ok(Routed { route, parameters }) => Ok((route.name, parameters)),
            Err(error) => Err(Box::new(unread(protocol, request, request_id, error))),
        }
    }

    /// An error in the format in which the sender of such a request reads this service's errors, with the status that
    /// belongs to the code.
    #[must_use]
    pub fn refusal(
        self,
        head: &Parts,
        code: &str,
        message: &str,
        request_id: &str,
    ) -> Response<Bytes> {
        let request = Request::from_parts(head.clone(), Bytes::new());
        let (protocol, _) = self.read(&request);
        let error = AwsError::new(code, message);
        wire::response(protocol, error.status, request_id, &Err(error.clone()))
    }

    pub(crate) fn read(self, request: &Request<Bytes>) -> (Protocol, Result<Routed, AwsError>) {
        match self {
            Self::Bedrock => (Protocol::RestJson, bedrock::read(request)),
            Self::BedrockRuntime => (Protocol::RestJson, runtime::read(request)),
            Self::SageMaker => (Protocol::AwsJson("1.1"), sagemaker::read(request)),
            Self::Ssm => (Protocol::AwsJson("1.1"), ssm::read(request)),
            Self::CloudWatch => cloudwatch::read(request),
            Self::EventBridge => (Protocol::AwsJson("1.1"), eventbridge::read(request)),
            Self::Sts => (Protocol::QueryXml, sts::read(request)),
        }
    }
}
