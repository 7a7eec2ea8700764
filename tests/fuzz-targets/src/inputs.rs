//! What is no JSON Lines: tables, arrays, documents. Cutting changes nothing, records are JSON, nothing of them is lost.
use perennial_inputs::{
    Array, Bounds, Csv, CsvOptions, DocumentKind, Documents, Item, Purpose, Source, Then, Trouble,
};
use serde_json::Value;

use crate::choices::{Choices, Cuts};

#[derive(Debug, Clone, PartialEq)]
enum Got {
    Record(u64, Vec<u8>),
    Trouble(Trouble),
}

/// Everything that comes of a file, which is the same in pieces.
fn read(bytes: &[u8], cuts: Cuts, source: impl Fn() -> Box<dyn Source>) -> Vec<Got> {
    let whole = pushed(source(), |source, each| source.push(bytes, each));
    let pieces = pushed(source(), |source, each| {
        cuts.pieces(bytes, &mut |piece| source.push(piece, each));
    });
    assert_eq!(pieces, whole, "cutting makes a difference");
    assert!(!whole.is_empty(), "a file ends in a record or in a trouble");
    let ended = whole
        .iter()
        .position(|got| matches!(got, Got::Trouble(trouble) if trouble.what.then() == Then::Ended));
    assert!(ended.is_none_or(|at| at + 1 == whole.len()), "{whole:?}");
    whole
}

fn pushed(
    mut source: Box<dyn Source>,
    push: impl FnOnce(&mut dyn Source, &mut dyn FnMut(Item<'_>)),
) -> Vec<Got> {
    let mut all = Vec::new();
    let mut each = |item: Item<'_>| {
        all.push(match item {
            Item::Record { line, json, .. } => {
                assert!(!json.contains(&b'\n'), "a record is one line");
                Got::Record(line, json.to_vec())
            }
            Item::Trouble(trouble) => {
                assert!(!trouble.what.to_string().is_empty() && !trouble.what.fix().is_empty());
                Got::Trouble(trouble)
            }
        });
    };
    push(source.as_mut(), &mut each);
    source.finish(&mut each);
    all
}

fn records(all: &[Got]) -> impl Iterator<Item = &[u8]> {
    all.iter().filter_map(|got| match got {
        Got::Record(_, json) => Some(json.as_slice()),
        Got::Trouble(_) => None,
    })
}

/// Bounds that a short file reaches, or the usual ones.
fn bounds(choices: &mut Choices<'_>) -> Bounds {
    let usual = Bounds::default();
    *choices.pick(&[
        usual,
        Bounds {
            line: 200,
            depth: 8,
        },
    ])
}

/// A table.
pub fn csv(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (cuts, bounds, switches) = (choices.cuts(), bounds(&mut choices), choices.byte());
    let columns = choices.pick::<&[(&str, &str)]>(&[
        &[],
        &[("prompt", "text"), ("completion", "category")],
        &[("text", "text")],
    ]);
    let options = CsvOptions {
        columns: columns
            .iter()
            .map(|(member, column)| ((*member).to_owned(), (*column).to_owned()))
            .collect(),
        tabs: switches & 1 != 0,
        purpose: [Purpose::Pairs, Purpose::Evaluation, Purpose::Documents]
            [usize::from(switches / 2) % 3],
    };
    let bytes = choices.rest();
    let got = read(bytes, cuts, || Box::new(Csv::new(options.clone(), bounds)));
    for json in records(&got) {
        // As long as its content may be, escaped, with the names of its members.
        assert!(json.len() <= 2 * bounds.line, "{} bytes", json.len());
        if let Ok(text) = std::str::from_utf8(json) {
            let value: Value = serde_json::from_str(text).expect("a record is JSON");
            let members = value.as_object().expect("it is an object");
            assert!(
                !members.is_empty() && members.values().all(Value::is_string),
                "{text}"
            );
        }
    }
}

/// An array of records, or records over several lines.
pub fn array(data: &[u8]) {
    let mut choices = Choices::of(data);
    let (cuts, bounds) = (choices.cuts(), bounds(&mut choices));
    let bytes = choices.rest();
    let got = read(bytes, cuts, || Box::new(Array::new(bounds)));
    for json in records(&got) {
        assert!(json.len() <= bounds.line, "{} bytes", json.len());
    }
    let Ok(Value::Array(wanted)) = serde_json::from_slice(bytes) else {
        return;
    };
    let bounded = got.iter().any(|got| {
        matches!(got, Got::Trouble(trouble) if matches!(trouble.what, perennial_inputs::What::TooDeep { .. } | perennial_inputs::What::TooLong { .. }))
    });
    if !bounded {
        let read: Vec<Value> = records(&got)
            .map(|json| serde_json::from_slice(json).expect("an element is JSON"))
            .collect();
        assert_eq!(read, wanted, "{got:?}");
        assert!(wanted.is_empty() || read.len() == got.len(), "{got:?}");
    }
}

/// A document, plain or in Markdown.
pub fn documents(data: &[u8]) {
    let mut choices = Choices::of(data);
    let cuts = choices.cuts();
    let kind = *choices.pick(&[DocumentKind::Markdown, DocumentKind::Plain]);
    let count = *choices.pick(&[
        characters as fn(&str) -> u64,
        perennial_dataset::estimate_tokens,
    ]);
    let limit = u64::from(choices.byte()) + 1;
    let bytes = choices.rest();
    let got = read(bytes, cuts, || Box::new(Documents::new(kind, limit, count)));
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let pieces: Vec<String> = records(&got)
        .map(|json| {
            let value: Value = serde_json::from_slice(json).expect("a record is JSON");
            value["text"].as_str().expect("it has a text").to_owned()
        })
        .collect();
    for piece in &pieces {
        assert!(!piece.trim().is_empty());
        assert!(
            count(piece) <= limit || piece.chars().count() == 1,
            "{piece:?}"
        );
    }
    let joined = pieces.concat();
    assert_eq!(without_white_space(&joined), without_white_space(text));
    // Where every run of white space fits into a piece, only the end may be left out.
    let run = text
        .split(|character: char| !character.is_whitespace())
        .map(count)
        .max()
        .unwrap_or_default();
    if run < limit {
        let rest = text.strip_prefix(&joined);
        assert!(
            rest.is_some_and(|rest| rest.trim().is_empty()),
            "{pieces:?}"
        );
    }
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

pub(crate) fn without_white_space(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .collect()
}
