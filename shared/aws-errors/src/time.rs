//! Times between the SDK's type and jiff's.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// From the SDK. A time outside of jiff's years (-9999 to 9999) becomes the nearest end of them.
pub fn timestamp(time: &DateTime) -> Timestamp {
    let nanoseconds = i32::try_from(time.subsec_nanos()).unwrap_or(0);
    Timestamp::new(time.secs(), nanoseconds).unwrap_or(if time.secs() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// To the SDK, in whole milliseconds, earlier rather than later.
pub fn date_time(time: Timestamp) -> DateTime {
    DateTime::from_millis(floor_milliseconds(time))
}

/// Milliseconds since 1970, earlier rather than later.
pub fn floor_milliseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond().div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_in_milliseconds() {
        let time: Timestamp = "2026-11-20T10:11:12.345678Z".parse().expect("valid");
        let back = timestamp(&date_time(time));
        assert_eq!(back.to_string(), "2026-11-20T10:11:12.345Z");
        let before: Timestamp = "1969-12-31T23:59:59.9995Z".parse().expect("valid");
        assert_eq!(floor_milliseconds(before), -1);
    }
}
