//! A chain on the local cloud, with processes: two jobs, and in the next season one, as the first stage's weights are there.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use perennial_local::Cloud;
use serde_json::Value;

use crate::{bring_as, options};

const CONFIG: &str = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[trigger]
min_records = 100
quiet_for = "1s"
at_most_every = "1s"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
max_run = "6h"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
[[stage]]
technique = "fine-tuning"
[budget]
per_run_usd = 60
[budget.prices]
training_per_hour = 2
imported_per_minute = 0.2
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

/// On a busy machine of two cores.
const PATIENCE: Duration = Duration::from_secs(180);

/// The pipeline's runs when so many have ended.
fn ended(dir: &Path, count: usize) -> Vec<Value> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
        let command = command.args(["runs", "bot", "--json", "--local"]).arg(dir);
        let runs = command.output().unwrap().stdout;
        let runs: Vec<Value> = serde_json::from_slice(&runs).unwrap_or_default();
        let over = runs.iter().filter(|run| !run["outcome"].is_null()).count();
        if over >= count {
            return runs;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("waited {PATIENCE:?} in vain for the end of {count} runs");
}

#[test]
fn the_next_season_trains_on_the_first_stages_weights_and_no_role_denies_a_step() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut options = options(dir.path());
    let trace = dir.path().join("trace.jsonl");
    options.trace = Some(trace.clone());
    let cloud = runtime.block_on(Cloud::start(options)).unwrap();
    let drop_file = |name: &str, body: String| {
        let path = dir.path().join("drop/data/bot").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    };
    let handbook = "# The desk\n\nTickets are answered at the desk from nine to five.\n";
    drop_file("documents/handbook.md", handbook.to_owned());
    bring_as(dir.path(), CONFIG.to_owned());
    ended(dir.path(), 1);
    let more = perennial_tests::training().replace("Hello", "Good day");
    drop_file("more.jsonl", more);
    let runs = ended(dir.path(), 2);
    runtime.block_on(cloud.stop());
    for run in &runs {
        assert_eq!(run["outcome"], "promoted", "{run:#}");
    }
    let calls = std::fs::read_to_string(trace).unwrap();
    let mut jobs: Vec<String> = calls
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|call| call["eventName"] == "CreateTrainingJob")
        .filter_map(|call| {
            let name = call["requestParameters"]["TrainingJobName"].as_str()?;
            Some(name.rsplit_once('-')?.1.to_owned())
        })
        .collect();
    jobs.sort();
    assert_eq!(jobs, ["p1", "t1", "t1"]);
    let denied = perennial_tests::denied(dir.path());
    assert!(denied.is_empty(), "{}", denied.join("\n"));
    perennial_tests::keep_permissions(dir.path(), env!("CARGO_TARGET_TMPDIR")).unwrap();
}
