//! What is connected to what: functions, the rules that send events to them, queues and schedules.
//!
//! One readable table for now; `infra/template.yaml` takes its place in an issue of its own. Nothing here
//! runs anything.

use std::time::Duration;

use perennial_core::announcement::{Function, Stage};
use serde_json::Value;

use crate::options::Periods;

/// The names that the functions' settings carry.
#[derive(Debug, Clone)]
pub struct Names {
    /// The installation's id.
    pub installation: String,
    /// The one bucket.
    pub bucket: String,
    /// The one table.
    pub table: String,
    /// The role that Bedrock's jobs assume.
    pub job_role_arn: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            installation: "local".into(),
            bucket: "perennial-local".into(),
            table: "perennial-local".into(),
            job_role_arn: "arn:aws:iam::123456789012:role/perennial-local-jobs".into(),
        }
    }
}

/// One function as Lambda would be told of it.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// Its short name: the argument of its process, its log's name.
    pub name: String,
    /// Memory in MB; told to the function, not enforced.
    pub memory_mb: u32,
    /// An invocation that takes longer is killed.
    pub timeout: Duration,
    /// How many instances may run at once; each takes one event at a time.
    pub max_concurrency: usize,
    /// Settings beyond what Lambda sets.
    pub env: Vec<(String, String)>,
    /// Whether its events come through a queue, in Amazon SQS's shape.
    pub queue: Option<QueueSpec>,
}

/// A queue before a function (event source mapping with batch size 1 and `ReportBatchItemFailures`).
#[derive(Debug, Clone)]
pub struct QueueSpec {
    /// The queue's name.
    pub name: String,
    /// After so many receives a message goes to the dead-letter queue.
    pub max_receives: u32,
}

/// Sends events that match to one function. An empty list matches everything.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// The rule's name.
    pub name: String,
    /// The event's `source`, one of.
    pub sources: Vec<String>,
    /// The event's `detail-type`, one of.
    pub detail_types: Vec<String>,
    /// `detail.bucket.name`, one of.
    pub buckets: Vec<String>,
    /// `detail.object.key` begins with one of.
    pub key_prefixes: Vec<String>,
    /// `detail.stage`, one of.
    pub stages: Vec<String>,
    /// The function (through its queue, if it has one).
    pub target: String,
}

impl Rule {
    /// Whether the event matches every list.
    pub fn matches(&self, event: &Value) -> bool {
        let one_of = |list: &[String], path: &str| {
            list.is_empty()
                || event
                    .pointer(path)
                    .and_then(Value::as_str)
                    .is_some_and(|found| list.iter().any(|item| item == found))
        };
        let begins = self.key_prefixes.is_empty()
            || event
                .pointer("/detail/object/key")
                .and_then(Value::as_str)
                .is_some_and(|key| {
                    self.key_prefixes
                        .iter()
                        .any(|prefix| key.starts_with(prefix))
                });
        begins
            && one_of(&self.sources, "/source")
            && one_of(&self.detail_types, "/detail-type")
            && one_of(&self.buckets, "/detail/bucket/name")
            && one_of(&self.stages, "/detail/stage")
    }
}

/// Sends an event to the bus, or to a function, every so often.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The schedule's name; its last firing is remembered under it.
    pub name: String,
    /// The period.
    pub every: Duration,
    /// Whether it also fires when the cloud starts.
    pub at_start: bool,
    /// What it sends.
    pub sends: Sends,
}

/// What a schedule sends.
#[derive(Debug, Clone)]
pub enum Sends {
    /// A "Scheduled Event" to this function, unless one still waits for it.
    Tick(String),
    /// An event of source `perennial` with this detail-type to the bus.
    Event(String),
}

/// The whole table.
#[derive(Debug, Clone)]
pub struct Wiring {
    /// Every function.
    pub functions: Vec<FunctionSpec>,
    /// Every rule.
    pub rules: Vec<Rule>,
    /// Every schedule.
    pub schedules: Vec<Schedule>,
}

/// The sender of Perennial's own events.
pub const OWN_SOURCE: &str = perennial_core::announcement::SOURCE;

impl Wiring {
    /// Perennial's own wiring.
    pub fn standard(names: &Names, periods: &Periods) -> Self {
        Self {
            functions: functions(names, periods),
            rules: rules(names),
            schedules: schedules(periods),
        }
    }

    /// Finds a function by its short name.
    pub fn function(&self, name: &str) -> Option<&FunctionSpec> {
        self.functions.iter().find(|spec| spec.name == name)
    }
}

fn functions(names: &Names, periods: &Periods) -> Vec<FunctionSpec> {
    let env = [
        ("PERENNIAL_INSTALLATION", names.installation.clone()),
        ("PERENNIAL_BUCKET", names.bucket.clone()),
        ("PERENNIAL_TABLE", names.table.clone()),
        ("PERENNIAL_BUS", "default".to_owned()),
        ("PERENNIAL_JOB_ROLE_ARN", names.job_role_arn.clone()),
        (
            "PERENNIAL_POLL_SECONDS",
            periods.poll.as_secs().max(1).to_string(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    // (name, memory in MB, timeout in seconds, instances at once)
    let table = [
        ("ingest", 1024, 900, 2),
        ("train", 512, 120, 2),
        ("evaluate", 1024, 300, 2),
        ("promote", 512, 120, 2),
        ("reconcile", 512, 120, 1),
        ("cleanup", 512, 300, 1),
    ];
    table
        .map(|(name, memory_mb, timeout, max_concurrency)| FunctionSpec {
            name: name.into(),
            memory_mb,
            timeout: Duration::from_secs(timeout),
            max_concurrency,
            env: env.clone(),
            queue: (name == "ingest").then(|| QueueSpec {
                name: "perennial-uploads".into(),
                max_receives: 5,
            }),
        })
        .to_vec()
}

fn rules(names: &Names) -> Vec<Rule> {
    let own = |name: &str, target: &str, detail_types: &[&str]| Rule {
        name: name.into(),
        sources: list(&[OWN_SOURCE]),
        detail_types: list(detail_types),
        target: target.into(),
        ..Rule::default()
    };
    // Who takes a due run or pipeline stands in core, once for reconcile, the rules and the functions.
    let due = |function: Function| {
        let stages = Stage::ALL.iter().filter(|stage| stage.owner() == function);
        Rule {
            stages: stages.map(|stage| stage.word().to_owned()).collect(),
            ..own(
                &format!("{}-due", function.name()),
                function.name(),
                &["Run Due", "Pipeline Due"],
            )
        }
    };
    let prefixes = list(&["pipelines/", "data/", "eval/"]);
    vec![
        Rule {
            name: "objects".into(),
            sources: list(&["aws.s3"]),
            detail_types: list(&["Object Created", "Object Deleted"]),
            buckets: vec![names.bucket.clone()],
            key_prefixes: prefixes.clone(),
            target: "ingest".into(),
            ..Rule::default()
        },
        Rule {
            key_prefixes: prefixes,
            ..own(
                "objects-found",
                "ingest",
                &["Object Found", "Object Missing"],
            )
        },
        own("train", "train", &["Upload Accepted"]),
        own(
            "train-requests",
            "train",
            &[
                "Start Requested",
                "Cancel Requested",
                "Pause Requested",
                "Resume Requested",
                "Release Requested",
            ],
        ),
        due(Function::Train),
        Rule {
            name: "jobs".into(),
            sources: list(&["aws.bedrock"]),
            detail_types: list(&[
                "Model Customization Job State Change",
                "Batch Inference Job State Change",
            ]),
            target: "evaluate".into(),
            ..Rule::default()
        },
        due(Function::Evaluate),
        own("promote", "promote", &["Evaluation Complete"]),
        own(
            "promote-requests",
            "promote",
            &["Approve Requested", "Rollback Requested"],
        ),
        due(Function::Promote),
        own("cleanup-requests", "cleanup", &["Cleanup Requested"]),
        own("sync-requests", "reconcile", &["Sync Requested"]),
    ]
}

fn schedules(periods: &Periods) -> Vec<Schedule> {
    let schedule = |name: &str, every, at_start, sends| Schedule {
        name: name.into(),
        every,
        at_start,
        sends,
    };
    vec![
        schedule(
            "reconcile",
            periods.reconcile,
            false,
            Sends::Tick("reconcile".into()),
        ),
        schedule(
            "cleanup",
            periods.cleanup,
            false,
            Sends::Tick("cleanup".into()),
        ),
        schedule(
            "sync",
            periods.sync,
            true,
            Sends::Event("Sync Requested".into()),
        ),
    ]
}

fn list(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn targets(event: &Value) -> Vec<String> {
        let wiring = Wiring::standard(&Names::default(), &Periods::default());
        let hits = wiring.rules.iter().filter(|rule| rule.matches(event));
        hits.map(|rule| rule.target.clone()).collect()
    }

    #[test]
    fn each_event_has_one_owner() {
        let own = |detail_type: &str, detail: Value| json!({"source": "perennial", "detail-type": detail_type, "detail": detail});
        let object =
            |key: &str| json!({"bucket": {"name": "perennial-local"}, "object": {"key": key}});
        let s3 = |key: &str| json!({"source": "aws.s3", "detail-type": "Object Created", "detail": object(key)});
        let cases = [
            (s3("data/support-bot/a b+%.jsonl"), vec!["ingest"]),
            (s3("pipelines/support-bot.toml"), vec!["ingest"]),
            (s3("reports/support-bot/x.md"), vec![]),
            (own("Object Missing", object("eval/a/b")), vec!["ingest"]),
            (own("Upload Accepted", json!({})), vec!["train"]),
            (own("Run Due", json!({"stage": "starting"})), vec!["train"]),
            (
                own("Run Due", json!({"stage": "evaluating"})),
                vec!["evaluate"],
            ),
            (own("Run Due", json!({"stage": "moving"})), vec!["promote"]),
            (
                own("Pipeline Due", json!({"stage": "collecting"})),
                vec!["train"],
            ),
            (
                own("Pipeline Due", json!({"stage": "moving"})),
                vec!["promote"],
            ),
            (own("Release Requested", json!({})), vec!["train"]),
            (own("Rollback Requested", json!({})), vec!["promote"]),
            (own("Cleanup Requested", json!({})), vec!["cleanup"]),
            (own("Sync Requested", json!({})), vec!["reconcile"]),
            (
                json!({"source": "aws.bedrock", "detail-type": "Batch Inference Job State Change", "detail": {}}),
                vec!["evaluate"],
            ),
            (
                json!({"source": "someone", "detail-type": "Upload Accepted", "detail": {}}),
                vec![],
            ),
        ];
        for (event, expected) in cases {
            assert_eq!(targets(&event), expected, "{event}");
        }
    }

    #[test]
    fn another_bucket_starts_nothing() {
        let event = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": "other"}, "object": {"key": "data/a/b"}}});
        assert!(targets(&event).is_empty());
    }

    #[test]
    fn every_target_is_a_function() {
        let wiring = Wiring::standard(&Names::default(), &Periods::default());
        for rule in &wiring.rules {
            assert!(wiring.function(&rule.target).is_some(), "{}", rule.name);
        }
    }
}
