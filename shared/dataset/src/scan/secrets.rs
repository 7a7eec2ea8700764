//! Keys, tokens and private keys, by the forms that their issuers publish. Looked for in a whole block at once.
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

use super::cards;
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

/// What a secret starts with (four bytes at least: shorter ones would be found everywhere), how it goes on and for how long at least, and what it is.
const KINDS: &[(&str, Tail, usize, &str)] = &[
    ("AKIA", Tail::Upper, 16, "an AWS access key id"),
    ("ASIA", Tail::Upper, 16, "an AWS access key id"),
    (
        "aws_secret_access_key",
        Tail::Assigned,
        40,
        "an AWS secret access key",
    ),
    (
        "AWS_SECRET_ACCESS_KEY",
        Tail::Assigned,
        40,
        "an AWS secret access key",
    ),
    (
        "SecretAccessKey",
        Tail::Assigned,
        40,
        "an AWS secret access key",
    ),
    ("-----BEGIN ", Tail::PrivateKey, 0, "a private key"),
    ("ghp_", Tail::Alphanumeric, 36, "a GitHub token"),
    ("gho_", Tail::Alphanumeric, 36, "a GitHub token"),
    ("ghu_", Tail::Alphanumeric, 36, "a GitHub token"),
    ("ghs_", Tail::Alphanumeric, 36, "a GitHub token"),
    ("github_pat_", Tail::Url, 40, "a GitHub token"),
    ("glpat-", Tail::Url, 20, "a GitLab token"),
    ("xoxb-", Tail::Url, 20, "a Slack token"),
    ("xoxp-", Tail::Url, 20, "a Slack token"),
    ("AIza", Tail::Url, 35, "a Google API key"),
    ("ya29.", Tail::Url, 40, "a Google access token"),
    ("sk-ant-", Tail::Url, 40, "an Anthropic API key"),
    ("sk-proj-", Tail::Url, 40, "an OpenAI API key"),
    ("sk_live_", Tail::Alphanumeric, 16, "a Stripe key"),
    ("rk_live_", Tail::Alphanumeric, 16, "a Stripe key"),
    ("npm_", Tail::Alphanumeric, 36, "an npm token"),
    ("AccountKey=", Tail::Base64, 80, "an Azure storage key"),
    // What `{"alg`, `{"typ`, `{"kid` and `{"enc` begin with in Base64.
    ("eyJhbGc", Tail::Jwt, 10, "a JSON Web Token"),
    ("eyJ0eXA", Tail::Jwt, 10, "a JSON Web Token"),
    ("eyJraWQ", Tail::Jwt, 10, "a JSON Web Token"),
    ("eyJlbmM", Tail::Jwt, 10, "a JSON Web Token"),
];

#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    starts: &'static AhoCorasick,
    pub(crate) reject: bool,
}

/// Made once: it is the same for every file, and takes longer to make than most files to read.
static STARTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(KINDS.iter().map(|(start, ..)| start))
        .ok()
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
}

impl Secrets {
    /// Nothing if the rule is off.
    pub(crate) fn new(rule: SecretsRule) -> Option<Self> {
        if rule == SecretsRule::Off {
            return None;
        }
        Some(Self {
            starts: STARTS.as_ref()?,
            reject: rule == SecretsRule::Reject,
        })
    }

    fn find(&self, block: &[u8], hits: &mut Vec<Hit>) {
        let mut done = 0;
        for found in self.starts.find_iter(block) {
            // A token that begins inside another is a part of it.
            if found.start() < done {
                continue;
            }
            let (start, tail, least, what) = KINDS[found.pattern().as_usize()];
            let inside = found.start() > 0
                && start.as_bytes()[0].is_ascii_alphanumeric()
                && block[found.start() - 1].is_ascii_alphanumeric()
                // An escape's letter is no letter of the text.
                && (found.start() < 2 || block[found.start() - 2] != b'\\');
            if inside {
                continue;
            }
            if let Some(end) = ends(block, found.end(), tail, least) {
                done = end;
                hits.push(Hit {
                    start: found.start(),
                    end,
                    what: What::Secret(what),
                });
            }
        }
        cards::find(block, |start, end| {
            hits.push(Hit {
                start,
                end,
                what: What::Card,
            })
        });
    }
}

/// Everything that is looked for in a block as a whole, in order.
pub(crate) fn find(block: &[u8], secrets: Option<&Secrets>, hits: &mut Vec<Hit>) {
    hits.clear();
    if let Some(secrets) = secrets {
        secrets.find(block, hits);
    }
    // The first of each line: a file that was read in the wrong encoding has millions of them.
    let mut from = 0;
    while let Some(start) = block
        .get(from..)
        .and_then(|rest| memmem::find(rest, "\u{fffd}".as_bytes()))
    {
        let start = from + start;
        hits.push(Hit {
            start,
            end: start + '\u{fffd}'.len_utf8(),
            what: What::Lost,
        });
        from = memchr::memchr(b'\n', &block[start..]).map_or(block.len(), |end| start + end + 1);
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
        let mut hits = Vec::new();
        find(
            text.as_bytes(),
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
