//! Invocations and their calls: begun, switched, failed, crashed, given up, delivered again.

use std::sync::{Arc, PoisonError};
use std::task::{Context, Waker};

use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::Function;
use perennial_core::simulator;
use perennial_engine::Invocation;
use perennial_ports::memory::{Outcome, Work, operation as op};
use perennial_ports::{Clock, ErrorKind};

use super::{MINUTE, What, World};
use crate::aim::{Lead, State};
use crate::deed::Deed;
use crate::facts::Fact;
use crate::gate::{Board, Fate};
use crate::lambda::{self, Delivery, Live};
use crate::people;
use crate::plant::Planted;
use crate::ports::{Gated, Outbox};

/// The functions' time limit, in milliseconds.
const TIME_LIMIT: u64 = 15 * MINUTE;
/// Lambda tries an asynchronous event three times in all; the queue hands a message out five times.
const MOST_ATTEMPTS: u32 = 3;
const MOST_RECEIVES: u32 = 5;

impl World {
    /// A function is woken by an event.
    pub(super) fn begin(&mut self, delivery: Delivery) {
        let number = self.live.len();
        let skew = match self.weather.skew {
            0 => 0,
            most => self.rng.i64(-most..=most),
        };
        let board = Arc::new(Board::default());
        let gated = Gated {
            board: board.clone(),
            cloud: self.cloud.clone(),
            outbox: self.outbox.clone(),
            skew: SignedDuration::from_secs(skew),
            planted: Planted::new(self.plant, &delivery),
        };
        let limit = SignedDuration::from_millis(TIME_LIMIT as i64);
        let now = gated.now();
        let deadline = now.checked_add(limit).unwrap_or(now);
        let invocation = Invocation::new(format!("i{number}"), deadline, now);
        self.note(|| {
            let again = match delivery.attempt {
                1 => String::new(),
                attempt => format!(" (attempt {attempt})"),
            };
            format!("i{number} begins: {}{again}", delivery.words())
        });
        let work = lambda::begin(
            gated,
            &delivery,
            invocation,
            self.installation.clone(),
            self.region,
            u32::try_from(self.weather.quotas.imported_models).unwrap_or(u32::MAX),
        );
        self.live.push(Some(Live {
            work: Some(work),
            board,
            delivery,
            began: self.time(),
            zombie: false,
        }));
        self.busy += 1;
        self.push(self.now + TIME_LIMIT, What::Timeout { invocation: number });
        self.poll(number);
    }

    /// A call meets its fate.
    pub(super) fn meet(&mut self, number: usize, call: u32) {
        let Some(Some(live)) = self.live.get(number) else {
            return;
        };
        let board = live.board.clone();
        let function = live.delivery.function;
        let (operation, changes) = {
            let inner = board.lock();
            let Some(waiting) = inner.calls.iter().find(|waiting| waiting.id == call) else {
                return;
            };
            (waiting.operation, waiting.changes)
        };
        // What is seldom done is interrupted more often.
        let seldom = match operation {
            op::DELETE_DEPLOYMENT if function == Function::Cleanup => 60,
            op::STOP_TRAINING if function == Function::Promote => 60,
            op::STOP_TRAINING
            | op::STOP_BATCH
            | op::DELETE_MODEL
            | op::DELETE_DEPLOYMENT
            | op::UPDATE_DEPLOYMENT
            | op::PUT_PARAMETER => 12,
            _ => 1,
        };
        if self.chance(self.weather.crash_before * seldom) {
            if changes {
                self.coverage.crashes.insert((function, operation, false));
            }
            self.note(|| format!("i{number} dies before {operation}"));
            self.end(number, Err("it died".into()));
            return;
        }
        let fate = self.fate(operation, changes, seldom);
        if fate == Fate::CrashAfter {
            self.coverage.crashes.insert((function, operation, true));
        }
        if fate != Fate::Go || changes {
            self.note(|| match fate {
                Fate::Go => format!("i{number}   {operation}"),
                Fate::Fail(kind) => format!("i{number}   {operation} FAILS: {kind:?}"),
                Fate::LoseAnswer => format!("i{number}   {operation}, and its answer is LOST"),
                Fate::Late(ms) => {
                    format!(
                        "i{number}   {operation} is not answered; it takes effect {ms} ms LATER"
                    )
                }
                Fate::CrashAfter => format!("i{number}   {operation}, and it DIES"),
            });
        }
        board.decide(call, fate);
        self.poll(number);
    }

    fn fate(&mut self, operation: &'static str, changes: bool, seldom: u32) -> Fate {
        if changes {
            if self.calm_since.is_none()
                && let Some(aim) = &self.aim
                && let Some(fate) = aim.hinders(&mut self.rng, operation)
                && self.rng.bool()
            {
                return fate;
            }
            if self.chance(self.weather.crash_after * seldom) {
                return Fate::CrashAfter;
            }
            let creates = matches!(
                operation,
                op::CREATE_TRAINING | op::CREATE_BATCH | op::CREATE_DEPLOYMENT
            );
            let seldom = match operation {
                op::CREATE_TRAINING => 40,
                _ if creates => 12,
                _ => seldom,
            };
            if self.chance(self.weather.lose_answer * seldom) {
                return Fate::LoseAnswer;
            }
            if self.chance(self.weather.late_effect * seldom) {
                return Fate::Late(self.rng.u64(100..3 * MINUTE));
            }
        }
        if !self.chance(self.weather.fail * seldom) {
            return Fate::Go;
        }
        let creates = matches!(
            operation,
            op::CREATE_TRAINING | op::CREATE_BATCH | op::CREATE_DEPLOYMENT
        );
        Fate::Fail(match self.rng.u8(0..16) {
            0 => ErrorKind::Denied,
            1..6 if creates => ErrorKind::Quota,
            1..8 => ErrorKind::Throttled,
            _ => ErrorKind::Unanswered,
        })
    }

    /// Lets an invocation go on to its next call, and everything that it did take its course.
    fn poll(&mut self, number: usize) {
        let Some(Some(live)) = self.live.get_mut(number) else {
            return;
        };
        let Some(mut work) = live.work.take() else {
            return;
        };
        let board = live.board.clone();
        self.began = live.began;
        let outcome = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let died = board.lock().crashed;
        match outcome {
            _ if died => self.end(number, Err("it died".into())),
            std::task::Poll::Ready(done) => {
                self.end(number, done.map_err(|error| error.to_string()))
            }
            std::task::Poll::Pending => {
                self.await_calls(number, &board);
                if let Some(Some(live)) = self.live.get_mut(number) {
                    live.work = Some(work);
                }
            }
        }
        self.take_out();
    }

    /// The calls that were just made come due.
    fn await_calls(&mut self, number: usize, board: &Board) {
        let mut fresh = [0u32; 16];
        let mut count = 0;
        let mut waits = false;
        for call in &mut board.lock().calls {
            waits = true;
            if !call.scheduled && count < fresh.len() {
                call.scheduled = true;
                fresh[count] = call.id;
                count += 1;
            }
        }
        if !waits {
            self.violated(
                "handlers wait for ports only",
                format!("i{number} waits for something that is no port"),
            );
        }
        for call in fresh.into_iter().take(count) {
            let takes = if self.now < self.slow_until {
                self.rng.u64(2..5_000)
            } else if self.chance(self.weather.stall) {
                self.rng.u64(0..25 * MINUTE)
            } else if self.chance(self.weather.slow) {
                self.rng.u64(0..MINUTE)
            } else {
                self.rng.u64(2..60)
            };
            let what = What::Call {
                invocation: number,
                call,
            };
            self.push(self.now + takes, what);
        }
    }

    /// An invocation is over. What failed is delivered again.
    fn end(&mut self, number: usize, outcome: Result<(), String>) {
        let Some(live) = self.live.get_mut(number).and_then(Option::take) else {
            return;
        };
        self.busy -= 1;
        match outcome {
            Ok(()) => self.note(|| format!("i{number} ends")),
            Err(error) => {
                self.note(|| format!("i{number} ends: {error}"));
                if !live.zombie {
                    self.again(live.delivery);
                }
            }
        }
    }

    fn again(&mut self, mut delivery: Delivery) {
        let (most, wait) = match delivery.function {
            Function::Ingest => (MOST_RECEIVES, 5 * MINUTE),
            _ => (MOST_ATTEMPTS, u64::from(delivery.attempt) * MINUTE),
        };
        if delivery.attempt >= most {
            self.note(|| format!("to the dead-letter queue: {}", delivery.words()));
            return;
        }
        delivery.attempt += 1;
        self.push(self.now + wait, What::Deliver(Box::new(delivery)));
    }

    /// The time limit: Lambda delivers again, and the first may live on for a while.
    pub(super) fn give_up(&mut self, number: usize) {
        let Some(Some(live)) = self.live.get_mut(number) else {
            return;
        };
        live.zombie = true;
        let delivery = live.delivery.clone();
        self.note(|| format!("i{number} is past its time limit"));
        self.again(delivery);
        if self.rng.bool() {
            self.kill(number);
        } else {
            let more = self.rng.u64(0..20 * MINUTE);
            self.push(self.now + more, What::Kill { invocation: number });
        }
    }

    pub(super) fn kill(&mut self, number: usize) {
        if let Some(Some(_)) = self.live.get(number) {
            self.note(|| format!("i{number} is killed"));
            self.end(number, Err("killed".into()));
        }
    }

    /// Everything that the last call set off.
    pub(super) fn take_out(&mut self) {
        let Outbox { facts, late } =
            std::mem::take(&mut *self.outbox.lock().unwrap_or_else(PoisonError::into_inner));
        for (after, deed) in late {
            // What it decided on it saw then, and not when it takes effect.
            self.push(self.now + after, What::Late(Box::new(deed), self.began));
        }
        self.follow(facts);
    }

    pub(super) fn carry_out_late(&mut self, deed: Deed, began: Timestamp) {
        self.began = began;
        self.note(|| format!("late: {} takes effect", deed.operation()));
        let mut facts = Vec::new();
        let cloud = self.cloud.clone();
        let answer = futures::FutureExt::now_or_never(deed.carry_out(&cloud, &mut facts));
        if let Some(Err(error)) = answer {
            self.note(|| format!("late: refused: {error}"));
        }
        self.follow(facts);
    }

    /// Facts go to the checkers, what was said to the bus.
    fn follow(&mut self, facts: Vec<Fact>) {
        if facts.is_empty() {
            return;
        }
        let (mut bucket, mut bedrock) = (false, false);
        for fact in facts {
            self.check(&fact);
            match fact {
                Fact::Said(said) => {
                    for announcement in said {
                        self.said(announcement);
                    }
                }
                Fact::Stored { .. } => bucket = true,
                Fact::Wrote(_) => {
                    if std::mem::take(&mut self.moved) {
                        self.awake();
                        self.aim();
                        if self.chance(self.weather.meddling) {
                            let most = if self.rng.bool() { 400 } else { 2 * MINUTE };
                            let at = self.now + self.rng.u64(0..most);
                            let act = people::meddle(&mut self.rng);
                            self.push(at, What::Act(Box::new(act)));
                        }
                    }
                }
                Fact::AliasWritten { .. } => {}
                _ => bedrock = true,
            }
        }
        if bucket {
            self.bucket();
        }
        if bedrock {
            if self.weather.forgets_tokens {
                self.cloud.bedrock.forget_tokens();
            }
            self.settle();
        }
    }

    /// The run and the pipeline have come into a state: if it is the one that is aimed at, the person acts.
    fn aim(&mut self) {
        let Some(aim) = self.aim.clone().filter(|_| self.calm_since.is_none()) else {
            return;
        };
        let run = self.picture.active().map(simulator::run_state);
        let pipeline = self.picture.pipeline.as_deref();
        let pipeline = pipeline.map(simulator::pipeline_state);
        let there = [run.map(State::Run), pipeline.map(State::Pipeline)];
        let lead = match there.into_iter().flatten().any(|state| aim.is(state)) {
            true => Some(Lead::Act(aim.act)),
            false => run.and_then(|run| aim.lead(run)),
        };
        match lead.filter(|_| self.rng.bool()) {
            Some(Lead::Act(act)) => {
                self.slow_until = self.now + 10_000;
                let at = self.now + self.rng.u64(0..400);
                self.push(at, What::Act(Box::new(act)));
            }
            Some(Lead::Misses) => {
                let end = Outcome::Misses(self.rng.usize(89..100));
                self.cloud.bedrock.plan_next(Work::Batch, end, 1);
            }
            None => {}
        }
    }

    /// What changed in the bucket is told.
    pub(super) fn bucket(&mut self) {
        for change in self.cloud.objects.take_changes() {
            self.changed(&change);
        }
    }

    /// What goes on at AWS by itself goes on, and is told.
    pub(super) fn settle(&mut self) {
        let now = self.time();
        for event in self.cloud.bedrock.tick(now) {
            self.aws(event);
        }
        self.bucket();
        let next = self
            .cloud
            .bedrock
            .next_change()
            .map(|at| self.ms(at).max(self.now));
        if next != self.bedrock_at {
            self.bedrock_at = next;
            if let Some(at) = next {
                self.push(at, What::Bedrock);
            }
        }
    }
}
