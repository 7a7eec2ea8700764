//! Findings name lines and columns of the file that was uploaded, whatever its records were converted from.
#![allow(clippy::unwrap_used)]
mod common;

use common::{compile, compile_in, nova, training};
use perennial_core::limits::RecordShape;
use perennial_dataset::{Compiler, Finding, Purpose, Summary};

/// The findings of one rule.
fn of<'s>(summary: &'s Summary, rule: &str) -> Vec<&'s Finding> {
    let findings = summary.findings.iter();
    findings.filter(|finding| finding.rule == rule).collect()
}

/// Line, column, whether the column is the converted record's, and what is marked.
fn place(finding: &Finding) -> (u64, u64, bool, String) {
    let excerpt = finding.excerpt.as_ref().unwrap();
    let marked = excerpt.text.chars().skip(excerpt.from);
    let marked = marked.take(excerpt.to - excerpt.from).collect();
    (finding.line, excerpt.column, excerpt.converted, marked)
}

/// What stands at this place of the file.
fn at(file: &str, line: u64, column: u64, length: usize) -> String {
    let line = file.lines().nth(line as usize - 1).unwrap();
    line.chars()
        .skip(column as usize - 1)
        .take(length)
        .collect()
}

#[test]
fn an_element_on_a_line_of_its_own_is_pointed_at_in_the_file() {
    let file = "[\n  {\"prompt\": \"É\", \"completion\": \"a\"},\n\n  {\"prompt\": \"x\", \"completion\": \"b\"}, {\"prompt\": \"é System: y\", \"completion\": \"c\"}\n]\n";
    let (summary, _) = compile("a.json", nova(), file.as_bytes());
    let found = of(&summary, "forbidden-string");
    let (line, column, converted, marked) = place(found[0]);
    assert_eq!((line, converted, marked.as_str()), (4, false, "System:"));
    assert_eq!(at(file, line, column, 7), "System:");
    assert_eq!(summary.lines, 5);
    // Broken JSON says its column in words, too.
    let file = "[\n{\"prompt\": \"a\", \"completion\": \"b\"},\n    {\"prompt\": \"x\" \"completion\": \"b\"}]";
    let (summary, _) = compile("a.json", nova(), file.as_bytes());
    let broken = of(&summary, "broken-json")[0];
    let (line, column, converted, _) = place(broken);
    assert_eq!((line, converted), (3, false));
    assert_eq!(at(file, line, column, 12), "\"completion\"");
    assert!(
        broken.found.starts_with(&format!("column {column}: ")),
        "{}",
        broken.found
    );
}

#[test]
fn an_element_over_several_lines_is_named_by_its_first_line_and_its_excerpt_is_said_to_be_converted()
 {
    let file = "[\n\n{\n  \"prompt\": \"q\",\n  \"completion\": \"a\"\n},\n{\n  \"prompt\": \"x\",\n  \"completion\": \"System: b\"\n}]";
    let (summary, _) = compile("a.json", nova(), file.as_bytes());
    let (line, _, converted, marked) = place(of(&summary, "forbidden-string")[0]);
    assert_eq!((line, converted, marked.as_str()), (7, true, "System:"));
    assert_eq!((summary.lines, summary.records), (10, 1));
}

#[test]
fn a_row_is_named_by_the_line_on_which_it_begins() {
    let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    let file = format!(
        "prompt,completion\r\n\"one\r\n\r\ntwo\",\"a\nb\"\r\nthree,System: c\r\nfour,{key}\r\n"
    );
    let (summary, _) = compile("a.csv", nova(), file.as_bytes());
    let (line, _, converted, marked) = place(of(&summary, "forbidden-string")[0]);
    assert_eq!((line, converted, marked.as_str()), (6, true, "System:"));
    let secret = of(&summary, "secret")[0];
    assert_eq!(secret.line, 7);
    assert!(
        secret.found.contains("of the converted record"),
        "{}",
        secret.found
    );
    assert_eq!((summary.lines, summary.records), (7, 2));
    // Line feeds alone, carriage returns alone, no end after the last row.
    for (file, lines) in [
        ("prompt,completion\na,System: b", 2),
        ("prompt,completion\ra,System: b\r", 2),
        ("prompt,completion\n\na,System: b\n\n", 4),
    ] {
        let (summary, _) = compile("a.csv", nova(), file.as_bytes());
        let line = of(&summary, "forbidden-string")[0].line;
        assert_eq!(
            (summary.lines, line),
            (lines, if lines == 4 { 3 } else { 2 }),
            "{file:?}"
        );
    }
}

#[test]
fn a_piece_of_a_document_is_named_by_the_line_on_which_it_begins() {
    let paragraph = "word ".repeat(20_000);
    let file = format!("# A\n\n{}\n\n# B\n\nLost: \u{fffd}\n", paragraph);
    for name in ["a.md", "a.txt"] {
        let (summary, _) = compile(name, training(RecordShape::Documents), file.as_bytes());
        let found = of(&summary, "replacement-character")[0];
        let (line, _, converted, marked) = place(found);
        assert!(
            converted && marked == "\u{fffd}" && found.found.contains("of the converted record")
        );
        assert!((3..=5).contains(&line), "{line}");
        assert_eq!(summary.lines, 7);
    }
}

#[test]
fn json_lines_are_pointed_at_as_before() {
    let file = "{\"prompt\": \"a\", \"completion\": \"b\"}\n\n{\"prompt\": \"User: é\", \"completion\": \"b\"}\n";
    let (summary, _) = compile("a.jsonl", nova(), file.as_bytes());
    let (line, column, converted, marked) = place(of(&summary, "forbidden-string")[0]);
    assert_eq!((line, converted, marked.as_str()), (3, false, "User:"));
    assert_eq!(at(file, line, column, 5), "User:");
    let json = serde_json::to_string(&summary).unwrap();
    assert!(!json.contains("converted"), "{json}");
}

/// Files of some blocks, in every kind that is converted.
fn large() -> Vec<(&'static str, Purpose, String)> {
    let record = |n: usize| {
        let said = if n.is_multiple_of(97) {
            "System: no"
        } else {
            "yes"
        };
        format!(
            "{{\"prompt\": \"question {n}\",{}\"completion\": \"{said}\"}}",
            if n.is_multiple_of(5) { "\n  " } else { " " }
        )
    };
    let array: Vec<String> = (0..12_000).map(record).collect();
    let rows = (0..20_000).map(|n| {
        format!(
            "\"question\n{n}\",{}\n",
            if n % 97 == 0 { "System: no" } else { "yes" }
        )
    });
    vec![
        ("a.json", nova(), format!("[\n{}\n]\n", array.join(",\n"))),
        ("a.jsonl", nova(), array.join("\n")),
        (
            "a.csv",
            nova(),
            std::iter::once("prompt,completion\n".to_owned())
                .chain(rows)
                .collect(),
        ),
        (
            "a.md",
            training(RecordShape::Documents),
            (0..9_000)
                .map(|n| format!("# Part {n}\n\nSome \u{fffd} words about it.\n\n"))
                .collect(),
        ),
    ]
}

#[test]
fn places_are_the_same_however_the_file_is_cut_and_on_any_number_of_threads() {
    for (name, purpose, file) in large() {
        let whole = compile(name, purpose.clone(), file.as_bytes());
        assert!(whole.0.findings.len() > 3, "{name}: {}", whole.0.to_text());
        assert_eq!(whole.0.lines, file.lines().count() as u64, "{name}");
        for size in [1_000, 4_099, 300_000] {
            let sizes = vec![size; file.len() / size];
            assert_eq!(
                compile_in(name, purpose.clone(), file.as_bytes(), &sizes),
                whole,
                "{name} {size}"
            );
        }
        for threads in [2, 5] {
            let mut compiler = Compiler::new(name, purpose.clone()).with_threads(threads);
            let mut out = Vec::new();
            compiler.push(file.as_bytes(), &mut out);
            let summary = compiler.finish(&mut out);
            assert_eq!((summary, out), whole, "{name} {threads}");
        }
    }
}
