//! The base models that Bedrock fine-tunes: one row a model, each with its source.

/// The fewest records of a batch inference job. Source: Bedrock's default quota, "minimum number of records per batch
/// inference job" (2026).
pub(super) const BATCH_MINIMUM: u64 = 100;

/// One base model.
pub(super) struct ModelRow {
    /// The plain id.
    pub(super) id: &'static str,
    /// The customization suffix, without its colon; empty for a model without one.
    pub(super) context: &'static str,
    /// The name for people.
    pub(super) name: &'static str,
    /// Where it can be fine-tuned.
    pub(super) regions: &'static [&'static str],
    /// What stands before the plain id when the base model is asked: empty, or the prefix of an inference profile.
    pub(super) profile: &'static str,
    /// Whether its custom models are served on demand.
    pub(super) on_demand: bool,
    /// The hyperparameters of its jobs.
    pub(super) hyperparameters: &'static [Hyperparameter],
    /// Where the row comes from.
    pub(super) source: &'static str,
}

impl ModelRow {
    /// The id to customize.
    pub(super) fn customization_id(&self) -> String {
        match self.context {
            "" => self.id.to_owned(),
            context => format!("{}:{context}", self.id),
        }
    }
}

/// One hyperparameter, with the range that the service takes.
pub(super) struct Hyperparameter {
    pub(super) name: &'static str,
    pub(super) range: Range,
    /// What is sent where the configuration is silent; `None` leaves it to the service.
    pub(super) default: Option<&'static str>,
}

/// A range with both ends included.
pub(super) enum Range {
    Whole(i64, i64),
    Real(f64, f64),
    /// These values and no others.
    OneOf(&'static [&'static str]),
}

pub(super) const fn whole(
    name: &'static str,
    low: i64,
    high: i64,
    default: &'static str,
) -> Hyperparameter {
    Hyperparameter {
        name,
        range: Range::Whole(low, high),
        default: Some(default),
    }
}

pub(super) const fn real(
    name: &'static str,
    low: f64,
    high: f64,
    default: Option<&'static str>,
) -> Hyperparameter {
    Hyperparameter {
        name,
        range: Range::Real(low, high),
        default,
    }
}

/// Source: Bedrock user guide, custom-models-hp, and the Nova guide (2026).
const NOVA: &[Hyperparameter] = &[
    whole("epochCount", 1, 5, "2"),
    whole("batchSize", 1, 64, "1"),
    real("learningRate", 1e-6, 1e-4, Some("0.00001")),
    whole("learningRateWarmupSteps", 0, 100, "10"),
];

/// Source: Bedrock user guide, cm-hp-meta-llama31 and cm-hp-meta-llama32 (2026).
const LLAMA: &[Hyperparameter] = &[
    whole("epochCount", 1, 10, "5"),
    whole("batchSize", 1, 1, "1"),
    real("learningRate", 5e-6, 0.1, Some("0.0001")),
];

/// Source: Bedrock user guide, cm-hp-anth-claude-3 (2026). Early stopping needs a validation set, so it is not sent unasked.
const CLAUDE: &[Hyperparameter] = &[
    whole("epochCount", 1, 10, "2"),
    whole("batchSize", 4, 256, "32"),
    real("learningRateMultiplier", 0.1, 2.0, Some("1")),
    real("earlyStoppingThreshold", 0.0, 0.1, None),
    Hyperparameter {
        name: "earlyStoppingPatience",
        range: Range::Whole(1, 10),
        default: None,
    },
];

const VIRGINIA: &[&str] = &["us-east-1"];
const OREGON: &[&str] = &["us-west-2"];

const NOVA_SOURCE: &str = "Bedrock user guide, custom-model-supported; on-demand serving of custom models since 2025-07-16 (read 2026-11-20)";
const OREGON_SOURCE: &str = "Bedrock user guide, custom-model-supported (read 2026-11-20)";

const fn nova(
    id: &'static str,
    context: &'static str,
    name: &'static str,
    profile: &'static str,
) -> ModelRow {
    ModelRow {
        id,
        context,
        name,
        regions: VIRGINIA,
        profile,
        on_demand: true,
        hyperparameters: NOVA,
        source: NOVA_SOURCE,
    }
}

/// `profile` of the Llama 3.2 and 3.3 rows: they are asked by a cross-region inference profile in us-west-2.
const fn llama(
    id: &'static str,
    name: &'static str,
    profile: &'static str,
    on_demand: bool,
) -> ModelRow {
    ModelRow {
        id,
        context: "128k",
        name,
        regions: OREGON,
        profile,
        on_demand,
        hyperparameters: LLAMA,
        source: OREGON_SOURCE,
    }
}

pub(super) const MODELS: &[ModelRow] = &[
    nova("amazon.nova-micro-v1:0", "128k", "Amazon Nova Micro", ""),
    nova("amazon.nova-lite-v1:0", "300k", "Amazon Nova Lite", ""),
    nova("amazon.nova-pro-v1:0", "300k", "Amazon Nova Pro", ""),
    // Nova 2 Lite can be asked by an inference profile only.
    nova(
        "amazon.nova-2-lite-v1:0",
        "256k",
        "Amazon Nova 2 Lite",
        "us.",
    ),
    llama(
        "meta.llama3-1-8b-instruct-v1:0",
        "Llama 3.1 8B Instruct",
        "",
        false,
    ),
    llama(
        "meta.llama3-1-70b-instruct-v1:0",
        "Llama 3.1 70B Instruct",
        "",
        false,
    ),
    llama(
        "meta.llama3-2-1b-instruct-v1:0",
        "Llama 3.2 1B Instruct",
        "us.",
        false,
    ),
    llama(
        "meta.llama3-2-3b-instruct-v1:0",
        "Llama 3.2 3B Instruct",
        "us.",
        false,
    ),
    llama(
        "meta.llama3-2-11b-instruct-v1:0",
        "Llama 3.2 11B Instruct",
        "us.",
        false,
    ),
    llama(
        "meta.llama3-2-90b-instruct-v1:0",
        "Llama 3.2 90B Instruct",
        "us.",
        false,
    ),
    llama(
        "meta.llama3-3-70b-instruct-v1:0",
        "Llama 3.3 70B Instruct",
        "us.",
        true,
    ),
    ModelRow {
        id: "anthropic.claude-3-haiku-20240307-v1:0",
        context: "200k",
        name: "Claude 3 Haiku",
        regions: OREGON,
        profile: "",
        on_demand: false,
        hyperparameters: CLAUDE,
        source: OREGON_SOURCE,
    },
];

/// Models with open weights that a SageMaker training job trains and Bedrock imports, and whose base model Bedrock answers for.
pub(super) struct OpenWeightsRow {
    /// The plain id of the base model on Bedrock.
    pub(super) id: &'static str,
    /// The name for people.
    pub(super) name: &'static str,
    /// Where a model of its architecture can be imported and the base model be asked.
    pub(super) regions: &'static [&'static str],
    /// What stands before the plain id when the base model is asked.
    pub(super) profile: &'static str,
    /// Where the row comes from.
    pub(super) source: &'static str,
}

const AMERICA: &[&str] = &["us-east-1", "us-east-2", "us-west-2"];
const OPEN_SOURCE: &str = "Bedrock user guide, model-customization-import-model (architectures, regions) and inference-profiles-support (2026)";

const fn open(id: &'static str, name: &'static str) -> OpenWeightsRow {
    OpenWeightsRow {
        id,
        name,
        regions: AMERICA,
        profile: "us.",
        source: OPEN_SOURCE,
    }
}

pub(super) const OPEN_WEIGHTS: &[OpenWeightsRow] = &[
    open("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct"),
    open("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct"),
    open("meta.llama3-2-1b-instruct-v1:0", "Llama 3.2 1B Instruct"),
    open("meta.llama3-2-3b-instruct-v1:0", "Llama 3.2 3B Instruct"),
    open("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct"),
];

/// Who may learn from whom by distillation.
pub(super) struct DistillationRow {
    /// The teacher's plain id.
    pub(super) teacher: &'static str,
    /// Its students' plain ids.
    pub(super) students: &'static [&'static str],
}

/// Source: Bedrock user guide, prequisites-model-distillation, supported models (2026).
pub(super) const DISTILLATION: &[DistillationRow] = &[
    DistillationRow {
        teacher: "amazon.nova-premier-v1:0",
        students: &[
            "amazon.nova-lite-v1:0",
            "amazon.nova-micro-v1:0",
            "amazon.nova-pro-v1:0",
        ],
    },
    DistillationRow {
        teacher: "amazon.nova-pro-v1:0",
        students: &["amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"],
    },
    DistillationRow {
        teacher: "meta.llama3-1-405b-instruct-v1:0",
        students: &[
            "meta.llama3-1-8b-instruct-v1:0",
            "meta.llama3-1-70b-instruct-v1:0",
            "meta.llama3-3-70b-instruct-v1:0",
        ],
    },
    DistillationRow {
        teacher: "meta.llama3-1-70b-instruct-v1:0",
        students: &[
            "meta.llama3-1-8b-instruct-v1:0",
            "meta.llama3-2-1b-instruct-v1:0",
            "meta.llama3-2-3b-instruct-v1:0",
        ],
    },
    DistillationRow {
        teacher: "meta.llama3-3-70b-instruct-v1:0",
        students: &[
            "meta.llama3-1-8b-instruct-v1:0",
            "meta.llama3-2-1b-instruct-v1:0",
            "meta.llama3-2-3b-instruct-v1:0",
        ],
    },
];

const fn of_service(name: &'static str, range: Range) -> Hyperparameter {
    Hyperparameter {
        name,
        range,
        default: None,
    }
}

/// By the names and in the ranges of `RFTHyperParameters`. Source: Bedrock's service model, which the local cloud keeps
/// (`local/services/src/request_model.json`, 2026). For the two lengths it has no range: theirs is that of its integers, and what the
/// service refuses of them it refuses before training.
pub(super) const REINFORCEMENT_HYPERPARAMETERS: &[Hyperparameter] = &[
    of_service("epochCount", Range::Whole(1, 50)),
    of_service("batchSize", Range::Whole(16, 512)),
    of_service("learningRate", Range::Real(1e-7, 1e-3)),
    of_service("maxPromptLength", Range::Whole(1, 2_147_483_647)),
    of_service("trainingSamplePerPrompt", Range::Whole(2, 16)),
    of_service("inferenceMaxTokens", Range::Whole(1, 2_147_483_647)),
    of_service("reasoningEffort", Range::OneOf(&["low", "medium", "high"])),
    of_service("evalInterval", Range::Whole(1, 100)),
];

const REINFORCEMENT_SOURCE: &str =
    "Bedrock user guide, reinforcement fine-tuning, supported models (read 2026-11-20)";

/// Models of Bedrock's reinforcement fine-tuning. Whether those that are not Nova are served on demand is not known: they are refused.
pub(super) const REINFORCEMENT: &[ModelRow] = &[ModelRow {
    id: "amazon.nova-2-lite-v1:0",
    context: "256k",
    name: "Amazon Nova 2 Lite",
    regions: VIRGINIA,
    profile: "us.",
    on_demand: true,
    hyperparameters: REINFORCEMENT_HYPERPARAMETERS,
    source: REINFORCEMENT_SOURCE,
}];
