//! What is said of a file for which one invocation is too short: it is rejected, before Lambda ends the function.
//!
//! Without this such a file would be read again and again, until its event lies among the dead letters.

use perennial_engine::time_left::{Progress, TimeLeft, size};

/// What is wrong with a file of which so much was read when the time was up: found, and how to fix it. None if an invocation is long
/// enough for it.
pub(crate) fn too_short(time: &TimeLeft, progress: Progress) -> Option<(String, String)> {
    let most = time.too_short_for(progress)?;
    let found = format!(
        "{} of {} read in {:.0} seconds when the time was up: the function has {} seconds",
        size(progress.done),
        size(progress.of),
        progress.took.as_secs_f64(),
        time.whole().as_secs()
    );
    let fix = format!(
        "Split the file into files of at most {} and upload those, or give IngestFunction more MemorySize in \
         infra/template.yaml: Lambda gives more processor time with it.",
        size(most)
    );
    Some((found, fix))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use perennial_engine::Invocation;

    use super::*;

    #[test]
    fn a_file_that_needs_more_than_an_invocation_is_told_how_small_it_must_be() {
        let now = Timestamp::UNIX_EPOCH;
        let deadline = now + SignedDuration::from_secs(900);
        let time = TimeLeft::new(&Invocation::new("i", deadline, now), now);
        let (done, of) = (3 << 30, 12 << 30);
        let took = SignedDuration::from_secs(880);
        let (found, fix) = too_short(&time, Progress { done, of, took }).expect("too short");
        assert_eq!(
            found,
            "3.0 GiB of 12.0 GiB read in 880 seconds when the time was up: the function has 900 seconds"
        );
        assert!(
            fix.starts_with("Split the file into files of at most 2.3 GiB and"),
            "{fix}"
        );
    }
}
