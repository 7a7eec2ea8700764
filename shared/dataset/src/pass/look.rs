//! What is looked at in every record: its shape, its texts, and how many tokens they have.
use perennial_core::{
    limits::{DataLimits, RecordShape},
    prompt::PromptDigest,
};

use super::{
    block::{Line, Question, Written},
    known::{Identity, hash},
    said::{accepted, length_problem, spoken},
};
use crate::{
    conversation::{Role, earlier_questions, render_prompt},
    evaluation,
    finding::{Problem, around, bounded},
    index::exact,
    json::Value,
    members::names,
    record::{Block, Record, preference},
    rules,
    shape::{self, InputShape},
    summary::grouped,
    tokens::{IMAGE_TOKENS, estimate, estimate_tokens, fewest_tokens, least, of_image},
};

impl Line<'_> {
    /// An evaluation record, checked and written.
    pub(super) fn question(&mut self, value: Value<'_>, shape: InputShape) -> Option<Written> {
        let record = if shape.is_preference() {
            preference::question(value, shape, self.problems)?
        } else {
            evaluation::check(value, self.problems)?
        };
        if self.plan.questions {
            self.done.questions.push(Question {
                prompt: PromptDigest::of(&record.prompt),
                exact: exact(&record.prompt),
                line: self.place.line,
            });
        }
        let line = record.to_line();
        let answer = estimate_tokens(&record.reference_response);
        self.done.out.extend_from_slice(&line);
        Some(Written {
            identity: Identity {
                prompt: hash(record.prompt.as_bytes()),
                completion: hash(record.reference_response.as_bytes()),
            },
            tokens: estimate_tokens(&record.prompt) + answer,
            answer: Some(answer),
            ..Written::default()
        })
    }

    /// The record's shape, if it is one for this purpose and the one of the records before.
    pub(super) fn recognise(&mut self, value: Value<'_>) -> Option<InputShape> {
        let target = self.plan.limits().map(|limits| limits.shape);
        let Some(shape) = shape::detect(value, self.done.shape, target) else {
            let found = if value.count() == 0 {
                "an object without members".to_owned()
            } else {
                format!("the members {}", bounded(&names(value)))
            };
            let fix = format!(
                "Write each record in one of the shapes {}.",
                accepted(&self.plan.purpose)
            );
            self.add(Problem::new(&rules::UNKNOWN_SHAPE, "$", found, fix));
            return None;
        };
        let shape = match (target, shape) {
            // A record that only has a prompt lacks its answer, in either kind of file.
            (None, InputShape::PromptCompletion)
                if value.items().all(|member| {
                    member.is_null() || matches!(member.name().as_ref(), "prompt" | "category")
                }) =>
            {
                InputShape::Evaluation
            }
            (_, shape) => shape,
        };
        match (target, shape) {
            (None, InputShape::Evaluation) => {}
            // The preferred answer is the right one.
            (None, shape) if shape.is_preference() => {}
            (None, other) => {
                self.add(evaluation::training_record_here(value, other.label()));
                return None;
            }
            (Some(_), InputShape::Evaluation) => {
                self.add(Problem::new(
                    &rules::WRONG_PLACE,
                    "$",
                    format!(
                        "an evaluation record among training data, with the members {}",
                        bounded(&names(value))
                    ),
                    "Move the file to eval/<pipeline>/, or rename referenceResponse to completion.",
                ));
                return None;
            }
            (Some(_), _) => {}
        }
        match self.done.shape {
            Some(first) if first != shape => {
                self.add(Problem::new(
                    &rules::MIXED_SHAPES,
                    "$",
                    format!(
                        "{} after records in the shape {}",
                        shape.label(),
                        first.label()
                    ),
                    "Put the records of each shape into a file of their own.",
                ));
                None
            }
            _ => {
                self.done.shape = Some(shape);
                Some(shape)
            }
        }
    }

    pub(super) fn look_at_texts(&mut self, record: &Record<'_>) {
        let (forbidden, near) = (&self.plan.forbidden, self.forbidden);
        let control = self.has_control();
        let (line, problems) = (self.text, &mut *self.problems);
        let source = self
            .plan
            .limits()
            .map_or("", |limits| limits.source.as_str());
        record.for_each_text(|text| {
            if let Some(forbidden) = forbidden
                && let Some((string, at)) = forbidden.find(text, near)
            {
                let mut problem = forbidden_problem(string, &text.plain(), at, source);
                if let Some(place) = place_in(line, text.raw())
                    && let Some((start, end)) = forbidden.span(text.raw().as_bytes())
                {
                    problem = problem.at((place + start, place + end));
                }
                problems.push(problem);
            }
            if text.has_control() || control && text.has_plain_control() {
                problems.push(Problem::new(
                    &rules::CONTROL_CHARACTER,
                    "$",
                    bounded(&text.plain()),
                    "Take it out, unless the model is to learn it.",
                ));
            }
        });
    }

    /// Says of a record that its prompt stands in the evaluation set, or a question that it answers before.
    pub(super) fn look_for_leak(&mut self, record: &Record<'_>) {
        let Some(excluded) = &self.plan.evaluation else {
            return;
        };
        let Some(turns) = spoken(record) else {
            return;
        };
        let prompt = render_prompt(&turns);
        let digest = PromptDigest::of(&prompt);
        let (path, digest, prompt) = if excluded.holds(digest) {
            ("$".to_owned(), digest, prompt)
        } else {
            let mut earlier = earlier_questions(&turns).into_iter();
            let Some((answer, digest)) = earlier.find(|(_, digest)| excluded.holds(*digest)) else {
                return;
            };
            // The message that is answered there.
            let asked = record
                .conversation()
                .map_or(0, |record| record.turns[answer - 1].index);
            let path = match record {
                Record::Log { .. } => format!("$.input.inputBodyJson.messages[{asked}]"),
                // In one of several shapes.
                Record::Preference(_) => "$".to_owned(),
                _ => format!("$.messages[{asked}]"),
            };
            (path, digest, render_prompt(&turns[..=answer]))
        };
        self.done.leaked += 1;
        let found = match excluded.place(digest) {
            Some((file, line)) => format!(
                "as {} line {}: {}",
                bounded(file),
                grouped(line),
                bounded(&prompt)
            ),
            None => bounded(&prompt),
        };
        self.problems.push(Problem::new(
            &rules::EVALUATION_LEAK,
            path,
            found,
            "Nothing: it is left out when a dataset is sealed.",
        ));
    }

    pub(super) fn look_at_length(
        &mut self,
        record: &Record<'_>,
        limits: &DataLimits,
    ) -> (u64, Option<u64>) {
        let (mut tokens, mut last) = (0, 0);
        record.for_each_text(|text| {
            last = estimate(text);
            tokens += last;
        });
        record.for_each_json(|json| tokens += estimate_tokens(json));
        let images = record.media().0;
        let most = limits.max_record_tokens;
        // Two answers are read one after the other, each with the prompt.
        let shorter = match record {
            Record::Preference(preference) => preference.shorter(),
            _ => (0, 0),
        };
        let longest = tokens - shorter.0 + images * of_image(&limits.content);
        tokens += images * IMAGE_TOKENS;
        // Documents are cut to the limit.
        if longest > most && limits.shape != RecordShape::Documents {
            let mut fewest = 0;
            record.for_each_text(|text| fewest += least(text));
            record.for_each_json(|json| fewest += fewest_tokens(json));
            let fewest = fewest - shorter.1;
            self.problems.push(length_problem(fewest, longest, limits));
        }
        let turn = record.conversation().and_then(|record| record.turns.last());
        let answer = match (record, turn) {
            (Record::Caption { .. }, _) => Some(last),
            (_, Some(turn)) if turn.role == Role::Assistant => Some(match &turn.blocks[..] {
                [Block::Text(_)] => last,
                blocks => {
                    let mut answer = turn.texts().map(estimate).sum();
                    for block in blocks {
                        block.for_each_json(|json| answer += estimate_tokens(json));
                    }
                    answer
                }
            }),
            _ => None,
        };
        (tokens, answer)
    }
}

/// The finding for a forbidden string at this byte of a text.
pub(super) fn forbidden_problem(string: &str, text: &str, at: usize, source: &str) -> Problem {
    Problem::new(
        &rules::FORBIDDEN_STRING,
        "$",
        format!("\"{}\" in: {}", bounded(string), around(text, at)),
        format!("Write it otherwise, for example without the colon or the brackets ({source})."),
    )
}

/// Where a part of a line begins in it; nothing for a text that is spelt otherwise in its line.
fn place_in(line: &str, part: &str) -> Option<usize> {
    let place = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    (line.get(place..place + part.len())? == part).then_some(place)
}
