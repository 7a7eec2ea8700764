//! Custom models, foundation models and tags.

use serde_json::{Value, json};

use crate::bench::{Bench, encoded};

#[test]
fn models_are_listed_by_name_base_and_owner() {
    let bench = Bench::new();
    for name in ["one", "two"] {
        bench.model(name);
    }
    let count = |query: &str| {
        bench.get(&format!("/custom-models?{query}")).good()["modelSummaries"]
            .as_array()
            .unwrap()
            .len()
    };
    let base = encoded("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k");
    for (query, wanted) in [
        ("", 2),
        ("nameContains=tw", 1),
        (&*format!("baseModelArnEquals={base}"), 2),
        (&format!("foundationModelArnEquals={base}"), 2),
        ("isOwned=true", 2),
        ("isOwned=false", 0),
        ("modelStatus=Creating", 0),
        ("maxResults=1", 1),
        ("creationTimeBefore=2020-01-01T00:00:00Z", 0),
    ] {
        assert_eq!(count(query), wanted, "{query}");
    }
}

#[test]
fn a_model_in_use_is_not_deleted_and_an_unused_one_is_gone() {
    let bench = Bench::new();
    let model = bench.model("model");
    let deployment = bench.deployment("deployment", &model);
    let delete = || {
        bench.bedrock(
            "DELETE",
            &format!("/custom-models/{}", encoded(&model)),
            &Value::Null,
        )
    };
    let (code, message) = delete().refused();
    assert_eq!(code, "ConflictException");
    assert!(message.contains(&deployment), "{message}");
    let path = format!(
        "/model-customization/custom-model-deployments/{}",
        encoded(&deployment)
    );
    bench.bedrock("DELETE", &path, &Value::Null).good();
    assert_eq!(
        delete().refused().0,
        "ConflictException",
        "until the deployment is gone"
    );
    bench.after(11);
    delete().good();
    assert_eq!(delete().refused().0, "ResourceNotFoundException");
    assert_eq!(
        std::fs::read_dir(bench.folder.path().join("learners"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn tags_are_replaced_by_key() {
    let bench = Bench::new();
    let arn = bench.model("model");
    let tags =
        json!([{ "key": "perennial:run", "value": "b" }, { "key": "idle", "value": "2026-11-20" }]);
    bench
        .bedrock(
            "POST",
            "/tagResource",
            &json!({ "resourceARN": arn, "tags": tags }),
        )
        .good();
    let listed = bench
        .bedrock(
            "POST",
            "/listTagsForResource",
            &json!({ "resourceARN": arn }),
        )
        .good();
    assert_eq!(listed["tags"], tags);
    let many: Vec<Value> = (0..199)
        .map(|n| json!({ "key": format!("k{n}"), "value": "" }))
        .collect();
    let refused = bench
        .bedrock(
            "POST",
            "/tagResource",
            &json!({ "resourceARN": arn, "tags": many }),
        )
        .refused();
    assert_eq!(refused.0, "TooManyTagsException");
    let other = arn.replace("custom-model", "model-import-job");
    let refused = bench
        .bedrock(
            "POST",
            "/listTagsForResource",
            &json!({ "resourceARN": other }),
        )
        .refused();
    assert_eq!(refused.0, "ValidationException");
}

#[test]
fn foundation_models_show_what_can_be_tuned_here() {
    let bench = Bench::new();
    let list = bench
        .get("/foundation-models?byCustomizationType=FINE_TUNING")
        .good();
    let ids: Vec<&str> = list["modelSummaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["modelId"].as_str().unwrap())
        .collect();
    assert!(
        ids.contains(&"amazon.nova-micro-v1:0:128k")
            && !ids.contains(&"meta.llama3-3-70b-instruct-v1:0:128k"),
        "{ids:?}"
    );
    let one = bench
        .get("/foundation-models/amazon.nova-lite-v1%3A0")
        .good();
    assert_eq!(
        one["modelDetails"]["inferenceTypesSupported"],
        json!(["ON_DEMAND"])
    );
    assert_eq!(
        bench.get("/foundation-models/none.such").refused().0,
        "ResourceNotFoundException"
    );
}
