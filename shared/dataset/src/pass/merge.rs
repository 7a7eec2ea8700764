//! The results of the blocks, put together in order: duplicates dropped, records counted, and what can only be said of the whole.
use super::{
    block::{Done, Question, Written},
    buffer::Space,
    plan::Plan,
    repeats::Repeats,
    said::line_too_long,
    tally::{Frequent, Members},
};
use perennial_core::limits::RecordShape;
use perennial_inputs::{Packed, Packer};

use crate::{
    between::Between,
    canonical,
    compiler::{Bounds, Purpose},
    documents::Documents,
    finding::{Findings, Place, Problem},
    masked::Masked,
    media::Gathered,
    rules,
    shape::InputShape,
    statistics::{Histogram, Sample, Statistics},
    summary::{SAMPLE, SAMPLES, count, grouped},
    tokens::estimate_escaped,
};

/// The share of records in the evaluation set from which on something is wrong with the split.
const LEAKS: (u64, u64) = (1, 100);

#[derive(Debug)]
pub(crate) struct Merger {
    pub(crate) findings: Findings,
    pub(crate) hopeless: bool,
    pub(crate) shape: Option<InputShape>,
    pub(crate) lines: u64,
    seen: u64,
    pub(crate) written: u64,
    pub(crate) tokens: u64,
    /// Records with files whose tokens are not counted.
    uncounted: u64,
    pub(crate) samples: Vec<Sample>,
    pub(crate) leaked: u64,
    pub(crate) media: Gathered,
    lengths: Lengths,
    pub(crate) repeats: Repeats,
    /// The questions of an evaluation set, where they are gathered.
    questions: Vec<Question>,
    members: Members,
    completions: Frequent,
    training: bool,
    /// Cuts and packs documents; what is in it has not been written yet.
    packer: Option<Packer>,
    /// The documents in what was packed, where somebody asks for them.
    documents: Option<Documents>,
    /// Whether a document with a secret is in it.
    pack_secret: bool,
    /// Whether the records are pieces of one document: two that are alike are no duplicates, or its prose would be lost.
    one_document: bool,
}

#[derive(Debug, Default)]
struct Lengths {
    tokens: Histogram,
    prompts: Histogram,
    answers: Histogram,
    messages: Histogram,
}

impl Merger {
    pub(crate) fn new(purpose: &Purpose, bounds: Bounds) -> Self {
        let packer = match purpose {
            Purpose::Training(limits) if limits.shape == RecordShape::Documents => {
                Some(Packer::new(limits.max_record_tokens, estimate_escaped))
            }
            _ => None,
        };
        let training = matches!(purpose, Purpose::Training(_));
        Self {
            findings: Findings::default(),
            hopeless: false,
            shape: None,
            lines: 0,
            seen: 0,
            written: 0,
            tokens: 0,
            uncounted: 0,
            samples: Vec::new(),
            leaked: 0,
            media: Gathered::default(),
            lengths: Lengths::default(),
            repeats: Repeats::new(purpose, bounds),
            questions: Vec::new(),
            members: Members::default(),
            completions: Frequent::default(),
            training,
            packer,
            documents: None,
            pack_secret: false,
            one_document: false,
        }
    }

    /// Takes a finding after which nothing more can be read.
    pub(crate) fn give_up(&mut self, problem: Problem) {
        self.findings.add_of_file(problem);
        self.hopeless = true;
    }

    /// Takes a finding of a line that gave no record.
    pub(crate) fn trouble(&mut self, line: u64, problem: Problem) {
        if problem.is_error() {
            self.seen += 1;
        }
        self.findings.add(Place::line(line), "", problem);
    }

    /// Says that a secret stands in a line of which something else is said, too.
    pub(crate) fn secret(&mut self, line: u64, problem: Problem) {
        self.findings.add(Place::line(line), "", problem);
    }

    /// Says that documents come cut to the limit, and are not to be packed with others.
    pub(crate) fn is_cut(&mut self) {
        self.packer = None;
        self.one_document = true;
    }

    /// Puts the finding that the time was up before all others.
    pub(crate) fn out_of_time(&mut self, problem: Problem) {
        let mut all = Findings::default();
        all.add_of_file(problem);
        all.join(std::mem::take(&mut self.findings), 0);
        self.findings = all;
        self.hopeless = true;
    }

    pub(crate) fn too_long(&mut self, length: u64) {
        self.lines += 1;
        self.seen += 1;
        self.findings
            .add(Place::line(self.lines), "", line_too_long(length));
    }

    /// Keeps in mind which documents are in what is packed, for [`Merger::take_documents`].
    pub(crate) fn tell_documents(&mut self) {
        self.documents = Some(Documents::default());
    }

    /// The documents of the records that were packed since they were taken last.
    pub(crate) fn take_documents(&mut self) -> Documents {
        (self.documents.as_mut())
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Whether documents are put together, so that what comes out is not what a block gave.
    pub(crate) fn packs(&self) -> bool {
        self.packer.is_some()
    }

    /// Takes the result of a block of `lines` and appends its records to `out`, or puts its buffer in the place of an empty `out`; what
    /// is left to be used again.
    pub(crate) fn take(&mut self, mut done: Done, lines: &[u8], out: &mut Vec<u8>) -> Space {
        let base = if done.placed { 0 } else { self.lines };
        if !done.placed {
            self.lines += done.lines;
        }
        self.seen += done.seen;
        self.leaked += done.leaked;
        self.media.take(std::mem::take(&mut done.media), base);
        let questions = std::mem::take(&mut done.questions);
        self.questions
            .extend(questions.into_iter().map(|question| Question {
                line: base + question.line,
                ..question
            }));
        self.shape = self.shape.or(done.shape);
        self.findings.join(std::mem::take(&mut done.findings), base);
        self.repeats
            .expect(done.written.iter().map(|written| written.identity));
        if let Some(mut packer) = self.packer.take() {
            self.pack(&mut packer, &done, lines, base, out);
            self.packer = Some(packer);
            return Space {
                out: done.out,
                written: done.written,
            };
        }
        // What is dropped is closed up over: up to `kept`, the buffer holds what stays.
        let (mut start, mut kept) = (done.from, done.from);
        for written in &done.written {
            let end = written.end;
            if self.keep(written, base + written.line, &done.out[start..end]) {
                if kept < start {
                    done.out.copy_within(start..end, kept);
                }
                kept += end - start;
            }
            start = end;
        }
        done.out.truncate(kept);
        let left = if out.is_empty() {
            std::mem::replace(out, done.out)
        } else {
            out.extend_from_slice(&done.out);
            done.out
        };
        Space {
            out: left,
            written: done.written,
        }
    }

    /// Drops repeated documents, cuts long ones and packs short ones.
    fn pack(
        &mut self,
        packer: &mut Packer,
        done: &Done,
        lines: &[u8],
        base: u64,
        out: &mut Vec<u8>,
    ) {
        let mut start = 0;
        for written in &done.written {
            let line = base + written.line;
            let canonical = match written.verbatim {
                Some((from, to)) => &lines[from..to],
                None => &done.out[start..written.end],
            };
            start = written.end;
            if self.repeats.keeps(written.identity, line)
                && let Some(text) = canonical::document_text(canonical)
            {
                let mut handed_on = false;
                packer.push_counted(line, text, written.tokens, &mut |packed| {
                    handed_on = true;
                    // The pack may hold this document, or only those before it.
                    let secret = self.pack_secret || written.secret;
                    self.packed(packed, secret, out);
                });
                self.pack_secret = written.secret || self.pack_secret && !handed_on;
            }
        }
    }

    fn packed(&mut self, packed: Packed<'_>, secret: bool, out: &mut Vec<u8>) {
        if let Some(documents) = &mut self.documents {
            documents.push(packed.documents);
        }
        let start = out.len();
        canonical::document(packed.text, out);
        out.push(b'\n');
        let written = Written {
            tokens: packed.tokens,
            secret,
            ..Written::default()
        };
        let line = std::mem::take(out);
        self.count(&written, packed.line, &line[start..]);
        *out = line;
    }

    /// Counts a record; false if it is dropped.
    fn keep(&mut self, written: &Written, line: u64, canonical: &[u8]) -> bool {
        if !self.one_document && !self.repeats.keeps(written.identity, line) {
            return false;
        }
        if self.training {
            self.members.take(written.optional, line);
            if written.answers {
                self.completions.take(written.identity.completion);
            }
        }
        self.count(written, line, canonical);
        true
    }

    fn count(&mut self, written: &Written, line: u64, canonical: &[u8]) {
        self.written += 1;
        self.tokens += written.tokens;
        self.uncounted += u64::from(written.uncounted);
        self.lengths.tokens.add(written.tokens);
        self.lengths
            .prompts
            .add(written.tokens - written.answer.unwrap_or(0));
        if let Some(answer) = written.answer {
            self.lengths.answers.add(answer);
        }
        if written.messages > 0 {
            self.lengths.messages.add(u64::from(written.messages));
        }
        if self.samples.len() < SAMPLES && !written.secret {
            self.samples.push(sample(line, canonical));
        }
    }

    /// The files that are read together, with the questions of this one.
    pub(crate) fn between(&mut self) -> Between {
        let mut between = self.repeats.between.take().unwrap_or_default();
        for question in self.questions.drain(..) {
            between.ask((question.prompt, question.exact), question.line);
        }
        between
    }

    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            tokens: self.lengths.tokens.spread(),
            prompt_tokens: self.lengths.prompts.spread(),
            completion_tokens: self.lengths.answers.spread(),
            messages: self.lengths.messages.spread(),
        }
    }

    /// The findings about the file as a whole.
    pub(crate) fn finish(&mut self, plan: &Plan, out: &mut Vec<u8>) {
        if let Some(mut packer) = self.packer.take() {
            let secret = self.pack_secret;
            packer.finish(&mut |packed| self.packed(packed, secret, out));
        }
        self.repeats.finish(plan, &mut self.findings);
        if self.hopeless {
            return;
        }
        if self.seen == 0 {
            let found = if self.lines == 0 {
                "no byte".to_owned()
            } else {
                format!("{} but no record", count(self.lines, "blank line"))
            };
            self.give_up(Problem::of_file(
                &rules::EMPTY_FILE,
                found,
                "Write one JSON object a line, and upload the file again.",
            ));
            return;
        }
        if let Purpose::Training(_) = plan.purpose {
            self.finish_records(plan);
        }
    }

    fn finish_records(&mut self, plan: &Plan) {
        let Some(limits) = plan.limits() else { return };
        let (fewest, most, source) = (limits.min_records, limits.max_records, &limits.source);
        if let Some((names, line, with)) = self.members.uneven(self.written) {
            self.findings.add_of_file(Problem::of_file(
                &rules::OPTIONAL_MEMBER,
                format!("{names} in {} of {}, the first difference at line {}", grouped(with), count(self.written, "record"), grouped(line)),
                "Write it in every record, or put the records with it and without it into files of their own.",
            ));
        }
        if let Some(found) = self.members.modalities() {
            self.findings.add_of_file(Problem::of_file(
                &rules::MIXED_MODALITY,
                found,
                "Put records with images, with videos and with text alone into pipelines of their own.",
            ));
        }
        if self.uncounted > 0 {
            self.findings.add_of_file(Problem::of_file(
                &rules::UNCOUNTED_MEDIA,
                format!("{} with videos or documents, of which the text alone is counted", count(self.uncounted, "record")),
                "Leave room in `[budget]`: what is said of tokens and of a price is without them. Of a video, Amazon Nova looks at a frame a second.",
            ));
        }
        if let Some((times, of)) = self.completions.nearly_all() {
            self.findings.add_of_file(Problem::of_file(
                &rules::NEAR_CONSTANT,
                format!("at least {} of {} have the same completion", grouped(times), count(of, "record")),
                "Look whether the right column or member was taken: a model that is trained on it learns to say one thing.",
            ));
        }
        let read = self.written + self.repeats.duplicates;
        if self.leaked * LEAKS.1 > read * LEAKS.0 {
            self.findings.add_of_file(Problem::of_file(
                &rules::EVALUATION_LEAKS,
                format!(
                    "{} of {} have their prompt in the evaluation set",
                    grouped(self.leaked),
                    count(read, "record")
                ),
                "Take them out of eval/<pipeline>/ or out of the training data: a run ends before it is paid for while it is so.",
            ));
        }
        if self.written < fewest && self.findings.errors == 0 {
            self.findings.add_of_file(Problem::of_file(
                &rules::FEWER_THAN_MINIMUM,
                format!(
                    "{} where a job takes at least {} ({source})",
                    count(self.written, "record"),
                    grouped(fewest)
                ),
                "Nothing, if more uploads follow: the run waits for them.",
            ));
        }
        if self.written > most {
            self.findings.add_of_file(Problem::of_file(
                &rules::MORE_THAN_MAXIMUM,
                format!("{} where a job takes at most {} ({source})", count(self.written, "record"), grouped(most)),
                "A run trains on the newest uploads, and on the first records of this one, up to that number.",
            ));
        }
    }
}

fn sample(line: u64, canonical: &[u8]) -> Sample {
    let text = String::from_utf8_lossy(canonical.trim_ascii_end());
    let end = text
        .char_indices()
        .nth(SAMPLE)
        .map_or(text.len(), |(at, _)| at);
    // Where keys are let pass, they are not shown either.
    let mut record = Masked::near(&text, 0, end).part(0, end).into_owned();
    if end < text.len() {
        record.push('…');
    }
    Sample { line, record }
}
