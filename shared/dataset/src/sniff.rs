//! Says what a file is, from its first bytes and its name, before a line of it is parsed.
mod record;

use perennial_inputs::{CsvOptions, DocumentKind};

use self::record::Begins;
use crate::{
    finding::{Problem, bounded},
    rules,
};

/// How many bytes are looked at.
const HEAD: usize = 1024;
/// How many, where the first record goes on behind them: whether it ends with its line says what the file is.
const LONG_HEAD: usize = 64 << 10;

/// How many bytes of the file are looked at: it hangs on the file's first bytes alone. Nothing as long as more have to be seen to know.
pub(crate) fn enough(head: &[u8]) -> Option<usize> {
    let first = head.get(..HEAD)?;
    let enough = match goes_on(first) {
        Some(_) if !record::is_open(first) => HEAD,
        _ => LONG_HEAD,
    };
    (head.len() >= enough).then_some(enough)
}

/// The first bytes of the file, of which no more will come, that are looked at.
pub(crate) fn looked_at(head: &[u8]) -> &[u8] {
    &head[..enough(head).unwrap_or(head.len().min(LONG_HEAD))]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstd,
}

/// Which compression the first four bytes announce.
pub(crate) fn compression(head: &[u8]) -> Option<Compression> {
    match head {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            Some(Compression::Zstd)
        }
        _ => None,
    }
}

/// Starts of files that are no text, and what they are.
const MAGIC: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive (also .docx, .xlsx, .jar)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90", "a Windows program"),
    (b"%PDF-", "a PDF document"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b", "a gzip file inside the compressed file"),
    (
        b"\x28\xb5\x2f\xfd",
        "a zstd file inside the compressed file",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.doc, .xls)"),
    (b"\x89HDF", "an HDF5 file"),
];

/// The same, of letters that a text may begin with as well: what follows tells.
const LETTERS: &[(&[u8], &str)] = &[
    (b"GIF8", "a GIF image"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"ORC", "an ORC file"),
    (b"BZh", "a bzip2 file"),
    (b"RIFF", "a RIFF file (WAV, WebP, AVI)"),
];

/// What the text of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    JsonLines,
    /// One array of records.
    Array,
    /// Records of which the first goes on after its line.
    Pretty,
    Table {
        /// Whether the name says that fields stand between tabs.
        tabs: bool,
    },
    Document {
        kind: DocumentKind,
        /// Whether it begins as JSON does.
        json: bool,
    },
}

/// What the file is, or why it is nothing that can be read. `head` is the (decompressed) start of the file ([`looked_at`]),
/// `name` its object key or file name, and `table` how a table would be read.
pub(crate) fn kind(long: &[u8], name: &str, table: &CsvOptions) -> Result<Kind, Problem> {
    let head = &long[..long.len().min(HEAD)];
    if head.starts_with(&[0xff, 0xfe, 0, 0]) || head.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(Problem::of_file(
            &rules::UTF_16,
            "UTF-32 text",
            "Save it as UTF-8, for example with: iconv -f UTF-32 -t UTF-8 FILE > FILE.jsonl",
        ));
    }
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) || looks_like_utf16(head)
    {
        return Err(Problem::of_file(
            &rules::UTF_16,
            "UTF-16 text",
            "Save it as UTF-8, for example with: iconv -f UTF-16 -t UTF-8 FILE > FILE.jsonl",
        ));
    }
    if let Some(what) = binary(head) {
        return Err(Problem::of_file(
            &rules::BINARY_FILE,
            format!("it looks like {what}"),
            "Upload JSON Lines, CSV, plain text or Markdown, as it is or compressed with gzip or zstd.",
        ));
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let first_line = text.lines().next().unwrap_or_default();
    let extension = extension(name);
    // What a person named a document is one, whatever its first character is.
    if let Some(kind) = document(&extension) {
        // Records are what they are, whatever their file is named.
        return Ok(match record::begins(long) {
            Begins::Lines => Kind::JsonLines,
            Begins::Pretty => Kind::Pretty,
            Begins::Array => Kind::Array,
            Begins::Json => Kind::Document { kind, json: true },
            Begins::Text => Kind::Document { kind, json: false },
        });
    }
    let tabs = extension == "tsv";
    if tabs || extension == "csv" {
        return Ok(match record::begins(long) {
            Begins::Lines => Kind::JsonLines,
            Begins::Pretty => Kind::Pretty,
            Begins::Array => Kind::Array,
            Begins::Json | Begins::Text => Kind::Table { tabs },
        });
    }
    // Without an ending to its name, a document that begins with a link or with `[1]` is told from an array.
    if text.starts_with('[') && (!extension.is_empty() || begins_array(text)) {
        return Ok(Kind::Array);
    }
    if first_line.trim_end() == "{" || goes_on(long) == Some(true) {
        return Ok(Kind::Pretty);
    }
    if text.is_empty()
        || text.starts_with('{')
        || matches!(
            extension.as_str(),
            "jsonl" | "ndjson" | "jsonlines" | "json"
        )
    {
        return Ok(Kind::JsonLines);
    }
    if perennial_inputs::is_header(first_line.as_bytes(), table) {
        return Ok(Kind::Table { tabs });
    }
    if extension.is_empty() {
        // As from standard input. Where no line begins as a record does, it is prose.
        let records = text.lines().any(|line| line.trim_start().starts_with('{'));
        return Ok(if records {
            Kind::JsonLines
        } else {
            Kind::Document {
                kind: DocumentKind::Markdown,
                json: false,
            }
        });
    }
    Err(Problem::of_file(
        &rules::UNKNOWN_FILE,
        bounded(first_line),
        "Name it for what it is: .jsonl for records, .csv or .tsv for a table with a header, .txt or .md for a document.",
    ))
}

/// The bytes from the first on that is no white space and no mark.
fn begin(head: &[u8]) -> &[u8] {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    text.trim_ascii_start()
}

/// Whether the first record, cut off nowhere, goes on after its line. Nothing if too little was read to know, and no for what begins as
/// no record does.
fn goes_on(head: &[u8]) -> Option<bool> {
    let text = begin(head);
    match text.first() {
        None => return None,
        Some(b'{') => {}
        Some(_) => return Some(false),
    }
    let (mut depth, mut string, mut escape) = (0_u32, false, false);
    let mut bytes = text.iter().enumerate();
    let end = loop {
        let (at, byte) = bytes.next()?;
        match byte {
            b'\n' if string => return Some(false),
            b'\n' => break at,
            _ if escape => escape = false,
            b'\\' if string => escape = true,
            b'"' => string = !string,
            _ if string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(false);
                }
            }
            _ => {}
        }
    };
    let rest = &text[end + 1..];
    let next = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let indented = next > 0 && matches!(rest[next - 1], b' ' | b'\t');
    // A record that was cut off is followed by the next one, at the start of its line.
    Some(match rest[next] {
        b'{' => indented,
        byte => is_token(byte) || matches!(byte, b',' | b':' | b'}' | b']'),
    })
}

/// Whether what stands after the bracket is what an array holds.
fn begins_array(text: &str) -> bool {
    let inside = text[1..].trim_start().bytes().next();
    inside
        .is_none_or(|byte| matches!(byte, b'{' | b']') || is_token(byte) && !byte.is_ascii_digit())
}

/// Whether a value other than an object may begin with this byte.
fn is_token(byte: u8) -> bool {
    matches!(byte, b'"' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
}

fn document(extension: &str) -> Option<DocumentKind> {
    match extension {
        "md" | "markdown" => Some(DocumentKind::Markdown),
        "txt" | "text" | "rst" | "adoc" => Some(DocumentKind::Plain),
        _ => None,
    }
}

fn binary(head: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(what);
    }
    if is_text(head) {
        return None;
    }
    if let Some((_, what)) = LETTERS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(what);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some("an MP4 or HEIF file");
    }
    head.contains(&0).then_some("binary data: it has NUL bytes")
}

/// Whether it is UTF-8 without the control characters that text does not have; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    utf8 && !head
        .iter()
        .any(|byte| matches!(byte, 0..=8 | 0x0e..=0x1f | 0x7f))
}

/// Text of mostly ASCII characters in UTF-16 without a byte order mark has a NUL in every second place.
fn looks_like_utf16(head: &[u8]) -> bool {
    let pairs = head.len() / 2;
    let nuls = |offset: usize| {
        head.iter()
            .skip(offset)
            .step_by(2)
            .take(pairs)
            .filter(|byte| **byte == 0)
            .count()
    };
    pairs >= 4
        && (nuls(0) * 10 >= pairs * 8 && nuls(1) == 0 || nuls(1) * 10 >= pairs * 8 && nuls(0) == 0)
}

/// The last extension in lower case, that of a compression taken off.
fn extension(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or_default().to_lowercase();
    let name = [".gz", ".gzip", ".zst", ".zstd"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(&name);
    name.rsplit_once('.')
        .map_or_else(String::new, |(_, extension)| extension.to_owned())
}
