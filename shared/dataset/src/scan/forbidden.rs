//! Strings that make a job fail, in any case. Every one of the lists has a rare byte (`:`, `[` or `<`): that is searched for, and what
//! stands around it compared.
use aho_corasick::AhoCorasick;
use memchr::{memchr_iter, memchr2_iter, memchr3_iter};

use crate::json::Text;

/// Bytes that are rare in prose, by which a string is found.
const RARE: &[u8] = b":[<";

#[derive(Debug, Clone)]
pub(crate) struct Forbidden {
    strings: Vec<Pattern>,
    /// The rare bytes of the strings that have one, each once.
    rare: Vec<u8>,
    /// The bytes that may stand before a rare byte, or after it where a string begins with it.
    beside: Vec<[bool; 2]>,
    /// For the strings that have none.
    others: Option<AhoCorasick>,
}

#[derive(Debug, Clone)]
struct Pattern {
    string: String,
    /// The string as it stands in an escaped text.
    escaped: String,
    /// The place of its rare byte in the escaped form.
    at: Option<usize>,
}

impl Forbidden {
    /// A searcher for these strings; nothing if there is none.
    pub(crate) fn new(strings: &[String]) -> Option<Self> {
        let strings: Vec<Pattern> = strings
            .iter()
            .filter(|string| !string.is_empty())
            .map(|string| {
                let escaped = Text::of(string).raw().to_owned();
                let at = escaped.bytes().position(|byte| RARE.contains(&byte));
                Pattern {
                    string: string.clone(),
                    escaped,
                    at,
                }
            })
            .collect();
        if strings.is_empty() {
            return None;
        }
        let mut rare: Vec<u8> = strings
            .iter()
            .filter_map(|pattern| Some(pattern.escaped.as_bytes()[pattern.at?]))
            .collect();
        rare.sort_unstable();
        rare.dedup();
        let mut beside = vec![[false; 2]; 256];
        for pattern in &strings {
            let Some(at) = pattern.at else { continue };
            let bytes = pattern.escaped.as_bytes();
            let (place, side) = match at {
                0 => (bytes.get(1), 1),
                _ => (bytes.get(at - 1), 0),
            };
            // A string of one byte stands beside anything.
            for byte in 0..=u8::MAX {
                if place.is_none_or(|place| place.eq_ignore_ascii_case(&byte)) {
                    beside[usize::from(byte)][side] = true;
                }
            }
        }
        let without: Vec<&str> = strings
            .iter()
            .filter(|pattern| pattern.at.is_none())
            .map(|pattern| pattern.escaped.as_str())
            .collect();
        let others = (!without.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .build(without)
                    .ok()
            })
            .flatten();
        Some(Self {
            strings,
            rare,
            beside,
            others,
        })
    }

    /// The first forbidden string of a text, and where it stands in the plain text.
    pub(crate) fn find(&self, text: &Text<'_>) -> Option<(&str, usize)> {
        if !self.may_hold(text.raw().as_bytes()) {
            return None;
        }
        // Rare: looked for once more in the text itself, where no escape can deceive.
        let plain = text.plain();
        let bytes = plain.as_bytes();
        self.strings
            .iter()
            .filter_map(|pattern| {
                let wanted = pattern.string.as_bytes();
                let at = bytes
                    .windows(wanted.len())
                    .position(|window| window.eq_ignore_ascii_case(wanted))?;
                Some((pattern.string.as_str(), at))
            })
            .min_by_key(|(_, at)| *at)
    }

    fn may_hold(&self, raw: &[u8]) -> bool {
        let here = |at: usize| self.may_stand(raw, at) && self.matches(raw, at);
        let found = match self.rare[..] {
            [] => false,
            [one] => memchr_iter(one, raw).any(here),
            [one, two] => memchr2_iter(one, two, raw).any(here),
            [one, two, three, ..] => memchr3_iter(one, two, three, raw).any(here),
        };
        found
            || self
                .others
                .as_ref()
                .is_some_and(|others| others.is_match(raw))
    }

    #[inline]
    fn may_stand(&self, raw: &[u8], at: usize) -> bool {
        let side = |at: Option<usize>, side: usize| {
            at.and_then(|at| raw.get(at))
                .is_none_or(|byte| self.beside[usize::from(*byte)][side])
        };
        side(at.checked_sub(1), 0) || side(Some(at + 1), 1)
    }

    /// Whether a string stands around the rare byte at `at`.
    fn matches(&self, raw: &[u8], at: usize) -> bool {
        self.strings.iter().any(|pattern| {
            let wanted = pattern.escaped.as_bytes();
            let Some(start) = pattern.at.and_then(|inside| at.checked_sub(inside)) else {
                return false;
            };
            raw.get(start..start + wanted.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(wanted))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(strings: &[&str], text: &str) -> Option<(String, usize)> {
        let strings: Vec<String> = strings.iter().map(ToString::to_string).collect();
        let forbidden = Forbidden::new(&strings).unwrap();
        forbidden
            .find(&Text::of(text))
            .map(|(string, at)| (string.to_owned(), at))
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
    }
}
