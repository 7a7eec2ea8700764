//! Money in whole micro-dollars, so that sums are exact and the same on every machine.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

const MICROS_PER_DOLLAR: i64 = 1_000_000;
const MICROS_PER_CENT: i64 = 10_000;

/// An amount of US dollars, exact to one millionth. Stored (serde) as an integer of micro-dollars.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount (about nine trillion dollars).
    pub const MAX: Self = Self(i64::MAX);

    /// An amount given in millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The amount in millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The amount of `dollars`, rounded UP to the next micro-dollar, so that an estimate is never below what it stands for.
    /// What a decimal such as `1.23` loses as a binary float is not counted as a remainder. An amount beyond the range
    /// becomes the nearest bound, and a NaN becomes [`Usd::MAX`]: what cannot be estimated cannot be afforded.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Self {
        if dollars.is_nan() {
            return Self::MAX;
        }
        let micros = dollars * MICROS_PER_DOLLAR as f64;
        let nearest = micros.round();
        let float_error = 1e-6 + nearest.abs() * 1e-15;
        let whole = if (micros - nearest).abs() <= float_error {
            nearest
        } else {
            micros.ceil()
        };
        Self(whole as i64)
    }

    /// The amount as a float of dollars, for ratios and for display only.
    #[must_use]
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / MICROS_PER_DOLLAR as f64
    }

    /// The sum, or `None` beyond the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The difference, or `None` beyond the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(micros) => Some(Self(micros)),
            None => None,
        }
    }

    /// The sum, held at the range's bounds.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the range's bounds. It may be negative.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Usd {
    type Output = Self;

    /// As [`Usd::saturating_add`]: a sum that is too large stays too large.
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::add)
    }
}

impl fmt::Display for Usd {
    /// `$1.23`: to the cent, a part of a cent counting as a cent (away from zero). Below one cent every digit is shown: `$0.0035`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let cent = MICROS_PER_CENT.unsigned_abs();
        if micros == 0 || micros >= cent {
            let cents = micros.div_ceil(cent);
            return write!(f, "{sign}${}.{:02}", cents / 100, cents % 100);
        }
        let digits = format!("{micros:06}");
        write!(f, "{sign}$0.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shows_cents_and_smaller_parts() {
        for (micros, shown) in [
            (0, "$0.00"),
            (1, "$0.000001"),
            (3_500, "$0.0035"),
            (10_000, "$0.01"),
            (10_001, "$0.02"),
            (1_230_000, "$1.23"),
            (1_230_001, "$1.24"),
            (50_000_000, "$50.00"),
            (-1_230_000, "-$1.23"),
            (-100, "-$0.0001"),
            (i64::MIN, "-$9223372036854.78"),
        ] {
            assert_eq!(Usd::from_micros(micros).to_string(), shown);
        }
    }

    #[test]
    fn rounds_up_what_is_a_true_remainder_only() {
        for (dollars, micros) in [
            (1.23, 1_230_000),
            (0.1 + 0.2, 300_000),
            (0.000_000_4, 1),
            (1.000_000_1, 1_000_001),
            (0.0, 0),
            (1e-9, 1),
            (f64::INFINITY, i64::MAX),
            (f64::NEG_INFINITY, i64::MIN),
            (f64::NAN, i64::MAX),
        ] {
            assert_eq!(Usd::from_dollars(dollars).micros(), micros, "{dollars}");
        }
    }

    #[test]
    fn sums_are_held_at_the_bounds() {
        let one = Usd::from_micros(1);
        assert_eq!(Usd::MAX.checked_add(one), None);
        assert_eq!(Usd::MAX.saturating_add(one), Usd::MAX);
        assert_eq!(Usd::ZERO.checked_sub(one), Some(Usd::from_micros(-1)));
        assert_eq!([one, one, Usd::MAX].into_iter().sum::<Usd>(), Usd::MAX);
        assert_eq!(serde_json::to_string(&Usd::from_micros(7)).unwrap(), "7");
    }

    proptest! {
        #[test]
        fn an_estimate_is_not_below_its_amount(dollars in 0.0..1e6_f64) {
            let usd = Usd::from_dollars(dollars);
            prop_assert!(usd.as_dollars() >= dollars - 1e-9);
            prop_assert!(usd.as_dollars() <= dollars + 2e-6);
        }

        #[test]
        fn never_panics(dollars in any::<f64>()) {
            let _ = Usd::from_dollars(dollars).to_string();
        }
    }
}
