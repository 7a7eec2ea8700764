//! Every row of the table, and every message that a person may meet.

use super::*;
use crate::limits::RecordShape;

fn config(base_model: &str) -> Config {
    Config::new(Technique::FineTuning, base_model)
}

fn error(base_model: &str, region: &str) -> String {
    route(&config(base_model), region).unwrap_err().to_string()
}

#[test]
fn what_can_be_trained_and_served() {
    for (model, region, customization, inference) in [
        (
            "amazon.nova-micro-v1:0",
            "us-east-1",
            "amazon.nova-micro-v1:0:128k",
            "amazon.nova-micro-v1:0",
        ),
        (
            "amazon.nova-lite-v1:0",
            "us-east-1",
            "amazon.nova-lite-v1:0:300k",
            "amazon.nova-lite-v1:0",
        ),
        (
            "amazon.nova-pro-v1:0",
            "us-east-1",
            "amazon.nova-pro-v1:0:300k",
            "amazon.nova-pro-v1:0",
        ),
        (
            "amazon.nova-2-lite-v1:0",
            "us-east-1",
            "amazon.nova-2-lite-v1:0:256k",
            "us.amazon.nova-2-lite-v1:0",
        ),
        (
            "meta.llama3-3-70b-instruct-v1:0",
            "us-west-2",
            "meta.llama3-3-70b-instruct-v1:0:128k",
            "us.meta.llama3-3-70b-instruct-v1:0",
        ),
    ] {
        let arn = format!("arn:aws:bedrock:{region}::foundation-model/{model}");
        for written in [model, customization, &arn] {
            let route = route(&config(written), region).unwrap();
            assert_eq!(
                (
                    route.base_model.as_str(),
                    route.customization_id.as_str(),
                    route.inference_id.as_str()
                ),
                (model, customization, inference)
            );
            assert_eq!((route.region.as_str(), route.batch_minimum), (region, 100));
        }
    }
}

#[test]
fn a_route_in_full() {
    let mut config = config("amazon.nova-micro-v1:0:128k");
    config
        .training
        .hyperparameters
        .insert("epochCount".to_owned(), "3".to_owned());
    let route = config.check("us-east-1").unwrap();
    assert_eq!(
        (route.epochs(), route.limits.shape),
        (3, RecordShape::BedrockConversation)
    );
    insta::assert_json_snapshot!(route, @r#"
    {
      "technique": "fine-tuning",
      "base_model": "amazon.nova-micro-v1:0",
      "customization_id": "amazon.nova-micro-v1:0:128k",
      "inference_id": "amazon.nova-micro-v1:0",
      "base_name": "Amazon Nova Micro",
      "region": "us-east-1",
      "limits": {
        "shape": "bedrock-conversation",
        "min_records": 8,
        "max_records": 20000,
        "max_record_tokens": 32000,
        "forbidden": [
          "System:",
          "User:",
          "Bot:",
          "Assistant:",
          "Thought:",
          "[EOS]",
          "<image>",
          "<video>",
          "<unk>"
        ],
        "content": {
          "image_formats": [],
          "images": 0,
          "video_formats": [],
          "videos": 0,
          "document_formats": [],
          "documents": 0,
          "tools": true,
          "reasoning": false
        },
        "source": "Amazon Nova guide, fine-tune-prepare-data-understanding, and the Nova Dataset Validator (2026)"
      },
      "hyperparameters": {
        "batchSize": "1",
        "epochCount": "3",
        "learningRate": "0.00001",
        "learningRateWarmupSteps": "10"
      },
      "batch_minimum": 100,
      "source": "Bedrock user guide, custom-model-supported; on-demand serving of custom models since 2025-07-16 (read 2026-11-20)"
    }
    "#);
    let stored = serde_json::to_string(&route).unwrap();
    assert_eq!(serde_json::from_str::<Route>(&stored).unwrap(), route);
}

#[test]
fn what_cannot_be_served_on_demand_is_refused_before_training() {
    let refused = MODELS.iter().filter(|row| !row.on_demand);
    let refused: Vec<&str> = refused
        .inspect(|row| {
            let error = route(&config(row.id), row.regions[0]).unwrap_err();
            assert!(matches!(error, RoutingError::NoOnDemand { .. }), "{error}");
        })
        .map(|row| row.id)
        .collect();
    assert_eq!(refused.len(), 7);
    insta::assert_snapshot!(error("meta.llama3-1-8b-instruct-v1:0", "us-west-2"), @r#"Llama 3.1 8B Instruct can be fine-tuned, but Bedrock serves its custom models by provisioned throughput only; nothing was trained. promotion.serve = "provisioned" would work: it is billed by the hour, at a price that is not known for meta.llama3-1-8b-instruct-v1:0: state it as provisioned_per_hour under [budget.prices], and allow 730 hours of it a month by budget.serving_per_month_usd; the evaluation buys one model unit for up to 48 hours. Models that can be served on demand: amazon.nova-micro-v1:0 (us-east-1), amazon.nova-lite-v1:0 (us-east-1), amazon.nova-pro-v1:0 (us-east-1), amazon.nova-2-lite-v1:0 (us-east-1), meta.llama3-3-70b-instruct-v1:0 (us-west-2)."#);
}

#[test]
fn another_region() {
    insta::assert_snapshot!(error("amazon.nova-micro-v1:0", "us-west-2"), @"Amazon Nova Micro cannot be fine-tuned in us-west-2; it can in us-east-1. In us-west-2 these can: meta.llama3-3-70b-instruct-v1:0.");
    insta::assert_snapshot!(error("meta.llama3-3-70b-instruct-v1:0", "eu-central-1"), @"Llama 3.3 70B Instruct cannot be fine-tuned in eu-central-1; it can in us-west-2. In eu-central-1 these can: none.");
}

#[test]
fn unknown_models_and_slips() {
    insta::assert_snapshot!(error("amazon.nova-mirco-v1:0", "us-east-1"), @r#"base_model = "amazon.nova-mirco-v1:0" cannot be fine-tuned on Bedrock, as far as this version knows. Did you mean "amazon.nova-micro-v1:0"? Models that work: amazon.nova-micro-v1:0 (us-east-1), amazon.nova-lite-v1:0 (us-east-1), amazon.nova-pro-v1:0 (us-east-1), amazon.nova-2-lite-v1:0 (us-east-1), meta.llama3-3-70b-instruct-v1:0 (us-west-2)."#);
    insta::assert_snapshot!(error("gpt-4o", "us-east-1"), @r#"base_model = "gpt-4o" cannot be fine-tuned on Bedrock, as far as this version knows. Models that work: amazon.nova-micro-v1:0 (us-east-1), amazon.nova-lite-v1:0 (us-east-1), amazon.nova-pro-v1:0 (us-east-1), amazon.nova-2-lite-v1:0 (us-east-1), meta.llama3-3-70b-instruct-v1:0 (us-west-2)."#);
    for (written, meant) in [
        ("nova-micro", Some("amazon.nova-micro-v1:0")),
        ("amazon.nova-micro-v1:0:24k", Some("amazon.nova-micro-v1:0")),
        (
            "us.amazon.nova-2-lite-v1:0",
            Some("amazon.nova-2-lite-v1:0"),
        ),
        ("Amazon.Nova-Lite-v1:0", Some("amazon.nova-lite-v1:0")),
        ("amazon.nova-lite-v1", Some("amazon.nova-lite-v1:0")),
        (
            "meta.llama3-3-70b-instruct-v1",
            Some("meta.llama3-3-70b-instruct-v1:0"),
        ),
        ("amazon.nova-premier-v1:0", None),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", None),
        ("a", None),
        ("", None),
        ("ééé", None),
    ] {
        assert_eq!(nearest(written), meant, "{written}");
    }
}

#[test]
fn hyperparameters_are_checked_against_the_model() {
    let mut config = config("amazon.nova-micro-v1:0");
    let asked = [
        ("epochCount", "6"),
        ("learningRate", "fast"),
        ("batchSize", "1.5"),
        ("learningRateWarmupStep", "1"),
        ("dropout", "0.1"),
    ];
    config.training.hyperparameters = asked
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    insta::assert_snapshot!(route(&config, "us-east-1").unwrap_err(), @"
    training.hyperparameters.batchSize: found 1.5, and Amazon Nova Micro takes a whole number from 1 to 64.
    training.hyperparameters.dropout: Amazon Nova Micro has no such hyperparameter; it takes epochCount, batchSize, learningRate, learningRateWarmupSteps.
    training.hyperparameters.epochCount: found 6, and Amazon Nova Micro takes a whole number from 1 to 5.
    training.hyperparameters.learningRate: found fast, and Amazon Nova Micro takes a number from 0.000001 to 0.0001.
    training.hyperparameters.learningRateWarmupStep: Amazon Nova Micro has no such hyperparameter; the nearest is learningRateWarmupSteps.
    ");
    for (name, value) in [
        ("learningRate", "1e-6"),
        ("learningRate", "0.0001"),
        ("learningRateWarmupSteps", "0"),
    ] {
        config.training.hyperparameters = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        assert_eq!(
            route(&config, "us-east-1").unwrap().hyperparameters[name],
            value
        );
    }
    for value in ["NaN", "inf", "-1", "0.00011", ""] {
        config.training.hyperparameters =
            BTreeMap::from([("learningRate".to_owned(), value.to_owned())]);
        assert!(route(&config, "us-east-1").is_err(), "{value}");
    }
}

#[test]
fn every_row_is_consistent() {
    for row in MODELS {
        assert!(
            crate::limits::fine_tuning(row.id).is_some(),
            "{} has limits",
            row.id
        );
        let resolved = hyperparameters::resolve(row, &BTreeMap::new()).unwrap();
        assert!(
            hyperparameters::resolve(row, &resolved).is_ok(),
            "{}: defaults are within their ranges",
            row.id
        );
        assert!(resolved.contains_key(hyperparameters::EPOCHS), "{}", row.id);
        assert!(!row.regions.is_empty() && !row.source.is_empty());
    }
}
