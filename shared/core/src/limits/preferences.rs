//! What direct preference optimization takes as training data.

use super::{ContentLimits, DataLimits, RecordShape, fine_tuning};

/// Models that learn from preferences: the first generation of Nova, without Nova Premier.
const PREFERENCE_MODELS: &[&str] = &[
    "amazon.nova-micro-v1:0",
    "amazon.nova-lite-v1:0",
    "amazon.nova-pro-v1:0",
];
const PREFERENCES_SOURCE: &str = "Amazon Nova user guide, nova-dpo and nova-fine-tune-1: limits as those of fine-tuning; at least 1,000 pairs are \
     recommended (read 2026-11-22)";

/// What direct preference optimization takes for a base model, by its id without the customization suffix. Text alone: the pages know
/// images in prompts as well, but the job's role reads its training file and no media.
#[must_use]
pub fn preferences(base_model: &str) -> Option<DataLimits> {
    let tuned = fine_tuning(base_model).filter(|_| PREFERENCE_MODELS.contains(&base_model))?;
    Some(DataLimits {
        shape: RecordShape::Preferences,
        content: ContentLimits::default(),
        source: PREFERENCES_SOURCE.to_owned(),
        ..tuned
    })
}
