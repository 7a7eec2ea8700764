//! Documents that are JSON already: packed and cut under a limit, never inside an escape, and nothing of them lost.
#![allow(clippy::unwrap_used)]
use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use perennial_inputs::Packer;
use proptest::prelude::*;
use serde_json::Value;

fn escaped(text: &str) -> String {
    let json = Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

/// Fails for whatever is no whole text: for a cut inside an escape sequence or a character.
fn plain(escaped: &[u8]) -> String {
    let json = format!("\"{}\"", std::str::from_utf8(escaped).unwrap());
    serde_json::from_str(&json).unwrap()
}

/// One token a character.
fn characters(escaped: &[u8]) -> u64 {
    plain(escaped).chars().count() as u64
}

/// What its documents have, with what stands between them.
fn lengths(packed: &perennial_inputs::Packed<'_>) -> usize {
    let between = perennial_inputs::BETWEEN.len() * (packed.documents.len() - 1);
    packed.documents.iter().sum::<usize>() + between
}

/// The line, the text and the number of documents of each record.
fn pack(limit: u64, documents: &[String]) -> Vec<(u64, String, u64)> {
    let mut records = Vec::new();
    let mut packer = Packer::new(limit, characters);
    let mut each = |packed: perennial_inputs::Packed<'_>| {
        let text = plain(packed.text);
        assert!(packed.tokens >= text.chars().count() as u64);
        assert_eq!(escaped(&text).as_bytes(), packed.text, "the form is kept");
        assert_eq!(lengths(&packed), packed.text.len(), "{packed:?}");
        records.push((packed.line, text, packed.documents.len() as u64));
    };
    for (line, document) in (1..).zip(documents) {
        packer.push(line, escaped(document).as_bytes(), &mut each);
    }
    packer.finish(&mut each);
    records
}

#[test]
fn small_documents_are_packed_and_large_ones_are_cut() {
    let documents = [
        "One.", "Two.", "A document that fills a record whole.", "Three.", "",
        "\n\nFirst paragraph.\nOf two lines.\r\n\r\n \tSecond one, \\\"here\\\".\n \n\nThird. It has sentences, as \"this\". And this one is the last of them.",
        "Tail.", "\\n\\n\\no blank line in backslashes \\\\\n", "   \n\n    ", "\u{1}\u{2}\u{3} control",
    ]
    .map(str::to_owned);
    let mut text = String::new();
    for (line, record, documents) in pack(40, &documents) {
        writeln!(
            text,
            "line {line}, {documents} documents, {} characters: {record:?}",
            record.chars().count()
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_document_that_fills_a_record_is_not_copied() {
    let document = "x".repeat(39);
    let mut packer = Packer::new(40, characters);
    let mut same = false;
    packer.push(1, document.as_bytes(), &mut |packed| {
        same = std::ptr::eq(packed.text, document.as_bytes())
    });
    assert!(same);
}

#[test]
fn the_same_is_packed_with_counts_from_outside() {
    let documents: Vec<String> = (0..50).map(|n| "word ".repeat(n)).collect();
    let mut records = Vec::new();
    let mut packer = Packer::new(100, characters);
    for (line, document) in (1..).zip(&documents) {
        packer.push_counted(
            line,
            document.as_bytes(),
            document.len() as u64,
            &mut |packed| {
                records.push((
                    packed.line,
                    plain(packed.text),
                    packed.documents.len() as u64,
                ));
            },
        );
    }
    packer.finish(&mut |packed| {
        records.push((
            packed.line,
            plain(packed.text),
            packed.documents.len() as u64,
        ))
    });
    assert_eq!(records, pack(100, &documents));
}

#[test]
fn each_byte_is_counted_a_few_times_at_most() {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    fn counting(text: &[u8]) -> u64 {
        COUNTED.fetch_add(text.len() as u64, Ordering::Relaxed);
        text.len() as u64
    }
    for shape in [
        "x",
        "word ",
        "A sentence. ",
        "line\\n",
        "paragraph\\n\\n",
        "\\\\",
        "\\u0001",
        "日",
        " ",
        "\\n",
    ] {
        let text = shape.repeat(1_000_000 / shape.len());
        let before = COUNTED.load(Ordering::Relaxed);
        let mut pieces = Vec::new();
        let mut packer = Packer::new(4_000, counting);
        packer.push(1, text.as_bytes(), &mut |packed| {
            pieces.extend_from_slice(packed.text)
        });
        packer.finish(&mut |packed| pieces.extend_from_slice(packed.text));
        assert!(pieces == text.as_bytes() || plain(text.as_bytes()).trim().is_empty());
        let counted = COUNTED.load(Ordering::Relaxed) - before;
        assert!(counted < 10 * text.len() as u64, "{shape:?}: {counted}");
    }
}

fn document() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z.!? \"\\\\éß日。]{0,30}",
        2 => Just("\n\n".to_owned()),
        1 => Just("\r\n\r\n".to_owned()),
        1 => Just("\n \t\n".to_owned()),
        1 => "(?s).{0,20}",
        1 => Just("\u{0}\u{1f}".to_owned()),
        1 => Just("word. ".repeat(300)),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_and_every_record_fits(documents in proptest::collection::vec(document(), 0..8), limit in 1..300_u64) {
        let records = pack(limit, &documents);
        let mut all: String = records.iter().map(|(_, text, _)| text.as_str()).collect();
        let mut joined = documents.concat();
        for text in [&mut all, &mut joined] {
            text.retain(|character| !character.is_whitespace());
        }
        prop_assert_eq!(all, joined);
        for (_, text, _) in &records {
            prop_assert!(text.chars().count() as u64 <= limit || text.chars().count() == 1, "{:?}", text);
        }
        // No two records that follow one another would have fitted into one, if the second is of whole documents.
        for pair in records.windows(2) {
            let whole = documents[usize::try_from(pair[1].0).unwrap() - 1].chars().count() as u64 <= limit;
            let together = pair.iter().map(|(_, text, _)| text.chars().count() as u64).sum::<u64>() + 2;
            prop_assert!(!whole || together > limit, "{:?}", pair);
        }
        // One document at a time comes back to the letter, but for pieces of white space alone.
        for document in &documents {
            let pieces: String = pack(limit, std::slice::from_ref(document)).into_iter().map(|(_, text, _)| text).collect();
            let run = document.split(|character: char| !character.is_whitespace()).map(|run| run.chars().count() as u64).max().unwrap();
            if run < limit {
                prop_assert!(document.strip_prefix(&pieces).is_some_and(|rest| rest.trim().is_empty()), "{:?} {:?}", document, pieces);
            }
        }
    }
}
