//! Keys, tokens and private keys, by the forms that their issuers publish. Looked for in a whole block at once.
use std::sync::LazyLock;

use super::{
    cards, ends_escape,
    kinds::{KINDS, Runs, Tail},
    marks::{Marks, WINDOW},
    windows::Windows,
};
use crate::pass::plan::SecretsRule;

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
fn secret(block: &[u8], place: usize, done: usize, runs: &mut Runs) -> Option<Hit> {
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
    // A name may be a part of another.
    let inside = start > 0
        && kind.tail != Tail::Assigned
        && kind.start.as_bytes()[0].is_ascii_alphanumeric()
        && block[start - 1].is_ascii_alphanumeric()
        && !ends_escape(block, start - 1);
    if inside {
        return None;
    }
    let end = kind
        .tail
        .ends(block, start + kind.start.len(), kind.least, runs)?;
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
    let mut runs = Runs::default();
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
            && let Some(hit) = secret(block, place, done, &mut runs)
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

    /// Tokens of every kind, put together here, so that no scanner of repositories takes this file for a leak.
    fn tokens() -> Vec<(String, &'static str)> {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let mixed = |count: usize| "a1B2c3D4".repeat(20)[..count].to_owned();
        let assigned = |name: &str| (format!("{name}{secret}"), "an AWS secret access key");
        vec![
            (
                format!("AKIA{}", "IOSFODNN7EXAMPLE"),
                "an AWS access key id",
            ),
            (
                format!("ASIA{}", "IOSFODNN7EXAMPLE"),
                "an AWS access key id",
            ),
            assigned("secret_access_key = "),
            assigned("secret_access_key: "),
            assigned("SECRET_ACCESS_KEY="),
            assigned("secretAccessKey: "),
            assigned("secretAccessKey: \\\""),
            assigned("SecretAccessKey>"),
            assigned("secretAccessKey:\\t"),
            assigned("secret-access-key: '"),
            (
                format!("-----BEGIN RSA {}", "PRIVATE KEY-----"),
                "a private key",
            ),
            (
                format!("-----BEGIN {}", "PRIVATE KEY-----"),
                "a private key",
            ),
            (
                format!("-----BEGIN PGP {}", "PRIVATE KEY BLOCK-----"),
                "a private key",
            ),
            (
                format!("-----BEGIN OPENSSH {}", "PRIVATE KEY-----"),
                "a private key",
            ),
            (format!("ABSK{}", mixed(130)), "an Amazon Bedrock API key"),
            (
                format!("bedrock-api-key-{}", mixed(60)),
                "an Amazon Bedrock API key",
            ),
            (format!("ghp_{}", mixed(36)), "a GitHub token"),
            (format!("ghr_{}", mixed(36)), "a GitHub token"),
            (
                format!("github_pat_{}_{}", mixed(22), mixed(59)),
                "a GitHub token",
            ),
            (format!("glpat-{}", mixed(20)), "a GitLab token"),
            (format!("hf_{}", mixed(34)), "a Hugging Face token"),
            (
                format!("xoxb-{}-{}", "1234567890123", mixed(24)),
                "a Slack token",
            ),
            (
                format!("xoxs-{}-{}", "1234567890123", mixed(24)),
                "a Slack token",
            ),
            (
                format!("xapp-1-{}-{}", "A012345678", mixed(24)),
                "a Slack token",
            ),
            (format!("AIza{}", mixed(35)), "a Google API key"),
            (format!("ya29.{}", mixed(60)), "a Google access token"),
            (format!("GOCSPX-{}", mixed(28)), "a Google client secret"),
            (
                format!("sk-ant-api03-{}", mixed(95)),
                "an Anthropic API key",
            ),
            (format!("sk-proj-{}", mixed(120)), "an OpenAI API key"),
            (format!("sk-svcacct-{}", mixed(120)), "an OpenAI API key"),
            (
                format!("sk-{}T3Blbk{}", mixed(20), "FJ".to_owned() + &mixed(20)),
                "an OpenAI API key",
            ),
            (format!("sk_live_{}", mixed(24)), "a Stripe key"),
            (format!("rk_live_{}", mixed(24)), "a Stripe key"),
            (format!("npm_{}", mixed(36)), "an npm token"),
            (format!("pypi-AgEIcHlwaS5vcmc{}", mixed(80)), "a PyPI token"),
            (
                format!("dop_v1_{}", "0123456789abcdef".repeat(4)),
                "a DigitalOcean token",
            ),
            (
                format!("shpat_{}", "0123456789abcdef".repeat(2)),
                "a Shopify token",
            ),
            (format!("gsk_{}", mixed(52)), "a Groq API key"),
            (
                format!("AccountKey={}==", mixed(86)),
                "an Azure storage key",
            ),
            (
                format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", mixed(30), mixed(43)),
                "a JSON Web Token",
            ),
        ]
    }

    #[test]
    fn secrets_are_found_by_their_published_forms() {
        for (token, what) in tokens() {
            for (before, after) in [
                ("", ""),
                ("{\"text\": \"", "\"}"),
                ("use \\n", "\\n"),
                ("key=", ", then"),
                ("日", "日"),
            ] {
                for shift in 0..5 {
                    let text = format!("{}{before}{token}{after}", " ".repeat(shift * 16));
                    assert_eq!(
                        found(&text),
                        [(What::Secret(what), token.clone())],
                        "{text}"
                    );
                }
            }
        }
        for name in ["aws_", "AWS", "my", "\\n"] {
            let text = format!("{name}{}", tokens()[5].0);
            assert_eq!(found(&text).len(), 1, "{text}");
        }
        assert_eq!(
            found("lost: \u{fffd}!"),
            [(What::Lost, "\u{fffd}".to_owned())]
        );
    }

    #[test]
    fn a_web_token_is_found_however_long_what_it_says_is() {
        for payload in [10, 511, 512, 513, 2_000, 8_192, 16_384] {
            let said = &"aB3_".repeat(5_000)[..payload];
            let token = format!("eyJhbGciOiJIUzI1NiJ9.{said}.{}", "c-D4".repeat(86));
            let text = format!("use {token}, then");
            assert_eq!(found(&text), [(What::Secret("a JSON Web Token"), token)]);
        }
        let long = format!(
            "eyJhbGciOiJIUzI1NiJ9.{}.{}",
            "a".repeat(17 << 10),
            "b".repeat(43)
        );
        assert!(found(&long).is_empty());
    }

    #[test]
    fn that_many_web_tokens_begin_in_one_run_costs_no_more_than_one() {
        let start = "-eyJhbGc";
        let part = start.repeat(1_900);
        // Three parts, of which the last is too short.
        let parts = format!("{part}.{part}.a ").repeat(130);
        let started = std::time::Instant::now();
        for text in [start.repeat(500_000), parts] {
            assert!(found(&text).is_empty());
        }
        // Each start read to the end of its part, these are billions of bytes.
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }

    #[test]
    fn control_characters_that_json_does_not_escape_are_found_once_a_line() {
        for control in ["\u{7f}", "\u{80}", "\u{85}", "\u{9f}"] {
            let text = format!("a {control}\u{86} b\nc{control}");
            let expected = (What::Control, control.to_owned());
            assert_eq!(found(&text), [expected.clone(), expected]);
        }
        // Others that begin with the same byte.
        assert!(found("\u{a0}«»°é ÿ 日本 ~").is_empty());
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        let mixed = |count: usize| "a1B2c3D4".repeat(20)[..count].to_owned();
        for text in [
            "AKIA".to_owned(),
            "AKIAshort".to_owned(),
            "XAKIAIOSFODNN7EXAMPLE".to_owned(),
            "ghp_123".to_owned(),
            "-----BEGIN CERTIFICATE-----".to_owned(),
            "-----BEGIN PGP PUBLIC KEY BLOCK-----".to_owned(),
            "-----BEGIN CERTIFICATE-----\\nPRIVATE KEY-----".to_owned(),
            "eyJust a word".to_owned(),
            "shf_x".to_owned(),
            format!("hf_{}", mixed(33)),
            format!("hf_{}", mixed(35)),
            format!("hf_{}_x", mixed(34)),
            format!("shf_{}", mixed(34)),
            "hf_hub_download(repo_id, filename)".to_owned(),
            "secret_access_key: Optional[str] = None".to_owned(),
            format!("secret_access_key={}", "x".repeat(40)),
            format!("secretAccessKey: {}", mixed(39)),
            format!("secretAccessKey: {}", mixed(41)),
            "the secretAccessKey is secret, and a-secret-access-key too".to_owned(),
            format!("sk-{}", mixed(48)),
            format!("task-{}", mixed(48)),
            "sk-learn-and-numpy-and-pandas-and-other-packages".to_owned(),
            "xoxo-".to_owned(),
            "npm_config_registry".to_owned(),
            format!("shpat_{}", mixed(33)),
            "AIzaSy".to_owned(),
            "a bedrock-api-key-of-mine".to_owned(),
        ] {
            assert!(found(&text).is_empty(), "{text}");
        }
    }
}
