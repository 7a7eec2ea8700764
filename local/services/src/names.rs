//! The patterns and lengths that AWS publishes for names, ARNs and URIs (botocore 1.44.5, bedrock 2023-04-20).

use std::sync::OnceLock;

use regex_lite::Regex;

use crate::error::AwsError;

/// One constraint on a string.
#[derive(Debug)]
pub(crate) struct Rule {
    pattern: &'static str,
    min: usize,
    max: usize,
    compiled: OnceLock<Option<Regex>>,
}

impl Rule {
    const fn new(pattern: &'static str, min: usize, max: usize) -> Self {
        Self {
            pattern,
            min,
            max,
            compiled: OnceLock::new(),
        }
    }

    pub(crate) fn holds(&self, value: &str) -> bool {
        let length = value.chars().count();
        let regex = self
            .compiled
            .get_or_init(|| Regex::new(&format!("^(?:{})$", self.pattern)).ok());
        (self.min..=self.max).contains(&length)
            && regex.as_ref().is_some_and(|regex| regex.is_match(value))
    }

    /// # Errors
    /// `ValidationException`, worded as AWS does.
    pub(crate) fn check(&self, member: &str, value: &str) -> Result<(), AwsError> {
        if self.holds(value) {
            return Ok(());
        }
        let Self {
            pattern, min, max, ..
        } = self;
        let (shown, length) = (
            value.chars().take(100).collect::<String>(),
            value.chars().count(),
        );
        let constraint = if length < *min {
            format!("Member must have length greater than or equal to {min}")
        } else if length > *max {
            format!("Member must have length less than or equal to {max}")
        } else {
            format!("Member must satisfy regular expression pattern: {pattern}")
        };
        Err(AwsError::validation(format!(
            "1 validation error detected: Value '{shown}' at '{member}' failed to satisfy constraint: {constraint}"
        )))
    }

    pub(crate) fn check_optional(
        &self,
        member: &str,
        value: Option<&String>,
    ) -> Result<(), AwsError> {
        value.map_or(Ok(()), |value| self.check(member, value))
    }
}

pub(crate) static CUSTOMIZATION_JOB_NAME: Rule =
    Rule::new(r"[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*", 1, 63);
pub(crate) static CUSTOM_MODEL_NAME: Rule = Rule::new(r"([0-9a-zA-Z][_-]?){1,63}", 1, 63);
pub(crate) static DEPLOYMENT_NAME: Rule = Rule::new(r"([0-9a-zA-Z][_-]?){1,63}", 1, 63);
pub(crate) static INVOCATION_JOB_NAME: Rule =
    Rule::new(r"[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9\+\-\.]){0,63}", 1, 63);
/// Customization jobs and deployments.
pub(crate) static CLIENT_TOKEN: Rule =
    Rule::new(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?", 1, 256);
pub(crate) static INVOCATION_JOB_TOKEN: Rule =
    Rule::new(r"[a-zA-Z0-9]{1,256}(-*[a-zA-Z0-9]){0,256}", 1, 256);
pub(crate) static ROLE_ARN: Rule =
    Rule::new(r"arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+", 0, 2048);
pub(crate) static S3_URI: Rule = Rule::new(
    r"s3://[a-z0-9][-.a-z0-9]{1,61}[a-z0-9](?:/[-!_*'().a-z0-9A-Z]+(?:/[-!_*'().a-z0-9A-Z]+)*)?/?",
    1,
    1024,
);
pub(crate) static CUSTOM_MODEL_ARN: Rule = Rule::new(
    r"arn:aws(|-us-gov|-cn|-iso|-iso-b):bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/(imported|[a-z0-9-]{1,63}[.]{1}[a-z0-9-]{1,63}([a-z0-9-]{1,63}[.]){0,2}[a-z0-9-]{1,63}([:][a-z0-9-]{1,63}){0,2})/[a-z0-9]{12}",
    20,
    1011,
);
pub(crate) static TAG_KEY: Rule = Rule::new(r"[a-zA-Z0-9\s._:/=+@-]*", 1, 128);
pub(crate) static TAG_VALUE: Rule = Rule::new(r"[a-zA-Z0-9\s._:/=+@-]*", 0, 256);
pub(crate) static DESCRIPTION: Rule = Rule::new(r".*", 1, 2048);
pub(crate) static NETWORK_ID: Rule = Rule::new(r"[-0-9a-zA-Z]+", 0, 32);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_custom_model_name(name: &str) -> bool {
        // Written out by hand: letters and digits, each followed by at most one of `_` and `-`.
        let mut separator_may_follow = false;
        for c in name.chars() {
            match c {
                '0'..='9' | 'a'..='z' | 'A'..='Z' => separator_may_follow = true,
                '_' | '-' if separator_may_follow => separator_may_follow = false,
                _ => return false,
            }
        }
        (1..=63).contains(&name.len())
    }

    proptest! {
        #[test]
        fn a_custom_model_name_is_what_the_pattern_says(name in "[a-c0-1_.-]{0,70}") {
            prop_assert_eq!(CUSTOM_MODEL_NAME.holds(&name), is_custom_model_name(&name), "{}", name);
        }

        #[test]
        fn a_job_name_begins_with_a_letter_or_digit_and_holds_no_underscore(name in "[aB9+._-]{0,70}") {
            let wanted = name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && !name.contains('_')
                && name.len() <= 63;
            prop_assert_eq!(CUSTOMIZATION_JOB_NAME.holds(&name), wanted, "{}", name);
        }

        #[test]
        fn a_client_token_neither_begins_nor_ends_with_a_dash(token in "[a9-]{0,20}") {
            let wanted = !token.is_empty() && !token.starts_with('-') && !token.ends_with('-');
            prop_assert_eq!(CLIENT_TOKEN.holds(&token), wanted, "{}", token);
        }

        #[test]
        fn no_string_breaks_a_rule(value in ".{0,80}") {
            for rule in [&CUSTOM_MODEL_NAME, &S3_URI, &CUSTOM_MODEL_ARN, &ROLE_ARN, &TAG_KEY, &INVOCATION_JOB_TOKEN] {
                prop_assert_eq!(rule.holds(&value), rule.check("member", &value).is_ok());
            }
        }
    }

    #[test]
    fn every_pattern_compiles_and_takes_an_example() {
        for (rule, example) in [
            (&CUSTOMIZATION_JOB_NAME, "perennial-a1-support-bot-01"),
            (&INVOCATION_JOB_NAME, "perennial-a1-base"),
            (&CLIENT_TOKEN, "a1"),
            (&INVOCATION_JOB_TOKEN, "a1-b"),
            (&ROLE_ARN, "arn:aws:iam::123456789012:role/job"),
            (&S3_URI, "s3://bucket/work/a-1/train.jsonl"),
            (
                &CUSTOM_MODEL_ARN,
                "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl",
            ),
            (&TAG_KEY, "perennial:run"),
            (&TAG_VALUE, ""),
            (&DESCRIPTION, "a description"),
            (&NETWORK_ID, "subnet-1"),
            (&DEPLOYMENT_NAME, "a-b"),
            (&CUSTOM_MODEL_NAME, "a-b"),
        ] {
            assert!(rule.holds(example), "{example}");
        }
        assert!(!S3_URI.holds("s3://bucket/a b.jsonl"));
        assert!(
            CUSTOM_MODEL_NAME
                .check("customModelName", "a--b")
                .unwrap_err()
                .message
                .contains("customModelName")
        );
    }
}
