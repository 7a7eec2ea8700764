//! `perennial rules`: what data is held against, for all models or for one.

use perennial_dataset::{Rule, rules};

use crate::args::RulesArgs;
use crate::exit::Failure;
use crate::output;
use crate::views::rules::text;

pub(super) fn run(args: &RulesArgs) -> Result<(), Failure> {
    let model = args.model.as_deref().unwrap_or_default();
    let technique = args.technique.as_deref().unwrap_or_default();
    if !is_known(model) {
        return Err(Failure::Usage(format!(
            "no rule names the model {model:?}; what ids contain: {}",
            models().join(", ")
        )));
    }
    let held: Vec<&Rule> = rules()
        .iter()
        .filter(|rule| rule.holds_for(model, technique))
        .collect();
    if args.json {
        return output::print_json(&held);
    }
    output::print(&text(&held, output::width()));
    Ok(())
}

/// Without this, a misspelt id would be answered with the few rules that hold for everything.
fn is_known(model: &str) -> bool {
    model.is_empty() || models().iter().any(|known| model.contains(known))
}

/// What the ids of the models contain that rules name.
fn models() -> Vec<&'static str> {
    let mut models: Vec<_> = rules()
        .iter()
        .flat_map(|rule| rule.applies.models)
        .copied()
        .collect();
    models.sort_unstable();
    models.dedup();
    models
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_model_is_no_model() {
        assert!(is_known("amazon.nova-micro-v1:0:128k") && is_known(""));
        assert!(!is_known("nova-nano") && !is_known("amazon.nova"));
    }
}
