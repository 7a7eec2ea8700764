//! Schedule expressions of rules
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>): `rate(…)`, and `cron(…)`
//! for once a day. Times are UTC.

use std::time::Duration;

/// When a rule fires by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Every so often.
    Every(Duration),
    /// Once a day at this time, in UTC.
    Daily {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

const UNDERSTOOD: &str = "understood: rate(5 minutes), rate(1 hour), rate(7 days), and once a day cron(minute hour * * ? *)";

impl Schedule {
    /// Reads an expression.
    ///
    /// # Errors
    /// What EventBridge refuses, and what is not understood here.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inside = |name: &str| {
            let rest = text.strip_prefix(name)?.strip_prefix('(')?;
            rest.strip_suffix(')')
        };
        let found = match (inside("rate"), inside("cron")) {
            (Some(rate), _) => self::rate(rate)?,
            (_, Some(cron)) => self::cron(cron),
            _ => None,
        };
        found.ok_or_else(|| format!("the schedule “{text}” is not understood; {UNDERSTOOD}"))
    }

    /// The time between two firings.
    pub fn period(self) -> Duration {
        match self {
            Self::Every(period) => period,
            Self::Daily { .. } => Duration::from_secs(86_400),
        }
    }
}

fn rate(text: &str) -> Result<Option<Schedule>, String> {
    let Some((number, unit)) = text.split_once(' ') else {
        return Ok(None);
    };
    let Some(number) = number.parse::<u32>().ok().filter(|number| *number > 0) else {
        return Ok(None);
    };
    let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
        "minute" => 60,
        "hour" => 3600,
        "day" => 86_400,
        _ => return Ok(None),
    };
    if (number == 1) == unit.ends_with('s') {
        let one = unit.strip_suffix('s').unwrap_or(unit);
        return Err(format!(
            "EventBridge wants rate(1 {one}) and rate(2 {one}s); here is rate({text})"
        ));
    }
    Ok(Some(Schedule::Every(Duration::from_secs(
        u64::from(number) * seconds,
    ))))
}

fn cron(text: &str) -> Option<Schedule> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, "*", "*", "?", "*"] = fields[..] else {
        return match fields[..] {
            [minute, hour, "?", "*", "*", "*"] => daily(minute, hour),
            _ => None,
        };
    };
    daily(minute, hour)
}

fn daily(minute: &str, hour: &str) -> Option<Schedule> {
    let number = |text: &str, most: u8| text.parse::<u8>().ok().filter(|number| *number <= most);
    Some(Schedule::Daily {
        hour: number(hour, 23)?,
        minute: number(minute, 59)?,
    })
}
