//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use perennial_core::config::Secrets;
use perennial_core::names::{Installation, PipelineName};

/// The folder of the local cloud unless another is named.
pub(crate) const DEFAULT_DIR: &str = ".perennial";

/// Models that come back with every season's data, and are cut back when nobody uses them.
#[derive(Debug, Parser)]
#[command(
    name = "perennial",
    version,
    propagate_version = true,
    subcommand_precedence_over_arg = true
)]
#[command(
    after_help = "Exit status: 0 done; 1 what was asked about is bad; 2 usage; 3 not found; \
    4 AWS, the local cloud or a file could not be used; 5 no effect seen in time."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connect: ConnectArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// To whom a command talks: AWS as the AWS CLI would, or a local cloud.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectArgs {
    /// Talk to the local cloud running in this folder
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, default_missing_value = DEFAULT_DIR)]
    pub(crate) local: Option<PathBuf>,
    /// The AWS profile
    #[arg(long, global = true, conflicts_with = "local")]
    pub(crate) profile: Option<String>,
    /// The AWS region
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// Another endpoint than AWS's own (AWS_ENDPOINT_URL)
    #[arg(long, global = true, value_name = "URL", conflicts_with = "local")]
    pub(crate) endpoint_url: Option<String>,
    /// The installation's id
    #[arg(long, global = true, env = "PERENNIAL_INSTALLATION", value_name = "ID", value_parser = Installation::parse)]
    pub(crate) installation: Option<Installation>,
    /// The installation's bucket
    #[arg(long, global = true, env = "PERENNIAL_BUCKET", value_name = "NAME")]
    pub(crate) bucket: Option<String>,
    /// The installation's table
    #[arg(long, global = true, env = "PERENNIAL_TABLE", value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// The installation's event bus
    #[arg(long, global = true, env = "PERENNIAL_BUS", value_name = "NAME")]
    pub(crate) bus: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole loop on this machine in under a minute, and verify it
    Demo(DemoArgs),
    /// Run an AWS account in one process, for trying and testing
    Local(LocalArgs),
    /// Check data files and configurations before uploading them
    Check(CheckArgs),
    /// Show the rules that data is held against
    Rules(RulesArgs),
    /// Write a commented configuration for a new pipeline
    Init(InitArgs),
    /// Show what each pipeline serves, does and waits for
    Status(PipelineArgs),
    /// List runs, the newest first
    Runs(PipelineArgs),
    /// Show one run with its history, step by step
    Show(ShowArgs),
    /// List the models that runs made
    Models(PipelineArgs),
    /// Plan the deletion of idle models, or carry it out now
    Cleanup(CleanupArgs),
    /// Take in what is in the bucket and no event announced
    Sync(WaitArgs),
    /// Open a run now, with the data that is there
    Start(StartArgs),
    /// Let a run that waits for a person promote its model
    Approve(RunRequestArgs),
    /// End a run; its job is stopped
    Cancel(RunRequestArgs),
    /// Open no further runs in a pipeline
    Pause(PipelineRequestArgs),
    /// Open runs and promote again
    Resume(PipelineRequestArgs),
    /// Move the alias back to an earlier model
    Rollback(RollbackArgs),
    /// Take uploads that a declined run left in quarantine back into training
    Release(PipelineRequestArgs),
    /// Run one of the Lambda functions (what the local cloud does)
    #[command(name = "__function", hide = true)]
    Function {
        /// ingest, train, evaluate, promote, reconcile or cleanup
        name: String,
    },
}

/// `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the local cloud's folder here, to look around in it afterwards
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// Use train.jsonl and eval.jsonl of this folder instead of the demo's own data
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Which technique to show: fine-tuning, with a refusal and a cleanup, or another from dropped files to a promoted model
    #[arg(long, value_enum, default_value_t = DemoTechnique::FineTuning, conflicts_with = "data")]
    pub(crate) technique: DemoTechnique,
}

/// What `demo --technique` can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DemoTechnique {
    /// A customization job on Bedrock.
    FineTuning,
    /// A container's job on SageMaker on documents, its weights imported into Bedrock.
    ContinuedPreTraining,
    /// A customization job on Bedrock that learns a teacher's answers.
    Distillation,
    /// Two containers' jobs on SageMaker: documents first, and questions with answers on the model of the first.
    Chain,
}

/// `local`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LocalArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LocalCommand>,
    #[command(flatten)]
    pub(crate) dir: DirArgs,
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = perennial_local::DEFAULT_PORT)]
    pub(crate) port: u16,
    /// Append each AWS call to this file, as a CloudTrail-shaped JSON line
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Run this template in place of the one that the program was built with (infra/template.yaml)
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
    /// Lose, double and delay events, kill functions, fail and delay their AWS calls, as this number decides
    #[arg(long, value_name = "SEED")]
    pub(crate) chaos: Option<u64>,
}

/// Which local cloud.
#[derive(Debug, Args)]
pub(crate) struct DirArgs {
    /// The local cloud's folder
    #[arg(long, default_value = DEFAULT_DIR)]
    pub(crate) dir: PathBuf,
}

/// `local …`.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Print what a shell must export to talk to the running local cloud
    Env(DirArgs),
}

/// `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Data files (`-` for standard input), or configurations (.toml)
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Check against the model that this configuration names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "technique"])]
    pub(crate) config: Option<PathBuf>,
    /// Check against this base model
    #[arg(long, value_name = "ID", default_value = DEFAULT_MODEL)]
    pub(crate) model: String,
    /// Check for this technique
    #[arg(long, value_name = "TECHNIQUE", value_parser = TECHNIQUES, default_value = TECHNIQUES[0])]
    pub(crate) technique: String,
    /// Check this file as an evaluation set, and look for its questions in the others (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(crate) questions: Vec<PathBuf>,
    /// The files are evaluation sets (as files in a folder `eval` are)
    #[arg(long)]
    pub(crate) evaluation: bool,
    /// What to do about keys, tokens and card numbers in the data (default: what the configuration says, else warn)
    #[arg(long, value_name = "reject|warn|off")]
    pub(crate) secrets: Option<Secrets>,
    /// Look up the media that records name, too: this folder is the bucket's `media/`
    #[arg(long, value_name = "DIR")]
    pub(crate) media: Option<PathBuf>,
    /// Work on this many threads, 1 to 64 (default: as many as there are cores)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: Option<u8>,
    /// Write what was found into this file, too, as a page for a browser
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The techniques whose data is known; a configuration cannot name all of them yet.
const TECHNIQUES: [&str; 4] = [
    "fine-tuning",
    "continued-pre-training",
    "distillation",
    "reinforcement-fine-tuning",
];

/// `rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// Only what holds for this base model
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// Only what holds for this technique
    #[arg(long, value_name = "TECHNIQUE", value_parser = TECHNIQUES)]
    pub(crate) technique: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The model that `init` proposes, too.
pub(crate) const DEFAULT_MODEL: &str = "amazon.nova-micro-v1:0";

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The new pipeline's name
    #[arg(value_parser = PipelineName::parse)]
    pub(crate) pipeline: PipelineName,
    /// Print the configuration instead of writing it
    #[arg(long)]
    pub(crate) stdout: bool,
    /// Overwrite a configuration that is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// `status`, `runs`, `models`.
#[derive(Debug, Args)]
pub(crate) struct PipelineArgs {
    /// Only this pipeline
    #[arg(value_parser = PipelineName::parse)]
    pub(crate) pipeline: Option<PipelineName>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run's id, or the beginning or end of it
    pub(crate) run: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `cleanup`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["plan", "apply"]))]
pub(crate) struct CleanupArgs {
    /// Show what would be done with each model, and why; change nothing
    #[arg(long)]
    pub(crate) plan: bool,
    /// Ask for the plan to be carried out now instead of at the daily time
    #[arg(long)]
    pub(crate) apply: bool,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// How long a request's effect is waited for.
#[derive(Debug, Clone, Args)]
pub(crate) struct WaitArgs {
    /// Only send the request
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Wait for the effect at most this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout: u64,
}

/// `start`.
#[derive(Debug, Args)]
pub(crate) struct StartArgs {
    /// In this pipeline
    #[arg(value_parser = PipelineName::parse)]
    pub(crate) pipeline: PipelineName,
    /// Wait until the run has ended; exit status 1 unless its model is promoted
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) limits: WaitArgs,
}

/// `approve`, `cancel`.
#[derive(Debug, Args)]
pub(crate) struct RunRequestArgs {
    /// The run's id, or the beginning or end of it
    pub(crate) run: String,
    /// Wait until the run has ended
    #[arg(long, conflicts_with = "no_wait")]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) limits: WaitArgs,
}

/// `pause`, `resume`, `release`.
#[derive(Debug, Args)]
pub(crate) struct PipelineRequestArgs {
    /// The pipeline
    #[arg(value_parser = PipelineName::parse)]
    pub(crate) pipeline: PipelineName,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// `rollback`.
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The pipeline
    #[arg(value_parser = PipelineName::parse)]
    pub(crate) pipeline: PipelineName,
    /// To the model that this run made, instead of the previous champion
    #[arg(long, value_name = "RUN")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn local_may_stand_anywhere_with_or_without_a_folder() {
        let parse = |args: &[&str]| Cli::try_parse_from(args).unwrap().connect.local;
        assert_eq!(
            parse(&["perennial", "--local", "status"]),
            Some(DEFAULT_DIR.into())
        );
        assert_eq!(
            parse(&["perennial", "status", "bot", "--local"]),
            Some(DEFAULT_DIR.into())
        );
        assert_eq!(
            parse(&["perennial", "status", "--local", "here", "--json"]),
            Some("here".into())
        );
        assert_eq!(
            parse(&["perennial", "--local", "here", "status"]),
            Some("here".into())
        );
        assert_eq!(parse(&["perennial", "status"]), None);
    }
}
