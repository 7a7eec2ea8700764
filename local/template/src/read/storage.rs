//! What keeps things: queues, the table, the bucket.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Draft, Resource};
use crate::props::Props;
use crate::stack::{Bucket, Queue, Redrive, Table};

/// `AWS::SQS::Queue`. Without numbers of its own: 30 seconds, four days
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>).
pub(super) fn queue(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&[
        "QueueName",
        "SqsManagedSseEnabled",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "ReceiveMessageWaitTimeSeconds",
        "Tags",
    ]);
    let redrive = props.map("RedrivePolicy").and_then(|policy| {
        let target = policy.need("deadLetterTargetArn");
        let receives = policy.number("maxReceiveCount", 1, 1000);
        if receives.is_none() {
            policy.missing("maxReceiveCount");
        }
        policy.finish();
        Some(Redrive {
            target_arn: target?,
            max_receives: u32::try_from(receives?).ok()?,
        })
    });
    draft.stack.queues.push(Queue {
        origin: about.origin,
        name: about.name,
        arn: about.arn,
        visibility: props
            .seconds("VisibilityTimeout", 0, 43_200)
            .unwrap_or(Duration::from_secs(30)),
        retention: props
            .seconds("MessageRetentionPeriod", 60, 1_209_600)
            .unwrap_or(Duration::from_secs(4 * 86_400)),
        redrive,
    });
}

/// `AWS::DynamoDB::Table`.
pub(super) fn table(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["TableName", "SSESpecification", "Tags", "TableClass"]);
    let mut create = Map::new();
    create.insert("TableName".into(), Value::String(about.name.clone()));
    for key in ["AttributeDefinitions", "KeySchema"] {
        match props.node(key) {
            Some(node) => {
                create.insert(key.into(), node.to_json());
            }
            None => props.missing(key),
        }
    }
    if let Some(node) = props.node("GlobalSecondaryIndexes") {
        create.insert("GlobalSecondaryIndexes".into(), node.to_json());
    }
    match props.one_of("BillingMode", &["PAY_PER_REQUEST"]) {
        Some(mode) => {
            create.insert("BillingMode".into(), mode.into());
        }
        None if props.node("BillingMode").is_none() => props.missing("BillingMode"),
        None => {}
    }
    let create = Value::Object(create);
    keys(props, &create);
    let ttl = props.map("TimeToLiveSpecification").and_then(|ttl| {
        let attribute = ttl.need("AttributeName");
        let on = ttl.truth("Enabled").unwrap_or(false);
        ttl.finish();
        attribute.filter(|_| on)
    });
    let recovery = props
        .map("PointInTimeRecoverySpecification")
        .is_some_and(|recovery| {
            recovery.pass_over(&["RecoveryPeriodInDays"]);
            let on = recovery
                .truth("PointInTimeRecoveryEnabled")
                .unwrap_or(false);
            recovery.finish();
            on
        });
    draft.stack.tables.push(Table {
        origin: about.origin,
        name: about.name,
        create,
        ttl,
        point_in_time_recovery: recovery,
        deletion_protection: props.truth("DeletionProtectionEnabled").unwrap_or(false),
    });
}

/// DynamoDB wants each key attribute defined, and none besides.
fn keys(props: &Props<'_>, create: &Value) {
    let names = |list: &Value| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        items
            .filter_map(|item| item["AttributeName"].as_str().map(str::to_owned))
            .collect()
    };
    let defined = names(&create["AttributeDefinitions"]);
    let mut used = names(&create["KeySchema"]);
    let indexes = create["GlobalSecondaryIndexes"].as_array();
    for index in indexes.into_iter().flatten() {
        used.extend(names(&index["KeySchema"]));
    }
    for name in &used {
        if !defined.contains(name) {
            props.refuse(
                "AttributeDefinitions",
                format!("the key attribute {name} is not defined"),
            );
        }
    }
    for name in &defined {
        if !used.contains(name) {
            let message = format!("{name} is defined and is no key; DynamoDB refuses such a table");
            props.refuse("AttributeDefinitions", message);
        }
    }
}

/// `AWS::S3::Bucket`.
pub(super) fn bucket(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&[
        "BucketName",
        "BucketEncryption",
        "PublicAccessBlockConfiguration",
        "OwnershipControls",
        "LoggingConfiguration",
        "Tags",
    ]);
    let versioned = props.map("VersioningConfiguration").is_some_and(|of| {
        let on = of.one_of("Status", &["Enabled", "Suspended"]) == Some("Enabled");
        of.finish();
        on
    });
    let announces = props.map("NotificationConfiguration").is_some_and(|of| {
        let on = of.map("EventBridgeConfiguration").is_some_and(|bridge| {
            let on = bridge.truth("EventBridgeEnabled").unwrap_or(true);
            bridge.finish();
            on
        });
        of.finish();
        on
    });
    let mut expires = Vec::new();
    if let Some(lifecycle) = props.map("LifecycleConfiguration") {
        lifecycle.pass_over(&["TransitionDefaultMinimumObjectSize"]);
        for rule in lifecycle.maps("Rules") {
            rule.pass_over(&["Id"]);
            let on = rule.one_of("Status", &["Enabled", "Disabled"]) == Some("Enabled");
            let mut prefix = rule.text("Prefix");
            if let Some(filter) = rule.map("Filter") {
                prefix = prefix.or(filter.text("Prefix"));
                filter.finish();
            }
            rule.pass_over(&[
                "AbortIncompleteMultipartUpload",
                "ExpiredObjectDeleteMarker",
                "NoncurrentVersionExpiration",
                "NoncurrentVersionExpirationInDays",
            ]);
            let days = rule.number("ExpirationInDays", 1, 36_500);
            rule.finish();
            if on {
                expires.push((
                    prefix.unwrap_or_default(),
                    days.and_then(|days| u32::try_from(days).ok()),
                ));
            }
        }
        lifecycle.finish();
    }
    draft.stack.buckets.push(Bucket {
        origin: about.origin,
        name: about.name,
        versioned,
        announces,
        expires,
    });
}
