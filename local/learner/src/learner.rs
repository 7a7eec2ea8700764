//! Retrieval over the training records: TF-IDF weighted nearest neighbours, which vote for their completions.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::features::features;

/// How many nearest records vote.
const NEIGHBOURS: usize = 20;
/// A vote counts by the similarity to this power: higher trusts the nearest records more.
const SHARPNESS: i32 = 3;
/// Features in more than this share of the records tell nothing apart and are left out.
const COMMON_SHARE: f32 = 0.3;

/// A model trained on pairs of prompt and completion.
///
/// Serialised as its records (each completion once); the index is rebuilt when it is read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Records", into = "Records")]
pub struct Learner {
    records: Records,
    index: Index,
    /// The completion that most records have: the answer where nothing is alike.
    most_frequent: usize,
}

/// What a learner is serialised as.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Records {
    completions: Vec<String>,
    /// Prompt, and the place of its completion.
    pairs: Vec<(String, usize)>,
}

/// An inverted index: feature, then the records that have it with the normalised weight.
#[derive(Debug, Clone, Default)]
struct Index {
    vocabulary: HashMap<u64, usize>,
    inverse_frequency: Vec<f32>,
    postings: Vec<Vec<(u32, f32)>>,
}

impl Learner {
    /// Learns from pairs of prompt and completion. Records beyond `u32::MAX` are not taken.
    pub fn train<P: Into<String>, C: Into<String>>(
        records: impl IntoIterator<Item = (P, C)>,
    ) -> Self {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut kept = Records::default();
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

    /// How many records it was trained on.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.pairs.len()
    }

    /// Whether it was trained on nothing; it then answers with an empty string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.pairs.is_empty()
    }

    /// The completion for which the training records most like `prompt` vote; equal votes go to the completion seen first.
    #[must_use]
    pub fn answer(&self, prompt: &str) -> String {
        let mut votes: Vec<f32> = vec![0.0; self.records.completions.len()];
        for (record, similarity) in self.index.nearest(prompt, self.records.pairs.len()) {
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
        Self {
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

impl Index {
    fn over<'a>(prompts: impl Iterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        let mut documents: Vec<Vec<(usize, f32)>> = Vec::new();
        let mut document_counts: Vec<u32> = Vec::new();
        for prompt in prompts {
            let mut places: Vec<usize> = Vec::new();
            for feature in features(prompt) {
                let next = index.vocabulary.len();
                let place = *index.vocabulary.entry(feature).or_insert(next);
                if place == next {
                    document_counts.push(0);
                }
                places.push(place);
            }
            let counted = damped_counts(places);
            for (place, _) in &counted {
                document_counts[*place] += 1;
            }
            documents.push(counted);
        }

        let total = documents.len() as f32;
        index.inverse_frequency = document_counts
            .iter()
            .map(|count| {
                let share = *count as f32 / total;
                // In a handful of records everything is common: there, every feature counts.
                if share > COMMON_SHARE && documents.len() > NEIGHBOURS {
                    0.0
                } else {
                    1.0 - share.ln()
                }
            })
            .collect();
        index.postings = vec![Vec::new(); index.inverse_frequency.len()];
        for (record, counted) in documents.into_iter().enumerate() {
            for (place, weight) in index.weigh(counted) {
                index.postings[place].push((record as u32, weight));
            }
        }
        index
    }

    /// Counts to TF-IDF weights of length one.
    fn weigh(&self, counted: Vec<(usize, f32)>) -> Vec<(usize, f32)> {
        let mut weighed: Vec<(usize, f32)> = counted
            .into_iter()
            .map(|(place, count)| (place, count * self.inverse_frequency[place]))
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        let length = weighed
            .iter()
            .map(|(_, weight)| weight * weight)
            .sum::<f32>()
            .sqrt();
        for (_, weight) in &mut weighed {
            *weight /= length;
        }
        weighed
    }

    /// The most similar records, best first, equal ones in their order.
    fn nearest(&self, prompt: &str, records: usize) -> Vec<(usize, f32)> {
        let known = features(prompt)
            .into_iter()
            .filter_map(|feature| self.vocabulary.get(&feature).copied())
            .collect();
        let mut scores = vec![0.0_f32; records];
        for (place, weight) in self.weigh(damped_counts(known)) {
            for (record, other) in &self.postings[place] {
                scores[*record as usize] += weight * other;
            }
        }
        let mut found: Vec<(usize, f32)> = scores
            .into_iter()
            .enumerate()
            .filter(|(_, score)| *score > 0.0)
            .collect();
        let order = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if found.len() > NEIGHBOURS {
            found.select_nth_unstable_by(NEIGHBOURS, order);
            found.truncate(NEIGHBOURS);
        }
        found.sort_unstable_by(order);
        found
    }
}

/// Each place once, in order, with 1 + ln(how often).
fn damped_counts(mut places: Vec<usize>) -> Vec<(usize, f32)> {
    places.sort_unstable();
    places
        .chunk_by(|a, b| a == b)
        .map(|same| (same[0], 1.0 + (same.len() as f32).ln()))
        .collect()
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
