//! The files under `media/` that an upload's records name: whether they are there, how large they are, and how many pixels images have.
//!
//! A bounded number of them, as long as there is time. What was not looked at is said in the report.

use futures::stream::{self, StreamExt};
use perennial_core::media::MediaAddress;
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
    let (mut ours, mut nowhere, mut elsewhere) = (Vec::new(), Vec::new(), 0);
    for one in &named.listed {
        if !one.uri.starts_with(&here) {
            elsewhere += 1;
            continue;
        }
        match MediaAddress::of(&one.uri) {
            MediaAddress::Object { key, .. } => ours.push((one, key)),
            MediaAddress::Nowhere => nowhere.push(one),
            MediaAddress::Elsewhere => elsewhere += 1,
        }
    }
    let looks = ours.iter().map(|(one, key)| at_one(ports, one, key, time));
    let looks: Vec<Look> = stream::iter(looks.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .collect()
        .await;
    let (mut late, mut failed, mut why, mut unread) = (0, 0, None, 0);
    // What lies nowhere is not looked for: a client of S3 may make another key of it.
    let nowhere = nowhere.into_iter();
    let mut seen: Vec<_> = nowhere.map(|one| (one, MediaSeen::Missing)).collect();
    for ((one, _), look) in ours.iter().zip(looks) {
        match look {
            Look::Seen(found) => {
                // One that was read to its end is a finding.
                let no_sides = matches!(found, MediaSeen::There { image: None, bytes } if bytes > ImageSeen::START as u64);
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
    seen.sort_by_key(|(one, _)| one.line);
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
