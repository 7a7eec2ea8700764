//! A run, as `runs` and `show` show it.

use jiff::Timestamp;
use perennial_core::gate::Verdict;
use perennial_core::money::Usd;
use perennial_core::run::{
    BaseSide, CandidateSide, ChampionSide, Job, Prepared, Run, RunState, job_words,
};
use perennial_engine::records::HistoryLine;
use serde::Serialize;

use crate::output;

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct RunView {
    pub(crate) run: String,
    pub(crate) pipeline: String,
    /// The stage that it is in.
    pub(crate) stage: &'static str,
    /// promoted, passed (a trial), declined, failed, cancelled; null until it has ended.
    pub(crate) outcome: Option<&'static str>,
    /// Why it ended so.
    pub(crate) reason: Option<String>,
    pub(crate) opened_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// Why it was opened.
    pub(crate) because: String,
    /// Whether it is a trial: it trains on a sample, and its model never serves.
    pub(crate) trial: bool,
    pub(crate) dataset: String,
    pub(crate) records: Option<u64>,
    pub(crate) prompts: Option<u64>,
    pub(crate) scores: Option<Scores>,
    pub(crate) model_arn: Option<String>,
    pub(crate) reserved_usd: f64,
    /// What it waits for, where AWS or a person is to move first: a quota, a right.
    pub(crate) waits_for: Option<String>,
    /// What is going on now, in words.
    #[serde(skip)]
    pub(crate) now: String,
}

/// Mean scores on the evaluation prompts.
#[derive(Debug, Serialize)]
pub(crate) struct Scores {
    pub(crate) metric: String,
    pub(crate) prompts: usize,
    pub(crate) candidate: f64,
    pub(crate) base: f64,
    pub(crate) champion: Option<f64>,
}

/// One run with all that is known of it.
#[derive(Debug, Serialize)]
pub(crate) struct FullRunView {
    #[serde(flatten)]
    pub(crate) run: RunView,
    pub(crate) base_model: String,
    pub(crate) trains_from: String,
    pub(crate) prepared: Option<Prepared>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) history: Vec<HistoryLine>,
}

/// The stages that a run passes, for a progress bar.
pub(crate) const STEPS: u64 = 7;

/// How many of [`STEPS`] are done.
pub(crate) fn steps_done(run: &Run) -> u64 {
    match run.state {
        RunState::Preparing => 0,
        RunState::Starting { .. } => 1,
        RunState::Training { .. } | RunState::Importing { .. } => 2,
        RunState::Evaluating { .. } => 3,
        RunState::Deciding => 4,
        RunState::AwaitingApproval { .. } | RunState::Promoting { .. } => 5,
        RunState::Closing { .. } => 6,
        RunState::Ended { .. } => STEPS,
    }
}

/// What is going on, or waited for, in words.
pub(crate) fn now(run: &Run) -> String {
    match waits_for(run) {
        Some(why) => format!("{}; it waits: {why}", going_on(run)),
        None => going_on(run),
    }
}

fn waits_for(run: &Run) -> Option<&str> {
    match run.state {
        RunState::Ended { .. } | RunState::AwaitingApproval { .. } => None,
        _ => run.waits_for.as_deref(),
    }
}

fn going_on(run: &Run) -> String {
    let waits = run.waits_for.is_some();
    let job = job_words(run.training_purpose());
    match &run.state {
        RunState::Preparing => "its dataset is assembled and priced".into(),
        RunState::Starting { attempt } if waits => {
            format!("its {job} is not started yet (attempt {attempt})")
        }
        RunState::Starting { attempt } => {
            format!("its {job} is started (attempt {attempt})")
        }
        RunState::Training {
            attempt,
            stop: Some(why),
            ..
        } => {
            format!("its {job} is being stopped (attempt {attempt}): {why}")
        }
        RunState::Training { attempt, .. } => format!("its {job} runs (attempt {attempt})"),
        RunState::Importing { attempt, .. } if waits => {
            format!(
                "the weights that its training job left are not imported yet (attempt {attempt})"
            )
        }
        RunState::Importing { attempt, .. } => {
            format!("the weights that its training job left are imported (attempt {attempt})")
        }
        RunState::Evaluating {
            candidate,
            base,
            champion,
            ..
        } => {
            let candidate = match candidate {
                CandidateSide::Deploying if waits => "is not deployed yet",
                CandidateSide::Deploying => "is being deployed",
                CandidateSide::Asking { .. } => "is asked",
                CandidateSide::Removing { .. } => {
                    "has answered and its provisioned throughput is being removed"
                }
                CandidateSide::Answered => "has answered",
            };
            let base = match base {
                BaseSide::Starting { .. } => "waits for its batch job",
                BaseSide::Running { .. } => "is asked by a batch job",
                BaseSide::Asking => "is asked",
                BaseSide::Answered => "has answered",
            };
            let champion = match champion {
                ChampionSide::None => "",
                ChampionSide::Asking { .. } => ", the champion is asked",
                ChampionSide::Answered => ", the champion has answered",
            };
            format!("the candidate {candidate}, the base model {base}{champion}")
        }
        RunState::Deciding => "the answers are scored".into(),
        RunState::AwaitingApproval { .. } => {
            let gate = match run.verdict {
                Some(_) => "the gate is passed",
                None => "nothing scores it, so no gate was asked",
            };
            format!(
                "{gate}; a person must say yes: `perennial approve {}`",
                run.id
            )
        }
        RunState::Promoting { .. } if waits => "the alias does not move to its model yet".into(),
        RunState::Promoting { .. } => "the alias moves to its model".into(),
        RunState::Closing { outcome, .. } => {
            format!(
                "it removes what it made for itself and ends as {}",
                outcome.word()
            )
        }
        RunState::Ended {
            outcome, reason, ..
        } => format!("{}: {reason}", outcome.word()),
    }
}

impl RunView {
    /// What is to be said of it.
    pub(crate) fn new(run: &Run) -> Self {
        let (reason, ended_at) = match &run.state {
            RunState::Ended { reason, at, .. } => (Some(reason.clone()), Some(*at)),
            _ => (None, None),
        };
        Self {
            run: run.id.to_string(),
            pipeline: run.pipeline.to_string(),
            stage: run.stage().word(),
            outcome: run.outcome().map(|outcome| outcome.word()),
            reason,
            opened_at: run.opened_at,
            ended_at,
            because: run.because.clone(),
            trial: run.trial.is_some(),
            dataset: run.dataset.digest.clone(),
            records: run.prepared.as_ref().map(|prepared| prepared.records),
            prompts: run.prepared.as_ref().map(|prepared| prepared.prompts),
            scores: run.verdict.as_ref().map(|verdict| Scores {
                metric: verdict.metric.to_string(),
                prompts: verdict.base.n,
                candidate: verdict.base.mean_candidate,
                base: verdict.base.mean_other,
                champion: verdict
                    .champion
                    .as_ref()
                    .map(|champion| champion.mean_other),
            }),
            model_arn: run.model_arn.clone(),
            reserved_usd: run.reserved.as_dollars(),
            waits_for: waits_for(run).map(str::to_owned),
            now: now(run),
        }
    }
}

impl FullRunView {
    /// All that is known of it.
    pub(crate) fn new(run: &Run, history: Vec<HistoryLine>) -> Self {
        Self {
            run: RunView::new(run),
            base_model: run.route.base_name.clone(),
            trains_from: run.trains_from.clone(),
            prepared: run.prepared.clone(),
            jobs: run.jobs.clone(),
            verdict: run.verdict.clone(),
            history,
        }
    }
}

impl Scores {
    /// The figures on one line.
    pub(crate) fn line(&self) -> String {
        let champion = self.champion.map_or(String::new(), |score| {
            format!(", champion {}", output::score(score))
        });
        format!(
            "candidate {}, base model {}{champion} ({} on {})",
            output::score(self.candidate),
            output::score(self.base),
            self.metric,
            output::count(self.prompts as u64, "prompt"),
        )
    }
}

/// Runs as a table, the newest first.
pub(crate) fn text(runs: &[RunView], width: Option<u16>) -> String {
    if runs.is_empty() {
        return "no run was opened yet; `perennial status` says what is still missing\n".into();
    }
    let rows = runs.iter().map(|run| {
        vec![
            run.run.clone(),
            run.pipeline.clone(),
            output::time(run.opened_at),
            run.outcome.unwrap_or(run.stage).to_owned(),
            run.reason.clone().unwrap_or_else(|| run.now.clone()),
        ]
    });
    output::table(
        &["run", "pipeline", "opened (UTC)", "outcome", "because"],
        rows.collect(),
        width,
    )
}

/// A job's state. Of an ended run nobody looks at its jobs any more, so what was in progress need not be.
fn last_seen(job: &Job, run: &RunView) -> String {
    let is_over = ["Completed", "Failed", "Stopped"].contains(&job.status.as_str());
    match run.ended_at {
        Some(_) if !is_over => format!("{} when it was last looked at", job.status),
        _ => job.status.clone(),
    }
}

/// One run: what it is, how it stands, and its history.
pub(crate) fn full_text(view: &FullRunView) -> String {
    let run = &view.run;
    let mut facts = vec![
        ("run", run.run.clone()),
        ("pipeline", run.pipeline.clone()),
        (
            "opened",
            format!("{} UTC: {}", output::time(run.opened_at), run.because),
        ),
        ("outcome", run.outcome.unwrap_or("none yet").to_owned()),
    ];
    if run.trial {
        facts.push((
            "trial",
            "on a sample, against the base model alone; its model never serves".to_owned(),
        ));
    }
    match &run.reason {
        Some(reason) => facts.push(("reason", reason.clone())),
        None => facts.push(("now", run.now.clone())),
    }
    facts.push((
        "trains",
        format!("{} from {}", view.base_model, view.trains_from),
    ));
    if let Some(prepared) = &view.prepared {
        facts.push(("dataset", dataset(&run.dataset, prepared)));
        if let Some(conflicts) = &prepared.conflicts {
            facts.push(("data", conflicts.words()));
        }
        facts.push((
            "prompts",
            format!("{} of {}", prepared.prompts, prepared.prompts_available),
        ));
        let first = prepared.first.as_ref();
        let first = first.map_or(0.0, |first| first.cost.as_dollars());
        let last = prepared.training_cost.as_dollars();
        let cost = first + last + prepared.evaluation_cost.as_dollars();
        let reserved = Usd::from_dollars(run.reserved_usd);
        facts.push((
            "estimate",
            format!("{}, {reserved} reserved", Usd::from_dollars(cost)),
        ));
    }
    if let Some(scores) = &run.scores {
        facts.push(("scores", scores.line()));
    }
    if let Some(arn) = &run.model_arn {
        facts.push(("model", arn.clone()));
    }
    for job in &view.jobs {
        facts.push((
            "job",
            format!(
                "{} {} ({})",
                job.purpose.word(),
                job.name,
                last_seen(job, run)
            ),
        ));
    }
    let mut text = output::facts(&facts);
    text.push_str("\nhistory (UTC)\n");
    let lines: Vec<(String, &str)> = view
        .history
        .iter()
        .map(|line| (output::time(line.at), line.text.as_str()))
        .collect();
    for (index, (time, line)) in lines.iter().enumerate() {
        text.push_str(&format!(
            "{:>4}  {time}  {}\n",
            index + 1,
            output::clean(line).replace('\n', " ")
        ));
    }
    text
}

fn dataset(digest: &str, prepared: &Prepared) -> String {
    let mut words = format!("{digest}: {}", output::count(prepared.records, "record"));
    let duplicates = if prepared.duplicates == 1 {
        "duplicate dropped"
    } else {
        "duplicates dropped"
    };
    let leaked = leaked(prepared.leaked, prepared.leaked_to_the_letter);
    for (number, what) in [
        (prepared.duplicates, duplicates),
        (prepared.leaked, leaked.as_str()),
        (prepared.held_out, "held out for evaluation"),
        (
            prepared.held_out_again,
            "of those asked with another of the same prompt",
        ),
        (prepared.left_out, "left out as the model takes no more"),
    ] {
        if number > 0 {
            words.push_str(&format!(", {number} {what}"));
        }
    }
    words
}

/// What follows the number of records that stand in the evaluation set, of which `to_the_letter` do so exactly.
fn leaked(number: u64, to_the_letter: u64) -> String {
    let they = if number == 1 {
        "it stands"
    } else {
        "they stand"
    };
    let how = match number.saturating_sub(to_the_letter) {
        0 => String::new(),
        others if others == number => " (but for case or white space)".to_owned(),
        1 => format!(" ({to_the_letter} to the letter; the other differs in case or white space)"),
        _ => format!(" ({to_the_letter} to the letter; the others differ in case or white space)"),
    };
    format!("dropped as {they} in the evaluation set{how}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::samples;

    #[test]
    fn runs_show_their_outcome_or_where_they_are() {
        let evaluating = samples::run(RunState::Evaluating {
            candidate: CandidateSide::Asking {
                deployment: "d".into(),
            },
            base: BaseSide::Running {
                attempt: 1,
                job: "j".into(),
            },
            champion: ChampionSide::None,
            deadline: samples::at(9_000),
        });
        let views = [
            RunView::new(&samples::declined()),
            RunView::new(&evaluating),
        ];
        insta::assert_snapshot!(text(&views, None));
        insta::assert_json_snapshot!(views[0]);
        assert_eq!(views[1].outcome, None);
        assert_eq!(steps_done(&evaluating), 3);
    }

    #[test]
    fn a_run_is_told_step_by_step() {
        let history = [
            "opened",
            "the training job is started\nin two lines",
            "ended: declined",
        ];
        let lines = history.iter().enumerate().map(|(index, text)| HistoryLine {
            at: samples::at(index as i64 * 60),
            text: (*text).to_owned(),
        });
        let view = FullRunView::new(&samples::declined(), lines.collect());
        insta::assert_snapshot!(full_text(&view));
        let json = serde_json::to_value(&view).unwrap();
        assert_eq!(json["outcome"], "declined");
        assert_eq!(json["history"][2]["text"], "ended: declined");
    }

    #[test]
    fn leaks_say_which_of_them_are_exact() {
        let of = "dropped as they stand in the evaluation set";
        assert_eq!(leaked(7, 7), of);
        assert_eq!(
            leaked(7, 5),
            format!("{of} (5 to the letter; the others differ in case or white space)")
        );
        assert_eq!(leaked(7, 0), format!("{of} (but for case or white space)"));
        assert_eq!(leaked(1, 1), "dropped as it stands in the evaluation set");
    }

    #[test]
    fn what_waits_for_a_quota_is_not_shown_as_going_on() {
        let quota = "ServiceQuotaExceededException: full";
        let deploying = RunState::Evaluating {
            candidate: CandidateSide::Deploying,
            base: BaseSide::Answered,
            champion: ChampionSide::None,
            deadline: samples::at(9_000),
        };
        let importing = RunState::Importing {
            attempt: 1,
            weights: "s3://b/w/".into(),
            deadline: samples::at(9_000),
        };
        let promoting = RunState::Promoting { generation: 2 };
        for (state, goes_on, waits) in [
            (deploying, "is being deployed", "is not deployed yet"),
            (importing, "are imported", "are not imported yet"),
            (
                promoting,
                "the alias moves",
                "does not move to its model yet",
            ),
        ] {
            let mut run = samples::run(state);
            assert!(now(&run).contains(goes_on), "{}", now(&run));
            run.waits_for = Some(quota.into());
            let words = now(&run);
            assert!(words.contains(waits) && words.ends_with(quota), "{words}");
            assert!(!words.contains(goes_on), "{words}");
            let json = serde_json::to_value(RunView::new(&run)).unwrap();
            assert_eq!(json["waits_for"], quota);
        }
    }

    #[test]
    fn a_run_that_waits_names_the_command() {
        let run = samples::run(RunState::AwaitingApproval {
            awaiting: perennial_core::run::Awaiting::Approval,
        });
        assert!(now(&run).contains("`perennial approve"), "{}", now(&run));
        assert!(now(&run).contains("no gate was asked"), "{}", now(&run));
    }
}
