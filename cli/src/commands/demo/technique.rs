//! The demo's other techniques: what each drops, and what must have happened then.

use std::path::Path;

use perennial_core::names::{ModelId, alias_parameter};
use perennial_core::pipeline::is_imported;
use perennial_core::run::Outcome;
use perennial_core::upload::UploadStatus;
use perennial_engine::records;
use perennial_ports::{ObserveDeployments, ObserveModels, ReadAlias};
use serde_json::Value;

use super::narrator::Narrator;
use super::story::Promoted;
use super::trace::Trace;
use crate::args::DemoTechnique;
use crate::connect::Connection;
use crate::exit::Failure;
use crate::find;

/// What one technique's demo drops.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) technique: DemoTechnique,
    /// The pipeline's name.
    pub(super) pipeline: &'static str,
    pub(super) configuration: &'static str,
    /// Questions with answers, JSON Lines.
    pub(super) evaluation: &'static str,
    /// Names and texts of the training files.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// What they are.
    what: &'static str,
    /// A foundation model that knows something in this demo: its id, and what it knows.
    knowledge: Option<(&'static str, &'static str)>,
}

const PRE_TRAINING: Material = Material {
    technique: DemoTechnique::ContinuedPreTraining,
    pipeline: "garden-handbook",
    configuration: include_str!("../../../demo/continued-pre-training/pipeline.toml"),
    evaluation: include_str!("../../../demo/continued-pre-training/questions.jsonl"),
    files: &[
        (
            "01-visiting.md",
            include_str!("../../../demo/continued-pre-training/documents/01-visiting.md"),
        ),
        (
            "02-glasshouses.md",
            include_str!("../../../demo/continued-pre-training/documents/02-glasshouses.md"),
        ),
        (
            "03-outdoors.md",
            include_str!("../../../demo/continued-pre-training/documents/03-outdoors.md"),
        ),
        (
            "04-membership.md",
            include_str!("../../../demo/continued-pre-training/documents/04-membership.md"),
        ),
        (
            "05-tours-and-learning.md",
            include_str!("../../../demo/continued-pre-training/documents/05-tours-and-learning.md"),
        ),
        (
            "06-shop-and-seeds.md",
            include_str!("../../../demo/continued-pre-training/documents/06-shop-and-seeds.md"),
        ),
        (
            "07-events-and-rooms.md",
            include_str!("../../../demo/continued-pre-training/documents/07-events-and-rooms.md"),
        ),
        (
            "08-history-and-work.md",
            include_str!("../../../demo/continued-pre-training/documents/08-history-and-work.md"),
        ),
    ],
    what: "a chapter of the garden's handbook, as Markdown",
    knowledge: None,
};

const CHAIN: Material = Material {
    technique: DemoTechnique::Chain,
    pipeline: "garden-guide",
    configuration: include_str!("../../../demo/chain/pipeline.toml"),
    // The same questions as of the handbook alone: none of them is among the pairs.
    evaluation: PRE_TRAINING.evaluation,
    files: &[
        (
            "documents/01-visiting.md",
            include_str!("../../../demo/continued-pre-training/documents/01-visiting.md"),
        ),
        (
            "documents/02-glasshouses.md",
            include_str!("../../../demo/continued-pre-training/documents/02-glasshouses.md"),
        ),
        (
            "documents/03-outdoors.md",
            include_str!("../../../demo/continued-pre-training/documents/03-outdoors.md"),
        ),
        (
            "documents/04-membership.md",
            include_str!("../../../demo/continued-pre-training/documents/04-membership.md"),
        ),
        (
            "documents/05-tours-and-learning.md",
            include_str!("../../../demo/continued-pre-training/documents/05-tours-and-learning.md"),
        ),
        (
            "documents/06-shop-and-seeds.md",
            include_str!("../../../demo/continued-pre-training/documents/06-shop-and-seeds.md"),
        ),
        (
            "documents/07-events-and-rooms.md",
            include_str!("../../../demo/continued-pre-training/documents/07-events-and-rooms.md"),
        ),
        (
            "documents/08-history-and-work.md",
            include_str!("../../../demo/continued-pre-training/documents/08-history-and-work.md"),
        ),
        (
            "pairs.jsonl",
            include_str!("../../../demo/chain/pairs.jsonl"),
        ),
    ],
    what: "a chapter of the garden's handbook, for the first stage",
    knowledge: None,
};

const DISTILLATION: Material = Material {
    technique: DemoTechnique::Distillation,
    pipeline: "garden-desk",
    configuration: include_str!("../../../demo/distillation/pipeline.toml"),
    evaluation: include_str!("../../../demo/distillation/questions.jsonl"),
    files: &[(
        "prompts.jsonl",
        include_str!("../../../demo/distillation/prompts.jsonl"),
    )],
    what: "what visitors ask, without answers: the teacher gives them",
    knowledge: Some((
        "amazon.nova-pro-v1:0",
        include_str!("../../../demo/distillation/teacher.jsonl"),
    )),
};

impl Material {
    /// The material of a technique; none for fine-tuning, whose story is longer.
    pub(super) fn of(technique: DemoTechnique) -> Option<&'static Self> {
        match technique {
            DemoTechnique::FineTuning => None,
            DemoTechnique::ContinuedPreTraining => Some(const { &PRE_TRAINING }),
            DemoTechnique::Distillation => Some(const { &DISTILLATION }),
            DemoTechnique::Chain => Some(const { &CHAIN }),
        }
    }

    /// Puts what a foundation model knows where the local cloud looks for it.
    pub(super) fn teach(&self, dir: &Path) -> Result<(), Failure> {
        let Some((model, lines)) = self.knowledge else {
            return Ok(());
        };
        let folder = dir.join("models");
        std::fs::create_dir_all(&folder)
            .map_err(Failure::file("cannot create the folder", &folder))?;
        let file = folder.join(format!("{model}.jsonl"));
        std::fs::write(&file, lines).map_err(Failure::file("cannot write", &file))
    }

    /// What a training file is.
    pub(super) fn what(&self, file: &str) -> &'static str {
        match self.technique {
            DemoTechnique::Chain if file.ends_with(".jsonl") => {
                "questions with answers, for the second stage"
            }
            _ => self.what,
        }
    }

    /// The first question and its answer.
    pub(super) fn question(&self) -> Result<(String, String), Failure> {
        let first = self.evaluation.lines().next().unwrap_or_default();
        let record: Value = serde_json::from_str(first)
            .map_err(|error| Failure::Bad(format!("the demo's questions, line 1: {error}")))?;
        let text = |member: &str| record[member].as_str().unwrap_or_default().to_owned();
        Ok((text("prompt"), text("referenceResponse")))
    }
}

/// Verifies that it happened: from the table, the bucket, Bedrock, the alias and the trace.
pub(super) async fn prove(
    connection: &Connection,
    promoted: &Promoted,
    material: &Material,
    trace: &Path,
    narrator: &Narrator,
) -> Result<(), Failure> {
    narrator.chapter("Verified from the table, Bedrock, the alias and the trace");
    let trace = Trace::read(trace)?;
    let mut failed = Vec::new();
    let mut check = |what: String, holds: bool| {
        narrator.say(&format!(
            "{} {what}",
            if holds { "ok    " } else { "FAILED" }
        ));
        if !holds {
            failed.push(what);
        }
    };
    let table = connection.table.as_ref();
    let pipeline = find::pipeline(table, &promoted.pipeline).await?;
    let mut accepted = 0;
    for key in &promoted.uploads {
        let upload = records::upload(table, &promoted.pipeline, key).await?;
        accepted += usize::from(
            upload.is_some_and(|stored| stored.record.status == UploadStatus::Accepted),
        );
    }
    let all = promoted.uploads.len();
    check(format!("all {all} uploads are accepted"), accepted == all);

    let run = records::run(table, &promoted.pipeline, &promoted.run).await?;
    let run = run
        .map(|stored| stored.record)
        .ok_or_else(|| Failure::Bad(format!("run {} is not in the table", promoted.run)))?;
    check(
        "the run ended as promoted".into(),
        run.outcome() == Some(Outcome::Promoted),
    );
    let better = run.verdict.as_ref().is_some_and(|verdict| {
        verdict.passed
            && verdict.base.n >= 30
            && verdict.base.mean_candidate > verdict.base.mean_other
    });
    check(
        "its gate was passed on questions that it never saw: its model answers better than the base model".into(),
        better,
    );
    let champion = pipeline.champion.as_ref();
    check(
        "its model is the champion".into(),
        champion.is_some_and(|champion| champion.model == ModelId::of(&run.id)),
    );

    let parameter = alias_parameter(&connection.installation()?, &pipeline.name);
    let value = connection.parameters().read_alias(&parameter).await?;
    let arn = champion
        .map(|champion| champion.arn.clone())
        .unwrap_or_default();
    let serves = match &value {
        Some(called) if is_imported(called) => {
            *called == arn && connection.bedrock().get_model(called).await?.is_some()
        }
        Some(called) => {
            let deployment = connection.bedrock().get_deployment(called).await?;
            deployment.is_some_and(|deployment| deployment.model_arn == arn)
        }
        None => false,
    };
    check(
        format!("the alias (SSM parameter {parameter}) names what serves the champion"),
        serves,
    );

    let id = run.id.to_string();
    let started = |operation: &str, parameter: &str| {
        let jobs = trace.distinct(operation, "train", parameter);
        jobs.len() == 1 && jobs.iter().all(|job| job.contains(&id))
    };
    match material.technique {
        DemoTechnique::ContinuedPreTraining => {
            check(
                "exactly one training job was started on SageMaker, and none on Bedrock".into(),
                started("CreateTrainingJob", "TrainingJobName")
                    && trace.calls("CreateModelCustomizationJob", "train").count() == 0,
            );
            check(
                "its weights were imported once".into(),
                started("CreateModelImportJob", "jobName"),
            );
        }
        DemoTechnique::Distillation => {
            check(
                "exactly one customization job was started, a distillation with its teacher".into(),
                started("CreateModelCustomizationJob", "jobName")
                    && trace.mentions("CreateModelCustomizationJob", "train", "DISTILLATION")
                    && trace.mentions(
                        "CreateModelCustomizationJob",
                        "train",
                        "teacherModelIdentifier",
                    ),
            );
        }
        DemoTechnique::Chain => {
            let jobs = trace.distinct("CreateTrainingJob", "train", "TrainingJobName");
            let bought = |letter: &str| {
                let name = format!("{id}-{letter}1");
                jobs.iter().any(|job| job.ends_with(&name))
            };
            check(
                "exactly two training jobs were started on SageMaker, one a stage".into(),
                jobs.len() == 2 && bought("p") && bought("t"),
            );
            let weights = run.first_weights.clone().unwrap_or_default();
            check(
                "the second started from the weights of the first".into(),
                !weights.is_empty() && trace.mentions("CreateTrainingJob", "train", &weights),
            );
            check(
                "the weights of the second were imported once".into(),
                started("CreateModelImportJob", "jobName"),
            );
        }
        DemoTechnique::FineTuning => {}
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Bad(format!(
        "this did not happen:\n  {}",
        failed.join("\n  ")
    )))
}

#[cfg(test)]
mod tests {
    use perennial_core::config::Config;

    use super::*;

    #[test]
    fn every_technique_has_a_valid_configuration_and_questions_enough_to_judge_by() {
        for technique in [
            DemoTechnique::ContinuedPreTraining,
            DemoTechnique::Distillation,
            DemoTechnique::Chain,
        ] {
            let material = Material::of(technique).unwrap();
            let config = Config::parse(material.configuration).unwrap();
            config.check("us-east-1").unwrap();
            assert!(material.evaluation.lines().count() >= 40);
            let (question, answer) = material.question().unwrap();
            assert!(!question.is_empty() && !answer.is_empty());
        }
    }

    #[test]
    fn no_question_of_the_chains_evaluation_is_among_its_pairs() {
        let prompts = |text: &str| -> Vec<String> {
            let record = |line: &str| serde_json::from_str::<Value>(line).unwrap();
            let prompt = |line| record(line)["prompt"].as_str().unwrap().to_lowercase();
            text.lines().map(prompt).collect()
        };
        let material = Material::of(DemoTechnique::Chain).unwrap();
        let (_, pairs) = material.files.last().unwrap();
        let asked = prompts(material.evaluation);
        let taught = prompts(pairs);
        assert!(taught.len() >= 100 && asked.len() >= 40);
        assert!(taught.iter().all(|prompt| !asked.contains(prompt)));
    }
}
