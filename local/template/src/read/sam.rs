//! What AWS SAM does to a template before CloudFormation sees it: `Globals` are merged, and roles and rules are made
//! (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>,
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html>).

use crate::node::{Entry, Kind, Node};
use crate::resolve::Declared;

/// The resources that SAM makes of a function and that the template may refer to: its role, and a rule for each event.
pub(super) fn implied<'t>(entry: &'t Entry, of: &Declared<'t>) -> Vec<(String, Declared<'t>)> {
    if of.kind != "AWS::Serverless::Function" {
        return Vec::new();
    }
    let made = |kind: &str, properties| Declared {
        kind: kind.to_owned(),
        properties,
        ..of.clone()
    };
    let mut all = Vec::new();
    if of.properties.and_then(|own| own.get("Role")).is_none() {
        all.push((format!("{}Role", entry.key), made("AWS::IAM::Role", None)));
    }
    let events = of.properties.and_then(|own| own.get("Events")?.entries());
    for event in events.unwrap_or_default() {
        let kind = event.value.get("Type").and_then(Node::as_text);
        if matches!(
            kind.as_deref(),
            Some("EventBridgeRule" | "CloudWatchEvent" | "Schedule")
        ) {
            // Named by `Name` where the template names it, as a rule of CloudFormation's is; `RuleName` is SAM's word.
            let rule = made("AWS::Events::Rule", event.value.get("Properties"));
            all.push((format!("{}{}", entry.key, event.key), rule));
        }
    }
    all
}

/// `Globals` and a function's own properties: maps are merged, lists are joined, and of others the own one counts.
pub(super) fn merge(global: &Node, own: &Node) -> Node {
    let kind = match (&global.kind, &own.kind) {
        (_, Kind::Null) => global.kind.clone(),
        (Kind::Map(below), Kind::Map(above)) if !is_intrinsic(below) && !is_intrinsic(above) => {
            let mut merged = below.clone();
            for entry in above {
                match merged.iter_mut().find(|other| other.key == entry.key) {
                    Some(other) => {
                        other.value = merge(&other.value, &entry.value);
                        other.line = entry.line;
                    }
                    None => merged.push(entry.clone()),
                }
            }
            Kind::Map(merged)
        }
        (Kind::List(below), Kind::List(above)) => {
            Kind::List(below.iter().chain(above).cloned().collect())
        }
        _ => own.kind.clone(),
    };
    Node {
        line: own.line,
        kind,
    }
}

fn is_intrinsic(entries: &[Entry]) -> bool {
    matches!(entries, [entry] if entry.key == "Ref" || entry.key.starts_with("Fn::"))
}
