//! From text to [`Config`]: every problem is found in one pass, and nothing that the text contains can do more than that.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use toml::de::{DeTable, DeValue};

use super::errors::ConfigErrors;
use super::hyperparameters::hyperparameters;
use super::keys::nearest;
use super::section::{Problems, Section, float, show};
use super::values::Technique;
use super::{
    Budget, CompileConfig, Config, DataConfig, EvaluationConfig, IdleConfig, MAX_BYTES,
    MOST_PROMPTS, PromotionConfig, TrainingConfig, TrialConfig, TriggerConfig, serverless, stages,
    trainers,
};
use crate::money::Usd;
use crate::prices;
use crate::span::Span;

/// Bytes of a column's name, and of the start of a key.
const MAX_NAME: usize = 256;
const MAX_PREFIXES: usize = 100;
const MAX_PREVIOUS_CHAMPIONS: u64 = 50;

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// All problems at once: text that is no TOML, unknown keys, wrong types, values out of range, and what is missing.
    pub fn parse(text: &str) -> Result<Self, ConfigErrors> {
        if text.len() > MAX_BYTES {
            return Err(too_large(text.len()));
        }
        // A byte order mark, as some editors write it.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut problems = Problems::new(text);
        let (document, syntax) = DeTable::parse_recoverable(text);
        if !syntax.is_empty() {
            for error in &syntax {
                let byte = error.span().map_or(0, |span| span.start);
                let message: String = error.message().chars().take(200).collect();
                problems.add(
                    byte,
                    "",
                    format!("this is not TOML: {message}"),
                    "Correct this line; text stands in double quotes.",
                );
            }
            return Err(ConfigErrors::new(problems.errors));
        }
        let config = read(document.get_ref(), &mut problems);
        match config {
            Some(config) if problems.errors.is_empty() => Ok(config),
            _ => Err(ConfigErrors::new(problems.errors)),
        }
    }

    /// Reads a configuration from an object's bytes.
    ///
    /// # Errors
    /// As [`Config::parse`], and for bytes that are not UTF-8.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, ConfigErrors> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large(bytes.len()));
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text),
            Err(error) => {
                let line = bytes[..error.valid_up_to()]
                    .iter()
                    .filter(|byte| **byte == b'\n')
                    .count()
                    + 1;
                Err(ConfigErrors::whole_file(
                    format!("byte {} is not UTF-8", error.valid_up_to()),
                    "Save the file as UTF-8 text.",
                    line,
                ))
            }
        }
    }
}

fn too_large(bytes: usize) -> ConfigErrors {
    ConfigErrors::whole_file(
        format!("the configuration has {bytes} bytes"),
        format!("At most {MAX_BYTES} are read; is this another file?"),
        1,
    )
}

fn read(document: &DeTable<'_>, problems: &mut Problems) -> Option<Config> {
    let top = Section::open("", Some(document), problems);
    let stages = stages::read(&top, problems);
    let technique = technique(&top, &stages, problems);
    let base_model = base_model(&top, problems);
    let trigger = trigger(&top, problems);
    let data = data(&top, problems);
    let training = training(&top, problems);
    let evaluation = evaluation(&top, problems);
    let promotion = promotion(&top, problems);
    let budget = budget(&top, problems);
    let idle = idle(&top, problems);
    Some(Config {
        technique: technique?,
        base_model: base_model?,
        trigger,
        data,
        training,
        stages,
        evaluation,
        promotion,
        budget,
        idle,
    })
}

/// Where there are stages, the last one's technique is the pipeline's: the key may be left out then.
fn technique(
    top: &Section<'_, '_>,
    stages: &[super::StageConfig],
    problems: &mut Problems,
) -> Option<Technique> {
    if top.value("technique").is_none() {
        if let Some(last) = stages.last() {
            return Some(last.technique);
        }
        let fix = format!(
            "Add technique = \"fine-tuning\" (or another of {}).",
            Technique::WORDS.join(", ")
        );
        top.wrong("technique", fix, problems);
    }
    top.word("technique", "fine-tuning", problems)
}

fn base_model(top: &Section<'_, '_>, problems: &mut Problems) -> Option<String> {
    const FIX: &str = "Write a Bedrock model id, such as base_model = \"amazon.nova-micro-v1:0\".";
    if top.value("base_model").is_none() {
        top.wrong("base_model", FIX, problems);
    }
    let id = top.string("base_model", FIX, problems)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_/".contains(&byte);
    if id.is_empty() || id.len() > 200 || !id.bytes().all(plain) {
        top.wrong("base_model", FIX, problems);
        return None;
    }
    Some(id.to_owned())
}

fn trigger(top: &Section<'_, '_>, problems: &mut Problems) -> TriggerConfig {
    let default = TriggerConfig::default();
    let section = top.inner("trigger", problems);
    TriggerConfig {
        min_records: section.whole("min_records", 1..=10_000_000, default.min_records, problems),
        quiet_for: section.span("quiet_for", Span::ZERO, default.quiet_for, problems),
        at_most_every: section.span("at_most_every", Span::ZERO, default.at_most_every, problems),
        trial: trial(&section, problems),
    }
}

fn trial(trigger: &Section<'_, '_>, problems: &mut Problems) -> Option<TrialConfig> {
    let section = trigger.below("trial", "trigger.trial", problems)?;
    let dollars = Usd::from_micros(5_000_000);
    Some(TrialConfig {
        records: section.whole("records", 8..=100_000, 200, problems),
        max_usd: section.dollars("max_usd", dollars, problems),
        min_gain_over_base: section.number(
            "min_gain_over_base",
            (Included(0.0), Excluded(1.0)),
            0.0,
            problems,
        ),
    })
}

fn data(top: &Section<'_, '_>, problems: &mut Problems) -> DataConfig {
    let section = top.inner("data", problems);
    DataConfig {
        use_: section.word("use", "all", problems).unwrap_or_default(),
        from: from(&section, problems),
        compile: CompileConfig {
            columns: columns(&section, problems),
            secrets: section
                .word("secrets", "warn", problems)
                .unwrap_or_default(),
        },
    }
}

fn from(data: &Section<'_, '_>, problems: &mut Problems) -> Vec<String> {
    const FIX: &str = "Write a list of starts of keys, as they stand behind data/<pipeline>/, such as from = [\"curated/\", \"2026/\"]; without \
        it every upload counts.";
    let Some(value) = data.value("from") else {
        return Vec::new();
    };
    let DeValue::Array(list) = value.get_ref() else {
        data.wrong("from", FIX, problems);
        return Vec::new();
    };
    if !(1..=MAX_PREFIXES).contains(&list.len()) {
        let found = format!("a list of {}", list.len());
        let fix = format!("{FIX} At most {MAX_PREFIXES} are taken.");
        problems.add(value.span().start, "data.from", found, fix);
        return Vec::new();
    }
    let mut read = Vec::new();
    for start in list {
        match start.get_ref() {
            DeValue::String(text)
                if (1..=MAX_NAME).contains(&text.len())
                    && !text.starts_with('/')
                    && !text.starts_with("data/") =>
            {
                read.push(text.to_string());
            }
            other => {
                let found = format!("found {}", show(other));
                problems.add(start.span().start, "data.from", found, FIX);
            }
        }
    }
    read
}

/// The members that a column of a table can become.
const MEMBERS: &[&str] = &[
    "system",
    "prompt",
    "completion",
    "referenceResponse",
    "category",
    "text",
    "image-ref",
    "caption",
];

fn columns(data: &Section<'_, '_>, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut read = BTreeMap::new();
    let Some(table) = data.table("columns", "data.columns", problems) else {
        return read;
    };
    for (name, value) in table {
        let member = name.get_ref().as_ref();
        let short: String = member.chars().take(80).collect();
        let path = format!("data.columns.{short}");
        if !MEMBERS.contains(&member) {
            let fix = match nearest(member, MEMBERS.iter().copied()) {
                Some(known) => format!(
                    "Did you mean {known}? A column becomes one of {}.",
                    MEMBERS.join(", ")
                ),
                None => format!("A column becomes one of {}.", MEMBERS.join(", ")),
            };
            problems.add(
                name.span().start,
                &path,
                "there is no such member".to_owned(),
                fix,
            );
            continue;
        }
        match value.get_ref() {
            DeValue::String(column) if read.values().any(|other| other == column.as_ref()) => {
                problems.add(
                    value.span().start,
                    &path,
                    format!("the column {} is another member's already", show(value.get_ref())),
                    "Name another column: a model that is trained on one column twice learns to repeat its prompt.",
                );
            }
            DeValue::String(column) if (1..=MAX_NAME).contains(&column.len()) => {
                read.insert(member.to_owned(), column.to_string());
            }
            other => problems.add(
                value.span().start,
                &path,
                format!("found {}", show(other)),
                "Write the column's name as it stands in the header, such as prompt = \"text\".",
            ),
        }
    }
    read
}

fn training(top: &Section<'_, '_>, problems: &mut Problems) -> TrainingConfig {
    let section = top.inner("training", problems);
    TrainingConfig {
        start_from: section
            .word("start_from", "base", problems)
            .unwrap_or_default(),
        on: section.word("on", "bedrock", problems),
        distillation: trainers::distillation(&section, problems),
        reinforcement: trainers::reinforcement(&section, problems),
        sagemaker: trainers::sagemaker(&section, problems),
        serverless: serverless::read(&section, problems),
        hyperparameters: hyperparameters(&section, problems),
    }
}

fn evaluation(top: &Section<'_, '_>, problems: &mut Problems) -> EvaluationConfig {
    let default = EvaluationConfig::default();
    let section = top.inner("evaluation", problems);
    let confidence = (Excluded(0.5), Excluded(1.0));
    let prompts = section.whole(
        "max_prompts",
        1..=u64::from(MOST_PROMPTS),
        default.max_prompts.into(),
        problems,
    );
    EvaluationConfig {
        metric: section.word("metric", "auto", problems).unwrap_or_default(),
        min_gain_over_base: section.number(
            "min_gain_over_base",
            (Included(0.0), Excluded(1.0)),
            default.min_gain_over_base,
            problems,
        ),
        max_loss_to_champion: section.number(
            "max_loss_to_champion",
            0.0..=1.0,
            default.max_loss_to_champion,
            problems,
        ),
        evidence: section
            .word("evidence", "balanced", problems)
            .unwrap_or(default.evidence),
        confidence: section.number("confidence", confidence, default.confidence, problems),
        max_prompts: u32::try_from(prompts).unwrap_or(default.max_prompts),
        holdout: section.number("holdout", 0.0..=0.5, default.holdout, problems),
        max_general_loss: section.number(
            "max_general_loss",
            0.0..=1.0,
            default.max_general_loss,
            problems,
        ),
    }
}

fn promotion(top: &Section<'_, '_>, problems: &mut Problems) -> PromotionConfig {
    let section = top.inner("promotion", problems);
    PromotionConfig {
        serve: section
            .word("serve", "on-demand", problems)
            .unwrap_or_default(),
        model_units: u32::try_from(section.whole("model_units", 1..=1_000, 1, problems))
            .unwrap_or(1),
        commitment: section
            .word("commitment", "none", problems)
            .unwrap_or_default(),
        approval: section
            .word("approval", "automatic", problems)
            .unwrap_or_default(),
    }
}

fn budget(top: &Section<'_, '_>, problems: &mut Problems) -> Budget {
    let default = Budget::default();
    let section = top.inner("budget", problems);
    Budget {
        per_run_usd: section.dollars("per_run_usd", default.per_run_usd, problems),
        per_month_usd: section.dollars("per_month_usd", default.per_month_usd, problems),
        serving_per_month_usd: section.dollars(
            "serving_per_month_usd",
            default.serving_per_month_usd,
            problems,
        ),
        prices: prices(&section, problems),
    }
}

fn prices(budget: &Section<'_, '_>, problems: &mut Problems) -> BTreeMap<String, f64> {
    let mut read = BTreeMap::new();
    let Some(table) = budget.table("prices", "budget.prices", problems) else {
        return read;
    };
    for (name, value) in table {
        let short: String = name.get_ref().chars().take(80).collect();
        let path = format!("budget.prices.{short}");
        let Some(key) = prices::KEYS
            .iter()
            .find(|key| key.name == name.get_ref().as_ref())
        else {
            let names = prices::KEYS.iter().map(|key| key.name);
            let fix = match nearest(&short, names.clone()) {
                Some(word) => format!("Did you mean budget.prices.{word}?"),
                None => format!(
                    "Remove it; the keys here are {}.",
                    names.collect::<Vec<_>>().join(", ")
                ),
            };
            problems.add(name.span().start, &path, "this key is not known", fix);
            continue;
        };
        match float(value.get_ref()).filter(|price| (0.0..=key.most).contains(price)) {
            Some(price) => {
                read.insert(key.name.to_owned(), price);
            }
            None => problems.add(
                value.span().start,
                &path,
                format!("found {}", show(value.get_ref())),
                format!("Write a number from 0 to {}: {}.", key.most, key.meaning),
            ),
        }
    }
    read
}

fn idle(top: &Section<'_, '_>, problems: &mut Problems) -> IdleConfig {
    const SECOND: Span = Span(1);
    let default = IdleConfig::default();
    let section = top.inner("idle", problems);
    let keep = section.whole(
        "keep_previous",
        0..=MAX_PREVIOUS_CHAMPIONS,
        default.keep_previous.into(),
        problems,
    );
    IdleConfig {
        after: section.span("after", SECOND, default.after, problems),
        provisioned_after: section.span(
            "provisioned_after",
            SECOND,
            default.provisioned_after,
            problems,
        ),
        grace: section.span("grace", Span::ZERO, default.grace, problems),
        provisioned_grace: section.span(
            "provisioned_grace",
            Span::ZERO,
            default.provisioned_grace,
            problems,
        ),
        keep_previous: u32::try_from(keep).unwrap_or(default.keep_previous),
        champion: section
            .word("champion", "keep", problems)
            .unwrap_or(default.champion),
    }
}
