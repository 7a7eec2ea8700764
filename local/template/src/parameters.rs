//! Parameters: what the deployer chose or the default, checked as CloudFormation checks it
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>).

use std::collections::BTreeMap;

use regex_lite::Regex;

use crate::deployment::Deployment;
use crate::node::{Entry, Kind, Node};
use crate::props::{Findings, Props};

const TYPES: [&str; 9] = [
    "String",
    "Number",
    "CommaDelimitedList",
    "List<Number>",
    "List<String>",
    "AWS::EC2::VPC::Id",
    "List<AWS::EC2::Subnet::Id>",
    "List<AWS::EC2::SecurityGroup::Id>",
    "List<AWS::EC2::RouteTable::Id>",
];

/// The value of each parameter that the template declares.
pub(crate) fn values(
    declared: &[Entry],
    deployment: &Deployment,
    findings: &Findings,
) -> BTreeMap<String, Node> {
    let mut values = BTreeMap::new();
    for entry in declared {
        let props = Props::new(format!("Parameters.{}", entry.key), &entry.value, findings);
        let given = deployment.parameters.get(&entry.key);
        values.insert(entry.key.clone(), value(props, given));
    }
    for name in deployment.parameters.keys() {
        if !values.contains_key(name) {
            let known = values.keys().cloned().collect::<Vec<_>>().join(", ");
            let message = format!(
                "the deployment sets it, and the template does not declare it; declared: {known}"
            );
            findings.add(0, format!("Parameters.{name}"), message);
        }
    }
    values
}

fn value(props: Props<'_>, given: Option<&String>) -> Node {
    props.pass_over(&["Description", "ConstraintDescription", "NoEcho"]);
    let kind = props.one_of("Type", &TYPES);
    if props.node("Type").is_none() {
        props.missing("Type");
    }
    let default = match props.node("Default") {
        // A list's default is text; an empty one is no nothing.
        Some(node) => node.as_text(),
        None => None,
    };
    let listed = kind.is_some_and(|kind| kind.contains("List"));
    let line = props.line;
    let Some(text) = given.cloned().or(default) else {
        props.refuse("", "it has no default, and the deployment does not set it");
        return Node::null(line);
    };
    let values: Vec<String> = if listed {
        let items = text.split(',').map(|item| item.trim().to_owned());
        items.filter(|item| !item.is_empty()).collect()
    } else {
        vec![text.clone()]
    };
    for value in &values {
        check(
            &props,
            value,
            kind.is_some_and(|kind| kind.contains("Number")),
        );
    }
    props.finish();
    if listed {
        Node {
            line,
            kind: Kind::List(
                values
                    .into_iter()
                    .map(|item| Node::text(line, item))
                    .collect(),
            ),
        }
    } else {
        Node::text(line, text)
    }
}

fn check(props: &Props<'_>, value: &str, number: bool) {
    if let Some(pattern) = props.text("AllowedPattern") {
        match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(regex) if regex.is_match(value) => {}
            Ok(_) => props.refuse(
                "AllowedPattern",
                format!("“{value}” does not match {pattern}"),
            ),
            Err(error) => props.refuse("AllowedPattern", format!("it is no pattern: {error}")),
        }
    }
    let allowed: Vec<String> = props
        .list("AllowedValues")
        .iter()
        .filter_map(Node::as_text)
        .collect();
    if !allowed.is_empty() && !allowed.iter().any(|item| item == value) {
        props.refuse(
            "AllowedValues",
            format!("“{value}” is none of {}", allowed.join(", ")),
        );
    }
    let length = u64::try_from(value.chars().count()).unwrap_or(u64::MAX);
    let bounds = (
        props.number("MinLength", 0, 4096),
        props.number("MaxLength", 0, 4096),
    );
    if bounds.0.is_some_and(|least| length < least) || bounds.1.is_some_and(|most| length > most) {
        props.refuse(
            "",
            format!("“{value}” has {length} characters, which MinLength or MaxLength forbids"),
        );
    }
    let (least, most) = (props.text("MinValue"), props.text("MaxValue"));
    if number {
        let read = |text: &str| text.parse::<f64>().ok();
        let Some(found) = read(value) else {
            props.refuse("", format!("“{value}” is no number"));
            return;
        };
        let least = least.as_deref().and_then(read).unwrap_or(f64::NEG_INFINITY);
        let most = most.as_deref().and_then(read).unwrap_or(f64::INFINITY);
        if !(least..=most).contains(&found) {
            props.refuse("", format!("{value} is not within MinValue and MaxValue"));
        }
    }
}
