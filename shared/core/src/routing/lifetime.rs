//! Whether what a run works with in `work/` is there for as long as it may need it: the bucket's rule removes it after so many days.

use super::{Route, RoutingError, Trainer};
use crate::run::{
    EVALUATION_DEADLINE_HOURS, IMPORT_STARTING_LIMIT_HOURS, IMPORTING_LIMIT_HOURS, MAX_ATTEMPTS,
    STARTING_LIMIT_HOURS, STOPPING_LIMIT_HOURS, THROUGHPUT_LIMIT_HOURS, WORK_DAYS, after_capacity,
};
use crate::span::Span;

/// Kept free: S3 counts whole days, and what is in the folder is older than the run's last look at it.
const SPARE_HOURS: i64 = 24;

/// Hours that so many stages may take, every limit used up: each job is waited for, runs into its limit, and is bought a second time.
/// It ends with the stop of the last.
fn training_hours(stages: i64, job: i64) -> i64 {
    stages * i64::from(MAX_ATTEMPTS) * (STARTING_LIMIT_HOURS + job) + STOPPING_LIMIT_HOURS
}

/// What a run does, as far as it takes its time.
#[derive(Clone, Copy)]
struct Work {
    /// Jobs one after the other.
    stages: i64,
    /// Whether its candidate may have to wait for model units.
    throughput: bool,
}

impl Work {
    fn of(route: &Route) -> Self {
        Self {
            stages: if route.first.is_some() { 2 } else { 1 },
            throughput: route.serving.of_candidate().is_provisioned(),
        }
    }

    /// Hours from a run's opening to its model's last answer, every limit used up.
    fn longest_hours(self, job: i64) -> i64 {
        let import =
            i64::from(MAX_ATTEMPTS) * (IMPORT_STARTING_LIMIT_HOURS + IMPORTING_LIMIT_HOURS);
        let units = if self.throughput {
            THROUGHPUT_LIMIT_HOURS
        } else {
            0
        };
        training_hours(self.stages, job) + import + units + EVALUATION_DEADLINE_HOURS
    }

    fn fits(self, limit: Span) -> bool {
        self.longest_hours(after_capacity(limit)) + SPARE_HOURS <= WORK_DAYS * 24
    }

    /// The longest limit of a job, in whole days, with which everything is there until the end.
    fn longest_limit(self) -> Span {
        let days = (0..u64::MAX).take_while(|days| self.fits(Span::days(*days)));
        Span::days(days.last().unwrap_or(0))
    }
}

/// The training file, the first stage's weights, the last one's and the questions lie in `work/` until the run has used them.
pub(super) fn check(route: &Route) -> Result<(), RoutingError> {
    let (key, limit) = match &route.trainer {
        Trainer::Bedrock { .. } => return Ok(()),
        Trainer::SageMaker { job } if job.spot => ("training.sagemaker.max_wait", job.max_wait),
        Trainer::SageMaker { job } => ("training.sagemaker.max_run", job.max_run),
        Trainer::Serverless { job, .. } => ("training.serverless.max_run", job.max_run),
    };
    let work = Work::of(route);
    if work.fits(limit) {
        return Ok(());
    }
    let each = if work.stages > 1 {
        "each of the two stages"
    } else {
        "the job"
    };
    let units = if work.throughput {
        ", the wait for model units"
    } else {
        ""
    };
    let days = work.longest_hours(after_capacity(limit)).div_euclid(24) + 1;
    Err(RoutingError::Technique {
        what: format!(
            "{key} = \"{limit}\": with {each} tried {MAX_ATTEMPTS} times, the import{units} and the evaluation a run may take {days} \
             days, and what it works with under work/ is removed after {WORK_DAYS}"
        ),
        instead: format!("Write at most \"{}\"", work.longest_limit()),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::pretrained::TRUSTED_DAYS;
    use crate::routing::route;

    const CHAIN: &str = r#"
base_model = "meta.llama3-1-8b-instruct-v1:0"
[[stage]]
technique = "continued-pre-training"
from = ["documents/"]
[[stage]]
technique = "fine-tuning"
[training.sagemaker]
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/tuning:1"
instance_type = "ml.g5.2xlarge"
"#;

    fn said(text: &str) -> Result<Route, String> {
        route(&Config::parse(text).unwrap(), "us-east-1").map_err(|error| error.to_string())
    }

    fn limits(more: &str) -> String {
        format!("{CHAIN}{more}")
    }

    #[test]
    fn a_chain_that_outlives_its_own_files_is_refused_and_told_what_would_do() {
        let refused = said(&limits("max_run = \"20d\"\n")).unwrap_err();
        assert_eq!(
            refused,
            "training.sagemaker.max_run = \"20d\": with each of the two stages tried 2 times, the import and the evaluation a run \
             may take 112 days, and what it works with under work/ is removed after 60. Write at most \"7d\"."
        );
        said(&limits("max_run = \"7d\"\n")).unwrap();
        let spot = said(&limits("spot = true\nmax_wait = \"8d\"\n")).unwrap_err();
        assert!(
            spot.starts_with("training.sagemaker.max_wait = \"8d\""),
            "{spot}"
        );
    }

    #[test]
    fn the_defaults_fit_with_spare_capacity_too() {
        said(&limits("")).unwrap();
        said(&limits("spot = true\n")).unwrap();
    }

    #[test]
    fn the_wait_for_model_units_counts() {
        let serverless = |max_run: &str| {
            said(&format!(
                r#"
base_model = "amazon.nova-micro-v1:0"
technique = "fine-tuning"
[training]
on = "sagemaker"
[training.serverless]
accept_eula = true
model_package_group = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/perennial"
peft = "full"
max_run = "{max_run}"
[promotion]
serve = "provisioned"
[budget]
per_run_usd = 500
per_month_usd = 500
serving_per_month_usd = 20000
[budget.prices]
provisioned_per_hour = 10
training_per_1k_tokens = 0.001
"#
            ))
        };
        serverless("13d").unwrap();
        let refused = serverless("15d").unwrap_err();
        assert!(
            refused.contains("the import, the wait for model units and the evaluation"),
            "{refused}"
        );
    }

    #[test]
    fn a_single_job_may_take_longer_than_one_of_two() {
        let of = |stages, throughput| Work { stages, throughput };
        let longest = of(1, false).longest_limit();
        assert!(longest > of(2, false).longest_limit());
        assert!(longest > of(1, true).longest_limit());
        assert!(of(1, false).fits(longest) && !of(1, false).fits(Span(longest.0 + 86_400)));
    }

    #[test]
    fn the_weights_of_a_first_stage_do_not_expire_while_a_later_run_uses_them() {
        // The last day on which they are trusted, and a second stage that uses up every limit that is let in.
        let chain = Work {
            stages: 2,
            throughput: false,
        };
        let second = training_hours(1, after_capacity(chain.longest_limit()));
        let seen_late = STOPPING_LIMIT_HOURS;
        assert!(TRUSTED_DAYS * 24 + second + seen_late + SPARE_HOURS <= WORK_DAYS * 24);
    }

    #[test]
    fn the_bucket_removes_work_after_as_many_days_as_are_reckoned_with() {
        let template = include_str!("../../../../infra/template.yaml");
        let (_, rule) = template.split_once("Prefix: work/\n").unwrap();
        let line = rule.lines().next().unwrap().trim();
        assert_eq!(line, format!("ExpirationInDays: {WORK_DAYS}"));
    }
}
