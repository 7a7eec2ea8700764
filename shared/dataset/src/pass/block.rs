//! One block of lines: each line parsed, recognised, checked and compiled, without regard to other blocks.
use perennial_core::{limits::DataLimits, prompt::PromptDigest};
use smallvec::SmallVec;

use super::{
    buffer::{Buffer, Space},
    cut::BLOCK,
    known::Identity,
    plan::Plan,
    said::{accepted, hit_problem, line_too_long},
};
use crate::{
    canonical,
    compiler::Purpose,
    finding::{Findings, Place, Problem, bounded},
    json::{Tape, Value, refuse},
    media::{self, MediaReference},
    record::{
        self, Optional, Record, Taken,
        quick::{self, Escapes, Quick},
    },
    refusal::{invalid_utf8, refusal_at},
    rules,
    scan::{
        hidden::{Hides, Spelt},
        marks::Marks,
        secrets::{self, Hit, What},
        windows::Windows,
    },
    shape::InputShape,
};

/// Lines that are handed to another thread.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Whole lines.
    pub(crate) lines: Buffer,
    /// Where each of them began in the file, where they are not its lines, one after the other.
    pub(crate) places: Option<Vec<Place>>,
    /// For what comes out.
    pub(crate) space: Space,
}

/// What became of a block.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Canonical lines, behind what stood in the buffer before.
    pub(crate) out: Vec<u8>,
    /// Where they begin.
    pub(crate) from: usize,
    /// The buffer that the lines came in, to be used again.
    pub(crate) spent: Buffer,
    /// One for each canonical line.
    pub(crate) written: Vec<Written>,
    pub(crate) findings: Findings,
    /// Lines, blank ones included; findings count from the block's first, unless the work had places.
    pub(crate) lines: u64,
    /// Lines that are not blank.
    pub(crate) seen: u64,
    pub(crate) leaked: u64,
    /// The files that the records name, if they are asked for; lines as those of the findings.
    pub(crate) media: Vec<MediaReference>,
    /// The questions of an evaluation set, if they are asked for; lines as those of the findings.
    pub(crate) questions: Vec<Question>,
    /// The shape of the first record, if the plan had none yet.
    pub(crate) shape: Option<InputShape>,
    /// Whether the findings' lines are the file's.
    pub(crate) placed: bool,
}

/// A question of an evaluation set, as it is looked for in training records.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) prompt: PromptDigest,
    /// A hash of it to the letter.
    pub(crate) exact: u64,
    pub(crate) line: u64,
}

/// One canonical line, as the file's statistics and duplicates need it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Written {
    /// Behind its line feed, in bytes of the block's output.
    pub(crate) end: usize,
    /// Where it stands in the block that was read, if it was not written.
    pub(crate) verbatim: Option<(usize, usize)>,
    pub(crate) line: u64,
    pub(crate) identity: Identity,
    pub(crate) tokens: u64,
    /// Tokens of the last answer, if there is one.
    pub(crate) answer: Option<u64>,
    /// Whether there is an answer that is learnt.
    pub(crate) answers: bool,
    pub(crate) messages: u32,
    /// Whether it names files whose tokens are not counted.
    pub(crate) uncounted: bool,
    pub(crate) optional: Optional,
    /// Whether a secret stands in it, so that it is not shown.
    pub(crate) secret: bool,
}

/// Works on blocks, one after the other; what it allocates is used again.
#[derive(Debug, Default)]
pub(crate) struct Worker {
    tape: Tape,
    marks: Marks,
    spelt: Spelt,
    hits: Vec<Hit>,
    /// Where forbidden strings stand.
    forbidden: Vec<usize>,
    problems: Vec<Problem>,
}

impl Worker {
    /// Works on whole lines; `places` are where they began in the file, where they are not its lines, one after the other.
    /// What they become is appended to what `space` holds.
    pub(crate) fn work(
        &mut self,
        plan: &Plan,
        lines: &[u8],
        places: Option<&[Place]>,
        space: Space,
    ) -> Done {
        let Space { mut out, written } = space;
        // In large steps: of buffers that are used again, each would be a little too small for the next block.
        out.reserve_exact((lines.len() + lines.len() / 8).next_multiple_of(BLOCK / 4));
        let mut done = Done {
            from: out.len(),
            out,
            written,
            shape: plan.shape,
            placed: places.is_some(),
            ..Done::default()
        };
        let block = lines;
        let whole = simdutf8::basic::from_utf8(block).ok();
        let nothing = Windows::default();
        let forbidden = plan.forbidden.as_ref();
        self.marks.look(
            block,
            &secrets::WINDOWS,
            forbidden.map_or(&nothing, |forbidden| &forbidden.windows),
        );
        let mut hits = std::mem::take(&mut self.hits);
        secrets::find(block, &self.marks, plan.secrets.as_ref(), &mut hits);
        let mut found = std::mem::take(&mut self.forbidden);
        found.clear();
        if let Some(forbidden) = forbidden {
            forbidden.places(block, &self.marks, &mut found);
        }
        let mut next_place = 0;
        let (mut start, mut next_hit) = (0, 0);
        while start < block.len() {
            let end = memchr::memchr(b'\n', &block[start..]).map_or(block.len(), |end| start + end);
            let (from, line) = (start, &block[start..end]);
            start = end + 1;
            done.lines += 1;
            let place = match places {
                Some(places) => places
                    .get(done.lines as usize - 1)
                    .copied()
                    .unwrap_or_default(),
                None => Place::line(done.lines),
            };
            let first_hit = next_hit;
            while hits.get(next_hit).is_some_and(|hit| hit.start < start) {
                next_hit += 1;
            }
            let first_place = next_place;
            while found.get(next_place).is_some_and(|at| *at < start) {
                next_place += 1;
            }
            let mut one = Line {
                plan,
                place,
                text: "",
                forbidden: next_place > first_place,
                hits: &hits[first_hit..next_hit],
                said: SmallVec::new(),
                from,
                problems: &mut self.problems,
                done: &mut done,
            };
            if line.len() > plan.line {
                one.too_long(line.len() as u64);
                continue;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.first().is_none_or(u8::is_ascii_whitespace) && line.trim_ascii().is_empty() {
                continue;
            }
            one.done.seen += 1;
            let text = match whole {
                // A block that is UTF-8 is so line by line: a line feed is no part of another character.
                Some(whole) => &whole[from..from + line.len()],
                None => match std::str::from_utf8(line) {
                    Ok(text) => text,
                    Err(error) => {
                        one.say_hits();
                        one.add(invalid_utf8(line, place, error.valid_up_to()));
                        continue;
                    }
                },
            };
            one.text = text;
            one.compile(&mut self.tape, &self.marks, &mut self.spelt);
        }
        self.hits = hits;
        self.forbidden = found;
        done
    }
}

pub(super) struct Line<'l> {
    pub(super) plan: &'l Plan,
    pub(super) place: Place,
    pub(super) text: &'l str,
    /// What was found in the line before it was parsed.
    hits: &'l [Hit],
    /// The kinds of them that were told.
    said: SmallVec<[What; 2]>,
    /// Whether a forbidden string stands in it.
    pub(super) forbidden: bool,
    /// Where the line begins in the block.
    pub(super) from: usize,
    pub(super) problems: &'l mut Vec<Problem>,
    pub(super) done: &'l mut Done,
}

impl Line<'_> {
    pub(super) fn add(&mut self, problem: Problem) {
        let problem = if self.has_secret() {
            problem.without_text()
        } else {
            problem
        };
        self.done.findings.add(self.place, self.text, problem);
    }

    fn has_secret(&self) -> bool {
        let told = self.said.iter().any(|what| what.is_secret());
        told || self.hits.iter().any(|hit| hit.what.is_secret())
    }

    /// Whether a control character stands in it that JSON does not escape.
    pub(super) fn has_control(&self) -> bool {
        self.hits.iter().any(|hit| hit.what == What::Control)
    }

    /// Says what was found in the line before it was parsed; whether the record cannot be used for it.
    fn say_hits(&mut self) -> bool {
        self.say(self.hits)
    }

    pub(super) fn say(&mut self, hits: &[Hit]) -> bool {
        let any = hits.iter().any(|hit| hit.what.is_secret());
        let mut failed = any
            && self
                .plan
                .secrets
                .as_ref()
                .is_some_and(|secrets| secrets.reject);
        let secret = self.has_secret() || any;
        for hit in hits {
            // One finding for each kind: a line of a million cards is one line to be mended. Control characters are told by text.
            if hit.what == What::Control || self.said.contains(&hit.what) {
                continue;
            }
            self.said.push(hit.what);
            let problem = hit_problem(self.plan, self.from, self.text, self.place, *hit);
            failed |= problem.is_error();
            // What is said of a secret never has its text.
            let problem = if hit.what == What::Lost && secret {
                problem.without_text()
            } else {
                problem
            };
            self.done.findings.add(self.place, self.text, problem);
        }
        failed
    }

    /// Says what hides in the line behind characters that are spelt as escapes.
    fn say_hidden(&mut self, spelt: &mut Spelt) -> bool {
        for hit in &mut spelt.hits {
            (hit.start, hit.end) = (hit.start + self.from, hit.end + self.from);
        }
        self.say(&spelt.hits)
    }

    fn too_long(&mut self, length: u64) {
        self.done.seen += 1;
        self.add(line_too_long(length));
    }

    fn compile(&mut self, tape: &mut Tape, marks: &Marks, spelt: &mut Spelt) {
        let text = self.text;
        let mut refused = self.say_hits();
        let mut quick = self.quick(text, marks, self.from, Escapes::Plain);
        // What is read quickly has no escapes behind which something may hide.
        if quick.is_none() {
            let (secrets, forbidden) = (&self.plan.secrets, &self.plan.forbidden);
            let hides = spelt.look(text, secrets.as_ref(), forbidden.as_ref());
            refused |= self.say_hidden(spelt);
            if hides == Hides::Deeper {
                quick = self.quick(text, marks, self.from, Escapes::Deeper);
            } else if hides == Hides::Characters
                && let Some(quick) = self.quick(&spelt.line, &spelt.marks, 0, Escapes::Deeper)
                && self.keep_spelt(refused, spelt.forbidden, &quick)
            {
                return;
            }
        }
        if let Some(quick) = quick {
            self.done.shape = Some(quick.shape);
            self.keep(refused, |line| {
                line.compiled(&quick.record, quick.canonical)
            });
            return;
        }
        if tape.parse_marked(text, &marks.words, self.from).is_err() {
            self.add(refusal_at(text, self.place, refuse(text)));
            return;
        }
        let value = tape.value(text);
        if !value.is_object() {
            self.add(
                Problem::new(
                    &rules::NOT_AN_OBJECT,
                    "$",
                    shown_with_kind(value, text),
                    format!(
                        "Write one object a line, in one of the shapes {}.",
                        accepted(&self.plan.purpose)
                    ),
                )
                .at(value.span()),
            );
            return;
        }
        let Some(shape) = self.recognise(value) else {
            return;
        };
        self.keep(refused, |line| match &line.plan.purpose {
            Purpose::Evaluation => line.question(value, shape),
            Purpose::Training(limits) => line.record(value, shape, limits),
        });
    }

    /// The record of a line in its usual spelling.
    fn quick<'t>(
        &self,
        text: &'t str,
        marks: &Marks,
        from: usize,
        escapes: Escapes,
    ) -> Option<Quick<'t>> {
        match &self.plan.purpose {
            Purpose::Training(limits) if self.plan.quick => {
                let words = &marks.words;
                quick::read(text, words, from, limits.shape, self.done.shape, escapes)
            }
            _ => None,
        }
    }

    /// Keeps a record of which another spelling was read, if there is nothing to say of it: a finding points into the line as it came.
    fn keep_spelt(&mut self, refused: bool, forbidden: bool, quick: &Quick<'_>) -> bool {
        self.problems.clear();
        let (start, leaked) = (self.done.out.len(), self.done.leaked);
        let forbidden = std::mem::replace(&mut self.forbidden, forbidden);
        let written = self.compiled(&quick.record, quick.canonical);
        if !self.problems.is_empty() {
            self.problems.clear();
            self.done.out.truncate(start);
            self.done.leaked = leaked;
            self.forbidden = forbidden;
            return false;
        }
        self.done.shape = Some(quick.shape);
        self.settle(refused, start, written);
        true
    }

    /// Keeps what `write` writes, unless there is something wrong with it; `refused` says that there is.
    #[inline(always)]
    fn keep(&mut self, refused: bool, write: impl FnOnce(&mut Self) -> Option<Written>) {
        self.problems.clear();
        let start = self.done.out.len();
        let written = write(self);
        self.settle(refused, start, written);
    }

    /// Says what is wrong with the record whose line begins at `start` of the output, and keeps it or takes it out.
    #[inline(always)]
    fn settle(&mut self, refused: bool, start: usize, written: Option<Written>) {
        let mut failed = written.is_none() || refused;
        if !self.problems.is_empty() {
            let mut problems = std::mem::take(self.problems);
            for problem in problems.drain(..) {
                failed |= problem.is_error();
                self.add(problem);
            }
            *self.problems = problems;
        }
        match written {
            Some(written) if !failed => self.done.written.push(Written {
                end: self.done.out.len(),
                line: self.place.line,
                secret: self.has_secret(),
                ..written
            }),
            _ => self.done.out.truncate(start),
        }
    }

    fn record(
        &mut self,
        value: Value<'_>,
        shape: InputShape,
        limits: &DataLimits,
    ) -> Option<Written> {
        let taken = Taken {
            shape: limits.shape,
            content: &limits.content,
            source: &limits.source,
            answers_of: limits.answers_of.as_deref(),
            bucket: self.plan.bucket.as_deref(),
        };
        let record = record::read(value, shape, taken, self.problems);
        self.compiled(&record, None)
    }

    /// Looks at what is the same for all shapes, and writes the record; `canonical` is the line that would be written, if there is one, and
    /// where its answer begins.
    fn compiled(
        &mut self,
        record: &Record<'_>,
        canonical: Option<(&str, canonical::Answer)>,
    ) -> Option<Written> {
        let limits = self.plan.limits()?;
        self.look_at_texts(record);
        let (tokens, answer) = self.look_at_length(record, limits);
        let refused = self.look_at_json(record);
        if refused || self.problems.iter().any(Problem::is_error) {
            return None;
        }
        self.look_for_leak(record);
        if self.plan.media {
            let (named, line) = (&mut self.done.media, self.place.line);
            media::for_each(record, |uri, kind, format| {
                named.push(MediaReference {
                    uri: uri.to_owned(),
                    kind,
                    format: format.to_ascii_lowercase(),
                    line,
                });
            });
        }
        self.written(record, canonical, limits, (tokens, answer))
    }
}

/// A value behind the word for what it is, which for null says all.
fn shown_with_kind(value: Value<'_>, text: &str) -> String {
    match value.kind_name() {
        "null" => "null".to_owned(),
        kind => format!("{kind}: {}", bounded(text)),
    }
}
