//! Lines with characters spelt as escapes that need none (`\u0041`, `\/`): a secret can hide behind them, as everything is looked for in
//! the line as it stands. They are rare; each is spelt out and looked at once more.
use super::{
    marks::Marks,
    secrets::{self, Hit, Secrets},
    windows::Windows,
};

/// A line with such characters spelt out.
#[derive(Debug, Default)]
struct Spelt {
    line: String,
    /// Places in `line` behind an escape, each with the place behind it in the line as it stands.
    places: Vec<(usize, usize)>,
}

impl Spelt {
    /// Nothing if the line has no such escape.
    fn of(line: &str) -> Option<Self> {
        let bytes = line.as_bytes();
        let mut spelt = Self::default();
        let (mut at, mut copied) = (0, 0);
        while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
            let escape = at + found;
            let (character, length) = match bytes.get(escape + 1) {
                Some(b'/') => (Some('/'), 2),
                Some(b'u') => spelt_out(line, escape),
                _ => (None, 2),
            };
            at = (escape + length).min(bytes.len());
            if let Some(character) = character {
                spelt.line.push_str(&line[copied..escape]);
                spelt.line.push(character);
                spelt.places.push((spelt.line.len(), at));
                copied = at;
            }
        }
        if spelt.places.is_empty() {
            return None;
        }
        spelt.line.push_str(&line[copied..]);
        Some(spelt)
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
fn spelt_out(line: &str, at: usize) -> (Option<char>, usize) {
    let unit = |at: usize| {
        let digits = line.get(at..at + 6)?.strip_prefix("\\u")?;
        let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u16::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
    };
    let Some(first) = unit(at) else {
        return (None, 2);
    };
    let units = [first, unit(at + 6).unwrap_or_default()];
    let pair = (0xd800..0xdc00).contains(&first);
    let character = char::decode_utf16(units[..if pair { 2 } else { 1 }].iter().copied())
        .next()
        .and_then(Result::ok);
    let needs_none = |character: &char| !character.is_control() && !matches!(character, '"' | '\\');
    let length = if pair && character.is_some() { 12 } else { 6 };
    (character.filter(needs_none), length)
}

/// What stands in a line that has such escapes, in bytes of the line as it stands.
pub(crate) fn find(line: &str, secrets: Option<&Secrets>) -> Vec<Hit> {
    let Some(spelt) = Spelt::of(line) else {
        return Vec::new();
    };
    let (mut marks, mut hits) = (Marks::default(), Vec::new());
    marks.look(
        spelt.line.as_bytes(),
        &secrets::WINDOWS,
        &Windows::default(),
    );
    secrets::find(spelt.line.as_bytes(), &marks, secrets, &mut hits);
    for hit in &mut hits {
        (hit.start, hit.end) = (spelt.place(hit.start), spelt.place(hit.end));
        // A character that was spelt out begins before the place behind it.
        hit.start = hit.start.min(hit.end);
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_spelt_out_and_found_again_where_they_stood() {
        let line = r"a\u0041\/\n\\u0042\u000a\ud83d\ude00\ud83dz\u00";
        let spelt = Spelt::of(line).unwrap();
        assert_eq!(spelt.line, "aA/\\n\\\\u0042\\u000a😀\\ud83dz\\u00");
        assert_eq!(spelt.place(0), 0);
        assert_eq!(&line[spelt.place(2)..][..2], "\\/");
        assert_eq!(&line[spelt.place(3)..][..2], "\\n");
        let z = spelt.line.find('z').unwrap();
        assert_eq!(&line[spelt.place(z)..][..1], "z");
        assert!(Spelt::of(r"a\n\\u0041").is_none());
    }
}
