//! How long the records are: tables whose rows have a bar each, so that the figure and its text are the same thing.
use maud::{Markup, html};
use perennial_dataset::{Bin, Spread, Statistics};

use crate::words::{count, grouped};

/// More than a spread of 64-bit numbers can have.
const BINS: usize = 70;

/// A histogram for each quantity.
pub(super) fn all(statistics: &Statistics) -> Markup {
    let known = [
        ("Tokens of a record", &statistics.tokens),
        ("Tokens of a prompt", &statistics.prompt_tokens),
        ("Tokens of a completion", &statistics.completion_tokens),
        ("Messages of a record", &statistics.messages),
    ]
    .map(|(title, spread)| histogram(title, spread));
    let mut known = known.into_iter().flatten().peekable();
    html! {
        @if known.peek().is_none() {
            p { "None: no record was written." }
        } @else {
            p { "Tokens are estimates that err high. Each row is twice as wide as the one before." }
            div class="histograms" { @for one in known { (one) } }
        }
    }
}

fn histogram(title: &str, spread: &Spread) -> Option<Markup> {
    let most = spread.bins.iter().map(|bin| bin.count).max()?;
    let records = spread
        .bins
        .iter()
        .fold(0_u64, |sum, bin| sum.saturating_add(bin.count));
    Some(html! {
        table class="histogram" {
            caption {
                b { (title) } br;
                "least " (grouped(spread.least)) ", mean " (mean(spread.sum, records)) ", most " (grouped(spread.most))
                ", together " (grouped(spread.sum)) " in " (count(records, "record"))
            }
            thead {
                tr {
                    th scope="col" class="number" { "Length" }
                    th scope="col" class="number" { "Records" }
                    td {}
                }
            }
            tbody {
                @for bin in spread.bins.iter().take(BINS) {
                    tr {
                        th scope="row" class="number" { (range(bin)) }
                        td class="number" { (grouped(bin.count)) }
                        td class="bar" { (bar(bin.count, most)) }
                    }
                }
            }
        }
    })
}

/// The figure in the next cell says the same, so that readers are not told twice.
fn bar(part: u64, most: u64) -> Markup {
    html! {
        svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            @if part > 0 { rect width=(thousandths(part, most)) height="10" {} }
        }
    }
}

/// At least 4, so that a single record is seen beside a million.
fn thousandths(part: u64, most: u64) -> u64 {
    let share = u128::from(part) * 1000 / u128::from(most.max(1));
    u64::try_from(share).unwrap_or(1000).clamp(4, 1000)
}

fn range(bin: &Bin) -> String {
    if bin.from == bin.to {
        grouped(bin.from)
    } else {
        format!("{}–{}", grouped(bin.from), grouped(bin.to))
    }
}

/// To one decimal place, rounded down.
fn mean(sum: u64, records: u64) -> String {
    let tenths = u128::from(sum) * 10 / u128::from(records.max(1));
    let whole = u64::try_from(tenths / 10).unwrap_or(u64::MAX);
    format!("{}.{}", grouped(whole), tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_in_proportion_and_never_vanish() {
        assert_eq!(thousandths(5, 10), 500);
        assert_eq!(thousandths(1, u64::MAX), 4);
        assert_eq!(thousandths(u64::MAX, u64::MAX), 1000);
    }

    #[test]
    fn a_mean_has_one_decimal_place() {
        assert_eq!(mean(5, 3), "1.6");
        assert_eq!(mean(0, 0), "0.0");
        assert_eq!(mean(12_345_678, 10), "1,234,567.8");
    }
}
