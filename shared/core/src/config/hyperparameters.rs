//! `hyperparameters` of `[training]` or of a stage: names and values as text, by the service's own names.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::section::{Problems, Section, float, show};

const MAX_HYPERPARAMETERS: usize = 50;
const MAX_HYPERPARAMETER_LENGTH: usize = 100;

/// What Perennial says to a container itself: where the recipe lies. The adapter for SageMaker sets it.
pub const RECIPE_PATH: &str = "sagemaker_recipe_local_path";

/// Hyperparameters that are Perennial's to set, each with the key that does it.
const OURS: &[(&str, &str)] = &[(RECIPE_PATH, "recipe under [training.sagemaker]")];

/// What to do about a hyperparameter of this name, if it is Perennial's to set.
pub(super) fn set_by_us(name: &str) -> Option<String> {
    let (_, instead) = OURS.iter().find(|(ours, _)| *ours == name)?;
    Some(format!(
        "Remove it: Perennial says to the container where the recipe lies, and this would say otherwise. Write {instead}."
    ))
}

/// Names and values are one line. Source: `HyperParameters` of `CreateTrainingJob`, whose pattern for both is `.*` (at most 256 and
/// 2,500 characters); control characters are refused besides, as no trainer wants them and no table shows them.
pub(super) fn is_one_line(text: &str) -> bool {
    text.chars().all(in_a_line)
}

fn in_a_line(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Trainers spell a yes or no differently, so that it is theirs to be copied.
fn fix(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Boolean(_) => {
            "Write it in quotes, as the trainer spells it, such as reasoning_enabled = \"True\" or \"False\".".to_owned()
        }
        _ => format!(
            "Write a number or a string of one line and at most {MAX_HYPERPARAMETER_LENGTH} characters, such as epochCount = 2."
        ),
    }
}

/// The table `hyperparameters` of `[training]` or of a stage.
pub(super) fn hyperparameters(
    training: &Section<'_, '_>,
    problems: &mut Problems,
) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    let Some(table) = training.table("hyperparameters", "training.hyperparameters", problems)
    else {
        return read;
    };
    for (name, value) in table.iter().take(MAX_HYPERPARAMETERS) {
        let short = name.get_ref().chars().take(80);
        let short: String = short.map(|c| if in_a_line(c) { c } else { ' ' }).collect();
        let path = format!("training.hyperparameters.{short}");
        let text = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(|number| number.to_string()),
            DeValue::Float(number) => {
                float(value.get_ref()).map(|_| number.as_str().replace('_', ""))
            }
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        if let Some(fix) = set_by_us(name.get_ref()) {
            problems.add(
                name.span().start,
                &path,
                "this is not the pipeline's to say",
                fix,
            );
            continue;
        }
        let fits =
            |text: &str| (1..=MAX_HYPERPARAMETER_LENGTH).contains(&text.len()) && is_one_line(text);
        match text.filter(|text| fits(text)) {
            Some(text) if fits(name.get_ref()) => {
                read.insert(name.get_ref().to_string(), text);
            }
            _ => {
                let found = format!("found {}", show(value.get_ref()));
                problems.add(value.span().start, &path, found, fix(value.get_ref()));
            }
        }
    }
    if let Some((name, _)) = table.iter().nth(MAX_HYPERPARAMETERS) {
        problems.add(
            name.span().start,
            "training.hyperparameters",
            format!("there are {}", table.len()),
            format!("At most {MAX_HYPERPARAMETERS} are taken."),
        );
    }
    read
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_yes_or_no_is_written_as_the_trainer_spells_it() {
        let text = "technique = \"fine-tuning\"\nbase_model = \"a\"\n[training.hyperparameters]\nreasoning_enabled = true\n";
        let errors = Config::parse(text).unwrap_err();
        assert_eq!(
            errors.to_string(),
            "line 4: training.hyperparameters.reasoning_enabled: found the boolean true. Write it in quotes, as the trainer spells it, \
             such as reasoning_enabled = \"True\" or \"False\"."
        );
    }

    #[test]
    fn a_hyperparameter_is_one_line() {
        for text in ["", "0.1", "ein Wort mehr", "[1, 2]", "naïve"] {
            assert!(is_one_line(text), "{text:?}");
        }
        for text in ["a\nb", "a\r", "a\tb", "a\u{85}b", "a\u{2028}b", "\u{0}"] {
            assert!(!is_one_line(text), "{text:?}");
        }
    }
}
