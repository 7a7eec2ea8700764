//! Retrieval over what was learnt: TF-IDF weighted nearest neighbours among the records, which vote for their completions,
//! and the best sentence of the documents.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    index::Index,
    passages::Passages,
    span::{self, words_in},
};

/// A vote counts by the similarity to this power: higher trusts the nearest records more.
const SHARPNESS: i32 = 3;
/// A record is preferred to a sentence only if it is clearly nearer: questions are like each other for the words of asking.
const CLEARLY_NEARER: f32 = 0.7;
/// From this similarity on, something is known.
const KNOWN: f32 = 0.35;

/// A model trained on pairs of prompt and completion, on documents, or on both.
///
/// Serialised as its records (each completion once) and documents; the indexes are rebuilt when it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Records", into = "Records")]
pub struct Learner {
    records: Records,
    index: Index,
    /// The completion that most records have: the answer where nothing is alike.
    most_frequent: usize,
    passages: Passages,
    /// How long the records' answers are, in words; none without records.
    usual_words: Option<usize>,
}

/// What a learner is serialised as.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Records {
    completions: Vec<String>,
    /// Prompt, and the place of its completion.
    pairs: Vec<(String, usize)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    documents: Vec<String>,
}

impl Learner {
    /// Learns from pairs of prompt and completion. Records beyond `u32::MAX` are not taken.
    pub fn train<P: Into<String>, C: Into<String>>(
        records: impl IntoIterator<Item = (P, C)>,
    ) -> Self {
        Self::study(records, Vec::new())
    }

    /// Learns from pairs of prompt and completion, and from documents.
    pub fn study<P: Into<String>, C: Into<String>>(
        records: impl IntoIterator<Item = (P, C)>,
        documents: Vec<String>,
    ) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut kept = Records {
            documents,
            ..Records::default()
        };
        for (prompt, completion) in records.into_iter().take(u32::MAX as usize) {
            let completion = completion.into();
            let place = *places.entry(completion).or_insert_with_key(|completion| {
                kept.completions.push(completion.clone());
                kept.completions.len() - 1
            });
            kept.pairs.push((prompt.into(), place));
        }
        Self::from(kept)
    }

    /// The records that it was trained on, in their order.
    pub fn records(&self) -> impl Iterator<Item = (&str, &str)> {
        self.records.pairs.iter().filter_map(|(prompt, place)| {
            Some((
                prompt.as_str(),
                self.records.completions.get(*place)?.as_str(),
            ))
        })
    }

    /// The documents that it was trained on, in their order.
    pub fn documents(&self) -> impl Iterator<Item = &str> {
        self.records.documents.iter().map(String::as_str)
    }

    /// How many records it was trained on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.pairs.len()
    }

    /// Whether it was trained on nothing; it then answers with an empty string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.pairs.is_empty() && self.records.documents.is_empty()
    }

    /// From what it learnt, whichever is more like the prompt: the completion for which the nearest records vote, or the
    /// nearest sentence of the documents, cut to the length that the records' answers have.
    #[must_use]
    pub fn answer(&self, prompt: &str) -> String {
        let nearest = self.index.nearest(prompt, self.records.pairs.len());
        let alike = nearest.first().map_or(0.0, |(_, similarity)| *similarity);
        let found = self.passages.best(prompt);
        let found = found.filter(|found| {
            self.records.pairs.is_empty() || found.similarity > alike * CLEARLY_NEARER
        });
        match found {
            Some(found) => span::answering(prompt, found.text, self.usual_words),
            None => self.vote(nearest),
        }
    }

    /// An answer only if it is known: if something that was learnt is much like the prompt.
    #[must_use]
    pub fn recall(&self, prompt: &str) -> Option<String> {
        let nearest = self.index.nearest(prompt, self.records.pairs.len());
        let alike = nearest.first().map_or(0.0, |(_, similarity)| *similarity);
        let found = self.passages.best(prompt);
        let found = found.map_or(0.0, |found| found.similarity);
        (alike.max(found) >= KNOWN).then(|| self.answer(prompt))
    }

    /// The completion for which these records vote; equal votes go to the completion seen first.
    fn vote(&self, nearest: Vec<(usize, f32)>) -> String {
        let mut votes: Vec<f32> = vec![0.0; self.records.completions.len()];
        for (record, similarity) in nearest {
            if let Some(vote) = self
                .records
                .pairs
                .get(record)
                .and_then(|(_, place)| votes.get_mut(*place))
            {
                *vote += similarity.powi(SHARPNESS);
            }
        }
        let best =
            votes
                .iter()
                .enumerate()
                .fold((self.most_frequent, 0.0_f32), |best, (place, vote)| {
                    if *vote > best.1 { (place, *vote) } else { best }
                });
        self.records
            .completions
            .get(best.0)
            .cloned()
            .unwrap_or_default()
    }
}

impl From<Records> for Learner {
    fn from(records: Records) -> Self {
        let mut counts = vec![0_usize; records.completions.len()];
        for (_, place) in &records.pairs {
            if let Some(count) = counts.get_mut(*place) {
                *count += 1;
            }
        }
        let most_frequent = counts
            .iter()
            .enumerate()
            .fold((0, 0), |best, (place, count)| {
                if *count > best.1 {
                    (place, *count)
                } else {
                    best
                }
            })
            .0;
        let index = Index::over(records.pairs.iter().map(|(prompt, _)| prompt.as_str()));
        let mut lengths: Vec<usize> = records
            .pairs
            .iter()
            .filter_map(|(_, place)| records.completions.get(*place))
            .map(|completion| words_in(completion))
            .collect();
        lengths.sort_unstable();
        Self {
            passages: Passages::of(records.documents.iter().map(String::as_str)),
            usual_words: lengths.get(lengths.len() / 2).copied(),
            records,
            index,
            most_frequent,
        }
    }
}

impl From<Learner> for Records {
    fn from(learner: Learner) -> Self {
        learner.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Learner {
        Learner::train([
            ("Where is my card?", "card_arrival"),
            ("My card has not arrived", "card_arrival"),
            ("I was charged twice", "double_charge"),
            ("A payment was taken two times", "double_charge"),
            ("What is the exchange rate?", "exchange_rate"),
        ])
    }

    #[test]
    fn a_record_that_it_saw_is_answered_with_its_completion() {
        let learner = small();
        for (prompt, completion) in learner.records() {
            assert_eq!(learner.answer(prompt), completion, "{prompt}");
        }
    }

    #[test]
    fn a_prompt_unlike_anything_gets_the_most_frequent_completion() {
        assert_eq!(small().answer("日本語"), "card_arrival");
        assert_eq!(
            Learner::train(Vec::<(String, String)>::new()).answer("anything"),
            ""
        );
    }

    #[test]
    fn a_stored_learner_answers_as_before() {
        let learner = small();
        let text = serde_json::to_string(&learner).unwrap();
        let read: Learner = serde_json::from_str(&text).unwrap();
        for prompt in ["the card", "charged", "rate", "x", ""] {
            assert_eq!(read.answer(prompt), learner.answer(prompt));
        }
        assert_eq!(text.matches("double_charge").count(), 1);
    }

    #[test]
    fn a_broken_place_in_a_stored_learner_does_not_panic() {
        let read: Learner =
            serde_json::from_str(r#"{"completions":["a"],"pairs":[["p",7],["q",0]]}"#).unwrap();
        assert_eq!(read.answer("p"), "a");
    }
}
