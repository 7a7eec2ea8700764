//! The table's definition: the one place that knows its attributes, its index and its lifetimes.
//!
//! `infra/template.yaml` declares the same table, and a test holds the two equal; the store reads and writes by these names.

use serde_json::{Value, json};

/// The partition key (S).
pub const PK: &str = "pk";
/// The sort key (S).
pub const SK: &str = "sk";
/// The item's version (N).
pub const VERSION: &str = "version";
/// The record (M).
pub const BODY: &str = "body";
/// The index's partition: the kind of record (S), only while something is due.
pub const DUE_KIND: &str = "due_kind";
/// When it is due (N, milliseconds since 1970), only while something is due.
pub const DUE_AT: &str = "due_at";
/// When the item may be forgotten (N, seconds since 1970): the table's TTL attribute.
pub const TTL_ATTRIBUTE: &str = "expires";
/// The sparse index of what is due. It holds keys only.
pub const DUE_INDEX: &str = "due";
/// Whether the table can be brought back to any second of the last 35 days.
pub const POINT_IN_TIME_RECOVERY: bool = true;

/// The attributes of keys and index, with their types.
pub const ATTRIBUTES: [(&str, &str); 4] = [(PK, "S"), (SK, "S"), (DUE_KIND, "S"), (DUE_AT, "N")];

/// The body of the `CreateTable` request, as the API's JSON.
pub fn create_table_request(table_name: &str) -> Value {
    json!({
        "TableName": table_name,
        "AttributeDefinitions": ATTRIBUTES
            .map(|(name, of)| json!({ "AttributeName": name, "AttributeType": of })),
        "KeySchema": [
            { "AttributeName": PK, "KeyType": "HASH" },
            { "AttributeName": SK, "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": DUE_INDEX,
            "KeySchema": [
                { "AttributeName": DUE_KIND, "KeyType": "HASH" },
                { "AttributeName": DUE_AT, "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
        "BillingMode": "PAY_PER_REQUEST",
    })
}
