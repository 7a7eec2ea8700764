//! What was written is read back, and nothing else is believed.
use super::*;

const SHARD: &str = "{\"prompt\":\"a\",\"completion\":\"1\"}\n{\"text\":\"A whole document.\"}\n";

fn index(shard: &str, step: usize) -> Option<Vec<u8>> {
    let (mut indexer, mut out) = (Indexer::new(), Vec::new());
    for piece in shard.as_bytes().chunks(step) {
        indexer.push(piece, &mut out);
    }
    indexer.end(&mut out);
    assert_eq!(out, shard.as_bytes(), "written as it was");
    indexer.finish("\"tag\"")
}

#[test]
fn what_was_written_is_read_however_it_was_cut() {
    let whole = index(SHARD, 1_000).unwrap();
    for step in 1..40 {
        assert_eq!(index(SHARD, step).unwrap(), whole, "{step}");
    }
    let length = SHARD.len() as u64;
    let read = Index::read(whole, "\"tag\"", length).unwrap();
    assert_eq!((read.length(), read.records()), (length, 2));
    let entries: Vec<_> = read.entries().collect();
    let mut tape = Tape::default();
    for ((range, entry), line) in entries.iter().zip(SHARD.lines()) {
        assert_eq!(&SHARD[range.start as usize..range.end as usize - 1], line);
        assert_eq!(*entry, describe(&mut tape, line.as_bytes()).unwrap().1);
    }
    assert_eq!(
        entries
            .iter()
            .map(|(_, entry)| entry.answered)
            .collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn an_index_that_is_damaged_or_of_another_shard_is_not_used() {
    let whole = index(SHARD, 1_000).unwrap();
    let length = SHARD.len() as u64;
    for place in 0..whole.len() {
        let mut other = whole.clone();
        other[place] ^= 1;
        assert!(
            Index::read(other, "\"tag\"", length).is_err(),
            "byte {place}"
        );
        let short = whole[..place].to_vec();
        assert!(
            Index::read(short, "\"tag\"", length).is_err(),
            "{place} bytes"
        );
    }
    let read = |tag, length| Index::read(whole.clone(), tag, length);
    assert_eq!(read("\"other\"", length), Err(Unusable::OtherShard));
    assert_eq!(read("\"tag\"", length + 1), Err(Unusable::OtherShard));
    let mut newer = whole.clone();
    newer[15] = 3;
    assert_eq!(Index::read(newer, "\"tag\"", length), Err(Unusable::Form));
    assert_eq!(Index::read(Vec::new(), "", 0), Err(Unusable::Form));
}

#[test]
fn a_shard_that_sealing_would_not_take_byte_for_byte_has_no_index() {
    for (what, shard) in [
        ("nothing", ""),
        ("no line feed at the end", "{\"text\":\"a\"}"),
        ("an empty line", "{\"text\":\"a\"}\n\n{\"text\":\"b\"}\n"),
        ("a line with spaces around it", "{\"text\":\"a\"} \n"),
        ("a carriage return", "{\"text\":\"a\"}\r\n"),
        ("no record", "{\"text\":\"a\"}\nwhat?\n"),
    ] {
        assert_eq!(index(shard, 7), None, "{what}");
    }
    let mut indexer = Indexer::new();
    indexer.push(SHARD.as_bytes(), &mut Vec::new());
    indexer.end(&mut Vec::new());
    assert_eq!(indexer.finish(""), None, "a shard without a tag");
}

#[test]
fn what_will_be_held_out_is_written_behind_the_others_and_nothing_is_lost() {
    let filler = "x".repeat(2_000);
    let line = |n| format!("{{\"prompt\":\"{n}\",\"completion\":\"{filler}\"}}\n");
    let lines: Vec<String> = (0..30_000).map(line).collect();
    let whole = lines.concat();
    let arranged = |step: usize| {
        let mut indexer = Indexer::new().with_hold_out("bot", 0.1);
        let mut out = Vec::new();
        for piece in whole.as_bytes().chunks(step) {
            indexer.push(piece, &mut out);
        }
        indexer.end(&mut out);
        (
            indexer.finish("tag").unwrap(),
            String::from_utf8(out).unwrap(),
        )
    };
    let (index, shard) = arranged(70_001);
    assert_eq!(arranged(1 << 20), (index.clone(), shard.clone()));
    let index = Index::read(index, "tag", shard.len() as u64).unwrap();
    let mut runs = Vec::new();
    for ((range, entry), line) in index.entries().zip(shard.lines()) {
        assert_eq!(&shard[range.start as usize..range.end as usize - 1], line);
        let apart = held_out(entry.prompt, "bot", 0.1);
        match runs.last_mut() {
            Some((of, length)) if *of == apart => *length += entry.length,
            _ => runs.push((apart, entry.length)),
        }
    }
    // 60 MiB: one window of 4 MiB set aside, and the rest at the end.
    assert_eq!(runs.len(), 4, "{runs:?}");
    let (mut written, mut given): (Vec<&str>, Vec<_>) =
        (shard.lines().collect(), whole.lines().collect());
    written.sort_unstable();
    given.sort_unstable();
    assert!(written == given);
}

#[test]
fn the_documents_of_a_packed_record_are_read_as_they_were_told() {
    let (one, two) = ("A blank\\n\\nline.", "\\u0007 \\\"ä\\\"");
    let shard = format!("{{\"text\":\"{one}\\n\\n{two}\"}}\n{{\"text\":\"{two}\"}}\n");
    let mut told = Documents::default();
    told.push(&[one.len(), two.len()]);
    told.push(&[two.len()]);
    let mut indexer = Indexer::new();
    indexer.push_documents(told);
    indexer.push(shard.as_bytes(), &mut Vec::new());
    indexer.end(&mut Vec::new());
    assert!(indexer.is_packed());
    let index = indexer.finish("tag").unwrap();
    let index = Index::read(index, "tag", shard.len() as u64).unwrap();
    let [(_, first), (_, second)] = index.entries().collect::<Vec<_>>().try_into().unwrap();
    let told: Vec<_> = (first.documents.iter())
        .map(|document| (document.length as usize, document.tokens))
        .collect();
    assert_eq!(told, [(one.len(), 5), (two.len(), 3)]);
    // A document is known again, alone or among others.
    assert_eq!(first.documents[1].digest, second.record);
    assert_eq!(second.documents, []);
}
