//! Announcements on Amazon EventBridge.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use perennial_aws_errors::{kind, port_error};
use perennial_core::announcement::{Announcement, SOURCE};
use perennial_ports::{Announce, ErrorKind, PortError, PortResult};

const OPERATION: &str = "events:PutEvents";

/// The most entries of one `PutEvents`. Source: Amazon EventBridge API Reference, `PutEvents`.
const MOST_ENTRIES: usize = 10;

/// How often an entry that the service did not take is sent.
const TRIES: u32 = 4;

/// The pause before the second try; it doubles with every further one.
const PAUSE: Duration = Duration::from_millis(100);

/// One event bus. Cheap to clone.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    bus: String,
}

impl EventBus {
    /// The bus of this name or ARN.
    pub fn new(client: Client, bus: impl Into<String>) -> Self {
        Self {
            client,
            bus: bus.into(),
        }
    }

    fn entry(&self, said: &Announcement) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .source(SOURCE)
            .detail_type(&said.detail_type)
            .detail(said.detail.to_string())
            .event_bus_name(&self.bus)
            .build()
    }

    /// Sends up to ten entries; answers those that were not taken, with the reason.
    async fn send(
        &self,
        entries: Vec<PutEventsRequestEntry>,
    ) -> PortResult<Vec<(PutEventsRequestEntry, PutEventsResultEntry)>> {
        let answer = self
            .client
            .put_events()
            .set_entries(Some(entries.clone()))
            .send()
            .await
            .map_err(|error| port_error(OPERATION, error))?;
        let results = answer.entries.unwrap_or_default();
        if results.len() != entries.len() {
            return Err(PortError::new(
                OPERATION,
                ErrorKind::Unanswered,
                format!(
                    "bus {}: {} entries were sent and {} answered",
                    self.bus,
                    entries.len(),
                    results.len()
                ),
            ));
        }
        Ok(entries
            .into_iter()
            .zip(results)
            .filter(|(_, result)| result.error_code.is_some())
            .collect())
    }

    fn refused(&self, entry: &PutEventsRequestEntry, result: &PutEventsResultEntry) -> PortError {
        let code = result.error_code().unwrap_or_default();
        let kind = match code {
            "InternalFailure" | "InternalException" => ErrorKind::Unanswered,
            code => kind(Some(code), 400),
        };
        PortError::new(
            OPERATION,
            kind,
            format!(
                "bus {}, event “{}”: {code}: {}",
                self.bus,
                entry.detail_type().unwrap_or_default(),
                result.error_message().unwrap_or("no further words")
            ),
        )
    }
}

#[async_trait]
impl Announce for EventBus {
    /// An error means that at least one event was not taken; others may have been.
    async fn announce(&self, announcements: &[Announcement]) -> PortResult<()> {
        for batch in announcements.chunks(MOST_ENTRIES) {
            let mut left: Vec<_> = batch.iter().map(|said| self.entry(said)).collect();
            let mut tries = 0;
            while !left.is_empty() {
                if tries > 0 {
                    tokio::time::sleep(PAUSE * 2_u32.pow(tries - 1)).await;
                }
                tries += 1;
                let failed = self.send(left).await?;
                if let Some((entry, result)) = failed.iter().find(|(entry, result)| {
                    tries == TRIES || !self.refused(entry, result).kind.is_transient()
                }) {
                    return Err(self.refused(entry, result));
                }
                left = failed.into_iter().map(|(entry, _)| entry).collect();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_eventbridge::config::{BehaviorVersion, Region};
    use perennial_aws_errors::replay::{Replay, Reply};
    use serde_json::{Value, json};

    fn bus(replay: &Replay) -> EventBus {
        let config = aws_sdk_eventbridge::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Replay::credentials())
            .http_client(replay.http_client())
            .build();
        EventBus::new(Client::from_conf(config), "perennial-dev")
    }

    fn announcements(count: usize) -> Vec<Announcement> {
        (0..count)
            .map(|n| Announcement {
                detail_type: "Run Due".into(),
                detail: json!({ "n": n }),
            })
            .collect()
    }

    fn taken(count: usize) -> Value {
        json!({ "FailedEntryCount": 0, "Entries": vec![json!({ "EventId": "e" }); count] })
    }

    fn entries(replay: &Replay, call: usize) -> Vec<Value> {
        let sent: Value = serde_json::from_str(&replay.asked()[call].body).expect("JSON");
        sent["Entries"].as_array().expect("a list").clone()
    }

    #[tokio::test]
    async fn ten_at_a_time_and_only_the_failed_again() {
        let mut first = taken(10);
        first["FailedEntryCount"] = json!(1);
        first["Entries"][4] = json!({ "ErrorCode": "ThrottlingException", "ErrorMessage": "slow" });
        let replay =
            Replay::new([first, taken(1), taken(2)].map(|body| Reply::ok(body.to_string())));
        bus(&replay)
            .announce(&announcements(12))
            .await
            .expect("all taken");
        assert_eq!(
            entries(&replay, 0)[0],
            json!({
                "Source": "perennial", "DetailType": "Run Due", "Detail": "{\"n\":0}", "EventBusName": "perennial-dev",
            })
        );
        assert_eq!(entries(&replay, 1).len(), 1);
        assert_eq!(entries(&replay, 1)[0]["Detail"], "{\"n\":4}");
        assert_eq!(entries(&replay, 2)[1]["Detail"], "{\"n\":11}");
        assert_eq!(replay.asked().len(), 3);
    }

    #[tokio::test]
    async fn a_refusal_that_stays_is_an_error() {
        let refused = |code: &str| json!({ "FailedEntryCount": 1, "Entries": [{ "ErrorCode": code, "ErrorMessage": "words" }] });
        let replay = Replay::new(vec![Reply::ok(refused("MalformedDetail").to_string()); 4]);
        let error = bus(&replay)
            .announce(&announcements(1))
            .await
            .expect_err("malformed");
        assert_eq!((error.kind, replay.asked().len()), (ErrorKind::Invalid, 1));
        let replay = Replay::new(vec![Reply::ok(refused("InternalFailure").to_string()); 9]);
        let error = bus(&replay)
            .announce(&announcements(1))
            .await
            .expect_err("failed");
        assert_eq!(
            (error.kind, replay.asked().len()),
            (ErrorKind::Unanswered, 4)
        );
        assert!(error.message.contains("words"), "{error}");
        bus(&replay).announce(&[]).await.expect("nothing to say");
    }
}
