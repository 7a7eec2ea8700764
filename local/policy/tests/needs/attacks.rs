//! Requests that try to pass for others. What a call needs must be what it does; where that cannot be told, it is refused.

use perennial_local_policy::NeedError;
use serde_json::{Value, json};

use crate::{ROLE, asked, words};

/// Why it is refused.
fn unclear(service: &str, operation: &str, parameters: Value) -> String {
    match asked(service, operation, &parameters) {
        Err(NeedError::Unclear { problem, .. }) => problem,
        other => panic!("{service} {operation} of {parameters}: {other:?}"),
    }
}

/// A permission on foundation models would otherwise cover whatever is asked.
#[test]
fn what_is_no_foundation_model_does_not_pass_for_one() {
    let account = "arn:aws:bedrock:us-east-1:123456789012";
    for other in [
        format!("{account}:imported-model/abc"),
        format!("{account}:provisioned-model/abc"),
        format!("{account}:prompt/ABCDEFGHIJ"),
        format!("{account}:application-inference-profile/abc"),
        "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0".to_owned(),
        "arn:aws:bedrock:us-east-1:999999999999:foundation-model/amazon.nova-micro-v1:0".to_owned(),
        "arn:aws:bedrock:us-east-1::foundation-model/".to_owned(),
        "arn:aws:bedrock:us-east-1::foundation-model/arn:aws:bedrock:us-east-1::foundation-model/a"
            .to_owned(),
        "arn:aws:bedrock:us-east-1:999999999999:inference-profile/us.amazon.nova-2-lite-v1:0"
            .to_owned(),
        "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0"
            .to_owned(),
        "x:custom-model/y".to_owned(),
        "x:custom-model-deployment/y".to_owned(),
        "us.amazon.nova/../secret".to_owned(),
        "*".to_owned(),
    ] {
        for (operation, member) in [
            ("Converse", "modelId"),
            ("GetFoundationModel", "modelIdentifier"),
            ("CreateModelInvocationJob", "modelId"),
            ("CreateModelCustomizationJob", "baseModelIdentifier"),
        ] {
            let mut parameters = json!({"roleArn": ROLE});
            parameters[member] = json!(other);
            let problem = unclear("bedrock", operation, parameters);
            assert!(problem.contains("foundation model"), "{problem}");
        }
    }
    let own = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0";
    assert_eq!(
        words("bedrock", "Converse", json!({"modelId": own})),
        [format!("bedrock:InvokeModel {own}")]
    );
}

/// The store decodes before it takes apart. Whoever reads the source otherwise asks for another object than is copied.
#[test]
fn a_copys_source_is_read_as_the_store_reads_it() {
    let copy = |source: &str| json!({"bucketName": "b", "key": "k", "x-amz-copy-source": source});
    let read = |source: &str| words("s3", "CopyObject", copy(source)).remove(0);
    let object = "s3:GetObject arn:aws:s3:::from/eval/a";
    for source in [
        "from/eval/a",
        "/from/eval/a",
        "%2Ffrom%2Feval%2fa",
        "from/%65val/a",
    ] {
        assert_eq!(read(source), object, "{source}");
    }
    assert_eq!(read("from/%+1"), "s3:GetObject arn:aws:s3:::from/%+1");
    assert_eq!(
        read("from/a?versionId=v%2F1"),
        "s3:GetObjectVersion arn:aws:s3:::from/a s3:VersionId=v/1"
    );
    for source in [
        "from",
        "from/",
        "/",
        "//a",
        "from/%ff",
        "from/a?versionId=%ff",
        "arn:aws:s3:us-east-1:123456789012:accesspoint/point/object/a",
    ] {
        let problem = unclear("s3", "CopyObject", copy(source));
        assert!(problem.contains("source"), "{problem}");
    }
    let none = json!({"bucketName": "b", "key": "k"});
    assert!(unclear("s3", "CopyObject", none).contains("x-amz-copy-source"));
}
