//! An idle champion serves nobody any more: the alias says so before its deployment is removed.

use perennial_core::names::{PipelineName, alias_parameter};
use perennial_core::pipeline::UNSERVED;
use perennial_engine::{EngineError, records};

use crate::Ports;

/// Writes it where it is not written. The deployment is swept afterwards, so that no client is sent to what is not there.
pub(crate) async fn say(ports: &Ports, name: &PipelineName) -> Result<(), EngineError> {
    let Some(stored) = records::pipeline(ports.desk.table.as_ref(), name).await? else {
        return Ok(());
    };
    if stored.record.unserved.is_none() || stored.record.moving.is_some() {
        return Ok(());
    }
    let parameter = alias_parameter(&ports.desk.settings.installation, name);
    if ports.read_alias.read_alias(&parameter).await?.as_deref() != Some(UNSERVED) {
        ports.write_alias.write_alias(&parameter, UNSERVED).await?;
    }
    Ok(())
}
