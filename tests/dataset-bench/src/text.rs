//! Prose, lists and code from one seed: enough variety that no parser is flattered by one kind of text.
use std::fmt::Write;

use fastrand::Rng;

use crate::phrases::{
    ABROAD, ACTIONS, ANSWERS, CITIES, CODE, ERRORS, MONTHS, NAMES, PRODUCTS, QUESTIONS, STATEMENTS,
    THINGS,
};

/// What kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Question,
    Answer,
    Document,
}

impl Kind {
    fn phrases(self) -> &'static [&'static str] {
        match self {
            Self::Question => QUESTIONS,
            Self::Answer => ANSWERS,
            Self::Document => STATEMENTS,
        }
    }
}

/// Appends passages until `text` has about `length` bytes more.
pub(crate) fn passages(rng: &mut Rng, kind: Kind, length: usize, text: &mut String) {
    let end = text.len() + length;
    let between = if kind == Kind::Document { "\n\n" } else { "\n" };
    loop {
        match rng.u32(..100) {
            0..4 => text.push_str(pick(rng, ABROAD)),
            4..8 if kind != Kind::Question || rng.bool() => filled(rng, CODE, text),
            8..14 if kind != Kind::Question => list(rng, kind, text),
            14..18 if kind == Kind::Document => heading(rng, text),
            _ => paragraph(rng, kind, end, text),
        }
        if text.len() >= end {
            return;
        }
        text.push_str(between);
    }
}

fn paragraph(rng: &mut Rng, kind: Kind, end: usize, text: &mut String) {
    let sentences = match kind {
        Kind::Document => rng.usize(3..8),
        _ => rng.usize(1..5),
    };
    for index in 0..sentences {
        if index > 0 {
            if text.len() >= end {
                return;
            }
            text.push(' ');
        }
        filled(rng, kind.phrases(), text);
    }
}

fn list(rng: &mut Rng, kind: Kind, text: &mut String) {
    for index in 0..rng.usize(2..5) {
        if index > 0 {
            text.push('\n');
        }
        text.push_str("- ");
        filled(rng, kind.phrases(), text);
    }
}

fn heading(rng: &mut Rng, text: &mut String) {
    text.push_str("## On the ");
    text.push_str(pick(rng, THINGS));
}

/// One of the phrases with its slots filled.
fn filled(rng: &mut Rng, phrases: &[&str], text: &mut String) {
    let mut rest = pick(rng, phrases);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((slot, after)) = after
            .split_once('}')
            .filter(|(slot, _)| slot.bytes().all(|byte| byte.is_ascii_lowercase()))
        else {
            // A brace of code.
            text.push('{');
            rest = after;
            continue;
        };
        fill(rng, slot, text);
        rest = after;
    }
    text.push_str(rest);
}

fn fill(rng: &mut Rng, slot: &str, text: &mut String) {
    let list = match slot {
        "city" => CITIES,
        "name" => NAMES,
        "product" => PRODUCTS,
        "thing" => THINGS,
        "action" => ACTIONS,
        "error" => ERRORS,
        _ => {
            figure(rng, slot, text);
            return;
        }
    };
    text.push_str(pick(rng, list));
}

fn figure(rng: &mut Rng, slot: &str, text: &mut String) {
    let (a, b) = (rng.u32(1..29), rng.u32(10..100));
    let written = match slot {
        "n" => write!(text, "{a}"),
        "money" if b % 2 == 0 => write!(text, "€{a}.{b}"),
        "money" => write!(text, "${a}{b}.00"),
        "date" => write!(text, "{a} {} 20{}", pick(rng, MONTHS), 20 + b % 7),
        _ => write!(text, "{}-{a}{b}", char::from(b'A' + rng.u8(..26))),
    };
    debug_assert!(written.is_ok(), "a String takes everything");
}

pub(crate) fn pick<'a>(rng: &mut Rng, list: &[&'a str]) -> &'a str {
    list[rng.usize(..list.len())]
}
