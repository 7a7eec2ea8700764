//! A pipeline, as `status` shows it.

use jiff::Timestamp;
use perennial_core::money::Usd;
use perennial_core::names::Installation;
use perennial_core::names::alias_parameter;
use perennial_core::pipeline::{Champion, MoveReason, Pipeline, Trigger, is_provisioned, trigger};
use perennial_core::prices::serving_of;
use perennial_core::run::Run;
use serde::Serialize;

use super::run::{self, RunView};
use super::upload::{self, UploadView};
use crate::output;

/// One pipeline.
#[derive(Debug, Serialize)]
pub(crate) struct PipelineView {
    pub(crate) pipeline: String,
    /// unconfigured, paused, moving, running, collecting.
    pub(crate) state: &'static str,
    /// Whether a configuration is in force.
    #[serde(skip)]
    pub(crate) is_configured: bool,
    /// What is wrong with the newest configuration; the last good one stays in force, if there was one.
    pub(crate) configuration_error: Option<String>,
    pub(crate) champion: Option<Champion>,
    /// Earlier champions that are kept for rollback, the newest first.
    pub(crate) kept: Vec<Champion>,
    /// What clients call.
    pub(crate) deployment: Option<String>,
    /// What it costs while nobody calls it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serving: Option<String>,
    /// Why nothing serves the champion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unserved: Option<String>,
    /// The SSM parameter that holds it.
    pub(crate) alias: Option<String>,
    pub(crate) pending_records: u64,
    pub(crate) pending_uploads: u64,
    /// What is missing for the next run.
    pub(crate) missing: Vec<String>,
    /// When time alone will change that.
    pub(crate) missing_until: Option<Timestamp>,
    pub(crate) active_run: Option<RunView>,
    pub(crate) last_run: Option<RunView>,
    /// Why no runs are opened.
    pub(crate) paused: Option<String>,
    /// Why promotions wait for a person.
    pub(crate) hold: Option<String>,
    /// The move of the alias that is in flight.
    pub(crate) moving: Option<String>,
    /// Why AWS has not taken the move's step yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) move_waits_for: Option<String>,
    /// How many uploads a declined run left in quarantine.
    pub(crate) quarantined_uploads: Option<u64>,
    pub(crate) reserved_this_month_usd: Option<f64>,
    pub(crate) uploads: Option<Vec<UploadView>>,
}

/// What a view of a pipeline is made of, besides the pipeline.
#[derive(Debug, Default)]
pub(crate) struct Around<'a> {
    /// The active run.
    pub(crate) active: Option<&'a Run>,
    /// The run that was opened last, if it has ended.
    pub(crate) last: Option<&'a Run>,
    /// The installation, where it is known.
    pub(crate) installation: Option<&'a Installation>,
    /// Uploads and money, when one pipeline is looked at.
    pub(crate) detail: Option<Detail>,
}

/// What only `status PIPELINE` reads.
#[derive(Debug)]
pub(crate) struct Detail {
    /// Every upload.
    pub(crate) uploads: Vec<UploadView>,
    /// Of them in quarantine.
    pub(crate) quarantined: u64,
    /// In this month, dollars.
    pub(crate) reserved: f64,
}

impl PipelineView {
    /// What is to be said of it at `now`.
    pub(crate) fn new(pipeline: &Pipeline, around: Around<'_>, now: Timestamp) -> Self {
        let state = if pipeline.config.is_none() {
            "unconfigured"
        } else if pipeline.moving.is_some() {
            "moving"
        } else if pipeline.active_run.is_some() {
            "running"
        } else if pipeline.paused.is_some() {
            "paused"
        } else {
            "collecting"
        };
        let (missing, missing_until) = match trigger(pipeline, now) {
            Trigger::Open { .. } => (Vec::new(), None),
            Trigger::Wait { until, missing } => (missing, until),
        };
        let (uploads, quarantined, reserved) = match around.detail {
            Some(detail) => (
                Some(detail.uploads),
                Some(detail.quarantined),
                Some(detail.reserved),
            ),
            None => (None, None, None),
        };
        Self {
            pipeline: pipeline.name.to_string(),
            state,
            is_configured: pipeline.config.is_some(),
            configuration_error: pipeline.config_error.clone(),
            champion: pipeline.champion.clone(),
            kept: pipeline.kept().cloned().collect(),
            deployment: pipeline.deployment.clone(),
            serving: match serving_of(pipeline) {
                Some(price) => Some(price.to_string()),
                None => pipeline
                    .deployment
                    .as_deref()
                    .filter(|arn| is_provisioned(arn))
                    .map(|_| {
                        "provisioned throughput, billed by the hour at a price that is not stated"
                            .into()
                    }),
            },
            unserved: pipeline
                .unserved
                .as_ref()
                .map(|unserved| unserved.reason.clone()),
            alias: around
                .installation
                .map(|id| alias_parameter(id, &pipeline.name)),
            pending_records: pipeline.pending_records,
            pending_uploads: pipeline.pending_uploads,
            missing,
            missing_until,
            active_run: around.active.map(RunView::new),
            last_run: around.last.map(RunView::new),
            paused: pipeline.paused.clone(),
            hold: pipeline.hold.clone(),
            moving: pipeline.moving.as_ref().map(|moving| {
                let why = match &moving.reason {
                    MoveReason::Promotion { run } => format!("promotion by run {run}"),
                    MoveReason::Rollback => "rollback".into(),
                    MoveReason::Repair => "its deployment was removed by someone".to_owned(),
                };
                format!("to {} ({why})", moving.to.model)
            }),
            move_waits_for: pipeline
                .moving
                .as_ref()
                .and_then(|moving| moving.waits_for.clone()),
            quarantined_uploads: quarantined,
            reserved_this_month_usd: reserved,
            uploads,
        }
    }

    /// The one line that says what happens next.
    fn next(&self) -> String {
        let Some(error) = &self.configuration_error else {
            return self.going_on();
        };
        let rejected = format!(
            "its newest configuration was rejected: {}",
            first_line(error)
        );
        // The last good one stays in force, so what is in progress goes on.
        if self.moving.is_some() || self.active_run.is_some() {
            format!("{}; {rejected}", self.going_on())
        } else {
            rejected
        }
    }

    /// What is in progress, or what it waits for.
    fn going_on(&self) -> String {
        if let Some(moving) = &self.moving {
            return match &self.move_waits_for {
                Some(why) => format!("the alias does not move yet {moving}; it waits: {why}"),
                None => format!("the alias moves {moving}"),
            };
        }
        if let Some(run) = &self.active_run {
            return format!("run {}: {}", run.run, run.now);
        }
        if self.missing.is_empty() {
            return "a run is opened now".into();
        }
        format!("waits for {}", self.missing.join("; "))
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// All pipelines as a table.
pub(crate) fn text(pipelines: &[PipelineView], width: Option<u16>) -> String {
    if pipelines.is_empty() {
        return "there is no pipeline yet: `perennial init NAME` writes a configuration; upload it as pipelines/NAME.toml\n"
            .into();
    }
    let rows = pipelines.iter().map(|view| {
        vec![
            view.pipeline.clone(),
            view.state.to_owned(),
            view.champion
                .as_ref()
                .map_or("none".into(), |champion| champion.model.to_string()),
            view.last_run
                .as_ref()
                .and_then(|run| run.outcome)
                .unwrap_or("-")
                .to_owned(),
            view.next(),
        ]
    });
    output::table(
        &["pipeline", "state", "champion", "last run", "next"],
        rows.collect(),
        width,
    )
}

/// One pipeline in full.
pub(crate) fn full_text(view: &PipelineView, width: Option<u16>) -> String {
    let mut facts = vec![
        ("pipeline", view.pipeline.clone()),
        ("state", view.state.to_owned()),
    ];
    if let Some(error) = &view.configuration_error {
        let instead = match view.is_configured {
            true => "the last good one stays in force",
            false => "there is no earlier one, so nothing is in force",
        };
        facts.push((
            "rejected",
            format!("the newest configuration; {instead}\n{error}"),
        ));
    }
    if let Some(reason) = &view.paused {
        facts.push((
            "paused",
            format!("{reason}; `perennial resume {}`", view.pipeline),
        ));
    }
    if let Some(reason) = &view.hold {
        facts.push((
            "on hold",
            format!(
                "promotions wait, as {reason}; `perennial resume {}`",
                view.pipeline
            ),
        ));
    }
    facts.push((
        "champion",
        view.champion
            .as_ref()
            .map_or("none yet".into(), |champion| {
                format!("{} ({})", champion.model, champion.arn)
            }),
    ));
    if let Some(deployment) = &view.deployment {
        facts.push(("clients call", deployment.clone()));
    }
    if let Some(serving) = &view.serving {
        facts.push(("served by", serving.clone()));
    }
    if let (Some(reason), Some(champion)) = (&view.unserved, &view.champion) {
        facts.push((
            "unserved",
            format!(
                "{reason}; `perennial rollback {} --to {}` serves it again",
                view.pipeline, champion.model
            ),
        ));
    }
    if let (Some(alias), Some(_)) = (&view.alias, &view.deployment) {
        facts.push(("alias", format!("SSM parameter {alias}")));
    }
    for kept in &view.kept {
        facts.push((
            "kept",
            format!("{} for `perennial rollback {}`", kept.model, view.pipeline),
        ));
    }
    facts.push((
        "collected",
        format!(
            "{} in {} since the last run",
            output::count(view.pending_records, "record"),
            output::count(view.pending_uploads, "upload")
        ),
    ));
    // A rejected configuration is told above.
    facts.push(("next", view.going_on()));
    if let Some(until) = view.missing_until {
        facts.push((
            "",
            format!("at {} UTC at the earliest", output::time(until)),
        ));
    }
    if let Some(last) = &view.last_run {
        facts.push(("last run", format!("{} {}", last.run, last.now)));
    }
    if let Some(quarantined @ 1..) = view.quarantined_uploads {
        let uploads = output::count(quarantined, "upload");
        facts.push((
            "quarantine",
            format!(
                "{uploads}, not trained on; `perennial release {}`",
                view.pipeline
            ),
        ));
    }
    if let Some(reserved) = view.reserved_this_month_usd {
        facts.push((
            "this month",
            format!("{} reserved (estimates)", Usd::from_dollars(reserved)),
        ));
    }
    let mut shown = output::facts(&facts);
    if let Some(uploads) = view.uploads.as_ref().filter(|uploads| !uploads.is_empty()) {
        shown.push('\n');
        shown.push_str(&upload::text(uploads, width));
    }
    shown
}

/// How far a pipeline's active run is, for a progress bar.
pub(crate) fn progress(run: &Run) -> (u64, u64, String) {
    (
        run::steps_done(run),
        run::STEPS,
        format!("run {}: {}", run.id, run::now(run)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::samples;

    #[test]
    fn status_says_what_is_still_missing() {
        let installation = Installation::parse("local").unwrap();
        let pipeline = samples::collecting();
        let last = samples::declined();
        let around = || Around {
            last: Some(&last),
            installation: Some(&installation),
            ..Around::default()
        };
        let now = samples::at(60);
        let view = PipelineView::new(&pipeline, around(), now);
        insta::assert_snapshot!(text(&[view], None));
        let uploads = [samples::upload("data/support-bot/a.jsonl", 6)];
        let detail = Detail {
            uploads: uploads
                .iter()
                .map(|upload| UploadView::new(upload, &pipeline))
                .collect(),
            quarantined: 1,
            reserved: 1.5,
        };
        let around = Around {
            detail: Some(detail),
            ..around()
        };
        let view = PipelineView::new(&pipeline, around, now);
        insta::assert_snapshot!(full_text(&view, None));
        insta::assert_json_snapshot!(view);
    }

    #[test]
    fn every_state_has_its_word() {
        let state = |pipeline: &Pipeline| {
            let view = PipelineView::new(pipeline, Around::default(), samples::at(0));
            (view.state, view.next())
        };
        let mut pipeline = Pipeline::new(samples::name());
        assert_eq!(state(&pipeline).0, "unconfigured");
        assert!(state(&pipeline).1.contains("pipelines/support-bot.toml"));
        pipeline.config_error = Some("line 3: unknown key".into());
        let rejected = |pipeline: &Pipeline| {
            let view = PipelineView::new(pipeline, Around::default(), samples::at(0));
            full_text(&view, None)
        };
        let first = rejected(&pipeline);
        assert!(
            first.contains("nothing is in force") && !first.contains("stays"),
            "{first}"
        );
        pipeline = samples::configured();
        pipeline.config_error = Some("line 3: unknown key".into());
        let second = rejected(&pipeline);
        assert!(
            second.contains("the last good one stays in force"),
            "{second}"
        );
        pipeline.config_error = None;
        assert_eq!(state(&pipeline).0, "collecting");
        pipeline.paused = Some("a person paused it".into());
        assert_eq!(state(&pipeline).0, "paused");
        assert!(state(&pipeline).1.contains("perennial resume support-bot"));
        pipeline.active_run = Some(samples::run_id(1));
        assert_eq!(state(&pipeline).0, "running");
        pipeline.config_error = Some("line 3: unknown key\nline 4".into());
        assert!(state(&pipeline).1.ends_with("line 3: unknown key"));
        let run = samples::run(perennial_core::run::RunState::Deciding);
        let around = Around {
            active: Some(&run),
            ..Around::default()
        };
        let next = PipelineView::new(&pipeline, around, samples::at(0)).next();
        assert!(next.contains("the answers are scored"), "{next}");
        assert!(next.ends_with("line 3: unknown key"), "{next}");
    }

    #[test]
    fn a_move_that_waits_for_a_quota_says_so() {
        let champion = samples::champion(1);
        let mut pipeline = samples::configured();
        pipeline.moving = Some(perennial_core::pipeline::Move {
            from: None,
            to: champion,
            generation: 1,
            reason: MoveReason::Rollback,
            phase: perennial_core::pipeline::MovePhase::Creating,
            replaces: None,
            serving: perennial_core::routing::Serving::OnDemand,
            since: samples::at(0),
            look_at: samples::at(60),
            waits_for: Some("ServiceQuotaExceededException: full".into()),
        });
        let view = PipelineView::new(&pipeline, Around::default(), samples::at(0));
        let next = view.next();
        assert!(next.starts_with("the alias does not move yet to"), "{next}");
        assert!(
            next.ends_with("it waits: ServiceQuotaExceededException: full"),
            "{next}"
        );
        let json = serde_json::to_value(&view).unwrap();
        assert_eq!(
            json["move_waits_for"],
            "ServiceQuotaExceededException: full"
        );
    }
}
