//! The terminal's text: what a person reads, that it fits, and that nothing in a file can steer the terminal.
#![allow(clippy::unwrap_used)]
mod common;

use perennial_dataset::{Excerpt, Summary};
use perennial_report::terminal::{Look, text};
use proptest::prelude::*;
use unicode_width::UnicodeWidthChar;

const UNICODE: Look = Look {
    colour: false,
    unicode: true,
    width: 80,
};

#[test]
fn a_finding_shows_its_line_with_the_part_underlined_and_the_fix() {
    insta::assert_snapshot!("unicode", text(&common::full(), UNICODE));
    insta::assert_snapshot!("ascii", text(&common::full(), Look::default()));
}

#[test]
fn a_narrow_terminal_has_narrow_lines() {
    let narrow = Look {
        width: 60,
        ..UNICODE
    };
    insta::assert_snapshot!("narrow", text(&common::full(), narrow));
}

#[test]
fn what_the_compiler_finds_reads_well() {
    let read: Vec<String> = common::compiled()
        .iter()
        .filter(|summary| summary.findings.len() < 10)
        .map(|summary| text(summary, UNICODE))
        .collect();
    for summary in &read {
        assert!(
            summary.ends_with('\n') && !summary.ends_with("\n\n"),
            "{summary}"
        );
    }
    assert!(
        read[0].starts_with("good.jsonl: accepted (prompt/completion)\n"),
        "{}",
        read[0]
    );
    let broken = read
        .iter()
        .find(|text| text.starts_with("broken.jsonl: rejected"))
        .unwrap();
    assert!(
        broken.contains("error[broken-json]") && broken.contains("broken.jsonl:2"),
        "{broken}"
    );
    assert!(broken.contains("help: JSON has double quotes."), "{broken}");
}

#[test]
fn what_is_not_listed_is_counted() {
    let many = common::compiled()
        .into_iter()
        .find(|summary| summary.errors > 100)
        .unwrap();
    let read = text(&many, UNICODE);
    let last = read.lines().last().unwrap();
    assert_eq!(
        last,
        format!("not listed: missing-completion {}", many.errors - 100)
    );
}

/// The text without the codes of colours, and without spaces that only these kept at a line's end; other codes stay.
fn colourless(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, code)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        let (numbers, after) = code.split_once('m').unwrap();
        assert!(
            numbers.chars().all(|c| c.is_ascii_digit() || c == ';'),
            "{numbers:?}"
        );
        rest = after;
    }
    plain.push_str(rest);
    plain
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn colours_add_nothing_but_colour() {
    for summary in common::compiled().iter().chain([&common::full()]) {
        let coloured = text(
            summary,
            Look {
                colour: true,
                ..UNICODE
            },
        );
        assert!(coloured.contains("\u{1b}["));
        assert_eq!(colourless(&coloured), text(summary, UNICODE));
    }
}

/// The first hundred findings with an excerpt and the first without, each text of them of this kind.
fn with(words: &str, from: usize, to: usize) -> Summary {
    let mut summary = common::full();
    for finding in &mut summary.findings {
        finding.path = words.to_owned();
        finding.found = words.to_owned();
        finding.fix = words.to_owned();
        if let Some(excerpt) = &mut finding.excerpt {
            *excerpt = Excerpt {
                text: words.to_owned(),
                from,
                to,
                column: u64::MAX,
                converted: false,
            };
        }
    }
    summary
}

/// As most terminals count them: character by character.
fn columns(line: &str) -> usize {
    line.chars().filter_map(UnicodeWidthChar::width).sum()
}

proptest! {
    #[test]
    fn no_text_steers_the_terminal_or_leaves_its_width(words in "(?s).{0,300}", from in 0..200_usize, length in 0..200_usize, width in 0..300_usize, unicode: bool) {
        let mut summary = with(&words, from, from + length);
        let look = Look { colour: false, unicode, width };
        let read = text(&summary, look);
        for line in read.lines() {
            prop_assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
            // A place is not broken: it is there to be copied.
            let is_place = line.contains("tickets.jsonl.gz:");
            prop_assert!(is_place || columns(line) <= width.clamp(60, 140), "{} columns: {line:?}", columns(line));
        }
        let coloured = text(&summary, Look { colour: true, ..look });
        prop_assert_eq!(colourless(&coloured), read);
        summary.name = words;
        let named = text(&summary, look).contains('\u{1}');
        prop_assert!(!named);
    }
}

#[test]
fn an_excerpt_of_a_converted_record_claims_no_column_of_the_file() {
    let mut summary = common::full();
    let excerpt = summary.findings[1].excerpt.as_mut().unwrap();
    excerpt.converted = true;
    for look in [Look::default(), UNICODE] {
        let shown = text(&summary, look);
        assert!(
            shown.contains(
                "tickets.jsonl.gz:17 (the record that begins there, as it was converted)"
            ),
            "{shown}"
        );
        assert!(!shown.contains(":17:15"), "{shown}");
    }
    let page = perennial_report::html::page(&perennial_report::html::Page {
        files: vec![perennial_report::html::File {
            name: &summary.name,
            version: None,
            status: None,
            message: "",
            notes: &[],
            summary: Some(&summary),
            cost: None,
        }],
        ..Default::default()
    });
    assert!(
        page.contains("line 17, as the record that begins there was converted"),
        "{page}"
    );
    assert!(!page.contains("column 15"), "{page}");
}
