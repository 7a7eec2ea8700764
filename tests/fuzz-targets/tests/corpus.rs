//! The corpus of the fuzz targets, and mutations of it, without cargo-fuzz and on the stable compiler.
#![allow(clippy::unwrap_used)]
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use perennial_fuzz_targets::{TARGETS, Target};

/// Mutations tried of each target's corpus.
const MUTATIONS: usize = 250;
/// Of the target whose inputs become files of hundreds of kilobytes.
const LARGE: usize = 5;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The files of a target's corpus, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("corpus").join(target);
    let files: Vec<_> = names(&folder)
        .into_iter()
        .map(|name| (name.clone(), fs::read(folder.join(name)).unwrap()))
        .collect();
    assert!(!files.is_empty(), "{target} has no corpus");
    files
}

/// Says which input it was, if the target panics.
struct Input<'i>(&'i str, &'i str, &'i [u8]);

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(target, of, bytes) = self;
            eprintln!("{target}, {of}:\n{}", bytes.escape_ascii());
        }
    }
}

fn run((name, target): Target, of: &str, bytes: &[u8]) {
    let _shown = Input(name, of, bytes);
    target(bytes);
}

#[test]
fn every_file_of_the_corpus_holds() {
    for target in TARGETS {
        for (name, bytes) in corpus(target.0) {
            run(*target, &name, &bytes);
        }
    }
}

#[test]
fn mutations_of_the_corpus_hold() {
    let words = words();
    for target in TARGETS {
        let files = corpus(target.0);
        let mut random = fastrand::Rng::with_seed(8);
        let count = if target.0 == "threads" {
            LARGE
        } else {
            MUTATIONS
        };
        for number in 0..count {
            let (name, bytes) = &files[random.usize(..files.len())];
            let mut bytes = bytes.clone();
            for _ in 0..random.usize(1..5) {
                mutate(&mut bytes, &files, &words, &mut random);
            }
            run(*target, &format!("mutation {number} of {name}"), &bytes);
        }
    }
}

fn mutate(
    bytes: &mut Vec<u8>,
    files: &[(String, Vec<u8>)],
    words: &[Vec<u8>],
    random: &mut fastrand::Rng,
) {
    let at = random.usize(..=bytes.len());
    let end = (at + random.usize(..20)).min(bytes.len());
    match random.u8(..6) {
        0 => drop(bytes.drain(at..end)),
        1 => drop(bytes.splice(at..at, words[random.usize(..words.len())].iter().copied())),
        2 => {
            let again = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, again));
        }
        3 => {
            let other = &files[random.usize(..files.len())].1;
            let from = random.usize(..=other.len());
            let to = (from + random.usize(..60)).min(other.len());
            drop(bytes.splice(at..end, other[from..to].iter().copied()));
        }
        _ if at < bytes.len() => bytes[at] = random.u8(..),
        _ => bytes.push(random.u8(..)),
    }
}

/// The words of all dictionaries.
fn words() -> Vec<Vec<u8>> {
    let folder = fuzz().join("dictionaries");
    let mut words = Vec::new();
    for name in names(&folder) {
        for line in fs::read_to_string(folder.join(&name)).unwrap().lines() {
            if !line.is_empty() && !line.starts_with('#') {
                words.push(word(line).unwrap_or_else(|| panic!("{name}: no word: {line}")));
            }
        }
    }
    assert!(words.len() > 100);
    words
}

/// A word as libFuzzer reads it: in quotes, with the escapes `\\`, `\"` and `\xAB`.
fn word(line: &str) -> Option<Vec<u8>> {
    let mut rest = line.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
    let mut word = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [escaped @ (b'\\' | b'"'), after @ ..]) => {
                word.push(*escaped);
                after
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                word.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                after
            }
            (b'\\' | b'"', _) => return None,
            (plain, after) => {
                word.push(*plain);
                after
            }
        };
    }
    Some(word)
}

#[test]
fn every_target_has_its_corpus_and_its_program() {
    let wanted: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("corpus")), wanted);
    let programs: BTreeSet<String> = wanted.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), programs);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &wanted {
        assert!(
            manifest.contains(&format!("name = \"{name}\"\n")),
            "fuzz/Cargo.toml has no {name}"
        );
        let program = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            program.contains(&format!("perennial_fuzz_targets::{name}(data)")),
            "{program}"
        );
    }
}

#[test]
fn the_corpus_stays_small() {
    let files: Vec<_> = TARGETS.iter().flat_map(|(name, _)| corpus(name)).collect();
    assert!(
        files.len() < 200,
        "{} files: see CONTRIBUTING.md, Fuzzing",
        files.len()
    );
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(
        bytes < 1 << 20,
        "{bytes} bytes: see CONTRIBUTING.md, Fuzzing"
    );
}
