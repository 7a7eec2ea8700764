//! Reads the trace: which AWS calls were made, by whom, and which succeeded.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::exit::Failure;

/// The calls of the demo.
#[derive(Debug)]
pub(super) struct Trace(Vec<Value>);

impl Trace {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text =
            std::fs::read_to_string(path).map_err(Failure::file("cannot read the trace", path))?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
        )
    }

    /// Successful calls of this name by this function.
    pub(super) fn calls<'a>(
        &'a self,
        name: &'a str,
        function: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        let role = perennial_local::aws_function_name(function);
        self.0.iter().filter(move |call| {
            call["eventName"] == name
                && call["userIdentity"]["sessionName"] == role.as_str()
                && call.get("errorCode").is_none_or(Value::is_null)
        })
    }

    /// The distinct values of a request parameter in successful calls: jobs, not calls, are counted.
    pub(super) fn distinct(&self, name: &str, function: &str, parameter: &str) -> BTreeSet<String> {
        self.calls(name, function)
            .filter_map(|call| call["requestParameters"][parameter].as_str())
            .map(str::to_owned)
            .collect()
    }

    /// Whether the text stands anywhere in a successful call's request.
    pub(super) fn mentions(&self, name: &str, function: &str, text: &str) -> bool {
        self.calls(name, function)
            .any(|call| call["requestParameters"].to_string().contains(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_counted_not_calls() {
        let line = |job: &str, error: &str| {
            format!(
                r#"{{"eventName":"CreateModelCustomizationJob","userIdentity":{{"sessionName":"perennial-local-train"}},"requestParameters":{{"jobName":"{job}"}}{error}}}"#
            )
        };
        let text = [
            line("a", ""),
            line("a", ""),
            line("b", r#","errorCode":"ThrottlingException""#),
            "broken".into(),
        ]
        .join("\n");
        let trace = Trace::parse(&text);
        assert_eq!(
            trace
                .distinct("CreateModelCustomizationJob", "train", "jobName")
                .len(),
            1
        );
        assert!(trace.mentions("CreateModelCustomizationJob", "train", "\"a\""));
        assert!(!trace.mentions("CreateModelCustomizationJob", "promote", "\"a\""));
    }
}
