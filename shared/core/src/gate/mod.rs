//! The gate: whether a candidate becomes champion (design section 8). Every comparison is paired, prompt by prompt; the rule
//! for the bounds is in `bound`, what a set can tell apart in `power`, the sentences that people read in `words`.

mod bound;
mod power;
#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests;
mod words;

use serde::{Deserialize, Serialize};

pub use power::{Power, TooFew, power};

use crate::config::{EvaluationConfig, Evidence};
use crate::score::ResolvedMetric;
use bound::Differences;

/// Differences below this are rounding of sums, not of evidence.
const ROUNDING: f64 = 1e-9;

/// What a candidate must reach. The scores are in [0, 1].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateRule {
    /// How the answers were scored; named in the reason.
    pub metric: ResolvedMetric,
    /// What the lower bound of the gain over the base model must reach.
    pub min_gain_over_base: f64,
    /// How far the candidate may stay behind the champion.
    pub max_loss_to_champion: f64,
    /// What of the comparison with the champion must stay within that loss.
    pub evidence: Evidence,
    /// The level of each one-sided bound.
    pub confidence: f64,
}

impl GateRule {
    /// The rule of a configuration, with the metric that its references resolved to.
    #[must_use]
    pub fn new(evaluation: &EvaluationConfig, metric: ResolvedMetric) -> Self {
        Self {
            metric,
            min_gain_over_base: evaluation.min_gain_over_base,
            max_loss_to_champion: evaluation.max_loss_to_champion,
            evidence: evaluation.evidence,
            confidence: evaluation.confidence,
        }
    }
}

/// The scores of one prompt's answers, each in [0, 1]; what is outside is taken as the nearest bound, a NaN as 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The candidate's.
    pub candidate: f64,
    /// The base model's.
    pub base: f64,
    /// The champion's; `None` without a champion, and where the champion was trained on this prompt.
    pub champion: Option<f64>,
}

/// The candidate compared with one other model on the same prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Prompts that were compared.
    pub n: usize,
    /// The candidate's mean score on them.
    pub mean_candidate: f64,
    /// The other model's mean score on them.
    pub mean_other: f64,
    /// The mean of the paired differences; above 0 the candidate is better.
    pub difference: f64,
    /// The difference's lower bound at the rule's confidence.
    pub lower: f64,
    /// The difference's upper bound at the rule's confidence.
    pub upper: f64,
}

/// The gate's decision, with all that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the candidate may become champion.
    pub passed: bool,
    /// Whether candidate and champion cannot be told apart on these prompts.
    pub tie: bool,
    /// The decision in words, with the numbers.
    pub reason: String,
    /// The candidate and the base model.
    pub base: Comparison,
    /// The candidate and the champion, on the prompts that have a champion's score; `None` where no prompt has one.
    pub champion: Option<Comparison>,
    /// How the answers were scored.
    pub metric: ResolvedMetric,
}

/// Decides on a candidate. Over the base: the lower bound of the gain must reach `min_gain_over_base`. To the champion,
/// `balanced`: the upper bound of the difference must not be below zero, nor its estimate below `-max_loss_to_champion`;
/// `strict`: its lower bound must be above `-max_loss_to_champion`. No prompts at all: not passed.
///
/// A run that has a champion but no prompt with its score is judged as one without: whether that may be is the caller's to say.
#[must_use]
pub fn judge(rule: &GateRule, pairs: &[Pair]) -> Verdict {
    let base = compare(rule, pairs.iter().map(|pair| (pair.candidate, pair.base)));
    let champion: Vec<(f64, f64)> = pairs
        .iter()
        .filter_map(|pair| Some((pair.candidate, pair.champion?)))
        .collect();
    let champion = (!champion.is_empty()).then(|| compare(rule, champion));
    let gains = base.n > 0 && base.lower >= rule.min_gain_over_base - ROUNDING;
    let holds = champion
        .as_ref()
        .is_none_or(|champion| not_worse(rule, champion));
    let passed = gains && holds;
    let tie = champion
        .as_ref()
        .is_some_and(|champion| champion.lower <= ROUNDING && champion.upper >= -ROUNDING);
    Verdict {
        passed,
        tie,
        reason: words::reason(rule, &base, gains, champion.as_ref(), tie),
        base,
        champion,
        metric: rule.metric,
    }
}

fn not_worse(rule: &GateRule, champion: &Comparison) -> bool {
    match rule.evidence {
        Evidence::Balanced => {
            champion.upper >= -ROUNDING
                && champion.difference >= -rule.max_loss_to_champion - ROUNDING
        }
        Evidence::Strict => champion.lower > -rule.max_loss_to_champion - ROUNDING,
    }
}

fn compare(rule: &GateRule, pairs: impl IntoIterator<Item = (f64, f64)>) -> Comparison {
    let pairs: Vec<(f64, f64)> = pairs
        .into_iter()
        .map(|(candidate, other)| (in_range(candidate), in_range(other)))
        .collect();
    let mean = |scores: &mut dyn Iterator<Item = f64>| match pairs.len() {
        0 => 0.0,
        n => scores.sum::<f64>() / n as f64,
    };
    let differences = Differences::new(pairs.iter().map(|(candidate, other)| candidate - other));
    let bounds = differences.bounds(rule.confidence);
    Comparison {
        n: pairs.len(),
        mean_candidate: mean(&mut pairs.iter().map(|(candidate, _)| *candidate)),
        mean_other: mean(&mut pairs.iter().map(|(_, other)| *other)),
        difference: bounds.mean,
        lower: bounds.lower,
        upper: bounds.upper,
    }
}

fn in_range(score: f64) -> f64 {
    if score.is_nan() {
        0.0
    } else {
        score.clamp(0.0, 1.0)
    }
}
