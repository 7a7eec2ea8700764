//! `Condition`: operators, keys and values, read strictly and tested as AWS documents it.
//!
//! Source: IAM User Guide, "Condition operators" and "Set operators for multivalued context keys"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>).
//! Operators for dates, bytes and addresses are not read: no policy here uses them.

use std::fmt;

use serde_json::Value;

use crate::Context;
use crate::catalog::{self, Values};
use crate::glob;

/// How one value of the request is compared with one value of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Same,
    SameAnyCase,
    Like,
    Arn,
    Number(Order),
    Bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How several values of a request count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    One,
    ForAllValues,
    ForAnyValue,
}

#[derive(Debug, Clone, PartialEq)]
enum Operator {
    Compare {
        how: Compare,
        negated: bool,
        quantifier: Quantifier,
        if_exists: bool,
    },
    /// `true`: the key must be absent.
    Null,
}

/// One operator with one key and the values of the policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Test {
    operator: Operator,
    /// As the policy writes it.
    name: String,
    pub(crate) key: String,
    values: Vec<String>,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.name, self.key, self.values)
    }
}

/// Reads one operator's name.
fn operator(name: &str) -> Option<Operator> {
    if name == "Null" {
        return Some(Operator::Null);
    }
    let (quantifier, rest) = match name.split_once(':') {
        None => (Quantifier::One, name),
        Some(("ForAllValues", rest)) => (Quantifier::ForAllValues, rest),
        Some(("ForAnyValue", rest)) => (Quantifier::ForAnyValue, rest),
        Some(_) => return None,
    };
    let (bare, if_exists) = match rest.strip_suffix("IfExists") {
        Some(bare) => (bare, true),
        None => (rest, false),
    };
    let (how, negated) = match bare {
        "StringEquals" => (Compare::Same, false),
        "StringNotEquals" => (Compare::Same, true),
        "StringEqualsIgnoreCase" => (Compare::SameAnyCase, false),
        "StringNotEqualsIgnoreCase" => (Compare::SameAnyCase, true),
        "StringLike" => (Compare::Like, false),
        "StringNotLike" => (Compare::Like, true),
        "ArnEquals" | "ArnLike" => (Compare::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Compare::Arn, true),
        "NumericEquals" => (Compare::Number(Order::Equal), false),
        "NumericNotEquals" => (Compare::Number(Order::Equal), true),
        "NumericLessThan" => (Compare::Number(Order::Less), false),
        "NumericLessThanEquals" => (Compare::Number(Order::LessOrEqual), false),
        "NumericGreaterThan" => (Compare::Number(Order::Greater), false),
        "NumericGreaterThanEquals" => (Compare::Number(Order::GreaterOrEqual), false),
        "Bool" => (Compare::Bool, false),
        _ => return None,
    };
    Some(Operator::Compare {
        how,
        negated,
        quantifier,
        if_exists,
    })
}

impl Test {
    /// Reads one entry of `Condition`; an error says what is wrong with it.
    pub(crate) fn read(name: &str, key: &str, values: &Value) -> Result<Self, String> {
        let operator = operator(name)
            .ok_or_else(|| format!("{name} is no condition operator that is read here"))?;
        let values = match values {
            Value::Array(values) if values.is_empty() => return Err("it has no value".into()),
            Value::Array(values) => values.iter().map(scalar).collect::<Result<_, _>>()?,
            one => vec![scalar(one)?],
        };
        let test = Self {
            operator,
            name: name.to_owned(),
            key: key.to_owned(),
            values,
        };
        test.check().map(|()| test)
    }

    fn check(&self) -> Result<(), String> {
        let bools = || {
            let wrong = self
                .values
                .iter()
                .find(|value| !matches!(value.as_str(), "true" | "false"));
            wrong.map_or(Ok(()), |wrong| {
                Err(format!("{wrong:?} is neither true nor false"))
            })
        };
        let Operator::Compare {
            how, quantifier, ..
        } = &self.operator
        else {
            return bools();
        };
        match (catalog::values_of(&self.key), quantifier) {
            (Values::Many, Quantifier::One) => {
                return Err(format!(
                    "{} may have several values; write ForAllValues:{1} or ForAnyValue:{1}",
                    self.key, self.name
                ));
            }
            (Values::One, Quantifier::ForAllValues | Quantifier::ForAnyValue) => {
                return Err(format!(
                    "{} has one value; write the operator without ForAllValues and ForAnyValue",
                    self.key
                ));
            }
            _ => {}
        }
        match how {
            Compare::Bool => bools(),
            Compare::Number(_) => {
                let wrong = self.values.iter().find(|value| number(value).is_none());
                wrong.map_or(Ok(()), |wrong| Err(format!("{wrong:?} is no number")))
            }
            Compare::Arn => {
                let wrong = self
                    .values
                    .iter()
                    .find(|value| value.split(':').count() < 6);
                wrong.map_or(Ok(()), |wrong| Err(format!("{wrong:?} is no ARN")))
            }
            Compare::Same | Compare::SameAnyCase | Compare::Like => Ok(()),
        }
    }

    /// Whether a request without the key is what this asks about, so that the key need not be carried.
    pub(crate) fn minds_absence(&self) -> bool {
        match &self.operator {
            Operator::Null => true,
            Operator::Compare { if_exists, .. } => *if_exists,
        }
    }

    /// Whether the key has this service's prefix.
    pub(crate) fn is_of(&self, service: &str) -> bool {
        let prefix = self.key.split_once(':').map(|(prefix, _)| prefix);
        prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(service))
    }

    /// Whether the request passes.
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let found = context.get(&self.key);
        let Operator::Compare {
            how,
            negated,
            quantifier,
            if_exists,
        } = self.operator
        else {
            let absent = found.is_none_or(<[_]>::is_empty);
            return self.values.iter().any(|value| (value == "true") == absent);
        };
        // A negated operator passes where no value of the policy matches.
        let passes = |found: &String| {
            let matched = self.values.iter().any(|wanted| compare(how, wanted, found));
            matched != negated
        };
        // To the set operators, empty texts are no values.
        let is_value = |value: &&String| quantifier == Quantifier::One || !value.is_empty();
        let found = found.into_iter().flatten().filter(is_value);
        let found: Vec<&String> = found.collect();
        if found.is_empty() {
            return match quantifier {
                Quantifier::One => negated || if_exists,
                Quantifier::ForAllValues => true,
                Quantifier::ForAnyValue => if_exists,
            };
        }
        match quantifier {
            Quantifier::One | Quantifier::ForAllValues => found.into_iter().all(passes),
            Quantifier::ForAnyValue => found.into_iter().any(passes),
        }
    }
}

fn compare(how: Compare, wanted: &str, found: &str) -> bool {
    match how {
        Compare::Same => wanted == found,
        Compare::SameAnyCase => wanted.to_lowercase() == found.to_lowercase(),
        Compare::Like => glob::matches(wanted, found),
        Compare::Arn => glob::matches_arn(wanted, found),
        Compare::Bool => wanted.eq_ignore_ascii_case(found),
        Compare::Number(order) => match (number(found), number(wanted)) {
            (Some(found), Some(wanted)) => match order {
                Order::Equal => found == wanted,
                Order::Less => found < wanted,
                Order::LessOrEqual => found <= wanted,
                Order::Greater => found > wanted,
                Order::GreaterOrEqual => found >= wanted,
            },
            _ => false,
        },
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A value as text: policies write numbers and booleans bare or quoted.
fn scalar(value: &Value) -> Result<String, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        other => return Err(format!("{other} is no string, number or boolean")),
    };
    if text.contains("${") {
        return Err(format!(
            "{text:?} holds a policy variable, which is not read here; write the value out"
        ));
    }
    Ok(text)
}
