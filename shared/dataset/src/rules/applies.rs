//! Which data a rule is for: techniques, models, and the words that say so.
use serde::Serialize;

/// The data that a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Applies {
    /// In words, such as "fine-tuning of Amazon Nova".
    pub to: &'static str,
    /// The techniques, as the configuration names them; empty for any.
    pub techniques: &'static [&'static str],
    /// What the ids of the models contain; empty for any.
    pub models: &'static [&'static str],
    /// Whether evaluation sets are held against it, too, whatever the model.
    pub evaluation_sets: bool,
}

impl Applies {
    /// Whether it is for training data of this model by this technique, or for the evaluation sets that go with it. The model is an id with
    /// or without its suffix, of an inference profile, or an ARN; nothing for a model or a technique means any.
    #[must_use]
    pub fn holds_for(&self, model: &str, technique: &str) -> bool {
        let named = |list: &[&str], holds: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|one| holds(one))
        };
        self.evaluation_sets
            || (technique.is_empty() || named(self.techniques, &|one| one == technique))
                && (model.is_empty() || named(self.models, &|one| model.contains(one)))
    }
}

const FINE_TUNING: &str = "fine-tuning";
const DISTILLATION: &str = "distillation";
const PRE_TRAINING: &str = "continued-pre-training";
const REINFORCEMENT: &str = "reinforcement-fine-tuning";

const MICRO: &str = "amazon.nova-micro";
const LITE: &str = "amazon.nova-lite";
const PRO: &str = "amazon.nova-pro";
const LITE_2: &str = "amazon.nova-2-lite";
const CANVAS: &str = "amazon.nova-canvas";
const TITAN_IMAGE: &str = "amazon.titan-image";
const LLAMA_11B: &str = "meta.llama3-2-11b";
const LLAMA_90B: &str = "meta.llama3-2-90b";
const CLAUDE: &str = "anthropic.claude-3-haiku";

/// Everything that is uploaded.
pub(super) const ALL: Applies = Applies {
    to: "all data",
    techniques: &[],
    models: &[],
    evaluation_sets: true,
};
pub(super) const TRAINING: Applies = Applies {
    to: "training data of all techniques and models",
    evaluation_sets: false,
    ..ALL
};
pub(super) const EVALUATION: Applies = Applies {
    to: "evaluation sets",
    ..ALL
};
/// Records in which someone asks and someone answers.
pub(super) const CONVERSATIONS: Applies = Applies {
    to: "fine-tuning of text models, distillation, reinforcement fine-tuning",
    techniques: &[FINE_TUNING, DISTILLATION, REINFORCEMENT],
    models: &[
        MICRO,
        LITE,
        PRO,
        LITE_2,
        "meta.llama",
        CLAUDE,
        "openai.",
        "qwen.",
    ],
    evaluation_sets: false,
};
pub(super) const PROMPTS: Applies = Applies {
    to: "fine-tuning of text models, distillation, reinforcement fine-tuning; evaluation sets",
    evaluation_sets: true,
    ..CONVERSATIONS
};
/// Records with an answer to learn.
pub(super) const ANSWERS: Applies = Applies {
    to: "fine-tuning, and distillation where records have answers",
    techniques: &[FINE_TUNING, DISTILLATION],
    models: &[],
    evaluation_sets: false,
};
pub(super) const BEDROCK: Applies = Applies {
    to: "fine-tuning of text models, distillation",
    techniques: &[FINE_TUNING, DISTILLATION],
    ..CONVERSATIONS
};
pub(super) const NOVA: Applies = Applies {
    to: "fine-tuning of Amazon Nova",
    techniques: &[FINE_TUNING],
    models: &[MICRO, LITE, PRO, LITE_2],
    evaluation_sets: false,
};
pub(super) const NOVA_2: Applies = Applies {
    to: "fine-tuning of Amazon Nova 2 Lite",
    models: &[LITE_2],
    ..NOVA
};
pub(super) const NOVA_AND_REINFORCEMENT: Applies = Applies {
    to: "fine-tuning of Amazon Nova, reinforcement fine-tuning",
    techniques: &[FINE_TUNING, REINFORCEMENT],
    models: &[MICRO, LITE, PRO, LITE_2, "openai.", "qwen."],
    evaluation_sets: false,
};
pub(super) const FORBIDDEN: Applies = Applies {
    to: "fine-tuning of Amazon Nova and of Claude 3 Haiku, distillation to Nova, reinforcement fine-tuning of Nova 2 Lite",
    techniques: &[FINE_TUNING, DISTILLATION, REINFORCEMENT],
    models: &[MICRO, LITE, PRO, LITE_2, CLAUDE],
    evaluation_sets: false,
};
/// Models that see images.
pub(super) const MEDIA: Applies = Applies {
    to: "fine-tuning of Amazon Nova Lite, Pro and 2 Lite, and of Llama 3.2 11B and 90B",
    models: &[LITE, PRO, LITE_2, LLAMA_11B, LLAMA_90B],
    ..NOVA
};
pub(super) const NOVA_MEDIA: Applies = Applies {
    to: "fine-tuning of Amazon Nova Lite, Pro and 2 Lite",
    models: &[LITE, PRO, LITE_2],
    ..NOVA
};
pub(super) const LLAMA_MEDIA: Applies = Applies {
    to: "fine-tuning of Llama 3.2 11B and 90B",
    models: &[LLAMA_11B, LLAMA_90B],
    ..NOVA
};
pub(super) const CAPTIONS: Applies = Applies {
    to: "fine-tuning of image models",
    models: &[CANVAS, TITAN_IMAGE],
    ..NOVA
};
pub(super) const MEDIA_AND_CAPTIONS: Applies = Applies {
    to: "fine-tuning of Amazon Nova Lite, Pro and 2 Lite, of Llama 3.2 11B and 90B, and of image models",
    models: &[LITE, PRO, LITE_2, LLAMA_11B, LLAMA_90B, CANVAS, TITAN_IMAGE],
    ..NOVA
};
/// Two answers to a prompt, one of them preferred.
pub(super) const PREFERENCES: Applies = Applies {
    to: "fine-tuning of Amazon Nova Micro, Lite and Pro by preferences (DPO)",
    models: &[MICRO, LITE, PRO],
    ..NOVA
};
/// The same, where they may stand in an evaluation set as well.
pub(super) const PREFERENCES_ASKED: Applies = Applies {
    to: "fine-tuning of Amazon Nova Micro, Lite and Pro by preferences (DPO); preferences in evaluation sets",
    evaluation_sets: true,
    ..PREFERENCES
};
pub(super) const HAIKU: Applies = Applies {
    to: "fine-tuning of Claude 3 Haiku",
    models: &[CLAUDE],
    ..NOVA
};
pub(super) const DOCUMENTS: Applies = Applies {
    to: "continued pre-training",
    techniques: &[PRE_TRAINING],
    models: &[],
    evaluation_sets: false,
};
pub(super) const TO_DISTIL: Applies = Applies {
    to: "distillation",
    techniques: &[DISTILLATION],
    ..DOCUMENTS
};
pub(super) const REFERENCES: Applies = Applies {
    to: "evaluation sets, reinforcement fine-tuning",
    evaluation_sets: true,
    ..REINFORCED
};
pub(super) const REINFORCED: Applies = Applies {
    to: "reinforcement fine-tuning",
    techniques: &[REINFORCEMENT],
    ..DOCUMENTS
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_for_its_models_however_they_are_written() {
        for id in [
            "amazon.nova-lite-v1:0",
            "amazon.nova-lite-v1:0:300k",
            "us.amazon.nova-lite-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
        ] {
            assert!(NOVA.holds_for(id, "fine-tuning"), "{id}");
            assert!(!NOVA_2.holds_for(id, "fine-tuning"), "{id}");
            assert!(!HAIKU.holds_for(id, "fine-tuning"), "{id}");
        }
        assert!(!CONVERSATIONS.holds_for("amazon.nova-canvas-v1:0", "fine-tuning"));
        assert!(CAPTIONS.holds_for("amazon.nova-canvas-v1:0", "fine-tuning"));
    }

    #[test]
    fn a_rule_holds_for_its_techniques_only() {
        let nova = "amazon.nova-2-lite-v1:0";
        assert!(!NOVA.holds_for(nova, "continued-pre-training"));
        assert!(DOCUMENTS.holds_for(nova, "continued-pre-training"));
        assert!(!DOCUMENTS.holds_for(nova, "fine-tuning"));
        assert!(TRAINING.holds_for(nova, "distillation"));
    }

    #[test]
    fn what_is_not_named_is_any() {
        assert!(DOCUMENTS.holds_for("", "") && DOCUMENTS.holds_for("amazon.nova-pro-v1:0", ""));
        assert!(!NOVA.holds_for("", "distillation") && NOVA.holds_for("", "fine-tuning"));
        assert!(!NOVA.holds_for("meta.llama3-3-70b-instruct-v1:0", ""));
    }

    #[test]
    fn evaluation_sets_go_with_every_model() {
        assert!(EVALUATION.holds_for("amazon.nova-canvas-v1:0", "fine-tuning"));
        assert!(PROMPTS.holds_for("amazon.nova-2-lite-v1:0", "continued-pre-training"));
    }
}
