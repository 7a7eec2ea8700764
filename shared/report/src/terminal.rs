//! A summary as text for a terminal: each finding with its line of the file, and the part that is meant underlined.
use std::fmt::Write as _;

use annotate_snippets::{
    AnnotationKind, Level, Origin, Renderer, Snippet,
    renderer::{AnsiColor, DecorStyle},
};
use perennial_dataset::{Finding, LISTED, Severity, Summary};

use crate::{
    fit::{columns_of, cropped, wrapped},
    shown::{Shown, label, name, parts, words},
    words::{count, grouped},
};

/// Lines are never made narrower than this: a finding would be hard to read.
const NARROWEST: usize = 60;
/// Nor wider: longer lines are hard to read as well.
const WIDEST: usize = 140;

/// Stands where something is put in later. No text that is shown contains it, as control characters are escaped.
const PLACE: &str = "\u{1}";

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Colours, as ANSI escape codes. The text says the same without them.
    pub colour: bool,
    /// Lines drawn by Unicode's box characters, not by ASCII.
    pub unicode: bool,
    /// Columns; held between 60 and 140.
    pub width: usize,
}

impl Default for Look {
    /// What any terminal can show.
    fn default() -> Self {
        Self {
            colour: false,
            unicode: false,
            width: 80,
        }
    }
}

/// The summary as a person reads it in a terminal. It ends with a line feed, and no line is wider than `look` says but for text that was
/// copied from the file and cannot be cut there.
#[must_use]
pub fn text(summary: &Summary, look: Look) -> String {
    let look = Look {
        width: look.width.clamp(NARROWEST, WIDEST),
        ..look
    };
    let mut text = head(summary, look);
    let renderer = renderer(look);
    for finding in summary.findings.iter().take(LISTED) {
        let shown = snippet(finding, &summary.name, look, &renderer);
        // The renderer pads some lines.
        for line in shown.lines() {
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }
    let rest = unlisted(summary);
    if rest.is_empty() {
        text.truncate(text.trim_end().len());
        text.push('\n');
    } else {
        let _ = writeln!(
            text,
            "{}",
            wrapped(&format!("not listed: {rest}"), look.width)
        );
    }
    text
}

fn renderer(look: Look) -> Renderer {
    let renderer = if look.colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer
        .term_width(look.width)
        .decor_style(if look.unicode {
            DecorStyle::Unicode
        } else {
            DecorStyle::Ascii
        })
}

/// The verdict, what the file was held against, and the numbers.
fn head(summary: &Summary, look: Look) -> String {
    let (verdict, colour) = if summary.is_accepted() {
        ("accepted", AnsiColor::Green)
    } else {
        ("rejected", AnsiColor::Red)
    };
    let kinds: Vec<String> = [&summary.shape, &summary.compression]
        .into_iter()
        .flatten()
        .map(|kind| label(kind).to_string())
        .collect();
    let kinds = if kinds.is_empty() {
        String::new()
    } else {
        format!(" ({})", kinds.join(", "))
    };
    let first = one_line(&name(&summary.name));
    let first = format!("{first}: {PLACE}{verdict}{PLACE}{kinds}");
    let mut text = wrapped(&first, look.width);
    text.push('\n');
    let (mut on, mut off) = (String::new(), String::new());
    if look.colour {
        let style = colour.on_default().bold();
        (on, off) = (style.render().to_string(), style.render_reset().to_string());
    }
    text = text.replacen(PLACE, &on, 1).replacen(PLACE, &off, 1);
    let target = &summary.target;
    let against: Vec<String> = [
        target.model.as_deref(),
        target.technique.as_deref(),
        Some(&target.shape),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .map(|part| one_line(&label(part)))
    .collect();
    if !against.is_empty() {
        let line = format!("held against: {}", against.join(", "));
        let _ = writeln!(text, "{}", wrapped(&line, look.width));
    }
    let numbers = format!(
        "{}, {}, {} dropped, at most about {}; {}, {}",
        count(summary.lines, "line"),
        count(summary.records, "record"),
        count(summary.duplicates, "duplicate"),
        summary.tokens(),
        count(summary.errors, "error"),
        count(summary.warnings, "warning"),
    );
    let _ = writeln!(text, "{}\n", wrapped(&numbers, look.width));
    text
}

fn snippet(finding: &Finding, file: &str, look: Look, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let rule = one_line(&label(&finding.rule));
    let path = match finding.path.as_str() {
        "" | "$" => None,
        path => Some(one_line(&label(path))),
    };
    let excerpt = finding.excerpt.as_ref().filter(|_| finding.line > 0);
    // Beside the part that is meant, where there is room.
    let beside = path
        .clone()
        .filter(|path| excerpt.is_some() && columns_of(path) <= look.width / 3);
    let mut found = one_line(&words(&finding.found));
    if let (Some(path), None) = (path, &beside) {
        found = format!("{path}: {found}");
    }
    // What the renderer sets before a text: `error[rule]: `, and `17 | = help: ` with a space for each.
    let before_title = finding.severity.as_str().len() + columns_of(&rule) + 4;
    let before_help = finding.line.to_string().len() + 9;
    let help = Level::HELP.message(fitted(
        &one_line(&words(&finding.fix)),
        look.width,
        before_help,
    ));
    let title = level
        .primary_title(fitted(&found, look.width, before_title))
        .id(rule);
    let line = usize::try_from(finding.line).unwrap_or(usize::MAX);
    let file = one_line(&name(file));
    let Some(excerpt) = excerpt else {
        let mut origin = Origin::path(file);
        if line > 0 {
            origin = origin.line(line);
        }
        return renderer.render(&[title.element(origin).element(help)]);
    };
    // Before the line stand its number and ` | `, and a mark of nothing is one column wide; beside the mark stand a space and the path.
    let room = look
        .width
        .saturating_sub(finding.line.to_string().len() + 4);
    let label_room = beside.as_deref().map_or(0, |path| columns_of(path) + 1);
    let mark = if look.unicode { "…" } else { "..." };
    let whole = parts(excerpt).map(|part| one_line(&part));
    let [before, part, after] = cropped(whole, room, label_room, mark);
    let part_at = before.len()..before.len() + part.len();
    let marked = AnnotationKind::Primary.span(part_at).label(beside);
    let piece = Snippet::source(format!("{before}{part}{after}"))
        .path(PLACE)
        .line_start(line)
        .annotation(marked);
    // The renderer counts columns from the start of the piece.
    let shown = renderer.render(&[title.element(piece).element(help)]);
    let there = format!("{PLACE}:{line}:{}", before.chars().count() + 1);
    let place = if excerpt.converted {
        // Its columns are none of the file's.
        format!("{file}:{line} (the record that begins there, as it was converted)")
    } else {
        format!("{file}:{line}:{}", excerpt.column)
    };
    shown.replacen(&there, &place, 1)
}

/// Rules with findings that are not listed: `extra-member 1,200, empty-prompt 3`.
fn unlisted(summary: &Summary) -> String {
    let mut left = summary.finding_counts.clone();
    for finding in summary.findings.iter().take(LISTED) {
        if let Some(left) = left.get_mut(&finding.rule) {
            *left = left.saturating_sub(1);
        }
    }
    let left = left.iter().filter(|(_, left)| **left > 0);
    let rules: Vec<String> = left
        .map(|(rule, left)| format!("{} {}", one_line(&label(rule)), grouped(*left)))
        .collect();
    rules.join(", ")
}

/// The text on one line.
fn one_line(text: &Shown<'_>) -> String {
    text.to_string().replace(['\n', '\t'], " ")
}

/// The text in lines that leave room for what stands before it.
fn fitted(text: &str, width: usize, before: usize) -> String {
    wrapped(text, width.saturating_sub(before).max(NARROWEST / 3))
}
