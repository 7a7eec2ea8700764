//! The foundation models that the simulators know, and what AWS lets one do with each. Sources: `facts/aws.md` and
//! `facts/limits.md`. Its own table, not `core`'s: a simulator that shared the rules that it judges would prove nothing.

use crate::error::AwsError;

/// The shape of a training record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{"schemaVersion":"bedrock-conversation-2024","system":[…],"messages":[…]}`.
    Conversation,
    /// `{"prompt":"…","completion":"…"}`.
    PromptCompletion,
    /// `{"system":"…","messages":[{"role":"user","content":"…"},…]}`.
    AnthropicMessages,
    /// `{"image-ref":"s3://…","caption":"…"}`.
    ImageCaption,
}

/// How a model is fine-tuned.
#[derive(Debug)]
pub(crate) struct Tuning {
    /// What follows the model's id in the id for customization.
    pub(crate) suffix: &'static str,
    pub(crate) regions: &'static [&'static str],
    pub(crate) shape: Shape,
    pub(crate) min_records: usize,
    pub(crate) max_records: usize,
    /// What no prompt may contain.
    pub(crate) forbidden: &'static [&'static str],
    pub(crate) takes_validation_set: bool,
    /// Whether a custom model of it can be deployed on demand.
    pub(crate) deployable: bool,
    /// Whether batch inference takes a custom model of it.
    pub(crate) custom_batch: bool,
}

/// A foundation model.
#[derive(Debug)]
pub(crate) struct Foundation {
    /// The id for inference.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) provider: &'static str,
    /// Whether it can be called on demand only through an inference profile.
    pub(crate) profile_only: bool,
    pub(crate) tuning: Option<Tuning>,
}

/// Strings that fail a Nova job (`facts/limits.md`, "Forbidden strings": the Nova guide's list).
const FORBIDDEN_IN_NOVA: [&str; 7] = [
    "User:",
    "Bot:",
    "Assistant:",
    "System:",
    "<image>",
    "<video>",
    "[EOS]",
];

const fn nova(
    suffix: &'static str,
    min_records: usize,
    takes_validation_set: bool,
) -> Option<Tuning> {
    Some(Tuning {
        suffix,
        regions: &["us-east-1"],
        shape: Shape::Conversation,
        min_records,
        max_records: 20_000,
        forbidden: &FORBIDDEN_IN_NOVA,
        takes_validation_set,
        deployable: true,
        custom_batch: false,
    })
}

/// Models that make images. They have one id for inference and customization (`facts/limits.md`).
const fn images(regions: &'static [&'static str]) -> Option<Tuning> {
    Some(Tuning {
        suffix: "",
        regions,
        shape: Shape::ImageCaption,
        min_records: 5,
        max_records: 10_000,
        forbidden: &[],
        takes_validation_set: false,
        deployable: false,
        custom_batch: false,
    })
}

const fn us_west(
    suffix: &'static str,
    shape: Shape,
    min_records: usize,
    deployable: bool,
) -> Option<Tuning> {
    Some(Tuning {
        suffix,
        regions: &["us-west-2"],
        shape,
        min_records,
        max_records: 10_000,
        forbidden: &[],
        takes_validation_set: true,
        deployable,
        custom_batch: true,
    })
}

const fn model(
    id: &'static str,
    name: &'static str,
    provider: &'static str,
    tuning: Option<Tuning>,
) -> Foundation {
    Foundation {
        id,
        name,
        provider,
        profile_only: false,
        tuning,
    }
}

const fn by_profile(model: Foundation) -> Foundation {
    let Foundation {
        id,
        name,
        provider,
        tuning,
        ..
    } = model;
    Foundation {
        id,
        name,
        provider,
        profile_only: true,
        tuning,
    }
}

static FOUNDATIONS: [Foundation; 17] = [
    model(
        "amazon.nova-micro-v1:0",
        "Nova Micro",
        "Amazon",
        nova(":128k", 8, true),
    ),
    model(
        "amazon.nova-lite-v1:0",
        "Nova Lite",
        "Amazon",
        nova(":300k", 8, true),
    ),
    model(
        "amazon.nova-pro-v1:0",
        "Nova Pro",
        "Amazon",
        nova(":300k", 8, true),
    ),
    by_profile(model(
        "amazon.nova-2-lite-v1:0",
        "Nova 2 Lite",
        "Amazon",
        nova(":256k", 200, false),
    )),
    by_profile(model(
        "amazon.nova-premier-v1:0",
        "Nova Premier",
        "Amazon",
        None,
    )),
    model(
        "amazon.nova-canvas-v1:0",
        "Nova Canvas",
        "Amazon",
        images(&["us-east-1"]),
    ),
    model(
        "amazon.titan-image-generator-v2:0",
        "Titan Image G1 v2",
        "Amazon",
        images(&["us-east-1", "us-west-2"]),
    ),
    model(
        "anthropic.claude-3-haiku-20240307-v1:0",
        "Claude 3 Haiku",
        "Anthropic",
        us_west(":200k", Shape::AnthropicMessages, 32, false),
    ),
    model(
        "anthropic.claude-3-sonnet-20240229-v1:0",
        "Claude 3 Sonnet",
        "Anthropic",
        None,
    ),
    model(
        "meta.llama3-1-8b-instruct-v1:0",
        "Llama 3.1 8B",
        "Meta",
        us_west(":128k", Shape::PromptCompletion, 100, false),
    ),
    model(
        "meta.llama3-1-70b-instruct-v1:0",
        "Llama 3.1 70B",
        "Meta",
        us_west(":128k", Shape::PromptCompletion, 100, false),
    ),
    model(
        "meta.llama3-1-405b-instruct-v1:0",
        "Llama 3.1 405B",
        "Meta",
        None,
    ),
    model(
        "meta.llama3-2-1b-instruct-v1:0",
        "Llama 3.2 1B",
        "Meta",
        us_west(":128k", Shape::Conversation, 100, false),
    ),
    model(
        "meta.llama3-2-3b-instruct-v1:0",
        "Llama 3.2 3B",
        "Meta",
        us_west(":128k", Shape::Conversation, 100, false),
    ),
    model(
        "meta.llama3-2-11b-instruct-v1:0",
        "Llama 3.2 11B",
        "Meta",
        us_west(":128k", Shape::Conversation, 100, false),
    ),
    model(
        "meta.llama3-2-90b-instruct-v1:0",
        "Llama 3.2 90B",
        "Meta",
        us_west(":128k", Shape::Conversation, 100, false),
    ),
    model(
        "meta.llama3-3-70b-instruct-v1:0",
        "Llama 3.3 70B",
        "Meta",
        us_west(":128k", Shape::Conversation, 100, true),
    ),
];

/// The prefixes of cross-region inference profiles.
const PROFILES: [&str; 4] = ["us.", "eu.", "apac.", "global."];

/// Who may teach whom by distillation (`facts/aws.md`): part of the teacher's id, and parts of its students'.
const TEACHERS: [(&str, &[&str]); 5] = [
    ("nova-premier", &["nova-pro", "nova-lite", "nova-micro"]),
    ("nova-pro", &["nova-lite", "nova-micro"]),
    (
        "llama3-1-405b",
        &["llama3-1-70b", "llama3-1-8b", "llama3-3-70b", "llama3-2-"],
    ),
    ("llama3-1-70b", &["llama3-1-8b", "llama3-2-"]),
    ("llama3-3-70b", &["llama3-1-8b", "llama3-2-"]),
];

/// The fewest records of a reinforcement fine-tuning job (`facts/limits.md`).
pub(crate) const REINFORCEMENT_RECORDS: std::ops::RangeInclusive<usize> = 100..=20_000;

impl Foundation {
    /// Whether it makes images, and so takes no conversation.
    pub(crate) fn makes_images(&self) -> bool {
        let tuning = self.tuning.as_ref();
        tuning.is_some_and(|tuning| tuning.shape == Shape::ImageCaption)
    }

    /// Whether it may teach this student by distillation.
    pub(crate) fn teaches(&self, student: &Self) -> bool {
        let row = TEACHERS
            .iter()
            .find(|(teacher, _)| self.id.contains(teacher));
        row.is_some_and(|(_, students)| students.iter().any(|part| student.id.contains(part)))
    }

    /// Whether Bedrock's reinforcement fine-tuning takes it. Those of us-west-2 are not known here.
    pub(crate) fn takes_reinforcement(&self) -> bool {
        self.id == "amazon.nova-2-lite-v1:0"
    }

    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        FOUNDATIONS.iter()
    }

    /// The model of an id or ARN, for inference or for customization, or of an inference profile's.
    fn named(identifier: &str) -> Option<(&'static Self, Naming)> {
        let profile = identifier
            .rsplit_once(":inference-profile/")
            .map(|(_, id)| id);
        let id = identifier
            .rsplit_once(":foundation-model/")
            .map(|(_, id)| id)
            .or(profile)
            .unwrap_or(identifier);
        let bare = PROFILES.iter().find_map(|prefix| id.strip_prefix(prefix));
        FOUNDATIONS.iter().find_map(|model| match bare {
            Some(bare) => (bare == model.id).then_some((model, Naming::Profile)),
            None if profile.is_some() => None,
            None if id == model.id => Some((model, Naming::Inference)),
            None => model
                .customization_id()
                .is_some_and(|own| own == id)
                .then_some((model, Naming::Customization)),
        })
    }

    /// The id by which a customization job names it.
    pub(crate) fn customization_id(&self) -> Option<String> {
        self.tuning
            .as_ref()
            .map(|tuning| format!("{}{}", self.id, tuning.suffix))
    }

    /// Any way of naming it.
    pub(crate) fn find(identifier: &str) -> Option<&'static Self> {
        Self::named(identifier).map(|(model, _)| model)
    }

    /// The model that a customization job asks for.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be fine-tuned in this region, or the id is not the one for customization.
    pub(crate) fn to_tune(
        identifier: &str,
        region: &str,
    ) -> Result<(&'static Self, &'static Tuning), AwsError> {
        let refused = |why: String| {
            AwsError::validation(format!("The provided model identifier is invalid: {why}"))
        };
        let (model, naming) = Self::named(identifier)
            .ok_or_else(|| refused(format!("there is no base model {identifier}.")))?;
        let tuning = model
            .tuning
            .as_ref()
            .filter(|tuning| tuning.regions.contains(&region))
            .ok_or_else(|| refused(format!("{} cannot be fine-tuned in {region}.", model.id)))?;
        let same_id = tuning.suffix.is_empty() && naming == Naming::Inference;
        if naming != Naming::Customization && !same_id {
            let id = model.customization_id().unwrap_or_default();
            return Err(refused(format!(
                "{identifier} is not for customization; use {id}."
            )));
        }
        Ok((model, tuning))
    }

    /// The model that an inference request asks for.
    ///
    /// # Errors
    /// If there is none of that name, or it cannot be called by this name.
    pub(crate) fn to_call(identifier: &str) -> Result<&'static Self, AwsError> {
        let (model, naming) = Self::named(identifier)
            .ok_or_else(|| AwsError::validation("The provided model identifier is invalid."))?;
        if model.makes_images() {
            return Err(not_for_conversations());
        }
        match naming {
            Naming::Profile => Ok(model),
            Naming::Inference if !model.profile_only => Ok(model),
            Naming::Inference => Err(AwsError::validation(format!(
                "Invocation of model ID {identifier} with on-demand throughput isn't supported. Retry your request with the ID or ARN of an inference profile that contains this model."
            ))),
            Naming::Customization => Err(AwsError::validation(format!(
                "Invocation of model ID {identifier} with on-demand throughput isn't supported."
            ))),
        }
    }
}

/// What `Converse` answers for a model that makes images.
pub(crate) fn not_for_conversations() -> AwsError {
    AwsError::validation(
        "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
    )
}

/// By which of its names a model was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    Inference,
    Customization,
    Profile,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_serves_its_purpose_and_no_other() {
        assert!(Foundation::to_tune("amazon.nova-micro-v1:0:128k", "us-east-1").is_ok());
        assert!(
            Foundation::to_tune(
                "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k",
                "us-east-1"
            )
            .is_ok()
        );
        for wrong in [
            "amazon.nova-micro-v1:0",
            "amazon.nova-premier-v1:0",
            "us.amazon.nova-micro-v1:0",
            "x.y",
        ] {
            assert!(Foundation::to_tune(wrong, "us-east-1").is_err(), "{wrong}");
        }
        assert!(Foundation::to_tune("amazon.nova-micro-v1:0:128k", "us-west-2").is_err());
        assert!(Foundation::to_call("amazon.nova-micro-v1:0").is_ok());
        assert!(Foundation::to_call("us.amazon.nova-2-lite-v1:0").is_ok());
        assert!(
            Foundation::to_call(
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-micro-v1:0"
            )
            .is_ok()
        );
        for wrong in [
            "amazon.nova-micro-v1:0:128k",
            "amazon.nova-2-lite-v1:0",
            "nope",
        ] {
            assert!(Foundation::to_call(wrong).is_err(), "{wrong}");
        }
    }
}
