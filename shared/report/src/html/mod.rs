//! One self-contained page for people: no script, nothing loaded from elsewhere, readable on a phone, in the dark and on paper.
//!
//! It is written beside the report of an upload, and by `perennial check --html`. Its policy (`Content-Security-Policy`) allows its one
//! stylesheet and nothing else, so that even a mistake in the escaping could run nothing.
mod file;
mod findings;
mod lengths;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use perennial_core::money::Usd;
use perennial_dataset::{Summary, Verdict};

use crate::{
    Check, Configuration,
    shown::{name, words},
    words::count,
};

/// A page has at most so many bytes for each file and each configuration, whatever they contain, and once more for all the rest. What the
/// compiler writes stays far below.
pub const BYTES_A_FILE: usize = 12 << 20;
/// How many notes and lines of a cost are shown.
const NOTES: usize = 50;

const STYLE: &str = include_str!("style.css");
/// The SHA-256 of [`STYLE`], which a test holds it to.
const STYLE_HASH: &str = "sha256-NhbBb4p3I6WviAyHCizVl+8JZXNd8P+BavNcYMSqaC8=";

/// What a page shows.
#[derive(Debug, Clone, Default)]
pub struct Page<'a> {
    /// Each file that was looked at.
    pub files: Vec<File<'a>>,
    /// Each configuration that was checked with them.
    pub configurations: &'a [Configuration],
    /// What is to be said of all of them together.
    pub notes: &'a [String],
    /// Where the page of the rules (`docs/rules.md`) is to be found, without an anchor. Without it, a finding's rule
    /// is linked to the row of the page's own table that says what it asks.
    pub rules: Option<&'a str>,
}

impl<'a> From<&'a Check> for Page<'a> {
    /// The page of a check: the same as its JSON says.
    fn from(check: &'a Check) -> Self {
        Self {
            files: check.files.iter().map(File::checked).collect(),
            configurations: &check.configurations,
            notes: &check.notes,
            rules: None,
        }
    }
}

/// One file on a page.
#[derive(Debug, Clone, Default)]
pub struct File<'a> {
    /// The object's key, or the file's name.
    pub name: &'a str,
    /// The object's version, of an upload.
    pub version: Option<&'a str>,
    /// The status of an upload: `accepted`, `rejected`, `waiting`, `withdrawn`, `kept`. Without one, the summary's verdict says it.
    pub status: Option<&'a str>,
    /// The status in words, with what to do; may be empty.
    pub message: &'a str,
    /// Further lines.
    pub notes: &'a [String],
    /// What was found in the file, if it was read.
    pub summary: Option<&'a Summary>,
    /// What training on it would cost.
    pub cost: Option<Cost<'a>>,
}

impl<'a> File<'a> {
    /// A file that was checked and not uploaded.
    #[must_use]
    pub fn checked(summary: &'a Summary) -> Self {
        Self {
            name: &summary.name,
            summary: Some(summary),
            ..Self::default()
        }
    }
}

/// An estimate of what training on a file would cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost<'a> {
    /// How the sum came about, as [`perennial_core::prices::Estimate::lines`] says it.
    pub lines: &'a [String],
    /// The sum.
    pub sum: Usd,
}

/// How a file stands, in a word and a mark: never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing<'a> {
    Accepted,
    Rejected,
    /// A status of an upload that is neither.
    Other(&'a str),
}

impl<'a> Standing<'a> {
    fn of(file: &File<'a>) -> Self {
        match (file.status, file.summary) {
            (Some("accepted"), _) => Self::Accepted,
            (Some("rejected"), _) => Self::Rejected,
            (Some(other), _) => Self::Other(other),
            (None, Some(summary)) if summary.verdict == Verdict::Accepted => Self::Accepted,
            (None, Some(_)) => Self::Rejected,
            (None, None) => Self::Other("not read"),
        }
    }

    fn of_configuration(configuration: &Configuration) -> Self {
        if configuration.is_good() {
            Self::Accepted
        } else {
            Self::Rejected
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Other(_) => "other",
        }
    }

    /// The word for it, where it is one of ours.
    fn word(self) -> &'a str {
        match self {
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Other("waiting") => "Waiting",
            Self::Other("withdrawn") => "Withdrawn",
            Self::Other("kept") => "Kept",
            Self::Other(word) => word,
        }
    }

    fn markup(self) -> Markup {
        let mark = match self {
            Self::Accepted => "✓",
            Self::Rejected => "✗",
            Self::Other(_) => "•",
        };
        html! { strong class={ "standing " (self.class()) } { span aria-hidden="true" { (mark) " " } (words(self.word())) } }
    }
}

/// The page as one HTML document of bounded size ([`BYTES_A_FILE`]).
#[must_use]
pub fn page(page: &Page<'_>) -> String {
    let alone = page.files.len() + page.configurations.len() == 1;
    let body = if alone {
        html! {
            @for one in &page.files { (file::section(one, 0, 1, page.rules)) }
            @for one in page.configurations { (configuration(one, 0, 1)) }
            (notes(page.notes))
        }
    } else {
        several(page)
    };
    let title = match (page.files.as_slice(), page.configurations) {
        ([one], []) => html! { (words(Standing::of(one).word())) ": " (name(one.name)) },
        ([], [one]) => html! { (Standing::of_configuration(one).word()) ": " (name(&one.name)) },
        _ => html! { (verdicts(page)) },
    };
    let policy = format!(
        "default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'"
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                footer {
                    p { "Written by Perennial. What each rule asks: " code { "docs/rules.md" } " or " code { "perennial rules" } ". The same for programs: the report as JSON." }
                }
            }
        }
    }
    .into_string()
}

/// A table of contents, then each file.
fn several(page: &Page<'_>) -> Markup {
    let files = page.files.len();
    html! {
        h1 { (verdicts(page)) }
        (notes(page.notes))
        nav aria-labelledby="contents" {
            h2 id="contents" { "Contents" }
            ol {
                @for (index, one) in page.files.iter().enumerate() {
                    li {
                        (Standing::of(one).markup()) " "
                        a href={ "#file-" (index + 1) } { bdi { (name(one.name)) } }
                        @if let Some(summary) = one.summary {
                            " (" (count(summary.records, "record")) ", " (count(summary.errors, "error")) ", " (count(summary.warnings, "warning")) ")"
                        }
                    }
                }
                @for (index, one) in page.configurations.iter().enumerate() {
                    li {
                        (Standing::of_configuration(one).markup()) " "
                        a href={ "#file-" (files + index + 1) } { bdi { (name(&one.name)) } } " (configuration)"
                    }
                }
            }
        }
        @for (index, one) in page.files.iter().enumerate() { (file::section(one, index, 2, page.rules)) }
        @for (index, one) in page.configurations.iter().enumerate() { (configuration(one, files + index, 2)) }
    }
}

/// `2 of 3 files rejected`.
fn verdicts(page: &Page<'_>) -> String {
    let all = page.files.len() + page.configurations.len();
    let files = page.files.iter().map(Standing::of);
    let configurations = page.configurations.iter().map(Standing::of_configuration);
    let standings: Vec<_> = files.chain(configurations).collect();
    let number = |wanted| {
        standings
            .iter()
            .filter(|standing| **standing == wanted)
            .count()
    };
    let rejected = number(Standing::Rejected);
    match (all, rejected) {
        (0, _) => "No file was checked".to_owned(),
        (_, 0) if number(Standing::Accepted) == all => format!("All {all} files accepted"),
        _ => format!("{rejected} of {all} files rejected"),
    }
}

fn configuration(one: &Configuration, index: usize, rank: u8) -> Markup {
    html! {
        section id={ "file-" (index + 1) } class="file" {
            (heading(rank, &html! { bdi { (name(&one.name)) } }))
            p class="verdict" {
                (Standing::of_configuration(one).markup()) " (configuration)"
                @if let Some(refused) = &one.refused { ": " span class="said" { (words(refused)) } }
            }
            @if !one.errors.is_empty() {
                ol class="findings" {
                    @for error in one.errors.iter().take(perennial_core::config::ConfigErrors::MAX) {
                        li {
                            p { strong class="error" { "error" } " " span class="place" { "line " (error.line) }
                                @if !error.key.is_empty() { " " code { (words(&error.key)) } } }
                            p class="said" { (words(&error.found)) }
                            p class="said" { b { "Fix: " } (words(&error.fix)) }
                        }
                    }
                }
            }
        }
    }
}

/// Lines that someone wrote, each a paragraph.
fn notes(lines: &[String]) -> Markup {
    html! { @for line in lines.iter().take(NOTES) { p class="said" { (words(line)) } } }
}

/// A heading of the rank 1 to 3.
fn heading(rank: u8, content: &Markup) -> Markup {
    html! {
        @match rank {
            1 => h1 { (content) },
            2 => h2 { (content) },
            _ => h3 { (content) },
        }
    }
}
