//! When uploads become a run: every condition of `[trigger]` must hold, and people are told which does not.

use jiff::{SignedDuration, Timestamp};

use super::Pipeline;
use crate::span::Span;

/// Whether a run is to be opened now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Yes.
    Open {
        /// Why, in words.
        because: String,
    },
    /// Not yet.
    Wait {
        /// When time alone will change that.
        until: Option<Timestamp>,
        /// What is missing, in words.
        missing: Vec<String>,
    },
}

/// A time plus a span, at the end of time if it must be.
pub(crate) fn after(time: Timestamp, span: Span) -> Timestamp {
    let span = SignedDuration::from_secs(i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// Looks at a pipeline that collects.
pub fn trigger(pipeline: &Pipeline, now: Timestamp) -> Trigger {
    let never = |missing: String| Trigger::Wait {
        until: None,
        missing: vec![missing],
    };
    let Some(in_force) = &pipeline.config else {
        return never(format!(
            "a configuration: upload pipelines/{}.toml",
            pipeline.name
        ));
    };
    if let Some(run) = &pipeline.active_run {
        return never(format!("the end of run {run}: one run at a time"));
    }
    if let Some(moving) = &pipeline.moving {
        return never(format!(
            "the alias, which moves to {}: a run is compared to what serves",
            moving.to.model
        ));
    }
    if let Some(reason) = &pipeline.paused {
        return never(format!(
            "`perennial resume {}`: paused, as {reason}",
            pipeline.name
        ));
    }
    if let Some(trial) = &pipeline.tried {
        return Trigger::Open {
            because: format!("trial {trial} passed"),
        };
    }
    if pipeline.start_requested {
        return Trigger::Open {
            because: "a person asked for it (`perennial start`)".into(),
        };
    }
    let unchanged = pipeline.failed_at == Some(pipeline.changes);
    if let Some(nothing) = pipeline.nothing_to_train.as_ref().filter(|_| unchanged) {
        return never(format!(
            "a change: no run could be opened, as {} (or `perennial start {}`, which tries again)",
            nothing.reason, pipeline.name
        ));
    }
    if unchanged {
        return never(format!(
            "a change: the last run ended without a verdict, or was a trial that did not pass, and nothing was uploaded since (or `perennial start \
             {}`)",
            pipeline.name
        ));
    }
    let rule = &in_force.config.trigger;
    let mut missing = Vec::new();
    let mut until = None::<Timestamp>;
    if pipeline.pending_uploads == 0 || pipeline.pending_records < rule.min_records {
        missing.push(format!(
            "{} of {} new records",
            pipeline.pending_records,
            rule.min_records.max(1)
        ));
    }
    let mut not_before = |time: Timestamp, words: String| {
        if time > now {
            missing.push(words);
            until = Some(until.map_or(time, |until| until.max(time)));
        }
    };
    if let Some(last) = pipeline.last_accepted {
        not_before(
            after(last, rule.quiet_for),
            format!("{} without a further upload", rule.quiet_for),
        );
    }
    if let Some(last) = pipeline.last_opened {
        not_before(
            after(last, rule.at_most_every),
            format!("{} since the last run was opened", rule.at_most_every),
        );
    }
    if missing.is_empty() {
        Trigger::Open {
            because: format!(
                "{} new records in {} uploads (at least {} are wanted)",
                pipeline.pending_records, pipeline.pending_uploads, rule.min_records
            ),
        }
    } else {
        let enough = pipeline.pending_uploads > 0 && pipeline.pending_records >= rule.min_records;
        Trigger::Wait {
            until: until.filter(|_| enough),
            missing,
        }
    }
}
