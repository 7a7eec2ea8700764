//! Writes the demo's data set: `cargo run -p perennial --example demo-data`. The same on every machine and in every run.
//!
//! 600 training records and 120 evaluation prompts of a made-up support desk in 12 intents. A message is put together
//! from an opening, a core and an end; each intent has cores that only evaluation uses, so that learning is not copying.

mod intents;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use intents::{CLOSINGS, INTENTS, Intent, OPENINGS};

/// Training records of each intent.
const TRAINING: usize = 50;
/// Evaluation prompts of each intent.
const EVALUATION: usize = 10;

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let (training, evaluation) = generate();
    std::fs::write(folder.join("train.jsonl"), training)?;
    std::fs::write(folder.join("eval.jsonl"), evaluation)
}

/// Both files.
fn generate() -> (String, String) {
    let mut dice = Dice(0x5eed_0f5e_a50e_d001);
    let mut taken = BTreeSet::new();
    let (mut training, mut evaluation) = (Vec::new(), Vec::new());
    for intent in INTENTS {
        let held_out = intent.cores.len() - 4;
        for index in 0..TRAINING {
            let message = fresh(
                &mut dice,
                &mut taken,
                intent,
                &intent.cores[..held_out],
                index,
            );
            training.push((message, intent.label));
        }
        for index in 0..EVALUATION {
            // Six of ten prompts ask in a way that training has not seen.
            let cores = if index < 6 {
                &intent.cores[held_out..]
            } else {
                &intent.cores[..held_out]
            };
            let message = fresh(&mut dice, &mut taken, intent, cores, index);
            evaluation.push((message, intent.label));
        }
    }
    dice.shuffle(&mut training);
    dice.shuffle(&mut evaluation);
    (
        lines(&training, "completion"),
        lines(&evaluation, "referenceResponse"),
    )
}

/// A message that was not made before.
fn fresh(
    dice: &mut Dice,
    taken: &mut BTreeSet<String>,
    intent: &Intent,
    cores: &[&str],
    index: usize,
) -> String {
    loop {
        let mut text = cores[(index + dice.below(2)) % cores.len()].to_owned();
        while let Some((before, after)) = text.split_once("{}") {
            text = format!("{before}{}{after}", dice.choose(intent.things));
        }
        let opening = dice.choose(OPENINGS);
        if opening.ends_with(',') || opening.ends_with("...") {
            text = lower_first(&text);
        }
        let mut message = format!("{opening} {text} {}", dice.choose(CLOSINGS))
            .trim()
            .to_owned();
        match dice.below(12) {
            0 => message = message.to_lowercase(),
            1 => message = message.trim_end_matches(['.', '?', '!']).to_owned(),
            2 => message = slip(dice, &message),
            _ => {}
        }
        if taken.insert(message.to_lowercase()) {
            return message;
        }
    }
}

/// Lower case at the start, but not for “I”.
fn lower_first(text: &str) -> String {
    if text.starts_with("I ") || text.starts_with("I'") {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// Two letters of a longer word change places, as fingers do it.
fn slip(dice: &mut Dice, text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let long: Vec<usize> = (0..words.len())
        .filter(|at| {
            words[*at].len() > 5 && words[*at].bytes().all(|byte| byte.is_ascii_alphabetic())
        })
        .collect();
    if !long.is_empty() {
        let at = long[dice.below(long.len())];
        let mut letters: Vec<char> = words[at].chars().collect();
        let place = 1 + dice.below(letters.len() - 2);
        letters.swap(place, place - 1);
        words[at] = letters.into_iter().collect();
    }
    words.join(" ")
}

/// JSON Lines. The texts hold nothing that JSON escapes.
fn lines(records: &[(String, &str)], answer: &str) -> String {
    let mut text = String::new();
    for (message, label) in records {
        assert!(!message.contains(['"', '\\']), "{message}");
        let _ = writeln!(
            text,
            "{{\"prompt\": \"Which intent has this message to the support desk? {message}\", \"{answer}\": \"{label}\"}}"
        );
    }
    text
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn choose(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_checked_in_files_are_what_this_writes() {
        let (training, evaluation) = super::generate();
        assert_eq!(training, include_str!("train.jsonl"));
        assert_eq!(evaluation, include_str!("eval.jsonl"));
        assert_eq!(training.lines().count(), 600);
        assert_eq!(evaluation.lines().count(), 120);
    }
}
