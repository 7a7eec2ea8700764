//! CSV and TSV: every field comes back to the letter, and every trouble says what a person needs.
#![allow(clippy::unwrap_used)]
mod common;

use std::fmt::Write as _;

use common::{Got, bounds, bytewise, cut, real, records, shown, troubles, whole};
use perennial_inputs::{Bounds, Csv, CsvOptions, Purpose, Source, Taken, What, is_header};
use proptest::prelude::*;
use serde_json::Value;

fn columns(pairs: &[(&str, &str)]) -> CsvOptions {
    CsvOptions {
        columns: pairs
            .iter()
            .map(|(member, column)| ((*member).to_owned(), (*column).to_owned()))
            .collect(),
        ..CsvOptions::default()
    }
}

fn table(options: &CsvOptions) -> Csv {
    Csv::new(options.clone(), bounds(400))
}

fn read(text: &str) -> String {
    shown(&whole(table(&CsvOptions::default()), text.as_bytes()))
}

/// The mapping that a header leads to, with who decided on it.
fn mapped(options: &CsvOptions, header: &str) -> String {
    let mut csv = table(options);
    csv.push(format!("{header}\n").as_bytes(), &mut |_| {});
    csv.mapping().map_or_else(
        || "none".to_owned(),
        |mapping| {
            format!(
                "{mapping} ({:?}, between {:?})",
                mapping.taken, mapping.delimiter
            )
        },
    )
}

#[test]
fn a_table_becomes_records() {
    let text = "prompt,completion\r\nHello?,Hi\r\n\"He said \"\"no\"\",\nthen left\",\" yes \"\r\n\r\nlast,\"\\ \t\"";
    insta::assert_snapshot!(read(text), @r#"
    2: {"prompt":"Hello?","completion":"Hi"}
    3: {"prompt":"He said \"no\",\nthen left","completion":" yes "}
    6: {"prompt":"last","completion":"\\ \t"}
    "#);
}

#[test]
fn a_carriage_return_alone_ends_a_line_within_quotes_as_well() {
    for (text, lines) in [
        ("prompt,completion\r\"a\rb\rc\",x\rd,e\r", [2, 5]),
        (
            "prompt,completion\r\n\"a\r\nb\rc\n\r\n\",x\r\nd,e\r\n",
            [2, 7],
        ),
        ("prompt,completion\n\"a\r\",\"\nx\"\nd,e\n", [2, 5]),
    ] {
        let read = whole(table(&CsvOptions::default()), text.as_bytes());
        let began: Vec<u64> = (read.iter())
            .filter_map(|got| match got {
                Got::Record(line, _) => Some(*line),
                Got::Trouble(_) => None,
            })
            .collect();
        assert_eq!(began, lines, "{text:?}");
        assert_eq!(
            bytewise(table(&CsvOptions::default()), text.as_bytes()),
            read
        );
    }
}

#[test]
fn an_empty_system_text_is_none_whoever_names_the_column() {
    let text = "prompt,completion,system\na,b,\nc,d,e\n";
    let named = columns(&[
        ("prompt", "prompt"),
        ("completion", "completion"),
        ("system", "system"),
    ]);
    let all = whole(table(&named), text.as_bytes());
    assert_eq!(
        records(&all),
        records(&whole(table(&CsvOptions::default()), text.as_bytes()))
    );
    assert_eq!(records(&all)[0], b"{\"prompt\":\"a\",\"completion\":\"b\"}");
}

#[test]
fn the_header_says_what_the_columns_are() {
    let pairs = CsvOptions::default();
    let evaluation = CsvOptions {
        purpose: Purpose::Evaluation,
        ..CsvOptions::default()
    };
    let documents = CsvOptions {
        purpose: Purpose::Documents,
        ..CsvOptions::default()
    };
    let tabs = CsvOptions {
        tabs: true,
        ..CsvOptions::default()
    };
    let mut text = String::new();
    for (name, options, headers) in [
        (
            "pairs",
            &pairs,
            vec![
                "prompt,completion",
                "completion;prompt",
                "Prompt\tCompletion",
                "id,prompt,response,system",
                "question,answer",
                "instruction,input,output",
                "instruction,output",
                "input,output",
                "text,category",
                "TEXT , Label",
                "image-ref,caption",
                "text",
                "input",
                "prompt",
                "prompt,referenceResponse,category",
                "a,b",
                "\"question\";\"answer, or none\"",
                "question,answer;remark;more;still more",
            ],
        ),
        (
            "evaluation",
            &evaluation,
            vec![
                "question,answer",
                "text,label",
                "prompt,completion",
                "prompt,reference_response",
            ],
        ),
        (
            "documents",
            &documents,
            vec!["text,category", "id,text", "question,answer"],
        ),
        (
            "tabs",
            &tabs,
            vec![
                "prompt\tcompletion",
                "text\tlabel,of,the,text",
                "prompt,completion",
            ],
        ),
    ] {
        writeln!(text, "{name}").unwrap();
        for header in headers {
            writeln!(text, "  {header:?}: {}", mapped(options, header)).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_configuration_decides_before_the_names() {
    let options = columns(&[("prompt", "text"), ("completion", "category")]);
    let mut csv = table(&options);
    csv.push(b"prompt;category;text\n1;2;3\n", &mut |_| {});
    let mapping = csv.mapping().unwrap();
    assert_eq!(
        (mapping.taken, mapping.to_string().as_str()),
        (Taken::Configured, "prompt = text, completion = category")
    );
    let got = whole(table(&options), b"prompt;category;text\n1;2;3\n");
    assert_eq!(records(&got), [br#"{"prompt":"3","completion":"2"}"#]);
    assert!(
        matches!(&troubles(&got)[0].what, What::ColumnsLeftOut { columns } if columns == "`prompt`")
    );
}

#[test]
fn a_header_is_told_from_a_line_of_text() {
    let named = columns(&[("prompt", "body")]);
    let standard = CsvOptions::default();
    for (line, options, wanted) in [
        ("prompt,completion\r", &standard, true),
        ("\"Question\";\"Answer\"", &standard, true),
        ("id\ttext", &standard, true),
        ("id,body", &named, true),
        ("id,body", &standard, false),
        ("prompt", &standard, false),
        ("A prompt, as they say, has a completion", &standard, false),
        ("", &standard, false),
    ] {
        assert_eq!(is_header(line.as_bytes(), options), wanted, "{line}");
    }
}

#[test]
fn two_columns_of_one_member_are_joined_by_a_blank_line() {
    insta::assert_snapshot!(read("instruction,input,output,system\nAdd,1 and 2,3,\nGreet,,hi,be kind\n,alone,x, \n"), @r#"
    2: {"prompt":"Add\n\n1 and 2","completion":"3"}
    3: {"prompt":"Greet","completion":"hi","system":"be kind"}
    4: {"prompt":"alone","completion":"x"}
    "#);
}

#[test]
fn excels_first_line_names_the_delimiter() {
    insta::assert_snapshot!(read("sep=|\r\nprompt|completion\r\na,b;c|d\r\n"), @r#"3: {"prompt":"a,b;c","completion":"d"}"#);
}

#[test]
fn every_trouble_says_what_and_where_and_what_to_do() {
    let long = "x".repeat(390);
    let growing = "\u{1}".repeat(100);
    let configured = columns(&[("prompt", "text"), ("completion", "catgory")]);
    let far = columns(&[("prompt", "body")]);
    let standard = CsvOptions::default();
    let wide = format!("prompt{}\n", ",".repeat(5_000));
    let mut text = String::new();
    for (name, options, file) in [
        ("nothing", &standard, String::new()),
        ("only line feeds", &standard, "\n\r\n\n".to_owned()),
        ("only a header", &standard, "prompt,completion\n".to_owned()),
        (
            "no header",
            &standard,
            "Where is my card?,card_arrival\nI lost it.,lost\n".to_owned(),
        ),
        (
            "no header, configured",
            &far,
            "Where is my card?,card_arrival\nI lost it.,lost\n".to_owned(),
        ),
        (
            "unknown columns",
            &standard,
            "colour,shape\nred,round\n".to_owned(),
        ),
        (
            "a misspelt column",
            &configured,
            "text,category\na,b\n".to_owned(),
        ),
        (
            "a column that is not there",
            &far,
            "text,category\na,b\n".to_owned(),
        ),
        (
            "a header twice the same",
            &standard,
            "prompt,completion,prompt\na,b,c\n".to_owned(),
        ),
        (
            "a header twice the same, not taken",
            &standard,
            "x,prompt,completion,x\n1,a,b,2\n".to_owned(),
        ),
        ("too many columns", &standard, wide),
        (
            "a header over the bound",
            &standard,
            format!("prompt,{long}{long}\na,b\n"),
        ),
        (
            "an open header",
            &standard,
            "\"prompt,completion\na,b\n".to_owned(),
        ),
        (
            "fields",
            &standard,
            "prompt,completion\nonly one\na,b,c\n\nx,y\n".to_owned(),
        ),
        (
            "a quote inside",
            &standard,
            "prompt,completion\n\"say \"hi\" now\",b\nx,y\n".to_owned(),
        ),
        (
            "a quote never closed",
            &standard,
            "prompt,completion\na,b\nc,\n\"x\ny\",\"d\ne,f\n".to_owned(),
        ),
        (
            "empty rows",
            &standard,
            "prompt,completion\n,\na,b\n, \n ,\n".to_owned(),
        ),
        (
            "a row over the bound",
            &standard,
            format!("prompt,completion\n{long},\"{long}\n\"\na,b\n"),
        ),
        (
            "JSON over the bound",
            &standard,
            format!("prompt,completion\n{growing},x\na,b\n"),
        ),
        (
            "no UTF-8",
            &standard,
            "prompt,completion\na,b\u{1b}[31m\n".to_owned(),
        ),
    ] {
        let got = whole(table(options), file.as_bytes());
        writeln!(text, "# {name}\n{}", shown(&got)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn bytes_that_are_no_utf8_are_handed_on() {
    let got = whole(
        table(&CsvOptions::default()),
        b"prompt,completion\ncaf\xe9,\xff\n",
    );
    assert_eq!(
        records(&got),
        [b"{\"prompt\":\"caf\xe9\",\"completion\":\"\xff\"}"]
    );
}

/// Small data of our own, in the form of banking77: the columns of the one, the members of the other.
#[test]
fn the_same_records_come_from_the_table_as_from_json_lines() {
    let csv = "text,category\r\nWhere is it?,card_arrival\r\n\"A \"\"new\"\" card,\r\nplease\",new_card\r\n";
    let json = "{\"prompt\":\"Where is it?\",\"completion\":\"card_arrival\"}\n\
                {\"prompt\":\"A \\\"new\\\" card,\\r\\nplease\",\"completion\":\"new_card\"}\n";
    let got = whole(
        table(&columns(&[("prompt", "text"), ("completion", "category")])),
        csv.as_bytes(),
    );
    assert_eq!(
        records(&got),
        json.trim_end()
            .split('\n')
            .map(str::as_bytes)
            .collect::<Vec<_>>()
    );
}

/// The JSON Lines file of banking77 has an instruction before each prompt, and white space around it taken off (in
/// 9 of the 10,003 rows there is some).
#[test]
fn banking77_as_published_gives_the_records_of_its_json_lines_in_their_order() {
    const INSTRUCTION: &str = "Classify the intent of this bank customer's message: ";
    let (Some(csv), Some(lines)) = (real("banking77/train.csv"), real("banking77/train.jsonl"))
    else {
        return;
    };
    let options = columns(&[("prompt", "text"), ("completion", "category")]);
    let got = whole(Csv::new(options.clone(), Bounds::default()), &csv);
    assert_eq!(troubles(&got).len(), 0);
    assert_eq!(
        cut(
            Csv::new(options, Bounds::default()),
            &csv,
            &[10, 1_000, 33_333, 7]
        ),
        got
    );
    let found = records(&got);
    let lines: Vec<&[u8]> = lines
        .trim_ascii_end()
        .split(|byte| *byte == b'\n')
        .collect();
    assert_eq!(found.len(), 10_003);
    assert_eq!(found.len(), lines.len());
    for (json, line) in found.iter().zip(lines) {
        let (found, line): (Value, Value) = (
            serde_json::from_slice(json).unwrap(),
            serde_json::from_slice(line).unwrap(),
        );
        assert_eq!(
            found["prompt"].as_str().unwrap().trim(),
            line["prompt"]
                .as_str()
                .unwrap()
                .strip_prefix(INSTRUCTION)
                .unwrap()
        );
        assert_eq!(found["completion"], line["completion"]);
        assert_eq!(
            serde_json::to_string(&found["prompt"]).unwrap().as_bytes(),
            &json[10..json
                .windows(15)
                .position(|w| w == b",\"completion\":\"")
                .unwrap()]
        );
    }
}

/// Fields, right by themselves, with delimiters and ends of rows between.
fn body() -> impl Strategy<Value = String> {
    let field =
        prop_oneof![3 => "[ab ]{0,3}", 1 => "[ab][ab\" ]{0,3}", 2 => "\"([ab,\r\n ]|\"\"){0,4}\""];
    let end = prop_oneof![5 => Just(","), 2 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just("\n\n")];
    proptest::collection::vec((field, end), 0..20).prop_map(|fields| {
        fields
            .iter()
            .flat_map(|(field, end)| [field.as_str(), end])
            .collect()
    })
}

/// Pieces that tables are made of, right and wrong.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(b"prompt,completion\n".to_vec()),
        2 => Just(b"\"text\";label\r\n".to_vec()),
        1 => Just(b"sep=\t\n".to_vec()),
        6 => "[ab\",;\t\r\n ]{0,12}".prop_map(String::into_bytes),
        3 => Just(b"a,b\n".to_vec()),
        2 => Just(b"\"a\"\"b\",\"c\n\"\r\n".to_vec()),
        1 => Just(vec![b'x'; 300]),
        1 => Just(vec![b','; 5_000]),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn cutting_changes_nothing(
        bytes in proptest::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat()),
        sizes in proptest::collection::vec(0..40_usize, 0..60),
        tabs in any::<bool>(),
        configured in any::<bool>(),
    ) {
        let mut options = if configured { columns(&[("prompt", "a")]) } else { CsvOptions::default() };
        options.tabs = tabs;
        let all = whole(table(&options), &bytes);
        prop_assert_eq!(&cut(table(&options), &bytes, &sizes), &all);
        prop_assert_eq!(&bytewise(table(&options), &bytes), &all);
        prop_assert!(!all.is_empty(), "a file ends in a record or in a trouble");
        for json in records(&all) {
            prop_assert!(json.len() <= 400);
            if let Ok(text) = std::str::from_utf8(json) {
                prop_assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
            }
        }
    }

    #[test]
    fn what_the_csv_crate_writes_comes_back(
        rows in proptest::collection::vec(("(?s).{0,20}", "[ab\",;\t\r\n\\\\]{0,12}x"), 1..20),
        delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t')],
        feeds in any::<bool>(),
        always in any::<bool>(),
    ) {
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(if feeds { csv::Terminator::Any(b'\n') } else { csv::Terminator::CRLF })
            .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .from_writer(Vec::new());
        writer.write_record(["question", "answer"]).unwrap();
        for (question, answer) in &rows {
            writer.write_record([question, answer]).unwrap();
        }
        let got = whole(Csv::new(CsvOptions::default(), Bounds::default()), &writer.into_inner().unwrap());
        let wanted: Vec<Vec<u8>> = rows
            .iter()
            .map(|(q, a)| format!("{{\"prompt\":{},\"completion\":{}}}", Value::from(q.as_str()), Value::from(a.as_str())).into_bytes())
            .collect();
        prop_assert_eq!(records(&got), wanted);
        prop_assert_eq!(troubles(&got).len(), 0);
    }

    #[test]
    fn a_table_without_trouble_is_read_as_the_csv_crate_reads_it(body in body()) {
        let text = format!("prompt,completion\n{body}");
        let got = whole(Csv::new(CsvOptions::default(), Bounds::default()), text.as_bytes());
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let wanted: Vec<Vec<u8>> = reader
            .records()
            .map(Result::unwrap)
            .filter(|row| row.len() == 2 && row.iter().any(|field| !field.trim().is_empty()))
            .map(|row| format!("{{\"prompt\":{},\"completion\":{}}}", Value::from(&row[0]), Value::from(&row[1])).into_bytes())
            .collect();
        prop_assert_eq!(records(&got), wanted);
    }

    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..3_000)) {
        let all = whole(table(&CsvOptions::default()), &bytes);
        prop_assert!(all.iter().any(|got| matches!(got, Got::Trouble(_) | Got::Record(..))));
    }
}
