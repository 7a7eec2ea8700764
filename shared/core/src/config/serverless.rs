//! `[training.serverless]`: Amazon Nova, customized by SageMaker without machines of one's own.

use serde::{Deserialize, Serialize};

use super::section::{Problems, Section};
use super::trainers::{is_resource, is_role, limit};
use super::values::{Peft, ServerlessTechnique};
use crate::span::Span;

/// What a serverless customization job asks for besides model and data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerlessConfig {
    /// `CustomizationTechnique`.
    pub technique: ServerlessTechnique,
    /// An adapter, or all weights.
    pub peft: Peft,
    /// `AcceptEula`: somebody has read the model's licence and accepts it. Nothing is asked for without it.
    pub accept_eula: bool,
    /// The group in which SageMaker registers what the job made, an ARN.
    pub model_package_group: String,
    /// The role that the job takes on; the installation's own if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The job is stopped after so long. It is paid by the token, so that this bounds the wait and not the price.
    pub max_run: Span,
}

const EULA: &str = "Read the model's licence, and write accept_eula = true if you accept it: nobody else can accept it for you.";
const GROUP: &str = "Write the ARN of a group of your own, such as model_package_group = \
     \"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial\"; `aws sagemaker create-model-package-group` makes \
     one.";
const ROLE: &str =
    "Write a role's ARN, such as role = \"arn:aws:iam::123456789012:role/training\".";

pub(super) fn read(
    training: &Section<'_, '_>,
    problems: &mut Problems,
) -> Option<ServerlessConfig> {
    let section = training.below("serverless", "training.serverless", problems)?;
    let technique = section
        .word("technique", "sft", problems)
        .unwrap_or_default();
    let peft = section.word("peft", "lora", problems).unwrap_or_default();
    let accept_eula = section.boolean("accept_eula", problems);
    if !accept_eula {
        section.wrong("accept_eula", EULA, problems);
    }
    if section.value("model_package_group").is_none() {
        section.wrong("model_package_group", GROUP, problems);
    }
    let group = section.text("model_package_group", is_group, GROUP, problems);
    let role = section.text("role", is_role, ROLE, problems);
    let max_run = limit(&section, "max_run", Span::hours(72), problems);
    Some(ServerlessConfig {
        technique,
        peft,
        accept_eula,
        model_package_group: group?,
        role,
        max_run,
    })
}

/// Source: SageMaker's `ModelPackageGroupArn`.
fn is_group(arn: &str) -> bool {
    is_resource(arn, "sagemaker", "model-package-group/")
        && arn
            .rsplit('/')
            .next()
            .is_some_and(|name| (1..=63).contains(&name.len()))
}
