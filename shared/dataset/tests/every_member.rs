//! Nothing that a record holds is lost without a word: a member more in any object, a value of another type in any place, an item more in
//! any list is in what is written, or there is a finding for it.
#![allow(clippy::unwrap_used)]
mod common;
#[path = "every_member/samples.rs"]
mod samples;

use std::{collections::BTreeSet, ops::Range};

use common::compile;
use perennial_core::{
    config::Technique,
    limits::{self, DataLimits},
};
use perennial_dataset::{Excluded, Indexer, Purpose, Sealer, Severity, Summary};
use samples::{METADATA, NAMES, SAMPLES};

/// Values that hold something to look for, of every type and in the forms in which a reader may look for a text.
const VALUES: &[&str] = &[
    "\"zq99\"",
    "[\"zq99\"]",
    "{\"zz\":\"zq99\"}",
    "[{\"text\":\"zq99\"}]",
    "{\"text\":\"zq99\"}",
    "{\"text\":[\"zq99\"]}",
    "[{\"text\":[\"zq99\"],\"json\":{}}]",
    "77130071",
    "true",
];

fn purposes() -> Vec<(&'static str, Purpose)> {
    let of = |name, limits: Option<DataLimits>| {
        let limits = DataLimits {
            min_records: 1,
            ..limits.unwrap()
        };
        (name, Purpose::Training(limits))
    };
    let tuned = limits::fine_tuning;
    let nova = "amazon.nova-lite-v1:0";
    let pre = limits::of(Technique::ContinuedPreTraining, nova);
    let distilled = limits::of(Technique::Distillation, nova);
    vec![
        of("Nova", tuned(nova)),
        of("Nova 2", tuned("amazon.nova-2-lite-v1:0")),
        of("Llama 3.2", tuned("meta.llama3-2-11b-instruct-v1:0")),
        of("Llama 3.1", tuned("meta.llama3-1-8b-instruct-v1:0")),
        of("Claude", tuned("anthropic.claude-3-haiku-20240307-v1:0")),
        of("documents", pre),
        of("distillation", distilled),
        of("logs", limits::from_logs(nova, None)),
        of("logged answers", limits::from_logs(nova, Some("m"))),
        of(
            "captions",
            limits::of(Technique::FineTuning, "amazon.nova-canvas-v1:0"),
        ),
        of("rewards", limits::reinforcement("amazon.nova-2-lite-v1:0")),
        of("preferences", limits::preferences(nova)),
        ("evaluation", Purpose::Evaluation),
    ]
}

/// A value of a line: where it stands, what holds it, and its name if it is a member.
#[derive(Debug, Clone)]
struct Spot {
    span: Range<usize>,
    name: String,
    /// The names of what it stands in, and its own.
    path: String,
}

/// The values of a line, each before those that it holds.
fn spots(line: &str) -> Vec<Spot> {
    fn blank(line: &str, at: &mut usize) {
        *at += line[*at..].len() - line[*at..].trim_start().len();
    }
    fn value(line: &str, at: &mut usize, name: &str, path: &str, spots: &mut Vec<Spot>) {
        let (index, start) = (spots.len(), *at);
        spots.push(Spot {
            span: 0..0,
            name: name.to_owned(),
            path: path.to_owned(),
        });
        let byte = |at: usize| line.as_bytes()[at];
        match byte(start) {
            open @ (b'{' | b'[') => {
                *at += 1;
                while !matches!(byte(*at), b'}' | b']') {
                    let mut name = String::new();
                    if open == b'{' {
                        let from = *at + 1;
                        *at = from + line[from..].find('"').unwrap();
                        name = line[from..*at].to_owned();
                        *at += 1;
                        blank(line, at);
                        *at += 1;
                        blank(line, at);
                    }
                    let path = format!("{path}.{name}");
                    value(line, at, &name, &path, spots);
                    blank(line, at);
                    *at += usize::from(byte(*at) == b',');
                    blank(line, at);
                }
                *at += 1;
            }
            b'"' => {
                *at += 1;
                while byte(*at) != b'"' {
                    *at += 1 + usize::from(byte(*at) == b'\\');
                }
                *at += 1;
            }
            _ => *at += line[*at..].find([',', '}', ']']).unwrap(),
        }
        spots[index].span = start..*at;
    }
    let mut found = Vec::new();
    value(line, &mut 0, "", "$", &mut found);
    found
}

/// The line with the members of every object in another order.
fn turned(line: &str) -> String {
    let spots = spots(line);
    fn write(line: &str, span: &Range<usize>, spots: &[Spot]) -> String {
        let holds = |outer: &Range<usize>, inner: &Range<usize>| {
            outer.start < inner.start && inner.end < outer.end
        };
        let inside: Vec<&Spot> = spots
            .iter()
            .filter(|spot| holds(span, &spot.span))
            .collect();
        let own = inside
            .iter()
            .filter(|spot| !inside.iter().any(|other| holds(&other.span, &spot.span)));
        let written = |spot: &&&Spot| write(line, &spot.span, spots);
        match line.as_bytes()[span.start] {
            b'[' => format!(
                "[{}]",
                own.map(|spot| written(&spot))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            b'{' => {
                let member = |spot| {
                    format!(
                        "\"{}\" : {}",
                        {
                            let spot: &&Spot = spot;
                            &spot.name
                        },
                        written(&spot)
                    )
                };
                let mut members: Vec<String> = own.map(member).collect();
                members.reverse();
                format!("{{{}}}", members.join(", "))
            }
            _ => line[span.clone()].to_owned(),
        }
    }
    write(line, &spots[0].span, &spots)
}

/// What of a line is not in what is written, of that which may be looked for: its words, its number, how often it says true.
fn lost<'l>(line: &'l str, out: &str) -> BTreeSet<&'l str> {
    let words = line.match_indices("zq").map(|(at, _)| &line[at..at + 4]);
    let words = words.chain(line.contains("77130071").then_some("77130071"));
    let trues = |text: &str| text.matches("true").count();
    let fewer = (trues(line) > trues(out)).then_some("true");
    words
        .filter(|word| !out.contains(word))
        .chain(fewer)
        .collect()
}

/// What an error or a warning says, and the note for the answer that an evaluation set leaves out.
fn said(summary: &Summary) -> BTreeSet<(String, String, String)> {
    let is_told = |severity, rule| severity != Severity::Note || rule == "rejected-not-asked";
    let findings = summary.findings.iter();
    findings
        .filter(|finding| is_told(finding.severity, finding.rule.as_str()))
        .map(|one| (one.rule.clone(), one.path.clone(), one.found.clone()))
        .collect()
}

struct Sample {
    shape: &'static str,
    target: &'static str,
    purpose: Purpose,
    line: String,
    /// Whether its members stand in another order than the usual one.
    is_turned: bool,
    said: BTreeSet<(String, String, String)>,
    /// What of it is not written, and is told.
    lost: BTreeSet<String>,
}

/// Every sample with every purpose that takes it, in the usual order of its members and in another.
fn samples() -> Vec<Sample> {
    let mut taken = Vec::new();
    for (shape, line) in SAMPLES {
        let before = taken.len();
        for (target, purpose) in purposes() {
            for (is_turned, line) in [(false, (*line).to_owned()), (true, turned(line))] {
                let (summary, out) = compile("a.jsonl", purpose.clone(), line.as_bytes());
                if summary.errors > 0 {
                    continue;
                }
                let out = String::from_utf8(out).unwrap();
                let said = said(&summary);
                let lost = lost(&line, &out)
                    .into_iter()
                    .map(String::from)
                    .collect::<BTreeSet<_>>();
                let is_told = lost.is_empty() || !summary.findings.is_empty();
                assert!(is_told, "{target} loses {lost:?} of {line}");
                taken.push(Sample {
                    shape,
                    target,
                    purpose: purpose.clone(),
                    line,
                    is_turned,
                    said,
                    lost,
                });
            }
        }
        assert!(taken.len() > before, "nobody takes {shape}: {line}");
    }
    taken
}

/// What is lost without a word of the lines that a sample is changed to, each with the place of its change.
fn silent(sample: &Sample, lines: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut silent = Vec::new();
    for (path, line) in lines.filter(|(path, _)| !is_left_out(sample, path)) {
        let (summary, out) = compile("a.jsonl", sample.purpose.clone(), line.as_bytes());
        let out = String::from_utf8(out).unwrap();
        let lost = lost(&line, &out);
        let mut lost = lost.into_iter().filter(|word| !sample.lost.contains(*word));
        if let Some(word) = lost.next()
            && said(&summary).is_subset(&sample.said)
        {
            let (shape, target) = (sample.shape, sample.target);
            silent.push(format!(
                "{shape} for {target}, {path}: {word} is lost of {line}"
            ));
        }
    }
    silent
}

/// What may be left out without a word: a weight of 1, which every answer has; where a call stood in a stream; whether tools may be used at
/// once, where there are none. Of a log's entry, what says how it was asked for.
fn is_usual(sample: &Sample, name: &str, value: &str) -> bool {
    matches!(
        (name, value),
        ("weight" | "parallel_tool_calls", "true") | ("index", "77130071")
    ) || sample.shape.contains("log") && METADATA.contains(&name)
}

/// Of a log's entry, a member more that holds no text is no loss: parameters of the request are numbers.
fn is_parameter(sample: &Sample, value: &str) -> bool {
    sample.shape.contains("log") && matches!(value, "77130071" | "true")
}

fn nothing_is_silent(change: impl Fn(&Sample) -> Vec<(String, String)>) {
    let silent: Vec<String> = samples()
        .iter()
        .flat_map(|sample| silent(sample, change(sample).into_iter()))
        .collect();
    assert!(
        silent.is_empty(),
        "{} are silent:\n{}",
        silent.len(),
        silent.join("\n")
    );
}

/// Whether what stands there is left out whatever it is, and the sample's findings name it.
fn is_left_out(sample: &Sample, path: &str) -> bool {
    let is_named = |name: &str| {
        sample
            .said
            .iter()
            .any(|(rule, _, found)| rule == "extra-member" && found == name)
    };
    path.split('.').any(is_named)
}

/// The line with `text` in the place of what stands there.
fn with(line: &str, span: Range<usize>, text: &str) -> String {
    format!("{}{text}{}", &line[..span.start], &line[span.end..])
}

#[test]
fn a_member_more_in_any_object_is_written_or_told() {
    nothing_is_silent(|sample| {
        let line = &sample.line;
        let mut lines = Vec::new();
        let spots = spots(line);
        for spot in &spots {
            let span = &spot.span;
            if !line[span.clone()].starts_with('{') {
                continue;
            }
            for name in NAMES {
                let path = format!("{}.{name}", spot.path);
                let is_there =
                    |other: &Spot| span.contains(&other.span.start) && other.path == path;
                let is_known = *name != NAMES[0];
                // Names that a reader knows, with one value of each type: a record in another order is read by the same reader.
                if spots.iter().any(is_there) || is_known && sample.is_turned {
                    continue;
                }
                for (index, value) in VALUES.iter().enumerate() {
                    if is_usual(sample, name, value)
                        || is_parameter(sample, value)
                        || is_known && !matches!(index, 0 | 3 | 4 | 7)
                    {
                        continue;
                    }
                    let (first, last) = (span.start + 1, span.end - 1);
                    let member = format!("\"{name}\":{value}");
                    let comma = if last == first { "" } else { "," };
                    if !is_known {
                        let text = format!("{member}{comma}");
                        lines.push((path.clone(), with(line, first..first, &text)));
                    }
                    let text = format!("{comma}{member}");
                    lines.push((path.clone(), with(line, last..last, &text)));
                }
            }
        }
        lines
    });
}

#[test]
fn a_value_of_another_type_in_any_place_is_written_or_told() {
    nothing_is_silent(|sample| {
        let line = &sample.line;
        let mut lines = Vec::new();
        for spot in spots(line).into_iter().skip(1) {
            let values = VALUES
                .iter()
                .filter(|value| !is_usual(sample, &spot.name, value));
            lines.extend(
                values.map(|value| (spot.path.clone(), with(line, spot.span.clone(), value))),
            );
        }
        lines
    });
}

#[test]
fn an_item_more_in_any_list_is_written_or_told() {
    nothing_is_silent(|sample| {
        let line = &sample.line;
        let mut lines = Vec::new();
        for spot in spots(line) {
            if !line[spot.span.clone()].starts_with('[') {
                continue;
            }
            let (first, last) = (spot.span.start + 1, spot.span.end - 1);
            let comma = if first == last { "" } else { "," };
            for value in VALUES {
                let path = format!("{}[]", spot.path);
                lines.push((
                    path.clone(),
                    with(line, first..first, &format!("{value}{comma}")),
                ));
                lines.push((path, with(line, last..last, &format!("{comma}{value}"))));
            }
        }
        lines
    });
}

#[test]
fn what_is_accepted_can_be_sealed_and_indexed() {
    for sample in samples() {
        let Purpose::Training(limits) = &sample.purpose else {
            continue;
        };
        let name = format!("{} for {}", sample.shape, sample.target);
        let (_, shard) = compile("a.jsonl", sample.purpose.clone(), sample.line.as_bytes());
        let (mut sealer, mut out) = (Sealer::new(limits, Excluded::default(), None), Vec::new());
        sealer.push(&shard, &mut out);
        sealer.end_shard(&mut out);
        let sealed = sealer.finish();
        assert_eq!((sealed.records, sealed.unreadable), (1, 0), "{name}");
        let mut indexer = Indexer::new();
        indexer.push(&shard, &mut Vec::new());
        indexer.end(&mut Vec::new());
        assert!(indexer.finish("t").is_some(), "{name}");
    }
}

#[test]
fn a_message_that_only_uses_a_tool_can_be_sealed_however_it_says_nothing() {
    let limits = limits::reinforcement("amazon.nova-2-lite-v1:0").unwrap();
    let used =
        r#""tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]"#;
    for content in [
        r#""content":"","#,
        r#""content":null,"#,
        r#""content":[],"#,
        "",
    ] {
        let line = format!(
            r#"{{"messages":[{{"role":"user","content":"q"}},{{"role":"assistant",{content}{used}}},{{"role":"tool","tool_call_id":"c","content":"7"}}],"reference_answer":"a"}}"#
        );
        let purpose = Purpose::Training(limits.clone());
        let (summary, shard) = compile("a.jsonl", purpose, line.as_bytes());
        assert_eq!(summary.records, 1, "{}", summary.to_text());
        let (mut sealer, mut out) = (Sealer::new(&limits, Excluded::default(), None), Vec::new());
        sealer.push(&shard, &mut out);
        sealer.end_shard(&mut out);
        assert_eq!(sealer.finish().unreadable, 0, "{line}");
        assert_eq!(out, shard);
    }
}
