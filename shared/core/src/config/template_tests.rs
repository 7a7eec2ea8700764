//! The starter configuration: it states the defaults, names every key, and each of its commented parts is good once it is uncommented.

use super::*;
use crate::config::keys::TABLES;

const LEAST: &str = "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n";

/// A line without the sign of a comment, if it holds a key or a table's name.
fn uncommented(line: &str) -> Option<&str> {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    let is_key = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let key = bare.split_once('=').map(|(key, _)| key.trim());
    (bare.starts_with('[') || key.is_some_and(is_key)).then_some(bare)
}

#[test]
fn the_template_states_the_defaults() {
    let template = init_template("support-bot");
    assert_eq!(
        Config::parse(&template).unwrap(),
        Config::parse(LEAST).unwrap()
    );
    assert!(Config::parse(&init_template("a\nb = [")).is_ok());
}

#[test]
fn every_key_stands_in_the_template() {
    let template = init_template("support-bot");
    let mut table = String::new();
    let mut found: Vec<(String, String)> = Vec::new();
    for line in template.lines().filter_map(uncommented) {
        if let Some((name, _)) = line.trim_start_matches('[').split_once(']')
            && line.starts_with('[')
        {
            let parent = name.split('.').next().unwrap_or_default();
            found.push((String::new(), parent.to_owned()));
            if let Some((parent, child)) = name.split_once('.') {
                found.push((parent.to_owned(), child.to_owned()));
            }
            table = name.to_owned();
            continue;
        }
        let (key, value) = line.split_once('=').unwrap();
        found.push((table.clone(), key.trim().to_owned()));
        if let Some((inline, _)) = value
            .trim()
            .strip_prefix('{')
            .and_then(|v| v.split_once('}'))
        {
            let below = format!("{table}.{}", key.trim());
            for (key, _) in inline.split(',').filter_map(|pair| pair.split_once('=')) {
                found.push((below.clone(), key.trim().to_owned()));
            }
        }
    }
    for (table, keys) in TABLES {
        for key in *keys {
            let wanted = ((*table).to_owned(), (*key).to_owned());
            assert!(found.contains(&wanted), "[{table}] {key}");
        }
    }
    assert!(template.contains("docs/configuration.md"));
}

/// The template with the lines of these tables uncommented, and of what stands between them.
fn with(wanted: &[&str], top: &[(&str, &str)]) -> String {
    let template = top.iter().fold(init_template("bot"), |text, (from, to)| {
        text.replace(from, to)
    });
    let mut inside = false;
    let mut text = String::new();
    for line in template.lines() {
        let bare = uncommented(line);
        if let Some(bare) = bare.filter(|bare| bare.starts_with('[')) {
            inside = wanted.iter().any(|name| bare.starts_with(name));
        }
        text.push_str(bare.filter(|_| inside).unwrap_or(line));
        text.push('\n');
    }
    text
}

#[test]
fn each_commented_part_is_good_once_it_is_uncommented() {
    let on = ("# on = ", "on = ");
    let llama = (
        "amazon.nova-micro-v1:0\" #",
        "meta.llama3-1-8b-instruct-v1:0\" #",
    );
    let technique = |name: &str| format!("technique  = \"{name}\"");
    let (distillation, reinforcement) = (
        technique("distillation"),
        technique("reinforcement-fine-tuning"),
    );
    let fine_tuning = "technique  = \"fine-tuning\"";
    for (tables, top) in [
        (vec!["[trigger]", "[data]", "[training.hyper"], vec![]),
        (
            vec!["[training.distillation]"],
            vec![(fine_tuning, distillation.as_str())],
        ),
        (
            vec!["[training.reinforcement]"],
            vec![(fine_tuning, reinforcement.as_str())],
        ),
        (vec!["[training.serverless]"], vec![on]),
        (vec!["[training.sagemaker]"], vec![on, llama]),
        (
            vec!["[training.sagemaker]", "[[stage]]"],
            vec![on, llama, (fine_tuning, "")],
        ),
        (
            vec!["[promotion]", "[budget.prices]"],
            vec![("\"on-demand\"  ", "\"provisioned\"")],
        ),
    ] {
        let text = with(&tables, &top);
        let config =
            Config::parse(&text).unwrap_or_else(|errors| panic!("{tables:?}: {errors}\n{text}"));
        assert_ne!(config, Config::parse(LEAST).unwrap(), "{tables:?}");
    }
}
