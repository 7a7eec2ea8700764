//! What is looked at in every record, whatever its shape: its texts, and how many tokens they have.
use perennial_core::limits::{DataLimits, RecordShape};

use super::{block::Line, said::length_problem};
use crate::{
    conversation::Role,
    finding::{Problem, around, bounded},
    record::{Block, Record},
    rules,
    tokens::{estimate, least},
};

impl Line<'_> {
    pub(super) fn look_at_texts(&mut self, record: &Record<'_>) {
        let (forbidden, near) = (&self.plan.forbidden, self.forbidden);
        let problems = &mut *self.problems;
        let source = self
            .plan
            .limits()
            .map_or("", |limits| limits.source.as_str());
        record.for_each_text(|text| {
            if let Some(forbidden) = forbidden
                && let Some((string, at)) = forbidden.find(text, near)
            {
                problems.push(Problem::new(
                    &rules::FORBIDDEN_STRING,
                    "$",
                    format!("\"{}\" in: {}", bounded(string), around(&text.plain(), at)),
                    format!("Write it otherwise, for example without the colon or the brackets ({source})."),
                ));
            }
            if text.has_control() {
                problems.push(Problem::new(
                    &rules::CONTROL_CHARACTER,
                    "$",
                    bounded(&text.plain()),
                    "Take it out, unless the model is to learn it.",
                ));
            }
        });
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
        let most = limits.max_record_tokens;
        // Documents are cut to the limit.
        if tokens > most && limits.shape != RecordShape::Documents {
            let mut fewest = 0;
            record.for_each_text(|text| fewest += least(text));
            self.problems.push(length_problem(fewest, tokens, limits));
        }
        let turn = record.conversation().and_then(|record| record.turns.last());
        let answer = match (record, turn) {
            (Record::Caption { .. }, _) => Some(last),
            (_, Some(turn)) if turn.role == Role::Assistant => Some(match &turn.blocks[..] {
                [Block::Text(_)] => last,
                _ => turn.texts().map(estimate).sum(),
            }),
            _ => None,
        };
        (tokens, answer)
    }
}
