//! What asking a champion costs that comes of another base model than what is trained now.

mod common;

use common::*;
use perennial_core::config::{Config, Technique};
use perennial_core::pipeline::Champion;
use perennial_core::prices::{
    Estimate, INPUT, OUTPUT, UnknownPrice, UsageEstimate, estimate_beside, of_champion,
};
use perennial_core::routing::Serving;
use perennial_core::run::{Run, RunState};

const PRO: &str = "amazon.nova-pro-v1:0";
const LLAMA: &str = "meta.llama3-1-8b-instruct-v1:0";

const USAGE: UsageEstimate = UsageEstimate {
    training_tokens: 1_000_000,
    training_records: 1_000,
    prompts: 60,
    prompt_tokens: 3_000,
    answer_tokens: 30_720,
    champion_prompts: 60,
    champion_serving: Serving::OnDemand,
};

/// The run that made the champion, by a configuration of its own.
fn its_run(base_model: &str, prices: &[(&str, f64)]) -> Run {
    let mut made = run(1, RunState::Preparing);
    made.config = Config::new(Technique::FineTuning, base_model);
    made.route.base_model = base_model.into();
    for (key, price) in prices {
        made.config.budget.prices.insert((*key).to_owned(), *price);
    }
    made
}

fn of(base_model: &str) -> Champion {
    Champion {
        base_model: base_model.into(),
        ..champion(1)
    }
}

fn priced(
    champion: &Champion,
    config: &Config,
    own: Option<&Run>,
    serving: Serving,
) -> Result<Estimate, UnknownPrice> {
    let route = routed(config);
    let prices = of_champion(champion, &route, config, own);
    let usage = UsageEstimate {
        champion_serving: serving,
        ..USAGE
    };
    estimate_beside(&route, config, &usage, prices.as_ref())
}

fn of_its_line(estimate: Estimate) -> String {
    let mut lines = estimate.lines.into_iter();
    lines
        .find(|line| line.starts_with("champion"))
        .expect("it is asked")
}

#[test]
fn a_dearer_champion_is_asked_at_its_own_price() {
    let mut config = config();
    let line = |champion: &Champion, config: &Config, own: Option<&Run>| {
        of_its_line(priced(champion, config, own, Serving::OnDemand).expect("known"))
    };
    // Micro's $0.000035 and $0.00014 are not Pro's $0.0008 and $0.0032.
    let dear = "champion: 60 prompts without a kept answer, on demand, at the prices of amazon.nova-pro-v1:0: $0.11";
    assert_eq!(line(&of(PRO), &config, None), dear);
    // What the configuration states is the price of its own base model.
    for key in [INPUT, OUTPUT] {
        config.budget.prices.insert(key.to_owned(), 0.0);
    }
    assert_eq!(line(&of(PRO), &config, None), dear);
    // An older record of a champion does not say what it comes of; its run's does.
    assert_eq!(line(&of(""), &config, Some(&its_run(PRO, &[]))), dear);
    // Its own run knew better than the table.
    let stated = its_run(PRO, &[(INPUT, 0.001), (OUTPUT, 0.001)]);
    assert!(line(&of(PRO), &config, Some(&stated)).ends_with(": $0.04"));
    // The same base model costs what is stated now.
    let same = priced(
        &of("amazon.nova-micro-v1:0"),
        &config,
        Some(&stated),
        Serving::OnDemand,
    );
    let same = same.expect("known");
    assert!(
        !same.lines.iter().any(|line| line.starts_with("champion")),
        "{same:?}"
    );
}

#[test]
fn an_imported_champion_beside_a_model_by_the_token_costs_the_minutes_that_its_own_run_stated() {
    let mut config = config();
    let minute =
        |config: &Config, own: Option<&Run>| priced(&of(LLAMA), config, own, Serving::Imported);
    let stated = its_run(LLAMA, &[("imported_per_minute", 0.157)]);
    let line = of_its_line(minute(&config, Some(&stated)).expect("known"));
    let copies = "champion: 60 prompts without a kept answer, in 15 minutes of at most 3 copies of the imported model at $0.157";
    assert_eq!(line, format!("{copies}, at the prices of {LLAMA}: $7.07"));

    let silent = its_run(LLAMA, &[]);
    let unknown = minute(&config, Some(&silent)).expect_err("nobody stated it");
    assert_eq!(unknown.model, LLAMA);
    config
        .budget
        .prices
        .insert("imported_per_minute".into(), 0.157);
    assert_eq!(
        of_its_line(minute(&config, Some(&silent)).expect("known")),
        line
    );
}
