//! An upload, as `status PIPELINE` shows it.

use jiff::Timestamp;
use perennial_core::manifest::in_force;
use perennial_core::pipeline::Pipeline;
use perennial_core::upload::{Upload, UploadKind, UploadStatus};
use serde::Serialize;

use crate::output;

/// One object under `data/` or `eval/`.
#[derive(Debug, Serialize)]
pub(crate) struct UploadView {
    key: String,
    kind: UploadKind,
    /// waiting, accepted, rejected, withdrawn, outside.
    status: &'static str,
    version: String,
    /// Of the shard in force: of this version, or of an earlier accepted one.
    records: Option<u64>,
    tokens: Option<u64>,
    /// Whether an earlier version is in force because the newest was rejected.
    earlier_version_in_force: bool,
    /// Whether it is left out of training after a declined run.
    quarantined: bool,
    /// Whether what it replaced is trained on meanwhile.
    replaced_version_in_force: bool,
    /// Why the version in force, which was compiled for other settings, could not be compiled anew: datasets leave it out.
    left_out: Option<String>,
    /// The report for people; the same for programs ends in `.json`.
    report: Option<String>,
    seen_at: Timestamp,
}

impl UploadView {
    /// What is to be said of it.
    pub(crate) fn new(upload: &Upload, pipeline: &Pipeline) -> Self {
        let shard = upload.shard.as_ref();
        let quarantined = |sequence: u64| {
            pipeline
                .quarantine
                .iter()
                .any(|(after, up_to)| sequence > *after && sequence <= *up_to)
        };
        Self {
            key: upload.key.clone(),
            kind: upload.kind,
            status: match upload.status {
                UploadStatus::Waiting => "waiting",
                UploadStatus::Accepted => "accepted",
                UploadStatus::Rejected => "rejected",
                UploadStatus::Withdrawn => "withdrawn",
                UploadStatus::Outside => "outside",
            },
            version: upload.version.clone(),
            records: shard.map(|shard| shard.records),
            tokens: shard.map(|shard| shard.tokens),
            earlier_version_in_force: shard.is_some_and(|shard| shard.version != upload.version),
            quarantined: upload.kind == UploadKind::Training
                && shard.is_some_and(|shard| quarantined(shard.sequence)),
            replaced_version_in_force: (upload.earlier.as_ref())
                .is_some_and(|earlier| earlier.unusable.is_none()),
            left_out: in_force(upload, &pipeline.quarantine)
                .and_then(|shard| shard.unusable.as_ref())
                .map(|unusable| unusable.why.clone()),
            report: upload.report.as_ref().map(|report| format!("{report}.txt")),
            seen_at: upload.seen_at,
        }
    }

    fn words(&self) -> String {
        let mut words = self.status.to_owned();
        if self.earlier_version_in_force {
            words.push_str("; an earlier version is in force");
        }
        if self.quarantined {
            words.push_str("; in quarantine");
            if self.replaced_version_in_force {
                words.push_str(", what it replaced is trained on meanwhile");
            }
        }
        if let Some(why) = &self.left_out {
            words.push_str(&format!(
                "; left out as it was compiled for other settings: {why}"
            ));
        }
        words
    }
}

/// Uploads as a table.
pub(crate) fn text(uploads: &[UploadView], width: Option<u16>) -> String {
    let rows = uploads.iter().map(|upload| {
        vec![
            upload.key.clone(),
            upload.words(),
            upload
                .records
                .map_or("-".into(), |records| records.to_string()),
            upload.report.clone().unwrap_or_else(|| "-".into()),
        ]
    });
    output::table(
        &["upload", "status", "records", "report"],
        rows.collect(),
        width,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::samples;

    #[test]
    fn a_rejected_replacement_and_a_quarantined_upload_say_so() {
        let mut replaced = samples::upload("data/support-bot/b.jsonl", 7);
        replaced.status = UploadStatus::Rejected;
        replaced.version = "v2".into();
        let uploads = [
            samples::upload("data/support-bot/a\u{1b}.jsonl", 6),
            replaced,
        ];
        let pipeline = samples::collecting();
        let views: Vec<_> = uploads
            .iter()
            .map(|upload| UploadView::new(upload, &pipeline))
            .collect();
        insta::assert_snapshot!(text(&views, None));
        insta::assert_json_snapshot!(views[1]);
    }
}
