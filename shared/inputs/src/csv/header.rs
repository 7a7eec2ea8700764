//! Finds the end of a table's header and the delimiter, before anything is known of the table.
use super::{
    mapping::{Purpose, mapping},
    rows::Rows,
};

/// Most columns of a table.
pub(crate) const COLUMNS: usize = 4096;

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Looks for the end of the first row that has a byte, whichever the delimiter is.
#[derive(Debug)]
pub(crate) struct Head {
    /// The bytes so far.
    pub(crate) bytes: Vec<u8>,
    /// How many of them were looked at.
    seen: usize,
    quoted: bool,
    /// Whether a quote here would open a field.
    field_start: bool,
    any: bool,
}

impl Head {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            seen: 0,
            quoted: false,
            field_start: true,
            any: false,
        }
    }

    /// Takes bytes up to the one that ends the header, or up to `limit`; says how many, and whether that was it.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> (usize, bool) {
        let taken = bytes.len().min(limit.saturating_add(1) - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        let before = self.bytes.len() - taken;
        while let Some(&byte) = self.bytes.get(self.seen) {
            self.seen += 1;
            if byte == b'"' && (self.quoted || self.field_start) {
                self.quoted = !self.quoted;
                // A doubled quote opens again what it closed.
                self.field_start = !self.quoted;
                self.any = true;
            } else if self.quoted {
            } else if matches!(byte, b'\n' | b'\r') {
                self.field_start = true;
                if self.any {
                    let used = self.seen - before;
                    self.bytes.truncate(self.seen);
                    return (used, true);
                }
            } else {
                self.any = true;
                self.field_start = DELIMITERS.contains(&byte);
            }
        }
        (taken, self.bytes.len() > limit)
    }

    /// The delimiter that Excel's first line `sep=;` names, if it is there; then it is no header.
    pub(crate) fn separator_line(&self) -> Option<u8> {
        let line = self.bytes.trim_ascii_end();
        match line.strip_prefix(b"sep=")? {
            [delimiter] if delimiter.is_ascii_punctuation() && *delimiter != b'"' => {
                Some(*delimiter)
            }
            [] if self.bytes.starts_with(b"sep=\t") => Some(b'\t'),
            _ => None,
        }
    }

    /// The delimiter under which the header makes most sense: known columns first, then the number of fields.
    pub(crate) fn delimiter(
        &self,
        tab: bool,
        configured: &[(String, String)],
        purpose: Purpose,
    ) -> u8 {
        let mut best = (false, 0, b',');
        for (index, delimiter) in DELIMITERS.into_iter().enumerate() {
            let names = self.names(delimiter);
            let is_known = mapping(&names, configured, purpose, delimiter).is_ok();
            let of_extension = tab && index == 2 && names.len() > 1;
            let fields = if of_extension {
                usize::MAX
            } else {
                names.len()
            };
            if (is_known, fields) > (best.0, best.1) {
                best = (is_known, fields, delimiter);
            }
        }
        best.2
    }

    fn names(&self, delimiter: u8) -> Vec<String> {
        names(&self.bytes, delimiter)
    }
}

/// The names in the first row.
fn names(bytes: &[u8], delimiter: u8) -> Vec<String> {
    let mut names = None;
    let mut rows = Rows::new(delimiter, bytes.len(), COLUMNS);
    let mut first = |row: &super::rows::Row<'_>| {
        names.get_or_insert_with(|| super::names(row));
    };
    rows.push(bytes, &mut first);
    rows.finish(&mut first);
    names.unwrap_or_default()
}

pub(crate) fn is_header(line: &[u8], configured: &[(String, String)], purpose: Purpose) -> bool {
    DELIMITERS.into_iter().any(|delimiter| {
        let names = names(line, delimiter);
        names.len() > 1 && mapping(&names, configured, purpose, delimiter).is_ok()
    })
}
