//! The alias as an SSM parameter. It has no compare-and-swap: it is written last, and repaired.

use async_trait::async_trait;

use crate::PortResult;

/// Reading a parameter.
#[async_trait]
pub trait ReadAlias: Send + Sync {
    /// The value, or none.
    async fn read_alias(&self, name: &str) -> PortResult<Option<String>>;
}

/// Writing a parameter.
#[async_trait]
pub trait WriteAlias: Send + Sync {
    /// Overwrites.
    async fn write_alias(&self, name: &str, value: &str) -> PortResult<()>;
}
