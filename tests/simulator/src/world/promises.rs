//! Every fact goes to every checker.

use std::sync::Arc;

use perennial_core::run::Run;

use super::World;
use crate::checks::{Check, View, Written};
use crate::facts::Fact;
use crate::picture::Change;

impl World {
    pub(super) fn check(&mut self, fact: &Fact) {
        if let Fact::Wrote(rows) = fact {
            let mut changes = Vec::with_capacity(rows.len());
            for row in rows {
                match self.picture.take(row) {
                    Ok(change) => changes.push(change),
                    Err(words) => return self.violated("records are readable", words),
                }
            }
            self.moved = changes.iter().any(|change| match change {
                Change::Run(id, before) => {
                    let seen = |run: &Arc<Run>| (run.state.clone(), run.cancelled.is_some());
                    before.as_ref().map(seen) != self.picture.runs.get(id).map(seen)
                }
                Change::History(_) => false,
                _ => true,
            });
            let written = Written {
                rows,
                changes: &changes,
            };
            self.ask_all(|check, view| check.wrote(&written, view));
        } else {
            self.ask_all(|check, view| check.saw(fact, view));
        }
    }

    pub(super) fn check_end(&mut self) {
        self.ask_all(|check, view| check.at_rest(view));
    }

    fn ask_all(&mut self, mut ask: impl FnMut(&mut dyn Check, &View<'_>) -> Result<(), String>) {
        let mut checks = std::mem::take(&mut self.checks);
        let mut found = Vec::new();
        let view = View {
            cloud: &self.cloud,
            picture: &self.picture,
            installation: &self.installation,
            pipeline: &self.pipeline,
            region: self.region,
            now: self.time(),
            began: self.began,
            calls: &self.calls,
            metric_lag: self.metric_lag,
            hangs: self.hangs,
            rollbacks: self.rollbacks,
        };
        for check in &mut checks {
            if let Err(words) = ask(check.as_mut(), &view) {
                found.push((check.name(), words));
            }
        }
        self.checks = checks;
        for (name, words) in found {
            self.violated(name, words);
        }
    }
}
