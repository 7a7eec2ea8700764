//! Lines with characters spelt as escapes that need none (`\u0041`, `\/`): what is looked for can hide behind them, and none of their texts
//! can be copied. Such a line is spelt out, and looked at once more. So is what a text spells that is JSON itself.
use super::{
    forbidden::Forbidden,
    marks::Marks,
    secrets::{self, Hit, Secrets},
    windows::Windows,
};

/// What a line hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hides {
    /// Nothing: every character is spelt as it is written.
    Nothing,
    /// Escapes inside texts that are JSON themselves, such as what a tool is given in a string. The line itself is spelt as it is written.
    Deeper,
    /// Characters of the line, which [`Spelt::line`] has in their place.
    Characters,
}

/// A line with such characters spelt out; what it allocates is used again.
#[derive(Debug, Default)]
pub(crate) struct Spelt {
    pub(crate) line: String,
    pub(crate) marks: Marks,
    /// What stands in it, in bytes of the line as it came.
    pub(crate) hits: Vec<Hit>,
    /// Whether a forbidden string stands in it.
    pub(crate) forbidden: bool,
    places: Places,
    deeper: Deeper,
}

/// The line with the escapes of every depth spelt out: nobody reads it, and a key is found in it.
#[derive(Debug, Default)]
struct Deeper {
    line: String,
    marks: Marks,
    hits: Vec<Hit>,
    places: Places,
}

/// Places behind an escape that was spelt out, each with the place behind it in the line as it stood before.
#[derive(Debug, Default)]
struct Places(Vec<(usize, usize)>);

impl Places {
    /// Where in the line as it stood before this place is.
    fn before(&self, place: usize) -> usize {
        let next = self.0.partition_point(|(here, _)| *here <= place);
        match next.checked_sub(1).map(|last| self.0[last]) {
            Some((here, there)) => there + (place - here),
            None => place,
        }
    }
}

impl Spelt {
    /// Spells out a line and looks at it; what it hides.
    pub(crate) fn look(
        &mut self,
        line: &str,
        secrets: Option<&Secrets>,
        forbidden: Option<&Forbidden>,
    ) -> Hides {
        self.hits.clear();
        let spelt = self.spell(line);
        if spelt {
            let bytes = self.line.as_bytes();
            let nothing = Windows::default();
            self.marks.look(
                bytes,
                &secrets::WINDOWS,
                forbidden.map_or(&nothing, |forbidden| &forbidden.windows),
            );
            self.forbidden = forbidden.is_some_and(|forbidden| {
                let mut places = Vec::new();
                forbidden.places(bytes, &self.marks, &mut places);
                !places.is_empty()
            });
            secrets::find(bytes, &self.marks, secrets, &mut self.hits);
            for hit in &mut self.hits {
                (hit.start, hit.end) = (self.places.before(hit.start), self.places.before(hit.end));
            }
        }
        let deeper = self
            .deeper
            .look(if spelt { &self.line } else { line }, secrets);
        for hit in &self.deeper.hits {
            let (mut start, mut end) = (hit.start, hit.end);
            if spelt {
                (start, end) = (self.places.before(start), self.places.before(end));
            }
            self.hits.push(Hit { start, end, ..*hit });
        }
        match (spelt, deeper) {
            (true, _) => Hides::Characters,
            (false, true) => Hides::Deeper,
            (false, false) => Hides::Nothing,
        }
    }

    fn spell(&mut self, line: &str) -> bool {
        self.line.clear();
        self.places.0.clear();
        let bytes = line.as_bytes();
        let (mut at, mut copied) = (0, 0);
        while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
            let escape = at + found;
            let (character, length) = match bytes.get(escape + 1) {
                Some(b'/') => (Some('/'), 2),
                Some(b'u') => spelt_out(bytes, escape),
                _ => (None, 2),
            };
            at = (escape + length).min(bytes.len());
            if let Some(character) = character {
                self.line.push_str(&line[copied..escape]);
                write(character, &mut self.line);
                self.places.0.push((self.line.len(), at));
                copied = at;
            }
        }
        if self.places.0.is_empty() {
            return false;
        }
        self.line.push_str(&line[copied..]);
        true
    }
}

impl Deeper {
    /// Whether an escape stands behind a backslash that is a character itself: it is one for whoever reads the text as JSON.
    fn look(&mut self, line: &str, secrets: Option<&Secrets>) -> bool {
        self.hits.clear();
        if !self.spell(line) {
            return false;
        }
        if secrets.is_some() {
            let bytes = self.line.as_bytes();
            self.marks
                .look(bytes, &secrets::WINDOWS, &Windows::default());
            secrets::find(bytes, &self.marks, secrets, &mut self.hits);
            self.hits.retain(|hit| hit.what.is_secret());
            for hit in &mut self.hits {
                (hit.start, hit.end) = (self.places.before(hit.start), self.places.before(hit.end));
            }
        }
        true
    }

    fn spell(&mut self, line: &str) -> bool {
        self.line.clear();
        self.places.0.clear();
        let bytes = line.as_bytes();
        let (mut at, mut copied) = (0, 0);
        while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
            let start = at + found;
            let row = bytes[start..]
                .iter()
                .take_while(|byte| **byte == b'\\')
                .count();
            let end = start + row;
            at = end;
            let (character, length) = match bytes.get(end) {
                Some(b'/') if row > 1 => ('/', 1),
                Some(b'u') if row > 1 => match unit(bytes, end - 1).map(char::from_u32) {
                    Some(Some(character)) if character.is_ascii() => (character, 5),
                    _ => continue,
                },
                _ => continue,
            };
            at = end + length;
            self.line.push_str(&line[copied..start]);
            // At its depth the escape has a backslash before it, unless the row halves down to one.
            if !row.is_power_of_two() {
                self.line.push('\\');
            }
            write(character, &mut self.line);
            self.places.0.push((self.line.len(), at));
            copied = at;
        }
        if self.places.0.is_empty() {
            return false;
        }
        self.line.push_str(&line[copied..]);
        true
    }
}

/// Appends a character as a canonical line has it.
fn write(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\0'..' ' => out.push_str("\\u001f"),
        character => out.push(character),
    }
}

/// The number of the `\u` escape at `at`.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit << 4 | (*digit as char).to_digit(16)?)
    })
}

/// The character of the `\u` escape at `at`, unless it is a control character without a short escape, and the escape's length.
fn spelt_out(bytes: &[u8], at: usize) -> (Option<char>, usize) {
    let character = match unit(bytes, at) {
        None => return (None, 2),
        Some(first @ 0xd800..=0xdbff) => match unit(bytes, at + 6) {
            Some(second @ 0xdc00..=0xdfff) => {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return (char::from_u32(code), 12);
            }
            _ => None,
        },
        Some(unit) => char::from_u32(unit),
    };
    let short = |character: &char| {
        !character.is_control() || matches!(character, '\n' | '\r' | '\t' | '\u{8}' | '\u{c}')
    };
    (character.filter(short), 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_spelt_out_and_found_again_where_they_stood() {
        let line = r"a\u0041\/\n\\u0042\u000a\u0022\u001F\ud83d\ude00\ud83dz\u00";
        let mut spelt = Spelt::default();
        assert_eq!(spelt.look(line, None, None), Hides::Characters);
        assert_eq!(spelt.line, "aA/\\n\\\\u0042\\n\\\"\\u001F😀\\ud83dz\\u00");
        let before = |place| spelt.places.before(place);
        assert_eq!(before(0), 0);
        assert_eq!(&line[before(2)..][..2], "\\/");
        assert_eq!(&line[before(3)..][..2], "\\n");
        let z = spelt.line.find('z').unwrap();
        assert_eq!(&line[before(z)..][..1], "z");
        assert_eq!(spelt.look(r"a\n\\n", None, None), Hides::Nothing);
    }

    #[test]
    fn escapes_of_every_depth_are_spelt_out() {
        let mut deeper = Deeper::default();
        for (line, spelt) in [
            (r"x\\u0041z", "xAz"),
            (r"x\\\\u0041z", "xAz"),
            // Behind a backslash that is none of the escape's.
            (r"x\\\\\\u0041z", r"x\Az"),
            (r"\\/\\u002F", "//"),
            (r"\\u0022\\u005c\\u000a", "\\\"\\\\\\n"),
            (r"\\u00e9\\u004\\n\n", ""),
        ] {
            assert_eq!(deeper.spell(line), !spelt.is_empty(), "{line}");
            assert_eq!(deeper.line, spelt, "{line}");
        }
        assert!(deeper.spell(r"ab\\u0041cd"));
        assert_eq!(deeper.places.before(3), 9);
    }
}
