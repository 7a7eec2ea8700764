//! Names, checked at the edge: who parses one may rely on it everywhere behind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{found}” is no {what}: {rule}")]
pub struct NameError {
    what: &'static str,
    found: String,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks and takes the name.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    let found = text.chars().take(80).collect();
                    Err(NameError { what: $what, found, rule: $rule })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name!(
    /// One line of models: `[a-z0-9](-?[a-z0-9])*`, at most 20, so that every name that AWS gets stays within 63.
    PipelineName,
    "pipeline's name",
    "use 1 to 20 lower-case letters and digits, with single hyphens between them",
    |text| {
        let bytes = text.as_bytes();
        (1..=20).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            && bytes[0] != b'-'
            && bytes[bytes.len() - 1] != b'-'
            && !text.contains("--")
    }
);

name!(
    /// One deployed stack. Its id is in every name, tag and SSM path that Perennial makes.
    Installation,
    "installation's id",
    "use 1 to 8 lower-case letters and digits",
    |text| (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
);

name!(
    /// A run: a ULID in lower case, so that ids sort by time and fit AWS's names.
    RunId,
    "run's id",
    "a run's id has 26 characters, as `perennial runs` lists them",
    |text| text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && ulid::Ulid::from_string(text).is_ok()
);

name!(
    /// A model that a run made: it bears the run's id.
    ModelId,
    "model's id",
    "a model's id is the id of the run that made it",
    |text| RunId::parse(text).is_ok()
);

impl RunId {
    /// From a time in milliseconds and 80 bits of chance (more bits are cut off).
    pub fn from_parts(milliseconds: u64, random: u128) -> Self {
        Self(
            ulid::Ulid::from_parts(milliseconds, random)
                .to_string()
                .to_lowercase(),
        )
    }
}

impl ModelId {
    /// The model of this run.
    pub fn of(run: &RunId) -> Self {
        Self(run.0.clone())
    }

    /// The run that made it.
    pub fn run(&self) -> RunId {
        RunId(self.0.clone())
    }
}

/// What a name that AWS sees stands for. Its letter ends the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The customization job, and the model that it makes.
    Training,
    /// The candidate's temporary deployment.
    Candidate,
    /// The base model's batch inference job.
    Base,
    /// The job of a chain's first stage.
    Pretraining,
    /// The job that makes a model of the weights that a training job left, and that model.
    Import,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Training,
        Self::Candidate,
        Self::Base,
        Self::Pretraining,
        Self::Import,
    ];

    fn letter(self) -> char {
        match self {
            Self::Training => 't',
            Self::Candidate => 'c',
            Self::Base => 'b',
            Self::Pretraining => 'p',
            Self::Import => 'i',
        }
    }

    /// The word used in tags and reservations.
    pub fn word(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Candidate => "candidate",
            Self::Base => "base",
            Self::Pretraining => "pretraining",
            Self::Import => "import",
        }
    }
}

/// A resource's name as a pure function of (installation, pipeline, run, purpose, attempt), and back.
///
/// At most 8+1+20+1+26+2+3 = 61 of the 63 characters that Bedrock allows for job and model names
/// (`[a-zA-Z0-9](-*[a-zA-Z0-9+\-.])*`, `([0-9a-zA-Z][_-]?){1,63}`); it is its own client token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceName {
    /// The installation.
    pub installation: Installation,
    /// The pipeline.
    pub pipeline: PipelineName,
    /// The run.
    pub run: RunId,
    /// What it is for.
    pub purpose: Purpose,
    /// Counted from 1.
    pub attempt: u32,
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            installation,
            pipeline,
            run,
            purpose,
            attempt,
        } = self;
        write!(
            f,
            "{installation}-{pipeline}-{run}-{}{attempt}",
            purpose.letter()
        )
    }
}

impl ResourceName {
    /// The parts of a name that we made; `None` for any other name.
    pub fn parse(name: &str) -> Option<Self> {
        let (installation, rest) = name.split_once('-')?;
        let (rest, end) = rest.rsplit_once('-')?;
        let (pipeline, run) = rest.rsplit_once('-')?;
        let mut letters = end.chars();
        let letter = letters.next()?;
        let purpose = Purpose::ALL
            .into_iter()
            .find(|purpose| purpose.letter() == letter)?;
        let attempt: u32 = letters
            .as_str()
            .parse()
            .ok()
            .filter(|n| (1..1000).contains(n))?;
        let name = Self {
            installation: Installation::parse(installation).ok()?,
            pipeline: PipelineName::parse(pipeline).ok()?,
            run: RunId::parse(run).ok()?,
            purpose,
            attempt,
        };
        Some(name)
    }

    /// The tags by which the resource is known as ours, whatever its name says.
    pub fn tags(&self) -> std::collections::BTreeMap<String, String> {
        [
            ("perennial:installation", self.installation.to_string()),
            ("perennial:pipeline", self.pipeline.to_string()),
            ("perennial:run", self.run.to_string()),
            ("perennial:purpose", self.purpose.word().to_owned()),
            ("perennial:attempt", self.attempt.to_string()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

/// The pipeline's own deployment: the number of the move that made it ends the name.
pub fn serving_name(
    installation: &Installation,
    pipeline: &PipelineName,
    generation: u64,
) -> String {
    format!("{installation}-{pipeline}-g{generation}")
}

/// The tags of a pipeline's deployment.
pub fn serving_tags(
    installation: &Installation,
    pipeline: &PipelineName,
    generation: u64,
) -> std::collections::BTreeMap<String, String> {
    [
        ("perennial:installation", installation.to_string()),
        ("perennial:pipeline", pipeline.to_string()),
        ("perennial:purpose", "serving".to_owned()),
        ("perennial:generation", generation.to_string()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// The SSM parameter that is the alias: its value is the ARN that clients call.
pub fn alias_parameter(installation: &Installation, pipeline: &PipelineName) -> String {
    format!("/perennial/{installation}/{pipeline}/model")
}

/// Whether a resource with these tags may be taken for the one that was to be made.
///
/// A name may have been taken by someone else; then nothing is touched.
pub fn is_ours(
    expected: &std::collections::BTreeMap<String, String>,
    found: &std::collections::BTreeMap<String, String>,
) -> bool {
    expected
        .iter()
        .all(|(key, value)| found.get(key) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pipeline_names_follow_the_design() {
        for good in ["a", "support-bot", "0", "a-1-b", "abcdefghij0123456789"] {
            assert!(PipelineName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a b",
            "a_b",
            "abcdefghij01234567890",
            "é",
        ] {
            assert!(PipelineName::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_resource_name_comes_back_and_fits_aws(
            installation in "[a-z0-9]{1,8}",
            pipeline in "[a-z0-9](-?[a-z0-9]){0,9}",
            ms in 0u64..(1 << 48),
            random: u128,
            attempt in 1u32..1000,
        ) {
            for purpose in Purpose::ALL {
                let name = ResourceName {
                    installation: Installation::parse(&installation).expect("valid"),
                    pipeline: PipelineName::parse(&pipeline).expect("valid"),
                    run: RunId::from_parts(ms, random),
                    purpose,
                    attempt,
                };
                let text = name.to_string();
                prop_assert!(text.len() <= 63);
                prop_assert_eq!(ResourceName::parse(&text), Some(name));
            }
        }

        #[test]
        fn no_other_name_is_taken_for_ours(text in ".{0,80}") {
            if let Some(name) = ResourceName::parse(&text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
