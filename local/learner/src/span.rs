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

/// Small words that belong to what follows them.
const LEADING: [&str; 12] = [
    "of", "to", "in", "on", "at", "by", "with", "as", "from", "for", "when", "not",
];

/// The part of the sentence that answers. Of about `usual` words, where answers are short: the run of words that says most of
/// what the question did not say itself. Otherwise the sentence, and if the question asks for a name, a number, a time or a
/// place, without what it said itself at the sentence's beginning and end.
pub(crate) fn answering(question: &str, sentence: &str, usual: Option<usize>) -> String {
    let all: Vec<&str> = sentence.split_whitespace().collect();
    let short = usual.filter(|words| *words <= LONGEST);
    let length = short.unwrap_or(all.len()).max(1);
    if short.is_none() {
        if !asks_for_little(question) {
            return sentence.to_owned();
        }
        return without_the_question(question, &all).unwrap_or_else(|| sentence.to_owned());
    }
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
    trimmed(&cut)
}

/// Whether a question is answered with a few words: who, when, where, which, how many.
fn asks_for_little(question: &str) -> bool {
    let asked: Vec<String> = words(question).collect();
    let has = |wanted: &[&str]| asked.iter().any(|word| wanted.contains(&word.as_str()));
    let how = asked.windows(2).any(|pair| {
        pair[0] == "how"
            && !matches!(
                pair[1].as_str(),
                "do" | "does" | "did" | "is" | "are" | "can"
            )
    });
    how || has(&[
        "who", "whom", "whose", "when", "where", "which", "called", "stand",
    ])
}

/// The words from the first to the last that the question did not say, with the small words that lead to them; `None` if
/// it said them all.
fn without_the_question(question: &str, all: &[&str]) -> Option<String> {
    let asked: Vec<String> = words(question).collect();
    let said = |word: &str| {
        let said = |word: String| {
            COMMON.contains(&word.as_str()) || asked.iter().any(|asked| alike(asked, &word))
        };
        words(word).all(said)
    };
    let first = all.iter().position(|word| !said(word))?;
    let last = all.iter().rposition(|word| !said(word))?;
    let leads = |place: &&&str| words(place).all(|word| LEADING.contains(&word.as_str()));
    let leading = all[..first].iter().rev().take_while(leads).count();
    Some(trimmed(&all[first - leading..=last].join(" ")))
}

/// Whether two words are forms of one: equal, or long and the same but for their endings.
fn alike(one: &str, other: &str) -> bool {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b);
    let same = same.count();
    let longest = one.chars().count().max(other.chars().count());
    one == other || (same >= 4 && longest - same <= 3)
}

fn trimmed(text: &str) -> String {
    text.trim_matches(|c: char| c.is_ascii_punctuation() && !"()\"`<>!?_-".contains(c))
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
        for usual in [Some(40), None] {
            assert_eq!(answering(asked, sentence, usual), "on every second Sunday");
        }
        let said = "The museum is free.";
        assert_eq!(answering(asked, said, None), said);
        assert_eq!(answering("", "", Some(2)), "");
    }
}
