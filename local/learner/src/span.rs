//! Cutting a sentence to the part that answers.

use std::collections::HashSet;

/// Words that stand everywhere, and so tell nothing.
const COMMON: [&str; 48] = [
    "a", "an", "the", "of", "to", "in", "on", "at", "is", "are", "was", "were", "be", "do", "does",
    "did", "and", "or", "for", "by", "with", "that", "this", "it", "its", "as", "from", "you",
    "we", "your", "our", "i", "what", "which", "who", "when", "where", "why", "how", "can", "if",
    "not", "has", "have", "will", "s", "there", "their",
];

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// How many words there are.
pub(crate) fn words_in(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Answers of more words than this are sentences themselves, and sentences are left whole for them.
const LONGEST: usize = 6;

/// The part of the sentence that answers, of about `usual` words: the run of words that says most of what the question
/// did not say itself. Without a usual length it is the whole sentence.
pub(crate) fn answering(question: &str, sentence: &str, usual: Option<usize>) -> String {
    let all: Vec<&str> = sentence.split_whitespace().collect();
    let short = usual.filter(|words| *words <= LONGEST);
    let length = short.unwrap_or(all.len()).max(1);
    if length >= all.len() {
        return sentence.to_owned();
    }
    let asked: HashSet<String> = words(question)
        .filter(|word| !COMMON.contains(&word.as_str()))
        .collect();
    let said_of = |wanted: &dyn Fn(&String) -> bool| -> Vec<bool> {
        all.iter()
            .map(|word| words(word).any(|word| wanted(&word)))
            .collect()
    };
    let old = said_of(&|word| asked.contains(word));
    let new = said_of(&|word| !asked.contains(word) && !COMMON.contains(&word.as_str()));
    let mut best = (0, (0, 0));
    for at in 0..=all.len() - length {
        let window = at..at + length;
        let news = new[window.clone()].iter().filter(|new| **new).count();
        // Of equal ones, what stands next to the question's own words, and of these the last.
        let away = |place: usize| {
            if place < at {
                at - place
            } else {
                place + 1 - window.end
            }
        };
        let places = (0..all.len()).filter(|place| old[*place] && !window.contains(place));
        let far = places.map(away).min().unwrap_or(all.len());
        let score = (news, all.len() - far);
        if score >= best.1 {
            best = (at, score);
        }
    }
    let cut = all[best.0..best.0 + length].join(" ");
    cut.trim_matches(|c: char| c.is_ascii_punctuation() && !matches!(c, '(' | ')' | '"' | '`'))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_the_question_did_not_say_is_left() {
        let sentence = "The museum is free of charge on every second Sunday.";
        let asked = "When is the museum free of charge?";
        assert_eq!(answering(asked, sentence, Some(3)), "every second Sunday");
        assert_eq!(answering(asked, sentence, Some(40)), sentence);
        assert_eq!(answering(asked, sentence, None), sentence);
        assert_eq!(answering("", "", Some(2)), "");
    }
}
