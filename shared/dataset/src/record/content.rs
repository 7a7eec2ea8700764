//! What a record holds besides text, held against what the model takes: kinds, formats, counts, places.
use perennial_core::limits::ContentLimits;

use super::{Block, Conversation, Media, MediaKind, Taken, Turn, tools};
use crate::{
    conversation::Role,
    finding::{Problem, bounded},
    path::Path,
    rules,
};

pub(super) fn check(record: &Conversation<'_>, taken: Taken<'_>, problems: &mut Vec<Problem>) {
    let plain = |turn: &Turn<'_>| {
        turn.blocks
            .iter()
            .all(|block| matches!(block, Block::Text(_)))
    };
    if record.tools.is_none() && record.turns.iter().all(plain) {
        return;
    }
    let limits = taken.content;
    let messages = Path::Member(&Path::Root, "messages");
    let mut documents = 0;
    for turn in record.turns.iter().filter(|turn| !plain(turn)) {
        let path = Path::Item(&messages, turn.index);
        let count = |kind| {
            let is =
                |block: &&Block<'_>| matches!(block, Block::Media(media) if media.kind == kind);
            turn.blocks.iter().filter(is).count() as u64
        };
        let (images, videos, papers) = (
            count(MediaKind::Image),
            count(MediaKind::Video),
            count(MediaKind::Document),
        );
        documents += papers;
        for block in &turn.blocks {
            match block {
                Block::Media(media) => check_media(media, turn, path, taken, problems),
                Block::Reasoning(text) => {
                    check_reasoning(turn, text.is_blank(), path, taken, problems)
                }
                Block::Text(_) | Block::ToolUse(_) | Block::ToolResult(_) => {}
            }
        }
        most(images, limits.images, "images", path, taken, problems);
        most(videos, limits.videos, "videos", path, taken, problems);
        if videos > 0 && images + papers > 0 || images > 0 && papers > 0 {
            problems.push(Problem::new(
                &rules::MEDIA_MIX,
                path,
                format!("{images} images, {videos} videos and {papers} documents"),
                "Keep one kind of media in a message.",
            ));
        }
    }
    most(
        documents,
        limits.documents,
        "documents in a record",
        Path::Root,
        taken,
        problems,
    );
    let uses = |block: &Block<'_>| matches!(block, Block::ToolUse(_) | Block::ToolResult(_));
    let tooled =
        record.tools.is_some() || record.turns.iter().flat_map(|turn| &turn.blocks).any(uses);
    if tooled && !limits.tools {
        problems.push(not_taken("tools", Path::Root, taken));
    } else if tooled {
        tools::check(record, problems);
    }
}

fn most(
    number: u64,
    limit: u32,
    what: &str,
    path: Path<'_>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) {
    // A limit of none is said of each one.
    if limit > 0 && number > u64::from(limit) {
        problems.push(Problem::new(
            &rules::MEDIA_COUNT,
            path,
            format!(
                "{number} {what} where the model takes {limit} ({})",
                taken.source
            ),
            "Take some out, or spread them over several records.",
        ));
    }
}

fn formats(limits: &ContentLimits, kind: MediaKind) -> &[String] {
    match kind {
        MediaKind::Image => &limits.image_formats,
        MediaKind::Video => &limits.video_formats,
        MediaKind::Document => &limits.document_formats,
    }
}

fn check_media(
    media: &Media<'_>,
    turn: &Turn<'_>,
    path: Path<'_>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) {
    let kind = media.kind.as_str();
    let formats = formats(taken.content, media.kind);
    if formats.is_empty() {
        problems.push(not_taken(&format!("{kind}s"), path, taken));
        return;
    }
    if turn.role == Role::Assistant {
        problems.push(Problem::new(
            &rules::MEDIA_PLACE,
            path,
            format!("a {kind} in an assistant message"),
            "Media stand in user messages only: the model learns to answer in text.",
        ));
    }
    let format = media.format.plain();
    if !formats
        .iter()
        .any(|known| known.eq_ignore_ascii_case(&format))
    {
        problems.push(Problem::new(
            &rules::MEDIA_FORMAT,
            path,
            format!("the {kind} format \"{}\"", bounded(&format)),
            format!("Use one of {} ({}).", formats.join(", "), taken.source),
        ));
    }
    let uri = media.uri.plain();
    check_uri(&uri, path, problems);
    if media.kind != MediaKind::Document
        && let Some(bucket) = taken.bucket
        && let Some(other) = uri
            .strip_prefix("s3://")
            .and_then(|rest| rest.split('/').next())
        && other != bucket
    {
        problems.push(Problem::new(
            &rules::MEDIA_BUCKET,
            path,
            format!("the {kind} lies in the bucket {}", bounded(other)),
            format!("Copy it to s3://{bucket}/media/<pipeline>/ and write that address."),
        ));
    }
}

/// AWS's validators take `s3://`, then letters, digits, `_`, `-`, `/` and `.` only.
pub(super) fn check_uri(uri: &str, path: Path<'_>, problems: &mut Vec<Problem>) {
    // A bucket's name and a key of at most 1,024 bytes, as S3 has it.
    const LONGEST: usize = 63 + 1 + 1_024;
    let good = |rest: &str| {
        rest.len() <= LONGEST
            && rest
                .split('/')
                .next()
                .is_some_and(|bucket| !bucket.is_empty())
            && rest.contains('/')
            && !rest.ends_with('/')
            && rest
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.'))
    };
    if !uri.strip_prefix("s3://").is_some_and(good) {
        problems.push(Problem::new(
            &rules::MEDIA_SOURCE,
            path,
            format!("the address \"{}\"", bounded(uri)),
            "Write s3://bucket/key, with letters, digits, '_', '-', '/' and '.' only: rename the object if it has others.",
        ));
    }
}

fn check_reasoning(
    turn: &Turn<'_>,
    is_blank: bool,
    path: Path<'_>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) {
    if !taken.content.reasoning {
        problems.push(not_taken("reasoning", path, taken));
    } else if turn.role == Role::User {
        problems.push(Problem::new(
            &rules::REASONING_PLACE,
            path,
            "reasoningContent in a user message",
            "Reasoning is the assistant's: move it to the answer that it led to.",
        ));
    } else if is_blank {
        problems.push(Problem::new(
            &rules::REASONING_PLACE,
            path,
            "reasoningContent without text",
            "Write the reasoning, or take the block out.",
        ));
    }
}

pub(super) fn not_taken(what: &str, path: Path<'_>, taken: Taken<'_>) -> Problem {
    Problem::new(
        &rules::CONTENT_NOT_TAKEN,
        path,
        what,
        format!(
            "This model's trainer takes no {what} ({}). Take the record out, or choose a model that does.",
            taken.source
        ),
    )
}
