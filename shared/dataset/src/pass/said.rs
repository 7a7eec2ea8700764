//! What is said about a line as a whole: its length, what was found in it before it was parsed.
use perennial_core::limits::{DataLimits, RecordShape};

use super::plan::Plan;
use crate::{
    compiler::Purpose,
    finding::{Place, Problem},
    record::{Record, preference::contradictions},
    rules::{self, Severity},
    scan::secrets::{Hit, What},
    shape,
    summary::{count, grouped},
};

/// The finding for a line over the limit.
pub(crate) fn line_too_long(length: u64) -> Problem {
    Problem::new(
        &rules::LINE_TOO_LONG,
        "",
        format!("a line of {} bytes", grouped(length)),
        "Write one record a line, each under 8 MiB. Look whether line feeds were lost.",
    )
}

pub(super) fn accepted(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Training(limits) => shape::accepted(limits.shape),
        Purpose::Evaluation => {
            "{\"prompt\", \"referenceResponse\", \"category\"}, category being optional"
        }
    }
}

/// What is said in a record, as an evaluation set would write it; nothing for a record without a question.
pub(super) fn spoken<'r>(record: &'r Record<'_>) -> Option<Vec<crate::Turn<'r>>> {
    let turns = record.conversation()?.turns.iter();
    let plain = turns.map(|turn| crate::Turn {
        role: turn.role,
        texts: turn.texts().map(crate::json::Text::plain).collect(),
    });
    Some(plain.collect())
}

pub(super) fn length_problem(fewest: u64, tokens: u64, limits: &DataLimits) -> Problem {
    let (most, source) = (limits.max_record_tokens, &limits.source);
    if fewest > most {
        return Problem::new(
            &rules::SAMPLE_TOO_LONG,
            "$",
            format!(
                "at least about {} tokens where the model takes {} ({source})",
                grouped(fewest),
                grouped(most)
            ),
            "Shorten the record, or split it into several.",
        );
    }
    Problem::new(
        &rules::SAMPLE_MAY_BE_TOO_LONG,
        "$",
        format!(
            "between about {} and {} tokens where the model takes {} ({source})",
            grouped(fewest),
            grouped(tokens),
            grouped(most)
        ),
        "Count its tokens with the model's own tokenizer, or shorten it.",
    )
}

/// The finding for `found` records with a prompt that came before with another completion.
pub(super) fn conflict_problem(plan: &Plan, found: u64, first: u64) -> Problem {
    if prefers(plan) {
        return contradictions(found, first);
    }
    let what = answer(plan);
    Problem::of_file(
        &rules::CONFLICTING_DUPLICATE,
        format!(
            "{} with a prompt that came before with another {what}, the first at line {}",
            count(found, "record"),
            grouped(first)
        ),
        format!("Keep one {what} for each prompt, unless the answers are to differ."),
    )
}

/// Whether records say which of two answers is better: two of them contradict each other if they say it the other way round.
pub(super) fn prefers(plan: &Plan) -> bool {
    plan.limits()
        .is_some_and(|limits| limits.shape == RecordShape::Preferences)
}

/// What a prompt has one of.
pub(super) fn answer(plan: &Plan) -> &'static str {
    match plan.purpose {
        Purpose::Training(_) => "completion",
        Purpose::Evaluation => "reference answer",
    }
}

/// A secret is said, and never shown: a report is read by more people than the data.
pub(super) fn hit_problem(plan: &Plan, from: usize, text: &str, place: Place, hit: Hit) -> Problem {
    let (start, end) = (hit.start - from, (hit.end - from).min(text.len()));
    let column = text
        .get(..start)
        .map_or(start, |before| before.chars().count())
        + 1;
    let column = place.column(column as u64);
    match hit.what {
        What::Lost => Problem::new(
            &rules::REPLACEMENT_CHARACTER,
            "",
            format!("{column}: {}", crate::finding::around(text, start)),
            "A character was lost before the file came here: write the file anew from its source, in UTF-8.",
        )
        .at((start, end)),
        What::Control => Problem::new(
            &rules::CONTROL_CHARACTER,
            "",
            format!("{column}: {}", crate::finding::around(text, start)),
            "Take it out, unless the model is to learn it.",
        )
        .at((start, end)),
        What::Secret(_) | What::Card => secret_problem(plan, &column, hit.what),
    }
}

/// The finding for a secret at this place.
pub(super) fn secret_problem(plan: &Plan, place: &str, what: What) -> Problem {
    let problem = match what {
        What::Secret(what) => Problem::new(
            &rules::SECRET,
            "",
            format!("{place}: {what}"),
            "Take it out of the data, and make it invalid: it stands in a file. `[data] secrets` in the configuration says what is done about it.",
        ),
        What::Card | What::Lost | What::Control => Problem::new(
            &rules::CARD_NUMBER,
            "",
            format!("{place}: a number with a payment card's form and checksum"),
            "Replace it by a word, or by a number that no card has. `[data] secrets` in the configuration says what is done about it.",
        ),
    };
    if plan.secrets.as_ref().is_some_and(|secrets| secrets.reject) {
        problem.made_severe(Severity::Error)
    } else {
        problem
    }
}
