//! The configuration's closed sets of words. Each is written, shown and stored (serde) as the word in the file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::span::Span;

/// A word that is none of a key's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not one of {allowed}")]
pub struct UnknownValue {
    /// What was written, cut to 80 characters.
    pub found: String,
    /// The values that would do, as a list in words.
    pub allowed: String,
    /// The value that was probably meant.
    pub nearest: Option<String>,
}

impl UnknownValue {
    pub(crate) fn new(found: &str, allowed: &[&str]) -> Self {
        Self {
            found: found.chars().take(80).collect(),
            allowed: allowed.join(", "),
            nearest: super::keys::nearest(found, allowed.iter().copied()).map(str::to_owned),
        }
    }
}

/// Defines an enum whose variants are the words of the file.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, as written in the file.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The value as written in the file.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(UnknownValue::new(other, Self::WORDS)),
                }
            }
        }
    };
}

words! {
    /// How a model is customized.
    Technique {
        /// From prompts and answers, on Bedrock.
        FineTuning = "fine-tuning",
        /// From plain text, on SageMaker.
        ContinuedPreTraining = "continued-pre-training",
        /// From a teacher model's answers, on Bedrock.
        Distillation = "distillation",
        /// From prompts and a grader's scores, on Bedrock.
        Reinforcement = "reinforcement-fine-tuning",
    }
}

words! {
    /// Which service trains, where both can.
    TrainOn {
        /// A customization job.
        Bedrock = "bedrock",
        /// A training job.
        SageMaker = "sagemaker",
    }
}

words! {
    /// What a serverless customization job does, by SageMaker's own names.
    #[derive(Default)]
    ServerlessTechnique {
        /// Supervised fine-tuning: prompts and answers.
        #[default]
        Sft = "sft",
        /// Direct preference optimization: a preferred and another answer to each prompt.
        Dpo = "dpo",
    }
}

words! {
    /// How much of a model a serverless customization job trains.
    #[derive(Default)]
    Peft {
        /// An adapter (LoRA).
        #[default]
        Lora = "lora",
        /// All weights.
        Full = "full",
    }
}

words! {
    /// For how long provisioned throughput is bought. It cannot be deleted before.
    #[derive(Default)]
    Commitment {
        /// By the hour, until it is deleted.
        #[default]
        None = "none",
        /// For a month.
        OneMonth = "one-month",
        /// For six months.
        SixMonths = "six-months",
    }
}

words! {
    /// The model that training starts from.
    #[derive(Default)]
    StartFrom {
        /// The base model.
        #[default]
        Base = "base",
        /// The champion (iterative training); the base model while there is none.
        Champion = "champion",
    }
}

words! {
    /// What counts as not worse than the champion.
    Evidence {
        /// Not significantly worse, and its estimate within the allowed loss: a tie passes.
        Balanced = "balanced",
        /// Shown to be within the allowed loss: the lower bound itself must stay above it.
        Strict = "strict",
    }
}

words! {
    /// How the champion is served.
    #[derive(Default)]
    Serve {
        /// A custom model deployment, billed by the token.
        #[default]
        OnDemand = "on-demand",
        /// Provisioned throughput, billed by the hour.
        Provisioned = "provisioned",
    }
}

words! {
    /// What is done about keys, tokens and payment cards' numbers in training data.
    #[derive(Default)]
    Secrets {
        /// A record with one is an error: the upload is rejected.
        Reject = "reject",
        /// A record with one is a warning.
        #[default]
        Warn = "warn",
        /// They are not looked for.
        Off = "off",
    }
}

impl Secrets {
    /// Whether it is what holds where nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

words! {
    /// Whether a person is asked before promotion.
    #[derive(Default)]
    Approval {
        /// The gate decides.
        #[default]
        Automatic = "automatic",
        /// A run that passed waits for `perennial approve`.
        Manual = "manual",
    }
}

words! {
    /// What happens to an idle champion.
    IdleChampion {
        /// It stays as it is.
        Keep = "keep",
        /// Its throughput or deployment goes, never the model.
        Unserve = "unserve",
    }
}

/// Which accepted uploads a run trains on: `all`, `new`, or `last:<span>`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DataUse {
    /// All that are in force.
    #[default]
    All,
    /// Those that came after the champion's dataset was sealed.
    New,
    /// Those that came within this time before the run.
    Last(Span),
}

impl fmt::Display for DataUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::New => f.write_str("new"),
            Self::Last(span) => write!(f, "last:{span}"),
        }
    }
}

impl FromStr for DataUse {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownValue::new(text, &["all", "new", "last:90d"]);
        match text {
            "all" => Ok(Self::All),
            "new" => Ok(Self::New),
            _ => {
                let span = text.strip_prefix("last:").ok_or_else(unknown)?;
                let span = Span::parse(span).map_err(|_| unknown())?;
                if span == Span::ZERO {
                    return Err(unknown());
                }
                Ok(Self::Last(span))
            }
        }
    }
}

/// Bedrock's judge metrics, without the prefix `Builtin.`. Source: Bedrock user guide, model evaluation with a judge model (2026).
pub const JUDGE_METRICS: &[&str] = &[
    "Correctness",
    "Completeness",
    "Faithfulness",
    "Helpfulness",
    "Coherence",
    "Relevance",
    "FollowingInstructions",
    "ProfessionalStyleAndTone",
    "Harmfulness",
    "Stereotyping",
    "Refusal",
];

/// How one answer is scored, from 0 to 1: `auto`, `exact-match`, `token-f1`, `rouge-l` or `judge:<Bedrock metric>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Metric {
    /// Chosen from the reference answers, see [`Metric::resolve`].
    #[default]
    Auto,
    /// 1 for the reference answer, else 0.
    ExactMatch,
    /// The overlap of words with the reference answer.
    TokenF1,
    /// The longest common subsequence of words with the reference answer.
    RougeL,
    /// Scored by a Bedrock judge model on this metric, kept without `Builtin.`; one of [`JUDGE_METRICS`].
    Judge(String),
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::ExactMatch => f.write_str("exact-match"),
            Self::TokenF1 => f.write_str("token-f1"),
            Self::RougeL => f.write_str("rouge-l"),
            Self::Judge(metric) => write!(f, "judge:{metric}"),
        }
    }
}

impl FromStr for Metric {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "exact-match" => Ok(Self::ExactMatch),
            "token-f1" => Ok(Self::TokenF1),
            "rouge-l" => Ok(Self::RougeL),
            _ => match text.strip_prefix("judge:") {
                Some(judge) => {
                    let judge = judge.strip_prefix("Builtin.").unwrap_or(judge);
                    if JUDGE_METRICS.contains(&judge) {
                        return Ok(Self::Judge(judge.to_owned()));
                    }
                    let words: Vec<String> = JUDGE_METRICS
                        .iter()
                        .map(|metric| format!("judge:{metric}"))
                        .collect();
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    Err(UnknownValue::new(text, &words))
                }
                None => Err(UnknownValue::new(
                    text,
                    &[
                        "auto",
                        "exact-match",
                        "token-f1",
                        "rouge-l",
                        "judge:Correctness",
                    ],
                )),
            },
        }
    }
}

/// Stores a value as its word.
macro_rules! serde_as_word {
    ($($name:ident),+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

serde_as_word!(DataUse, Metric);
