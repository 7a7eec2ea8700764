//! What the demo does, in the order of the three stories: drop a file, walk away, stop paying.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use perennial_core::announcement::Request;
use perennial_core::idle::{Action, PlanLine};
use perennial_core::model::{Model, ModelLife};
use perennial_core::names::{ModelId, PipelineName, RunId};
use perennial_core::pipeline::Pipeline;
use perennial_core::run::Run;
use perennial_core::upload::{Upload, UploadStatus};
use perennial_engine::{records, reports};
use perennial_ports::objects::read_all;
use perennial_ports::{Ask, ErrorKind, Question};

use super::STAGE_LIMIT;
use super::data::{CONFIGURATION, Data};
use super::narrator::Narrator;
use super::technique::Material;
use crate::commands::cleanup::plan_of;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::find;
use crate::views::run::{RunView, STEPS, now, steps_done};

/// The demo's pipeline.
pub(super) const PIPELINE: &str = "support-desk";
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// A report that is larger is not shown.
const REPORT_LIMIT: usize = 1 << 20;
/// A lost request is sent again after this.
const PATIENCE: Duration = Duration::from_secs(8);

/// Teller and means.
pub(super) struct Story<'a> {
    pub(super) connection: &'a Connection,
    pub(super) narrator: &'a Narrator,
    pub(super) dir: &'a Path,
    pub(super) data: &'a Data,
}

/// What the story of another technique says has happened, to be proven.
#[derive(Debug)]
pub(super) struct Promoted {
    pub(super) pipeline: PipelineName,
    pub(super) uploads: Vec<String>,
    pub(super) run: RunId,
}

/// What the story says has happened, to be proven.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) pipeline: PipelineName,
    pub(super) upload: String,
    pub(super) good: RunId,
    pub(super) bad: RunId,
}

impl Story<'_> {
    /// Does it all and tells it. What it says is looked up, but proven only afterwards.
    pub(super) async fn tell(&self) -> Result<Happened, Failure> {
        let pipeline =
            PipelineName::parse(PIPELINE).map_err(|error| Failure::Bad(error.to_string()))?;
        let upload = format!("data/{PIPELINE}/tickets.jsonl");
        self.narrator.chapter("1. Drop a file");
        self.drop_file(
            &format!("pipelines/{PIPELINE}.toml"),
            CONFIGURATION,
            "the pipeline's configuration",
        )?;
        let prompts = format!("eval/{PIPELINE}/prompts.jsonl");
        self.drop_file(
            &prompts,
            &self.data.evaluation,
            "prompts for evaluation, never trained on",
        )?;
        self.taken(&pipeline, &prompts, None).await?;
        self.drop_file(&upload, &self.data.training, "training records")?;
        let first = self.taken(&pipeline, &upload, None).await?;
        self.report(&pipeline, &upload).await?;

        self.narrator.chapter("2. Walk away");
        let good = self.follow(&pipeline, None).await?;
        self.evaluation(&good);
        self.ask(&pipeline, &self.data.question).await?;

        self.narrator.chapter("3. Worse data does not get through");
        self.drop_file(
            &upload,
            &self.data.shuffled,
            "the same records with shuffled labels, in place of the first file",
        )?;
        self.taken(&pipeline, &upload, Some(&first.version)).await?;
        let bad = self.follow(&pipeline, Some(&good.id)).await?;
        self.evaluation(&bad);

        self.narrator.chapter("4. Stop paying");
        self.clean_up(&pipeline, &ModelId::of(&bad.id)).await?;
        Ok(Happened {
            pipeline,
            upload,
            good: good.id,
            bad: bad.id,
        })
    }

    /// Another technique, from dropped files to a promoted model.
    pub(super) async fn tell_of(&self, material: &Material) -> Result<Promoted, Failure> {
        let name = material.pipeline;
        let pipeline =
            PipelineName::parse(name).map_err(|error| Failure::Bad(error.to_string()))?;
        self.narrator.chapter("1. Drop files");
        self.drop_file(
            &format!("pipelines/{name}.toml"),
            material.configuration,
            "the pipeline's configuration",
        )?;
        let questions = format!("eval/{name}/questions.jsonl");
        self.drop_file(
            &questions,
            material.evaluation,
            "questions with answers, never trained on",
        )?;
        self.taken(&pipeline, &questions, None).await?;
        let mut uploads = Vec::new();
        for (file, text) in material.files {
            let key = format!("data/{name}/{file}");
            self.drop_file(&key, text, material.what(file))?;
            uploads.push(key);
        }
        for upload in &uploads {
            self.taken(&pipeline, upload, None).await?;
        }
        if let Some(first) = uploads.first() {
            self.report(&pipeline, first).await?;
        }

        self.narrator.chapter("2. Walk away");
        let run = self.follow(&pipeline, None).await?;
        self.evaluation(&run);
        self.ask(&pipeline, &material.question()?).await?;
        Ok(Promoted {
            pipeline,
            uploads,
            run: run.id,
        })
    }

    /// Copies a file into the drop folder, whole: written elsewhere and moved.
    fn drop_file(&self, key: &str, text: &str, what: &str) -> Result<(), Failure> {
        let target: PathBuf = self.dir.join("drop").join(key);
        let folder = target.parent().unwrap_or(&target);
        fs::create_dir_all(folder).map_err(Failure::file("cannot create the folder", folder))?;
        let draft = self.dir.join("dropping");
        fs::write(&draft, text).map_err(Failure::file("cannot write", &draft))?;
        fs::rename(&draft, &target).map_err(Failure::file("cannot write", &target))?;
        self.narrator.say(&format!(
            "drop/{key} ({} lines): {what}",
            text.lines().count()
        ));
        Ok(())
    }

    /// Looks until there is something, and says what was waited for if it does not come.
    async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let start = Instant::now();
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if start.elapsed() > STAGE_LIMIT {
                return Err(Failure::Bad(format!(
                    "{what} did not happen within {} s",
                    STAGE_LIMIT.as_secs()
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn taken(
        &self,
        pipeline: &PipelineName,
        key: &str,
        not: Option<&str>,
    ) -> Result<Upload, Failure> {
        let table = self.connection.table.as_ref();
        let upload = self
            .until(&format!("taking in {key}"), async || {
                let upload = records::upload(table, pipeline, key)
                    .await?
                    .map(|stored| stored.record);
                let new = upload.filter(|upload| Some(upload.version.as_str()) != not);
                Ok(new.filter(|upload| upload.status != UploadStatus::Waiting))
            })
            .await?;
        if upload.status != UploadStatus::Accepted {
            let report = upload.report.clone().unwrap_or_default();
            return Err(Failure::Bad(format!(
                "{key} was not accepted; its report is {report} in the bucket"
            )));
        }
        Ok(upload)
    }

    async fn report(&self, pipeline: &PipelineName, key: &str) -> Result<(), Failure> {
        let report = format!("{}.txt", reports::upload_report(pipeline.as_str(), key));
        let bucket = self.connection.bucket()?;
        let text = self
            .until("the report of the upload", async || {
                match read_all(&bucket, &report, None, REPORT_LIMIT).await {
                    Ok(text) => Ok(Some(text)),
                    Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        self.narrator.say(&format!("{report}:"));
        self.narrator.quote(&String::from_utf8_lossy(&text));
        Ok(())
    }

    /// Tells the next run's history as it is written, to the run's end.
    async fn follow(&self, pipeline: &PipelineName, after: Option<&RunId>) -> Result<Run, Failure> {
        let table = self.connection.table.as_ref();
        let opened = self
            .until("the opening of a run", async || {
                let runs = records::runs(table, pipeline).await?;
                Ok(runs
                    .into_iter()
                    .map(|stored| stored.record)
                    .find(|run| after.is_none_or(|after| run.id > *after)))
            })
            .await?;
        self.narrator
            .say(&format!("run {} goes its way:", opened.id));
        let mut told = 0;
        self.until(&format!("the end of run {}", opened.id), async || {
            let run = records::run(table, pipeline, &opened.id)
                .await?
                .map(|stored| stored.record);
            let history = records::history(table, &opened.id).await?;
            for line in history.iter().skip(told) {
                self.narrator.say(&line.text);
            }
            told = history.len();
            if let Some(run) = &run {
                self.narrator
                    .progress
                    .show(steps_done(run), STEPS, &now(run));
            }
            Ok(run.filter(|run| run.outcome().is_some()))
        })
        .await
    }

    fn evaluation(&self, run: &Run) {
        let view = RunView::new(run);
        if let Some(scores) = &view.scores {
            self.narrator.say(&format!("figures: {}", scores.line()));
        }
        self.narrator.say(&format!(
            "outcome of run {}: {}",
            view.run,
            view.outcome.unwrap_or("none")
        ));
    }

    /// Asks what clients would ask, by the alias.
    async fn ask(
        &self,
        pipeline: &PipelineName,
        (prompt, expected): &(String, String),
    ) -> Result<(), Failure> {
        let pipeline = find::pipeline(self.connection.table.as_ref(), pipeline).await?;
        let Some(deployment) = &pipeline.deployment else {
            return Ok(());
        };
        self.narrator.say(&format!("clients call {deployment}"));
        let question = Question {
            prompt: prompt.clone(),
            max_tokens: 64,
            temperature: 0.0,
        };
        let answer = self
            .connection
            .converse()
            .ask(deployment, &question)
            .await?;
        self.narrator
            .say(&format!("asked through the alias: {prompt}"));
        self.narrator
            .say(&format!("answered: {} (expected: {expected})", answer.text));
        Ok(())
    }

    /// The declined candidate: planned, marked, deleted.
    async fn clean_up(&self, pipeline: &PipelineName, model: &ModelId) -> Result<(), Failure> {
        let wait = self
            .pipeline(pipeline)
            .await?
            .config
            .map(|in_force| in_force.config.idle.after)
            .unwrap_or_default();
        self.narrator.say(&format!("the declined model serves nobody; here it is idle after {wait} (30 days is the default)"));
        let plan = self
            .until("the plan to delete the declined model", async || {
                let plan = plan_of(self.connection, &self.pipeline(pipeline).await?).await?;
                let idle = plan
                    .lines
                    .iter()
                    .any(|line| line.model == *model && matches!(line.action, Action::Mark { .. }));
                Ok(idle.then_some(plan))
            })
            .await?;
        self.narrator.say("the plan (`perennial cleanup --plan`):");
        for line in &plan.lines {
            let PlanLine { model, reason, .. } = line;
            self.narrator.quote(&format!(
                "{model}: {}: {reason}",
                crate::views::plan::action(line)
            ));
        }
        let marked = self
            .cleaned(pipeline, model, "the mark", |model| model.mark.is_some())
            .await?;
        if let Some(mark) = &marked.mark {
            self.narrator.say(&format!("marked: {}", mark.reason));
            self.narrator.say(&format!(
                "it may be deleted after {}, unless someone uses it",
                mark.delete_after
            ));
            let grace = mark.delete_after.duration_since(jiff::Timestamp::now());
            tokio::time::sleep(Duration::try_from(grace).unwrap_or_default()).await;
        }
        let gone = self
            .cleaned(pipeline, model, "the deletion", |model| {
                matches!(model.life, ModelLife::Deleted { .. })
            })
            .await?;
        self.narrator.say("deleted; the record of the model says:");
        self.narrator.quote(&gone.notes.join("\n"));
        Ok(())
    }

    async fn pipeline(&self, name: &PipelineName) -> Result<Pipeline, Failure> {
        find::pipeline(self.connection.table.as_ref(), name).await
    }

    /// Asks for a cleanup and waits for its effect on the model; asks again if nothing comes of it.
    async fn cleaned(
        &self,
        pipeline: &PipelineName,
        model: &ModelId,
        what: &str,
        effect: impl Fn(&Model) -> bool,
    ) -> Result<Model, Failure> {
        let mut asked: Option<Instant> = None;
        self.until(&format!("{what} of the declined model"), async || {
            let found = records::model(self.connection.table.as_ref(), pipeline, model).await?;
            let found = found
                .map(|stored| stored.record)
                .filter(|model| effect(model));
            if found.is_none() && asked.is_none_or(|asked| asked.elapsed() > PATIENCE) {
                self.connection.say(&Request::Cleanup {}).await?;
                asked = Some(Instant::now());
            }
            Ok(found)
        })
        .await
    }
}
