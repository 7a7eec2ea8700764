//! How many megabytes a second each source reads, on generated files of 64 MiB, pushed in pieces of 256 KiB, one core:
//! `cargo run --profile simulation -p perennial-inputs --example throughput`
use std::hint::black_box;

use perennial_inputs::{
    Array, Bounds, Csv, CsvOptions, DocumentKind, Documents, Item, Packer, Source,
};

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
    for (name, length, pretty) in [
        ("array, 60 characters a record", 60, false),
        ("array, 60 characters a record, pretty", 60, true),
        ("array, 2,000 characters a record, pretty", 2_000, true),
    ] {
        measure(name, &records(length, pretty), || {
            Array::new(Bounds::default())
        });
    }
    let documents = |kind| move || Documents::new(kind, 8_000, estimate);
    measure(
        "Markdown, wrapped at 80 characters",
        &prose(80, true),
        documents(DocumentKind::Markdown),
    );
    measure(
        "plain text, wrapped at 80 characters",
        &prose(80, true),
        documents(DocumentKind::Plain),
    );
    measure(
        "plain text, a paragraph a line",
        &prose(800, true),
        documents(DocumentKind::Plain),
    );
    measure(
        "plain text, one line",
        &prose(800, false),
        documents(DocumentKind::Plain),
    );
    for (name, length) in [
        ("packer, small documents", 600),
        ("packer, documents that are cut", 200_000),
    ] {
        pack(name, length);
    }
}

/// As the documents of a file come to the packer: escaped, one after the other.
fn pack(name: &str, length: usize) {
    let mut seed = 7;
    let document = words(&mut seed, length, true).replace('\n', "\\n\\n");
    let documents = 8 * SIZE / document.len();
    let mut best = f64::MAX;
    let (mut records, mut written) = (0_u64, 0);
    for _ in 0..3 {
        (records, written) = (0, 0);
        let mut each = |packed: perennial_inputs::Packed<'_>| {
            records += 1;
            written += black_box(packed.text).len();
        };
        let started = processor_time();
        let mut packer = Packer::new(8_000, count);
        for line in 0..documents {
            packer.push(line as u64, black_box(document.as_bytes()), &mut each);
        }
        packer.finish(&mut each);
        best = best.min(processor_time() - started);
    }
    println!(
        "{name:<44} {:>7.0} MB/s   {records} records, {written} bytes of text",
        (documents * document.len()) as f64 / 1e6 / best
    );
}

/// What `perennial_dataset::estimate_tokens` counts.
fn estimate(text: &str) -> u64 {
    count(text.as_bytes())
}

fn count(text: &[u8]) -> u64 {
    let (mut ascii, mut other) = (0, 0);
    // Few enough for a byte to count them: the compiler makes vectors of it.
    for part in text.chunks(128) {
        ascii += u64::from(
            part.iter()
                .map(|byte| u8::from(byte.is_ascii()))
                .sum::<u8>(),
        );
        other += u64::from(part.iter().map(|byte| u8::from(*byte >= 0xc0)).sum::<u8>());
    }
    ascii.div_ceil(3) + other
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
        let started = processor_time();
        let mut source = source();
        for piece in bytes.chunks(PIECE) {
            source.push(piece, &mut each);
        }
        source.finish(&mut each);
        best = best.min(processor_time() - started);
    }
    println!(
        "{name:<44} {:>7.0} MB/s   {records} records, {written} bytes of JSON",
        bytes.len() as f64 / 1e6 / best
    );
}

/// Seconds that this thread had a processor for, which other work on the machine changes less than the clock's.
fn processor_time() -> f64 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this is Linux");
    let nanoseconds = times
        .split(' ')
        .next()
        .and_then(|first| first.parse::<f64>().ok());
    nanoseconds.expect("the first number is the time on a processor") / 1e9
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
        text.push(if line_feeds && random.is_multiple_of(97) {
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

fn records(length: usize, pretty: bool) -> Vec<u8> {
    let mut seed = 7;
    let mut text = "[".to_owned();
    while text.len() < SIZE {
        let question = words(&mut seed, length, false);
        text += &if pretty {
            format!(
                "\n  {{\n    \"prompt\": \"{question}\\nplease\",\n    \"completion\": \"an answer\"\n  }},"
            )
        } else {
            format!("{{\"prompt\":\"{question}\\nplease\",\"completion\":\"an answer\"}},")
        };
    }
    text.pop();
    text.push(']');
    text.into_bytes()
}
