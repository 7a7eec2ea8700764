//! Images, videos and documents.
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Mutation, change, content, one_of, pick, put};
use crate::records::block_of;

pub(super) const ALL: &[Mutation] = &[
    change("a uri of another form", 16, uri),
    change("a uri in another bucket", 2, other_bucket),
    change("a format of another name", 8, format),
    change("a format in upper case", 2, format_case),
    change("webp or webm", 2, web_format),
    change("no bucketOwner", 2, no_owner),
    change("media as bytes", 2, bytes),
    change("an image", 2, |rng, record| {
        add(rng, record, "user", &["image"])
    }),
    change("a video", 2, |rng, record| {
        add(rng, record, "user", &["video"])
    }),
    change("a document", 2, |rng, record| {
        add(rng, record, "user", &["document"])
    }),
    change("an image of the assistant", 1, |rng, record| {
        add(rng, record, "assistant", &["image"])
    }),
    change("a video of the assistant", 1, |rng, record| {
        add(rng, record, "assistant", &["video"])
    }),
    change("a document of the assistant", 1, |rng, record| {
        add(rng, record, "assistant", &["document"])
    }),
    change("ten images", 1, |rng, record| images(rng, record, 10)),
    change("eleven images", 1, |rng, record| images(rng, record, 11)),
    change("two videos", 1, |rng, record| {
        add(rng, record, "user", &["video", "video"])
    }),
    change("two documents", 1, |rng, record| {
        add(rng, record, "user", &["document", "document"])
    }),
    change("an image and a video", 1, |rng, record| {
        add(rng, record, "user", &["image", "video"])
    }),
    change("an image and a document", 1, |rng, record| {
        add(rng, record, "user", &["image", "document"])
    }),
    change("media in two messages", 4, in_two_messages),
    change("an image of no size and no name", 1, no_source),
    change("an image beside no text", 2, only_media),
    change("text and image in one block", 1, one_block),
];

fn is_medium(at: &str) -> bool {
    ["/image", "/video", "/document"]
        .iter()
        .any(|kind| at.ends_with(kind))
}

fn medium<'a>(rng: &mut Rng, record: &'a mut Value) -> Option<&'a mut Value> {
    pick(rng, record, |at, value| is_medium(at) && value.is_object())
}

fn set_uri(rng: &mut Rng, record: &mut Value, new: impl Fn(&str) -> String) -> bool {
    let uri = pick(rng, record, |at, value| {
        at.ends_with("/uri") && value.is_string()
    });
    let Some(Value::String(uri)) = uri else {
        return false;
    };
    *uri = new(uri);
    true
}

fn uri(rng: &mut Rng, record: &mut Value) -> bool {
    let form = rng.u8(..15);
    set_uri(rng, record, |uri| {
        let key = uri.trim_start_matches("s3://");
        match form {
            0 => format!("https://{key}"),
            1 => format!("S3://{key}"),
            2 => key.to_owned(),
            3 => format!("s3:/{key}"),
            4 => "s3://".to_owned(),
            5 => "s3://training-bucket".to_owned(),
            6 => "s3://training-bucket/".to_owned(),
            7 => uri.replace("media", "my media"),
            8 => uri.replace("media", "media+more"),
            9 => uri.replace("media", "media%20more"),
            10 => uri.replace("media", "média"),
            11 => format!("{uri}\n"),
            12 => format!(" {uri}"),
            13 => uri.replace("s3://", "s3://s3://"),
            _ => String::new(),
        }
    })
}

fn other_bucket(rng: &mut Rng, record: &mut Value) -> bool {
    set_uri(rng, record, |uri| {
        uri.replace("training-bucket", "other-bucket")
    })
}

fn set_format(rng: &mut Rng, record: &mut Value, new: impl Fn(&str) -> Option<String>) -> bool {
    let format = pick(rng, record, |at, value| {
        at.ends_with("/format") && value.as_str().is_some_and(|format| new(format).is_some())
    });
    let Some(Value::String(format)) = format else {
        return false;
    };
    if let Some(other) = new(format) {
        *format = other;
    }
    true
}

fn format(rng: &mut Rng, record: &mut Value) -> bool {
    let other = one_of(
        rng,
        &["bmp", "jpg", "tiff", "avi", "docx", "txt", "", "image/png"],
    );
    set_format(rng, record, |_| Some(other.to_owned()))
}

fn format_case(rng: &mut Rng, record: &mut Value) -> bool {
    set_format(rng, record, |format| Some(format.to_uppercase()))
}

fn web_format(rng: &mut Rng, record: &mut Value) -> bool {
    let found = set_format(rng, record, |format| match format {
        "png" => Some("webp".to_owned()),
        "mp4" => Some("webm".to_owned()),
        _ => None,
    });
    found
        && set_uri(rng, record, |uri| {
            uri.replace(".png", ".webp").replace(".mp4", ".webm")
        })
}

fn no_owner(rng: &mut Rng, record: &mut Value) -> bool {
    let location = pick(rng, record, |at, value| {
        at.ends_with("/s3Location") && value.is_object()
    });
    let Some(Value::Object(location)) = location else {
        return false;
    };
    location.remove("bucketOwner").is_some()
}

fn bytes(rng: &mut Rng, record: &mut Value) -> bool {
    let medium = medium(rng, record);
    put(medium, "source", json!({"bytes": "iVBORw0KGgo="}))
}

fn format_of(kind: &str) -> &'static str {
    match kind {
        "image" => "png",
        "video" => "mp4",
        _ => "pdf",
    }
}

fn add(rng: &mut Rng, record: &mut Value, role: &str, kinds: &[&str]) -> bool {
    let blocks: Vec<Value> = kinds
        .iter()
        .map(|kind| block_of(rng, kind, format_of(kind)))
        .collect();
    let content = content(rng, record, role);
    content.map(|content| content.extend(blocks)).is_some()
}

fn images(rng: &mut Rng, record: &mut Value, number: usize) -> bool {
    let Some(user) = record
        .pointer("/messages/0/content")
        .and_then(Value::as_array)
    else {
        return false;
    };
    let missing = number.saturating_sub(
        user.iter()
            .filter(|block| block.get("image").is_some())
            .count(),
    );
    let blocks: Vec<Value> = (0..missing)
        .map(|_| block_of(rng, "image", "png"))
        .collect();
    let content = record.pointer_mut("/messages/0/content");
    content
        .and_then(Value::as_array_mut)
        .map(|content| content.extend(blocks))
        .is_some()
}

fn in_two_messages(rng: &mut Rng, record: &mut Value) -> bool {
    let kinds = [
        ("image", "image"),
        ("video", "video"),
        ("document", "document"),
        ("image", "video"),
        ("image", "document"),
    ];
    let (first, second) = one_of(rng, &kinds);
    let blocks = [first, second].map(|kind| block_of(rng, kind, format_of(kind)));
    let Some(messages) = super::messages(record) else {
        return false;
    };
    let mut users: Vec<&mut Vec<Value>> = messages
        .iter_mut()
        .filter(|message| message["role"] == "user")
        .filter_map(|message| message.get_mut("content")?.as_array_mut())
        .collect();
    let [one, .., other] = users.as_mut_slice() else {
        return false;
    };
    let [block_of_one, block_of_other] = blocks;
    one.push(block_of_one);
    other.push(block_of_other);
    true
}

fn no_source(rng: &mut Rng, record: &mut Value) -> bool {
    let content = content(rng, record, "user");
    content
        .map(|content| content.push(json!({"image": {}})))
        .is_some()
}

fn only_media(rng: &mut Rng, record: &mut Value) -> bool {
    let block = block_of(rng, "image", "png");
    let content = content(rng, record, "user");
    content.map(|content| *content = vec![block]).is_some()
}

fn one_block(rng: &mut Rng, record: &mut Value) -> bool {
    let mut block = block_of(rng, "image", "png");
    block["text"] = json!("What is this?");
    let content = content(rng, record, "user");
    content.map(|content| *content = vec![block]).is_some()
}
