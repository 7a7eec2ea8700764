//! The local cloud is killed (SIGKILL) while a run trains, evaluates or promotes, and started again: the run ends as it
//! would have, with one job.

use crate::harness::with_data;

fn killed_while(stage: &str) {
    let mut cloud = with_data("");
    cloud.wait_for_stage("bot", 0, stage);
    cloud.kill();
    cloud.start_again();
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(cloud.jobs().len(), 1, "{:?}", cloud.jobs());
    assert_eq!(cloud.runs("bot").len(), 1);
    let serving = cloud.deployments();
    assert_eq!(
        serving.len(),
        1,
        "the temporary deployment is gone: {serving:?}"
    );
}

#[test]
fn a_kill_while_training_changes_nothing() {
    killed_while("training");
}

#[test]
fn a_kill_while_evaluating_changes_nothing() {
    killed_while("evaluating");
}

#[test]
fn a_kill_while_promoting_changes_nothing() {
    killed_while("promoting");
}

#[test]
fn three_kills_in_one_run_change_nothing() {
    let mut cloud = with_data("");
    for stage in ["training", "evaluating", "promoting"] {
        cloud.wait_for_stage("bot", 0, stage);
        cloud.kill();
        cloud.start_again();
    }
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(cloud.jobs().len(), 1);
}
