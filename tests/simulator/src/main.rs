//! `cargo xtask simulate`.

use std::time::Instant;

/// Handlers allocate as they do in production; a fast allocator lets more schedules be tried.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let seeds: u64 = args.get(1).and_then(|a| a.parse().ok()).unwrap_or(100);
    let first: u64 = args.get(2).and_then(|a| a.parse().ok()).unwrap_or(0);
    let verbose = args.get(3).is_some();
    let began = Instant::now();
    let mut steps = 0;
    let mut bad = 0;
    for seed in first..first + seeds {
        let report = perennial_simulator::simulate(seed, verbose);
        steps += report.steps;
        for line in report.trace {
            println!("{line}");
        }
        if let Some(violation) = report.violation {
            bad += 1;
            if bad < 20 {
                println!("seed {seed}: {}: {}", violation.check, violation.words);
            }
        }
    }
    let time = began.elapsed().as_secs_f64();
    println!("{seeds} seeds, {bad} bad, {steps} steps, {:.0} schedules/s", seeds as f64 / time);
}
