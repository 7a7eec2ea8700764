//! What is said about a line that could not be parsed.
use crate::{
    finding::{Place, Problem, around, bounded},
    json::{MAX_DEPTH, MAX_VALUES, Refused},
    masked::Masked,
    rules,
    summary::grouped,
};

/// The finding for a record that was written and cannot be read back: it points nowhere into the file.
pub(crate) fn refusal(text: &str, refused: Refused) -> Problem {
    let mut problem = refusal_at(text, Place::default(), refused);
    problem.span = None;
    problem
}

/// The finding for the line of the record at `place`, which the parser refused.
pub(crate) fn refusal_at(text: &str, place: Place, refused: Refused) -> Problem {
    match refused {
        Refused::Broken { at, said } if is_half(text, at, &said) => Problem::new(
            &rules::BROKEN_UNICODE,
            "",
            bounded(&said),
            "Write the whole pair, or the character itself in UTF-8; Python writes such halves for bytes that it could not read.",
        )
        .at(character_at(text, at)),
        Refused::Broken { at, said } => {
            let column = text
                .get(..text.floor_char_boundary(at))
                .map_or(at, |before| before.chars().count())
                + 1;
            Problem::new(
                &rules::BROKEN_JSON,
                "",
                format!(
                    "{}: {}: {}",
                    place.column(column as u64),
                    bounded(&said),
                    around(text, at)
                ),
                json_fix(text, &said),
            )
            .at(character_at(text, at))
        }
        Refused::TooDeep => Problem::new(
            &rules::NESTING_DEPTH,
            "",
            format!("more than {MAX_DEPTH} levels: {}", bounded(text)),
            "A record needs five levels at most. Look at what wrote this line.",
        ),
        Refused::TooManyValues => Problem::new(
            &rules::TOO_MANY_VALUES,
            "",
            format!(
                "more than {} values: {}",
                grouped(u64::from(MAX_VALUES)),
                bounded(text)
            ),
            "Write one record a line. Look whether line feeds were lost.",
        ),
        Refused::DuplicateMember(name) => Problem::new(
            &rules::DUPLICATE_MEMBER,
            "",
            format!("\"{}\" stands twice in one object", bounded(&name)),
            "Keep one of the two.",
        ),
    }
}

/// The character at this byte, or the line's last one where the line ended too early.
fn character_at(text: &str, at: usize) -> (usize, usize) {
    let last = text.len().saturating_sub(1);
    let start = text.floor_char_boundary(at.min(last));
    (start, text.ceil_char_boundary((start + 1).min(text.len())))
}

/// Whether the parser stopped at half of a surrogate pair.
pub(crate) fn is_half(text: &str, at: usize, said: &str) -> bool {
    let before = &text.as_bytes()[at.saturating_sub(12).min(text.len())..at.min(text.len())];
    let first_half = |escape: &[u8]| {
        matches!(
            escape,
            [
                b'\\',
                b'u',
                b'd' | b'D',
                b'8' | b'9' | b'a' | b'b' | b'A' | b'B'
            ]
        )
    };
    said.contains("surrogate") || said.contains("hex escape") && before.windows(4).any(first_half)
}

fn json_fix(text: &str, said: &str) -> &'static str {
    if said.starts_with("EOF") {
        "The object is not complete on this line. Write it on one line, line feeds inside a text as \\n."
    } else if text.starts_with("{'") {
        "JSON has double quotes. In Python, write each line with json.dumps(record)."
    } else if said.starts_with("trailing characters") {
        "One object a line: start a new line after the first."
    } else if said.starts_with("control character") {
        "Write control characters in a text as escapes: a tab as \\t."
    } else {
        "Correct the line by hand, or write it anew with a JSON library."
    }
}

/// Bytes of a line that are looked at on either side of one that is no UTF-8.
const SEEN: usize = 128 << 10;

/// The finding for a line that is no UTF-8 from the byte `at` on.
pub(crate) fn invalid_utf8(line: &[u8], place: Place, at: usize) -> Problem {
    let byte = line.get(at).copied().unwrap_or_default();
    // What may not be shown is looked for before the line is cut: the rest of a token says no more that it is one.
    let lossy = |from: usize, to: usize| String::from_utf8_lossy(&line[from..to.min(line.len())]);
    let before = lossy(at.saturating_sub(SEEN), at);
    let shown = lossy(at, at + 20).len();
    let near = format!("{before}{}", lossy(at, at + SEEN));
    let from = near.floor_char_boundary(before.len().saturating_sub(40));
    let to = near.ceil_char_boundary((before.len() + shown).min(near.len()));
    let near = Masked::near(&near, from, to).part(from, to);
    Problem::new(
        &rules::INVALID_UTF8,
        "",
        format!(
            "byte {} of the {} is 0x{byte:02x}: {}",
            at + 1,
            match place.column {
                0 => "converted record",
                1 => "line",
                _ => "record",
            },
            bounded(&near)
        ),
        "Save the file as UTF-8, for example with: iconv -f WINDOWS-1252 -t UTF-8 FILE > FILE.jsonl",
    )
}
