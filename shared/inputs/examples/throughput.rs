//! How many megabytes a second each source reads, on generated files of 64 MiB, pushed in pieces of 256 KiB, one core:
//! `cargo run --profile simulation -p perennial-inputs --example throughput`
use std::{hint::black_box, time::Instant};

use perennial_inputs::{Bounds, Csv, CsvOptions, DocumentKind, Documents, Item, Packer, Source};

const SIZE: usize = 64 << 20;
const PIECE: usize = 256 << 10;

fn main() {
    let options = CsvOptions::default();
    measure("csv, 60 characters a row", &rows(60, false), || {
        Csv::new(options.clone(), Bounds::default())
    });
    measure("csv, 60 characters a row, quoted", &rows(60, true), || {
        Csv::new(options.clone(), Bounds::default())
    });
    measure(
        "csv, 2,000 characters a row, quoted",
        &rows(2_000, true),
        || Csv::new(options.clone(), Bounds::default()),
    );
}

/// The best of three, with how much JSON came of it.
fn measure<S: Source>(name: &str, bytes: &[u8], source: impl Fn() -> S) {
    let mut best = f64::MAX;
    let mut records = 0_u64;
    let mut written = 0;
    for _ in 0..3 {
        (records, written) = (0, 0);
        let mut each = |item: Item<'_>| match item {
            Item::Record { json, .. } => {
                records += 1;
                written += black_box(json).len();
            }
            Item::Trouble(trouble) => assert_eq!(trouble.line, 1, "{trouble:?}"),
        };
        let started = Instant::now();
        let mut source = source();
        for piece in bytes.chunks(PIECE) {
            source.push(piece, &mut each);
        }
        source.finish(&mut each);
        best = best.min(started.elapsed().as_secs_f64());
    }
    println!(
        "{name:<44} {:>7.0} MB/s   {records} records, {written} bytes of JSON",
        bytes.len() as f64 / 1e6 / best
    );
}

/// Words without a pattern that a branch predictor could learn.
fn words(seed: &mut u64, length: usize, line_feeds: bool) -> String {
    const WORDS: [&str; 12] = [
        "card",
        "where",
        "is",
        "my",
        "payment",
        "of",
        "yesterday",
        "it",
        "has",
        "not",
        "arrived",
        "café",
    ];
    let mut text = String::new();
    while text.len() < length {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let random = (*seed >> 33) as usize;
        text += WORDS[random % WORDS.len()];
        text.push(if line_feeds && random % 97 == 0 {
            '\n'
        } else {
            ' '
        });
    }
    text
}

fn rows(length: usize, quoted: bool) -> Vec<u8> {
    let mut seed = 7;
    let mut text = "prompt,completion\n".to_owned();
    while text.len() < SIZE {
        let question = words(&mut seed, length, quoted);
        if quoted {
            text += &format!("\"{question}, \"\"please\"\"\",\"an answer\"\r\n");
        } else {
            text += &format!("{question},an answer\r\n");
        }
    }
    text.into_bytes()
}

/// Lines of this length, a blank one after every tenth; or none at all.
fn prose(length: usize, lines: bool) -> Vec<u8> {
    let mut seed = 7;
    let mut text = String::new();
    let mut line = 0;
    while text.len() < SIZE {
        text += &words(&mut seed, length, false);
        line += 1;
        text += match (lines, line % 10) {
            (true, 0) => "end.\n\n",
            (true, _) => "and\n",
            (false, _) => "end. Then ",
        };
    }
    text.into_bytes()
}
