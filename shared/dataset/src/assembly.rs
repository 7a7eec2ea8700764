//! Which bytes of a training file the bucket copies by itself, and which are read and written again.
//!
//! Pure: what was decided of a shard's records goes in, moves come out, in the order of the file. S3's parts of an upload have at
//! least 5 MiB but the last, and at most 5 GiB, and there are at most 10,000 (Amazon S3 User Guide, "Multipart upload limits"): what is
//! read between two copies is a part of its own, and is filled up to the smallest part from the copy that follows.
use std::ops::Range;

use crate::sealer::Stretch;

/// The largest part of an upload, and so the longest copy: 5 GiB.
pub const MOST_COPY: u64 = 5 << 30;

/// Bytes that nobody wants are read along up to this length, rather than asked for again: about what comes in while S3 answers another
/// request.
const GAP: u64 = 256 << 10;

/// The copies of a file, at least this share of it each, are never too many: with what is written between them, below 10,000 parts.
const SHARES: u64 = 4_000;

/// The next thing to do with a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The bucket copies these bytes of the shard to the end of the file.
    Copy(Range<u64>),
    /// These bytes of the shard are read in one go, and some of them are taken.
    Read {
        /// From the first byte that is taken to the last.
        range: Range<u64>,
        /// In order. What is held out is not written to the file.
        picks: Vec<Stretch>,
    },
}

/// Plans a file, shard by shard.
#[derive(Debug, Clone)]
pub struct Assembly {
    smallest: u64,
    least: u64,
    most: u64,
    /// Written since the last copy, or since the start.
    loose: u64,
}

impl Assembly {
    /// Plans a file for a bucket that copies no fewer bytes at once than `smallest`. `all` is the length of all shards.
    #[must_use]
    pub fn new(smallest: u64, all: u64) -> Self {
        Self::with_most(smallest, all, MOST_COPY)
    }

    fn with_most(smallest: u64, all: u64, most: u64) -> Self {
        Self {
            smallest,
            least: smallest.max(all / SHARES),
            most,
            loose: 0,
        }
    }

    /// So many bytes were written that are not planned here: of a shard that has no index.
    pub fn wrote(&mut self, bytes: u64) {
        self.loose += bytes;
    }

    /// What to do with a shard, of which these stretches are wanted.
    #[must_use]
    pub fn shard(&mut self, stretches: &[Stretch]) -> Vec<Move> {
        let mut moves = Vec::new();
        for stretch in stretches {
            let Range { mut start, end } = stretch.range.clone();
            if stretch.held_out || !stretch.kept.is_empty() {
                if !stretch.held_out {
                    self.loose += stretch.written();
                }
                read(&mut moves, stretch.clone());
                continue;
            }
            // A part that is written before a copy must not be too small.
            let fill = match self.loose {
                0 => 0,
                loose => self.smallest.saturating_sub(loose),
            };
            if end - start >= fill + self.least {
                if fill > 0 {
                    read(&mut moves, written(start..start + fill));
                    start += fill;
                }
                let copies = (end - start).div_ceil(self.most);
                for copy in 0..copies {
                    let at = |copy: u64| start + part_of(end - start, copy, copies);
                    moves.push(Move::Copy(at(copy)..at(copy + 1)));
                }
                self.loose = 0;
            } else {
                read(&mut moves, written(start..end));
                self.loose += end - start;
            }
        }
        moves
    }
}

/// `length * copy / copies`, rounded down.
fn part_of(length: u64, copy: u64, copies: u64) -> u64 {
    let part = u128::from(length) * u128::from(copy) / u128::from(copies);
    // Not above `length`.
    u64::try_from(part).unwrap_or(length)
}

/// Bytes that go into the file as they stand.
fn written(range: Range<u64>) -> Stretch {
    Stretch {
        range,
        ..Stretch::default()
    }
}

/// Takes bytes of the shard, with the last read if they lie near it.
fn read(moves: &mut Vec<Move>, pick: Stretch) {
    let range = pick.range.clone();
    match moves.last_mut() {
        Some(Move::Read { range: last, picks }) if range.start - last.end <= GAP => {
            last.end = range.end;
            picks.push(pick);
        }
        _ => moves.push(Move::Read {
            range,
            picks: vec![pick],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALLEST: u64 = 1_000;
    const MOST: u64 = 50_000;

    /// Bytes that were taken, with the number of their shard.
    type Taken = Vec<(usize, Stretch)>;

    /// What a bucket would have for parts: lengths, and whether each was copied.
    fn parts(shards: &[(bool, Vec<Stretch>)], all: u64) -> (Vec<(u64, bool)>, Taken) {
        let mut plan = Assembly::with_most(SMALLEST, all, MOST);
        let (mut parts, mut taken) = (Vec::new(), Vec::new());
        let mut loose = 0;
        for (number, (has_index, stretches)) in shards.iter().enumerate() {
            if !has_index {
                for stretch in stretches {
                    if !stretch.held_out {
                        plan.wrote(stretch.written());
                        loose += stretch.written();
                    }
                    taken.push((number, stretch.clone()));
                }
                continue;
            }
            for made in plan.shard(stretches) {
                match made {
                    Move::Copy(range) => {
                        if loose > 0 {
                            parts.push((std::mem::take(&mut loose), false));
                        }
                        parts.push((range.end - range.start, true));
                        taken.push((number, written(range)));
                    }
                    Move::Read { range, picks } => {
                        assert_eq!(range.start, picks[0].range.start);
                        assert_eq!(range.end, picks[picks.len() - 1].range.end);
                        for pair in picks.windows(2) {
                            let gap = pair[1].range.start - pair[0].range.end;
                            assert!(gap <= GAP);
                        }
                        for pick in picks {
                            if !pick.held_out {
                                loose += pick.written();
                            }
                            taken.push((number, pick));
                        }
                    }
                }
            }
        }
        if loose > 0 {
            parts.push((loose, false));
        }
        (parts, taken)
    }

    fn shards() -> impl Strategy<Value = Vec<(bool, Vec<Stretch>)>> {
        let length = prop_oneof![1..300_u64, 1..3_000_u64, 500..400_000_u64];
        let gap = prop_oneof![Just(0), 1..100_u64, 1..600_000_u64];
        // As it stands, held out, or a record of which a part stays.
        let fate = prop_oneof![6 => Just((false, false)), 2 => Just((true, false)), 1 => Just((false, true))];
        let stretches = proptest::collection::vec((gap, length, fate), 0..12);
        let shard = (prop::bool::weighted(0.8), stretches).prop_map(|(has_index, given)| {
            let mut at = 0;
            let made = given.into_iter().map(|(gap, length, (held_out, cut))| {
                let start = at + gap;
                at = start + length;
                let kept = (cut && length > 20).then_some(start + 9..start + 14);
                Stretch {
                    range: start..at,
                    held_out,
                    kept: kept.into_iter().collect(),
                }
            });
            (has_index, made.collect())
        });
        proptest::collection::vec(shard, 0..8)
    }

    proptest! {
        #[test]
        fn every_wanted_byte_is_taken_once_and_in_order_and_no_part_is_refused(shards in shards()) {
            let all = shards.iter().flat_map(|(_, stretches)| stretches).map(|s| s.range.end - s.range.start).sum();
            let goes_on = |last: &Stretch, next: &Stretch| last.kept.is_empty() && next.kept.is_empty()
                && last.held_out == next.held_out && last.range.end == next.range.start;
            let (parts, taken) = parts(&shards, all);
            // Joined again, what was taken is what was wanted.
            let mut joined: Taken = Vec::new();
            for (shard, pick) in taken {
                match joined.last_mut() {
                    Some((of, last)) if *of == shard && goes_on(last, &pick) => {
                        last.range.end = pick.range.end;
                    }
                    _ => joined.push((shard, pick)),
                }
            }
            let mut wanted: Taken = Vec::new();
            for (shard, (_, stretches)) in shards.iter().enumerate() {
                for stretch in stretches.iter().cloned() {
                    match wanted.last_mut() {
                        Some((of, last)) if *of == shard && goes_on(last, &stretch) => {
                            last.range.end = stretch.range.end;
                        }
                        _ => wanted.push((shard, stretch)),
                    }
                }
            }
            prop_assert_eq!(joined, wanted);
            for (number, (length, copied)) in parts.iter().enumerate() {
                prop_assert!(*length >= SMALLEST || number + 1 == parts.len() && !copied, "{:?}", parts);
                prop_assert!(!copied || *length <= MOST);
            }
        }
    }

    fn one(range: Range<u64>) -> Vec<Stretch> {
        kept(std::slice::from_ref(&range))
    }

    fn kept(ranges: &[Range<u64>]) -> Vec<Stretch> {
        ranges.iter().cloned().map(written).collect()
    }

    #[test]
    fn whole_shards_are_copied_and_small_ones_between_them_are_filled_up() {
        let mib = 1 << 20;
        let mut plan = Assembly::new(5 * mib, 100 * mib);
        assert_eq!(plan.shard(&one(0..30 * mib)), [Move::Copy(0..30 * mib)]);
        plan.wrote(2 * mib);
        let filled = plan.shard(&one(0..30 * mib));
        let pick = written(0..3 * mib);
        let read = Move::Read {
            range: 0..3 * mib,
            picks: vec![pick],
        };
        assert_eq!(filled, [read, Move::Copy(3 * mib..30 * mib)]);
        // Too short to be worth a part of its own.
        assert!(matches!(
            plan.shard(&one(0..5 * mib - 1))[..],
            [Move::Read { .. }]
        ));
        let huge = plan.shard(&one(0..11 << 30));
        let copies = huge.iter().filter(
            |made| matches!(made, Move::Copy(range) if range.end - range.start <= MOST_COPY),
        );
        assert_eq!(copies.count(), 3);
    }

    #[test]
    fn a_file_never_has_too_many_parts() {
        // The worst: a copy that is just long enough, then as little as makes a part of its own between two copies.
        let (mib, all) = (1_u64 << 20, 64_u64 << 30);
        let mut plan = Assembly::new(5 * mib, all);
        let (least, mut parts, mut at) = (plan.least, 0, 0);
        let mut stretches = Vec::new();
        while at < all {
            stretches.extend(kept(&[at..at + least, at + least + 1..at + least + 2]));
            at += least + 5 * mib;
        }
        for made in plan.shard(&stretches) {
            // What is read before a copy is at most one part, as it has less than 8 MiB.
            parts += match made {
                Move::Copy(_) | Move::Read { .. } => 1,
            };
        }
        assert!(parts < 10_000, "{parts}");
    }
}
