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
    let defaults = row.hyperparameters.iter();
    let mut resolved: BTreeMap<String, String> = defaults
        .filter_map(|known| Some((known.name.to_owned(), known.default?.to_owned())))
        .collect();
    let mut problems = Vec::new();
    for (name, value) in asked {
        match row.hyperparameters.iter().find(|known| known.name == name) {
            None => problems.push(unknown(row, name)),
            Some(known) if !within(&known.range, value) => {
                problems.push(out_of_range(row, known, value))
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
    }
}

fn unknown(row: &ModelRow, name: &str) -> String {
    let names = row.hyperparameters.iter().map(|known| known.name);
    let found = format!(
        "training.hyperparameters.{name}: {} has no such hyperparameter",
        row.name
    );
    match crate::config::nearest(name, names.clone()) {
        Some(word) => format!("{found}; the nearest is {word}"),
        None => format!("{found}; it takes {}", names.collect::<Vec<_>>().join(", ")),
    }
}

fn out_of_range(row: &ModelRow, known: &Hyperparameter, value: &str) -> String {
    let range = match known.range {
        Range::Whole(low, high) if low == high => format!("{low} only"),
        Range::Whole(low, high) => format!("a whole number from {low} to {high}"),
        Range::Real(low, high) => format!("a number from {low} to {high}"),
    };
    format!(
        "training.hyperparameters.{}: found {value}, and {} takes {range}",
        known.name, row.name
    )
}
