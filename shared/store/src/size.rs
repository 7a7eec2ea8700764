//! How large DynamoDB counts an item.
//!
//! Source: Amazon DynamoDB Developer Guide, "Item sizes and formats".

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// DynamoDB's limit for one item: 400 KB, names and values together.
pub(crate) const LARGEST_ITEM: usize = 400 * 1024;

/// In bytes; numbers and containers are counted at their upper estimate.
pub(crate) fn item(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter()
        .map(|(name, attribute)| name.len() + value(attribute))
        .sum()
}

fn value(attribute: &AttributeValue) -> usize {
    match attribute {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(items) => 3 + items.iter().map(|item| 1 + value(item)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map
                .iter()
                .map(|(name, inner)| 1 + name.len() + value(inner))
                .sum::<usize>()
        }
        _ => 1,
    }
}
