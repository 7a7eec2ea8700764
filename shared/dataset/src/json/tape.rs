//! Parses one line of JSON into a flat list of nodes that point into it: nothing is copied, no text is unescaped, and the list is
//! used again for the next line.
//!
//! Why not a library: the checks and the compiled line work on texts as they stand in the file, escapes and all, and no
//! parser that we know hands those out for a nested record in one pass (docs/decisions/0009). What is accepted is exactly what
//! `serde_json` accepts, within the bounds of [`super::tree`]; a property test holds that.
use memchr::memchr2;

use super::tree::{MAX_DEPTH, MAX_VALUES};
use crate::scan::marks::{WIDTH, Word};

/// Set in [`Node::flags`]: the text has an escape that is not written as this crate would write it.
pub(super) const REWRITE: u8 = 1;
/// Set in [`Node::flags`]: the member's name has an escape.
pub(super) const NAME_ESCAPED: u8 = 2;
/// Set in [`Node::flags`]: the text escapes a control character other than tab, line feed and carriage return.
pub(super) const CONTROL: u8 = 4;
/// Set in [`Node::flags`]: the text may have characters that are not ASCII.
pub(super) const WIDE: u8 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

/// One value: where it stands in the line, and which node comes after it and all that it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(super) kind: NodeKind,
    pub(super) flags: u8,
    /// Of a text: between the quotes. Of every other value: its first byte to the one after its last.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The member's name, between the quotes; empty for what is no member.
    pub(super) name: (u32, u32),
    /// The index of the next node that is not inside this one.
    pub(super) next: u32,
    /// Of a text: how many escapes of two bytes it has.
    pub(super) escapes: u32,
}

/// The line is not JSON, or out of bounds; [`super::refuse`] says what and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotJson;

type Parsed<T> = Result<T, NotJson>;

/// The nodes of one line, the whole value first.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(super) nodes: Vec<Node>,
}

impl Tape {
    /// Parses a line that nobody has looked at yet.
    pub(crate) fn parse(&mut self, line: &str) -> Parsed<()> {
        self.parse_within(line, Unseen(line.as_bytes()), MAX_VALUES)
    }

    /// Parses a line that begins at `from` in the block whose marks these are.
    pub(crate) fn parse_marked(&mut self, line: &str, marks: &[Word], from: usize) -> Parsed<()> {
        self.parse_within(line, Marked { marks, from }, MAX_VALUES)
    }

    /// Parses a line that was compiled here: compiling wraps a text in up to three more values.
    pub(crate) fn parse_canonical(&mut self, line: &str) -> Parsed<()> {
        self.parse_within(line, Unseen(line.as_bytes()), 4 * MAX_VALUES)
    }

    fn parse_within<L: Looks>(&mut self, line: &str, looks: L, most: u32) -> Parsed<()> {
        self.nodes.clear();
        if u32::try_from(line.len()).is_err() {
            return Err(NotJson);
        }
        Parser {
            bytes: line.as_bytes(),
            at: 0,
            looks,
            most: most as usize,
            nodes: &mut self.nodes,
        }
        .document()
    }
}

/// Finds the quotes, backslashes and control characters of a line.
pub(crate) trait Looks {
    /// The next one from `at` on, or a place behind the line; and whether the bytes between may have one that is not ASCII.
    fn next(&self, at: usize) -> Option<(usize, bool)>;
}

/// A line that nobody has looked at.
struct Unseen<'l>(&'l [u8]);

impl Looks for Unseen<'_> {
    #[inline(always)]
    fn next(&self, at: usize) -> Option<(usize, bool)> {
        let rest = self.0.get(at..)?;
        let found = memchr2(b'"', b'\\', rest)?;
        let control = rest[..found].iter().position(|byte| *byte < 0x20);
        Some((at + control.unwrap_or(found), true))
    }
}

/// A line in a block that was looked at.
pub(crate) struct Marked<'m> {
    pub(crate) marks: &'m [Word],
    pub(crate) from: usize,
}

impl Looks for Marked<'_> {
    #[inline(always)]
    fn next(&self, at: usize) -> Option<(usize, bool)> {
        let at = self.from + at;
        let mut index = at / WIDTH;
        let mut word = self.marks.get(index)?;
        let mut special = word.special & (u64::MAX << (at % WIDTH));
        let mut wide = word.wide;
        while special == 0 {
            index += 1;
            word = self.marks.get(index)?;
            special = word.special;
            wide |= word.wide;
        }
        let found = index * WIDTH + special.trailing_zeros() as usize;
        Some((found - self.from, wide != 0))
    }
}

struct Parser<'p, L> {
    bytes: &'p [u8],
    at: usize,
    looks: L,
    most: usize,
    nodes: &'p mut Vec<Node>,
}

/// What a text between quotes was seen to hold.
struct Scanned {
    start: usize,
    end: usize,
    flags: u8,
    escapes: u32,
}

impl<L: Looks> Parser<'_, L> {
    fn document(mut self) -> Parsed<()> {
        // The containers that are open: the index of each one's node.
        let mut open = [(0_u32, false); MAX_DEPTH as usize];
        let mut depth = 0;
        let mut name = (0, 0);
        let mut flags = 0;
        loop {
            // Here a value must stand.
            self.blank();
            if self.nodes.len() == self.most {
                return Err(NotJson);
            }
            let start = self.at;
            let first = *self.bytes.get(start).ok_or(NotJson)?;
            let opened = match first {
                b'"' => {
                    let text = self.text()?;
                    self.node(
                        NodeKind::Text,
                        text.start,
                        text.end,
                        name,
                        flags | text.flags,
                    );
                    if let Some(node) = self.nodes.last_mut() {
                        node.escapes = text.escapes;
                    }
                    false
                }
                b'{' | b'[' => {
                    if depth == open.len() {
                        return Err(NotJson);
                    }
                    open[depth] = (self.nodes.len() as u32, first == b'{');
                    depth += 1;
                    let kind = if first == b'{' {
                        NodeKind::Object
                    } else {
                        NodeKind::Array
                    };
                    self.at += 1;
                    self.node(kind, start, start, name, flags);
                    true
                }
                b't' => self.word(b"true", NodeKind::Bool, name, flags)?,
                b'f' => self.word(b"false", NodeKind::Bool, name, flags)?,
                b'n' => self.word(b"null", NodeKind::Null, name, flags)?,
                _ => {
                    self.number()?;
                    self.node(NodeKind::Number, start, self.at, name, flags);
                    false
                }
            };
            (name, flags) = ((0, 0), 0);
            // Here a value has ended, or a container has begun.
            let mut fresh = opened;
            loop {
                if depth == 0 {
                    self.blank();
                    return if self.at == self.bytes.len() {
                        Ok(())
                    } else {
                        Err(NotJson)
                    };
                }
                let (container, object) = open[depth - 1];
                self.blank();
                let byte = *self.bytes.get(self.at).ok_or(NotJson)?;
                if byte == if object { b'}' } else { b']' } {
                    self.at += 1;
                    self.close(container as usize)?;
                    depth -= 1;
                    fresh = false;
                    continue;
                }
                if !fresh {
                    if byte != b',' {
                        return Err(NotJson);
                    }
                    self.at += 1;
                    self.blank();
                }
                if object {
                    if self.bytes.get(self.at) != Some(&b'"') {
                        return Err(NotJson);
                    }
                    (name, flags) = self.name()?;
                    self.blank();
                    if self.bytes.get(self.at) != Some(&b':') {
                        return Err(NotJson);
                    }
                    self.at += 1;
                }
                break;
            }
        }
    }

    fn node(&mut self, kind: NodeKind, start: usize, end: usize, name: (u32, u32), flags: u8) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node {
            kind,
            flags,
            start: start as u32,
            end: end as u32,
            name,
            next,
            escapes: 0,
        });
    }

    /// Ends a container; an object that names a member twice is refused, as a text would be lost.
    fn close(&mut self, container: usize) -> Parsed<()> {
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[container];
        node.next = next;
        node.end = self.at as u32;
        if node.kind == NodeKind::Object {
            return self.distinct(container);
        }
        Ok(())
    }

    fn distinct(&self, object: usize) -> Parsed<()> {
        const FEW: usize = 12;
        let end = self.nodes[object].next as usize;
        let (mut member, mut count) = (object + 1, 0);
        while member < end {
            let node = &self.nodes[member];
            if node.flags & NAME_ESCAPED != 0 {
                return self.distinct_unescaped(object);
            }
            count += 1;
            // Few are compared with those before; many are sorted.
            let mut before = object + 1;
            while count <= FEW && before < member {
                if self.named(&self.nodes[before]) == self.named(node) {
                    return Err(NotJson);
                }
                before = self.nodes[before].next as usize;
            }
            member = node.next as usize;
        }
        if count <= FEW {
            return Ok(());
        }
        let mut names = Vec::with_capacity(count);
        let mut member = object + 1;
        while member < end {
            names.push(self.named(&self.nodes[member]));
            member = self.nodes[member].next as usize;
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(NotJson);
        }
        Ok(())
    }

    fn named(&self, node: &Node) -> &[u8] {
        &self.bytes[node.name.0 as usize..node.name.1 as usize]
    }

    /// `distinct` for an object in which a name has an escape: two spellings of one name are one name.
    fn distinct_unescaped(&self, object: usize) -> Parsed<()> {
        let mut names = Vec::new();
        let mut index = object + 1;
        while index < self.nodes[object].next as usize {
            let node = &self.nodes[index];
            let quoted = &self.bytes[node.name.0 as usize - 1..=node.name.1 as usize];
            let name: String = serde_json::from_slice(quoted).map_err(|_| NotJson)?;
            names.push(name);
            index = node.next as usize;
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(NotJson);
        }
        Ok(())
    }

    #[inline]
    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &[u8], kind: NodeKind, name: (u32, u32), flags: u8) -> Parsed<bool> {
        let start = self.at;
        if !self.bytes[start..].starts_with(word) {
            return Err(NotJson);
        }
        self.at += word.len();
        self.node(kind, start, self.at, name, flags);
        Ok(false)
    }

    /// A member's name, from the quote at the current place to behind the quote that ends it: where it stands, and its flags.
    #[inline]
    fn name(&mut self) -> Parsed<((u32, u32), u8)> {
        let text = self.text()?;
        let escaped = text.escapes > 0 || text.flags & !WIDE != 0;
        Ok((
            (text.start as u32, text.end as u32),
            if escaped { NAME_ESCAPED } else { 0 },
        ))
    }

    /// From the quote at the current place to behind the quote that ends the text.
    #[inline(always)]
    fn text(&mut self) -> Parsed<Scanned> {
        let start = self.at + 1;
        let mut text = Scanned {
            start,
            end: start,
            flags: 0,
            escapes: 0,
        };
        let mut at = start;
        loop {
            let (found, wide) = self.looks.next(at).ok_or(NotJson)?;
            if wide {
                text.flags |= WIDE;
            }
            at = found;
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at = self.escape(at, &mut text)?,
                // A control character, or the line's end.
                _ => return Err(NotJson),
            }
        }
        text.end = at;
        self.at = at + 1;
        Ok(text)
    }

    /// The escape whose backslash stands at `at`; the place behind it.
    fn escape(&self, at: usize, text: &mut Scanned) -> Parsed<usize> {
        match self.bytes.get(at + 1).ok_or(NotJson)? {
            b'n' | b'"' | b'\\' | b't' | b'r' => text.escapes += 1,
            b'b' | b'f' => {
                text.escapes += 1;
                text.flags |= CONTROL;
            }
            b'/' => text.flags |= REWRITE,
            b'u' => {
                text.flags |= REWRITE;
                let unit = self.unit(at)?;
                if unit < 0x20 && !matches!(unit, 0x09 | 0x0a | 0x0d) || matches!(unit, 0x7f..=0x9f)
                {
                    text.flags |= CONTROL;
                }
                return match unit {
                    0xd800..=0xdbff => match self.unit(at + 6)? {
                        0xdc00..=0xdfff => Ok(at + 12),
                        _ => Err(NotJson),
                    },
                    0xdc00..=0xdfff => Err(NotJson),
                    _ => Ok(at + 6),
                };
            }
            _ => return Err(NotJson),
        }
        Ok(at + 2)
    }

    /// The number of the escape at `at`: a `\u` and four hexadecimal digits.
    fn unit(&self, at: usize) -> Parsed<u32> {
        let escape = self.bytes.get(at..at + 6).ok_or(NotJson)?;
        if !escape.starts_with(b"\\u") {
            return Err(NotJson);
        }
        escape[2..].iter().try_fold(0, |unit, digit| {
            (*digit as char)
                .to_digit(16)
                .map(|digit| unit * 16 + digit)
                .ok_or(NotJson)
        })
    }

    fn number(&mut self) -> Parsed<()> {
        let digits = |parser: &mut Self| {
            let start = parser.at;
            while parser.bytes.get(parser.at).is_some_and(u8::is_ascii_digit) {
                parser.at += 1;
            }
            if parser.at > start {
                Ok(())
            } else {
                Err(NotJson)
            }
        };
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            digits(self)?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            digits(self)?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            digits(self)?;
        }
        // What no floating point number can hold, `serde_json` refuses, and so would most that read the file later.
        let short = self.at - start < 300
            && !self.bytes[start..self.at].contains(&b'e')
            && !self.bytes[start..self.at].contains(&b'E');
        if short
            || std::str::from_utf8(&self.bytes[start..self.at])
                .is_ok_and(|text| text.parse::<f64>().is_ok_and(f64::is_finite))
        {
            Ok(())
        } else {
            Err(NotJson)
        }
    }
}
