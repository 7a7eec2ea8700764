//! JSON that is no JSON Lines: arrays of records, and records over more than one line.
mod element;

use crate::{Bounds, EXCERPT, Item, Source, Then, Trouble, What};
use element::{Done, Element};

/// Where the reading stands, outside of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not in an array: records stand one after the other.
    Outside,
    /// In an array, before its first element.
    First,
    /// In an array, after a comma.
    Comma,
    /// In an array, after an element.
    Element,
    /// After an array.
    After,
    /// In text that has no place after an array.
    Text,
}

/// A JSON array of records, or records one after the other without one, in any layout: each is handed over on one line.
///
/// An end of a line between the tokens of a record becomes a blank, with the white space after it; nothing else of the
/// record is changed. Nor is it checked: whoever parses the line says what is wrong inside of it, and that it is no object if it is
/// none. What is told here is what no longer shows in a record by itself: commas and brackets around it, a bracket that closes what
/// another kind opened, a line feed inside of a string, and what is over the bounds.
///
/// Memory: the bound of a record.
#[derive(Debug)]
pub struct Array {
    place: Place,
    element: Element,
    /// Whether the next byte belongs to an element.
    inside: bool,
    /// The line of the next byte.
    line: u64,
    /// Characters before it in its line.
    column: u64,
    /// The line of the bracket that opens the array.
    opened: u64,
    /// The text that has no place, and the line in which it begins.
    text: (u64, Vec<u8>),
    any: bool,
    elements: bool,
    ended: bool,
}

impl Array {
    /// A reader of one file.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            place: Place::Outside,
            element: Element::new(bounds),
            inside: false,
            line: 1,
            column: 0,
            opened: 0,
            text: (0, Vec::new()),
            any: false,
            elements: false,
            ended: false,
        }
    }

    fn in_array(&self) -> bool {
        matches!(self.place, Place::First | Place::Comma | Place::Element)
    }

    /// Takes the byte `first`, which is no white space and belongs to no element. True if it begins one.
    fn between(&mut self, first: u8) -> (bool, Option<What>) {
        self.any = true;
        match (self.place, first) {
            (Place::Outside, b'[') => {
                self.open();
                (false, None)
            }
            (Place::After, b'[') => {
                self.open();
                (false, Some(What::AfterArray))
            }
            (Place::After, b'{') => {
                self.place = Place::Outside;
                (true, Some(What::AfterArray))
            }
            (Place::Element, b',') => {
                self.place = Place::Comma;
                (false, None)
            }
            (_, b',') => (false, Some(What::StrayComma)),
            (Place::First | Place::Element, b']') => {
                self.place = Place::After;
                (false, None)
            }
            (Place::Comma, b']') => {
                self.place = Place::After;
                (false, Some(What::TrailingComma))
            }
            (Place::After, _) => {
                self.place = Place::Text;
                self.text.0 = self.line;
                (false, None)
            }
            (_, b']' | b'}') => (
                false,
                Some(What::StrayBracket {
                    bracket: char::from(first),
                }),
            ),
            (Place::Element, _) => (true, Some(What::MissingComma)),
            _ => (true, None),
        }
    }

    /// Goes past these bytes in the line, or in the last of the lines that they end.
    fn pass(&mut self, bytes: &[u8]) {
        match memchr::memrchr(b'\n', bytes) {
            Some(end) => self.column = characters(&bytes[end + 1..]),
            None => self.column += characters(bytes),
        }
    }

    fn open(&mut self) {
        self.place = Place::First;
        self.opened = self.line;
    }

    /// Gathers text that has no place, enough to show it.
    fn gather(&mut self, bytes: &[u8], each: &mut dyn FnMut(Item<'_>)) {
        let text = &mut self.text.1;
        let most = 4 * EXCERPT;
        text.extend_from_slice(&bytes[..bytes.len().min(most - text.len())]);
        if text.len() == most {
            self.end_in_text(each);
        }
    }

    fn end_in_text(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        self.ended = true;
        let (line, text) = &self.text;
        each(Item::Trouble(Trouble::new(
            What::TextAfterArray,
            *line,
            text.trim_ascii_end(),
        )));
    }
}

impl Source for Array {
    fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Item<'_>)) {
        let mut at = 0;
        while at < bytes.len() && !self.ended {
            if self.inside {
                let in_array = self.in_array();
                let start = at;
                let (used, done) = self.element.scan(&bytes[at..], &mut self.line, in_array);
                at += used;
                if let Some(done) = done {
                    self.inside = false;
                    hand_over(done, each);
                }
                self.pass(&bytes[start..at]);
                continue;
            }
            let byte = bytes[at];
            match byte {
                _ if self.place == Place::Text => {
                    self.gather(&bytes[at..], each);
                    return;
                }
                b'\n' => {
                    self.line += 1;
                    self.column = 0;
                    at += 1;
                }
                b' ' | b'\t' | b'\r' => {
                    self.column += 1;
                    at += 1;
                }
                _ => {
                    let (begins, what) = self.between(byte);
                    if let Some(what) = what {
                        each(Item::Trouble(Trouble::new(what, self.line, b"")));
                    }
                    if begins {
                        self.inside = true;
                        self.elements = true;
                        self.element.begin(byte, self.line, self.column);
                        if self.in_array() {
                            self.place = Place::Element;
                        }
                    } else if self.place != Place::Text {
                        self.column += 1;
                        at += 1;
                    }
                }
            }
        }
    }

    fn finish(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if self.place == Place::Text {
            self.end_in_text(each);
            return;
        }
        let mut open = None;
        if self.inside {
            if !self.element.needs_no_end() {
                open = Some(Trouble::new(
                    What::UnclosedRecord,
                    self.element.began,
                    self.element.kept(),
                ));
            }
            if let Some(done) = self.element.finish() {
                hand_over(done, each);
            }
        }
        if let Some(trouble) = open {
            each(Item::Trouble(trouble));
        } else if self.in_array() {
            each(Item::Trouble(Trouble::new(
                What::UnclosedArray,
                self.opened,
                b"",
            )));
        } else if !self.elements {
            let what = if self.any {
                What::NoRecords
            } else {
                What::Empty
            };
            each(Item::Trouble(Trouble::new(what, 0, b"")));
        }
    }
}

/// Characters of text that need not be UTF-8, and may be cut inside of one: each is counted where it begins.
fn characters(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64
}

fn hand_over(done: Done<'_>, each: &mut dyn FnMut(Item<'_>)) {
    match done {
        Done::Json { json, line, before } => each(Item::Record {
            line,
            column: before.map(|before| before + 1),
            json,
        }),
        Done::Flawed(trouble) => {
            debug_assert!(trouble.what.then() == Then::LeftOut);
            each(Item::Trouble(trouble));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_record_takes_more_memory_than_the_bound() {
        let bounds = Bounds {
            line: 10_000,
            ..Bounds::default()
        };
        for piece in [
            &b"x".repeat(999)[..],
            &b"[".repeat(999),
            &b"{\n".repeat(500),
            &b"\\".repeat(999),
            &b" \n ".repeat(333),
            &b"]\"".repeat(500),
        ] {
            for start in [&b""[..], b"[", b"[{\"a\":\"", b"[]x", b"1"] {
                let mut array = Array::new(bounds);
                array.push(start, &mut |_| {});
                for _ in 0..2_000 {
                    array.push(piece, &mut |_| {});
                }
                assert!(array.element.capacity() + array.text.1.capacity() < 25_000);
            }
        }
    }
}
