//! Reading configurations: defaults, every message that a person may meet, and hostile text.

use proptest::prelude::*;

use super::*;

const LEAST: &str = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n";

fn problems(text: &str) -> String {
    Config::parse(text).unwrap_err().to_string()
}

fn with(lines: &str) -> Config {
    Config::parse(&format!("{LEAST}{lines}")).unwrap()
}

#[test]
fn two_keys_are_enough() {
    let config = Config::parse(LEAST).unwrap();
    assert_eq!(
        config,
        Config::new(Technique::FineTuning, "amazon.nova-micro-v1:0")
    );
    insta::assert_json_snapshot!(config, @r#"
    {
      "technique": "fine-tuning",
      "base_model": "amazon.nova-micro-v1:0",
      "trigger": {
        "min_records": 500,
        "quiet_for": "10m",
        "at_most_every": "1d"
      },
      "data": {
        "use": "all"
      },
      "training": {
        "start_from": "base",
        "hyperparameters": {}
      },
      "evaluation": {
        "metric": "auto",
        "min_gain_over_base": 0.02,
        "max_loss_to_champion": 0.02,
        "evidence": "balanced",
        "confidence": 0.95,
        "max_prompts": 1000,
        "holdout": 0.1,
        "max_general_loss": 0.02
      },
      "promotion": {
        "serve": "on-demand",
        "model_units": 1,
        "commitment": "none",
        "approval": "automatic"
      },
      "budget": {
        "per_run_usd": 50000000,
        "per_month_usd": 200000000,
        "serving_per_month_usd": 0,
        "prices": {}
      },
      "idle": {
        "after": "30d",
        "provisioned_after": "1d",
        "grace": "3d",
        "provisioned_grace": "6h",
        "keep_previous": 1,
        "champion": "keep"
      }
    }
    "#);
}

#[test]
fn columns_and_secrets_are_read_and_a_slip_is_told() {
    let data = |data: &str| Config::parse(&format!("{LEAST}\n[data]\n{data}"));
    let config =
        data("secrets = \"reject\"\ncolumns = { prompt = \"text\", completion = \"category\" }")
            .unwrap();
    assert_eq!(config.data.compile.secrets, Secrets::Reject);
    assert_eq!(config.data.compile.columns["completion"], "category");
    for (slip, said) in [
        ("columns = { promt = \"text\" }", "prompt"),
        ("columns = { prompt = 1 }", "column's name"),
        (
            "columns = { prompt = \"text\", completion = \"text\" }",
            "another member's already",
        ),
        ("columns = \"text\"", "[data.columns]"),
        ("secrets = \"refuse\"", "reject"),
    ] {
        let errors = data(slip).unwrap_err();
        assert!(errors.to_string().contains(said), "{slip}: {errors}");
    }
}

#[test]
fn from_takes_the_uploads_that_begin_so_and_every_evaluation_set() {
    let data = |data: &str| Config::parse(&format!("{LEAST}\n[data]\n{data}"));
    let config = data("from = [\"curated/\", \"2026-\"]").unwrap();
    for (key, taken) in [
        ("data/bot/curated/a.jsonl", true),
        ("data/bot/curated/deep/er/a.jsonl", true),
        ("data/bot/2026-11.jsonl", true),
        ("data/bot/curated", false),
        ("data/bot/a.jsonl", false),
        ("data/bot/drafts/curated/a.jsonl", false),
        ("data/curated/a.jsonl", false),
        ("eval/bot/questions.jsonl", true),
    ] {
        assert_eq!(config.data.takes(key), taken, "{key}");
    }
    let all = Config::parse(LEAST).unwrap();
    assert!(all.data.takes("data/bot/a.jsonl"));
    let stored = serde_json::to_string(&all.data).unwrap();
    assert!(!stored.contains("from"), "{stored}");
    for (slip, said) in [
        ("from = \"curated/\"", "a list of starts of keys"),
        ("from = []", "a list of 0"),
        ("from = [\"\"]", "a list of starts of keys"),
        ("from = [\"/curated\"]", "behind data/"),
        ("from = [\"data/bot/curated/\"]", "behind data/"),
        ("from = [7]", "the number 7"),
    ] {
        let errors = data(slip).unwrap_err();
        assert!(errors.to_string().contains(said), "{slip}: {errors}");
    }
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(
        r#"
        technique = "distillation"
        base_model = "amazon.nova-lite-v1:0:300k"
        trigger = { min_records = 8, quiet_for = "5s", at_most_every = "0s" }
        data.use = "last:90d"
        [training]
        start_from = "champion"
        [training.hyperparameters]
        epochCount = 0x3
        learningRate = 1e-5
        batchSize = "1"
        [evaluation]
        metric = "judge:Builtin.Correctness"
        min_gain_over_base = 0
        max_loss_to_champion = 1
        evidence = "strict"
        confidence = 0.99
        max_prompts = 4_000
        holdout = 0.5
        max_general_loss = 0.1
        [promotion]
        serve = "provisioned"
        approval = "manual"
        [budget]
        per_run_usd = 0.35
        per_month_usd = 1_000
        serving_per_month_usd = 1
        prices = { output_per_1k_tokens = 2, batch_discount = 0 }
        [idle]
        after = "1w"
        provisioned_after = "2h"
        grace = "0s"
        provisioned_grace = "1m"
        keep_previous = 0
        champion = "unserve"
        "#,
    )
    .unwrap();
    insta::assert_json_snapshot!(config, @r#"
    {
      "technique": "distillation",
      "base_model": "amazon.nova-lite-v1:0:300k",
      "trigger": {
        "min_records": 8,
        "quiet_for": "5s",
        "at_most_every": "0s"
      },
      "data": {
        "use": "last:90d"
      },
      "training": {
        "start_from": "champion",
        "hyperparameters": {
          "batchSize": "1",
          "epochCount": "3",
          "learningRate": "1e-5"
        }
      },
      "evaluation": {
        "metric": "judge:Correctness",
        "min_gain_over_base": 0.0,
        "max_loss_to_champion": 1.0,
        "evidence": "strict",
        "confidence": 0.99,
        "max_prompts": 4000,
        "holdout": 0.5,
        "max_general_loss": 0.1
      },
      "promotion": {
        "serve": "provisioned",
        "model_units": 1,
        "commitment": "none",
        "approval": "manual"
      },
      "budget": {
        "per_run_usd": 350000,
        "per_month_usd": 1000000000,
        "serving_per_month_usd": 1000000,
        "prices": {
          "batch_discount": 0.0,
          "output_per_1k_tokens": 2.0
        }
      },
      "idle": {
        "after": "7d",
        "provisioned_after": "2h",
        "grace": "0s",
        "provisioned_grace": "1m",
        "keep_previous": 0,
        "champion": "unserve"
      }
    }
    "#);
    let stored = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&stored).unwrap(), config);
}

#[test]
fn a_snapshot_of_an_earlier_version_still_loads() {
    let stored = r#"{"technique":"fine-tuning","base_model":"m","evaluation":{"max_prompts":7}}"#;
    let config: Config = serde_json::from_str(stored).unwrap();
    assert_eq!(
        (config.evaluation.max_prompts, config.evaluation.confidence),
        (7, 0.95)
    );
}

#[test]
fn all_problems_are_listed_with_line_key_and_fix() {
    insta::assert_snapshot!(problems(r#"technique = "finetuning"
base_model = "nova micro"
minrecords = 5

[trigger]
min_records = "500"
quiet_for = "ten minutes"
at_most_every = 86400
confidence = 0.9

[data]
use = "last:0d"

[training]
start_from = true
[training.hyperparameters]
epochCount = [2]
learningRate = inf

[evaluation]
metric = "judge:Builtin.Corectness"
min_gain = 0.1
min_gain_over_base = 1
confidence = 1.0
max_prompts = 0
holdout = 0.6
evidence = 1979-05-27

[budget]
per_run_usd = -1
prices = { training_per_1k = 1, input_per_1k_tokens = "cheap", batch_discount = 2 }

[idle]
after = "0s"
grace = "11000d"
keep_previous = 51
champion = "kept"
base_model = "x"
"#), @r#"
    line 1: technique: found the string "finetuning". Write "fine-tuning", or another of fine-tuning, continued-pre-training, distillation, reinforcement-fine-tuning.
    line 2: base_model: found the string "nova micro". Write a Bedrock model id, such as base_model = "amazon.nova-micro-v1:0".
    line 3: minrecords: this key is not known. Did you mean trigger.min_records?
    line 6: trigger.min_records: found the string "500". Write a whole number from 1 to 10000000.
    line 7: trigger.quiet_for: found the string "ten minutes". Write a length of time from 0s to 3650d, such as "10m".
    line 8: trigger.at_most_every: found the number 86400. Write a length of time from 0s to 3650d, such as "1d".
    line 9: trigger.confidence: this key is not known. It belongs under [evaluation].
    line 12: data.use: found the string "last:0d". Write "last:90d", or another of all, new, last:90d.
    line 15: training.start_from: found the boolean true. Write a word in quotes, such as "base".
    line 17: training.hyperparameters.epochCount: found an array. Write a number or a string of one line and at most 100 characters, such as epochCount = 2.
    line 18: training.hyperparameters.learningRate: found the number inf. Write a number or a string of one line and at most 100 characters, such as epochCount = 2.
    line 21: evaluation.metric: found the string "judge:Builtin.Corectness". Write "judge:Correctness", or another of judge:Correctness, judge:Completeness, judge:Faithfulness, judge:Helpfulness, judge:Coherence, judge:Relevance, judge:FollowingInstructions, judge:ProfessionalStyleAndTone, judge:Harmfulness, judge:Stereotyping, judge:Refusal.
    line 22: evaluation.min_gain: this key is not known. Did you mean evaluation.min_gain_over_base?
    line 23: evaluation.min_gain_over_base: found the number 1. Write a number from 0 to below 1, such as 0.02.
    line 24: evaluation.confidence: found the number 1.0. Write a number above 0.5 and below 1, such as 0.95.
    line 25: evaluation.max_prompts: found the number 0. Write a whole number from 1 to 10000.
    line 26: evaluation.holdout: found the number 0.6. Write a number from 0 to 0.5, such as 0.1.
    line 27: evaluation.evidence: found a date or time. Write a word in quotes, such as "balanced".
    line 30: budget.per_run_usd: found the number -1. Write a number from 0 to 10000000, such as 50.
    line 31: budget.prices.batch_discount: found the number 2. Write a number from 0 to 1: the share of the on-demand price that batch inference saves.
    line 31: budget.prices.input_per_1k_tokens: found the string "cheap". Write a number from 0 to 1000: US dollars for 1,000 tokens of prompts, on demand.
    line 31: budget.prices.training_per_1k: this key is not known. Did you mean budget.prices.training_per_1k_tokens?
    line 34: idle.after: found the string "0s". Write a length of time from 1s to 3650d, such as "30d".
    line 35: idle.grace: found the string "11000d". Write a length of time from 0s to 3650d, such as "3d".
    line 36: idle.keep_previous: found the number 51. Write a whole number from 0 to 50.
    line 37: idle.champion: found the string "kept". Write "keep", or another of keep, unserve.
    line 38: idle.base_model: this key is not known. Write it at the top of the file, before any [table].
    "#);
}

#[test]
fn what_is_missing_is_named() {
    insta::assert_snapshot!(problems(""), @r#"
    line 1: base_model: it is missing. Write a Bedrock model id, such as base_model = "amazon.nova-micro-v1:0".
    line 1: technique: it is missing. Add technique = "fine-tuning" (or another of fine-tuning, continued-pre-training, distillation, reinforcement-fine-tuning).
    "#);
    insta::assert_snapshot!(problems("technique = 5\nbase_model = \"\"\ntrigger = 7\n[[idle]]\n"), @r#"
    line 1: technique: found the number 5. Write a word in quotes, such as "fine-tuning".
    line 2: base_model: found the string "". Write a Bedrock model id, such as base_model = "amazon.nova-micro-v1:0".
    line 3: trigger: found the number 7. Write its keys under [trigger].
    line 4: idle: found an array. Write its keys under [idle].
    "#);
}

#[test]
fn text_that_is_no_toml() {
    insta::assert_snapshot!(problems("technique = fine-tuning\nbase_model = \"a\nx"), @r#"
    line 1: this is not TOML: invalid boolean, expected `false`. Correct this line; text stands in double quotes.
    line 2: this is not TOML: invalid basic string, expected `"`. Correct this line; text stands in double quotes.
    line 3: this is not TOML: key with no value, expected `=`. Correct this line; text stands in double quotes.
    "#);
    insta::assert_snapshot!(problems("technique = \"fine-tuning\"\ntechnique = \"fine-tuning\"\n"), @"line 2: this is not TOML: duplicate key. Correct this line; text stands in double quotes.");
}

#[test]
fn bytes_that_are_no_configuration() {
    let parse = |bytes: &[u8]| Config::parse_bytes(bytes).map_err(|errors| errors.to_string());
    assert_eq!(
        parse(LEAST.as_bytes()),
        Config::parse(LEAST).map_err(|errors| errors.to_string())
    );
    assert!(parse(format!("\u{feff}{LEAST}").as_bytes()).is_ok());
    assert!(parse(LEAST.replace('\n', "\r\n").as_bytes()).is_ok());
    insta::assert_snapshot!(parse(b"a = 1\nb = \xff").unwrap_err(), @"line 2: byte 10 is not UTF-8. Save the file as UTF-8 text.");
    insta::assert_snapshot!(parse(&vec![b'#'; MAX_BYTES + 1]).unwrap_err(), @"line 1: the configuration has 65537 bytes. At most 65536 are read; is this another file?");
    assert!(
        parse(&[&b"\xff"[..], &vec![b'#'; MAX_BYTES]].concat())
            .unwrap_err()
            .contains("65537 bytes")
    );
}

#[test]
fn a_hyperparameter_that_no_job_takes_or_that_perennial_sets_is_refused() {
    let of = |more: &str| problems(&format!("{LEAST}[training.hyperparameters]\n{more}"));
    insta::assert_snapshot!(of("x = \"a\\nb\"\n\"y\\nz\" = 1\n"), @r#"
    line 4: training.hyperparameters.x: found the string "a\nb". Write a number or a string of one line and at most 100 characters, such as epochCount = 2.
    line 5: training.hyperparameters.y z: found the number 1. Write a number or a string of one line and at most 100 characters, such as epochCount = 2.
    "#);
    insta::assert_snapshot!(of("sagemaker_recipe_local_path = \"/tmp/x.yaml\"\n"), @r#"line 4: training.hyperparameters.sagemaker_recipe_local_path: this is not the pipeline's to say. Remove it: Perennial says to the container where the recipe lies, and this would say otherwise. Write recipe under [training.sagemaker]."#);
    let stages = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
hyperparameters = { sagemaker_recipe_local_path = "/tmp/x.yaml" }
[[stage]]
technique = "fine-tuning"
"#;
    insta::assert_snapshot!(problems(stages), @r#"line 6: training.hyperparameters.sagemaker_recipe_local_path: this is not the pipeline's to say. Remove it: Perennial says to the container where the recipe lies, and this would say otherwise. Write recipe under [training.sagemaker]."#);
}

#[test]
fn limits_of_hyperparameters() {
    let many: String = (0..51).map(|number| format!("h{number} = 1\n")).collect();
    insta::assert_snapshot!(problems(&format!("{LEAST}[training.hyperparameters]\n{many}")), @"line 13: training.hyperparameters: there are 51. At most 50 are taken.");
    let config = with("[training.hyperparameters]\na = 0.000_1\nb = -3\nc = \"x\"\n");
    assert_eq!(
        config.training.hyperparameters.values().collect::<Vec<_>>(),
        ["0.0001", "-3", "x"]
    );
}

#[test]
fn what_comes_later_parses_and_is_refused_by_name() {
    assert!(Config::parse(LEAST).unwrap().supported().is_ok());
    let config = with("evaluation.metric = \"judge:Correctness\"\n");
    insta::assert_snapshot!(config.supported().unwrap_err(), @r#"evaluation.metric = "judge:Correctness": this version does not compute it yet. Use "auto", "exact-match" or "token-f1"."#);
    let config = with("evaluation.metric = \"rouge-l\"\n");
    assert!(
        config
            .supported()
            .unwrap_err()
            .to_string()
            .contains("rouge-l")
    );
}

#[test]
fn hostile_text_is_only_an_error() {
    for text in [
        "[".repeat(MAX_BYTES),
        format!("a = {}", "[".repeat(MAX_BYTES - 4)),
        format!("a = {}", "{a=".repeat(20_000)),
        "a.".repeat(MAX_BYTES / 2),
        (0..9_000)
            .map(|number| format!("k{number}=1\n"))
            .collect::<String>(),
        format!("base_model = \"{}\"", "x".repeat(60_000)),
        format!("trigger.min_records = {}", "9".repeat(60_000)),
        format!("trigger.min_records = 1e{}", "9".repeat(60_000)),
        "\0".repeat(1_000),
    ] {
        let errors = Config::parse(&text).unwrap_err();
        assert!((1..=ConfigErrors::MAX).contains(&errors.errors.len()));
        assert!(errors.to_string().len() < 100_000);
    }
}

/// A value as someone might write it: right, wrong, or no TOML at all.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "[a-z0-9:.-]{0,12}".prop_map(|word| format!("{word:?}")),
        Just("true".to_owned()),
        Just("[1, 2]".to_owned()),
        Just("{ a = 1 }".to_owned()),
        ".{0,12}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Config::parse_bytes(&bytes);
    }

    #[test]
    fn any_text_is_read_without_panic(text in "(.|\n){0,300}") {
        let _ = Config::parse(&text).map_err(|errors| errors.to_string());
    }

    #[test]
    fn a_damaged_template_is_read_without_panic(from in 0..3_000_usize, length in 0..200_usize, put in ".{0,5}") {
        let template = init_template("p");
        let mut chars: Vec<char> = template.chars().collect();
        let from = from.min(chars.len());
        let to = (from + length).min(chars.len());
        chars.splice(from..to, put.chars());
        let _ = Config::parse(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn any_value_of_any_key_is_read_without_panic(
        key in prop::sample::select(keys::TABLES.iter().flat_map(|(table, keys)| {
            keys.iter().map(move |key| if table.is_empty() { key.to_string() } else { format!("{table}.{key}") })
        }).collect::<Vec<_>>()),
        value in value(),
    ) {
        let lines = LEAST.lines().filter(|line| !line.starts_with(&key)).collect::<Vec<_>>().join("\n");
        if let Err(errors) = Config::parse(&format!("{lines}\n{key} = {value}\n")) {
            prop_assert!(!errors.errors.is_empty());
            prop_assert!(errors.errors.iter().all(|error| error.line >= 1 && !error.fix.is_empty()));
        }
    }

    #[test]
    fn what_is_read_is_stored_and_loaded_unchanged(
        gain in 0.0..0.999_f64, confidence in 0.51..0.999_f64, dollars in 0.0..1e6_f64, seconds in 1..1_000_000_u64,
    ) {
        let config = with(&format!(
            "evaluation.min_gain_over_base = {gain:?}\nevaluation.confidence = {confidence:?}\n\
             budget.per_run_usd = {dollars:?}\nidle.after = \"{seconds}s\"\n"
        ));
        let stored = serde_json::to_string(&config).unwrap();
        prop_assert_eq!(serde_json::from_str::<Config>(&stored).unwrap(), config);
    }
}
