//! Import jobs, and the models that they make.

use perennial_ports::{
    ImportSpec, ImportStatus, ModelStatus, ObserveImports, PortResult, StartImports,
};

use super::*;

fn model() -> String {
    format!("{ACCOUNT}:imported-model/abcdefghijkl")
}

fn import(status: &str) -> Value {
    json!({
        "jobArn": format!("{ACCOUNT}:model-import-job/abcdefghijkl"), "jobName": "p-dev-i", "importedModelName": "p-dev-m",
        "roleArn": "r", "status": status, "creationTime": "2026-11-20T10:00:00Z",
    })
}

async fn find(import: Value) -> PortResult<Option<perennial_ports::ImportJob>> {
    let replay = replay([
        import,
        json!({ "tags": [{ "key": "perennial:run", "value": "01j" }] }),
    ]);
    let found = bedrock(&replay).find_import("p-dev-i").await;
    let asked = &replay.asked()[0].uri;
    assert!(asked.ends_with("/model-import-jobs/p-dev-i"), "{asked}");
    found
}

#[tokio::test]
async fn an_import_bears_its_name_token_and_tags_on_job_and_model() {
    let replay = replay([json!({ "jobArn": "arn" })]);
    let spec = ImportSpec {
        name: "p-dev-i".into(),
        model_name: "p-dev-m".into(),
        token: "p-dev-i".into(),
        weights: "s3://bucket/work/p/out/p-dev-t/output/model/".into(),
        tags: tags(),
    };
    let arn = bedrock(&replay).start_import(&spec).await;
    assert_eq!(arn.as_deref(), Ok("arn"));
    let tag = json!([{ "key": "perennial:run", "value": "01j" }]);
    assert_eq!(
        body(&replay.asked()[0]),
        json!({
            "jobName": "p-dev-i", "importedModelName": "p-dev-m", "clientRequestToken": "p-dev-i",
            "roleArn": "arn:aws:iam::123456789012:role/job",
            "modelDataSource": { "s3DataSource": { "s3Uri": "s3://bucket/work/p/out/p-dev-t/output/model/" } },
            "jobTags": tag, "importedModelTags": tag,
        })
    );
}

#[tokio::test]
async fn imported_models_are_listed_to_the_last_page() {
    let summary = |name: &str| json!({ "modelArn": model(), "modelName": name, "creationTime": "2026-11-20T10:00:00Z" });
    let replay = replay([
        json!({ "modelSummaries": [summary("a"), summary("b")], "nextToken": "more" }),
        json!({ "modelSummaries": [summary("c")] }),
    ]);
    let names = bedrock(&replay).imported_models().await;
    assert_eq!(names, Ok(vec!["a".into(), "b".into(), "c".into()]));
    let asked = replay.asked();
    assert!(
        asked[0].uri.ends_with("/imported-models"),
        "{}",
        asked[0].uri
    );
    assert!(asked[1].uri.contains("nextToken=more"), "{}", asked[1].uri);
}

#[tokio::test]
async fn an_import_is_found_by_name_with_its_tags_and_its_model_once_it_is_there() {
    let running = find(import("InProgress")).await;
    let running = running.expect("answered").expect("there");
    assert_eq!(
        (running.status, running.model_arn, running.tags),
        (ImportStatus::InProgress, None, tags())
    );
    let mut completed = import("Completed");
    completed["importedModelArn"] = json!(model());
    let completed = find(completed).await.expect("answered").expect("there");
    assert_eq!(
        (completed.status, completed.model_arn),
        (ImportStatus::Completed, Some(model()))
    );
    let mut failed = import("Failed");
    failed["failureMessage"] = json!("The architecture is not supported");
    let failed = find(failed).await.expect("answered").expect("there");
    assert_eq!(
        (failed.status, failed.message.as_deref()),
        (
            ImportStatus::Failed,
            Some("The architecture is not supported")
        )
    );
    let error = find(import("Waiting")).await.expect_err("unknown");
    assert_eq!(error.kind, ErrorKind::Unanswered);
    let gone = Replay::new([missing()]);
    assert_eq!(bedrock(&gone).find_import("p-dev-i").await, Ok(None));
}

#[tokio::test]
async fn an_imported_model_is_looked_at_and_deleted_as_one() {
    let replay = Replay::new([
        Reply::ok(
            json!({
                "modelArn": model(), "modelName": "p-dev-m", "creationTime": "2026-11-20T10:00:00Z",
            })
            .to_string(),
        ),
        Reply::ok(json!({ "tags": [{ "key": "perennial:run", "value": "01j" }] }).to_string()),
        Reply::ok("{}"),
        missing(),
        missing(),
    ]);
    let bedrock = bedrock(&replay);
    let found = bedrock.get_model(&model()).await;
    let found = found.expect("answered").expect("there");
    assert_eq!(
        (found.arn, found.status, found.tags),
        (model(), ModelStatus::Active, tags())
    );
    assert_eq!(found.created.to_string(), "2026-11-20T10:00:00Z");
    assert_eq!(bedrock.delete_model(&model()).await, Ok(()));
    assert_eq!(bedrock.delete_model(&model()).await, Ok(()));
    assert_eq!(bedrock.get_model(&model()).await, Ok(None));
    let asked = replay.asked();
    for (at, method) in [(0, "GET"), (2, "DELETE"), (3, "DELETE"), (4, "GET")] {
        assert_eq!(asked[at].method, method);
        let uri = &asked[at].uri;
        assert!(uri.contains("/imported-models/"), "{uri}");
    }
}

#[tokio::test]
async fn being_denied_to_delete_an_imported_model_that_is_not_there_is_no_error() {
    let refusal = || Reply::refusal(403, "AccessDeniedException", "not authorized");
    let gone = Replay::new([refusal(), missing()]);
    assert_eq!(bedrock(&gone).delete_model(&model()).await, Ok(()));
    let there = Replay::new([refusal(), refusal()]);
    let error = bedrock(&there).delete_model(&model()).await;
    let error = error.expect_err("denied");
    assert_eq!(
        (error.kind, error.operation.as_str()),
        (ErrorKind::Denied, "bedrock:DeleteImportedModel")
    );
}

#[tokio::test]
async fn nothing_is_asked_for_the_deployments_of_an_imported_model() {
    let replay = Replay::new([]);
    assert_eq!(
        bedrock(&replay).deployments_of(&model()).await,
        Ok(Vec::new())
    );
    assert_eq!(replay.asked(), []);
}
