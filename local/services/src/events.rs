//! The events that the services send, in the forms that AWS documents (`facts/events`), kept until acknowledged.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    ACCOUNT_ID,
    operation::Call,
    store::{Document, StoreError},
};

/// An event that was not acknowledged yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingEvent {
    pub(crate) id: String,
    pub(crate) event: Value,
}

impl Document for PendingEvent {
    const KIND: &'static str = "pending-event";
    fn id(&self) -> &str {
        &self.id
    }
}

/// What differs between one event and the next.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) source: &'a str,
    pub(crate) detail_type: &'a str,
    /// The event's time, in whatever form its service uses.
    pub(crate) time: String,
    pub(crate) resources: Vec<String>,
    pub(crate) detail: Value,
}

impl Event<'_> {
    /// Keeps the event for delivery and gives its id.
    pub(crate) fn send(self, call: &Call<'_>) -> Result<String, StoreError> {
        let id = call.tx.uuid()?;
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": ACCOUNT_ID,
            "time": self.time,
            "region": call.settings.region,
            "resources": self.resources,
            "detail": self.detail,
        });
        call.tx.put(&PendingEvent {
            id: id.clone(),
            event,
        })?;
        Ok(id)
    }
}

/// `2026-11-20T10:48:00Z`: what most events carry.
pub(crate) fn iso_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Wed Aug 28 22:58:30 UTC 2024`: the time of a batch inference event.
pub(crate) fn batch_time(at: Timestamp) -> String {
    at.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

/// `Aug 28, 2024, 10:47:53 PM`: a time in the detail of a batch inference event.
pub(crate) fn batch_detail_time(at: Timestamp) -> String {
    at.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_in_the_documented_events() {
        let at: Timestamp = "2024-08-28T22:58:30.123Z".parse().unwrap();
        assert_eq!(iso_time(at), "2024-08-28T22:58:30Z");
        assert_eq!(batch_time(at), "Wed Aug 28 22:58:30 UTC 2024");
        assert_eq!(batch_detail_time(at), "Aug 28, 2024, 10:58:30 PM");
    }
}
