//! A conversation teaches every question that it answers: none of them is asked, wherever it stands.
#![allow(clippy::unwrap_used)]
mod common;

use std::collections::HashSet;

use common::{limits, nova};
use perennial_core::limits::{DataLimits, RecordShape};
use perennial_core::prompt::{PromptDigest, held_out};
use perennial_dataset::{
    Between, Compiler, EvalRecord, Excluded, Index, Indexer, Purpose, Sealed, Sealer,
};
use proptest::prelude::*;
use serde_json::json;

/// A canonical line of turns, the user's first.
fn line(turns: &[&str]) -> String {
    let message = |(place, text): (usize, &&str)| {
        let role = ["user", "assistant"][place % 2];
        let content = json!([{ "text": text }]);
        format!("{{\"role\":\"{role}\",\"content\":{content}}}")
    };
    let messages: Vec<String> = turns.iter().enumerate().map(message).collect();
    let version = "\"schemaVersion\":\"bedrock-conversation-2024\"";
    format!("{{{version},\"messages\":[{}]}}\n", messages.join(","))
}

fn question(prompt: &str) -> EvalRecord {
    EvalRecord {
        prompt: prompt.into(),
        reference_response: "x".into(),
        category: None,
    }
}

fn sealer(exclude: &[EvalRecord], holdout: Option<f64>) -> Sealer {
    let limits: DataLimits = limits(RecordShape::BedrockConversation);
    let holdout = holdout.map(|share| ("bot".to_owned(), share));
    Sealer::new(&limits, Excluded::of(exclude), holdout)
}

fn streamed(mut sealer: Sealer, shards: &[String]) -> (Sealed, String) {
    let mut out = Vec::new();
    for shard in shards {
        for piece in shard.as_bytes().chunks(61) {
            sealer.push(piece, &mut out);
        }
        sealer.end_shard(&mut out);
    }
    (sealer.finish(), String::from_utf8(out).unwrap())
}

fn by_indexes(mut sealer: Sealer, shards: &[String]) -> (Sealed, String) {
    let mut out = String::new();
    for shard in shards {
        let mut indexer = Indexer::new();
        indexer.push(shard.as_bytes(), &mut Vec::new());
        indexer.end(&mut Vec::new());
        let Some(index) = indexer.finish("t") else {
            sealer.end_shard(&mut Vec::new());
            continue;
        };
        let index = Index::read(index, "t", shard.len() as u64).unwrap();
        for stretch in sealer.push_index(&index) {
            let some = &shard[stretch.range.start as usize..stretch.range.end as usize];
            match stretch.held_out {
                true => sealer.hold_out(some.as_bytes()),
                false => out += some,
            }
        }
    }
    (sealer.finish(), out)
}

fn asked(sealed: &Sealed) -> Vec<String> {
    let lines = sealed.held_out_records.split(|byte| *byte == b'\n');
    let records = lines.filter_map(EvalRecord::parse);
    records.map(|record| record.prompt).collect()
}

/// As an evaluation set would write everything before the third turn.
const SECOND: &str = "user: What is it?\n\nassistant: A card.\n\nuser: Whose?";

#[test]
fn a_question_of_the_evaluation_set_leaks_wherever_a_conversation_answers_it() {
    let talk = line(&[
        "What is it?",
        "A card.",
        "Whose?",
        "Mine.",
        "Since when?",
        "May.",
    ]);
    let other = line(&["Who is it?", "A guest.", "Whose?", "Yours."]);
    let third = format!("{SECOND}\n\nassistant: Mine.\n\nuser: Since when?");
    for (prompt, path) in [
        ("what is  IT?", "$.messages[0]"),
        (SECOND, "$.messages[2]"),
        (third.as_str(), "$"),
    ] {
        let exclude = [question(prompt)];
        let mut compiler = Compiler::new("a.jsonl", nova()).with_evaluation(Excluded::of(&exclude));
        let mut out = Vec::new();
        compiler.push(format!("{other}{talk}").as_bytes(), &mut out);
        let summary = compiler.finish(&mut out);
        assert!(summary.is_accepted(), "{}", summary.to_text());
        let leaks: Vec<_> = (summary.findings.iter())
            .filter(|finding| finding.rule == "evaluation-leak")
            .map(|finding| (finding.line, finding.path.as_str()))
            .collect();
        assert_eq!(leaks, [(2, path)], "{prompt}");

        let shards = [String::from_utf8(out).unwrap()];
        let (sealed, file) = streamed(sealer(&exclude, None), &shards);
        assert_eq!(
            (sealed.leaked, sealed.records, &file),
            (1, 1, &other),
            "{prompt}"
        );
        assert_eq!(by_indexes(sealer(&exclude, None), &shards), (sealed, file));
    }
    // What is said in it, and not answered as a question, is no leak.
    for prompt in ["A card.", "Whose?", "user: What is it?"] {
        let (sealed, _) = streamed(
            sealer(&[question(prompt)], None),
            std::slice::from_ref(&talk),
        );
        assert_eq!((sealed.leaked, sealed.records), (0, 1), "{prompt}");
    }
}

#[test]
fn files_that_are_checked_together_tell_the_message_and_the_line_of_the_question() {
    let questions: String = (0..600)
        .map(|n| format!("{{\"prompt\":\"Question {n}?\",\"referenceResponse\":\"Answer {n}\"}}\n"))
        .collect();
    let talks: String = (0..600)
        .map(|n| {
            let (question, answer) = (format!("Question {n}?"), format!("Answer {n}"));
            line(&[
                &question,
                &answer,
                "Thanks, and then?",
                &format!("Nothing, {n}."),
            ])
        })
        .collect();
    let mut compiler =
        Compiler::new("questions.jsonl", Purpose::Evaluation).with_others(Between::new(false));
    compiler.push(questions.as_bytes(), &mut Vec::new());
    let others = compiler.finish_with_others(&mut Vec::new()).others;
    let mut compiler = Compiler::new("mt.jsonl", nova()).with_others(others);
    let mut out = Vec::new();
    compiler.push(talks.as_bytes(), &mut out);
    let done = compiler.finish_with_others(&mut out);
    assert_eq!(done.leaked, 600);
    let first = &done.summary.findings[0];
    assert_eq!(
        (
            first.rule.as_str(),
            first.path.as_str(),
            first.found.as_str()
        ),
        (
            "evaluation-leak",
            "$.messages[0]",
            "as questions.jsonl line 1: Question 0?"
        )
    );
    assert!(done.summary.finding_counts.contains_key("evaluation-leaks"));
}

#[test]
fn a_held_out_question_that_a_conversation_answers_on_the_way_is_not_asked() {
    let single: String = (0..600)
        .map(|n| line(&[&format!("Question {n}?"), &format!("Answer {n}")]))
        .collect();
    let talks: String = (0..600)
        .map(|n| {
            let (question, answer) = (format!("Question {n}?"), format!("Answer {n}"));
            line(&[
                &question,
                &answer,
                &format!("And {n}?"),
                &format!("Nothing, {n}."),
            ])
        })
        .collect();
    // Whichever is read first, and in one upload as in two.
    let mut counts = HashSet::new();
    for shards in [
        vec![single.clone(), talks.clone()],
        vec![talks.clone(), single.clone()],
        vec![format!("{single}{talks}")],
    ] {
        let new = || sealer(&[], Some(0.1)).asking("bot", 1_000, HashSet::new());
        let (sealed, file) = streamed(new(), &shards);
        assert_eq!(by_indexes(new(), &shards), (sealed.clone(), file.clone()));
        let asked = asked(&sealed);
        let fair = sealed.held_out - sealed.held_out_again - sealed.held_out_taught;
        assert_eq!(asked.len() as u64, fair);
        assert!(sealed.held_out_taught > 30 && fair > 30, "{sealed:?}");
        for prompt in &asked {
            let is_first_turn = |line: &str| {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                record["messages"][0]["content"][0]["text"] == prompt.as_str()
            };
            assert!(
                !file.lines().any(is_first_turn),
                "{prompt} is asked, and trained on"
            );
        }
        // Those that are left stand on the way of conversations that are held out themselves.
        assert_eq!(
            sealed.taught.len() as u64,
            sealed.records - (600 - held(&single))
        );
        counts.insert((sealed.held_out_taught, fair));
    }
    assert_eq!(counts.len(), 1, "{counts:?}");
}

/// How many of these single questions are held out.
fn held(lines: &str) -> u64 {
    let (sealed, _) = streamed(sealer(&[], Some(0.1)), &[lines.to_owned()]);
    sealed.held_out
}

#[test]
fn an_answer_without_words_answers_no_question() {
    let used = json!({"schemaVersion": "bedrock-conversation-2024", "messages": [
        {"role": "user", "content": [{"text": "How warm is it?"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "a", "name": "look", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [{"text": "20"}]}}]},
        {"role": "assistant", "content": [{"text": "20 degrees"}]},
    ]});
    let exclude = [question("How warm is it?")];
    let (sealed, _) = streamed(sealer(&exclude, None), &[format!("{used}\n")]);
    assert_eq!(
        (sealed.records, sealed.leaked, sealed.taught.len()),
        (1, 0, 0)
    );
}

fn talk() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-c]", "[A-C] ", "[a-z]{1,30}"];
    proptest::collection::vec(text, 1..7).prop_map(|turns| {
        let turns: Vec<&str> = turns.iter().map(String::as_str).collect();
        line(&turns)
    })
}

proptest! {
    #[test]
    fn nothing_that_is_trained_on_answers_what_is_asked_or_stands_in_the_evaluation_set(
        shards in proptest::collection::vec(proptest::collection::vec(talk(), 0..30), 0..4),
        questions in proptest::collection::vec("[a-c]", 0..2),
        holdout in prop_oneof![Just(None), Just(Some(0.3))],
        most in prop_oneof![Just(3_usize), Just(1_000)],
    ) {
        let shards: Vec<String> = shards.iter().map(|shard| shard.concat()).collect();
        let exclude: Vec<EvalRecord> = questions.iter().map(|prompt| question(prompt)).collect();
        let new = || sealer(&exclude, holdout).asking("bot", most, HashSet::new());
        let (sealed, file) = streamed(new(), &shards);
        prop_assert_eq!(by_indexes(new(), &shards), (sealed.clone(), file.clone()));
        let asked = asked(&sealed);
        let unfair: HashSet<PromptDigest> = asked.iter().chain(&questions).map(|prompt| PromptDigest::of(prompt)).collect();
        for line in file.lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let texts: Vec<&str> = record["messages"].as_array().unwrap().iter()
                .map(|message| message["content"][0]["text"].as_str().unwrap()).collect();
            for place in (1..texts.len()).step_by(2) {
                let turns: Vec<perennial_dataset::Turn<'_>> = texts[..=place].iter().enumerate().map(|(place, text)| {
                    let role = if place % 2 == 0 { perennial_dataset::Role::User } else { perennial_dataset::Role::Assistant };
                    perennial_dataset::Turn::new(role, *text)
                }).collect();
                // An answer of blanks is none.
                if !texts[place].trim().is_empty() {
                    let digest = PromptDigest::of(&perennial_dataset::render_prompt(&turns));
                    prop_assert!(!unfair.contains(&digest), "{line}");
                }
            }
        }
        let held = sealed.held_out - sealed.held_out_again;
        prop_assert!(sealed.held_out_taught <= held);
        prop_assert!(most < 1_000 || asked.len() as u64 == held - sealed.held_out_taught);
        prop_assert!(holdout.is_some() || held == 0);
        for prompt in &asked {
            prop_assert!(held_out(PromptDigest::of(prompt), "bot", 0.3));
        }
    }
}
