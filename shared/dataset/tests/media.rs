//! The files that records name: gathered once each, and held to what the model takes.
#![allow(clippy::unwrap_used)]

use perennial_core::config::Technique;
use perennial_dataset::{
    Compiler, Excluded, IMAGE_TOKENS, ImageSeen, MediaKind, MediaLimits, MediaReference,
    MediaReferences, MediaSeen, Purpose, Sealer, Summary, Verdict,
};
use serde_json::json;

const NOVA: &str = "amazon.nova-lite-v1:0";
const LLAMA: &str = "meta.llama3-2-11b-instruct-v1:0";
const CANVAS: &str = "amazon.nova-canvas-v1:0";

fn compiled(
    model: &str,
    text: &str,
    most: usize,
    piece: usize,
    threads: usize,
) -> (Summary, MediaReferences) {
    let limits = perennial_core::limits::of(Technique::FineTuning, model).unwrap();
    let mut compiler = Compiler::new("data/bot/a.jsonl", Purpose::Training(limits))
        .for_model(model, "fine-tuning")
        .in_bucket("bucket")
        .with_threads(threads)
        .with_media(most);
    let mut out = Vec::new();
    for piece in text.as_bytes().chunks(piece) {
        compiler.push(piece, &mut out);
    }
    compiler.finish_with_media(&mut out)
}

fn record(kind: &str, format: &str, key: &str) -> String {
    let source = json!({ "s3Location": { "uri": format!("s3://bucket/media/bot/{key}") } });
    let record = json!({
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            { "role": "user", "content": [{ kind: { "format": format, "source": source } }, { "text": format!("What is {key}?") }] },
            { "role": "assistant", "content": [{ "text": format!("It is {key}.") }] },
        ],
    });
    format!("{record}\n")
}

#[test]
fn each_file_is_gathered_once_with_the_first_line_that_names_it_however_the_bytes_are_cut() {
    let text = [
        record("image", "PNG", "a.png"),
        "\n".to_owned(),
        record("image", "jpeg", "b.jpg"),
        record("image", "png", "a.png"),
        record("image", "webp", "c.webp"),
    ]
    .concat();
    let (summary, all) = compiled(NOVA, &text, 10, text.len(), 1);
    assert!(summary.is_accepted(), "{}", summary.to_text());
    let listed: Vec<_> = all
        .listed
        .iter()
        .map(|one| (one.line, one.format.as_str(), one.uri.as_str()))
        .collect();
    assert_eq!(
        listed,
        [
            (1, "png", "s3://bucket/media/bot/a.png"),
            (3, "jpeg", "s3://bucket/media/bot/b.jpg"),
            (5, "webp", "s3://bucket/media/bot/c.webp"),
        ]
    );
    assert_eq!(all.more, 0);
    assert_eq!(compiled(NOVA, &text, 10, 7, 3).1, all);
    let (_, two) = compiled(NOVA, &text, 2, 7, 1);
    assert_eq!((two.listed, two.more), (all.listed[..2].to_vec(), 1));
    let (_, none) = compiled(NOVA, &text, 0, 7, 1);
    assert_eq!(none, MediaReferences::default());
}

#[test]
fn pictures_with_captions_are_gathered_too() {
    let line = json!({ "image-ref": "s3://bucket/media/bot/a.jpg", "caption": "A house at night" });
    let (summary, all) = compiled(CANVAS, &format!("{line}\n"), 10, 64, 1);
    assert!(summary.is_accepted(), "{}", summary.to_text());
    assert_eq!(all.listed.len(), 1);
    assert_eq!(
        (all.listed[0].kind, all.listed[0].format.as_str()),
        (MediaKind::Image, "jpg")
    );
}

fn named(kind: MediaKind, format: &str) -> MediaReference {
    MediaReference {
        uri: format!("s3://bucket/media/bot/x.{format}"),
        kind,
        format: format.to_owned(),
        line: 7,
    }
}

fn image(bytes: u64, format: &'static str, width: u64, height: u64) -> MediaSeen {
    let image = Some(ImageSeen {
        format,
        width,
        height,
    });
    MediaSeen::There { bytes, image }
}

/// The finding, if there is one: its rule and what was found.
fn found(model: &str, named: &MediaReference, seen: MediaSeen) -> Option<(String, String)> {
    let limits = MediaLimits::of(model, "fine-tuning").unwrap();
    let mut summary = Summary {
        verdict: Verdict::Accepted,
        ..Summary::default()
    };
    summary.take_media(&limits, [(named, seen)]);
    assert_eq!(summary.is_accepted(), summary.findings.is_empty());
    assert_eq!(summary.errors, summary.findings.len() as u64);
    let finding = summary.findings.pop()?;
    assert_eq!(summary.finding_counts[&finding.rule], 1);
    assert_eq!(finding.line, 7);
    assert!(
        finding.found.ends_with(&format!(": {}", named.uri)),
        "{}",
        finding.found
    );
    let found = finding.found.replace(&format!(": {}", named.uri), "");
    Some((finding.rule, found))
}

#[test]
fn each_limit_holds_to_the_byte_and_to_the_pixel() {
    const MIB: u64 = 1 << 20;
    let png = named(MediaKind::Image, "png");
    let video = named(MediaKind::Video, "mp4");
    let paper = named(MediaKind::Document, "pdf");
    let there = |bytes| MediaSeen::There { bytes, image: None };
    let size = "media-size";
    let cases = [
        (
            NOVA,
            &png,
            MediaSeen::Missing,
            "media-missing",
            "there is no image at this address",
        ),
        (NOVA, &png, image(10 * MIB, "png", 25, 25), "", ""),
        (
            NOVA,
            &png,
            image(10 * MIB + 1, "png", 25, 25),
            size,
            "the image has 10,485,761 bytes where at most 10,485,760 are taken",
        ),
        (
            NOVA,
            &png,
            image(9, "png", 24, 900),
            size,
            "the image has 24 by 900 pixels where a side has at least 25",
        ),
        (
            NOVA,
            &png,
            image(9, "jpeg", 30, 30),
            size,
            "the image is jpeg and the record says png",
        ),
        (NOVA, &png, image(9, "png", 90, 90), "", ""),
        (NOVA, &png, there(0), size, "the image is an empty file"),
        (NOVA, &video, there(0), size, "the video is an empty file"),
        (NOVA, &video, there(50 * MIB), "", ""),
        (
            NOVA,
            &video,
            there(50 * MIB + 1),
            size,
            "the video has 52,428,801 bytes where at most 52,428,800 are taken",
        ),
        (
            "amazon.nova-2-lite-v1:0",
            &paper,
            there(10 * MIB + 1),
            size,
            "the document has 10,485,761 bytes where at most 10,485,760 are taken",
        ),
        (LLAMA, &png, image(9, "png", 10, 8_192), "", ""),
        (
            LLAMA,
            &png,
            image(9, "png", 9, 30),
            "llama-image-size",
            "the image has 9 by 30 pixels where a side has at least 10",
        ),
        (
            LLAMA,
            &png,
            image(9, "png", 30, 8_193),
            "llama-image-size",
            "the image has 30 by 8,193 pixels where a side has at most 8,192",
        ),
        (CANVAS, &png, image(50_000_000, "png", 4_096, 3_072), "", ""),
        (
            CANVAS,
            &png,
            image(50_000_001, "png", 600, 600),
            "caption-image-size",
            "the image has 50,000,001 bytes where at most 50,000,000 are taken",
        ),
        (
            CANVAS,
            &png,
            image(9, "png", 511, 600),
            "caption-image-size",
            "the image has 511 by 600 pixels where a side has at least 512",
        ),
        (
            CANVAS,
            &png,
            image(9, "png", 4_096, 3_073),
            "caption-image-size",
            "the image has 4,096 by 3,073 pixels where 12,582,912 in all are taken",
        ),
        (CANVAS, &png, image(9, "png", 512, 2_048), "", ""),
        (
            CANVAS,
            &png,
            image(9, "png", 512, 2_049),
            "caption-image-size",
            "the image has 512 by 2,049 pixels where a side is at most 4 times the other",
        ),
    ];
    for (model, named, seen, rule, words) in cases {
        let expected = (!rule.is_empty()).then(|| (rule.to_owned(), words.to_owned()));
        assert_eq!(found(model, named, seen), expected, "{model} {seen:?}");
    }
    let jpg = named_jpg();
    assert_eq!(found(CANVAS, &jpg, image(9, "jpeg", 600, 600)), None);
}

fn named_jpg() -> MediaReference {
    named(MediaKind::Image, "jpg")
}

#[test]
fn a_model_that_takes_no_media_has_no_limits_on_them() {
    assert!(MediaLimits::of("amazon.nova-micro-v1:0", "fine-tuning").is_none());
    assert!(MediaLimits::of(NOVA, "evaluation").is_none());
}

#[test]
fn the_first_bytes_of_an_image_say_its_format_and_its_sides() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x01\0\x08\x06\0\0\0";
    let gif = b"GIF89a\x20\0\x10\0\0\0\0";
    let seen =
        |start: &[u8]| ImageSeen::of(start).map(|seen| (seen.format, seen.width, seen.height));
    assert_eq!(seen(png), Some(("png", 512, 256)));
    assert_eq!(seen(gif), Some(("gif", 32, 16)));
    let other = "no PNG, JPEG, GIF or WebP file";
    assert_eq!(seen(b"{\"prompt\": 1}"), Some((other, 0, 0)));
    assert_eq!(seen(b""), Some((other, 0, 0)));
    // A JPEG whose sides do not stand in what was read.
    let mut jpeg = b"\xff\xd8\xff\xe1\xff\xf0Exif".to_vec();
    jpeg.resize(ImageSeen::START, 0);
    assert_eq!(seen(&jpeg), None);
}

#[test]
fn an_image_that_was_read_to_its_end_says_its_sides_or_is_broken() {
    let png = named(MediaKind::Image, "png");
    let there = |bytes| MediaSeen::There { bytes, image: None };
    let start = ImageSeen::START as u64;
    for (model, rule) in [
        (NOVA, "media-size"),
        (LLAMA, "llama-image-size"),
        (CANVAS, "caption-image-size"),
    ] {
        for bytes in [20, start] {
            let (found, words) = found(model, &png, there(bytes)).unwrap();
            assert_eq!(found, rule);
            assert!(words.contains("cut off or broken"), "{words}");
        }
        // Of a longer one, only the first bytes were looked at.
        assert_eq!(found(model, &png, there(start + 1)), None);
    }
    assert_eq!(
        found(NOVA, &named(MediaKind::Video, "mp4"), there(20)),
        None
    );
}

#[test]
fn a_file_that_is_taken_for_two_things_is_held_to_both() {
    let both = [
        record("image", "png", "a.png"),
        record("image", "jpeg", "a.png"),
    ];
    let other_way = [&both[1][..], &both[0], &both[1]].concat();
    for text in [both.concat(), other_way] {
        let (mut summary, all) = compiled(NOVA, &text, 10, 64, 1);
        assert_eq!(all.listed.len(), 2);
        let (_, one) = compiled(NOVA, &text, 1, 64, 1);
        assert_eq!((one.listed.len(), one.more > 0), (1, true));
        let limits = MediaLimits::of(NOVA, "fine-tuning").unwrap();
        let seen = all.listed.iter().map(|one| (one, image(9, "png", 90, 90)));
        summary.take_media(&limits, seen);
        assert_eq!(summary.finding_counts["media-size"], 1);
        assert!(!summary.is_accepted());
    }
}

#[test]
fn a_missing_file_is_listed_however_many_warnings_there_are() {
    let warned = record("image", "png", "a.png").replacen('{', "{\"id\":1,", 1);
    let text: String = (0..150)
        .map(|n| warned.replace("What is", &format!("{n}?")))
        .collect();
    let (mut summary, all) = compiled(NOVA, &text, 10, text.len(), 1);
    assert!(
        summary.is_accepted() && summary.findings.len() == 100,
        "{}",
        summary.to_text()
    );
    let limits = MediaLimits::of(NOVA, "fine-tuning").unwrap();
    summary.take_media(
        &limits,
        all.listed.iter().map(|one| (one, MediaSeen::Missing)),
    );
    assert_eq!(summary.findings.len(), 100);
    assert_eq!(summary.findings[99].rule, "media-missing");
}

#[test]
fn images_are_counted_and_of_videos_and_documents_it_is_said_that_they_are_not() {
    let without = |text: &str| {
        let mut line: serde_json::Value = serde_json::from_str(text).unwrap();
        line["messages"][0]["content"]
            .as_array_mut()
            .unwrap()
            .remove(0);
        format!("{line}\n")
    };
    let one = record("image", "png", "a.png");
    for model in [NOVA, LLAMA] {
        let (summary, _) = compiled(model, &one, 0, 64, 1);
        let (text, _) = compiled(model, &without(&one), 0, 64, 1);
        assert_eq!(summary.tokens_estimate, text.tokens_estimate + IMAGE_TOKENS);
        assert_eq!(
            summary.statistics.prompt_tokens.most,
            text.statistics.prompt_tokens.most + IMAGE_TOKENS
        );
        assert!(!summary.finding_counts.contains_key("uncounted-media"));
        // What is sealed has as many.
        let mut out = Vec::new();
        let limits = perennial_core::limits::of(Technique::FineTuning, model).unwrap();
        let mut compiler = Compiler::new("a.jsonl", Purpose::Training(limits));
        compiler.push(one.as_bytes(), &mut out);
        assert!(compiler.finish(&mut out).is_accepted());
        let limits = perennial_core::limits::of(Technique::FineTuning, model).unwrap();
        let mut sealer = Sealer::new(&limits, Excluded::default(), None);
        let mut sealed = Vec::new();
        sealer.push(&out, &mut sealed);
        sealer.end_shard(&mut sealed);
        assert_eq!(sealer.finish().tokens_estimate, summary.tokens_estimate);
    }
    let (video, _) = compiled(NOVA, &record("video", "mp4", "a.mp4"), 0, 64, 1);
    assert_eq!(video.finding_counts["uncounted-media"], 1);
    assert!(
        video
            .to_text()
            .contains("tokens without videos and documents;"),
        "{}",
        video.to_text()
    );
}

#[test]
fn many_images_may_be_too_long_for_a_record() {
    let record = |images: usize| {
        let image = |n: usize| json!({ "image": { "format": "png", "source": { "s3Location": { "uri": format!("s3://bucket/media/bot/{n}.png") } } } });
        let mut content: Vec<_> = (0..images).map(image).collect();
        content.push(json!({ "text": "Which?" }));
        let answer = json!({ "role": "assistant", "content": [{ "text": "None." }] });
        let turn = json!({ "role": "user", "content": content });
        let more = json!({ "role": "user", "content": content.clone() });
        let messages = json!([turn, answer, more, answer]);
        format!(
            "{}\n",
            json!({ "schemaVersion": "bedrock-conversation-2024", "messages": messages })
        )
    };
    let said = |model: &str, images| {
        let (summary, _) = compiled(model, &record(images), 0, 64, 1);
        summary
            .finding_counts
            .contains_key("sample-may-be-too-long")
    };
    // Two messages: 12 images of 2,600 tokens are 31,200 of the 32,000 of Nova Lite.
    assert_eq!([said(NOVA, 6), said(NOVA, 7)], [false, true]);
}
