//! What core's routing makes of each of its rows, sent by the adapter as it is sent to AWS: the local cloud's own table of
//! hyperparameters must take it, and must refuse what is beyond core's ranges.

use bytes::Bytes;
use perennial_core::config::{Config, Technique};
use perennial_core::routing::{BedrockRow, Customization, Trainer, bedrock_rows, route};
use perennial_ports::{PortError, StartTraining as _, Tags, TrainingSpec};
use serde_json::json;

use crate::account::Account;

const KEY: &str = "work/p/train.jsonl";

/// The service's model has no range for them.
const UNBOUNDED: [&str; 2] = ["maxPromptLength", "inferenceMaxTokens"];

fn config(row: &BedrockRow, hyperparameters: &[(&str, &str)]) -> Config {
    let mut text = format!(
        "technique = \"{}\"\nbase_model = {:?}\n[promotion]\nserve = \"provisioned\"\napproval = \"manual\"\n[budget]\nper_run_usd = 10000\n\
         serving_per_month_usd = 1000\n[budget.prices]\nprovisioned_per_hour = 1\n",
        row.technique, row.base_model
    );
    if let Some(teacher) = row.teacher {
        text += &format!("[training.distillation]\nteacher = {teacher:?}\n");
    }
    if row.technique == Technique::Reinforcement {
        let region = row.region;
        text += &format!(
            "[training.reinforcement]\ngrader = \"arn:aws:lambda:{region}:123456789012:function:grader\"\n"
        );
    }
    text += "[training.hyperparameters]\n";
    for (name, value) in hyperparameters {
        text += &match value.parse::<f64>() {
            Ok(_) => format!("{name} = {value}\n"),
            Err(_) => format!("{name} = {value:?}\n"),
        };
    }
    Config::parse(&text).unwrap()
}

/// As `functions/train` makes it of a route.
fn spec(name: &str, row: &BedrockRow, hyperparameters: &[(&str, &str)]) -> TrainingSpec {
    let route = route(&config(row, hyperparameters), row.region);
    let route = route.unwrap_or_else(|error| panic!("{row:?}: {error}"));
    let Trainer::Bedrock { customization } = route.trainer else {
        panic!("{row:?}: {:?}", route.trainer)
    };
    TrainingSpec {
        name: name.into(),
        model_name: name.into(),
        token: name.into(),
        base_model: route.customization_id,
        training_key: KEY.into(),
        output_prefix: "work/p/out/".into(),
        customization,
        hyperparameters: route.hyperparameters,
        tags: Tags::from([("run".into(), name.into())]),
    }
}

async fn sent(account: &Account, spec: &TrainingSpec) -> Result<String, PortError> {
    account.bedrock.start_training(spec).await
}

/// In a row's region, with room for any number of jobs.
async fn go_to(account: &Account, region: &str) {
    let settings = json!({ "region": region, "quotas": { "customizationJobs": 100_000 } });
    account.control("PUT", "services", settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_routing_is_taken_at_both_ends_of_its_ranges_and_not_beyond_them() {
    let account = Account::open().await;
    let put = account.setup().objects.put(KEY, Bytes::from("{}"), "a/b");
    put.await.unwrap();
    let rows = bedrock_rows();
    for technique in [
        Technique::FineTuning,
        Technique::Distillation,
        Technique::Reinforcement,
    ] {
        assert!(rows.iter().any(|row| row.technique == technique));
    }
    let (mut taken, mut refused) = (0, 0);
    for (number, row) in rows.iter().enumerate() {
        go_to(&account, row.region).await;
        let least: Vec<_> = row.hyperparameters.iter().collect();
        let ways = [
            Vec::new(),
            least.iter().map(|one| (one.name, &*one.least)).collect(),
            least.iter().map(|one| (one.name, &*one.most)).collect(),
        ];
        for (way, hyperparameters) in ways.iter().enumerate() {
            let spec = spec(&format!("r{number}-{way}"), row, hyperparameters);
            let arn = sent(&account, &spec).await;
            arn.unwrap_or_else(|error| panic!("{row:?} with {hyperparameters:?}: {error}"));
            taken += 1;
        }
        for one in &row.hyperparameters {
            let beyond = match (one.least.parse::<f64>(), one.most.parse::<f64>()) {
                _ if UNBOUNDED.contains(&one.name) => Vec::new(),
                (Ok(least), Ok(most)) => vec![(least - 1.0).to_string(), (most + 1.0).to_string()],
                _ => vec!["nosuch".to_owned()],
            };
            for value in beyond {
                let mut spec = spec(&format!("r{number}-beyond"), row, &[]);
                spec.hyperparameters.insert(one.name.into(), value.clone());
                let answer = sent(&account, &spec).await;
                assert!(answer.is_err(), "{row:?}: {} = {value}", one.name);
                refused += 1;
            }
        }
        // Reinforcement's are typed: the adapter itself refuses a name that is none of them.
        let mut unknown = spec(&format!("r{number}-unknown"), row, &[]);
        unknown.hyperparameters.insert("nosuch".into(), "1".into());
        let answer = sent(&account, &unknown).await;
        assert!(answer.is_err(), "{row:?}");
        let graded = matches!(unknown.customization, Customization::Reinforcement { .. });
        assert_eq!(graded, row.technique == Technique::Reinforcement);
    }
    eprintln!("{} rows: {taken} jobs taken, {refused} refused", rows.len());
    account.close().await;
}
