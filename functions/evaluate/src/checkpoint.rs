//! The pointer to a checkpoint that a Nova job left in the bucket: the places are looked at one after the other, within bounds.

use std::io::{self, Write};

use flate2::write::GzDecoder;
use perennial_core::checkpoint::{
    Archive, CheckpointError, Form, LARGEST_ARCHIVE, LARGEST_MANIFEST, Place, places, pointer,
};
use perennial_ports::{ErrorKind, ObjectStream, PortResult, ReadObjects};

/// The checkpoint's S3 URI, or in words why there is none.
pub(crate) async fn find(
    objects: &dyn ReadObjects,
    output_prefix: &str,
    job: &str,
) -> PortResult<Result<String, String>> {
    let mut reasons = Vec::new();
    let places = places(output_prefix, job);
    for Place { key, form } in &places {
        let found = match form {
            Form::Object => manifest(objects, key).await?,
            Form::Archive => archive(objects, key).await?,
        };
        match found {
            None => {}
            Some(Ok(uri)) => return Ok(Ok(uri)),
            Some(Err(error)) => reasons.push(format!("{key}: {error}")),
        }
    }
    if reasons.is_empty() {
        let keys: Vec<&str> = places.iter().map(|place| place.key.as_str()).collect();
        reasons.push(format!("there is none of {}", keys.join(", ")));
    }
    Ok(Err(reasons.join("; ")))
}

/// Without a version: the role may read what is current under `work/`, and nothing older.
async fn manifest(
    objects: &dyn ReadObjects,
    key: &str,
) -> PortResult<Option<Result<String, CheckpointError>>> {
    let Some(mut stream) = there(objects.open(key, None).await)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    while bytes.len() <= LARGEST_MANIFEST
        && let Some(next) = stream.next().await?
    {
        bytes.extend_from_slice(&next);
    }
    Ok(Some(pointer(&bytes)))
}

/// The archive is unpacked piece by piece, and what is not needed is not read.
async fn archive(
    objects: &dyn ReadObjects,
    key: &str,
) -> PortResult<Option<Result<String, CheckpointError>>> {
    let Some(info) = objects.head(key).await? else {
        return Ok(None);
    };
    if info.size > LARGEST_ARCHIVE {
        return Ok(Some(Err(CheckpointError::TooLarge {
            limit: LARGEST_ARCHIVE,
        })));
    }
    // Of nothing no range can be asked for.
    if info.size == 0 {
        let empty = CheckpointError::BrokenArchive("it is empty".to_owned());
        return Ok(Some(Err(empty)));
    }
    let opened = objects.open_range(key, &info.tag, 0..info.size).await;
    match there(opened)? {
        Some(stream) => walk(stream).await.map(Some),
        None => Ok(None),
    }
}

fn there<T>(opened: PortResult<T>) -> PortResult<Option<T>> {
    match opened {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn walk(mut stream: Box<dyn ObjectStream>) -> PortResult<Result<String, CheckpointError>> {
    let mut unpacked = GzDecoder::new(Walk::default());
    while let Some(bytes) = stream.next().await? {
        if let Err(error) = unpacked.write_all(&bytes) {
            return Ok(ended(&mut unpacked, &error));
        }
    }
    // A stream that was cut off is told by the archive in it.
    if let Err(error) = unpacked.try_finish() {
        return Ok(ended(&mut unpacked, &error));
    }
    Ok(unpacked.get_mut().archive().finish())
}

/// Unpacking stopped: there is no need of more, or it is no archive.
fn ended(unpacked: &mut GzDecoder<Walk>, error: &io::Error) -> Result<String, CheckpointError> {
    let walk = unpacked.get_mut();
    match walk.refused.take() {
        Some(refused) => Err(refused),
        None if walk.is_over => walk.archive().finish(),
        None => Err(CheckpointError::BrokenArchive(error.to_string())),
    }
}

#[derive(Default)]
struct Walk {
    archive: Archive,
    is_over: bool,
    refused: Option<CheckpointError>,
}

impl Walk {
    fn archive(&mut self) -> Archive {
        std::mem::take(&mut self.archive)
    }
}

impl Write for Walk {
    /// An error ends the unpacking, so that no more is unpacked than is looked at.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let enough = || io::Error::other("no more is read");
        match self.archive.feed(bytes) {
            Ok(false) => Ok(bytes.len()),
            Ok(true) => {
                self.is_over = true;
                Err(enough())
            }
            Err(refused) => {
                self.refused = Some(refused);
                Err(enough())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
