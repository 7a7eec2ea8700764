//! Wildcards: `*` for any characters, `?` for one.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Resource" and "Condition operators"
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).

/// Whether the text matches, in time proportional to both lengths' product at worst.
pub fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and up to where it has eaten.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, eaten)) = star else {
                    return false;
                };
                star = Some((at, eaten + 1));
                p = at + 1;
                t = eaten + 1;
            }
        }
    }
    pattern[p..].iter().all(|&left| left == '*')
}

/// The same without regard to case, for actions.
pub fn matches_any_case(pattern: &str, text: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// Whether an ARN matches each of a pattern's six parts, as the ARN operators of a condition compare.
pub fn matches_arn(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| -> Vec<String> { text.splitn(6, ':').map(str::to_owned).collect() };
    let (pattern, arn) = (parts(pattern), parts(arn));
    pattern.len() == 6
        && arn.len() == 6
        && pattern
            .iter()
            .zip(&arn)
            .all(|(pattern, part)| matches(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule in its plainest words, and exponential.
    fn reference(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(('*', rest)), None) => reference(rest, text),
            (Some(('*', rest)), Some((_, after))) => {
                reference(rest, text) || reference(pattern, after)
            }
            (Some(_), None) => false,
            (Some((wanted, rest)), Some((found, after))) => {
                (*wanted == '?' || wanted == found) && reference(rest, after)
            }
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_what_the_plain_rule_matches(pattern in "[ab*?]{0,8}", text in "[ab]{0,9}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(matches(&pattern, &text), reference(&p, &t));
        }

        #[test]
        fn nothing_panics(pattern in "\\PC{0,40}", text in "\\PC{0,40}") {
            matches(&pattern, &text);
            matches_arn(&pattern, &text);
            prop_assert!(matches("*", &text));
        }
    }

    #[test]
    fn many_stars_end_soon() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!matches(&pattern, &"a".repeat(5_000)));
    }

    #[test]
    fn an_arns_parts_are_compared_one_by_one() {
        let arn = "arn:aws:s3:::bucket/data/a:b";
        assert!(matches_arn("arn:aws:s3:::bucket/*", arn));
        assert!(matches_arn("arn:*:s3:*:*:bucket/data/?:b", arn));
        assert!(!matches_arn("arn:aws:s3*:bucket/data/a:b", arn));
        assert!(!matches_arn("*", arn));
    }
}
