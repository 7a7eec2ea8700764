//! The first bytes of an image: any bytes are read or not, more of them change nothing, and what was read can be held against any model.
use perennial_dataset::{ImageSeen, MediaKind, MediaLimits, MediaReference, MediaSeen, Summary};

use crate::choices::Choices;

/// The bytes of an image, after a choice of how many of them come first.
pub fn image(data: &[u8]) {
    let mut choices = Choices::of(data);
    let few = usize::from(choices.byte());
    let bytes = choices.rest();
    let seen = ImageSeen::of(bytes);
    let first = ImageSeen::of(&bytes[..few.min(bytes.len())]);
    if let Some(first) = first
        && ["png", "jpeg", "gif", "webp"].contains(&first.format)
    {
        assert_eq!(seen, Some(first), "more bytes make another image");
    }
    for model in [
        "amazon.nova-lite-v1:0",
        "meta.llama3-2-11b-instruct-v1:0",
        "amazon.nova-canvas-v1:0",
    ] {
        let limits = MediaLimits::of(model, "fine-tuning").expect("it takes images");
        let named = MediaReference {
            uri: "s3://bucket/media/bot/x.png".to_owned(),
            kind: MediaKind::Image,
            format: "png".to_owned(),
            line: 1,
        };
        let there = MediaSeen::There {
            bytes: bytes.len() as u64,
            image: seen,
        };
        let mut summary = Summary::default();
        summary.take_media(&limits, [(&named, there)]);
        assert_eq!(summary.errors, summary.findings.len() as u64);
        let is_png = seen.is_none_or(|seen| seen.format == "png");
        assert!(is_png || summary.errors == 1, "{seen:?}");
    }
}
