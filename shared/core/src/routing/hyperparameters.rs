//! The hyperparameters of a job: the model's defaults, overridden by the configuration, each checked against its range.

use std::collections::BTreeMap;

use super::RoutingError;
use super::table::{Hyperparameter, ModelRow, Range};

/// How often training goes through the data; every model has it.
pub(super) const EPOCHS: &str = "epochCount";

/// Merges what was `asked` into the row's defaults.
pub(super) fn resolve(
    row: &ModelRow,
    asked: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, RoutingError> {
    resolve_from(row.name, row.hyperparameters, asked)
}

/// The same for a job that takes other hyperparameters than the model's fine-tuning.
pub(super) fn resolve_from(
    model: &str,
    known: &[Hyperparameter],
    asked: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, RoutingError> {
    let defaults = known.iter();
    let mut resolved: BTreeMap<String, String> = defaults
        .filter_map(|known| Some((known.name.to_owned(), known.default?.to_owned())))
        .collect();
    let mut problems = Vec::new();
    for (name, value) in asked {
        match known.iter().find(|known| known.name == name) {
            None => problems.push(unknown(model, known, name)),
            Some(known) if !within(&known.range, value) => {
                problems.push(out_of_range(model, known, value))
            }
            Some(_) => {
                resolved.insert(name.clone(), value.clone());
            }
        }
    }
    if problems.is_empty() {
        Ok(resolved)
    } else {
        Err(RoutingError::Hyperparameters { problems })
    }
}

fn within(range: &Range, value: &str) -> bool {
    match range {
        Range::Whole(low, high) => value
            .parse()
            .is_ok_and(|value: i64| (*low..=*high).contains(&value)),
        Range::Real(low, high) => value
            .parse()
            .is_ok_and(|value: f64| (*low..=*high).contains(&value)),
        Range::OneOf(values) => values.contains(&value),
    }
}

fn unknown(model: &str, known: &[Hyperparameter], name: &str) -> String {
    let names = known.iter().map(|known| known.name);
    let found = format!("training.hyperparameters.{name}: {model} has no such hyperparameter");
    match crate::config::nearest(name, names.clone()) {
        Some(word) => format!("{found}; the nearest is {word}"),
        None => format!("{found}; it takes {}", names.collect::<Vec<_>>().join(", ")),
    }
}

fn out_of_range(model: &str, known: &Hyperparameter, value: &str) -> String {
    let range = match known.range {
        Range::Whole(low, high) if low == high => format!("{low} only"),
        Range::Whole(low, high) => format!("a whole number from {low} to {high}"),
        Range::Real(low, high) => format!("a number from {low} to {high}"),
        Range::OneOf(values) => format!("one of {}", values.join(", ")),
    };
    format!(
        "training.hyperparameters.{}: found {value}, and {model} takes {range}",
        known.name
    )
}
