//! Which period to ask for, so that the answer is small and the data are still there.

use jiff::Timestamp;

/// Periods in seconds that CloudWatch keeps sums of: a minute for 15 days, five minutes for 63 days, an hour (and so
/// a day) for 455 days. Source: Amazon CloudWatch User Guide, "Metrics retention".
const PERIODS: [i32; 4] = [60, 300, 3_600, 86_400];

/// No series has more points than this, except over more than 200 days.
const MOST_POINTS: i64 = 200;

/// The finest period with at most 200 points over the span. As spans end about now, it is never finer than what
/// CloudWatch still keeps of the span's beginning.
pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> i32 {
    let span = to.duration_since(from).as_secs();
    PERIODS
        .into_iter()
        .find(|period| span <= i64::from(*period) * MOST_POINTS)
        .unwrap_or(86_400)
}

/// The beginning of the period that a time falls into. CloudWatch's periods begin at multiples of their length.
pub(crate) fn start(time: Timestamp, period: i32) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(period.into())).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_spans_have_long_periods() {
        let from = Timestamp::from_second(1_000_000_061).expect("a time");
        for (hours, expected) in [
            (1, 60),
            (3, 60),
            (4, 300),
            (24, 3_600),
            (168, 3_600),
            (720, 86_400),
        ] {
            let to = Timestamp::from_second(1_000_000_061 + hours * 3_600).expect("a time");
            assert_eq!(seconds(from, to), expected, "{hours} h");
        }
        assert_eq!(start(from, 60).as_second(), 1_000_000_020);
    }
}
