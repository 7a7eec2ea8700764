//! After a refused or unanswered create: look for our exact name, and take what is there only if it bears our tags.

use perennial_core::names::is_ours;
use perennial_ports::{ErrorKind, PortError, Tags};

/// What became of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created<T> {
    /// It is there, by this call or an earlier one.
    There(T),
    /// It is not there yet; the same call may pass later.
    Later(String),
    /// It will never be there: refused for good, or the name is taken.
    Never(String),
}

/// Decides from the create's error and from what was found under the name.
///
/// `found` is the thing, its ARN and its tags.
pub fn adopt<T>(
    name: &str,
    expected: &Tags,
    error: &PortError,
    found: Option<(T, String, Tags)>,
) -> Created<T> {
    match found {
        Some((thing, _, tags)) if is_ours(expected, &tags) => Created::There(thing),
        Some((_, arn, _)) => Created::Never(format!(
            "the name {name} is taken by {arn}, which Perennial did not make; nothing of it was touched. Remove or \
             rename it, then start a new run"
        )),
        None if error.kind.is_transient() => Created::Later(error.to_string()),
        None if error.kind == ErrorKind::Conflict => Created::Never(format!(
            "{error}. Nothing by the name {name} is to be seen: another account member may hold the name, or its job \
             was removed. Start a new run, which bears a new name"
        )),
        None => Created::Never(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(run: &str) -> Tags {
        [("perennial:run".to_owned(), run.to_owned())].into()
    }

    #[test]
    fn a_lost_answer_is_adopted_and_a_strangers_job_is_not() {
        let lost = PortError::new("bedrock:Create", ErrorKind::Unanswered, "no answer");
        let taken = PortError::new("bedrock:Create", ErrorKind::Conflict, "name in use");
        let arn = || "arn:job".to_owned();
        assert_eq!(
            adopt("n", &tags("a"), &lost, Some((1, arn(), tags("a")))),
            Created::There(1)
        );
        assert!(matches!(
            adopt("n", &tags("a"), &taken, Some((1, arn(), tags("b")))),
            Created::Never(words) if words.contains("arn:job")
        ));
        assert!(matches!(
            adopt::<u8>("n", &tags("a"), &lost, None),
            Created::Later(_)
        ));
        assert!(matches!(
            adopt::<u8>("n", &tags("a"), &taken, None),
            Created::Never(_)
        ));
    }
}
