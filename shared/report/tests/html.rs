//! The page: what a person reads first, that it is HTML without a fault, and that nothing in a file can become markup.
#![allow(clippy::unwrap_used)]
mod common;

use base64::Engine as _;
use html5gum::{Token, Tokenizer};
use perennial_core::money::Usd;
use perennial_dataset::{EXCERPT, Excerpt, LISTED, SAMPLE, SAMPLES, Sample, Summary};
use perennial_report::{
    Check,
    html::{BYTES_A_FILE, Cost, File, Page, page},
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const RULES: &str = "https://example.com/docs/rules.md";

fn one(summary: &Summary) -> String {
    page(&Page {
        files: vec![File::checked(summary)],
        rules: Some(RULES),
        ..Page::default()
    })
}

/// A file with everything that can be said of it.
fn said_of<'a>(summary: &'a Summary, said: &'a [String]) -> File<'a> {
    File {
        version: Some(&summary.name),
        status: Some("accepted"),
        message: &summary.name,
        notes: said,
        cost: Some(Cost {
            lines: said,
            sum: Usd::from_micros(1_234_567),
        }),
        ..File::checked(summary)
    }
}

/// Everything that a page can have.
fn everything(summary: &Summary, said: &[String]) -> String {
    let configurations = common::configurations(&summary.name);
    page(&Page {
        files: vec![
            said_of(summary, said),
            File {
                name: &summary.name,
                status: Some(&summary.target.source),
                ..File::default()
            },
        ],
        configurations: &configurations,
        notes: said,
        rules: Some(RULES),
    })
}

/// The tags with their attributes' names, and where there is text between them. Fails where HTML5's tokenizer sees a fault.
fn skeleton(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    for token in Tokenizer::new(page) {
        match token.unwrap() {
            Token::StartTag(tag) => {
                let mut attributes: Vec<_> =
                    tag.attributes.keys().map(|name| name_of(name)).collect();
                attributes.sort();
                tags.push(format!("<{} {}>", name_of(&tag.name), attributes.join(" ")));
            }
            Token::EndTag(tag) => tags.push(format!("</{}>", name_of(&tag.name))),
            Token::Comment(comment) => panic!("a comment: {comment:?}"),
            Token::Error(error) => panic!("no valid HTML: {error:?}"),
            Token::String(_) | Token::Doctype(_) => {}
        }
    }
    tags
}

fn name_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The page's text without its markup; each element on a line of its own.
fn text(page: &str) -> String {
    let (_, body) = page.split_once("<body>").unwrap();
    let mut lines = String::new();
    for token in Tokenizer::new(body) {
        match token.unwrap() {
            Token::String(text) => lines.push_str(&name_of(&text)),
            Token::StartTag(tag) if BLOCKS.contains(&name_of(&tag.name).as_str()) => {
                lines.push('\n')
            }
            Token::StartTag(tag) if matches!(&tag.name[..], b"th" | b"td" | b"dd") => {
                lines.push_str(" | ")
            }
            Token::StartTag(tag) if tag.name[..] == *b"mark" => lines.push('['),
            Token::EndTag(tag) if tag.name[..] == *b"mark" => lines.push(']'),
            _ => {}
        }
    }
    lines
}

const BLOCKS: [&str; 12] = [
    "h1", "h2", "h3", "p", "tr", "dt", "li", "pre", "caption", "nav", "section", "footer",
];

#[test]
fn a_person_reads_the_verdict_then_why_and_what_to_do() {
    let mut read = text(&one(&common::full()));
    for rule in perennial_dataset::rules() {
        let asks = format!("{}Source: {}", rule.summary, rule.source);
        read = read.replace(&asks, "(what the rule asks, and its source)");
    }
    insta::assert_snapshot!("a rejected file", read);
}

#[test]
fn several_files_stand_on_one_page_with_a_table_of_contents() {
    let mut files = common::compiled();
    files.retain(|file| ["good.jsonl", "empty.jsonl", "questions.jsonl"].contains(&&*file.name));
    let check = Check {
        files,
        configurations: common::configurations("bot.toml"),
        notes: vec!["Nova Micro needs at least 8 training records in a job; here are 2.".into()],
        ..Check::default()
    };
    let several = page(&Page::from(&check));
    skeleton(&several);
    let read = text(&several);
    let (contents, _) = read
        .split_once("Held against")
        .unwrap_or_else(|| read.split_once("Counts").unwrap());
    insta::assert_snapshot!("contents of several files", contents);
    for index in 1..=check.files.len() + check.configurations.len() {
        assert!(several.contains(&format!("href=\"#file-{index}\"")));
        assert!(several.contains(&format!("id=\"file-{index}\"")));
    }
}

#[test]
fn an_upload_is_told_in_its_own_words_also_where_no_file_was_read() {
    let notes = ["The version of 2026-11-20 stays in force.".to_owned()];
    let withdrawn = page(&Page {
        files: vec![File {
            name: "data/bot/old.jsonl",
            version: Some("3HL4kqtJvjVBH40Nrjfkd"),
            status: Some("withdrawn"),
            message: "the object was deleted: no later dataset holds it",
            notes: &notes,
            ..File::default()
        }],
        ..Page::default()
    });
    skeleton(&withdrawn);
    insta::assert_snapshot!("a withdrawn upload", text(&withdrawn));
}

#[test]
fn a_rule_is_linked_to_its_place_and_only_an_id_is_a_link() {
    let mut summary = common::full();
    summary.findings[0].rule = "\"><script>".into();
    let page = one(&summary);
    assert!(page.contains("<a href=\"https://example.com/docs/rules.md#forbidden-string\""));
    assert_eq!(
        page.matches("rules.md#").count(),
        5,
        "two findings and three rows"
    );
    assert!(!page.contains("<script"));
}

#[test]
fn the_page_stands_alone_and_its_policy_allows_its_style_only() {
    let page = everything(&common::full(), &["said".to_owned()]);
    let (_, style) = page.split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'");
    assert!(
        page.contains(&policy),
        "write sha256-{hash} into STYLE_HASH in src/html/mod.rs"
    );
    for tag in skeleton(&page) {
        let name = tag[1..].split([' ', '>']).next().unwrap();
        assert!(
            ![
                "script", "link", "img", "iframe", "object", "embed", "form", "base"
            ]
            .contains(&name),
            "{tag}"
        );
        for attribute in ["style", "src", "srcset", "background", "onload", "onclick"] {
            assert!(!tag.contains(&format!(" {attribute}")), "{tag}");
        }
    }
    for outside in ["url(", "@import", "http:"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_part_that_is_meant_is_marked_wherever_it_is_said_to_be() {
    let mut summary = common::full();
    assert!(one(&summary).contains("É <mark>System:</mark> &lt;b&gt;be kind"));
    for (from, to) in [(0, 0), (5, 3), (usize::MAX, 0), (59, usize::MAX)] {
        summary.findings[1].excerpt.as_mut().unwrap().from = from;
        summary.findings[1].excerpt.as_mut().unwrap().to = to;
        assert_eq!(one(&summary).matches("<mark>").count(), 1);
    }
}

/// The largest page that a summary can make: every text far too long, and of the character that grows most.
#[test]
fn a_page_is_bounded_whatever_a_summary_contains() {
    for character in ['\u{e0001}', '"', '\u{10ffff}', 'é'] {
        let long: String = std::iter::repeat_n(character, 5_000).collect();
        let mut summary = common::full();
        summary.findings[1].path = "$.prompt".into();
        let finding = summary.findings[1].clone();
        summary.findings = vec![finding; LISTED * 3];
        summary.samples = vec![
            Sample {
                line: u64::MAX,
                record: String::new()
            };
            SAMPLES * 3
        ];
        let mut summary = common::rewritten(&summary, |_| long.clone());
        summary.finding_counts = (0..400).map(|n| (format!("{n}{long}"), u64::MAX)).collect();
        for finding in &mut summary.findings {
            finding.excerpt = Some(Excerpt {
                text: long.clone(),
                from: 1_000,
                to: 3_000,
                column: u64::MAX,
                converted: false,
            });
        }
        let said = vec![long.clone(); 200];
        let alone = page(&Page {
            files: vec![said_of(&summary, &said)],
            notes: &said,
            ..Page::default()
        });
        assert!(
            alone.len() < BYTES_A_FILE,
            "{} bytes of {character:?}",
            alone.len()
        );
        let all = everything(&summary, &said).len();
        assert!(
            all < 6 * BYTES_A_FILE,
            "{all} bytes of {character:?}, in five files and what they have in common"
        );
    }
    // What the bounds above are made for.
    const { assert!(EXCERPT <= 120 && SAMPLE <= 2_000 && LISTED <= 100 && SAMPLES <= 5) };
}

/// Texts that would do harm if they were taken for markup, and any other.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        prop::sample::select(vec![
            "<",
            ">",
            "\"",
            "'",
            "&",
            "=",
            "/",
            "`",
            " ",
            "\0",
            "\r",
            "\n",
            "\t",
            "\u{85}",
            "\u{202e}",
            "\u{ffff}",
            "<script>",
            "</script>",
            "</style>",
            "</title>",
            "<!--",
            "-->",
            "]]>",
            "&lt;",
            "&#60;",
            "&#x3c",
            "&quot",
            "\" onload=\"x",
            "' style='",
            "javascript:alert(1)",
            "<svg/onload=x>",
            "<a href=//x>",
            "<br",
            "</pre><p",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        ".{0,8}",
    ];
    prop::collection::vec(pieces, 1..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// The same tags with the same attributes as if every text were a plain one: so no text opened a tag or an attribute. The point
    /// at the end is in no id and in no path, so that the same things are links in both.
    #[test]
    fn no_text_of_a_file_becomes_markup(texts in prop::collection::vec(hostile(), 1..40)) {
        let mut next = texts.iter().cycle().enumerate();
        let evil = common::rewritten(&common::full(), |_| {
            let (number, text) = next.next().unwrap();
            format!("{text}{number}.")
        });
        let mut number = 0;
        let plain = common::rewritten(&evil, |_| {
            number += 1;
            format!("x{number}.")
        });
        let said = vec!["x".to_owned(); texts.len()];
        prop_assert_eq!(skeleton(&everything(&evil, &texts)), skeleton(&everything(&plain, &said)));
    }

    /// Bytes as they lie in a file, through the compiler and onto the page.
    #[test]
    fn any_file_ends_in_a_page_without_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..300), lines in prop::collection::vec(hostile(), 0..6)) {
        let text = lines.iter().map(|line| format!("{{\"prompt\": {line}\"}}\n{}\n", serde_json::json!({"prompt": line, line: line, "completion": line}))).collect::<String>();
        for file in [bytes.as_slice(), text.as_bytes()] {
            skeleton(&one(&common::compile("x.jsonl", common::training(), file)));
        }
    }
}

#[test]
fn a_findings_rule_leads_to_what_it_asks_on_the_page_itself_where_nobody_knows_the_page_of_the_rules()
 {
    let summary = common::full();
    let two = page(&Page {
        files: vec![File::checked(&summary), File::checked(&summary)],
        ..Page::default()
    });
    skeleton(&two);
    for (file, rule) in [1, 2]
        .into_iter()
        .flat_map(|file| summary.finding_counts.keys().map(move |rule| (file, rule)))
    {
        let place = format!("file-{file}-{rule}");
        assert_eq!(
            two.matches(&format!("id=\"{place}\"")).count(),
            1,
            "{place}"
        );
        let listed = summary
            .findings
            .iter()
            .filter(|finding| finding.rule == *rule);
        let links = two.matches(&format!("href=\"#{place}\"")).count();
        assert_eq!(links, listed.count(), "{place}");
    }
}
