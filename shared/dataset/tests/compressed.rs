//! Compressed files as tapes pad them, and as those who want the smallest file write them.
#![allow(clippy::unwrap_used)]
mod common;

use std::io::Write;

use common::{compile, compile_in, gzip, nova};

const RECORD: &[u8] = b"{\"prompt\":\"a\",\"completion\":\"b\"}\n";

#[test]
fn zeros_behind_a_gzip_file_are_padding() {
    for zeros in [1, 7, 8, 9, 512, 40_000] {
        for members in [1, 2] {
            let mut file = gzip(RECORD).repeat(members);
            file.resize(file.len() + zeros, 0);
            let (summary, out) = compile("a.jsonl.gz", nova(), &file);
            assert_eq!(
                (summary.errors, summary.records),
                (0, 1),
                "{}",
                summary.to_text()
            );
            assert_eq!(summary.bytes_decompressed as usize, members * RECORD.len());
            let cuts = vec![1; file.len().min(2_000)];
            assert_eq!(
                compile_in("a.jsonl.gz", nova(), &file, &cuts),
                (summary, out)
            );
        }
    }
}

#[test]
fn zeros_before_more_are_no_padding() {
    for behind in [&b"x"[..], &gzip(RECORD)] {
        let file = [&gzip(RECORD)[..], &[0; 20], behind].concat();
        let (summary, _) = compile("a.jsonl.gz", nova(), &file);
        assert!(
            summary.finding_counts.contains_key("broken-compression"),
            "{}",
            summary.to_text()
        );
    }
    // A length that ends in zeros is whole only with them.
    let cut = &gzip(RECORD)[..gzip(RECORD).len() - 1];
    let (summary, _) = compile("a.jsonl.gz", nova(), cut);
    assert!(
        summary.finding_counts.contains_key("truncated-compression"),
        "{}",
        summary.to_text()
    );
}

fn zstd(level: i32, window: Option<u32>) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level).unwrap();
    if let Some(window) = window {
        encoder.long_distance_matching(true).unwrap();
        encoder.window_log(window).unwrap();
    }
    encoder.write_all(RECORD).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_window_that_takes_more_memory_than_there_is_to_read_it_is_refused_with_what_to_do() {
    for (file, read) in [
        (zstd(19, None), true),
        (zstd(3, Some(23)), true),
        (zstd(3, Some(24)), false),
        (zstd(22, Some(27)), false),
    ] {
        let (summary, _) = compile("a.jsonl.zst", nova(), &file);
        assert_eq!(summary.records == 1, read, "{}", summary.to_text());
        if !read {
            let finding = &summary.findings[0];
            assert_eq!(finding.rule, "broken-compression");
            assert!(
                finding.found.contains("8 MiB") && finding.fix.contains("--long"),
                "{finding:?}"
            );
        }
    }
}
