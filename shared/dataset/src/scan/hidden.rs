//! Lines with characters spelt as escapes that need none (`\u0041`, `\/`): what is looked for can hide behind them, and none of their texts
//! can be copied. Such a line is spelt out, and looked at once more.
use super::{
    forbidden::Forbidden,
    marks::Marks,
    secrets::{self, Hit, Secrets},
    windows::Windows,
};

/// A line with such characters spelt out; what it allocates is used again.
#[derive(Debug, Default)]
pub(crate) struct Spelt {
    pub(crate) line: String,
    pub(crate) marks: Marks,
    /// What stands in it, in bytes of the line as it came.
    pub(crate) hits: Vec<Hit>,
    /// Whether a forbidden string stands in it.
    pub(crate) forbidden: bool,
    /// Places in `line` behind an escape, each with the place behind it in the line as it came.
    places: Vec<(usize, usize)>,
}

impl Spelt {
    /// Spells out a line and looks at it; whether it has such an escape.
    pub(crate) fn look(
        &mut self,
        line: &str,
        secrets: Option<&Secrets>,
        forbidden: Option<&Forbidden>,
    ) -> bool {
        if !self.spell(line) {
            return false;
        }
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
        let mut hits = std::mem::take(&mut self.hits);
        secrets::find(bytes, &self.marks, secrets, &mut hits);
        for hit in &mut hits {
            (hit.start, hit.end) = (self.place(hit.start), self.place(hit.end));
        }
        self.hits = hits;
        true
    }

    fn spell(&mut self, line: &str) -> bool {
        self.line.clear();
        self.places.clear();
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
                self.line.push(character);
                self.places.push((self.line.len(), at));
                copied = at;
            }
        }
        if self.places.is_empty() {
            return false;
        }
        self.line.push_str(&line[copied..]);
        true
    }

    /// Where in the line as it stands this place is.
    fn place(&self, place: usize) -> usize {
        let next = self.places.partition_point(|(here, _)| *here <= place);
        match next.checked_sub(1).map(|last| self.places[last]) {
            Some((here, there)) => there + (place - here),
            None => place,
        }
    }
}

/// The character of the `\u` escape at `at`, unless it needs an escape, and the escape's length.
fn spelt_out(bytes: &[u8], at: usize) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0, |unit, digit| {
            Some(unit << 4 | (*digit as char).to_digit(16)?)
        })
    };
    let character = match unit(at) {
        None => return (None, 2),
        Some(first @ 0xd800..=0xdbff) => match unit(at + 6) {
            Some(second @ 0xdc00..=0xdfff) => {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return (char::from_u32(code), 12);
            }
            _ => None,
        },
        Some(unit) => char::from_u32(unit),
    };
    let needs_none = |character: &char| !character.is_control() && !matches!(character, '"' | '\\');
    (character.filter(needs_none), 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_spelt_out_and_found_again_where_they_stood() {
        let line = r"a\u0041\/\n\\u0042\u000a\ud83d\ude00\ud83dz\u00";
        let mut spelt = Spelt::default();
        assert!(spelt.look(line, None, None));
        assert_eq!(spelt.line, "aA/\\n\\\\u0042\\u000a😀\\ud83dz\\u00");
        assert_eq!(spelt.place(0), 0);
        assert_eq!(&line[spelt.place(2)..][..2], "\\/");
        assert_eq!(&line[spelt.place(3)..][..2], "\\n");
        let z = spelt.line.find('z').unwrap();
        assert_eq!(&line[spelt.place(z)..][..1], "z");
        assert!(!spelt.look(r"a\n\\u0041", None, None));
    }
}
