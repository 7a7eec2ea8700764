//! Pushes bytes into a source and keeps what it hands over.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses a part of it"
)]
use perennial_inputs::{Bounds, Item, Source, Trouble};

/// What was handed over, to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Got {
    Record(u64, Vec<u8>),
    Trouble(Trouble),
}

pub(crate) fn keep(all: &mut Vec<Got>, item: Item<'_>) {
    all.push(match item {
        Item::Record { line, json, .. } => {
            assert!(!json.contains(&b'\n'), "a record is one line");
            Got::Record(line, json.to_vec())
        }
        Item::Trouble(trouble) => Got::Trouble(trouble),
    });
}

/// Everything that comes of `bytes`, pushed at once.
pub(crate) fn whole(source: impl Source, bytes: &[u8]) -> Vec<Got> {
    cut(source, bytes, &[])
}

/// Everything that comes of `bytes`, pushed in pieces of these sizes and then the rest.
pub(crate) fn cut(mut source: impl Source, mut bytes: &[u8], sizes: &[usize]) -> Vec<Got> {
    let mut all = Vec::new();
    for size in sizes {
        let (piece, rest) = bytes.split_at((*size).min(bytes.len()));
        source.push(piece, &mut |item| keep(&mut all, item));
        bytes = rest;
    }
    source.push(bytes, &mut |item| keep(&mut all, item));
    source.finish(&mut |item| keep(&mut all, item));
    all
}

/// One byte at a time.
pub(crate) fn bytewise(source: impl Source, bytes: &[u8]) -> Vec<Got> {
    cut(source, bytes, &vec![1; bytes.len()])
}

/// As a person would read it.
pub(crate) fn shown(all: &[Got]) -> String {
    let mut text = String::new();
    for got in all {
        text += &match got {
            Got::Record(line, json) => format!("{line}: {}\n", String::from_utf8_lossy(json)),
            Got::Trouble(Trouble {
                what,
                line,
                excerpt,
            }) => {
                format!(
                    "{line}: {:?}: {what}\n   | {excerpt}\n   = {}\n",
                    what.then(),
                    what.fix()
                )
            }
        };
    }
    text
}

pub(crate) fn records(all: &[Got]) -> Vec<&[u8]> {
    all.iter()
        .filter_map(|got| match got {
            Got::Record(_, json) => Some(json.as_slice()),
            Got::Trouble(_) => None,
        })
        .collect()
}

pub(crate) fn troubles(all: &[Got]) -> Vec<&Trouble> {
    all.iter()
        .filter_map(|got| match got {
            Got::Trouble(trouble) => Some(trouble),
            Got::Record(..) => None,
        })
        .collect()
}

pub(crate) fn bounds(line: usize) -> Bounds {
    Bounds {
        line,
        ..Bounds::default()
    }
}

/// A file of the real data beside the project, where it is there.
pub(crate) fn real(path: &str) -> Option<Vec<u8>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/");
    let read = std::fs::read(format!("{root}{path}")).ok();
    if read.is_none() {
        eprintln!("skipped: ../shared/data/{path} is not there");
    }
    read
}
