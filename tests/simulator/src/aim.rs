//! An aim: in some schedules one person does one thing whenever a run, or the pipeline, is in one state, however short.
//!
//! Chance alone seldom brings a request into a state that lasts milliseconds. So an aim also brings the state about where
//! it is rare, and lets calls take seconds there, for the request to come through.

use fastrand::Rng;
use jiff::SignedDuration;
use perennial_core::simulator::{PIPELINE_STATES, RUN_STATES};
use perennial_ports::ErrorKind;
use perennial_ports::memory::operation as op;

use crate::gate::Fate;
use crate::people::{Act, Settings, Wish};
use crate::weather::Weather;

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
    /// Whether the way there is made shorter.
    leads: bool,
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
        let act = match rng.u8(0..17) {
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
            14 => Act::SwapQuestions,
            15 => Act::StopJob,
            _ => Act::DeleteChampion,
        };
        Some(Self {
            state,
            act,
            leads: rng.u8(..) < 160,
        })
    }

    /// The state's name.
    pub(crate) fn name(&self) -> &'static str {
        match self.state {
            State::Run(place) => RUN_STATES[place],
            State::Pipeline(place) => PIPELINE_STATES[place],
        }
    }

    /// How many further seasons it takes to get there, or for the act to mean anything: one where there must be a champion, one
    /// more where it must not be the first.
    pub(crate) fn seasons(&self) -> Option<u8> {
        let later = self.name().starts_with("evaluating") || self.name() == "moving, updating";
        match self.act {
            Act::DeleteChampion | Act::DeployOurModel | Act::Ask(Wish::Rollback) => Some(2),
            _ => later.then_some(1),
        }
    }

    /// What makes the state last: there a quick batch job, and answers that come one by one.
    pub(crate) fn shape(&self, rng: &mut Rng, weather: &mut Weather) {
        match self.name() {
            "evaluating, base starting" | "evaluating, base asked" => {
                weather.pace.batch = SignedDuration::from_mins(1);
                weather.quotas.questions_per_minute = Some(rng.u64(2..6));
            }
            "closing" if self.leads => weather.pace.training = SignedDuration::from_mins(1),
            _ => {}
        }
    }

    /// What becomes of a call on the way, in some of the cases, so that the state comes about or lasts.
    pub(crate) fn hinders(&self, rng: &mut Rng, operation: &str) -> Option<Fate> {
        match (self.name(), operation) {
            ("evaluating, base starting", op::CREATE_BATCH)
            | ("closing", op::STOP_TRAINING | op::DELETE_DEPLOYMENT) => {
                Some(Fate::Fail(ErrorKind::Throttled))
            }
            ("closing", op::CREATE_TRAINING) if self.leads => {
                Some(Fate::Late(rng.u64(2_000..180_000)))
            }
            _ => None,
        }
    }

    /// What is done in this state of a run so that it comes into the aim's state, or the act means something there.
    pub(crate) fn lead(&self, state: usize) -> Option<Lead> {
        if !self.leads {
            return None;
        }
        let from = RUN_STATES[state];
        match self.name() {
            // What is deleted must have come after the run was opened.
            "moving, creating" | "moving, updating" | "moving, writing"
                if from == "evaluating, base starting" =>
            {
                let Act::Delete { name } = self.act else {
                    return None;
                };
                Some(Lead::Act(Act::Upload {
                    name,
                    first: name,
                    records: 4,
                    good: true,
                }))
            }
            "starting, cancelled" | "closing" if from == "starting" => {
                Some(Lead::Act(Act::Ask(Wish::Cancel)))
            }
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
            "evaluating, base starting",
            "evaluating, base asked",
            "closing",
        ] {
            assert!(RUN_STATES.contains(&name), "{name}");
        }
        for name in ["moving, creating", "moving, updating", "moving, writing"] {
            assert!(PIPELINE_STATES.contains(&name), "{name}");
        }
    }
}
