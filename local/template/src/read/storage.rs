//! What keeps things: queues, the table, the bucket.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Draft, Resource};
use crate::held::{Expiry, LogGroup};
use crate::props::Props;
use crate::stack::{BLOCKS, Bucket, Queue, Redrive, Table};

/// `AWS::SQS::Queue`. Without numbers of its own: 30 seconds, four days
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>).
pub(super) fn queue(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    // Who may leave dead letters here is said by the queues that do; a delay is a wait, and waits are shorter here.
    props.pass_over(&[
        "DelaySeconds",
        "QueueName",
        "RedriveAllowPolicy",
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
    // SQS encrypts with its own keys unless it is told not to.
    let managed = props.truth("SqsManagedSseEnabled").unwrap_or(true);
    let encrypted = managed || props.node("KmsMasterKeyId").is_some();
    draft.stack.queues.push(Queue {
        encrypted,
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

/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>
const DAYS: [u64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// `AWS::Logs::LogGroup`.
pub(super) fn log_group(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    props.pass_over(&["LogGroupName", "LogGroupClass", "KmsKeyId", "Tags"]);
    let days = props.number("RetentionInDays", 1, 3653);
    if days.is_some_and(|days| !DAYS.contains(&days)) {
        let known = DAYS.map(|days| days.to_string()).join(", ");
        props.refuse("RetentionInDays", format!("CloudWatch Logs takes {known}"));
    }
    draft.stack.log_groups.push(LogGroup {
        origin: about.origin,
        name: about.name,
        days,
    });
}

/// `AWS::DynamoDB::Table`.
pub(super) fn table(about: Resource<'_>, props: &Props<'_>, draft: &mut Draft) {
    // Nobody reads the table's stream or its statistics locally, and nothing is throttled.
    props.pass_over(&[
        "ContributorInsightsSpecification",
        "OnDemandThroughput",
        "StreamSpecification",
        "TableClass",
        "TableName",
        "Tags",
    ]);
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
    let key = props.map("SSESpecification").and_then(|sse| {
        if sse.truth("SSEEnabled") != Some(true) {
            sse.refuse(
                "SSEEnabled",
                "it must be true; without SSESpecification a key of AWS's own encrypts",
            );
        }
        sse.one_of("SSEType", &["KMS"]);
        let key = sse.text("KMSMasterKeyId");
        sse.finish();
        key
    });
    draft.stack.tables.push(Table {
        key,
        origin: about.origin,
        name: about.name,
        create,
        ttl,
        point_in_time_recovery: recovery,
        kept: about.kept,
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
    // There is one copy locally, in one class, which no browser reads and nobody counts.
    props.pass_over(&[
        "AccelerateConfiguration",
        "AnalyticsConfigurations",
        "BucketName",
        "CorsConfiguration",
        "IntelligentTieringConfigurations",
        "InventoryConfigurations",
        "LoggingConfiguration",
        "MetricsConfigurations",
        "ReplicationConfiguration",
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
    let mut key = None;
    let encryption = props.map("BucketEncryption").and_then(|of| {
        let rules = of.maps("ServerSideEncryptionConfiguration");
        of.finish();
        rules.into_iter().find_map(|rule| {
            rule.pass_over(&["BucketKeyEnabled"]);
            let by = rule.map("ServerSideEncryptionByDefault")?;
            rule.finish();
            key = by.text("KMSMasterKeyID");
            let algorithm = by.one_of("SSEAlgorithm", &["AES256", "aws:kms", "aws:kms:dsse"]);
            by.finish();
            algorithm.map(str::to_owned)
        })
    });
    let blocks = props.map("PublicAccessBlockConfiguration").map(|of| {
        let on = BLOCKS.into_iter();
        let on: Vec<&str> = on.filter(|key| of.truth(key) == Some(true)).collect();
        of.finish();
        on
    });
    let ownership = props.map("OwnershipControls").and_then(|of| {
        let rules = of.maps("Rules");
        of.finish();
        rules.into_iter().find_map(|rule| {
            let known = [
                "BucketOwnerEnforced",
                "BucketOwnerPreferred",
                "ObjectWriter",
            ];
            let found = rule.one_of("ObjectOwnership", &known);
            rule.finish();
            found.map(str::to_owned)
        })
    });
    let mut expires = Vec::new();
    if let Some(lifecycle) = props.map("LifecycleConfiguration") {
        lifecycle.pass_over(&["TransitionDefaultMinimumObjectSize"]);
        let mut ids = BTreeSet::new();
        for rule in lifecycle.maps("Rules") {
            if let Some(id) = rule.text("Id")
                && !ids.insert(id.clone())
            {
                rule.refuse("Id", format!("another rule has the id “{id}”"));
            }
            let on = rule.one_of("Status", &["Enabled", "Disabled"]) == Some("Enabled");
            let mut prefix = rule.text("Prefix");
            if let Some(filter) = rule.map("Filter") {
                prefix = prefix.or(filter.text("Prefix"));
                filter.finish();
            }
            // In which class an object lies does not show, locally.
            rule.pass_over(&[
                "AbortIncompleteMultipartUpload",
                "ExpiredObjectDeleteMarker",
                "NoncurrentVersionTransition",
                "NoncurrentVersionTransitions",
                "Transition",
                "Transitions",
            ]);
            let old = [
                "NoncurrentVersionExpiration",
                "NoncurrentVersionExpirationInDays",
            ];
            let old_versions = old.map(|key| rule.node(key).is_some()).contains(&true);
            if let Some(noncurrent) = rule.map("NoncurrentVersionExpiration") {
                // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html>
                noncurrent.number("NoncurrentDays", 1, 36_500);
                noncurrent.pass_over(&["NewerNoncurrentVersions"]);
                noncurrent.finish();
            }
            let days = rule.number("ExpirationInDays", 1, 36_500);
            let after = days.map(|days| format!("after {days} days"));
            let date = rule.text("ExpirationDate").map(|date| format!("on {date}"));
            rule.finish();
            if on {
                expires.push(Expiry {
                    prefix: prefix.unwrap_or_default(),
                    days,
                    when: after.or(date),
                    old_versions,
                });
            }
        }
        lifecycle.finish();
    }
    draft.stack.buckets.push(Bucket {
        origin: about.origin,
        name: about.name,
        versioned,
        announces,
        kept: about.kept,
        encryption,
        key,
        blocks: blocks.unwrap_or_default(),
        ownership,
        expires,
    });
}
