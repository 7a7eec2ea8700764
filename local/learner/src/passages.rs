//! Documents as what can be quoted from them: paragraphs, and the sentences of each.
//!
//! Markdown is read for its words: headings stand before their paragraphs, links become their texts, code is left out.

use std::collections::HashMap;

use crate::index::Index;

/// How much a sentence is helped by the paragraph around it.
const PARAGRAPH_SHARE: f32 = 0.8;
/// How much it counts that a sentence has all of what was asked, beside being about nothing else.
const COVERED_SHARE: f32 = 0.5;
/// A sentence with less of the prompt than this is not looked at unless it is among the nearest.
const WORTH_A_LOOK: f32 = 0.3;

/// The documents' sentences, found by what they are about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passages {
    sentences: Vec<Sentence>,
    paragraphs: usize,
    by_sentence: Index,
    by_paragraph: Index,
}

#[derive(Debug, Clone)]
struct Sentence {
    text: String,
    paragraph: usize,
}

/// A sentence that was found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) text: &'a str,
    /// From 0 to 1, how alike sentence and prompt are.
    pub(crate) similarity: f32,
}

impl Passages {
    pub(crate) fn of<'a>(documents: impl Iterator<Item = &'a str>) -> Self {
        let mut sentences = Vec::new();
        let mut contexts = Vec::new();
        for document in documents {
            for paragraph in paragraphs(document) {
                let said = split_sentences(&paragraph.text);
                if said.is_empty() {
                    continue;
                }
                let place = contexts.len();
                contexts.push(format!("{} {}", paragraph.heading, paragraph.text));
                sentences.extend(said.into_iter().map(|text| Sentence {
                    text,
                    paragraph: place,
                }));
            }
        }
        Self {
            by_sentence: Index::over(sentences.iter().map(|sentence| sentence.text.as_str())),
            by_paragraph: Index::over(contexts.iter().map(String::as_str)),
            paragraphs: contexts.len(),
            sentences,
        }
    }

    /// The sentence that fits a prompt best; the first of equal ones.
    pub(crate) fn best(&self, prompt: &str) -> Option<Found<'_>> {
        let around: HashMap<usize, f32> = self
            .by_paragraph
            .nearest(prompt, self.paragraphs)
            .into_iter()
            .collect();
        let covered = self.by_sentence.coverage(prompt, self.sentences.len());
        let alike: HashMap<usize, f32> = self
            .by_sentence
            .nearest(prompt, self.sentences.len())
            .into_iter()
            .collect();
        let subject = subject(prompt);
        let wanted = Wanted::by(prompt);
        let mut best: Option<(usize, f32)> = None;
        for (place, sentence) in self.sentences.iter().enumerate() {
            let (covered, alike) = (covered[place], alike.get(&place).copied());
            let helped = around.get(&sentence.paragraph).copied();
            // Most have nothing in common with the prompt, or little.
            if alike.is_none() && covered < WORTH_A_LOOK {
                continue;
            }
            let score = (alike.unwrap_or_default()
                + COVERED_SHARE * covered
                + PARAGRAPH_SHARE * helped.unwrap_or_default())
                * tells(&sentence.text, subject.as_deref())
                * wanted.in_sentence(&sentence.text);
            if score > 0.0 && best.is_none_or(|best| score > best.1) {
                best = Some((place, score));
            }
        }
        let (place, _) = best?;
        Some(Found {
            text: &self.sentences.get(place)?.text,
            similarity: alike.get(&place).copied().unwrap_or_default(),
        })
    }
}

/// What kind of thing a question asks for, by its first words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Number,
    Name,
    Anything,
}

impl Wanted {
    fn by(prompt: &str) -> Self {
        let lower = prompt.to_lowercase();
        let has = |starts: &[&str]| starts.iter().any(|start| lower.contains(start));
        if has(&[
            "how many",
            "how much",
            "how long",
            "how large",
            "how high",
            "how old",
            "how often",
            "how far",
            "how soon",
            "how cold",
            "when ",
            "which year",
            "what time",
            "what year",
        ]) {
            Self::Number
        } else if lower.starts_with("who ") {
            Self::Name
        } else {
            Self::Anything
        }
    }

    /// How much it helps a sentence to have, or not to have, such a thing.
    fn in_sentence(self, sentence: &str) -> f32 {
        let has = match self {
            Self::Number => sentence.chars().any(char::is_numeric),
            // A capital letter that does not begin the sentence.
            Self::Name => sentence
                .split_whitespace()
                .skip(1)
                .any(|word| word.starts_with(char::is_uppercase)),
            Self::Anything => return 1.0,
        };
        if has { 1.25 } else { 1.0 }
    }
}

/// What a question of the form "What is …?" is about, in small letters.
fn subject(prompt: &str) -> Option<String> {
    let lower = prompt.trim().to_lowercase();
    let asked = ["what is ", "what are ", "what's "]
        .iter()
        .find_map(|start| lower.strip_prefix(start))?;
    let asked = ["the purpose of ", "the ", "a ", "an "]
        .iter()
        .find_map(|article| asked.strip_prefix(article))
        .unwrap_or(asked);
    let asked = asked.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '>');
    let asked = asked.strip_suffix(" for").unwrap_or(asked);
    (!asked.is_empty() && asked.split_whitespace().count() <= 4).then(|| asked.to_owned())
}

/// How much a sentence looks as if it told something: a question, an announcement and a fragment do not, and a definition of
/// what is asked about does.
fn tells(sentence: &str, subject: Option<&str>) -> f32 {
    if sentence.ends_with(['?', ':']) || sentence.split_whitespace().count() < 4 {
        return 0.5;
    }
    let Some(subject) = subject else {
        return 1.0;
    };
    let lower = sentence.to_lowercase();
    let defines = |at: usize| {
        let after = lower[at + subject.len()..].trim_start_matches(['s', ',']);
        // "A slice is …", "a slice, which …": the sentence begins with its subject.
        at <= 12
            && [" is ", " are ", " means ", " lets ", " let "]
                .iter()
                .any(|verb| after.starts_with(verb))
    };
    if lower.find(subject).is_some_and(defines) {
        1.5
    } else {
        1.0
    }
}

struct Paragraph {
    heading: String,
    text: String,
}

/// The paragraphs of a document, each under its heading.
fn paragraphs(document: &str) -> Vec<Paragraph> {
    let mut found = Vec::new();
    let (mut heading, mut text) = (String::new(), String::new());
    let document = without_comments(document);
    let mut in_code = false;
    let mut end = |text: &mut String, heading: &str| {
        if !text.trim().is_empty() {
            found.push(Paragraph {
                heading: heading.to_owned(),
                text: plain(text),
            });
        }
        text.clear();
    };
    for line in document.lines() {
        let trimmed = line.trim().trim_start_matches("> ");
        if trimmed.starts_with("```") {
            in_code = !in_code;
            end(&mut text, &heading);
        } else if in_code {
        } else if trimmed.starts_with('#') {
            end(&mut text, &heading);
            heading = plain(trimmed.trim_start_matches('#'));
        } else if trimmed.is_empty() {
            end(&mut text, &heading);
        } else {
            let item = ["- ", "* "]
                .iter()
                .find_map(|mark| trimmed.strip_prefix(mark));
            if item.is_some() {
                end(&mut text, &heading);
            }
            text.push_str(item.unwrap_or(trimmed));
            text.push(' ');
        }
    }
    end(&mut text, &heading);
    found
}

/// A document without HTML's comments, which may go over many lines.
fn without_comments(document: &str) -> String {
    let mut kept = String::with_capacity(document.len());
    let mut rest = document;
    while let Some((before, comment)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The words without Markdown's marks: a link is its text, and emphasis and code marks go.
fn plain(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '`', '*', '<']) {
        words.push_str(&rest[..at]);
        let marked = &rest[at..];
        rest = if let Some((code, after)) = marked
            .strip_prefix('`')
            .and_then(|code| code.split_once('`'))
        {
            // Code is taken as it stands.
            words.push_str(code);
            after
        } else if let Some(tag) = marked.strip_prefix('<') {
            match tag.split_once('>') {
                // A tag of HTML; a smaller-than sign otherwise.
                Some((name, after))
                    if name.starts_with(|c: char| c == '/' || c.is_alphabetic()) =>
                {
                    after
                }
                _ => {
                    words.push('<');
                    tag
                }
            }
        } else if let Some((name, after)) = marked
            .strip_prefix('[')
            .and_then(|link| link.split_once(']'))
        {
            words.push_str(&plain(name));
            let target = after
                .strip_prefix('(')
                .and_then(|target| target.split_once(')'))
                .or_else(|| {
                    after
                        .strip_prefix('[')
                        .and_then(|target| target.split_once(']'))
                });
            target.map_or(after, |(_, after)| after)
        } else {
            &marked[1..]
        };
    }
    words.push_str(rest);
    let words = words.split_whitespace();
    let bare = |word: &str| {
        // _emphasis_, but not a name_with_underscores.
        let inner = word.trim_matches('_');
        let closed = word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '_');
        match word.starts_with('_') || closed.ends_with('_') {
            true => inner.replacen("_.", ".", 1).replacen("_,", ",", 1),
            false => word.to_owned(),
        }
    };
    words.map(bare).collect::<Vec<_>>().join(" ")
}

/// The sentences of a paragraph: each ends with a mark that a blank and no small letter follow.
fn split_sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        if !matches!(letter, '.' | '!' | '?') {
            continue;
        }
        let end = at + letter.len_utf8();
        let mut after = text[end..].chars();
        let ends = match (after.next(), after.next()) {
            (None, _) => true,
            (Some(blank), Some(next)) => blank.is_whitespace() && !next.is_lowercase(),
            (Some(blank), None) => blank.is_whitespace(),
        };
        if ends {
            sentences.push(text[start..end].trim().to_owned());
            start = end;
        }
    }
    sentences.push(text[start..].trim().to_owned());
    sentences.retain(|sentence| sentence.chars().any(char::is_alphabetic));
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_read_for_its_words() {
        let document = "# Ownership\n\nEach *value* has an `owner`. See [the book](https://x.y/z) for more!\n\n```rust\nlet x = 1;\n```\n- One item\n- Another item";
        let read: Vec<(String, String)> = paragraphs(document)
            .into_iter()
            .map(|paragraph| (paragraph.heading, paragraph.text))
            .collect();
        let under = |text: &str| ("Ownership".to_owned(), text.to_owned());
        assert_eq!(
            read,
            [
                under("Each value has an owner. See the book for more!"),
                under("One item"),
                under("Another item")
            ]
        );
    }

    #[test]
    fn a_sentence_ends_where_one_ends() {
        assert_eq!(
            split_sentences("Version 1.2 is out. Is it good? Yes"),
            ["Version 1.2 is out.", "Is it good?", "Yes"]
        );
        assert!(split_sentences(" . ! ").is_empty());
    }

    #[test]
    fn the_sentence_about_the_question_is_found() {
        let documents = [
            "The harbour opens at six. It closes at nine in winter.",
            "The museum is free on Sundays. Tickets cost four euros otherwise.",
        ];
        let passages = Passages::of(documents.into_iter());
        let found = passages.best("When is the museum free?").unwrap();
        assert_eq!(found.text, "The museum is free on Sundays.");
        assert!(passages.best("日本語").is_none());
        assert!(Passages::of(std::iter::empty()).best("museum").is_none());
    }
}
