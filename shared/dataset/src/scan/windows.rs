//! Strings by a window of three of their bytes: a table that says for every place in a text whether one of the windows may stand there,
//! by the halves of the three bytes ("Teddy", Geoffrey Langdale). What it names is compared once more.
use std::ops::RangeInclusive;

use super::marks::WINDOW;

/// Groups of windows. A place is named where all three bytes may be of one group.
const GROUPS: usize = 8;

/// Sixteen entries for the low halves of a byte and sixteen for the high ones, for each of the three: the groups that they are in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(super) halves: [[[u8; 16]; 2]; WINDOW],
}

impl Windows {
    /// Takes a window in.
    pub(crate) fn add(&mut self, group: usize, window: [u8; WINDOW]) {
        for (halves, byte) in self.halves.iter_mut().zip(window) {
            halves[0][usize::from(byte & 0xf)] |= 1 << (group % GROUPS);
            halves[1][usize::from(byte >> 4)] |= 1 << (group % GROUPS);
        }
    }

    /// Takes in all windows whose bytes are in these ranges.
    pub(crate) fn add_ranges(&mut self, group: usize, ranges: [RangeInclusive<u8>; WINDOW]) {
        for (halves, range) in self.halves.iter_mut().zip(ranges) {
            for byte in range {
                halves[0][usize::from(byte & 0xf)] |= 1 << (group % GROUPS);
                halves[1][usize::from(byte >> 4)] |= 1 << (group % GROUPS);
            }
        }
    }

    /// Takes a window in, in any case of its letters.
    pub(crate) fn add_any_case(&mut self, group: usize, window: [u8; WINDOW]) {
        self.add(group, window.map(|byte| byte.to_ascii_lowercase()));
        self.add(group, window.map(|byte| byte.to_ascii_uppercase()));
    }
}
