//! One schedule: a queue of what happens when, decided by one seed, until nothing is left to happen.

mod act;
mod bus;
mod calls;
mod calm;
mod promises;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use perennial_core::announcement::Function;
use perennial_core::names::{Installation, PipelineName};
use perennial_ports::Clock;
use perennial_ports::memory::MemoryCloud;
use serde_json::{Value, json};

use crate::aim::Aim;
use crate::checks::{self, Check};
use crate::coverage::Coverage;
use crate::data;
use crate::deed::Deed;
use crate::lambda::{Delivery, Live};
use crate::people::{self, Act, Provisioned, TrainsOn};
use crate::picture::Picture;
use crate::plant::{self, Plant};
use crate::ports::Outbox;
use crate::trace::Trace;
use crate::weather::Weather;

/// A violated promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The checker.
    pub check: &'static str,
    /// What it saw.
    pub words: String,
}

/// What happens at some time.
#[derive(Debug)]
enum What {
    /// The call of an invocation meets its fate.
    Call { invocation: usize, call: u32 },
    /// Lambda gives an invocation up.
    Timeout { invocation: usize },
    /// What is left of it ends.
    Kill { invocation: usize },
    /// An event reaches a function.
    Deliver(Box<Delivery>),
    /// A call takes effect long after its caller gave up, which began then.
    Late(Box<Deed>, Timestamp),
    /// Something goes on at AWS.
    Bedrock,
    /// The schedule of `reconcile`.
    Reconcile,
    /// The daily schedules.
    Daily,
    /// A person acts.
    Act(Box<Act>),
    /// The faults stop.
    Calm,
}

struct Entry {
    at: u64,
    order: u64,
    what: What,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// More happenings than any schedule has: a loop without an end is a violation.
const MOST_STEPS: u64 = 200_000;

/// The world of one schedule. Time is in milliseconds since its beginning.
pub(crate) struct World {
    /// Who trains in this schedule.
    pub(crate) on: TrainsOn,
    /// Whether a trial comes first.
    trial: bool,
    /// Whether provisioned throughput serves, and in no other way.
    provisioned: Option<Provisioned>,
    pub(crate) region: &'static str,
    pub(crate) rng: Rng,
    pub(crate) weather: Weather,
    aim: Option<Aim>,
    /// Until then calls take seconds.
    slow_until: u64,
    pub(crate) cloud: MemoryCloud,
    pub(crate) installation: Installation,
    pub(crate) pipeline: PipelineName,
    pub(crate) trace: Trace,
    pub(crate) plant: Option<Plant>,
    pub(crate) coverage: Coverage,
    pub(crate) violation: Option<Violation>,
    pub(crate) steps: u64,
    start: Timestamp,
    now: u64,
    order: u64,
    queue: BinaryHeap<Reverse<Entry>>,
    live: Vec<Option<Live>>,
    /// Invocations at work and events on their way: what must be done with before the world is still.
    busy: usize,
    outbox: Arc<Mutex<Outbox>>,
    reconcile_at: u64,
    /// The next round of `reconcile` comes when nothing is on its way any more.
    waits_for_quiet: bool,
    daily_at: u64,
    /// Every so many rounds of `reconcile` one is made.
    thinned: u64,
    /// Something has changed since the last round.
    progress: bool,
    bedrock_at: Option<u64>,
    files: u64,
    /// Since when there are no faults.
    calm_since: Option<u64>,
    rounds: u32,
    /// When `reconcile` last ran.
    last_round: Timestamp,
    checks: Vec<Box<dyn Check>>,
    picture: Picture,
    /// When clients last called each model.
    calls: BTreeMap<String, Timestamp>,
    metric_lag: SignedDuration,
    hangs: bool,
    /// Rollbacks that people asked for.
    rollbacks: u32,
    /// The last transaction did more than to note when to look again.
    moved: bool,
    /// When the invocation began that acts now.
    began: Timestamp,
}

impl World {
    pub(crate) fn new(seed: u64, verbose: bool, plant: Option<Plant>) -> Self {
        plant::prepare(plant);
        let mut rng = Rng::with_seed(seed);
        let mut weather = Weather::draw(&mut rng);
        let aim = Aim::draw(&mut rng);
        if let Some(aim) = &aim {
            aim.shape(&mut rng, &mut weather);
        }
        let cloud = MemoryCloud::new(rng.u64(..), data::mind);
        cloud.bedrock.set_pace(weather.pace);
        cloud.bedrock.set_quotas(weather.quotas);
        cloud.table.set_index_lag(weather.index_lag);
        // In some schedules every record goes through its text, as it does in DynamoDB; in the others the text is never made.
        let plain = seed.is_multiple_of(64);
        cloud.table.set_plain(plain);
        cloud.table.set_measured(plain);
        cloud.usage.set_lag(weather.metric_lag);
        // In some schedules training files are made of copies; in the others shards are shorter than what S3 copies.
        if seed % 8 == 1 {
            cloud.objects.set_smallest_copy(150);
        }
        let start = cloud.clock.now();
        // In some schedules provisioned throughput serves; in half of these the models are served in no other way.
        let provisioned = match seed % 32 {
            6 => Some(Provisioned::Also),
            22 => Some(Provisioned::Only),
            _ => None,
        };
        let mut world = Self {
            on: TrainsOn::of(seed),
            trial: seed % 16 == 12,
            provisioned,
            region: match provisioned {
                Some(Provisioned::Only) => "us-west-2",
                _ => "us-east-1",
            },
            trace: Trace {
                on: verbose,
                lines: Vec::new(),
            },
            plant,
            coverage: Coverage::default(),
            start,
            // Both names are valid.
            installation: Installation::parse("sim").unwrap_or_else(|_| unreachable!()),
            pipeline: PipelineName::parse("p").unwrap_or_else(|_| unreachable!()),
            violation: None,
            steps: 0,
            now: 0,
            order: 0,
            queue: BinaryHeap::new(),
            live: Vec::new(),
            busy: 0,
            outbox: Arc::default(),
            reconcile_at: 0,
            waits_for_quiet: false,
            daily_at: 0,
            thinned: 1,
            progress: true,
            bedrock_at: None,
            files: 0,
            calm_since: None,
            rounds: 0,
            last_round: start,
            checks: checks::all(),
            picture: Picture::default(),
            calls: BTreeMap::new(),
            metric_lag: weather.metric_lag,
            hangs: false,
            rollbacks: 0,
            moved: false,
            began: start,
            rng,
            weather,
            aim,
            slow_until: 0,
            cloud,
        };
        if let Some(aim) = world.aim.clone() {
            world.note(|| format!("an aim: in “{}”, {:?}", aim.name(), aim.act));
        }
        world.plan();
        world
    }

    fn plan(&mut self) {
        let mut acts = people::plan(&mut self.rng, self.aim.as_ref());
        for (_, act) in &mut acts {
            match act {
                Act::Configure(settings) => {
                    settings.on = self.on;
                    settings.trial = self.trial;
                }
                Act::Upload { records, .. } if self.on.in_batches() => {
                    *records = records.saturating_add(people::BATCH);
                }
                _ => {}
            }
        }
        if let Some(provisioned) = self.provisioned {
            for (_, act) in &mut acts {
                if let Act::Configure(settings) = act {
                    settings.provisioned = Some(provisioned);
                    settings.unserve = self.rng.bool();
                    settings.on_demand = self.rng.u8(..) < 80;
                }
            }
        }
        if self.on == TrainsOn::Chain {
            people::documents(&mut self.rng, &mut acts);
        }
        let last = acts.iter().map(|(at, _)| *at).max().unwrap_or(0);
        for (at, act) in acts {
            self.push(at, What::Act(Box::new(act)));
        }
        // Some schedules go on for long enough that what is idle is found, marked and deleted.
        let hours = if self.rng.u8(..) < 24 { 60 } else { 5 };
        let after = self.rng.u64(0..hours * 60 * MINUTE);
        self.push(last + after, What::Calm);
        let daily = self.rng.u64(0..self.weather.daily_hours * 60 * MINUTE);
        self.daily_in(daily);
        self.reconcile_in(self.weather.reconcile_minutes * MINUTE);
    }

    fn push(&mut self, at: u64, what: What) {
        if matches!(what, What::Deliver(_) | What::Late(..)) {
            self.busy += 1;
        }
        self.order += 1;
        self.queue.push(Reverse(Entry {
            at,
            order: self.order,
            what,
        }));
    }

    /// `reconcile` runs then, if it was to run later or never.
    fn reconcile_in(&mut self, time: u64) {
        self.reconcile_at = self.now + time;
        self.push(self.reconcile_at, What::Reconcile);
    }

    pub(crate) fn time(&self) -> Timestamp {
        let span = SignedDuration::from_millis(i64::try_from(self.now).unwrap_or(i64::MAX));
        self.start.checked_add(span).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn note(&mut self, words: impl FnOnce() -> String) {
        if self.trace.on {
            let now = self.time();
            self.trace.note(now, words);
        }
    }

    pub(crate) fn violated(&mut self, check: &'static str, words: String) {
        self.note(|| format!("VIOLATION of {check}: {words}"));
        if self.violation.is_none() {
            self.violation = Some(Violation { check, words });
        }
    }

    /// Runs until the world is still, or a promise is broken.
    pub(crate) fn run(&mut self) {
        while self.violation.is_none()
            && let Some(Reverse(entry)) = self.queue.pop()
        {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                let words = format!("{MOST_STEPS} happenings and no end");
                self.violated("every run ends", words);
                return;
            }
            if entry.at > self.now {
                self.now = entry.at;
                self.cloud.clock.set(self.time());
            }
            if self.happens(entry.at, entry.what) {
                return;
            }
            if self.busy == 0 && std::mem::take(&mut self.waits_for_quiet) {
                self.reconcile_in(MINUTE);
            }
        }
    }

    /// Whether the schedule is over.
    fn happens(&mut self, at: u64, what: What) -> bool {
        match what {
            What::Call { invocation, call } => self.meet(invocation, call),
            What::Timeout { invocation } => self.give_up(invocation),
            What::Kill { invocation } => self.kill(invocation),
            What::Deliver(delivery) => {
                self.busy -= 1;
                self.begin(*delivery);
            }
            What::Late(deed, began) => {
                self.busy -= 1;
                self.awake();
                self.carry_out_late(*deed, began);
            }
            What::Bedrock => {
                if self.bedrock_at == Some(at) {
                    self.awake();
                    self.bedrock_at = None;
                    self.settle();
                }
            }
            What::Reconcile => {
                if at == self.reconcile_at {
                    return self.reconcile();
                }
            }
            What::Daily => {
                if at == self.daily_at {
                    self.daily();
                }
            }
            What::Act(act) => self.act(*act),
            What::Calm => self.calm(),
        }
        false
    }

    fn reconcile(&mut self) -> bool {
        if self.calm_since.is_some() {
            if self.busy > 0 {
                // Something is still on its way: a round is what happens in quiet.
                self.waits_for_quiet = true;
                return false;
            }
            if self.round() {
                return true;
            }
        }
        self.last_round = self.time();
        if self.plant != Some(Plant::Reconcile) {
            let event = json!({ "detail-type": "Scheduled Event", "detail": {} });
            self.begin(Delivery::of(Function::Reconcile, event));
        }
        self.next_reconcile();
        false
    }

    /// While nothing happens, the next rounds of `reconcile` would only read: time jumps to the first that may find something.
    fn next_reconcile(&mut self) {
        let every = self.weather.reconcile_minutes * MINUTE;
        // A run that only waits for AWS is not looked at a hundred times in the same way.
        self.thinned = if self.progress {
            1
        } else {
            (self.thinned * 3).min(6 * 60 / self.weather.reconcile_minutes)
        };
        self.progress = false;
        let mut after = every * self.thinned;
        if self.busy <= 1 {
            let due = self.cloud.table.first_due(&["run", "pipeline"]);
            let never = self.now
                + if self.calm_since.is_some() {
                    0
                } else {
                    40 * DAY
                };
            let due = due.map_or(never, |due| self.ms(due));
            after = after.max(due.saturating_sub(self.now).div_ceil(every) * every);
        }
        self.reconcile_in(after);
    }

    fn ms(&self, time: Timestamp) -> u64 {
        u64::try_from(time.duration_since(self.start).as_millis()).unwrap_or(0)
    }

    /// Something happens: the next round of `reconcile` is not left out.
    fn awake(&mut self) {
        self.progress = true;
        self.soon();
    }

    fn soon(&mut self) {
        let every = self.weather.reconcile_minutes * MINUTE;
        if self.reconcile_at > self.now + every {
            self.reconcile_in(every);
        }
    }

    fn daily_in(&mut self, time: u64) {
        self.daily_at = self.now + time;
        self.push(self.daily_at, What::Daily);
    }

    fn daily(&mut self) {
        self.soon();
        let tick = json!({ "detail-type": "Scheduled Event", "detail": {} });
        self.begin(Delivery::of(Function::Cleanup, tick));
        let sync: Value = json!({ "detail-type": "Scheduled Event", "detail": { "task": "sync" } });
        self.begin(Delivery::of(Function::Reconcile, sync));
        self.daily_in(self.weather.daily_hours * 60 * MINUTE);
    }
}
