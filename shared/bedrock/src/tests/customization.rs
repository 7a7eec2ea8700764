//! What each kind of customization job is told.

use perennial_core::routing::Customization;

use super::*;

fn spec(customization: Customization, hyperparameters: &[(&str, &str)]) -> TrainingSpec {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    TrainingSpec {
        name: "p-dev-t".into(),
        model_name: "p-dev-m".into(),
        token: "p-dev-t".into(),
        base_model: "amazon.nova-micro-v1:0:128k".into(),
        training_key: "work/p/train.jsonl".into(),
        output_prefix: "work/p/out/".into(),
        customization,
        hyperparameters: hyperparameters.iter().map(own).collect(),
        tags: tags(),
    }
}

fn reinforcement() -> Customization {
    Customization::Reinforcement {
        grader: "arn:aws:lambda:us-east-1:123456789012:function:grader".into(),
    }
}

async fn sent(spec: &TrainingSpec) -> Value {
    let replay = replay([json!({ "jobArn": "arn" })]);
    let started = bedrock(&replay).start_training(spec).await;
    started.expect("started");
    body(&replay.asked()[0])
}

#[tokio::test]
async fn a_distillation_names_its_teacher_and_the_longest_answer_and_no_hyperparameters() {
    let teacher = Customization::Distillation {
        teacher: "amazon.nova-pro-v1:0".into(),
        max_response_tokens: 1_000,
        logged_answers: None,
    };
    let sent = sent(&spec(teacher, &[])).await;
    assert_eq!(sent["customizationType"], "DISTILLATION");
    assert_eq!(
        sent["customizationConfig"],
        json!({ "distillationConfig": { "teacherModelConfig": {
            "teacherModelIdentifier": "amazon.nova-pro-v1:0", "maxResponseLengthForInference": 1_000,
        } } })
    );
    assert_eq!(sent.get("hyperParameters"), None);
}

#[tokio::test]
async fn a_distillation_from_logs_names_their_folder_and_whether_their_answers_are_used() {
    let source = json!({ "s3Uri": "s3://bucket/work/p/r/logs/" });
    // What is not said is no, and the SDK leaves it out.
    for (use_answers, expected) in [
        (
            true,
            json!({ "usePromptResponse": true, "invocationLogSource": source }),
        ),
        (false, json!({ "invocationLogSource": source })),
    ] {
        let teacher = Customization::Distillation {
            teacher: "amazon.nova-pro-v1:0".into(),
            max_response_tokens: 1_000,
            logged_answers: Some(use_answers),
        };
        let mut spec = spec(teacher, &[]);
        spec.training_key = "work/p/r/logs/train.json".into();
        let sent = sent(&spec).await;
        assert_eq!(
            sent["trainingDataConfig"],
            json!({ "invocationLogsConfig": expected })
        );
    }
}

#[tokio::test]
async fn reinforcement_names_its_grader_and_its_hyperparameters_by_kind() {
    let hyperparameters = [
        ("epochCount", "2"),
        ("batchSize", "64"),
        ("learningRate", "0.0625"),
        ("maxPromptLength", "4096"),
        ("trainingSamplePerPrompt", "4"),
        ("inferenceMaxTokens", "1024"),
        ("reasoningEffort", "low"),
        ("evalInterval", "10"),
    ];
    let sent = sent(&spec(reinforcement(), &hyperparameters)).await;
    assert_eq!(sent["customizationType"], "REINFORCEMENT_FINE_TUNING");
    assert_eq!(
        sent["customizationConfig"],
        json!({ "rftConfig": {
            "graderConfig": { "lambdaGrader": { "lambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:grader" } },
            "hyperParameters": {
                "epochCount": 2, "batchSize": 64, "learningRate": 0.0625, "maxPromptLength": 4096,
                "trainingSamplePerPrompt": 4, "inferenceMaxTokens": 1024, "reasoningEffort": "low", "evalInterval": 10,
            },
        } })
    );
    assert_eq!(sent.get("hyperParameters"), None);
}

/// Of Bedrock's service model.
#[tokio::test]
async fn a_learning_rate_within_the_services_range_is_sent_within_it_at_both_ends_too() {
    let (least, most) = (1e-7, 1e-3);
    for asked in [
        "0.0000001",
        "0.00000011",
        "0.00001",
        "0.0009999999",
        "0.001",
    ] {
        let sent = sent(&spec(reinforcement(), &[("learningRate", asked)])).await;
        let sent = &sent["customizationConfig"]["rftConfig"]["hyperParameters"]["learningRate"];
        let sent = sent.as_f64().expect("a number");
        assert!((least..=most).contains(&sent), "{asked} is sent as {sent}");
        let asked: f64 = asked.parse().expect("a number");
        assert!(
            (sent / asked - 1.0).abs() < 2e-7,
            "{asked} is sent as {sent}"
        );
    }
}

#[tokio::test]
async fn what_is_left_to_the_service_is_not_sent() {
    let sent = sent(&spec(reinforcement(), &[])).await;
    assert_eq!(
        sent["customizationConfig"]["rftConfig"].get("hyperParameters"),
        None
    );
}

#[tokio::test]
async fn a_hyperparameter_that_no_reinforcement_takes_is_refused_before_anything_is_sent() {
    for (name, value) in [
        ("learningRateWarmupSteps", "10"),
        ("epochCount", "2.5"),
        ("learningRate", "fast"),
    ] {
        let replay = replay([]);
        let spec = spec(reinforcement(), &[(name, value)]);
        let error = bedrock(&replay).start_training(&spec).await;
        let error = error.expect_err(name);
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(
            error.message.contains(name) && error.message.contains("p-dev-t"),
            "{error}"
        );
        assert_eq!(replay.asked(), []);
    }
}
