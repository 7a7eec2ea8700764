//! What only some trainers ask for: `[training.distillation]`, `[training.reinforcement]`, `[training.sagemaker]`.

use serde::{Deserialize, Serialize};

use super::containers::{is_image, is_instance};
use super::section::{Problems, Section};
use crate::span::Span;

/// The largest disk of a training job, in GB. Source: SageMaker's `ResourceConfig.VolumeSizeInGB`, by default quota.
const MOST_VOLUME: u64 = 16_384;

/// The longest that a training job runs. Source: SageMaker's `StoppingCondition.MaxRuntimeInSeconds`, "the maximum value is 28 days"
/// (aws-sdk-sagemaker 1.248); its service model has no bound.
const LONGEST_RUN: Span = Span::days(28);

/// A limit of a training job's time.
pub(super) fn limit(
    section: &Section<'_, '_>,
    name: &str,
    default: Span,
    problems: &mut Problems,
) -> Span {
    let limit = section.span(name, Span::minutes(1), default, problems);
    if limit > LONGEST_RUN {
        let fix =
            format!("Write at most {LONGEST_RUN}: SageMaker lets no training job take longer.");
        section.wrong(name, fix, problems);
    }
    limit
}

/// `[training.distillation]`: whose answers the student learns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistillationConfig {
    /// The teacher's id, as written.
    pub teacher: String,
    /// `maxResponseLengthForInference`: tokens of the teacher's longest answer; the service's default if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_response_tokens: Option<u32>,
    /// The key `data = "invocation-logs"`: the data are Bedrock's invocation logs, and `use_logged_answers` says whether the teacher's
    /// answers in them are taken, or the teacher is asked again. None: `data = "prompts"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_answers: Option<bool>,
}

/// `[training.reinforcement]`: who scores what the model says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReinforcementConfig {
    /// The ARN of the grader, a Lambda function.
    pub grader: String,
}

/// `[training.sagemaker]`: the job's container, machines and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SageMakerConfig {
    /// The container image's URI in Amazon ECR.
    pub image: String,
    /// A recipe of AWS's, as `s3://…/recipe.yaml`: the job finds it in its channel `recipe`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<String>,
    /// Such as `ml.g5.12xlarge`.
    pub instance_type: String,
    /// How many of them.
    pub instance_count: u32,
    /// The disk of each, in GB.
    pub volume_gb: u32,
    /// The role that the job takes on; the installation's own if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The job's subnets, with `security_groups`; no network of one's own if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<String>,
    /// With `subnets`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// The job is stopped after so long; what it may cost is reckoned by it.
    pub max_run: Span,
    /// Whether spare capacity is used, which may be taken away and is resumed from the last checkpoint.
    #[serde(default)]
    pub spot: bool,
    /// With `spot`: how long the job may take with its waiting; at least `max_run`.
    pub max_wait: Span,
}

pub(super) fn distillation(
    training: &Section<'_, '_>,
    problems: &mut Problems,
) -> Option<DistillationConfig> {
    const TEACHER: &str =
        "Write the teacher's model id, such as teacher = \"amazon.nova-pro-v1:0\".";
    let section = training.below("distillation", "training.distillation", problems)?;
    if section.value("teacher").is_none() {
        section.wrong("teacher", TEACHER, problems);
    }
    let plain = |id: &str| {
        (1..=200).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".:-_/".contains(&byte))
    };
    let teacher = section.text("teacher", plain, TEACHER, problems)?;
    let tokens = section.whole("max_response_tokens", 1..=10_000, 0, problems);
    const DATA: &str =
        "Write data = \"prompts\", or data = \"invocation-logs\" for logs as Bedrock wrote them.";
    let known = |text: &str| matches!(text, "prompts" | "invocation-logs");
    let data = section.text("data", known, DATA, problems);
    let logs = data.as_deref() == Some("invocation-logs");
    let use_answers = section.boolean("use_logged_answers", problems);
    if section.value("use_logged_answers").is_some() && !logs {
        section.wrong(
            "use_logged_answers",
            "Remove it, or set data = \"invocation-logs\": prompts have no answers.",
            problems,
        );
    }
    Some(DistillationConfig {
        teacher,
        max_response_tokens: u32::try_from(tokens).ok().filter(|tokens| *tokens > 0),
        logged_answers: logs.then_some(use_answers),
    })
}

pub(super) fn reinforcement(
    training: &Section<'_, '_>,
    problems: &mut Problems,
) -> Option<ReinforcementConfig> {
    const GRADER: &str = "Write the ARN of the Lambda function that scores answers, such as grader = \
         \"arn:aws:lambda:us-east-1:123456789012:function:grader\".";
    let section = training.below("reinforcement", "training.reinforcement", problems)?;
    if section.value("grader").is_none() {
        section.wrong("grader", GRADER, problems);
    }
    let grader = section.text("grader", is_function, GRADER, problems)?;
    Some(ReinforcementConfig { grader })
}

fn is_function(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let word = |text: &str| {
        (1..=140).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_$".contains(&byte))
    };
    matches!(parts.len(), 7 | 8)
        && parts[0] == "arn"
        && parts[1].starts_with("aws")
        && (parts[2], parts[5]) == ("lambda", "function")
        && word(parts[3])
        && parts[4].len() == 12
        && parts[4].bytes().all(|byte| byte.is_ascii_digit())
        && parts[6..].iter().all(|part| word(part))
}

const ROLE_OF_SUBNETS: &str = "With subnets SageMaker makes network interfaces in the job's role, which the installation's own may not: \
     write the ARN of a role of yours that may (ec2:CreateNetworkInterface and what belongs to it), and give it to the stack as \
     TrainingRoleArn.";

/// The installation's own role (`SageMakerJobRole` in `infra/template.yaml`) reads a run's training files alone, and the job would fail once
/// its machines run. A bucket's policy can let it read a recipe all the same, so that it may be named.
const ROLE_OF_RECIPE: &str = "SageMaker reads the recipe in the job's role, and the installation's own reads training files only: write the \
     ARN of a role of yours that reads the recipe too, and give it to the stack as TrainingRoleArn; or SageMakerJobRole's, if the policy of the \
     recipe's bucket lets it read there.";

pub(super) fn sagemaker(
    training: &Section<'_, '_>,
    problems: &mut Problems,
) -> Option<SageMakerConfig> {
    const IMAGE: &str = "Write the container image's URI in Amazon ECR, such as image = \
         \"123456789012.dkr.ecr.us-east-1.amazonaws.com/pretraining:1\". SageMaker trains from no other registry, ECR Public included.";
    const INSTANCE: &str = "Write an instance type, such as instance_type = \"ml.g5.12xlarge\".";
    const RECIPE: &str =
        "Write the recipe's place in S3, such as recipe = \"s3://bucket/recipes/llama.yaml\".";
    const ROLE: &str =
        "Write a role's ARN, such as role = \"arn:aws:iam::123456789012:role/training\".";
    const NETWORK: &str = "Write a list of ids in quotes, such as [\"subnet-0a1b2c3d\"].";
    let section = training.below("sagemaker", "training.sagemaker", problems)?;
    for (name, fix) in [("image", IMAGE), ("instance_type", INSTANCE)] {
        if section.value(name).is_none() {
            section.wrong(name, fix, problems);
        }
    }
    let image = section.text("image", is_image, IMAGE, problems);
    let instance_type = section.text("instance_type", is_instance, INSTANCE, problems);
    let recipe = section.text("recipe", is_object, RECIPE, problems);
    let role = section.text("role", is_role, ROLE, problems);
    let whole = |name: &str, range, default: u32, problems: &mut Problems| {
        u32::try_from(section.whole(name, range, default.into(), problems)).unwrap_or(default)
    };
    let instance_count = whole("instance_count", 1..=128, 1, problems);
    let volume_gb = whole("volume_gb", 1..=MOST_VOLUME, 100, problems);
    // Source: SageMaker's SubnetId and SecurityGroupId, at most 16 and 5 of them.
    let id = |text: &str| {
        (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let subnets = section.strings("subnets", 16, id, NETWORK, problems);
    let security_groups = section.strings("security_groups", 5, id, NETWORK, problems);
    if subnets.is_empty() != security_groups.is_empty() {
        let missing = if subnets.is_empty() {
            "subnets"
        } else {
            "security_groups"
        };
        section.wrong(
            missing,
            "A network of one's own needs both subnets and security_groups.",
            problems,
        );
    }
    if section.value("role").is_none() {
        if !subnets.is_empty() {
            section.wrong("role", ROLE_OF_SUBNETS, problems);
        } else if recipe.is_some() {
            section.wrong("role", ROLE_OF_RECIPE, problems);
        }
    }
    let max_run = limit(&section, "max_run", Span::hours(24), problems);
    let spot = section.boolean("spot", problems);
    let max_wait = limit(&section, "max_wait", max_run.max(Span::hours(48)), problems);
    if !spot && section.value("max_wait").is_some() {
        section.wrong(
            "max_wait",
            "Remove it, or set spot = true: a job without spot waits for no spare capacity.",
            problems,
        );
    }
    if spot && max_wait < max_run {
        section.wrong(
            "max_wait",
            "Write at least as long as max_run: it holds waiting and running together.",
            problems,
        );
    }
    Some(SageMakerConfig {
        image: image?,
        recipe,
        instance_type: instance_type?,
        instance_count,
        volume_gb,
        role,
        subnets,
        security_groups,
        max_run,
        spot,
        max_wait,
    })
}

/// A bucket's name in the oldest of its forms, which had capitals and `_` (S3 user guide, bucketnamingrules), and the key of an object: the
/// job finds the recipe under the last part of it.
fn is_object(text: &str) -> bool {
    let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(bucket, key)| {
            (3..=63).contains(&bucket.len())
                && bucket.bytes().all(of_a_name)
                && (1..=900).contains(&key.len())
                && !key.ends_with('/')
                && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        })
}

/// Source: SageMaker's `RoleArn`.
pub(super) fn is_role(arn: &str) -> bool {
    is_resource(arn, "iam", "role/")
}

/// Whether it is an ARN of this service in an account, whose resource begins so. IAM's resources have no region, all others have one.
pub(super) fn is_resource(arn: &str, service: &str, kind: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    parts.len() == 6
        && parts[0] == "arn"
        && parts[1].starts_with("aws")
        && parts[2] == service
        && parts[3].is_empty() == (service == "iam")
        && parts[4].len() == 12
        && parts[4].bytes().all(|byte| byte.is_ascii_digit())
        && parts[5].len() > kind.len()
        && parts[5].starts_with(kind)
        && arn.len() <= 2_048
        && arn.is_ascii()
        && !arn.contains(char::is_whitespace)
}
