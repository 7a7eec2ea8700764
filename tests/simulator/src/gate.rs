//! The gate: each port call waits here until the schedule says what becomes of it.
//!
//! So every call is a point at which another invocation may run, time may pass, the call may fail, take effect without
//! an answer, take effect late, or be the last thing that the invocation ever did.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use perennial_ports::ErrorKind;

/// What becomes of a port call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is carried out and answered.
    Go,
    /// It fails without an effect.
    Fail(ErrorKind),
    /// It is carried out; the caller hears of no answer.
    LoseAnswer,
    /// The caller hears of no answer; it is carried out so many milliseconds later.
    Late(u64),
    /// It is carried out, and the invocation dies before it hears of it.
    CrashAfter,
}

/// A call that waits for its fate.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) id: u32,
    pub(crate) operation: &'static str,
    /// Whether it changes anything.
    pub(crate) changes: bool,
    /// Whether the schedule knows of it.
    pub(crate) scheduled: bool,
    fate: Option<Fate>,
    waker: Option<Waker>,
}

/// The calls of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Board {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) calls: Vec<Waiting>,
    next: u32,
    /// The call after which the invocation dies has been made.
    pub(crate) crashed: bool,
}

impl Board {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the schedule has decided.
    pub(crate) async fn pass(&self, operation: &'static str, changes: bool) -> Fate {
        let id = {
            let mut inner = self.lock();
            inner.next += 1;
            let id = inner.next;
            inner.calls.push(Waiting {
                id,
                operation,
                changes,
                scheduled: false,
                fate: None,
                waker: None,
            });
            id
        };
        std::future::poll_fn(|context| {
            let mut inner = self.lock();
            let Some(place) = inner.calls.iter().position(|call| call.id == id) else {
                return Poll::Pending;
            };
            match inner.calls[place].fate {
                Some(fate) => {
                    inner.calls.swap_remove(place);
                    Poll::Ready(fate)
                }
                None => {
                    inner.calls[place].waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Decides on a call; the invocation must be polled then.
    pub(crate) fn decide(&self, id: u32, fate: Fate) {
        let mut inner = self.lock();
        if let Some(call) = inner.calls.iter_mut().find(|call| call.id == id) {
            call.fate = Some(fate);
            if let Some(waker) = call.waker.take() {
                drop(inner);
                waker.wake();
            }
        }
    }

    /// The invocation dies here: nothing after this is ever done.
    pub(crate) async fn die(&self) -> std::convert::Infallible {
        self.lock().crashed = true;
        std::future::pending().await
    }
}
