//! Token counts without a tokenizer: estimates, each with the direction of its error.
use crate::json::Text;

/// How many tokens `text` has, estimated: one for every 3 ASCII characters and one for every other character.
///
/// The estimate errs high: English prose has 4 to 5 characters a token, most other scripts less than one token a
/// character. Only long runs of digits and punctuation come near it. Reservations of money are made with it. (AWS's
/// validator for Claude 3 Haiku, in aws-samples/amazon-bedrock-samples, also divides by 3.)
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let other = text.bytes().filter(|byte| *byte >= 0xc0).count() as u64;
    ascii.div_ceil(3) + other
}

/// [`estimate_tokens`] of a text in its escaped form.
pub(crate) fn estimate(text: &Text<'_>) -> u64 {
    let (ascii, others) = text.characters();
    ascii.div_ceil(3) + others
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
    let (ascii, others) = crate::json::characters(raw);
    (ascii.saturating_sub(excess)).div_ceil(3) + others
}

/// [`least_tokens`] of a text in its escaped form.
pub(crate) fn least(text: &Text<'_>) -> u64 {
    let (ascii, others) = text.characters();
    (ascii + others) / 6
}

/// The fewest tokens that `text` may have: one for every 6 characters, which is the figure that the Bedrock user guide
/// (model-customization-prepare) sizes samples with. It errs low: a record that is too long by it is too long.
#[must_use]
pub fn least_tokens(text: &str) -> u64 {
    (text.chars().count() as u64) / 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimates_stand_on_both_sides() {
        let prose = "Can I track my card while it is in the process of delivery?";
        assert_eq!(estimate_tokens(prose), 20);
        assert_eq!(least_tokens(prose), 9);
        assert_eq!(estimate_tokens("日本語"), 3);
        assert_eq!(estimate_tokens(""), 0);
    }
}
