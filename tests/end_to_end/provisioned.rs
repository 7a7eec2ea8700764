//! A pipeline that is served by provisioned throughput: promoted, swapped in place, and changed back to a deployment by the token.

use crate::harness::{Cloud, config, wait};

/// The price is a placeholder, as nothing is bought.
const PROVISIONED: &str = r#"
[promotion]
serve = "provisioned"
[budget]
serving_per_month_usd = 15000
[budget.prices]
provisioned_per_hour = 20
"#;

fn promoted(cloud: &Cloud, n: usize) {
    let run = cloud.wait_for_end("bot", n);
    assert_eq!(run["outcome"], "promoted", "{run:#}");
}

/// What clients call.
fn alias(cloud: &Cloud) -> String {
    cloud.parameter("/perennial/local/bot/model").unwrap()
}

#[test]
fn throughput_is_bought_for_the_first_model_taken_over_by_the_second_and_ended_for_the_third() {
    let cloud = Cloud::start();
    cloud.drop_file("pipelines/bot.toml", config(PROVISIONED));
    let report = cloud.wait_for_report("bot/configuration.txt", "accepted");
    assert!(
        report.contains("$20.00 an hour, $14600.00 a month"),
        "{report}"
    );
    cloud.drop_file("eval/bot/questions.jsonl", perennial_tests::evaluation());
    cloud.wait_for_report("bot/uploads/eval/bot/questions.jsonl.txt", "accepted");
    cloud.drop_file("data/bot/tickets.jsonl", perennial_tests::training());
    promoted(&cloud, 0);
    let [(arn, first)] = &cloud.throughputs()[..] else {
        panic!("{:?}", cloud.throughputs())
    };
    assert_eq!(alias(&cloud), *arn);
    assert!(cloud.deployments().is_empty(), "the candidate's is gone");
    let (_, status) = cloud.run(&["status", "bot"]);
    assert!(status.contains("$14600.00 a month"), "{status}");
    let (_, plan) = cloud.run(&["cleanup", "--plan"]);
    assert!(plan.contains("$14600.00 a month"), "{plan}");

    cloud.drop_file("data/bot/more.jsonl", perennial_tests::training());
    promoted(&cloud, 1);
    let [(same, second)] = &cloud.throughputs()[..] else {
        panic!("{:?}", cloud.throughputs())
    };
    assert_eq!(same, arn, "it is the same one");
    assert_ne!(second, first, "and serves the new model");
    assert_eq!(alias(&cloud), *arn);
    // The daily cleanup looks at what serves, and `reconcile` has done so by now.
    let (code, said) = cloud.run(&["cleanup", "--apply"]);
    assert_eq!(code, 0, "{said}");

    cloud.drop_file("pipelines/bot.toml", config(""));
    wait("the configuration is in force", || {
        let report = cloud.object("reports/bot/configuration.txt")?;
        (report.starts_with("accepted") && !report.contains("an hour")).then_some(())
    });
    cloud.drop_file("data/bot/yet-more.jsonl", perennial_tests::training());
    promoted(&cloud, 2);
    assert!(alias(&cloud).contains(":custom-model-deployment/"));
    wait("what was billed by the hour is gone", || {
        cloud.throughputs().is_empty().then_some(())
    });
}
