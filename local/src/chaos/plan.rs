//! What chaos does, decided: pure functions of the seed, of what is asked about, and of how often that was asked
//! about before. No clock, no state: the same seed gives the same answers to the same questions, in whatever order
//! they come.

use std::time::Duration;

use md5::{Digest, Md5};
use serde::Serialize;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// An event does not reach its function.
    EventDropped,
    /// An event reaches its function twice.
    EventDoubled,
    /// An event reaches its function seconds later.
    EventDelayed,
    /// A function's process is killed while it has an event in hand.
    ProcessKilled,
    /// A function's process is killed when an AWS call of it has taken effect and before it hears of it.
    KilledAfterCall,
    /// An AWS call of a function is throttled or answered by a server's error, without any effect.
    CallRefused,
    /// An AWS call of a function takes effect, and its answer is lost.
    AnswerLost,
    /// An AWS call of a function takes long.
    CallDelayed,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 8] = [
        Self::EventDropped,
        Self::EventDoubled,
        Self::EventDelayed,
        Self::ProcessKilled,
        Self::KilledAfterCall,
        Self::CallRefused,
        Self::AnswerLost,
        Self::CallDelayed,
    ];

    /// As in the log and in the counts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::EventDropped => "event-dropped",
            Self::EventDoubled => "event-doubled",
            Self::EventDelayed => "event-delayed",
            Self::ProcessKilled => "process-killed",
            Self::KilledAfterCall => "killed-after-call",
            Self::CallRefused => "call-refused",
            Self::AnswerLost => "answer-lost",
            Self::CallDelayed => "call-delayed",
        }
    }
}

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// An event on its way to one function.
    Event,
    /// The same, of something that a person asked for.
    Request,
    /// An event in a function's hands.
    Invocation,
    /// An AWS call of a function that changes nothing.
    Read,
    /// One that changes what can be written again: the table, an object, the bus.
    Write,
    /// One that starts, serves or ends what is paid for, or moves the alias.
    Step,
}

impl Subject {
    /// What an event is by its detail-type. Whoever sends a request sends it once, so it must arrive.
    pub(crate) fn of_event(detail_type: &str) -> Self {
        if detail_type.ends_with(" Requested") {
            Self::Request
        } else {
            Self::Event
        }
    }

    /// As in the counts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Event => "events",
            Self::Request => "requests",
            Self::Invocation => "invocations",
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Step => "steps",
        }
    }

    /// What a call is by the service that it is signed for and its operation.
    pub(crate) fn of_call(service: &str, operation: &str) -> Self {
        let reads = ["Get", "List", "Head", "Query", "Describe", "Converse"];
        if reads.iter().any(|read| operation.starts_with(read)) {
            Self::Read
        } else if matches!(service, "bedrock" | "sagemaker" | "ssm") {
            Self::Step
        } else {
            Self::Write
        }
    }
}

/// How often something happens to what is asked about.
struct Row(Kind, Subject, u32);

/// The table of rates, in thousandths of what is asked about, each with its reason. Under chaos, the demo's loop asks about
/// some 70 events, 110 invocations, 900 reads, 135 writes and 11 steps (`of` in `GET /_perennial/chaos`), so it meets some
/// dozens of faults, and every kind of them. The rates are low enough for the loop to end.
#[rustfmt::skip]
const RATES: [Row; 18] = [
    Row(Kind::EventDropped, Subject::Event, 80), // one in twelve: most runs lose an event that they wait for
    Row(Kind::EventDoubled, Subject::Event, 80), // as often as lost
    Row(Kind::EventDoubled, Subject::Request, 80), // EventBridge delivers at least once what a person asked for, too
    Row(Kind::EventDelayed, Subject::Event, 80), // as often as lost
    Row(Kind::EventDelayed, Subject::Request, 80), // late, too; but never lost, for nobody would ask again
    Row(Kind::ProcessKilled, Subject::Invocation, 120), // half of the invocations have ended when their hour comes
    Row(Kind::KilledAfterCall, Subject::Read, 3), // differs little from a death before the next call; two or three in a loop
    Row(Kind::KilledAfterCall, Subject::Write, 12), // one or two in a loop
    Row(Kind::KilledAfterCall, Subject::Step, 100), // there are only eleven, and a death here is the one that costs money
    Row(Kind::CallRefused, Subject::Read, 6), // about five in a loop; an invocation with dozens of reads still gets through
    Row(Kind::CallRefused, Subject::Write, 20), // about three in a loop
    Row(Kind::CallRefused, Subject::Step, 100), // one of the eleven
    Row(Kind::AnswerLost, Subject::Read, 3), // for a read, nothing else than a refusal
    Row(Kind::AnswerLost, Subject::Write, 20), // about three in a loop
    Row(Kind::AnswerLost, Subject::Step, 150), // the fault that pays twice if nobody looks: more than one of the eleven
    Row(Kind::CallDelayed, Subject::Read, 5), // about four in a loop
    Row(Kind::CallDelayed, Subject::Write, 20), // about three in a loop
    Row(Kind::CallDelayed, Subject::Step, 100), // one of the eleven
];

/// The claim on a run's step lasts 15 s here. A call that takes longer is still under way when the step is another's.
const PAST_THE_LEASE: (u64, u64) = (16_000, 18_000);

/// A seed, and with it everything that chaos decides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
}

/// Something is to go wrong: what, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) kind: Kind,
    draw: u64,
}

impl Plan {
    /// What happens to the `n`th of this kind and name (from 1), if anything.
    pub(crate) fn decide(&self, subject: Subject, whom: &str, n: u64) -> Option<Decision> {
        let digest = Md5::digest(format!("{}/{subject:?}/{whom}/{n}", self.seed));
        let half = |range: std::ops::Range<usize>| {
            digest[range]
                .iter()
                .fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let mut roll = half(0..8) % 1000;
        for Row(kind, of, rate) in &RATES {
            if *of != subject {
                continue;
            }
            let rate = u64::from(*rate);
            if roll < rate {
                let draw = half(8..16);
                return Some(Decision { kind: *kind, draw });
            }
            roll -= rate;
        }
        None
    }
}

impl Decision {
    /// How late an event comes: seconds here, where AWS may take hours.
    pub(crate) fn event_delay(self) -> Duration {
        self.between(100, 6_000)
    }

    /// How long a call takes: a moment as a rule, and one time in eight longer than the claim on a step lasts.
    pub(crate) fn call_delay(self) -> Duration {
        let (from, to) = if self.draw >> 60 < 2 {
            PAST_THE_LEASE
        } else {
            (50, 1_500)
        };
        self.between(from, to)
    }

    /// How long a process lives after it was given its event. Invocations take 10 to 400 ms, most of them less than 100:
    /// each power of two is as likely as any other.
    pub(crate) fn life(self) -> Duration {
        let shortest = 1 << ((self.draw >> 32) % 9);
        self.between(shortest, shortest * 2)
    }

    /// How many tries of one call are hit. AWS's SDKs try four times: were it always one, no function would ever hear of
    /// a fault.
    pub(crate) fn tries(self) -> u32 {
        [1, 1, 2, 4][(self.draw >> 56) as usize % 4]
    }

    /// Whether a refused call is throttled; a server's error otherwise.
    pub(crate) fn is_throttling(self) -> bool {
        self.draw >> 48 & 1 == 0
    }

    /// Whether a lost answer is replaced by a server's error; otherwise the connection ends.
    pub(crate) fn says_500(self) -> bool {
        self.draw >> 48 & 1 == 0
    }

    fn between(self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + (self.draw & 0xffff_ffff) % (to - from))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SUBJECTS: [Subject; 6] = [
        Subject::Event,
        Subject::Request,
        Subject::Invocation,
        Subject::Read,
        Subject::Write,
        Subject::Step,
    ];

    fn decided(seed: u64, subject: Subject) -> Vec<Option<Decision>> {
        let plan = Plan { seed };
        (1..=20_000).map(|n| plan.decide(subject, "x", n)).collect()
    }

    #[test]
    fn a_seed_decides_the_same_every_time_and_another_seed_something_else() {
        for subject in SUBJECTS {
            assert_eq!(decided(7, subject), decided(7, subject));
            assert_ne!(decided(7, subject), decided(8, subject));
        }
        let of = |whom| (1..100).map(move |n| Plan { seed: 7 }.decide(Subject::Step, whom, n));
        assert!(of("a").ne(of("b")), "each has a sequence of its own");
    }

    #[test]
    fn every_rate_of_the_table_is_met() {
        for subject in SUBJECTS {
            let mut counts: BTreeMap<Kind, u32> = BTreeMap::new();
            for decision in decided(1, subject).into_iter().flatten() {
                *counts.entry(decision.kind).or_default() += 1;
            }
            for kind in Kind::ALL {
                let rate = RATES.iter().find(|row| row.0 == kind && row.1 == subject);
                let expected = rate.map_or(0, |row| row.2 * 20);
                let counted = counts.get(&kind).copied().unwrap_or(0);
                let tolerance = 20 + expected / 5;
                assert!(
                    counted.abs_diff(expected) <= tolerance && (counted > 0) == (expected > 0),
                    "{kind:?} {subject:?}: {counted} of {expected}"
                );
            }
        }
    }

    #[test]
    fn every_kind_has_a_rate_and_no_request_is_ever_lost() {
        for kind in Kind::ALL {
            assert!(RATES.iter().any(|row| row.0 == kind), "{kind:?}");
        }
        for detail_type in ["Cleanup Requested", "Sync Requested", "Start Requested"] {
            let subject = Subject::of_event(detail_type);
            let all = decided(3, subject);
            let lost = all
                .iter()
                .flatten()
                .any(|decision| decision.kind == Kind::EventDropped);
            assert!(!lost, "{detail_type}");
        }
    }

    #[test]
    fn delays_and_tries_reach_from_one_end_of_their_range_to_the_other() {
        let all: Vec<Decision> = decided(5, Subject::Write).into_iter().flatten().collect();
        let calls: Vec<u128> = all.iter().map(|d| d.call_delay().as_millis()).collect();
        let long = calls.iter().filter(|ms| **ms >= 16_000).count();
        assert!(calls.iter().all(|ms| (50..18_000).contains(ms)));
        assert!(
            long * 5 < calls.len() && long * 12 > calls.len(),
            "{long} of {}",
            calls.len()
        );
        assert!(
            all.iter()
                .all(|d| (100..6_000).contains(&d.event_delay().as_millis()))
        );
        assert!(all.iter().all(|d| (1..512).contains(&d.life().as_millis())));
        for tries in [1, 2, 4] {
            assert!(all.iter().any(|d| d.tries() == tries), "{tries}");
        }
    }

    #[test]
    fn calls_are_told_apart_by_the_harm_that_a_fault_does() {
        for (service, operation, subject) in [
            ("s3", "GetObject", Subject::Read),
            ("bedrock", "Converse", Subject::Read),
            ("bedrock", "ListTagsForResource", Subject::Read),
            ("s3", "PutObject", Subject::Write),
            ("dynamodb", "TransactWriteItems", Subject::Write),
            ("events", "PutEvents", Subject::Write),
            ("bedrock", "CreateModelCustomizationJob", Subject::Step),
            ("bedrock", "DeleteCustomModel", Subject::Step),
            ("ssm", "PutParameter", Subject::Step),
        ] {
            assert_eq!(Subject::of_call(service, operation), subject, "{operation}");
        }
    }
}
