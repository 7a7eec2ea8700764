//! The end of a schedule: the faults stop, and everything must come to rest within so many rounds of `reconcile`.

use perennial_core::announcement::{Request, Stage};
use perennial_core::keys::Key;
use perennial_core::pipeline::Pipeline;
use perennial_core::run::{Run, RunState};

use super::{MINUTE, World};
use crate::checks::repair_waits_for_its_price;

/// Rounds of `reconcile` in which every run must have ended once the faults have stopped.
const MOST_ROUNDS: u32 = 120;
/// Where something at AWS hangs for ever: until it is given up, a week later.
const MOST_ROUNDS_HANGING: u32 = 600;

impl World {
    pub(super) fn calm(&mut self) {
        self.note(|| "the faults stop".into());
        self.calm_since = Some(self.now);
        self.weather.calm();
        self.cloud.table.set_index_lag(0);
        self.cloud.bedrock.set_quotas(self.weather.quotas);
        self.cloud.usage.set_lag(self.weather.metric_lag);
        self.daily_in(MINUTE);
    }

    pub(super) fn typed_pipeline(&self) -> Option<Pipeline> {
        let item = self.cloud.table.peek(&Key::pipeline(&self.pipeline))?;
        item.body.read().ok()
    }

    pub(super) fn active_run(&self) -> Option<Run> {
        let id = self.typed_pipeline()?.active_run?;
        let item = self.cloud.table.peek(&Key::run(&self.pipeline, &id))?;
        item.body.read().ok()
    }

    /// One more round without faults. True: everything is at rest.
    pub(super) fn round(&mut self) -> bool {
        self.rounds += 1;
        // Nobody gives up what is billed by the hour, so that these schedules would never end.
        if self.rounds == MOST_ROUNDS_HANGING / 2 && self.hangs {
            self.note(|| "at AWS: throughput that hung is ready".into());
            self.cloud.bedrock.end_throughput_that_hangs();
        }
        let most = if self.hangs {
            MOST_ROUNDS_HANGING
        } else {
            MOST_ROUNDS
        };
        if self.rounds > most {
            let run = self.active_run().map(|run| (run.id, run.state, run.due));
            let words = format!("{most} rounds of reconcile without faults, and no end: {run:?}");
            self.violated("every run ends", words);
            return true;
        }
        if let Some(run) = self.active_run()
            && matches!(run.state, RunState::AwaitingApproval { .. })
        {
            // A held run goes on by `resume`; a person's yes does for both.
            let (pipeline, run) = (self.pipeline.clone(), run.id);
            let request = if self.rng.bool() {
                Request::Approve { pipeline, run }
            } else {
                Request::Cancel { pipeline, run }
            };
            self.said(request.announcement());
            return false;
        }
        let Some(pipeline) = self.typed_pipeline() else {
            return true;
        };
        // A repair that failed is tried again, unless its model is gone, or its price is over the budget.
        let repairs = pipeline
            .repair_after
            .is_some_and(|after| after > self.last_round)
            && !repair_waits_for_its_price(&pipeline)
            && pipeline
                .champion
                .as_ref()
                .is_some_and(|champion| self.cloud.bedrock.model(&champion.arn).is_some());
        // The last round found nothing to do.
        let rests = !self.progress
            && !repairs
            && self.rounds > 2
            && pipeline.active_run.is_none()
            && pipeline.stage() == Stage::Collecting
            && self.cloud.table.first_due(&["run", "pipeline"]).is_none()
            && self
                .calm_since
                .is_some_and(|since| self.now > since + 2 * MINUTE);
        if rests {
            self.check_end();
        }
        rests
    }
}
