//! Which shapes there are, what becomes of them, and what is no preference.

use super::*;

#[test]
fn every_shape_becomes_novas_own_and_is_named() {
    let single = canonical(None, &[("user", "q")], "good", "bad");
    let with_system = canonical(Some("s"), &[("user", "q")], "good", "bad");
    let several = canonical(
        None,
        &[("user", "q"), ("assistant", "a"), ("user", "r")],
        "good",
        "bad",
    );
    let answer = |text: &str| json!([said("assistant", text)]);
    let chosen = "prompt/chosen/rejected";
    let openai = "OpenAI preferences (preferred_output)";
    let own = "Nova preferences (candidates)";
    for (record, wanted, shape) in [
        (
            json!({ "prompt": "q", "chosen": "good", "rejected": "bad" }),
            &single,
            chosen,
        ),
        (
            json!({ "rejected": "bad", "system": "s", "chosen": "good", "prompt": "q" }),
            &with_system,
            chosen,
        ),
        (
            json!({ "prompt": [said("user", "q")], "chosen": answer("good"), "rejected": answer("bad") }),
            &single,
            chosen,
        ),
        (
            json!({ "prompt": "q", "chosen": answer("good"), "rejected": answer("bad") }),
            &single,
            chosen,
        ),
        (
            json!({ "prompt": [said("system", "s"), said("user", "q")], "chosen": "good", "rejected": "bad" }),
            &with_system,
            chosen,
        ),
        // The prompt is what both begin with.
        (
            json!({
                "chosen": [said("system", "s"), said("user", "q"), said("assistant", "good")],
                "rejected": [said("system", "s"), said("user", "q"), said("assistant", "bad")],
            }),
            &with_system,
            chosen,
        ),
        (
            json!({
                "chosen": [said("user", "q"), said("assistant", "a"), said("user", "r"), said("assistant", "good")],
                "rejected": [said("user", "q"), said("assistant", "a"), said("user", "r"), said("assistant", "bad")],
            }),
            &several,
            chosen,
        ),
        // As UltraFeedback has it: the prompt once more.
        (
            json!({
                "prompt": "r",
                "chosen": [said("user", "q"), said("assistant", "a"), said("user", "r"), said("assistant", "good")],
                "rejected": [said("user", "q"), said("assistant", "a"), said("user", "r"), said("assistant", "bad")],
            }),
            &several,
            chosen,
        ),
        (
            json!({
                "input": { "messages": [said("user", "q")], "tools": [], "parallel_tool_calls": true },
                "preferred_output": answer("good"), "non_preferred_output": answer("bad"),
            }),
            &single,
            openai,
        ),
        (
            json!({
                "input": { "messages": [said("developer", "s"), said("user", "q")] },
                "preferred_output": [{ "role": "assistant", "content": [{ "type": "output_text", "text": "good" }] }],
                "non_preferred_output": answer("bad"),
            }),
            &with_system,
            openai,
        ),
        (single.clone(), &single, own),
        (with_system.clone(), &with_system, own),
        (several.clone(), &several, own),
        // The order of the candidates says nothing.
        (
            json!({ "schemaVersion": "bedrock-conversation-2024", "messages": [
                { "role": "user", "content": [{ "text": "q" }] },
                { "role": "assistant", "candidates": [
                    { "preferenceLabel": "non-preferred", "content": [{ "text": "bad" }] },
                    { "preferenceLabel": "preferred", "content": [{ "text": "good" }] },
                ] },
            ] }),
            &single,
            own,
        ),
    ] {
        let (summary, found) = accepted(&record);
        assert_eq!(&found, wanted, "{record}");
        assert_eq!(summary.shape.as_deref(), Some(shape));
        assert_eq!(
            (summary.errors, summary.warnings),
            (0, 0),
            "{}",
            summary.to_text()
        );
        assert_eq!(summary.target.shape, own);
    }
}

#[test]
fn what_is_no_preference_says_where_and_what_to_do() {
    let of = |messages: Value| json!({ "messages": messages });
    let user = json!({ "role": "user", "content": [{ "text": "q" }] });
    let labelled = |labels: &[&str]| {
        let candidates: Vec<Value> = labels
            .iter()
            .enumerate()
            .map(|(at, label)| json!({ "content": [{ "text": format!("a{at}") }], "preferenceLabel": label }))
            .collect();
        of(json!([user, { "role": "assistant", "candidates": candidates }]))
    };
    for (record, rule, path, words) in [
        (
            json!({ "prompt": "q", "chosen": "same", "rejected": " same\n" }),
            "equal-candidates",
            "$",
            "not preferred",
        ),
        (
            json!({ "prompt": "q", "chosen": "good", "rejected": " " }),
            "empty-completion",
            "$.rejected",
            "",
        ),
        (
            json!({ "prompt": "q", "chosen": "good" }),
            "missing-completion",
            "$",
            "Add \"rejected\"",
        ),
        (
            json!({ "chosen": "good", "rejected": "bad" }),
            "missing-prompt",
            "$",
            "whole lists of messages",
        ),
        (
            labelled(&["preferred"]),
            "preference-candidates",
            "$.messages[1].candidates",
            "a record for each pair",
        ),
        (
            labelled(&["preferred", "non-preferred", "non-preferred"]),
            "preference-candidates",
            "$.messages[1].candidates",
            "1 preferred and 2 non-preferred",
        ),
        (
            labelled(&["preferred", "preferred"]),
            "preference-candidates",
            "$.messages[1].candidates",
            "2 preferred and 0 non-preferred",
        ),
        (
            labelled(&["preferred", "rejected"]),
            "preference-candidates",
            "$.messages[1].candidates[1].preferenceLabel",
            "\"non-preferred\"",
        ),
        (
            of(
                json!([user, candidates("a", "b"), user, { "role": "assistant", "content": [{ "text": "a" }] }]),
            ),
            "preference-candidates",
            "$.messages[1]",
            "only the last",
        ),
        (
            of(json!([candidates("a", "b")])),
            "missing-prompt",
            "$.messages",
            "reply to",
        ),
        (
            of(json!([user, { "role": "user", "candidates": [] }])),
            "role-order",
            "$.messages[1].role",
            "assistant",
        ),
        (
            of(json!([user, user, candidates("a", "b")])),
            "role-order",
            "$.messages[1].role",
            "alternate",
        ),
        (
            of(json!([user, { "role": "assistant", "candidates": [
                { "content": [{ "text": "a" }], "preferenceLabel": "preferred" },
                { "content": [{ "image": { "format": "png", "source": { "s3Location": { "uri": "s3://b/a.png" } } } }],
                  "preferenceLabel": "non-preferred" },
            ] }])),
            "content-not-taken",
            "$.messages[1].candidates[1]",
            "takes no images",
        ),
        (
            json!({ "messages": [user, candidates("a", "b")], "toolConfig": { "tools": [] } }),
            "content-not-taken",
            "$.toolConfig",
            "takes no tools",
        ),
        // A conversation that goes on after the answer that differs.
        (
            json!({
                "chosen": [said("user", "q"), said("assistant", "a"), said("user", "r"), said("assistant", "b")],
                "rejected": [said("user", "q"), said("assistant", "c"), said("user", "r"), said("assistant", "d")],
            }),
            "preference-candidates",
            "$.chosen",
            "cut them off",
        ),
        (
            json!({
                "prompt": "another",
                "chosen": [said("user", "q"), said("assistant", "a")],
                "rejected": [said("user", "q"), said("assistant", "b")],
            }),
            "no-place",
            "$.prompt",
            "Write the prompt once",
        ),
        (
            json!({
                "chosen": [said("system", "be kind"), said("user", "q"), said("assistant", "a")],
                "rejected": [said("user", "q"), said("assistant", "b")],
            }),
            "no-place",
            "$",
            "be kind",
        ),
        (
            json!({ "input": { "messages": [said("user", "q"), said("assistant", "a")] },
                "preferred_output": [said("assistant", "a")], "non_preferred_output": [said("assistant", "b")] }),
            "role-order",
            "$.input.messages",
            "reply to",
        ),
        (
            json!({ "input": { "messages": [said("user", "q")], "tools": [{ "type": "function" }] },
                "preferred_output": [said("assistant", "a")], "non_preferred_output": [said("assistant", "b")] }),
            "content-not-taken",
            "$.input.tools",
            "takes no tools",
        ),
        (
            json!({ "prompt": "q", "chosen": "good", "rejected": "User: bad" }),
            "forbidden-string",
            "$",
            "colon",
        ),
        (
            json!({ "prompt": "q", "chosen": "[eos] good", "rejected": "bad" }),
            "forbidden-string",
            "$",
            "colon",
        ),
    ] {
        let summary = refused(std::slice::from_ref(&record));
        let finding = &summary.findings[0];
        let text = format!("{} {}", finding.found, finding.fix);
        assert_eq!(
            (finding.rule.as_str(), finding.path.as_str()),
            (rule, path),
            "{record}: {text}"
        );
        assert!(text.contains(words), "{record}: {text}");
    }
}
