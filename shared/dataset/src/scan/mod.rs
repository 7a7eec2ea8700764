//! What is looked for in texts: strings that make a job fail, secrets, characters that were lost.
pub(crate) mod cards;
pub(crate) mod forbidden;
pub(crate) mod hidden;
mod kinds;
pub(crate) mod marks;
pub(crate) mod secrets;
pub(crate) mod windows;

pub(crate) use kinds::{LONGEST_PART, MOST};

/// Whether the byte at `at` is the last one of an escape, so that it is no letter and no digit of the text: `\n`, `\u001f`. Behind a backslash
/// that is a character itself it is one for whoever reads the text as JSON, so the backslashes are not counted.
fn ends_escape(block: &[u8], at: usize) -> bool {
    let is_backslash = |at: Option<usize>| at.is_some_and(|at| block[at] == b'\\');
    // A `u` alone is none yet: its digits follow.
    let letter = block[at].is_ascii_alphabetic() && block[at] != b'u';
    let code = || {
        let digits = std::str::from_utf8(&block[at - 3..=at]).ok()?;
        u16::from_str_radix(digits, 16).ok()
    };
    // Some spell every character so: letters and digits are what they are.
    let is_alphanumeric =
        |code: u16| u8::try_from(code).is_ok_and(|code| code.is_ascii_alphanumeric());
    letter && is_backslash(at.checked_sub(1))
        || is_backslash(at.checked_sub(5))
            && block[at - 4] == b'u'
            && block[at - 3..=at].iter().all(u8::is_ascii_hexdigit)
            && code().is_some_and(|code| !is_alphanumeric(code))
}

#[cfg(test)]
mod tests {
    use super::ends_escape;

    #[test]
    fn the_last_byte_of_an_escape_is_none_of_the_text() {
        for (text, ends) in [
            (r"\n", true),
            (r"a\f", true),
            (r"\b", true),
            (r"\\n", true),
            (r"\u001f", true),
            (r"\\u0000", true),
            (r"\u0041", false),
            (r"\u0039", false),
            (r"\u0020", true),
            (r"\u", false),
            (r"\u00", false),
            (r"\u001fa", false),
            (r"\u001g", false),
            ("n", false),
            ("u001f", false),
            (r"\nn", false),
            (r"\1", false),
        ] {
            assert_eq!(ends_escape(text.as_bytes(), text.len() - 1), ends, "{text}");
        }
    }
}
