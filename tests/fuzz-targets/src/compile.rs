//! The compiler: any bytes, of any name and for any purpose, end in a summary, which is the same however the file is cut and
//! however many threads work on it; and what was accepted compiles to itself.
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_dataset::{
    Compiler, EvalRecord, Excluded, Purpose, Sealer, SecretsRule, Summary, completion_of,
    estimate_tokens, prompt_of, rules,
};
use serde_json::Value;

use crate::{
    choices::{Choices, Cuts},
    purposes::{PURPOSES, training},
};

const NAMES: &[&str] = &[
    "x.jsonl",
    "x.json",
    "x.csv",
    "x.tsv",
    "x.md",
    "x.txt",
    "x",
    "data/support-bot/x.jsonl.gz",
    "x.bin",
];

/// A file and all that was chosen for it.
#[derive(Clone)]
struct Job {
    purpose: Purpose,
    name: &'static str,
    switches: u8,
    cuts: Cuts,
}

/// Any file.
pub fn compile(data: &[u8]) {
    let (job, file) = Job::of(data);
    let (summary, out) = job.whole(file);
    assert_eq!(
        (&job.pieces(file), &job.threads(file)),
        (
            &(summary.clone(), out.clone()),
            &(summary.clone(), out.clone())
        ),
        "in pieces, and by two threads"
    );
    job.look_at(&summary, &out);
    job.stop(&file[..file.len() / 2]);
    if summary.is_accepted() {
        job.again(&out);
    }
}

/// A file of some blocks, so that threads get to work: the lines given, over and over, each `#` in them a number that grows.
pub fn threads(data: &[u8]) {
    let (job, lines) = Job::of(data);
    let mut file = Vec::new();
    for number in 0..100_000_u32 {
        for (index, part) in lines.split(|byte| *byte == b'#').enumerate() {
            if index > 0 {
                file.extend_from_slice(number.to_string().as_bytes());
            }
            file.extend_from_slice(part);
        }
        // Two blocks and a part of a third.
        if lines.is_empty() || file.len() > 600 << 10 {
            break;
        }
    }
    let whole = job.whole(&file);
    assert!(job.threads(&file) == whole, "two threads make a difference");
    assert!(job.pieces(&file) == whole, "cutting makes a difference");
    job.look_at(&whole.0, &whole.1);
}

impl Job {
    fn of(data: &[u8]) -> (Self, &[u8]) {
        let mut choices = Choices::of(data);
        let job = Self {
            purpose: choices.pick(&PURPOSES).clone(),
            name: *choices.pick::<&str>(NAMES),
            switches: choices.byte(),
            cuts: choices.cuts(),
        };
        (job, choices.rest())
    }

    fn compiler(&self) -> Compiler {
        let mut compiler = Compiler::new(self.name, self.purpose.clone()).with_secrets(
            [SecretsRule::Warn, SecretsRule::Reject, SecretsRule::Off]
                [usize::from(self.switches & 3) % 3],
        );
        if self.switches & 4 != 0 {
            compiler = compiler.in_bucket("b");
        }
        if self.switches & 8 != 0 {
            compiler = compiler.with_columns(vec![
                ("prompt".into(), "text".into()),
                ("completion".into(), "category".into()),
            ]);
        }
        if self.switches & 16 != 0 {
            compiler = compiler.with_evaluation(Excluded::of(&[EvalRecord {
                prompt: "What?".into(),
                reference_response: "That.".into(),
                category: None,
            }]));
        }
        compiler
    }

    fn whole(&self, file: &[u8]) -> (Summary, Vec<u8>) {
        finish(self.compiler(), |compiler, out| compiler.push(file, out))
    }

    fn pieces(&self, file: &[u8]) -> (Summary, Vec<u8>) {
        finish(self.compiler(), |compiler, out| {
            self.cuts
                .pieces(file, &mut |piece| compiler.push(piece, out));
        })
    }

    fn threads(&self, file: &[u8]) -> (Summary, Vec<u8>) {
        finish(self.compiler().with_threads(2), |compiler, out| {
            compiler.push(file, out);
        })
    }

    /// The time is up after a part of the file.
    fn stop(&self, part: &[u8]) {
        let stopped = |mut compiler: Compiler, pieces: bool| {
            let mut out = Vec::new();
            if pieces {
                self.cuts
                    .pieces(part, &mut |piece| compiler.push(piece, &mut out));
            } else {
                compiler.push(part, &mut out);
            }
            compiler.out_of_time("found".into(), "fix".into())
        };
        let summary = stopped(self.compiler(), false);
        assert!(!summary.is_accepted());
        let first = summary.findings.first().expect("it says why");
        assert_eq!(
            (first.rule.as_str(), first.found.as_str()),
            ("time-left", "found")
        );
        assert_eq!(stopped(self.compiler(), true), summary, "in pieces");
        assert_eq!(
            stopped(self.compiler().with_threads(2), true),
            summary,
            "by two threads"
        );
    }

    /// What holds of every summary, and of every line that was written.
    fn look_at(&self, summary: &Summary, out: &[u8]) {
        assert_eq!(summary.is_accepted(), summary.errors == 0);
        assert!(summary.is_accepted() || !summary.findings.is_empty());
        assert!(
            !summary.is_accepted() || summary.records > 0,
            "accepted, and nothing in it"
        );
        assert!(summary.to_text().starts_with(self.name));
        let json = serde_json::to_vec(summary).expect("a summary is JSON");
        assert_eq!(
            &serde_json::from_slice::<Summary>(&json).expect("it comes back"),
            summary
        );
        for rule in summary.finding_counts.keys() {
            assert!(
                rules().iter().any(|known| known.id == rule),
                "{rule} is no rule"
            );
        }
        for finding in &summary.findings {
            // A bracket or a quote may be missing behind the last line feed.
            assert!(finding.line <= summary.lines + 1, "{finding:?}");
            if let Some(excerpt) = &finding.excerpt {
                let length = excerpt.text.chars().count();
                assert!(
                    excerpt.from <= excerpt.to && excerpt.to <= length,
                    "{excerpt:?}"
                );
            }
        }
        let mut records = 0;
        for line in out.split_inclusive(|byte| *byte == b'\n') {
            records += 1;
            self.look_at_line(line);
        }
        assert_eq!(summary.records, records);
    }

    fn look_at_line(&self, line: &[u8]) {
        let value: Value = serde_json::from_slice(line).expect("a canonical line is JSON");
        assert!(value.is_object() && line.ends_with(b"\n"));
        assert!(prompt_of(line).is_some(), "it cannot be read back: {value}");
        let Some(limits) = training(&self.purpose) else {
            let record = EvalRecord::parse(line).expect("a question can be read back");
            assert_eq!(record.to_line(), line);
            return;
        };
        match limits.shape {
            RecordShape::Documents => {
                let tokens = estimate_tokens(value["text"].as_str().expect("a document is a text"));
                assert!(
                    tokens <= limits.max_record_tokens,
                    "{tokens} tokens: {value}"
                );
            }
            RecordShape::DistillationPrompts
            | RecordShape::InvocationLogs
            | RecordShape::Reinforcement => {}
            _ => assert!(completion_of(line).is_some(), "no answer: {value}"),
        }
    }

    /// What was accepted, compiled once more and sealed.
    fn again(&self, out: &[u8]) {
        let mut job = self.clone();
        job.name = "x.jsonl";
        let (summary, same) = job.whole(out);
        assert!(
            summary.is_accepted(),
            "{}\n{}",
            summary.to_text(),
            String::from_utf8_lossy(out)
        );
        let Some(limits) = training(&self.purpose) else {
            assert_eq!(same, out);
            return;
        };
        // Documents are packed anew, and pieces of one that are equal are dropped.
        if limits.shape != RecordShape::Documents {
            assert_eq!(String::from_utf8_lossy(&same), String::from_utf8_lossy(out));
        } else if summary.duplicates == 0 {
            assert_eq!(letters(&same), letters(out));
        }
        sealed(limits, out);
    }
}

/// The sealer reads every line, and finds nothing in it that should not have come so far.
fn sealed(limits: &DataLimits, out: &[u8]) {
    let mut sealer = Sealer::new(limits, Excluded::default(), None);
    let mut training = Vec::new();
    sealer.push(out, &mut training);
    sealer.end_shard(&mut training);
    let sealed = sealer.finish();
    assert_eq!(sealed.unreadable, 0, "{}", String::from_utf8_lossy(out));
    if limits.shape != RecordShape::Documents {
        assert_eq!(sealed.duplicates, 0, "{}", String::from_utf8_lossy(out));
    }
}

fn finish(
    mut compiler: Compiler,
    push: impl FnOnce(&mut Compiler, &mut Vec<u8>),
) -> (Summary, Vec<u8>) {
    let mut out = Vec::new();
    push(&mut compiler, &mut out);
    let summary = compiler.finish(&mut out);
    (summary, out)
}

/// The texts of documents, without white space.
fn letters(lines: &[u8]) -> String {
    lines
        .split(|byte| *byte == b'\n')
        .filter_map(prompt_of)
        .flat_map(|text| text.chars().collect::<Vec<_>>())
        .filter(|character| !character.is_whitespace())
        .collect()
}
