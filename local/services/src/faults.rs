//! Faults that a test plants: lost answers, refusals, work that fails or hangs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::AwsError;

/// Marks a response (in its extensions) whose answer is to be lost: a gateway should drop the connection; one that
/// cannot sends the response, a 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostAnswer;

/// Refusing calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refusal {
    /// How many calls are still refused.
    pub times: u32,
    /// The error code, such as `ThrottlingException`.
    pub code: String,
    /// The message.
    #[serde(default)]
    pub message: String,
}

/// The faults that are still to come. They are not stored: a restart clears them, but not what they already did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// By operation (`CreateModelCustomizationJob`): so many of the next calls are performed, and their answers lost.
    pub lose_answers: BTreeMap<String, u32>,
    /// By operation: so many of the next calls are refused and not performed.
    pub refuse: BTreeMap<String, Refusal>,
    /// So many of the next updates of a deployment end in `UpdateFailed`.
    pub fail_deployment_updates: u32,
    /// So many of the next deployments end in `Failed`.
    pub fail_deployments: u32,
    /// So many of the next models that are registered (`CreateCustomModel`) or imported end in `Failed`.
    pub fail_imports: u32,
    /// So many of the next provisioned throughputs end in `Failed`.
    pub fail_provisioned_throughputs: u32,
    /// So many of the next customization jobs and training jobs end in `Failed`, after validation or download.
    pub fail_training_jobs: u32,
    /// Why they fail.
    pub training_failure_message: Option<String>,
    /// So many of the next customization jobs never start training (trainingDetails stays `NotStarted`), and so many of the
    /// next training jobs stay in one secondary status.
    pub hang_training_jobs: u32,
    /// In which: `Starting`, `Downloading`, `Training` (so it is if nothing is said) or `Uploading`.
    pub hang_in_status: Option<String>,
    /// So many times the spot instances of a training job are taken back while it trains.
    pub interrupt_training_jobs: u32,
}

impl Faults {
    /// The refusal for this call, if one is planted.
    pub(crate) fn refusal(&mut self, operation: &str) -> Option<AwsError> {
        let refusal = self.refuse.get_mut(operation)?;
        let error =
            take(&mut refusal.times).then(|| AwsError::new(&refusal.code, refusal.message.clone()));
        if refusal.times == 0 {
            self.refuse.remove(operation);
        }
        error
    }

    /// Whether this call's answer is to be lost.
    pub(crate) fn loses_answer(&mut self, operation: &str) -> bool {
        let Some(left) = self.lose_answers.get_mut(operation) else {
            return false;
        };
        let lost = take(left);
        if *left == 0 {
            self.lose_answers.remove(operation);
        }
        lost
    }
}

/// Takes one of what is left.
pub(crate) fn take(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}
