//! What a function is told by its environment.

use jiff::SignedDuration;

use crate::imported::DEFAULT_QUOTA;
use crate::names::Installation;

/// Every variable that is read, besides those that Lambda sets.
pub const VARIABLES: [&str; 8] = [
    "PERENNIAL_INSTALLATION",
    "PERENNIAL_BUCKET",
    "PERENNIAL_TABLE",
    "PERENNIAL_BUS",
    "PERENNIAL_JOB_ROLE_ARN",
    CONTAINER_ROLE,
    POLL,
    IMPORTED_MODELS,
];

const CONTAINER_ROLE: &str = "PERENNIAL_SAGEMAKER_JOB_ROLE_ARN";
const POLL: &str = "PERENNIAL_POLL_SECONDS";
const IMPORTED_MODELS: &str = "PERENNIAL_IMPORTED_MODELS_QUOTA";
const DEFAULT_POLL: SignedDuration = SignedDuration::from_secs(60);

/// The environment of a function, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `PERENNIAL_INSTALLATION`: the installation's id.
    pub installation: Installation,
    /// `PERENNIAL_BUCKET`: the bucket's name.
    pub bucket: String,
    /// `PERENNIAL_TABLE`: the table's name.
    pub table: String,
    /// `PERENNIAL_BUS`: the event bus's name or ARN.
    pub bus: String,
    /// `PERENNIAL_JOB_ROLE_ARN`: the role that Bedrock takes on for jobs.
    pub job_role_arn: String,
    /// `PERENNIAL_SAGEMAKER_JOB_ROLE_ARN`: the role that SageMaker takes on for jobs; without it, none are started there.
    pub sagemaker_job_role_arn: Option<String>,
    /// `PERENNIAL_POLL_SECONDS`: how long until something that runs is looked at again; 60 seconds without it.
    pub poll: SignedDuration,
    /// `PERENNIAL_IMPORTED_MODELS_QUOTA`: how many imported models the account may have; AWS's default without it, and 0 counts none.
    pub imported_models: u32,
    /// `AWS_REGION`, which Lambda sets.
    pub region: String,
}

/// What is missing or wrong in the environment, all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function's environment is incomplete: {}; set it in the function's configuration", .0.join("; "))]
pub struct SettingsError(
    /// One finding each, with the variable's name.
    pub Vec<String>,
);

impl Settings {
    /// From what `lookup` gives for a variable's name: the process's environment, or a template's. An empty variable counts as
    /// missing.
    ///
    /// # Errors
    /// Names every variable that is missing or wrong.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut findings = Vec::new();
        let find = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let mut text = |name: &str| {
            find(name).unwrap_or_else(|| {
                findings.push(format!("{name} is missing"));
                String::new()
            })
        };
        let installation = text("PERENNIAL_INSTALLATION");
        let bucket = text("PERENNIAL_BUCKET");
        let table = text("PERENNIAL_TABLE");
        let bus = text("PERENNIAL_BUS");
        let job_role_arn = text("PERENNIAL_JOB_ROLE_ARN");
        let region = text("AWS_REGION");
        let sagemaker_job_role_arn = find(CONTAINER_ROLE);
        let poll = match find(POLL).map(|value| (value.parse::<u32>(), value)) {
            None => DEFAULT_POLL,
            Some((Ok(seconds @ 1..), _)) => SignedDuration::from_secs(seconds.into()),
            Some((_, value)) => {
                findings.push(format!("{POLL} is “{value}”: use whole seconds from 1 on"));
                DEFAULT_POLL
            }
        };
        let imported_models = match find(IMPORTED_MODELS).map(|value| (value.parse(), value)) {
            None => DEFAULT_QUOTA,
            Some((Ok(models), _)) => models,
            Some((Err(_), value)) => {
                findings.push(format!(
                    "{IMPORTED_MODELS} is “{value}”: use a whole number, 0 to count none"
                ));
                DEFAULT_QUOTA
            }
        };
        let parsed = Installation::parse(&installation);
        if let (Err(error), false) = (&parsed, installation.is_empty()) {
            findings.push(format!("PERENNIAL_INSTALLATION: {error}"));
        }
        match parsed {
            Ok(installation) if findings.is_empty() => Ok(Self {
                installation,
                bucket,
                table,
                bus,
                job_role_arn,
                sagemaker_job_role_arn,
                poll,
                imported_models,
                region,
            }),
            _ => Err(SettingsError(findings)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 6] = [
        ("PERENNIAL_INSTALLATION", "dev"),
        ("PERENNIAL_BUCKET", "b"),
        ("PERENNIAL_TABLE", "t"),
        ("PERENNIAL_BUS", "default"),
        (
            "PERENNIAL_JOB_ROLE_ARN",
            "arn:aws:iam::123456789012:role/job",
        ),
        ("AWS_REGION", "us-east-1"),
    ];

    fn with(changes: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::from_lookup(|name| {
            let of = |list: &[(&str, &str)]| {
                list.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            of(changes).or_else(|| of(&COMPLETE))
        })
    }

    #[test]
    fn everything_is_taken() {
        let settings = with(&[]).expect("complete");
        assert_eq!(settings.installation.as_str(), "dev");
        assert_eq!(settings.poll, SignedDuration::from_secs(60));
        assert_eq!(settings.sagemaker_job_role_arn, None);
        let role = "arn:aws:iam::123456789012:role/containers";
        let told = with(&[(CONTAINER_ROLE, role)]).expect("complete");
        assert_eq!(told.sagemaker_job_role_arn.as_deref(), Some(role));
        let quick = with(&[(POLL, "2")]).expect("complete");
        assert_eq!(quick.poll, SignedDuration::from_secs(2));
        assert_eq!(quick.imported_models, 3);
        let raised = with(&[(IMPORTED_MODELS, "20")]).expect("complete");
        assert_eq!(raised.imported_models, 20);
        let uncounted = with(&[(IMPORTED_MODELS, "0")]).expect("complete");
        assert_eq!(uncounted.imported_models, 0);
    }

    #[test]
    fn the_list_of_variables_is_what_is_read() {
        let asked = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let looked = Settings::from_lookup(|name| {
            asked.borrow_mut().insert(name.to_owned());
            None
        });
        assert!(looked.is_err());
        let read = asked.into_inner();
        let own = read.iter().filter(|name| name.starts_with("PERENNIAL_"));
        let mut listed = VARIABLES;
        listed.sort_unstable();
        assert!(own.eq(listed.iter()), "{read:?}");
    }

    #[test]
    fn every_finding_is_named_at_once() {
        let error = Settings::from_lookup(|_| None).expect_err("nothing is there");
        assert_eq!(error.0.len(), 6);
        let wrong = with(&[
            ("PERENNIAL_INSTALLATION", "Not An Id"),
            ("PERENNIAL_BUS", ""),
            (POLL, "soon"),
            (IMPORTED_MODELS, "many"),
        ]);
        let words = wrong.expect_err("wrong").to_string();
        for name in [
            "PERENNIAL_INSTALLATION",
            "PERENNIAL_BUS is missing",
            POLL,
            IMPORTED_MODELS,
        ] {
            assert!(words.contains(name), "{words}");
        }
    }
}
