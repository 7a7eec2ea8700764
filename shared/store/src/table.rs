//! The `Table` port: reads and queries; writes are in `transaction`.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use perennial_aws_errors::port_error;
use perennial_aws_errors::time::floor_milliseconds;
use perennial_ports::{Body, ErrorKind, Item, Key, Page, PortError, Table, TableError, Write};

use crate::definition::{BODY, DUE_AT, DUE_INDEX, DUE_KIND, PK, SK, VERSION};
use crate::{numbers, transaction};

/// One item's attributes.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The table of one installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

impl DynamoTable {
    /// The table of this name, as [`crate::definition`] defines it.
    pub fn new(client: Client, table_name: impl Into<String>) -> Self {
        Self {
            client,
            name: table_name.into(),
        }
    }
}

#[async_trait]
impl Table for DynamoTable {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        const OPERATION: &str = "dynamodb:GetItem";
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(PK, text(&key.pk))
            .key(SK, text(&key.sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| port_error(OPERATION, error))?;
        Ok(answer
            .item
            .map(|found| item(OPERATION, found))
            .transpose()?)
    }

    async fn query(
        &self,
        partition: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
        newest_first: bool,
    ) -> Result<Page, TableError> {
        const OPERATION: &str = "dynamodb:Query";
        let mut request = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(!newest_first)
            .limit(page_size(limit))
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(partition));
        request = if prefix.is_empty() {
            request.key_condition_expression("#pk = :pk")
        } else {
            request
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":prefix", text(prefix))
        };
        if let Some(after) = after {
            request = request
                .exclusive_start_key(PK, text(partition))
                .exclusive_start_key(SK, text(after));
        }
        let answer = request
            .send()
            .await
            .map_err(|error| port_error(OPERATION, error))?;
        let next = answer
            .last_evaluated_key
            .map(|last| key(OPERATION, &last).map(|key| key.sk))
            .transpose()?;
        let items = answer
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|found| item(OPERATION, found))
            .collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<(), TableError> {
        transaction::carry_out(&self.client, &self.name, writes).await
    }

    /// Due times are compared in whole milliseconds, earlier rather than later.
    async fn due(&self, kind: &str, until: Timestamp, limit: u32) -> Result<Vec<Key>, TableError> {
        const OPERATION: &str = "dynamodb:Query";
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut keys = Vec::new();
        let mut start: Option<Attributes> = None;
        while keys.len() < wanted {
            let missing = u32::try_from(wanted - keys.len()).unwrap_or(u32::MAX);
            let answer = self
                .client
                .query()
                .table_name(&self.name)
                .index_name(DUE_INDEX)
                .key_condition_expression("#kind = :kind AND #at <= :until")
                .expression_attribute_names("#kind", DUE_KIND)
                .expression_attribute_names("#at", DUE_AT)
                .expression_attribute_values(":kind", text(kind))
                .expression_attribute_values(":until", number(floor_milliseconds(until)))
                .limit(page_size(missing))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| port_error(OPERATION, error))?;
            for found in answer.items() {
                keys.push(key(OPERATION, found)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(keys)
    }
}

/// DynamoDB refuses a limit of 0 and takes an `i32`.
fn page_size(limit: u32) -> i32 {
    i32::try_from(limit.clamp(1, 1_000)).unwrap_or(1_000)
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn key(operation: &str, attributes: &Attributes) -> Result<Key, PortError> {
    let part = |name: &str| {
        attributes
            .get(name)
            .and_then(|value| value.as_s().ok())
            .cloned()
            .ok_or_else(|| damaged(operation, attributes, name))
    };
    Ok(Key {
        pk: part(PK)?,
        sk: part(SK)?,
    })
}

fn item(operation: &str, mut attributes: Attributes) -> Result<Item, PortError> {
    let key = key(operation, &attributes)?;
    let version = attributes
        .get(VERSION)
        .and_then(|value| value.as_n().ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| damaged(operation, &attributes, VERSION))?;
    let body = attributes
        .remove(BODY)
        .and_then(|body| numbers::from_attribute(body).ok())
        .map(Body::from)
        .ok_or_else(|| damaged(operation, &attributes, BODY))?;
    Ok(Item { key, version, body })
}

fn damaged(operation: &str, attributes: &Attributes, name: &str) -> PortError {
    let part = |name: &str| match attributes.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => "?".to_owned(),
    };
    PortError::new(
        operation,
        ErrorKind::Invalid,
        format!(
            "the item {} {} has no readable attribute `{name}`: something else than Perennial wrote it; restore it \
             from the table's point-in-time recovery or remove it",
            part(PK),
            part(SK)
        ),
    )
}
