//! What AWS takes for a name, by the type of the resource.

use std::sync::LazyLock;

use regex_lite::Regex;

/// A type, the least and most characters of its name, the characters, and AWS's page.
type Form = (&'static str, usize, usize, &'static str);

/// Sources: the `Name` parameters of each service's API reference (CreateFunction, PutRule, CreateQueue, CreateTopic, CreateTable,
/// CreateRole, PutRolePolicy, CreatePolicy, CreateLogGroup, PutMetricAlarm, PutDashboard, CreateEventBus, CreateBudget,
/// CreateAlias, PutTargets), <https://docs.aws.amazon.com/>, as of 2026-11-21; buckets:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
const FORMS: [Form; 17] = [
    ("AWS::Serverless::Function", 1, 64, "[a-zA-Z0-9_-]+"),
    ("AWS::Events::Rule", 1, 64, "[a-zA-Z0-9_.-]+"),
    ("AWS::Events::EventBus", 1, 256, "[a-zA-Z0-9_./-]+"),
    ("AWS::SQS::Queue", 1, 80, "[a-zA-Z0-9_-]+"),
    ("AWS::SNS::Topic", 1, 256, "[a-zA-Z0-9_-]+"),
    ("AWS::DynamoDB::Table", 3, 255, "[a-zA-Z0-9_.-]+"),
    (
        "AWS::S3::Bucket",
        3,
        63,
        "[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
    ),
    ("AWS::IAM::Role", 1, 64, "[a-zA-Z0-9_+=,.@-]+"),
    ("AWS::IAM::Policy", 1, 128, "[a-zA-Z0-9_+=,.@-]+"),
    ("AWS::IAM::ManagedPolicy", 1, 128, "[a-zA-Z0-9_+=,.@-]+"),
    ("AWS::Logs::LogGroup", 1, 512, "[a-zA-Z0-9_./#-]+"),
    ("AWS::CloudWatch::Alarm", 1, 255, "[^\\x00-\\x1f\\x7f]+"),
    (
        "AWS::CloudWatch::CompositeAlarm",
        1,
        255,
        "[^\\x00-\\x1f\\x7f]+",
    ),
    ("AWS::CloudWatch::Dashboard", 1, 255, "[a-zA-Z0-9_-]+"),
    ("AWS::KMS::Alias", 1, 256, "alias/[a-zA-Z0-9_/-]+"),
    (BUDGET, 1, 100, "[^:\\\\\\x00-\\x1f\\x7f]+"),
    (TARGET, 1, 64, "[a-zA-Z0-9_.-]+"),
];

/// A budget's name stands within its `Budget`.
pub(crate) const BUDGET: &str = "AWS::Budgets::Budget";
/// The id of a rule's target.
pub(crate) const TARGET: &str = "a target of a rule";

/// What buckets may not begin or end with.
const OF_S3: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const ENDS_OF_S3: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

static PATTERNS: LazyLock<Vec<Option<Regex>>> = LazyLock::new(|| {
    let patterns = FORMS.iter();
    patterns
        .map(|(.., pattern)| Regex::new(&format!("^(?:{pattern})$")).ok())
        .collect()
});

/// Why AWS would not take this name, if it would not.
pub(crate) fn refusal(kind: &str, name: &str) -> Option<String> {
    let at = FORMS.iter().position(|(known, ..)| *known == kind)?;
    let (_, least, most, pattern) = FORMS[at];
    let length = name.chars().count();
    if !(least..=most).contains(&length) {
        return Some(format!(
            "“{name}” has {length} characters; AWS takes {least} to {most}"
        ));
    }
    let fits = PATTERNS[at]
        .as_ref()
        .is_some_and(|regex| regex.is_match(name));
    if !fits {
        return Some(format!("“{name}” is no name that AWS takes: {pattern}"));
    }
    if kind == "AWS::Events::EventBus" && name == "default" {
        return Some("every account has the bus “default”; another cannot be made".into());
    }
    let of_s3 = kind == "AWS::S3::Bucket";
    let is_address = || name.parse::<std::net::Ipv4Addr>().is_ok();
    let taken = || {
        OF_S3.iter().any(|begin| name.starts_with(begin))
            || ENDS_OF_S3.iter().any(|end| name.ends_with(end))
    };
    if of_s3 && (is_address() || taken()) {
        return Some(format!(
            "“{name}” is no name that AWS takes: no IP address, not beginning with {}, not ending in {}",
            OF_S3.join(", "),
            ENDS_OF_S3.join(", ")
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one() {
        assert!(PATTERNS.iter().all(Option::is_some));
    }

    #[test]
    fn names_are_taken_as_aws_takes_them() {
        for (kind, good, bad) in [
            ("AWS::S3::Bucket", "a.b-c1", "a..b"),
            ("AWS::S3::Bucket", "abc", "ab"),
            ("AWS::S3::Bucket", "1.2.3.four", "1.2.3.4"),
            ("AWS::S3::Bucket", "abc", "Abc"),
            ("AWS::S3::Bucket", "abc", "abc-"),
            ("AWS::S3::Bucket", "abc", "xn--abc"),
            ("AWS::S3::Bucket", "abc", "abc-s3alias"),
            ("AWS::SQS::Queue", "a_b-C", "a.b"),
            ("AWS::Events::Rule", "a.b_C-1", "a b"),
            ("AWS::Logs::LogGroup", "/aws/lambda/a#b", "a:b"),
            ("AWS::DynamoDB::Table", "a.b", "ab"),
            ("AWS::KMS::Alias", "alias/a", "a"),
            (BUDGET, "a b", "a:b"),
        ] {
            assert_eq!(refusal(kind, good), None);
            assert!(refusal(kind, bad).is_some(), "{kind} {bad}");
        }
        assert_eq!(refusal("AWS::EC2::VPCEndpoint", ""), None);
    }
}
