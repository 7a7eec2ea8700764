//! What foundation models know here: records and documents in files that somebody put there, one a model.
//!
//! `models/<model id>.jsonl` in the local cloud's folder, in any shape that a training job takes. A model without a file
//! knows nothing, and answers as the untrained base model does.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use perennial_learner::{BaseModel, Learner};

use crate::{catalog::Foundation, corpus::Corpus, lock::lock};

/// The folder with the files, each read when it is first asked for, and again when it changed.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    folder: Option<PathBuf>,
    read: Mutex<BTreeMap<&'static str, Read>>,
}

/// A file as it was read: when it had changed, and what there is to know; nothing if it cannot be used.
#[derive(Debug)]
struct Read {
    changed: SystemTime,
    learner: Option<Arc<Learner>>,
}

impl Knowledge {
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
            read: Mutex::default(),
        }
    }

    /// What a model knows; nothing if its file is not there or cannot be read.
    fn of(&self, model: &Foundation) -> Option<Arc<Learner>> {
        let name = format!("{}.jsonl", model.id);
        let path = self.folder.as_ref()?.join(&name);
        let changed = fs::metadata(&path).and_then(|file| file.modified()).ok()?;
        let mut read = lock(&self.read);
        if let Some(file) = read.get(model.id).filter(|file| file.changed == changed) {
            return file.learner.clone();
        }
        let mut corpus = Corpus::default();
        let content = fs::read(&path).ok()?;
        let learner = match corpus.add(&name, &content) {
            Ok(()) => Some(Arc::new(corpus.learner())),
            Err(why) => {
                // Nobody else would hear of it.
                eprintln!("the knowledge of {} is not used: {why}", model.id);
                None
            }
        };
        let file = read.entry(model.id).insert_entry(Read { changed, learner });
        file.get().learner.clone()
    }
}

/// A foundation model that answers: from what it knows, and politely from the rest.
#[derive(Debug)]
pub(crate) struct Teacher(Option<Arc<Learner>>);

impl Teacher {
    pub(crate) fn of(model: &Foundation, knowledge: &Knowledge) -> Self {
        Self(knowledge.of(model))
    }

    pub(crate) fn answer(&self, prompt: &str) -> String {
        let known = self.0.as_ref().and_then(|learner| learner.recall(prompt));
        known.unwrap_or_else(|| BaseModel.answer(prompt))
    }
}
