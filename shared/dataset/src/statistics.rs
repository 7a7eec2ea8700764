//! How long the records of a file are: counted in bins that double, so that any file has the same few.
use serde::{Deserialize, Serialize};

/// Values from `from` to `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// The least value of the bin.
    pub from: u64,
    /// The greatest value of the bin.
    pub to: u64,
    /// How many values it holds.
    pub count: u64,
}

/// How a quantity is spread over the records: bins 0, 1, 2–3, 4–7, 8–15 and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Histogram {
    counts: [u64; 66],
    least: u64,
    most: u64,
    sum: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: [0; 66],
            least: u64::MAX,
            most: 0,
            sum: 0,
        }
    }
}

impl Histogram {
    pub(crate) fn add(&mut self, value: u64) {
        self.counts[(u64::BITS - value.leading_zeros()) as usize] += 1;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        self.sum = self.sum.saturating_add(value);
    }

    /// From the first bin that holds a value to the last one; nothing if there is no value.
    pub(crate) fn spread(&self) -> Spread {
        let Some(first) = self.counts.iter().position(|count| *count > 0) else {
            return Spread::default();
        };
        let last = self
            .counts
            .iter()
            .rposition(|count| *count > 0)
            .unwrap_or(first);
        let bins = (first..=last)
            .map(|index| Bin {
                from: if index == 0 { 0 } else { 1 << (index - 1) },
                to: match index {
                    0 => 0,
                    64.. => u64::MAX,
                    _ => (1 << index) - 1,
                },
                count: self.counts[index],
            })
            .collect();
        Spread {
            least: self.least,
            most: self.most,
            sum: self.sum,
            bins,
        }
    }
}

/// How a quantity is spread over the records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// The least value; 0 where there is none.
    pub least: u64,
    /// The greatest value.
    pub most: u64,
    /// All values together.
    pub sum: u64,
    /// Bins that double in width, from the first that holds a value to the last.
    pub bins: Vec<Bin>,
}

/// The lengths of the records written. Tokens are estimates that err high ([`crate::estimate_tokens`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statistics {
    /// Tokens of a record.
    pub tokens: Spread,
    /// Tokens of everything before the last answer; of the whole text where a record has no answer.
    pub prompt_tokens: Spread,
    /// Tokens of the last answer; empty where records have none.
    pub completion_tokens: Spread,
    /// Messages of a record, the system text not counted; empty for documents.
    pub messages: Spread,
}

/// One record as it was compiled, for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The line on which it began, from 1.
    pub line: u64,
    /// The canonical line; cut after [`crate::SAMPLE`] characters, with `…` for the rest.
    pub record: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_double_and_hold_every_value() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.spread(), Spread::default());
        for value in [0, 1, 5, 7, 8, u64::MAX] {
            histogram.add(value);
        }
        let spread = histogram.spread();
        assert_eq!((spread.least, spread.most), (0, u64::MAX));
        assert_eq!(
            spread.bins[0],
            Bin {
                from: 0,
                to: 0,
                count: 1
            }
        );
        assert_eq!(
            spread.bins[3],
            Bin {
                from: 4,
                to: 7,
                count: 2
            }
        );
        assert_eq!(spread.bins.len(), 65);
        assert_eq!(spread.bins.iter().map(|bin| bin.count).sum::<u64>(), 6);
    }
}
