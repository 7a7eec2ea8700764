//! What a record becomes: what conversion reads a second time is looked at as it is written, and the canonical line is written.
use perennial_core::limits::DataLimits;

use super::{
    block::{Line, Written},
    known::{Identity, hash},
    look::forbidden_problem,
};
use crate::{
    canonical,
    finding::{Problem, around, bounded},
    json::{Tape, Text, Value},
    record::{self, Optional, Record},
    rules,
    scan::{
        marks::Marks,
        secrets::{self, Hit, What},
        windows::Windows,
    },
};

impl Line<'_> {
    /// Looks at what tools are defined by, given and answer, as it is written out: what OpenAI's shape gives a tool is JSON in a string,
    /// and its escapes were read once more than those of the line. Whether the record cannot be used for it.
    pub(super) fn look_at_json(&mut self, record: &Record<'_>) -> bool {
        let mut json = String::new();
        record.for_each_json(|piece| {
            json.push_str(piece);
            json.push('\n');
        });
        if json.is_empty() {
            return false;
        }
        let (mut marks, mut hits) = (Marks::default(), Vec::new());
        let forbidden = self.plan.forbidden.as_ref();
        let nothing = Windows::default();
        marks.look(
            json.as_bytes(),
            &secrets::WINDOWS,
            forbidden.map_or(&nothing, |forbidden| &forbidden.windows),
        );
        let mut places = Vec::new();
        if let Some(forbidden) = forbidden {
            forbidden.places(json.as_bytes(), &marks, &mut places);
        }
        secrets::find(
            json.as_bytes(),
            &marks,
            self.plan.secrets.as_ref(),
            &mut hits,
        );
        let lost = hits.iter().find(|hit| hit.what == What::Lost).copied();
        hits.retain(|hit| hit.what.is_secret());
        // Those were found in the line already, unless they are nowhere in it.
        let from = self.from;
        for hit in &mut hits {
            *hit = Hit {
                start: from,
                end: from,
                ..*hit
            };
        }
        let refused = self.say(&hits);
        if let Some(lost) = lost
            && !self.text.contains('\u{fffd}')
        {
            self.problems.push(Problem::new(
                &rules::REPLACEMENT_CHARACTER,
                "$",
                around(&json, lost.start),
                "A character was lost before the file came here: write the file anew from its source, in UTF-8.",
            ));
        }
        let mut tape = Tape::default();
        for piece in json.lines() {
            // What is too deep or too much to be read again is refused when it is written.
            if tape.parse_canonical(piece).is_ok() {
                self.look_into(tape.value(piece), !places.is_empty());
            }
        }
        record.for_each_name(|name| self.look_at_told(name, true));
        refused
    }

    /// Looks at every text of a value, and at the names of its members.
    fn look_into(&mut self, value: Value<'_>, near: bool) {
        if let Some(text) = value.text() {
            self.look_at_told(&text, near);
        }
        for item in value.items() {
            let name = item.name();
            if !name.is_empty() {
                self.look_at_told(&Text::of(&name), near);
            }
            self.look_into(item, near);
        }
    }

    /// Looks at a text of it; `near` says that a forbidden string stands in one of them.
    fn look_at_told(&mut self, text: &Text<'_>, near: bool) {
        let limits = self.plan.limits();
        if let Some(forbidden) = &self.plan.forbidden
            && let Some((string, at)) = forbidden.find(text, near)
        {
            let source = limits.map_or("", |limits| limits.source.as_str());
            self.problems
                .push(forbidden_problem(string, &text.plain(), at, source));
        }
        let plain = text.plain();
        if plain
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            self.problems.push(Problem::new(
                &rules::CONTROL_CHARACTER,
                "$",
                bounded(&plain),
                "Take it out, unless the model is to learn it.",
            ));
        }
    }

    /// Writes the canonical line; `canonical` is the line that would be written, if there is one, and where its answer begins.
    pub(super) fn written(
        &mut self,
        record: &Record<'_>,
        canonical: Option<(&str, canonical::Answer)>,
        limits: &DataLimits,
        (tokens, answer): (u64, Option<u64>),
    ) -> Option<Written> {
        let start = self.done.out.len();
        if let Some((line, None)) = canonical
            && self.plan.packs
            && std::ptr::eq(line, self.text)
        {
            return Some(Written {
                verbatim: Some((self.from, self.from + line.len())),
                identity: Identity {
                    prompt: hash(line.as_bytes()),
                    completion: line.len() as u64,
                },
                tokens,
                ..Written::default()
            });
        }
        let place = if let Some((line, answer)) = canonical {
            let out = &mut self.done.out;
            out.reserve(line.len() + 1);
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
            answer.map(|at| start + at)
        } else {
            match canonical::write(record, limits.shape, &mut self.done.out) {
                Ok(place) => place,
                Err(problem) => {
                    self.problems.push(problem);
                    return None;
                }
            }
        };
        let out = &self.done.out;
        let optional = Optional::of(record);
        if let Err(problem) = record::tools::read_back(record, optional, &out[start..]) {
            self.problems.push(problem);
            return None;
        }
        Some(Written {
            identity: Identity::of(
                record,
                &out[start..],
                place.map(|from| from - start),
                limits,
            ),
            tokens,
            answer,
            answers: answer.is_some()
                || matches!(record, Record::Log { .. }) && limits.answers_of.is_some(),
            messages: record
                .conversation()
                .map_or(0, |record| record.turns.len() as u32),
            optional,
            uncounted: record.media().1 > 0,
            ..Written::default()
        })
    }
}
