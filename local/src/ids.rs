//! Ids in the form that AWS gives them: UUIDs, here with the time in front (version 7), so that they sort.

/// A new id, unique and later than those before it to the millisecond.
pub(crate) fn uuid() -> String {
    let bits = ulid::Ulid::new().0;
    // RFC 9562, section 5.7: 48 bits of time (as in a ULID), the version, 12 bits, the variant, 62 bits.
    let bits = (bits & !(0xf << 76)) | (0x7 << 76);
    let bits = (bits & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{bits:032x}");
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
    #[test]
    fn has_the_form_of_a_version_7_uuid() {
        let id = super::uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "7");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
    }
}
