//! The hyperparameters of customization jobs: which a model takes, and in which range. A table of its own, not `core`'s (see
//! `catalog.rs`); `tests/adapters/routed.rs` sends what core's routing makes of each of its rows here.

use std::ops::RangeInclusive;

use super::{create::CreateModelCustomizationJob, technique::Technique};
use crate::{catalog::Foundation, error::AwsError};

/// What one hyperparameter may be.
struct Known {
    name: &'static str,
    range: RangeInclusive<f64>,
    whole: bool,
}

const fn whole(name: &'static str, low: u32, high: u32) -> Known {
    Known {
        name,
        range: low as f64..=high as f64,
        whole: true,
    }
}

const fn real(name: &'static str, low: f64, high: f64) -> Known {
    Known {
        name,
        range: low..=high,
        whole: false,
    }
}

/// The models whose ids begin so take these.
struct Row {
    begins: &'static str,
    takes: &'static [Known],
    /// The page of AWS's documentation, and when it was read.
    #[expect(dead_code, reason = "where a row comes from is for people")]
    source: &'static str,
}

/// The page of Nova Micro, Lite and Pro has three; `batchSize` is in the Nova guide (`facts/aws.md`).
const NOVA: &[Known] = &[
    whole("epochCount", 1, 5),
    whole("batchSize", 1, 64),
    real("learningRate", 1e-6, 1e-4),
    whole("learningRateWarmupSteps", 0, 100),
];

const IMAGES: &[Known] = &[
    whole("stepCount", 10, 20_000),
    whole("batchSize", 8, 192),
    real("learningRate", 1e-7, 1e-4),
];

const LLAMA: &[Known] = &[
    whole("epochCount", 1, 10),
    whole("batchSize", 1, 1),
    real("learningRate", 5e-6, 0.1),
];

/// Fine-tuning, the first row that fits.
const FINE_TUNING: &[Row] = &[
    Row {
        begins: "amazon.nova-canvas-",
        takes: IMAGES,
        source: "Bedrock user guide, cm-hp-nova-canvas; Nova user guide, fine-tune-hyperparameters-content-generation-models (2026-11-22)",
    },
    Row {
        begins: "amazon.titan-image-generator-",
        takes: IMAGES,
        source: "no page of its own was found (custom-models-hp, 2026-11-22): what Nova Canvas takes is taken here",
    },
    Row {
        begins: "amazon.nova-",
        takes: NOVA,
        source: "Bedrock user guide, cm-hp-nova-mm (2026-11-22); facts/aws.md",
    },
    Row {
        begins: "meta.llama3-1-",
        takes: LLAMA,
        source: "Bedrock user guide, cm-hp-meta-llama31 (2026-11-22)",
    },
    Row {
        begins: "meta.llama3-2-",
        takes: LLAMA,
        source: "Bedrock user guide, cm-hp-meta-llama32 (2026-11-22)",
    },
    Row {
        begins: "meta.llama3-3-",
        takes: LLAMA,
        source: "no page of its own was found (custom-models-hp, 2026-11-22): what Llama 3.1 and 3.2 take is taken here",
    },
    Row {
        begins: "anthropic.claude-3-haiku-",
        takes: &[
            whole("epochCount", 1, 10),
            whole("batchSize", 4, 256),
            real("learningRateMultiplier", 0.1, 2.0),
            real("earlyStoppingThreshold", 0.0, 0.1),
            whole("earlyStoppingPatience", 1, 10),
        ],
        source: "Bedrock user guide, cm-hp-anth-claude-3 (2026-11-22)",
    },
];

impl CreateModelCustomizationJob {
    /// Those of reinforcement stand in `rftConfig`, and the service's model has their ranges.
    pub(super) fn check_hyper_parameters(
        &self,
        technique: Technique,
        foundation: &Foundation,
    ) -> Result<(), AwsError> {
        let takes = match technique {
            Technique::FineTuning => {
                let row = FINE_TUNING
                    .iter()
                    .find(|row| foundation.id.starts_with(row.begins));
                row.map_or(&[][..], |row| row.takes)
            }
            // No page names one of a distillation job (submit-model-distillation-job, custom-models-hp; read 2026-11-22).
            Technique::Distillation | Technique::ReinforcementFineTuning | Technique::Imported => {
                &[]
            }
        };
        for (name, value) in &self.hyper_parameters {
            let Some(known) = takes.iter().find(|known| known.name == name) else {
                return Err(AwsError::validation(format!(
                    "The hyperparameter {name} is not one of {}.",
                    foundation.id
                )));
            };
            let number = value
                .parse::<f64>()
                .ok()
                .filter(|number| !known.whole || number.fract() == 0.0);
            if !number.is_some_and(|number| known.range.contains(&number)) {
                let (low, high) = known.range.clone().into_inner();
                return Err(AwsError::validation(format!(
                    "The value '{value}' of the hyperparameter {name} must be a number from {low} to {high}."
                )));
            }
        }
        Ok(())
    }
}
