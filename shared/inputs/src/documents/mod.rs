//! Plain text and Markdown as `{"text"}` records under a limit of tokens.
mod blocks;
mod within;

use crate::{Item, Source, Trouble, What, json};
use blocks::{RANKS, State};
use within::Plain;
pub(crate) use within::{Alphabet, Escaped, Kind, cut};

/// Counts the tokens of a text. Joined texts must not count more than their parts together do.
pub type CountTokens = fn(&str) -> u64;

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Paragraphs with blank lines between.
    Plain,
    /// Markdown: headings, lists, tables, code and front matter are told apart.
    Markdown,
}

/// A document, read as records `{"text":"..."}` of at most so many tokens.
///
/// Each record holds as many whole paragraphs as fit. A paragraph over the limit is cut at the ends of sentences, else
/// between words, else between characters. In Markdown a heading stays with the paragraph that follows it, and code, lists
/// and tables stay whole if they fit; if they do not, they are cut between blank lines, items, rows, lines.
///
/// Nothing is trimmed, lost or changed: the texts of the records, one after the other, are the document. The only exception
/// is a piece that would be white space alone, which is left out: at the end of the document, or where more of it stands in
/// a row than the limit. White space after a paragraph stands in the paragraph's record if it fits there, else in the next.
/// Line ends stay what they are.
///
/// Memory: eight bytes for each token of the limit, at most 4 MiB, a few times.
#[derive(Debug)]
pub struct Documents {
    kind: DocumentKind,
    limit: u64,
    count: CountTokens,
    /// Most bytes of a line, and of a piece.
    most: usize,
    buffer: Vec<u8>,
    /// Where the piece begins that is gathered.
    start: usize,
    /// How many bytes of it were read, and what is known of them.
    read: usize,
    /// Whether there is more than white space in them.
    content: bool,
    tokens: u64,
    /// In how many parts they were counted.
    parts: u64,
    /// The last place of each rank, and the state there.
    places: [Option<(usize, State)>; RANKS],
    state: State,
    /// The state at the start of the piece.
    first: State,
    /// How many bytes after those were searched for the end of a line.
    searched: usize,
    /// The line in which the piece begins.
    line: u64,
    any: bool,
    records: bool,
    json: Vec<u8>,
}

impl Documents {
    /// A document to be cut into records of at most `limit` tokens.
    #[must_use]
    pub fn new(kind: DocumentKind, limit: u64, count: CountTokens) -> Self {
        let limit = limit.max(1);
        Self {
            kind,
            limit,
            count,
            most: usize::try_from(limit)
                .unwrap_or(usize::MAX)
                .saturating_mul(8)
                .clamp(256, 4 << 20),
            buffer: Vec::new(),
            start: 0,
            read: 0,
            content: false,
            tokens: 0,
            parts: 0,
            places: [None; RANKS],
            state: State::default(),
            first: State::default(),
            searched: 0,
            line: 1,
            any: false,
            records: false,
            json: Vec::new(),
        }
    }

    /// Reads every line that is complete, and at the end of the file what is left.
    fn read(&mut self, at_end: bool, each: &mut dyn FnMut(Item<'_>)) {
        loop {
            let rest = &self.buffer[self.start + self.read..];
            let length = match line_length(rest, self.searched, self.most, at_end) {
                Ok(length) => length,
                Err(searched) => {
                    self.searched = searched;
                    return;
                }
            };
            self.searched = 0;
            let line = &rest[..length];
            let mut next = self.state;
            let rank = next.read(line, self.kind == DocumentKind::Markdown);
            if let Some(rank) = rank
                && self.content
            {
                self.places[rank as usize] = Some((self.read, self.state));
            }
            let content = self.content || !is_white_space(line);
            if self.fits(length) {
                self.content = content;
                self.read += length;
                self.state = next;
            } else {
                self.cut(length, each);
            }
        }
    }

    /// Whether the next line, of `length` bytes, fits into the piece; then it is counted.
    fn fits(&mut self, length: usize) -> bool {
        /// A long line is counted in parts of this size, and no further than it fits.
        const PART: usize = 1 << 10;

        let piece = &self.buffer[self.start..][..self.read + length];
        if piece.len() > self.most {
            return false;
        }
        let (mut at, mut tokens, mut parts) = (self.read, self.tokens, self.parts);
        while at < piece.len() {
            let end = Plain::align(piece, at, piece.len().min(at + PART));
            tokens += self::tokens(self.count, &piece[at..end]);
            parts += 1;
            at = end;
            // Each part is rounded for itself: a token a part, at most, may be too many.
            if tokens > self.limit.saturating_add(parts) {
                return false;
            }
        }
        if tokens > self.limit {
            (tokens, parts) = (self::tokens(self.count, piece), 1);
        }
        let fits = tokens <= self.limit;
        if fits {
            (self.tokens, self.parts) = (tokens, parts);
        }
        fits
    }

    /// Hands over the best part of what was read and of the line of `length` bytes after it, which does not fit.
    fn cut(&mut self, length: usize, each: &mut dyn FnMut(Item<'_>)) {
        let (end, state) = match self.places.iter().rev().flatten().next() {
            Some(place) => *place,
            None => {
                let text = &self.buffer[self.start..][..self.read + length];
                let tokens = |bytes: &[u8]| tokens(self.count, bytes);
                let end = cut::<Plain>(text, self.limit, self.most, tokens);
                (end, self.state_at(&text[..end]))
            }
        };
        self.hand_over(end, each);
        self.state = state;
        self.first = state;
    }

    /// The state after the start of the piece up to any place.
    fn state_at(&self, mut text: &[u8]) -> State {
        let mut state = self.first;
        while let Ok(length) = line_length(text, 0, self.most, true) {
            state.read(&text[..length], self.kind == DocumentKind::Markdown);
            text = &text[length..];
        }
        state
    }

    /// Hands over the first `end` bytes of the piece; the next piece begins after them, with nothing read of it.
    fn hand_over(&mut self, end: usize, each: &mut dyn FnMut(Item<'_>)) {
        let piece = &self.buffer[self.start..][..end];
        if !is_white_space(piece) {
            self.json.clear();
            self.json.extend_from_slice(b"{\"text\":\"");
            json::escape(&mut self.json, piece, usize::MAX);
            self.json.extend_from_slice(b"\"}");
            self.records = true;
            each(Item::Record {
                line: self.line,
                column: None,
                json: &self.json,
            });
        }
        self.line += line_ends(piece);
        self.start += end;
        self.read = 0;
        self.content = false;
        self.tokens = 0;
        self.parts = 0;
        self.places = [None; RANKS];
    }
}

impl Source for Documents {
    fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(Item<'_>)) {
        // In parts, so that the buffer never holds more of a large push than it has to.
        for part in bytes.chunks(64 << 10) {
            if self.start > self.buffer.len() / 2 {
                self.buffer.drain(..self.start);
                self.start = 0;
            }
            self.any = true;
            self.buffer.extend_from_slice(part);
            self.read(false, each);
        }
    }

    fn finish(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        self.read(true, each);
        if self.read > 0 {
            self.hand_over(self.read, each);
        }
        let what = match (self.any, self.records) {
            (_, true) => return,
            (true, false) => What::WhiteSpace,
            (false, false) => What::Empty,
        };
        each(Item::Trouble(Trouble::new(what, 0, b"")));
    }
}

/// Bytes of the first line of `rest`, with what ends it, and `most` at most; or, if more bytes may belong to it, how many
/// of `rest` need not be searched again.
fn line_length(rest: &[u8], searched: usize, most: usize, at_end: bool) -> Result<usize, usize> {
    let window = &rest[..rest.len().min(most)];
    if let Some(found) = memchr::memchr2(b'\n', b'\r', &window[searched..]) {
        let end = searched + found;
        return match (rest[end], rest.get(end + 1)) {
            (b'\r', Some(b'\n')) => Ok(end + 2),
            (b'\r', None) if !at_end => Err(end),
            _ => Ok(end + 1),
        };
    }
    if rest.len() > most {
        // Not inside of a character, if it is one.
        let back = (0..4).find(|back| rest[most - back] & 0xc0 != 0x80);
        return Ok(most - back.unwrap_or_default());
    }
    if at_end && !rest.is_empty() {
        return Ok(rest.len());
    }
    Err(window.len())
}

/// Lines that end in `text`: with a line feed, a carriage return or both.
fn line_ends(text: &[u8]) -> u64 {
    let feeds = memchr::memchr_iter(b'\n', text).count();
    let alone = memchr::memchr_iter(b'\r', text).filter(|at| text.get(at + 1) != Some(&b'\n'));
    (feeds + alone.count()) as u64
}

/// The tokens of text that need not be UTF-8: a byte that is none counts as one.
fn tokens(count: CountTokens, bytes: &[u8]) -> u64 {
    match std::str::from_utf8(bytes) {
        Ok(text) => count(text),
        Err(_) => bytes
            .utf8_chunks()
            .map(|chunk| count(chunk.valid()) + chunk.invalid().len() as u64)
            .sum(),
    }
}

fn is_white_space(piece: &[u8]) -> bool {
    match piece
        .iter()
        .find(|byte| !matches!(byte, 0x09..=0x0d | b' '))
    {
        None => true,
        Some(0..0x80) => false,
        Some(_) => std::str::from_utf8(piece).is_ok_and(|text| text.trim().is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_document_takes_more_memory_than_the_limit_calls_for() {
        for count in [|text: &str| text.len() as u64, |_: &str| 0] {
            for piece in [
                &b"x".repeat(999)[..],
                &b"\n".repeat(999),
                &b"\r".repeat(999),
                &b"\x80".repeat(999),
                &b"- a\n".repeat(200),
            ] {
                let mut document = Documents::new(DocumentKind::Markdown, 1_000, count);
                document.push(b"```\n", &mut |_| {});
                for _ in 0..300 {
                    document.push(piece, &mut |_| {});
                }
                assert!(document.buffer.capacity() + document.json.capacity() < 150_000);
            }
        }
    }
}
