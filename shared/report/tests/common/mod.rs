//! What the tests share: compiled files, and a summary that has every member.
#![allow(dead_code)]
use perennial_core::config::{Config, ConfigError, Technique};
use perennial_dataset::{
    Bin, Compiler, Excerpt, Finding, Purpose, REPORT_FORM, Sample, Severity, Spread, Statistics,
    Summary, Target, Verdict,
};
use perennial_report::Configuration;

const MODEL: &str = "amazon.nova-micro-v1:0";

/// Training data for Nova Micro, with the limits that it has.
pub(crate) fn training() -> Purpose {
    let config = Config::new(Technique::FineTuning, MODEL);
    Purpose::Training(config.check("us-east-1").unwrap().limits)
}

/// A good configuration, a wrong one and one that cannot be run, all of whose texts are this one.
pub(crate) fn configurations(text: &str) -> Vec<Configuration> {
    let good = Configuration {
        name: text.to_owned(),
        errors: Vec::new(),
        refused: None,
    };
    let error = ConfigError {
        line: 2,
        key: text.to_owned(),
        found: text.to_owned(),
        fix: text.to_owned(),
    };
    vec![
        good.clone(),
        Configuration {
            errors: vec![error],
            ..good.clone()
        },
        Configuration {
            refused: Some(text.to_owned()),
            ..good
        },
    ]
}

/// What comes of a file.
pub(crate) fn compile(name: &str, purpose: Purpose, bytes: &[u8]) -> Summary {
    let mut compiler = Compiler::new(name, purpose).for_model(MODEL, "fine-tuning");
    let mut out = Vec::new();
    compiler.push(bytes, &mut out);
    compiler.finish(&mut out)
}

/// Files of every kind of outcome, as the compiler reports on them.
pub(crate) fn compiled() -> Vec<Summary> {
    let good = r#"{"prompt": "Where is my card?", "completion": "On its way."}
{"prompt": "Where is my card?", "completion": "On its way."}
{"prompt": "May I pay by transfer?", "completion": "You may."}
"#;
    let many: String = (0..150)
        .map(|number| format!("{{\"prompt\": \"{number}\"}}\n"))
        .collect();
    let mut gzipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzipped, good.as_bytes()).unwrap();
    vec![
        compile("good.jsonl", training(), good.as_bytes()),
        compile("good.jsonl.gz", training(), &gzipped.finish().unwrap()),
        compile(
            "good.jsonl.zst",
            training(),
            &zstd::encode_all(good.as_bytes(), 1).unwrap(),
        ),
        compile("empty.jsonl", training(), b""),
        compile("binary.jsonl", training(), b"\x7fELF\0\0\0\0\0"),
        compile(
            "broken.jsonl",
            training(),
            b"{\"prompt\": \"a\", }\n{'x'}\n\xff\xfe{\n",
        ),
        compile(
            "wrong.jsonl",
            training(),
            br#"{"prompt": "System: <b>", "completion": " "}
{"messages": [{"role": "assistant", "content": "a"}], "extra": 1}
"#,
        ),
        compile(
            "conflicts.jsonl",
            training(),
            br#"{"prompt": "Is it so?", "completion": "Yes.", "tags": []}
{"prompt": "Is it so?", "completion": "No."}
"#,
        ),
        compile("many.jsonl", training(), many.as_bytes()),
        compile(
            "table.csv",
            training(),
            b"prompt,completion\n\"two\nlines\",System: <b>\n",
        ),
        compile(
            "questions.jsonl",
            Purpose::Evaluation,
            br#"{"prompt": "a", "referenceResponse": "b", "category": "c"}"#,
        ),
    ]
}

fn spread(values: &[(u64, u64, u64)]) -> Spread {
    Spread {
        least: values[0].0,
        most: values[values.len() - 1].1,
        sum: values.iter().map(|(from, _, count)| from * count).sum(),
        bins: values
            .iter()
            .map(|&(from, to, count)| Bin { from, to, count })
            .collect(),
    }
}

/// A rejected file with something in every member.
pub(crate) fn full() -> Summary {
    Summary {
        form: REPORT_FORM,
        name: "data/support-bot/tickets.jsonl.gz".into(),
        verdict: Verdict::Rejected,
        target: Target {
            model: Some("amazon.nova-micro-v1:0".into()),
            technique: Some("fine-tuning".into()),
            shape: "Bedrock conversation".into(),
            source: "Nova guide, read on 2026-11-20".into(),
        },
        shape: Some("prompt/completion".into()),
        compression: Some("gzip".into()),
        lines: 1_240,
        records: 1_217,
        duplicates: 20,
        conflicts: 2,
        bytes_read: 51_200,
        bytes_decompressed: 311_296,
        tokens_estimate: 102_400,
        statistics: Statistics {
            tokens: spread(&[(16, 31, 17), (32, 63, 800), (64, 127, 399), (128, 255, 1)]),
            prompt_tokens: spread(&[(8, 15, 17), (16, 31, 1_200)]),
            completion_tokens: spread(&[(8, 15, 1_217)]),
            messages: spread(&[(2, 3, 1_217)]),
        },
        samples: vec![Sample {
            line: 1,
            record: r#"{"schemaVersion":"bedrock-conversation-2024","messages":[{"role":"user","content":[{"text":"Is 1 < 2 & \"so\"?"}]}]}"#.into(),
        }],
        findings: vec![
            Finding {
                rule: "byte-order-mark".into(),
                severity: Severity::Note,
                line: 0,
                path: String::new(),
                found: "a UTF-8 byte order mark at the start".into(),
                fix: "Nothing: it was taken off.".into(),
                excerpt: None,
            },
            Finding {
                rule: "forbidden-string".into(),
                severity: Severity::Error,
                line: 17,
                path: "$.prompt".into(),
                found: "\"System:\" in the text".into(),
                fix: "Write it differently, for example without the colon.".into(),
                excerpt: Some(Excerpt {
                    text: r#"{"prompt": "É System: <b>be kind</b>", "completion": "Yes"}"#.into(),
                    from: 14,
                    to: 21,
                    column: 15,
                    converted: false,
                }),
            },
            Finding {
                rule: "extra-member".into(),
                severity: Severity::Warning,
                line: 1_201,
                path: "$.tags".into(),
                found: "a member \"tags\" that the shape does not know".into(),
                fix: "Remove it, or leave it: it is not written.".into(),
                excerpt: None,
            },
        ],
        finding_counts: [
            ("byte-order-mark".to_owned(), 1),
            ("extra-member".to_owned(), 3),
            ("forbidden-string".to_owned(), 1),
        ]
        .into(),
        errors: 1,
        warnings: 3,
    }
}

/// The summary with every text of it changed: what came from a file, and what did not.
pub(crate) fn rewritten(summary: &Summary, mut text: impl FnMut(&str) -> String) -> Summary {
    let mut new = summary.clone();
    for one in [
        &mut new.shape,
        &mut new.compression,
        &mut new.target.model,
        &mut new.target.technique,
    ]
    .into_iter()
    .flatten()
    {
        *one = text(one);
    }
    for one in [&mut new.name, &mut new.target.shape, &mut new.target.source] {
        *one = text(one);
    }
    for sample in &mut new.samples {
        sample.record = text(&sample.record);
    }
    for finding in &mut new.findings {
        for one in [
            &mut finding.rule,
            &mut finding.path,
            &mut finding.found,
            &mut finding.fix,
        ] {
            *one = text(one);
        }
        if let Some(excerpt) = &mut finding.excerpt {
            excerpt.text = text(&excerpt.text);
        }
    }
    new.finding_counts = summary
        .finding_counts
        .iter()
        .map(|(rule, count)| (text(rule), *count))
        .collect();
    new
}
