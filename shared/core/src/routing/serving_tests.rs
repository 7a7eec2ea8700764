//! How models are served, and what is refused before anything is trained.

use super::*;
use crate::config::{Commitment, Serve};
use crate::money::Usd;

fn config(base_model: &str, units: u32, commitment: Commitment) -> Config {
    let mut config = Config::new(Technique::FineTuning, base_model);
    config.promotion.serve = Serve::Provisioned;
    config.promotion.model_units = units;
    config.promotion.commitment = commitment;
    config.budget.serving_per_month_usd = Usd::from_dollars(1_000_000.0);
    config
}

fn priced(base_model: &str) -> Config {
    let mut config = config(base_model, 1, Commitment::None);
    let price = ("provisioned_per_hour".to_owned(), 10.0);
    config.budget.prices.extend([price]);
    config
}

fn refusal(config: &Config, region: &str) -> String {
    route(config, region).unwrap_err().to_string()
}

#[test]
fn every_model_of_the_table_can_be_served_by_provisioned_throughput() {
    for row in MODELS {
        let route = route(&priced(row.id), row.regions[0]).unwrap();
        let expected = Serving::Provisioned {
            units: 1,
            commitment: Commitment::None,
            only: !row.on_demand,
        };
        assert_eq!(route.serving, expected, "{}", row.id);
        let candidate = route.serving.of_candidate();
        assert_eq!(candidate.is_provisioned(), !row.on_demand, "{}", row.id);
        let stored = serde_json::to_string(&route).unwrap();
        assert_eq!(serde_json::from_str::<Route>(&stored).unwrap(), route);
    }
}

#[test]
fn what_serving_costs_a_month_must_be_stated_and_fit() {
    let mut config = config("amazon.nova-2-lite-v1:0", 2, Commitment::OneMonth);
    // $60.50 an hour, 730 hours, 2 units.
    config.budget.serving_per_month_usd = Usd::from_dollars(88_330.0);
    assert!(route(&config, "us-east-1").is_ok(), "exactly is enough");
    config.budget.serving_per_month_usd = Usd::from_dollars(88_329.99);
    insta::assert_snapshot!(refusal(&config, "us-east-1"), @r#"promotion.serve = "provisioned" costs $88330.00 a month (2 model units of provisioned throughput bought for a month: $121.00 an hour, $88330.00 a month), and budget.serving_per_month_usd allows $88329.99. Raise it, or use fewer model units. Nothing was trained."#);
    config.budget.serving_per_month_usd = Usd::ZERO;
    assert!(refusal(&config, "us-east-1").contains("budget.serving_per_month_usd is not stated"));

    // What a commitment really costs may be stated; without it the price without a commitment counts.
    config.budget.serving_per_month_usd = Usd::from_dollars(60_000.0);
    let price = ("committed_per_hour".to_owned(), 40.0);
    config.budget.prices.extend([price]);
    assert!(route(&config, "us-east-1").is_ok());
    config.promotion.commitment = Commitment::None;
    assert!(route(&config, "us-east-1").is_err());
}

#[test]
fn an_unknown_price_is_refused_when_the_configuration_arrives() {
    let config = config("amazon.nova-micro-v1:0", 1, Commitment::None);
    insta::assert_snapshot!(refusal(&config, "us-east-1"), @"the price of an hour of provisioned throughput for amazon.nova-micro-v1:0 is not known. State it in US dollars: provisioned_per_hour under [budget.prices]. Nothing was trained.");
}

#[test]
fn a_candidate_that_only_throughput_serves_needs_the_price_without_a_commitment_too() {
    let mut config = config("meta.llama3-1-8b-instruct-v1:0", 1, Commitment::OneMonth);
    config
        .budget
        .prices
        .extend([("committed_per_hour".to_owned(), 10.0)]);
    let said = refusal(&config, "us-west-2");
    assert!(
        said.contains("provisioned_per_hour under [budget.prices]"),
        "{said}"
    );
    config
        .budget
        .prices
        .extend([("provisioned_per_hour".to_owned(), 20.0)]);
    assert!(route(&config, "us-west-2").is_ok());
}

#[test]
fn what_would_have_no_effect_is_refused() {
    let mut config = Config::new(Technique::FineTuning, "amazon.nova-micro-v1:0");
    config.promotion.model_units = 2;
    insta::assert_snapshot!(refusal(&config, "us-east-1"), @r#"promotion.model_units = 2 has no effect with promotion.serve = "on-demand". Remove it, or set promotion.serve = "provisioned"."#);
    config.promotion.model_units = 1;
    config.promotion.commitment = Commitment::SixMonths;
    assert!(refusal(&config, "us-east-1").contains("commitment = \"six-months\" has no effect"));
}

#[test]
fn an_imported_model_is_not_bought_throughput_for() {
    let mut config = Config::parse(
        "technique = \"continued-pre-training\"\nbase_model = \"meta.llama3-1-8b-instruct-v1:0\"\n[training.sagemaker]\n\
         image = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/p:1\"\ninstance_type = \"ml.g5.2xlarge\"\n",
    )
    .unwrap();
    assert!(route(&config, "us-east-1").is_ok());
    config.promotion.serve = Serve::Provisioned;
    assert!(
        refusal(&config, "us-east-1").contains("no provisioned throughput for imported models")
    );
}

#[test]
fn throughput_takes_another_model_only_as_it_was_bought() {
    let bought = |units, commitment| Serving::Provisioned {
        units,
        commitment,
        only: false,
    };
    let (none, month) = (Commitment::None, Commitment::OneMonth);
    for (present, wanted, takes) in [
        (Serving::OnDemand, Serving::OnDemand, true),
        (Serving::OnDemand, bought(1, none), false),
        (bought(1, none), Serving::OnDemand, false),
        (bought(1, none), bought(1, none), true),
        (bought(1, none), bought(2, none), false),
        (bought(1, none), bought(1, month), false),
        // What is bought for a time is paid for in any case.
        (bought(1, month), bought(1, none), true),
        (bought(2, month), bought(1, month), false),
    ] {
        assert_eq!(present.takes(wanted), takes, "{present:?} {wanted:?}");
    }
}

#[test]
fn image_models_are_served_by_throughput_and_approved_by_a_person() {
    for row in super::images::IMAGES {
        let mut config = priced(row.id);
        config.promotion.approval = crate::config::Approval::Manual;
        for region in row.regions {
            let route = route(&config, region).unwrap();
            assert!(!route.is_scored());
            assert_eq!(route.customization_id, row.id, "one id for both");
            assert_eq!(route.hyperparameters["stepCount"], "500");
            assert_eq!(images_seen(&route), 4_000);
        }
        config.promotion.approval = crate::config::Approval::Automatic;
        let words = refusal(&config, row.regions[0]);
        assert!(words.contains("a person decides"), "{words}");
        config.promotion.serve = Serve::OnDemand;
        let words = refusal(&config, row.regions[0]);
        assert!(words.contains("by provisioned throughput only"), "{words}");
        assert!(refusal(&priced(row.id), "eu-central-1").contains("a person decides"));
    }
}
