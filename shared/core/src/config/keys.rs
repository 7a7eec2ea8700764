//! The keys that the file knows, and what to say of those that it does not.

/// Every table of the file by its path, with the keys that it knows.
pub(super) const TABLES: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "technique",
            "base_model",
            "trigger",
            "data",
            "training",
            "stage",
            "evaluation",
            "promotion",
            "budget",
            "idle",
        ],
    ),
    (
        "trigger",
        &["min_records", "quiet_for", "at_most_every", "trial"],
    ),
    (
        "trigger.trial",
        &["records", "max_usd", "min_gain_over_base"],
    ),
    ("data", &["use", "from", "columns", "secrets"]),
    (
        "training",
        &[
            "start_from",
            "on",
            "hyperparameters",
            "distillation",
            "reinforcement",
            "sagemaker",
            "serverless",
        ],
    ),
    (
        "training.distillation",
        &[
            "teacher",
            "max_response_tokens",
            "data",
            "use_logged_answers",
        ],
    ),
    ("training.reinforcement", &["grader"]),
    (
        "training.sagemaker",
        &[
            "image",
            "recipe",
            "instance_type",
            "instance_count",
            "volume_gb",
            "role",
            "subnets",
            "security_groups",
            "max_run",
            "spot",
            "max_wait",
        ],
    ),
    (
        "training.serverless",
        &[
            "technique",
            "peft",
            "accept_eula",
            "model_package_group",
            "role",
            "max_run",
        ],
    ),
    ("stage", &["technique", "from", "hyperparameters"]),
    (
        "evaluation",
        &[
            "metric",
            "min_gain_over_base",
            "max_loss_to_champion",
            "evidence",
            "confidence",
            "max_prompts",
            "holdout",
            "max_general_loss",
        ],
    ),
    (
        "promotion",
        &["serve", "model_units", "commitment", "approval"],
    ),
    (
        "budget",
        &[
            "per_run_usd",
            "per_month_usd",
            "serving_per_month_usd",
            "prices",
        ],
    ),
    (
        "idle",
        &[
            "after",
            "provisioned_after",
            "grace",
            "provisioned_grace",
            "keep_previous",
            "champion",
        ],
    ),
];

/// The keys of one table.
pub(super) fn known_keys(path: &str) -> &'static [&'static str] {
    TABLES
        .iter()
        .find(|(table, _)| *table == path)
        .map_or(&[], |(_, keys)| keys)
}

/// What to do about a key that is not known in its table: often it only stands in the wrong one.
pub(super) fn fix_for_unknown(path: &str, name: &str) -> String {
    let elsewhere = TABLES
        .iter()
        .find(|(table, keys)| *table != path && keys.contains(&name));
    match elsewhere {
        Some(("", _)) => return "Write it at the top of the file, before any [table].".to_owned(),
        Some((table, _)) => return format!("It belongs under [{table}]."),
        None => {}
    }
    let known = known_keys(path);
    match nearest(name, known.iter().copied()) {
        Some(word) if path.is_empty() => format!("Did you mean {word}?"),
        Some(word) => format!("Did you mean {path}.{word}?"),
        None => match nearest_elsewhere(name) {
            Some(key) => format!("Did you mean {key}?"),
            None => format!("Remove it; the keys here are {}.", known.join(", ")),
        },
    }
}

/// The nearest key of any table, by its path.
fn nearest_elsewhere(name: &str) -> Option<String> {
    let all = TABLES
        .iter()
        .flat_map(|(table, keys)| keys.iter().map(move |key| (*table, *key)));
    let key = nearest(name, all.clone().map(|(_, key)| key))?;
    let (table, key) = all.into_iter().find(|(_, other)| *other == key)?;
    Some(if table.is_empty() {
        key.to_owned()
    } else {
        format!("{table}.{key}")
    })
}

/// The known word that `found` is nearest to, if it is near enough to be a slip.
pub(crate) fn nearest<'w>(
    found: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let found: String = found.chars().take(100).collect::<String>().to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::jaro_winkler(&found, &word.to_lowercase()), word))
        .filter(|(similarity, _)| *similarity >= 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}
