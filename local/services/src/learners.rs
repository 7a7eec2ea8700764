//! The trained learners: one file a custom model, read once and kept in memory.

use std::{
    collections::BTreeMap,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use perennial_learner::Learner;

use crate::{error::AwsError, lock::lock};

/// The learners of the account, by the last part of the custom model's ARN.
#[derive(Debug)]
pub(crate) struct Learners {
    folder: PathBuf,
    loaded: Mutex<BTreeMap<String, Arc<Learner>>>,
}

impl Learners {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder,
            loaded: Mutex::default(),
        }
    }

    fn path(&self, model_arn: &str) -> PathBuf {
        self.folder.join(format!("{}.json", key(model_arn)))
    }

    /// Keeps a learner, whole or not at all.
    pub(crate) fn keep(&self, model_arn: &str, learner: Learner) -> Result<(), AwsError> {
        let path = self.path(model_arn);
        let unfinished = path.with_extension("unfinished");
        let json = serde_json::to_vec(&learner).map_err(AwsError::internal)?;
        fs::write(&unfinished, json)
            .and_then(|()| fs::rename(&unfinished, &path))
            .map_err(AwsError::internal)?;
        let mut loaded = lock(&self.loaded);
        loaded.insert(key(model_arn).to_owned(), Arc::new(learner));
        Ok(())
    }

    /// The learner behind a custom model.
    pub(crate) fn of(&self, model_arn: &str) -> Result<Arc<Learner>, AwsError> {
        let mut loaded = lock(&self.loaded);
        if let Some(learner) = loaded.get(key(model_arn)) {
            return Ok(Arc::clone(learner));
        }
        let json = fs::read(self.path(model_arn)).map_err(AwsError::internal)?;
        let learner: Arc<Learner> =
            Arc::new(serde_json::from_slice(&json).map_err(AwsError::internal)?);
        loaded.insert(key(model_arn).to_owned(), Arc::clone(&learner));
        Ok(learner)
    }

    /// Forgets the learner of a deleted model; one that is not there is gone already.
    pub(crate) fn forget(&self, model_arn: &str) -> Result<(), AwsError> {
        let mut loaded = lock(&self.loaded);
        loaded.remove(key(model_arn));
        match fs::remove_file(self.path(model_arn)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(AwsError::internal(error)),
            _ => Ok(()),
        }
    }
}

fn key(model_arn: &str) -> &str {
    model_arn.rsplit('/').next().unwrap_or(model_arn)
}
