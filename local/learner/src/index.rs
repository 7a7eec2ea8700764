//! An inverted index over texts: TF-IDF weighted features, and the texts that are most like a prompt.

use std::collections::HashMap;

use crate::features::features;

/// How many nearest texts are given.
const NEIGHBOURS: usize = 20;
/// Features in more than this share of the texts tell nothing apart and are left out.
const COMMON_SHARE: f32 = 0.3;

/// An inverted index: feature, then the records that have it with the normalised weight.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    vocabulary: HashMap<u64, usize>,
    inverse_frequency: Vec<f32>,
    postings: Vec<Vec<(u32, f32)>>,
}

impl Index {
    pub(crate) fn over<'a>(prompts: impl Iterator<Item = &'a str>) -> Self {
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

    /// How much of a prompt each text has: the share of the prompt's weight whose features stand in it, whatever else does.
    pub(crate) fn coverage(&self, prompt: &str, records: usize) -> Vec<f32> {
        let known = features(prompt)
            .into_iter()
            .filter_map(|feature| self.vocabulary.get(&feature).copied())
            .collect();
        let mut scores = vec![0.0_f32; records];
        for (place, weight) in self.weigh(damped_counts(known)) {
            for (record, _) in &self.postings[place] {
                scores[*record as usize] += weight * weight;
            }
        }
        scores
    }

    /// The most similar records, best first, equal ones in their order.
    pub(crate) fn nearest(&self, prompt: &str, records: usize) -> Vec<(usize, f32)> {
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
