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

    /// Whether the lower bound at `confidence` is `least` or more: one look at the capital where [`Self::lower`] takes fifty.
    pub(super) fn reaches(&self, least: f64, confidence: f64) -> bool {
        let n = self.count();
        if n == 0 || least <= -1.0 {
            return least <= -1.0;
        }
        let enough = -(1.0 - confidence).ln();
        least <= self.mean()
            && self.log_capital(&stakes(n, enough), f64::midpoint(least, 1.0)) >= enough
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How one difference comes from a number in [0, 1), and the mean of such differences.
    type Draw = (fn(f64) -> f64, f64);

    /// A small generator of numbers in [0, 1), the same on every machine.
    struct Numbers(u64);

    impl Numbers {
        fn next(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    #[test]
    fn the_bounds_hold_as_often_as_they_say() {
        // The last two are as skewed as can be.
        let draws: [Draw; 6] = [
            (|u| if u < 0.5 { 1.0 } else { -1.0 }, 0.0),
            (|u| 2.0 * u - 1.0, 0.0),
            (
                |u| {
                    if u < 0.1 {
                        1.0
                    } else if u < 0.2 {
                        -1.0
                    } else {
                        0.0
                    }
                },
                0.0,
            ),
            (|u| 0.1 * u, 0.05),
            (|u| if u < 0.02 { -1.0 } else { 1.0 / 49.0 }, 0.0),
            (|u| if u < 0.02 { 1.0 } else { -1.0 / 49.0 }, 0.0),
        ];
        const TRIALS: u32 = 300;
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for (case, (draw, mean)) in draws.into_iter().enumerate() {
            for (n, confidence) in [(5, 0.9), (40, 0.95), (200, 0.8)] {
                let mut misses = [0_u32; 2];
                for _ in 0..TRIALS {
                    let sample = Differences::new((0..n).map(|_| draw(numbers.next())));
                    let bounds = sample.bounds(confidence);
                    misses[0] += u32::from(bounds.lower > mean + 1e-9);
                    misses[1] += u32::from(bounds.upper < mean - 1e-9);
                }
                let allowed = (1.0 - confidence) * f64::from(TRIALS);
                assert!(
                    misses.iter().all(|misses| f64::from(*misses) <= allowed),
                    "case {case}, n {n}: {misses:?}"
                );
            }
        }
    }

    #[test]
    fn the_bounds_are_not_needlessly_wide() {
        // Within 2.2 times the normal approximation's width, which is the price of holding for every distribution.
        for (n, won, lost) in [
            (100, 40, 10),
            (300, 150, 15),
            (1_000, 50, 50),
            (3_080, 2_000, 100),
            (10_000, 300, 300),
        ] {
            let bounds = Differences::right_or_wrong(n, won, lost).bounds(0.95);
            let variance = (won + lost) as f64 / n as f64 - bounds.mean.powi(2);
            let normal = 1.645 * (variance / n as f64).sqrt();
            for width in [bounds.mean - bounds.lower, bounds.upper - bounds.mean] {
                assert!(
                    (1.0..2.2).contains(&(width / normal)),
                    "{n}: {}",
                    width / normal
                );
            }
        }
    }

    #[test]
    fn equal_differences_leave_a_width() {
        for n in [1_usize, 10, 100, 1_000, 10_000] {
            for value in [-1.0, 0.0, 0.3, 1.0] {
                let bounds = Differences::new(vec![value; n]).bounds(0.95);
                assert!(
                    bounds.upper - bounds.lower > 0.1 / n as f64,
                    "{n} times {value}: {bounds:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn bounds_stand_around_the_mean(
            values in prop::collection::vec(-1.0..=1.0_f64, 0..60), confidence in 0.501..0.999_999_f64,
        ) {
            let bounds = Differences::new(values.clone()).bounds(confidence);
            prop_assert!((-1.0..=1.0).contains(&bounds.lower) && (-1.0..=1.0).contains(&bounds.upper));
            prop_assert!(bounds.lower <= bounds.mean + 1e-12 && bounds.mean <= bounds.upper + 1e-12);
            let mirrored = Differences::new(values.iter().map(|value| -value)).bounds(confidence);
            prop_assert!((mirrored.lower + bounds.upper).abs() < 1e-9);
        }

        #[test]
        fn a_bound_is_reached_where_it_stands(
            values in prop::collection::vec(-1.0..=1.0_f64, 0..60), confidence in 0.501..0.999_999_f64, least in -1.0..1.0_f64,
        ) {
            let differences = Differences::new(values);
            let lower = differences.lower(confidence);
            for least in [least, lower - 1e-9] {
                prop_assert_eq!(differences.reaches(least, confidence), lower >= least, "{} and {}", lower, least);
            }
            prop_assert!(!differences.reaches(lower + 1e-9, confidence));
        }

        #[test]
        fn more_confidence_is_wider(
            values in prop::collection::vec(-1.0..=1.0_f64, 5..60), a in 0.501..0.999_f64, b in 0.501..0.999_f64,
        ) {
            let differences = Differences::new(values);
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            // The stakes may change with the confidence, which costs at most a little (more below the five prompts that
            // the gate asks for at the least).
            prop_assert!(differences.lower(high) <= differences.lower(low) + 0.05);
        }
    }
}
