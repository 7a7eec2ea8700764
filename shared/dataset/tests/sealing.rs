//! Sealing: few questions of many are kept, each prompt once; leaks and what two uploads answer differently are counted like with like.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;

use common::limits;
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_core::prompt::{PromptDigest, held_out, subsample};
use perennial_dataset::{EvalRecord, Excluded, Index, Indexer, MOST_ASKED, Sealed, Sealer};

fn sealer(exclude: &[EvalRecord], holdout: Option<f64>) -> Sealer {
    let limits = DataLimits {
        max_records: 1_000_000,
        ..limits(RecordShape::PromptCompletion)
    };
    Sealer::new(
        &limits,
        Excluded::of(exclude),
        holdout.map(|share| ("bot".to_owned(), share)),
    )
}

fn line(prompt: &str, completion: &str) -> String {
    format!("{{\"prompt\":\"{prompt}\",\"completion\":\"{completion}\"}}\n")
}

fn streamed(mut sealer: Sealer, shards: &[String]) -> Sealed {
    let mut out = Vec::new();
    for shard in shards {
        for piece in shard.as_bytes().chunks(97) {
            sealer.push(piece, &mut out);
        }
        sealer.end_shard(&mut out);
    }
    sealer.finish()
}

fn by_indexes(mut sealer: Sealer, shards: &[String]) -> (Sealed, u64) {
    let mut read = 0;
    for shard in shards {
        let mut indexer = Indexer::new();
        indexer.push(shard.as_bytes(), &mut Vec::new());
        indexer.end(&mut Vec::new());
        let index = Index::read(indexer.finish("t").unwrap(), "t", shard.len() as u64).unwrap();
        for stretch in sealer.push_index(&index) {
            if stretch.held_out {
                let range = stretch.range.start as usize..stretch.range.end as usize;
                read += range.len() as u64;
                sealer.hold_out(&shard.as_bytes()[range]);
            }
        }
    }
    (sealer.finish(), read)
}

fn asked(sealed: &Sealed) -> Vec<EvalRecord> {
    let lines = sealed.held_out_records.split(|byte| *byte == b'\n');
    lines.filter_map(EvalRecord::parse).collect()
}

fn question(prompt: &str) -> EvalRecord {
    EvalRecord {
        prompt: prompt.into(),
        reference_response: "x".into(),
        category: None,
    }
}

#[test]
fn of_what_is_held_out_only_the_questions_that_will_be_asked_are_kept() {
    let shards: Vec<String> = ["a", "b"]
        .iter()
        .map(|name| {
            (0..2_000)
                .map(|n| line(&format!("{name} {n}"), "yes"))
                .collect()
        })
        .collect();
    let all = streamed(sealer(&[], Some(0.5)), &shards);
    let prompts: Vec<PromptDigest> = asked(&all)
        .iter()
        .map(|record| PromptDigest::of(&record.prompt))
        .collect();
    assert_eq!(prompts.len() as u64, all.held_out);
    let seen: HashSet<PromptDigest> = prompts.iter().copied().step_by(3).collect();
    let fair: Vec<EvalRecord> = asked(&all)
        .into_iter()
        .filter(|record| !seen.contains(&PromptDigest::of(&record.prompt)))
        .collect();
    let digests: Vec<_> = fair
        .iter()
        .map(|record| PromptDigest::of(&record.prompt))
        .collect();
    // The same questions, in the same order, as if all had been kept and drawn from afterwards.
    let drawn: Vec<EvalRecord> = subsample("bot", &digests, 100)
        .into_iter()
        .map(|index| fair[index].clone())
        .collect();
    let few = || sealer(&[], Some(0.5)).asking("bot", 100, seen.clone());
    let sealed = streamed(few(), &shards);
    assert_eq!(asked(&sealed), drawn);
    assert_eq!(
        (sealed.held_out, sealed.records),
        (all.held_out, all.records)
    );
    assert_eq!(sealed.held_out_seen, seen.len() as u64);
    let (indexed, read) = by_indexes(few(), &shards);
    assert_eq!(indexed, sealed);
    let (_, read_all) = by_indexes(sealer(&[], Some(0.5)), &shards);
    assert!(
        read < read_all,
        "what is not asked is not even read: {read} of {read_all}"
    );
}

#[test]
fn the_text_of_questions_has_a_bound_whatever_order_they_come_in() {
    let long = "x".repeat(1 << 20);
    let shard = |numbers: &mut dyn Iterator<Item = u32>| -> String {
        numbers.map(|n| line(&n.to_string(), &long)).collect()
    };
    let forward = [shard(&mut (0..100)), shard(&mut (100..200))];
    let backward = [shard(&mut (100..200).rev()), shard(&mut (0..100).rev())];
    let asking = || sealer(&[], Some(0.5)).asking("bot", 1_000, HashSet::new());
    let sealed = streamed(asking(), &forward);
    let kept: HashSet<String> = asked(&sealed)
        .into_iter()
        .map(|record| record.prompt)
        .collect();
    assert!(sealed.held_out_records.len() as u64 <= MOST_ASKED);
    assert!(
        kept.len() > 60 && (kept.len() as u64) < sealed.held_out,
        "{}",
        kept.len()
    );
    let other = streamed(asking(), &backward);
    let same: HashSet<String> = asked(&other)
        .into_iter()
        .map(|record| record.prompt)
        .collect();
    assert_eq!(kept, same);
}

#[test]
fn a_prompt_that_is_held_out_is_asked_once_with_the_newest_uploads_answer() {
    let prompt = (0..)
        .map(|n| format!("question {n}"))
        .find(|prompt| held_out(PromptDigest::of(prompt), "bot", 0.5))
        .unwrap();
    let newest = line(&prompt, "new") + &line(&prompt.to_uppercase(), "again");
    let shards = [newest, line(&prompt, "old")];
    for sealed in [
        streamed(sealer(&[], Some(0.5)), &shards),
        by_indexes(sealer(&[], Some(0.5)), &shards).0,
    ] {
        assert_eq!((sealed.held_out, sealed.held_out_again), (3, 2));
        let asked = asked(&sealed);
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].reference_response, "new");
    }
}

#[test]
fn leaks_are_a_share_of_distinct_records_however_often_a_file_was_dropped() {
    let questions: Vec<EvalRecord> = (0..6).map(|n| question(&format!("leak {n}"))).collect();
    let leaky: String = (0..6)
        .map(|n| line(&format!("leak {n}"), "yes"))
        .chain((0..994).map(|n| line(&format!("fair {n}"), "yes")))
        .collect();
    for names in 1..4 {
        let shards = vec![leaky.clone(); names];
        let sealed = streamed(sealer(&questions, None), &shards);
        assert_eq!(
            (sealed.leaked, sealed.distinct()),
            (6, 1_000),
            "{names} names"
        );
        assert_eq!(sealed.duplicates, 1_000 * (names as u64 - 1));
        assert!((sealed.leak_share() - 0.006).abs() < 1e-9);
        assert_eq!(by_indexes(sealer(&questions, None), &shards).0, sealed);
    }
}

#[test]
fn a_question_that_two_uploads_answer_differently_is_counted() {
    let shards = [
        line("What?", "this") + &line("What?", "and this") + &line("same", "yes"),
        line("other", "yes") + &line("same", "yes"),
        line("what? ", "this") + &line("What?", "that") + &line("other", "no"),
    ];
    let sealed = streamed(sealer(&[], None), &shards);
    // Two answers within one upload are the report's of that; another spelling is no other answer.
    assert_eq!(sealed.conflicts, 2);
    assert_eq!(sealed.conflict_between, Some((2, 0)));
    assert_eq!((sealed.records, sealed.duplicates), (7, 1));
    assert_eq!(by_indexes(sealer(&[], None), &shards).0, sealed);
}

/// The memory that sealing takes, printed: `cargo test -p perennial-dataset --test sealing -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measured() {
    let filler = "lorem ipsum dolor sit amet ".repeat(30);
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        line.to_owned()
    };
    println!("at the start: {}", peak());
    for (what, most) in [("what is asked", 1_000), ("all", usize::MAX)] {
        let mut sealer = sealer(&[], Some(0.5));
        if most < usize::MAX {
            sealer = sealer.asking("bot", most, HashSet::new());
        }
        let (mut out, mut bytes) = (Vec::new(), 0);
        for n in 0..200_000 {
            let line = line(&format!("{n} {filler}"), &filler);
            bytes += line.len();
            sealer.push(line.as_bytes(), &mut out);
            out.clear();
        }
        sealer.end_shard(&mut out);
        let sealed = sealer.finish();
        let records = asked(&sealed);
        println!(
            "{what} kept of {} MiB, {} held out, {} for questions: {}",
            bytes >> 20,
            sealed.held_out,
            records.len(),
            peak()
        );
    }
}
