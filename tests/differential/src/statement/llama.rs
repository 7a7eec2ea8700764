//! D, Llama: the JSON Schemas of amazon-bedrock-samples. They leave turns, texts and formats alone; a blank line ends the script.
use serde_json::Value;

use super::{
    BLANK_LINE, BROKEN_LINE, BYTE_ORDER_MARK, Found, MEDIA_OF_ASSISTANT, each_record,
    model::{MANY, Model, Type},
    sample::{Nova, Sample},
};
use crate::file::{File, Python};

static CONVERSATION: Type = Type::Model(&Model {
    required: &[("messages", Type::List(&MESSAGE, 2, MANY))],
    optional: &[
        ("schemaVersion", Type::Words(&["bedrock-conversation-2024"])),
        ("system", Type::List(&SYSTEM, 1, 1)),
    ],
    closed: false,
});
static SYSTEM: Type = Type::Model(&Model {
    required: &[("text", Type::Text)],
    optional: &[],
    closed: false,
});
static MESSAGE: Type = Type::Model(&Model {
    required: &[
        ("role", Type::Words(&["user", "assistant"])),
        ("content", Type::List(&BLOCK, 1, MANY)),
    ],
    optional: &[],
    closed: false,
});
static BLOCK: Type = Type::Model(&Model {
    required: &[],
    optional: &[
        ("text", Type::Text),
        ("image", Type::Model(&MEDIUM)),
        ("video", Type::Model(&MEDIUM)),
    ],
    closed: false,
});
static MEDIUM: Model = Model {
    required: &[("format", Type::Text), ("source", Type::Model(&SOURCE))],
    optional: &[],
    closed: false,
};
static SOURCE: Model = Model {
    required: &[("s3Location", Type::Model(&LOCATION))],
    optional: &[],
    closed: false,
};
static LOCATION: Model = Model {
    required: &[("uri", Type::Start("s3://"))],
    optional: &[("bucketOwner", Type::Text)],
    closed: false,
};
static PAIR: Type = Type::Model(&Model {
    required: &[("prompt", Type::Text), ("completion", Type::Text)],
    optional: &[],
    closed: false,
});

pub(super) fn conversations(nova: Nova, file: &File) -> Found {
    judge(file, &CONVERSATION, |record, found| {
        let sample = Sample::new(nova, record);
        for message in &sample.messages {
            // Asked by key: a null is an image, and the schema has refused it before.
            let image = message.blocks().any(|block| block.contains_key("image"));
            if message.role == Some("assistant") && image {
                found.add(&MEDIA_OF_ASSISTANT, "$.messages[].content[]");
            }
        }
    })
}

pub(super) fn pairs(_: Nova, file: &File) -> Found {
    judge(file, &PAIR, |_, _| {})
}

fn judge(file: &File, of: &'static Type, checks: impl Fn(&Value, &mut Found)) -> Found {
    let mut found = Found::default();
    if file.has_mark {
        found.add(&BYTE_ORDER_MARK, "$");
    }
    if file
        .lines
        .iter()
        .any(|line| matches!(line.python, Python::Blank))
    {
        found.add(&BLANK_LINE, "$");
    }
    each_record(file, &mut found, Some(&BROKEN_LINE), of, checks);
    found
}
