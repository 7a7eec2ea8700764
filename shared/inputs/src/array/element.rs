//! Cuts one JSON value out of a stream of bytes, by its strings and brackets alone, and writes it on one line.
use crate::{Bounds, EXCERPT, Trouble, What};

/// Brackets are told apart to this depth; deeper ones are only counted.
const TOLD_APART: u32 = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between the tokens of an object or array.
    Tokens,
    /// In the white space that begins with the end of a line, between tokens.
    Gap,
    String,
    /// After a backslash in a string.
    Escape,
    /// A value without quotes and brackets, like a number.
    Bare,
}

/// What became of a value.
#[derive(Debug)]
pub(crate) enum Done<'a> {
    Json {
        json: &'a [u8],
        /// The line in which it begins.
        line: u64,
        /// The characters before it there, if it is handed over as it stands.
        before: Option<u64>,
    },
    Flawed(Trouble),
}

#[derive(Debug)]
pub(crate) struct Element {
    bounds: Bounds,
    state: State,
    /// The line in which it begins.
    pub(crate) began: u64,
    /// The characters before it in that line.
    before: u64,
    /// Whether an end of a line in it became a blank.
    changed: bool,
    depth: u64,
    /// The open brackets, the innermost in the lowest bit: whether it is that of an object.
    objects: u128,
    /// Whether some brackets were too deep to be told apart: then they are only counted.
    only_counted: bool,
    /// What came with earlier pushes, and before the last end of a line.
    text: Vec<u8>,
    /// Bytes of the value on its one line, so far.
    length: u64,
    /// The first flaw; then nothing is kept any more.
    flaw: Option<Trouble>,
}

impl Element {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            state: State::Bare,
            began: 0,
            before: 0,
            changed: false,
            depth: 0,
            objects: 0,
            only_counted: false,
            text: Vec::new(),
            length: 0,
            flaw: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity()
    }

    /// Begins with the value whose first byte, the next to be scanned, is `first`, with so many characters before it in its line.
    pub(crate) fn begin(&mut self, first: u8, line: u64, before: u64) {
        self.state = match first {
            b'{' | b'[' | b'"' => State::Tokens,
            _ => State::Bare,
        };
        self.began = line;
        self.before = before;
        self.changed = false;
        self.depth = 0;
        self.objects = 0;
        self.only_counted = false;
        self.text.clear();
        self.length = 0;
        self.flaw = None;
    }

    /// Scans on: how many bytes belong to the value, and the value if it is complete. `in_array` is whether a bracket
    /// that opens nothing here may close the array around.
    pub(crate) fn scan<'a>(
        &'a mut self,
        bytes: &'a [u8],
        line: &mut u64,
        in_array: bool,
    ) -> (usize, Option<Done<'a>>) {
        let (mut at, mut from) = (0, 0);
        while at < bytes.len() {
            match self.state {
                State::String => match memchr::memchr3(b'"', b'\\', b'\n', &bytes[at..]) {
                    None => at = bytes.len(),
                    Some(found) => {
                        at += found;
                        match bytes[at] {
                            b'"' => self.state = State::Tokens,
                            b'\\' => self.state = State::Escape,
                            _ => {
                                self.flawed(What::LineFeedInString, *line, &bytes[from..at]);
                                *line += 1;
                            }
                        }
                        at += 1;
                        if self.state == State::Tokens && self.depth == 0 {
                            return (at, Some(self.done(&bytes[from..at])));
                        }
                    }
                },
                State::Escape => {
                    self.state = State::String;
                    // A line feed is seen as such.
                    at += usize::from(bytes[at] != b'\n');
                }
                State::Gap => match bytes[at] {
                    b'\n' => {
                        *line += 1;
                        at += 1;
                    }
                    b' ' | b'\t' | b'\r' => at += 1,
                    _ => {
                        from = at;
                        self.state = State::Tokens;
                    }
                },
                State::Tokens => {
                    at += bytes[at..]
                        .iter()
                        .position(|byte| TELLS[usize::from(*byte)])
                        .unwrap_or(bytes.len() - at);
                    let Some(&byte) = bytes.get(at) else { break };
                    match byte {
                        b'"' => self.state = State::String,
                        b'{' | b'[' => {
                            self.open(byte, *line, &bytes[from..at]);
                        }
                        b'}' | b']' => {
                            let closes = self.close(byte, *line, &bytes[from..at]);
                            if !closes && byte == b']' && in_array {
                                return (at, Some(self.done(&bytes[from..at])));
                            }
                        }
                        _ => {
                            self.keep(&bytes[from..at]);
                            self.keep(b" ");
                            self.changed = true;
                            self.state = State::Gap;
                            continue;
                        }
                    }
                    at += 1;
                    if self.depth == 0 && self.state == State::Tokens {
                        return (at, Some(self.done(&bytes[from..at])));
                    }
                }
                State::Bare => match bytes[at..]
                    .iter()
                    .position(|byte| TELLS[usize::from(*byte)] || *byte == b',')
                {
                    None => at = bytes.len(),
                    Some(found) => {
                        at += found;
                        return (at, Some(self.done(&bytes[from..at])));
                    }
                },
            }
        }
        if self.state != State::Gap {
            self.keep(&bytes[from..]);
        }
        (bytes.len(), None)
    }

    /// The end of the file inside of the value: the value, if it needs no end, and its flaw, if it had one.
    pub(crate) fn finish(&mut self) -> Option<Done<'_>> {
        if self.state == State::Bare || self.flaw.is_some() {
            Some(self.done(&[]))
        } else {
            None
        }
    }

    /// Whether the end of the file is the end of the value.
    pub(crate) fn needs_no_end(&self) -> bool {
        self.state == State::Bare
    }

    /// What was kept, to show it.
    pub(crate) fn kept(&self) -> &[u8] {
        &self.text
    }

    fn open(&mut self, byte: u8, line: u64, before: &[u8]) {
        self.depth += 1;
        if self.depth > u64::from(self.bounds.depth.min(TOLD_APART)) {
            let most = self.bounds.depth;
            self.flawed(What::TooDeep { most }, line, before);
        }
        self.only_counted |= self.depth > u64::from(TOLD_APART);
        self.objects = self.objects << 1 | u128::from(byte == b'{');
    }

    /// Takes a closing bracket. False if nothing is open that it closes.
    fn close(&mut self, byte: u8, line: u64, before: &[u8]) -> bool {
        let object = byte == b'}';
        if !self.only_counted && (self.objects & 1 == 1) != object {
            let what = What::WrongBracket {
                bracket: char::from(byte),
            };
            self.flawed(what, line, before);
            // What is open inside of the bracket's own is taken as closed.
            let own = if object { self.objects } else { !self.objects };
            let deeper = u64::from(own.trailing_zeros());
            if deeper >= self.depth {
                return false;
            }
            self.depth -= deeper;
            self.objects >>= deeper;
        }
        self.depth -= 1;
        self.objects >>= 1;
        true
    }

    fn keep(&mut self, part: &[u8]) {
        self.length += part.len() as u64;
        if self.flaw.is_some() {
            return;
        }
        if self.length > self.bounds.line as u64 {
            let shown = self.bounds.line.min(4 * EXCERPT);
            self.text.truncate(shown);
            let more = part.len().min(shown - self.text.len());
            self.text.extend_from_slice(&part[..more]);
            let what = What::TooLong {
                bytes: 0,
                most: self.bounds.line,
            };
            self.flaw = Some(Trouble::new(what, self.began, &self.text));
            self.text = Vec::new();
        } else {
            self.text.extend_from_slice(part);
        }
    }

    /// Takes note of a flaw at the end of `before`, the part that is not kept yet, and shows what stands in front of it.
    fn flawed(&mut self, what: What, line: u64, before: &[u8]) {
        if self.flaw.is_some() || self.length + before.len() as u64 > self.bounds.line as u64 {
            return;
        }
        let mut shown = self.text[self.text.len().saturating_sub(EXCERPT)..].to_vec();
        shown.extend_from_slice(&before[before.len().saturating_sub(EXCERPT)..]);
        let mut shown = &shown[shown.len().saturating_sub(EXCERPT / 2)..];
        while let Some((first, rest)) = shown.split_first()
            && first & 0xc0 == 0x80
        {
            shown = rest;
        }
        self.flaw = Some(Trouble::new(what, line, shown));
        self.text = Vec::new();
    }

    /// The value, of which `last` is the last part.
    fn done<'a>(&'a mut self, last: &'a [u8]) -> Done<'a> {
        let direct = self.text.is_empty() && last.len() <= self.bounds.line;
        if !direct || self.flaw.is_some() {
            self.keep(last);
        }
        if let Some(mut flaw) = self.flaw.take() {
            if let What::TooLong { bytes, .. } = &mut flaw.what {
                *bytes = self.length;
            }
            return Done::Flawed(flaw);
        }
        let json = if direct { last } else { &self.text };
        Done::Json {
            json: if self.state == State::Bare {
                json.trim_ascii_end()
            } else {
                json
            },
            line: self.began,
            before: (!self.changed).then_some(self.before),
        }
    }
}

/// The bytes between tokens that say something.
const TELLS: [bool; 256] = {
    let mut tells = [false; 256];
    let mut index = 0;
    let bytes = b"\"{}[]\n\r";
    while index < bytes.len() {
        tells[bytes[index] as usize] = true;
        index += 1;
    }
    tells
};
