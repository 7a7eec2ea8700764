//! Strings that make a job fail, in any case of their letters. A whole block is looked at for windows of them at once; a text, for the
//! strings themselves, only where a window stands in its line.
use super::{
    marks::{Marks, WINDOW},
    windows::Windows,
};
use crate::json::Text;

/// Bytes that are rare in prose: the window of a string that has one ends with it, or begins with it.
const RARE: &[u8] = b":[<";

#[derive(Debug, Clone)]
pub(crate) struct Forbidden {
    strings: Vec<Pattern>,
    pub(crate) windows: Windows,
    /// Whether a string is shorter than a window, so that every text has to be looked at.
    always: bool,
}

#[derive(Debug, Clone)]
struct Pattern {
    string: String,
    /// The string as it stands in an escaped text.
    escaped: String,
    /// Where its window begins in the escaped form.
    at: usize,
    /// Bytes of the line feed that it begins with, in the escaped form. What follows it is forbidden at the start of a text as well: texts
    /// are joined by line feeds, and whoever reads a conversation as one text has one before each.
    feed: usize,
}

impl Pattern {
    /// What stands in an escaped text behind the line feed.
    fn line(&self) -> &[u8] {
        &self.escaped.as_bytes()[self.feed..]
    }
}

impl Forbidden {
    /// A searcher for these strings; nothing if there is none.
    pub(crate) fn new(strings: &[String]) -> Option<Self> {
        let strings: Vec<Pattern> = strings
            .iter()
            .filter(|string| !string.is_empty())
            .map(|string| {
                let escaped = Text::of(string).raw().to_owned();
                let rare = escaped.bytes().position(|byte| RARE.contains(&byte));
                let last = escaped.len().saturating_sub(WINDOW);
                let at = rare.map_or(0, |rare| (rare + 1).saturating_sub(WINDOW).min(last));
                // What begins with the rare byte goes on from there.
                let at = match rare {
                    Some(rare) if rare + 1 < WINDOW => rare.min(last),
                    _ => at,
                };
                let line = string.strip_prefix('\n');
                let feed = if line.is_some_and(|line| !line.is_empty()) {
                    2
                } else {
                    0
                };
                Pattern {
                    string: string.clone(),
                    // Where the line feed is none, the window has to stand as well.
                    at: at.max(feed),
                    escaped,
                    feed,
                }
            })
            .collect();
        if strings.is_empty() {
            return None;
        }
        let mut windows = Windows::default();
        let mut always = false;
        for (group, pattern) in strings.iter().enumerate() {
            match pattern.escaped.as_bytes()[pattern.at..].first_chunk() {
                Some(window) => windows.add_any_case(group, *window),
                None => always = true,
            }
        }
        Some(Self {
            strings,
            windows,
            always,
        })
    }

    /// Where one of the strings stands in the bytes of a block, escaped, in order.
    pub(crate) fn places(&self, block: &[u8], marks: &Marks, places: &mut Vec<usize>) {
        places.clear();
        places.extend(Marks::places(&marks.forbidden).filter(|place| {
            self.strings.iter().any(|pattern| {
                let stands = |at: usize, wanted: &[u8]| {
                    block
                        .get(at..at + wanted.len())
                        .is_some_and(|found| found.eq_ignore_ascii_case(wanted))
                };
                let whole = place
                    .checked_sub(pattern.at)
                    .is_some_and(|start| stands(start, pattern.escaped.as_bytes()));
                // Behind the quote that a text begins with.
                let first = pattern.feed > 0
                    && place
                        .checked_sub(pattern.at - pattern.feed)
                        .filter(|start| *start > 0 && block[start - 1] == b'"')
                        .is_some_and(|start| stands(start, pattern.line()));
                whole || first
            })
        }));
    }

    /// The forbidden string that stands first in escaped bytes, as start and end.
    pub(crate) fn span(&self, escaped: &[u8]) -> Option<(usize, usize)> {
        let places = self.strings.iter().filter_map(|pattern| {
            let line = pattern.line();
            let first = escaped.get(..line.len());
            if pattern.feed > 0 && first.is_some_and(|first| first.eq_ignore_ascii_case(line)) {
                return Some((0, line.len()));
            }
            let wanted = pattern.escaped.as_bytes();
            let at = escaped
                .windows(wanted.len())
                .position(|window| window.eq_ignore_ascii_case(wanted))?;
            Some((at, at + wanted.len()))
        });
        places.min()
    }

    /// The first forbidden string of a text, and where it stands in the plain text. `near` says that one stands in the text's line.
    #[inline]
    pub(crate) fn find(&self, text: &Text<'_>, near: bool) -> Option<(&str, usize)> {
        // A text that is spelt otherwise in its line was not looked at there.
        if near || self.always || text.is_rewritten() {
            self.look(text)
        } else {
            None
        }
    }

    #[cold]
    fn look(&self, text: &Text<'_>) -> Option<(&str, usize)> {
        let plain = text.plain();
        let bytes = plain.as_bytes();
        self.strings
            .iter()
            .filter_map(|pattern| {
                let line = pattern.string.strip_prefix('\n').unwrap_or_default();
                let first = bytes.get(..line.len());
                if pattern.feed > 0
                    && first.is_some_and(|first| first.eq_ignore_ascii_case(line.as_bytes()))
                {
                    return Some((line, 0));
                }
                let wanted = pattern.string.as_bytes();
                let at = bytes
                    .windows(wanted.len())
                    .position(|window| window.eq_ignore_ascii_case(wanted))?;
                Some((pattern.string.as_str(), at))
            })
            .min_by_key(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(strings: &[&str], text: &str) -> Option<(String, usize)> {
        let strings: Vec<String> = strings.iter().map(ToString::to_string).collect();
        let forbidden = Forbidden::new(&strings).unwrap();
        let text = Text::of(text);
        let quoted = format!("\"{}\"", text.raw());
        let (mut marks, mut places) = (Marks::default(), Vec::new());
        marks.look(quoted.as_bytes(), &Windows::default(), &forbidden.windows);
        forbidden.places(quoted.as_bytes(), &marks, &mut places);
        let found = forbidden.find(&text, true);
        // What stands in a text is seen in its line.
        assert!(found.is_none() || forbidden.always || !places.is_empty());
        found.map(|(string, at)| (string.to_owned(), at))
    }

    #[test]
    fn strings_are_found_in_any_case_and_where_they_stand() {
        let nova = ["System:", "User:", "[EOS]", "<image>"];
        assert_eq!(
            find(&nova, "the superuser: root"),
            Some(("User:".into(), 9))
        );
        assert_eq!(find(&nova, "é\n[eos] user:"), Some(("[EOS]".into(), 3)));
        assert_eq!(find(&nova, "a user : an <img> [x] ::"), None);
        assert_eq!(find(&nova, "user\n:"), None);
        assert_eq!(
            find(&["\nHuman:"], "x\nhuman: hi"),
            Some(("\nHuman:".into(), 1))
        );
        // A backslash and an n are no line feed.
        assert_eq!(find(&["\nHuman:"], "x\\nHuman: hi"), None);
        assert_eq!(
            find(&["forbidden"], "it is Forbidden."),
            Some(("forbidden".into(), 6))
        );
        // A text begins a line.
        assert_eq!(find(&["\nHuman:"], "human: hi"), Some(("Human:".into(), 0)));
        assert_eq!(find(&["\nHuman:"], "\"human: hi"), None);
        assert_eq!(find(&["\nHuman:"], "a human: hi"), None);
        assert_eq!(find(&["x:", "a:b"], "an X:"), Some(("x:".into(), 3)));
        assert_eq!(find(&["a:b"], "an A:B"), Some(("a:b".into(), 3)));
    }
}
