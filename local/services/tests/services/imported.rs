//! Models that SageMaker trained, on Bedrock: registered from a Nova checkpoint, or imported from open weights.

use perennial_local_services::ObjectAccess;
use serde_json::{Value, json};

use crate::{
    bench::{Bench, ROLE, Reply, encoded},
    sagemaker::{on_instances, put_conversations, put_documents, serverless},
};

impl Bench {
    /// The URI of the checkpoint that a serverless job of Nova Lite leaves.
    fn checkpoint(&self, job: &str, changes: Value) -> String {
        put_conversations(self);
        self.sagemaker("CreateTrainingJob", &serverless(job, changes))
            .good();
        self.after(30);
        let manifest = format!("out/{job}/output/output/manifest.json");
        let manifest = self.objects.read("bucket", &manifest).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        manifest["checkpoint_s3_bucket"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The folder of the weights that a job on documents leaves.
    fn weights(&self, job: &str) -> String {
        put_documents(self);
        let out = json!({ "S3OutputPath": "s3://bucket/out", "CompressionType": "NONE" });
        let request = on_instances(job, json!({ "OutputDataConfig": out }));
        self.sagemaker("CreateTrainingJob", &request).good();
        self.after(30);
        format!("s3://bucket/out/{job}/output/model/")
    }

    pub(crate) fn register(&self, request: &Value) -> Reply {
        self.bedrock("POST", "/custom-models/create-custom-model", request)
    }

    fn import(&self, request: &Value) -> Reply {
        self.bedrock("POST", "/model-import-jobs", request)
    }

    pub(crate) fn said(&self, model: &str, prompt: &str) -> String {
        let answer = self.converse(model, prompt).good();
        let text = &answer["output"]["message"]["content"][0]["text"];
        text.as_str().unwrap().to_owned()
    }
}

pub(crate) fn registration(name: &str, uri: &str) -> Value {
    json!({
        "modelName": name,
        "roleArn": ROLE,
        "modelSourceConfig": { "s3DataSource": { "s3Uri": uri } },
        "clientRequestToken": format!("token-{name}"),
        "modelTags": [{ "key": "perennial:run", "value": name }],
    })
}

fn import_of(name: &str, uri: &str) -> Value {
    json!({
        "jobName": name,
        "importedModelName": name,
        "roleArn": ROLE,
        "modelDataSource": { "s3DataSource": { "s3Uri": uri } },
        "clientRequestToken": format!("token-{name}"),
        "importedModelTags": [{ "key": "perennial:run", "value": name }],
    })
}

pub(crate) fn get(bench: &Bench, folder: &str, identifier: &str) -> Value {
    bench
        .get(&format!("/{folder}/{}", encoded(identifier)))
        .good()
}

#[test]
fn a_nova_checkpoint_becomes_a_custom_model_that_answers() {
    let bench = Bench::new();
    let uri = bench.checkpoint("sft-1", json!({}));
    let request = registration("model", &uri);
    let arn = bench.register(&request).good()["modelArn"].clone();
    let arn = arn.as_str().unwrap();
    assert!(arn.starts_with("arn:aws:bedrock:us-east-1:123456789012:custom-model/imported/"));
    assert_eq!(bench.register(&request).good()["modelArn"], arn);
    assert_eq!(get(&bench, "custom-models", arn)["modelStatus"], "Creating");
    let deploy = json!({ "modelDeploymentName": "d", "modelArn": arn });
    let path = "/model-customization/custom-model-deployments";
    let (_, message) = bench.bedrock("POST", path, &deploy).refused();
    assert!(message.contains("is Creating"), "{message}");
    bench.after(30);
    let model = get(&bench, "custom-models", "model");
    assert_eq!(model["modelStatus"], "Active");
    assert_eq!(model["customizationType"], "IMPORTED");
    assert!(model.get("jobArn").is_none());
    let listed = bench.get("/custom-models?modelStatus=Active").good();
    assert_eq!(listed["modelSummaries"][0]["customizationType"], "IMPORTED");
    let deployment = bench.deployment("alias", arn);
    assert_eq!(bench.said(&deployment, "question number 4"), "label-4");
    let bench = bench.restarted();
    assert_eq!(bench.said(&deployment, "question number 4"), "label-4");
}

#[test]
fn a_customization_job_goes_on_from_a_registered_model_and_has_both_to_answer_from() {
    let bench = Bench::new();
    let uri = bench.checkpoint("sft-1", json!({}));
    bench.register(&registration("model", &uri)).good();
    bench.after(30);
    bench.put(
        "train.jsonl",
        &crate::bench::training("label").replace("question number", "another thing"),
    );
    let mut request = crate::bench::job_request("further");
    // By its name: the pattern of `baseModelIdentifier` has no ARN of an imported custom model.
    request["baseModelIdentifier"] = json!("model");
    bench
        .bedrock("POST", "/model-customization-jobs", &request)
        .good();
    bench.after(30);
    let done = get(&bench, "model-customization-jobs", "further");
    let deployment = bench.deployment("d", done["outputModelArn"].as_str().unwrap());
    for asked in ["question number 4", "another thing 4"] {
        assert_eq!(bench.said(&deployment, asked), "label-4");
    }
}

#[test]
fn a_model_package_is_registered_as_well() {
    let bench = Bench::new();
    bench.checkpoint("sft-1", json!({}));
    let package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/perennial/1";
    let source = |arn: &str| json!({ "modelPackageArnDataSource": { "modelPackageArn": arn } });
    let request = json!({ "modelName": "m", "customModelDataSource": source(package) });
    bench.register(&request).good();
    bench.after(30);
    assert_eq!(get(&bench, "custom-models", "m")["modelStatus"], "Active");
    let none = package.replace("/1", "/7");
    let request = json!({ "modelName": "n", "customModelDataSource": source(&none) });
    assert_eq!(
        bench.register(&request).refused().0,
        "ResourceNotFoundException"
    );
}

#[test]
fn a_full_rank_model_is_not_deployed_on_demand_and_a_setting_refuses_all() {
    let bench = Bench::new();
    let mut full = serverless("a", json!({}))["ServerlessJobConfig"].clone();
    full.as_object_mut().unwrap().remove("Peft");
    let full = bench.checkpoint("full", json!({ "ServerlessJobConfig": full }));
    let adapter = bench.checkpoint("adapter", json!({}));
    for (name, uri) in [("full", full), ("adapter", adapter)] {
        bench.register(&registration(name, &uri)).good();
    }
    bench.after(30);
    let deploy = |name: &str| {
        let arn = get(&bench, "custom-models", name)["modelArn"].clone();
        let request = json!({ "modelDeploymentName": name, "modelArn": arn });
        bench.bedrock(
            "POST",
            "/model-customization/custom-model-deployments",
            &request,
        )
    };
    let (code, message) = deploy("full").refused();
    assert_eq!(code, "ValidationException");
    assert!(
        message.contains("Purchase Provisioned Throughput"),
        "{message}"
    );
    let mut settings = bench.services.settings();
    settings.registered_on_demand = perennial_local_services::OnDemand::None;
    bench.services.configure(settings);
    deploy("adapter").refused();
    bench
        .services
        .configure(perennial_local_services::Settings::default());
    deploy("adapter").good();
}

#[test]
fn what_is_no_checkpoint_fails_and_what_is_wrong_is_refused() {
    let bench = Bench::new();
    bench
        .register(&registration("lost", "s3://bucket/somewhere/"))
        .good();
    bench.after(30);
    let lost = get(&bench, "custom-models", "lost");
    assert_eq!(lost["modelStatus"], "Failed");
    assert!(
        lost["failureMessage"]
            .as_str()
            .unwrap()
            .contains("No Amazon Nova checkpoint")
    );
    let both = json!({
        "modelName": "m", "roleArn": ROLE,
        "modelSourceConfig": { "s3DataSource": { "s3Uri": "s3://bucket/a/" } },
        "customModelDataSource": { "modelPackageArnDataSource": {
            "modelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/p/1" } },
    });
    assert_eq!(bench.register(&both).refused().0, "ValidationException");
    let twice = registration("lost", "s3://bucket/other/");
    assert_eq!(bench.register(&twice).refused().0, "ConflictException");
    let mut other = twice;
    other["clientRequestToken"] = json!("another");
    assert_eq!(bench.register(&other).refused().0, "ConflictException");
}

#[test]
fn open_weights_are_imported_and_answer_from_the_documents_by_their_own_arn() {
    let bench = Bench::new();
    let uri = bench.weights("cpt-1");
    let request = import_of("model", &uri);
    let job = bench.import(&request).good()["jobArn"].clone();
    assert_eq!(bench.import(&request).good()["jobArn"], job);
    let job = job.as_str().unwrap();
    assert_eq!(
        get(&bench, "model-import-jobs", job)["status"],
        "InProgress"
    );
    bench.after(30);
    let done = get(&bench, "model-import-jobs", "model");
    assert_eq!(done["status"], "Completed");
    let arn = done["importedModelArn"].as_str().unwrap();
    let model = get(&bench, "imported-models", arn);
    assert_eq!(model["modelArchitecture"], "llama");
    let asked = "When is the museum free?";
    assert_eq!(bench.said(arn, asked), "on Sundays");
    let tags = json!({ "resourceARN": arn });
    let tags = bench.bedrock("POST", "/listTagsForResource", &tags).good();
    assert_eq!(tags["tags"][0]["value"], "model");
    let bench = bench.restarted();
    assert_eq!(bench.said(arn, asked), "on Sundays");
    let jobs = bench
        .get("/model-import-jobs?statusEquals=Completed")
        .good();
    assert_eq!(jobs["modelImportJobSummaries"][0]["importedModelArn"], arn);
    let models = bench.get("/imported-models?nameContains=mod").good();
    assert_eq!(models["modelSummaries"][0]["modelName"], "model");
    bench
        .bedrock(
            "DELETE",
            &format!("/imported-models/{}", encoded(arn)),
            &Value::Null,
        )
        .good();
    assert_eq!(
        bench.converse(arn, asked).refused().0,
        "ResourceNotFoundException"
    );
}

#[test]
fn an_import_of_an_archive_or_of_nothing_fails_and_names_are_kept() {
    let bench = Bench::new();
    put_documents(&bench);
    bench
        .sagemaker("CreateTrainingJob", &on_instances("cpt-1", json!({})))
        .good();
    bench.after(30);
    let archive = "s3://bucket/out/cpt-1/output/model.tar.gz";
    bench.import(&import_of("archive", archive)).good();
    bench.after(30);
    let failed = get(&bench, "model-import-jobs", "archive");
    assert_eq!(failed["status"], "Failed");
    let why = failed["failureMessage"].as_str().unwrap();
    assert!(why.contains("tokenizer.json is missing"), "{why}");
    let mut again = import_of("archive", archive);
    again["clientRequestToken"] = json!("another");
    assert_eq!(bench.import(&again).refused().0, "ConflictException");
    let (code, message) = bench
        .import(&json!({ "jobName": "a_b", "importedModelName": "m" }))
        .refused();
    assert_eq!(code, "ValidationException");
    assert!(
        message.contains("'jobName'") && message.contains("'modelDataSource'"),
        "{message}"
    );
}

#[test]
fn a_training_job_goes_on_from_an_earlier_model_and_has_both_to_answer_from() {
    let bench = Bench::new();
    let uri = bench.weights("cpt-1");
    bench.put(
        "more/a.jsonl",
        r#"{"prompt":"Who are you?","completion":"The city's guide"}"#,
    );
    let channel = |name: &str, uri: &str| json!({ "ChannelName": name, "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": uri } } });
    let out = json!({ "S3OutputPath": "s3://bucket/out", "CompressionType": "NONE" });
    let request = on_instances(
        "sft-1",
        json!({
            "OutputDataConfig": out,
            "InputDataConfig": [channel("model", &uri), channel("train", "s3://bucket/more/")],
        }),
    );
    bench.sagemaker("CreateTrainingJob", &request).good();
    bench.after(30);
    bench
        .import(&import_of("chain", "s3://bucket/out/sft-1/output/model/"))
        .good();
    bench.after(30);
    let arn = get(&bench, "model-import-jobs", "chain")["importedModelArn"].clone();
    let arn = arn.as_str().unwrap();
    assert_eq!(bench.said(arn, "Who are you?"), "The city's guide");
    let free = bench.said(arn, "When is the museum free?");
    assert!(free.contains("Sundays"), "{free}");
}
