//! Writes JSON strings as `serde_json` does, from bytes that need not be UTF-8.

/// Appends `bytes` to `out`, escaped for the inside of a JSON string. Bytes over 0x7f are kept as they are.
///
/// False, with `out` incomplete, as soon as `out` is longer than `limit`.
pub(crate) fn escape(out: &mut Vec<u8>, mut bytes: &[u8], limit: usize) -> bool {
    loop {
        let plain = plain(bytes);
        if out.len() + plain > limit {
            return false;
        }
        out.extend_from_slice(&bytes[..plain]);
        let Some(byte) = bytes.get(plain) else {
            return true;
        };
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => 0,
        };
        if short == 0 {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            let digit = |nibble: u8| DIGITS[usize::from(nibble & 0xf)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(*byte)]);
        } else {
            out.extend_from_slice(&[b'\\', short]);
        }
        bytes = &bytes[plain + 1..];
    }
}

/// How many of the first bytes need no escape.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zero_byte = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let mut at = 0;
    // Eight bytes at a time; a borrow may name a byte after the first one that is meant, never before it.
    while let Some(eight) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let found = zero_byte(word ^ (ONES * u64::from(b'"')))
            | zero_byte(word ^ (ONES * u64::from(b'\\')))
            | (word.wrapping_sub(ONES * 0x20) & !word & HIGHS);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    bytes[at..]
        .iter()
        .position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'))
        .map_or(bytes.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn strings_are_written_as_serde_json_writes_them(text in any::<String>(), dense in "[\u{0}-\u{30}\"\\\\é]{0,40}") {
            for text in [text, dense] {
                let mut out = b"\"".to_vec();
                prop_assert!(escape(&mut out, text.as_bytes(), usize::MAX));
                out.push(b'"');
                prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn what_grows_over_the_limit_is_refused() {
        let mut out = Vec::new();
        assert!(escape(&mut out, b"abc", 3));
        assert!(!escape(&mut out, b"d", 3));
        out.clear();
        assert!(!escape(&mut out, &[1; 100], 300));
        assert!(out.len() <= 306);
    }
}
