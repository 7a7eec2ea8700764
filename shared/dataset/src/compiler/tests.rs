use std::io::{Read, Write};

use perennial_core::limits::fine_tuning;

use super::*;

fn purpose() -> Purpose {
    Purpose::Training(fine_tuning("amazon.nova-micro-v1:0").unwrap())
}

#[test]
fn what_was_found_until_the_time_was_up_is_told_and_the_cut_line_is_not() {
    let mut compiler = Compiler::new("data/p/a.jsonl", purpose());
    let record = "{\"prompt\":\"a\",\"completion\":\"b\"}\n";
    let lines = format!("{record}no json\n{}", record.repeat(20_000));
    compiler.push(lines.as_bytes(), &mut Vec::new());
    compiler.push(b"{\"prompt\":\"c\",\"compl", &mut Vec::new());
    let summary = compiler.out_of_time("found".into(), "fix".into());
    let rules: Vec<(&str, u64)> = summary
        .findings
        .iter()
        .map(|finding| (finding.rule.as_str(), finding.line))
        .collect();
    assert_eq!(rules, [("time-left", 0), ("broken-json", 2)]);
    assert_eq!(summary.errors, 2);
    assert!(!summary.is_accepted());
}

#[test]
fn duplicates_are_found_in_memory_and_beyond_it_in_a_file() {
    let bounds = Bounds {
        known: 100,
        ..Bounds::default()
    };
    let record = |number: u32, answer: &str| {
        format!("{{\"prompt\":\"{number}\",\"completion\":\"{answer}\"}}\n")
    };
    let lines: String = (0..1_000).map(|number| record(number, "x")).collect();
    let again: String =
        [5, 150, 900].map(|number| record(number, "x")).concat() + &record(901, "y");
    let compile = |spill: Option<Box<dyn Spill>>| {
        let mut compiler = Compiler::with_bounds("a.jsonl", purpose(), bounds);
        if let Some(spill) = spill {
            compiler = compiler.with_spill(spill);
        }
        let mut out = Vec::new();
        compiler.push(lines.as_bytes(), &mut out);
        compiler.push(again.as_bytes(), &mut out);
        compiler.finish(&mut out)
    };
    let with = compile(Some(Box::new(tempfile::tempfile().unwrap())));
    assert_eq!(
        (with.records, with.duplicates, with.conflicts),
        (1_001, 3, 1)
    );
    assert!(!with.finding_counts.contains_key("duplicates-unchecked"));
    let without = compile(None);
    assert_eq!((without.duplicates, without.conflicts), (1, 0));
    assert_eq!(without.finding_counts["duplicates-unchecked"], 1);
}

#[test]
fn what_is_compressed_is_read_alike() {
    let lines = "{\"prompt\":\"a\",\"completion\":\"b\"}\n".repeat(3);
    let mut encoder = flate2::read::GzEncoder::new(lines.as_bytes(), flate2::Compression::fast());
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(lines.as_bytes()).unwrap();
    for (bytes, compression) in [(bytes, "gzip"), (encoder.finish().unwrap(), "zstd")] {
        let mut compiler = Compiler::new("a", purpose());
        let mut out = Vec::new();
        compiler.push(&bytes, &mut out);
        let summary = compiler.finish(&mut out);
        assert_eq!((summary.records, summary.duplicates), (1, 2));
        assert_eq!(summary.compression.as_deref(), Some(compression));
    }
}

#[test]
fn an_address_that_is_longer_than_any_of_s3_is_a_finding_and_is_not_kept() {
    let purpose = Purpose::Training(fine_tuning("amazon.nova-lite-v1:0").unwrap());
    let record = |key: &str| {
        let image = format!(
            "{{\"image\":{{\"format\":\"png\",\"source\":{{\"s3Location\":{{\"uri\":\"s3://bucket/{key}\"}}}}}}}}"
        );
        format!(
            "{{\"schemaVersion\":\"bedrock-conversation-2024\",\"messages\":[{{\"role\":\"user\",\"content\":[{{\"text\":\"a\"}},{image}]}},\
             {{\"role\":\"assistant\",\"content\":[{{\"text\":\"b\"}}]}}]}}\n"
        )
    };
    let found = |key: &str| {
        let mut compiler = Compiler::new("data/p/a.jsonl", purpose.clone());
        compiler.push(record(key).as_bytes(), &mut Vec::new());
        let summary = compiler.finish(&mut Vec::new());
        summary
            .findings
            .iter()
            .any(|finding| finding.rule == "media-source")
    };
    assert!(!found("media/p/cat.png"));
    assert!(found(&"a".repeat(5_000)));
}
