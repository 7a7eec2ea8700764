//! Deliveries under way: each is one event on its way to one function, kept from before its sender was
//! answered until the function took it, or until it became a dead letter.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use super::{Ledger, LedgerError, real_ms};

/// A delivery to be kept.
#[derive(Debug, Clone)]
pub(crate) struct NewDelivery {
    /// The function that it goes to.
    pub(crate) function: String,
    /// The message's id, also the request id of its first invocation.
    pub(crate) message_id: String,
    /// The event.
    pub(crate) event: Value,
    /// Whether it goes through the function's queue.
    pub(crate) queued: bool,
    /// Not before this moment, in milliseconds of real time.
    pub(crate) due_ms: i64,
}

/// A delivery whose turn has come.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    /// Its place in the ledger.
    pub(crate) id: i64,
    /// The message's id.
    pub(crate) message_id: String,
    /// The event as JSON text.
    pub(crate) event: String,
    /// How often it was handed out, this time included.
    pub(crate) attempts: u32,
    /// When it was sent, in milliseconds.
    pub(crate) sent_ms: i64,
    /// When it was handed out first, in milliseconds.
    pub(crate) first_received_ms: i64,
}

/// A delivery that was given up.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeadLetter {
    /// Its place among the dead letters; give it to `redrive`.
    pub(crate) id: i64,
    /// The function that would not take it.
    pub(crate) function: String,
    /// The message's id.
    pub(crate) message_id: String,
    /// The event.
    pub(crate) event: Value,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// The last error.
    pub(crate) error: String,
    /// When it was given up, in milliseconds.
    pub(crate) died_ms: i64,
}

/// How many deliveries a function still has before it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Pending {
    /// The function.
    pub(crate) function: String,
    /// Those that wait, for their turn or for a retry.
    pub(crate) waiting: u64,
    /// Those in a function's hands now.
    pub(crate) running: u64,
}

/// Takes back what was handed out when the cloud died. The receive is not counted: the cloud ended it,
/// not the function.
pub(super) fn recover(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute(
        "update deliveries set running = 0, attempts = max(attempts - 1, 0) where running = 1",
        [],
    )?;
    Ok(())
}

impl Ledger {
    /// Keeps deliveries, all or none.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn keep(&self, deliveries: Vec<NewDelivery>) -> Result<(), LedgerError> {
        if deliveries.is_empty() {
            return Ok(());
        }
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            {
                let mut insert = transaction.prepare_cached(
                    "insert into deliveries (function, message_id, event, queued, sent_ms, due_ms)
                     values (?1, ?2, ?3, ?4, ?5, ?6)",
                )?;
                let now = real_ms();
                for new in &deliveries {
                    let event = new.event.to_string();
                    insert.execute(params![
                        new.function,
                        new.message_id,
                        event,
                        new.queued,
                        now,
                        new.due_ms
                    ])?;
                }
            }
            transaction.commit()
        })
        .await
    }

    /// Hands out the next delivery that is due for a function, and counts the attempt.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn claim(
        &self,
        function: &str,
        newest_first: bool,
    ) -> Result<Option<Delivered>, LedgerError> {
        let function = function.to_owned();
        let order = if newest_first {
            "id desc"
        } else {
            "due_ms, id"
        };
        let sql = format!(
            "update deliveries set running = 1, attempts = attempts + 1,
                 first_received_ms = coalesce(first_received_ms, ?2)
             where id = (select id from deliveries where function = ?1 and running = 0 and due_ms <= ?2
                         order by {order} limit 1)
             returning id, message_id, event, attempts, sent_ms, first_received_ms"
        );
        self.with(move |connection| {
            connection
                .prepare_cached(&sql)?
                .query_row(params![function, real_ms()], |row| {
                    Ok(Delivered {
                        id: row.get(0)?,
                        message_id: row.get(1)?,
                        event: row.get(2)?,
                        attempts: row.get(3)?,
                        sent_ms: row.get(4)?,
                        first_received_ms: row.get(5)?,
                    })
                })
                .optional()
        })
        .await
    }

    /// When the next waiting delivery of a function is due, in milliseconds.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn next_due(&self, function: &str) -> Result<Option<i64>, LedgerError> {
        let function = function.to_owned();
        self.with(move |connection| {
            connection.query_row(
                "select min(due_ms) from deliveries where function = ?1 and running = 0",
                [function],
                |row| row.get(0),
            )
        })
        .await
    }

    /// Forgets a delivery: the function took it.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn done(&self, id: i64) -> Result<(), LedgerError> {
        self.with(move |connection| {
            connection.execute("delete from deliveries where id = ?1", [id])?;
            Ok(())
        })
        .await
    }

    /// Puts a delivery back, to be tried again at `due_ms`; `uncounted` if the attempt was not the function's.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn again(
        &self,
        id: i64,
        due_ms: i64,
        uncounted: bool,
    ) -> Result<(), LedgerError> {
        self.with(move |connection| {
            connection.execute(
                "update deliveries set running = 0, due_ms = ?2, attempts = attempts - ?3 where id = ?1",
                params![id, due_ms, i64::from(uncounted)],
            )?;
            Ok(())
        })
        .await
    }

    /// Moves a delivery to the dead letters.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn bury(&self, id: i64, error: String) -> Result<(), LedgerError> {
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "insert into dead_letters (function, message_id, event, queued, attempts, error, sent_ms, died_ms)
                 select function, message_id, event, queued, attempts, ?2, sent_ms, ?3 from deliveries where id = ?1",
                params![id, error, real_ms()],
            )?;
            transaction.execute("delete from deliveries where id = ?1", [id])?;
            transaction.commit()
        })
        .await
    }

    /// Every dead letter, oldest first.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn dead_letters(&self) -> Result<Vec<DeadLetter>, LedgerError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "select id, function, message_id, event, attempts, error, died_ms from dead_letters order by id",
                )?
                .query_map([], dead_letter)?
                .collect()
        })
        .await
    }

    /// Sends every dead letter on its way again; returns how many.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn redrive(&self) -> Result<usize, LedgerError> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute(
                "insert into deliveries (function, message_id, event, queued, sent_ms, due_ms)
                 select function, message_id, event, queued, sent_ms, ?1 from dead_letters order by id",
                [real_ms()],
            )?;
            let moved = transaction.execute("delete from dead_letters", [])?;
            transaction.commit()?;
            Ok(moved)
        })
        .await
    }

    /// The deliveries under way, by function.
    ///
    /// # Errors
    /// If the ledger refuses.
    pub(crate) async fn pending(&self) -> Result<Vec<Pending>, LedgerError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "select function, sum(running = 0), sum(running = 1) from deliveries group by function order by function",
                )?
                .query_map([], |row| {
                    Ok(Pending {
                        function: row.get(0)?,
                        waiting: row.get(1)?,
                        running: row.get(2)?,
                    })
                })?
                .collect()
        })
        .await
    }
}

fn dead_letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let text: String = row.get(3)?;
    Ok(DeadLetter {
        id: row.get(0)?,
        function: row.get(1)?,
        message_id: row.get(2)?,
        event: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        attempts: row.get(4)?,
        error: row.get(5)?,
        died_ms: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn delivery(n: u32) -> NewDelivery {
        NewDelivery {
            function: "train".into(),
            message_id: format!("m{n}"),
            event: json!({"n": n}),
            queued: false,
            due_ms: 0,
        }
    }

    #[tokio::test]
    async fn what_was_running_when_killed_is_handed_out_again_uncounted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.sqlite");
        let ledger = Ledger::open(&path).unwrap();
        ledger.keep(vec![delivery(1), delivery(2)]).await.unwrap();
        assert_eq!(
            ledger
                .claim("train", false)
                .await
                .unwrap()
                .unwrap()
                .message_id,
            "m1"
        );
        drop(ledger);
        let ledger = Ledger::open(&path).unwrap();
        let again = ledger.claim("train", false).await.unwrap().unwrap();
        assert_eq!((again.message_id.as_str(), again.attempts), ("m1", 1));
        ledger.done(again.id).await.unwrap();
        let pending = ledger.pending().await.unwrap();
        assert_eq!((pending[0].waiting, pending[0].running), (1, 0));
    }

    #[tokio::test]
    async fn dead_letters_keep_the_error_and_can_be_sent_again() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("l.sqlite")).unwrap();
        ledger.keep(vec![delivery(1)]).await.unwrap();
        let taken = ledger.claim("train", true).await.unwrap().unwrap();
        ledger.bury(taken.id, "it broke".into()).await.unwrap();
        let dead = ledger.dead_letters().await.unwrap();
        assert_eq!(
            (dead[0].error.as_str(), &dead[0].event),
            ("it broke", &json!({"n": 1}))
        );
        assert_eq!(ledger.redrive().await.unwrap(), 1);
        assert!(ledger.dead_letters().await.unwrap().is_empty());
        assert_eq!(
            ledger
                .claim("train", false)
                .await
                .unwrap()
                .unwrap()
                .attempts,
            1
        );
    }

    #[tokio::test]
    async fn nothing_is_handed_out_before_it_is_due() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("l.sqlite")).unwrap();
        let due_ms = real_ms() + 60_000;
        ledger
            .keep(vec![NewDelivery {
                due_ms,
                ..delivery(1)
            }])
            .await
            .unwrap();
        assert!(ledger.claim("train", false).await.unwrap().is_none());
        assert_eq!(ledger.next_due("train").await.unwrap(), Some(due_ms));
    }
}
