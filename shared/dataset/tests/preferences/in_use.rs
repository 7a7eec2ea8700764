//! Preferences beside other data, against each other, held out, asked, and compiled again.

use super::*;

#[test]
fn members_that_have_no_place_are_named_and_secrets_are_found_in_both_answers() {
    let (summary, found) = accepted(&json!({
        "prompt": "q", "chosen": "good", "rejected": "bad", "score_chosen": 9, "messages": [said("user", "q")],
    }));
    assert_eq!(found, canonical(None, &[("user", "q")], "good", "bad"));
    assert_eq!(summary.findings[0].rule, "extra-member");
    assert_eq!(summary.findings[0].found, "messages, score_chosen");
    let key = concat!("AKIA", "IOSFODNN7QWERTYU");
    for record in [
        json!({ "prompt": "q", "chosen": key, "rejected": "bad" }),
        json!({ "prompt": "q", "chosen": "good", "rejected": key }),
    ] {
        assert_eq!(accepted(&record).0.finding_counts["secret"], 1);
    }
}

#[test]
fn each_kind_of_data_is_refused_where_the_other_is_trained_on() {
    let preference = lines(&[json!({ "prompt": "q", "chosen": "good", "rejected": "bad" })]);
    let own = lines(&[canonical(None, &[("user", "q")], "good", "bad")]);
    for file in [&preference, &own] {
        for shape in [
            RecordShape::BedrockConversation,
            RecordShape::PromptCompletion,
            RecordShape::AnthropicMessages,
        ] {
            let (summary, _) = compile("a.jsonl", training(shape), file.as_bytes());
            let finding = &summary.findings[0];
            assert_eq!(finding.rule, "other-trainer");
            assert!(
                finding.fix.contains("technique = \"dpo\"")
                    && finding.fix.contains("keep the preferred answers alone"),
                "{}",
                finding.fix
            );
        }
        let (summary, _) = compile("a.jsonl", training(RecordShape::Documents), file.as_bytes());
        assert!(summary.findings[0].fix.contains("{\"text\"} documents"));
    }
    let pair = json!({ "prompt": "q", "completion": "a" });
    let messages = json!({ "messages": [said("user", "q"), said("assistant", "a")] });
    for record in [pair, messages, json!({ "text": "A document." })] {
        let summary = refused(&[record]);
        let finding = &summary.findings[0];
        assert_eq!(finding.rule, "other-trainer", "{}", summary.to_text());
        assert!(
            finding.fix.contains("\"rejected\"") && finding.fix.contains("technique = \"sft\""),
            "{}",
            finding.fix
        );
    }
    let (summary, _) = compile("a.md", preferences(), b"# A document");
    assert!(
        summary.findings[0].fix.contains("\"chosen\""),
        "{}",
        summary.to_text()
    );
}

#[test]
fn two_shapes_in_one_file_are_a_finding() {
    let summary = refused(&[
        json!({ "prompt": "q", "chosen": "good", "rejected": "bad" }),
        canonical(None, &[("user", "r")], "good", "bad"),
    ]);
    assert_eq!(summary.findings[0].rule, "mixed-shapes");
    assert_eq!(summary.findings[0].line, 2);
}

#[test]
fn the_same_two_answers_the_other_way_round_contradict_and_other_pairs_do_not() {
    let pair =
        |better: &str, worse: &str| json!({ "prompt": "q", "chosen": better, "rejected": worse });
    let file = |records: &[Value]| {
        let (summary, _) = compile("a.jsonl", preferences(), lines(records).as_bytes());
        assert!(summary.is_accepted(), "{}", summary.to_text());
        summary
    };
    let several = file(&[pair("a", "b"), pair("a", "c"), pair("b", "c")]);
    assert_eq!(
        (several.records, several.conflicts, several.duplicates),
        (3, 0, 0)
    );
    let repeated = file(&[pair("a", "b"), pair("a", "b")]);
    assert_eq!((repeated.records, repeated.duplicates), (1, 1));
    let swapped = file(&[pair("a", "b"), pair("a", "c"), pair("b", "a")]);
    assert_eq!((swapped.records, swapped.conflicts), (3, 1));
    let finding = swapped
        .findings
        .iter()
        .find(|finding| finding.rule == "contradicting-preference")
        .unwrap();
    assert!(finding.found.contains("at line 3"), "{}", finding.found);
}

#[test]
fn a_pair_may_be_longer_than_the_limit_that_holds_for_each_of_its_answers() {
    let limits = DataLimits {
        max_record_tokens: 100,
        ..limits(RecordShape::Preferences)
    };
    let verdict = |better: usize, worse: usize| {
        let record =
            json!({ "prompt": "q", "chosen": "a".repeat(better), "rejected": "b".repeat(worse) });
        let purpose = Purpose::Training(limits.clone());
        compile("a.jsonl", purpose, lines(&[record]).as_bytes()).0
    };
    // 67 tokens each at 3 characters a token, 134 together.
    let both = verdict(200, 200);
    assert!(
        both.is_accepted() && both.warnings == 0,
        "{}",
        both.to_text()
    );
    assert_eq!(both.tokens_estimate, 135);
    assert_eq!(verdict(400, 10).findings[0].rule, "sample-may-be-too-long");
    assert_eq!(verdict(10, 700).findings[0].rule, "sample-too-long");
}

#[test]
fn what_was_compiled_is_held_out_by_its_prompt_with_the_preferred_answer_as_the_reference() {
    let records: Vec<Value> = (0..200)
        .map(|n| json!({ "prompt": format!("question {n}"), "chosen": format!("good {n}"), "rejected": format!("bad {n}") }))
        .collect();
    let (summary, out) = compile("a.jsonl", preferences(), lines(&records).as_bytes());
    assert_eq!(summary.records, 200);
    let first = out.split(|byte| *byte == b'\n').next().unwrap();
    assert_eq!(prompt_of(first).as_deref(), Some("question 0"));
    assert_eq!(completion_of(first).as_deref(), Some("good 0"));

    let leaked = EvalRecord {
        prompt: "QUESTION  7".into(),
        reference_response: "good 7".into(),
        category: None,
    };
    let mut sealer = Sealer::new(
        &limits(RecordShape::Preferences),
        Excluded::of(&[leaked]),
        Some(("key".into(), 0.2)),
    );
    let mut training = Vec::new();
    sealer.push(&out, &mut training);
    sealer.end_shard(&mut training);
    let sealed = sealer.finish();
    assert_eq!((sealed.leaked, sealed.unreadable), (1, 0));
    assert!((20..60).contains(&sealed.held_out), "{}", sealed.held_out);
    assert_eq!(sealed.records + sealed.held_out + 1, 200);
    let questions: Vec<EvalRecord> = sealed
        .held_out_records
        .split(|byte| *byte == b'\n')
        .filter_map(EvalRecord::parse)
        .collect();
    assert_eq!(questions.len() as u64, sealed.held_out);
    for question in &questions {
        let number = question.prompt.strip_prefix("question ").unwrap();
        assert_eq!(question.reference_response, format!("good {number}"));
        assert!(!sealed.prompts.contains(&PromptDigest::of(&question.prompt)));
    }
    // Both answers are counted, the label is not.
    let of = |text: &str| estimate_tokens(text);
    let one = accepted(&records[0]).0;
    assert_eq!(
        one.tokens_estimate,
        of("question 0") + of("good 0") + of("bad 0")
    );
    let kept = String::from_utf8(training).unwrap();
    let tokens: u64 = kept
        .lines()
        .map(|line| {
            let number = prompt_of(line.as_bytes()).unwrap()["question ".len()..].to_owned();
            of(&format!("question {number}"))
                + of(&format!("good {number}"))
                + of(&format!("bad {number}"))
        })
        .sum();
    assert_eq!(sealed.tokens_estimate, tokens);
}

#[test]
fn an_evaluation_set_may_be_preferences() {
    for record in [
        json!({ "prompt": "q", "chosen": "good", "rejected": "bad" }),
        canonical(None, &[("user", "q")], "good", "bad"),
        json!({ "input": { "messages": [said("user", "q")] },
            "preferred_output": [said("assistant", "good")], "non_preferred_output": [said("assistant", "bad")] }),
    ] {
        let (summary, out) = compile("a.jsonl", Purpose::Evaluation, lines(&[record]).as_bytes());
        assert!(summary.is_accepted(), "{}", summary.to_text());
        let question = EvalRecord::parse(out.trim_ascii_end()).unwrap();
        assert_eq!(
            (
                question.prompt.as_str(),
                question.reference_response.as_str()
            ),
            ("q", "good")
        );
    }
    let spoken = canonical(
        Some("s"),
        &[("user", "q"), ("assistant", "a"), ("user", "r")],
        "good",
        "bad",
    );
    let (summary, out) = compile("a.jsonl", Purpose::Evaluation, lines(&[spoken]).as_bytes());
    let question = EvalRecord::parse(out.trim_ascii_end()).unwrap();
    assert_eq!(question.prompt, "user: q\n\nassistant: a\n\nuser: r");
    assert_eq!(summary.findings[0].rule, "extra-member");
    let equal = lines(&[json!({ "prompt": "q", "chosen": "a", "rejected": "a" })]);
    let (summary, _) = compile("a.jsonl", Purpose::Evaluation, equal.as_bytes());
    assert_eq!(summary.findings[0].rule, "equal-candidates");
}

#[test]
fn a_canonical_line_compiles_to_itself() {
    let records = [
        canonical(
            Some("s \u{1f600}"),
            &[("user", "q\n\"x\"")],
            "good\t",
            "b\\ad",
        ),
        canonical(
            None,
            &[("user", "r"), ("assistant", "a"), ("user", "t")],
            "日本",
            "bad",
        ),
    ];
    let (_, once) = compile("a.jsonl", preferences(), lines(&records).as_bytes());
    let (summary, twice) = compile("a.jsonl", preferences(), &once);
    assert!(
        summary.is_accepted() && summary.warnings == 1,
        "{}",
        summary.to_text()
    );
    assert_eq!(
        String::from_utf8(once).unwrap(),
        String::from_utf8(twice).unwrap()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_character_is_lost_from_any_shape(
        system in proptest::option::of(words()),
        before in proptest::collection::vec(words(), 0..2),
        prompt in words(),
        better in words(),
        worse in words(),
    ) {
        prop_assume!(better.trim() != worse.trim());
        // An earlier question has its answer.
        let mut turns: Vec<(&str, &str)> = before
            .iter()
            .flat_map(|text| [("user", text.as_str()), ("assistant", text.as_str())])
            .collect();
        turns.push(("user", &prompt));
        let own = canonical(system.as_deref(), &turns, &better, &worse);
        let spoken: Vec<Value> = (system.iter().map(|text| said("system", text)))
            .chain(turns.iter().map(|(role, text)| said(role, text)))
            .collect();
        let whole = |text: &str| [spoken.clone(), vec![said("assistant", text)]].concat();
        for record in [
            own.clone(),
            json!({ "prompt": spoken, "chosen": better, "rejected": worse }),
            json!({ "chosen": whole(&better), "rejected": whole(&worse) }),
            json!({ "input": { "messages": spoken }, "preferred_output": [said("assistant", &better)],
                "non_preferred_output": [said("assistant", &worse)] }),
        ] {
            prop_assert_eq!(&accepted(&record).1, &own);
        }
    }
}
