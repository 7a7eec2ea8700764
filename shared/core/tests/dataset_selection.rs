//! Which shards a run trains on, and what it is evaluated with.

mod common;

use common::*;
use perennial_core::config::{Config, DataUse};
use perennial_core::manifest::{Manifest, is_quarantined, select};
use perennial_core::span::Span;
use perennial_core::upload::UploadKind::{Evaluation, Training};
use perennial_core::upload::{Upload, UploadKind, UploadStatus};
use perennial_core::withheld::Trained;

fn chosen(uploads: &[Upload], use_: DataUse, quarantine: &[(u64, u64)], since: u64) -> Manifest {
    let mut config = config();
    config.data.use_ = use_;
    let route = routed(&config);
    select(
        &name(),
        uploads,
        &config,
        &route,
        &quarantine.to_vec(),
        Trained {
            up_to: since,
            but: &[],
        },
        at(100).as_second(),
    )
}

fn sequences(manifest: &Manifest) -> (Vec<u64>, Vec<u64>) {
    let of = |entries: &[perennial_core::manifest::ManifestEntry]| {
        entries.iter().map(|entry| entry.sequence).collect()
    };
    (of(&manifest.training), of(&manifest.evaluation))
}

fn accepted(key: &str, kind: UploadKind, sequence: u64) -> Upload {
    upload(key, kind, Some(shard(key, kind, 100, sequence)))
}

#[test]
fn each_use_of_data_takes_what_it_says() {
    let mut replaced = accepted("d", Training, 9);
    replaced.earlier = Some(shard("d0", Training, 50, 2));
    let uploads = [
        accepted("b", Training, 5),
        accepted("a", Training, 1),
        accepted("e", Evaluation, 3),
        upload("withdrawn", Training, None),
        replaced,
    ];
    let all = DataUse::All;
    for (use_, quarantine, since, training) in [
        (all, &[][..], 0, vec![1, 5, 9]),
        (all, &[(0, 1)], 0, vec![5, 9]),
        (all, &[(0, 5)], 0, vec![9]),
        // The replacement is in quarantine: what it replaced is in force.
        (all, &[(5, 9)], 0, vec![1, 2, 5]),
        (all, &[(0, 1), (5, 9)], 0, vec![2, 5]),
        (all, &[(0, 9)], 0, vec![]),
        (DataUse::New, &[], 0, vec![1, 5, 9]),
        (DataUse::New, &[], 5, vec![9]),
        (DataUse::New, &[(5, 9)], 4, vec![5]),
        (DataUse::New, &[], 9, vec![]),
        // Accepted at hour 1, 5 and 9; it is hour 100.
        (DataUse::Last(Span(95 * 3600)), &[], 0, vec![5, 9]),
        (DataUse::Last(Span(1)), &[], 0, vec![]),
    ] {
        let manifest = chosen(&uploads, use_, quarantine, since);
        assert_eq!(
            sequences(&manifest),
            (training, vec![3]),
            "{use_:?} {quarantine:?} {since}"
        );
        assert_eq!(manifest.holdout, None);
    }
}

#[test]
fn what_is_outside_from_is_not_sealed() {
    let key = |name: &str| format!("data/bot/{name}");
    let mut left = accepted(&key("curated/left"), Training, 4);
    left.status = UploadStatus::Outside;
    let uploads = [
        accepted(&key("a"), Training, 1),
        accepted(&key("curated/b"), Training, 2),
        accepted("eval/bot/e", Evaluation, 3),
        left,
    ];
    let mut config = config();
    let select = |config: &Config| {
        let route = routed(config);
        sequences(&select(
            &name(),
            &uploads,
            config,
            &route,
            &vec![],
            Trained::ON_NOTHING,
            at(100).as_second(),
        ))
    };
    assert_eq!(select(&config), (vec![1, 2], vec![3]));
    config.data.from = vec!["curated/".into()];
    assert_eq!(select(&config), (vec![2], vec![3]));
}

#[test]
fn a_declined_run_does_not_take_the_evaluation_set_along() {
    // The questions were uploaded between the files that the declined run trained on.
    let uploads = [
        accepted("a", Training, 1),
        accepted("questions", Evaluation, 2),
        accepted("b", Training, 3),
        accepted("c", Training, 4),
    ];
    let manifest = chosen(&uploads, DataUse::All, &[(0, 3)], 0);
    assert_eq!(sequences(&manifest), (vec![4], vec![2]));
    assert_eq!(
        manifest.holdout, None,
        "nothing is held out while there are questions"
    );
}

#[test]
fn a_shard_compiled_for_another_model_is_left_out() {
    let mut old = shard("a", Training, 10, 1);
    old.compile_digest = "another".into();
    let uploads = [upload("a", Training, Some(old)), accepted("b", Training, 2)];
    assert_eq!(
        sequences(&chosen(&uploads, DataUse::All, &[], 0)).0,
        vec![2]
    );
}

#[test]
fn without_questions_a_share_is_held_out() {
    let manifest = chosen(&[accepted("a", Training, 1)], DataUse::All, &[], 0);
    assert_eq!(manifest.holdout, Some(config().evaluation.holdout));
}

#[test]
fn a_dataset_is_named_by_what_is_in_it_and_not_by_the_order_of_reading() {
    let one = [accepted("a", Training, 1), accepted("b", Training, 2)];
    let two = [accepted("b", Training, 2), accepted("a", Training, 1)];
    let digest = |uploads: &[Upload]| chosen(uploads, DataUse::All, &[], 0).digest();
    assert_eq!(digest(&one), digest(&two));
    assert_ne!(digest(&one), digest(&one[..1]));
}

#[test]
fn a_range_of_quarantine_is_after_and_up_to() {
    let ranges = vec![(2, 4), (7, 8)];
    let inside: Vec<u64> = (0..10).filter(|n| is_quarantined(&ranges, *n)).collect();
    assert_eq!(inside, [3, 4, 8]);
    assert!(!is_quarantined(&[(3, 3)], 3));
}
