//! The starter configuration that `perennial init` writes.

/// A commented configuration for a new pipeline: the two keys without a default are set, every other one is shown with its default.
#[must_use]
pub fn init_template(pipeline: &str) -> String {
    let pipeline: String = pipeline
        .chars()
        .filter(|c| !c.is_control())
        .take(80)
        .collect();
    format!("# pipelines/{pipeline}.toml: the configuration of the pipeline {pipeline}.\n{BODY}")
}

const BODY: &str = r#"# Only the first two keys are required; every other line shows a default and may be removed.
# A new version of this file takes effect for the next run.

technique  = "fine-tuning"            # fine-tuning | continued-pre-training | distillation
base_model = "amazon.nova-micro-v1:0" # with or without the customization suffix (:128k)

[trigger]                             # when uploads become a run; all must hold
min_records   = 500
quiet_for     = "10m"                 # no further upload for this long
at_most_every = "1d"

[data]
use = "all"                           # all | new (since the champion) | last:90d
# from = ["curated/", "2026/"]        # only keys that begin so, behind data/<pipeline>/; all of them if left out
secrets = "warn"                      # keys, tokens, card numbers in records: reject | warn | off
# columns = { prompt = "text", completion = "category" } # of CSV and TSV files; the header decides if left out

[training]
start_from = "base"                   # base | champion (iterative training)

[training.hyperparameters]            # by the service's own names and units; the model's defaults if left out
# epochCount = 2

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
approval = "automatic"                # automatic | manual

[budget]                              # US dollars for training and evaluation; serving has its own
per_run_usd           = 50
per_month_usd         = 200
serving_per_month_usd = 0             # must be stated before provisioned throughput is bought

[budget.prices]                       # override the price table, in US dollars
# training_per_1k_tokens = 0.001

[idle]
after             = "30d"             # models, on-demand deployments
provisioned_after = "1d"              # what is billed by the hour
grace             = "3d"              # between the mark and the deletion
provisioned_grace = "6h"
keep_previous     = 1                 # earlier champions kept for rollback
champion          = "keep"            # keep | unserve: an idle champion's deployment goes, never the model
"#;
