//! The history explains every state: no stage is left without a line, and no line is ever changed.

use std::mem::discriminant;

use perennial_core::run::RunState;

use super::{Check, View, Written};
use crate::picture::Change;

/// The checker.
pub(crate) struct HistoryExplains;

impl Check for HistoryExplains {
    fn name(&self) -> &'static str {
        "the history explains every state"
    }

    fn wrote(&mut self, written: &Written<'_>, view: &View<'_>) -> Result<(), String> {
        let lines: Vec<_> = written
            .rows
            .iter()
            .filter(|row| row.key.kind() == "history")
            .collect();
        let overwrites = |change: &Change| matches!(change, Change::History(true));
        if written.changes.iter().any(overwrites) {
            return Err(format!(
                "{} overwrote a line that stood there",
                lines[0].key
            ));
        }
        for change in written.changes {
            let Change::Run(id, before) = change else {
                continue;
            };
            let Some(now) = view.picture.runs.get(id) else {
                continue;
            };
            let told = lines.iter().any(|line| line.key.pk.ends_with(id.as_str()));
            let changed = before
                .as_ref()
                .is_none_or(|before| discriminant(&before.state) != discriminant(&now.state));
            if changed && !told {
                return Err(format!(
                    "run {id} went on to {:?} without a line",
                    now.state
                ));
            }
            if let Some(before) = before
                && let RunState::Ended { outcome, .. } = &before.state
                && !matches!(&now.state, RunState::Ended { outcome: still, .. } if still == outcome)
            {
                return Err(format!(
                    "run {id} had ended as {}, and is {:?}",
                    outcome.word(),
                    now.state
                ));
            }
        }
        Ok(())
    }
}
