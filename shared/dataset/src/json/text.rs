//! A text as it stands in a JSON line, in the one escaped form that this crate writes.
use std::borrow::Cow;

/// A text between its quotes, escaped as `serde_json` escapes: `\"`, `\\`, `\n`, `\r`, `\t`, `\b`, `\f`, and `\u00xx` for the other
/// control characters. Two equal texts are equal in this form, byte by byte, and it is copied into the compiled line as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    raw: Cow<'a, str>,
    /// How many bytes longer this form is than the text.
    excess: u32,
    control: bool,
    /// Whether every character is known to be ASCII.
    ascii: bool,
}

impl<'a> Text<'a> {
    /// A text that is in canonical form already, with so many escapes, each of two bytes.
    #[inline(always)]
    pub(crate) fn canonical(raw: &'a str, escapes: u32, control: bool, ascii: bool) -> Self {
        Self {
            raw: Cow::Borrowed(raw),
            excess: escapes,
            control,
            ascii,
        }
    }

    /// A text between its quotes, in any valid JSON form.
    pub(super) fn rewritten(raw: &str, control: bool) -> Self {
        let plain = unescape(raw);
        Self {
            control,
            ..Self::of(&plain)
        }
        .owned()
    }

    /// Escapes `plain`.
    pub(crate) fn of(plain: &str) -> Text<'static> {
        let mut raw = String::with_capacity(plain.len() + 2);
        escape_into(plain, &mut raw);
        let excess = (raw.len() - plain.len()) as u32;
        Text {
            raw: Cow::Owned(raw),
            excess,
            control: false,
            ascii: false,
        }
    }

    fn owned<'b>(self) -> Text<'b> {
        Text {
            raw: Cow::Owned(self.raw.into_owned()),
            excess: self.excess,
            control: self.control,
            ascii: self.ascii,
        }
    }

    /// The escaped form.
    pub(crate) fn raw(&self) -> &str {
        &self.raw
    }

    /// Whether it stands in its line in another spelling than here, or not at all.
    #[inline(always)]
    pub(crate) fn is_rewritten(&self) -> bool {
        matches!(self.raw, Cow::Owned(_))
    }

    /// Whether a control character other than tab, line feed and carriage return stands in it as an escape.
    pub(crate) fn has_control(&self) -> bool {
        self.control
    }

    /// Whether a control character stands in it that JSON does not escape: U+007F to U+009F.
    pub(crate) fn has_plain_control(&self) -> bool {
        self.raw.chars().any(|c| matches!(c, '\u{7f}'..='\u{9f}'))
    }

    /// The text itself.
    pub(crate) fn plain(&self) -> Cow<'_, str> {
        if self.excess == 0 {
            Cow::Borrowed(&self.raw)
        } else {
            Cow::Owned(unescape(&self.raw))
        }
    }

    /// Whether it has nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        match self.raw.as_bytes().first() {
            // The common cases, decided by one byte and by one character.
            Some(byte) if byte.is_ascii_graphic() && *byte != b'\\' => false,
            None => true,
            Some(0x80..) if !self.raw.chars().next().is_some_and(is_white) => false,
            Some(_) => self.plain().chars().all(is_white),
        }
    }

    /// Characters in ASCII and other characters, of the text itself.
    #[inline]
    pub(crate) fn characters(&self) -> (u64, u64) {
        if self.ascii {
            return (self.raw.len() as u64 - u64::from(self.excess), 0);
        }
        let (ascii, leading) = characters(self.raw.as_bytes());
        (ascii - u64::from(self.excess), leading)
    }
}

/// Characters in ASCII and other characters of a text in UTF-8.
#[inline]
pub(crate) fn characters(text: &[u8]) -> (u64, u64) {
    let (mut ascii, mut leading) = (0_u64, 0_u64);
    for chunk in text.chunks(128) {
        // Counted in bytes and by sign, so that the compiler does many at a time.
        let (mut few_ascii, mut few_leading) = (0_u8, 0_u8);
        for byte in chunk {
            few_ascii += u8::from(byte.cast_signed() >= 0);
            few_leading += u8::from(byte.cast_signed() >= -64);
        }
        ascii += u64::from(few_ascii);
        leading += u64::from(few_leading - few_ascii);
    }
    (ascii, leading)
}

/// White space as Unicode has it, and as Python's `str.strip` has it, by which AWS's validators decide; and what nobody sees: control
/// characters, joiners and spaces of no width, marks of direction, fillers, selectors of variants and tags.
fn is_white(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text that a valid JSON string holds. What is no valid string (it never is, here) stays as it is.
fn unescape(raw: &str) -> String {
    let mut quoted = String::with_capacity(raw.len() + 2);
    quoted.push('"');
    quoted.push_str(raw);
    quoted.push('"');
    serde_json::from_str(&quoted).unwrap_or_else(|_| raw.to_owned())
}

/// Appends `plain` as `serde_json` escapes it, without quotes.
pub(crate) fn escape_into(plain: &str, out: &mut String) {
    // Strings always serialize.
    if let Ok(quoted) = serde_json::to_string(plain) {
        out.push_str(&quoted[1..quoted.len() - 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_text_is_written_in_one_way() {
        let text = Text::rewritten("\\u0041\\/\\u000a\\u001f\\ud83d\\ude00\\u00e9", true);
        assert_eq!(text.raw(), "A/\\n\\u001f😀é");
        assert_eq!(text.plain(), "A/\n\u{1f}😀é");
        assert_eq!(text.characters(), (4, 2));
    }

    #[test]
    fn characters_are_those_of_the_text_and_not_of_its_escapes() {
        let plain = "é\n".repeat(1_000);
        let text = Text::of(&plain);
        assert_eq!(text.characters(), (1_000, 1_000));
        assert_eq!(Text::of("a\"\\\t").characters(), (4, 0));
    }

    #[test]
    fn blank_is_white_space_of_any_kind() {
        for (plain, blank) in [
            ("", true),
            (" \n\t", true),
            ("\u{3000}", true),
            ("\u{200b}", true),
            ("\u{feff}\u{2060}\u{200c}\u{200d}\n", true),
            ("\u{7}\u{85}\u{7f}", true),
            ("\u{200b}x", false),
            ("日\n", false),
            ("👩\u{200d}👧", false),
            ("\\", false),
            (" x", false),
        ] {
            assert_eq!(Text::of(plain).is_blank(), blank, "{plain:?}");
        }
    }
}
