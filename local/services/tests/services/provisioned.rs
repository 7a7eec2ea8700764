//! Provisioned throughput: bought, asked, swapped, deleted.

use serde_json::{Value, json};

use crate::bench::{Bench, MICRO, Reply, encoded};

const PATH: &str = "/provisioned-model-throughput";

impl Bench {
    fn buy(&self, request: &Value) -> Reply {
        self.bedrock("POST", PATH, request)
    }

    fn throughput(&self, identifier: &str) -> Reply {
        self.get(&format!("{PATH}/{}", encoded(identifier)))
    }

    fn swap(&self, identifier: &str, model: &str) -> Reply {
        let path = format!("{PATH}/{}", encoded(identifier));
        self.bedrock("PATCH", &path, &json!({ "desiredModelId": model }))
    }

    fn sell(&self, identifier: &str) -> Reply {
        let path = format!("{PATH}/{}", encoded(identifier));
        self.bedrock("DELETE", &path, &Value::Null)
    }
}

fn purchase(name: &str, model: &str) -> Value {
    json!({
        "clientRequestToken": format!("token-{name}"),
        "modelUnits": 1,
        "provisionedModelName": name,
        "modelId": model,
        "tags": [{ "key": "perennial:run", "value": name }],
    })
}

#[test]
fn throughput_is_bought_asked_swapped_and_deleted() {
    let bench = Bench::new();
    let (a, b) = (bench.model("a"), bench.model("b"));
    let arn = bench.buy(&purchase("serving", &a)).good()["provisionedModelArn"].clone();
    let arn = arn.as_str().unwrap();
    assert_eq!(
        bench.buy(&purchase("serving", &a)).good()["provisionedModelArn"],
        arn
    );
    assert_eq!(bench.throughput(arn).good()["status"], "Creating");
    assert_eq!(
        bench.converse(arn, "x").refused().0,
        "ModelNotReadyException"
    );
    bench.after(10);
    let bought = bench.throughput("serving").good();
    assert_eq!(bought["status"], "InService");
    assert_eq!(
        bought["foundationModelArn"],
        format!("arn:aws:bedrock:us-east-1::foundation-model/{MICRO}")
    );
    let answer = bench.converse(arn, "question number 4").good();
    assert_eq!(answer["output"]["message"]["content"][0]["text"], "label-4");

    bench.swap(arn, &b).good();
    let swapping = bench.throughput(arn).good();
    assert_eq!(swapping["status"], "Updating");
    assert_eq!(
        (&swapping["modelArn"], &swapping["desiredModelArn"]),
        (&json!(a), &json!(b))
    );
    bench.converse(arn, "x").good();
    assert_eq!(bench.swap(arn, &a).refused().0, "ValidationException");
    assert_eq!(bench.sell(arn).refused().0, "ConflictException");
    for model in [&a, &b] {
        let path = format!("/custom-models/{}", encoded(model));
        let (code, _) = bench.bedrock("DELETE", &path, &Value::Null).refused();
        assert_eq!(code, "ConflictException");
    }
    bench.after(10);
    let bench = bench.restarted();
    assert_eq!(bench.throughput(arn).good()["modelArn"], b);
    let listed = bench
        .get(&format!(
            "/provisioned-model-throughputs?statusEquals=InService&modelArnEquals={}",
            encoded(&b)
        ))
        .good();
    assert_eq!(
        listed["provisionedModelSummaries"][0]["provisionedModelArn"],
        arn
    );
    bench.sell(arn).good();
    bench.throughput(arn).good();
    bench.after(10);
    assert_eq!(
        bench.throughput(arn).refused().0,
        "ResourceNotFoundException"
    );
}

#[test]
fn a_commitment_is_kept_to_its_end() {
    let bench = Bench::new();
    let model = bench.model("a");
    let mut request = purchase("serving", &model);
    request["commitmentDuration"] = json!("OneMonth");
    bench.buy(&request).good();
    bench.after(10);
    let bought = bench.throughput("serving").good();
    assert_eq!(bought["commitmentDuration"], "OneMonth");
    assert!(bought["commitmentExpirationTime"].is_string());
    let (code, message) = bench.sell("serving").refused();
    assert_eq!(code, "ConflictException");
    assert!(message.contains("before its commitment ends"), "{message}");
    bench.after(31 * 86_400);
    bench.sell("serving").good();
}

#[test]
fn what_cannot_be_bought_or_swapped_is_refused() {
    let bench = Bench::new();
    let model = bench.model("a");
    bench.buy(&purchase("serving", &model)).good();
    bench.after(10);
    let missing = model.replace(&model[model.len() - 12..], "abcdefghijkl");
    for (request, code) in [
        (purchase("other", &missing), "ResourceNotFoundException"),
        (
            purchase("other", "amazon.nova-micro-v1:0"),
            "ValidationException",
        ),
        (
            {
                let mut r = purchase("serving", &model);
                r["clientRequestToken"] = json!("n");
                r
            },
            "ValidationException",
        ),
        (
            {
                let mut r = purchase("other", &model);
                r["modelUnits"] = json!(0);
                r
            },
            "ValidationException",
        ),
        (
            {
                let mut r = purchase("other", &model);
                r["modelUnits"] = json!(99);
                r
            },
            "ServiceQuotaExceededException",
        ),
    ] {
        assert_eq!(bench.buy(&request).refused().0, code, "{request}");
    }
    // Another base.
    bench
        .buy(&purchase("lite", "amazon.nova-lite-v1:0:300k"))
        .good();
    bench.after(10);
    let (_, message) = bench.swap("lite", &model).refused();
    assert!(message.contains("must have the base model"), "{message}");
    bench
        .converse(
            "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
            "x",
        )
        .refused();
}

#[test]
fn a_planted_failure_leaves_the_old_model_or_none() {
    let bench = Bench::new();
    let (a, b) = (bench.model("a"), bench.model("b"));
    bench.buy(&purchase("serving", &a)).good();
    bench.after(10);
    let fail = json!({ "failProvisionedThroughputs": 2 });
    bench
        .services
        .set_faults(serde_json::from_value(fail).unwrap());
    bench.swap("serving", &b).good();
    bench.buy(&purchase("failing", &b)).good();
    bench.after(10);
    let kept = bench.throughput("serving").good();
    assert_eq!(
        (&kept["modelArn"], &kept["status"]),
        (&json!(a), &json!("InService"))
    );
    assert_eq!(kept["desiredModelArn"], a);
    let failed = bench.throughput("failing").good();
    assert_eq!(failed["status"], "Failed");
    assert!(failed["failureMessage"].is_string());
}
