//! A conversation as the checks look at it: whatever of it can be read, wherever it stands.
use serde_json::{Map, Value};

/// The Nova model that a validator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nova {
    /// Nova Micro.
    Micro,
    /// Nova Lite, the first.
    Lite,
    /// Nova Pro.
    Pro,
    /// Nova 2 Lite.
    Lite2,
    /// No Nova model.
    None,
}

pub(super) struct Sample<'a> {
    pub(super) nova: Nova,
    pub(super) record: &'a Value,
    pub(super) messages: Vec<Message<'a>>,
}

pub(super) struct Message<'a> {
    pub(super) role: Option<&'a str>,
    /// The blocks, if content is a list.
    pub(super) content: Option<&'a [Value]>,
}

pub(super) type Block<'a> = &'a Map<String, Value>;

impl<'a> Sample<'a> {
    pub(super) fn new(nova: Nova, record: &'a Value) -> Self {
        let messages = record
            .get("messages")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        Self {
            nova,
            record,
            messages: messages
                .iter()
                .map(|message| Message {
                    role: message.get("role").and_then(Value::as_str),
                    content: message
                        .get("content")
                        .and_then(Value::as_array)
                        .map(Vec::as_slice),
                })
                .collect(),
        }
    }

    /// Whether every message is an object with a role: what is said of the order of roles is said of those.
    pub(super) fn has_roles(&self) -> bool {
        self.messages.iter().all(|message| message.role.is_some())
    }

    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'a>> {
        self.messages.iter().flat_map(Message::blocks)
    }

    /// The value of each block's member, where it is there and not null.
    pub(super) fn each(&self, name: &str) -> impl Iterator<Item = &'a Value> {
        self.blocks().filter_map(move |block| some(block, name))
    }

    /// The texts of a member of the system's blocks.
    pub(super) fn system(&self) -> impl Iterator<Item = &'a str> {
        let blocks = self.record.get("system").and_then(Value::as_array);
        blocks
            .into_iter()
            .flatten()
            .filter_map(|block| block.get("text").and_then(Value::as_str))
    }

    pub(super) fn tools(&self) -> Option<&'a [Value]> {
        let config = self.record.get("toolConfig")?;
        config.get("tools")?.as_array().map(Vec::as_slice)
    }
}

impl<'a> Message<'a> {
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'a>> + use<'a> {
        let blocks = self.content.unwrap_or_default();
        blocks.iter().filter_map(Value::as_object)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    pub(super) fn count(&self, name: &str) -> usize {
        self.blocks()
            .filter(|block| some(block, name).is_some())
            .count()
    }

    pub(super) fn is(&self, role: &str) -> bool {
        self.role
            .is_some_and(|own| super::python::lower(own) == role)
    }

    /// Some block has a text, and all of them together have no character.
    pub(super) fn has_empty_text(&self) -> bool {
        let mut texts = self
            .blocks()
            .filter_map(|block| some(block, "text"))
            .peekable();
        texts.peek().is_some() && texts.all(|text| text.as_str() == Some(""))
    }
}

/// A member that is there and not null.
pub(super) fn some<'a>(block: Block<'a>, name: &str) -> Option<&'a Value> {
    block.get(name).filter(|value| !value.is_null())
}

/// A string at the end of a path of members.
pub(super) fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    let mut value = value;
    for name in path {
        value = value.get(name)?;
    }
    value.as_str()
}
