//! The forms of the identifiers that S3 gives out: version ids, sequencers, request ids, ETags.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Sequencers start here, so that they look like S3's and keep one width.
const SEQUENCER_BASE: i64 = 0x0060_0000_0000_0000;
const VERSION_ID_BYTES: usize = 24;

/// A version id of 32 characters. It hides its place in the store's order, so that a listing can go on after a version
/// that was deleted meanwhile. `-` is avoided: a leading one would look like an option on a command line.
pub(crate) fn version_id(sequence: i64, random: [u8; 16]) -> String {
    let mut bytes = [0; VERSION_ID_BYTES];
    bytes[..16].copy_from_slice(&random);
    for (index, byte) in sequence.to_be_bytes().into_iter().enumerate() {
        bytes[16 + index] = byte ^ random[index];
    }
    URL_SAFE_NO_PAD.encode(bytes).replace('-', ".")
}

/// The place in the store's order that a version id hides, or `None` if the text is no version id.
pub(crate) fn sequence_of(version_id: &str) -> Option<i64> {
    if version_id.contains('-') {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(version_id.replace('.', "-")).ok()?;
    let bytes: [u8; VERSION_ID_BYTES] = bytes.try_into().ok()?;
    let mut sequence = [0; 8];
    for (index, byte) in sequence.iter_mut().enumerate() {
        *byte = bytes[16 + index] ^ bytes[index];
    }
    Some(i64::from_be_bytes(sequence))
}

/// Sixteen hexadecimal digits; within a store, later means greater, by number and by text.
pub(crate) fn sequencer(sequence: i64) -> String {
    format!("{:016x}", SEQUENCER_BASE + sequence)
}

/// A request id as S3's: 16 upper-case letters and digits.
pub(crate) fn request_id() -> String {
    ulid::Ulid::new().to_string()[10..].to_owned()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A UUID in text made from 16 bytes.
pub(crate) fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_version_id_keeps_its_place(sequence in 0..i64::MAX, random: [u8; 16]) {
            let id = version_id(sequence, random);
            prop_assert_eq!(id.len(), 32);
            prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_'));
            prop_assert_eq!(sequence_of(&id), Some(sequence));
        }

        #[test]
        fn any_text_is_refused_or_read(text: String) {
            let _ = sequence_of(&text);
        }
    }

    #[test]
    fn sequencers_increase_as_text() {
        assert_eq!(sequencer(1).len(), 16);
        assert!(sequencer(9) < sequencer(10));
        assert!(sequencer(0xffff_ffff) < sequencer(0x1_0000_0000));
    }

    #[test]
    fn request_ids_look_like_those_of_s3() {
        let id = request_id();
        assert_eq!(id.len(), 16);
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        );
    }
}
