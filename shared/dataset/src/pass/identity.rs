//! What a record is known by among those before it: its prompt and its completion, each as a hash.
use perennial_core::limits::DataLimits;

use super::known::{Identity, hash};
use crate::{
    json::Text,
    record::{Record, Turn, preference::Preference},
};

/// Where the tools that the record defines begin behind its answer: they are asked with, so that another answer to the same words with
/// other tools contradicts nothing.
fn tools_at(record: &Record<'_>, answer: &[u8]) -> Option<usize> {
    let tools = record.conversation()?.tools.as_ref()?;
    memchr::memmem::rfind(answer, tools.as_bytes())
}

impl Identity {
    /// Of a canonical line whose answer begins at `answer`.
    pub(super) fn of(
        record: &Record<'_>,
        line: &[u8],
        answer: Option<usize>,
        limits: &DataLimits,
    ) -> Self {
        match (record, answer) {
            (Record::Reinforcement { known_by, .. }, _) => Self {
                prompt: known_by.question,
                completion: known_by.answer,
            },
            (Record::Log { known_by, .. }, _) => Self {
                prompt: known_by.question,
                // Where the teacher answers anew, what it once said makes no other record.
                completion: match limits.answers_of {
                    Some(_) => known_by.answer,
                    None => 0,
                },
            },
            (Record::Preference(preference), Some(from)) => {
                Self::of_preference(preference, &line[..from])
            }
            (_, Some(from)) => {
                let (before, answer) = line.split_at(from);
                match tools_at(record, answer) {
                    Some(at) => Self {
                        prompt: hash(&[before, &answer[at..]].concat()),
                        completion: hash(&answer[..at]),
                    },
                    None => Self {
                        prompt: hash(before),
                        completion: hash(answer),
                    },
                }
            }
            (_, None) => {
                let line = line.trim_ascii_end();
                Self {
                    prompt: hash(line),
                    completion: line.len() as u64,
                }
            }
        }
    }

    /// Several pairs of answers to one prompt are no contradiction; the same pair the other way round is one.
    fn of_preference(preference: &Preference<'_>, before: &[u8]) -> Self {
        let answer = |turn: &Turn<'_>| {
            let texts: Vec<&str> = turn.texts().map(Text::raw).collect();
            hash(texts.join("\n").as_bytes())
        };
        let preferred = preference.parts().1.map(answer).unwrap_or_default();
        let rejected = answer(&preference.rejected);
        let mut bytes = [0; 24];
        for (place, number) in bytes.chunks_exact_mut(8).zip([
            hash(before),
            preferred.min(rejected),
            preferred.max(rejected),
        ]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        Self {
            prompt: hash(&bytes),
            completion: preferred,
        }
    }
}
