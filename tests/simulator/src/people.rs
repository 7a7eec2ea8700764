//! What people do: drop files, replace and delete them, change the configuration, ask for things, and meddle in the
//! account by hand.

use fastrand::Rng;

use crate::aim::Aim;
use crate::data;

/// One thing that a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// A configuration.
    Configure(Settings),
    /// One with an error.
    Misconfigure,
    /// The configuration's object is deleted.
    Unconfigure,
    /// Training data under the name of this number.
    Upload {
        /// Which name.
        name: u8,
        /// From this topic on.
        first: u8,
        /// How many records.
        records: u8,
        /// Whether a model learns something true from it.
        good: bool,
    },
    /// The same bytes again.
    UploadAgain {
        /// Which name.
        name: u8,
    },
    /// A file with an error.
    UploadBroken {
        /// Which name.
        name: u8,
    },
    /// Questions.
    UploadQuestions,
    /// The object is deleted.
    Delete {
        /// Which name.
        name: u8,
    },
    /// `perennial …`.
    Ask(Wish),
    /// Clients call what the alias names.
    CallChampion,
    /// Clients call every deployment there is, whoever made it.
    CallAll,
    /// Somebody deploys one of our models for a purpose of their own.
    DeployOurModel,
    /// Somebody makes a model of their own.
    MakeAModel,
    /// Somebody deletes one of our models.
    DeleteModel,
    /// Somebody stops the training job that runs.
    StopJob,
    /// Somebody deletes the weights that the first stages of chains left.
    DeleteWeights,
    /// Somebody deletes the model that serves, with its deployment.
    DeleteChampion,
    /// Somebody removes the pipeline's deployment.
    DeleteDeployment,
    /// Somebody writes the alias parameter.
    WriteAlias,
    /// Somebody puts other questions where the run keeps its own.
    SwapQuestions,
    /// Bedrock forgets client tokens.
    ForgetTokens,
}

/// What is asked for through the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Start,
    Approve,
    Cancel,
    Pause,
    Resume,
    Rollback,
    Release,
    Cleanup,
    Sync,
}

/// What the configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) manual: bool,
    pub(crate) only_new: bool,
    pub(crate) from_champion: bool,
    pub(crate) keep_previous: u8,
    pub(crate) per_month_cents: u32,
    pub(crate) other_model: bool,
    pub(crate) hourly: bool,
    /// The world's choice, by its seed, for all that is configured.
    pub(crate) on: TrainsOn,
    /// A trial comes first: the world's choice as well.
    pub(crate) trial: bool,
    /// Provisioned throughput serves: the world's choice as well.
    pub(crate) provisioned: Option<Provisioned>,
    /// Then: what serves an idle champion goes.
    pub(crate) unserve: bool,
    /// Then: this configuration asks for a deployment by the token all the same, where there are such.
    pub(crate) on_demand: bool,
}

/// Whether the models of a world can be served in another way than by provisioned throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provisioned {
    /// By the token, too.
    Also,
    /// In no other way, so that the candidate is asked through throughput of its own.
    Only,
}

/// Its price is such that a candidate's hours fit a run's budget.
const PROVISIONED: &str = "serving_per_month_usd = 1000\n[budget.prices]\nprovisioned_per_hour = 0.5\n\
     training_per_1k_tokens = 0.001\ninput_per_1k_tokens = 0.0002\noutput_per_1k_tokens = 0.0002\n";

/// Who trains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrainsOn {
    /// A customization job on Bedrock.
    Bedrock,
    /// A container on SageMaker, whose weights are imported.
    Container,
    /// Documents in one container's job, pairs in the next.
    Chain,
    /// A serverless job on SageMaker, of whose checkpoint a custom model is made.
    Serverless,
    /// The same, by preferences.
    Preferences,
}

impl TrainsOn {
    pub(crate) fn of(seed: u64) -> Self {
        match seed % 16 {
            2 => Self::Container,
            4 => Self::Chain,
            14 if seed % 48 == 14 => Self::Preferences,
            14 => Self::Serverless,
            _ => Self::Bedrock,
        }
    }

    /// Whether a job is trained in batches of [`BATCH`] records.
    pub(crate) fn in_batches(self) -> bool {
        matches!(self, Self::Serverless | Self::Preferences)
    }
}

/// The smallest batch of a serverless job: every upload has as many records more, so that it can be trained on at all.
pub(crate) const BATCH: u8 = 16;

/// Nova without machines. Its price is such that the smallest budgets that are drawn refuse it at times.
const SERVERLESS: &str = "\non = \"sagemaker\"\nhyperparameters = { global_batch_size = 16 }\n[training.serverless]\naccept_eula = true\n\
     model_package_group = \"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial\"\nmax_run = \"1h\"\n\
     [budget.prices]\ntraining_per_1k_tokens = 0.1";

/// Fine-tuning in a container. Its prices are such that the smallest budgets that are drawn refuse it at times.
const SAGEMAKER: &str = "\non = \"sagemaker\"\n[training.sagemaker]\nimage = \"123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1\"\n\
     instance_type = \"ml.g5.2xlarge\"\nmax_run = \"1h\"\n[budget.prices]\ntraining_per_hour = 0.1\n\
     imported_per_minute = 0.001\ninput_per_1k_tokens = 0.0002\noutput_per_1k_tokens = 0.0002";

/// Documents come first.
const STAGES: &str = "[[stage]]\ntechnique = \"continued-pre-training\"\nfrom = [\"documents/\"]\n\
     [[stage]]\ntechnique = \"fine-tuning\"\nhyperparameters = { epochs = 2 }\n";

impl Settings {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        Self {
            manual: rng.u8(..) < 40,
            only_new: rng.u8(..) < 40,
            from_champion: rng.u8(..) < 60,
            keep_previous: rng.u8(0..3),
            per_month_cents: if rng.u8(..) < 60 {
                rng.u32(1..60)
            } else {
                20_000
            },
            other_model: rng.u8(..) < 30,
            hourly: rng.u8(..) < 40,
            on: TrainsOn::Bedrock,
            trial: false,
            provisioned: None,
            unserve: false,
            on_demand: false,
        }
    }

    pub(crate) fn toml(&self) -> String {
        let Self {
            manual,
            only_new,
            from_champion,
            keep_previous,
            per_month_cents,
            other_model,
            hourly,
            on,
            trial,
            provisioned,
            unserve,
            on_demand,
        } = self;
        let only = *provisioned == Some(Provisioned::Only);
        // Both of each pair take records of one shape.
        let model = match (on, other_model) {
            (TrainsOn::Container | TrainsOn::Chain, false) => "meta.llama3-2-3b-instruct-v1:0",
            (TrainsOn::Container | TrainsOn::Chain, true) => "meta.llama3-2-1b-instruct-v1:0",
            (_, false) if only => "meta.llama3-2-3b-instruct-v1:0",
            (_, true) if only => "meta.llama3-2-1b-instruct-v1:0",
            (_, false) => "amazon.nova-micro-v1:0",
            (_, true) => "amazon.nova-lite-v1:0",
        };
        let trainer = match on {
            TrainsOn::Bedrock => "",
            TrainsOn::Container | TrainsOn::Chain => SAGEMAKER,
            TrainsOn::Serverless | TrainsOn::Preferences => SERVERLESS,
        };
        let technique = match on {
            TrainsOn::Preferences => "\n[training.serverless]\ntechnique = \"dpo\"\n",
            _ => "\n[training.serverless]\n",
        };
        let trainer = trainer.replace("\n[training.serverless]\n", technique);
        let trial = match trial {
            true => "trial = { records = 12, max_usd = 1 }\n",
            false => "",
        };
        let stages = if *on == TrainsOn::Chain { STAGES } else { "" };
        let every = if *hourly { "1h" } else { "1m" };
        let use_ = if *only_new { "new" } else { "all" };
        let from = match from_champion {
            true if *on == TrainsOn::Bedrock => "champion",
            _ => "base",
        };
        let throughput = provisioned.is_some() && (only || !on_demand);
        let (serve, prices) = match throughput {
            true => ("serve = \"provisioned\"\n", PROVISIONED),
            false => ("", ""),
        };
        let idle = match unserve {
            true => {
                "champion = \"unserve\"\nprovisioned_after = \"6h\"\nprovisioned_grace = \"1h\"\n"
            }
            false => "",
        };
        let approval = if *manual { "manual" } else { "automatic" };
        format!(
            "technique = \"fine-tuning\"\nbase_model = \"{model}\"\n\
             [trigger]\nmin_records = 8\nquiet_for = \"1m\"\nat_most_every = \"{every}\"\n{trial}\
             [data]\nuse = \"{use_}\"\n[training]\nstart_from = \"{from}\"{trainer}\n\
             [evaluation]\nconfidence = 0.8\n[promotion]\n{serve}approval = \"{approval}\"\n\
             [budget]\nper_run_usd = 50\nper_month_usd = {}.{:02}\n{prices}\
             [idle]\nafter = \"6h\"\ngrace = \"2h\"\nkeep_previous = {keep_previous}\n{idle}{stages}",
            per_month_cents / 100,
            per_month_cents % 100
        )
    }
}

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// Everything that people do in a schedule, each with its time in milliseconds.
pub(crate) fn plan(rng: &mut Rng, aim: Option<&Aim>) -> Vec<(u64, Act)> {
    let mut acts = Vec::new();
    let soon = |rng: &mut Rng| rng.u64(0..20 * MINUTE);
    acts.push((soon(rng), Act::Configure(Settings::draw(rng))));
    acts.push((soon(rng), Act::UploadQuestions));
    let good = rng.u8(..) < 220;
    acts.push((
        soon(rng),
        Act::Upload {
            name: 0,
            first: 0,
            records: data::TOPICS as u8,
            good,
        },
    ));
    let long = (rng.u8(..) < 10).then_some(4);
    if let Some(count) = long.or_else(|| aim.and_then(Aim::seasons)) {
        return seasons(rng, acts, count);
    }
    let more = *rng.choice([0, 0, 0, 0, 1, 1, 2, 3]).as_ref().unwrap_or(&2);
    let mut at = 20 * MINUTE;
    for _ in 0..more {
        at += match rng.u8(0..4) {
            0 => rng.u64(0..5 * MINUTE),
            1 => rng.u64(0..60 * MINUTE),
            2 => rng.u64(0..6 * 60 * MINUTE),
            _ => rng.u64(0..30 * 60 * MINUTE),
        };
        let act = act(rng);
        // Files are often put twice in a row: the second before the first is taken in.
        if let Act::Upload { name, good, .. } = act
            && rng.u8(..) < 60
        {
            let again = Act::Upload {
                name,
                first: rng.u8(0..data::TOPICS as u8),
                records: rng.u8(4..=14),
                good,
            };
            acts.push((at + rng.u64(0..3_000), again));
        }
        acts.push((at, act));
    }
    acts
}

/// The name under which a chain's documents are uploaded.
pub(crate) const DOCUMENTS: u8 = 2;

/// What a chain needs besides: documents, and sometimes somebody who deletes what came of them.
pub(crate) fn documents(rng: &mut Rng, acts: &mut Vec<(u64, Act)>) {
    let upload = Act::Upload {
        name: DOCUMENTS,
        first: 0,
        records: 1,
        good: true,
    };
    acts.push((rng.u64(0..20 * MINUTE), upload));
    if rng.u8(..) < 40 {
        let at = rng.u64(60 * MINUTE..12 * 60 * MINUTE);
        acts.push((at, Act::DeleteWeights));
    }
    // Pairs come and go more often than documents do.
    if rng.u8(..) < 120 {
        let at = rng.u64(2 * 60 * MINUTE..20 * 60 * MINUTE);
        let upload = Act::Upload {
            name: 0,
            first: rng.u8(0..data::TOPICS as u8),
            records: 12,
            good: true,
        };
        acts.push((at, upload));
    }
}

/// A story of several good seasons with a rollback in between, so that there are earlier champions.
fn seasons(rng: &mut Rng, mut acts: Vec<(u64, Act)>, count: u8) -> Vec<(u64, Act)> {
    let mut at = 20 * MINUTE;
    for season in 0..count {
        at += rng.u64(2 * 60 * MINUTE..8 * 60 * MINUTE);
        // The answers that are kept do not serve for other questions: the champion is asked again.
        if rng.u8(..) < 64 {
            acts.push((at, Act::UploadQuestions));
        }
        let upload = Act::Upload {
            name: season,
            first: rng.u8(0..data::TOPICS as u8),
            records: 12,
            good: true,
        };
        acts.push((at, upload));
        if season > 0 && rng.bool() {
            let after = at + rng.u64(0..3 * 60 * MINUTE);
            acts.push((after, Act::Ask(Wish::Rollback)));
            let later = after + rng.u64(0..8 * 60 * MINUTE);
            acts.push((later, Act::Ask(Wish::Resume)));
        }
    }
    acts
}

/// What people do right when something has changed.
pub(crate) fn meddle(rng: &mut Rng) -> Act {
    match rng.u8(0..16) {
        0..4 => Act::Ask(Wish::Cancel),
        4 | 5 => Act::Ask(Wish::Rollback),
        6..9 => Act::Ask(Wish::Approve),
        9 => Act::Ask(Wish::Resume),
        10 => Act::Ask(Wish::Pause),
        11 => Act::Ask(Wish::Start),
        12 => Act::DeleteDeployment,
        13 => Act::Configure(Settings::draw(rng)),
        _ => act(rng),
    }
}

fn act(rng: &mut Rng) -> Act {
    let name = rng.u8(0..3);
    match rng.u8(0..100) {
        0..30 => Act::Upload {
            name,
            first: rng.u8(0..data::TOPICS as u8),
            records: rng.u8(4..=14),
            good: rng.u8(..) < 170,
        },
        30..34 => Act::UploadAgain { name },
        34..37 => Act::UploadBroken { name },
        37..40 => Act::UploadQuestions,
        40..46 => Act::Delete { name },
        46..53 => Act::Configure(Settings::draw(rng)),
        53..55 => Act::Misconfigure,
        55..56 => Act::Unconfigure,
        56..59 => Act::Ask(Wish::Start),
        59..62 => Act::Ask(Wish::Approve),
        62..68 => Act::Ask(Wish::Cancel),
        68..70 => Act::Ask(Wish::Pause),
        70..74 => Act::Ask(Wish::Resume),
        74..80 => Act::Ask(Wish::Rollback),
        80..82 => Act::Ask(Wish::Release),
        82..84 => Act::Ask(Wish::Cleanup),
        84..85 => Act::Ask(Wish::Sync),
        85..87 => Act::CallChampion,
        87..89 => Act::CallAll,
        89..91 => Act::DeployOurModel,
        91..92 => Act::MakeAModel,
        92..93 => Act::DeleteModel,
        93..94 => Act::StopJob,
        94..96 => Act::DeleteDeployment,
        96..97 => Act::WriteAlias,
        97..99 => Act::SwapQuestions,
        _ => Act::ForgetTokens,
    }
}
