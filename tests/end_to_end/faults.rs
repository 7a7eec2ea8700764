//! Doubled, reversed and lost events, lost answers, failed updates: with real processes.

use serde_json::json;

use crate::harness::{Cloud, config, wait, with_data};

fn delivered(delivery: serde_json::Value) {
    let cloud = Cloud::start();
    cloud.control("PUT", "delivery", &delivery);
    cloud.drop_file("pipelines/bot.toml", config(""));
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.drop_file("data/bot/tickets.jsonl", perennial_tests::training());
    if delivery["drop"]
        .as_array()
        .is_some_and(|kinds| kinds.contains(&json!("Object Created")))
    {
        // No event told of the files: the listing of the bucket finds them, as it does every day.
        wait("the files are in the bucket", || {
            cloud
                .run(&["sync"])
                .0
                .eq(&0)
                .then_some(())
                .filter(|()| !cloud.runs("bot").is_empty())
        });
    }
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{delivery}: {run:#}");
    assert_eq!(run["records"], 168);
    assert_eq!(cloud.jobs().len(), 1, "{delivery}");
    assert_eq!(cloud.runs("bot").len(), 1, "{delivery}");
}

#[test]
fn every_event_twice_and_in_reverse_order() {
    delivered(json!({ "twice": true, "reversed": true }));
}

#[test]
fn job_events_lost() {
    delivered(json!({
        "drop": ["Model Customization Job State Change", "Batch Inference Job State Change", "Evaluation Complete"],
    }));
}

#[test]
fn object_events_lost() {
    delivered(json!({ "drop": ["Object Created", "Upload Accepted"] }));
}

#[test]
fn a_create_whose_answer_is_lost_is_adopted_and_its_kin_too() {
    let cloud = Cloud::start();
    // The SDK tries four times, so train hears of the first and looks for the job by its name.
    cloud.control(
        "PUT",
        "faults",
        &json!({ "loseAnswers": {
            "CreateModelCustomizationJob": 4, "CreateModelInvocationJob": 1, "CreateCustomModelDeployment": 2,
        } }),
    );
    cloud.drop_file("pipelines/bot.toml", config(""));
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.drop_file("data/bot/tickets.jsonl", perennial_tests::training());
    let run = cloud.wait_for_end("bot", 0);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
    assert_eq!(cloud.jobs().len(), 1);
    assert_eq!(cloud.deployments().len(), 1, "{:?}", cloud.deployments());
}

#[test]
fn a_deployment_update_that_fails_leaves_the_champion_and_a_rollback_moves_back() {
    let cloud = with_data("");
    let first = cloud.wait_for_end("bot", 0);
    assert_eq!(first["outcome"], "promoted");
    cloud.control("PUT", "faults", &json!({ "failDeploymentUpdates": 1 }));
    cloud.drop_file(
        "data/bot/more.jsonl",
        perennial_tests::training().replace("Hello", "Hi there"),
    );
    let second = cloud.wait_for_end("bot", 1);
    assert_eq!(second["outcome"], "failed", "{second:#}");
    let status = cloud.json(&["status", "bot"]).unwrap().to_string();
    assert!(
        status.contains(first["run"].as_str().unwrap()),
        "the first model still serves: {status}"
    );

    // The failed run waits for a change; the next one passes, and is rolled back.
    cloud.drop_file(
        "data/bot/again.jsonl",
        perennial_tests::training().replace("Hello", "Good day"),
    );
    let third = cloud.wait_for_end("bot", 2);
    assert_eq!(third["outcome"], "promoted", "{third:#}");
    let (code, said) = cloud.run(&["rollback", "bot"]);
    assert_eq!(code, 0, "{said}");
    let champion = |cloud: &Cloud| {
        cloud
            .json(&["status", "bot"])
            .map(|status| status.to_string())
    };
    wait("the first model serves again", || {
        champion(&cloud).filter(|status| {
            status.contains("rolled back") && status.contains(first["run"].as_str().unwrap())
        })
    });
}
