//! The forms of keys, tokens and private keys: how each starts, by which of its bytes it is looked for, and how it goes on.
use memchr::memmem;

/// Which characters a token goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Upper-case letters and digits, exactly so many.
    Upper,
    /// Letters and digits.
    Alphanumeric,
    /// Letters and digits, exactly so many.
    Exact,
    /// Letters, digits, `_` and `-`.
    Url,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// Signs or quotes behind a name, and then exactly so many characters in Base64.
    Assigned,
    /// A key's kind and `PRIVATE KEY-----`, or `PRIVATE KEY BLOCK-----`.
    PrivateKey,
    /// Three parts, dots between them.
    Jwt,
    /// 20 letters and digits, `T3BlbkFJ`, and 20 more.
    OpenAi,
}

/// What a secret starts with, how it goes on and for how long at least, and what it is.
pub(super) struct Kind {
    pub(super) start: &'static str,
    /// Where the window of its start begins by which it is found, and the window's group: alike windows are in one.
    pub(super) window: (usize, usize),
    pub(super) tail: Tail,
    pub(super) least: usize,
    pub(super) what: &'static str,
}

/// Windows are bytes that stand together in few texts. The forms are those of the issuers, as gitleaks and trufflehog have them, too.
pub(super) const KINDS: &[Kind] = &{
    use Tail::{Alphanumeric, Assigned, Base64, Exact, Jwt, OpenAi, PrivateKey, Upper, Url};
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
    const KEY_ID: &str = "an AWS access key id";
    const SECRET_KEY: &str = "an AWS secret access key";
    const GITHUB: &str = "a GitHub token";
    const SLACK: &str = "a Slack token";
    const OPENAI: &str = "an OpenAI API key";
    const JWT: &str = "a JSON Web Token";
    [
        kind("AKIA", (1, 4), Upper, 16, KEY_ID),
        kind("ASIA", (1, 4), Upper, 16, KEY_ID),
        // The name in any of its spellings: in INI files and in the environment, in YAML, JSON and XML, with another name before it.
        kind("secret_access_key", (5, 6), Assigned, 40, SECRET_KEY),
        kind("SECRET_ACCESS_KEY", (5, 6), Assigned, 40, SECRET_KEY),
        kind("secret-access-key", (5, 6), Assigned, 40, SECRET_KEY),
        kind("SecretAccessKey", (5, 6), Assigned, 40, SECRET_KEY),
        kind("secretAccessKey", (5, 6), Assigned, 40, SECRET_KEY),
        kind("ABSK", (1, 4), Base64, 108, "an Amazon Bedrock API key"),
        kind(
            "bedrock-api-key-",
            (9, 1),
            Base64,
            40,
            "an Amazon Bedrock API key",
        ),
        kind("-----BEGIN ", (3, 3), PrivateKey, 0, "a private key"),
        kind("ghp_", (1, 0), Alphanumeric, 36, GITHUB),
        kind("gho_", (1, 0), Alphanumeric, 36, GITHUB),
        kind("ghu_", (1, 0), Alphanumeric, 36, GITHUB),
        kind("ghs_", (1, 0), Alphanumeric, 36, GITHUB),
        kind("ghr_", (1, 0), Alphanumeric, 36, GITHUB),
        kind("github_pat_", (4, 0), Url, 40, GITHUB),
        kind("glpat-", (3, 1), Url, 20, "a GitLab token"),
        kind("hf_", (0, 0), Exact, 34, "a Hugging Face token"),
        kind("xoxb-", (2, 2), Url, 20, SLACK),
        kind("xoxp-", (2, 2), Url, 20, SLACK),
        kind("xoxa-", (2, 2), Url, 20, SLACK),
        kind("xoxe-", (2, 2), Url, 20, SLACK),
        kind("xoxo-", (2, 2), Url, 20, SLACK),
        kind("xoxr-", (2, 2), Url, 20, SLACK),
        kind("xoxs-", (2, 2), Url, 20, SLACK),
        kind("xapp-", (2, 2), Url, 20, SLACK),
        kind("AIza", (1, 4), Url, 35, "a Google API key"),
        kind("ya29.", (1, 7), Url, 40, "a Google access token"),
        kind("GOCSPX-", (4, 2), Url, 28, "a Google client secret"),
        kind("sk-ant-", (0, 1), Url, 40, "an Anthropic API key"),
        kind("sk-proj-", (0, 1), Url, 40, OPENAI),
        kind("sk-svcacct-", (0, 1), Url, 40, OPENAI),
        kind("sk-admin-", (0, 1), Url, 40, OPENAI),
        kind("sk-", (0, 1), OpenAi, 20, OPENAI),
        kind("sk_live_", (0, 0), Alphanumeric, 16, "a Stripe key"),
        kind("rk_live_", (0, 0), Alphanumeric, 16, "a Stripe key"),
        kind("npm_", (1, 0), Alphanumeric, 36, "an npm token"),
        kind("pypi-AgEIcHlwaS5vcmc", (2, 1), Url, 50, "a PyPI token"),
        kind("dop_v1_", (1, 0), Exact, 64, "a DigitalOcean token"),
        kind("shpat_", (3, 0), Exact, 32, "a Shopify token"),
        kind("gsk_", (1, 0), Exact, 52, "a Groq API key"),
        kind("AccountKey=", (6, 6), Base64, 80, "an Azure storage key"),
        // What `{"alg`, `{"typ`, `{"kid` and `{"enc` begin with in Base64.
        kind("eyJhbGc", (0, 7), Jwt, 10, JWT),
        kind("eyJ0eXA", (0, 7), Jwt, 10, JWT),
        kind("eyJraWQ", (0, 7), Jwt, 10, JWT),
        kind("eyJlbmM", (0, 7), Jwt, 10, JWT),
    ]
};

/// So many bytes of a token are looked at: that many starts stand in a row costs no more than this for each.
pub(crate) const MOST: usize = 512;

/// The longest part of a JSON Web Token, in bytes: it goes with requests as a header, of which servers take 8 to 16 KiB.
pub(crate) const LONGEST_PART: usize = 16 << 10;

/// Whether it may stand in a token that is made for addresses.
fn url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Where the runs of such characters end that were looked at last: of many starts in one run, none reads it again. A token has three
/// runs, and the next one begins in the second of them.
#[derive(Debug, Default)]
pub(super) struct Runs {
    last: [(usize, usize); 4],
    next: usize,
}

impl Runs {
    /// The end of the run that goes on at `from`.
    fn end(&mut self, block: &[u8], from: usize) -> usize {
        let known = (self.last.iter()).find(|(start, end)| *start <= from && from < *end);
        if let Some((_, end)) = known {
            return *end;
        }
        let rest = block.get(from..).unwrap_or_default();
        let end = from + rest.iter().take_while(|byte| url(**byte)).count();
        // One without a byte costs nothing to look at again, and would take the place of one that does.
        if end > from {
            self.last[self.next] = (from, end);
            self.next = (self.next + 1) % self.last.len();
        }
        end
    }
}

impl Tail {
    /// Where the secret ends whose start ended at `from`, if it is one. `runs` are those of the block.
    pub(super) fn ends(
        self,
        block: &[u8],
        from: usize,
        least: usize,
        runs: &mut Runs,
    ) -> Option<usize> {
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
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
        match self {
            Self::Upper => {
                // Exactly so many: what is longer is something else.
                let end = run(from, &upper);
                (end == from + least && !block.get(end).is_some_and(u8::is_ascii_alphanumeric))
                    .then_some(end)
            }
            Self::Exact => {
                let end = run(from, &|byte| byte.is_ascii_alphanumeric());
                (end == from + least && !block.get(end).is_some_and(|byte| url(*byte)))
                    .then_some(end)
            }
            Self::Alphanumeric => long(from, run(from, &|byte| byte.is_ascii_alphanumeric())),
            Self::Url => long(from, run(from, &url)),
            Self::Base64 => long(from, run(from, &base64)),
            Self::Assigned => {
                let sign =
                    |byte: u8| matches!(byte, b' ' | b'=' | b':' | b'>' | b'"' | b'\'' | b'\\');
                let mut start = run(from, &sign);
                // The letter of a tab's escape.
                while block.get(start) == Some(&b't') && block.get(start - 1) == Some(&b'\\') {
                    start = run(start + 1, &sign);
                }
                let end = run(start, &base64);
                let held = block.get(start..end).unwrap_or_default();
                // Forty times the same letter stands in the place of a key.
                let is_key = held.iter().any(|byte| Some(byte) != held.first());
                (start > from && end == start + least && is_key).then_some(end)
            }
            Self::OpenAi => {
                const MIDDLE: &[u8] = b"T3BlbkFJ";
                let end = run(from, &|byte| byte.is_ascii_alphanumeric());
                let middle = block.get(from + least..from + least + MIDDLE.len());
                (end == from + 2 * least + MIDDLE.len() && middle == Some(MIDDLE)).then_some(end)
            }
            Self::PrivateKey => {
                let line = &block[from..block.len().min(from + 60)];
                // A line that ends before is another's.
                let line = line.split(|byte| matches!(byte, b'\\' | b'\n')).next()?;
                [&b"PRIVATE KEY-----"[..], b"PRIVATE KEY BLOCK-----"]
                    .iter()
                    .find_map(|rest| Some(from + memmem::find(line, rest)? + rest.len()))
            }
            Self::Jwt => {
                let mut part = from;
                for more in [true, true, false] {
                    let end = runs.end(block, part);
                    let is_part = (least..=LONGEST_PART).contains(&(end - part));
                    if !is_part || more && block.get(end) != Some(&b'.') {
                        return None;
                    }
                    part = end + 1;
                }
                Some(part - 1)
            }
        }
    }
}
