//! The request map: which actions on which resources, with which condition keys, an AWS operation needs.
//!
//! Each service has a table in a file of its own, each row with its source. An operation without a row is an error, and
//! so denied. Where several actions or resources are needed, all of them are: AWS asks for each.

mod bedrock;
mod dynamodb;
mod imported;
mod s3;
mod sagemaker;
mod small;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Context, Request};

/// One AWS call, as it was understood.
#[derive(Debug, Clone, Copy)]
pub struct AwsCall<'a> {
    /// The service name of its signature: `s3`, `dynamodb`, `bedrock`, `sagemaker`, `ssm`, `monitoring`, `events`, `sts`.
    pub service: &'a str,
    /// Such as `CreateModelCustomizationJob`.
    pub operation: &'a str,
    /// Body, path and query as one object, by the members' names in AWS's models; of S3, as its REST interface names them.
    pub parameters: &'a Value,
}

/// Where the call is made, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Twelve digits.
    pub id: &'a str,
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// The ARN of the caller's role.
    pub role_arn: &'a str,
    /// The ARN of the function that calls.
    pub function_arn: &'a str,
}

/// A kind of resource that has tags, and is named by name or ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `model-customization-job`
    CustomizationJob,
    /// `model-invocation-job`
    InvocationJob,
    /// `custom-model`
    CustomModel,
    /// `custom-model-deployment`
    Deployment,
    /// `model-import-job`
    ImportJob,
    /// `imported-model`
    ImportedModel,
    /// `provisioned-model`
    Throughput,
    /// `training-job`
    TrainingJob,
    /// A parameter of Systems Manager.
    Parameter,
}

impl Kind {
    /// As ARNs name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CustomizationJob => "model-customization-job",
            Self::InvocationJob => "model-invocation-job",
            Self::CustomModel => "custom-model",
            Self::Deployment => "custom-model-deployment",
            Self::ImportJob => "model-import-job",
            Self::ImportedModel => "imported-model",
            Self::Throughput => "provisioned-model",
            Self::TrainingJob => "training-job",
            Self::Parameter => "parameter",
        }
    }

    fn of_arn(arn: &str) -> Option<Self> {
        let resource = arn.splitn(6, ':').nth(5)?;
        let (word, _) = resource.split_once('/')?;
        [
            Self::CustomizationJob,
            Self::InvocationJob,
            Self::CustomModel,
            Self::Deployment,
            Self::ImportJob,
            Self::ImportedModel,
            Self::Throughput,
            Self::TrainingJob,
            Self::Parameter,
        ]
        .into_iter()
        .find(|kind| kind.word() == word)
    }
}

/// A resource that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// What is there, for conditions on resources.
pub trait Resources {
    /// The resource of this name or ARN; `None` if there is none.
    ///
    /// # Errors
    /// In words, if it cannot be told whether there is one. The call is then denied: what bears no tags and what bears
    /// unknown ones are not the same.
    fn find(&self, kind: Kind, identifier: &str) -> Result<Option<Found>, String>;

    /// The partition key's attribute of a table or of one of its indexes.
    fn partition_key(&self, table: &str, index: Option<&str>) -> Option<String>;
}

/// What a call needs cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NeedError {
    /// An operation that is not in the map.
    #[error(
        "it is not known which permissions {service} {operation} needs; add a row for it to local/policy/src/needs"
    )]
    NoRow {
        /// The service.
        service: String,
        /// The operation.
        operation: String,
    },
    /// A parameter from which a resource is made.
    #[error(
        "the resource of {operation} cannot be told: {problem}; mend the request, or the row in local/policy/src/needs"
    )]
    Unclear {
        /// The operation.
        operation: String,
        /// What is wrong.
        problem: String,
    },
}

/// Every permission that a call needs.
///
/// # Errors
/// If the operation has no row, or its parameters do not name its resource. Such a call is to be denied.
pub fn needs(
    call: &AwsCall<'_>,
    account: &Account<'_>,
    resources: &dyn Resources,
) -> Result<Vec<Request>, NeedError> {
    let reader = Reader {
        call,
        account,
        resources,
    };
    let mut needed = match call.service {
        "s3" => s3::needs(&reader),
        "dynamodb" => dynamodb::needs(&reader),
        "bedrock" => bedrock::needs(&reader),
        "sagemaker" => sagemaker::needs(&reader),
        "ssm" => small::ssm(&reader),
        "monitoring" => small::cloudwatch(&reader),
        "events" => small::events(&reader),
        "sts" => small::sts(&reader),
        _ => Err(reader.no_row()),
    }?;
    if needed.is_empty() && !small::is_free(call) {
        return Err(reader.unclear("it is about nothing"));
    }
    for request in &mut needed {
        request.context = reader.with_global_keys(&request.resource, request.context.clone());
    }
    Ok(needed)
}

/// The permission without which S3 answers 403 instead of 404 to a call that finds nothing; `None` for all other calls.
///
/// Source: Amazon S3 API Reference, `GetObject` and `HeadObject`, "Permissions"
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
#[must_use]
pub fn looked_for(
    call: &AwsCall<'_>,
    account: &Account<'_>,
    resources: &dyn Resources,
) -> Option<Request> {
    let reader = Reader {
        call,
        account,
        resources,
    };
    let mut request = s3::looked_for(&reader)?;
    request.context = reader.with_global_keys(&request.resource, request.context);
    Some(request)
}

/// A call beside its surroundings.
struct Reader<'a> {
    call: &'a AwsCall<'a>,
    account: &'a Account<'a>,
    resources: &'a dyn Resources,
}

fn request(action: &str, resource: impl Into<String>) -> Request {
    Request {
        action: action.to_owned(),
        resource: resource.into(),
        context: Context::default(),
        is_missing: false,
    }
}

impl Request {
    /// With a key for each tag, such as `aws:RequestTag/team`. Keys that differ in case only are one key to IAM, so two tags
    /// of that name have no value that a condition could look at
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>).
    fn tagged(
        mut self,
        reader: &Reader<'_>,
        family: &str,
        tags: &[(String, String)],
    ) -> Result<Self, NeedError> {
        for (at, (key, value)) in tags.iter().enumerate() {
            let twin = |(other, of): &&(String, String)| {
                other.eq_ignore_ascii_case(key) && (other, of) != (key, value)
            };
            if tags[..at].iter().any(|tag| twin(&tag)) {
                return Err(reader.unclear(format!("the tag {key} stands twice")));
            }
            self = self.having(&format!("{family}/{key}"), [value]);
        }
        Ok(self)
    }

    /// With the keys of the tags that the request brings.
    fn asking_for(self, reader: &Reader<'_>, tags: &[(String, String)]) -> Result<Self, NeedError> {
        if tags.is_empty() {
            return Ok(self);
        }
        let keys: BTreeSet<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        let tagged = self.tagged(reader, "aws:RequestTag", tags)?;
        Ok(tagged.having("aws:TagKeys", keys))
    }

    fn having(mut self, key: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.context = self.context.with(key, values);
        self
    }
}

impl Reader<'_> {
    fn no_row(&self) -> NeedError {
        NeedError::NoRow {
            service: self.call.service.to_owned(),
            operation: self.call.operation.to_owned(),
        }
    }

    fn unclear(&self, problem: impl Into<String>) -> NeedError {
        NeedError::Unclear {
            operation: self.call.operation.to_owned(),
            problem: problem.into(),
        }
    }

    fn find(&self, kind: Kind, identifier: &str) -> Result<Option<Found>, NeedError> {
        let found = self.resources.find(kind, identifier);
        found.map_err(|problem| self.unclear(problem))
    }

    /// A member that may be left out. One of another type is not taken for one that is.
    fn optional(&self, name: &str) -> Result<Option<&str>, NeedError> {
        match self.call.parameters.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.unclear(format!("its {name} is no text"))),
        }
    }

    fn text(&self, name: &str) -> Result<&str, NeedError> {
        let found = self.optional(name)?.filter(|text| !text.is_empty());
        found.ok_or_else(|| self.unclear(format!("it has no {name}")))
    }

    /// The tags in a member that may be left out; `names` are those of a tag's key and value. A tag that is not of this form is
    /// not passed over.
    fn tags(
        &self,
        member: &str,
        (key, value): (&str, &str),
    ) -> Result<Vec<(String, String)>, NeedError> {
        let list = match self.call.parameters.get(member) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(list) => list.as_array(),
        };
        let read = |tag: &Value| {
            let text = |name: &str| tag.get(name)?.as_str().map(str::to_owned);
            Some((text(key)?, text(value)?))
        };
        list.and_then(|list| list.iter().map(read).collect())
            .ok_or_else(|| self.unclear(format!("its {member} are no list of tags")))
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let Account { id, region, .. } = self.account;
        format!("arn:aws:{service}:{region}:{id}:{resource}")
    }

    fn with_global_keys(&self, resource: &str, context: Context) -> Context {
        let Account {
            id,
            region,
            role_arn,
            function_arn,
        } = *self.account;
        let context = context
            .with("aws:PrincipalAccount", [id])
            .with("aws:PrincipalArn", [role_arn])
            .with("lambda:SourceFunctionArn", [function_arn])
            .with(
                "aws:RequestedRegion",
                [bedrock::region_of(resource).unwrap_or(region)],
            );
        // A bucket's ARN names no account, and it is ours; a foundation model's names none, and it is Amazon's.
        let owner = match resource.splitn(6, ':').collect::<Vec<_>>().as_slice() {
            [_, _, "s3", ..] => Some(id),
            [_, _, _, _, owner, _] if !owner.is_empty() => Some(*owner),
            _ => None,
        };
        match owner {
            Some(owner) => context.with("aws:ResourceAccount", [owner]),
            None => context,
        }
    }
}
