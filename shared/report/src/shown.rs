//! Text of unknown origin as it may be shown: cut, and with whatever could disturb a reader made visible.
use std::fmt::Write as _;

use maud::{Escaper, Render};
use perennial_dataset::Excerpt;

/// How many characters of an excerpt are shown: what the compiler takes, each as long as an escape may be.
const EXCERPT: usize = perennial_dataset::EXCERPT * 10;

/// A text of which at most so many characters are shown. As [`Render`] it is escaped for HTML, in text and in attributes alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    text: &'a str,
    most: usize,
}

/// A name or path: S3 allows keys of 1,024 bytes.
pub(crate) fn name(text: &str) -> Shown<'_> {
    Shown { text, most: 1024 }
}

/// A sentence or two.
pub(crate) fn words(text: &str) -> Shown<'_> {
    Shown { text, most: 2000 }
}

/// An id, a path inside a record, the name of a shape or a model.
pub(crate) fn label(text: &str) -> Shown<'_> {
    Shown { text, most: 300 }
}

/// An excerpt's text before the part that is meant, the part, and the text after it. A part that is not in the text is empty.
pub(crate) fn parts(excerpt: &Excerpt) -> [Shown<'_>; 3] {
    let boundary = |character: usize| {
        let mut places = excerpt.text.char_indices();
        let place = places.nth(character.min(EXCERPT));
        place.map_or(excerpt.text.len(), |(index, _)| index)
    };
    let from = boundary(excerpt.from);
    let to = boundary(excerpt.to).max(from);
    let (before, rest) = excerpt.text.split_at(from);
    let (part, after) = rest.split_at(to - from);
    [before, part, after].map(|text| Shown::new(text, EXCERPT))
}

impl<'a> Shown<'a> {
    pub(crate) fn new(text: &'a str, most: usize) -> Self {
        Self { text, most }
    }

    fn characters(&self, mut push: impl FnMut(char)) {
        for (count, character) in self.text.chars().enumerate() {
            if count == self.most {
                push('…');
                break;
            }
            if disturbs(character) {
                character.escape_default().for_each(&mut push);
            } else {
                push(character);
            }
        }
    }
}

impl Render for Shown<'_> {
    fn render_to(&self, buffer: &mut String) {
        let mut escaper = Escaper::new(buffer);
        // Writing to a string cannot fail.
        self.characters(|character| {
            let _ = escaper.write_char(character);
        });
    }
}

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut said = Ok(());
        self.characters(|character| {
            if said.is_ok() {
                said = f.write_char(character);
            }
        });
        said
    }
}

/// Control characters but line feed and tab, marks that turn the direction of text or cannot be seen, and what HTML forbids.
fn disturbs(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\t')
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{e0000}'..='\u{e007f}')
        || u32::from(character) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_cut_escaped_and_visible() {
        let rendered = |text, most| Shown::new(text, most).render().into_string();
        assert_eq!(
            rendered("<a href=\"x\">&", 99),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
        assert_eq!(
            rendered("a\0\u{202e}\u{fffe}é\n", 99),
            "a\\u{0}\\u{202e}\\u{fffe}é\n"
        );
        assert_eq!(rendered("éééé", 3), "ééé…");
        assert_eq!(Shown::new("\u{1b}[31m<", 9).to_string(), "\\u{1b}[31m<");
    }
}
