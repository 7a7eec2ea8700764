//! The rules that data is held against.

use perennial_dataset::{Held, Rule};

use crate::output;

/// A table with a row for each rule.
pub(crate) fn text(rules: &[&Rule], width: Option<u16>) -> String {
    let rows = rules.iter().map(|rule| row(rule)).collect();
    let header = [
        "rule",
        "severity",
        "what is checked, and the fix",
        "for, and source",
    ];
    let mut text = output::table(&header, rows, width);
    text.push_str(&format!(
        "\n{}\n",
        output::count(rules.len() as u64, "rule")
    ));
    text
}

fn row(rule: &Rule) -> Vec<String> {
    let severity = match rule.held {
        Held::Finding => rule.severity.as_str(),
        Held::Always => "always held",
        Held::NotChecked => "not checked",
    };
    vec![
        rule.id.to_owned(),
        severity.to_owned(),
        format!("{} Fix: {}", rule.summary, rule.fix),
        format!("{}. Source: {}.", rule.applies.to, rule.source),
    ]
}

#[cfg(test)]
mod tests {
    use perennial_dataset::rules;

    use super::*;

    fn some(ids: &[&str]) -> Vec<&'static Rule> {
        rules()
            .iter()
            .filter(|rule| ids.contains(&rule.id))
            .collect()
    }

    #[test]
    fn a_terminal_shows_each_rule_with_all_that_the_table_says() {
        let rules = some(&["role-order", "secret", "validation-set", "media-size"]);
        insta::assert_snapshot!(text(&rules, Some(110)));
    }

    #[test]
    fn in_a_pipe_a_rule_is_one_line() {
        let all: Vec<&Rule> = rules().iter().collect();
        let text = text(&all, None);
        assert_eq!(text.lines().count(), all.len() + 3);
        assert!(text.lines().all(|line| !line.contains("\\u{")), "{text}");
    }
}
