//! What a training job trains, as its request tells: this decides what it reads and where it writes.
//!
//! The rule (docs/local-cloud.md): a job with a `ServerlessJobConfig` is serverless. It trains Amazon Nova if the base
//! model, the image, or a hyperparameter that names a recipe or a model has `nova` in it, and open weights otherwise.

use serde::{Deserialize, Serialize};

use super::request::CreateTrainingJob;

/// What is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Family {
    /// Amazon Nova, whose weights stay with AWS: the job leaves a pointer to its checkpoint.
    Nova,
    /// A model with open weights: the job leaves the weights.
    OpenWeight,
}

/// What a job trains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trainer {
    pub(super) family: Family,
    pub(super) serverless: bool,
    /// The id of the Nova model for inference, or the `model_type` of open weights in `config.json`.
    pub(super) base: String,
    /// Whether all weights are trained, and not only an adapter.
    pub(super) full_rank: bool,
}

/// Part of a name, and the Nova model that it stands for; the longer ones first.
const NOVA: [(&str, &str); 9] = [
    ("nova-2-lite", "amazon.nova-2-lite-v1:0"),
    ("nova-lite-2", "amazon.nova-2-lite-v1:0"),
    ("lite-v2", "amazon.nova-2-lite-v1:0"),
    ("nova_lite_2", "amazon.nova-2-lite-v1:0"),
    ("lite_v2", "amazon.nova-2-lite-v1:0"),
    ("premier", "amazon.nova-premier-v1:0"),
    ("micro", "amazon.nova-micro-v1:0"),
    ("lite", "amazon.nova-lite-v1:0"),
    ("pro", "amazon.nova-pro-v1:0"),
];

/// Part of a name, and the architecture that it stands for.
const OPEN: [(&str, &str); 5] = [
    ("qwen", "qwen2"),
    ("mixtral", "mixtral"),
    ("mistral", "mistral"),
    ("gpt-oss", "gpt_oss"),
    ("gpt_oss", "gpt_oss"),
];

impl Trainer {
    /// # Errors
    /// If the job trains Nova and no name says which.
    pub(super) fn of(request: &CreateTrainingJob) -> Result<Self, String> {
        let names = Names::of(request);
        let serverless = request.serverless_job_config.as_ref();
        let full_rank = match serverless {
            Some(config) => config.peft.is_none(),
            None => !names.have("lora") && !names.have("peft"),
        };
        let serverless = serverless.is_some();
        if names.have("nova") {
            let base = names.first(&NOVA).ok_or_else(|| {
                "The job trains Amazon Nova, and neither image nor recipe says which model."
                    .to_owned()
            })?;
            return Ok(Self {
                family: Family::Nova,
                serverless,
                base: base.to_owned(),
                full_rank,
            });
        }
        Ok(Self {
            family: Family::OpenWeight,
            serverless,
            base: names.first(&OPEN).unwrap_or("llama").to_owned(),
            full_rank,
        })
    }
}

/// What in a request names what it trains, in small letters.
struct Names(Vec<String>);

impl Names {
    fn of(request: &CreateTrainingJob) -> Self {
        let image = request.algorithm_specification.as_ref();
        let image = image.and_then(|algorithm| algorithm.training_image.clone());
        let base = request.serverless_job_config.as_ref();
        let base = base.map(|config| {
            let name = config.base_model_arn.split_once("/Model/");
            name.map_or_else(
                || config.base_model_arn.clone(),
                |(_, name)| name.to_owned(),
            )
        });
        let told = request.hyper_parameters.iter().filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            ["recipe", "model", "peft", "training_type"]
                .iter()
                .any(|part| name.contains(part))
        });
        let told = told.map(|(_, value)| value.clone());
        let names = image.into_iter().chain(base).chain(told);
        Self(names.map(|name| name.to_ascii_lowercase()).collect())
    }

    fn have(&self, part: &str) -> bool {
        self.0.iter().any(|name| name.contains(part))
    }

    fn first(&self, table: &[(&'static str, &'static str)]) -> Option<&'static str> {
        table
            .iter()
            .find(|(part, _)| self.have(part))
            .map(|(_, model)| *model)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trainer(changes: serde_json::Value) -> Result<Trainer, String> {
        let mut request = json!({
            "TrainingJobName": "a", "RoleArn": "r", "OutputDataConfig": { "S3OutputPath": "s3://b/o" },
        });
        for (name, value) in changes.as_object().unwrap() {
            request[name] = value.clone();
        }
        Trainer::of(&serde_json::from_value(request).unwrap())
    }

    fn image(name: &str) -> serde_json::Value {
        json!({ "TrainingImage": name, "TrainingInputMode": "File" })
    }

    #[test]
    fn image_recipe_and_base_model_say_what_is_trained() {
        let nova =
            "708977205387.dkr.ecr.us-east-1.amazonaws.com/nova-fine-tune-repo:SM-TJ-SFT-latest";
        let recipe = json!({ "recipe": "fine-tuning/nova/nova_lite_p5_gpu_lora_sft" });
        let found =
            trainer(json!({ "AlgorithmSpecification": image(nova), "HyperParameters": recipe }));
        let wanted = Trainer {
            family: Family::Nova,
            serverless: false,
            base: "amazon.nova-lite-v1:0".to_owned(),
            full_rank: false,
        };
        assert_eq!(found, Ok(wanted));
        assert!(trainer(json!({ "AlgorithmSpecification": image(nova) })).is_err());

        let open = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:2.8";
        let told = json!({ "model_name_or_path": "Qwen/Qwen2.5-7B", "learning_rate": "1" });
        let found =
            trainer(json!({ "AlgorithmSpecification": image(open), "HyperParameters": told }));
        let found = found.unwrap();
        assert_eq!(
            (found.family, found.base.as_str()),
            (Family::OpenWeight, "qwen2")
        );
        assert!(found.full_rank && !found.serverless);

        let arn = "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/nova-textgeneration-micro/1.0.0";
        let config = json!({ "BaseModelArn": arn, "JobType": "FineTuning", "Peft": "LORA" });
        let found = trainer(json!({ "ServerlessJobConfig": config })).unwrap();
        assert_eq!(found.base, "amazon.nova-micro-v1:0");
        assert!(found.serverless && !found.full_rank);
    }
}
