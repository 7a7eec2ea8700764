//! Ids that look like the services' own: unique, the same in each run, and in no order that anyone could rely on.

/// Twelve lower-case letters and digits, as at the end of Bedrock's ARNs.
const SPACE: u128 = 36u128.pow(12);

/// Odd and no multiple of three, so that multiplying by it modulo 36¹² meets every number once.
const SCRAMBLE: u128 = 2_862_933_555_777_941_759;

/// A counter that hands out scrambled ids.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    used: u64,
}

impl Ids {
    pub(crate) fn count(&mut self) -> u64 {
        self.used += 1;
        self.used
    }

    /// Twelve characters of `[a-z0-9]`.
    pub(crate) fn short(&mut self) -> String {
        let mut rest = u128::from(self.count()) * SCRAMBLE % SPACE;
        let mut id = String::with_capacity(12);
        for _ in 0..12 {
            let digit = u32::try_from(rest % 36).unwrap_or(0);
            id.push(char::from_digit(digit, 36).unwrap_or('0'));
            rest /= 36;
        }
        id
    }

    /// Of the form of an event's id.
    pub(crate) fn event(&mut self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_do_not_repeat() {
        let mut ids = Ids::default();
        let made: std::collections::BTreeSet<String> = (0..5_000).map(|_| ids.short()).collect();
        assert_eq!(made.len(), 5_000);
        assert!(made.iter().all(|id| id.len() == 12));
        let factors = |n: u128| n.is_multiple_of(2) || n.is_multiple_of(3);
        assert!(!factors(SCRAMBLE));
    }
}
