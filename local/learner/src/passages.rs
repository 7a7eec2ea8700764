//! Documents as what can be quoted from them: paragraphs, and the sentences of each.
//!
//! Markdown is read for its words: headings stand before their paragraphs, links become their texts, code is left out.

use crate::index::Index;

/// How much a sentence is helped by the paragraph around it.
const PARAGRAPH_SHARE: f32 = 0.5;

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
        let around: Vec<(usize, f32)> = self.by_paragraph.nearest(prompt, self.paragraphs);
        let score = |sentence: usize, similarity: f32| {
            let paragraph = self.sentences.get(sentence)?.paragraph;
            let helped = around.iter().find(|(place, _)| *place == paragraph);
            Some(similarity + PARAGRAPH_SHARE * helped.map_or(0.0, |(_, score)| *score))
        };
        let nearest = self.by_sentence.nearest(prompt, self.sentences.len());
        let scored = nearest.into_iter().filter_map(|(sentence, similarity)| {
            Some((sentence, similarity, score(sentence, similarity)?))
        });
        let best = scored.fold(None::<(usize, f32, f32)>, |best, one| match best {
            Some(best) if best.2 >= one.2 => Some(best),
            _ => Some(one),
        })?;
        Some(Found {
            text: &self.sentences.get(best.0)?.text,
            similarity: best.1,
        })
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
        let trimmed = line.trim();
        if trimmed.starts_with("```") {
            in_code = !in_code;
            end(&mut text, &heading);
        } else if in_code {
        } else if trimmed.starts_with('#') {
            end(&mut text, &heading);
            heading = plain(trimmed.trim_start_matches('#'));
        } else if trimmed.is_empty() {
            end(&mut text, &heading);
        } else if !trimmed.starts_with("<!--") {
            let item = ["- ", "* ", "> "]
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

/// The words without Markdown's marks: a link is its text, and emphasis and code marks go.
fn plain(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '`', '*', '<']) {
        words.push_str(&rest[..at]);
        let marked = &rest[at..];
        rest = if let Some(tag) = marked.strip_prefix('<') {
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
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The sentences of a paragraph: each ends with a mark that a blank and no small letter follow.
fn split_sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
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
