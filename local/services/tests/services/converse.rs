//! `Converse` with deployments and foundation models, its refusals and its quota.

use perennial_local_services::{Quotas, Settings};
use serde_json::json;

use crate::bench::Bench;

#[test]
fn a_deployment_answers_as_it_was_trained_and_the_base_model_does_not() {
    let bench = Bench::new();
    let model = bench.model("model");
    let deployment = bench.deployment("alias", &model);
    let answer = bench.converse(&deployment, "question number 7").good();
    assert_eq!(
        answer["output"]["message"],
        json!({ "role": "assistant", "content": [{ "text": "label-7" }] })
    );
    assert_eq!(answer["stopReason"], "end_turn");
    assert_eq!(
        answer["usage"],
        json!({ "inputTokens": 5, "outputTokens": 2, "totalTokens": 7 })
    );
    let base = bench
        .converse("amazon.nova-micro-v1:0", "question number 7")
        .good();
    assert_ne!(base["output"], answer["output"]);
    assert_eq!(
        base,
        bench
            .converse("us.amazon.nova-micro-v1:0", "question number 7")
            .good()
    );
}

#[test]
fn what_cannot_be_called_is_refused() {
    let bench = Bench::new();
    let model = bench.model("model");
    for (id, wanted) in [
        // The model of the operation takes no custom model's ARN with a base like `…:0:128k`.
        (&*model, "modelId"),
        ("amazon.nova-micro-v1:0:128k", "on-demand throughput"),
        ("amazon.nova-2-lite-v1:0", "inference profile"),
        ("nobody.knows-this", "model identifier is invalid"),
    ] {
        let (code, message) = bench.converse(id, "hello").refused();
        assert_eq!(code, "ValidationException", "{id}");
        assert!(message.contains(wanted), "{message}");
    }
    bench
        .converse("global.amazon.nova-2-lite-v1:0", "hello")
        .good();
}

#[test]
fn a_conversation_is_checked() {
    let bench = Bench::new();
    let turn = |role: &str, text: &str| json!({ "role": role, "content": [{ "text": text }] });
    for body in [
        json!({ "messages": [] }),
        json!({}),
        json!({ "messages": [turn("assistant", "hi")] }),
        json!({ "messages": [turn("user", "hi"), turn("user", "hi")] }),
        json!({ "messages": [turn("user", "hi"), turn("assistant", "hi")] }),
        json!({ "messages": [turn("user", " ")] }),
        json!({ "messages": [turn("user", "hi")], "inferenceConfig": { "maxTokens": 0 } }),
        json!({ "messages": [turn("user", "hi")], "inferenceConfig": { "temperature": 1.5 } }),
        json!({ "messages": [turn("user", "hi")], "toolConfig": {} }),
    ] {
        let reply = bench.converse_body("amazon.nova-micro-v1:0", &body);
        assert_eq!(reply.refused().0, "ValidationException", "{body}");
    }
    let body = json!({ "messages": [turn("user", "hi")], "system": [{ "text": "Be brief." }], "inferenceConfig": { "maxTokens": 2, "temperature": 0.0 } });
    let answer = bench.converse_body("amazon.nova-micro-v1:0", &body).good();
    assert_eq!(
        (&answer["stopReason"], &answer["usage"]["outputTokens"]),
        (&json!("max_tokens"), &json!(2))
    );
}

#[test]
fn a_quota_throttles_its_model_for_a_minute() {
    let bench = Bench::new();
    let converse_per_minute = [("amazon.nova-micro-v1:0".to_owned(), 2)].into();
    let quotas = Quotas {
        converse_per_minute,
        ..Quotas::default()
    };
    bench.services.configure(Settings {
        quotas,
        ..Settings::default()
    });
    let call = || bench.converse("amazon.nova-micro-v1:0", "hello");
    call().good();
    bench.after(30);
    call().good();
    let reply = call();
    assert_eq!(reply.status, 429);
    assert_eq!(reply.refused().0, "ThrottlingException");
    bench.converse("amazon.nova-lite-v1:0", "hello").good();
    bench.after(30);
    call().good();
    call().refused();
}
