//! Continued pre-training, by itself and in a chain: its routes, and every refusal.

use super::*;
use crate::config::Config;
use crate::limits::RecordShape;

const LLAMA: &str = "meta.llama3-1-8b-instruct-v1:0";
const SAGEMAKER: &str = r#"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/pretraining:1"
instance_type = "ml.g5.12xlarge"
"#;
const SERVERLESS: &str = r#"
[training.serverless]
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
"#;
const STAGES: &str = r#"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
[[stage]]
technique = "fine-tuning"
"#;

fn config(technique: &str, model: &str, more: &str) -> Config {
    let text = format!("technique = {technique:?}\nbase_model = {model:?}\n{more}");
    Config::parse(&text).unwrap()
}

fn error(technique: &str, model: &str, more: &str, region: &str) -> String {
    route(&config(technique, model, more), region)
        .unwrap_err()
        .to_string()
}

#[test]
fn continued_pre_training_of_open_weights_runs_on_sagemaker_and_is_imported() {
    let config = config("continued-pre-training", LLAMA, SAGEMAKER);
    let route = config.check("us-west-2").unwrap();
    assert!(
        matches!(&route.trainer, Trainer::SageMaker { job } if job.instance_type == "ml.g5.12xlarge")
    );
    assert_eq!(route.serving, Serving::Imported);
    assert_eq!(route.limits.shape, RecordShape::Documents);
    assert_eq!(route.inference_id, format!("us.{LLAMA}"));
    let stored = serde_json::to_string(&route).unwrap();
    assert_eq!(serde_json::from_str::<Route>(&stored).unwrap(), route);
}

#[test]
fn continued_pre_training_on_bedrock_is_refused_with_its_date_and_with_what_works() {
    insta::assert_snapshot!(error("continued-pre-training", LLAMA, "", "us-west-2"), @r#"technique = "continued-pre-training": continued pre-training left Bedrock on 2025-10-07, and a job there would be refused. Add [training.sagemaker] with image and instance_type: the model has open weights, and a SageMaker training job pre-trains it further; the result is imported into Bedrock."#);
    let asked = format!("training.on = \"bedrock\"\n{SAGEMAKER}");
    assert!(error("continued-pre-training", LLAMA, &asked, "us-west-2").contains("2025-10-07"));
    insta::assert_snapshot!(error("continued-pre-training", "amazon.titan-text-express-v1", "", "us-east-1"), @r#"technique = "continued-pre-training": continued pre-training left Bedrock on 2025-10-07, and a job there would be refused. It runs in SageMaker training jobs for models with open weights: base_model = one of meta.llama3-1-8b-instruct-v1:0, meta.llama3-1-70b-instruct-v1:0, meta.llama3-2-1b-instruct-v1:0, meta.llama3-2-3b-instruct-v1:0, meta.llama3-3-70b-instruct-v1:0, with [training.sagemaker]."#);
}

#[test]
fn continued_pre_training_of_nova_is_refused_with_hyperpod_and_with_what_works() {
    let alone = "continued-pre-training";
    let on_bedrock = "training.on = \"bedrock\"\n";
    let chain = |more: &str| format!("{more}{STAGES}");
    for model in [
        "amazon.nova-micro-v1:0",
        "amazon.nova-2-lite-v1:0:256k",
        "us.amazon.nova-2-lite-v1:0",
        "eu.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        "amazon.nova-premier-v1:0",
    ] {
        for (technique, more) in [
            (alone, String::new()),
            (alone, on_bedrock.to_owned()),
            (alone, SAGEMAKER.to_owned()),
            (alone, SERVERLESS.to_owned()),
            (alone, format!("{SAGEMAKER}{SERVERLESS}")),
            ("fine-tuning", chain("")),
            ("fine-tuning", chain(on_bedrock)),
            ("fine-tuning", chain(SAGEMAKER)),
            ("fine-tuning", chain(SERVERLESS)),
        ] {
            let error = error(technique, model, &more, "us-east-1");
            assert!(
                error.contains("HyperPod only")
                    && error.contains("2025-10-07")
                    && error.contains("What works today: fine-tuning of")
                    && error.contains(LLAMA),
                "{model} {more}: {error}"
            );
        }
    }
    insta::assert_snapshot!(error(alone, "us.amazon.nova-lite-v1:0", "", "us-east-1"), @r#"technique = "continued-pre-training" with base_model = "us.amazon.nova-lite-v1:0": Amazon Nova is pre-trained further on SageMaker HyperPod only, which has no job API and is not driven by this version; on Bedrock continued pre-training ended on 2025-10-07. What works today: fine-tuning of this model (technique = "fine-tuning", base_model = "amazon.nova-lite-v1:0"), or continued pre-training of a model with open weights in SageMaker training jobs: meta.llama3-1-8b-instruct-v1:0, meta.llama3-1-70b-instruct-v1:0, meta.llama3-2-1b-instruct-v1:0, meta.llama3-2-3b-instruct-v1:0, meta.llama3-3-70b-instruct-v1:0."#);
    insta::assert_snapshot!(error("fine-tuning", "amazon.nova-premier-v1:0", &chain(SAGEMAKER), "us-east-1"), @r#"[[stage]] technique = "continued-pre-training" with base_model = "amazon.nova-premier-v1:0": Amazon Nova is pre-trained further on SageMaker HyperPod only, which has no job API and is not driven by this version; on Bedrock continued pre-training ended on 2025-10-07. What works today: fine-tuning of another Nova (technique = "fine-tuning") such as amazon.nova-micro-v1:0, amazon.nova-lite-v1:0, amazon.nova-pro-v1:0, amazon.nova-2-lite-v1:0, or a chain of a model with open weights in SageMaker training jobs: meta.llama3-1-8b-instruct-v1:0, meta.llama3-1-70b-instruct-v1:0, meta.llama3-2-1b-instruct-v1:0, meta.llama3-2-3b-instruct-v1:0, meta.llama3-3-70b-instruct-v1:0."#);
    // Nova is fine-tuned all the same.
    config("fine-tuning", "amazon.nova-lite-v1:0", "")
        .check("us-east-1")
        .unwrap();
}

#[test]
fn a_chain_on_bedrock_is_refused_with_its_date_and_with_what_works() {
    let of = |model: &str, more: &str| {
        let more = format!("{more}{STAGES}");
        error("fine-tuning", model, &more, "us-west-2")
    };
    let on_bedrock = "training.on = \"bedrock\"\n";
    insta::assert_snapshot!(of(LLAMA, ""), @"[[stage]]: continued pre-training left Bedrock on 2025-10-07, so that both stages of a chain run in SageMaker training jobs. Add [training.sagemaker] with image and instance_type: the model has open weights, and a SageMaker training job pre-trains it further; the result is imported into Bedrock.");
    insta::assert_snapshot!(of(LLAMA, on_bedrock), @"[[stage]]: continued pre-training left Bedrock on 2025-10-07, so that both stages of a chain run in SageMaker training jobs. Add [training.sagemaker] with image and instance_type, and leave training.on out: the model has open weights, and a SageMaker training job pre-trains it further; the result is imported into Bedrock.");
    insta::assert_snapshot!(of(LLAMA, &format!("{on_bedrock}{SAGEMAKER}")), @r#"[[stage]]: continued pre-training left Bedrock on 2025-10-07, so that both stages of a chain run in SageMaker training jobs. Write training.on = "sagemaker", or leave it out."#);
    insta::assert_snapshot!(of("amazon.titan-text-express-v1", ""), @"[[stage]]: continued pre-training left Bedrock on 2025-10-07, so that both stages of a chain run in SageMaker training jobs. It runs in SageMaker training jobs for models with open weights: base_model = one of meta.llama3-1-8b-instruct-v1:0, meta.llama3-1-70b-instruct-v1:0, meta.llama3-2-1b-instruct-v1:0, meta.llama3-2-3b-instruct-v1:0, meta.llama3-3-70b-instruct-v1:0, with [training.sagemaker].");
}

#[test]
fn open_weights_are_known_by_every_form_of_their_id() {
    for row in table::OPEN_WEIGHTS {
        for written in [
            row.id.to_owned(),
            format!("{}:128k", row.id),
            format!("arn:aws:bedrock:us-west-2::foundation-model/{}", row.id),
            format!(
                "arn:aws:bedrock:us-west-2::foundation-model/{}:128k",
                row.id
            ),
        ] {
            let alone = config("continued-pre-training", &written, SAGEMAKER);
            let chain = config("fine-tuning", &written, &format!("{SAGEMAKER}{STAGES}"));
            let on_sagemaker = format!("training.on = \"sagemaker\"\n{SAGEMAKER}");
            let tuned = config("fine-tuning", &written, &on_sagemaker);
            for config in [alone, chain, tuned] {
                let route = config.check("us-west-2").unwrap();
                assert_eq!(
                    (route.base_model.as_str(), route.customization_id.as_str()),
                    (row.id, row.id)
                );
            }
        }
    }
}

#[test]
fn a_chain_is_read_and_what_is_none_is_refused() {
    let chain = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
[[stage]]
technique = "fine-tuning"
hyperparameters = { epochs = 3 }
"#;
    let config = Config::parse(chain).unwrap();
    assert_eq!(config.technique, Technique::FineTuning);
    assert_eq!(config.stages[0].from, ["documents/"]);
    assert!(
        route(&config, "us-west-2")
            .unwrap_err()
            .to_string()
            .contains("[[stage]]")
    );
    for (from, to, words) in [
        ("from = [\"documents/\"]", "", "Say which folders"),
        ("\"documents/\"", "\"/documents\"", "slash at the end"),
        ("\"documents/\"", "\"./documents/\"", "without . or .."),
        ("\"documents/\"", "\"a/../documents/\"", "without . or .."),
        (
            "\"documents/\"",
            "\"data/bot/documents/\"",
            "without data/<pipeline>/ itself",
        ),
        (
            "technique = \"fine-tuning\"",
            "technique = \"distillation\"",
            "Write two stages",
        ),
        (
            "technique = \"fine-tuning\"",
            "technique = \"fine-tuning\"\nfrom = [\"documents/a/\"]",
            "belongs to one stage",
        ),
        (
            "hyperparameters",
            "hyperparameter",
            "Did you mean stage.hyperparameters?",
        ),
    ] {
        let error = Config::parse(&chain.replace(from, to))
            .unwrap_err()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_folders_of_a_chain_are_among_those_of_its_pipeline() {
    let of = |taken: &str, folders: &str| {
        let stages = STAGES.replace("[\"documents/\"]", folders);
        let more = format!("data.from = {taken}\n{SAGEMAKER}{stages}");
        route(&config("fine-tuning", LLAMA, &more), "us-west-2").map_err(|error| error.to_string())
    };
    for (taken, folders) in [
        ("[\"documents/\", \"pairs\"]", "[\"documents/\"]"),
        ("[\"doc\"]", "[\"documents/\"]"),
        ("[\"documents/2026/\", \"pairs/\"]", "[\"documents/\"]"),
        ("[\"all/\"]", "[\"all/documents/\", \"all/books/\"]"),
    ] {
        of(taken, folders).unwrap();
    }
    for (taken, folders, words) in [
        (
            "[\"pairs\"]",
            "[\"documents/\"]",
            "\"documents/\", and data.from takes nothing of it. Add \"documents/\" to data.from",
        ),
        (
            "[\"documents/\", \"pairs/\"]",
            "[\"documents/\", \"books/\"]",
            "\"books/\", and data.from takes nothing of it",
        ),
        (
            "[\"documents/\"]",
            "[\"documents/\"]",
            "leaves the last one nothing",
        ),
        (
            "[\"documents/2025/\", \"books/\"]",
            "[\"documents/\", \"books/\"]",
            "leaves the last one nothing",
        ),
    ] {
        let error = of(taken, folders).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
