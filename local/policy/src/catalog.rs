//! The actions that are known here, with the condition keys that their requests carry in the local cloud.
//!
//! A row says only what the local cloud supplies. A policy that names another action or key is refused when it is
//! read, for it would be a shrug otherwise. Source of the rows: AWS's Service Authorization Reference
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>),
//! pages named at each table, as of 2026-08-22.

/// How many values a key has, and so which operators fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// One: `ForAllValues` would pass where it is absent
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>).
    One,
    /// Several: only with `ForAllValues` or `ForAnyValue`.
    Many,
    /// Documented as several, and one in each request of the local cloud.
    Either,
}

/// One action.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// Whether it is asked for on resources. Otherwise only `*` allows it.
    pub(crate) on_resources: bool,
    /// Besides the global ones. A key that ends in `/` stands for a family.
    pub(crate) keys: &'static [&'static str],
}

const fn on(name: &'static str, keys: &'static [&'static str]) -> Action {
    Action {
        name,
        on_resources: true,
        keys,
    }
}

const fn on_all(name: &'static str) -> Action {
    Action {
        on_resources: false,
        ..on(name, &[])
    }
}

/// Keys that every request carries
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). `aws:ResourceAccount`
/// is absent where a resource belongs to no account, as a foundation model. `lambda:SourceFunctionArn` is carried by what a
/// function itself calls (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>).
pub(crate) const GLOBAL_KEYS: [&str; 5] = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "lambda:SourceFunctionArn",
];

const TAGGED: &[&str] = &["aws:ResourceTag/"];
const TAGGING: &[&str] = &["aws:RequestTag/", "aws:TagKeys"];
const LISTING: &[&str] = &["s3:prefix", "s3:delimiter", "s3:max-keys"];
const ITEM: &[&str] = &["dynamodb:LeadingKeys", "dynamodb:EnclosingOperation"];
const QUERY: &[&str] = &["dynamodb:LeadingKeys"];
const ENCRYPTING: &[&str] = &["kms:ViaService", "kms:CallerAccount"];

pub(crate) static ACTIONS: &[Action] = &[
    // .../list_amazons3.html
    on("s3:GetObject", &[]),
    on("s3:GetObjectVersion", &["s3:VersionId"]),
    on("s3:PutObject", &[]),
    on("s3:PutObjectAcl", &[]),
    on("s3:PutObjectTagging", &[]),
    on("s3:PutObjectRetention", &[]),
    on("s3:PutObjectLegalHold", &[]),
    on("s3:BypassGovernanceRetention", &[]),
    on("s3:AbortMultipartUpload", &[]),
    on("s3:ListMultipartUploadParts", &[]),
    on("s3:DeleteObject", &[]),
    on("s3:DeleteObjectVersion", &["s3:VersionId"]),
    on("s3:ListBucket", LISTING),
    on("s3:ListBucketVersions", LISTING),
    on("s3:ListBucketMultipartUploads", &[]),
    on("s3:GetBucketLocation", &[]),
    on("s3:GetBucketVersioning", &[]),
    // .../list_amazondynamodb.html
    on("dynamodb:GetItem", ITEM),
    on("dynamodb:PutItem", ITEM),
    on("dynamodb:UpdateItem", ITEM),
    on("dynamodb:DeleteItem", ITEM),
    on("dynamodb:ConditionCheckItem", QUERY),
    on("dynamodb:Query", QUERY),
    on("dynamodb:DescribeTable", &[]),
    // .../list_amazonbedrock.html. The List actions name no resource type there.
    on("bedrock:CreateModelCustomizationJob", TAGGING),
    on("bedrock:GetModelCustomizationJob", TAGGED),
    on_all("bedrock:ListModelCustomizationJobs"),
    on("bedrock:StopModelCustomizationJob", TAGGED),
    on("bedrock:CreateModelInvocationJob", TAGGING),
    on("bedrock:GetModelInvocationJob", TAGGED),
    on_all("bedrock:ListModelInvocationJobs"),
    on("bedrock:StopModelInvocationJob", TAGGED),
    on("bedrock:GetCustomModel", TAGGED),
    on_all("bedrock:ListCustomModels"),
    on("bedrock:DeleteCustomModel", TAGGED),
    on(
        "bedrock:CreateCustomModelDeployment",
        &["aws:RequestTag/", "aws:TagKeys", "aws:ResourceTag/"],
    ),
    on("bedrock:GetCustomModelDeployment", TAGGED),
    on_all("bedrock:ListCustomModelDeployments"),
    on("bedrock:UpdateCustomModelDeployment", TAGGED),
    on("bedrock:DeleteCustomModelDeployment", TAGGED),
    on("bedrock:CreateCustomModel", TAGGING),
    on("bedrock:CreateModelImportJob", TAGGING),
    on("bedrock:GetModelImportJob", TAGGED),
    on_all("bedrock:ListModelImportJobs"),
    on("bedrock:GetImportedModel", TAGGED),
    on_all("bedrock:ListImportedModels"),
    on("bedrock:DeleteImportedModel", TAGGED),
    on("bedrock:CreateProvisionedModelThroughput", TAGGING),
    on("bedrock:GetProvisionedModelThroughput", TAGGED),
    on_all("bedrock:ListProvisionedModelThroughputs"),
    on("bedrock:UpdateProvisionedModelThroughput", TAGGED),
    on("bedrock:DeleteProvisionedModelThroughput", TAGGED),
    on("bedrock:ListTagsForResource", TAGGED),
    on(
        "bedrock:TagResource",
        &["aws:RequestTag/", "aws:TagKeys", "aws:ResourceTag/"],
    ),
    on("bedrock:GetFoundationModel", &[]),
    on_all("bedrock:ListFoundationModels"),
    on(
        "bedrock:InvokeModel",
        &["aws:ResourceTag/", "bedrock:InferenceProfileArn"],
    ),
    // .../list_amazonsagemaker.html
    on("sagemaker:CreateTrainingJob", TAGGING),
    on("sagemaker:DescribeTrainingJob", TAGGED),
    on("sagemaker:StopTrainingJob", TAGGED),
    on_all("sagemaker:ListTrainingJobs"),
    on("sagemaker:ListTags", TAGGED),
    on("sagemaker:DescribeHub", &[]),
    on("sagemaker:DescribeHubContent", &[]),
    on("sagemaker:ListHubContents", &[]),
    on("sagemaker:DescribeModelPackageGroup", TAGGED),
    on("sagemaker:CreateModelPackage", TAGGING),
    on("sagemaker:DescribeModelPackage", TAGGED),
    on("sagemaker:UpdateModelPackage", TAGGED),
    on("sagemaker:ListModelPackages", &[]),
    on(
        "sagemaker:AddTags",
        &["aws:ResourceTag/", "aws:RequestTag/", "aws:TagKeys"],
    ),
    // .../list_awssystemsmanager.html
    on("ssm:GetParameter", TAGGED),
    on(
        "ssm:PutParameter",
        &[
            "aws:ResourceTag/",
            "aws:RequestTag/",
            "aws:TagKeys",
            "ssm:Overwrite",
        ],
    ),
    on(
        "ssm:AddTagsToResource",
        &["aws:ResourceTag/", "aws:RequestTag/", "aws:TagKeys"],
    ),
    // .../list_amazoncloudwatch.html. Its resource type `dataset` is not one of Bedrock's metrics.
    on_all("cloudwatch:GetMetricData"),
    on_all("cloudwatch:GetMetricStatistics"),
    // .../list_amazoneventbridge.html
    on("events:PutEvents", &["events:source", "events:detail-type"]),
    // .../list_awsidentityandaccessmanagementiam.html
    on("iam:PassRole", &["iam:PassedToService"]),
    // What Lambda does with the role, which the local cloud does not ask for: "Lambda execution role", "Using Lambda with Amazon SQS",
    // "Giving Lambda functions access to resources in an Amazon VPC" (Lambda Developer Guide).
    on("logs:CreateLogGroup", &[]),
    on("logs:CreateLogStream", &[]),
    // What SageMaker and Bedrock do with a job's role: "CreateTrainingJob API: Execution Role Permissions" (SageMaker Developer
    // Guide), "Lambda permissions for reward functions" (Bedrock User Guide).
    on("logs:DescribeLogStreams", &[]),
    on("ecr:BatchCheckLayerAvailability", &[]),
    on("ecr:BatchGetImage", &[]),
    on("ecr:GetDownloadUrlForLayer", &[]),
    on_all("ecr:GetAuthorizationToken"),
    on("lambda:InvokeFunction", &[]),
    on("logs:PutLogEvents", &[]),
    on("sqs:ReceiveMessage", &[]),
    on("sqs:DeleteMessage", &[]),
    on("sqs:ChangeMessageVisibility", &[]),
    on("sqs:GetQueueAttributes", &[]),
    on("sqs:SendMessage", &[]),
    on("ec2:CreateNetworkInterface", &[]),
    on("ec2:DeleteNetworkInterface", &[]),
    on_all("ec2:DescribeNetworkInterfaces"),
    on_all("ec2:DescribeSubnets"),
    on_all("ec2:DescribeSecurityGroups"),
    on_all("ec2:DescribeVpcs"),
    on("ec2:AssignPrivateIpAddresses", &[]),
    on("ec2:UnassignPrivateIpAddresses", &[]),
    on_all("xray:PutTraceSegments"),
    on_all("xray:PutTelemetryRecords"),
    // .../list_awskeymanagementservice.html. S3, DynamoDB and SQS ask for these with the function's role, where a key of the
    // account's own encrypts. That is not simulated.
    on("kms:Decrypt", ENCRYPTING),
    on("kms:Encrypt", ENCRYPTING),
    on("kms:GenerateDataKey", ENCRYPTING),
    on("kms:GenerateDataKeyWithoutPlaintext", ENCRYPTING),
    on("kms:ReEncryptFrom", ENCRYPTING),
    on("kms:ReEncryptTo", ENCRYPTING),
    on("kms:DescribeKey", ENCRYPTING),
    on("kms:CreateGrant", ENCRYPTING),
];

impl Action {
    /// The part before the colon.
    pub(crate) fn service(&self) -> &'static str {
        self.name.split_once(':').map_or("", |(service, _)| service)
    }

    /// Whether requests for it carry this key.
    pub(crate) fn carries(&self, key: &str) -> bool {
        let same = |known: &&str| match known.strip_suffix('/') {
            Some(family) => key
                .split_once('/')
                .is_some_and(|(of, name)| of.eq_ignore_ascii_case(family) && !name.is_empty()),
            None => known.eq_ignore_ascii_case(key),
        };
        self.keys.iter().any(&same) || GLOBAL_KEYS.iter().any(same)
    }
}

/// How many values a key has.
pub(crate) fn values_of(key: &str) -> Values {
    match key.to_ascii_lowercase().as_str() {
        "aws:tagkeys" | "dynamodb:leadingkeys" => Values::Many,
        "events:source" | "events:detail-type" | "dynamodb:enclosingoperation" => Values::Either,
        _ => Values::One,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_stands_once() {
        for (at, action) in ACTIONS.iter().enumerate() {
            let again = ACTIONS[at + 1..]
                .iter()
                .any(|other| other.name.eq_ignore_ascii_case(action.name));
            assert!(!again, "{}", action.name);
        }
    }

    #[test]
    fn families_of_keys_need_a_name() {
        let get = ACTIONS
            .iter()
            .find(|action| action.name == "bedrock:GetCustomModel")
            .expect("a known action");
        assert!(get.carries("AWS:resourcetag/perennial:run"));
        assert!(get.carries("aws:ResourceAccount"));
        assert!(!get.carries("aws:ResourceTag/"));
        assert!(!get.carries("aws:RequestTag/perennial:run"));
    }
}
