//! From the first stage of a chain to the second.

use super::{Also, Step};
use crate::names::Purpose;
use crate::pretrained::Pretrained;
use crate::run::{Event, Outcome, RunState};

impl Step {
    /// What was found of the first stage's weights when the run was prepared: bought before, it is passed over.
    pub(super) fn keep_first(&mut self) -> Option<String> {
        let first = self.run.first_prepared()?;
        let words = match &first.kept {
            Some(kept) => format!(
                "; the first stage was bought by run {} and is not bought again: its weights are in {}",
                kept.run, kept.weights
            ),
            None => format!("; the first stage trains on {} records", first.records),
        };
        self.run.first_weights = first.kept.as_ref().map(|kept| kept.weights.clone());
        Some(words)
    }

    /// The job of the first stage has left its weights: they are kept for later runs, and the second stage begins.
    pub(super) fn first_done(&mut self, attempt: u32, stop: Option<String>, weights: &str) -> bool {
        self.saw_job(Purpose::Pretraining, attempt, "", "Completed");
        self.keep_weights(weights);
        if self.run.cancelled.is_some() {
            return self.close(Outcome::Cancelled, stop.unwrap_or_default());
        }
        self.limit_trial();
        self.run.creates.push((Purpose::Training, 1));
        self.run.state = RunState::Starting { attempt: 1 };
        self.note(format!(
            "the first stage is done: its weights are in {weights}; the second stage starts from them"
        ))
    }

    /// A job of the first stage that nobody waits for any more has completed all the same: it is paid for.
    pub(super) fn first_left(&mut self, event: &Event) -> bool {
        match (&self.run.state, event) {
            (RunState::Closing { .. } | RunState::Ended { .. }, Event::WeightsSeen { weights })
                if self.run.leftovers.contains(&Purpose::Pretraining)
                    && self.run.first_weights.is_none() =>
            {
                self.keep_weights(weights);
                self.note(format!(
                    "the first stage was trained all the same; a later run that needs its weights starts from {weights}"
                ))
            }
            _ => false,
        }
    }

    fn keep_weights(&mut self, weights: &str) {
        self.run.first_weights = Some(weights.to_owned());
        let Some(digest) = self.run.first_prepared().map(|first| first.digest.clone()) else {
            return;
        };
        self.also.push(Also::Pretrained(Box::new(Pretrained {
            digest,
            pipeline: self.run.pipeline.clone(),
            run: self.run.id.clone(),
            weights: weights.to_owned(),
            at: self.now,
        })));
    }
}
