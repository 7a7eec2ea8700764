//! What a report may not show stands neither on the page nor in the terminal's text.
#![allow(clippy::unwrap_used)]
mod common;

use perennial_dataset::{Compiler, SecretsRule};
use perennial_report::{
    html::{File, Page, page},
    terminal::{self, Look},
};

#[test]
fn a_cards_number_in_a_broken_file_is_on_no_page_and_in_no_terminal() {
    const CARD: &str = "4111 1111 1111 1111";
    for (name, text) in [
        (
            "a.csv",
            format!("prompt,completion\nmy card is {CARD} ok,yes,too,many\n"),
        ),
        ("a.csv", format!("prompt,completion,{CARD}\na,b,c\n")),
        (
            "a.json",
            format!("[{{\"prompt\":\"a\",\"completion\":\"b\"}}] my card {CARD}"),
        ),
        ("a.jsonl", format!("my card is {CARD}\n")),
        (
            "a.jsonl",
            format!("{{\"prompt\": \"a\", \"completion\": \"{CARD}\", \"{CARD}\": 7}}\n"),
        ),
        (
            "a.jsonl",
            format!(
                "{{\"prompt\": \"a\", \"completion\": {}}}\n",
                CARD.replace(' ', "")
            ),
        ),
    ] {
        for rule in [SecretsRule::Off, SecretsRule::Warn, SecretsRule::Reject] {
            let mut compiler = Compiler::new(name, common::training()).with_secrets(rule);
            let mut out = Vec::new();
            compiler.push(text.as_bytes(), &mut out);
            let summary = compiler.finish(&mut out);
            let html = page(&Page {
                files: vec![File::checked(&summary)],
                ..Page::default()
            });
            let shown = terminal::text(&summary, Look::default());
            for report in [html, shown] {
                assert!(!report.contains("4111"), "{text}{report}");
            }
        }
    }
}
