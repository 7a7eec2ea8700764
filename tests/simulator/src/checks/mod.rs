//! Checkers: one promise each, looked at after everything that happens, and once more when the world is still.
//!
//! A checker rests on what AWS's twins hold and on what was truly written, never on what a handler says of itself.

mod alias;
mod bought;
mod deletion;
mod gate;
mod history;
mod jobs;
mod money;
mod newest;
mod records;
mod rest;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use perennial_core::names::{Installation, PipelineName};
use perennial_ports::memory::MemoryCloud;

pub(crate) use alias::repair_waits_for_its_price;

use crate::facts::{Fact, Row};
use crate::picture::{Change, Picture};

/// Everything that a checker may look at.
pub(crate) struct View<'a> {
    pub(crate) cloud: &'a MemoryCloud,
    pub(crate) picture: &'a Picture,
    pub(crate) installation: &'a Installation,
    pub(crate) pipeline: &'a PipelineName,
    /// The installation's region.
    pub(crate) region: &'static str,
    pub(crate) now: Timestamp,
    /// When the invocation began that acts now.
    pub(crate) began: Timestamp,
    /// When clients last called each model, whatever deployment served it.
    pub(crate) calls: &'a BTreeMap<String, Timestamp>,
    /// How late metrics may be.
    pub(crate) metric_lag: SignedDuration,
    /// Rollbacks that people asked for.
    pub(crate) rollbacks: u32,
    /// Something at AWS hangs for ever, which nobody can mend.
    pub(crate) hangs: bool,
}

/// What a transaction changed: each row, and what stood there before.
pub(crate) struct Written<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) changes: &'a [Change],
}

/// A promise.
pub(crate) trait Check: Send {
    /// The promise, in a few words.
    fn name(&self) -> &'static str;

    /// A transaction was carried out.
    fn wrote(&mut self, _: &Written<'_>, _: &View<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Something else happened.
    fn saw(&mut self, _: &Fact, _: &View<'_>) -> Result<(), String> {
        Ok(())
    }

    /// The faults have stopped, and the world is still.
    fn at_rest(&mut self, _: &View<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// Every checker.
pub(crate) fn all() -> Vec<Box<dyn Check>> {
    vec![
        Box::new(jobs::OneJob),
        Box::new(records::NoRecordLost::default()),
        Box::new(newest::NewestWins::default()),
        Box::new(deletion::NothingNeededDeleted),
        Box::new(gate::GatedPromotion::default()),
        Box::new(alias::OneChampion::default()),
        Box::new(money::WithinBudget),
        Box::new(bought::BoughtOnce::default()),
        Box::new(history::HistoryExplains),
        Box::new(rest::EverythingEnds::default()),
    ]
}
