//! The gate's decision as people read it in a report.

use super::{Comparison, GateRule};
use crate::config::Evidence;

/// A score or a difference of scores.
pub(super) fn score(score: f64) -> String {
    let shown = format!("{score:.3}");
    if shown == "-0.000" {
        "0.000".to_owned()
    } else {
        shown
    }
}

fn signed(difference: f64) -> String {
    let shown = score(difference);
    if shown.starts_with('-') {
        shown
    } else {
        format!("+{shown}")
    }
}

/// A share as a percentage without needless zeros.
pub(super) fn percent(share: f64) -> String {
    let shown = format!("{:.4}", share * 100.0);
    format!("{} %", shown.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 prompt`, `2 prompts`.
pub(super) fn prompts(n: u64) -> String {
    format!("{n} {}", if n == 1 { "prompt" } else { "prompts" })
}

/// Why the gate decided as it did.
pub(super) fn reason(
    rule: &GateRule,
    base: &Comparison,
    gains: bool,
    champion: Option<&Comparison>,
    tie: bool,
) -> String {
    if base.n == 0 {
        return "Not passed: no prompt was scored, so nothing can be said of the candidate."
            .to_owned();
    }
    let holds = champion.is_none_or(|champion| super::not_worse(rule, champion));
    let mut sentences = vec![match (gains && holds, tie) {
        (true, true) => "Passed, as a tie with the champion.".to_owned(),
        (true, false) => "Passed.".to_owned(),
        (false, _) => "Not passed.".to_owned(),
    }];
    sentences.push(over_base(rule, base, gains));
    match champion {
        Some(champion) => sentences.push(to_champion(rule, champion, holds, tie)),
        None => sentences.push("The candidate was compared to the base model alone.".to_owned()),
    }
    sentences.join(" ")
}

fn over_base(rule: &GateRule, base: &Comparison, gains: bool) -> String {
    let measured = format!(
        "On {} ({}) the candidate scores {} and the base model {}: a difference of {}",
        prompts(base.n as u64),
        rule.metric,
        score(base.mean_candidate),
        score(base.mean_other),
        signed(base.difference),
    );
    let bound = format!(
        "at {} confidence it is at least {}",
        percent(rule.confidence),
        signed(base.lower)
    );
    let needed = signed(rule.min_gain_over_base);
    if gains {
        return format!("{measured}; {bound}, and {needed} is needed.");
    }
    let most = 1.0 - base.mean_other;
    let hint = if most < rule.min_gain_over_base {
        format!(
            " The base model leaves a gain of {} at most, so no candidate can pass: lower evaluation.min_gain_over_base or \
             bring harder prompts.",
            score(most)
        )
    } else if base.difference >= rule.min_gain_over_base {
        " The gain that was measured is large enough, but this many prompts do not show it: bring more.".to_owned()
    } else {
        String::new()
    };
    format!("{measured}; {bound}, but {needed} is needed.{hint}")
}

fn to_champion(rule: &GateRule, champion: &Comparison, holds: bool, tie: bool) -> String {
    let same = format!(
        "Against the champion, on {} that neither was trained on: {} to {}, a difference of {}, at {} confidence not \
         below {} and, likewise, not above {}",
        prompts(champion.n as u64),
        score(champion.mean_candidate),
        score(champion.mean_other),
        signed(champion.difference),
        percent(rule.confidence),
        signed(champion.lower),
        signed(champion.upper),
    );
    let loss = score(rule.max_loss_to_champion);
    let conclusion = match (rule.evidence, holds) {
        (Evidence::Balanced, true) if tie => {
            "they cannot be told apart, and the candidate has learned from fresher data".to_owned()
        }
        (_, true) if champion.lower > 0.0 => "the candidate is better".to_owned(),
        (Evidence::Balanced, true) => format!("within the loss of {loss} that is allowed"),
        (Evidence::Strict, true) => {
            format!("shown to be within the loss of {loss} that is allowed")
        }
        (Evidence::Balanced, false) if champion.upper < 0.0 => {
            "the candidate is significantly worse".to_owned()
        }
        (Evidence::Balanced, false) => format!("a larger loss than the {loss} that is allowed"),
        (Evidence::Strict, false) => {
            format!(
                "evidence = \"strict\" asks for more than -{loss}, which these prompts do not show"
            )
        }
    };
    format!("{same}: {conclusion}.")
}
