//! What a move of the alias may buy. Provisioned throughput is billed by the hour, so what goes back to an earlier model asks for its
//! price first, and nothing is bought beside what is paid for already.

use jiff::Timestamp;

use super::{Champion, Move, MovePhase, MoveReason, Pipeline, Refusal, is_provisioned};
use crate::prices;
use crate::routing::{Route, Serving};

/// Provisioned throughput as it was found when it was to take another model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throughput {
    /// Its ARN.
    pub arn: String,
    /// The model that it serves.
    pub model_arn: String,
    /// Whether a swap of its model is under way.
    pub is_updating: bool,
    /// It is bought until then.
    pub bought_until: Option<Timestamp>,
}

/// What is done in the place of buying more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsteadOfBuying {
    /// What is there is looked at again.
    Wait,
    /// The move fails, and what serves goes on.
    Fail {
        /// In words.
        reason: String,
    },
}

/// A swap of provisioned throughput was refused, or cannot be asked for. Nothing is bought in its place while another's swap is under
/// way, or while what is there is bought for longer: both would be paid for.
#[must_use]
pub fn instead_of_buying(
    there: &Throughput,
    to: &Champion,
    now: Timestamp,
) -> Option<InsteadOfBuying> {
    if there.model_arn == to.arn || there.is_updating {
        return Some(InsteadOfBuying::Wait);
    }
    let until = there.bought_until.filter(|until| *until > now)?;
    Some(InsteadOfBuying::Fail {
        reason: format!(
            "{} is bought until {until} and does not take this model, as it has another base model or it is to have other model \
             units; a second one would be paid for beside it. Promote again after that, or serve on demand",
            there.arn
        ),
    })
}

/// Why the model of a run by `route` could not be promoted, though it passed: what serves, or throughput that clients do not call, is bought for longer
/// and does not take it, and a second one would be paid for beside it. Known before anything is trained.
#[must_use]
pub fn bought_beside(pipeline: &Pipeline, route: &Route, now: Timestamp) -> Option<String> {
    if !route.serving.is_provisioned() {
        return None;
    }
    let other_base = |champion: &Champion| {
        !champion.base_model.is_empty() && champion.base_model != route.base_model
    };
    let serves = pipeline
        .deployment
        .as_deref()
        .filter(|arn| is_provisioned(arn));
    let why = if pipeline.champion.as_ref().is_some_and(other_base) {
        "another base model"
    } else if !pipeline.served_as.takes(route.serving) {
        "other model units or a longer commitment"
    } else if serves.is_some() {
        // It takes the model, so nothing is bought.
        return None;
    } else {
        ""
    };
    let still = |until: &Timestamp| *until > now;
    if let (Some(there), Some(until)) = (serves, pipeline.bought_until.filter(still)) {
        return Some(format!(
            "{there} is bought until {until} and does not take a model with {why}: a second one would be paid for beside it. Train \
             after that, or set promotion.serve = \"on-demand\", or what the configuration said of it when it was bought"
        ));
    }
    let left = pipeline
        .sweeps
        .iter()
        .filter_map(|sweep| sweep.bought_until);
    let until = left.filter(still).max()?;
    let instead = match route.serving {
        Serving::Provisioned { only: true, .. } => "",
        _ => ", or set promotion.serve = \"on-demand\"",
    };
    Some(format!(
        "provisioned throughput that clients do not call is bought until {until}: a second one would be paid for beside it. Train after \
         that, by `perennial start`{instead}"
    ))
}

/// Whether the move's next step buys throughput: a swap that AWS is known to refuse does.
fn buys(pipeline: &Pipeline, moving: &Move) -> bool {
    // Where a record does not name its base, the swap is tried: if AWS refuses it, the price is asked before anything is bought.
    let other_base = |champion: &Champion| {
        !champion.base_model.is_empty()
            && !moving.to.base_model.is_empty()
            && champion.base_model != moving.to.base_model
    };
    moving.serving.is_provisioned()
        && match moving.phase {
            MovePhase::Creating => true,
            MovePhase::Updating { .. } => pipeline.champion.as_ref().is_some_and(other_base),
            MovePhase::Looking | MovePhase::Writing => false,
        }
}

/// Whether the move may buy what it needs. A promotion's price was asked before its run began; a rollback and a repair bring back a
/// model that another configuration may have trained.
pub(super) fn affordable(pipeline: &Pipeline, moving: &Move) -> Result<(), Refusal> {
    if matches!(moving.reason, MoveReason::Promotion { .. }) || !buys(pipeline, moving) {
        return Ok(());
    }
    price_holds(pipeline, &moving.to, moving.serving).map_err(Refusal)
}

fn price_holds(pipeline: &Pipeline, to: &Champion, serving: Serving) -> Result<(), String> {
    const OTHERWISE: &str = "promotion.serve = \"on-demand\" buys nothing";
    let Some(in_force) = &pipeline.config else {
        return Err("there is no configuration, so no throughput is bought".into());
    };
    let (config, model) = (&in_force.config, &to.model);
    let price = match prices::serving_again(&to.base_model, serving, config) {
        Ok(Some(price)) => price,
        Ok(None) => return Ok(()),
        Err(unknown) => {
            return Err(format!(
                "serving {model} again would buy provisioned throughput, and {unknown}; {OTHERWISE}"
            ));
        }
    };
    price.fits(&config.budget).map_err(|why| {
        format!(
            "serving {model} again would buy provisioned throughput of {}: {why}; {OTHERWISE}",
            to.base_model
        )
    })
}
