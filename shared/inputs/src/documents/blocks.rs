//! Reads a document line by line and says how well it may be cut before each line.

/// How well a document may be cut at a place; the best last. Nothing is worse than [`Rank::Line`] but a cut inside a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// Between lines of code or rows of a table.
    Line,
    /// After a blank line in code.
    Code,
    /// Between the parts of a list's item or of a quotation.
    Part,
    /// Between the items of a list.
    Item,
    /// Where code, a list or a table begins or ends without a blank line, and between a heading and one of these.
    Edge,
    /// Between paragraphs, and before a heading.
    Paragraph,
}

pub(crate) const RANKS: usize = Rank::Paragraph as usize + 1;

/// What the lines before say about the next one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct State {
    /// Whether a line was read.
    begun: bool,
    /// The last line was cut before its end.
    mid_line: bool,
    /// The last line was blank.
    blank: bool,
    /// Inside a code fence of so many of this character.
    fence: Option<(u8, usize)>,
    /// The last line closed a code fence.
    fence_closed: bool,
    /// In front matter, at this line of it.
    front: Option<u64>,
    list: bool,
    table: bool,
    /// A heading, and nothing yet that it is the heading of.
    heading: bool,
    /// The last line was one of a paragraph.
    paragraph: bool,
    /// The last line was a quotation's blank one.
    quote_blank: bool,
}

impl State {
    /// Reads a line, with what ends it, and says how well the document may be cut before it.
    pub(crate) fn read(&mut self, line: &[u8], markdown: bool) -> Option<Rank> {
        let continued = std::mem::replace(
            &mut self.mid_line,
            !line.ends_with(b"\n") && !line.ends_with(b"\r"),
        );
        if continued {
            return None;
        }
        let text = line.trim_ascii();
        if text.is_empty() {
            let first_of_front = self.front == Some(1);
            if first_of_front {
                // A rule, and no front matter.
                self.front = None;
            }
            self.blank = true;
            self.table = false;
            self.paragraph = false;
            self.fence_closed = false;
            self.begun = true;
            return None;
        }
        let rank = if markdown {
            self.markdown(line, text)
        } else {
            (self.blank || line[0] == 0x0c).then_some(Rank::Paragraph)
        };
        self.blank = false;
        self.begun = true;
        rank
    }

    fn markdown(&mut self, line: &[u8], text: &[u8]) -> Option<Rank> {
        if !std::mem::replace(&mut self.begun, true) && matches!(text, b"---" | b"+++") {
            self.front = Some(1);
            return None;
        }
        if let Some(lines) = &mut self.front {
            *lines += 1;
            let rank = self.blank.then_some(Rank::Code);
            if matches!(text, b"---" | b"..." | b"+++") {
                self.front = None;
                self.fence_closed = true;
            }
            return rank;
        }
        if let Some((character, length)) = self.fence {
            let closes = text.len() >= length && text.iter().all(|byte| *byte == character);
            if closes {
                self.fence = None;
                self.fence_closed = true;
                return None;
            }
            return Some(if self.blank { Rank::Code } else { Rank::Line });
        }
        self.outside(line, text)
    }

    /// A line that is not blank, outside of code and front matter.
    fn outside(&mut self, line: &[u8], text: &[u8]) -> Option<Rank> {
        let indent = indent(line);
        let after_fence = std::mem::take(&mut self.fence_closed);
        let after_paragraph = std::mem::take(&mut self.paragraph);
        let after_quote_blank = std::mem::take(&mut self.quote_blank);
        if after_paragraph && indent < 4 && is_underline(text) {
            self.heading = true;
            return None;
        }
        let item =
            marker(text).filter(|marker| self.blank || self.list || *marker != Marker::LaterNumber);
        let opens = if indent < 4 || self.list {
            fence(text)
        } else {
            None
        };
        // A line of a paragraph may go on with an item without being indented; code does not, and nothing after a blank line.
        if (self.blank || after_fence || opens.is_some()) && item.is_none() && indent < 2 {
            self.list = false;
        }
        if indent < 4 && is_heading(text) {
            self.list = false;
            self.table = false;
            return self.heading_line();
        }
        let row = text[0] == b'|';
        // What is better not torn from its heading than kept from being cut itself.
        let solid = opens.is_some() || item.is_some() || row;
        let rank = if self.list {
            match item {
                Some(_) if indent < 2 => Some(Rank::Item),
                Some(_) => Some(Rank::Part),
                None => (self.blank || after_fence || opens.is_some()).then_some(Rank::Part),
            }
        } else if self.heading {
            solid.then_some(Rank::Edge)
        } else if self.blank {
            Some(Rank::Paragraph)
        } else if after_fence || opens.is_some() || item.is_some() || (row && !self.table) {
            Some(Rank::Edge)
        } else if self.table {
            Some(Rank::Line)
        } else {
            (after_quote_blank && text[0] == b'>').then_some(Rank::Part)
        };
        self.list |= item.is_some();
        self.fence = opens;
        self.table = !self.list
            && opens.is_none()
            && (self.table || row || (after_paragraph && is_delimiter_row(text)));
        self.heading &= is_invisible(text);
        self.quote_blank = text == b">";
        self.paragraph = !solid && !self.table && text[0] != b'>';
        rank
    }

    fn heading_line(&mut self) -> Option<Rank> {
        let first = !std::mem::replace(&mut self.heading, true);
        first.then_some(Rank::Paragraph)
    }
}

/// Columns of white space before a line's text.
fn indent(line: &[u8]) -> usize {
    let mut columns = 0;
    for byte in line {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => break,
        }
    }
    columns
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Bullet,
    FirstNumber,
    /// No list begins with it right after a line of a paragraph: a year at the start of a line is none.
    LaterNumber,
}

/// The marker of a list's item, if one begins here.
fn marker(text: &[u8]) -> Option<Marker> {
    let digits = text
        .iter()
        .take(10)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (marker, length) = match text[0] {
        b'-' | b'*' | b'+' => (Marker::Bullet, 1),
        b'0'..=b'9' if digits < 10 && matches!(text.get(digits), Some(b'.' | b')')) => {
            let first = &text[..digits] == b"1";
            (
                if first {
                    Marker::FirstNumber
                } else {
                    Marker::LaterNumber
                },
                digits + 1,
            )
        }
        _ => return None,
    };
    matches!(text.get(length), None | Some(b' ' | b'\t')).then_some(marker)
}

/// The character and length of the code fence that opens here, if one does.
fn fence(text: &[u8]) -> Option<(u8, usize)> {
    let character = text[0];
    if !matches!(character, b'`' | b'~') {
        return None;
    }
    let length = text.iter().take_while(|byte| **byte == character).count();
    let inline = character == b'`' && text[length..].contains(&b'`');
    (length >= 3 && !inline).then_some((character, length))
}

fn is_heading(text: &[u8]) -> bool {
    let level = text
        .iter()
        .take(7)
        .take_while(|byte| **byte == b'#')
        .count();
    (1..=6).contains(&level) && matches!(text.get(level), None | Some(b' ' | b'\t'))
}

/// What makes the paragraph before it a heading.
fn is_underline(text: &[u8]) -> bool {
    text.iter().all(|byte| *byte == b'=') || text.iter().all(|byte| *byte == b'-')
}

/// The second line of a table whose rows do not begin with a bar.
fn is_delimiter_row(text: &[u8]) -> bool {
    text.contains(&b'|')
        && text.contains(&b'-')
        && text
            .iter()
            .all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t'))
}

/// Comments and anchors, which often stand between a heading and its text.
fn is_invisible(text: &[u8]) -> bool {
    text.starts_with(b"<!--") || text.starts_with(b"<a ")
}
