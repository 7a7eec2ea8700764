//! Numbers as people read them.

pub(crate) use perennial_dataset::{count, grouped};

/// `512 bytes`, `1.5 MiB (1,572,864 bytes)`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let exact = count(number, "byte");
    let power = number.checked_ilog2().unwrap_or(0) / 10;
    let Some(unit) = (power as usize)
        .checked_sub(1)
        .and_then(|index| UNITS.get(index))
    else {
        return exact;
    };
    let tenths = u128::from(number) * 10 / (1_u128 << (10 * power));
    format!("{}.{} {unit} ({exact})", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_have_units() {
        assert_eq!(count(1, "record"), "1 record");
        assert_eq!(count(1_234_567, "record"), "1,234,567 records");
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1023), "1,023 bytes");
        assert_eq!(bytes(1536), "1.5 KiB (1,536 bytes)");
        assert_eq!(bytes(u64::MAX).split(' ').next(), Some("15.9"));
    }
}
