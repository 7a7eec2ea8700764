//! Trials: what fits is let run, what cannot is refused when its configuration arrives, with the figure that would do.

use super::*;
use crate::config::TrialConfig;
use crate::routing::{Trainer, route};
use crate::span::Span;
use proptest::prelude::*;

const CONTAINER: &str = r#"
technique = "continued-pre-training"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/pretraining:1"
instance_type = "ml.g5.12xlarge"
max_run = "12h"
[evaluation]
max_prompts = 100
[budget]
per_run_usd = 120
[budget.prices]
training_per_hour = 6
imported_per_minute = 0.1
input_per_1k_tokens = 0.0002
output_per_1k_tokens = 0.0002
"#;

fn parsed(text: &str, max_usd: &str) -> Config {
    let text = format!("trigger.trial = {{ records = 200, max_usd = {max_usd} }}\n{text}");
    Config::parse(&text).unwrap()
}

fn refusal(text: &str, max_usd: &str, region: &str) -> String {
    route(&parsed(text, max_usd), region)
        .unwrap_err()
        .to_string()
}

/// The refusal's own figure is accepted, and a cent less is not.
fn its_figure_does(text: &str, region: &str) -> f64 {
    let said = refusal(text, "5", region);
    let (_, figure) = said.split_once("Write max_usd = ").unwrap();
    let figure: f64 = figure.split(' ').next().unwrap().parse().unwrap();
    route(&parsed(text, &figure.to_string()), region).unwrap();
    let less = format!("{:.2}", figure - 0.01);
    assert!(refusal(text, &less, region).contains("Write max_usd"));
    figure
}

const USAGE: UsageEstimate = UsageEstimate {
    training_tokens: 40_000,
    training_records: 200,
    prompts: 100,
    prompt_tokens: 10_000,
    answer_tokens: 51_200,
    champion_prompts: 0,
    champion_serving: Serving::OnDemand,
};

#[test]
fn a_containers_trial_that_its_questions_leave_nothing_is_refused_on_arrival_with_what_would_do() {
    insta::assert_snapshot!(refusal(CONTAINER, "5", "us-west-2"), @"trigger.trial.max_usd = $5.00: a trial with 100 questions, as evaluation.max_prompts lets it have, costs at least $5.51 (training: 1 ml.g5.12xlarge for at most 10m, at $6 an hour each: $1.00; base model: 100 prompts in batch: $0.00512; candidate: 100 prompts in 15 minutes of at most 3 copies of the imported model at $0.1: $4.50). Write max_usd = 5.51 or more: what the tokens of your questions cost comes on top of the figure, and what is left lets its job run for longer; or take trigger.trial out.");
    let figure = its_figure_does(CONTAINER, "us-west-2");
    assert!((5.0..7.0).contains(&figure), "{figure}");
}

#[test]
fn a_containers_trial_runs_for_as_long_as_its_money_goes() {
    let config = parsed(CONTAINER, "20");
    let full = route(&config, "us-west-2").unwrap();
    let trial = config.trigger.trial.unwrap();
    let all = estimate(&full, &config, &USAGE).unwrap();
    assert_eq!(all.training, Usd::from_dollars(72.0), "12 hours at $6");
    let limited = trial_route(&full, &config, &USAGE, trial, Usd::ZERO).unwrap();
    let Trainer::SageMaker { job } = &limited.trainer else {
        panic!("{limited:?}");
    };
    // $4.51 for the questions, and $15.49 for 154 minutes.
    assert_eq!(job.max_run, Span::minutes(154));
    let cost = estimate(&limited, &config, &USAGE).unwrap();
    assert!(cost.total() <= trial.max_usd, "{cost:?}");

    // A limit that the configuration sets lower is kept.
    let shorter = CONTAINER.replace("12h", "30m");
    let config = parsed(&shorter, "20");
    let full = route(&config, "us-west-2").unwrap();
    assert_eq!(
        trial_route(&full, &config, &USAGE, trial, Usd::ZERO)
            .unwrap()
            .trainer,
        full.trainer
    );
}

#[test]
fn what_cannot_fit_is_refused_on_arrival_with_what_would_do() {
    let distillation = "technique = \"distillation\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[budget]\nper_run_usd = 500\n\
         [training.distillation]\nteacher = \"amazon.nova-pro-v1:0\"\n";
    // Bedrock may add prompts of its own to a sample as well as to all data.
    assert!(its_figure_does(distillation, "us-east-1") > 50.0);

    let graded = "technique = \"reinforcement-fine-tuning\"\nbase_model = \"amazon.nova-2-lite-v1:0\"\n[training.reinforcement]\n\
         grader = \"arn:aws:lambda:us-east-1:123456789012:function:grader\"\n[budget]\nper_run_usd = 900\nper_month_usd = 1800\n\
         [budget.prices]\ntraining_per_hour = 10\n";
    assert!(its_figure_does(graded, "us-east-1") > 720.0);

    let provisioned = "technique = \"fine-tuning\"\nbase_model = \"meta.llama3-1-8b-instruct-v1:0\"\n[promotion]\nserve = \"provisioned\"\n\
         [budget]\nper_run_usd = 5000\nper_month_usd = 5000\nserving_per_month_usd = 50000\n[budget.prices]\nprovisioned_per_hour = 20\n\
         training_per_1k_tokens = 0.001\ninput_per_1k_tokens = 0.0002\noutput_per_1k_tokens = 0.0002\n";
    assert!(its_figure_does(provisioned, "us-west-2") >= 960.0);
}

#[test]
fn a_budget_that_does_not_hold_the_figure_is_named_too() {
    let small = CONTAINER.replace("per_run_usd = 120", "per_run_usd = 5");
    let said = refusal(&small, "5", "us-west-2");
    assert!(said.contains("budget.per_run_usd"), "{said}");
}

#[test]
fn fine_tuning_by_the_token_and_pairs_of_logs_have_a_trial_at_its_defaults() {
    let tuned = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-lite-v1:0\"\n\
         [budget.prices]\ntraining_per_1k_tokens = 0.002\n";
    let logged = "technique = \"distillation\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[training.distillation]\n\
         teacher = \"amazon.nova-pro-v1:0\"\ndata = \"invocation-logs\"\nuse_logged_answers = true\n";
    for text in [tuned, logged] {
        let config = parsed(text, "5");
        let found = route(&config, "us-east-1").unwrap();
        let cost = estimate(&found, &config, &USAGE).unwrap();
        assert!(cost.total() <= Usd::from_dollars(5.0), "{cost:?}");
    }
    let config = parsed(logged, "5");
    let found = route(&config, "us-east-1").unwrap();
    let cost = estimate(&found, &config, &USAGE).unwrap();
    assert!(
        cost.lines[0].starts_with("training: 200 pairs of the logs, taken 2 times"),
        "{cost:?}"
    );
}

proptest! {
    #[test]
    fn a_containers_trial_fits_its_money_or_is_let_run_for_the_shortest_time(
        cents in 1..100_000_u64, price in 1..10_000_u32, count in 1..16_u32, prompts in 1..2_000_u64,
    ) {
        let mut config = parsed(CONTAINER, "20");
        let trial = TrialConfig {
            max_usd: Usd::from_micros(i64::try_from(cents).unwrap() * 10_000),
            ..config.trigger.trial.unwrap()
        };
        config.trigger.trial = None;
        config.budget.per_run_usd = Usd::MAX;
        config.budget.per_month_usd = Usd::MAX;
        config.budget.prices.insert(HOURLY.to_owned(), f64::from(price) / 100.0);
        let mut full = route(&config, "us-west-2").unwrap();
        if let Trainer::SageMaker { job } = &mut full.trainer {
            job.instance_count = count;
        }
        let usage = UsageEstimate { prompts, ..USAGE };
        let limited = trial_route(&full, &config, &usage, trial, Usd::ZERO).unwrap();
        let Trainer::SageMaker { job } = &limited.trainer else { panic!() };
        let cost = estimate(&limited, &config, &usage).unwrap();
        prop_assert!(cost.total() <= trial.max_usd || job.max_run == SHORTEST, "{:?} {:?}", cost, job.max_run);
        prop_assert!(job.max_run >= SHORTEST);
    }
}
