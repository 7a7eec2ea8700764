//! For whom a template is resolved: the account, and what the deployer chose.

use std::collections::BTreeMap;

/// One deployment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The account's twelve digits.
    pub account: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The stack's name.
    pub stack: String,
    /// The parameters that differ from their defaults.
    pub parameters: BTreeMap<String, String>,
}

impl Deployment {
    /// In the partition `aws`, with every parameter at its default.
    pub fn new(account: &str, region: &str, stack: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            partition: "aws".to_owned(),
            stack: stack.to_owned(),
            parameters: BTreeMap::new(),
        }
    }

    /// With one parameter set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The end of service addresses.
    pub(crate) fn url_suffix(&self) -> &'static str {
        match self.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        }
    }

    pub(crate) fn stack_id(&self) -> String {
        format!(
            "arn:{}:cloudformation:{}:{}:stack/{}/00000000-0000-0000-0000-000000000000",
            self.partition, self.region, self.account, self.stack
        )
    }

    /// An ARN in this account and region.
    pub(crate) fn arn(&self, service: &str, rest: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{rest}",
            self.partition, self.region, self.account
        )
    }
}
