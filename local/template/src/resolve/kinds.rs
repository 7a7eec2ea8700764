//! What is known of each resource type: how it is named, what `Ref` and `Fn::GetAtt` give
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html>).

use crate::deployment::Deployment;

/// Resource types of which the local cloud reads nothing but what they refer to.
pub(crate) const NOT_ACTED_ON: [&str; 11] = [
    // The table is on demand; nothing scales locally.
    "AWS::ApplicationAutoScaling::ScalableTarget",
    // Nobody is called locally, and there is no console.
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::ResourceGroups::Group",
    // The local cloud has the bus “default” only, and refuses rules of another.
    "AWS::Events::EventBus",
    // Everything is on 127.0.0.1.
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    // Nothing is encrypted locally.
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    // Logs are files locally.
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    // Functions write the parameters; one that the stack sets is told to nobody.
    "AWS::SSM::Parameter",
];

/// The property that holds a resource's name.
pub(crate) fn name_property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => "FunctionName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::SQS::Queue" => "QueueName",
        "AWS::SNS::Topic" => "TopicName",
        "AWS::Events::EventBus"
        | "AWS::Events::Rule"
        | "AWS::SSM::Parameter"
        | "AWS::ResourceGroups::Group" => "Name",
        "AWS::IAM::Role" => "RoleName",
        "AWS::IAM::Policy" => "PolicyName",
        "AWS::IAM::ManagedPolicy" => "ManagedPolicyName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => "AlarmName",
        "AWS::CloudWatch::Dashboard" => "DashboardName",
        "AWS::KMS::Alias" => "AliasName",
        "AWS::EC2::SecurityGroup" => "GroupName",
        _ => return None,
    })
}

/// The name of a resource that the template gives none: AWS ends it in twelve random characters.
pub(crate) fn generated_name(id: &str, kind: &str, of: &Deployment) -> String {
    match kind {
        "AWS::S3::Bucket" => format!("{}-{id}-local", of.stack).to_lowercase(),
        "AWS::EC2::SecurityGroup" => "sg-00000000000000000".to_owned(),
        "AWS::EC2::VPCEndpoint" => "vpce-00000000000000000".to_owned(),
        "AWS::KMS::Key" => "00000000-0000-0000-0000-000000000000".to_owned(),
        _ => format!("{}-{id}", of.stack),
    }
}

/// A resource's ARN, for the types whose ARN the template may ask for.
pub(crate) fn arn_of(kind: &str, name: &str, of: &Deployment) -> Option<String> {
    let iam = |rest: &str| format!("arn:{}:iam::{}:{rest}/{name}", of.partition, of.account);
    Some(match kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
            of.arn("lambda", &format!("function:{name}"))
        }
        "AWS::S3::Bucket" => format!("arn:{}:s3:::{name}", of.partition),
        "AWS::DynamoDB::Table" => of.arn("dynamodb", &format!("table/{name}")),
        "AWS::SQS::Queue" => of.arn("sqs", name),
        "AWS::SNS::Topic" => of.arn("sns", name),
        "AWS::Events::EventBus" => of.arn("events", &format!("event-bus/{name}")),
        "AWS::Events::Rule" => of.arn("events", &format!("rule/{name}")),
        "AWS::IAM::Role" => iam("role"),
        "AWS::IAM::ManagedPolicy" => iam("policy"),
        "AWS::KMS::Key" => of.arn("kms", &format!("key/{name}")),
        "AWS::Logs::LogGroup" => of.arn("logs", &format!("log-group:{name}:*")),
        "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
            of.arn("cloudwatch", &format!("alarm:{name}"))
        }
        _ => return None,
    })
}

/// What `Ref` gives.
pub(crate) fn reference(kind: &str, name: &str, of: &Deployment) -> Option<String> {
    Some(match kind {
        "AWS::SQS::Queue" => format!(
            "https://sqs.{}.{}/{}/{name}",
            of.region,
            of.url_suffix(),
            of.account
        ),
        "AWS::SNS::Topic" | "AWS::IAM::ManagedPolicy" => arn_of(kind, name, of)?,
        // Without the role's path, or the bus of the rule.
        "AWS::IAM::Role" | "AWS::Events::Rule" => {
            name.rsplit('/').next().unwrap_or(name).to_owned()
        }
        _ => name.to_owned(),
    })
}

/// What `Fn::GetAtt` gives; else the attributes that are understood.
pub(super) fn attribute(
    kind: &str,
    name: &str,
    attribute: &str,
    of: &Deployment,
) -> Result<String, String> {
    let own: &[(&str, String)] = &match kind {
        "AWS::SQS::Queue" => vec![
            ("QueueName", name.to_owned()),
            ("QueueUrl", reference(kind, name, of).unwrap_or_default()),
        ],
        "AWS::SNS::Topic" => vec![
            ("TopicName", name.to_owned()),
            ("TopicArn", arn_of(kind, name, of).unwrap_or_default()),
        ],
        "AWS::S3::Bucket" => vec![("DomainName", format!("{name}.s3.{}", of.url_suffix()))],
        "AWS::EC2::SecurityGroup" => vec![("GroupId", name.to_owned())],
        "AWS::KMS::Key" => vec![("KeyId", name.to_owned())],
        _ => Vec::new(),
    };
    if let Some((_, value)) = own.iter().find(|(known, _)| *known == attribute) {
        return Ok(value.clone());
    }
    // A topic's ARN is called TopicArn.
    let arn = arn_of(kind, name, of).filter(|_| kind != "AWS::SNS::Topic");
    match (arn, attribute) {
        (Some(arn), "Arn") => Ok(arn),
        (arn, _) => {
            let mut known: Vec<&str> = own.iter().map(|(name, _)| *name).collect();
            if arn.is_some() {
                known.insert(0, "Arn");
            }
            Err(if known.is_empty() {
                "none".into()
            } else {
                known.join(", ")
            })
        }
    }
}
