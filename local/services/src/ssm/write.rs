//! `PutParameter`, `DeleteParameter`, `AddTagsToResource`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parameter::{Parameter, ParameterType, check_name};
use crate::{
    error::AwsError,
    operation::{Call, Nothing, Operation},
};

/// The longest value of a standard parameter, in bytes.
const LONGEST_VALUE: usize = 4096;
/// The most tags of one parameter.
const MOST_TAGS: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutParameter {
    name: String,
    value: String,
    #[serde(rename = "Type")]
    kind: Option<ParameterType>,
    #[serde(default)]
    overwrite: bool,
    #[serde(default)]
    tags: Vec<Tag>,
    tier: Option<String>,
    data_type: Option<String>,
    /// Kept by AWS, never shown by the operations that are simulated.
    #[serde(rename = "Description")]
    _description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Put {
    version: u64,
    tier: &'static str,
}

impl Operation for PutParameter {
    const NAME: &'static str = "PutParameter";
    type Answer = Put;

    fn perform(self, call: &mut Call<'_>) -> Result<Put, AwsError> {
        check_name(&self.name)?;
        check_tags(&self.tags)?;
        if self.value.is_empty() {
            return Err(AwsError::validation("Parameter value: may not be empty."));
        }
        if self.value.len() > LONGEST_VALUE {
            return Err(AwsError::validation(format!(
                "Parameter value: a standard parameter holds {LONGEST_VALUE} bytes."
            )));
        }
        if let Some(tier) = self
            .tier
            .filter(|tier| tier != "Standard" && tier != "Intelligent-Tiering")
        {
            return Err(AwsError::validation(format!(
                "The local cloud does not simulate parameters of the tier {tier}."
            )));
        }
        let existing = call.tx.get::<Parameter>(&self.name)?;
        if existing.is_some() && !self.overwrite {
            return Err(AwsError::new(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        if self.overwrite && !self.tags.is_empty() {
            return Err(AwsError::validation(
                "Tags and overwrite can't be used together.",
            ));
        }
        let kind = match (
            self.kind,
            existing
                .as_ref()
                .and_then(|parameter| parameter.versions.last()),
        ) {
            (Some(kind), _) => kind,
            (None, Some(last)) => last.kind,
            (None, None) => {
                return Err(AwsError::validation(
                    "A parameter type is required when you create a parameter.",
                ));
            }
        };
        let mut parameter = existing.unwrap_or_else(|| Parameter {
            name: self.name,
            versions: Vec::new(),
            data_type: "text".to_owned(),
            tags: BTreeMap::new(),
        });
        if let Some(data_type) = self.data_type {
            parameter.data_type = data_type;
        }
        let version = parameter.add(self.value, kind, call.now);
        add_tags(&mut parameter, self.tags)?;
        call.tx.put(&parameter)?;
        Ok(Put {
            version,
            tier: "Standard",
        })
    }
}

/// The form of tags; its pattern holds letters of all languages.
fn check_tags(tags: &[Tag]) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    for tag in tags {
        if !tag.key.chars().chain(tag.value.chars()).all(allowed) || tag.key.starts_with("aws:") {
            return Err(AwsError::validation(format!(
                "The tag '{}' has a key or value that is not allowed.",
                tag.key
            )));
        }
    }
    Ok(())
}

fn add_tags(parameter: &mut Parameter, tags: Vec<Tag>) -> Result<(), AwsError> {
    for tag in tags {
        parameter.tags.insert(tag.key, tag.value);
    }
    if parameter.tags.len() > MOST_TAGS {
        return Err(AwsError::new(
            "TooManyTagsError",
            format!("A parameter can have {MOST_TAGS} tags."),
        ));
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteParameter {
    name: String,
}

impl Operation for DeleteParameter {
    const NAME: &'static str = "DeleteParameter";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        let parameter = Parameter::existing(&self.name, call)?;
        call.tx.delete::<Parameter>(&parameter.name)?;
        Ok(Nothing {})
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AddTagsToResource {
    resource_type: String,
    resource_id: String,
    tags: Vec<Tag>,
}

impl Operation for AddTagsToResource {
    const NAME: &'static str = "AddTagsToResource";
    type Answer = Nothing;

    fn perform(self, call: &mut Call<'_>) -> Result<Nothing, AwsError> {
        if self.resource_type != "Parameter" {
            return Err(AwsError::new(
                "InvalidResourceType",
                "The local cloud has only resources of the type Parameter.",
            ));
        }
        check_tags(&self.tags)?;
        let missing = || AwsError::new("InvalidResourceId", "The resource ID is not valid.");
        let mut parameter: Parameter = call.tx.get(&self.resource_id)?.ok_or_else(missing)?;
        add_tags(&mut parameter, self.tags)?;
        call.tx.put(&parameter)?;
        Ok(Nothing {})
    }
}
