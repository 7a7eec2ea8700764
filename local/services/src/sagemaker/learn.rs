//! What a training job learns from: every object under the prefixes of its channels.

use perennial_learner::Learner;

use super::{
    artifacts::{Checkpoint, read_model},
    job::TrainingJob,
    request::Channel,
    trainer::Family,
};
use crate::{
    corpus::{Corpus, Kind},
    error::AwsError,
    objects::split_uri,
    operation::Call,
    preferences,
};

/// The channel of a model that training goes on from.
const MODEL_CHANNEL: &str = "model";
/// Channels that are not trained on. AWS's SDK hands a recipe over in its channel `recipe` (aws/sagemaker-python-sdk,
/// `sagemaker-train/src/sagemaker/train/model_trainer.py`).
const NOT_TRAINED_ON: [&str; 4] = ["validation", "test", "code", "recipe"];

impl TrainingJob {
    /// Reads the data and learns; how many records and tokens there were, or the reason of the job's failure.
    pub(super) fn learn(
        &self,
        call: &Call<'_>,
    ) -> Result<Result<(usize, usize), String>, AwsError> {
        let start = match self.start(call)? {
            Ok(start) => start,
            Err(reason) => return Ok(Err(format!("ClientError: {reason}"))),
        };
        let mut corpus = Corpus::default();
        if self.prefers() && self.trainer.family == Family::Nova {
            corpus.check = Some(preferences::check);
        }
        let channels = self.request.input_data_config.iter().filter(|channel| {
            let name = channel.channel_name.as_str();
            name != MODEL_CHANNEL && !NOT_TRAINED_ON.contains(&name)
        });
        for channel in channels {
            if let Err(reason) = self.read_channel(channel, call, &mut corpus) {
                return Ok(Err(reason));
            }
        }
        if let Err(reason) = self.fits(&corpus) {
            return Ok(Err(self.bad_data(&reason)));
        }
        let counts = (corpus.records, corpus.tokens());
        let learner = match start {
            Some(start) => corpus.after(&start).learner(),
            None => corpus.learner(),
        };
        call.learners.keep(&self.learner_key(), learner)?;
        Ok(Ok(counts))
    }

    /// The model that training goes on from, if the request names one.
    fn start(&self, call: &Call<'_>) -> Result<Result<Option<Learner>, String>, AwsError> {
        let config = self.request.model_package_config.as_ref();
        if let Some(package) = config.and_then(|config| config.source_model_package_arn.as_ref()) {
            let made = |job: &TrainingJob| job.made_package(package);
            let checkpoint = match call.tx.find(made)? {
                Some(job) => match job.checkpoint() {
                    Some(uri) => Checkpoint::at(uri, call)?,
                    None => None,
                },
                None => None,
            };
            let Some(checkpoint) = checkpoint else {
                return Ok(Err(format!(
                    "The model package {package} holds no checkpoint."
                )));
            };
            let learner = call.learners.of(&checkpoint.learner)?;
            return Ok(Ok(Some(Learner::clone(&learner))));
        }
        let channels = self.request.input_data_config.iter();
        let model = channels
            .filter(|channel| channel.channel_name == MODEL_CHANNEL)
            .find_map(|channel| channel.data_source.s3.as_ref());
        Ok(match model {
            Some(source) => read_model(call.objects, &source.s3_uri).map(Some),
            None => Ok(None),
        })
    }

    /// Whether this trainer takes such records.
    fn fits(&self, corpus: &Corpus) -> Result<(), String> {
        if corpus.records == 0 {
            return Err("The training channels hold no records".to_owned());
        }
        let has = |kind: Kind| corpus.kinds.contains(&kind);
        if has(Kind::Document) && corpus.kinds.len() > 1 {
            return Err("The training data mixes documents and conversations".to_owned());
        }
        if self.prefers() && has(Kind::Pair) {
            return Err("Records without a preferred and another answer do not go with the customization technique DPO".to_owned());
        }
        if self.trainer.serverless && !self.prefers() && has(Kind::Preference) {
            return Err(
                "Records with candidates go with the customization technique DPO only".to_owned(),
            );
        }
        let batch = self.request.hyper_parameters.get("global_batch_size");
        if self.trainer.serverless
            && let Some(batch) = batch.and_then(|batch| batch.parse().ok())
            && corpus.records < batch
        {
            // As aws/sagemaker-python-sdk shows it (recipe_override_sft_trainer_example.ipynb).
            return Err(format!(
                "Number of samples {} out of bounds between {batch} and inf",
                corpus.records
            ));
        }
        if has(Kind::Document) && self.trainer.serverless {
            return Err(
                "Serverless customization takes conversations and no {\"text\"} records".to_owned(),
            );
        }
        if has(Kind::Document) && self.trainer.family == Family::Nova {
            return Err(
                "Continued pre-training of Amazon Nova runs on SageMaker HyperPod, not in training jobs"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

impl TrainingJob {
    /// Whether it is a serverless job that trains by preferences.
    fn prefers(&self) -> bool {
        let config = self.request.serverless_job_config.as_ref();
        config.and_then(|config| config.customization_technique.as_deref()) == Some("DPO")
    }

    /// The reason of a failure over data.
    fn bad_data(&self, why: &str) -> String {
        match self.trainer.serverless {
            true => format!("ClientError: Invalid input error: {why}"),
            false => format!("AlgorithmError: {why}, exit code: 1"),
        }
    }

    fn read_channel(
        &self,
        channel: &Channel,
        call: &Call<'_>,
        corpus: &mut Corpus,
    ) -> Result<(), String> {
        let Some(source) = &channel.data_source.s3 else {
            return Ok(());
        };
        let failed = |error: std::io::Error| {
            format!(
                "ClientError: Data download failed: {}: {error}",
                source.s3_uri
            )
        };
        let (bucket, prefix) = split_uri(&source.s3_uri).unwrap_or_default();
        for key in call.objects.list(bucket, prefix).map_err(failed)? {
            let content = call.objects.read(bucket, &key).map_err(failed)?;
            corpus
                .add(&key, &content)
                .map_err(|why| self.bad_data(&why))?;
        }
        Ok(())
    }
}
