//! Models that make pictures. They are fine-tuned on images with captions and served by provisioned throughput only; no figure is
//! made of a picture, so a person decides.

use super::table::{Hyperparameter, ModelRow, real, whole};
use super::techniques::{bedrock_route, on_bedrock, refused};
use super::{Customization, Route, RoutingError};
use crate::config::{Approval, Config, Serve};

/// Source: Bedrock user guide, cm-hp-nova-canvas (2026). Of Titan Image no page was found: the same ranges are taken for it.
const HYPERPARAMETERS: &[Hyperparameter] = &[
    whole(STEPS, 10, 20_000, "500"),
    whole(BATCH, 8, 192, "8"),
    real("learningRate", 1e-7, 1e-4, Some("0.00001")),
];
pub(crate) const STEPS: &str = "stepCount";
pub(crate) const BATCH: &str = "batchSize";

/// One id for inference and customization.
const fn row(id: &'static str, name: &'static str, regions: &'static [&'static str]) -> ModelRow {
    ModelRow {
        id,
        context: "",
        name,
        regions,
        profile: "",
        on_demand: false,
        hyperparameters: HYPERPARAMETERS,
        source: "Bedrock user guide, custom-model-supported and cm-hp-nova-canvas (read 2026-11-22); facts collected 2026-11-20",
    }
}

pub(super) const IMAGES: &[ModelRow] = &[
    row(
        "amazon.nova-canvas-v1:0",
        "Amazon Nova Canvas",
        &["us-east-1"],
    ),
    row(
        "amazon.titan-image-generator-v2:0",
        "Amazon Titan Image Generator G1 v2",
        &["us-east-1", "us-west-2"],
    ),
];

/// The row of an image model as written.
pub(super) fn find(written: &str) -> Option<&'static ModelRow> {
    let id = super::techniques::plain_id(written);
    IMAGES.iter().find(|row| row.id == id)
}

pub(super) fn fine_tuning(
    config: &Config,
    region: &str,
    row: &ModelRow,
) -> Result<Route, RoutingError> {
    if config.promotion.serve == Serve::OnDemand {
        return refused(
            format!(
                "{}: Bedrock serves custom models that make pictures by provisioned throughput only",
                row.name
            ),
            "Set promotion.serve = \"provisioned\", with budget.serving_per_month_usd and provisioned_per_hour under \
             [budget.prices]",
        );
    }
    if config.promotion.approval != Approval::Manual {
        return refused(
            format!(
                "{} makes pictures, which are not scored: a person decides whether its model serves",
                row.name
            ),
            "Set promotion.approval = \"manual\"; `perennial approve RUN` says yes",
        );
    }
    let serving = on_bedrock(config, row, region)?;
    bedrock_route(config, region, row, serving, Customization::FineTuning)
}

/// How many images training looks at: each step takes a batch.
pub(crate) fn images_seen(route: &Route) -> u64 {
    let number = |name: &str| {
        let value = route.hyperparameters.get(name);
        value.and_then(|value| value.parse::<u64>().ok())
    };
    number(STEPS)
        .unwrap_or(20_000)
        .saturating_mul(number(BATCH).unwrap_or(192))
}
