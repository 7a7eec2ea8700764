//! Files that are checked together are compared, and how they are cut and on how many threads they are read makes no difference.
#![allow(clippy::unwrap_used)]
mod common;

use common::{nova, training};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Between, Compiler, Finished, Purpose};

fn read(
    others: Between,
    name: &str,
    purpose: Purpose,
    file: &str,
    threads: usize,
    size: usize,
) -> (Finished, Vec<u8>) {
    let mut compiler = Compiler::new(name, purpose)
        .with_threads(threads)
        .with_others(others);
    let mut out = Vec::new();
    for piece in file.as_bytes().chunks(size) {
        compiler.push(piece, &mut out);
    }
    let done = compiler.finish_with_others(&mut out);
    (done, out)
}

#[test]
fn files_of_many_blocks_are_compared_the_same_however_they_are_read() {
    let questions: String = (0..3_000)
        .map(|n| format!("{{\"prompt\": \"question {n}\", \"referenceResponse\": \"{n}\"}}\n"))
        .collect();
    let record = |n: usize, answer: usize| {
        format!("{{\"prompt\": \"Question {n}\", \"completion\": \"answer {answer}\"}}\n")
    };
    let first: String = (2_990..20_000).map(|n| record(n, n)).collect();
    let second: String = (19_000..40_000)
        .map(|n| record(n, n + usize::from(n % 100 == 0)))
        .collect();
    let mut summaries = Vec::new();
    for (threads, size) in [(1, usize::MAX), (1, 5_003), (4, usize::MAX), (3, 300_001)] {
        let others = Between::new(true);
        let (done, _) = read(
            others,
            "q.jsonl",
            Purpose::Evaluation,
            &questions,
            threads,
            size,
        );
        let (one, _) = read(done.others, "a.jsonl", nova(), &first, threads, size);
        assert_eq!(
            (one.leaked, one.repeated, one.summary.records),
            (10, 0, 17_010)
        );
        let leak = &one.summary.findings[0];
        assert!(
            leak.line == 1 && leak.found.starts_with("as q.jsonl line 2,991: "),
            "{leak:?}"
        );
        let (two, out) = read(one.others, "b.jsonl", nova(), &second, threads, size);
        assert_eq!(
            (two.leaked, two.repeated, two.summary.conflicts),
            (0, 990, 0)
        );
        let text = two.summary.to_text();
        assert!(
            text.contains("line 1: conflicting-duplicate (warning): 10 records"),
            "{text}"
        );
        assert!(text.contains("line 2: exact-duplicate (note): 990 records in another file, too: line 2 as a.jsonl line 16,012, "), "{text}");
        assert!(text.contains(", and 985 more"), "{text}");
        summaries.push((one.summary, two.summary, out));
    }
    assert!(summaries.iter().all(|summary| *summary == summaries[0]));
}

#[test]
fn documents_are_compared_before_they_are_packed() {
    let documents = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n";
    let purpose = training(RecordShape::Documents);
    let (first, _) = read(
        Between::new(true),
        "a.jsonl",
        purpose.clone(),
        documents,
        1,
        9,
    );
    let (second, _) = read(
        first.others,
        "b.jsonl",
        purpose,
        "{\"text\": \"two\"}\n{\"text\": \"three\"}\n",
        1,
        9,
    );
    assert_eq!((second.repeated, second.summary.records), (1, 1));
    assert!(
        second
            .summary
            .to_text()
            .contains("line 1 as a.jsonl line 2")
    );
}
