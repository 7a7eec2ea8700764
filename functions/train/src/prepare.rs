//! Preparing a run before money is spent: the training file, the evaluation prompts, what they can tell apart, the price.

use std::collections::{BTreeSet, HashSet};

use bytes::Bytes;
use perennial_core::config::{Approval, Commitment};
use perennial_core::gate::power;
use perennial_core::limits::RecordShape;
use perennial_core::manifest::{Manifest, prompts_key};
use perennial_core::money::Usd;
use perennial_core::pipeline::is_provisioned;
use perennial_core::prices::{self, Prices, UsageEstimate, estimate_beside, trial_route};
use perennial_core::prompt::{PromptDigest, subsample};
use perennial_core::routing::{Serving, Trainer};
use perennial_core::run::{Event, Prepared, Run};
use perennial_core::score::ResolvedMetric;
use perennial_dataset::{EvalRecord, Excluded, MOST_ASKED, Sealed, estimate_tokens};
use perennial_engine::kept::{self, question_digest};
use perennial_engine::{EngineError, Invocation, StepResult, questions, records};
use perennial_ports::ErrorKind;
use perennial_ports::objects::read_all;

use crate::assemble::{File, Selection, seal};
use crate::sealing::Sealing;
use crate::{Ports, chain, places};

/// Above this share of training records that also stand in the evaluation set, something is wrong with the split.
const MOST_LEAKED: f64 = 0.01;

/// Why a run cannot be prepared, for people.
pub(crate) struct Refused(String);

pub(crate) enum Failure {
    Refused(Refused),
    /// The dataset is not sealed yet.
    TimeIsUp,
    Engine(EngineError),
}

impl<E: Into<EngineError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

pub(crate) fn refuse<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Refused(Refused(reason.into())))
}

pub(crate) async fn prepare(ports: &Ports, run: &Run, invocation: &Invocation) -> StepResult {
    let began = ports.desk.now();
    let manifest = manifest(ports, run).await?;
    let time = Sealing::new(invocation, began, &manifest);
    match assemble(ports, run, manifest, &time).await {
        Ok(prepared) => Ok(Event::Prepared(Box::new(prepared))),
        Err(Failure::Refused(Refused(reason))) => Ok(Event::Impossible { reason }),
        Err(Failure::TimeIsUp) => Ok(time.outcome(&ports.desk, run)),
        Err(Failure::Engine(error)) => Err(error),
    }
}

async fn manifest(ports: &Ports, run: &Run) -> Result<Manifest, EngineError> {
    let body = read_all(
        ports.read.as_ref(),
        &run.dataset.manifest_key,
        None,
        questions::LIMIT,
    )
    .await?;
    serde_json::from_slice(&body).map_err(|error| {
        EngineError::Event(format!(
            "{} is unreadable: {error}",
            run.dataset.manifest_key
        ))
    })
}

async fn assemble(
    ports: &Ports,
    run: &Run,
    manifest: Manifest,
    time: &Sealing,
) -> Result<Prepared, Failure> {
    places::check(ports, run).await?;
    let evaluation = evaluation_set(ports, &manifest).await?;
    let exclude = Excluded::of(&evaluation);
    let asked_again = EvalRecord::asked_again(&evaluation);
    let training_key = training_key(run);
    let (documents, manifest) = manifest.by_stage(&run.route);
    let first = chain::prepare(ports, run, &documents, time).await?;
    let seen = seen_by_champion(ports, run).await?;
    let (seen_of_held_out, seen) = match manifest.evaluation.is_empty() {
        true => (seen, HashSet::new()),
        false => (HashSet::new(), seen),
    };
    let selection = Selection {
        limits: &run.route.limits,
        exclude,
        sample: run.trial.map(|trial| trial.records),
        seen: seen_of_held_out,
        time,
    };
    let File {
        mut sealed,
        left_out_of,
        conflicts,
    } = seal(ports, run, &manifest, selection, &training_key).await?;
    check_training(run, &sealed)?;
    if run.trial.is_none() {
        let mut prompts = std::mem::take(&mut sealed.prompts);
        // What its conversations answer on the way is no fair question to this model either; as much of it as is read again.
        let room = (questions::LIMIT / 16).saturating_sub(prompts.len());
        prompts.extend(sealed.taught.drain(..).take(room));
        let prompts: Vec<u8> = prompts.iter().flat_map(|digest| digest.0).collect();
        let key = prompts_key(&run.pipeline, &run.dataset.digest);
        ports
            .write
            .put(&key, Bytes::from(prompts), "application/octet-stream")
            .await?;
    }

    let (fair, before, after) = if !run.route.is_scored() {
        // Whatever stands under eval/ can be asked of no model that makes pictures.
        (Vec::new(), 0, 0)
    } else if manifest.evaluation.is_empty() {
        // Sealing has left out what is no fair question, and what is not drawn.
        let prompts = sealed.held_out - sealed.held_out_again - sealed.held_out_taught;
        let fair = records_of(&std::mem::take(&mut sealed.held_out_records));
        (fair, prompts, prompts - sealed.held_out_seen)
    } else {
        let before = evaluation.len() as u64;
        let mut fair = evaluation;
        fair.retain(|record| !seen.contains(&PromptDigest::of(&record.prompt)));
        let after = fair.len() as u64;
        (fair, before, after)
    };
    let chosen = choose(run, fair);
    let metric = match run
        .config
        .evaluation
        .metric
        .resolve(chosen.iter().map(|record| &record.reference_response))
    {
        Ok(metric) => metric,
        Err(error) => return refuse(error.to_string()),
    };
    let mut power = what_it_can_tell(run, &manifest, metric, chosen.len())?;
    let asked = after.min(run.config.evaluation.max_prompts.into());
    if (chosen.len() as u64) < asked {
        power += &format!(
            " ({} of {asked} prompts are asked: {} MiB of the held-out records are kept, and nothing takes the place of a question that \
             turns out to be trained on)",
            chosen.len(),
            MOST_ASKED >> 20
        );
    }
    if sealed.held_out_taught > 0 && run.route.is_scored() {
        power += &format!(
            " ({} held-out questions are not asked, as conversations that are trained on answer them before their last question)",
            sealed.held_out_taught
        );
    }
    if let Some(again) = asked_again.filter(|_| run.route.is_scored()) {
        power += &format!(" ({again})");
    }
    let evaluation_key = format!("{}/evaluation.jsonl", run.work());
    let lines: Vec<u8> = chosen.iter().flat_map(EvalRecord::to_line).collect();
    let evaluation_digest = questions::digest(&lines);
    ports
        .write
        .put(&evaluation_key, Bytes::from(lines), "application/x-ndjson")
        .await?;
    let usage = usage(ports, run, &sealed, &chosen).await?;
    let champion_prices = champion_prices(ports, run).await?;
    let priced = match run.trial {
        Some(trial) => {
            let first = first.as_ref().map_or(Usd::ZERO, |(first, _)| first.cost);
            trial_route(&run.route, &run.config, &usage, trial, first)
        }
        None => Ok(run.route.clone()),
    };
    let priced = priced.and_then(|route| {
        let cost = estimate_beside(&route, &run.config, &usage, champion_prices.as_ref())?;
        Ok((cost, route))
    });
    let (mut cost, route) = match priced {
        Ok(priced) => priced,
        Err(unknown) => return refuse(unknown.to_string()),
    };
    let (first, first_line) = first.unzip();
    cost.lines.splice(0..0, first_line);
    Ok(Prepared {
        training_key,
        records: sealed.records,
        duplicates: sealed.duplicates,
        leaked: sealed.leaked,
        leaked_to_the_letter: sealed.leaked_to_the_letter,
        held_out: sealed.held_out,
        held_out_again: sealed.held_out_again,
        conflicts,
        left_out: sealed.left_out,
        not_sampled: sealed.not_sampled,
        left_out_of,
        training_tokens: sealed.tokens_estimate,
        evaluation_key,
        evaluation_digest,
        prompts: chosen.len() as u64,
        prompts_available: before,
        prompts_seen_by_champion: before - after,
        metric,
        power,
        training_cost: cost.training,
        evaluation_cost: cost.evaluation,
        base_cost: Some(cost.base),
        cost_lines: cost.lines,
        first: first.map(Box::new),
        max_run: match &route.trainer {
            Trainer::SageMaker { job } => run.trial.map(|_| job.max_run),
            _ => None,
        },
    })
}

/// Bedrock reads invocation logs from a folder, by their ending.
fn training_key(run: &Run) -> String {
    match run.route.limits.shape {
        RecordShape::InvocationLogs => format!("{}/logs/train.json", run.work()),
        _ => format!("{}/train.jsonl", run.work()),
    }
}

/// What so many questions can tell apart, in words; none at all are enough only where a person decides.
fn what_it_can_tell(
    run: &Run,
    manifest: &Manifest,
    metric: ResolvedMetric,
    questions: usize,
) -> Result<String, Failure> {
    if !run.route.is_scored() {
        return Ok(
            "pictures are not scored: a person looks at what the model makes, and decides"
                .to_owned(),
        );
    }
    let held_out = run.route.limits.shape.holds_answers();
    if questions == 0 && manifest.evaluation.is_empty() && !held_out {
        if run.trial.is_some() {
            return refuse(format!(
                "a trial is judged by its answers, and there is nothing to score them by. Put questions with their answers under \
                 eval/{}/, or take trigger.trial out",
                run.pipeline
            ));
        }
        if run.config.promotion.approval == Approval::Manual {
            return Ok("there is nothing to score by: a person decides".to_owned());
        }
        return refuse(format!(
            "what {} trains on holds no answers, so nothing can be held out and the model could not be scored. Put questions \
             with their answers under eval/{}/, or set promotion.approval = \"manual\"",
            run.config.technique, run.pipeline
        ));
    }
    let rule = run.gate_rule(metric);
    match power(&rule, questions, run.champion.is_some()) {
        Ok(power) => Ok(power.words),
        Err(too_few) => refuse(too_few.message),
    }
}

/// The evaluation shards' records, the oldest shard first.
async fn evaluation_set(
    ports: &Ports,
    manifest: &Manifest,
) -> Result<Vec<EvalRecord>, EngineError> {
    let mut records = Vec::new();
    for entry in &manifest.evaluation {
        let body = read_all(ports.read.as_ref(), &entry.shard, None, questions::LIMIT).await?;
        records.extend(records_of(&body));
    }
    Ok(records)
}

fn records_of(lines: &[u8]) -> Vec<EvalRecord> {
    lines
        .split(|byte| *byte == b'\n')
        .filter_map(EvalRecord::parse)
        .collect()
}

fn check_training(run: &Run, sealed: &Sealed) -> Result<(), Failure> {
    if sealed.unreadable > 0 {
        return refuse(format!(
            "{} lines of this dataset's shards cannot be read; were files under shards/ changed by hand? Upload the data \
             again",
            sealed.unreadable
        ));
    }
    if sealed.leak_share() > MOST_LEAKED {
        return refuse(format!(
            "{} of {} training records ({:.1} %) also stand in the evaluation set, duplicates not counted; at most {:.0} % may. Take \
             them out of eval/{}/ or of the training data",
            sealed.leaked,
            sealed.distinct(),
            sealed.leak_share() * 100.0,
            MOST_LEAKED * 100.0,
            run.pipeline
        ));
    }
    let fewest = run.route.limits.min_records;
    if sealed.records < fewest {
        return refuse(format!(
            "{} records are left to train on, and {} takes no fewer than {fewest} ({}). Add more under data/{}/",
            sealed.records, run.route.base_name, run.route.limits.source, run.pipeline
        ));
    }
    Ok(())
}

/// Prompts that the champion was trained on, its own base's datasets included: no fair question for a comparison.
/// Those that the candidate's starting model has seen are no fair question either.
async fn seen_by_champion(ports: &Ports, run: &Run) -> Result<HashSet<PromptDigest>, EngineError> {
    let mut datasets: BTreeSet<String> = run.trained_on.iter().skip(1).cloned().collect();
    if let Some(champion) = &run.champion
        && let Some(model) =
            records::model(ports.desk.table.as_ref(), &run.pipeline, &champion.model).await?
    {
        datasets.extend(model.record.trained_on);
    }
    let mut seen = HashSet::new();
    for digest in datasets {
        let key = prompts_key(&run.pipeline, &digest);
        match read_all(ports.read.as_ref(), &key, None, questions::LIMIT).await {
            Ok(body) => seen.extend(
                body.chunks_exact(16)
                    .filter_map(|chunk| chunk.try_into().ok().map(PromptDigest)),
            ),
            Err(error) if error.kind == ErrorKind::NotFound => {
                tracing::warn!(pipeline = %run.pipeline, run = %run.id, "{key} is gone: leakage cannot be checked against it");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seen)
}

/// At most `max_prompts`, drawn by a seed that stays the same from run to run, so that kept answers serve again.
fn choose(run: &Run, fair: Vec<EvalRecord>) -> Vec<EvalRecord> {
    let digests: Vec<PromptDigest> = fair
        .iter()
        .map(|record| PromptDigest::of(&record.prompt))
        .collect();
    let most = run.config.evaluation.max_prompts as usize;
    let mut chosen = subsample(run.pipeline.as_str(), &digests, most)
        .into_iter()
        .peekable();
    let numbered = fair.into_iter().enumerate();
    let drawn = numbered.filter(|(index, _)| chosen.next_if_eq(index).is_some());
    drawn.map(|(_, record)| record).collect()
}

async fn usage(
    ports: &Ports,
    run: &Run,
    sealed: &Sealed,
    chosen: &[EvalRecord],
) -> Result<UsageEstimate, EngineError> {
    let champion_prompts = match &run.champion {
        None => 0,
        Some(champion) => {
            let prefix = kept::model_prefix(&run.pipeline, &champion.model);
            let answers = kept::load(ports.read.as_ref(), &prefix).await?;
            chosen
                .iter()
                .filter(|record| !answers.contains_key(&question_digest(&record.prompt)))
                .count() as u64
        }
    };
    Ok(UsageEstimate {
        training_tokens: sealed.tokens_estimate,
        training_records: sealed.records,
        prompts: chosen.len() as u64,
        prompt_tokens: chosen
            .iter()
            .map(|record| estimate_tokens(&record.prompt))
            .sum(),
        answer_tokens: chosen.len() as u64 * u64::from(kept::MAX_ANSWER_TOKENS),
        champion_prompts,
        champion_serving: match &run.champion {
            Some(champion) if champion.answers_by_itself() => Serving::Imported,
            Some(_)
                if run
                    .champion_deployment
                    .as_deref()
                    .is_some_and(is_provisioned) =>
            {
                Serving::Provisioned {
                    units: 1,
                    commitment: Commitment::None,
                    only: false,
                }
            }
            _ => Serving::OnDemand,
        },
    })
}

/// The champion's own prices, where it comes of another base model than what is trained now.
async fn champion_prices(ports: &Ports, run: &Run) -> Result<Option<Prices>, EngineError> {
    let Some(champion) = &run.champion else {
        return Ok(None);
    };
    if champion.base_model == run.route.base_model {
        return Ok(None);
    }
    let table = ports.desk.table.as_ref();
    let own = records::run(table, &run.pipeline, &champion.model.run()).await?;
    let own = own.map(|stored| stored.record);
    Ok(prices::of_champion(
        champion,
        &run.route,
        &run.config,
        own.as_ref(),
    ))
}
