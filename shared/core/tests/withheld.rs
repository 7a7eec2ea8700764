//! `[data] use = "new"` and the quarantine: what each model was not trained on, over promotions, declines, releases and rollbacks.

mod common;

use common::pipeline_events::*;
use common::*;
use perennial_core::config::DataUse;
use perennial_core::manifest::{Manifest, Quarantine, select};
use perennial_core::pipeline::{Pipeline, PipelineEvent};
use perennial_core::run::{Outcome, RunState, gone_for_good, may_be_gone};
use perennial_core::upload::UploadKind::{Evaluation, Training};
use perennial_core::upload::{Upload, UploadKind, UploadStatus};
use perennial_core::withheld::{Trained, withheld};

fn accepted_as(key: &str, kind: UploadKind, sequence: u64) -> Upload {
    upload(key, kind, Some(shard(key, kind, 100, sequence)))
}

/// Uploads and their pipeline; every run is opened with `use = "new"`.
struct Story {
    pipeline: Pipeline,
    uploads: Vec<Upload>,
    runs: u64,
    from: &'static str,
}

impl Story {
    fn new() -> Self {
        Self {
            pipeline: configured(),
            uploads: Vec::new(),
            runs: 0,
            from: "",
        }
    }

    fn happens(&mut self, events: &[PipelineEvent]) {
        self.pipeline = happens(&self.pipeline, events);
    }

    fn drops(&mut self, key: &str) {
        self.happens(&[accepted(100, None)]);
        let key = format!("data/bot/{key}");
        let new = accepted_as(&key, Training, self.pipeline.sequence);
        self.uploads.push(new);
    }

    fn selects(&self) -> (Manifest, Quarantine) {
        let mut config = config();
        config.data.use_ = DataUse::New;
        config.data.from = match self.from {
            "" => Vec::new(),
            from => vec![from.to_owned()],
        };
        let trained = Trained::by_champion(&self.pipeline);
        let quarantine = &self.pipeline.quarantine;
        let manifest = select(
            &name(),
            &self.uploads,
            &config,
            &routed(&config),
            quarantine,
            trained,
            at(100).as_second(),
        );
        let withheld = withheld(&self.uploads, quarantine, trained, &manifest);
        (manifest, withheld)
    }

    /// A run is opened; what it seals.
    fn opens(&mut self) -> (Vec<u64>, PipelineEvent) {
        let (manifest, lacks) = self.selects();
        self.runs += 1;
        let mut end = ended(self.runs, Outcome::Declined, &self.pipeline);
        if let PipelineEvent::Ended { withheld, .. } = &mut end {
            *withheld = lacks;
        }
        self.happens(&[opened(self.runs)]);
        let sealed = manifest.training.iter().map(|entry| entry.sequence);
        (sealed.collect(), end)
    }

    /// A run from its opening to this end; what it sealed.
    fn runs(&mut self, outcome: Outcome) -> Vec<u64> {
        let (sealed, end) = self.opens();
        self.ends(end, outcome);
        sealed
    }

    fn ends(&mut self, mut end: PipelineEvent, how: Outcome) {
        if let PipelineEvent::Ended { outcome, .. } = &mut end {
            *outcome = how;
        }
        if how == Outcome::Promoted {
            self.happens(&[
                promotion(self.runs),
                serving("arn:d/1"),
                PipelineEvent::Written,
            ]);
        }
        self.happens(&[end]);
    }

    fn releases(&mut self) {
        self.happens(&[PipelineEvent::ReleaseRequested]);
    }
}

/// 1 is promoted, 2 is declined, 3 is promoted.
fn quarantined() -> Story {
    let mut story = Story::new();
    story.drops("a");
    assert_eq!(story.runs(Outcome::Promoted), [1]);
    story.drops("b");
    assert_eq!(story.runs(Outcome::Declined), [2]);
    story.drops("c");
    assert_eq!(story.runs(Outcome::Promoted), [3]);
    story
}

#[test]
fn what_is_released_is_new_until_a_run_that_sealed_it_is_promoted() {
    let mut story = quarantined();
    story.drops("d");
    assert_eq!(
        story.selects().0.training.len(),
        1,
        "it is not released yet"
    );
    story.releases();
    for outcome in [Outcome::Cancelled, Outcome::Failed, Outcome::Declined] {
        assert_eq!(story.runs(outcome), [2, 4], "{outcome:?}");
    }
    assert_eq!(
        story.pipeline.quarantine,
        [(3, 4)],
        "what a person released is not put back"
    );
    assert_eq!(story.runs(Outcome::Promoted), [2]);
    story.drops("e");
    assert_eq!(story.runs(Outcome::Promoted), [5]);
    story.releases();
    story.drops("f");
    assert_eq!(story.runs(Outcome::Promoted), [4, 6], "a second release");
    assert_eq!(story.selects().0.training, vec![]);
}

#[test]
fn a_rollback_goes_back_to_what_the_earlier_model_was_not_trained_on() {
    let mut story = quarantined();
    story.releases();
    story.drops("d");
    assert_eq!(story.runs(Outcome::Promoted), [2, 4]);
    let back = |story: &mut Story, to| {
        story.happens(&[
            rollback(Some(to)),
            serving("arn:d/1"),
            PipelineEvent::Written,
        ]);
    };
    for (to, new) in [(3, vec![2, 4]), (1, vec![2, 3, 4]), (4, vec![])] {
        back(&mut story, to);
        let (manifest, _) = story.selects();
        let sequences: Vec<u64> = manifest.training.iter().map(|e| e.sequence).collect();
        assert_eq!(sequences, new, "back to the model of run {to}");
    }
}

#[test]
fn what_is_released_after_the_sealing_or_taken_out_of_from_is_not_counted_as_trained_on() {
    let mut story = Story::new();
    story.drops("a");
    story.runs(Outcome::Promoted);
    story.drops("b");
    story.drops("curated/b");
    story.runs(Outcome::Declined);
    story.drops("curated/c");
    let (sealed, end) = story.opens();
    assert_eq!(sealed, [4]);
    story.releases();
    story.ends(end, Outcome::Promoted);
    // Outside `from` for the time of one run.
    story.from = "curated/";
    story.uploads[1].status = UploadStatus::Outside;
    story.drops("curated/d");
    assert_eq!(story.runs(Outcome::Promoted), [3, 5]);
    story.from = "";
    story.uploads[1].status = UploadStatus::Accepted;
    assert_eq!(story.runs(Outcome::Promoted), [2]);
}

#[test]
fn only_shards_that_are_there_are_withheld_and_no_range_holds_another() {
    let uploads = [
        accepted_as("a", Training, 2),
        accepted_as("b", Training, 5),
        accepted_as("sealed", Training, 6),
        accepted_as("c", Training, 8),
        accepted_as("questions", Evaluation, 9),
        accepted_as("d", Training, 10),
    ];
    let mut story = Story::new();
    story.uploads = uploads.into();
    story.pipeline.quarantine = vec![(1, 3), (4, 5), (7, 12)];
    assert_eq!(story.selects().1, [(1, 5), (7, 10)]);
}

#[test]
fn a_release_is_new_to_models_of_older_records_as_well() {
    let mut story = quarantined();
    story.pipeline.withheld_from.clear();
    story.releases();
    assert_eq!(story.runs(Outcome::Promoted), [2]);
    let text = serde_json::to_string(&configured()).expect("it is written");
    assert!(!text.contains("withheld_from"), "{text}");
    assert!(!text.contains("nothing_to_train"), "{text}");
    let read: Pipeline = serde_json::from_str(&text).expect("it is read");
    assert_eq!(read, configured(), "older records have neither");
}

#[test]
fn what_is_over_the_model_s_limit_is_said_to_be_gone_where_only_what_is_new_is_trained_on() {
    let most = routed(&config()).limits.max_records;
    let one = |records| {
        upload(
            "data/bot/a",
            Training,
            Some(shard("a", Training, records, 1)),
        )
    };
    for (use_, records, is_said) in [
        (DataUse::New, most + 1, true),
        (DataUse::New, most, false),
        (DataUse::All, most + 1, false),
    ] {
        let mut config = config();
        config.data.use_ = use_;
        let route = routed(&config);
        let (uploads, nothing) = ([one(records)], Trained::ON_NOTHING);
        let manifest = select(&name(), &uploads, &config, &route, &vec![], nothing, 0);
        let said = may_be_gone(&config, &manifest, &route);
        assert_eq!(said.is_some(), is_said, "{use_} {records}: {said:?}");

        let mut run = run(1, RunState::Preparing);
        run.config = config;
        assert_eq!(gone_for_good(&run), None, "nobody knows yet");
        let mut prepared = prepared();
        prepared.left_out = records - most;
        run.prepared = Some(prepared);
        let said = gone_for_good(&run);
        assert_eq!(said.is_some(), is_said, "{use_} {records}: {said:?}");
        assert!(said.is_none_or(|said| said.contains("the 1 records over the limit")));
    }
}
