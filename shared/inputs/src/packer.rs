//! Cuts and packs documents that are JSON already, as the texts of `{"text"}` records under a limit of tokens.
use crate::documents::{Alphabet, Escaped, Kind, cut};

/// Counts the tokens of a text from its escaped form. Joined texts must not count more than their parts together do.
pub type CountEscaped = fn(&[u8]) -> u64;

/// What stands between two documents in one record: a blank line, escaped.
pub const BETWEEN: &[u8] = b"\\n\\n";

/// A text for one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed<'a> {
    /// The line of the first document in it.
    pub line: u64,
    /// The text, escaped, without its quotes.
    pub text: &'a [u8],
    /// Its tokens: counted of the parts, and summed.
    pub tokens: u64,
    /// The bytes that each document has in it, in order; [`BETWEEN`] stands between them.
    pub documents: &'a [usize],
}

/// Makes texts of at most so many tokens out of documents of any length, one after the other, all of one file.
///
/// Documents come and texts go in the form that they have inside a JSON string as `serde_json` writes it, without the
/// quotes. A document that fits is packed with its neighbours as long as they fit together, with a blank line
/// between. One that does not fit is cut between paragraphs, else at the ends of sentences, else between words, else
/// between characters, never in an escape sequence; its pieces, one after the other, are the document, but that a piece that
/// would be white space alone is left out. Its last piece may be packed with the documents after it.
///
/// A document that fills a record alone is handed out as it came, without a copy; any other is copied once.
#[derive(Debug)]
pub struct Packer {
    limit: u64,
    count: CountEscaped,
    between: u64,
    /// Most bytes of a piece, and of what is packed from more than one document.
    most: usize,
    text: Vec<u8>,
    line: u64,
    tokens: u64,
    /// Bytes of each document in the text.
    documents: Vec<usize>,
}

impl Packer {
    /// A packer of texts of at most `limit` tokens.
    #[must_use]
    pub fn new(limit: u64, count: CountEscaped) -> Self {
        let limit = limit.max(1);
        Self {
            limit,
            count,
            between: count(BETWEEN),
            most: usize::try_from(limit)
                .unwrap_or(usize::MAX)
                .saturating_mul(8)
                .clamp(256, 4 << 20),
            text: Vec::new(),
            line: 0,
            tokens: 0,
            documents: Vec::new(),
        }
    }

    /// Takes the document of `line` and hands out what is complete.
    pub fn push(&mut self, line: u64, document: &[u8], each: &mut dyn FnMut(Packed<'_>)) {
        self.push_counted(line, document, (self.count)(document), each);
    }

    /// [`Packer::push`] for a document whose tokens were counted already.
    pub fn push_counted(
        &mut self,
        line: u64,
        document: &[u8],
        tokens: u64,
        each: &mut dyn FnMut(Packed<'_>),
    ) {
        if document.is_empty() {
            return;
        }
        if tokens <= self.limit {
            self.pack(line, document, tokens, each);
            return;
        }
        self.flush(each);
        let mut rest = document;
        loop {
            let (end, tokens) = self.piece(rest);
            let (piece, after) = rest.split_at(end);
            if after.is_empty() {
                if is_white_space(piece) {
                    return;
                }
                self.pack(line, piece, tokens, each);
                return;
            }
            if !is_white_space(piece) {
                each(Packed {
                    line,
                    text: piece,
                    tokens,
                    documents: &[piece.len()],
                });
            }
            rest = after;
        }
    }

    /// Hands out what is left, at the end of the file.
    pub fn finish(&mut self, each: &mut dyn FnMut(Packed<'_>)) {
        self.flush(each);
    }

    fn pack(&mut self, line: u64, text: &[u8], tokens: u64, each: &mut dyn FnMut(Packed<'_>)) {
        if !self.documents.is_empty() {
            let together = self.tokens + self.between + tokens;
            let bytes = self.text.len() + BETWEEN.len() + text.len();
            if together <= self.limit && bytes <= self.most {
                self.text.extend_from_slice(BETWEEN);
                self.text.extend_from_slice(text);
                self.tokens = together;
                self.documents.push(text.len());
                return;
            }
            self.flush(each);
        }
        if tokens + self.between >= self.limit || text.len() >= self.most {
            each(Packed {
                line,
                text,
                tokens,
                documents: &[text.len()],
            });
            return;
        }
        self.text.extend_from_slice(text);
        (self.line, self.tokens) = (line, tokens);
        self.documents.push(text.len());
    }

    fn flush(&mut self, each: &mut dyn FnMut(Packed<'_>)) {
        if !self.documents.is_empty() {
            each(Packed {
                line: self.line,
                text: &self.text,
                tokens: self.tokens,
                documents: &self.documents,
            });
            self.text.clear();
            self.documents.clear();
        }
    }

    /// The first piece of a text: its bytes and its tokens. It looks at no more bytes than a piece may have, so that a long
    /// document takes no longer for each of its pieces.
    fn piece(&self, text: &[u8]) -> (usize, u64) {
        let whole = text.len();
        let text = &text[..Escaped::align(text, 0, whole.min(self.most))];
        let (mut end, mut tokens) = (0, 0);
        while end < text.len() {
            let paragraph = &text[end..][..paragraph(&text[end..])];
            let goes_on = end + paragraph.len() == text.len() && text.len() < whole;
            let more = self.count_to(self.limit - tokens, paragraph);
            let Some(more) = more.filter(|_| !goes_on) else {
                if end == 0 {
                    end = cut::<Escaped>(text, self.limit, text.len(), self.count);
                    tokens = (self.count)(&text[..end]);
                }
                break;
            };
            end += paragraph.len();
            tokens += more;
        }
        (end, tokens)
    }

    /// The tokens of a text, counted no further than to `most`: nothing if it has more.
    fn count_to(&self, most: u64, text: &[u8]) -> Option<u64> {
        const PART: usize = 1 << 10;
        let (mut at, mut tokens) = (0, 0);
        while at < text.len() {
            let end = Escaped::align(text, at, text.len().min(at + PART));
            tokens += (self.count)(&text[at..end]);
            if tokens > most {
                return None;
            }
            at = end;
        }
        Some(tokens)
    }
}

/// Bytes of the first paragraph of a text, with the blank lines after it.
fn paragraph(text: &[u8]) -> usize {
    // Whether the line so far has anything, the text before it has, and a blank line stands between.
    let (mut any, mut content, mut blank) = (false, false, false);
    let mut at = 0;
    while at < text.len() {
        let plain = memchr::memchr(b'\\', &text[at..]).unwrap_or(text.len() - at);
        let before = &text[at..at + plain];
        let starts = before.iter().position(|byte| *byte != b' ');
        if let Some(starts) = starts {
            if blank && !any {
                return line_start(text, at + starts);
            }
            any = true;
        }
        at += plain;
        if at == text.len() {
            break;
        }
        let (length, kind) = Escaped::next(&text[at..]);
        match kind {
            // A line feed after a carriage return makes the line end no second time: the line is blank for both.
            Kind::LineFeed | Kind::Return => {
                content |= any;
                blank |=
                    content && !any && !(kind == Kind::LineFeed && text[..at].ends_with(b"\\r"));
                any = false;
            }
            Kind::Space => {}
            _ => {
                if blank && !any {
                    return line_start(text, at);
                }
                any = true;
            }
        }
        at += length;
    }
    text.len()
}

/// Where the line begins whose first character that is no white space stands at `at`.
fn line_start(text: &[u8], at: usize) -> usize {
    let mut start = at;
    loop {
        if text[..start].ends_with(b" ") {
            start -= 1;
        } else if text[..start].ends_with(b"\\t") || text[..start].ends_with(b"\\f") {
            start -= 2;
        } else {
            return start;
        }
    }
}

fn is_white_space(mut text: &[u8]) -> bool {
    while !text.is_empty() {
        let (length, kind) = Escaped::next(text);
        if !matches!(kind, Kind::Space | Kind::LineFeed | Kind::Return) {
            return false;
        }
        text = &text[length..];
    }
    true
}
