//! Tags of training jobs: `AddTags`, `ListTags`.

use serde::{Deserialize, Serialize};

use super::job::TrainingJob;
use crate::{
    error::AwsError,
    operation::{Call, Operation},
};

/// The most tags of one resource (Tag, SageMaker API reference).
const MOST_TAGS: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// What the form, which was looked at before, does not say: its patterns of letters of all languages, and whose keys are whose.
pub(super) fn check(tags: &[Tag]) -> Result<(), AwsError> {
    let fits = |text: &str| {
        text.chars()
            .all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
    };
    for tag in tags {
        if !fits(&tag.key) || !fits(&tag.value) {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{}' at 'tags' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]*)$",
                tag.key
            )));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(AwsError::validation(format!(
                "The tag key '{}' begins with aws:, which is AWS's.",
                tag.key
            )));
        }
        if tags.iter().filter(|other| other.key == tag.key).count() > 1 {
            return Err(AwsError::validation(format!(
                "Duplicate tag keys found: '{}'.",
                tag.key
            )));
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(AwsError::validation(format!(
            "A resource may have at most {MOST_TAGS} tags."
        )));
    }
    Ok(())
}

fn of_arn(arn: &str, call: &Call<'_>) -> Result<TrainingJob, AwsError> {
    let missing = || AwsError::validation(format!("Resource {arn} does not exist."));
    let name = arn.rsplit_once(":training-job/").map(|(_, name)| name);
    let job: Option<TrainingJob> = match name {
        Some(name) => call.tx.get(name)?,
        None => None,
    };
    job.filter(|job| job.arn == arn).ok_or_else(missing)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct AddTags {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tags {
    tags: Vec<Tag>,
}

impl Operation for AddTags {
    const NAME: &'static str = "AddTags";
    type Answer = Tags;

    fn perform(self, call: &mut Call<'_>) -> Result<Tags, AwsError> {
        check(&self.tags)?;
        let mut job = of_arn(&self.resource_arn, call)?;
        for tag in self.tags {
            job.tags.retain(|other| other.key != tag.key);
            job.tags.push(tag);
        }
        check(&job.tags)?;
        call.tx.put(&job)?;
        Ok(Tags { tags: job.tags })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ListTags {
    resource_arn: String,
    /// A page holds 50, and no resource has more.
    #[serde(rename = "MaxResults")]
    _max_results: Option<i64>,
    next_token: Option<String>,
}

impl Operation for ListTags {
    const NAME: &'static str = "ListTags";
    type Answer = Tags;

    fn perform(self, call: &mut Call<'_>) -> Result<Tags, AwsError> {
        if self.next_token.is_some() {
            return Err(AwsError::validation("The provided NextToken is invalid."));
        }
        let job = of_arn(&self.resource_arn, call)?;
        Ok(Tags { tags: job.tags })
    }
}
