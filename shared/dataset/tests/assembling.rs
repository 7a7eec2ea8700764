//! Sealing by indexes: the same training file, byte for byte, and the same counts as when every shard is read.
#![allow(clippy::unwrap_used)]

mod common;

use common::limits;
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_dataset::{Assembly, EvalRecord, Excluded, Index, Indexer, Move, Sealed, Sealer};
use proptest::prelude::*;

const SMALLEST: u64 = 300;

fn sealer(most: u64, exclude: &[EvalRecord], holdout: Option<f64>) -> Sealer {
    let limits = DataLimits {
        max_records: most,
        ..limits(RecordShape::PromptCompletion)
    };
    let holdout = holdout.map(|share| ("bot".to_owned(), share));
    Sealer::new(&limits, Excluded::of(exclude), holdout)
}

/// Every shard read, in pieces.
fn streamed(mut sealer: Sealer, shards: &[(bool, String)]) -> (Sealed, Vec<u8>) {
    let mut out = Vec::new();
    for (_, shard) in shards {
        for piece in shard.as_bytes().chunks(97) {
            sealer.push(piece, &mut out);
        }
        sealer.end_shard(&mut out);
    }
    (sealer.finish(), out)
}

/// Shards with an index by what it says, the others read. Also the bytes that were copied and those that were read.
fn assembled(mut sealer: Sealer, shards: &[(bool, String)]) -> (Sealed, Vec<u8>, u64, u64) {
    let all = shards.iter().map(|(_, shard)| shard.len() as u64).sum();
    let mut plan = Assembly::new(SMALLEST, all);
    let (mut file, mut copied, mut read) = (Vec::new(), 0, 0);
    for (has_index, shard) in shards {
        let bytes = shard.as_bytes();
        let at = |range: std::ops::Range<u64>| &bytes[range.start as usize..range.end as usize];
        let mut indexer = Indexer::new();
        indexer.push(bytes, &mut Vec::new());
        indexer.end(&mut Vec::new());
        let index = indexer.finish("tag").filter(|_| *has_index);
        let Some(index) = index else {
            let before = file.len();
            sealer.push(bytes, &mut file);
            sealer.end_shard(&mut file);
            plan.wrote((file.len() - before) as u64);
            read += bytes.len() as u64;
            continue;
        };
        let index = Index::read(index, "tag", bytes.len() as u64).unwrap();
        for made in plan.shard(&sealer.push_index(&index)) {
            match made {
                Move::Copy(range) => {
                    copied += range.end - range.start;
                    file.extend_from_slice(at(range));
                }
                Move::Read { range, picks } => {
                    read += range.end - range.start;
                    for pick in picks {
                        assert!(range.start <= pick.range.start && pick.range.end <= range.end);
                        if pick.held_out {
                            sealer.hold_out(at(pick.range));
                        } else {
                            file.extend_from_slice(at(pick.range));
                        }
                    }
                }
            }
        }
    }
    (sealer.finish(), file, copied, read)
}

/// Few prompts, so that they repeat, in spellings that are the same prompt and in some that are not.
fn record() -> impl Strategy<Value = String> {
    let prompt = prop_oneof![
        "[a-d]{1,2}",
        "[A-D] {0,2}[a-b]",
        Just("Wörter \\u00e4".to_owned()),
        "[a-z]{20,90}",
    ];
    let completion = "[xy]{1,40}";
    prop_oneof![
        6 => (prompt.clone(), completion).prop_map(|(prompt, completion)| {
            format!("{{\"prompt\":\"{prompt}\",\"completion\":\"{completion}\"}}\n")
        }),
        1 => prompt.prop_map(|text| format!("{{\"text\":\"{text}\"}}\n")),
    ]
}

fn shards() -> impl Strategy<Value = Vec<(bool, String)>> {
    let shard = proptest::collection::vec(record(), 0..60).prop_map(|records| records.concat());
    proptest::collection::vec((prop::bool::weighted(0.8), shard), 0..6)
}

fn asked(prompt: &str) -> EvalRecord {
    EvalRecord {
        prompt: prompt.into(),
        reference_response: "x".into(),
        category: None,
    }
}

proptest! {
    #[test]
    fn by_indexes_or_by_reading_the_file_is_the_same(
        shards in shards(),
        most in prop_oneof![Just(10_000_u64), 1..40_u64],
        questions in proptest::collection::vec("[a-dA-D]{1,2}", 0..3),
        holdout in prop_oneof![Just(None), Just(Some(0.0)), Just(Some(0.1)), Just(Some(0.5))],
    ) {
        let questions: Vec<_> = questions.iter().map(|prompt| asked(prompt)).collect();
        let new = || sealer(most, &questions, holdout);
        let (expected, bytes) = streamed(new(), &shards);
        let (sealed, file, _, _) = assembled(new(), &shards);
        prop_assert!(file == bytes, "{}\nin the place of\n{}", String::from_utf8_lossy(&file), String::from_utf8_lossy(&bytes));
        prop_assert_eq!(sealed, expected);
    }
}

#[test]
fn what_nobody_drops_is_copied_and_not_read() {
    let shard = |name: &str| -> String {
        (0..100)
            .map(|n| format!("{{\"prompt\":\"{name}{n}\",\"completion\":\"1\"}}\n"))
            .collect()
    };
    let shards: Vec<_> = ["a", "b", "c"].map(|name| (true, shard(name))).to_vec();
    let (sealed, file, copied, read) = assembled(sealer(10_000, &[], None), &shards);
    assert_eq!((sealed.records, read, copied), (300, 0, file.len() as u64));

    // Two questions of the evaluation set stand in the middle one: it is copied in three pieces.
    let questions = [asked("B33"), asked("b66")];
    let (sealed, file, copied, read) = assembled(sealer(10_000, &questions, None), &shards);
    assert_eq!((sealed.leaked, sealed.leaked_to_the_letter), (2, 1));
    assert_eq!((copied, read), (file.len() as u64, 0));

    // The model takes no more: older shards are not even read.
    let (sealed, _, copied, read) = assembled(sealer(100, &[], None), &shards);
    assert_eq!((sealed.records, sealed.left_out), (100, 200));
    assert_eq!((copied, read), (shards[0].1.len() as u64, 0));
}

#[test]
fn a_sample_is_spread_over_all_shards_and_is_the_same_read_or_by_the_index() {
    let shard = |name: &str| -> String {
        (0..1_000)
            .map(|n| format!("{{\"prompt\":\"{name}{n}\",\"completion\":\"yes\"}}\n"))
            .collect()
    };
    let shards: Vec<_> = ["a", "b", "c"].map(|name| (true, shard(name))).to_vec();
    let sample =
        |holdout| sealer(10_000, &[asked("a7")], holdout).sampling("trial of bot", 200, 3_000);
    let (sealed, file, ..) = assembled(sample(Some(0.1)), &shards);
    assert_eq!(
        streamed(sample(Some(0.1)), &shards),
        (sealed.clone(), file.clone())
    );
    assert_eq!(sealed.records, 200);
    assert_eq!(
        sealed.records + sealed.not_sampled + sealed.held_out + sealed.leaked,
        3_000
    );
    assert_eq!(
        sealed.left_out, 0,
        "the model's maximum has nothing to do with it"
    );
    // What is held out is not sampled: the same questions as of the whole dataset.
    let (whole, ..) = assembled(sealer(10_000, &[asked("a7")], Some(0.1)), &shards);
    assert_eq!(sealed.held_out_records, whole.held_out_records);
    assert!(sealed.leak_share() <= whole.leak_share());
    for name in ["a", "b", "c"] {
        let text = String::from_utf8_lossy(&file);
        let of_shard = text.matches(&format!("\"{name}")).count();
        assert!(of_shard > 30, "{of_shard} of shard {name}");
    }
    // Half of the records are duplicates of the others: the sample is full all the same.
    let twice: Vec<_> = ["a", "b", "a", "b"]
        .map(|name| (true, shard(name)))
        .to_vec();
    let (sealed, ..) = assembled(sealer(10_000, &[], None).sampling("t", 200, 4_000), &twice);
    assert_eq!(sealed.records, 200);
    // Of fewer records than are wanted all are taken.
    let few = vec![(true, shard("a"))];
    let (sealed, ..) = assembled(sealer(10_000, &[], None).sampling("t", 5_000, 1_000), &few);
    assert_eq!((sealed.records, sealed.not_sampled), (1_000, 0));
}

/// What an index costs and spares, printed: `cargo test -p perennial-dataset --test assembling -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measured() {
    use std::time::Instant;
    let filler = "lorem ipsum dolor sit amet ".repeat(30);
    let input: String = (0..40_000)
        .map(|n| format!("{{\"prompt\":\"{n} {filler}\",\"completion\":\"{filler}\"}}\n"))
        .collect();
    let shape = RecordShape::BedrockConversation;
    let speed = |what: &str, bytes: usize, started: Instant| {
        let seconds = started.elapsed().as_secs_f64();
        let mebibytes = bytes as f64 / f64::from(1 << 20);
        println!("{what}: {:.0} MiB/s", mebibytes / seconds);
    };
    for _ in 0..3 {
        let started = Instant::now();
        let (summary, shard) =
            common::compile("a.jsonl", common::training(shape), input.as_bytes());
        speed("compiled", input.len(), started);
        assert!(summary.is_accepted());
        let started = Instant::now();
        let (mut indexer, mut out) = (Indexer::new().with_hold_out("bot", 0.1), Vec::new());
        for piece in shard.chunks(1 << 20) {
            indexer.push(piece, &mut out);
            out.clear();
        }
        indexer.end(&mut out);
        let index = indexer.finish("tag").unwrap();
        speed("indexed", shard.len(), started);
        println!(
            "{:.4} of the shard's length",
            index.len() as f64 / shard.len() as f64
        );
        let many = || {
            Sealer::new(
                &DataLimits {
                    max_records: 1_000_000,
                    ..limits(shape)
                },
                Excluded::default(),
                None,
            )
        };
        let started = Instant::now();
        let (mut sealer, mut out) = (many(), Vec::new());
        sealer.push(&shard, &mut out);
        speed("sealed by reading", shard.len(), started);
        let started = Instant::now();
        let index = Index::read(index, "tag", shard.len() as u64).unwrap();
        let stretches = many().push_index(&index);
        speed("sealed by the index", shard.len(), started);
        assert_eq!(stretches.len(), 1);
    }
}
