//! The page for people of an upload's report.

use perennial_core::prices::Estimate;
use perennial_engine::reports::UploadReport;
use perennial_report::html::{self, Cost, File};

pub(crate) fn page(report: &UploadReport, cost: Option<&Estimate>) -> String {
    let file = File {
        name: &report.key,
        version: Some(&report.version),
        status: Some(report.status),
        message: &report.message,
        notes: &report.notes,
        summary: report.summary.as_ref(),
        // The first line is the training's; no other part is asked for.
        cost: cost.map(|cost| Cost {
            lines: &cost.lines[..cost.lines.len().min(1)],
            sum: cost.training,
        }),
    };
    html::page(&html::Page {
        files: vec![file],
        ..html::Page::default()
    })
}
