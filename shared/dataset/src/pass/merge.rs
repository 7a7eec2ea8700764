//! The results of the blocks, put together in order: duplicates dropped, records counted, and what can only be said of the whole.
use super::{
    block::{Done, Written},
    buffer::Space,
    known::{Identity, Known, Seen, Spilled},
    plan::{Plan, Spill},
    said::{conflict_problem, line_too_long},
    tally::{Frequent, Members},
};
use perennial_core::limits::RecordShape;
use perennial_inputs::{Packed, Packer};

use crate::{
    canonical,
    compiler::{Bounds, Purpose},
    finding::{Findings, Problem},
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
    pub(crate) duplicates: u64,
    pub(crate) conflicts: u64,
    pub(crate) tokens: u64,
    pub(crate) samples: Vec<Sample>,
    leaked: u64,
    pub(crate) media: Gathered,
    lengths: Lengths,
    known: Known,
    spill: Option<Box<dyn Spill>>,
    spilled: Option<Spilled>,
    limit: u64,
    firsts: Firsts,
    members: Members,
    completions: Frequent,
    training: bool,
    /// Cuts and packs documents; what is in it has not been written yet.
    packer: Option<Packer>,
    /// Whether a document with a secret is in it.
    pack_secret: bool,
    /// Whether the records are pieces of one document: two that are alike are no duplicates, or its prose would be lost.
    one_document: bool,
}

/// The lines on which something was seen first; 0 where it was not.
#[derive(Debug, Default)]
struct Firsts {
    duplicate: u64,
    conflict: u64,
    unchecked: u64,
}

#[derive(Debug, Default)]
struct Lengths {
    tokens: Histogram,
    prompts: Histogram,
    answers: Histogram,
    messages: Histogram,
}

impl std::fmt::Debug for dyn Spill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spill")
    }
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
            duplicates: 0,
            conflicts: 0,
            tokens: 0,
            samples: Vec::new(),
            leaked: 0,
            media: Gathered::default(),
            lengths: Lengths::default(),
            known: Known::default(),
            spill: None,
            spilled: None,
            limit: bounds.known,
            firsts: Firsts::default(),
            members: Members::default(),
            completions: Frequent::default(),
            training,
            packer,
            pack_secret: false,
            one_document: false,
        }
    }

    /// Where records over the model's limit are kept for the search for duplicates.
    pub(crate) fn spill_to(&mut self, spill: Box<dyn Spill>) {
        self.spill = Some(spill);
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
        self.findings.add(line, "", problem);
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
        self.findings.add(self.lines, "", line_too_long(length));
    }

    /// Whether documents are put together, so that what comes out is not what a block gave.
    pub(crate) fn packs(&self) -> bool {
        self.packer.is_some()
    }

    /// Takes the result of a block of `lines` and appends its records to `out`, or puts its buffer in the place of an empty `out`; what
    /// is left to be used again.
    pub(crate) fn take(&mut self, mut done: Done, lines: &[u8], out: &mut Vec<u8>) -> Space {
        let base = if done.numbered { 0 } else { self.lines };
        self.lines += done.lines;
        self.seen += done.seen;
        self.leaked += done.leaked;
        self.media.take(std::mem::take(&mut done.media), base);
        self.shape = self.shape.or(done.shape);
        self.findings.join(std::mem::take(&mut done.findings), base);
        self.known
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
            if self.insert_new(written, line)
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
        if !self.insert_new(written, line) {
            return false;
        }
        if self.training {
            self.members.take(written.optional, line);
            if written.answer.is_some() {
                self.completions.take(written.identity.completion);
            }
        }
        self.count(written, line, canonical);
        true
    }

    /// Whether the record is not the same as one before.
    fn insert_new(&mut self, written: &Written, line: u64) -> bool {
        if self.one_document {
            return true;
        }
        let seen = self.insert(written.identity, line);
        // An evaluation set is asked as it was given: a question that stands twice counts twice, and is asked once.
        if self.training {
            match seen {
                Seen::New => {}
                Seen::Duplicate => {
                    self.duplicates += 1;
                    first(&mut self.firsts.duplicate, line);
                    return false;
                }
                Seen::Conflict => {
                    self.conflicts += 1;
                    first(&mut self.firsts.conflict, line);
                }
            }
        }
        true
    }

    fn count(&mut self, written: &Written, line: u64, canonical: &[u8]) {
        self.written += 1;
        self.tokens += written.tokens;
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

    fn insert(&mut self, record: Identity, line: u64) -> Seen {
        if self.known.len() < self.limit as usize {
            return self.known.insert(record);
        }
        if self.spilled.is_none()
            && let Some(file) = self.spill.take()
        {
            self.spilled = Some(Spilled::new(file));
        }
        let seen = self.known.find(record);
        if seen == Seen::Duplicate {
            return seen;
        }
        match self.spilled.as_mut().map(|spilled| spilled.insert(record)) {
            Some(Ok(Seen::New)) => seen,
            Some(Ok(on_disk)) => on_disk,
            // No file, or none any more: what follows is compared with what is in memory.
            Some(Err(_)) | None => {
                self.spilled = None;
                first(&mut self.firsts.unchecked, line);
                seen
            }
        }
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
        self.finish_duplicates(plan);
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

    fn finish_duplicates(&mut self, plan: &Plan) {
        let Firsts {
            duplicate,
            conflict,
            unchecked,
        } = self.firsts;
        if duplicate > 0 {
            self.findings.add_of_file(Problem::of_file(
                &rules::EXACT_DUPLICATE,
                format!(
                    "{} of earlier records, the first at line {}",
                    count(self.duplicates, "exact repetition"),
                    grouped(duplicate)
                ),
                "Nothing: they were dropped.",
            ));
        }
        if conflict > 0 {
            self.findings
                .add_of_file(conflict_problem(plan, self.conflicts, conflict));
        }
        if unchecked > 0 {
            self.findings.add_of_file(Problem::of_file(
                &rules::DUPLICATES_UNCHECKED,
                format!(
                    "from line {} on, records were only compared with the first {}",
                    grouped(unchecked),
                    grouped(self.limit)
                ),
                "Nothing: they are looked for again when the dataset is sealed.",
            ));
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
        if let Some((times, of)) = self.completions.nearly_all() {
            self.findings.add_of_file(Problem::of_file(
                &rules::NEAR_CONSTANT,
                format!("at least {} of {} have the same completion", grouped(times), count(of, "record")),
                "Look whether the right column or member was taken: a model that is trained on it learns to say one thing.",
            ));
        }
        let read = self.written + self.duplicates;
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

fn first(place: &mut u64, line: u64) {
    if *place == 0 {
        *place = line;
    }
}

fn sample(line: u64, canonical: &[u8]) -> Sample {
    let text = String::from_utf8_lossy(canonical.trim_ascii_end());
    let mut record: String = text.chars().take(SAMPLE).collect();
    if record.len() < text.len() {
        record.push('…');
    }
    Sample { line, record }
}
