//! The table is core's, to the letter; the bucket keeps what must be kept.

use perennial_core::table;
use serde_json::Value;

use super::Wrong;
use crate::stack::{Bucket, Stack, Table};

/// What expires; nothing else does.
const WORK: &str = "work/";

pub(super) fn check(stack: &Stack, wrong: &mut Wrong) {
    match stack.tables.as_slice() {
        [only] => of_table(only, wrong),
        other => wrong.of_all(
            "Resources",
            format!("one table is needed, and there are {}", other.len()),
        ),
    }
    match stack.buckets.as_slice() {
        [only] => of_bucket(only, wrong),
        other => wrong.of_all(
            "Resources",
            format!("one bucket is needed, and there are {}", other.len()),
        ),
    }
}

fn of_table(found: &Table, wrong: &mut Wrong) {
    let wanted = table::create_table_request(&found.name);
    for key in [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "BillingMode",
    ] {
        if sorted(&found.create[key]) != sorted(&wanted[key]) {
            let message = format!(
                "core's table has {}, and here is {}",
                wanted[key], found.create[key]
            );
            wrong.say(&found.origin, key, message);
        }
    }
    if found.ttl.as_deref() != Some(table::TTL_ATTRIBUTE) {
        let message = format!(
            "items may be forgotten by the attribute {}, and by no other",
            table::TTL_ATTRIBUTE
        );
        wrong.say(&found.origin, "TimeToLiveSpecification", message);
    }
    if found.point_in_time_recovery != table::POINT_IN_TIME_RECOVERY {
        wrong.say(
            &found.origin,
            "PointInTimeRecoverySpecification",
            "point-in-time recovery must be on",
        );
    }
    if !found.deletion_protection {
        wrong.say(
            &found.origin,
            "DeletionProtectionEnabled",
            "everything that is known stands in this table; it must be protected",
        );
    }
}

/// The order of definitions and indexes means nothing; that of a key's parts does, and is told by their types.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items = items.clone();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

fn of_bucket(found: &Bucket, wrong: &mut Wrong) {
    if !found.versioned {
        wrong.say(
            &found.origin,
            "VersioningConfiguration",
            "an upload is one version of one object; the bucket must be versioned",
        );
    }
    if !found.announces {
        wrong.say(
            &found.origin,
            "NotificationConfiguration",
            "the bucket must tell EventBridge of its objects",
        );
    }
    if !found
        .expires
        .iter()
        .any(|(prefix, days)| prefix == WORK && days.is_some())
    {
        wrong.say(
            &found.origin,
            "LifecycleConfiguration",
            format!("{WORK} must expire"),
        );
    }
    for (prefix, days) in &found.expires {
        if let (Some(days), false) = (days, prefix.starts_with(WORK)) {
            let message = format!("“{prefix}” expires after {days} days; nothing but {WORK} may");
            wrong.say(&found.origin, "LifecycleConfiguration", message);
        }
    }
}
