//! One line after the other: checked, compiled, counted.
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use perennial_core::limits::{DataLimits, RecordShape};

use crate::{
    canonical,
    compiler::Purpose,
    conversation::Conversation,
    evaluation,
    finding::{Findings, Problem, around, bounded},
    json::{Json, Object, parse},
    lines::Line,
    members::names,
    record,
    refusal::{invalid_utf8, refusal},
    rules::{self, Severity},
    shape::{self, ACCEPTED, Detected, InputShape},
    summary::{count, grouped},
    tokens::{estimate_tokens, least_tokens},
};

/// Among how many evaluation records duplicates are looked for.
const EVALUATION_DUPLICATES: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) name: String,
    purpose: Purpose,
    forbidden: Option<AhoCorasick>,
    pub(crate) shape: Option<InputShape>,
    pub(crate) findings: Findings,
    pub(crate) hopeless: bool,
    pub(crate) lines: u64,
    /// Lines that are not blank.
    seen: u64,
    pub(crate) written: u64,
    pub(crate) duplicates: u64,
    pub(crate) tokens: u64,
    digests: HashSet<[u8; 16]>,
    first_duplicate: u64,
    first_unchecked: u64,
}

impl Records {
    pub(crate) fn new(name: &str, purpose: Purpose) -> Self {
        let forbidden = match &purpose {
            Purpose::Training(limits) => forbidden_strings(limits),
            Purpose::Evaluation => None,
        };
        Self {
            name: name.to_owned(),
            purpose,
            forbidden,
            shape: None,
            findings: Findings::default(),
            hopeless: false,
            lines: 0,
            seen: 0,
            written: 0,
            duplicates: 0,
            tokens: 0,
            digests: HashSet::new(),
            first_duplicate: 0,
            first_unchecked: 0,
        }
    }

    /// Takes a finding after which nothing more can be read.
    pub(crate) fn give_up(&mut self, problem: Problem) {
        self.findings.add(0, problem);
        self.hopeless = true;
    }

    /// Takes the next line; says whether to go on.
    pub(crate) fn line(&mut self, line: Line<'_>, out: &mut Vec<u8>) -> bool {
        self.lines += 1;
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong(length) => {
                self.seen += 1;
                self.add(Problem::new(
                    &rules::LINE_TOO_LONG,
                    "",
                    format!("a line of {} bytes", grouped(length)),
                    "Write one record a line, each under 8 MiB. Look whether line feeds were lost.",
                ));
                return true;
            }
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return true;
        }
        self.seen += 1;
        if let Ok((canonical, tokens)) = self.compile(line) {
            self.keep(&canonical, tokens, out);
        }
        true
    }

    /// The findings about the file as a whole.
    pub(crate) fn finish(&mut self) {
        if self.first_duplicate > 0 {
            let found = format!(
                "{} of earlier records, the first at line {}",
                count(self.duplicates, "exact repetition"),
                grouped(self.first_duplicate)
            );
            self.file(Problem::of_file(
                &rules::EXACT_DUPLICATE,
                found,
                "Nothing: they were dropped.",
            ));
        }
        if self.first_unchecked > 0 {
            let found = format!(
                "from line {} on, records were only compared with the first {}",
                grouped(self.first_unchecked),
                grouped(self.duplicate_limit())
            );
            self.file(Problem::of_file(
                &rules::DUPLICATES_UNCHECKED,
                found,
                "Nothing, or split the file.",
            ));
        }
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
        let Purpose::Training(limits) = &self.purpose else {
            return;
        };
        let (fewest, most, source) = (
            limits.min_records,
            limits.max_records,
            limits.source.clone(),
        );
        if self.written < fewest && self.findings.errors == 0 {
            self.file(Problem::of_file(
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
            self.file(Problem::of_file(
                &rules::MORE_THAN_MAXIMUM,
                format!("{} where a job takes at most {} ({source})", count(self.written, "record"), grouped(most)),
                "A run trains on the newest uploads, and on the first records of this one, up to that number.",
            ));
        }
    }

    fn compile(&mut self, line: &[u8]) -> Result<(Vec<u8>, u64), Broken> {
        let text = std::str::from_utf8(line)
            .map_err(|error| self.add(invalid_utf8(line, error.valid_up_to())))?;
        let json = parse(text).map_err(|refused| self.add(refusal(text, refused)))?;
        let Json::Object(object) = json else {
            return Err(self.add(Problem::new(
                &rules::NOT_AN_OBJECT,
                "$",
                format!("{}: {}", json.kind(), bounded(text)),
                format!(
                    "Write one object a line, in one of the shapes {}.",
                    self.accepted()
                ),
            )));
        };
        let shape = self.recognise(&object)?;
        let mut problems = Vec::new();
        let mut canonical = Vec::new();
        let mut tokens = 0;
        match &self.purpose {
            Purpose::Evaluation => {
                if let Some(record) = evaluation::check(&object, &mut problems) {
                    tokens = estimate_tokens(&record.prompt)
                        + estimate_tokens(&record.reference_response);
                    canonical = record.to_line();
                }
            }
            Purpose::Training(limits) => {
                let record = record::read(&object, shape, &mut problems);
                self.look_for_forbidden(&record, &mut problems);
                tokens = look_at_length(&record, limits, &mut problems);
                if !problems
                    .iter()
                    .any(|problem| problem.rule.severity == Severity::Error)
                    && let Err(problem) = canonical::write(&record, limits.shape, &mut canonical)
                {
                    problems.push(problem);
                }
            }
        }
        let failed = problems
            .iter()
            .any(|problem| problem.rule.severity == Severity::Error);
        for problem in problems {
            self.add(problem);
        }
        if failed || canonical.is_empty() {
            Err(Broken)
        } else {
            Ok((canonical, tokens))
        }
    }

    /// The record's shape, if it is one for this purpose and the one of the records before.
    fn recognise(&mut self, object: &Object<'_>) -> Result<InputShape, Broken> {
        let shape = match shape::detect(object, self.shape) {
            Detected::Shape(shape) => shape,
            Detected::NotYet(name, fix) => {
                return Err(self.add(Problem::new(&rules::SHAPE_NOT_YET, "$", name, fix)));
            }
            Detected::Unknown => {
                let found = format!("the members {}", bounded(&names(object)));
                let found = if object.0.is_empty() {
                    "an object without members".to_owned()
                } else {
                    found
                };
                let fix = format!(
                    "Write each record in one of the shapes {}.",
                    self.accepted()
                );
                return Err(self.add(Problem::new(&rules::UNKNOWN_SHAPE, "$", found, fix)));
            }
        };
        // A record that only has a prompt lacks its answer, in either kind of file.
        let only_prompt = object
            .names()
            .all(|name| matches!(name, "prompt" | "category"));
        let shape = match (&self.purpose, shape) {
            (Purpose::Evaluation, InputShape::PromptCompletion) if only_prompt => {
                InputShape::Evaluation
            }
            (_, shape) => shape,
        };
        match (&self.purpose, shape) {
            (Purpose::Evaluation, InputShape::Evaluation) => {}
            (Purpose::Evaluation, other) => {
                return Err(self.add(evaluation::training_record_here(object, other.label())));
            }
            (Purpose::Training(_), InputShape::Evaluation) => {
                return Err(self.add(Problem::new(
                    &rules::WRONG_PLACE,
                    "$",
                    format!(
                        "an evaluation record among training data, with the members {}",
                        bounded(&names(object))
                    ),
                    "Move the file to eval/<pipeline>/, or rename referenceResponse to completion.",
                )));
            }
            (Purpose::Training(_), _) => {}
        }
        match self.shape {
            Some(first) if first != shape => Err(self.add(Problem::new(
                &rules::MIXED_SHAPES,
                "$",
                format!(
                    "{} after records in the shape {}",
                    shape.label(),
                    first.label()
                ),
                "Put the records of each shape into a file of their own.",
            ))),
            _ => {
                self.shape = Some(shape);
                Ok(shape)
            }
        }
    }

    fn look_for_forbidden(&self, record: &Conversation<'_>, problems: &mut Vec<Problem>) {
        let (Some(forbidden), Purpose::Training(limits)) = (&self.forbidden, &self.purpose) else {
            return;
        };
        for text in record.texts() {
            if let Some(hit) = forbidden.find(text.as_bytes()) {
                let string = bounded(&limits.forbidden[hit.pattern().as_usize()]);
                problems.push(Problem::new(
                    &rules::FORBIDDEN_STRING,
                    "$",
                    format!("\"{string}\" in: {}", around(text, hit.start())),
                    format!(
                        "Write it otherwise, for example without the colon or the brackets ({}).",
                        limits.source
                    ),
                ));
            }
        }
    }

    fn keep(&mut self, canonical: &[u8], tokens: u64, out: &mut Vec<u8>) {
        // An evaluation set is asked as it was given: a question that stands twice counts twice, and is asked once.
        let repeats = matches!(self.purpose, Purpose::Training(_));
        let digest = canonical::record_digest(canonical);
        let room = (self.digests.len() as u64) < self.duplicate_limit();
        if repeats && self.digests.contains(&digest) {
            self.duplicates += 1;
            if self.first_duplicate == 0 {
                self.first_duplicate = self.lines;
            }
            return;
        }
        if room {
            self.digests.insert(digest);
        } else if self.first_unchecked == 0 {
            self.first_unchecked = self.lines;
        }
        self.written += 1;
        self.tokens += tokens;
        out.extend_from_slice(canonical);
    }

    fn duplicate_limit(&self) -> u64 {
        match &self.purpose {
            Purpose::Training(limits) => limits.max_records,
            Purpose::Evaluation => EVALUATION_DUPLICATES,
        }
    }

    fn accepted(&self) -> &'static str {
        match &self.purpose {
            Purpose::Training(_) => ACCEPTED,
            Purpose::Evaluation => {
                "{\"prompt\", \"referenceResponse\", \"category\"}, category being optional"
            }
        }
    }

    /// Adds a finding of the current line.
    fn add(&mut self, problem: Problem) -> Broken {
        self.findings.add(self.lines, problem);
        Broken
    }

    fn file(&mut self, problem: Problem) {
        self.findings.add(0, problem);
    }
}

/// The line gave no record, and its findings are noted.
struct Broken;

/// The searchers that were built in this process: the lists are few, and building one takes as long as a thousand short
/// records take to be checked. No list beyond so many is kept.
static SEARCHERS: Mutex<Vec<(Vec<String>, AhoCorasick)>> = Mutex::new(Vec::new());
const MOST_SEARCHERS: usize = 16;

fn forbidden_strings(limits: &DataLimits) -> Option<AhoCorasick> {
    if limits.forbidden.iter().all(String::is_empty) {
        return None;
    }
    let mut known = SEARCHERS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, searcher)) = known.iter().find(|(list, _)| *list == limits.forbidden) {
        return Some(searcher.clone());
    }
    let searcher = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(&limits.forbidden)
        .ok()?;
    if known.len() < MOST_SEARCHERS {
        known.push((limits.forbidden.clone(), searcher.clone()));
    }
    Some(searcher)
}

fn look_at_length(
    record: &Conversation<'_>,
    limits: &DataLimits,
    problems: &mut Vec<Problem>,
) -> u64 {
    let tokens = record.texts().map(|text| estimate_tokens(text)).sum();
    let least: u64 = record.texts().map(|text| least_tokens(text)).sum();
    let most = limits.max_record_tokens;
    if least > most {
        problems.push(Problem::new(
            &rules::SAMPLE_TOO_LONG,
            "$",
            format!(
                "at least about {} tokens where the model takes {} ({})",
                grouped(least),
                grouped(most),
                limits.source
            ),
            "Shorten the record, or split it into several.",
        ));
    } else if tokens > most {
        problems.push(Problem::new(
            &rules::SAMPLE_MAY_BE_TOO_LONG,
            "$",
            format!(
                "between about {} and {} tokens where the model takes {} ({})",
                grouped(least),
                grouped(tokens),
                grouped(most),
                limits.source
            ),
            "Count its tokens with the model's own tokenizer, or shorten it.",
        ));
    }
    tokens
}

/// The shape that a canonical line of `limits` has, for messages.
#[must_use]
pub fn canonical_shape(limits: &DataLimits) -> &'static str {
    match limits.shape {
        RecordShape::BedrockConversation => "Bedrock conversation",
        RecordShape::PromptCompletion => "prompt/completion",
        RecordShape::AnthropicMessages => "Anthropic messages",
    }
}
