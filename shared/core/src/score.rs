//! How one answer is scored against its reference answer, from 0 to 1, and which metric fits a set of references.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::Metric;
use crate::prompt::normalise;

/// A metric that is computed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolvedMetric {
    /// [`exact_match`].
    ExactMatch,
    /// [`token_f1`].
    TokenF1,
}

impl fmt::Display for ResolvedMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExactMatch => "exact match",
            Self::TokenF1 => "token F1",
        })
    }
}

/// A metric that this version does not compute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this version does not compute {0}. Use \"auto\", \"exact-match\" or \"token-f1\" as evaluation.metric"
)]
pub struct MetricNotYet(pub Metric);

/// A reference answer of up to this many words and characters is short: there is one way to say it.
const SHORT_WORDS: usize = 3;
const SHORT_CHARS: usize = 40;
/// The share of short references above which `auto` takes exact match.
const MOSTLY: f64 = 0.95;
/// From so many references on, `auto` looks for labels: on average each one stands at least so many times.
const LABELS_FROM: usize = 20;
const LABEL_REPEATS: usize = 4;

impl Metric {
    /// The metric for a set of reference answers. `auto` takes exact match where at least 95 % of the references are short (up
    /// to 3 words and 40 characters), or where they repeat as labels do (20 or more, each standing 4 times on average);
    /// else token F1.
    ///
    /// # Errors
    /// [`MetricNotYet`] for `rouge-l` and `judge:…`.
    pub fn resolve<R: AsRef<str>>(
        &self,
        references: impl IntoIterator<Item = R>,
    ) -> Result<ResolvedMetric, MetricNotYet> {
        match self {
            Self::ExactMatch => Ok(ResolvedMetric::ExactMatch),
            Self::TokenF1 => Ok(ResolvedMetric::TokenF1),
            Self::RougeL | Self::Judge(_) => Err(MetricNotYet(self.clone())),
            Self::Auto => Ok(automatic(references)),
        }
    }
}

fn automatic<R: AsRef<str>>(references: impl IntoIterator<Item = R>) -> ResolvedMetric {
    let mut count = 0_usize;
    let mut short = 0_usize;
    let mut distinct = BTreeSet::new();
    for reference in references {
        let reference = normalise(reference.as_ref());
        count += 1;
        let words = reference.split(' ').count();
        short += usize::from(words <= SHORT_WORDS && reference.chars().count() <= SHORT_CHARS);
        distinct.insert(crate::prompt::PromptDigest::of(&reference));
    }
    let labels = count >= LABELS_FROM && distinct.len() * LABEL_REPEATS <= count;
    if count > 0 && (labels || short as f64 >= MOSTLY * count as f64) {
        ResolvedMetric::ExactMatch
    } else {
        ResolvedMetric::TokenF1
    }
}

/// The score of an answer by a metric; a missing answer scores 0.
#[must_use]
pub fn score(metric: ResolvedMetric, answer: Option<&str>, reference: &str) -> f64 {
    let Some(answer) = answer else {
        return 0.0;
    };
    match metric {
        ResolvedMetric::ExactMatch => exact_match(answer, reference),
        ResolvedMetric::TokenF1 => token_f1(answer, reference),
    }
}

/// 1 if the answer is the reference, else 0. Both are compared in lower case, with white space collapsed, and without
/// quotation marks and the marks `. , ; : ! ?` at their ends (unless nothing else is left). Nothing inside of them is ignored.
#[must_use]
pub fn exact_match(answer: &str, reference: &str) -> f64 {
    let (answer, reference) = (normalise(answer), normalise(reference));
    f64::from(u8::from(core_of(&answer) == core_of(&reference)))
}

fn core_of(normal: &str) -> &str {
    let marks = |c: char| c.is_whitespace() || ".,;:!?\"'`“”„‘’«»。，！？".contains(c);
    let core = normal.trim_matches(marks);
    if core.is_empty() { normal } else { core }
}

/// The harmonic mean of precision and recall over words, each counted as often as it stands.
///
/// A word is a run of letters and digits in lower case; a Chinese, Japanese or Korean character is a word by itself, as
/// these scripts are written without spaces. Where neither text has a word, this is [`exact_match`].
#[must_use]
pub fn token_f1(answer: &str, reference: &str) -> f64 {
    let (answer_words, reference_words) = (words(answer), words(reference));
    if answer_words.is_empty() && reference_words.is_empty() {
        return exact_match(answer, reference);
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in &reference_words {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0_usize;
    for word in &answer_words {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    2.0 * common as f64 / (answer_words.len() + reference_words.len()) as f64
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.to_lowercase().chars() {
        let alone = stands_alone(c);
        if (alone || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if alone {
            words.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.push(c);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Kana, Han ideographs and Hangul syllables.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && c.is_alphanumeric()
}

#[cfg(test)]
#[expect(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exact_match_ignores_case_space_and_outer_marks_only() {
        for (answer, reference, score) in [
            ("Card arrival", "card   ARRIVAL\n", 1.0),
            ("\"card_arrival\".", "card_arrival", 1.0),
            ("„Ja!“", "ja", 1.0),
            ("card arrival soon", "card arrival", 0.0),
            ("card-arrival", "card arrival", 0.0),
            ("-5", "5", 0.0),
            ("C++", "C", 0.0),
            ("1.5", "15", 0.0),
            ("", "", 1.0),
            ("", "x", 0.0),
            ("?", "?", 1.0),
            ("?", "!", 0.0),
        ] {
            assert_eq!(
                exact_match(answer, reference),
                score,
                "{answer:?} {reference:?}"
            );
        }
    }

    #[test]
    fn token_f1_counts_words_as_often_as_they_stand() {
        for (answer, reference, score) in [
            ("the cat sat", "The cat sat.", 1.0),
            ("cat the", "the cat", 1.0),
            ("the cat", "the dog", 0.5),
            ("a a a a", "a", 0.4),
            ("yes", "no", 0.0),
            ("", "word", 0.0),
            ("word", "", 0.0),
            ("", " ", 1.0),
            ("...", "!", 0.0),
            ("北京", "北平", 0.5),
            ("東京tower", "tower", 0.5),
        ] {
            assert!(
                (token_f1(answer, reference) - score).abs() < 1e-12,
                "{answer:?} {reference:?}"
            );
        }
    }

    #[test]
    fn a_missing_answer_scores_zero() {
        for metric in [ResolvedMetric::ExactMatch, ResolvedMetric::TokenF1] {
            assert_eq!(score(metric, None, ""), 0.0);
            assert_eq!(score(metric, Some(""), ""), 1.0);
        }
    }

    #[test]
    fn auto_looks_at_the_references() {
        let auto = |references: &[&str]| Metric::Auto.resolve(references).unwrap();
        let sentence = "Your card is on its way and should arrive within five days";
        let other = "Please call us so that we can look into the payment together";
        assert_eq!(
            auto(&["card_arrival", "top up failed", "no"]),
            ResolvedMetric::ExactMatch
        );
        assert_eq!(auto(&[sentence, "no"]), ResolvedMetric::TokenF1);
        assert_eq!(auto(&[]), ResolvedMetric::TokenF1);
        assert_eq!(
            auto(&[sentence, other].repeat(10)),
            ResolvedMetric::ExactMatch,
            "labels, though long"
        );
        assert_eq!(
            auto(&[sentence, other].repeat(9)),
            ResolvedMetric::TokenF1,
            "too few to see labels"
        );
        assert_eq!(auto(&["no"; 19]), ResolvedMetric::ExactMatch);
        let mut mostly = vec!["no"; 95];
        mostly.extend([sentence; 5]);
        assert_eq!(auto(&mostly[..99]), ResolvedMetric::ExactMatch);
        assert_eq!(Metric::TokenF1.resolve(["no"]), Ok(ResolvedMetric::TokenF1));
        insta::assert_snapshot!(Metric::Judge("Coherence".to_owned()).resolve(["no"]).unwrap_err(), @r#"this version does not compute judge:Coherence. Use "auto", "exact-match" or "token-f1" as evaluation.metric"#);
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_symmetric(a in ".{0,40}", b in ".{0,40}") {
            for score in [exact_match, token_f1] {
                let value = score(&a, &b);
                prop_assert!((0.0..=1.0).contains(&value));
                prop_assert_eq!(value, score(&b, &a));
                prop_assert_eq!(score(&a, &a), 1.0);
            }
        }

        #[test]
        fn an_exact_match_is_a_full_overlap(a in "[a-c ,.]{0,8}", b in "[a-c ,.]{0,8}") {
            if exact_match(&a, &b) == 1.0 {
                prop_assert_eq!(token_f1(&a, &b), 1.0);
            }
        }
    }
}
