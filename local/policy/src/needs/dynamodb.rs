//! Amazon DynamoDB.
//!
//! Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>; for
//! transactions, "Using IAM with DynamoDB transactions"
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>); for the leading keys,
//! "Using IAM policy conditions for fine-grained access control"
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>).

use serde_json::Value;

use super::{NeedError, Reader, request};
use crate::Request;

pub(super) fn needs(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    let parameters = reader.call.parameters;
    let one = |action: &str, item: &str| Ok(vec![on_item(reader, action, parameters, item)?]);
    match reader.call.operation {
        "GetItem" => one("dynamodb:GetItem", "Key"),
        "PutItem" => one("dynamodb:PutItem", "Item"),
        "UpdateItem" => one("dynamodb:UpdateItem", "Key"),
        "DeleteItem" => one("dynamodb:DeleteItem", "Key"),
        "Query" => Ok(vec![query(reader)?]),
        "TransactWriteItems" => transaction(reader),
        "DescribeTable" => Ok(vec![request(
            "dynamodb:DescribeTable",
            table(reader, parameters)?,
        )]),
        _ => Err(reader.no_row()),
    }
}

fn named<'a>(reader: &Reader<'_>, of: &'a Value) -> Result<&'a str, NeedError> {
    let name = of.get("TableName").and_then(Value::as_str);
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| reader.unclear("it has no TableName"))
}

/// The table's ARN; where a name is asked for, an ARN may stand as well.
fn table(reader: &Reader<'_>, of: &Value) -> Result<String, NeedError> {
    let name = named(reader, of)?;
    if name.starts_with("arn:") {
        return Ok(name.to_owned());
    }
    Ok(reader.arn("dynamodb", &format!("table/{name}")))
}

fn partition_key(
    reader: &Reader<'_>,
    name: &str,
    index: Option<&str>,
) -> Result<String, NeedError> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let found = reader.resources.partition_key(name, index);
    found.ok_or_else(|| reader.unclear(format!("there is no table {name} with index {index:?}")))
}

/// An action on one item; `item` is the member that holds its key.
fn on_item(
    reader: &Reader<'_>,
    action: &str,
    of: &Value,
    item: &str,
) -> Result<Request, NeedError> {
    let key = partition_key(reader, named(reader, of)?, None)?;
    let value = of.get(item).and_then(|item| item.get(&key));
    let value = value
        .and_then(scalar)
        .ok_or_else(|| reader.unclear(format!("its {item} has no {key}")))?;
    Ok(request(action, table(reader, of)?).having("dynamodb:LeadingKeys", [value]))
}

/// A string, a number or bytes in DynamoDB's JSON, and nothing beside it.
fn scalar(value: &Value) -> Option<&str> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    ["S", "N", "B"]
        .iter()
        .find_map(|kind| members.get(*kind)?.as_str())
}

/// The sum of its members, each with the name of the transaction.
fn transaction(reader: &Reader<'_>) -> Result<Vec<Request>, NeedError> {
    const MEMBERS: [(&str, &str, &str); 4] = [
        ("Put", "dynamodb:PutItem", "Item"),
        ("Update", "dynamodb:UpdateItem", "Key"),
        ("Delete", "dynamodb:DeleteItem", "Key"),
        ("ConditionCheck", "dynamodb:ConditionCheckItem", "Key"),
    ];
    let items = reader.call.parameters.get("TransactItems");
    let items = items
        .and_then(Value::as_array)
        .ok_or_else(|| reader.unclear("it has no TransactItems"))?;
    let need = |member: &Value| {
        let unclear = || reader.unclear(format!("{member} is not one member of it"));
        let mut found = member.as_object().into_iter().flatten();
        let (Some((kind, of)), None) = (found.next(), found.next()) else {
            return Err(unclear());
        };
        let (name, action, item) = MEMBERS
            .iter()
            .find(|(name, ..)| name == kind)
            .ok_or_else(unclear)?;
        let needed = on_item(reader, action, of, item)?;
        // `ConditionCheckItem` is of transactions alone and does not carry the key.
        Ok(if *name == "ConditionCheck" {
            needed
        } else {
            needed.having("dynamodb:EnclosingOperation", ["TransactWriteItems"])
        })
    };
    items.iter().map(need).collect()
}

/// A query of an index is on the index alone.
fn query(reader: &Reader<'_>) -> Result<Request, NeedError> {
    let parameters = reader.call.parameters;
    let index = reader.optional("IndexName")?;
    let mut resource = table(reader, parameters)?;
    if let Some(index) = index {
        resource = format!("{resource}/index/{index}");
    }
    let key = partition_key(reader, named(reader, parameters)?, index)?;
    let value = equal_to(reader, &key)?
        .ok_or_else(|| reader.unclear(format!("its key condition does not fix {key}")))?;
    Ok(request("dynamodb:Query", resource).having("dynamodb:LeadingKeys", [value]))
}

/// The value that `KeyConditionExpression` demands of an attribute: `#name = :value`, once.
fn equal_to<'a>(reader: &'a Reader<'_>, attribute: &str) -> Result<Option<&'a str>, NeedError> {
    let parameters = reader.call.parameters;
    let Some(expression) = reader.optional("KeyConditionExpression")? else {
        return Ok(None);
    };
    let spaced = expression.replace('=', " = ").replace(['(', ')'], " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    // Only what begins with # is looked up among the names.
    let is_key = |word: &str| match word.starts_with('#') {
        true => parameters["ExpressionAttributeNames"][word] == attribute,
        false => word == attribute,
    };
    let mut values = words.windows(3).filter_map(|three| match three {
        [name, "=", value] if is_key(name) => Some(*value),
        _ => None,
    });
    let (Some(value), None) = (values.next(), values.next()) else {
        return Ok(None);
    };
    Ok(scalar(&parameters["ExpressionAttributeValues"][value]))
}
