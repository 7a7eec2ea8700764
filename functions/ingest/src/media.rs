//! The files under `media/` that an upload's records name: whether they are there, how large they are, and how many pixels images have.
//!
//! A bounded number of them, as long as there is time. What was not looked at is said in the report.

use futures::stream::{self, StreamExt};
use perennial_dataset::{
    ImageSeen, MediaKind, MediaLimits, MediaReference, MediaReferences, MediaSeen, Summary, count,
};
use perennial_ports::{PortError, PortResult};

use crate::Ports;
use perennial_engine::time_left::TimeLeft;

/// Different files of one upload, at most.
pub(crate) const FILES: usize = 2_000;
/// Looked at together.
const AT_ONCE: usize = 16;

/// What became of one of them.
enum Look {
    Seen(MediaSeen),
    TimeWasUp,
    Failed(PortError),
}

/// Looks at the files, and takes into the summary what is wrong with them. What is to be said of the rest is the answer.
pub(crate) async fn look(
    ports: &Ports,
    limits: &MediaLimits,
    named: &MediaReferences,
    time: TimeLeft,
    summary: &mut Summary,
) -> Option<String> {
    let here = format!("s3://{}/", ports.bucket);
    let key = |one: &MediaReference| {
        let key = one.uri.strip_prefix(&here)?;
        key.starts_with("media/").then(|| key.to_owned())
    };
    let (mut ours, mut elsewhere) = (Vec::new(), 0);
    for one in &named.listed {
        match key(one) {
            Some(key) => ours.push((one, key)),
            None => elsewhere += 1,
        }
    }
    let looks = ours.iter().map(|(one, key)| at_one(ports, one, key, time));
    let looks: Vec<Look> = stream::iter(looks.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut late, mut failed, mut why, mut unread) = (0, 0, None, 0);
    let mut seen = Vec::new();
    for ((one, _), look) in ours.iter().zip(looks) {
        match look {
            Look::Seen(found) => {
                let no_sides =
                    matches!(found, MediaSeen::There { image: None, bytes } if bytes > 0);
                unread += u64::from(one.kind == MediaKind::Image && no_sides);
                seen.push((*one, found));
            }
            Look::TimeWasUp => late += 1,
            Look::Failed(error) => {
                failed += 1;
                why = Some(error);
            }
        }
    }
    let mut said = vec![format!(
        "{} that records name were looked at",
        count(seen.len() as u64, "file")
    )];
    summary.take_media(limits, seen);
    let mut also = |number: u64, words: String| {
        if number > 0 {
            said.push(words);
        }
    };
    also(
        unread,
        format!(
            "{} without their pixels, which do not stand in the first 64 KiB",
            count(unread, "image")
        ),
    );
    also(elsewhere, format!("not {elsewhere} outside {here}media/"));
    also(late, format!("not {late}, as the time was up"));
    also(named.more, format!("not what came after the first {FILES}"));
    if let Some(error) = why {
        also(failed, format!("not {failed}: {error}"));
    }
    (!named.listed.is_empty()).then(|| said.join("; "))
}

async fn at_one(ports: &Ports, named: &MediaReference, key: &str, time: TimeLeft) -> Look {
    if time.is_up(ports.desk.now()) {
        return Look::TimeWasUp;
    }
    let found = match named.kind {
        MediaKind::Image => image(ports, key).await,
        MediaKind::Video | MediaKind::Document => other(ports, key).await,
    };
    match found {
        Ok(seen) => Look::Seen(seen),
        Err(error) => Look::Failed(error),
    }
}

async fn other(ports: &Ports, key: &str) -> PortResult<MediaSeen> {
    let found = ports.read.head(key).await?;
    Ok(found.map_or(MediaSeen::Missing, |info| MediaSeen::There {
        bytes: info.size,
        image: None,
    }))
}

async fn image(ports: &Ports, key: &str) -> PortResult<MediaSeen> {
    Ok(match ports.read.start(key, ImageSeen::START).await? {
        None => MediaSeen::Missing,
        Some((info, start)) => MediaSeen::There {
            bytes: info.size,
            image: ImageSeen::of(&start),
        },
    })
}
