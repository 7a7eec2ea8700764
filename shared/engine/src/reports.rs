//! Reports: what people read, and the same as JSON for programs. One per upload, per configuration, per run.

use std::fmt::Write as _;

use bytes::Bytes;
use perennial_core::gate::Comparison;
use perennial_core::limits::RecordShape;
use perennial_core::names::PipelineName;
use perennial_core::prices::serving;
use perennial_core::run::{FirstPrepared, Outcome, Run, RunState, gone_for_good};
use perennial_dataset::Summary;
use perennial_ports::{PortResult, WriteObjects};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// S3's limit on a key, less what a report's name adds.
const LONGEST_KEY: usize = 900;

/// A report's key without its ending: `<key>.txt` is for people, `<key>.json` for programs.
pub fn upload_report(pipeline: &str, object_key: &str) -> String {
    let key = format!("reports/{pipeline}/uploads/{object_key}");
    if key.len() <= LONGEST_KEY {
        return key;
    }
    format!(
        "reports/{pipeline}/uploads/{}",
        hex::encode(&Sha256::digest(object_key.as_bytes())[..16])
    )
}

/// The report of a run.
pub fn run_report(run: &Run) -> String {
    format!("reports/{}/runs/{}", run.pipeline, run.id)
}

/// The report on the configuration.
pub fn configuration_report(pipeline: &str) -> String {
    format!("reports/{pipeline}/configuration")
}

/// Writes both forms of a report.
pub async fn write<T: Serialize + Sync>(
    objects: &dyn WriteObjects,
    key: &str,
    text: String,
    json: &T,
) -> PortResult<()> {
    let json = serde_json::to_vec_pretty(json).unwrap_or_default();
    objects
        .put(
            &format!("{key}.json"),
            Bytes::from(json),
            "application/json",
        )
        .await?;
    objects
        .put(
            &format!("{key}.txt"),
            Bytes::from(text),
            "text/plain; charset=utf-8",
        )
        .await
}

/// What became of one upload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UploadReport {
    /// The object.
    pub key: String,
    /// Its version.
    pub version: String,
    /// `accepted`, `rejected`, `waiting`, `withdrawn`, `kept`.
    pub status: &'static str,
    /// In words, with what to do.
    pub message: String,
    /// Further lines: what stays in force, which models were trained on it.
    pub notes: Vec<String>,
    /// What was found in the file.
    pub summary: Option<Summary>,
}

impl UploadReport {
    /// For people.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{}: {}\nversion {}\n{}\n",
            self.status, self.key, self.version, self.message
        );
        for note in &self.notes {
            let _ = writeln!(text, "{note}");
        }
        if let Some(summary) = &self.summary {
            let _ = write!(text, "\n{}", summary.to_text());
        }
        text
    }
}

/// A run's report, for people.
pub fn run_text(run: &Run, history: &[crate::records::HistoryLine]) -> String {
    let mut text = String::new();
    let (word, reason) = match &run.state {
        RunState::Closing {
            outcome, reason, ..
        }
        | RunState::Ended {
            outcome, reason, ..
        } => (outcome.word(), reason.as_str()),
        _ => (run.stage().word(), ""),
    };
    let _ = writeln!(text, "run {} of pipeline {}: {word}", run.id, run.pipeline);
    if !reason.is_empty() {
        let _ = writeln!(text, "{reason}");
    }
    if run.trial.is_some() {
        let _ = writeln!(
            text,
            "This run is a trial (trigger.trial): it trains on a sample, is judged against the base model alone, and its model \
             never serves. {}",
            match word == Outcome::Passed.word() {
                true => "The run on all data follows.",
                false => "The run on all data follows only a trial that passes.",
            }
        );
    } else if word == Outcome::Declined.word() && run.dataset.sealed.0 == run.dataset.sealed.1 {
        text.push_str(
            "Nothing was uploaded since the run before, so nothing goes into quarantine: what `perennial release` took out of it stays \
             out.\n",
        );
    } else if word == Outcome::Declined.word() {
        let _ = writeln!(
            text,
            "The uploads that were new in this run are in quarantine: later datasets leave them out, and use what a \
             replaced file held before. `perennial release {}` takes them back.",
            run.pipeline
        );
    }
    let _ = writeln!(
        text,
        "\nopened {} because of {}",
        run.opened_at, run.because
    );
    let _ = writeln!(
        text,
        "model trained from {} in {}",
        run.trains_from, run.route.region
    );
    let _ = writeln!(
        text,
        "dataset {} ({} uploads)",
        run.dataset.digest, run.dataset.uploads
    );
    if let Ok(Some(price)) = serving(&run.route.base_model, run.route.serving, &run.config.budget) {
        let _ = writeln!(text, "served by {price}");
    }
    if let Some(first) = run.first_prepared() {
        let _ = writeln!(text, "{}", first_stage(first));
    }
    if let Some(prepared) = &run.prepared {
        let _ = writeln!(
            text,
            "  {} records; left out: {}, {} that stand in the evaluation set ({} to the letter), {} held out, {} over \
             the limit",
            prepared.records,
            duplicates(run.route.limits.shape, prepared.duplicates),
            prepared.leaked,
            prepared.leaked_to_the_letter,
            prepared.held_out,
            prepared.left_out
        );
        if prepared.held_out_again > 0 {
            let _ = writeln!(
                text,
                "  {} of those held out repeat a prompt that was held out before: it is asked once, with the newest upload's answer",
                prepared.held_out_again
            );
        }
        if let Some(conflicts) = &prepared.conflicts {
            let _ = writeln!(text, "  {}", conflicts.words());
        }
        if prepared.not_sampled > 0 {
            let _ = writeln!(text, "  {} outside the sample", prepared.not_sampled);
        }
        let mut unnamed = prepared.left_out;
        for upload in &prepared.left_out_of {
            unnamed = unnamed.saturating_sub(upload.records);
            let _ = writeln!(
                text,
                "    over the limit: {} records of {}",
                upload.records, upload.object
            );
        }
        if unnamed > 0 && !prepared.left_out_of.is_empty() {
            let _ = writeln!(
                text,
                "    over the limit: {unnamed} records of older uploads"
            );
        }
        if let Some(gone) = gone_for_good(run) {
            let _ = writeln!(text, "  {gone}");
        }
        if !run.route.is_scored() {
            let _ = writeln!(text, "evaluated by a person's approval");
        } else {
            let _ = writeln!(
                text,
                "evaluated by {} on {} prompts of {}; {} left out because the champion was trained on them",
                prepared.metric,
                prepared.prompts,
                prepared.prompts_available,
                prepared.prompts_seen_by_champion
            );
        }
        let _ = writeln!(text, "  {}", prepared.power);
        let _ = writeln!(text, "reserved {} (an estimate):", run.reserved);
        for line in &prepared.cost_lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    if let Some(verdict) = &run.verdict {
        let _ = writeln!(
            text,
            "\ngate: {}",
            if verdict.passed {
                "passed"
            } else {
                "not passed"
            }
        );
        let _ = writeln!(text, "{}", comparison("base", &verdict.base));
        if let Some(champion) = &verdict.champion {
            let _ = writeln!(text, "{}", comparison("champion", champion));
        }
    }
    for job in &run.jobs {
        let _ = writeln!(
            text,
            "job {} ({}): {}",
            job.name,
            job.purpose.word(),
            job.status
        );
    }
    let _ = writeln!(text, "\nhistory:");
    for line in history {
        let _ = writeln!(text, "  {}  {}", line.at, line.text);
    }
    text
}

fn duplicates(shape: RecordShape, count: u64) -> String {
    match shape {
        RecordShape::Documents => {
            format!("{count} duplicates (documents; short ones are packed, several in a record)")
        }
        _ => format!("{count} duplicates"),
    }
}

fn first_stage(first: &FirstPrepared) -> String {
    let mut text = format!(
        "  first stage: {} records; left out: {}, {} over the limit",
        first.records,
        duplicates(RecordShape::Documents, first.duplicates),
        first.left_out
    );
    for upload in &first.left_out_of {
        let _ = write!(
            text,
            "\n    over the limit: {} records of {}",
            upload.records, upload.object
        );
    }
    if let Some(kept) = &first.kept {
        let _ = write!(
            text,
            "\n    not bought again: run {} left its weights in {}",
            kept.run, kept.weights
        );
    }
    text
}

fn comparison(with: &str, figures: &Comparison) -> String {
    format!(
        "  candidate {:.3}, {with} {:.3}: difference {:+.3} (between {:+.3} and {:+.3}) on {} prompts",
        figures.mean_candidate,
        figures.mean_other,
        figures.difference,
        figures.lower,
        figures.upper,
        figures.n
    )
}

/// Where reports on names that no pipeline can have are put: still under `reports/`, never lost.
pub fn misnamed_folder(found: &str) -> String {
    match PipelineName::parse(found) {
        Ok(name) => name.to_string(),
        Err(_) => found.chars().filter(|c| *c != '/').take(100).collect(),
    }
}
