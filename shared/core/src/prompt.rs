//! What a prompt is known by: its normalised text's digest; and the two choices made from digests alone,
//! the hold-out and the subsample. Both are pure functions of their arguments: the same on every machine and in every order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The prompt with every run of white space (as Unicode defines it) made one space, trimmed, and in lower case.
///
/// Unicode's composed and decomposed forms of a letter stay different.
#[must_use]
pub fn normalise(prompt: &str) -> String {
    let mut normal = Vec::with_capacity(prompt.len());
    let mut rest = prompt;
    while !rest.is_empty() {
        let ascii = ascii_length(rest.as_bytes());
        // Most of most texts is ASCII, up to the word in which something else stands.
        let part = if ascii == rest.len() {
            ascii
        } else {
            let spaces = rest.as_bytes()[..ascii].iter();
            spaces
                .rev()
                .position(|byte| is_ascii_space(*byte))
                .map_or(0, |behind| ascii - behind)
        };
        push_ascii(&rest.as_bytes()[..part], &mut normal);
        rest = &rest[part..];
        // It may hold other white space, and letters whose lower case is longer or depends on those beside them, but never on what
        // stands behind a space.
        let end = rest.bytes().position(is_ascii_space).unwrap_or(rest.len());
        for word in rest[..end].split_whitespace() {
            if normal.last().is_some_and(|last| *last != b' ') {
                normal.push(b' ');
            }
            normal.extend_from_slice(word.to_lowercase().as_bytes());
        }
        rest = &rest[end..];
    }
    if normal.last() == Some(&b' ') {
        normal.pop();
    }
    // It is UTF-8: whole words of UTF-8, and ASCII between them.
    String::from_utf8(normal)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

const CHUNK: usize = 64;

/// How many bytes are ASCII before the first that is not.
fn ascii_length(bytes: &[u8]) -> usize {
    let whole = bytes.chunks(CHUNK).take_while(|chunk| chunk.is_ascii());
    let start = (whole.count() * CHUNK).min(bytes.len());
    let rest = bytes[start..].iter().position(|byte| !byte.is_ascii());
    rest.map_or(bytes.len(), |rest| start + rest)
}

/// Appends ASCII in lower case, of each run of white space one space; none behind another, and none at the start.
fn push_ascii(bytes: &[u8], normal: &mut Vec<u8>) {
    for chunk in bytes.chunks(CHUNK) {
        let mut made = [0; CHUNK];
        for (to, byte) in made.iter_mut().zip(chunk) {
            let space = is_ascii_space(*byte);
            *to = if space {
                b' '
            } else {
                byte.to_ascii_lowercase()
            };
        }
        let made = &made[..chunk.len()];
        let behind_space = normal.last().is_none_or(|last| *last == b' ');
        let beside = made.iter().zip(&made[1..]);
        // All of a chunk at once, without a branch: where words end cannot be foretold.
        let twice = beside.fold(false, |twice, (one, next)| {
            twice | ((*one == b' ') & (*next == b' '))
        });
        if twice || behind_space && made[0] == b' ' {
            let mut before = behind_space;
            let kept = made.iter().filter(|byte| {
                let again = before && **byte == b' ';
                before = **byte == b' ';
                !again
            });
            normal.extend(kept);
        } else {
            normal.extend_from_slice(made);
        }
    }
}

/// What of ASCII is white space as Unicode defines it.
fn is_ascii_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The identity of a prompt: SHA-256 of its normalised text, cut to 16 bytes. Stored (serde) and shown as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PromptDigest(pub [u8; 16]);

/// A text that is not 32 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a prompt digest is 32 hex digits, this is {0:?}")]
pub struct PromptDigestError(String);

impl PromptDigest {
    /// The digest of a prompt as it was given; it is normalised here.
    #[must_use]
    pub fn of(prompt: &str) -> Self {
        Self::cut(Sha256::new_with_prefix(normalise(prompt)))
    }

    fn cut(hash: Sha256) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Self(bytes)
    }
}

/// The digest of a prompt that grows, part by part: each is [`PromptDigest::of`] of the parts so far with white space between them. What
/// came before is not read again.
#[derive(Debug, Clone, Default)]
pub struct GrowingPrompt {
    hash: Sha256,
    any: bool,
}

impl GrowingPrompt {
    /// Adds a part.
    pub fn push(&mut self, part: &str) {
        let normal = normalise(part);
        if normal.is_empty() {
            return;
        }
        if self.any {
            self.hash.update(b" ");
        }
        self.hash.update(normal.as_bytes());
        self.any = true;
    }

    /// The digest of all parts so far.
    #[must_use]
    pub fn digest(&self) -> PromptDigest {
        PromptDigest::cut(self.hash.clone())
    }
}

impl fmt::Display for PromptDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PromptDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PromptDigest({self})")
    }
}

impl FromStr for PromptDigest {
    type Err = PromptDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || PromptDigestError(text.chars().take(40).collect());
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error());
        }
        let whole = u128::from_str_radix(text, 16).map_err(|_| error())?;
        Ok(Self(whole.to_be_bytes()))
    }
}

impl Serialize for PromptDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PromptDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether a prompt is held out of training for evaluation, where about `fraction` (0 to 1) of all prompts are.
///
/// A keyed hash of the digest decides, so every record of one prompt falls on the same side, for ever and in every file.
/// `key` is the installation's or the pipeline's, so that two of them hold out different prompts. A larger fraction holds
/// out every prompt that a smaller one does.
#[must_use]
pub fn held_out(digest: PromptDigest, key: &str, fraction: f64) -> bool {
    unit_interval(keyed("perennial hold-out 1", key, digest)) < fraction
}

/// The indices, ascending, of at most `max` of the digests, chosen by `seed`: all of them where there are no more than `max`.
///
/// A digest's rank depends on the seed and on itself only: the order of the slice does not matter, and one more prompt
/// displaces at most one. Equal digests are told apart by their place.
#[must_use]
pub fn subsample(seed: &str, digests: &[PromptDigest], max: usize) -> Vec<usize> {
    if digests.len() <= max {
        return (0..digests.len()).collect();
    }
    let mut ranked: Vec<(u64, usize)> = digests
        .iter()
        .enumerate()
        .map(|(index, digest)| (rank(seed, *digest), index))
        .collect();
    ranked.sort_unstable();
    let mut chosen: Vec<usize> = ranked
        .into_iter()
        .take(max)
        .map(|(_, index)| index)
        .collect();
    chosen.sort_unstable();
    chosen
}

/// The place of a prompt in the order by which [`subsample`] draws: the smallest ranks are chosen.
#[must_use]
pub fn rank(seed: &str, digest: PromptDigest) -> u64 {
    keyed("perennial subsample 1", seed, digest)
}

fn keyed(purpose: &str, key: &str, digest: PromptDigest) -> u64 {
    let mut hasher = Sha256::new();
    for part in [purpose, key] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(digest.0);
    let hash = hasher.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first)
}

/// The hash as a number in [0, 1), by its upper 53 bits.
fn unit_interval(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn digests(count: usize) -> Vec<PromptDigest> {
        (0..count)
            .map(|number| PromptDigest::of(&format!("prompt {number}")))
            .collect()
    }

    #[test]
    fn normalises_space_and_case() {
        assert_eq!(
            normalise("  Where\tis\u{a0}my\n\n CARD? "),
            "where is my card?"
        );
        assert_eq!(normalise("ÄÖÜ ΑΣ"), "äöü ας");
        assert_eq!(normalise(" \n"), "");
    }

    #[test]
    fn a_digest_stays_what_it_is() {
        let digest = PromptDigest::of("Where is my card?");
        assert_eq!(digest, PromptDigest::of(" where  IS my card?\n"));
        insta::assert_snapshot!(digest, @"e310733a693e0f48e61198db79b6e66e");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(
            "0+0000000000000000000000000000000"
                .parse::<PromptDigest>()
                .is_err()
        );
        assert!("é".repeat(16).parse::<PromptDigest>().is_err());
    }

    #[test]
    fn the_hold_out_is_about_its_fraction() {
        let digests = digests(10_000);
        let count = |key: &str, fraction| {
            digests
                .iter()
                .filter(|d| held_out(**d, key, fraction))
                .count()
        };
        assert!((900..1_100).contains(&count("support-bot", 0.1)));
        assert_eq!(count("support-bot", 0.0), 0);
        assert_eq!(count("support-bot", 1.0), 10_000);
        assert_eq!(count("support-bot", f64::NAN), 0);
        let both = digests
            .iter()
            .filter(|d| held_out(**d, "a", 0.1) && held_out(**d, "b", 0.1))
            .count();
        assert!(
            both < 200,
            "two keys hold out different prompts: {both} in common"
        );
    }

    proptest! {
        #[test]
        fn words_are_those_of_unicode_in_lower_case_whatever_stands_between_them(
            prompt in "([ -~]|[\\x00-\\x7f]|[\\sΣσΑİßé日\u{301}\u{85}\u{a0}\u{3000}.:'\u{ad}]|\\PC){0,200}",
        ) {
            let words: Vec<&str> = prompt.split_whitespace().collect();
            assert_eq!(normalise(&prompt), words.join(" ").to_lowercase());
        }

        #[test]
        fn normalising_twice_changes_nothing(text in ".*") {
            let once = normalise(&text);
            prop_assert_eq!(normalise(&once), once);
        }

        #[test]
        fn a_larger_fraction_holds_out_more(text in ".*", small in 0.0..1.0_f64, more in 0.0..1.0_f64) {
            let digest = PromptDigest::of(&text);
            prop_assert!(!held_out(digest, "k", small) || held_out(digest, "k", small + more));
        }

        #[test]
        fn a_subsample_is_a_set_that_forgets_the_order(count in 0..60_usize, max in 0..60_usize, seed in ".{0,8}") {
            let forward = digests(count);
            let chosen = subsample(&seed, &forward, max);
            prop_assert_eq!(chosen.len(), count.min(max));
            prop_assert!(chosen.is_sorted_by(|a, b| a < b));
            let backward: Vec<_> = forward.iter().rev().copied().collect();
            let mut mirrored: Vec<_> = subsample(&seed, &backward, max).into_iter().map(|i| count - 1 - i).collect();
            mirrored.reverse();
            prop_assert_eq!(mirrored, chosen);
        }

        #[test]
        fn one_more_prompt_displaces_at_most_one(count in 1..60_usize, max in 1..60_usize) {
            let all = digests(count + 1);
            let before = subsample("s", &all[..count], max);
            let after = subsample("s", &all, max);
            prop_assert!(before.iter().filter(|index| !after.contains(index)).count() <= 1);
        }

        #[test]
        fn a_prompt_that_grows_has_the_digest_of_the_whole_at_every_step(
            parts in proptest::collection::vec(("([ -~]|[\\sΣσİß日\u{301}\u{85}\u{a0}]|\\PC){0,40}", "\\s{1,3}"), 0..8),
        ) {
            let (mut growing, mut whole) = (GrowingPrompt::default(), String::new());
            for (part, between) in &parts {
                whole += part;
                growing.push(part);
                prop_assert_eq!(growing.digest(), PromptDigest::of(&whole));
                whole += between;
            }
        }

        #[test]
        fn digests_read_back(text in ".*") {
            let digest = PromptDigest::of(&text);
            let json = serde_json::to_string(&digest).unwrap();
            prop_assert_eq!(serde_json::from_str::<PromptDigest>(&json).unwrap(), digest);
        }
    }
}
