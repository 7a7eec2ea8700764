//! Saying on the event bus what happened or is due.

use async_trait::async_trait;
use perennial_core::announcement::Announcement;

use crate::PortResult;

/// Saying.
#[async_trait]
pub trait Announce: Send + Sync {
    /// All of them, in order, each at least once.
    async fn announce(&self, announcements: &[Announcement]) -> PortResult<()>;
}
