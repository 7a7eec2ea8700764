//! Keys, tokens and private keys, by the forms that their issuers publish. Looked for in a whole block at once.
use std::sync::LazyLock;

use memchr::memmem;

use super::{
    cards,
    marks::{Marks, WINDOW},
    windows::Windows,
};
use crate::pass::plan::SecretsRule;

/// Which characters a token goes on with.
#[derive(Clone, Copy)]
enum Tail {
    /// Upper-case letters and digits.
    Upper,
    /// Letters and digits.
    Alphanumeric,
    /// Letters, digits, `_` and `-`.
    Url,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// A name, a sign or quotes, and then 40 characters in Base64.
    Assigned,
    /// A key's kind and `PRIVATE KEY-----`.
    PrivateKey,
    /// Three parts, dots between them.
    Jwt,
}

/// What a secret starts with, how it goes on and for how long at least, and what it is.
struct Kind {
    start: &'static str,
    /// Where the window of its start begins by which it is found, and the window's group: alike windows are in one.
    window: (usize, usize),
    tail: Tail,
    least: usize,
    what: &'static str,
}

const fn kind(
    start: &'static str,
    window: (usize, usize),
    tail: Tail,
    least: usize,
    what: &'static str,
) -> Kind {
    Kind {
        start,
        window,
        tail,
        least,
        what,
    }
}

/// Windows are bytes that stand together in few texts.
const KINDS: &[Kind] = &[
    kind("AKIA", (1, 4), Tail::Upper, 16, "an AWS access key id"),
    kind("ASIA", (1, 4), Tail::Upper, 16, "an AWS access key id"),
    kind(
        "aws_secret_access_key",
        (1, 0),
        Tail::Assigned,
        40,
        "an AWS secret access key",
    ),
    kind(
        "AWS_SECRET_ACCESS_KEY",
        (1, 0),
        Tail::Assigned,
        40,
        "an AWS secret access key",
    ),
    kind(
        "SecretAccessKey",
        (5, 6),
        Tail::Assigned,
        40,
        "an AWS secret access key",
    ),
    kind("-----BEGIN ", (3, 3), Tail::PrivateKey, 0, "a private key"),
    kind("ghp_", (1, 0), Tail::Alphanumeric, 36, "a GitHub token"),
    kind("gho_", (1, 0), Tail::Alphanumeric, 36, "a GitHub token"),
    kind("ghu_", (1, 0), Tail::Alphanumeric, 36, "a GitHub token"),
    kind("ghs_", (1, 0), Tail::Alphanumeric, 36, "a GitHub token"),
    kind("github_pat_", (4, 1), Tail::Url, 40, "a GitHub token"),
    kind("glpat-", (3, 2), Tail::Url, 20, "a GitLab token"),
    kind("xoxb-", (2, 2), Tail::Url, 20, "a Slack token"),
    kind("xoxp-", (2, 2), Tail::Url, 20, "a Slack token"),
    kind("AIza", (1, 4), Tail::Url, 35, "a Google API key"),
    kind("ya29.", (1, 7), Tail::Url, 40, "a Google access token"),
    kind("sk-ant-", (0, 1), Tail::Url, 40, "an Anthropic API key"),
    kind("sk-proj-", (0, 1), Tail::Url, 40, "an OpenAI API key"),
    kind("sk_live_", (0, 1), Tail::Alphanumeric, 16, "a Stripe key"),
    kind("rk_live_", (0, 1), Tail::Alphanumeric, 16, "a Stripe key"),
    kind("npm_", (1, 0), Tail::Alphanumeric, 36, "an npm token"),
    kind(
        "AccountKey=",
        (6, 6),
        Tail::Base64,
        80,
        "an Azure storage key",
    ),
    // What `{"alg`, `{"typ`, `{"kid` and `{"enc` begin with in Base64.
    kind("eyJhbGc", (0, 7), Tail::Jwt, 10, "a JSON Web Token"),
    kind("eyJ0eXA", (0, 7), Tail::Jwt, 10, "a JSON Web Token"),
    kind("eyJraWQ", (0, 7), Tail::Jwt, 10, "a JSON Web Token"),
    kind("eyJlbmM", (0, 7), Tail::Jwt, 10, "a JSON Web Token"),
];

/// The group of the window that U+FFFD is.
const LOST: usize = 3;
/// The group of what U+0080 to U+009F begin.
const CONTROLS: usize = 5;

#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    pub(crate) reject: bool,
}

/// The windows of everything that is looked for here.
pub(crate) static WINDOWS: LazyLock<Windows> = LazyLock::new(|| {
    let mut windows = Windows::default();
    let starts = KINDS.iter().map(|kind| (kind.start, kind.window));
    for (start, (at, group)) in starts.chain([("\u{fffd}", (0, LOST))]) {
        if let Some(window) = start.as_bytes()[at..].first_chunk::<WINDOW>() {
            windows.add(group, *window);
        }
    }
    windows.add_ranges(CONTROLS, [0xc2..=0xc2, 0x80..=0x9f, 0..=0xff]);
    windows
});

/// Something found in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// In bytes of the block.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Secret(&'static str),
    Card,
    /// U+FFFD.
    Lost,
    /// U+007F, or one of U+0080 to U+009F: control characters that JSON does not escape.
    Control,
}

impl What {
    /// Whether a report may not show it.
    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Self::Secret(_) | Self::Card)
    }
}

impl Secrets {
    /// Nothing if the rule is off.
    pub(crate) fn new(rule: SecretsRule) -> Option<Self> {
        (rule != SecretsRule::Off).then_some(Self {
            reject: rule == SecretsRule::Reject,
        })
    }
}

/// The secret whose window begins at `place`, if it is one; what is before `done` belongs to another.
fn secret(block: &[u8], place: usize, done: usize) -> Option<Hit> {
    let (kind, start) = KINDS.iter().find_map(|kind| {
        let start = place.checked_sub(kind.window.0)?;
        block[start..]
            .starts_with(kind.start.as_bytes())
            .then_some((kind, start))
    })?;
    // A token that begins inside another is a part of it.
    if start < done {
        return None;
    }
    let inside = start > 0
        && kind.start.as_bytes()[0].is_ascii_alphanumeric()
        && block[start - 1].is_ascii_alphanumeric()
        // An escape's letter is no letter of the text.
        && (start < 2 || block[start - 2] != b'\\');
    if inside {
        return None;
    }
    let end = ends(block, start + kind.start.len(), kind.tail, kind.least)?;
    Some(Hit {
        start,
        end,
        what: What::Secret(kind.what),
    })
}

/// The length of the control character that begins here, if it is one that JSON does not escape.
fn control_at(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x7f, ..] => Some(1),
        [0xc2, 0x80..=0x9f, ..] => Some(2),
        _ => None,
    }
}

/// Everything that is looked for in a block as a whole, in order; `marks` are those of the block.
pub(crate) fn find(block: &[u8], marks: &Marks, secrets: Option<&Secrets>, hits: &mut Vec<Hit>) {
    hits.clear();
    // Of characters that were lost, and of control characters, the first of each line: a file that was read in the wrong encoding has
    // millions of them.
    let (mut done, mut lost, mut control) = (0, 0, 0);
    let line_end = |from: usize| {
        memchr::memchr(b'\n', &block[from..]).map_or(block.len(), |end| from + end + 1)
    };
    for place in Marks::places(&marks.secrets) {
        let mut hit = |length, what| {
            hits.push(Hit {
                start: place,
                end: place + length,
                what,
            });
        };
        if place >= lost && block[place..].starts_with("\u{fffd}".as_bytes()) {
            hit('\u{fffd}'.len_utf8(), What::Lost);
            lost = line_end(place);
        } else if let Some(length) = control_at(&block[place..]) {
            if place >= control {
                hit(length, What::Control);
                control = line_end(place);
            }
        } else if secrets.is_some()
            && let Some(hit) = secret(block, place, done)
        {
            done = hit.end;
            hits.push(hit);
        }
    }
    if secrets.is_some() {
        cards::find(block, marks, |start, end| {
            hits.push(Hit {
                start,
                end,
                what: What::Card,
            });
        });
    }
    hits.sort_unstable_by_key(|hit| hit.start);
}

/// So many bytes of a token are looked at: that many starts stand in a row costs no more than this for each.
const MOST: usize = 512;

/// Where the secret ends whose start ended at `from`, if it is one.
fn ends(block: &[u8], from: usize, tail: Tail, least: usize) -> Option<usize> {
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let run = |from: usize, holds: &dyn Fn(u8) -> bool| {
        let rest = block.get(from..).unwrap_or_default();
        from + rest
            .iter()
            .take(MOST)
            .take_while(|byte| holds(**byte))
            .count()
    };
    let long = |from: usize, end: usize| (end >= from + least).then_some(end);
    match tail {
        Tail::Upper => {
            // Exactly so many: what is longer is something else.
            let end = run(from, &upper);
            (end == from + least && !block.get(end).is_some_and(u8::is_ascii_alphanumeric))
                .then_some(end)
        }
        Tail::Alphanumeric => long(from, run(from, &|byte| byte.is_ascii_alphanumeric())),
        Tail::Url => long(from, run(from, &url)),
        Tail::Base64 => long(from, run(from, &base64)),
        Tail::Assigned => {
            let sign = |byte: u8| matches!(byte, b' ' | b'=' | b':' | b'"' | b'\'' | b'\\');
            let start = run(from, &sign);
            let end = run(start, &base64);
            (start > from && end == start + least).then_some(end)
        }
        Tail::PrivateKey => {
            let line = &block[from..block.len().min(from + 40)];
            memmem::find(line, b"PRIVATE KEY-----").map(|at| from + at + 16)
        }
        Tail::Jwt => {
            let mut end = run(from, &url);
            for _ in 0..2 {
                if end < from + least || block.get(end) != Some(&b'.') {
                    return None;
                }
                let part = end + 1;
                end = run(part, &url);
                if end < part + least {
                    return None;
                }
            }
            Some(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(What, String)> {
        let (mut hits, mut marks) = (Vec::new(), Marks::default());
        marks.look(text.as_bytes(), &WINDOWS, &Windows::default());
        find(
            text.as_bytes(),
            &marks,
            Secrets::new(SecretsRule::Warn).as_ref(),
            &mut hits,
        );
        hits.iter()
            .map(|hit| (hit.what, text[hit.start..hit.end].to_owned()))
            .collect()
    }

    #[test]
    fn secrets_are_found_by_their_published_forms() {
        // Put together here, so that no scanner of repositories takes this file for a leak.
        let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
        let text = format!("{{\"text\": \"use {key} and\\n{key}\"}}");
        let id = What::Secret("an AWS access key id");
        assert_eq!(found(&text), [(id, key.clone()), (id, key)]);
        let token = format!("ghp_{}", "a1".repeat(18));
        assert_eq!(
            found(&token),
            [(What::Secret("a GitHub token"), token.clone())]
        );
        let pem = format!("-----BEGIN RSA {}", "PRIVATE KEY-----");
        assert_eq!(found(&pem), [(What::Secret("a private key"), pem.clone())]);
        let secret = format!(
            "aws_secret_access_key = {}",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        );
        assert_eq!(
            found(&secret),
            [(What::Secret("an AWS secret access key"), secret.clone())]
        );
        assert_eq!(
            found("lost: \u{fffd}!"),
            [(What::Lost, "\u{fffd}".to_owned())]
        );
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "AKIA",
            "AKIAshort",
            "XAKIAIOSFODNN7EXAMPLE",
            "ghp_123",
            "-----BEGIN CERTIFICATE-----",
            "eyJust a word",
            "shf_x",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
