//! Serverless customization: its routes in full, what it costs, and every refusal.

use super::*;
use crate::config::Config;
use crate::money::Usd;
use crate::prices::{UsageEstimate, estimate};

const SERVERLESS: &str = r#"
[training]
on = "sagemaker"
[training.serverless]
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
"#;
const PRICE: &str = "[budget.prices]\ntraining_per_1k_tokens = 0.002\n";

fn config(model: &str, more: &str) -> Config {
    let text = format!("technique = \"fine-tuning\"\nbase_model = {model:?}\n{more}");
    Config::parse(&text).unwrap()
}

fn error(model: &str, more: &str, region: &str) -> String {
    let config = config(model, more);
    route(&config, region).unwrap_err().to_string()
}

#[test]
fn nova_is_customized_on_sagemaker_and_deployed_on_demand() {
    let route = config("amazon.nova-micro-v1:0", SERVERLESS)
        .check("us-east-1")
        .unwrap();
    let Trainer::Serverless {
        job,
        base_model_arn,
    } = &route.trainer
    else {
        panic!("{route:?}");
    };
    assert!(job.accept_eula && job.max_run.as_secs() == 72 * 3_600);
    assert_eq!(
        base_model_arn,
        "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/nova-textgeneration-micro"
    );
    assert_eq!(route.serving, Serving::OnDemand);
    assert_eq!(route.inference_id, "amazon.nova-micro-v1:0");
    let sent = |name: &str| route.hyperparameters.get(name).map(String::as_str);
    assert_eq!(
        (sent("max_epochs"), sent("global_batch_size")),
        (Some("2"), Some("64"))
    );
    assert_eq!(
        route.limits.min_records, 64,
        "a batch is the least that trains"
    );
    let stored = serde_json::to_string(&route).unwrap();
    assert_eq!(serde_json::from_str::<Route>(&stored).unwrap(), route);
}

#[test]
fn the_second_generation_says_how_many_steps_and_saves_after_the_last() {
    let steps = format!("{SERVERLESS}[training.hyperparameters]\nmax_steps = 40\n");
    let route = config("amazon.nova-2-lite-v1:0", &steps)
        .check("us-east-1")
        .unwrap();
    let sent = |name: &str| route.hyperparameters.get(name).map(String::as_str);
    assert_eq!(
        (sent("max_steps"), sent("save_steps")),
        (Some("40"), Some("40"))
    );
    assert_eq!(sent("reasoning_enabled"), Some("False"));
    assert_eq!(route.inference_id, "us.amazon.nova-2-lite-v1:0");
    config(
        "amazon.nova-2-lite-v1:0",
        &format!("{steps}save_steps = 40\n"),
    )
    .check("us-east-1")
    .unwrap();
    insta::assert_snapshot!(error("amazon.nova-2-lite-v1:0", SERVERLESS, "us-east-1"), @"Amazon Nova 2 Lite is trained by steps, and how many is not said. Write max_steps under [training.hyperparameters]: so many batches of 32 records (global_batch_size) are trained on and paid for.");
}

#[test]
fn a_model_of_which_all_weights_are_trained_is_served_by_provisioned_throughput_only() {
    let full = |serve: &str| {
        format!(
            "{SERVERLESS}peft = \"full\"\n{serve}\n{PRICE}provisioned_per_hour = 10\n[budget]\nper_run_usd = 500\nper_month_usd = 500\nserving_per_month_usd = 20000\n"
        )
    };
    let provisioned = full("[promotion]\nserve = \"provisioned\"\nmodel_units = 2");
    let route = config("amazon.nova-micro-v1:0", &provisioned)
        .check("us-east-1")
        .unwrap();
    let Serving::Provisioned { units, only, .. } = route.serving else {
        panic!("{:?}", route.serving);
    };
    assert_eq!((units, only), (2, true));
    let refused = error("amazon.nova-micro-v1:0", &full(""), "us-east-1");
    assert!(refused.contains("provisioned throughput only"), "{refused}");
    for (model, technique, asked) in [
        ("amazon.nova-micro-v1:0", "sft", "lora_alpha = 64"),
        ("amazon.nova-micro-v1:0", "dpo", "learning_rate_ratio = 2"),
        (
            "amazon.nova-2-lite-v1:0",
            "sft",
            "max_steps = 8\nlearning_rate_ratio = 2",
        ),
    ] {
        let full = format!("technique = \"{technique}\"\n{provisioned}");
        let full = full.replacen(SERVERLESS, "", 1);
        let full = format!("{SERVERLESS}{full}[training.hyperparameters]\n{asked}\n");
        let refused = error(model, &full, "us-east-1");
        assert!(refused.contains("it is an adapter's"), "{refused}");
    }
}

#[test]
fn an_adapter_that_is_to_be_served_by_provisioned_throughput_is_asked_by_it_too() {
    let more = format!(
        "{SERVERLESS}[promotion]\nserve = \"provisioned\"\nmodel_units = 3\n{PRICE}provisioned_per_hour = 5\n[budget]\nper_run_usd = 500\nper_month_usd = 500\nserving_per_month_usd = \
         20000\n"
    );
    let config = config("amazon.nova-micro-v1:0", &more);
    let route = config.check("us-east-1").unwrap();
    let one_unit = Serving::Provisioned {
        units: 1,
        commitment: crate::config::Commitment::None,
        only: true,
    };
    assert_eq!(route.serving.of_candidate(), one_unit);
    assert!(
        route.source.contains("as it will be served"),
        "{}",
        route.source
    );
    let usage = UsageEstimate {
        prompts: 100,
        training_tokens: 1_000,
        training_records: 100,
        ..UsageEstimate::default()
    };
    let priced = estimate(&route, &config, &usage).unwrap();
    assert!(priced.evaluation.as_dollars() >= 48.0 * 5.0, "{priced:?}");
    assert!(
        priced
            .lines
            .join("\n")
            .contains("through 1 model unit of provisioned throughput for at most 48 hours"),
        "{priced:?}"
    );

    // By the token where it is served so.
    let by_token = self::config("amazon.nova-micro-v1:0", &format!("{SERVERLESS}{PRICE}"));
    let route = by_token.check("us-east-1").unwrap();
    assert_eq!(route.serving.of_candidate(), Serving::OnDemand);
    assert!(!route.source.contains("as it will be served"));
}

#[test]
fn it_costs_what_is_trained_on_at_the_price_that_is_stated() {
    let usage = UsageEstimate {
        training_tokens: 1_000_000,
        training_records: 1_000,
        ..UsageEstimate::default()
    };
    let cost = |model: &str, more: &str| {
        let config = config(model, more);
        let route = config.check("us-east-1").unwrap();
        estimate(&route, &config, &usage)
    };
    // Nova Micro has a price of Bedrock's in the table, which is not SageMaker's.
    insta::assert_snapshot!(cost("amazon.nova-micro-v1:0", SERVERLESS).unwrap_err(), @"the price of serverless customization on SageMaker for amazon.nova-micro-v1:0 is not known, so nothing was spent. State it in the pipeline's configuration, in US dollars: training_per_1k_tokens under [budget.prices]");
    let twice = cost("amazon.nova-micro-v1:0", &format!("{SERVERLESS}{PRICE}")).unwrap();
    assert_eq!(twice.training, Usd::from_dollars(4.0));
    let steps = format!("{SERVERLESS}[training.hyperparameters]\nmax_steps = 100\n{PRICE}");
    // 100 batches of 32 of the 1,000 records.
    let steps = cost("amazon.nova-2-lite-v1:0", &steps).unwrap();
    assert_eq!(steps.training, Usd::from_dollars(6.4));
    assert!(
        steps.lines[0].contains("100 steps of 32 records"),
        "{:?}",
        steps.lines
    );
}

#[test]
fn what_cannot_be_trained_or_served_so_is_refused_with_what_can() {
    let with = |more: &str| format!("{SERVERLESS}{more}\n");
    let on = |from: &str, to: &str| SERVERLESS.replace(from, to);
    let micro = "amazon.nova-micro-v1:0";
    let container = "[training.sagemaker]\nimage = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1\"\ninstance_type = \"ml.g5.xlarge\"";
    for (model, more, region, words) in [
        (
            micro,
            with("peft = \"full\""),
            "us-east-1",
            "provisioned throughput",
        ),
        (
            micro,
            SERVERLESS.to_owned(),
            "us-west-2",
            "it can in us-east-1",
        ),
        (
            micro,
            on("[training]\n", "[training]\nstart_from = \"champion\"\n"),
            "us-east-1",
            "Use \"base\"",
        ),
        (
            micro,
            on("on = \"sagemaker\"", ""),
            "us-east-1",
            "Say which: training.on",
        ),
        (
            micro,
            on("\"sagemaker\"", "\"bedrock\""),
            "us-east-1",
            "has no effect with training.on",
        ),
        (micro, with(container), "us-east-1", "Keep one of them"),
        (
            micro,
            on(":us-east-1:", ":eu-west-1:"),
            "us-east-1",
            "is a group in eu-west-1, and the job runs in us-east-1. Name a group in us-east-1",
        ),
        (
            "amazon.nova-2-lite-v1:0",
            with("[training.hyperparameters]\nmax_steps = 100\nsave_steps = 101"),
            "us-east-1",
            "save_steps = 101 is more than max_steps = 100",
        ),
        (
            micro,
            "training.on = \"sagemaker\"\n".to_owned(),
            "us-east-1",
            "needs [training.serverless]",
        ),
        (
            micro,
            with("[training.hyperparameters]\nepochCount = 2"),
            "us-east-1",
            "no such hyperparameter",
        ),
        (
            micro,
            with("[training.hyperparameters]\nglobal_batch_size = 5"),
            "us-east-1",
            "one of 16, 32, 64",
        ),
        (
            "meta.llama3-3-70b-instruct-v1:0",
            SERVERLESS.to_owned(),
            "us-west-2",
            "For open weights there is [training.sagemaker]",
        ),
    ] {
        let error = error(model, &more, region);
        assert!(error.contains(words), "{more}: {error}");
    }
    let distilled = SERVERLESS.replace("on = \"sagemaker\"\n", "");
    let text = format!("technique = \"distillation\"\nbase_model = {micro:?}\n{distilled}");
    let error = route(&Config::parse(&text).unwrap(), "us-east-1").unwrap_err();
    assert!(
        error
            .to_string()
            .contains("[training.serverless] has no effect"),
        "{error}"
    );
}

#[test]
fn the_licence_and_the_group_are_asked_for_when_it_is_read() {
    let wrong = r#"
technique = "fine-tuning"
base_model = "amazon.nova-micro-v1:0"
[training]
on = "sagemaker"
[training.serverless]
accept_eula = false
model_package_group = "perennial"
technique = "rlvr"
"#;
    insta::assert_snapshot!(Config::parse(wrong).unwrap_err(), @r#"
    line 7: training.serverless.accept_eula: found the boolean false. Read the model's licence, and write accept_eula = true if you accept it: nobody else can accept it for you.
    line 8: training.serverless.model_package_group: found the string "perennial". Write the ARN of a group of your own, such as model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"; `aws sagemaker create-model-package-group` makes one.
    line 9: training.serverless.technique: found the string "rlvr". Write one of sft, dpo.
    "#);
    let missing = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[training.serverless]\n";
    let error = Config::parse(missing).unwrap_err().to_string();
    for words in [
        "accept_eula: it is missing",
        "model_package_group: it is missing",
    ] {
        assert!(error.contains(words), "{error}");
    }
}
