//! The choices at the start of an input: one byte each, counted from the letter `a`, so that a corpus file can be written by hand.

/// What is left of an input.
pub(crate) struct Choices<'d> {
    rest: &'d [u8],
}

impl<'d> Choices<'d> {
    pub(crate) fn of(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    /// The next byte, `a` as 0; 0 at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        first.wrapping_sub(b'a')
    }

    /// One of these.
    pub(crate) fn pick<'o, T>(&mut self, of: &'o [T]) -> &'o T {
        &of[usize::from(self.byte()) % of.len()]
    }

    /// Ways to cut a file into pushes.
    pub(crate) fn cuts(&mut self) -> Cuts {
        Cuts(u64::from(self.byte()))
    }

    /// All that follows the choices.
    pub(crate) fn rest(self) -> &'d [u8] {
        self.rest
    }
}

/// Ways to cut a file into pushes, by a seed.
#[derive(Clone, Copy)]
pub(crate) struct Cuts(u64);

impl Cuts {
    /// The file in pieces, mostly short ones, some of them empty.
    pub(crate) fn pieces<'b>(self, mut bytes: &'b [u8], each: &mut dyn FnMut(&'b [u8])) {
        let mut random = fastrand::Rng::with_seed(self.0);
        // Small files fall into single bytes with a seed of 0; of large ones only the first few thousand pieces are short.
        for _ in 0..4_096 {
            if bytes.is_empty() {
                break;
            }
            let most = [1, 2, 9, 70, 1_500][random.usize(..5)];
            let size = if self.0 == 0 {
                1
            } else {
                random.usize(..=most)
            };
            let (piece, rest) = bytes.split_at(size.min(bytes.len()));
            each(piece);
            bytes = rest;
        }
        bytes.chunks(60_000).for_each(each);
    }
}
