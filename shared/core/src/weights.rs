//! Where below its output a container's job left the model.
//!
//! SageMaker keeps `/opt/ml/model` as it finds it, and an import job reads one folder of it. AWS's own image for its recipes writes the
//! model some folders deeper, under a name of its own (docs/recipe.md), and trainers leave their intermediate checkpoints beside it.

/// The most keys that are looked at. A sharded model of 405 billion parameters has about 200 files.
pub const MOST_KEYS: usize = 20_000;

/// What each folder that can be imported has.
///
/// Source: Bedrock user guide, "Import a customized model" (2026): the files of Hugging Face's format, `.safetensors` and
/// `config.json` among them.
const CONFIG: &str = "config.json";
const WEIGHTS: &str = ".safetensors";
/// What an adapter has in its place.
const ADAPTER: &str = "adapter_config.json";
/// Where AWS's SDK looks first, `checkpoints/hf_merged/`: the adapter is merged into the weights there.
const MERGED: &str = "hf_merged";
/// How trainers of Hugging Face name what they left on the way: `checkpoint-500`.
const INTERMEDIATE: &str = "checkpoint-";

/// Why no folder is taken for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// There is more than one.
    #[error(
        "it left {} models, and which is meant cannot be told: {}. Leave one of them below /opt/ml/model, or move it there itself",
        .0.len(),
        .0.join(", ")
    )]
    Several(Vec<String>),
    /// More than is looked through.
    #[error(
        "it left more than {0} files, and no more are looked through; leave the model and little else below /opt/ml/model"
    )]
    TooMany(usize),
    /// Only the difference to the base model was left.
    #[error(
        "it left an adapter ({0}) and no merged weights, which are what Bedrock imports; merge them in the container (merge_weights: \
         true in AWS's recipes)"
    )]
    Adapter(String),
}

/// The folder of the model below the output, without a slash at its start and with one at its end; empty where it is the output
/// itself, and where nothing in it looks like a model: the service that is to read it says so best. `below` are the keys behind the
/// output's prefix.
///
/// # Errors
/// [`WeightsError`], if there are several models, or an adapter alone.
pub fn folder<'a>(below: impl Iterator<Item = &'a str> + Clone) -> Result<String, WeightsError> {
    let folders_with = |is_it: fn(&str) -> bool| {
        let mut folders: Vec<&str> = below
            .clone()
            .map(split)
            .filter(|(_, name)| is_it(name))
            .map(|(folder, _)| folder)
            .collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    };
    // Some trainers put the base model's configuration beside an adapter.
    let weighty = folders_with(|name| name.ends_with(WEIGHTS) && !name.starts_with("adapter_"));
    let mut models = folders_with(|name| name == CONFIG);
    models.retain(|folder| weighty.binary_search(folder).is_ok());
    if models.is_empty() {
        let adapters = folders_with(|name| name == ADAPTER);
        return match adapters.first() {
            Some(adapter) => Err(WeightsError::Adapter(format!("{adapter}{ADAPTER}"))),
            None => Ok(String::new()),
        };
    }
    if models.contains(&"") {
        return Ok(String::new());
    }
    if models.iter().any(|folder| !is_intermediate(folder)) {
        models.retain(|folder| !is_intermediate(folder));
    }
    if models.iter().any(|folder| is_merged(folder)) {
        models.retain(|folder| is_merged(folder));
    }
    match models.as_slice() {
        [one] => Ok((*one).to_owned()),
        several => Err(WeightsError::Several(
            several.iter().map(ToString::to_string).collect(),
        )),
    }
}

/// The folder, with the slash at its end, and the name in it.
fn split(key: &str) -> (&str, &str) {
    key.split_at(key.rfind('/').map_or(0, |slash| slash + 1))
}

fn is_intermediate(folder: &str) -> bool {
    folder.split('/').any(|part| part.starts_with(INTERMEDIATE))
}

fn is_merged(folder: &str) -> bool {
    folder.split('/').any(|part| part == MERGED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keys: &[&str]) -> Result<String, WeightsError> {
        folder(keys.iter().copied())
    }

    #[test]
    fn the_model_is_found_wherever_it_lies_below_the_output() {
        let cases: [(&[&str], &str); 8] = [
            (&["config.json", "model-00001-of-00002.safetensors"], ""),
            // A model at the top is the model, whatever lies beside it.
            (
                &[
                    "config.json",
                    "model.safetensors",
                    "best/config.json",
                    "best/model.safetensors",
                ],
                "",
            ),
            (
                &[
                    "SageMaker-FFT/Llama/config.json",
                    "SageMaker-FFT/Llama/model.safetensors",
                    "log.txt",
                ],
                "SageMaker-FFT/Llama/",
            ),
            (
                &[
                    "checkpoint-500/config.json",
                    "checkpoint-500/model.safetensors",
                    "final/config.json",
                    "final/model.safetensors",
                ],
                "final/",
            ),
            (
                &[
                    "checkpoints/hf/config.json",
                    "checkpoints/hf/model.safetensors",
                    "checkpoints/hf_merged/config.json",
                    "checkpoints/hf_merged/model.safetensors",
                    "checkpoints/peft/adapter_config.json",
                    "checkpoints/peft/adapter_model.safetensors",
                ],
                "checkpoints/hf_merged/",
            ),
            (
                &[
                    "lora/adapter_config.json",
                    "lora/adapter_model.safetensors",
                    "lora/config.json",
                    "merged/config.json",
                    "merged/model.safetensors",
                ],
                "merged/",
            ),
            // A configuration without weights is no model, nor are weights without a configuration.
            (
                &[
                    "vision/config.json",
                    "text/config.json",
                    "text/model.safetensors",
                    "optimizer.safetensors",
                ],
                "text/",
            ),
            // Bedrock says best what it misses.
            (&["pytorch_model.bin", "config.json"], ""),
        ];
        for (keys, folder) in cases {
            assert_eq!(found(keys), Ok(folder.to_owned()), "{keys:?}");
        }
        assert_eq!(found(&[]), Ok(String::new()));
    }

    #[test]
    fn of_several_models_none_is_guessed_and_an_adapter_is_no_model() {
        let several = found(&[
            "a/config.json",
            "a/model.safetensors",
            "b/config.json",
            "b/model.safetensors",
        ]);
        let words = several.map_err(|error| error.to_string());
        assert_eq!(
            words,
            Err(
                "it left 2 models, and which is meant cannot be told: a/, b/. Leave one of them below /opt/ml/model, or move it there \
                 itself"
                    .to_owned()
            )
        );
        assert_eq!(
            found(&["peft/adapter_config.json", "peft/adapter_model.safetensors"]),
            Err(WeightsError::Adapter("peft/adapter_config.json".to_owned()))
        );
        let steps = found(&[
            "checkpoint-1/config.json",
            "checkpoint-1/model.safetensors",
            "checkpoint-2/config.json",
            "checkpoint-2/model.safetensors",
        ]);
        assert!(matches!(steps, Err(WeightsError::Several(_))), "{steps:?}");
    }
}
