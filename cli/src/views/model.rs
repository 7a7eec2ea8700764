//! The registry of models, as `models` shows it.

use jiff::Timestamp;
use perennial_core::model::{Mark, Model, ModelLife};
use perennial_core::pipeline::Pipeline;
use serde::Serialize;

use crate::output;

/// One model.
#[derive(Debug, Serialize)]
pub(crate) struct ModelView {
    model: String,
    pipeline: String,
    /// ready, deleting, deleted.
    status: &'static str,
    /// champion, kept (for rollback), or none.
    role: Option<&'static str>,
    arn: String,
    base: String,
    created_at: Timestamp,
    deleted_at: Option<Timestamp>,
    /// Set while it will be deleted unless something changes.
    mark: Option<Mark>,
    training_key: String,
    notes: Vec<String>,
}

impl ModelView {
    /// What is to be said of it.
    pub(crate) fn new(model: &Model, pipeline: &Pipeline) -> Self {
        let is_champion = pipeline
            .champion
            .as_ref()
            .is_some_and(|champion| champion.model == model.id);
        let is_kept = pipeline.kept().any(|kept| kept.model == model.id);
        Self {
            model: model.id.to_string(),
            pipeline: model.pipeline.to_string(),
            status: match model.life {
                ModelLife::Ready => "ready",
                ModelLife::Deleting { .. } => "deleting",
                ModelLife::Deleted { .. } => "deleted",
            },
            role: match (is_champion, is_kept) {
                (true, _) => Some("champion"),
                (false, true) => Some("kept"),
                (false, false) => None,
            },
            arn: model.arn.clone(),
            base: model.base.clone(),
            created_at: model.created_at,
            deleted_at: match model.life {
                ModelLife::Deleted { at } => Some(at),
                _ => None,
            },
            mark: model.mark.clone(),
            training_key: model.training_key.clone(),
            notes: model.notes.clone(),
        }
    }

    fn remark(&self) -> String {
        match (&self.mark, self.notes.last()) {
            (Some(mark), _) if self.status == "ready" => {
                format!(
                    "deleted after {}: {}",
                    output::time(mark.delete_after),
                    mark.reason
                )
            }
            (_, Some(note)) => note.clone(),
            (_, None) => String::new(),
        }
    }
}

/// Models as a table.
pub(crate) fn text(models: &[ModelView], width: Option<u16>) -> String {
    if models.is_empty() {
        return "no run has made a model yet\n".into();
    }
    let rows = models.iter().map(|model| {
        vec![
            model.model.clone(),
            model.pipeline.clone(),
            match model.role {
                Some(role) => format!("{}, {role}", model.status),
                None => model.status.to_owned(),
            },
            output::time(model.created_at),
            model.remark(),
        ]
    });
    output::table(
        &["model", "pipeline", "status", "made (UTC)", "remark"],
        rows.collect(),
        width,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::samples;

    #[test]
    fn the_registry_says_what_serves_what_is_kept_and_what_goes() {
        let pipeline = samples::collecting();
        let mut marked = samples::model(3);
        marked.mark = Some(Mark {
            at: samples::at(100),
            delete_after: samples::at(400),
            reason: "idle: no call in the last 30d".into(),
        });
        let mut gone = samples::model(4);
        gone.life = ModelLife::Deleted {
            at: samples::at(500),
        };
        gone.notes.push("deleted: idle".into());
        let models = [samples::model(2), samples::model(1), marked, gone];
        let views: Vec<_> = models
            .iter()
            .map(|model| ModelView::new(model, &pipeline))
            .collect();
        insta::assert_snapshot!(text(&views, None));
        insta::assert_json_snapshot!(views[2]);
        insta::assert_snapshot!(text(&[], None), @"no run has made a model yet");
    }
}
