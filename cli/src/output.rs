//! How results are shown: tables and lines for people, JSON for programs. Results go to standard output, everything
//! else to standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use perennial_report::terminal::Look;
use serde::Serialize;

use crate::exit::Failure;

/// The first write to standard output that failed. Kept here, so that no command can forget it: `main` asks at the end.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints a text. Whether that went well is asked once, at the end ([`written`]).
pub(crate) fn print(text: &str) {
    if let Err(error) = print_to(&mut io::stdout().lock(), text) {
        // Of several, the first one says why.
        let _ = FAILED.set(error);
    }
}

fn print_to(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Whether all that was printed reached standard output. A closed pipe is the reader's wish (`perennial runs | head`), and no failure.
pub(crate) fn written() -> Result<(), Failure> {
    match FAILED.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Service(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Prints JSON, indented.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Service(format!("this cannot be said in JSON: {error}")))?;
    print(&text);
    Ok(())
}

/// The width of the terminal that standard output is, if it is one.
pub(crate) fn width() -> Option<u16> {
    Table::new().width()
}

/// What standard output can show: colours and Unicode's lines on a terminal, unless `NO_COLOR` (no-color.org) or a dumb one forbids.
pub(crate) fn look() -> Look {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|kind| kind == "dumb");
    look_of(
        std::io::stdout().is_terminal() && !dumb,
        is_set("NO_COLOR"),
        width(),
    )
}

fn look_of(terminal: bool, no_color: bool, width: Option<u16>) -> Look {
    Look {
        colour: terminal && !no_color,
        unicode: terminal,
        width: width.map_or(Look::default().width, usize::from),
    }
}

/// A plain table: a header, a row each, columns apart by two spaces, folded to `width` if there is one.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).force_no_tty();
    if let Some(width) = width {
        table
            .set_width(width)
            .set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

/// Lines of `name  value`, the values in one column; values of several lines are indented.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let widest = facts
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (name, value) in facts {
        for (index, line) in value.lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            text.push_str(format!("{name:<widest$}  {}", clean(line)).trim_end());
            text.push('\n');
        }
    }
    text
}

/// Text of unknown origin (object keys, messages) as it may be shown: what could disturb a terminal is escaped.
pub(crate) fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        let invisible = matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        if (character.is_control() && character != '\n') || invisible {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A time as people read it, UTC, to the second.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `1 record`, `2 records`.
pub(crate) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A score between 0 and 1, to three digits.
pub(crate) fn score(score: f64) -> String {
    format!("{score:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_shown_can_disturb_a_terminal() {
        assert_eq!(
            clean("a\u{1b}[31mb\u{202e}ü\n"),
            "a\\u{1b}[31mb\\u{202e}ü\n"
        );
        let shown = table(&["key"], vec![vec!["data/\u{7}x".into()]], None);
        assert!(shown.contains("data/\\u{7}x"), "{shown}");
    }

    #[test]
    fn colours_are_for_terminals_and_for_those_who_want_them() {
        let look = look_of(true, false, Some(120));
        assert!(look.colour && look.unicode && look.width == 120);
        let look = look_of(true, true, Some(120));
        assert!(!look.colour && look.unicode);
        assert_eq!(look_of(false, false, None), Look::default());
    }

    #[test]
    fn a_narrow_terminal_folds_long_cells() {
        let long = "word ".repeat(30);
        let shown = table(&["name", "why"], vec![vec!["a".into(), long]], Some(40));
        assert!(
            shown.lines().all(|line| line.chars().count() <= 40),
            "{shown}"
        );
    }
}
