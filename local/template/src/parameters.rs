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
    let constraints = Constraints::read(&props, kind.is_some_and(|kind| kind.contains("Number")));
    for value in &values {
        constraints.check(&props, value);
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

/// What every value must keep to: of a list, each of its items.
#[derive(Default)]
struct Constraints {
    pattern: Option<(String, Regex)>,
    allowed: Vec<String>,
    length: (Option<u64>, Option<u64>),
    is_number: bool,
    bounds: (Option<f64>, Option<f64>),
}

impl Constraints {
    fn read(props: &Props<'_>, is_number: bool) -> Self {
        let pattern = props.text("AllowedPattern").and_then(|text| {
            let regex = Regex::new(&format!("^(?:{text})$"))
                .inspect_err(|error| {
                    props.refuse("AllowedPattern", format!("it is no pattern: {error}"));
                })
                .ok()?;
            Some((text, regex))
        });
        let bound = |key| {
            let text = props.text(key)?;
            let number = text.parse::<f64>().ok();
            if number.is_none() {
                props.refuse(key, format!("“{text}” is no number"));
            }
            number
        };
        let allowed = props.list("AllowedValues").iter();
        Self {
            pattern,
            allowed: allowed.filter_map(Node::as_text).collect(),
            length: (
                props.number("MinLength", 0, 4096),
                props.number("MaxLength", 0, 4096),
            ),
            is_number,
            bounds: (bound("MinValue"), bound("MaxValue")),
        }
    }

    fn check(&self, props: &Props<'_>, value: &str) {
        if let Some((text, regex)) = &self.pattern
            && !regex.is_match(value)
        {
            props.refuse("AllowedPattern", format!("“{value}” does not match {text}"));
        }
        if !self.allowed.is_empty() && !self.allowed.iter().any(|item| item == value) {
            let allowed = self.allowed.join(", ");
            props.refuse("AllowedValues", format!("“{value}” is none of {allowed}"));
        }
        let length = u64::try_from(value.chars().count()).unwrap_or(u64::MAX);
        let (least, most) = self.length;
        if least.is_some_and(|least| length < least) || most.is_some_and(|most| length > most) {
            props.refuse(
                "",
                format!("“{value}” has {length} characters, which MinLength or MaxLength forbids"),
            );
        }
        if !self.is_number {
            return;
        }
        match value.parse::<f64>() {
            Err(_) => props.refuse("", format!("“{value}” is no number")),
            Ok(found) => {
                let (least, most) = self.bounds;
                if least.is_some_and(|least| found < least) || most.is_some_and(|most| found > most)
                {
                    props.refuse("", format!("{value} is not within MinValue and MaxValue"));
                }
            }
        }
    }
}
