//! What a run waits for, compared as people read it.

/// Whether the history holds this reason already as the one that is waited for.
pub(super) fn is_told(told: Option<&str>, note: &str) -> bool {
    told.is_some_and(|told| same_reason(told, note))
}

/// The number of the request that AWS answered is another each time.
fn same_reason(told: &str, note: &str) -> bool {
    told == note || without_requests(told) == without_requests(note)
}

fn without_requests(text: &str) -> String {
    const MARK: &str = " (request ";
    let mut rest = text;
    let mut words = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once(MARK) {
        words.push_str(before);
        rest = match after.split_once(')') {
            Some((_, after)) => after,
            None => "",
        };
    }
    words + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_request_is_no_other_reason() {
        let told =
            |id: &str, why: &str| format!("the import waits: {why} (request {id}). It is tried");
        assert!(same_reason(&told("1-a", "quota"), &told("2-b", "quota")));
        assert!(!same_reason(&told("1-a", "quota"), &told("1-a", "denied")));
        assert!(same_reason("a (request 1", "a (request 2"));
        assert!(!same_reason("a", "b"));
    }
}
