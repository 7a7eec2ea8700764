//! The shape in which a queue's message reaches a function, and what the function says of it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>,
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).

use md5::{Digest, Md5};
use serde_json::{Value, json};

use crate::identity::REGION;
use crate::ledger::Delivered;

/// The event for a batch of one message.
pub(super) fn event(queue_arn: &str, delivery: &Delivered) -> Value {
    json!({ "Records": [{
        "messageId": delivery.message_id,
        "receiptHandle": format!("{}#{}", delivery.message_id, delivery.attempts),
        "body": delivery.event,
        "attributes": {
            "ApproximateReceiveCount": delivery.attempts.to_string(),
            "SentTimestamp": delivery.sent_ms.to_string(),
            "SenderId": "events.amazonaws.com",
            "ApproximateFirstReceiveTimestamp": delivery.first_received_ms.to_string(),
        },
        "messageAttributes": {},
        "md5OfBody": hex::encode(Md5::digest(delivery.event.as_bytes())),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    }]})
}

/// Whether the function took the one message of its batch; otherwise why not. An empty answer, `null`, an
/// empty list and no list mean that it did; an unknown or empty identifier, or an answer that cannot be
/// read, fails the whole batch.
pub(super) fn taken(response: &[u8], message_id: &str) -> Result<(), String> {
    if response.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let answer: Value = serde_json::from_slice(response).map_err(|error| {
        format!("the batch response is not JSON ({error}), so the whole batch failed")
    })?;
    match &answer["batchItemFailures"] {
        Value::Null => Ok(()),
        Value::Array(failures) if failures.is_empty() => Ok(()),
        Value::Array(failures) => {
            let named = failures
                .iter()
                .any(|failure| failure["itemIdentifier"] == message_id);
            Err(if named {
                "the function reported the message as failed; see its log".into()
            } else {
                "the batch response names no message of the batch, so the whole batch failed"
                    .to_owned()
            })
        }
        _ => Err("batchItemFailures is not a list, so the whole batch failed".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_every_documented_member() {
        let delivery = Delivered {
            id: 1,
            message_id: "m".into(),
            event: "{}".into(),
            attempts: 3,
            sent_ms: 5,
            first_received_ms: 6,
        };
        let event = event("arn:aws:sqs:us-east-1:123456789012:q", &delivery);
        let record = &event["Records"][0];
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "3");
        assert_eq!(record["md5OfBody"], "99914b932bd37a50b983c5e7c90ae93b");
        assert_eq!(
            record["eventSourceARN"],
            "arn:aws:sqs:us-east-1:123456789012:q"
        );
    }

    #[test]
    fn batch_responses_are_read_as_lambda_reads_them() {
        for taken_answer in [
            "",
            "null",
            "{}",
            r#"{"batchItemFailures":[]}"#,
            r#"{"batchItemFailures":null}"#,
        ] {
            assert_eq!(
                taken(taken_answer.as_bytes(), "m"),
                Ok(()),
                "{taken_answer}"
            );
        }
        for failed in [
            r#"{"batchItemFailures":[{"itemIdentifier":"m"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":7}"#,
            "oops",
        ] {
            assert!(taken(failed.as_bytes(), "m").is_err(), "{failed}");
        }
    }
}
