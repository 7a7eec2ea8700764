//! What comes out: the canonical lines of every shape, one identity for one question, and sealing.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::HashSet;

use common::{compile, gzip, limits, nova, training, zstd};
use perennial_core::{limits::RecordShape, prompt::PromptDigest};
use perennial_dataset::{
    Compiler, EvalRecord, Excluded, Purpose, Sealed, Sealer, completion_of, prompt_of,
};

const SHAPES: [RecordShape; 3] = [
    RecordShape::BedrockConversation,
    RecordShape::PromptCompletion,
    RecordShape::AnthropicMessages,
];

const INPUTS: [&str; 5] = [
    r#"{"prompt": "Where is my card?", "completion": "On its \"way\" – ✓\n"}"#,
    r#"{"prompt": "Where is my card?", "response": "On its \"way\" – ✓\n"}"#,
    r#"{"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"text": "Where is my card?"}]}, {"role": "assistant", "content": [{"text": "On its \"way\" – ✓\n"}]}]}"#,
    r#"{"messages": [{"role": "user", "content": "Where is my card?"}, {"role": "assistant", "content": "On its \"way\" – ✓\n"}]}"#,
    r#"{"messages": [{"content": "Where is my card?", "role": "user"}, {"role": "assistant", "content": "On its \u0022way\u0022 \u2013 ✓\n"}]}"#,
];

fn line(input: &str, shape: RecordShape) -> Vec<u8> {
    let (summary, out) = compile("x.jsonl", training(shape), input.as_bytes());
    assert!(
        summary.is_accepted() && summary.records == 1,
        "{}",
        summary.to_text()
    );
    out
}

#[test]
fn every_shape_compiles_to_the_same_line() {
    for shape in SHAPES {
        let lines: HashSet<Vec<u8>> = INPUTS.iter().map(|input| line(input, shape)).collect();
        assert_eq!(lines.len(), 1);
        let line = lines.into_iter().next().unwrap();
        insta::assert_snapshot!(format!("{shape:?}"), String::from_utf8(line).unwrap());
    }
}

#[test]
fn system_texts_keep_their_place() {
    let as_member = r#"{"system": "Be kind.", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;
    let as_message = r#"{"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#;
    let as_blocks = r#"{"schemaVersion": "bedrock-conversation-2024", "system": [{"text": "Be kind."}], "messages": [{"role": "user", "content": [{"text": "a"}]}, {"role": "assistant", "content": [{"text": "b"}]}]}"#;
    let with_pair = r#"{"system": "Be kind.", "prompt": "a", "completion": "b"}"#;
    for shape in [
        RecordShape::BedrockConversation,
        RecordShape::AnthropicMessages,
    ] {
        let lines: HashSet<_> = [as_member, as_message, as_blocks, with_pair]
            .map(|input| line(input, shape))
            .into();
        assert_eq!(lines.len(), 1);
        let line = lines.into_iter().next().unwrap();
        assert_eq!(prompt_of(&line).unwrap(), "a");
        insta::assert_snapshot!(
            format!("system {shape:?}"),
            String::from_utf8(line).unwrap()
        );
    }
}

#[test]
fn one_question_has_one_digest() {
    let digest = PromptDigest::of("Where is my card?");
    for shape in SHAPES {
        for input in INPUTS {
            let line = line(input, shape);
            assert_eq!(PromptDigest::of(&prompt_of(&line).unwrap()), digest);
            assert_eq!(completion_of(&line).unwrap(), "On its \"way\" – ✓\n");
        }
    }
    let question =
        br#"{"category": "x", "prompt": "Where is my card?", "referenceResponse": "There"}"#;
    let (summary, out) = compile("q.jsonl", Purpose::Evaluation, question);
    assert!(summary.is_accepted());
    assert_eq!(PromptDigest::of(&prompt_of(&out).unwrap()), digest);
    let record = EvalRecord::parse(&out).unwrap();
    assert_eq!(
        (
            record.reference_response.as_str(),
            record.category.as_deref()
        ),
        ("There", Some("x"))
    );
    assert_eq!(record.to_line(), out);
}

#[test]
fn several_turns_read_as_text() {
    let turns = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}"#;
    for shape in [
        RecordShape::BedrockConversation,
        RecordShape::AnthropicMessages,
    ] {
        let line = line(turns, shape);
        assert_eq!(
            prompt_of(&line).unwrap(),
            "user: a\n\nassistant: b\n\nuser: c"
        );
        assert_eq!(completion_of(&line).unwrap(), "d");
    }
    for no_line in [
        &b""[..],
        b"{}",
        b"[]",
        b"\xff",
        b"{\"messages\":[]}",
        b"{\"messages\":[5]}",
    ] {
        assert_eq!(
            (
                prompt_of(no_line),
                completion_of(no_line),
                EvalRecord::parse(no_line)
            ),
            (None, None, None)
        );
    }
}

#[test]
fn what_tools_make_too_deep_is_refused_and_not_lost_when_it_is_sealed() {
    // Found by fuzzing: arguments in a string have no levels in the line that they come in, and parameters go three levels down.
    let record = |levels: usize, parameters: usize| {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let arguments = format!(r#"{{\"a\":{}}}"#, nested(levels));
        format!(
            r#"{{"messages":[{{"role":"user","content":"a"}},{{"role":"assistant","tool_calls":[{{"id":"1","type":"function","function":{{"name":"f","arguments":"{arguments}"}}}}]}},
            {{"role":"tool","tool_call_id":"1","content":"b"}},{{"role":"assistant","content":"c"}}],
            "tools":[{{"type":"function","function":{{"name":"f","description":"d","parameters":{{"type":"object","properties":{{"x":{}}}}}}}}}]}}"#,
            nested(parameters)
        )
        .replace('\n', " ")
    };
    let nova = limits_of_nova();
    for (arguments, parameters, accepted) in [(57, 56, true), (58, 1, false), (1, 57, false)] {
        let (summary, out) = compile(
            "x.jsonl",
            Purpose::Training(nova.clone()),
            record(arguments, parameters).as_bytes(),
        );
        assert_eq!(summary.is_accepted(), accepted, "{}", summary.to_text());
        assert_eq!(prompt_of(&out).is_some(), accepted);
        assert_eq!(
            summary.finding_counts.contains_key("nesting-depth"),
            !accepted,
            "{}",
            summary.to_text()
        );
    }
}

fn limits_of_nova() -> perennial_core::limits::DataLimits {
    perennial_core::limits::fine_tuning("amazon.nova-2-lite-v1:0").unwrap()
}

#[test]
fn a_text_may_begin_with_the_letters_of_a_binary_format() {
    for text in [
        "ORCHARDS\n\nApples.\n",
        "RIFFS\nand solos\n",
        "BZh",
        "GIF89a is a format – of images.\n",
    ] {
        let (summary, out) = compile(
            "chapter.txt",
            training(RecordShape::Documents),
            text.as_bytes(),
        );
        assert!(summary.is_accepted(), "{}", summary.to_text());
        assert_eq!(prompt_of(&out).unwrap(), text);
        let (summary, _) = compile(
            "chapter.txt",
            training(RecordShape::Documents),
            &[text.as_bytes(), b"\x01\0\xff"].concat(),
        );
        assert!(
            summary.finding_counts.contains_key("binary-file"),
            "{}",
            summary.to_text()
        );
    }
    // A record with `ustar` where a tar archive has it.
    let (before, after) = ("{\"prompt\":\"", "\",\"completion\":\"b\"}\n");
    let record = format!("{before}{}ustar{after}", "x".repeat(257 - before.len()));
    let (summary, out) = compile(
        "x.jsonl",
        training(RecordShape::PromptCompletion),
        record.as_bytes(),
    );
    assert!(
        summary.is_accepted() && out == record.as_bytes(),
        "{}",
        summary.to_text()
    );
}

#[test]
fn a_table_reads_the_same_by_threads() {
    // Found by fuzzing: what was said of the columns came before what the last block's threads found. A row with too many
    // fields ends a block.
    let table = b"text,category\na,b\n1,2,3\n \t,b\n";
    let (summary, out) = compile("x.csv", nova(), table);
    assert!(summary.finding_counts.contains_key("empty-prompt"));
    let mut compiler = Compiler::new("x.csv", nova()).with_threads(2);
    let mut lines = Vec::new();
    compiler.push(table, &mut lines);
    assert_eq!((compiler.finish(&mut lines), lines), (summary, out));
}

#[test]
fn compressed_files_read_the_same() {
    let many: String = (0..5_000)
        .map(|n| format!("{{\"prompt\": \"a{n}\", \"completion\": \"b\"}}\n"))
        .collect();
    let (plain, expected) = compile("x.jsonl", nova(), many.as_bytes());
    let two_members = [gzip(&many.as_bytes()[..777]), gzip(&many.as_bytes()[777..])].concat();
    let two_frames = [zstd(&many.as_bytes()[..777]), zstd(&many.as_bytes()[777..])].concat();
    for packed in [
        gzip(many.as_bytes()),
        zstd(many.as_bytes()),
        two_members,
        two_frames,
    ] {
        let (summary, out) = compile("x.jsonl", nova(), &packed);
        assert_eq!(summary.records, 5_000, "{}", summary.to_text());
        assert!(out == expected);
        assert_eq!(
            (summary.tokens_estimate, summary.bytes_decompressed),
            (plain.tokens_estimate, plain.bytes_read)
        );
        assert_eq!(summary.bytes_read, packed.len() as u64);
    }
}

fn seal(
    shards: &[&str],
    exclude: &[&str],
    holdout: Option<f64>,
    max_records: u64,
    step: usize,
) -> (Sealed, String) {
    let mut limits = limits(RecordShape::PromptCompletion);
    limits.max_records = max_records;
    let exclude = exclude
        .iter()
        .map(|prompt| PromptDigest::of(prompt))
        .collect::<HashSet<_>>();
    let mut sealer = Sealer::new(
        &limits,
        exclude,
        holdout.map(|fraction| ("support-bot".into(), fraction)),
    );
    let mut out = Vec::new();
    for shard in shards {
        for chunk in shard.as_bytes().chunks(step) {
            sealer.push(chunk, &mut out);
        }
        sealer.end_shard(&mut out);
    }
    (sealer.finish(), String::from_utf8(out).unwrap())
}

fn pair(prompt: &str, completion: &str) -> String {
    format!("{{\"prompt\":\"{prompt}\",\"completion\":\"{completion}\"}}\n")
}

#[test]
fn sealing_drops_duplicates_and_leaks() {
    let newest = [pair("a", "1"), pair("b", "1"), pair("Asked  BEFORE", "1")].concat();
    let older = [pair("b", "1"), pair("b", "2"), pair("c", "1")].concat();
    for step in [1, 7, 1_000] {
        let (sealed, out) = seal(
            &[newest.trim_end(), &older],
            &["asked before", "never"],
            None,
            100,
            step,
        );
        assert_eq!(
            out,
            [
                pair("a", "1"),
                pair("b", "1"),
                pair("b", "2"),
                pair("c", "1")
            ]
            .concat()
        );
        assert_eq!(
            (
                sealed.records,
                sealed.duplicates,
                sealed.leaked,
                sealed.held_out
            ),
            (4, 1, 1, 0)
        );
        assert_eq!(sealed.prompts, ["a", "b", "c"].map(PromptDigest::of));
        assert_eq!(sealed.tokens_estimate, 8);
        assert!((sealed.leak_share() - 0.2).abs() < 1e-9);
    }
}

#[test]
fn sealing_keeps_the_newest_and_the_hold_out_apart() {
    let (sealed, out) = seal(
        &[
            &pair("new", "1"),
            &[pair("mid", "1"), pair("old", "1")].concat(),
        ],
        &[],
        None,
        2,
        9,
    );
    assert_eq!((sealed.records, sealed.left_out), (2, 1));
    assert_eq!(out, pair("new", "1") + &pair("mid", "1"));

    let many: String = (0..1_000)
        .flat_map(|n| [pair(&format!("p{n}"), "1"), pair(&format!("P{n} "), "2")])
        .collect();
    let (sealed, out) = seal(&[&many], &[], Some(0.1), 5_000, 64);
    assert_eq!(sealed.records + sealed.held_out, 2_000);
    assert!((100..300).contains(&sealed.held_out), "{}", sealed.held_out);
    let trained: HashSet<_> = out
        .lines()
        .map(|line| PromptDigest::of(&prompt_of(line.as_bytes()).unwrap()))
        .collect();
    assert_eq!(trained.len() * 2, sealed.records as usize);
    let kept = String::from_utf8(sealed.held_out_records).unwrap();
    for line in kept.lines() {
        assert!(!trained.contains(&PromptDigest::of(
            &EvalRecord::parse(line.as_bytes()).unwrap().prompt
        )));
    }
    let (summary, canonical) = compile("eval.jsonl", Purpose::Evaluation, kept.as_bytes());
    assert!(summary.is_accepted() && canonical == kept.as_bytes());
}

/// `../shared/data` from the project's root, where it exists.
#[test]
fn banking77_compiles_and_seals() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/banking77");
    let (Ok(train), Ok(eval)) = (
        std::fs::read(folder.join("train.jsonl")),
        std::fs::read(folder.join("eval.jsonl")),
    ) else {
        return;
    };
    let started = std::time::Instant::now();
    let (summary, shard) = compile("train.jsonl", nova(), &train);
    println!("{} in {:?}", summary.to_text(), started.elapsed());
    assert!(
        summary.is_accepted() && summary.records + summary.duplicates == 10_003,
        "{}",
        summary.to_text()
    );
    let (summary, questions) = compile("eval.jsonl", Purpose::Evaluation, &eval);
    println!("{}", summary.to_text());
    assert!(
        summary.is_accepted() && summary.records + summary.duplicates == 3_080,
        "{}",
        summary.to_text()
    );

    let questions: Vec<EvalRecord> = questions
        .split(|byte| *byte == b'\n')
        .filter_map(EvalRecord::parse)
        .collect();
    assert_eq!(
        questions.len(),
        3_080,
        "asked as given, the one that stands twice included"
    );
    let mut sealer = Sealer::new(
        &limits(RecordShape::BedrockConversation),
        Excluded::of(&questions),
        None,
    );
    let mut out = Vec::new();
    sealer.push(&shard, &mut out);
    sealer.end_shard(&mut out);
    let sealed = sealer.finish();
    // Six training prompts stand in the evaluation set to the letter, a seventh in another case.
    assert_eq!((sealed.leaked, sealed.leaked_to_the_letter), (7, 6));
    assert_eq!(
        sealed.records + sealed.leaked + sealed.duplicates,
        summary_records(&shard)
    );
    assert!(sealed.leak_share() < 0.01);
}

fn summary_records(shard: &[u8]) -> u64 {
    shard.iter().filter(|byte| **byte == b'\n').count() as u64
}
