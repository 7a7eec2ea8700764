//! Short documents are packed, several in a record: across uploads each is trained on once all the same, and none is lost.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::limits;
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_dataset::{
    Assembly, Compiler, Excluded, Finished, Index, Indexer, Move, Purpose, Sealed, Sealer,
    estimate_tokens,
};
use proptest::prelude::*;

/// Bytes from which on the bucket copies.
const SMALLEST: u64 = 200;

fn short() -> DataLimits {
    DataLimits {
        max_record_tokens: 40,
        ..limits(RecordShape::Documents)
    }
}

fn file(documents: &[String]) -> String {
    let line = |text: &String| format!("{}\n", serde_json::json!({ "text": text }));
    documents.iter().map(line).collect()
}

/// The shard of a file and its index, as `ingest` makes them with chunks of so many bytes.
fn ingested(documents: &[String], step: usize) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut compiler = Compiler::new("a.jsonl", Purpose::Training(short())).telling_documents();
    let (mut indexer, mut shard) = (Indexer::new(), Vec::new());
    for chunk in file(documents).as_bytes().chunks(step) {
        let mut out = Vec::new();
        compiler.push(chunk, &mut out);
        indexer.push_documents(compiler.take_documents());
        // The line that is not whole yet comes later.
        let middle = out.len() / 2;
        indexer.push(&out[..middle], &mut shard);
        indexer.push(&out[middle..], &mut shard);
    }
    let mut out = Vec::new();
    let Finished {
        summary, documents, ..
    } = compiler.finish_with_others(&mut out);
    assert!(summary.is_accepted(), "{}", summary.to_text());
    indexer.push_documents(documents);
    indexer.push(&out, &mut shard);
    indexer.end(&mut shard);
    let index = indexer.finish("tag");
    (shard, index)
}

/// The training file of these shards, the newest first; those without an index are read.
fn assembled(shards: &[(Vec<u8>, Option<Vec<u8>>)]) -> (Sealed, Vec<u8>) {
    let mut sealer = Sealer::new(&short(), Excluded::default(), None);
    let all = shards.iter().map(|(shard, _)| shard.len() as u64).sum();
    let (mut plan, mut file) = (Assembly::new(SMALLEST, all), Vec::new());
    for (shard, index) in shards {
        let at = |range: std::ops::Range<u64>| &shard[range.start as usize..range.end as usize];
        let Some(index) = index else {
            let before = file.len();
            sealer.push(shard, &mut file);
            sealer.end_shard(&mut file);
            plan.wrote((file.len() - before) as u64);
            continue;
        };
        let index = Index::read(index.clone(), "tag", shard.len() as u64).unwrap();
        let mut planned = 0;
        let before = file.len() as u64;
        for made in plan.shard(&sealer.push_index(&index)) {
            match made {
                Move::Copy(range) => {
                    planned += range.end - range.start;
                    file.extend_from_slice(at(range));
                }
                Move::Read { picks, .. } => {
                    for pick in picks {
                        planned += pick.written();
                        pick.write(at(pick.range.clone()), &mut file);
                    }
                }
            }
        }
        assert_eq!(file.len() as u64 - before, planned);
    }
    (sealer.finish(), file)
}

fn texts(file: &[u8]) -> Vec<String> {
    let lines = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let text = |line| {
        let record: BTreeMap<String, String> = serde_json::from_slice(line).unwrap();
        assert_eq!(record.len(), 1);
        record["text"].clone()
    };
    lines.map(text).collect()
}

#[test]
fn a_document_of_two_uploads_is_trained_on_once_however_it_is_packed() {
    let documents = |numbers: std::ops::Range<u32>| -> Vec<String> {
        numbers
            .map(|n| format!("Desk {n} is at door {n}."))
            .collect()
    };
    let old = documents(0..300);
    let mut new = documents(1..300);
    new.push("Desk 300 is closed.".to_owned());
    let shards = [ingested(&new, 97), ingested(&old, 97)];
    let (sealed, file) = assembled(&shards);
    assert_eq!(sealed.duplicates, 299);
    let text = texts(&file).join("\n\n");
    let all: Vec<&str> = text.split("\n\n").collect();
    let distinct: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!((all.len(), distinct.len()), (301, 301));
    // What is new stands as it was packed; of the old records one document is left.
    assert!(file.starts_with(&shards[0].0));
    assert_eq!(
        &file[shards[0].0.len()..],
        b"{\"text\":\"Desk 0 is at door 0.\"}\n"
    );

    // The same files again: nothing is new.
    let twice = [&shards[..], &shards[..]].concat();
    let (again, same) = assembled(&twice);
    assert_eq!((same, again.duplicates), (file, 299 + 600));
}

#[test]
fn without_an_index_a_packed_record_is_compared_whole_and_nothing_is_lost() {
    let documents: Vec<String> = (0..60)
        .map(|n| format!("Room {n} has {n} windows."))
        .collect();
    let (shard, index) = ingested(&documents, 1_000);
    let bare = (shard.clone(), None);
    for shards in [
        [bare.clone(), bare.clone()],
        [bare.clone(), (shard.clone(), index.clone())],
        [(shard.clone(), index.clone()), bare.clone()],
    ] {
        let (_, file) = assembled(&shards);
        assert_eq!(file, shard, "the same records are known");
    }
    // Packed otherwise, they are not.
    let (_, file) = assembled(&[
        (shard.clone(), index),
        (ingested(&documents[1..], 1_000).0, None),
    ]);
    assert!(texts(&file).len() > texts(&shard).len());
}

#[test]
fn a_damaged_index_of_packed_documents_is_not_used() {
    let documents: Vec<String> = (0..9).map(|n| format!("Floor {n}.")).collect();
    let (shard, index) = ingested(&documents, 1_000);
    let index = index.unwrap();
    let read = |index| Index::read(index, "tag", shard.len() as u64);
    assert!(read(index.clone()).is_ok());
    for place in 0..index.len() {
        let mut other = index.clone();
        other[place] ^= 4;
        assert!(read(other).is_err(), "byte {place}");
        assert!(read(index[..place].to_vec()).is_err(), "{place} bytes");
    }
}

#[test]
fn lines_that_are_not_what_was_told_have_no_index() {
    let documents: Vec<String> = (0..9).map(|n| format!("Floor {n}.")).collect();
    let mut compiler = Compiler::new("a.jsonl", Purpose::Training(short())).telling_documents();
    let mut out = Vec::new();
    compiler.push(file(&documents).as_bytes(), &mut out);
    let told = compiler.finish_with_others(&mut out).documents;
    let mut indexer = Indexer::new();
    indexer.push_documents(told);
    indexer.push(b"{\"text\":\"something else\"}\n", &mut Vec::new());
    indexer.push(&out, &mut Vec::new());
    indexer.end(&mut Vec::new());
    assert_eq!(indexer.finish("tag"), None);
}

/// A document of words that no other has, some of them with what JSON escapes; a long one is cut.
fn document(number: usize, words: usize, between: &str) -> String {
    let words: Vec<String> = (0..words).map(|n| format!("d{number}w{n}\"ä\\")).collect();
    words.join(between)
}

fn pool() -> impl Strategy<Value = Vec<String>> {
    let between = prop_oneof![Just(" "), Just("\n\n"), Just("\n"), Just(".\n \n")];
    let words = prop_oneof![8 => 1..6_usize, 1 => 6..60_usize];
    proptest::collection::vec((words, between), 1..24).prop_map(|given| {
        let made = given.into_iter().enumerate();
        made.map(|(number, (words, between))| document(number, words, between))
            .collect()
    })
}

/// Every document in a file or several, in any order, and some again in the same file.
fn files() -> impl Strategy<Value = Vec<Vec<String>>> {
    (pool(), 1..6_usize).prop_flat_map(|(pool, files)| {
        let places =
            proptest::collection::vec(proptest::collection::vec(0..files, 1..4), pool.len());
        let made = places.prop_map(move |places| {
            let mut made = vec![Vec::new(); files];
            for (document, places) in pool.iter().zip(places) {
                for place in places {
                    made[place].push(document.clone());
                }
            }
            made.retain(|file: &Vec<String>| !file.is_empty());
            made
        });
        made.prop_flat_map(|files| {
            let shuffled: Vec<_> = files
                .into_iter()
                .map(|file| Just(file).prop_shuffle())
                .collect();
            shuffled
        })
    })
}

fn words(texts: &[String]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for word in texts.iter().flat_map(|text| text.split_whitespace()) {
        *counted.entry(word.trim_end_matches('.')).or_default() += 1;
    }
    counted
}

proptest! {
    #[test]
    fn each_distinct_document_is_sealed_exactly_once(files in files(), step in 1..400_usize) {
        let shards: Vec<_> = files.iter().map(|file| ingested(file, step)).collect();
        prop_assert!(shards.iter().all(|(_, index)| index.is_some()));
        let (sealed, file) = assembled(&shards);
        let sealed_texts = texts(&file);
        let all: Vec<String> = files.concat();
        let (found, given) = (words(&sealed_texts), words(&all));
        prop_assert!(found.values().all(|times| *times == 1), "{found:?}");
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), given.keys().collect::<Vec<_>>());
        prop_assert_eq!(sealed.records, sealed_texts.len() as u64);
        prop_assert_eq!(sealed.unreadable, 0);
        let mut tokens = 0;
        for text in &sealed_texts {
            // A record that is written anew is no longer than it was.
            prop_assert!(estimate_tokens(text) <= short().max_record_tokens, "{text}");
            tokens += estimate_tokens(text);
        }
        prop_assert!(sealed.tokens_estimate >= tokens);
    }

    #[test]
    fn without_some_of_the_indexes_none_is_lost(files in files(), has in proptest::collection::vec(any::<bool>(), 6)) {
        let shards: Vec<_> = files.iter().zip(has).map(|(file, has)| {
            let (shard, index) = ingested(file, 300);
            (shard, index.filter(|_| has))
        }).collect();
        let (_, file) = assembled(&shards);
        let (sealed_texts, all) = (texts(&file), files.concat());
        let (found, given) = (words(&sealed_texts), words(&all));
        prop_assert_eq!(found.keys().collect::<Vec<_>>(), given.keys().collect::<Vec<_>>());
    }
}
