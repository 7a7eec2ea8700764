//! Direct preference optimization (DPO) of Amazon Nova in a serverless job: the recipe's hyperparameters, and for which models.

use std::collections::BTreeMap;

use super::RoutingError;
use super::hyperparameters::resolve_from;
use super::serverless::{BATCH, LORA_ALPHA, MAX_EPOCHS, one_of, real, refused, whole};
use super::table::{Hyperparameter, Range};
use crate::config::Peft;

pub(super) const SOURCE: &str = "aws/sagemaker-hyperpod-recipes, recipe_templatization/nova (nova_lora_dpo, nova_dpo), and jumpstart_model-id_map.json \
     (read at 2631995, 2026-06-23); aws/sagemaker-python-sdk, DPOTrainer (read at a248126, 2026-08-21); Amazon Nova user guide, nova-dpo and \
     nova-fine-tune-1 (read 2026-11-22)";

const fn epochs(default: &'static str) -> Hyperparameter {
    Hyperparameter {
        name: MAX_EPOCHS,
        range: Range::Whole(1, 100),
        default: Some(default),
    }
}

/// How strongly the preferred answer is to be preferred: the recipes' `dpo_cfg.beta`, under the name that a job takes it by. 0.1 if it
/// is left to the service.
const BETA: Hyperparameter = real("adam_beta", 0.001, 0.1);

/// What is sent unasked decides what is trained, and so what it costs. All else is left to the service.
const ADAPTER: &[Hyperparameter] = &[
    epochs("2"),
    one_of(BATCH, &["16", "32", "64"], Some("32")),
    BETA,
    real("learning_rate", 0.0, 1.0),
    real("learning_rate_ratio", 1.0, 70.0),
    one_of("lora_alpha", LORA_ALPHA, None),
    whole("max_context_length", 1, 131_072),
    real("min_lr", 1e-7, 1.0),
    whole("warmup_steps", 0, 100),
    real("weight_decay", 0.0, 1.0),
];

const ALL_WEIGHTS: &[Hyperparameter] = &[
    epochs("3"),
    one_of(BATCH, &["16", "32", "64", "128"], Some("32")),
    BETA,
    real("learning_rate", 0.0, 1.0),
    whole("max_context_length", 1, 131_072),
    real("min_lr", 1e-7, 1.0),
    whole("warmup_steps", 0, 100),
    real("weight_decay", 0.0, 1.0),
];

/// What a job is sent, or why it cannot be: `prefers` says whether there is a recipe for the model, `known` for which there is.
pub(super) fn hyperparameters<'k>(
    prefers: bool,
    known: impl Iterator<Item = &'k str>,
    peft: Peft,
    name: &str,
    asked: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, RoutingError> {
    if !prefers {
        let known: Vec<_> = known.collect();
        return refused(
            format!(
                "training.serverless.technique = \"dpo\" with {name}: AWS trains the first generation of Nova alone by preferences"
            ),
            format!(
                "Use \"sft\" with the preferred answers, or one of {}",
                known.join(", ")
            ),
        );
    }
    let recipe = match peft {
        Peft::Lora => ADAPTER,
        Peft::Full => ALL_WEIGHTS,
    };
    resolve_from(name, recipe, asked)
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use crate::config::{Config, ServerlessTechnique};
    use crate::limits::RecordShape;
    use crate::money::Usd;
    use crate::prices::{UsageEstimate, estimate};
    use crate::routing::{Route, Trainer, route};

    fn config(model: &str, more: &str) -> Config {
        let text = format!(
            "technique = \"fine-tuning\"\nbase_model = {model:?}\n[training]\non = \"sagemaker\"\n[training.serverless]\naccept_eula = \
             true\ntechnique = \"dpo\"\nmodel_package_group = \
             \"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial\"\n{more}"
        );
        Config::parse(&text).unwrap()
    }

    fn routed(model: &str, more: &str) -> Route {
        config(model, more).check("us-east-1").unwrap()
    }

    fn sent<'r>(route: &'r Route, name: &str) -> Option<&'r str> {
        route.hyperparameters.get(name).map(String::as_str)
    }

    #[test]
    fn the_first_generation_learns_from_preferences_in_batches_of_32() {
        for model in [
            "amazon.nova-micro-v1:0",
            "amazon.nova-lite-v1:0",
            "amazon.nova-pro-v1:0",
        ] {
            let route = routed(model, "");
            let Trainer::Serverless { job, .. } = &route.trainer else {
                panic!("{route:?}");
            };
            assert_eq!(job.technique, ServerlessTechnique::Dpo);
            assert_eq!(route.limits.shape, RecordShape::Preferences);
            assert!(route.limits.content.is_text_only() && route.is_scored());
            assert_eq!(route.limits.min_records, 32, "a batch is the least");
            assert_eq!(
                (
                    sent(&route, "max_epochs"),
                    sent(&route, "global_batch_size")
                ),
                (Some("2"), Some("32"))
            );
            assert_eq!(sent(&route, "adam_beta"), None, "left to the service");
            let stored = serde_json::to_string(&route).unwrap();
            assert_eq!(serde_json::from_str::<Route>(&stored).unwrap(), route);
        }
    }

    #[test]
    fn the_recipes_own_names_and_ranges_are_taken_and_no_others() {
        let with = |line: &str| format!("[training.hyperparameters]\n{line}\n");
        let taken = routed(
            "amazon.nova-micro-v1:0",
            &with("adam_beta = 0.05\nglobal_batch_size = 16"),
        );
        assert_eq!(sent(&taken, "adam_beta"), Some("0.05"));
        assert_eq!(taken.limits.min_records, 16);
        for (line, words) in [
            ("beta = 0.1", "no such hyperparameter"),
            ("adam_beta = 0.5", "a number from 0.001 to 0.1"),
            ("global_batch_size = 128", "one of 16, 32, 64"),
            ("max_epochs = 0", "a whole number from 1 to 100"),
        ] {
            let error = route(&config("amazon.nova-micro-v1:0", &with(line)), "us-east-1");
            let error = error.unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
        }
        let full = "peft = \"full\"\n[training.hyperparameters]\nglobal_batch_size = 128\n[promotion]\nserve = \"provisioned\"\n\
                    [budget]\nserving_per_month_usd = 20000\n[budget.prices]\nprovisioned_per_hour = 10\n";
        let full = routed("amazon.nova-micro-v1:0", full);
        assert_eq!(
            (sent(&full, "max_epochs"), sent(&full, "global_batch_size")),
            (Some("3"), Some("128"))
        );
    }

    #[test]
    fn the_second_generation_is_refused_with_what_works() {
        let refused = route(&config("amazon.nova-2-lite-v1:0", ""), "us-east-1");
        insta::assert_snapshot!(refused.unwrap_err(), @r#"training.serverless.technique = "dpo" with Amazon Nova 2 Lite: AWS trains the first generation of Nova alone by preferences. Use "sft" with the preferred answers, or one of amazon.nova-micro-v1:0, amazon.nova-lite-v1:0, amazon.nova-pro-v1:0."#);
    }

    #[test]
    fn it_costs_each_prompt_with_both_answers() {
        let config = config(
            "amazon.nova-micro-v1:0",
            "[budget.prices]\ntraining_per_1k_tokens = 0.002\n",
        );
        let route = config.check("us-east-1").unwrap();
        let usage = UsageEstimate {
            training_tokens: 1_000_000,
            training_records: 1_000,
            ..UsageEstimate::default()
        };
        let cost = estimate(&route, &config, &usage).unwrap();
        assert_eq!(cost.training, Usd::from_dollars(4.0));
        insta::assert_snapshot!(cost.lines[0], @"training: 1000000 tokens (each prompt with both of its answers), max_epochs = 2, at $0.002 per 1,000 tokens: $4.00");
    }
}
