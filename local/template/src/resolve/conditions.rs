//! Conditions: each found out once, and a circle among them is seen.

use super::Resolver;
use crate::node::{Entry, Node};
use crate::props::Props;

impl Resolver<'_> {
    /// Finds out each condition, so that what is wrong in any is told.
    pub(crate) fn try_conditions(&self) {
        for (name, node) in &self.conditions {
            self.truth_of(name, node.line, &format!("Conditions.{name}"));
        }
    }

    /// The assertions of the section `Rules`
    /// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html>).
    pub(crate) fn assertions(&self, rules: &[Entry]) {
        for rule in rules {
            let place = format!("Rules.{}", rule.key);
            let props = Props::new(place.as_str(), &rule.value, self.findings);
            let holds = props
                .node("RuleCondition")
                .is_none_or(|node| self.truth(node, &place));
            for assertion in props.maps("Assertions") {
                let description = assertion.text("AssertDescription").unwrap_or_default();
                let node = assertion.node("Assert");
                let is_true = node.is_some_and(|node| self.truth(node, &assertion.place));
                if holds && !is_true {
                    assertion.refuse("Assert", format!("it does not hold: {description}"));
                }
                assertion.finish();
            }
            props.finish();
        }
    }

    /// Whether a named condition holds.
    pub(crate) fn truth_of(&self, name: &str, line: usize, place: &str) -> bool {
        let known = self.truths.borrow().get(name).copied();
        match known {
            Some(Some(truth)) => return truth,
            Some(None) => {
                self.findings.add(
                    line,
                    place,
                    format!("the condition {name} depends on itself"),
                );
                return false;
            }
            None => {}
        }
        let Some(node) = self.conditions.get(name).copied() else {
            let names = self
                .conditions
                .keys()
                .copied()
                .collect::<Vec<_>>()
                .join(", ");
            self.findings.add(
                line,
                place,
                format!("the condition {name} is not in the template; there are: {names}"),
            );
            return false;
        };
        self.truths.borrow_mut().insert(name.to_owned(), None);
        let within = format!("Conditions.{name}");
        let truth = self.deeper(line, place, || self.truth(node, &within));
        let truth = truth.unwrap_or(false);
        self.truths
            .borrow_mut()
            .insert(name.to_owned(), Some(truth));
        truth
    }

    /// A parameter that can never be what it is compared with decides nothing.
    fn can_be(&self, parameter: &Node, other: &Node, place: &str) {
        let name = parameter.get("Ref").and_then(Node::as_text);
        let declared = name.and_then(|name| self.declared.iter().find(|entry| entry.key == name));
        let allowed = declared.and_then(|entry| entry.value.get("AllowedValues")?.items());
        let (Some(entry), Some(allowed), Some(text)) = (declared, allowed, other.as_text()) else {
            return;
        };
        let allowed: Vec<String> = allowed.iter().filter_map(Node::as_text).collect();
        if !allowed.contains(&text) {
            let message = format!(
                "{} is never “{text}”; it is one of {}",
                entry.key,
                allowed.join(", ")
            );
            self.findings.add(other.line, place, message);
        }
    }

    fn truth(&self, node: &Node, place: &str) -> bool {
        let truth = self.deeper(node.line, place, || self.truth_one(node, place));
        truth.unwrap_or(false)
    }

    fn truth_one(&self, node: &Node, place: &str) -> bool {
        let wrong = |message: &str| {
            self.findings.add(node.line, place, message);
            false
        };
        let Some([Entry { key, value, line }]) = node.entries() else {
            return wrong("one of Condition, Fn::Equals, Fn::Not, Fn::And, Fn::Or belongs here");
        };
        match (key.as_str(), value.items()) {
            ("Condition", None) => match value.as_text() {
                Some(name) => self.truth_of(&name, *line, place),
                None => wrong("Condition: a condition's name belongs here"),
            },
            ("Fn::Equals", Some([left, right])) => {
                self.can_be(left, right, place);
                self.can_be(right, left, place);
                let text = |side| self.resolve(side, place).map(|node| node.to_json());
                let text = |side| {
                    text(side).map(|value| match value {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    })
                };
                text(left) == text(right)
            }
            ("Fn::Not", Some([of])) => !self.truth(of, place),
            ("Fn::And", Some(all @ [_, _, ..])) => {
                // Each is found out, so that what is wrong in any is told.
                let truths: Vec<bool> = all.iter().map(|of| self.truth(of, place)).collect();
                truths.into_iter().all(|truth| truth)
            }
            ("Fn::Or", Some(any @ [_, _, ..])) => {
                let truths: Vec<bool> = any.iter().map(|of| self.truth(of, place)).collect();
                truths.into_iter().any(|truth| truth)
            }
            ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or", _) => wrong(&format!(
                "{key} has the wrong number of items: Equals takes 2, Not 1, And and Or 2 to 10"
            )),
            _ => wrong(&format!(
                "{key} is not understood here; understood: Condition, Fn::Equals, Fn::Not, Fn::And, Fn::Or"
            )),
        }
    }
}
