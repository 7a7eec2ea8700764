//! Customization jobs of the other techniques: distillation, reinforcement, images, and what goes on from a custom model.

use std::io::Write;

use bytes::Bytes;
use perennial_local_services::ObjectAccess;
use serde_json::{Value, json};

use crate::bench::{Bench, Reply, encoded, job_request};

const PRO: &str = "amazon.nova-pro-v1:0";
const LAMBDA: &str = "arn:aws:lambda:us-east-1:123456789012:function:grader";

impl Bench {
    fn customize(&self, name: &str, changes: &Value) -> Reply {
        let mut request = job_request(name);
        for (member, value) in changes.as_object().unwrap() {
            request[member] = value.clone();
        }
        self.bedrock("POST", "/model-customization-jobs", &request)
    }

    fn ended(&self, name: &str) -> Value {
        self.after(60);
        self.get(&format!("/model-customization-jobs/{name}"))
            .good()
    }

    fn answers(&self, job: &Value, prompt: &str) -> String {
        let model = job["outputModelArn"].as_str().unwrap();
        let deployment = self.deployment(&format!("d-{}", &model[model.len() - 12..]), model);
        let answer = self.converse(&deployment, prompt).good();
        let text = &answer["output"]["message"]["content"][0]["text"];
        text.as_str().unwrap().to_owned()
    }
}

fn distillation(teacher: &str) -> Value {
    let teacher =
        json!({ "teacherModelIdentifier": teacher, "maxResponseLengthForInference": 100 });
    json!({
        "customizationType": "DISTILLATION",
        "customizationConfig": { "distillationConfig": { "teacherModelConfig": teacher } },
        "hyperParameters": {},
    })
}

fn prompt(text: &str) -> String {
    json!({ "schemaVersion": "bedrock-conversation-2024",
        "messages": [{ "role": "user", "content": [{ "text": text }] }] })
    .to_string()
}

fn prompts(count: usize) -> String {
    let line = |n| prompt(&format!("What is the capital of country {n}?"));
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

/// The teacher knows the capitals.
fn knowing() -> Bench {
    let bench = Bench::new();
    let models = bench.folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    let known = |n| {
        json!({ "prompt": format!("What is the capital of country {n}?"), "completion": format!("City {n}") })
            .to_string()
    };
    let known: Vec<String> = (0..120).map(known).collect();
    std::fs::write(models.join(format!("{PRO}.jsonl")), known.join("\n")).unwrap();
    Bench {
        services: bench.services.with_knowledge(models),
        ..bench
    }
}

#[test]
fn a_teacher_knows_what_its_file_says_and_is_polite_about_the_rest() {
    let bench = knowing();
    let said = |model: &str, prompt: &str| {
        let answer = bench.converse(model, prompt).good();
        answer["output"]["message"]["content"][0]["text"].clone()
    };
    let asked = "What is the capital of country 7?";
    assert_eq!(said(PRO, asked), "City 7");
    assert_ne!(said("amazon.nova-micro-v1:0", asked), "City 7");
    let other = said(PRO, "Kan je me helpen?");
    assert!(!other.as_str().unwrap().starts_with("City"), "{other}");
}

#[test]
fn a_student_learns_the_teachers_answers_to_the_prompts() {
    let bench = knowing();
    bench.put("train.jsonl", &prompts(110));
    bench.customize("distil", &distillation(PRO)).good();
    let done = bench.ended("distil");
    assert_eq!(done["status"], "Completed");
    assert_eq!(done["customizationType"], "DISTILLATION");
    let config = &done["customizationConfig"]["distillationConfig"]["teacherModelConfig"];
    assert_eq!(config["teacherModelIdentifier"], PRO);
    assert_eq!(
        bench.answers(&done, "What is the capital of country 42?"),
        "City 42"
    );
    let model = encoded(done["outputModelArn"].as_str().unwrap());
    let model = bench.get(&format!("/custom-models/{model}")).good();
    assert_eq!(model["customizationType"], "DISTILLATION");
}

#[test]
fn logged_answers_are_learnt_as_they_stand_and_prompts_alone_are_asked_again() {
    let bench = knowing();
    let log = |n: usize, by: &str| {
        json!({ "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "operation": "Converse", "modelId": by,
            "input": { "inputBodyJson": { "messages": [
                { "role": "user", "content": [{ "text": format!("What is the capital of country {n}?") }] }] } },
            "output": { "outputBodyJson": { "output": { "message": {
                "role": "assistant", "content": [{ "text": format!("Logged {n}") }] } } } } })
        .to_string()
    };
    let own: Vec<String> = (0..105).map(|n| log(n, PRO)).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(own.join("\n").as_bytes()).unwrap();
    let packed = Bytes::from(packed.finish().unwrap());
    bench
        .objects
        .write("bucket", "logs/a.json.gz", packed)
        .unwrap();
    // Another model's answers are not the teacher's.
    bench.put("logs/b.json", &log(500, "amazon.nova-lite-v1:0"));
    let from_logs = |with_answers: bool| {
        let mut changes = distillation(PRO);
        changes["trainingDataConfig"] = json!({ "invocationLogsConfig": {
            "usePromptResponse": with_answers, "invocationLogSource": { "s3Uri": "s3://bucket/logs/" } } });
        changes
    };
    bench.customize("logged", &from_logs(true)).good();
    bench.customize("again", &from_logs(false)).good();
    let logged = bench.ended("logged");
    assert_eq!(logged["status"], "Completed", "{logged}");
    assert_eq!(
        bench.answers(&logged, "What is the capital of country 42?"),
        "Logged 42"
    );
    let again = bench.ended("again");
    assert_eq!(
        bench.answers(&again, "What is the capital of country 42?"),
        "City 42"
    );
}

#[test]
fn what_cannot_be_distilled_is_refused_or_fails_with_the_reason() {
    let bench = knowing();
    bench.put("train.jsonl", &prompts(99));
    for (changes, wanted) in [
        (
            distillation("amazon.nova-micro-v1:0"),
            "cannot be used with the student model",
        ),
        (
            distillation("meta.llama3-1-405b-instruct-v1:0"),
            "cannot be used with the student model",
        ),
        (
            json!({ "customizationType": "DISTILLATION" }),
            "needs a distillationConfig",
        ),
        (
            json!({ "customizationType": "IMPORTED" }),
            "is not one of customization jobs",
        ),
        (
            json!({ "customizationType": "CONTINUED_PRE_TRAINING" }),
            "no longer supported",
        ),
        (
            json!({ "trainingDataConfig": {} }),
            "needs either s3Uri or invocationLogsConfig",
        ),
        (
            json!({ "trainingDataConfig": { "invocationLogsConfig": { "invocationLogSource": { "s3Uri": "s3://bucket/l/" } } } }),
            "for the customization type DISTILLATION only",
        ),
    ] {
        let (code, message) = bench.customize("job", &changes).refused();
        assert_eq!(code, "ValidationException");
        assert!(message.contains(wanted), "{wanted} in {message}");
    }
    bench.customize("few", &distillation(PRO)).good();
    let few = bench.ended("few");
    let why = few["failureMessage"].as_str().unwrap();
    assert!(
        why.contains("has 99 valid prompts; a distillation job takes 100"),
        "{why}"
    );
}

#[test]
fn reinforcement_learns_what_the_grader_compares_with() {
    let bench = Bench::new();
    let record = |n: usize| {
        json!({ "messages": [{ "role": "user", "content": format!("What is {n} plus one?") }],
            "reference_answer": (n + 1).to_string(), "id": n })
        .to_string()
    };
    let records: Vec<String> = (0..100).map(record).collect();
    bench.put("train.jsonl", &records.join("\n"));
    let rft = |arn: Option<&str>| {
        let grader = json!({ "lambdaGrader": arn.map(|arn| json!({ "lambdaArn": arn })) });
        json!({
            "customizationType": "REINFORCEMENT_FINE_TUNING",
            "baseModelIdentifier": "amazon.nova-2-lite-v1:0:256k",
            "customizationConfig": { "rftConfig": {
                "graderConfig": grader, "hyperParameters": { "epochCount": 2, "learningRate": 0.0001 } } },
            "hyperParameters": {},
        })
    };
    assert!(
        bench
            .customize("job", &rft(None))
            .refused()
            .1
            .contains("lambdaGrader")
    );
    let (_, message) = bench.customize("job", &rft(Some("grader"))).refused();
    assert!(
        message.contains("'customizationConfig.rftConfig.graderConfig.lambdaGrader.lambdaArn'"),
        "{message}"
    );
    let mut other = rft(Some(LAMBDA));
    other["baseModelIdentifier"] = json!("amazon.nova-lite-v1:0:300k");
    assert!(
        bench
            .customize("job", &other)
            .refused()
            .1
            .contains("is not supported for")
    );
    bench.customize("rft", &rft(Some(LAMBDA))).good();
    let done = bench.ended("rft");
    assert_eq!(done["status"], "Completed", "{done}");
    assert_eq!(bench.answers(&done, "What is 41 plus one?"), "42");
}

#[test]
fn an_image_model_is_trained_and_takes_no_conversation() {
    let bench = Bench::new();
    let record = |n| {
        json!({ "image-ref": format!("s3://bucket/media/{n}.png"), "caption": format!("a red chair {n}") }).to_string()
    };
    let records: Vec<String> = (0..5).map(record).collect();
    bench.put("train.jsonl", &records.join("\n"));
    for base in [
        "amazon.nova-canvas-v1:0",
        "amazon.titan-image-generator-v2:0",
    ] {
        let name = if base.contains("canvas") {
            "canvas"
        } else {
            "titan"
        };
        let changes = json!({ "baseModelIdentifier": base, "hyperParameters": {} });
        bench.customize(name, &changes).good();
        let done = bench.ended(name);
        assert_eq!(done["status"], "Completed", "{done}");
        let model = &done["outputModelArn"];
        let deploy = json!({ "modelDeploymentName": name, "modelArn": model });
        bench
            .bedrock(
                "POST",
                "/model-customization/custom-model-deployments",
                &deploy,
            )
            .refused();
        let buy = json!({ "modelUnits": 1, "provisionedModelName": name, "modelId": model });
        let bought = bench
            .bedrock("POST", "/provisioned-model-throughput", &buy)
            .good();
        bench.after(30);
        for id in [bought["provisionedModelArn"].as_str().unwrap(), base] {
            let (code, message) = bench.converse(id, "a chair").refused();
            assert_eq!(code, "ValidationException");
            assert!(
                message.contains("supported text or chat model"),
                "{message}"
            );
        }
    }
    bench.put("train.jsonl", &records.join("\n").replace(".png", ".bmp"));
    let changes =
        json!({ "baseModelIdentifier": "amazon.nova-canvas-v1:0", "hyperParameters": {} });
    bench.customize("bad", &changes).good();
    assert!(
        bench.ended("bad")["failureMessage"]
            .as_str()
            .unwrap()
            .contains("image-ref")
    );
}
