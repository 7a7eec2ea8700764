//! One look at every byte of a block, 64 at a time: where texts may end, where characters are longer than a byte, and the few places at
//! which something that is looked for may stand. What comes after it looks at these places alone.
use std::sync::LazyLock;

use fearless_simd::{Level, Simd, SimdBase, SimdMask, dispatch, u8x16, u8x64};

use super::windows::Windows;

/// Bytes of a window.
pub(crate) const WINDOW: usize = 3;
/// Bytes that are looked at together.
pub(crate) const WIDTH: usize = 64;

/// What is known of [`WIDTH`] bytes, a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// Quotes, backslashes, and bytes below 0x20.
    pub(crate) special: u64,
    /// Bytes that are not ASCII.
    pub(crate) wide: u64,
}

/// What was seen in a block.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) words: Vec<Word>,
    /// Where a secret's window may begin, or U+007F stands: a word and its bits.
    pub(super) secrets: Vec<(usize, u64)>,
    /// Where the window of a forbidden string may begin.
    pub(super) forbidden: Vec<(usize, u64)>,
    /// Words in which 13 bytes or more stand in a row, or end there, that are digits, or a blank or a hyphen behind one: as many as the
    /// shortest card's number has.
    pub(super) digits: Vec<usize>,
}

/// What the processor can do; looked for once.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

impl Marks {
    /// Looks at a block, for windows of secrets and of forbidden strings.
    pub(crate) fn look(&mut self, block: &[u8], secrets: &Windows, forbidden: &Windows) {
        self.words.clear();
        self.words.reserve(block.len() / WIDTH + 2);
        self.secrets.clear();
        self.forbidden.clear();
        self.digits.clear();
        dispatch!(*LEVEL, simd => pass(simd, block, secrets, forbidden, self));
    }

    /// Where windows of secrets may begin.
    pub(super) fn places(list: &[(usize, u64)]) -> impl Iterator<Item = usize> {
        list.iter().flat_map(|(word, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let at = bits.trailing_zeros() as usize;
                let any = bits != 0;
                bits &= bits.wrapping_sub(1);
                any.then_some(word * WIDTH + at)
            })
        })
    }
}

#[inline(always)]
fn pass<S: Simd>(simd: S, block: &[u8], secrets: &Windows, forbidden: &Windows, marks: &mut Marks) {
    let (secrets, forbidden) = (Tables::of(simd, secrets), Tables::of(simd, forbidden));
    let mut runs = Runs::default();
    let mut start = 0;
    while let Some(bytes) = block[start..].first_chunk::<{ WIDTH + WINDOW - 1 }>() {
        word(
            simd,
            bytes,
            start / WIDTH,
            &secrets,
            &forbidden,
            &mut runs,
            marks,
        );
        start += WIDTH;
    }
    // The rest, with blanks behind it.
    let mut rest = [b' '; 3 * WIDTH];
    let left = block.len() - start;
    rest[..left].copy_from_slice(&block[start..]);
    for at in (0..left).step_by(WIDTH) {
        if let Some(bytes) = rest[at..].first_chunk::<{ WIDTH + WINDOW - 1 }>() {
            word(
                simd,
                bytes,
                (start + at) / WIDTH,
                &secrets,
                &forbidden,
                &mut runs,
                marks,
            );
        }
    }
}

struct Tables<S: Simd> {
    halves: [[u8x64<S>; 2]; WINDOW],
}

impl<S: Simd> Tables<S> {
    #[inline(always)]
    fn of(simd: S, windows: &Windows) -> Self {
        let halves = &windows.halves;
        let table = |half: &[u8; 16]| u8x64::block_splat(u8x16::from_slice(simd, half));
        Self {
            halves: [
                [table(&halves[0][0]), table(&halves[0][1])],
                [table(&halves[1][0]), table(&halves[1][1])],
                [table(&halves[2][0]), table(&halves[2][1])],
            ],
        }
    }

    /// The places at which a window may begin.
    #[inline(always)]
    fn find(&self, simd: S, halves: &[[u8x64<S>; 2]; WINDOW]) -> u64 {
        let of = |at: usize| {
            let [low, high] = halves[at];
            let [lows, highs] = self.halves[at];
            lows.swizzle_dyn_within_blocks(low) & highs.swizzle_dyn_within_blocks(high)
        };
        !(of(0) & of(1) & of(2))
            .simd_eq(u8x64::splat(simd, 0))
            .to_bitmask()
    }
}

#[inline(always)]
fn word<S: Simd>(
    simd: S,
    bytes: &[u8; WIDTH + WINDOW - 1],
    index: usize,
    secrets: &Tables<S>,
    forbidden: &Tables<S>,
    runs: &mut Runs,
    marks: &mut Marks,
) {
    let splat = |byte: u8| u8x64::splat(simd, byte);
    let from = |at: usize| u8x64::from_slice(simd, &bytes[at..at + WIDTH]);
    let halves = |bytes: u8x64<S>| [bytes & splat(0xf), bytes >> 4];
    let here = from(0);
    let all = [halves(here), halves(from(1)), halves(from(2))];
    let special = here.simd_eq(splat(b'"')).to_bitmask()
        | here.simd_eq(splat(b'\\')).to_bitmask()
        | here.simd_lt(splat(0x20)).to_bitmask();
    let wide = here.simd_ge(splat(0x80)).to_bitmask();
    marks.words.push(Word { special, wide });
    // U+007F is looked for with them, as a byte of its own.
    let found = secrets.find(simd, &all) | here.simd_eq(splat(0x7f)).to_bitmask();
    if found != 0 {
        marks.secrets.push((index, found));
    }
    let found = forbidden.find(simd, &all);
    if found != 0 {
        marks.forbidden.push((index, found));
    }
    let digits = (here - splat(b'0')).simd_lt(splat(10)).to_bitmask();
    let between = here.simd_eq(splat(b' ')).to_bitmask() | here.simd_eq(splat(b'-')).to_bitmask();
    if runs.take(digits, between) {
        marks.digits.push(index);
    }
}

/// Digits in a row, or in groups, over the border of words.
#[derive(Default)]
struct Runs {
    digits: u64,
    row: u64,
    /// Whether seven stand in a row in the word before.
    seven: bool,
}

impl Runs {
    /// Takes the next word; whether 13 in a row stand in it, or end there.
    #[inline(always)]
    fn take(&mut self, digits: u64, between: u64) -> bool {
        let behind = digits << 1 | self.digits >> 63;
        let row = digits | between & behind;
        let two = row & row >> 1;
        let four = two & two >> 2;
        let seven = four & four >> 3 != 0;
        // Of 13 in a row over a border, seven stand on one side of it.
        let found = (seven || self.seven) && {
            let row = u128::from(row) << 12 | u128::from(self.row >> 52);
            let two = row & row >> 1;
            let four = two & two >> 2;
            let eight = four & four >> 4;
            eight & eight >> 5 != 0
        };
        *self = Self { digits, row, seven };
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn every_byte_is_marked_for_what_it_is(
            block in proptest::collection::vec(prop_oneof![Just(b'7'), any::<u8>(), Just(b'a'), Just(b'7'), Just(b'7'), Just(b'-'), Just(b'"')], 0..400),
            window in any::<[u8; WINDOW]>(),
            at in any::<prop::sample::Index>(),
        ) {
            let mut block = block;
            if block.len() >= WINDOW {
                let at = at.index(block.len() - WINDOW + 1);
                block[at..at + WINDOW].copy_from_slice(&window);
            }
            let mut windows = Windows::default();
            windows.add(3, window);
            let mut marks = Marks::default();
            marks.look(&block, &windows, &Windows::default());
            prop_assert_eq!(marks.words.len(), block.len().div_ceil(WIDTH));
            for (at, byte) in block.iter().enumerate() {
                let word = marks.words[at / WIDTH];
                let bit = |bits: u64| bits >> (at % WIDTH) & 1 == 1;
                prop_assert_eq!(bit(word.special), matches!(byte, b'"' | b'\\' | 0..0x20), "{}", at);
                prop_assert_eq!(bit(word.wide), *byte >= 0x80, "{}", at);
                if block[at..].starts_with(&window) {
                    prop_assert!(Marks::places(&marks.secrets).any(|place| place == at));
                }
            }
            prop_assert!(marks.forbidden.is_empty());
            let mut row = 0;
            for at in 0..block.len() {
                let between = at > 0 && block[at - 1].is_ascii_digit() && matches!(block[at], b' ' | b'-');
                row = if block[at].is_ascii_digit() || between { row + 1 } else { 0 };
                let seen = marks.digits.contains(&(at / WIDTH));
                prop_assert!(seen || row < 13, "{} {:?}", at, block);
            }
        }
    }
}
