//! Who is called (Amazon CloudWatch, namespace `AWS/Bedrock`, dimension `ModelId`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::PortResult;

/// Calls seen in a time span. Throttled and failed calls are calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Use {
    /// How many.
    pub calls: u64,
    /// The end of the last period in which there was one, at most the span's end.
    pub last: Option<Timestamp>,
}

/// Watching.
#[async_trait]
pub trait WatchUse: Send + Sync {
    /// The calls of each model or deployment between two times: Invocations, InvocationThrottles,
    /// InvocationClientErrors and InvocationServerErrors together. An id without any series is missing from the
    /// answer, which is no proof of idleness; so is every id if the span is empty.
    async fn uses(
        &self,
        model_ids: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> PortResult<BTreeMap<String, Use>>;
}
