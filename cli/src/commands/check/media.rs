//! `--media`: the files that records name, looked up in a folder that is, or will be, the bucket's `media/`, with the findings that they
//! would have after an upload.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use perennial_core::media::MediaAddress;
use perennial_dataset::{
    ImageSeen, MediaKind, MediaLimits, MediaReference, MediaReferences, MediaSeen, Summary, count,
};

use crate::exit::Failure;

/// Different files that the records of one file may name; of more, only these are looked at.
pub(super) const FILES: usize = 100_000;

/// Looks at the files, and takes into the summary what is wrong with them. What is to be said of it is the answer.
pub(super) fn look(
    folder: &Path,
    limits: &MediaLimits,
    named: &MediaReferences,
    summary: &mut Summary,
) -> Result<String, Failure> {
    let (mut seen, mut elsewhere, mut unread) = (Vec::new(), 0, 0);
    let inside = folder
        .canonicalize()
        .map_err(Failure::file("cannot read", folder))?;
    for one in &named.listed {
        let path = match MediaAddress::of(&one.uri) {
            MediaAddress::Object { key, .. } => place(folder, key),
            MediaAddress::Nowhere => None,
            MediaAddress::Elsewhere => {
                elsewhere += 1;
                continue;
            }
        };
        let Some(path) = path else {
            seen.push((one, MediaSeen::Missing));
            continue;
        };
        // A link may lead out of the folder; the bucket has none.
        if path
            .canonicalize()
            .is_ok_and(|real| !real.starts_with(&inside))
        {
            elsewhere += 1;
            continue;
        }
        let found = at(&path, one).map_err(Failure::file("cannot read", &path))?;
        // One that was read to its end is a finding.
        let no_sides = matches!(found, MediaSeen::There { image: None, bytes } if bytes > ImageSeen::START as u64);
        unread += u64::from(one.kind == MediaKind::Image && no_sides);
        seen.push((one, found));
    }
    let mut said = format!(
        "{}: {} that records name were looked up in {}",
        summary.name,
        count(seen.len() as u64, "file"),
        folder.display()
    );
    summary.take_media(limits, seen);
    if unread > 0 {
        said += &format!(
            "; {} without their pixels, which do not stand in the first 64 KiB",
            count(unread, "image")
        );
    }
    if elsewhere > 0 {
        said += &format!("; not {elsewhere} outside a bucket's media/");
    }
    if named.more > 0 {
        said += &format!("; not what came after the first {FILES}");
    }
    Ok(said)
}

/// Where an object `media/<key>` lies in the folder; nothing for a key that no file of a folder has: as a path, `a//b` is `a/b`, and
/// as keys they are two objects.
fn place(folder: &Path, key: &str) -> Option<PathBuf> {
    let key = key.strip_prefix("media/")?;
    let path = Path::new(key);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let same = key.split('/').count() == path.components().count();
    (plain && same).then(|| folder.join(path))
}

fn at(path: &Path, named: &MediaReference) -> std::io::Result<MediaSeen> {
    // Looked at before it is opened: whoever opens a pipe waits for its other end.
    let about = match std::fs::metadata(path) {
        Ok(about) if about.is_file() => about,
        Ok(_) => return Ok(MediaSeen::Missing),
        // A file where the address has a folder is no file there either, nor is a name that no file here can have.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound
                    | ErrorKind::NotADirectory
                    | ErrorKind::InvalidFilename
                    | ErrorKind::InvalidInput
            ) =>
        {
            return Ok(MediaSeen::Missing);
        }
        Err(error) => return Err(error),
    };
    let mut file = File::open(path)?;
    let image = if named.kind == MediaKind::Image {
        let mut start = Vec::new();
        (&mut file)
            .take(ImageSeen::START as u64)
            .read_to_end(&mut start)?;
        ImageSeen::of(&start)
    } else {
        None
    };
    Ok(MediaSeen::There {
        bytes: about.len(),
        image,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_leads_into_the_folder_or_nowhere() {
        let place = |key: &str| place(Path::new("m"), key);
        let there = |path: &str| Some(PathBuf::from(path));
        assert_eq!(place("media/bot/a.png"), there("m/bot/a.png"));
        assert_eq!(place("media/bot/x/ü.png"), there("m/bot/x/ü.png"));
        for nowhere in ["media//etc/passwd", "media/bot//a.png", "data/a.png"] {
            assert_eq!(place(nowhere), None, "{nowhere}");
        }
    }
}
