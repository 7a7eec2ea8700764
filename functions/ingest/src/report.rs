//! The report of an upload, in its three forms: text and a page for people, JSON for programs.

use bytes::Bytes;
use perennial_core::pipeline::Pipeline;
use perennial_core::prices::{Estimate, UsageEstimate, estimate};
use perennial_core::routing::Serving;
use perennial_core::upload::{Upload, UploadKind};
use perennial_dataset::Summary;
use perennial_engine::EngineError;
use perennial_engine::reports::{self, UploadReport};

use crate::Ports;
use crate::upload::current_route;

/// Writes all forms. The page comes first: whether an upload was reported on is seen by the JSON.
pub(crate) async fn write(
    ports: &Ports,
    folder: &str,
    report: &UploadReport,
    cost: Option<&Estimate>,
) -> Result<(), EngineError> {
    let key = reports::upload_report(folder, &report.key);
    if let Some(page) = ports.page {
        let page = Bytes::from(page(report, cost));
        let name = format!("{key}.html");
        ports
            .write
            .put(&name, page, "text/html; charset=utf-8")
            .await?;
    }
    reports::write(ports.write.as_ref(), &key, report.to_text(), report).await?;
    Ok(())
}

/// What training on this upload alone would cost; nothing where no price is known, or nothing is trained on.
pub(crate) fn cost(
    ports: &Ports,
    pipeline: &Pipeline,
    upload: &Upload,
    summary: &Summary,
) -> Option<Estimate> {
    let config = &pipeline.config.as_ref()?.config;
    let route = current_route(ports, pipeline)?;
    let route = route.of(&upload.key);
    let usage = UsageEstimate {
        training_tokens: summary.tokens_estimate,
        training_records: summary.records,
        prompts: 0,
        prompt_tokens: 0,
        answer_tokens: 0,
        champion_prompts: 0,
        champion_serving: Serving::default(),
    };
    (upload.kind == UploadKind::Training)
        .then(|| estimate(&route, config, &usage).ok())
        .flatten()
}
