//! The findings of a file, listed and by rule.
use maud::{Markup, html};
use perennial_dataset::{Excerpt, Finding, LISTED, Severity, Summary, rules};

use crate::{
    shown::{label, parts, words},
    words::{count, grouped},
};

/// How many rules the table has room for; there are fewer.
const RULES: usize = 250;

/// Each finding that the summary lists.
pub(super) fn list(summary: &Summary, file: usize, rules: Option<&str>) -> Markup {
    let listed = summary.findings.len().min(LISTED);
    let all: u64 = summary
        .finding_counts
        .values()
        .fold(0, |sum: u64, count| sum.saturating_add(*count));
    html! {
        @if listed == 0 {
            p { "None." }
        } @else {
            @if all > listed as u64 {
                p { "The first " (listed) " of " (grouped(all)) "; the table below counts all of them." }
            }
            ol class="findings" {
                @for finding in summary.findings.iter().take(LISTED) { (one(finding, file, rules)) }
            }
        }
    }
}

fn one(finding: &Finding, file: usize, rules: Option<&str>) -> Markup {
    let severity = finding.severity.as_str();
    html! {
        li {
            p {
                strong class=(severity) { (severity) } " " (rule(&finding.rule, rules, Some(file))) " "
                span class="place" { (place(finding)) }
                @if !matches!(finding.path.as_str(), "" | "$") { " " code { (label(&finding.path)) } }
            }
            p class="said" { (words(&finding.found)) }
            @if let Some(excerpt) = &finding.excerpt { (marked(excerpt)) }
            p class="said" { b { "Fix: " } (words(&finding.fix)) }
        }
    }
}

fn place(finding: &Finding) -> String {
    match (finding.line, &finding.excerpt) {
        (0, _) => "the whole file".to_owned(),
        (line, Some(excerpt)) if excerpt.converted => {
            format!(
                "line {}, as the record that begins there was converted",
                grouped(line)
            )
        }
        (line, Some(excerpt)) => {
            format!("line {}, column {}", grouped(line), grouped(excerpt.column))
        }
        (line, None) => format!("line {}", grouped(line)),
    }
}

/// The excerpt with its part marked: underlined as well as coloured, and as an element that says so.
fn marked(excerpt: &Excerpt) -> Markup {
    let [before, part, after] = parts(excerpt);
    html! { pre { code { (before) mark { (part) } (after) } } }
}

/// How often each rule was breached, with what is not listed, and what the rule asks.
pub(super) fn by_rule(summary: &Summary, file: usize, base: Option<&str>) -> Markup {
    html! {
        div class="wide" role="region" tabindex="0" aria-label="Findings by rule" {
            table {
                caption { (count(summary.finding_counts.len() as u64, "rule")) " breached" }
                thead {
                    tr {
                        th scope="col" { "Rule" }
                        th scope="col" { "Severity" }
                        th scope="col" class="number" { "Findings" }
                        th scope="col" class="number" { "Not listed" }
                        th scope="col" { "What it asks" }
                    }
                }
                tbody {
                    @for (id, number) in summary.finding_counts.iter().take(RULES) {
                        @let known = rules().iter().find(|rule| rule.id == id);
                        @let listed = summary.findings.iter().take(LISTED).filter(|finding| finding.rule == *id);
                        @let seen = listed.clone().next().map(|finding| finding.severity);
                        tr {
                            th scope="row" id=[is_id(id).then(|| place_of(file, id))] { (rule(id, base, None)) }
                            td { (seen.or(known.map(|rule| rule.severity)).map_or("not known", Severity::as_str)) }
                            td class="number" { (grouped(*number)) }
                            td class="number" { (grouped(number.saturating_sub(listed.count() as u64))) }
                            td {
                                @if let Some(rule) = known { (rule.summary) br; small { "Source: " (rule.source) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Only what can be an id is ever made a link.
fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(allowed)
}

/// Where what a rule asks stands on this page.
fn place_of(file: usize, id: &str) -> String {
    format!("file-{}-{id}", file + 1)
}

/// A rule's id, linked to its place on the rules' page; where nobody knows that page, to the row of this one's table.
fn rule(id: &str, base: Option<&str>, file: Option<usize>) -> Markup {
    html! {
        @match (base.filter(|_| is_id(id)), file.filter(|_| is_id(id))) {
            (Some(base), _) => a href={ (base) "#" (id) } rel="noreferrer" { code { (id) } },
            (None, Some(file)) => a href={ "#" (place_of(file, id)) } { code { (id) } },
            (None, None) => code { (label(id)) },
        }
    }
}
