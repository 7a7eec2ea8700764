//! How many records a file may have: what the validators say of whole files, held against the limits that Perennial has.
use crate::targets::{TARGETS, Target};

/// The bounds of one validator for one target.
#[derive(Debug)]
pub struct Figure {
    /// The validator's name.
    pub who: &'static str,
    /// The target's name.
    pub target: &'static str,
    /// The fewest records; none if it has no such bound.
    pub fewest: Option<u64>,
    /// The most.
    pub most: Option<u64>,
}

const fn figure(
    who: &'static str,
    target: &'static str,
    fewest: Option<u64>,
    most: Option<u64>,
) -> Figure {
    Figure {
        who,
        target,
        fewest,
        most,
    }
}

/// V `MODEL_TO_NUM_SAMPLES_MAP` and `NOVA_2_0_LITE_SAMPLE_BOUNDS`; F the entries of type `row_count` in `DATASET_CHECKS`, which it
/// looks at before a job and not when it validates a file; D the constants.
pub static FIGURES: &[Figure] = &[
    figure("V", "Nova Micro, fine-tuning", Some(8), Some(20_000)),
    figure("F", "Nova Micro, fine-tuning", Some(8), Some(20_000)),
    figure("V", "Nova Lite, fine-tuning", Some(8), Some(20_000)),
    figure("F", "Nova Lite, fine-tuning", Some(8), Some(20_000)),
    figure("V", "Nova Pro, fine-tuning", Some(8), Some(20_000)),
    figure("F", "Nova Pro, fine-tuning", Some(8), Some(20_000)),
    figure("V", "Nova 2 Lite, fine-tuning", Some(200), Some(20_000)),
    figure("F", "Nova 2 Lite, fine-tuning", Some(200), Some(20_000)),
    figure(
        "V cpt",
        "Nova Lite, continued pre-training",
        Some(8),
        Some(20_000),
    ),
    figure(
        "F cpt",
        "Nova Lite, continued pre-training",
        Some(8),
        Some(20_000),
    ),
    figure(
        "V rft",
        "Nova 2 Lite, reinforcement fine-tuning",
        Some(100),
        Some(20_000),
    ),
    figure(
        "F rft",
        "Nova 2 Lite, reinforcement fine-tuning",
        Some(100),
        Some(20_000),
    ),
    figure(
        "D claude",
        "Claude 3 Haiku, fine-tuning",
        Some(32),
        Some(10_000),
    ),
    figure("D llama", "Llama 3.2 11B, fine-tuning", None, Some(10_000)),
    figure(
        "D llama pairs",
        "Llama 3.1 8B, fine-tuning",
        None,
        Some(10_000),
    ),
    figure(
        "D prompts",
        "Nova Lite, distillation from prompts",
        Some(100),
        None,
    ),
    figure(
        "D logs",
        "Nova Lite, distillation from invocation logs",
        Some(100),
        None,
    ),
];

/// Those that differ from Perennial's, as who, target, and both in words.
#[must_use]
pub fn differences() -> Vec<(&'static Figure, String)> {
    let target = |name: &str| TARGETS.iter().find(|target| target.name == name);
    FIGURES
        .iter()
        .filter_map(|figure| {
            let limits = target(figure.target).and_then(Target::limits)?;
            let ours = (Some(limits.min_records), Some(limits.max_records));
            let words = format!(
                "{} records; Perennial: {}",
                words(figure.fewest, figure.most),
                self::words(ours.0, ours.1)
            );
            ((figure.fewest, figure.most) != ours).then_some((figure, words))
        })
        .collect()
}

fn words(fewest: Option<u64>, most: Option<u64>) -> String {
    let word = |bound: Option<u64>| bound.map_or("any".to_owned(), |bound| bound.to_string());
    format!("{} to {}", word(fewest), word(most))
}
