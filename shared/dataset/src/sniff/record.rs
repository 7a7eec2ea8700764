//! What the first bytes of a file that is named a document say of it: whether they begin records all the same.
use super::{LONG_HEAD, begin};
use crate::{json::Tape, shape};

/// What a file begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// A record on its line.
    Lines,
    /// A record over several lines.
    Pretty,
    /// An array of records.
    Array,
    /// What looks like JSON, and is no record.
    Json,
    Text,
}

/// Whether the object that the file begins with, alone or in an array, or its list of other values, has not ended yet.
pub(super) fn is_open(head: &[u8]) -> bool {
    let value = object(head)
        .map(|(_, object)| object)
        .or_else(|| list(head));
    value.is_some_and(|value| matches!(scan(value), Scan::Open(_)))
}

/// What the file begins with. A Markdown file may begin with an object, too: one is a record if its members say which.
pub(super) fn begins(head: &[u8]) -> Begins {
    let Some((array, object)) = object(head) else {
        return if is_list(head) {
            Begins::Json
        } else {
            Begins::Text
        };
    };
    let (known, end) = match scan(object) {
        Scan::Ends(end) => (is_record(&object[..end]), end),
        // The file goes on: what was seen of the record says which it is.
        Scan::Open(closed) if head.len() >= LONG_HEAD => {
            let known = closed.iter().any(|closed| is_record(closed));
            (known, object.len())
        }
        Scan::Open(_) | Scan::Broken => (false, 0),
    };
    let after = object[end..].split(|byte| *byte == b'\n').next();
    // Prose may go on behind an object on its line.
    let alone = matches!(
        after.unwrap_or_default().trim_ascii(),
        b"" | b"," | [b'{', ..]
    );
    if array {
        return if known { Begins::Array } else { Begins::Json };
    }
    if known && alone {
        return if object[..end].contains(&b'\n') {
            Begins::Pretty
        } else {
            Begins::Lines
        };
    }
    // Of one object after the other, each on its line, none is prose, though the first may be broken.
    let mut lines = object.split(|byte| *byte == b'\n').skip(1);
    let next = lines.find(|line| !line.trim_ascii().is_empty());
    if next.is_some_and(|next| next.starts_with(b"{") && is_object(next)) {
        return Begins::Lines;
    }
    Begins::Json
}

/// Where the first object begins, and whether it is the first of an array.
fn object(head: &[u8]) -> Option<(bool, &[u8])> {
    let text = begin(head);
    let inside = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    let object = inside.unwrap_or(text);
    is_object(object).then_some((inside.is_some(), object))
}

/// The text from its bracket on, if it begins as a list of texts, of numbers or of such lists.
fn list(head: &[u8]) -> Option<&[u8]> {
    let text = begin(head);
    let inside = text.strip_prefix(b"[")?.trim_ascii_start();
    let is_value = |byte: &u8| matches!(byte, b'"' | b'[' | b'-' | b'0'..=b'9');
    inside.first().filter(|byte| is_value(byte)).map(|_| text)
}

/// Whether the file is such a list, or one after the other. Prose may begin with a link, a note or a quotation in brackets, and goes on.
fn is_list(head: &[u8]) -> bool {
    let mut rest = head;
    // Each round takes a list off, and reads it twice at most.
    while let Some(one) = list(rest) {
        match scan(one) {
            Scan::Ends(end) if is_json(&one[..end]) => {
                rest = one[end..].trim_ascii_start();
                if rest.is_empty() {
                    return true;
                }
            }
            Scan::Open(closed) => {
                return head.len() >= LONG_HEAD && closed.iter().any(|one| is_json(one));
            }
            Scan::Ends(_) | Scan::Broken => return false,
        }
    }
    false
}

fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| Tape::default().parse(text).is_ok())
}

/// Whether it begins as an object with a member does.
fn is_object(text: &[u8]) -> bool {
    text.strip_prefix(b"{")
        .is_some_and(|inside| inside.trim_ascii_start().starts_with(b"\""))
}

fn is_record(object: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(object) else {
        return false;
    };
    let mut tape = Tape::default();
    tape.parse(text).is_ok() && shape::detect(tape.value(text), None, None).is_some()
}

/// How far an object goes.
enum Scan {
    /// To this byte.
    Ends(usize),
    /// Beyond what was seen of it, which is closed here: with as much as there is of its last text, or without it.
    Open([Vec<u8>; 2]),
    /// A text in it goes on after its line, which no text of JSON does.
    Broken,
}

fn scan(object: &[u8]) -> Scan {
    let (mut open, mut string) = (Vec::new(), false);
    // Bytes of an escape that are still to come, the last byte of the text that is of none, and what is whole without the last value.
    let (mut escape, mut plain, mut whole) = (0_u8, 0, (0, 0));
    for (at, byte) in object.iter().enumerate() {
        if string {
            match (escape, byte) {
                (_, b'\n') => return Scan::Broken,
                (1, b'u') => escape = 4,
                (1.., _) => escape -= 1,
                (0, b'\\') => escape = 1,
                (0, b'"') => string = false,
                (0, _) => plain = at + 1,
            }
            continue;
        }
        match byte {
            b'"' => (string, plain) = (true, at + 1),
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b',' => whole = (at, open.len()),
            b'}' | b']' => {
                open.pop();
                if open.is_empty() {
                    return Scan::Ends(at + 1);
                }
                whole = (at + 1, open.len());
            }
            _ => {}
        }
    }
    let closed = |text: &[u8], quote: &[u8], open: &[u8]| {
        // A character may be cut.
        let text = match std::str::from_utf8(text) {
            Err(error) if error.error_len().is_none() => &text[..error.valid_up_to()],
            _ => text,
        };
        let mut closed = [text, quote].concat();
        closed.extend(open.iter().rev());
        closed
    };
    let quote: &[u8] = if string { b"\"" } else { b"" };
    let text = if string { plain } else { object.len() };
    Scan::Open([
        closed(&object[..text], quote, &open),
        closed(&object[..whole.0], b"", &open[..whole.1]),
    ])
}
