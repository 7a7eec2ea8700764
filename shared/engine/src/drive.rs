//! Carrying a run on: perform what its saved state calls for, decide, save, until it must wait or is another's.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use perennial_core::announcement::{self, Announcement, Function, Stage};
use perennial_core::keys::Key;
use perennial_core::money::Usd;
use perennial_core::names::{PipelineName, RunId};
use perennial_core::run::{
    Also, Claim, Decision, Effect, Event, Run, RunState, Terms, decide, effects,
};
use perennial_core::span::Span;
use perennial_ports::{ErrorKind, Expect, Write};

use crate::records::{self, Month, Reservation, Stored};
use crate::settings::{Desk, Invocation, after};
use crate::{EngineError, pipelines};

/// What performing an effect came to.
pub type StepResult = Result<Event, EngineError>;

/// A function's side of a run: it performs the effects of the stages that it owns.
#[async_trait]
pub trait Perform: Send + Sync {
    /// Which function it is.
    fn function(&self) -> Function;
    /// Performs one effect and says what came of it. Performing twice is harmless.
    async fn perform(&self, run: &Run, effect: &Effect, invocation: &Invocation) -> StepResult;
}

/// More steps than any run takes in one invocation: a fault must not spin.
const MOST_STEPS: u32 = 400;

/// Carries a run on as far as this function may.
///
/// Ends when the run waits, has ended, or is another function's, which is told by "Run Due".
pub async fn drive(
    desk: &Desk,
    performer: &dyn Perform,
    pipeline: &PipelineName,
    id: &RunId,
    invocation: &Invocation,
) -> Result<(), EngineError> {
    let mut waited: BTreeSet<Effect> = BTreeSet::new();
    let mut look_at: Option<(Timestamp, Option<String>)> = None;
    let mut handed_on = false;
    let mut moved = false;
    // What was just saved need not be read again: the next save is conditional on its version anyway.
    let mut known: Option<Box<Stored<Run>>> = None;
    for _ in 0..MOST_STEPS {
        let stored = match known.take() {
            Some(known) => *known,
            None => match records::run(desk.table.as_ref(), pipeline, id).await? {
                Some(stored) => stored,
                None => {
                    tracing::warn!(%pipeline, run = %id, "no such run");
                    return Ok(());
                }
            },
        };
        let run = &stored.record;
        let stage = run.stage();
        // A run that has ended is looked at once more, later; until then, and afterwards, there is nothing to do.
        let mine = |claim: &Claim| claim.by == invocation.id;
        let claimed = run.claim.as_ref().is_some_and(mine);
        let rests = stage == Stage::Ended && !claimed && run.due.is_none_or(|due| due > desk.now());
        if stage.owner() != performer.function() || rests {
            // Whoever goes on need not wait for this invocation's deadline.
            if stage != Stage::Ended && claimed {
                let at = desk.now();
                match save(desk, &stored, &Event::Later { at, note: None }, invocation).await? {
                    Saved::Yes { .. } => moved = true,
                    Saved::SomeoneElseWasFirst => continue,
                    Saved::DoesNotApply => {}
                }
            }
            if moved && !handed_on && !matches!(stage, Stage::Ended | Stage::Approval) {
                desk.announce
                    .announce(&[announcement::run_due(pipeline, id, stage)])
                    .await?;
            }
            return Ok(());
        }
        let now = desk.now();
        let Some(effect) = effects(run)
            .into_iter()
            .find(|effect| !waited.contains(effect))
        else {
            // Someone else wrote first: what they did may call for something else now, and a claim is to be given back.
            if wait(desk, &stored, look_at.clone(), invocation).await? {
                return Ok(());
            }
            continue;
        };
        if now >= invocation.stop_at() {
            desk.announce
                .announce(&[announcement::run_due(pipeline, id, stage)])
                .await?;
            return Ok(());
        }
        if effect.needs_claim() {
            match &run.claim {
                Some(claim) if claim.by != invocation.id && now < claim.until => {
                    waited.insert(effect);
                    look_at = sooner(look_at, claim.until, None);
                    continue;
                }
                Some(claim) if claim.by == invocation.id && now < claim.until => {}
                _ => {
                    let claim = Claim {
                        by: invocation.id.clone(),
                        until: lease(desk, invocation, now, run, &effect),
                    };
                    match save(desk, &stored, &Event::Claimed(claim), invocation).await? {
                        Saved::Yes { stored, .. } => {
                            moved = true;
                            known = Some(stored);
                        }
                        Saved::SomeoneElseWasFirst => {}
                        Saved::DoesNotApply => {
                            waited.insert(effect);
                        }
                    }
                    continue;
                }
            }
        }
        // A step ends with its claim, so that no other invocation takes it up while it still goes on.
        let granted = match run.claim.as_ref().filter(|_| effect.needs_claim()) {
            Some(claim) => invocation.until(claim.until, now),
            None => invocation.clone(),
        };
        let event = match performer.perform(run, &effect, &granted).await {
            Ok(event) => event,
            Err(error) => match hopeless(&error) {
                Some(reason) if run.can_be_impossible() => Event::Impossible { reason },
                _ => {
                    // The deadlines of the stage hold for a step that only ever fails, too.
                    let at = desk.next_look();
                    save(desk, &stored, &Event::Later { at, note: None }, invocation).await?;
                    return Err(error);
                }
            },
        };
        if let Event::Later { at, note } = event {
            waited.insert(effect);
            look_at = sooner(look_at, at, note);
            continue;
        }
        match save(desk, &stored, &event, invocation).await? {
            Saved::Yes { said, stored } => {
                moved = true;
                known = Some(stored);
                handed_on = said
                    .iter()
                    .any(|announcement| announcement.detail_type == "Evaluation Complete");
            }
            Saved::SomeoneElseWasFirst => {}
            Saved::DoesNotApply => {
                waited.insert(effect);
            }
        }
    }
    Err(EngineError::Contended {
        key: Key::run(pipeline, id),
        times: MOST_STEPS,
    })
}

/// Why the same step will fail every time, if so: what it needs is gone, or the request is wrong.
fn hopeless(error: &EngineError) -> Option<String> {
    match error {
        EngineError::Port(port)
            if matches!(port.kind, ErrorKind::NotFound | ErrorKind::Invalid) =>
        {
            Some(error.to_string())
        }
        _ => None,
    }
}

fn sooner(
    known: Option<(Timestamp, Option<String>)>,
    at: Timestamp,
    note: Option<String>,
) -> Option<(Timestamp, Option<String>)> {
    match known {
        Some((earlier, known_note)) if earlier <= at => Some((earlier, known_note.or(note))),
        Some((_, known_note)) => Some((at, note.or(known_note))),
        None => Some((at, note)),
    }
}

/// How long a claim is good for: long enough for a step's share of work, short enough that the run does not stand still
/// when the invocation dies.
const LEASE_POLLS: u64 = 2;
const SHORTEST_LEASE: u64 = 15;

fn lease(
    desk: &Desk,
    invocation: &Invocation,
    now: Timestamp,
    run: &Run,
    effect: &Effect,
) -> Timestamp {
    // A dataset that was not sealed within a claim's time is given all that there is.
    if *effect == Effect::Prepare && run.waits_for.is_some() {
        return invocation.deadline;
    }
    let lease = SHORTEST_LEASE.max(desk.settings.poll.as_secs().saturating_mul(LEASE_POLLS));
    after(now, Span(lease)).min(invocation.deadline)
}

/// Notes when to look again. False: someone else wrote first.
async fn wait(
    desk: &Desk,
    stored: &Stored<Run>,
    look_at: Option<(Timestamp, Option<String>)>,
    invocation: &Invocation,
) -> Result<bool, EngineError> {
    let Some((at, note)) = look_at else {
        return Ok(true);
    };
    let known = stored.record.due == Some(at) && at > desk.now();
    if known && note.is_none() {
        // Writing it again would only make the invocation that holds the claim do its step twice.
        return Ok(true);
    }
    let before = stored.record.stage();
    let stored = match save(desk, stored, &Event::Later { at, note }, invocation).await? {
        Saved::Yes { stored, .. } => stored,
        Saved::SomeoneElseWasFirst => return Ok(false),
        Saved::DoesNotApply => return Ok(true),
    };
    let overdue = stored.record.due.is_some_and(|due| due <= desk.now());
    if stored.record.stage() != before || overdue {
        let run = &stored.record;
        desk.announce
            .announce(&[announcement::run_due(&run.pipeline, &run.id, run.stage())])
            .await?;
    }
    Ok(true)
}

/// What became of a save.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// The decision is stored.
    Yes {
        /// This was said.
        said: Vec<Announcement>,
        /// The run as it is now.
        stored: Box<Stored<Run>>,
    },
    /// The run, or a record that changes with it, was changed meanwhile: load again.
    SomeoneElseWasFirst,
    /// The event does not apply in this state.
    DoesNotApply,
}

/// Decides and stores: the run, its history, and everything that changes with it, in one transaction.
pub async fn save(
    desk: &Desk,
    stored: &Stored<Run>,
    event: &Event,
    invocation: &Invocation,
) -> Result<Saved, EngineError> {
    let now = desk.now();
    let run = &stored.record;
    let month = records::month_of(now);
    let reserved = if event.may_reserve() {
        records::month(desk.table.as_ref(), &run.pipeline, &month).await?
    } else {
        Stored::new(Month {
            reserved: Usd::ZERO,
        })
    };
    let terms = Terms {
        now,
        month_reserved: reserved.record.reserved,
        by: &invocation.id,
    };
    let Some(decision) = decide(run, event, terms) else {
        return Ok(Saved::DoesNotApply);
    };
    let mut say = decision.say.clone();
    let writes = match writes(desk, stored, &decision, (month, reserved), &mut say).await {
        Ok(writes) => writes,
        Err(EngineError::Refused(refusal)) => {
            tracing::info!(pipeline = %run.pipeline, run = %run.id, "the pipeline refuses: {refusal}");
            return Ok(Saved::DoesNotApply);
        }
        Err(error) => return Err(error),
    };
    match desk.table.transact(writes).await.map_err(EngineError::from) {
        Ok(()) => {
            if let Some(text) = &decision.history {
                tracing::info!(pipeline = %run.pipeline, run = %run.id, stage = decision.run.stage().word(), "{text}");
            }
            desk.announce.announce(&say).await?;
            let stored = Stored {
                record: decision.run,
                version: stored.version + 1,
            };
            Ok(Saved::Yes {
                said: say,
                stored: Box::new(stored),
            })
        }
        Err(error) if error.is_conflict() => Ok(Saved::SomeoneElseWasFirst),
        Err(error) => Err(error),
    }
}

async fn writes(
    desk: &Desk,
    stored: &Stored<Run>,
    decision: &Decision,
    (month, mut total): (String, Stored<Month>),
    say: &mut Vec<Announcement>,
) -> Result<Vec<Write>, EngineError> {
    let now = desk.now();
    let run = &decision.run;
    let mut writes = vec![records::put_run(run, stored.version)];
    if let Some(text) = &decision.history {
        writes.push(records::put_history(&run.id, stored.version + 1, now, text));
    }
    let mut month_changed = false;
    for also in &decision.also {
        match also {
            Also::Reserve {
                purpose,
                attempt,
                amount,
            } => {
                total.record.reserved = total.record.reserved + *amount;
                month_changed = true;
                let reservation = Reservation {
                    run: run.id.clone(),
                    purpose: *purpose,
                    attempt: *attempt,
                    amount: *amount,
                    month: month.clone(),
                    at: now,
                    released: false,
                };
                writes.push(records::put_reservation(
                    &run.pipeline,
                    &Stored::new(reservation),
                ));
            }
            Also::ReleaseAll => release(desk, run, &mut writes).await?,
            Also::Register(model) => {
                writes.push(records::put_model(&Stored::new((**model).clone())))
            }
            Also::Pretrained(left) => {
                let table = desk.table.as_ref();
                let known = records::pretrained(table, &run.pipeline, &left.digest).await?;
                writes.push(records::put_pretrained(&Stored {
                    record: (**left).clone(),
                    version: known.map_or(0, |known| known.version),
                }));
            }
            Also::Pipeline(event) => {
                if let perennial_core::pipeline::PipelineEvent::MoveBegun { to, .. } = &**event {
                    writes.push(ready_model(desk, run, to).await?);
                }
                let (write, said, pipeline) = pipelines::apply(desk, &run.pipeline, event).await?;
                if let RunState::Promoting { generation } = run.state
                    && pipeline.generation != generation
                {
                    let key = Key::pipeline(&run.pipeline);
                    return Err(perennial_ports::TableError::Conflict { key }.into());
                }
                writes.push(write);
                say.extend(said);
            }
        }
    }
    if month_changed {
        writes.push(records::put_month(&run.pipeline, &month, &total));
    }
    Ok(writes)
}

/// The model that the alias is to move to must be ready, and stay so until the transaction is done.
async fn ready_model(
    desk: &Desk,
    run: &Run,
    to: &perennial_core::pipeline::Champion,
) -> Result<Write, EngineError> {
    let key = Key::model(&run.pipeline, &to.model);
    match records::model(desk.table.as_ref(), &run.pipeline, &to.model).await? {
        Some(model) if model.record.is_ready() => Ok(Write::Check {
            key,
            expect: Expect::Version(model.version),
        }),
        _ => Err(perennial_core::pipeline::Refusal(format!(
            "model {} is not there any more",
            to.model
        ))
        .into()),
    }
}

async fn release(desk: &Desk, run: &Run, writes: &mut Vec<Write>) -> Result<(), EngineError> {
    let table = desk.table.as_ref();
    let mut months: std::collections::BTreeMap<String, Usd> = std::collections::BTreeMap::new();
    for mut reservation in records::reservations(table, &run.pipeline, &run.id).await? {
        if !reservation.record.released {
            reservation.record.released = true;
            let sum = months
                .entry(reservation.record.month.clone())
                .or_insert(Usd::ZERO);
            *sum = *sum + reservation.record.amount;
            writes.push(records::put_reservation(&run.pipeline, &reservation));
        }
    }
    for (month, amount) in months {
        let mut total = records::month(table, &run.pipeline, &month).await?;
        total.record.reserved = total.record.reserved.saturating_sub(amount);
        writes.push(records::put_month(&run.pipeline, &month, &total));
    }
    Ok(())
}
