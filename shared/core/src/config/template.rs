//! The starter configuration that `perennial init` writes.

/// A commented configuration for a new pipeline: the two keys without a default are set, every other one is shown with its default, or as
/// a comment where it belongs to a way to train or serve that has to be asked for.
#[must_use]
pub fn init_template(pipeline: &str) -> String {
    let pipeline: String = pipeline
        .chars()
        .filter(|c| !c.is_control())
        .take(80)
        .collect();
    format!("# pipelines/{pipeline}.toml: the configuration of the pipeline {pipeline}.\n{BODY}")
}

const BODY: &str = r#"# Only the first two keys are required; every other line shows a default and may be removed. What each key takes: docs/configuration.md;
# which technique takes which table: docs/techniques.md.
# A new version of this file takes effect for the next run.

technique  = "fine-tuning"            # fine-tuning | continued-pre-training | distillation | reinforcement-fine-tuning
base_model = "amazon.nova-micro-v1:0" # with or without the customization suffix (:128k)

[trigger]                             # when uploads become a run; all must hold
min_records   = 500
quiet_for     = "10m"                 # no further upload for this long
at_most_every = "1d"
# trial = { records = 200, max_usd = 5, min_gain_over_base = 0 } # a run on a sample first; only one that passes buys the full run

[data]
use = "all"                           # all | new (since the champion) | last:90d
# from = ["curated/", "2026/"]        # only keys that begin so, behind data/<pipeline>/; all of them if left out
secrets = "warn"                      # keys, tokens, card numbers in records: reject | warn | off
# columns = { prompt = "text", completion = "category" } # of CSV and TSV files; the header decides if left out

[training]
start_from = "base"                   # base | champion (iterative training)
# on = "sagemaker"                    # bedrock | sagemaker, to be said where both could train

[training.hyperparameters]            # by the service's own names and units; the model's defaults if left out
# epochCount = 2

# [training.distillation]             # technique = "distillation"
# teacher = "amazon.nova-pro-v1:0"
# max_response_tokens = 1000          # of the teacher's answers
# data = "invocation-logs"            # prompts | invocation-logs; prompts if left out
# use_logged_answers = true           # of invocation logs: the teacher is not asked again

# [training.reinforcement]            # technique = "reinforcement-fine-tuning"
# grader = "arn:aws:lambda:us-east-1:123456789012:function:grader"

# [training.serverless]               # Nova on SageMaker without machines; on = "sagemaker"
# technique = "sft"                   # sft | dpo (preferences)
# peft = "lora"                       # lora | full (served by provisioned throughput only)
# accept_eula = true                  # the model's licence is yours to read and accept
# model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
# role = "arn:aws:iam::123456789012:role/training" # the stack's own if left out
# max_run = "1d"

# [training.sagemaker]                # open weights in your own container; on = "sagemaker"
# image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
# recipe = "s3://bucket/recipes/llama.yaml" # given to the container
# instance_type = "ml.g5.12xlarge"
# instance_count = 1
# volume_gb = 100
# role = "arn:aws:iam::123456789012:role/training" # the stack's own if left out; a recipe and subnets need one
# subnets = ["subnet-0123456789abcdef0"]
# security_groups = ["sg-0123456789abcdef0"]
# max_run = "12h"
# spot = true                         # cheaper, and interrupted; taken up where it was
# max_wait = "1d"                     # with spot: running and waiting together

# [[stage]]                           # a chain, in the place of technique: documents first, on [training.sagemaker]
# technique = "continued-pre-training"
# from = ["documents/"]               # folders below data/<pipeline>/
# hyperparameters = { epochs = 1 }
# [[stage]]                           # with everything else
# technique = "fine-tuning"
# hyperparameters = { epochs = 3 }

[evaluation]
metric               = "auto"         # auto | exact-match | token-f1 | rouge-l | judge:<Bedrock metric>
min_gain_over_base   = 0.02           # the gain over the base model that must be shown, in score from 0 to 1
max_loss_to_champion = 0.02           # how far behind the serving model the new one may be
evidence             = "balanced"     # balanced | strict (an equal model then needs thousands of prompts)
confidence           = 0.95
max_prompts          = 1000
holdout              = 0.1            # share of prompts kept from training when there is no eval/
max_general_loss     = 0.02           # used once eval/<pipeline>/general/ is there

[promotion]
serve    = "on-demand"                # on-demand | provisioned
                                      # (provisioned: the account's quota of model units must hold it; most accounts have none)
# model_units = 1                     # of provisioned throughput, billed by the hour
# commitment = "none"                 # none | one-month | six-months; cannot be ended before
approval = "automatic"                # automatic | manual

[budget]                              # US dollars for training and evaluation; serving has its own
per_run_usd           = 50
per_month_usd         = 200
serving_per_month_usd = 0             # must be stated before provisioned throughput is bought

[budget.prices]                       # override the price table, in US dollars
# training_per_1k_tokens = 0.001
# provisioned_per_hour = 60.5         # of one model unit; every other key: docs/configuration.md

[idle]
after             = "30d"             # models, on-demand deployments
provisioned_after = "1d"              # what is billed by the hour
grace             = "3d"              # between the mark and the deletion
provisioned_grace = "6h"
keep_previous     = 1                 # earlier champions kept for rollback
champion          = "keep"            # keep | unserve: an idle champion's deployment goes, never the model
"#;
