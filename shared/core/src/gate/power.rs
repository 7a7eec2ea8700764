//! What an evaluation set can tell apart, said before money is spent; a set that no candidate could pass is refused.

use serde::{Deserialize, Serialize};

use super::bound::Differences;
use super::words::{percent, prompts, score};
use super::{GateRule, ROUNDING};
use crate::config::Evidence;

/// The share of prompts on which even a good candidate is taken to do worse than the other model.
const USUAL_LOSSES: f64 = 0.05;
/// Sets below this size tell only large differences apart.
const ENOUGH_IN_PRACTICE: u64 = 100;
/// More prompts than this are not looked for.
const MOST_PROMPTS: u64 = 10_000_000;

/// What a set of `n` prompts can tell apart, for answers that are right or wrong; partial scores vary less, and do better.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Prompts in the set.
    pub n: u64,
    /// The smallest gain over the base model that passes if the candidate does worse on no prompt.
    pub smallest_gain_at_best: f64,
    /// The smallest gain over the base model that passes if the candidate does worse on 5 % of the prompts (one at least); `None` if none does.
    pub smallest_gain_detectable: Option<f64>,
    /// With a champion. `balanced`: the smallest loss to it that counts as significant, where the candidate does better on
    /// 5 % of the prompts. `strict`: none.
    pub smallest_loss_detectable: Option<f64>,
    /// With a champion and `strict`: how many prompts an equal candidate needs, where each does better on 5 % of them.
    pub prompts_for_an_equal: Option<u64>,
    /// All this in words.
    pub words: String,
}

/// Too few prompts: even a candidate that answers all of them, where the other models answer none, could not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct TooFew {
    /// Prompts in the set.
    pub n: u64,
    /// How many prompts would do for a perfect candidate.
    pub needed: u64,
    /// What to do, in words.
    pub message: String,
}

/// What `n` prompts can tell apart under a rule.
///
/// # Errors
/// [`TooFew`] where even a perfect candidate could not pass, with how many prompts would do.
pub fn power(rule: &GateRule, n: usize, has_champion: bool) -> Result<Power, TooFew> {
    let n = n as u64;
    if !perfect_passes(rule, n) {
        return Err(too_few(rule, n));
    }
    let passes = |won, lost| {
        Differences::right_or_wrong(n, won, lost)
            .reaches(rule.min_gain_over_base - ROUNDING, rule.confidence)
    };
    let at_best = least(0, n, |won| passes(won, 0)).unwrap_or(n);
    let lost = usual_losses(n);
    let usual = least(lost, n - lost, |won| passes(won, lost)).map(|won| won - lost);
    let share = |count: u64| count as f64 / n as f64;
    let balanced = has_champion && rule.evidence == Evidence::Balanced;
    let significant = |lost_to: u64| {
        // The other way round: the upper bound is below zero where the lower one of the loss is above it.
        Differences::right_or_wrong(n, lost_to, lost).reaches(ROUNDING, rule.confidence)
    };
    let loss = if balanced {
        least(lost, n - lost, significant).map(|lost_to| lost_to - lost)
    } else {
        None
    };
    let equal = if has_champion && rule.evidence == Evidence::Strict {
        prompts_until(|n| {
            let each = usual_losses(n).min(n / 2);
            Differences::right_or_wrong(n, each, each)
                .reaches(-rule.max_loss_to_champion, rule.confidence)
        })
    } else {
        None
    };
    let mut power = Power {
        n,
        smallest_gain_at_best: share(at_best),
        smallest_gain_detectable: usual.map(share),
        smallest_loss_detectable: loss.map(share),
        prompts_for_an_equal: equal,
        words: String::new(),
    };
    power.words = words(rule, &power, has_champion);
    Ok(power)
}

/// The prompts that [`USUAL_LOSSES`] comes to: one at least.
fn usual_losses(n: u64) -> u64 {
    (USUAL_LOSSES * n as f64).ceil() as u64
}

fn perfect_passes(rule: &GateRule, n: u64) -> bool {
    n > 0
        && Differences::right_or_wrong(n, n, 0)
            .reaches(rule.min_gain_over_base - ROUNDING, rule.confidence)
}

fn too_few(rule: &GateRule, n: u64) -> TooFew {
    let needed = prompts_until(|n| perfect_passes(rule, n));
    let asked = format!(
        "{} cannot show a gain of {} over the base model at {} confidence, not even for a candidate that answers all of \
         them and a base model that answers none.",
        if n == 0 {
            "An evaluation set without prompts".to_owned()
        } else {
            prompts(n)
        },
        score(rule.min_gain_over_base),
        percent(rule.confidence),
    );
    let message = match needed {
        Some(needed) => {
            let hint = if needed < ENOUGH_IN_PRACTICE {
                "; a few hundred tell real candidates apart"
            } else {
                ""
            };
            format!(
                "{asked} The smallest set that could is one of {needed}{hint}. Add prompts with reference answers under \
                 eval/, raise evaluation.holdout, or upload more data."
            )
        }
        None => format!("{asked} No set could: lower evaluation.min_gain_over_base."),
    };
    TooFew {
        n,
        needed: needed.unwrap_or(u64::MAX),
        message,
    }
}

/// The least count in `from..=to` for which `passes`, which stays true once it is.
fn least(from: u64, to: u64, passes: impl Fn(u64) -> bool) -> Option<u64> {
    if from > to || !passes(to) {
        return None;
    }
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if passes(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}

/// About the fewest prompts for which `passes`: it is true of the answer.
fn prompts_until(passes: impl Fn(u64) -> bool) -> Option<u64> {
    let mut enough = 1;
    while !passes(enough) {
        enough *= 2;
        if enough > MOST_PROMPTS {
            return None;
        }
    }
    least(enough / 2, enough, passes)
}

fn words(rule: &GateRule, power: &Power, has_champion: bool) -> String {
    let n = prompts(power.n);
    let mut sentences = vec![format!(
        "With {n}, a candidate passes over the base model from a gain of {} on, if it answers no prompt worse",
        score(power.smallest_gain_at_best)
    )];
    sentences[0].push_str(&match power.smallest_gain_detectable {
        Some(gain) => format!(
            "; from {} on, if it answers {} of them worse.",
            score(gain),
            percent(USUAL_LOSSES)
        ),
        None => format!(
            "; it does not pass if it answers {} of them worse.",
            percent(USUAL_LOSSES)
        ),
    });
    if !has_champion {
        return sentences.remove(0);
    }
    let allowed = score(rule.max_loss_to_champion);
    sentences.push(match (rule.evidence, power.smallest_loss_detectable, power.prompts_for_an_equal) {
        (Evidence::Balanced, Some(loss), _) if loss <= rule.max_loss_to_champion => format!(
            "Against the champion, a measured loss of more than {allowed} declines it, and from about {} on one that is \
             significant.",
            score(loss)
        ),
        (Evidence::Balanced, _, _) => format!(
            "Against the champion, a measured loss of more than {allowed} declines it; these prompts cannot show a smaller one."
        ),
        (Evidence::Strict, _, Some(needed)) if needed > power.n => format!(
            "Against the champion, evidence = \"strict\" lets an equal candidate pass from about {needed} prompts on, so \
             with {} it must be better.",
            power.n
        ),
        (Evidence::Strict, _, Some(_)) => {
            "Against the champion, that is enough for evidence = \"strict\" to let an equal candidate pass.".to_owned()
        }
        (Evidence::Strict, _, None) => {
            "Against the champion, evidence = \"strict\" with this max_loss_to_champion asks every candidate to be better."
                .to_owned()
        }
    });
    sentences.join(" ")
}
