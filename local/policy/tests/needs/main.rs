//! What each operation needs: actions, resources, keys.
#![expect(clippy::unwrap_used)]

mod attacks;
mod trainers;

use perennial_local_policy::{
    Account, AwsCall, Found, Kind, NeedError, Request, Resources, looked_for, needs,
};
use serde_json::{Value, json};

const ACCOUNT: Account<'_> = Account {
    id: "123456789012",
    region: "us-east-1",
    role_arn: "arn:aws:iam::123456789012:role/perennial-train",
    function_arn: "arn:aws:lambda:us-east-1:123456789012:function:perennial-train",
};
const DEPLOYMENT: &str =
    "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl";
const MODEL: &str =
    "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-micro-v1:0:128k/abcdefghijkl";
const ROLE: &str = "arn:aws:iam::123456789012:role/perennial-local-jobs";

/// One table, one deployment with a tag, one custom model.
struct World;

impl Resources for World {
    fn find(&self, kind: Kind, identifier: &str) -> Result<Option<Found>, String> {
        if identifier == "on-a-broken-disk" {
            return Err("the disk is broken".into());
        }
        let tags = vec![("perennial:installation".to_owned(), "local".to_owned())];
        let arn = match (kind, identifier) {
            (Kind::Deployment, "d" | DEPLOYMENT) => DEPLOYMENT,
            (Kind::CustomModel, MODEL) => MODEL,
            _ => return Ok(None),
        };
        Ok(Some(Found {
            arn: arn.to_owned(),
            tags,
        }))
    }

    fn partition_key(&self, table: &str, index: Option<&str>) -> Option<String> {
        match (table, index) {
            ("t", None) => Some("pk".into()),
            ("t", Some("due")) => Some("due_kind".into()),
            _ => None,
        }
    }
}

fn asked(service: &str, operation: &str, parameters: &Value) -> Result<Vec<Request>, NeedError> {
    let call = AwsCall {
        service,
        operation,
        parameters,
    };
    needs(&call, &ACCOUNT, &World)
}

/// `action resource key=value…`, without the global keys.
fn words(service: &str, operation: &str, parameters: Value) -> Vec<String> {
    let keys = [
        "s3:prefix",
        "s3:VersionId",
        "dynamodb:LeadingKeys",
        "dynamodb:EnclosingOperation",
        "aws:RequestTag/a",
        "aws:TagKeys",
        "aws:ResourceTag/perennial:installation",
        "iam:PassedToService",
        "bedrock:InferenceProfileArn",
        "ssm:Overwrite",
        "events:source",
        "events:detail-type",
    ];
    let line = |request: Request| {
        let mut line = format!("{} {}", request.action, request.resource);
        for key in keys {
            if let Some(values) = request.context.get(key) {
                line += &format!(" {key}={}", values.join(","));
            }
        }
        line
    };
    let needed = asked(service, operation, &parameters).unwrap();
    needed.into_iter().map(line).collect()
}

#[test]
fn s3_calls_need_the_action_on_the_object_or_the_bucket() {
    let object = json!({"bucketName": "b", "key": "data/p/a b"});
    let table = [
        ("GetObject", "s3:GetObject"),
        ("HeadObject", "s3:GetObject"),
        ("PutObject", "s3:PutObject"),
        ("CreateMultipartUpload", "s3:PutObject"),
        ("UploadPart", "s3:PutObject"),
        ("CompleteMultipartUpload", "s3:PutObject"),
        ("AbortMultipartUpload", "s3:AbortMultipartUpload"),
        ("DeleteObject", "s3:DeleteObject"),
    ];
    for (operation, action) in table {
        assert_eq!(
            words("s3", operation, object.clone()),
            [format!("{action} arn:aws:s3:::b/data/p/a b")]
        );
    }
    assert_eq!(
        words(
            "s3",
            "GetObject",
            json!({"bucketName": "b", "key": "k", "versionId": "v"})
        ),
        ["s3:GetObjectVersion arn:aws:s3:::b/k s3:VersionId=v"]
    );
    assert_eq!(
        words(
            "s3",
            "ListObjectVersions",
            json!({"bucketName": "b", "prefix": "data/", "versions": ""})
        ),
        ["s3:ListBucketVersions arn:aws:s3:::b s3:prefix=data/"]
    );
    assert_eq!(
        words("s3", "ListObjectsV2", json!({"bucketName": "b"})),
        ["s3:ListBucket arn:aws:s3:::b"]
    );
    assert_eq!(
        words(
            "s3",
            "CopyObject",
            json!({"bucketName": "b", "key": "k", "x-amz-copy-source": "/from/a%20b?versionId=v"})
        ),
        [
            "s3:GetObjectVersion arn:aws:s3:::from/a b s3:VersionId=v",
            "s3:PutObject arn:aws:s3:::b/k"
        ]
    );
}

#[test]
fn to_learn_that_an_object_is_missing_the_bucket_must_be_listable() {
    let parameters = json!({"bucketName": "b", "key": "k"});
    let call = |operation| AwsCall {
        service: "s3",
        operation,
        parameters: &parameters,
    };
    let needed = looked_for(&call("HeadObject"), &ACCOUNT, &World).unwrap();
    assert_eq!(
        (needed.action.as_str(), needed.resource.as_str()),
        ("s3:ListBucket", "arn:aws:s3:::b")
    );
    assert_eq!(needed.context.get("s3:prefix"), None);
    assert_eq!(looked_for(&call("PutObject"), &ACCOUNT, &World), None);
}

#[test]
fn a_transaction_needs_the_sum_of_its_members() {
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/t";
    let key = |pk: &str| json!({"pk": {"S": pk}, "sk": {"S": "s"}});
    let items = json!({"TransactItems": [
        {"Put": {"TableName": "t", "Item": key("run#a")}},
        {"Update": {"TableName": "t", "Key": key("pipeline")}},
        {"ConditionCheck": {"TableName": "t", "Key": key("model#a")}},
        {"Delete": {"TableName": "t", "Key": key("x")}},
    ]});
    assert_eq!(
        words("dynamodb", "TransactWriteItems", items),
        [
            format!(
                "dynamodb:PutItem {table} dynamodb:LeadingKeys=run#a dynamodb:EnclosingOperation=TransactWriteItems"
            ),
            format!(
                "dynamodb:UpdateItem {table} dynamodb:LeadingKeys=pipeline dynamodb:EnclosingOperation=TransactWriteItems"
            ),
            format!("dynamodb:ConditionCheckItem {table} dynamodb:LeadingKeys=model#a"),
            format!(
                "dynamodb:DeleteItem {table} dynamodb:LeadingKeys=x dynamodb:EnclosingOperation=TransactWriteItems"
            ),
        ]
    );
    assert_eq!(
        words(
            "dynamodb",
            "GetItem",
            json!({"TableName": "t", "Key": key("pipeline")})
        ),
        [format!(
            "dynamodb:GetItem {table} dynamodb:LeadingKeys=pipeline"
        )]
    );
}

#[test]
fn a_query_of_an_index_is_on_the_index() {
    let table = "arn:aws:dynamodb:us-east-1:123456789012:table/t";
    let due = json!({"TableName": "t", "IndexName": "due",
        "KeyConditionExpression": "#kind = :kind AND #at <= :until",
        "ExpressionAttributeNames": {"#kind": "due_kind", "#at": "due_at"},
        "ExpressionAttributeValues": {":kind": {"S": "run"}, ":until": {"N": "1"}}});
    assert_eq!(
        words("dynamodb", "Query", due),
        [format!(
            "dynamodb:Query {table}/index/due dynamodb:LeadingKeys=run"
        )]
    );
    let plain = json!({"TableName": "t", "KeyConditionExpression": "(pk=:p)AND begins_with(sk, :s)",
        "ExpressionAttributeValues": {":p": {"S": "run#a"}, ":s": {"S": "x"}}});
    assert_eq!(
        words("dynamodb", "Query", plain),
        [format!("dynamodb:Query {table} dynamodb:LeadingKeys=run#a")]
    );
    let open = json!({"TableName": "t", "KeyConditionExpression": "sk = :s", "ExpressionAttributeValues": {":s": {"S": "x"}}});
    assert!(
        asked("dynamodb", "Query", &open)
            .unwrap_err()
            .to_string()
            .contains("does not fix pk")
    );
}

#[test]
fn a_training_job_needs_base_model_new_model_role_and_tags() {
    let create = json!({"baseModelIdentifier": "amazon.nova-micro-v1:0:128k", "roleArn": ROLE,
        "jobTags": [{"key": "a", "value": "1"}], "customModelTags": [{"key": "a", "value": "1"}]});
    let new = "arn:aws:bedrock:us-east-1:123456789012";
    assert_eq!(
        words("bedrock", "CreateModelCustomizationJob", create),
        [
            "bedrock:CreateModelCustomizationJob arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0:128k aws:RequestTag/a=1 aws:TagKeys=a".to_owned(),
            format!("bedrock:CreateModelCustomizationJob {new}:custom-model/* aws:RequestTag/a=1 aws:TagKeys=a"),
            format!("iam:PassRole {ROLE} iam:PassedToService=bedrock.amazonaws.com"),
            format!("bedrock:TagResource {new}:model-customization-job/* aws:RequestTag/a=1 aws:TagKeys=a"),
            format!("bedrock:TagResource {new}:custom-model/* aws:RequestTag/a=1 aws:TagKeys=a"),
        ]
    );
}

#[test]
fn a_batch_job_needs_model_job_and_role() {
    let new = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/*";
    assert_eq!(
        words("bedrock", "CreateModelInvocationJob", json!({"modelId": "amazon.nova-micro-v1:0", "roleArn": ROLE})),
        [
            "bedrock:CreateModelInvocationJob arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0".to_owned(),
            format!("bedrock:CreateModelInvocationJob {new}"),
            format!("iam:PassRole {ROLE} iam:PassedToService=bedrock.amazonaws.com"),
        ]
    );
    assert_eq!(
        words(
            "bedrock",
            "CreateModelInvocationJob",
            json!({"modelId": MODEL, "roleArn": ROLE})
        )[0],
        format!("bedrock:CreateModelInvocationJob {MODEL}")
    );
}

#[test]
fn what_is_there_brings_its_tags_and_what_is_not_has_none() {
    let tag = "aws:ResourceTag/perennial:installation=local";
    let deployment = |operation| {
        words(
            "bedrock",
            operation,
            json!({"customModelDeploymentIdentifier": "d"}),
        )
    };
    assert_eq!(
        deployment("DeleteCustomModelDeployment"),
        [format!(
            "bedrock:DeleteCustomModelDeployment {DEPLOYMENT} {tag}"
        )]
    );
    assert_eq!(
        words(
            "bedrock",
            "GetModelCustomizationJob",
            json!({"jobIdentifier": "gone"})
        ),
        [
            "bedrock:GetModelCustomizationJob arn:aws:bedrock:us-east-1:123456789012:model-customization-job/gone"
        ]
    );
    let missing = |identifier: &str| {
        let parameters = json!({"customModelDeploymentIdentifier": identifier});
        let needed = asked("bedrock", "DeleteCustomModelDeployment", &parameters);
        needed.unwrap()[0].is_missing
    };
    assert_eq!((missing("d"), missing("gone")), (false, true));
    assert_eq!(
        words(
            "bedrock",
            "UpdateCustomModelDeployment",
            json!({"customModelDeploymentIdentifier": "d", "modelArn": MODEL})
        ),
        [
            format!("bedrock:UpdateCustomModelDeployment {DEPLOYMENT} {tag}"),
            format!("bedrock:UpdateCustomModelDeployment {MODEL} {tag}"),
        ]
    );
    assert_eq!(
        words("bedrock", "CreateCustomModelDeployment", json!({"modelArn": MODEL, "tags": [{"key": "a", "value": "1"}]})),
        [
            format!("bedrock:CreateCustomModelDeployment {MODEL} aws:RequestTag/a=1 aws:TagKeys=a {tag}"),
            "bedrock:TagResource arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/* aws:RequestTag/a=1 aws:TagKeys=a".to_owned(),
        ]
    );
    assert_eq!(
        words(
            "bedrock",
            "ListCustomModelDeployments",
            json!({"modelArnEquals": MODEL})
        ),
        ["bedrock:ListCustomModelDeployments *"]
    );
    assert_eq!(
        words(
            "bedrock",
            "ListTagsForResource",
            json!({"resourceARN": DEPLOYMENT})
        ),
        [format!("bedrock:ListTagsForResource {DEPLOYMENT} {tag}")]
    );
}

#[test]
fn asking_a_model_is_invoke_model_on_what_is_asked() {
    let converse = |id: &str| words("bedrock", "Converse", json!({"modelId": id}));
    assert_eq!(
        converse(DEPLOYMENT),
        [format!(
            "bedrock:InvokeModel {DEPLOYMENT} aws:ResourceTag/perennial:installation=local"
        )]
    );
    assert_eq!(
        converse("amazon.nova-micro-v1:0"),
        ["bedrock:InvokeModel arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"]
    );
    let profile =
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-2-lite-v1:0";
    let model = |region: &str| {
        format!(
            "bedrock:InvokeModel arn:aws:bedrock:{region}::foundation-model/amazon.nova-2-lite-v1:0 bedrock:InferenceProfileArn={profile}"
        )
    };
    let expected = [
        format!("bedrock:InvokeModel {profile}"),
        model("us-east-1"),
        model("us-east-2"),
        model("us-west-2"),
    ];
    assert_eq!(converse("us.amazon.nova-2-lite-v1:0"), expected);
    assert_eq!(converse(profile), expected);
    assert_eq!(
        converse("global.amazon.nova-2-lite-v1:0")[2]
            .split(' ')
            .nth(1),
        Some("arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0")
    );
    assert!(
        asked(
            "bedrock",
            "Converse",
            &json!({"modelId": "eu.amazon.nova-2-lite-v1:0"})
        )
        .is_err()
    );
}

#[test]
fn the_small_services() {
    let parameter = "arn:aws:ssm:us-east-1:123456789012:parameter/perennial/p/model";
    assert_eq!(
        words("ssm", "GetParameter", json!({"Name": "/perennial/p/model"})),
        [format!("ssm:GetParameter {parameter}")]
    );
    assert_eq!(
        words(
            "ssm",
            "PutParameter",
            json!({"Name": "/perennial/p/model", "Overwrite": true})
        ),
        [format!("ssm:PutParameter {parameter} ssm:Overwrite=true")]
    );
    assert_eq!(
        words("monitoring", "GetMetricData", json!({})),
        ["cloudwatch:GetMetricData *"]
    );
    assert_eq!(words("sts", "GetCallerIdentity", json!({})), [""; 0]);
    let entry = |kind: &str| json!({"Source": "perennial", "DetailType": kind, "EventBusName": "default", "Detail": "{}"});
    let bus = "events:PutEvents arn:aws:events:us-east-1:123456789012:event-bus/default events:source=perennial events:detail-type=";
    assert_eq!(
        words(
            "events",
            "PutEvents",
            json!({"Entries": [entry("Run Due"), entry("Run Due"), entry("Upload Accepted")]})
        ),
        [format!("{bus}Run Due"), format!("{bus}Upload Accepted")]
    );
}

#[test]
fn an_operation_without_a_row_is_named() {
    for (service, operation) in [
        ("s3", "PutObjectAcl"),
        ("bedrock", "CreateGuardrail"),
        ("lambda", "Invoke"),
        ("sts", "AssumeRole"),
        // It has no Name, and that is not what is wrong with it.
        ("ssm", "GetParameters"),
    ] {
        let error = asked(service, operation, &json!({"bucketName": "b", "key": "k"})).unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains(&format!("{service} {operation}")) && words.contains("add a row"),
            "{words}"
        );
    }
}

#[test]
fn every_request_carries_the_global_keys() {
    let needed = asked("s3", "GetObject", &json!({"bucketName": "b", "key": "k"})).unwrap();
    let get = |key: &str| needed[0].context.get(key).map(<[_]>::to_vec);
    assert_eq!(
        get("aws:ResourceAccount"),
        Some(vec![ACCOUNT.id.to_owned()])
    );
    assert_eq!(
        get("aws:PrincipalArn"),
        Some(vec![ACCOUNT.role_arn.to_owned()])
    );
    assert_eq!(
        get("aws:RequestedRegion"),
        Some(vec!["us-east-1".to_owned()])
    );
    let foundation = asked(
        "bedrock",
        "GetFoundationModel",
        &json!({"modelIdentifier": "m"}),
    )
    .unwrap();
    assert_eq!(foundation[0].context.get("aws:ResourceAccount"), None);
}
