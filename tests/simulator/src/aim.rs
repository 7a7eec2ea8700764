//! An aim: in some schedules one person does one thing whenever a run, or the pipeline, is in one state, however short.
//!
//! Chance alone seldom brings a request into a state that lasts milliseconds. So an aim also brings the state about where
//! it is rare, and lets calls take seconds there, for the request to come through.

use fastrand::Rng;
use perennial_core::simulator::{PIPELINE_STATES, RUN_STATES};

use crate::people::{Act, Settings, Wish};

/// A state to act in, by its place among the states that the coverage counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Run(usize),
    Pipeline(usize),
}

/// One state and one act.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    pub(crate) state: State,
    pub(crate) act: Act,
}

/// What leads to a rare state, done in a state before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lead {
    Act(Act),
    /// The next batch job leaves answers out.
    Misses,
}

impl Aim {
    /// In about a quarter of the schedules there is one.
    pub(crate) fn draw(rng: &mut Rng) -> Option<Self> {
        if rng.u8(..) >= 64 {
            return None;
        }
        let place = rng.usize(0..RUN_STATES.len() + PIPELINE_STATES.len());
        let state = match place.checked_sub(RUN_STATES.len()) {
            None => State::Run(place),
            Some(place) => State::Pipeline(place),
        };
        let act = match rng.u8(0..16) {
            0 | 1 => Act::Ask(Wish::Approve),
            2 | 3 => Act::Ask(Wish::Cancel),
            4 => Act::Ask(Wish::Start),
            5 => Act::Ask(Wish::Pause),
            6 => Act::Ask(Wish::Release),
            7 => Act::Ask(Wish::Rollback),
            8 => Act::Configure(Settings::draw(rng)),
            9 => Act::Misconfigure,
            10 | 11 => Act::Delete { name: rng.u8(0..2) },
            12 => Act::DeleteModel,
            13 => Act::DeployOurModel,
            _ => Act::DeleteChampion,
        };
        Some(Self { state, act })
    }

    /// Whether it takes an earlier champion to get there, or to mean anything.
    pub(crate) fn needs_seasons(&self) -> bool {
        let later = match self.state {
            State::Run(place) => RUN_STATES[place].starts_with("evaluating"),
            State::Pipeline(place) => PIPELINE_STATES[place] == "moving, updating",
        };
        later || matches!(self.act, Act::DeleteChampion | Act::DeployOurModel)
    }

    /// What is done in this state of a run so that the run comes into the aim's state.
    pub(crate) fn lead(&self, state: usize) -> Option<Lead> {
        let State::Run(aim) = self.state else {
            return None;
        };
        let from = RUN_STATES[state];
        match RUN_STATES[aim] {
            "starting, cancelled" if from == "starting" => Some(Lead::Act(Act::Ask(Wish::Cancel))),
            "training, to be stopped" | "training, stopping" if from == "training" => {
                Some(Lead::Act(Act::Ask(Wish::Cancel)))
            }
            "evaluating, base asked" if from == "training" => Some(Lead::Misses),
            _ => None,
        }
    }

    /// Whether this is the state.
    pub(crate) fn is(&self, state: State) -> bool {
        self.state == state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_that_are_led_to_are_states() {
        for name in [
            "starting",
            "starting, cancelled",
            "training",
            "training, to be stopped",
            "training, stopping",
            "evaluating, base asked",
        ] {
            assert!(RUN_STATES.contains(&name), "{name}");
        }
    }
}
