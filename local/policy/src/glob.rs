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

/// Whether an ARN matches each of a pattern's six parts: a wildcard stands for characters of one part. The last part is the
/// rest of the ARN, with whatever colons it has.
///
/// So the ARN operators of a condition compare ("each of the six colon-delimited components of the ARN is checked
/// separately"), and so AWS says how to use wildcards in `Resource` ("within the individual segments of an ARN").
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

/// How far a wildcard of `Resource` reaches. Of one that ends a part AWS says besides that it "can expand to match beyond the
/// colon boundaries", and not when. So whoever asks takes what allows less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Within its part of the ARN.
    Narrow,
    /// Across the colons too.
    Wide,
}

/// Whether a pattern of `Resource` covers a resource. `*` alone covers each, also what is no ARN.
pub fn covers(pattern: &str, resource: &str, reach: Reach) -> bool {
    pattern == "*"
        || matches_arn(pattern, resource)
        || (reach == Reach::Wide && matches(pattern, resource))
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

        #[test]
        fn what_reaches_narrowly_reaches_widely(pattern in "arn:[a:*?]{0,12}", text in "arn:[ab:]{0,12}") {
            let covers = |reach| covers(&pattern, &text, reach);
            prop_assert!(covers(Reach::Wide) || !covers(Reach::Narrow));
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
