//! Cuts a text that is over the limit and has no better place for it: at the end of a sentence, else between words,
//! else between characters.

/// What a character means for where a text may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    LineFeed,
    Return,
    Space,
    /// Ends a sentence if white space follows.
    Stop,
    /// Ends a sentence whatever follows.
    FullStop,
    /// May stand between the stop and the white space.
    Closer,
    Lower,
    /// Belongs to the character before it.
    Mark,
    /// Joins the characters on both sides.
    Joiner,
    /// White space that is there to keep what stands around it together: no place for a cut, and no text either.
    NoBreak,
    Other,
}

/// How characters are written.
pub(crate) trait Alphabet {
    /// The first character of a text: how many bytes it has, and its kind. A byte that is no UTF-8 is a character. Never
    /// called with an empty text.
    fn next(text: &[u8]) -> (usize, Kind);

    /// The last place at or before `at` that is not inside of a character. `from`, before it, is known to be none.
    fn align(text: &[u8], from: usize, at: usize) -> usize;
}

/// Text as it is.
pub(crate) struct Plain;

impl Alphabet for Plain {
    fn next(text: &[u8]) -> (usize, Kind) {
        plain(text)
    }

    fn align(text: &[u8], _: usize, at: usize) -> usize {
        let is_inside = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
        (0..4)
            .filter_map(|back| at.checked_sub(back))
            .find(|at| !is_inside(*at))
            .unwrap_or(at)
    }
}

/// Text inside a JSON string, escaped as `serde_json` does.
pub(crate) struct Escaped;

impl Alphabet for Escaped {
    fn next(text: &[u8]) -> (usize, Kind) {
        escaped(text)
    }

    fn align(text: &[u8], from: usize, at: usize) -> usize {
        let at = Plain::align(text, from, at);
        // An escape sequence has six bytes at most and begins with the last of an odd number of backslashes.
        for back in (1..6).filter(|back| from + back <= at) {
            let start = at - back;
            if text[start] == b'\\' {
                let backslashes = text[from..=start]
                    .iter()
                    .rev()
                    .take_while(|byte| **byte == b'\\')
                    .count();
                let begins = backslashes % 2 == 1;
                return if begins && start + escaped(&text[start..]).0 > at {
                    start
                } else {
                    at
                };
            }
        }
        at
    }
}

fn plain(bytes: &[u8]) -> (usize, Kind) {
    let kind = match bytes[0] {
        b'\n' => Kind::LineFeed,
        b'\r' => Kind::Return,
        b' ' | b'\t' | 0x0b | 0x0c => Kind::Space,
        b'.' | b'!' | b'?' => Kind::Stop,
        b')' | b']' | b'}' | b'"' | b'\'' | b'*' | b'_' => Kind::Closer,
        b'a'..=b'z' => Kind::Lower,
        0..0x80 => Kind::Other,
        _ => return wide(bytes),
    };
    (1, kind)
}

fn wide(bytes: &[u8]) -> (usize, Kind) {
    let length = match bytes[0] {
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    };
    let character = bytes
        .get(..length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .and_then(|text| text.chars().next());
    let Some(character) = character else {
        return (1, Kind::Other);
    };
    let kind = match character {
        '\u{200d}' => Kind::Joiner,
        '\u{300}'..='\u{36f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' => Kind::Mark,
        '…' | '؟' | '۔' | '।' => Kind::Stop,
        '。' | '！' | '？' | '｡' => Kind::FullStop,
        '”' | '’' | '»' | '›' | '」' | '』' | '）' => Kind::Closer,
        '\u{a0}' | '\u{202f}' => Kind::NoBreak,
        _ if character.is_whitespace() => Kind::Space,
        _ if character.is_lowercase() => Kind::Lower,
        _ => Kind::Other,
    };
    (length, kind)
}

fn escaped(bytes: &[u8]) -> (usize, Kind) {
    if bytes[0] != b'\\' {
        return plain(bytes);
    }
    let (length, kind) = match bytes.get(1) {
        Some(b'n') => (2, Kind::LineFeed),
        Some(b'r') => (2, Kind::Return),
        Some(b't' | b'f') => (2, Kind::Space),
        Some(b'"') => (2, Kind::Closer),
        Some(b'u') => (6, Kind::Other),
        _ => (2, Kind::Other),
    };
    (length.min(bytes.len()), kind)
}

/// The last places so far at which a text may be cut; 0 is none.
#[derive(Debug, Clone, Copy)]
struct Places {
    sentence: usize,
    word: usize,
    character: usize,
    after: After,
    before: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// Nothing but white space yet: a cut here would leave nothing before it.
    Start,
    Text,
    Stop,
    FullStop,
    Space,
    StopAndSpace,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            sentence: 0,
            word: 0,
            character: 0,
            after: After::Start,
            before: Kind::Other,
        }
    }
}

impl Places {
    /// Takes note of the character of this kind that begins at `at`.
    fn see(&mut self, at: usize, kind: Kind) {
        let before = std::mem::replace(&mut self.before, kind);
        let torn = matches!(kind, Kind::Mark | Kind::Joiner)
            || before == Kind::Joiner
            || (before, kind) == (Kind::Return, Kind::LineFeed);
        if !torn {
            self.character = at;
        }
        self.after = match kind {
            Kind::LineFeed | Kind::Return | Kind::Space => match self.after {
                After::Start => After::Start,
                After::Text | After::Space => After::Space,
                _ => After::StopAndSpace,
            },
            _ => {
                match self.after {
                    // A small letter after it: the stop was that of an abbreviation.
                    After::StopAndSpace if kind != Kind::Lower => self.sentence = at,
                    After::FullStop
                        if !matches!(kind, Kind::Closer | Kind::FullStop | Kind::Stop) =>
                    {
                        self.sentence = at;
                    }
                    _ => {}
                }
                if matches!(self.after, After::Space | After::StopAndSpace) {
                    self.word = at;
                }
                match (kind, self.after) {
                    (Kind::NoBreak, After::Start) => After::Start,
                    (Kind::Stop, _) => After::Stop,
                    (Kind::FullStop, _) => After::FullStop,
                    (Kind::Closer, After::Stop | After::FullStop) => self.after,
                    _ => After::Text,
                }
            }
        };
    }
}

/// Where to cut `text`, which is longer than what fits: over 0, and so that `count` of what stands before is at most `limit`,
/// unless that is less than one character. Looks at the first `most` bytes.
pub(crate) fn cut<A: Alphabet>(
    text: &[u8],
    limit: u64,
    most: usize,
    count: impl Fn(&[u8]) -> u64,
) -> usize {
    /// Where the end of a sentence is looked for first.
    const NEAR: usize = 2_048;

    let at = fitting::<A>(text, limit, most, count);
    let mut places = Places::default();
    for start in [A::align(text, 0, at.saturating_sub(NEAR)), 0] {
        places = places_between::<A>(text, start, at);
        if places.sentence > 0 {
            break;
        }
    }
    [places.sentence, places.word, places.character, at]
        .into_iter()
        .find(|place| *place > 0)
        .unwrap_or_else(|| A::next(text).0)
}

/// How many of the first bytes fit, to a whole character.
fn fitting<A: Alphabet>(
    text: &[u8],
    limit: u64,
    most: usize,
    count: impl Fn(&[u8]) -> u64,
) -> usize {
    // Large steps are counted each for itself, the smaller ones after them together, so that rounding takes little and each
    // byte is counted a few times at most.
    let (mut base, mut before, mut at) = (0, 0, 0);
    for step in [1_024, 128, 16, 1] {
        while at < text.len() {
            let end = match step {
                1 => at + A::next(&text[at..]).0,
                _ => A::align(text, at, (at + step).min(text.len())),
            };
            let tokens = before + count(&text[base..end]);
            if tokens > limit || end > most {
                break;
            }
            at = end;
            if step == 1_024 {
                (base, before) = (end, tokens);
            }
        }
    }
    at
}

/// The last places after `start` and up to `end`.
fn places_between<A: Alphabet>(text: &[u8], start: usize, end: usize) -> Places {
    let mut places = Places::default();
    if start > 0 {
        places.after = After::Text;
    }
    let mut at = start;
    while at < text.len() && at <= end {
        let (length, kind) = A::next(&text[at..]);
        places.see(at, kind);
        at += length;
    }
    places
}
