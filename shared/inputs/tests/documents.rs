//! Documents under a limit of tokens: cut where a reader would, and nothing of them lost.
#![allow(clippy::unwrap_used)]
mod common;

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

use common::{Got, bytewise, cut, real, records, troubles, whole};
use perennial_inputs::{DocumentKind, Documents, What};
use proptest::prelude::*;
use serde_json::Value;

/// One token for every 3 ASCII characters and one for every other, as `perennial_dataset::estimate_tokens` counts.
fn estimate(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let other = text.bytes().filter(|byte| *byte >= 0xc0).count() as u64;
    ascii.div_ceil(3) + other
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn markdown(limit: u64) -> Documents {
    Documents::new(DocumentKind::Markdown, limit, characters)
}

fn plain(limit: u64) -> Documents {
    Documents::new(DocumentKind::Plain, limit, characters)
}

fn texts(got: &[Got]) -> Vec<String> {
    records(got)
        .iter()
        .map(|json| {
            let value: Value = serde_json::from_slice(json).unwrap();
            assert_eq!(value.as_object().unwrap().len(), 1);
            let text = value["text"].as_str().unwrap().to_owned();
            assert_eq!(
                format!("{{\"text\":{}}}", Value::from(text.as_str())).as_bytes(),
                *json,
                "escaped as serde_json does"
            );
            text
        })
        .collect()
}

/// The pieces with the lines in which they begin, and bars around them.
fn shown(document: Documents, text: &str) -> String {
    let got = whole(document, text.as_bytes());
    assert_eq!(texts(&got).concat(), text, "nothing is lost");
    let mut shown = String::new();
    for (got, text) in got.iter().zip(texts(&got)) {
        let Got::Record(line, _) = got else {
            panic!("{got:?}")
        };
        writeln!(shown, "--- line {line}, {} characters", characters(&text)).unwrap();
        shown += &text.replace('\r', "<CR>").replace('\u{c}', "<FF>");
        if !text.ends_with('\n') {
            shown += "<no line feed>\n";
        }
    }
    shown
}

#[test]
fn a_document_that_fits_is_one_record() {
    let text = "# Title\n\nOne.\n\nTwo.\n";
    assert_eq!(texts(&whole(markdown(20), text.as_bytes())), [text]);
    assert_eq!(texts(&whole(markdown(19), text.as_bytes())).len(), 2);
    // 21 tokens line by line, 20 as a whole.
    let lines = "a\n".repeat(30);
    assert_eq!(
        texts(&whole(
            Documents::new(DocumentKind::Plain, 20, estimate),
            lines.as_bytes()
        )),
        [lines]
    );
}

#[test]
fn plain_text_is_cut_between_paragraphs_sentences_words_characters() {
    let text = "The first one.\nStill the first.\n\n\nThe second.\n\u{c}A new page.\n \t\nIt was late, e.g. at night. He left. \
                (She stayed!) Nobody knew why\u{2014}or cared.\n\nabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\u{301} and\n\n\
                日本語の文です。次の文は少し長いですがそれでも文です。おわり\r\nlast";
    insta::assert_snapshot!(shown(plain(40), text));
}

#[test]
fn line_ends_of_every_kind_are_kept() {
    for text in [
        "a b\r\nc\r\n\r\nd e f\r\n",
        "a b\rc\r\rd e f\r",
        "a b\nc\n\nd e f\n",
        "a\r\n\rb\n\r\n\rc",
    ] {
        for limit in 1..12 {
            let got = whole(plain(limit), text.as_bytes());
            let joined = texts(&got).concat();
            assert_eq!(
                joined.split_whitespace().collect::<String>(),
                text.split_whitespace().collect::<String>()
            );
            assert_eq!(bytewise(plain(limit), text.as_bytes()), got);
            if limit >= 6 {
                assert_eq!(joined.trim_end(), text.trim_end());
            }
        }
        let pieces = texts(&whole(plain(10), text.as_bytes()));
        assert!(
            pieces.iter().all(|piece| !piece.starts_with('\n')),
            "{pieces:?}"
        );
    }
}

#[test]
fn markdown_keeps_together_what_belongs_together() {
    let text = "---\ntitle: A page\n\ntags: x\n---\n\nIntroduction to it.\n\n# A heading\n\n<!-- old -->\n\nIts paragraph of text.\n\
                ## Another\n```rust\nfn main() {\n\n    run();\n}\n```\nAfter the code.\n\n\
                - one\n- two\n\n  more of two\n\n- three\n\nNo list.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n\
                Setext title\n============\n\nUnder it.\n\n1. first\n   ```\n   code\n\n   code\n   ```\n2. second\n\n> quoted\n>\n> more\n";
    insta::assert_snapshot!(shown(markdown(60), text));
}

#[test]
fn what_does_not_fit_whole_is_cut_at_its_lines() {
    let code = format!(
        "Before.\n\n```\n{}\n{}```\n\nAfter.\n",
        "let a = 1;\n".repeat(4),
        "let b = 2;\n".repeat(5)
    );
    let list = format!(
        "A list:\n{}\nAfter.\n",
        "- an item of it\n  that goes on\n".repeat(4)
    );
    let table = format!(
        "A table:\n\n| a | b |\n|---|---|\n{}\nAfter.\n",
        "| one | two |\n".repeat(6)
    );
    let bare = format!("a | b\n--|--\n{}\nAfter.\n", "one | two\n".repeat(9));
    let loose = format!("{}After.\n", "1. an item.\n\n   More of it.\n\n".repeat(3));
    let mut text = String::new();
    for (name, document) in [
        ("code", code),
        ("list", list),
        ("table", table),
        ("bare", bare),
        ("loose", loose),
    ] {
        writeln!(text, "# {name}\n{}", shown(markdown(60), &document)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn front_matter_is_kept_and_a_rule_is_none() {
    let rule = format!("---\n\n{}", "A paragraph.\n\n".repeat(4));
    assert_eq!(
        texts(&whole(markdown(30), rule.as_bytes())),
        [
            "---\n\nA paragraph.\n\n",
            "A paragraph.\n\nA paragraph.\n\n",
            "A paragraph.\n\n"
        ]
    );
    let front = "+++\na = 1\n\nb = 2\n+++\nText that follows.\n";
    assert_eq!(
        texts(&whole(markdown(30), front.as_bytes())),
        ["+++\na = 1\n\nb = 2\n+++\n", "Text that follows.\n"]
    );
}

#[test]
fn a_file_without_text_is_a_trouble() {
    for (text, what) in [
        ("", What::Empty),
        (" \n\t\r\n", What::WhiteSpace),
        ("\u{3000}\n", What::WhiteSpace),
    ] {
        let got = whole(plain(10), text.as_bytes());
        assert_eq!((records(&got).len(), troubles(&got).len()), (0, 1));
        assert_eq!(
            (&troubles(&got)[0].what, troubles(&got)[0].line),
            (&what, 0)
        );
    }
}

#[test]
fn a_line_of_any_length_is_cut_in_bounded_memory() {
    let words = "many words ".repeat(200_000);
    let pieces = texts(&whole(plain(1_000), words.as_bytes()));
    assert_eq!(pieces.concat().trim_end(), words.trim_end());
    assert!(
        pieces
            .iter()
            .all(|piece| characters(piece) <= 1_000 && piece.starts_with(['m', 'w']))
    );
    // A count that says nothing does not gather a whole file either.
    let nothing = Documents::new(DocumentKind::Plain, 1_000, |_| 0);
    let pieces = texts(&whole(nothing, words.as_bytes()));
    assert!(pieces.iter().all(|piece| piece.len() <= 8_000) && pieces.concat() == words);
}

#[test]
fn each_byte_is_counted_a_few_times_at_most() {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    fn counting(text: &str) -> u64 {
        COUNTED.fetch_add(text.len() as u64, Ordering::Relaxed);
        characters(text)
    }
    let shapes = [
        "x",
        "word ",
        "A sentence. ",
        "line\n",
        "paragraph\n\n",
        "- item\n",
        "```\n\n",
        "日",
        " ",
        "\u{301}",
    ];
    for shape in shapes {
        for first in ["", "Hi. ", "# Heading\n\n"] {
            let text = first.to_owned() + &shape.repeat(1_000_000 / shape.len());
            let before = COUNTED.load(Ordering::Relaxed);
            whole(
                Documents::new(DocumentKind::Markdown, 4_000, counting),
                text.as_bytes(),
            );
            let counted = COUNTED.load(Ordering::Relaxed) - before;
            assert!(
                counted < 10 * text.len() as u64,
                "{first:?} {shape:?}: {counted}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_utf8_are_handed_on() {
    let got = whole(plain(10), b"caf\xe9 \xff\xff\n");
    assert_eq!(records(&got), [b"{\"text\":\"caf\xe9 \xff\xff\\n\"}"]);
}

/// The chapters of the Rust book come back to the letter, under every limit.
#[test]
fn the_rust_book_comes_back_to_the_letter() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/rust-book"
    );
    let Ok(chapters) = std::fs::read_dir(folder) else {
        eprintln!("skipped: ../shared/data/rust-book is not there");
        return;
    };
    let mut count = 0;
    for chapter in chapters {
        let name = chapter.unwrap().file_name().into_string().unwrap();
        let bytes = real(&format!("rust-book/{name}")).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        for (limit, kind) in [
            (300, DocumentKind::Markdown),
            (2_000, DocumentKind::Markdown),
            (2_000, DocumentKind::Plain),
            (100_000, DocumentKind::Markdown),
        ] {
            let document = || Documents::new(kind, limit, estimate);
            let got = whole(document(), &bytes);
            let pieces = texts(&got);
            assert_eq!(pieces.concat(), text, "{name}");
            assert!(
                pieces.iter().all(|piece| estimate(piece) <= limit),
                "{name}"
            );
            assert_eq!(cut(document(), &bytes, &[100, 1, 5_000]), got);
            if limit == 2_000 && kind == DocumentKind::Markdown {
                for piece in &pieces {
                    let fences = piece
                        .lines()
                        .filter(|line| line.trim_start().starts_with("```"))
                        .count();
                    assert_eq!(fences % 2, 0, "{name}: no code is torn\n{piece}");
                    let last = piece.trim_end().lines().last().unwrap();
                    assert!(
                        !last.starts_with('#'),
                        "{name}: no heading stands alone\n{piece}"
                    );
                }
            }
        }
        count += 1;
    }
    assert_eq!(count, 111);
}

/// Lines that documents are made of.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-zA-Z.!? ,é日。\u{301}]{0,40}",
        4 => Just(String::new()),
        1 => Just("# Heading".to_owned()),
        2 => Just("```".to_owned()),
        1 => Just("~~~~".to_owned()),
        1 => Just("---".to_owned()),
        1 => Just("===".to_owned()),
        1 => Just("- item".to_owned()),
        1 => Just("  2. item".to_owned()),
        1 => Just("| a | b |".to_owned()),
        1 => Just("|--|--|".to_owned()),
        1 => Just("> ".to_owned()),
        1 => Just("> quote. Again".to_owned()),
        1 => Just("\u{c}".to_owned()),
        1 => Just("    code \t".to_owned()),
        1 => "(?s).{0,60}",
        1 => Just("A sentence of it. ".repeat(300)),
        1 => Just(" ".repeat(30)),
    ]
}

fn document() -> impl Strategy<Value = String> {
    let end = prop_oneof![6 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just("")];
    proptest::collection::vec((line(), end), 0..30).prop_map(|lines| {
        lines
            .iter()
            .flat_map(|(line, end)| [line.as_str(), end])
            .collect()
    })
}

/// A block of Markdown of at most 80 characters, and whether it must stay whole.
fn block() -> impl Strategy<Value = (String, bool)> {
    prop_oneof![
        3 => "[A-Z][a-z]{0,9}( [a-z]{1,9}){0,6}\\.( [A-Z][a-z]{1,6}\\.){0,20}".prop_map(|text| (text + "\n", false)),
        2 => "(```|~~~)(rust)?\n([a-z #|-]{0,12}\n){0,4}".prop_map(|text| (format!("{text}{}\n", &text[..3]), true)),
        2 => "(- [a-z]{1,8}\n){1,3}(- [a-z]{1,8}\n  [a-z]{1,8}\n)?".prop_map(|text| (text, true)),
        1 => "(1\\. [a-z]{1,8}\n\n){1,3}1\\. [a-z]{1,8}\n".prop_map(|text| (text, true)),
        1 => "\\| a \\| b \\|\n\\|---\\|---\\|\n(\\| [a-z]{1,5} \\| x \\|\n){0,4}".prop_map(|text| (text, true)),
    ]
}

fn without_white_space(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .collect()
}

#[test]
fn white_space_that_is_not_ascii_stays_where_it_is() {
    // Found by fuzzing: a line of such white space counted as content, so that it could become a piece of its own, which is left out.
    for space in ["\u{a0}", "\u{b}", "\u{3000}", "\u{2003}"] {
        let text = format!("y          !  {space}                \n\n\n\n# Title\n\nText.\n");
        for limit in 24..60 {
            assert_eq!(
                texts(&whole(markdown(limit), text.as_bytes())).concat(),
                text
            );
        }
    }
}

#[test]
fn a_piece_is_not_cut_to_no_break_spaces() {
    // Found by fuzzing: what such a space and a tab were cut to was white space alone, and left out.
    let text = "one two\u{a0}\tthree\u{202f} four";
    for limit in 4..20 {
        for kind in [DocumentKind::Plain, DocumentKind::Markdown] {
            let pieces = whole(Documents::new(kind, limit, characters), text.as_bytes());
            assert_eq!(texts(&pieces).concat(), text, "{limit}");
        }
    }
    let text = "$$$$$$\u{a0}\t$$$$$$";
    assert_eq!(texts(&whole(plain(6), text.as_bytes())).concat(), text);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_character_is_lost_and_every_piece_fits(text in document(), limit in 1..200_u64, kind in any::<bool>(), counts in any::<bool>()) {
        let kind = if kind { DocumentKind::Markdown } else { DocumentKind::Plain };
        let count = if counts { estimate } else { characters };
        let got = whole(Documents::new(kind, limit, count), text.as_bytes());
        let pieces = texts(&got);
        let joined = pieces.concat();
        prop_assert_eq!(without_white_space(&joined), without_white_space(&text));
        // The longest run of white space fits into any piece, so that only the end of the document may be left out.
        let run = text.split(|character: char| !character.is_whitespace()).map(count).max().unwrap();
        if run < limit {
            prop_assert!(text.strip_prefix(&joined).is_some_and(|rest| rest.trim().is_empty()), "{:?}", pieces);
        }
        for piece in &pieces {
            prop_assert!(!piece.trim().is_empty());
            prop_assert!(count(piece) <= limit || piece.chars().count() == 1, "{:?}", piece);
        }
        // The lines are those of the places where the pieces stand.
        let mut rest = text.as_str();
        for (got, piece) in got.iter().zip(&pieces) {
            let Got::Record(line, _) = got else { break };
            if run < limit {
                let before = &text[..text.len() - rest.len()];
                let ends = before.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
                prop_assert_eq!(*line, ends + 1);
                rest = &rest[piece.len()..];
            }
        }
    }

    #[test]
    fn what_fits_stays_whole_and_headings_with_their_text(
        blocks in proptest::collection::vec((block(), prop_oneof![2 => Just(""), 1 => Just("## A heading\n\n"), 1 => Just("Setext\n---\n")], any::<bool>()), 1..12),
    ) {
        let mut text = String::new();
        for ((block, solid), heading, tight) in &blocks {
            // Code may follow a paragraph without a blank line; a list after a list would be one list.
            if !(*tight && block.starts_with(['`', '~']) && heading.is_empty()) {
                text += "\n";
            }
            text += heading;
            text += if *solid && heading.is_empty() && block.starts_with(['-', '1']) { "Before it.\n\n" } else { "" };
            text += block;
        }
        let pieces = texts(&whole(markdown(90), text.as_bytes()));
        prop_assert_eq!(pieces.concat(), text.clone());
        let mut start = 0;
        for ((block, solid), heading, _) in &blocks {
            let at = start + text[start..].find(block.as_str()).unwrap();
            start = at + block.len();
            let mut end = 0;
            for piece in &pieces {
                end += piece.len();
                prop_assert!(!solid || end <= at || end >= start, "{block} in {pieces:#?}");
                // Between a heading and a paragraph; what must stay whole may be torn from it.
                prop_assert!(*solid || heading.is_empty() || end <= at - heading.len() || end > at, "{block} in {pieces:#?}");
            }
        }
    }

    #[test]
    fn cutting_changes_nothing(text in document(), noise in proptest::collection::vec(any::<u8>(), 0..50), limit in 1..100_u64,
        sizes in proptest::collection::vec(0..60_usize, 0..60), kind in any::<bool>()) {
        let kind = if kind { DocumentKind::Markdown } else { DocumentKind::Plain };
        let bytes = [text.as_bytes(), &noise, text.as_bytes()].concat();
        let all = whole(Documents::new(kind, limit, estimate), &bytes);
        prop_assert_eq!(&cut(Documents::new(kind, limit, estimate), &bytes, &sizes), &all);
        prop_assert_eq!(&bytewise(Documents::new(kind, limit, estimate), &bytes), &all);
        prop_assert!(!all.is_empty());
    }

    #[test]
    fn any_bytes_end_and_are_handed_on(bytes in proptest::collection::vec(any::<u8>(), 0..3_000), limit in 1..500_u64) {
        let all = whole(Documents::new(DocumentKind::Markdown, limit, estimate), &bytes);
        prop_assert!(!all.is_empty());
        // Bytes over 0x7f are kept as they are, all of them in their order, but for white space alone.
        let is_space = |character: char| !character.is_ascii() && character.is_whitespace();
        prop_assume!(!String::from_utf8_lossy(&bytes).contains(is_space));
        let high = |bytes: &[u8]| bytes.iter().copied().filter(|byte| *byte > 0x7f).collect::<Vec<_>>();
        let joined: Vec<u8> = records(&all).concat();
        prop_assert_eq!(high(&joined), high(&bytes));
    }
}
