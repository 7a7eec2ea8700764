//! The table is core's, to the letter; the bucket keeps what must be kept.

use perennial_core::settings::Settings;
use perennial_core::table;
use serde_json::Value;

use super::rights::PLACES;
use super::{Lists, Wrong, of_functions};
use crate::access::{self, Asked};
use crate::deployment::Deployment;
use crate::held::Expiry;
use crate::resolve::Kept;
use crate::stack::{BLOCKS, Bucket, Origin, Stack, Table};

/// What expires; nothing else does.
const WORK: &str = "work/";
/// What a run keeps there must outlive it; a configuration whose runs may take longer is refused (`shared/core/src/routing/lifetime.rs`).
const LEAST_DAYS: u64 = perennial_core::run::WORK_DAYS.unsigned_abs();

/// Others than those that the functions are told are nothing to Perennial.
pub(super) fn check(
    stack: &Stack,
    deployment: &Deployment,
    told: Option<&Settings>,
    lists: &mut Lists,
) {
    let table = of_functions(&stack.tables, |table| &table.name, told, |told| &told.table);
    match table {
        Some(table) => of_table(table, lists),
        None => lists.needs.of_all(
            "Resources",
            format!("one table is needed, and there are {}", stack.tables.len()),
        ),
    }
    let bucket = of_functions(&stack.buckets, |of| &of.name, told, |told| &told.bucket);
    match bucket {
        Some(bucket) => {
            of_bucket(bucket, lists);
            by_tls_only(stack, bucket, deployment, &mut lists.standard);
        }
        None => lists.needs.of_all(
            "Resources",
            format!(
                "one bucket is needed, and there are {}",
                stack.buckets.len()
            ),
        ),
    }
}

fn of_table(found: &Table, Lists { needs, standard }: &mut Lists) {
    kept(&found.origin, found.kept, standard);
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
            // An index more serves somebody else.
            let list = match has(&found.create[key], &wanted[key]) {
                true => &mut *standard,
                false => &mut *needs,
            };
            list.say(&found.origin, key, message);
        }
    }
    if found.ttl.as_deref() != Some(table::TTL_ATTRIBUTE) {
        let message = format!(
            "items may be forgotten by the attribute {}, and by no other",
            table::TTL_ATTRIBUTE
        );
        needs.say(&found.origin, "TimeToLiveSpecification", message);
    }
    if found.point_in_time_recovery != table::POINT_IN_TIME_RECOVERY {
        standard.say(
            &found.origin,
            "PointInTimeRecoverySpecification",
            "point-in-time recovery must be on",
        );
    }
    if !found.deletion_protection {
        standard.say(
            &found.origin,
            "DeletionProtectionEnabled",
            "everything that is known stands in this table; it must be protected",
        );
    }
}

/// Whether all that is wanted is there: every definition and index, and the key to the letter.
fn has(found: &Value, wanted: &Value) -> bool {
    match (found.as_array(), wanted.as_array()) {
        (Some(found), Some(wanted)) => wanted.iter().all(|one| found.contains(one)),
        _ => found == wanted,
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

/// Bucket and table outlive the stack: removal never deletes data unasked.
fn kept(origin: &Origin, kept: Kept, wrong: &mut Wrong) {
    for (key, is) in [
        ("DeletionPolicy", kept.when_deleted),
        ("UpdateReplacePolicy", kept.when_replaced),
    ] {
        if !is {
            wrong.say(
                origin,
                key,
                "it must be Retain; what it holds is gone otherwise",
            );
        }
    }
}

/// Whoever asks without TLS is denied, whatever is asked, and nobody who asks with it.
fn by_tls_only(stack: &Stack, found: &Bucket, deployment: &Deployment, wrong: &mut Wrong) {
    let arn = format!("arn:{}:s3:::{}", deployment.partition, found.name);
    // One object of each place, and one of none.
    let places = PLACES.iter().chain(&[""]);
    let objects: Vec<String> = places.map(|place| format!("{arn}/{place}any")).collect();
    let mut policies: Vec<_> = stack.policies_of(&found.name).cloned().collect();
    for allow in policies.iter().filter(|access| !access.denies) {
        let message = "roles say who may use the bucket; its policy may only deny";
        wrong.at(allow.line, format!("{}.Effect", allow.place), message);
    }
    // What is denied here is what an allow of everything does not allow.
    policies.retain(|access| access.denies);
    let everything = access::Access::of_everyone("*");
    let on_objects = [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
    ];
    let on_objects = on_objects
        .iter()
        .flat_map(|action| objects.iter().map(move |object| (*action, object)));
    let on_bucket = [("s3:ListBucket", &arn), ("s3:ListBucketVersions", &arn)];
    for (action, resource) in on_bucket.into_iter().chain(on_objects) {
        let passes = |tls| {
            let asked = Asked {
                service: "s3.amazonaws.com",
                action,
                resource,
                source_arn: "",
                account: &deployment.account,
                tls,
            };
            access::allowed(policies.iter().chain([&everything]), &asked)
        };
        let line = policies
            .first()
            .map_or(found.origin.line, |first| first.line);
        let place = policies
            .first()
            .map_or(format!("{}.BucketPolicy", found.origin.id), |first| {
                first.place.clone()
            });
        if passes(false) {
            let message = format!(
                "{action} must be denied without TLS: Deny, Principal \"*\", aws:SecureTransport \"false\""
            );
            wrong.at(line, place, message);
            return;
        }
        if !passes(true) {
            let message = format!("it denies {action} to everyone who asks by TLS");
            wrong.at(line, place, message);
            return;
        }
    }
}

fn of_bucket(found: &Bucket, Lists { needs, standard }: &mut Lists) {
    let wrong = standard;
    kept(&found.origin, found.kept, wrong);
    if found.encryption.is_none() {
        let message = "what is stored must be encrypted, by AES256 or aws:kms";
        wrong.say(&found.origin, "BucketEncryption", message);
    }
    for block in BLOCKS {
        if !found.blocks.contains(&block) {
            let place = format!("PublicAccessBlockConfiguration.{block}");
            wrong.say(&found.origin, &place, "it must be true");
        }
    }
    if found.ownership.as_deref() != Some("BucketOwnerEnforced") {
        let message =
            "BucketOwnerEnforced is needed: with access lists, objects could be another account's";
        wrong.say(&found.origin, "OwnershipControls", message);
    }
    if !found.versioned {
        needs.say(
            &found.origin,
            "VersioningConfiguration",
            "an upload is one version of one object; the bucket must be versioned",
        );
    }
    if !found.announces {
        needs.say(
            &found.origin,
            "NotificationConfiguration",
            "the bucket must tell EventBridge of its objects",
        );
    }
    let work = |expiry: &&Expiry| expiry.prefix.starts_with(WORK);
    let mut of_work = found.expires.iter().filter(work);
    let goes = |expiry: &Expiry| expiry.when.is_some() && expiry.old_versions;
    if !of_work.any(|expiry| expiry.prefix == WORK && goes(expiry)) {
        wrong.say(
            &found.origin,
            "LifecycleConfiguration",
            format!("{WORK} must expire, old versions as well"),
        );
    }
    let kept = |expiry: &&Expiry| expiry.days.is_some_and(|days| days < LEAST_DAYS);
    if found
        .expires
        .iter()
        .filter(work)
        .any(|expiry| kept(&expiry))
    {
        let message = format!(
            "{WORK} must be kept for {LEAST_DAYS} days: configurations are let in whose runs may need it for so long"
        );
        wrong.say(&found.origin, "LifecycleConfiguration", message);
    }
    for expiry in found.expires.iter().filter(|expiry| !work(expiry)) {
        let prefix = &expiry.prefix;
        // What is somebody else's may go as they like; of Perennial's own places, the data would.
        let mut places = PLACES.iter();
        let own = places.any(|place| place.starts_with(prefix) || prefix.starts_with(place));
        let wrong = if own { &mut *needs } else { &mut *wrong };
        if let Some(when) = &expiry.when {
            let message = format!("“{prefix}” expires {when}; nothing but {WORK} may");
            wrong.say(&found.origin, "LifecycleConfiguration", message);
        } else if expiry.old_versions {
            let message = format!("old versions under “{prefix}” expire; nothing but {WORK} may");
            wrong.say(&found.origin, "LifecycleConfiguration", message);
        }
    }
}
