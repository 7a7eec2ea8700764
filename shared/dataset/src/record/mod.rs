//! A training record as Perennial understands it, whatever shape it came in.
mod bedrock;
mod blocks;
mod calls;
mod content;
pub(crate) mod log;
mod lost;
mod openai;
mod order;
mod others;
mod pair;
pub(crate) mod preference;
pub(crate) mod quick;
pub(crate) mod tools;
mod weight;

use perennial_core::limits::{ContentLimits, RecordShape};
use smallvec::SmallVec;

use crate::{
    canonical::whole::KnownBy,
    conversation::Role,
    finding::Problem,
    json::{Text, Value},
    members::white_space,
    path::Path,
    rules,
    shape::InputShape,
};

/// Something that a model reads or writes, besides text.
#[derive(Debug, Clone)]
pub(crate) struct Media<'a> {
    pub(crate) kind: MediaKind,
    pub(crate) format: Text<'a>,
    pub(crate) uri: Text<'a>,
    pub(crate) owner: Option<Text<'a>>,
}

/// What a file is, for a record that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A paper, such as a PDF.
    Document,
}

impl MediaKind {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ToolUse<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) name: Text<'a>,
    /// Compact JSON of an object.
    pub(crate) input: String,
}

impl<'a> ToolUse<'a> {
    /// A use of which only the id could be read; its record is refused for what is wrong with the rest.
    fn unread(id: Text<'a>) -> Self {
        Self {
            id,
            name: Text::of(""),
            input: "{}".to_owned(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct ToolResult<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) content: Vec<ResultPart<'a>>,
    pub(crate) status: Option<Text<'a>>,
}

#[derive(Debug, Clone)]
pub(crate) enum ResultPart<'a> {
    Text(Text<'a>),
    /// Compact JSON of an object.
    Json(String),
}

/// A piece of a message. What is rare is boxed, so that a text stays small.
#[derive(Debug, Clone)]
pub(crate) enum Block<'a> {
    Text(Text<'a>),
    Reasoning(Text<'a>),
    Media(Box<Media<'a>>),
    ToolUse(Box<ToolUse<'a>>),
    ToolResult(Box<ToolResult<'a>>),
}

impl Block<'_> {
    /// Hands what it holds as JSON to `each`: what a tool is given, or answers.
    pub(crate) fn for_each_json(&self, mut each: impl FnMut(&str)) {
        match self {
            Self::ToolUse(used) => {
                each(used.name.raw());
                each(&used.input);
            }
            Self::ToolResult(result) => {
                for part in &result.content {
                    if let ResultPart::Json(json) = part {
                        each(json);
                    }
                }
            }
            Self::Text(_) | Self::Reasoning(_) | Self::Media(_) => {}
        }
    }
}

/// One message.
#[derive(Debug, Clone)]
pub(crate) struct Turn<'a> {
    pub(crate) role: Role,
    pub(crate) blocks: SmallVec<[Block<'a>; 1]>,
    /// Which message of the record it was (the first, where several were joined).
    pub(crate) index: usize,
}

impl<'a> Turn<'a> {
    pub(crate) fn of_text(role: Role, text: Text<'a>, index: usize) -> Self {
        Self {
            role,
            blocks: smallvec::smallvec![Block::Text(text)],
            index,
        }
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = &Text<'a>> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) => Some(text),
            _ => None,
        })
    }

    /// Whether all that it says is white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.blocks.iter().all(|block| match block {
            Block::Text(text) => text.is_blank(),
            // Thought of, and not said.
            Block::Reasoning(_) => true,
            _ => false,
        })
    }

    /// Leaves out texts of white space beside something else: validators refuse them, and they say nothing.
    pub(crate) fn without_blanks(mut self, path: Path<'_>, problems: &mut Vec<Problem>) -> Self {
        let is_text = |block: &Block<'a>| matches!(block, Block::Text(_));
        if self.blocks.len() > 1 && !self.blocks.iter().all(is_text) && !self.is_blank() {
            let path = Path::Member(&path, "content");
            self.blocks.retain(|block| match block {
                Block::Text(text) if text.is_blank() => {
                    problems.extend(white_space(path, text));
                    false
                }
                _ => true,
            });
        }
        self
    }
}

/// A system text and turns that alternate from user to assistant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conversation<'a> {
    pub(crate) system: SmallVec<[Text<'a>; 1]>,
    pub(crate) turns: Vec<Turn<'a>>,
    /// `toolConfig` as compact JSON.
    pub(crate) tools: Option<String>,
}

/// One record.
#[derive(Debug, Clone)]
pub(crate) enum Record<'a> {
    Conversation(Conversation<'a>),
    /// A document, for continued pre-training.
    Document(Text<'a>),
    /// A picture and its words.
    Caption {
        image: Text<'a>,
        caption: Text<'a>,
    },
    /// A reinforcement record: its texts for the checks, the record itself as it came.
    Reinforcement {
        conversation: Conversation<'a>,
        known_by: KnownBy,
        json: Vec<u8>,
    },
    /// Two answers, one of them preferred.
    Preference(Box<preference::Preference<'a>>),
    /// An invocation log that distillation takes as it is.
    Log {
        conversation: Conversation<'a>,
        known_by: KnownBy,
        json: Vec<u8>,
    },
}

impl<'a> Record<'a> {
    pub(crate) fn conversation(&self) -> Option<&Conversation<'a>> {
        match self {
            Self::Conversation(conversation)
            | Self::Reinforcement { conversation, .. }
            | Self::Log { conversation, .. } => Some(conversation),
            Self::Preference(preference) => Some(&preference.conversation),
            Self::Document(_) | Self::Caption { .. } => None,
        }
    }

    /// How many images it names, and how many other files.
    pub(crate) fn media(&self) -> (u64, u64) {
        let turns = (self.conversation()).map_or(&[][..], |conversation| &conversation.turns);
        let blocks = turns.iter().flat_map(|turn| &turn.blocks);
        blocks.fold((0, 0), |(images, others), block| match block {
            Block::Media(media) if media.kind == MediaKind::Image => (images + 1, others),
            Block::Media(_) => (images, others + 1),
            _ => (images, others),
        })
    }

    /// Hands what a model reads besides texts to `each`, as compact JSON: definitions of tools, what tools are given and answer.
    pub(crate) fn for_each_json(&self, mut each: impl FnMut(&str)) {
        let Some(conversation) = self.conversation() else {
            return;
        };
        conversation.tools.iter().for_each(|tools| each(tools));
        for block in conversation.turns.iter().flat_map(|turn| &turn.blocks) {
            block.for_each_json(&mut each);
        }
    }

    /// Hands the names of the tools that are used to `each`, and by what a use and its result are known.
    pub(crate) fn for_each_name(&self, mut each: impl FnMut(&Text<'a>)) {
        let turns = self
            .conversation()
            .into_iter()
            .flat_map(|record| &record.turns);
        for block in turns.flat_map(|turn| &turn.blocks) {
            match block {
                Block::ToolUse(used) => {
                    each(&used.name);
                    each(&used.id);
                }
                Block::ToolResult(result) => {
                    each(&result.id);
                    result.status.iter().for_each(&mut each);
                }
                Block::Text(_) | Block::Reasoning(_) | Block::Media(_) => {}
            }
        }
    }

    /// Hands every text that a model would read to `each`.
    pub(crate) fn for_each_text<'s>(&'s self, mut each: impl FnMut(&'s Text<'a>)) {
        let conversation = match self {
            Self::Document(text) => return each(text),
            Self::Caption { caption, .. } => return each(caption),
            Self::Conversation(conversation)
            | Self::Reinforcement { conversation, .. }
            | Self::Log { conversation, .. } => conversation,
            Self::Preference(preference) => {
                // The preferred answer is the last text.
                preference.rejected.texts().for_each(&mut each);
                &preference.conversation
            }
        };
        conversation.system.iter().for_each(&mut each);
        for block in conversation.turns.iter().flat_map(|turn| &turn.blocks) {
            match block {
                Block::Text(text) | Block::Reasoning(text) => each(text),
                Block::ToolResult(result) => {
                    for part in &result.content {
                        if let ResultPart::Text(text) = part {
                            each(text);
                        }
                    }
                }
                Block::Media(_) | Block::ToolUse(_) => {}
            }
        }
    }
}

/// Optional members that a record has: present in one, they are to be present in all (aws/nova-forge-sdk).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Optional(pub(crate) u8);

impl Optional {
    pub(crate) const NAMES: [&'static str; 6] = [
        "system",
        "image",
        "video",
        "reasoningContent",
        "toolUse",
        "toolResult",
    ];

    pub(crate) fn of(record: &Record<'_>) -> Self {
        let Some(conversation) = record.conversation() else {
            return Self::default();
        };
        let mut bits = u8::from(!conversation.system.is_empty());
        for block in conversation.turns.iter().flat_map(|turn| &turn.blocks) {
            bits |= match block {
                Block::Text(_) => 0,
                Block::Media(media) => match media.kind {
                    MediaKind::Image => 2,
                    MediaKind::Video => 4,
                    MediaKind::Document => 0,
                },
                Block::Reasoning(_) => 8,
                Block::ToolUse(_) => 16,
                Block::ToolResult(_) => 32,
            };
        }
        Self(bits)
    }

    /// Whether a tool is used in it, or its result given.
    fn has_tools(self) -> bool {
        self.0 & (16 | 32) != 0
    }
}

/// What the trainer of this dataset takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken<'l> {
    pub(crate) shape: RecordShape,
    pub(crate) content: &'l ContentLimits,
    /// Where these figures come from, for messages.
    pub(crate) source: &'l str,
    /// The teacher whose logged answers are learnt.
    pub(crate) answers_of: Option<&'l str>,
    /// The bucket of the training data, where it is known.
    pub(crate) bucket: Option<&'l str>,
}

/// Reads a record. Everything wrong with it goes to `problems`; a record with an error among them must not be used.
pub(crate) fn read<'a>(
    value: Value<'a>,
    shape: InputShape,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Record<'a> {
    if let Some(record) = preference::read(value, shape, taken, problems) {
        return record;
    }
    let conversation = match shape {
        InputShape::PromptCompletion => pair::read(value, "completion", problems),
        InputShape::PromptResponse => pair::read(value, "response", problems),
        InputShape::BedrockConversation => bedrock::read(value, taken, problems),
        InputShape::Messages => openai::read(value, taken, problems),
        InputShape::Prompts => pair::prompt(value, problems),
        InputShape::Document => return Record::Document(others::document(value, "text", problems)),
        InputShape::Input => return Record::Document(others::document(value, "input", problems)),
        InputShape::Caption => return others::caption(value, problems),
        InputShape::Reinforcement => return others::reinforcement(value, problems),
        InputShape::InvocationLog => return log::read(value, taken, problems),
        // Read or refused before.
        InputShape::Evaluation
        | InputShape::Candidates
        | InputShape::Chosen
        | InputShape::PreferredOutput => Conversation::default(),
    };
    if taken.shape == RecordShape::DistillationPrompts && conversation.turns.len() > 2 {
        problems.push(Problem::new(
            &rules::DISTILLATION_TURNS,
            "$.messages",
            format!("{} messages", conversation.turns.len()),
            "Write each question as a record of its own, with what came before it in its text.",
        ));
    }
    content::check(&conversation, taken, problems);
    Record::Conversation(conversation)
}
