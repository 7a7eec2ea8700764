//! The files of the bench are the same everywhere, and nothing in them is refused: a tool that stops early would look fast.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::io::Write;

use perennial_dataset_bench::generate::{Records, generate};
use perennial_dataset_bench::perennial::How;
use perennial_dataset_bench::{bare, perennial};

const MIB: u64 = 1 << 20;

fn generated(records: Records, bytes: u64, seed: u64) -> (Vec<u8>, u64) {
    let mut out = Vec::new();
    let count = generate(records, bytes, seed, &mut out).unwrap();
    (out, count)
}

fn all() -> [Records; 3] {
    [
        Records::Conversations,
        Records::Messages,
        Records::Documents,
    ]
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for records in all() {
        let (first, count) = generated(records, MIB, 7);
        assert_eq!(generated(records, MIB, 7), (first.clone(), count));
        assert_ne!(generated(records, MIB, 8).0, first, "{records:?}");
    }
}

/// A tool that is too slow for the whole file reads its beginning.
#[test]
fn a_shorter_file_is_the_beginning_of_a_longer_one() {
    for records in all() {
        let (long, _) = generated(records, MIB, 1);
        let (short, _) = generated(records, MIB / 4, 1);
        assert!(long.starts_with(&short), "{records:?}");
        assert!(short.ends_with(b"\n"), "{records:?}");
        let left = MIB / 4 - short.len() as u64;
        assert!(left < 10_000, "{records:?} leaves {left} bytes");
    }
}

#[test]
fn every_record_is_accepted_and_none_is_a_repetition() {
    for records in all() {
        let (file, count) = generated(records, 4 * MIB, 1);
        for threads in [1, 2] {
            let how = How {
                threads,
                max_records: Some(count),
                spill: false,
            };
            let mut compiler = perennial::compiler("generated.jsonl", records, how).unwrap();
            let mut out = Vec::new();
            for piece in file.chunks(bare::PIECE) {
                compiler.push(piece, &mut out);
            }
            let summary = compiler.finish(&mut out);
            assert!(
                summary.is_accepted() && summary.findings.is_empty(),
                "{records:?}: {}",
                summary.to_text()
            );
            assert_eq!((summary.lines, summary.duplicates), (count, 0));
            // Short documents are packed together.
            assert!(summary.records == count || records == Records::Documents);
        }
    }
}

#[test]
fn sizes_are_what_the_table_says() {
    for (records, mean, extremes) in [
        (Records::Conversations, 900..1_300, 300..4_000),
        (Records::Documents, 4_000..6_000, 1_900..9_000),
    ] {
        let (file, count) = generated(records, 4 * MIB, 1);
        let found = file.len() as u64 / count;
        assert!(mean.contains(&found), "{records:?}: {found} on average");
        for line in file.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()) {
            assert!(
                extremes.contains(&line.len()),
                "{records:?}: {}",
                line.len()
            );
        }
    }
}

/// Otherwise a parser that has a short way for plain text would be flattered.
#[test]
fn conversations_hold_escapes_other_scripts_code_and_every_length() {
    let (file, count) = generated(Records::Conversations, 4 * MIB, 1);
    let text = String::from_utf8(file).unwrap();
    let share = |found: &dyn Fn(&str) -> bool| {
        let lines = text.lines().filter(|line| found(line)).count() as u64;
        lines * 100 / count
    };
    assert_eq!(share(&|line| line.contains(r#""system":[{"text":"#)), 100);
    for (what, percent) in [
        ("line feeds", share(&|line| line.contains(r"\n"))),
        ("quotes", share(&|line| line.contains(r#"\""#))),
        ("other scripts", share(&|line| !line.is_ascii())),
        (
            "six messages",
            share(&|line| line.matches("\"role\"").count() == 6),
        ),
        ("code", share(&|line| line.contains("```"))),
    ] {
        assert!((5..=95).contains(&percent), "{what} in {percent} of 100");
    }
    let numbers: HashSet<&str> = text
        .lines()
        .map(|line| {
            let (_, question) = line.split_once(r#""user","content":[{"text":""#).unwrap();
            question
                .split_once(": ")
                .unwrap()
                .0
                .rsplit_once(' ')
                .unwrap()
                .1
        })
        .collect();
    assert_eq!(numbers.len() as u64, count, "no two records are alike");
}

#[test]
fn every_parser_finds_every_record() {
    for records in all() {
        let (file, count) = generated(records, 3 * MIB, 1);
        let name = format!("bench-{records:?}-{}.jsonl", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::File::create(&path)
            .unwrap()
            .write_all(&file)
            .unwrap();
        let found = [bare::sonic, bare::serde_json, bare::newlines].map(|tool| tool(&path));
        std::fs::remove_file(&path).unwrap();
        for work in found {
            let work = work.unwrap();
            assert_eq!((work.bytes, work.records), (file.len() as u64, count));
        }
    }
}
