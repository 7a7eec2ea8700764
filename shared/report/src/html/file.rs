//! What a page says of one file: the verdict first, then what it was held against, the findings, and how the records are.
use maud::{Markup, html};
use perennial_dataset::{IMAGE_TOKENS, SAMPLE, SAMPLES, Summary, Target};

use super::{Cost, File, NOTES, Standing, findings, heading, lengths, notes};
use crate::{
    shown::{Shown, label, name, words},
    words::{bytes, count, grouped},
};

/// The file's part of the page; `rank` is that of its heading.
pub(super) fn section(file: &File<'_>, index: usize, rank: u8, rules: Option<&str>) -> Markup {
    let part = |title: &str| heading(rank + 1, &html! { (title) });
    html! {
        section id={ "file-" (index + 1) } class="file" {
            (heading(rank, &html! { bdi { (name(file.name)) } }))
            (verdict(file))
            @if let Some(version) = file.version { p { "Version " code { (name(version)) } } }
            (notes(file.notes))
            @if let Some(summary) = file.summary {
                @if summary.target != Target::default() { (part("Held against")) (target(&summary.target)) }
                (part("Counts")) (counts(summary))
                (part("Findings")) (findings::list(summary, index, rules))
                @if !summary.finding_counts.is_empty() {
                    (part("Findings by rule")) (findings::by_rule(summary, index, rules))
                }
                (part("Lengths")) (lengths::all(&summary.statistics))
                (part("Tokens and cost")) (cost(summary, file.cost.as_ref()))
                (part("Sample records")) (samples(summary))
            }
        }
    }
}

fn verdict(file: &File<'_>) -> Markup {
    html! {
        p class="verdict" {
            (Standing::of(file).markup())
            @if !file.message.is_empty() {
                ": " span class="said" { (words(file.message)) }
            } @else if let Some(summary) = file.summary {
                ": " (sentence(summary))
            }
        }
    }
}

fn sentence(summary: &Summary) -> String {
    let warnings = match summary.warnings {
        0 => String::new(),
        warnings => format!(" {} to look at.", count(warnings, "warning")),
    };
    if summary.is_accepted() {
        format!(
            "{} can be used.{warnings}",
            count(summary.records, "record")
        )
    } else {
        let errors = count(summary.errors, "error");
        format!("nothing of this file is used. {errors} to mend.{warnings}")
    }
}

fn target(target: &Target) -> Markup {
    html! {
        dl {
            (fact("Model", target.model.as_deref().unwrap_or("none named")))
            (fact("Technique", target.technique.as_deref().unwrap_or("none named")))
            (fact("Compiled to", &target.shape))
            (fact("Limits from", &target.source))
        }
    }
}

fn counts(summary: &Summary) -> Markup {
    html! {
        dl {
            @if let Some(shape) = &summary.shape { (fact("Shape of the records", shape)) }
            @if let Some(compression) = &summary.compression { (fact("Compressed by", compression)) }
            (fact("Lines", &grouped(summary.lines)))
            (fact("Records written", &grouped(summary.records)))
            (fact("Duplicates dropped", &grouped(summary.duplicates)))
            (fact("Same prompt, other completion", &grouped(summary.conflicts)))
            (fact("Errors", &grouped(summary.errors)))
            (fact("Warnings", &grouped(summary.warnings)))
            (fact("Size", &bytes(summary.bytes_read)))
            @if summary.compression.is_some() { (fact("Decompressed", &bytes(summary.bytes_decompressed))) }
        }
    }
}

fn fact(what: &str, value: &str) -> Markup {
    html! {
        div {
            dt { (what) }
            dd { @if value.is_empty() { "not known" } @else { (label(value)) } }
        }
    }
}

fn cost(summary: &Summary, cost: Option<&Cost<'_>>) -> Markup {
    html! {
        p {
            "At most about " strong { (summary.tokens()) } " in the records written. "
            "This is an estimate that errs high: one token for every 3 ASCII characters, one for every other character, and "
            (grouped(IMAGE_TOKENS)) " for an image."
        }
        @if let Some(cost) = cost {
            table {
                caption { "What training would cost, estimated and rounded up" }
                thead { tr { th scope="col" { "What it is made of" } } }
                tbody { @for line in cost.lines.iter().take(NOTES) { tr { td { (words(line)) } } } }
                tfoot { tr { th scope="row" { "Sum: " (cost.sum.to_string()) } } }
            }
        }
    }
}

fn samples(summary: &Summary) -> Markup {
    html! {
        @if summary.samples.is_empty() {
            p { "None: no record was written." }
        } @else {
            p { "The first records as they were compiled, each cut after " (grouped(SAMPLE as u64)) " characters." }
            ol class="samples" {
                @for sample in summary.samples.iter().take(SAMPLES) {
                    li {
                        p class="place" { "line " (grouped(sample.line)) }
                        // One more for the mark that the compiler sets where it cut.
                        pre { code { (Shown::new(&sample.record, SAMPLE + 1)) } }
                    }
                }
            }
        }
    }
}
