//! DynamoDB: `dynoxide` on a listener of its own, and the proxy before it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use dynoxide::Database;
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use perennial_local_template::Table;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::respond;
use crate::error::CloudError;
use crate::identity::{ACCOUNT, REGION};
use crate::services::{CallRecord, Handled};

/// Between two deletions of expired items. AWS takes up to some days
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).
const SWEEP: Duration = Duration::from_secs(60);

/// What is passed on: what `dynoxide` has of DynamoDB's operations, its streams left out. The rest is refused by name.
pub(super) const OPERATIONS: [&str; 23] = [
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeTable",
    "DescribeTimeToLive",
    "ExecuteStatement",
    "ExecuteTransaction",
    "GetItem",
    "ListTables",
    "ListTagsOfResource",
    "PutItem",
    "Query",
    "Scan",
    "TagResource",
    "TransactGetItems",
    "TransactWriteItems",
    "UntagResource",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
];

/// The database and the way to it.
#[derive(Debug)]
pub(crate) struct DynamoDb {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl DynamoDb {
    /// Opens the database, creates the tables that are not there, and serves until the cloud stops.
    pub(crate) async fn start(
        path: &Path,
        tables: &[Table],
        mut stopping: watch::Receiver<bool>,
    ) -> Result<(Self, JoinHandle<()>), CloudError> {
        let part = |message: String| CloudError::Part {
            part: "dynamodb",
            message,
        };
        let (path, tables) = (path.to_owned(), tables.to_vec());
        let database = tokio::task::spawn_blocking(move || open(&path, &tables))
            .await
            .map_err(|error| part(error.to_string()))??;
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| part(error.to_string()))?;
        let address = listener
            .local_addr()
            .map_err(|error| part(error.to_string()))?;
        let sweeper = tokio::spawn(sweep(database.clone()));
        let server = tokio::spawn(async move {
            let stop = async move {
                let _ = stopping.wait_for(|stop| *stop).await;
                sweeper.abort();
            };
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(listener, database, stop).await
            {
                tracing::error!(error, "DynamoDB ended");
            }
        });
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        Ok((Self { address, client }, server))
    }

    /// Passes a call on.
    pub(super) async fn handle(&self, request: Request<Bytes>) -> Handled {
        let mut call = CallRecord {
            event_name: super::refusal::operation_of(&request),
            request_parameters: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
            ..CallRecord::default()
        };
        let forwarded = if OPERATIONS.contains(&call.event_name.as_str()) {
            let named = with_their_arns(&call.event_name, request);
            let answered = self.forward(named).await;
            answered.map(|response| with_our_arns(&call.event_name, response))
        } else {
            Ok(unknown(&call.event_name))
        };
        let response = match forwarded {
            Ok(response) => response,
            Err(message) => {
                let body = json!({"__type": "InternalServerError", "message": message});
                respond(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "application/x-amz-json-1.0",
                    body.to_string(),
                )
            }
        };
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        if response.status().is_success() {
            call.response_elements = outline(answer);
        } else {
            let kind = answer["__type"].as_str().unwrap_or("InternalServerError");
            let kind = kind.rsplit('#').next().unwrap_or(kind);
            call.error_code = Some(kind.to_owned());
            let message = answer["message"]
                .as_str()
                .or_else(|| answer["Message"].as_str());
            call.error_message = message.map(str::to_owned);
        }
        Handled {
            response: Some(response),
            call,
        }
    }

    async fn forward(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = Uri::builder()
            .scheme("http")
            .authority(self.address.to_string())
            .path_and_query(path)
            .build()
            .map_err(|error| format!("the request has no valid path: {error}"))?;
        // These belong to one connection, not to the message.
        for name in [
            header::CONNECTION,
            header::TRANSFER_ENCODING,
            header::EXPECT,
            header::CONTENT_LENGTH,
        ] {
            parts.headers.remove(name);
        }
        let answered = self
            .client
            .request(Request::from_parts(parts, Full::new(body)))
            .await;
        let (parts, body) = answered
            .map_err(|error| format!("DynamoDB did not answer: {error}"))?
            .into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| format!("DynamoDB broke off: {error}"))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// The refusal of what is not simulated, as DynamoDB words it.
fn unknown(operation: &str) -> Response<Bytes> {
    let body = json!({
        "__type": "com.amazon.coral.service#UnknownOperationException",
        "message": format!("The local cloud does not simulate dynamodb:{operation}."),
    });
    respond(
        StatusCode::BAD_REQUEST,
        "application/x-amz-json-1.0",
        body.to_string(),
    )
}

/// The beginning of a table's ARN as `dynoxide` writes it, and as this account's tables have it.
const THEIRS: &str = "arn:aws:dynamodb:dynoxide:000000000000:";

fn ours() -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:")
}

/// A request that names a table by its ARN, for `dynoxide`. Only tags are asked for so; items are left alone.
fn with_their_arns(operation: &str, request: Request<Bytes>) -> Request<Bytes> {
    match operation {
        "ListTagsOfResource" | "TagResource" | "UntagResource" => {
            request.map(|body| replaced(body, &ours(), THEIRS))
        }
        _ => request,
    }
}

/// An answer that describes a table, with the ARN of this account.
fn with_our_arns(operation: &str, response: Response<Bytes>) -> Response<Bytes> {
    match operation {
        "CreateTable" | "DeleteTable" | "DescribeTable" | "UpdateTable" => {
            let (mut parts, body) = response.into_parts();
            // The checksum was of the other text.
            parts.headers.remove("x-amz-crc32");
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, replaced(body, THEIRS, &ours()))
        }
        _ => response,
    }
}

fn replaced(body: Bytes, from: &str, to: &str) -> Bytes {
    match std::str::from_utf8(&body) {
        Ok(text) => text.replace(from, to).into(),
        Err(_) => body,
    }
}

/// Deletes expired items from time to time; `dynoxide` does not by itself.
async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "expired items could not be deleted"),
            Err(error) => tracing::warn!(%error, "expired items could not be deleted"),
        }
    }
}

/// Of an answer, what is not an item: CloudTrail logs no data either.
fn outline(answer: Value) -> Value {
    match answer {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, _)| {
                !matches!(name.as_str(), "Item" | "Items" | "Attributes" | "Responses")
            })
            .collect(),
        _ => Value::Null,
    }
}

fn open(path: &Path, tables: &[Table]) -> Result<Database, CloudError> {
    let part = |message: String| CloudError::Part {
        part: "dynamodb",
        message,
    };
    let name = path
        .to_str()
        .ok_or_else(|| part(format!("{} is not UTF-8", path.display())))?;
    let database = Database::new(name).map_err(|error| part(error.to_string()))?;
    for table in tables {
        let known = database
            .get_table_metadata(&table.name)
            .map_err(|error| part(error.to_string()))?;
        if known.is_none() {
            create(&database, table).map_err(|message| CloudError::Table { message })?;
            tracing::info!(table = table.name, "the table was created");
        }
    }
    Ok(database)
}

/// A table as the template declares it, with its TTL.
fn create(database: &Database, table: &Table) -> Result<(), String> {
    let words = |error: dynoxide::DynoxideError| error.to_string();
    let request =
        serde_json::from_value(table.create.clone()).map_err(|error| error.to_string())?;
    database.create_table(request).map_err(words)?;
    let Some(attribute) = &table.ttl else {
        return Ok(());
    };
    let request = json!({
        "TableName": table.name,
        "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
    });
    let request = serde_json::from_value(request).map_err(|error| error.to_string())?;
    database
        .update_time_to_live(request)
        .map(drop)
        .map_err(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_described_and_asked_for_by_the_arn_of_this_account() {
        let theirs = format!("{{\"TableArn\":\"{THEIRS}table/a\"}}");
        let ours = "{\"TableArn\":\"arn:aws:dynamodb:us-east-1:123456789012:table/a\"}";
        let response = with_our_arns("DescribeTable", Response::new(theirs.clone().into()));
        assert_eq!(response.body(), ours);
        let request = with_their_arns("TagResource", Request::new(ours.into()));
        assert_eq!(request.body(), theirs.as_str());
        // What an item holds is nobody's business.
        let response = with_our_arns("GetItem", Response::new(theirs.clone().into()));
        assert_eq!(response.body(), theirs.as_str());
        let request = with_their_arns("PutItem", Request::new(ours.into()));
        assert_eq!(request.body(), ours);
    }
}
