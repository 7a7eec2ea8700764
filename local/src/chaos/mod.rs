//! Chaos: what goes wrong on purpose, decided by one seed (`perennial local --chaos SEED`).
//!
//! Parts of the cloud ask before they deliver an event (`bus`), while a function has one in hand (`lambda`), and before
//! and after an AWS call of a function (`gateway`). What a person does by their own key is never asked about. `plan` is
//! the table of rates and decides by pure functions; `processes` ends processes; `record` says and counts what
//! happened.
//!
//! Real processes are not deterministic: the seed fixes what happens to the fifth `PutObject` of `ingest`, not which
//! object that is.

mod plan;
mod processes;
mod record;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use serde_json::{Value, json};

use crate::common::lock;
use crate::error::CloudError;
pub(crate) use plan::Kind;
use plan::{Decision, Plan, Subject};
pub(crate) use processes::InHand;
use processes::Processes;
use record::Record;

/// So many calls whose further tries are to be hit; what a killed function leaves behind is forgotten with the rest.
const MOST_HELD: usize = 1024;

/// Decides, remembers how often it was asked, and says what happened.
#[derive(Debug)]
pub(crate) struct Chaos {
    plan: Plan,
    on: AtomicBool,
    /// How often each subject and name was asked about.
    asked: Mutex<BTreeMap<(Subject, String), u64>>,
    /// By the SDK's id of a call: what its next tries meet, and how many of them.
    held: Mutex<BTreeMap<String, (Question, Decision, u32)>>,
    processes: Processes,
    record: Record,
}

/// What was asked about: its name, and how often that name was asked about.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    whom: String,
    n: u64,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFate {
    /// It is delivered, after this long.
    Delivered(Duration),
    /// It is delivered twice.
    Twice,
    /// It is lost.
    Dropped,
}

/// What becomes of a call.
#[derive(Debug)]
pub(crate) struct CallFate {
    question: Question,
    decision: Decision,
}

impl Chaos {
    /// Chaos by this seed; what it does is appended to the file.
    pub(crate) fn new(seed: u64, log: &Path) -> Result<Self, CloudError> {
        Ok(Self {
            plan: Plan { seed },
            on: AtomicBool::new(true),
            asked: Mutex::default(),
            held: Mutex::default(),
            processes: Processes::default(),
            record: Record::open(log)?,
        })
    }

    /// Ends chaos, or lets it begin again where it stopped.
    pub(crate) fn switch(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
        lock(&self.held).clear();
    }

    /// The seed, how often each kind of fault happened, and how often it might have.
    pub(crate) fn state(&self) -> Value {
        let counts = self.record.counts();
        let total: u64 = counts.values().sum();
        let of = |kind: &Kind| (kind.word(), counts.get(kind).copied().unwrap_or(0));
        let kinds: BTreeMap<&str, u64> = Kind::ALL.iter().map(of).collect();
        let mut asked: BTreeMap<&str, u64> = BTreeMap::new();
        for ((subject, _), times) in lock(&self.asked).iter() {
            *asked.entry(subject.word()).or_default() += times;
        }
        json!({
            "seed": self.plan.seed,
            "on": self.on.load(Ordering::SeqCst),
            "faults": total,
            "kinds": kinds,
            "of": asked,
        })
    }

    fn decide(&self, subject: Subject, whom: String) -> Option<(Question, Decision)> {
        if !self.on.load(Ordering::SeqCst) {
            return None;
        }
        let n = {
            let mut asked = lock(&self.asked);
            let n = asked.entry((subject, whom.clone())).or_default();
            *n += 1;
            *n
        };
        let decision = self.plan.decide(subject, &whom, n)?;
        Some((Question { whom, n }, decision))
    }

    fn happened(&self, kind: Kind, question: &Question, how: &str) {
        self.record.add(kind, &question.whom, question.n, how);
    }

    /// What becomes of an event on its way to a function.
    pub(crate) fn event(&self, detail_type: &str, target: &str) -> EventFate {
        let nothing = EventFate::Delivered(Duration::ZERO);
        let subject = Subject::of_event(detail_type);
        let whom = format!("{detail_type} for {target}");
        let Some((question, decision)) = self.decide(subject, whom) else {
            return nothing;
        };
        let (fate, how) = match decision.kind {
            Kind::EventDropped => (EventFate::Dropped, String::new()),
            Kind::EventDoubled => (EventFate::Twice, String::new()),
            Kind::EventDelayed => {
                let delay = decision.event_delay();
                let how = format!("by {:.1} s", delay.as_secs_f64());
                (EventFate::Delivered(delay), how)
            }
            _ => return nothing,
        };
        self.happened(decision.kind, &question, &how);
        fate
    }

    /// Notes that a process of `function` is given an event, which its AWS calls will name by `trace_id`.
    pub(crate) fn in_hand(self: &Arc<Self>, function: &str, trace_id: &str) -> InHand {
        let doomed = self.decide(Subject::Invocation, function.to_owned());
        let life = doomed.map(|(question, decision)| (decision.life(), question));
        InHand::new(Arc::clone(self), trace_id, life)
    }

    /// What becomes of a function's AWS call. A further try of a call (the SDK names it by the same id) meets what the
    /// first one met, as often as was decided then, and nothing else.
    pub(crate) fn call(
        &self,
        function: &str,
        service: &str,
        operation: &str,
        headers: &HeaderMap,
    ) -> Option<CallFate> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let id = text("amz-sdk-invocation-id");
        let tries = text("amz-sdk-request").and_then(|text| {
            let parts = text.split(';').map(str::trim);
            parts
                .filter_map(|part| part.strip_prefix("attempt="))
                .next()
        });
        if let Some(id) = id.filter(|_| tries.is_some_and(|tries| tries != "1")) {
            let mut held = lock(&self.held);
            let (question, decision, left) = held.remove(id)?;
            if left > 1 {
                let rest = (question.clone(), decision, left - 1);
                held.insert(id.to_owned(), rest);
            }
            return Some(CallFate { question, decision });
        }
        let subject = Subject::of_call(service, operation);
        let (question, decision) = self.decide(subject, format!("{operation} of {function}"))?;
        let holds = matches!(decision.kind, Kind::CallRefused | Kind::AnswerLost);
        if let Some(id) = id.filter(|_| holds && decision.tries() > 1) {
            let mut held = lock(&self.held);
            if held.len() >= MOST_HELD {
                held.clear();
            }
            let rest = (question.clone(), decision, decision.tries() - 1);
            held.insert(id.to_owned(), rest);
        }
        Some(CallFate { question, decision })
    }

    /// Kills the process that has the event in hand which `trace_id` names; false if there is none.
    pub(crate) async fn kill(&self, fate: &CallFate, trace_id: &str) -> bool {
        let dead = self.processes.kill(trace_id).await;
        if dead {
            self.happened(Kind::KilledAfterCall, &fate.question, "");
        }
        dead
    }

    /// Says that a call met its fate.
    pub(crate) fn met(&self, fate: &CallFate, how: &str) {
        self.happened(fate.decision.kind, &fate.question, how);
    }
}

impl CallFate {
    /// What happens.
    pub(crate) fn kind(&self) -> Kind {
        self.decision.kind
    }

    /// How it happens.
    pub(crate) fn decision(&self) -> Decision {
        self.decision
    }
}
