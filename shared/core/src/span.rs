//! A span of time as people write it in a configuration: `30s`, `10m`, `6h`, `1d`, `2w`.
//! Only lengths: this module knows no clock and no calendar, so a day is 24 hours and a week is 7 days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time in whole seconds. Stored (serde) as the string that a person would write, such as `"10m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub u64);

/// Why a text is not a [`Span`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// No number, no unit, a fraction, a sign, or an unknown unit.
    #[error(
        "{0:?} is not a length of time: write a whole number and one of the units s, m, h, d, w, such as \"10m\" or \"1d\""
    )]
    Form(String),
    /// Longer than [`Span::MAX`].
    #[error("{0:?} is too long: at most {max} is taken", max = Span::MAX)]
    TooLong(String),
}

const UNITS: [(char, u64); 5] = [
    ('w', 7 * 86_400),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span that [`Span::parse`] takes: ten years of 365 days.
    pub const MAX: Self = Self(3_650 * 86_400);

    /// Reads a whole number and a unit (`s`, `m`, `h`, `d`, `w`), such as `"10m"`. Spaces around it are ignored.
    ///
    /// # Errors
    /// [`SpanError::Form`] for anything else, [`SpanError::TooLong`] above [`Span::MAX`].
    pub fn parse(text: &str) -> Result<Self, SpanError> {
        let form = || SpanError::Form(excerpt(text));
        let trimmed = text.trim();
        let unit = trimmed.chars().next_back().ok_or_else(form)?;
        let (_, seconds) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(form)?;
        let number = &trimmed[..trimmed.len() - unit.len_utf8()];
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let too_long = || SpanError::TooLong(excerpt(text));
        let number: u64 = number.parse().map_err(|_| too_long())?;
        let span = Self(number.checked_mul(*seconds).ok_or_else(too_long)?);
        if span > Self::MAX {
            return Err(too_long());
        }
        Ok(span)
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// A span of whole minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// A span of whole hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(hours * 3_600)
    }

    /// A span of whole days of 24 hours.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(days * 86_400)
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

impl fmt::Display for Span {
    /// The largest of days, hours, minutes and seconds that divides the span: `1d`, `90m`, `45s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (name, seconds) in UNITS.into_iter().filter(|(name, _)| *name != 'w') {
            if self.0.is_multiple_of(seconds) {
                return write!(f, "{}{name}", self.0 / seconds);
            }
        }
        write!(f, "{}s", self.0)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        for (text, seconds, shown) in [
            ("10m", 600, "10m"),
            ("1d", 86_400, "1d"),
            ("24h", 86_400, "1d"),
            ("2w", 1_209_600, "14d"),
            ("90d", 7_776_000, "90d"),
            ("90s", 90, "90s"),
            ("5400s", 5_400, "90m"),
            (" 0s ", 0, "0s"),
            ("3650d", 315_360_000, "3650d"),
        ] {
            let span = Span::parse(text).unwrap();
            assert_eq!(
                (span.as_secs(), span.to_string().as_str()),
                (seconds, shown)
            );
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "", " ", "m", "10", "10 m", "1.5h", "-1d", "+1d", "10M", "10min", "١٠m", "1d2h", "é",
        ] {
            assert_eq!(Span::parse(text), Err(SpanError::Form(text.to_owned())));
        }
        for text in ["3651d", "99999999999999999999s", "18446744073709551615w"] {
            assert_eq!(Span::parse(text), Err(SpanError::TooLong(text.to_owned())));
        }
        assert_eq!(
            Span::parse("3651d").unwrap_err().to_string(),
            "\"3651d\" is too long: at most 3650d is taken"
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*") {
            let _ = Span::parse(&text);
        }

        #[test]
        fn what_is_shown_reads_back(seconds in 0..=Span::MAX.0) {
            let span = Span(seconds);
            prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
            let json = serde_json::to_string(&span).unwrap();
            prop_assert_eq!(serde_json::from_str::<Span>(&json).unwrap(), span);
        }
    }
}
