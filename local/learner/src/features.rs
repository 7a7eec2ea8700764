//! What a prompt is compared by: its words, its pairs of neighbouring words, and the character n-grams of its words.
//!
//! A feature is a 64-bit FNV-1a hash of its text and kind, so that a vocabulary needs no strings. The hash is written
//! out here because its values must never change: a stored model is read back by a later build.

/// The lengths of the character n-grams, in characters, taken within a word with a blank on either side.
const NGRAM_LENGTHS: [usize; 2] = [3, 4];

/// FNV-1a over a kind byte and some bytes.
pub(crate) fn hash(kind: u8, bytes: impl Iterator<Item = u8>) -> u64 {
    std::iter::once(kind)
        .chain(bytes)
        .fold(0xcbf2_9ce4_8422_2325, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The features of a text in order of appearance, with repeats.
pub(crate) fn features(text: &str) -> Vec<u64> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::with_capacity(words.len() * 12);
    for word in &words {
        found.push(hash(b'w', word.bytes()));
        let padded: Vec<char> = std::iter::once(' ')
            .chain(word.chars())
            .chain(std::iter::once(' '))
            .collect();
        for length in NGRAM_LENGTHS {
            for gram in padded.windows(length) {
                found.push(hash(
                    b'c',
                    gram.iter().flat_map(|c| u32::from(*c).to_le_bytes()),
                ));
            }
        }
    }
    for pair in words.windows(2) {
        found.push(hash(
            b'p',
            pair[0].bytes().chain([b' ']).chain(pair[1].bytes()),
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_pairs_and_ngrams_are_found_and_case_does_not_matter() {
        // "my", "card": 2 words, 1 pair; " my " has 2 trigrams and 1 of four; " card " has 4 and 3.
        assert_eq!(features("My card!").len(), 2 + 1 + 3 + 7);
        assert_eq!(features("My card!"), features("my CARD"));
        assert!(features(" ?! ").is_empty());
    }
}
