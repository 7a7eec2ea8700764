//! V: the AWS Nova Dataset Validator, task `sft`, one file, samples skipped where they are bad, counts left out.
use super::{
    BROKEN_LINE, BYTE_ORDER_MARK, CONTENT_HOLDS, DOCUMENT_FORMAT, DOCUMENTS, EMPTY_TEXT,
    FORBIDDEN_WORD, Found, IMAGE_FORMAT, MIXED_MEDIA, REASONING_EMPTY, REASONING_MEDIA,
    VIDEO_FORMAT, each_record,
    model::{MANY, Model, Type},
    nova::{ALIKE, OPTIONAL_TEXT, REASONING, SYSTEM, TEXT, TOOL_CONFIG, TOOL_RESULT, TOOL_USE},
    python::{lower, strip},
    sample::{Nova, Sample, some, text},
};
use crate::file::File;

/// What the list comes to: commas are missing in it, so that Python joins some of its words, and `thought:` and `[eos]` stand in none.
pub(super) const WORDS: [&str; 7] = [
    "system:",
    "user:",
    "bot:",
    "assistant:",
    "<image>",
    "<video>",
    "<unk>",
];

static RECORD: Type = Type::Model(&Model {
    required: &[("messages", Type::List(&MESSAGE, 0, MANY))],
    optional: &[
        ("schemaVersion", Type::Nullable(&TEXT)),
        ("system", Type::Nullable(&SYSTEM)),
        ("toolConfig", Type::Nullable(&TOOL_CONFIG)),
    ],
    closed: false,
});
static MESSAGE: Type = Type::Model(&Model {
    required: &[
        ("role", Type::Text),
        ("content", Type::List(&BLOCK, 0, MANY)),
    ],
    optional: &[],
    closed: false,
});
static BLOCK: Type = Type::Model(&Model {
    required: &[],
    optional: &[
        ("text", Type::Nullable(&TEXT)),
        ("image", Type::Nullable(&MEDIUM)),
        ("video", Type::Nullable(&MEDIUM)),
        ("document", Type::Nullable(&MEDIUM)),
        ("reasoningContent", Type::Nullable(&REASONING)),
        ("toolUse", Type::Nullable(&TOOL_USE)),
        ("toolResult", Type::Nullable(&TOOL_RESULT)),
    ],
    closed: false,
});
static MEDIUM: Type = Type::Model(&Model {
    required: &[("format", Type::Text), ("source", Type::Model(&SOURCE))],
    optional: &[],
    closed: false,
});
static SOURCE: Model = Model {
    required: &[("s3Location", Type::Model(&LOCATION))],
    optional: &[],
    closed: false,
};
static LOCATION: Model = Model {
    required: &[("uri", Type::Text)],
    optional: &[("bucketOwner", Type::Nullable(&OPTIONAL_TEXT))],
    closed: false,
};

const OWN: &[fn(&Sample<'_>, &mut Found)] = &[
    content_holds_something,
    empty_text,
    image_formats,
    video_formats,
    document_formats,
    mixed_media,
    documents_in_message,
    documents_in_record,
    reasoning_empty,
    reasoning_beside_media,
    forbidden_words,
];

pub(super) fn judge(nova: Nova, file: &File) -> Found {
    let mut found = Found::default();
    if file.has_mark {
        found.add(&BYTE_ORDER_MARK, "$");
    }
    each_record(
        file,
        &mut found,
        Some(&BROKEN_LINE),
        &RECORD,
        |record, found| {
            let sample = Sample::new(nova, record);
            for check in ALIKE.iter().chain(OWN) {
                check(&sample, found);
            }
        },
    );
    found
}

/// Reasoning alone is not enough.
fn content_holds_something(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        let holds = [
            "text",
            "image",
            "video",
            "document",
            "toolUse",
            "toolResult",
        ]
        .iter()
        .any(|name| message.has(name));
        if message.content.is_some() && !holds {
            found.add(&CONTENT_HOLDS, "$.messages[].content");
        }
    }
}

fn empty_text(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        let beside = ["image", "video", "document", "reasoningContent"];
        if message.has_empty_text() && !beside.iter().any(|name| message.has(name)) {
            found.add(&EMPTY_TEXT, "$.messages[].content");
        }
    }
}

fn formats(sample: &Sample<'_>, name: &str, taken: &[&str]) -> bool {
    sample
        .each(name)
        .filter_map(|media| text(media, &["format"]))
        .all(|format| taken.contains(&lower(format).as_str()))
}

fn image_formats(sample: &Sample<'_>, found: &mut Found) {
    let taken: &[&str] = match sample.nova {
        Nova::Lite2 => &["png", "jpeg", "gif"],
        _ => &["jpeg", "png", "gif", "webp"],
    };
    if !formats(sample, "image", taken) {
        found.add(&IMAGE_FORMAT, "$.messages[].content[].image.format");
    }
}

fn video_formats(sample: &Sample<'_>, found: &mut Found) {
    let taken: &[&str] = match sample.nova {
        Nova::Lite2 => &["mov", "mkv", "mp4"],
        _ => &["mov", "mkv", "mp4", "webm"],
    };
    if !formats(sample, "video", taken) {
        found.add(&VIDEO_FORMAT, "$.messages[].content[].video.format");
    }
}

fn document_formats(sample: &Sample<'_>, found: &mut Found) {
    if !formats(sample, "document", &["pdf"]) {
        found.add(&DOCUMENT_FORMAT, "$.messages[].content[].document.format");
    }
}

/// An image beside a document passes.
fn mixed_media(sample: &Sample<'_>, found: &mut Found) {
    for message in &sample.messages {
        if message.has("video") && (message.has("image") || message.has("document")) {
            found.add(&MIXED_MEDIA, "$.messages[].content");
        }
    }
}

fn documents_in_message(sample: &Sample<'_>, found: &mut Found) {
    if sample
        .messages
        .iter()
        .any(|message| message.count("document") > 1)
    {
        found.add(&DOCUMENTS, "$.messages[].content");
    }
}

fn documents_in_record(sample: &Sample<'_>, found: &mut Found) {
    if sample.each("document").count() > 1 {
        found.add(&DOCUMENTS, "$.messages");
    }
}

fn reasoning_empty(sample: &Sample<'_>, found: &mut Found) {
    for reasoning in sample.each("reasoningContent") {
        if text(reasoning, &["reasoningText", "text"]) == Some("") {
            found.add(
                &REASONING_EMPTY,
                "$.messages[].content[].reasoningContent.reasoningText.text",
            );
        }
    }
}

/// Within one block; in two blocks of a message they pass.
fn reasoning_beside_media(sample: &Sample<'_>, found: &mut Found) {
    for block in sample.blocks() {
        let media = some(block, "image").is_some() || some(block, "video").is_some();
        if media && some(block, "reasoningContent").is_some() {
            found.add(&REASONING_MEDIA, "$.messages[].content[]");
        }
    }
}

/// Whether one of the words stands in it, in any case.
pub(super) fn has_forbidden_word(text: &str) -> bool {
    let text = lower(strip(text));
    WORDS.iter().any(|word| text.contains(word))
}

/// Tool results are not looked at.
fn forbidden_words(sample: &Sample<'_>, found: &mut Found) {
    if sample.system().any(has_forbidden_word) {
        found.add(&FORBIDDEN_WORD, "$.system[].text");
    }
    let at = "$.messages[].content[]";
    let texts = sample.each("text").filter_map(|text| text.as_str());
    if texts.into_iter().any(has_forbidden_word) {
        found.add(&FORBIDDEN_WORD, format!("{at}.text"));
    }
    for reasoning in sample.each("reasoningContent") {
        if text(reasoning, &["reasoningText", "text"]).is_some_and(has_forbidden_word) {
            found.add(
                &FORBIDDEN_WORD,
                format!("{at}.reasoningContent.reasoningText.text"),
            );
        }
    }
}
