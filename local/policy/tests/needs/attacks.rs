//! Requests that try to pass for others. What a call needs must be what it does; where that cannot be told, it is refused.

use perennial_local_policy::{NeedError, Request};
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
            let answers = [":imported-model/", ":provisioned-model/"];
            if operation == "Converse" && answers.iter().any(|kind| other.contains(kind)) {
                // These answer by themselves, and are asked for by their own ARN.
                let own = [format!("bedrock:InvokeModel {other}")];
                assert_eq!(words("bedrock", operation, parameters), own);
                continue;
            }
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

/// A condition on a tag looks at one value. With two, the one that it does not see would be written as well.
#[test]
fn a_tag_that_stands_twice_is_not_looked_at_once() {
    let tag = |key: &str, value: &str| json!({"key": key, "value": value});
    let (own, other) = (tag("team", "own"), tag("team", "other"));
    let create = |job: Value, model: Value| json!({"baseModelIdentifier": "amazon.nova-micro-v1:0", "roleArn": ROLE, "jobTags": job, "customModelTags": model});
    for (job, model) in [
        (json!([other, own]), json!([own])),
        (json!([other]), json!([own])),
        (json!([own, tag("Team", "own")]), json!([])),
    ] {
        let problem = unclear("bedrock", "CreateModelCustomizationJob", create(job, model));
        assert!(problem.contains("stands twice"), "{problem}");
    }
    let same = create(json!([own, own]), json!([own]));
    assert!(asked("bedrock", "CreateModelCustomizationJob", &same).is_ok());
    for tags in [
        json!({"team": "own"}),
        json!([{"key": "team"}]),
        json!(["team"]),
    ] {
        let problem = unclear(
            "bedrock",
            "CreateModelCustomizationJob",
            create(tags, json!([])),
        );
        assert!(problem.contains("no list of tags"), "{problem}");
    }
}

/// DynamoDB refuses such members; what it would do with one must not hang on which is seen first.
#[test]
fn a_member_of_a_transaction_does_one_thing() {
    let put = json!({"TableName": "t", "Item": {"pk": {"S": "allowed"}}});
    let delete = json!({"TableName": "t", "Key": {"pk": {"S": "forbidden"}}});
    for member in [
        json!({"Put": put, "Delete": delete}),
        json!({"Put": put, "Surprise": {}}),
        json!({"Get": delete}),
        json!({}),
        json!("Put"),
    ] {
        let items = json!({"TransactItems": [member]});
        let problem = unclear("dynamodb", "TransactWriteItems", items);
        assert!(problem.contains("not one member"), "{problem}");
    }
    let two = json!({"TableName": "t", "Item": {"pk": {"S": "allowed", "N": "1"}}});
    assert!(unclear("dynamodb", "PutItem", two).contains("has no pk"));
}

#[test]
fn the_leading_key_of_a_query_is_the_one_that_is_searched() {
    let query = |expression: &str, names: Value| {
        json!({"TableName": "t", "KeyConditionExpression": expression, "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {":a": {"S": "allowed"}, ":b": {"S": "forbidden"}}})
    };
    for (expression, names) in [
        ("sk = :a AND pk = :b", json!({"sk": "pk"})),
        ("pk = :a AND pk = :b", json!({})),
        ("#p = :a AND pk = :b", json!({"#p": "pk"})),
        ("pk < :a", json!({})),
        ("pk = :c", json!({})),
    ] {
        let asked = asked("dynamodb", "Query", &query(expression, names));
        let key = asked.map(|asked| {
            asked[0]
                .context
                .get("dynamodb:LeadingKeys")
                .unwrap()
                .to_vec()
        });
        assert!(
            key.as_ref().map_or(true, |key| *key == ["forbidden"]),
            "{expression}: {key:?}"
        );
    }
    // An index that is no text is not the table.
    let mut odd = query("pk = :a", json!({}));
    odd["IndexName"] = json!(["due"]);
    assert!(unclear("dynamodb", "Query", odd).contains("IndexName"));
}

#[test]
fn a_call_about_nothing_is_not_allowed_for_want_of_a_question() {
    for (service, operation, parameters) in [
        (
            "dynamodb",
            "TransactWriteItems",
            json!({"TransactItems": []}),
        ),
        ("events", "PutEvents", json!({"Entries": []})),
    ] {
        assert!(unclear(service, operation, parameters).contains("about nothing"));
    }
    let odd = json!({"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": ["mine"]}]});
    assert!(unclear("events", "PutEvents", odd).contains("EventBusName"));
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html>
#[test]
fn a_parameter_is_the_same_by_name_by_arn_and_in_each_version() {
    let arn = "arn:aws:ssm:us-east-1:123456789012:parameter/perennial/p/model";
    for name in [
        "/perennial/p/model",
        "/perennial/p/model:3",
        arn,
        &format!("{arn}:3"),
    ] {
        assert_eq!(
            words("ssm", "GetParameter", json!({"Name": name})),
            [format!("ssm:GetParameter {arn}")]
        );
    }
    let name = json!({"Name": "arn:aws:ssm:us-east-1:123456789012:document/a"});
    assert!(unclear("ssm", "GetParameter", name).contains("parameter"));
    let put = json!({"Name": "/perennial/p/model", "Tags": [{"Key": "a", "Value": "1"}]});
    let asks = "aws:RequestTag/a=1 aws:TagKeys=a";
    assert_eq!(
        words("ssm", "PutParameter", put),
        [
            format!("ssm:PutParameter {arn} {asks} ssm:Overwrite=false"),
            format!("ssm:AddTagsToResource {arn} {asks}"),
        ]
    );
}

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>
#[test]
fn a_profile_asks_its_models_in_their_own_regions() {
    let regions = |id: &str| -> Vec<String> {
        let asked = asked("bedrock", "Converse", &json!({"modelId": id})).unwrap();
        let region =
            |request: &Request| request.context.get("aws:RequestedRegion").unwrap()[0].clone();
        asked.iter().map(region).collect()
    };
    assert_eq!(
        regions("us.amazon.nova-2-lite-v1:0"),
        ["us-east-1", "us-east-1", "us-east-2", "us-west-2"]
    );
    assert_eq!(
        regions("global.amazon.nova-2-lite-v1:0"),
        ["us-east-1", "us-east-1", "unspecified"]
    );
}

/// A condition on tags that forbids would not hold for what is merely not found.
#[test]
fn what_cannot_be_looked_up_is_not_missing() {
    let broken = "on-a-broken-disk";
    for (service, operation, member) in [
        ("bedrock", "DeleteCustomModel", "modelIdentifier"),
        ("bedrock", "CreateCustomModelDeployment", "modelArn"),
        ("bedrock", "CreateModelInvocationJob", "modelId"),
        ("ssm", "GetParameter", "Name"),
    ] {
        let problem = unclear(service, operation, json!({member: broken, "roleArn": ROLE}));
        assert!(problem.contains("the disk is broken"), "{problem}");
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
#[test]
fn a_write_that_opens_tags_or_locks_needs_more_than_the_write() {
    let on = |operation: &str, headers: &[&str]| {
        let mut parameters = json!({"bucketName": "b", "key": "k"});
        for header in headers {
            parameters[*header] = json!("x");
        }
        let asked = asked("s3", operation, &parameters).unwrap();
        assert!(
            asked
                .iter()
                .all(|asked| asked.resource == "arn:aws:s3:::b/k")
        );
        asked
            .into_iter()
            .map(|asked| asked.action)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        on("PutObject", &["x-amz-acl", "x-amz-grant-read"]),
        ["s3:PutObject", "s3:PutObjectAcl"]
    );
    assert_eq!(
        on(
            "CreateMultipartUpload",
            &["x-amz-tagging", "x-amz-object-lock-mode"]
        ),
        [
            "s3:PutObject",
            "s3:PutObjectTagging",
            "s3:PutObjectRetention"
        ]
    );
    assert_eq!(
        on("DeleteObject", &["x-amz-bypass-governance-retention"]),
        ["s3:DeleteObject", "s3:BypassGovernanceRetention"]
    );
    assert_eq!(on("GetObject", &["x-amz-acl"]), ["s3:GetObject"]);
}
