//! `perennial check` on preferences, by the configuration of a pipeline that is trained on them.
#![allow(clippy::unwrap_used)]
mod common;

use common::{path, run};
use serde_json::Value;

const CONFIG: &str = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[training]\non = \"sagemaker\"\n\
     [training.serverless]\ntechnique = \"dpo\"\naccept_eula = true\nmodel_package_group = \
     \"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial\"\n[budget.prices]\ntraining_per_1k_tokens = 0.002\n";

#[test]
fn check_takes_preferences_where_the_pipeline_does_and_says_elsewhere_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, content).unwrap();
        file
    };
    let config = file("bot.toml", CONFIG);
    let pairs: String = (0..40)
        .map(|n| {
            format!(
                "{{\"prompt\": \"q{n}\", \"chosen\": \"good {n}\", \"rejected\": \"bad {n}\"}}\n"
            )
        })
        .collect();
    let pairs = file("pairs.jsonl", &pairs);
    let answers = file(
        "answers.jsonl",
        "{\"prompt\": \"q\", \"completion\": \"a\"}\n",
    );
    let (code, out, error) = run(&["check", "--json", path(&pairs), "--config", path(&config)]);
    assert_eq!(code, 0, "{out}{error}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let checked = &report["files"][0];
    assert_eq!(checked["records"], 40);
    assert_eq!(checked["shape"], "prompt/chosen/rejected");
    assert_eq!(checked["target"]["shape"], "Nova preferences (candidates)");

    let (code, out, _) = run(&["check", path(&answers), "--config", path(&config)]);
    assert_eq!(code, 1);
    assert!(out.contains("Add the answer that is not wanted"), "{out}");
    let (code, out, _) = run(&["check", path(&pairs)]);
    assert_eq!(code, 1);
    assert!(out.contains("technique = \"dpo\""), "{out}");
}
