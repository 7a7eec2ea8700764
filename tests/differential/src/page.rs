//! `docs/validators.md`, made from the table.
use std::fmt::Write;

use crate::{
    compare::{ANOTHER_FORM, Side},
    figures,
    statement::{CHECKS, VALIDATORS},
    table::{Row, Table},
};

const HEAD: &str = "\
# Perennial and the official validators

<!-- Made from tests/differential/disagreements.toml: `PERENNIAL_UPDATE=1 cargo test -p perennial-differential` writes it anew. -->

AWS has three sets of scripts that look at training data. They disagree with each other, and Perennial disagrees with each of them in
places. This page lists every class of disagreement that a differential test finds on generated records, with the reason why Perennial
decides as it does. An unexplained one fails the test, and so does a row that is not seen any more.\n\nWhat the scripts would say is stated by the test itself, check by check, from a reading of them. The Nova Forge SDK itself is run beside that\nstatement by `cargo xtask differential`; the other scripts are in no package index and were not run in the tests.

";

const MIDDLE: &str = "
A path is a JSON path without its indices; one that ends in `*` stands for all that start so. ✎ marks what they would refuse in the file
that Perennial writes, too; everything else that Perennial accepts, they accept as it is written. Counts of records have a section of their
own, as the validators count per file and Perennial per dataset. Media objects are taken to be in the bucket and sound.

";

/// The whole page.
#[must_use]
pub fn page(table: &Table) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("| name | validator |\n| --- | --- |\n");
    for validator in VALIDATORS {
        let _ = writeln!(page, "| {} | {} |", validator.name, validator.title);
    }
    page.push_str(MIDDLE);
    let rows = |side: Side| {
        table
            .rows
            .iter()
            .filter(move |row| !row.open && row.side[..1] == [side])
    };
    section(
        &mut page,
        "Perennial refuses, they accept",
        "Perennial's rule",
        rows(Side::WeRefuse),
    );
    section(
        &mut page,
        "Perennial accepts, they refuse",
        "their check",
        rows(Side::TheyRefuse),
    );
    section(
        &mut page,
        "What Perennial writes, they would refuse",
        "their check",
        rows(Side::Written),
    );
    let open = table.rows.iter().filter(|row| row.open);
    section(
        &mut page,
        "Open: faults of Perennial's, and what is to be done",
        "their check",
        open,
    );
    counts(&mut page, table);
    checks(&mut page, table);
    page
}

fn section<'a>(page: &mut String, title: &str, what: &str, rows: impl Iterator<Item = &'a Row>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = write!(
        page,
        "## {title}\n\n| what | who | {what} | where | why |\n| --- | --- | --- | --- | --- |\n"
    );
    for row in rows {
        line(page, row);
    }
    page.push('\n');
}

fn line(page: &mut String, row: &Row) {
    let code = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(" ")
    };
    // A form is named in words, a path is code.
    let places = if row.what.iter().any(|what| what == ANOTHER_FORM) {
        row.at.join("; ")
    } else {
        code(&row.at)
    };
    // What they refuse and is written so all the same is marked.
    let written = if row.side.len() > 1 { " ✎" } else { "" };
    let _ = writeln!(
        page,
        "| {}{written} | {} | {} | {places} | {} |",
        row.title,
        row.who.join(", "),
        code(&row.what),
        row.why
    );
}

fn counts(page: &mut String, table: &Table) {
    let differences = figures::differences();
    if differences.is_empty() {
        return;
    }
    page.push_str("## How many records\n\n| who | for | they and Perennial | why |\n| --- | --- | --- | --- |\n");
    for row in &table.figures {
        for target in &row.targets {
            let words = differences
                .iter()
                .find(|(figure, _)| figure.who == row.who && figure.target == target)
                .map_or("", |(_, words)| words);
            let _ = writeln!(page, "| {} | {target} | {words} | {} |", row.who, row.why);
        }
    }
    page.push('\n');
}

fn checks(page: &mut String, table: &Table) {
    page.push_str("## Their checks that are named above\n\n| check | what must hold | source |\n| --- | --- | --- |\n");
    let named = |id: &str| {
        let mut theirs = table
            .rows
            .iter()
            .filter(|row| row.side[..] != [Side::WeRefuse]);
        theirs.any(|row| row.what.iter().any(|what| what == id))
    };
    for check in CHECKS.iter().filter(|check| named(check.id)) {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            check.id, check.says, check.source
        );
    }
}
