//! `cargo xtask simulate`: many schedules on every core, one replayed line by line, or a planted bug hunted.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use perennial_simulator::{Coverage, Plant, Violation, simulate};

/// Handlers allocate as they do in production; a fast allocator lets more schedules be tried.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the real handlers under schedules that seeds decide, and checks every promise after everything that happens.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Options {
    /// So many seeds, from --from on.
    #[arg(long, default_value_t = 20_000, conflicts_with = "seed")]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// One line for each event; only with --seed.
    #[arg(long, requires = "seed")]
    verbose: bool,
    /// Plants a bug and hunts it: `all`, or its name. Without --seeds, up to 20,000 seeds for each.
    #[arg(long)]
    plant: Option<String>,
    /// Says which pairs of state and event are called impossible, and why.
    #[arg(long)]
    impossible: bool,
    /// On so many threads; every core unless said.
    #[arg(long)]
    threads: Option<usize>,
    /// What was not reached fails the run.
    #[arg(long)]
    strict: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.impossible {
        for line in Coverage::impossible() {
            println!("{line}");
        }
        return ExitCode::SUCCESS;
    }
    let plants = match options.plant.as_deref() {
        None => return plain(&options),
        Some("all") => Plant::ALL.to_vec(),
        Some(name) => match Plant::parse(name) {
            Some(plant) => vec![plant],
            None => {
                let names: Vec<&str> = Plant::ALL.iter().map(|plant| plant.name()).collect();
                eprintln!(
                    "no bug is called {name:?}; there are: all, {}",
                    names.join(", ")
                );
                return ExitCode::from(2);
            }
        },
    };
    if !cfg!(feature = "plant") {
        eprintln!(
            "this build cannot plant bugs; `cargo xtask simulate` builds with the feature `plant`"
        );
        return ExitCode::from(2);
    }
    if let (true, Some(seed), [plant]) = (options.verbose, options.seed, &plants[..]) {
        for line in simulate(seed, true, Some(*plant)).trace {
            println!("{line}");
        }
        return ExitCode::SUCCESS;
    }
    let mut missed = false;
    for plant in plants {
        let found = run(&options, Some(plant));
        match found.violation {
            Some((seed, violation)) => println!(
                "{:<18} caught by seed {seed}, the {}. one: {}: {}",
                plant.name(),
                seed - options.from + 1,
                violation.check,
                violation.words
            ),
            None => {
                missed = true;
                println!("{:<18} MISSED by {} seeds", plant.name(), found.schedules);
            }
        }
    }
    ExitCode::from(u8::from(missed))
}

fn plain(options: &Options) -> ExitCode {
    if options.verbose {
        let report = simulate(options.seed.unwrap_or(0), true, None);
        for line in report.trace {
            println!("{line}");
        }
        return ExitCode::from(u8::from(report.violation.is_some()));
    }
    let began = Instant::now();
    let found = run(options, None);
    let seconds = began.elapsed().as_secs_f64();
    if let Some((seed, violation)) = found.violation {
        println!(
            "seed {seed} breaks a promise: {}: {}",
            violation.check, violation.words
        );
        println!("replay it: cargo xtask simulate --seed {seed} --verbose");
        return ExitCode::FAILURE;
    }
    println!(
        "{} schedules, {} events, 0 violations, {seconds:.1} s, {:.0} schedules/s on {} threads",
        found.schedules,
        found.steps,
        found.schedules as f64 / seconds,
        threads(options)
    );
    if !cfg!(feature = "plant") || options.seed.is_some() {
        return ExitCode::SUCCESS;
    }
    println!("reached: {}", found.coverage.words());
    let gaps = found.coverage.gaps();
    for gap in &gaps {
        println!("not covered: {gap}");
    }
    ExitCode::from(u8::from(options.strict && !gaps.is_empty()))
}

struct Found {
    /// The lowest seed that was seen to break a promise.
    violation: Option<(u64, Violation)>,
    coverage: Coverage,
    schedules: u64,
    steps: u64,
}

fn threads(options: &Options) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    options.threads.unwrap_or_else(cores).max(1)
}

fn run(options: &Options, plant: Option<Plant>) -> Found {
    let (from, seeds) = match options.seed {
        Some(seed) => (seed, 1),
        None => (options.from, options.seeds),
    };
    let next = AtomicU64::new(from);
    let stop = AtomicBool::new(false);
    let found = Mutex::new(Found {
        violation: None,
        coverage: Coverage::default(),
        schedules: 0,
        steps: 0,
    });
    std::thread::scope(|scope| {
        for _ in 0..threads(options) {
            scope.spawn(|| {
                let mut coverage = Coverage::default();
                let (mut schedules, mut steps) = (0, 0);
                let mut broken: Option<(u64, Violation)> = None;
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + seeds {
                        break;
                    }
                    let report = simulate(seed, false, plant);
                    coverage.merge(&report.coverage);
                    schedules += 1;
                    steps += report.steps;
                    let counts = |violation: &Violation| {
                        plant.is_none_or(|plant| {
                            plant.checks().contains(&violation.check)
                                && simulate(seed, false, None).violation.is_none()
                        })
                    };
                    if let Some(violation) = report.violation.filter(counts) {
                        broken = Some((seed, violation));
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                // A thread that panicked left nothing half-made here.
                let mut found = found
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                found.coverage.merge(&coverage);
                found.schedules += schedules;
                found.steps += steps;
                if let Some((seed, violation)) = broken
                    && found
                        .violation
                        .as_ref()
                        .is_none_or(|(known, _)| seed < *known)
                {
                    found.violation = Some((seed, violation));
                }
            });
        }
    });
    found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
