//! CSV and TSV with a header: one record a row, one member a column.
mod header;
mod mapping;
mod rows;

use crate::{Bounds, Item, Source, Then, Trouble, What, json};
use header::{COLUMNS, Head};
pub use mapping::{Mapped, Mapping, Purpose, Taken};
use rows::{Flaw, Row, Rows};

/// How a table is to be read.
#[derive(Debug, Clone, Default)]
pub struct CsvOptions {
    /// Members of the records, each with the name of its column; empty if the header decides.
    pub columns: Vec<(String, String)>,
    /// Whether the file's extension says that fields stand between tabs (`.tsv`).
    pub tabs: bool,
    /// What the records are for.
    pub purpose: Purpose,
}

/// A table with a header, read as records of strings: `{"prompt":"...","completion":"..."}`.
///
/// The delimiter (comma, semicolon, tab, or what Excel's first line `sep=` names) is found in the header. Fields may be
/// quoted, with line feeds and doubled quotes inside; rows end with a line feed, a carriage return or both. A byte order
/// mark must be taken off before. Names of columns are taken without white space around them, fields as they are.
///
/// Memory: twice the bound of a record.
#[derive(Debug)]
pub struct Csv {
    options: CsvOptions,
    bounds: Bounds,
    head: Option<Head>,
    /// The delimiter of a first line `sep=`, and whether that line ended with a carriage return.
    separator: Option<(u8, bool)>,
    rows: Option<Rows>,
    table: Table,
}

impl Csv {
    /// A table to be read with these options.
    #[must_use]
    pub fn new(options: CsvOptions, bounds: Bounds) -> Self {
        Self {
            options,
            bounds,
            head: Some(Head::new()),
            separator: None,
            rows: None,
            table: Table {
                limit: bounds.line,
                mapping: None,
                members: Vec::new(),
                columns: 0,
                json: Vec::new(),
                rows: 0,
                empty: None,
                ended: false,
            },
        }
    }

    /// Which columns became which members; nothing before the header was read, or if it could not be.
    #[must_use]
    pub fn mapping(&self) -> Option<&Mapping> {
        self.table.mapping.as_ref()
    }

    fn begin(&mut self, head: &Head, each: &mut dyn FnMut(Item<'_>)) {
        let CsvOptions {
            columns,
            tabs,
            purpose,
        } = &self.options;
        let mut rows = match self.separator {
            Some((delimiter, after_cr)) => {
                Rows::new(delimiter, self.bounds.line, COLUMNS).after(2, after_cr)
            }
            None => Rows::new(
                head.delimiter(*tabs, columns, *purpose),
                self.bounds.line,
                COLUMNS,
            ),
        };
        let delimiter = rows.delimiter();
        rows.push(&head.bytes, &mut |row| {
            self.table.row(row, &self.options, delimiter, each)
        });
        self.rows = Some(rows);
    }
}

impl Source for Csv {
    fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Item<'_>)) {
        while let Some(mut head) = self.head.take() {
            let (used, complete) = head.push(bytes, self.bounds.line);
            bytes = &bytes[used..];
            if !complete {
                self.head = Some(head);
                return;
            }
            match head.separator_line() {
                Some(separator) if self.separator.is_none() => {
                    self.separator = Some((separator, head.bytes.ends_with(b"\r")));
                    self.head = Some(Head::new());
                }
                _ => self.begin(&head, each),
            }
        }
        if let Some(rows) = &mut self.rows
            && !self.table.ended
        {
            let delimiter = rows.delimiter();
            rows.push(bytes, &mut |row| {
                self.table.row(row, &self.options, delimiter, each)
            });
        }
    }

    fn finish(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        if let Some(head) = self.head.take() {
            self.begin(&head, each);
        }
        if let Some(mut rows) = self.rows.take()
            && !self.table.ended
        {
            let delimiter = rows.delimiter();
            rows.finish(&mut |row| self.table.row(row, &self.options, delimiter, each));
        }
        self.table.finish(each);
    }
}

/// Whether the first line of a file is the header of a table: two columns or more, of which those are there that
/// `options` name, or a known set. For files whose name does not say what they are.
#[must_use]
pub fn is_header(line: &[u8], options: &CsvOptions) -> bool {
    header::is_header(line, &options.columns, options.purpose)
}

/// What the rows are made into.
#[derive(Debug)]
struct Table {
    limit: usize,
    mapping: Option<Mapping>,
    /// What stands before the text of each member: `{"prompt":"`, `","completion":"`.
    members: Vec<Vec<u8>>,
    /// How many fields the header has.
    columns: usize,
    json: Vec<u8>,
    /// Rows after the header that are not empty.
    rows: u64,
    /// The first empty row, and how many there are.
    empty: Option<(u64, u64)>,
    ended: bool,
}

impl Table {
    fn row(
        &mut self,
        row: &Row<'_>,
        options: &CsvOptions,
        delimiter: u8,
        each: &mut dyn FnMut(Item<'_>),
    ) {
        if self.ended {
            return;
        }
        let what = if let Some(flaw) = row.flaw {
            self.rows += 1;
            let flaw = self.flaw(flaw, row);
            Some(match self.mapping {
                None => What::BrokenHeader {
                    why: flaw.to_string(),
                },
                Some(_) => flaw,
            })
        } else if self.mapping.is_none() {
            self.header(row, options, delimiter, each).err()
        } else if row.text.trim_ascii().is_empty() {
            self.empty.get_or_insert((row.line, 0)).1 += 1;
            None
        } else if row.fields != self.columns as u64 {
            self.rows += 1;
            Some(What::FieldCount {
                expected: self.columns,
                found: row.fields,
            })
        } else {
            self.rows += 1;
            self.record(row, each).err()
        };
        if let Some(what) = what {
            let line = match row.flaw {
                Some(Flaw::Unclosed(line)) => line,
                _ => row.line,
            };
            self.ended = what.then() == Then::Ended;
            each(Item::Trouble(Trouble::new(
                what,
                line,
                &raw(row, delimiter),
            )));
        }
    }

    fn flaw(&self, flaw: Flaw, row: &Row<'_>) -> What {
        match flaw {
            Flaw::TooLong => What::TooLong {
                bytes: row.bytes,
                most: self.limit,
            },
            Flaw::TextAfterQuote(field) => What::TextAfterQuote { field: field + 1 },
            Flaw::Unclosed(_) => What::UnclosedQuote,
        }
    }

    fn header(
        &mut self,
        row: &Row<'_>,
        options: &CsvOptions,
        delimiter: u8,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), What> {
        if row.fields > COLUMNS as u64 {
            return Err(What::TooManyColumns {
                columns: row.fields,
                most: COLUMNS,
            });
        }
        let names = names(row);
        let mapping = mapping::mapping(&names, &options.columns, options.purpose, delimiter)
            .map_err(|what| match what {
                What::MissingColumn { nearest: None, .. } | What::UnknownColumns { .. }
                    if mapping::looks_like_data(&names) =>
                {
                    What::NoHeader
                }
                what => what,
            })?;
        self.columns = names.len();
        for (index, member) in mapping.members.iter().enumerate() {
            let mut start = if index == 0 {
                b"{\"".to_vec()
            } else {
                b",\"".to_vec()
            };
            json::escape(&mut start, member.member.as_bytes(), usize::MAX);
            start.extend_from_slice(b"\":\"");
            self.members.push(start);
        }
        let taken = |at: usize| mapping.members.iter().any(|member| member.at.contains(&at));
        let left_out = names
            .iter()
            .enumerate()
            .filter(|(at, _)| !taken(*at))
            .map(|(_, name)| name);
        let left_out = mapping::listed(left_out);
        if !left_out.is_empty() {
            each(Item::Trouble(Trouble::new(
                What::ColumnsLeftOut { columns: left_out },
                row.line,
                b"",
            )));
        }
        self.mapping = Some(mapping);
        Ok(())
    }

    fn record(&mut self, row: &Row<'_>, each: &mut dyn FnMut(Item<'_>)) -> Result<(), What> {
        let Some(mapping) = &self.mapping else {
            return Ok(());
        };
        let json = &mut self.json;
        json.clear();
        let mut whole = true;
        for (member, start) in mapping.members.iter().zip(&self.members) {
            if member.optional
                && member
                    .at
                    .iter()
                    .all(|at| row.field(*at).trim_ascii().is_empty())
            {
                continue;
            }
            json.extend_from_slice(start);
            let text_start = json.len();
            for at in &member.at {
                let field = row.field(*at);
                if json.len() > text_start && !field.is_empty() {
                    json.extend_from_slice(b"\\n\\n");
                }
                whole = whole && json::escape(json, field, self.limit);
            }
            json.push(b'"');
        }
        json.push(b'}');
        if !whole || json.len() > self.limit {
            let bytes = row.bytes.max(json.len() as u64);
            *json = Vec::new();
            return Err(What::TooLong {
                bytes,
                most: self.limit,
            });
        }
        each(Item::Record {
            line: row.line,
            column: None,
            json,
        });
        Ok(())
    }

    fn finish(&mut self, each: &mut dyn FnMut(Item<'_>)) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        if let Some((line, rows)) = self.empty {
            each(Item::Trouble(Trouble::new(
                What::EmptyRows { rows },
                line,
                b"",
            )));
        }
        let what = match self.mapping {
            None => What::Empty,
            Some(_) if self.rows == 0 => What::NoRows,
            Some(_) => return,
        };
        each(Item::Trouble(Trouble::new(what, 0, b"")));
    }
}

/// The names in a header.
fn names(row: &Row<'_>) -> Vec<String> {
    (0..row.ends.len())
        .map(|at| String::from_utf8_lossy(row.field(at)).trim().to_owned())
        .collect()
}

/// The start of a row as it may have stood in the file, to show it.
fn raw(row: &Row<'_>, delimiter: u8) -> Vec<u8> {
    if row.flaw == Some(Flaw::TooLong) {
        return row.text.to_vec();
    }
    let mut raw = Vec::new();
    for at in 0..row.ends.len() {
        if at > 0 {
            raw.push(delimiter);
        }
        let field = row.field(at);
        raw.extend_from_slice(&field[..field.len().min(4 * crate::EXCERPT)]);
        if raw.len() > 4 * crate::EXCERPT {
            break;
        }
    }
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_takes_more_memory_than_the_bound() {
        let bounds = Bounds {
            line: 10_000,
            ..Bounds::default()
        };
        for piece in [
            &b"x".repeat(999)[..],
            &b",".repeat(999),
            &b"\"\"".repeat(500),
            &b"\x01\"".repeat(500),
            &b"x\r".repeat(500),
        ] {
            for start in [&b""[..], b"prompt,completion\n", b"prompt,completion\na,\""] {
                let mut csv = Csv::new(CsvOptions::default(), bounds);
                csv.push(start, &mut |_| {});
                for _ in 0..2_000 {
                    csv.push(piece, &mut |_| {});
                }
                let head = csv.head.as_ref().map_or(0, |head| head.bytes.capacity());
                let rows = csv.rows.as_ref().map_or(0, Rows::capacity);
                assert!(head + rows + csv.table.json.capacity() < 120_000);
            }
        }
    }
}
