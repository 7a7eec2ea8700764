//! The confidence bound of a mean paired difference.
//!
//! A score lies in [0, 1], so a paired difference lies in [-1, 1]; nothing else is assumed of its distribution. A t interval
//! is wrong exactly where it matters here: with few prompts, or when all of them agree (then its width is zero). So the bound
//! is a betting bound (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024) in
//! its form with fixed stakes, which does not depend on the order of the prompts:
//!
//! With x = (d + 1) / 2 in [0, 1] and a stake s in (0, 1], the capital of a player who bets that the mean exceeds m is
//! the product of 1 + s (x - m) / m. Were m the true mean, its expectation would be 1, for each stake and so for the
//! average over a set of stakes; by Markov's inequality the average reaches 1 / alpha with probability alpha at most. The
//! lower bound is the largest m at which it does. Small stakes suit many prompts, large ones few; the set is fixed by the
//! number of prompts alone. The bound holds for every n and every distribution, adapts to the variance, never falls
//! when a score rises, and keeps a width of its own at zero variance: with n equal differences of 1 it is about alpha^(1/n).

/// A mean paired difference with its two one-sided bounds, each of which holds at the given confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) mean: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// Distinct differences in [-1, 1], ascending, with how often each stands.
#[derive(Debug, Clone)]
pub(super) struct Differences(Vec<(f64, u64)>);

impl Differences {
    pub(super) fn new(differences: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = differences.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let mut counted: Vec<(f64, u64)> = Vec::new();
        for difference in sorted {
            match counted.last_mut() {
                Some((last, count)) if *last == difference => *count += 1,
                _ => counted.push((difference, 1)),
            }
        }
        Self(counted)
    }

    /// Of `n` prompts, `won` that the candidate alone answers, `lost` that the other alone answers, and the rest equal.
    pub(super) fn right_or_wrong(n: u64, won: u64, lost: u64) -> Self {
        Self(vec![
            (-1.0, lost),
            (0.0, n.saturating_sub(won + lost)),
            (1.0, won),
        ])
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    fn mean(&self) -> f64 {
        let sum: f64 = self
            .0
            .iter()
            .map(|(value, count)| value * *count as f64)
            .sum();
        match self.count() {
            0 => 0.0,
            count => sum / count as f64,
        }
    }

    fn negated(&self) -> Self {
        Self(
            self.0
                .iter()
                .rev()
                .map(|(value, count)| (-value, *count))
                .collect(),
        )
    }

    /// The mean, and both bounds at `confidence`; without any difference, the whole range.
    pub(super) fn bounds(&self, confidence: f64) -> Bounds {
        Bounds {
            mean: self.mean(),
            lower: self.lower(confidence),
            upper: -self.negated().lower(confidence),
        }
    }

    /// The lower bound at `confidence`.
    pub(super) fn lower(&self, confidence: f64) -> f64 {
        let n = self.count();
        if n == 0 {
            return -1.0;
        }
        let enough = -(1.0 - confidence).ln();
        let stakes = stakes(n, enough);
        // The capital falls as m rises, and at the sample mean no player has won: the bound is between 0 and there.
        let mut low = 0.0;
        let mut high = (self.mean() + 1.0) / 2.0;
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            if self.log_capital(&stakes, middle) >= enough {
                low = middle;
            } else {
                high = middle;
            }
        }
        2.0 * low - 1.0
    }

    /// The logarithm of the players' average capital against the mean `m`.
    fn log_capital(&self, stakes: &[f64], m: f64) -> f64 {
        if m <= 0.0 {
            return f64::INFINITY;
        }
        let logs = stakes.iter().map(|stake| {
            let gains = self
                .0
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(value, count)| {
                    let x = (value + 1.0) / 2.0;
                    *count as f64 * (1.0 - stake + stake * x / m).ln()
                });
            gains.sum::<f64>()
        });
        let logs: Vec<f64> = logs.collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most.is_infinite() {
            return most;
        }
        let sum: f64 = logs.iter().map(|log| (log - most).exp()).sum();
        most + (sum / stakes.len() as f64).ln()
    }
}

/// Halvings of an interval of length 1 or less: the bound is exact to about 1e-15.
const BISECTIONS: u32 = 50;

/// The stakes for `n` prompts: 1, 1/2, 1/4 … down to the one that is best at the largest variance, about sqrt(2 enough / n).
fn stakes(n: u64, enough: f64) -> Vec<f64> {
    let least = (2.0 * enough / n as f64).sqrt().min(1.0);
    let mut stakes = vec![1.0];
    let mut stake = 0.5;
    while stake > least / 2.0 && stakes.len() < 40 {
        stakes.push(stake);
        stake /= 2.0;
    }
    stakes
}
