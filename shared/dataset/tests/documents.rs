//! Documents: no prose of one is lost for being like itself, and each is named as it was written.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, limits, training};
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_dataset::{Compiler, Excluded, Index, Indexer, Purpose, Sealer, Summary};

fn short() -> DataLimits {
    DataLimits {
        max_record_tokens: 40,
        ..limits(RecordShape::Documents)
    }
}

fn compiled(name: &str, file: &str, threads: usize) -> (Summary, Vec<u8>) {
    let mut compiler = Compiler::new(name, Purpose::Training(short())).with_threads(threads);
    let mut out = Vec::new();
    compiler.push(file.as_bytes(), &mut out);
    let summary = compiler.finish(&mut out);
    (summary, out)
}

/// The texts of compiled lines, one after the other.
fn prose(lines: &[u8]) -> String {
    let texts = lines
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    texts
        .map(|line| {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            line["text"].as_str().unwrap().to_owned()
        })
        .collect()
}

/// What is trained on of these shards, read, and decided on by their indices.
fn sealed(shards: &[&[u8]]) -> (Vec<u8>, u64) {
    let mut sealer = Sealer::new(&short(), Excluded::default(), None);
    let mut by_index = Sealer::new(&short(), Excluded::default(), None);
    let (mut read, mut ranges) = (Vec::new(), Vec::new());
    for shard in shards {
        sealer.push(shard, &mut read);
        sealer.end_shard(&mut read);
        let (mut indexer, mut written) = (Indexer::new(), Vec::new());
        indexer.push(shard, &mut written);
        indexer.end(&mut written);
        let index = indexer.finish("tag").unwrap();
        for stretch in
            by_index.push_index(&Index::read(index, "tag", written.len() as u64).unwrap())
        {
            ranges.extend_from_slice(
                &written[stretch.range.start as usize..stretch.range.end as usize],
            );
        }
    }
    let (sealed, other) = (sealer.finish(), by_index.finish());
    assert_eq!(sealed, other);
    assert!(read == ranges);
    (read, sealed.duplicates)
}

#[test]
fn a_document_that_repeats_itself_loses_nothing() {
    let refrain = "And so it goes, on and on, until the end of the song, and then once more from the start.\n\n";
    let song = format!("{}The end.\n", refrain.repeat(300));
    for name in ["song.md", "song.txt"] {
        for threads in [1, 3] {
            let (summary, out) = compiled(name, &song, threads);
            assert!(summary.records > 100, "{}", summary.to_text());
            assert_eq!(summary.duplicates, 0, "{}", summary.to_text());
            assert_eq!(prose(&out), song);
            let (trained, duplicates) = sealed(&[&out]);
            assert_eq!((prose(&trained), duplicates), (song.clone(), 0));
        }
    }
    // One that came as a record is cut as well.
    let line = format!("{}\n", serde_json::json!({ "text": song }));
    let (summary, out) = compiled("song.jsonl", &line, 1);
    assert_eq!((prose(&out), summary.duplicates), (song.clone(), 0));
    assert_eq!(prose(&sealed(&[&out]).0), song);
    // The same record twice is there once, and so is the same document in another upload.
    let (summary, twice) = compiled("song.jsonl", &line.repeat(2), 1);
    assert_eq!((&twice, summary.duplicates), (&out, 1));
    let (trained, duplicates) = sealed(&[&out, &out]);
    assert_eq!(prose(&trained), song);
    assert_eq!(duplicates, summary.records);
}

#[test]
fn a_document_is_named_in_the_report_as_it_was_written() {
    for (file, shape) in [
        ("{\"input\": \"a\"}\n", "{\"input\"} documents"),
        ("{\"text\": \"a\"}\n", "{\"text\"} documents"),
        (
            "{\"text\": \"a\", \"input\": \"b\"}\n",
            "{\"text\"} documents",
        ),
        (
            "[{\"input\": \"a\"}, {\"input\": \"b\"}]",
            "{\"input\"} documents",
        ),
    ] {
        let (summary, out) = compile("a.json", training(RecordShape::Documents), file.as_bytes());
        assert_eq!(summary.shape.as_deref(), Some(shape));
        assert!(
            summary.is_accepted() && out.starts_with(b"{\"text\":\"a"),
            "{}",
            summary.to_text()
        );
    }
    // Both in one file are two shapes.
    let mixed = b"{\"input\": \"a\"}\n{\"text\": \"b\"}\n";
    let (summary, _) = compile("a.jsonl", training(RecordShape::Documents), mixed);
    assert_eq!(summary.finding_counts.get("mixed-shapes"), Some(&1));
}
