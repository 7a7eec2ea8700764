//! The deterministic simulator: the real handlers over in-memory ports, a virtual clock, and one seed that decides
//! everything. Each port call is a point at which the schedule may switch, fail, lose an answer, or crash.

mod aim;
mod checks;
mod coverage;
mod data;
mod deed;
mod facts;
mod gate;
mod lambda;
mod people;
mod picture;
mod plant;
mod ports;
mod trace;
mod weather;
mod world;

pub use coverage::Coverage;
pub use plant::Plant;
pub use world::Violation;

/// What became of one schedule.
#[derive(Debug, Clone)]
pub struct Report {
    /// The promise that was broken, if one was.
    pub violation: Option<Violation>,
    /// One line per event, if they were asked for.
    pub trace: Vec<String>,
    /// How much happened.
    pub steps: u64,
    /// What was reached.
    pub coverage: Coverage,
}

/// Runs the schedule of one seed.
pub fn simulate(seed: u64, verbose: bool, plant: Option<Plant>) -> Report {
    #[cfg(feature = "plant")]
    let _ = perennial_core::simulator::take_decided();
    let mut world = world::World::new(seed, verbose, plant);
    world.run();
    #[cfg(feature = "plant")]
    {
        world.coverage.decided = perennial_core::simulator::take_decided();
    }
    Report {
        violation: world.violation,
        trace: world.trace.lines,
        steps: world.steps,
        coverage: world.coverage,
    }
}
