//! The folder in which a container's job left the model, looked for below its output.

use perennial_core::weights::{MOST_KEYS, WeightsError, folder};
use perennial_ports::{ObjectInfo, PortResult, ReadObjects};

/// The URI of the model's folder, or in words why none is taken. `output` is an S3 URI that ends in a slash, in the bucket that
/// `objects` is.
///
/// # Errors
/// Those of the bucket.
pub async fn find(objects: &dyn ReadObjects, output: &str) -> PortResult<Result<String, String>> {
    let prefix = output
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .map_or("", |(_, prefix)| prefix);
    let mut found: Vec<ObjectInfo> = Vec::new();
    loop {
        let after = found.last().map(|info| info.key.as_str());
        let page = objects.list(prefix, after).await?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
        if found.len() > MOST_KEYS {
            return Ok(Err(WeightsError::TooMany(found.len()).to_string()));
        }
    }
    let below = found
        .iter()
        .filter_map(|info| info.key.strip_prefix(prefix));
    Ok(match folder(below) {
        Ok(folder) => Ok(format!("{output}{folder}")),
        Err(error) => Err(error.to_string()),
    })
}
