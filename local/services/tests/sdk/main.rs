//! AWS's own SDKs for Rust against the simulators, over HTTP on the loopback interface.
#![expect(clippy::unwrap_used)]

mod listener;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_bedrock::types::{
    CustomModelDeploymentStatus, CustomizationType, ModelCustomizationJobStatus, OutputDataConfig,
    TrainingDataConfig,
};
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, Message};
use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricStat},
};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_ssm::types::ParameterType;
use bytes::Bytes;
use listener::Listener;
use perennial_local_services::{Faults, ObjectAccess};

macro_rules! client {
    ($sdk:ident, $listener:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new("us-east-1"))
                .credentials_provider(Credentials::new("AKIDTEST", "secret", None, None, "test"))
                .endpoint_url(format!("http://{}", $listener.address))
                .build(),
        )
    };
}

const MICRO: &str = "amazon.nova-micro-v1:0";

fn training() -> Bytes {
    let record = |n| {
        serde_json::json!({ "schemaVersion": "bedrock-conversation-2024", "messages": [
            { "role": "user", "content": [{ "text": format!("question number {n}") }] },
            { "role": "assistant", "content": [{ "text": format!("label-{n}") }] },
        ] })
        .to_string()
    };
    Bytes::from((0..10).map(record).collect::<Vec<_>>().join("\n"))
}

fn question(text: &str) -> Message {
    Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::Text(text.to_owned()))
        .build()
        .unwrap()
}

async fn ask(runtime: &aws_sdk_bedrockruntime::Client, model: &str, text: &str) -> String {
    let answer = runtime
        .converse()
        .model_id(model)
        .messages(question(text))
        .send()
        .await
        .unwrap();
    answer.output().unwrap().as_message().unwrap().content()[0]
        .as_text()
        .unwrap()
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_trained_deployed_asked_counted_and_deleted() {
    let listener = Listener::start().await;
    listener
        .objects
        .write("bucket", "train.jsonl", training())
        .unwrap();
    let bedrock = client!(aws_sdk_bedrock, listener);
    let runtime = client!(aws_sdk_bedrockruntime, listener);

    // The first answer is lost: the SDK tries again with the same token and gets the same job.
    let lose_answers = [("CreateModelCustomizationJob".to_owned(), 1)].into();
    listener.services.set_faults(Faults {
        lose_answers,
        ..Faults::default()
    });
    let job = bedrock
        .create_model_customization_job()
        .job_name("job")
        .custom_model_name("model")
        .role_arn("arn:aws:iam::123456789012:role/job")
        .client_request_token("token")
        .base_model_identifier(format!("{MICRO}:128k"))
        .customization_type(CustomizationType::FineTuning)
        .training_data_config(
            TrainingDataConfig::builder()
                .s3_uri("s3://bucket/train.jsonl")
                .build(),
        )
        .output_data_config(
            OutputDataConfig::builder()
                .s3_uri("s3://bucket/out/")
                .build()
                .unwrap(),
        )
        .hyper_parameters("epochCount", "2")
        .send()
        .await
        .unwrap();
    assert_eq!(listener.services.faults(), Faults::default());
    let listed = bedrock
        .list_model_customization_jobs()
        .name_contains("job")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.model_customization_job_summaries().len(), 1);
    listener.services.tick().unwrap();
    let job = bedrock
        .get_model_customization_job()
        .job_identifier(job.job_arn())
        .send()
        .await
        .unwrap();
    assert_eq!(job.status(), Some(&ModelCustomizationJobStatus::Completed));
    let model = job.output_model_arn().unwrap();
    assert_eq!(
        bedrock
            .get_custom_model()
            .model_identifier(model)
            .send()
            .await
            .unwrap()
            .model_name(),
        "model"
    );

    let deployment = bedrock
        .create_custom_model_deployment()
        .model_deployment_name("alias")
        .model_arn(model);
    let deployment = deployment
        .send()
        .await
        .unwrap()
        .custom_model_deployment_arn()
        .to_owned();
    listener.services.tick().unwrap();
    let shown = bedrock
        .get_custom_model_deployment()
        .custom_model_deployment_identifier(&deployment);
    assert_eq!(
        shown.send().await.unwrap().status(),
        &CustomModelDeploymentStatus::Active
    );
    assert_eq!(
        ask(&runtime, &deployment, "question number 3").await,
        "label-3"
    );
    assert!(
        !ask(&runtime, MICRO, "question number 3")
            .await
            .starts_with("label")
    );

    let refused = bedrock
        .delete_custom_model()
        .model_identifier(model)
        .send()
        .await
        .unwrap_err();
    assert!(refused.into_service_error().is_conflict_exception());
    bedrock
        .delete_custom_model_deployment()
        .custom_model_deployment_identifier(&deployment)
        .send()
        .await
        .unwrap();
    listener.services.tick().unwrap();
    bedrock
        .delete_custom_model()
        .model_identifier(model)
        .send()
        .await
        .unwrap();
    let gone = bedrock
        .get_custom_model()
        .model_identifier(model)
        .send()
        .await
        .unwrap_err();
    assert!(gone.into_service_error().is_resource_not_found_exception());

    let cloudwatch = client!(aws_sdk_cloudwatch, listener);
    let dimension = |value: &str| Dimension::builder().name("ModelId").value(value).build();
    let query = |id: &str, value: &str| {
        let metric = Metric::builder()
            .namespace("AWS/Bedrock")
            .metric_name("Invocations")
            .dimensions(dimension(value));
        let stat = MetricStat::builder()
            .metric(metric.build())
            .period(3600)
            .stat("Sum")
            .build();
        MetricDataQuery::builder().id(id).metric_stat(stat).build()
    };
    let now = DateTime::from(std::time::SystemTime::now() + Duration::from_secs(60));
    let data = cloudwatch
        .get_metric_data()
        .metric_data_queries(query("a", &deployment))
        .metric_data_queries(query("b", "never.called"))
        .start_time(DateTime::from_secs(now.secs() - 7200))
        .end_time(now)
        .send()
        .await
        .unwrap();
    let results = data.metric_data_results();
    assert_eq!(
        (results[0].values(), results[0].timestamps().len()),
        (&[1.0][..], 1)
    );
    assert_eq!(results[0].timestamps()[0].secs() % 3600, 0);
    assert!(results[1].values().is_empty());
    let bad = cloudwatch
        .get_metric_data()
        .metric_data_queries(query("A", "x"))
        .start_time(DateTime::from_secs(0));
    let bad = bad
        .end_time(now)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    // As its older protocol named a ValidationException: the SDK goes by `x-amzn-query-error`.
    assert_eq!(bad.meta().code(), Some("ValidationError"));
    let statistics = cloudwatch
        .get_metric_statistics()
        .namespace("AWS/Bedrock")
        .metric_name("Invocations")
        .dimensions(dimension(&deployment))
        .start_time(DateTime::from_secs(now.secs() - 7200))
        .end_time(now)
        .period(3600)
        .statistics(aws_sdk_cloudwatch::types::Statistic::Sum);
    assert_eq!(
        statistics.send().await.unwrap().datapoints()[0].sum(),
        Some(1.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_and_events_come_through() {
    let listener = Listener::start().await;
    let ssm = client!(aws_sdk_ssm, listener);
    let name = "/perennial/a1/bot/model";
    let missing = ssm.get_parameter().name(name).send().await.unwrap_err();
    assert!(missing.into_service_error().is_parameter_not_found());
    let put = || {
        ssm.put_parameter()
            .name(name)
            .value("arn")
            .r#type(ParameterType::String)
    };
    assert_eq!(put().send().await.unwrap().version(), 1);
    assert!(
        put()
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_parameter_already_exists()
    );
    let read = ssm.get_parameter().name(name).send().await.unwrap();
    assert_eq!(read.parameter().unwrap().value(), Some("arn"));
    assert!(
        read.parameter()
            .unwrap()
            .last_modified_date()
            .unwrap()
            .secs()
            > 0
    );

    let events = client!(aws_sdk_eventbridge, listener);
    let entry = |source: &str| {
        PutEventsRequestEntry::builder()
            .source(source)
            .detail_type("Run Due")
            .detail("{\"run\":\"r\"}")
            .build()
    };
    let answer = events
        .put_events()
        .entries(entry("perennial"))
        .entries(entry("aws.s3"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.failed_entry_count(), 1);
    assert_eq!(
        answer.entries()[1].error_code(),
        Some("NotAuthorizedForSource")
    );
    let taken = listener.services.take_events().unwrap();
    assert_eq!(taken[0]["id"].as_str(), answer.entries()[0].event_id());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_job_runs() {
    use aws_sdk_bedrock::types::{
        ModelInvocationJobInputDataConfig as Input, ModelInvocationJobOutputDataConfig as Output,
        ModelInvocationJobS3InputDataConfig as S3Input,
        ModelInvocationJobS3OutputDataConfig as S3Output, ModelInvocationJobStatus,
        ModelInvocationType,
    };
    let listener = Listener::start().await;
    let record = "{\"recordId\":\"r\",\"modelInput\":{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}]}}\n";
    listener
        .objects
        .write("bucket", "in.jsonl", Bytes::from(record.repeat(100)))
        .unwrap();
    let bedrock = client!(aws_sdk_bedrock, listener);
    let job = bedrock
        .create_model_invocation_job()
        .job_name("base")
        .role_arn("arn:aws:iam::123456789012:role/job")
        .model_id(MICRO)
        .model_invocation_type(ModelInvocationType::Converse)
        .input_data_config(Input::S3InputDataConfig(
            S3Input::builder()
                .s3_uri("s3://bucket/in.jsonl")
                .build()
                .unwrap(),
        ))
        .output_data_config(Output::S3OutputDataConfig(
            S3Output::builder()
                .s3_uri("s3://bucket/out/")
                .build()
                .unwrap(),
        ))
        .send()
        .await
        .unwrap();
    listener.services.tick().unwrap();
    let job = bedrock
        .get_model_invocation_job()
        .job_identifier(job.job_arn())
        .send()
        .await
        .unwrap();
    assert_eq!(job.status(), Some(&ModelInvocationJobStatus::Completed));
    assert_eq!(listener.objects.list("bucket", "out/").unwrap().len(), 2);
}
