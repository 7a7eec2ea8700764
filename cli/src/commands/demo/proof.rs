//! Whether it really happened: from the table, the bucket, Bedrock, the alias and the trace. Nothing is believed of what
//! was told.

use std::path::Path;

use perennial_core::model::{Model, ModelLife};
use perennial_core::names::{ModelId, RunId, alias_parameter};
use perennial_core::pipeline::Pipeline;
use perennial_core::run::{Outcome, Run};
use perennial_core::upload::UploadStatus;
use perennial_engine::{records, reports};
use perennial_ports::{
    DeploymentStatus, ObserveDeployments, ObserveModels, ReadAlias, ReadObjects,
};

use super::narrator::Narrator;
use super::story::Happened;
use super::trace::Trace;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::find;

/// The findings.
struct Proof<'a> {
    connection: &'a Connection,
    happened: &'a Happened,
    narrator: &'a Narrator,
    trace: Trace,
    failed: std::cell::Cell<Vec<String>>,
}

/// Verifies everything and says what did not happen.
pub(super) async fn prove(
    connection: &Connection,
    happened: &Happened,
    trace: &Path,
    narrator: &Narrator,
) -> Result<(), Failure> {
    narrator.chapter("Verified from the table, the bucket, Bedrock, the alias and the trace");
    let proof = Proof {
        connection,
        happened,
        narrator,
        trace: Trace::read(trace)?,
        failed: Vec::new().into(),
    };
    let pipeline = find::pipeline(connection.table.as_ref(), &happened.pipeline).await?;
    proof.upload().await?;
    proof.promotion(&pipeline).await?;
    proof.alias(&pipeline).await?;
    proof.refusal(&pipeline).await?;
    proof.jobs();
    proof.deletion().await?;
    let failed = proof.failed.take();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Bad(format!(
        "this did not happen:\n  {}",
        failed.join("\n  ")
    )))
}

impl Proof<'_> {
    fn check(&self, what: &str, holds: bool) {
        self.narrator.say(&format!(
            "{} {what}",
            if holds { "ok    " } else { "FAILED" }
        ));
        if !holds {
            let mut failed = self.failed.take();
            failed.push(what.to_owned());
            self.failed.set(failed);
        }
    }

    async fn run(&self, id: &RunId) -> Result<Run, Failure> {
        let run = records::run(self.connection.table.as_ref(), &self.happened.pipeline, id).await?;
        run.map(|stored| stored.record)
            .ok_or_else(|| Failure::Bad(format!("run {id} is not in the table")))
    }

    async fn model(&self, id: &RunId) -> Result<Model, Failure> {
        let id = ModelId::of(id);
        let model =
            records::model(self.connection.table.as_ref(), &self.happened.pipeline, &id).await?;
        model
            .map(|stored| stored.record)
            .ok_or_else(|| Failure::Bad(format!("model {id} is not in the registry")))
    }

    async fn is_in_bucket(&self, key: &str) -> Result<bool, Failure> {
        Ok(self
            .connection
            .bucket()?
            .head(key)
            .await?
            .is_some_and(|object| object.size > 0))
    }

    async fn upload(&self) -> Result<(), Failure> {
        let Happened {
            pipeline, upload, ..
        } = self.happened;
        let record = records::upload(self.connection.table.as_ref(), pipeline, upload).await?;
        let record = record.map(|stored| stored.record);
        let shard = record
            .filter(|upload| upload.status == UploadStatus::Accepted)
            .and_then(|upload| upload.shard);
        let shard_is_there = match &shard {
            Some(shard) => self.is_in_bucket(&shard.key).await?,
            None => false,
        };
        self.check(
            "the upload is accepted, and its shard is in the bucket",
            shard_is_there,
        );
        let report = reports::upload_report(pipeline.as_str(), upload);
        let is_there = self.is_in_bucket(&format!("{report}.txt")).await?;
        self.check("the report of the upload is in the bucket", is_there);
        Ok(())
    }

    async fn promotion(&self, pipeline: &Pipeline) -> Result<(), Failure> {
        let run = self.run(&self.happened.good).await?;
        self.check(
            "the first run ended as promoted",
            run.outcome() == Some(Outcome::Promoted),
        );
        let better = run.verdict.as_ref().is_some_and(|verdict| {
            verdict.passed
                && verdict.base.n > 0
                && verdict.base.mean_candidate > verdict.base.mean_other
        });
        self.check(
            "its gate was passed: its model answers better than the base model",
            better,
        );
        let champion = pipeline.champion.as_ref().map(|champion| &champion.model);
        self.check(
            "its model is the champion, still",
            champion == Some(&ModelId::of(&run.id)),
        );
        let is_there = self
            .is_in_bucket(&format!("{}.txt", reports::run_report(&run)))
            .await?;
        self.check("its report is in the bucket", is_there);
        Ok(())
    }

    async fn alias(&self, pipeline: &Pipeline) -> Result<(), Failure> {
        let parameter = alias_parameter(&self.connection.installation()?, &pipeline.name);
        let value = self.connection.parameters().read_alias(&parameter).await?;
        let named = value.is_some() && value == pipeline.deployment;
        self.check(
            &format!("the alias (SSM parameter {parameter}) names the pipeline's deployment"),
            named,
        );
        let deployment = match &value {
            Some(arn) => self.connection.bedrock().get_deployment(arn).await?,
            None => None,
        };
        let serves = deployment.is_some_and(|deployment| {
            deployment.status == DeploymentStatus::Active
                && pipeline
                    .champion
                    .as_ref()
                    .is_some_and(|champion| champion.arn == deployment.model_arn)
        });
        self.check("that deployment is active and serves the champion", serves);
        Ok(())
    }

    async fn refusal(&self, pipeline: &Pipeline) -> Result<(), Failure> {
        let run = self.run(&self.happened.bad).await?;
        self.check(
            "the second run ended as declined",
            run.outcome() == Some(Outcome::Declined),
        );
        let refused = run
            .verdict
            .as_ref()
            .is_some_and(|verdict| !verdict.passed && verdict.base.n > 0);
        self.check("its gate was not passed, on figures", refused);
        self.check(
            "its uploads are in quarantine",
            !pipeline.quarantine.is_empty(),
        );
        let is_there = self
            .is_in_bucket(&format!("{}.txt", reports::run_report(&run)))
            .await?;
        self.check("its report is in the bucket", is_there);
        Ok(())
    }

    fn jobs(&self) {
        let jobs = self
            .trace
            .distinct("CreateModelCustomizationJob", "train", "jobName");
        self.check(
            "exactly one customization job was started for each of the two runs",
            {
                let one_for =
                    |run: &RunId| jobs.iter().filter(|job| job.contains(run.as_str())).count() == 1;
                jobs.len() == 2 && one_for(&self.happened.good) && one_for(&self.happened.bad)
            },
        );
        let asked = self
            .trace
            .calls("CreateModelInvocationJob", "evaluate")
            .count()
            > 0;
        self.check("the base model was asked by a batch inference job", asked);
        let written = self.trace.calls("PutParameter", "promote").count() > 0;
        self.check("the alias was written by the function promote", written);
    }

    async fn deletion(&self) -> Result<(), Failure> {
        let idle = self.model(&self.happened.bad).await?;
        self.check(
            "the registry says that the declined model is deleted",
            matches!(idle.life, ModelLife::Deleted { .. }),
        );
        let gone = self
            .connection
            .bedrock()
            .get_model(&idle.arn)
            .await?
            .is_none();
        self.check("Bedrock does not have it any more", gone);
        let reason = idle
            .notes
            .iter()
            .any(|note| note.contains("idle") || note.contains("no call"));
        self.check("the record says why it was deleted", reason);
        let deletions = self.trace.calls("DeleteCustomModel", "cleanup").count();
        let of_it = self
            .trace
            .mentions("DeleteCustomModel", "cleanup", &idle.arn);
        self.check(
            "the function cleanup deleted it, and no other model",
            deletions == 1 && of_it,
        );
        let champion = self.model(&self.happened.good).await?;
        let kept = champion.is_ready()
            && self
                .connection
                .bedrock()
                .get_model(&champion.arn)
                .await?
                .is_some();
        self.check("the champion was kept", kept);
        Ok(())
    }
}
