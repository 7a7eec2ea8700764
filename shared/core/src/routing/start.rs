//! From which model a run trains on (`training.start_from`).

use super::Route;
use crate::config::StartFrom;
use crate::pipeline::Champion;

/// Where training begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start<'a> {
    /// From the base model, as asked or because nothing serves yet.
    Base,
    /// From the model that serves.
    Champion(&'a Champion),
    /// From the base model, though the champion was asked for.
    BaseInstead {
        /// Why, in words.
        because: String,
    },
}

impl Route {
    /// From which model to train. What comes from another base model is not trained on: the limits, the hyperparameters, the price and
    /// the comparison are those of the route's own.
    #[must_use]
    pub fn start<'a>(&self, asked: StartFrom, champion: Option<&'a Champion>) -> Start<'a> {
        let (StartFrom::Champion, Some(champion)) = (asked, champion) else {
            return Start::Base;
        };
        if champion.base_model == self.base_model && !champion.answers_by_itself() {
            return Start::Champion(champion);
        }
        let comes_from = match champion.base_model.as_str() {
            "" => "a base model that its record does not name",
            base => base,
        };
        Start::BaseInstead {
            because: format!(
                "it starts from {}, though training.start_from = \"champion\": the champion {} comes from {comes_from}{}",
                self.base_model,
                champion.model,
                match champion.answers_by_itself() {
                    true => " and was imported",
                    false => "",
                }
            ),
        }
    }
}
