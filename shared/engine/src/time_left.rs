//! The time that is left of an invocation, and whether one is long enough for what was begun in it.

use jiff::{SignedDuration, Timestamp};

use crate::Invocation;

/// How much of an invocation a piece of work may take. One that needs less and was not finished had the time taken by something else, as a
/// service that did not answer: it is tried again.
const SHARE: f64 = 0.8;

/// The time of one invocation.
#[derive(Debug, Clone, Copy)]
pub struct TimeLeft {
    began: Timestamp,
    stop_at: Timestamp,
    deadline: Timestamp,
}

/// How far a piece of work came.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Bytes that are done.
    pub done: u64,
    /// Of so many.
    pub of: u64,
    /// Since the first of them were there: what was waited for before is not the work's fault.
    pub took: SignedDuration,
}

impl TimeLeft {
    /// Of an invocation that begins to work now.
    #[must_use]
    pub fn new(invocation: &Invocation, now: Timestamp) -> Self {
        Self {
            began: now,
            stop_at: invocation.stop_at(),
            deadline: invocation.deadline,
        }
    }

    /// Whether to go no further: what was done must still be saved.
    #[must_use]
    pub fn is_up(&self, now: Timestamp) -> bool {
        now >= self.stop_at
    }

    /// Whether something may be tried to save after waiting so long. Half of what is kept for saving is left for that try.
    #[must_use]
    pub fn allows_try_after(&self, now: Timestamp, span: SignedDuration) -> bool {
        let kept = self.deadline.duration_since(self.stop_at);
        now.duration_since(self.stop_at).saturating_add(span) < kept / 2
    }

    /// What was worked for until now.
    #[must_use]
    pub fn worked(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.began)
    }

    /// All that the function has, from the beginning of the work to Lambda's end of it.
    #[must_use]
    pub fn whole(&self) -> SignedDuration {
        self.deadline.duration_since(self.began)
    }

    /// Of work that came so far when the time was up: the most bytes that an invocation is long enough for. None if it is long enough for
    /// all of them, or nothing can be said of it.
    #[must_use]
    pub fn too_short_for(&self, progress: Progress) -> Option<u64> {
        let seconds = progress.took.as_secs_f64();
        if progress.done == 0 || seconds <= 0.0 {
            return None;
        }
        let usable = self.stop_at.duration_since(self.began).as_secs_f64() * SHARE;
        // Bytes are counted well below 2^53, and nobody needs the last of them.
        let most = (progress.done as f64 / seconds * usable) as u64;
        (most > 0 && progress.of > most).then_some(most)
    }
}

/// Bytes, for people. Rounded down: who cuts a file by it gets through.
#[must_use]
pub fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (unit, shift) in units {
        if bytes >> shift > 0 {
            let tenths = (u128::from(bytes) * 10) >> shift;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn invocation(seconds: i64) -> TimeLeft {
        let now = Timestamp::UNIX_EPOCH;
        let deadline = now + SignedDuration::from_secs(seconds);
        TimeLeft::new(&Invocation::new("i", deadline, now), now)
    }

    fn progress(done: u64, of: u64, seconds: i64) -> Progress {
        let took = SignedDuration::from_secs(seconds);
        Progress { done, of, took }
    }

    #[test]
    fn twenty_seconds_are_kept_for_saving() {
        let time = invocation(900);
        let after = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        assert!(!time.is_up(after(879)));
        assert!(time.is_up(after(880)));
    }

    #[test]
    fn nobody_waits_until_there_is_no_time_left_to_save() {
        let time = invocation(900);
        let after = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let four = SignedDuration::from_secs(4);
        assert!(time.allows_try_after(after(0), four));
        assert!(time.allows_try_after(after(885), four), "saved by 890");
        assert!(!time.allows_try_after(after(886), four));
        let short = invocation(10);
        assert!(short.allows_try_after(after(3), four));
        assert!(
            !short.allows_try_after(after(4), four),
            "10 − 10 / 4 is 7.5"
        );
        let none = invocation(0);
        assert!(!none.allows_try_after(after(0), SignedDuration::ZERO));
    }

    #[test]
    fn who_was_only_held_up_is_tried_again_and_who_only_just_fails_is_not() {
        let time = invocation(900);
        assert_eq!(time.too_short_for(progress(0, GIB, 880)), None, "no answer");
        assert_eq!(time.too_short_for(progress(5, GIB, 0)), None, "no time");
        let held_up = progress(GIB / 10, GIB, 60);
        assert_eq!(
            time.too_short_for(held_up),
            None,
            "600 of 880 seconds are enough"
        );
        let nearly = progress(GIB - 1, GIB, 875);
        assert!(
            time.too_short_for(nearly).is_some(),
            "or it would fail for ever"
        );
    }

    #[test]
    fn an_invocation_without_any_time_says_nothing_of_the_file() {
        let now = Timestamp::UNIX_EPOCH;
        let time = TimeLeft::new(&Invocation::new("i", Timestamp::MIN, now), now);
        assert!(time.is_up(Timestamp::UNIX_EPOCH));
        assert_eq!(time.too_short_for(progress(5, 10, 1)), None);
    }

    #[test]
    fn sizes_are_rounded_down() {
        let sizes = [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (2047, "1.9 KiB"),
            (5 << 20, "5.0 MiB"),
        ];
        for (bytes, words) in sizes {
            assert_eq!(size(bytes), words);
        }
        assert_eq!(size(u64::MAX), "17179869183.9 GiB");
    }
}
