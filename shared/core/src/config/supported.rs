//! What a valid configuration may ask for that this version does not do yet. Each has its own later version; until then a
//! pipeline that asks for one is told so before anything is spent.

use super::{Config, Metric};
use crate::routing::{self, Route, RoutingError};

impl Config {
    /// Whether this version can do all that the configuration asks for.
    ///
    /// # Errors
    /// [`RoutingError::NotYet`] with a sentence for each thing that it cannot.
    pub fn supported(&self) -> Result<(), RoutingError> {
        let mut asked = Vec::new();
        match &self.evaluation.metric {
            Metric::Auto | Metric::ExactMatch | Metric::TokenF1 => {}
            metric @ (Metric::RougeL | Metric::Judge(_)) => asked.push(format!(
                "evaluation.metric = \"{metric}\": this version does not compute it yet. Use \"auto\", \"exact-match\" or \
                 \"token-f1\""
            )),
        }
        if asked.is_empty() {
            Ok(())
        } else {
            Err(RoutingError::NotYet { asked })
        }
    }

    /// Resolves where and how the pipeline trains in `region`: [`routing::route`] of this configuration.
    ///
    /// # Errors
    /// As [`routing::route`].
    pub fn check(&self, region: &str) -> Result<Route, RoutingError> {
        routing::route(self, region)
    }
}
