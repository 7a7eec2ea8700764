//! The forms of requests and answers: error headers, CBOR, XML.

use bytes::Bytes;
use http::Request;
use perennial_local_services::{Caller, Faults, Refusal, ServiceName};

use crate::bench::Bench;

fn caller(function: Option<&str>) -> Caller {
    Caller {
        access_key: "AKIDTEST".to_owned(),
        function: function.map(str::to_owned),
    }
}

#[test]
fn bedrock_names_its_error_in_a_header() {
    let bench = Bench::new();
    let request = Request::get("/custom-models/none")
        .body(Bytes::new())
        .unwrap();
    let answered = bench
        .services
        .handle(ServiceName::Bedrock, &caller(None), &request);
    assert_eq!(answered.response.status(), 404);
    assert_eq!(
        answered.response.headers()["x-amzn-errortype"],
        "ResourceNotFoundException"
    );
    assert_eq!(answered.outcome.operation, "GetCustomModel");
    assert_eq!(
        answered.outcome.request_parameters["modelIdentifier"],
        "none"
    );
}

#[test]
fn ssm_names_its_error_in_the_body() {
    let bench = Bench::new();
    let request = Request::post("/")
        .header("x-amz-target", "AmazonSSM.GetParameter")
        .body(Bytes::from_static(b"{\"Name\":\"a\"}"))
        .unwrap();
    let answered = bench
        .services
        .handle(ServiceName::Ssm, &caller(None), &request);
    assert_eq!(answered.response.status(), 400);
    let body: serde_json::Value = serde_json::from_slice(answered.response.body()).unwrap();
    assert_eq!(body["__type"], "ParameterNotFound");
}

fn refuse(bench: &Bench, operation: &str, code: &str) {
    let refusal = Refusal {
        times: 1,
        code: code.to_owned(),
        message: "as asked".to_owned(),
    };
    bench.services.set_faults(Faults {
        refuse: [(operation.to_owned(), refusal)].into(),
        ..Faults::default()
    });
}

/// Only Bedrock, which speaks REST, has a status for each error.
#[test]
fn a_throttle_has_the_status_of_its_protocol() {
    let bench = Bench::new();
    let status = |service, operation: &str, request: &Request<Bytes>| {
        refuse(&bench, operation, "ThrottlingException");
        let answered = bench.services.handle(service, &caller(None), request);
        answered.response.status().as_u16()
    };
    let list = Request::get("/custom-models").body(Bytes::new()).unwrap();
    assert_eq!(status(ServiceName::Bedrock, "ListCustomModels", &list), 429);
    let get = Request::post("/")
        .header("x-amz-target", "AmazonSSM.GetParameter")
        .body(Bytes::from_static(b"{\"Name\":\"a\"}"))
        .unwrap();
    assert_eq!(status(ServiceName::Ssm, "GetParameter", &get), 400);
    let who = Request::post("/")
        .body(Bytes::from_static(b"Action=GetCallerIdentity"))
        .unwrap();
    assert_eq!(status(ServiceName::Sts, "GetCallerIdentity", &who), 400);
}

/// It once spoke the query protocol, and its clients still go by the codes of that.
#[test]
fn cloudwatch_tells_the_older_code_of_an_error_in_both_of_its_protocols() {
    let bench = Bench::new();
    let path = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
    let cbor = Request::post(path).body(Bytes::from_static(&[0xa0]));
    let json = Request::post("/")
        .header(
            "x-amz-target",
            "GraniteServiceVersion20100801.GetMetricData",
        )
        .body(Bytes::from_static(b"{}"));
    for request in [cbor, json] {
        let answered =
            bench
                .services
                .handle(ServiceName::CloudWatch, &caller(None), &request.unwrap());
        assert_eq!(
            answered.response.headers()["x-amzn-query-error"],
            "ValidationError;Sender"
        );
    }
}

#[test]
fn cloudwatch_answers_cbor_with_cbor() {
    let bench = Bench::new();
    let path = "/service/GraniteServiceVersion20100801/operation/GetMetricData";
    let request = Request::post(path)
        .header("smithy-protocol", "rpc-v2-cbor")
        .body(Bytes::from_static(&[0xa0]))
        .unwrap();
    let answered = bench
        .services
        .handle(ServiceName::CloudWatch, &caller(None), &request);
    assert_eq!(answered.response.status(), 400);
    assert_eq!(
        answered.response.headers()["smithy-protocol"],
        "rpc-v2-cbor"
    );
    assert_eq!(
        answered.outcome.error_code.as_deref(),
        Some("ValidationException")
    );
}

#[test]
fn sts_says_who_calls() {
    let bench = Bench::new();
    let request = Request::post("/")
        .body(Bytes::from_static(
            b"Action=GetCallerIdentity&Version=2011-06-15",
        ))
        .unwrap();
    for (function, wanted) in [
        (None, ":user/local<"),
        (Some("train"), ":assumed-role/train/train<"),
    ] {
        let answered = bench
            .services
            .handle(ServiceName::Sts, &caller(function), &request);
        let body = String::from_utf8(answered.response.body().to_vec()).unwrap();
        assert!(
            body.contains(wanted)
                && body.contains("<Account>123456789012</Account>")
                && body.contains("<ResponseMetadata><RequestId>"),
            "{body}"
        );
    }
}

#[test]
fn nonsense_is_refused_and_does_not_panic() {
    let bench = Bench::new();
    for service in [
        ServiceName::Bedrock,
        ServiceName::BedrockRuntime,
        ServiceName::Ssm,
        ServiceName::CloudWatch,
        ServiceName::EventBridge,
        ServiceName::Sts,
    ] {
        for (path, body) in [
            ("/", "{"),
            ("/%ff", "[]"),
            ("/model//converse", "null"),
            ("/stop", ""),
            ("/?a=%zz&b", "\u{0}"),
        ] {
            let request = Request::post(path).body(Bytes::from(body)).unwrap();
            let answered = bench.services.handle(service, &caller(None), &request);
            assert!(
                answered.response.status().is_client_error(),
                "{service:?} {path}"
            );
        }
    }
}

#[test]
fn services_are_told_apart_by_signature_and_path() {
    assert_eq!(
        ServiceName::of("bedrock", "/model/x/converse"),
        Some(ServiceName::BedrockRuntime)
    );
    assert_eq!(
        ServiceName::of("bedrock", "/model-customization-jobs"),
        Some(ServiceName::Bedrock)
    );
    assert_eq!(
        ServiceName::of("monitoring", "/"),
        Some(ServiceName::CloudWatch)
    );
    assert_eq!(ServiceName::of("s3", "/"), None);
}
