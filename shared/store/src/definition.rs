//! Makes the table of core's definition in an account ([`ensure`]), where the template did not.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType, TableStatus,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use perennial_aws_errors::port_error;
use perennial_core::table::ATTRIBUTES;
pub use perennial_core::table::{
    BODY, DUE_AT, DUE_INDEX, DUE_KIND, PK, POINT_IN_TIME_RECOVERY, SK, TTL_ATTRIBUTE, VERSION,
    create_table_request,
};
use perennial_ports::{ErrorKind, PortError, PortResult};

/// Creates the table if it is not there, waits until it is active, and sets TTL and, where the service knows it,
/// point-in-time recovery. A table that is there keeps its keys and index as they are.
///
/// Errors: `Unanswered` if the table is not active after two minutes; else what the service said.
pub async fn ensure(client: &Client, table_name: &str) -> PortResult<()> {
    if status(client, table_name).await?.is_none() {
        create(client, table_name).await?;
    }
    wait_until_active(client, table_name).await?;
    ensure_ttl(client, table_name).await?;
    if POINT_IN_TIME_RECOVERY {
        ensure_recovery(client, table_name).await?;
    }
    Ok(())
}

async fn status(client: &Client, table_name: &str) -> PortResult<Option<TableStatus>> {
    match client.describe_table().table_name(table_name).send().await {
        Ok(answer) => Ok(answer.table.and_then(|table| table.table_status)),
        Err(error) => {
            let error = port_error("dynamodb:DescribeTable", error);
            match error.kind {
                ErrorKind::NotFound => Ok(None),
                _ => Err(error),
            }
        }
    }
}

async fn create(client: &Client, table_name: &str) -> PortResult<()> {
    const OPERATION: &str = "dynamodb:CreateTable";
    let wrong = |error| PortError::new(OPERATION, ErrorKind::Invalid, error);
    let mut request = client
        .create_table()
        .table_name(table_name)
        .billing_mode(BillingMode::PayPerRequest);
    for (name, of) in ATTRIBUTES {
        request = request.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::from(of))
                .build()
                .map_err(wrong)?,
        );
    }
    let element = |name: &str, of: KeyType| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(of)
            .build()
            .map_err(wrong)
    };
    let due = GlobalSecondaryIndex::builder()
        .index_name(DUE_INDEX)
        .key_schema(element(DUE_KIND, KeyType::Hash)?)
        .key_schema(element(DUE_AT, KeyType::Range)?)
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::KeysOnly)
                .build(),
        )
        .build()
        .map_err(wrong)?;
    let sent = request
        .key_schema(element(PK, KeyType::Hash)?)
        .key_schema(element(SK, KeyType::Range)?)
        .global_secondary_indexes(due)
        .send()
        .await;
    match sent.map_err(|error| port_error(OPERATION, error)) {
        // Someone else creates it at this moment.
        Err(error) if error.kind != ErrorKind::Conflict => Err(error),
        _ => Ok(()),
    }
}

async fn wait_until_active(client: &Client, table_name: &str) -> PortResult<()> {
    for _ in 0..120 {
        if status(client, table_name).await? == Some(TableStatus::Active) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Err(PortError::new(
        "dynamodb:DescribeTable",
        ErrorKind::Unanswered,
        format!("table {table_name} is not active after two minutes; run the command again later"),
    ))
}

async fn ensure_ttl(client: &Client, table_name: &str) -> PortResult<()> {
    let described = client
        .describe_time_to_live()
        .table_name(table_name)
        .send()
        .await
        .map_err(|error| port_error("dynamodb:DescribeTimeToLive", error))?;
    let on = described
        .time_to_live_description
        .and_then(|ttl| ttl.time_to_live_status)
        .is_some_and(|status| {
            matches!(
                status,
                TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling
            )
        });
    if on {
        return Ok(());
    }
    const OPERATION: &str = "dynamodb:UpdateTimeToLive";
    let specification = TimeToLiveSpecification::builder()
        .attribute_name(TTL_ATTRIBUTE)
        .enabled(true)
        .build()
        .map_err(|error| PortError::new(OPERATION, ErrorKind::Invalid, error))?;
    client
        .update_time_to_live()
        .table_name(table_name)
        .time_to_live_specification(specification)
        .send()
        .await
        .map_err(|error| port_error(OPERATION, error))?;
    Ok(())
}

/// Local services know no backups and say so by `UnknownOperationException`.
async fn ensure_recovery(client: &Client, table_name: &str) -> PortResult<()> {
    const OPERATION: &str = "dynamodb:UpdateContinuousBackups";
    let specification = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .map_err(|error| PortError::new(OPERATION, ErrorKind::Invalid, error))?;
    let sent = client
        .update_continuous_backups()
        .table_name(table_name)
        .point_in_time_recovery_specification(specification)
        .send()
        .await;
    match sent.map_err(|error| port_error(OPERATION, error)) {
        Err(error) if !error.message.starts_with("UnknownOperationException") => Err(error),
        _ => Ok(()),
    }
}
