//! What a check found, as text.

use perennial_report::terminal::{self, Look};
use perennial_report::{Check, Configuration};

use crate::output;

/// Each configuration and each file, then what is to be said of all of them.
pub(crate) fn text(check: &Check, look: Look) -> String {
    let mut parts: Vec<String> = check.configurations.iter().map(configuration).collect();
    parts.extend(check.files.iter().map(|file| terminal::text(file, look)));
    let notes = check.notes.iter();
    parts.extend(notes.map(|note| format!("note: {}\n", output::clean(note))));
    parts.join("\n")
}

fn configuration(one: &Configuration) -> String {
    let name = output::clean(&one.name);
    if one.is_good() {
        return format!("{name}: accepted (configuration)\n");
    }
    let mut text = format!("{name}: rejected (configuration)\n");
    for error in &one.errors {
        text.push_str(&format!("\n{}\n", output::clean(&error.to_string())));
    }
    if let Some(refused) = &one.refused {
        text.push_str(&format!("\n{}\n", output::clean(refused)));
    }
    text
}
