//! Cuts delimited text into rows of fields, as RFC 4180 says and as the `csv` crate reads it.

/// How much of a row over the limit is kept to show it.
const SHOWN: usize = 512;

/// Why a row is not to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// More bytes than the limit.
    TooLong,
    /// Text after the closing quote of this field, from 0.
    TextAfterQuote(u64),
    /// A quote that opens in this line and is not closed at the end of the file.
    Unclosed(u64),
}

/// One row. The text of its fields stands without delimiters and quotes; `ends` says where each field ends.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// The line in which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) text: &'a [u8],
    /// Where the fields end in `text`: of the first [`Rows::columns`] fields at most.
    pub(crate) ends: &'a [usize],
    pub(crate) fields: u64,
    /// Bytes of its fields.
    pub(crate) bytes: u64,
    pub(crate) flaw: Option<Flaw>,
}

impl Row<'_> {
    pub(crate) fn field(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[index]]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    RowStart,
    FieldStart,
    Unquoted,
    Quoted,
    /// After a quote in a quoted field: its end, or the first half of a doubled quote.
    QuoteSeen,
}

#[derive(Debug)]
pub(crate) struct Rows {
    delimiter: u8,
    limit: usize,
    /// Of how many fields the ends are kept.
    columns: usize,
    state: State,
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: u64,
    bytes: u64,
    flaw: Option<Flaw>,
    /// The line of the next byte.
    line: u64,
    began: u64,
    quote_line: u64,
    /// Whether the last byte was a carriage return that ended a row: a line feed after it belongs to it.
    after_cr: bool,
    /// The same within quotes, where it ends a line and no row.
    quoted_cr: bool,
}

impl Rows {
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(crate) fn new(delimiter: u8, limit: usize, columns: usize) -> Self {
        Self {
            delimiter,
            limit,
            columns,
            state: State::RowStart,
            text: Vec::new(),
            ends: Vec::new(),
            fields: 0,
            bytes: 0,
            flaw: None,
            line: 1,
            began: 1,
            quote_line: 1,
            after_cr: false,
            quoted_cr: false,
        }
    }

    /// The same for what follows on lines that were read already.
    pub(crate) fn after(mut self, line: u64, after_cr: bool) -> Self {
        self.line = line;
        self.after_cr = after_cr;
        self
    }

    #[cfg(test)]
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity() + size_of::<usize>() * self.ends.capacity()
    }

    /// Hands over every row that `bytes` completes. Lines without a byte are no rows.
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&Row<'_>)) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.state {
                State::RowStart => match byte {
                    b'\n' if self.after_cr => {
                        self.after_cr = false;
                        at += 1;
                    }
                    b'\n' | b'\r' => {
                        self.after_cr = byte == b'\r';
                        self.line += 1;
                        at += 1;
                    }
                    _ => {
                        self.after_cr = false;
                        self.began = self.line;
                        self.state = State::FieldStart;
                    }
                },
                State::FieldStart if byte == b'"' => {
                    self.quote_line = self.line;
                    self.state = State::Quoted;
                    at += 1;
                }
                State::FieldStart | State::Unquoted => {
                    let rest = &bytes[at..];
                    let end = memchr::memchr3(self.delimiter, b'\n', b'\r', rest);
                    self.keep(&rest[..end.unwrap_or(rest.len())]);
                    self.state = State::Unquoted;
                    match end {
                        Some(end) => at += end + self.end_field(rest[end], each),
                        None => at = bytes.len(),
                    }
                }
                State::Quoted => {
                    let rest = &bytes[at..];
                    let end = memchr::memchr(b'"', rest);
                    let part = &rest[..end.unwrap_or(rest.len())];
                    // A carriage return alone ends a line here as it does between rows.
                    let ends = memchr::memchr2_iter(b'\n', b'\r', part);
                    let after_cr = |at: usize| match at.checked_sub(1) {
                        Some(before) => part[before] == b'\r',
                        None => self.quoted_cr,
                    };
                    let ends = ends.filter(|at| part[*at] == b'\r' || !after_cr(*at));
                    self.line += ends.count() as u64;
                    self.quoted_cr = part.last().map_or(self.quoted_cr, |last| *last == b'\r');
                    self.keep(part);
                    at += part.len();
                    if end.is_some() {
                        self.quoted_cr = false;
                        self.state = State::QuoteSeen;
                        at += 1;
                    }
                }
                State::QuoteSeen if byte == b'"' => {
                    self.keep(b"\"");
                    self.state = State::Quoted;
                    at += 1;
                }
                State::QuoteSeen if byte == self.delimiter || matches!(byte, b'\n' | b'\r') => {
                    at += self.end_field(byte, each);
                }
                State::QuoteSeen => {
                    let field = self.fields;
                    self.flaw.get_or_insert(Flaw::TextAfterQuote(field));
                    self.state = State::Unquoted;
                }
            }
        }
    }

    /// Hands over the last row, if no line feed ended it.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&Row<'_>)) {
        if self.state == State::RowStart {
            return;
        }
        if self.state == State::Quoted {
            self.flaw = Some(Flaw::Unclosed(self.quote_line));
        }
        self.complete_field();
        self.complete_row(each);
    }

    /// The field ends at `byte`: a delimiter, or the end of the row. Always one byte.
    fn end_field(&mut self, byte: u8, each: &mut dyn FnMut(&Row<'_>)) -> usize {
        self.complete_field();
        if byte == self.delimiter {
            self.state = State::FieldStart;
        } else {
            self.line += 1;
            self.after_cr = byte == b'\r';
            self.complete_row(each);
        }
        1
    }

    fn keep(&mut self, part: &[u8]) {
        self.bytes += part.len() as u64;
        if self.bytes <= self.limit as u64 {
            self.text.extend_from_slice(part);
            return;
        }
        if self.flaw != Some(Flaw::TooLong) {
            // What is shown must not depend on how much came at once.
            self.flaw = Some(Flaw::TooLong);
            let shown = SHOWN.min(self.limit);
            self.text.truncate(shown);
            let more = part.len().min(shown - self.text.len());
            self.text.extend_from_slice(&part[..more]);
            self.text.shrink_to(SHOWN);
        }
    }

    fn complete_field(&mut self) {
        self.fields += 1;
        if self.ends.len() < self.columns {
            self.ends.push(self.text.len());
        }
    }

    fn complete_row(&mut self, each: &mut dyn FnMut(&Row<'_>)) {
        each(&Row {
            line: self.began,
            text: &self.text,
            ends: &self.ends,
            fields: self.fields,
            bytes: self.bytes,
            flaw: self.flaw,
        });
        self.text.clear();
        self.ends.clear();
        self.fields = 0;
        self.bytes = 0;
        self.flaw = None;
        self.state = State::RowStart;
    }
}
