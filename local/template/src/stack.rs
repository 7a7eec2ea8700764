//! What a template declares, for one deployment: every name is the one that AWS would show, every reference is an ARN.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::access::Access;
use crate::held::{Alarm, Budget, Endpoint, Expiry, LogGroup, ResourcePolicy, Statement};
use crate::pattern::EventPattern;
use crate::resolve::Kept;
use crate::schedule::Schedule;

/// The whole stack.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// Every function, in the order of logical ids.
    pub functions: Vec<Function>,
    /// Every queue.
    pub queues: Vec<Queue>,
    /// Every rule, those that SAM makes of a function's `Events` included.
    pub rules: Vec<Rule>,
    /// Every table.
    pub tables: Vec<Table>,
    /// Every bucket.
    pub buckets: Vec<Bucket>,
    /// Every alarm.
    pub(crate) alarms: Vec<Alarm>,
    /// Every budget, there or not.
    pub(crate) budgets: Vec<Budget>,
    /// Every endpoint of a private network, there or not.
    pub(crate) endpoints: Vec<Endpoint>,
    /// How many dashboards there are.
    pub(crate) dashboards: usize,
    /// Every log group.
    pub(crate) log_groups: Vec<LogGroup>,
    /// Every topic.
    pub topics: Vec<Topic>,
    /// Every role that is not made by SAM for one function.
    pub roles: Vec<Role>,
    /// What queues, topics and buckets say of who may use them.
    pub(crate) resource_policies: Vec<ResourcePolicy>,
    /// Every statement of a role's or a managed policy, of those too that are not there in this deployment.
    pub(crate) statements: Vec<Statement>,
    /// The outputs, resolved.
    pub outputs: BTreeMap<String, String>,
}

/// Where a thing stands in the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The logical id; for what SAM makes, the function's and the event's, such as `TrainFunction.Accepted`.
    pub id: String,
    /// The line.
    pub line: usize,
}

/// A Lambda function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Where it stands.
    pub origin: Origin,
    /// Its name on AWS.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The program that is built for it: `ingest`.
    pub binary: String,
    /// The folder of its source.
    pub(crate) code: String,
    /// Whether the build names the program, or leaves it to be guessed from the folder.
    pub(crate) program_is_stated: bool,
    /// How SAM builds it.
    pub(crate) build_method: Option<String>,
    /// The line that names the program.
    pub(crate) program_line: usize,
    /// Such as `arm64`; without any it is `x86_64`.
    pub(crate) architectures: Vec<String>,
    /// Whether the template states memory and timeout, or leaves them to Lambda: 128 MB and 3 s.
    pub(crate) size_is_stated: bool,
    /// Memory in MB.
    pub memory_mb: u32,
    /// An invocation that takes longer is ended.
    pub timeout: Duration,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// The role's ARN.
    pub role_arn: String,
    /// Whether the template says how often, or leaves it to Lambda.
    pub(crate) retries_are_stated: bool,
    /// The log group that it names.
    pub(crate) log_group: Option<String>,
    /// Whether Lambda connects it to a network of the account.
    pub(crate) in_vpc: bool,
    /// Every policy document of its role, resolved: those of AWS's managed policies and those that SAM adds included.
    pub policies: Vec<Value>,
    /// Where an asynchronous event goes that was not taken: an ARN.
    pub dead_letter_arn: Option<String>,
    /// Tries after the first of an asynchronous invocation.
    pub retries: u32,
    /// An asynchronous event that is older is not tried again.
    pub max_event_age: Duration,
    /// At most so many instances at once.
    pub reserved_concurrency: Option<u32>,
    /// The queues that it reads.
    pub mappings: Vec<QueueMapping>,
}

/// An event source mapping of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMapping {
    /// Where it stands.
    pub origin: Origin,
    /// The queue's ARN.
    pub queue_arn: String,
    /// The most messages of one invocation.
    pub batch_size: u32,
    /// At most so many invocations at once.
    pub max_concurrency: Option<u32>,
    /// Whether the function says which messages of a batch failed.
    pub reports_item_failures: bool,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// How long a message stays hidden that was received.
    pub visibility: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// Whether its messages are encrypted.
    pub(crate) encrypted: bool,
    /// Where a message goes that nobody takes.
    pub redrive: Option<Redrive>,
}

/// A queue's redrive policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue's ARN.
    pub target_arn: String,
    /// After so many receives.
    pub max_receives: u32,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The bus that it listens to: `default`, or one of the stack's own.
    pub bus: String,
    /// Whether it is on.
    pub enabled: bool,
    /// What makes it fire.
    pub trigger: Trigger,
    /// Where it sends.
    pub targets: Vec<Target>,
}

/// What makes a rule fire.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// An event that matches.
    Pattern(EventPattern),
    /// The time.
    Schedule(Schedule),
}

/// Where a rule sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// A function's, queue's or topic's ARN.
    pub arn: String,
    /// Sent in the event's place.
    pub input: Option<Value>,
    /// An `InputTransformer`: a text made of the event's parts. Only topics take one here.
    pub transformed: bool,
    /// How often EventBridge tries again.
    pub retries: u32,
    /// Whether the template says so, or leaves it to EventBridge.
    pub(crate) retries_are_stated: bool,
    /// For how long EventBridge tries.
    pub max_event_age: Duration,
    /// Where an event goes that could not be sent: an ARN.
    pub dead_letter_arn: Option<String>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// The body of the `CreateTable` request that makes it.
    pub create: Value,
    /// The attribute that holds when an item may be forgotten.
    pub ttl: Option<String>,
    /// Whether it can be brought back to any second of the last 35 days.
    pub point_in_time_recovery: bool,
    /// Whether it cannot be deleted by mistake.
    pub deletion_protection: bool,
    /// Whether it outlives the stack, and what takes its place.
    pub(crate) kept: Kept,
    /// The key of the account's own that encrypts.
    pub(crate) key: Option<String>,
}

/// The blocks against public access
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>).
pub(crate) const BLOCKS: [&str; 4] = [
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
];

/// A bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// Whether every version is kept.
    pub versioned: bool,
    /// Whether it tells EventBridge of its objects.
    pub announces: bool,
    /// Whether it outlives the stack, and what takes its place.
    pub(crate) kept: Kept,
    /// `AES256` or `aws:kms`.
    pub(crate) encryption: Option<String>,
    /// Those of the four blocks against public access that are on.
    pub(crate) blocks: Vec<&'static str>,
    /// The key of the account's own that encrypts.
    pub(crate) key: Option<String>,
    /// `BucketOwnerEnforced`: no object is another account's.
    pub(crate) ownership: Option<String>,
    /// What the rules of its lifecycle delete.
    pub(crate) expires: Vec<Expiry>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Where it stands.
    pub origin: Origin,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Where it stands.
    pub origin: Origin,
    /// Its name, with its path.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Who may take it on.
    pub(crate) trust: Vec<Access>,
    /// Its policy documents, resolved.
    pub policies: Vec<Value>,
    /// Their statements.
    pub(crate) statements: Vec<Statement>,
}

impl Stack {
    /// The function that a program is built for.
    pub fn function(&self, binary: &str) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.binary == binary)
    }

    /// The queue of an ARN.
    pub fn queue(&self, arn: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.arn == arn)
    }

    /// Who may use a queue, topic or bucket, by what `Ref` gives for it.
    pub(crate) fn policies_of(&self, of: &str) -> impl Iterator<Item = &Access> {
        let policies = self.resource_policies.iter();
        let policies = policies.filter(move |policy| policy.of.iter().any(|named| named == of));
        policies.flat_map(|policy| &policy.statements)
    }

    /// The function that reads a queue, and how.
    pub fn reader(&self, queue_arn: &str) -> Option<(&Function, &QueueMapping)> {
        self.functions.iter().find_map(|function| {
            let mapping = function
                .mappings
                .iter()
                .find(|mapping| mapping.queue_arn == queue_arn)?;
            Some((function, mapping))
        })
    }

    /// The function that receives what is sent to an ARN: itself, or the reader of the queue.
    pub fn receiver(&self, arn: &str) -> Option<&Function> {
        let named = self.functions.iter().find(|function| function.arn == arn);
        named.or_else(|| self.reader(arn).map(|(function, _)| function))
    }

    /// The programs that an event reaches by the rules, each once.
    pub fn recipients(&self, event: &Value) -> BTreeSet<&str> {
        let targets = self.rules.iter().filter(|rule| rule.takes(event));
        targets
            .flat_map(|rule| &rule.targets)
            .filter_map(|target| self.receiver(&target.arn))
            .map(|function| function.binary.as_str())
            .collect()
    }
}

/// Each rule that fires by time, its schedule and each of its targets.
type Schedules<'s> = Vec<(&'s Rule, Schedule, &'s Target)>;

impl Stack {
    /// Each rule that fires by time, with each of its targets.
    pub fn schedules(&self) -> Schedules<'_> {
        let rules = self.rules.iter().filter_map(|rule| match rule.trigger {
            Trigger::Schedule(schedule) => Some((rule, schedule)),
            Trigger::Pattern(_) => None,
        });
        rules
            .flat_map(|(rule, schedule)| {
                rule.targets
                    .iter()
                    .map(move |target| (rule, schedule, target))
            })
            .collect()
    }
}

impl Rule {
    /// Whether the rule is on and its pattern matches.
    pub fn takes(&self, event: &Value) -> bool {
        match &self.trigger {
            // An event that cannot be looked at matches no pattern.
            Trigger::Pattern(pattern) => self.enabled && pattern.matches(event).unwrap_or(false),
            Trigger::Schedule(_) => false,
        }
    }
}
