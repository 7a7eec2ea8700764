//! What a report shows of a file: never a key, a token or a card's number, whatever is done about them. Only what is shown is looked at,
//! with so much around it that nothing that reaches into it is missed.
use std::borrow::Cow;

use crate::scan::{
    LONGEST_PART, MOST,
    hidden::Spelt,
    marks::Marks,
    secrets::{self, Secrets, What},
    windows::Windows,
};

/// Bytes that are looked at before and behind what is shown.
const AROUND: usize = 4 << 10;

/// So many more are looked at where the text there has no gap, as in a long token or a private key: more than the longest that is known by
/// its form.
const LONGEST: usize = 4 * LONGEST_PART;

/// A private key's lines have so many bytes at least, but the last: between such lines may be blanks.
const KEY_LINE: usize = 40;

/// Bytes before the first line of a private key: its name, and how it is kept.
const TITLE: usize = 1 << 10;

/// Whether it may stand inside a token or, with the escapes of line feeds, inside a key.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'\\' | b'\r' | b'\n'
        )
}

/// Where the token or the key begins that may go on at `at`.
fn begins(text: &[u8], at: usize) -> usize {
    let least = at.saturating_sub(LONGEST);
    let back = |from: usize, holds: fn(u8) -> bool| {
        let row = text[least..from].iter().rev();
        from - row.take_while(|byte| holds(**byte)).count()
    };
    let mut start = back(at, is_token);
    loop {
        let behind = back(start, |byte| byte == b' ');
        let before = back(behind, is_token);
        // Prose has short words.
        if behind == start || behind - before < KEY_LINE {
            break start;
        }
        start = before;
    }
}

/// Where the token ends that may go on at `at`.
fn ends(text: &[u8], at: usize) -> usize {
    let rest = text[at..].iter().take(LONGEST);
    at + rest.take_while(|byte| is_token(**byte)).count()
}

/// A text, and what may not be shown of a part of it.
pub(crate) struct Masked<'t> {
    text: &'t str,
    /// In bytes of the text, in order.
    hits: Vec<(usize, usize, What)>,
}

impl<'t> Masked<'t> {
    /// Looks at the bytes `from..to` of the text.
    pub(crate) fn near(text: &'t str, from: usize, to: usize) -> Self {
        let bytes = text.as_bytes();
        let start = begins(bytes, from.saturating_sub(AROUND)).saturating_sub(TITLE);
        let start = text.floor_char_boundary(start);
        let end = ends(bytes, to.saturating_add(AROUND).min(text.len()));
        let end = text.ceil_char_boundary(end);
        let part = &text[start..end];
        let secrets = Secrets { reject: false };
        let (mut marks, mut found) = (Marks::default(), Vec::new());
        marks.look(part.as_bytes(), &secrets::WINDOWS, &Windows::default());
        secrets::find(part.as_bytes(), &marks, Some(&secrets), &mut found);
        if part.contains('\\') {
            let mut spelt = Spelt::default();
            spelt.look(part, Some(&secrets), None);
            found.append(&mut spelt.hits);
        }
        found.retain(|hit| hit.what.is_secret() && hit.start < hit.end);
        found.sort_unstable_by_key(|hit| hit.start);
        let mut hits: Vec<(usize, usize, What)> = Vec::new();
        // Up to where a long one goes on: what begins in it is not followed again.
        let mut reached = 0;
        for hit in found {
            let mut end = hit.end;
            if end <= reached {
                end = reached;
            } else if hit.what == What::Secret("a private key") {
                // The form names its first line; the key is what follows.
                end = part
                    .get(end..)
                    .and_then(|rest| Some(end + rest.find("-----END ")?))
                    .unwrap_or(part.len());
                reached = end;
            } else if hit.end - hit.start >= MOST {
                // Of a long token only so much was looked at as says what it is.
                let rest = part.as_bytes()[end..].iter();
                end += rest
                    .take_while(|byte| is_token(**byte) && !byte.is_ascii_whitespace())
                    .count();
                reached = end;
            }
            match hits.last_mut() {
                Some(last) if start + hit.start < last.1 => last.1 = last.1.max(start + end),
                _ => hits.push((
                    text.floor_char_boundary(start + hit.start),
                    text.ceil_char_boundary(start + end),
                    hit.what,
                )),
            }
        }
        Self { text, hits }
    }

    /// The bytes `from..to` of the text, without what may not be shown. They are a part of what was looked at.
    pub(crate) fn part(&self, from: usize, to: usize) -> Cow<'t, str> {
        let mut hits = self
            .hits
            .iter()
            .filter(|(start, end, _)| *start < to && *end > from)
            .peekable();
        if hits.peek().is_none() {
            return Cow::Borrowed(&self.text[from..to]);
        }
        let (mut shown, mut at) = (String::new(), from);
        for (start, end, what) in hits {
            shown.push_str(&self.text[at..(*start).max(at)]);
            shown.push('[');
            shown.push_str(name(*what));
            shown.push(']');
            at = (*end).min(to);
        }
        shown.push_str(&self.text[at..to]);
        Cow::Owned(shown)
    }
}

fn name(what: What) -> &'static str {
    match what {
        What::Secret(what) => what,
        What::Card | What::Lost | What::Control => "a card's number",
    }
}

/// A text without what may not be shown.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    Masked::near(text, 0, text.len()).part(0, text.len())
}

/// What may not be shown of a text, each kind once.
pub(crate) fn kinds(text: &str) -> Vec<What> {
    let mut kinds = Vec::new();
    for (_, _, what) in Masked::near(text, 0, text.len()).hits {
        if !kinds.contains(&what) {
            kinds.push(what);
        }
    }
    kinds
}

/// The start of a text, so many of its characters at most, without what may not be shown.
pub(crate) fn start(text: &str, most: usize) -> String {
    // A character more than is shown, so that it is seen that there is more.
    let end = text.floor_char_boundary((most + 1).saturating_mul(4).min(text.len()));
    let mut shown = perennial_inputs::shown(&Masked::near(text, 0, end).part(0, end), most);
    if end < text.len() && !shown.ends_with('…') {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_shown_is_named_in_its_place() {
        let card = "4111 1111 1111 1111";
        let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
        assert_eq!(
            masked(&format!("{card}, {key}!")),
            "[a card's number], [an AWS access key id]!"
        );
        assert_eq!(masked("nothing 4111"), "nothing 4111");
        // Behind escapes, and where it reaches over the end of what is shown.
        assert_eq!(
            masked("a\\u0020\\u0034111111111111111\\u0020b"),
            "a\\u0020[a card's number]\\u0020b"
        );
        let long = format!("{}{card}", "é ".repeat(57));
        assert!(!start(&long, 120).contains("411"), "{}", start(&long, 120));
        let pem = format!("k: -----BEGIN RSA {}\\nMIIEpAIB", "PRIVATE KEY-----");
        assert_eq!(masked(&pem), "k: [a private key]");
    }
}
