//! What Python's strings do where Rust's do otherwise.

/// `str.strip()`: four separators of information are white space to Python.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// Whether nothing is left of it.
pub(super) fn is_blank(text: &str) -> bool {
    strip(text).is_empty()
}

/// `str.lower()`.
pub(super) fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// `re.match(r"^[\w\-/\.]+$", path)`: `$` holds before a last line feed, too.
pub(super) fn is_path(path: &str) -> bool {
    let path = path.strip_suffix('\n').unwrap_or(path);
    !path.is_empty()
        && path
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'))
}
