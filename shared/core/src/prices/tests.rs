//! Estimates, refusals and the budget, in tables and by properties.

use super::table::TABLE;
use super::*;
use crate::config::{Budget, Technique};
use proptest::prelude::*;

const USAGE: UsageEstimate = UsageEstimate {
    training_tokens: 1_000_000,
    training_records: 1_000,
    prompts: 300,
    prompt_tokens: 30_000,
    answer_tokens: 60_000,
    champion_prompts: 0,
    champion_serving: Serving::OnDemand,
};

fn pipeline(base_model: &str) -> (Config, Route) {
    let config = Config::new(Technique::FineTuning, base_model);
    let route = config.check("us-east-1").unwrap();
    (config, route)
}

#[test]
fn an_estimate_in_words() {
    let (config, route) = pipeline("amazon.nova-micro-v1:0");
    let estimate = estimate(
        &route,
        &config,
        &UsageEstimate {
            champion_prompts: 20,
            ..USAGE
        },
    )
    .unwrap();
    insta::assert_snapshot!(estimate.lines.join("\n"), @"
    training: 1000000 tokens, 2 epochs, at $0.001 per 1,000 tokens: $2.00
    base model: 300 prompts in batch: $0.004725
    candidate: 300 prompts on demand: $0.00945
    champion: 20 prompts without a kept answer, on demand: $0.00063
    not in this sum: keeping the model, $1.95 a month
    ");
    assert_eq!(estimate.training, Usd::from_dollars(2.0));
    // One model's answers cost $0.00945; the base model's half of it, the champion's a fifteenth.
    assert_eq!(estimate.evaluation, Usd::from_micros(9_450 + 4_725 + 630));
    assert_eq!(estimate.total(), estimate.training + estimate.evaluation);
}

#[test]
fn a_small_set_is_padded_for_the_batch() {
    let (config, route) = pipeline("amazon.nova-micro-v1:0");
    let few = UsageEstimate {
        prompts: 10,
        ..USAGE
    };
    let estimate = estimate(&route, &config, &few).unwrap();
    assert_eq!(estimate.evaluation, Usd::from_micros(9_450 + 47_250));
    assert!(
        estimate.lines[1].contains("100 prompts in batch"),
        "{:?}",
        estimate.lines
    );
}

/// What is reserved for a second attempt of the base model's batch job.
#[test]
fn the_base_models_share_holds_no_throughput_of_the_candidate() {
    let mut config = Config::new(Technique::FineTuning, "meta.llama3-2-1b-instruct-v1:0");
    config.promotion.serve = crate::config::Serve::Provisioned;
    config.budget.serving_per_month_usd = Usd::from_dollars(20_000.0);
    config.budget.per_run_usd = Usd::from_dollars(1_200.0);
    config.budget.per_month_usd = Usd::from_dollars(5_000.0);
    for (key, price) in [
        (PROVISIONED, 20.0),
        (TRAINING, 0.001),
        (INPUT, 0.0002),
        (OUTPUT, 0.0002),
    ] {
        config.budget.prices.insert(key.to_owned(), price);
    }
    let route = config.check("us-west-2").unwrap();
    let estimate = estimate(&route, &config, &USAGE).unwrap();
    // Half of 30,000 and 60,000 tokens at $0.0002; 48 hours at $20.
    assert_eq!(estimate.base, Usd::from_dollars(0.009));
    assert_eq!(estimate.evaluation, Usd::from_dollars(960.009));
}

#[test]
fn nothing_to_ask_costs_nothing() {
    let (config, route) = pipeline("amazon.nova-micro-v1:0");
    let estimate = estimate(&route, &config, &UsageEstimate::default()).unwrap();
    assert_eq!(estimate.total(), Usd::ZERO);
}

#[test]
fn an_unknown_price_is_a_refusal_until_it_is_stated() {
    let (mut config, route) = pipeline("amazon.nova-pro-v1:0");
    let refused = estimate(&route, &config, &USAGE).unwrap_err();
    insta::assert_snapshot!(refused, @"the price of training for amazon.nova-pro-v1:0 is not known, so nothing was spent. State it in the pipeline's configuration, in US dollars: training_per_1k_tokens under [budget.prices]");
    config.budget.prices.insert(TRAINING.to_owned(), 0.01);
    let stated = estimate(&route, &config, &USAGE).unwrap();
    assert_eq!(stated.training, Usd::from_dollars(20.0));
    for key in [INPUT, OUTPUT, BATCH_DISCOUNT] {
        config.budget.prices.insert(key.to_owned(), 0.0);
    }
    assert_eq!(
        estimate(&route, &config, &USAGE).unwrap().evaluation,
        Usd::ZERO
    );
}

#[test]
fn the_budget_is_held_to_the_micro_dollar() {
    let budget = Budget::default();
    let (_, route) = pipeline("amazon.nova-micro-v1:0");
    let usd = Usd::from_dollars;
    assert_eq!(fits(&route, &budget, Usd::ZERO, usd(50.0)), Ok(()));
    assert_eq!(fits(&route, &budget, usd(150.0), usd(50.0)), Ok(()));
    insta::assert_snapshot!(fits(&route, &budget, Usd::ZERO, usd(50.000_001)).unwrap_err(), @"the run is estimated at $50.01, and budget.per_run_usd allows $50.00. Raise it, or train on less data or fewer epochs");
    insta::assert_snapshot!(fits(&route, &budget, usd(180.5), usd(20.0)).unwrap_err(), @"the run is estimated at $20.00; $180.50 of this month's $200.00 (budget.per_month_usd) are reserved already, so $19.50 are left. Raise it, or wait for the next month: then `perennial start` opens the run again");
    let small = Budget {
        per_month_usd: usd(30.0),
        ..budget.clone()
    };
    let never = fits(&route, &small, Usd::ZERO, usd(40.0)).unwrap_err();
    insta::assert_snapshot!(never, @"the run is estimated at $40.00; $0.00 of this month's $30.00 (budget.per_month_usd) are reserved already, so $30.00 are left. Raise it, or train on less data or fewer epochs");
    assert!(
        fits(&route, &budget, usd(250.0), Usd::from_micros(1))
            .unwrap_err()
            .to_string()
            .contains("$0.00 are left")
    );
    assert!(fits(&route, &budget, Usd::MAX, Usd::MAX).is_err());
}

/// Advice that changes nothing costs people their data.
#[test]
fn what_is_advised_is_what_the_price_rests_on() {
    let graded = "technique = \"reinforcement-fine-tuning\"\nbase_model = \"amazon.nova-2-lite-v1:0\"\n[training.reinforcement]\n\
         grader = \"arn:aws:lambda:us-east-1:123456789012:function:grader\"\n";
    let container = "technique = \"continued-pre-training\"\nbase_model = \"meta.llama3-1-8b-instruct-v1:0\"\n\
         [training.sagemaker]\nimage = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1\"\n\
         instance_type = \"ml.g5.12xlarge\"\nmax_run = \"12h\"\n";
    let taught = "technique = \"distillation\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[budget]\nper_run_usd = 100\n\
         [training.distillation]\nteacher = \"amazon.nova-pro-v1:0\"\n";
    let pictures = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-canvas-v1:0\"\n[promotion]\nserve = \"provisioned\"\n\
         approval = \"manual\"\n[budget]\nserving_per_month_usd = 20000\n[budget.prices]\ntraining_per_image = 0.001\n\
         provisioned_per_hour = 25\n";
    let serverless = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-2-lite-v1:0\"\n[training]\non = \"sagemaker\"\n\
         [training.serverless]\naccept_eula = true\nmodel_package_group = \
         \"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial\"\n[training.hyperparameters]\nmax_steps = 100\n";
    let said = |text: &str| {
        let config = Config::parse(text).unwrap();
        let route = config.check("us-east-1").unwrap();
        let of_run = fits(&route, &config.budget, Usd::ZERO, Usd::MAX).unwrap_err();
        let of_trial = OverBudget::of_trial(&route, Usd::MAX, Usd::ZERO);
        [of_run, of_trial].map(|over| {
            let said = over.to_string();
            let (_, advice) = said.split_once(". Raise it").unwrap();
            advice.to_owned()
        })
    };
    let all = [graded, container, taught, pictures, serverless].map(said);
    insta::assert_snapshot!(all.concat().join("\n"), @r"
    : the 72 hours after which the job is stopped are reckoned, whatever it trains on
    , or ask fewer prompts (evaluation.max_prompts)
    , or lower training.sagemaker.max_run or ask fewer prompts (evaluation.max_prompts)
    , or ask fewer prompts (evaluation.max_prompts)
    , or lower training.distillation.max_response_tokens
    , or lower training.distillation.max_response_tokens or ask fewer prompts (evaluation.max_prompts)
    , or lower stepCount or batchSize (training.hyperparameters)
    , or lower stepCount or batchSize (training.hyperparameters) or ask fewer prompts (evaluation.max_prompts)
    , or lower max_steps or global_batch_size (training.hyperparameters)
    , or lower max_steps or global_batch_size (training.hyperparameters) or ask fewer prompts (evaluation.max_prompts)
    ");
}

#[test]
fn the_table_speaks_of_models_that_have_limits() {
    for row in TABLE {
        assert!(
            crate::limits::fine_tuning(row.model).is_some(),
            "{}",
            row.model
        );
    }
}

proptest! {
    #[test]
    fn more_use_never_costs_less(
        training in 0..1_000_000_000_u64, prompts in 1..10_000_u64, tokens in 0..10_000_000_u64, more in 0..1_000_u64,
    ) {
        let (config, route) = pipeline("amazon.nova-2-lite-v1:0");
        let usage = UsageEstimate {
            training_tokens: training, training_records: 1_000, prompts, prompt_tokens: tokens, answer_tokens: tokens, champion_prompts: 0, champion_serving: Serving::OnDemand,
        };
        let larger = UsageEstimate {
            training_tokens: training + more, answer_tokens: tokens + more, champion_prompts: more, ..usage
        };
        let [usage, larger] = [usage, larger].map(|usage| estimate(&route, &config, &usage).unwrap());
        prop_assert!(larger.training >= usage.training && larger.evaluation >= usage.evaluation);
    }
}
