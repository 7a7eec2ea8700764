//! Token counts without a tokenizer: estimates, each with the direction of its error.
use perennial_core::limits::ContentLimits;

use crate::json::{Text, characters};

/// How many tokens an image is taken for, whatever its size: as many as Llama 3.2 makes of one of four tiles (aws-samples/amazon-bedrock-samples,
/// meta-llama/dataset_validation: 1,601 to 6,404), as a compiled line does not say for which model it is. Nova makes fewer of most ([`NOVA_IMAGE`]).
/// Videos and documents are not counted: how long they are stands in the files alone (Nova looks at a frame a second: Amazon Nova user
/// guide, modalities-video, read 2026-11-22).
pub const IMAGE_TOKENS: u64 = 6_404;
/// The most that AWS states for an image that Nova reads, one of 1,300 by 1,300 pixels; about 800 is the least. Source: Amazon Nova user guide,
/// modalities-image, "Image to tokens conversion" (read 2026-11-22).
const NOVA_IMAGE: u64 = 2_600;

/// How many tokens an image is taken for where a record is held to the limit of a model that takes this.
pub(crate) fn of_image(taken: &ContentLimits) -> u64 {
    // Llama takes images and no videos.
    if taken.video_formats.is_empty() {
        IMAGE_TOKENS
    } else {
        NOVA_IMAGE
    }
}

/// How many tokens `text` has, estimated: one for every 3 ASCII characters and one for every other character.
///
/// The estimate errs high: English prose has 4 to 5 characters a token, most other scripts less than one token a
/// character. Only long runs of digits and punctuation come near it. Reservations of money are made with it. (AWS's
/// validator for Claude 3 Haiku, in aws-samples/amazon-bedrock-samples, also divides by 3.)
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    of_characters(characters(text.as_bytes()))
}

/// [`estimate_tokens`] of a text in its escaped form.
pub(crate) fn estimate(text: &Text<'_>) -> u64 {
    of_characters(text.characters())
}

/// [`estimate_tokens`] of a text from its canonical escaped form.
pub(crate) fn estimate_escaped(raw: &[u8]) -> u64 {
    let mut excess = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &raw[at..]) {
        let length = if raw.get(at + found + 1) == Some(&b'u') {
            6
        } else {
            2
        };
        excess += length - 1;
        at = (at + found + length as usize).min(raw.len());
    }
    let (ascii, others) = characters(raw);
    of_characters((ascii.saturating_sub(excess), others))
}

fn of_characters((ascii, others): (u64, u64)) -> u64 {
    ascii.div_ceil(3) + others
}

/// The fewest tokens that a text may have: one for every 6 characters, which is the figure that the Bedrock user guide
/// (model-customization-prepare) sizes samples with. It errs low: a record that is too long by it is too long.
pub(crate) fn least(text: &Text<'_>) -> u64 {
    let (ascii, others) = text.characters();
    (ascii + others) / 6
}

/// [`least`] of a text that is not escaped.
pub(crate) fn fewest_tokens(text: &str) -> u64 {
    let (ascii, others) = characters(text.as_bytes());
    (ascii + others) / 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimates_stand_on_both_sides() {
        let prose = "Can I track my card while it is in the process of delivery?";
        assert_eq!(estimate_tokens(prose), 20);
        assert_eq!(least(&Text::of(prose)), 9);
        assert_eq!(estimate_tokens("日本語"), 3);
        assert_eq!(estimate_tokens(""), 0);
    }
}
