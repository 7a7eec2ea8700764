//! What the official validators would say on a file: our own statement of their rules, one function for each check, with the
//! function of theirs that it states. Nothing here knows how Perennial decides.
//!
//! What their scripts do beyond one file is left out: they count records (`figures.rs` has that), and the Nova Forge SDK looks
//! at each media object in S3, which is taken to be there and to be sound.

mod claude;
mod distillation;
mod documents;
mod forge;
mod llama;
mod model;
mod nova;
mod python;
mod reinforcement;
mod sample;
mod script;

pub use sample::Nova;

use crate::file::File;
use model::Type;

/// One thing that a validator looks at.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name in the table of disagreements.
    pub id: &'static str,
    /// What must hold.
    pub says: &'static str,
    /// Where the validator says so.
    pub source: &'static str,
    /// A part of the message of the Nova Forge SDK, where it has this check.
    pub words: &'static str,
}

/// One check that a file does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The check.
    pub check: &'static Check,
    /// The JSON path, without indices.
    pub at: String,
}

/// What a validator says on a file: nothing, if it passes.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order in which they were found, each pair of check and place once.
    pub breaches: Vec<Breach>,
}

impl Found {
    fn add(&mut self, check: &'static Check, at: impl Into<String>) {
        let breach = Breach {
            check,
            at: at.into(),
        };
        if !self.breaches.contains(&breach) {
            self.breaches.push(breach);
        }
    }

    /// Whether the file passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.breaches.is_empty()
    }
}

/// An official validator, for one form of record.
#[derive(Debug)]
pub struct Validator {
    /// Its name in the table: the script, and what it is told to look for.
    pub name: &'static str,
    /// What it is called in full.
    pub title: &'static str,
    /// What it says on a file for this model.
    pub judge: fn(Nova, &File) -> Found,
}

macro_rules! validators {
    ($($name:ident = $short:literal, $title:literal, $judge:expr;)*) => {
        $(#[doc = $title] pub static $name: Validator = Validator { name: $short, title: $title, judge: $judge };)*
        /// Every validator that is stated here.
        pub static VALIDATORS: &[&Validator] = &[$(&$name),*];
    };
}

validators! {
    SCRIPT = "V", "AWS Nova Dataset Validator, fine-tuning (`-t sft`)", script::judge;
    SCRIPT_TEXT = "V cpt", "AWS Nova Dataset Validator, continued pre-training (`-t cpt`)", documents::script;
    SCRIPT_REWARD = "V rft", "AWS Nova Dataset Validator, reinforcement fine-tuning (`-t rft`)", reinforcement::script;
    FORGE = "F", "Nova Forge SDK, SFTDatasetValidator", forge::judge;
    FORGE_TEXT = "F cpt", "Nova Forge SDK, CPTDatasetValidator", documents::forge;
    FORGE_REWARD = "F rft", "Nova Forge SDK, RFTDatasetValidator", reinforcement::forge;
    CLAUDE = "D claude", "amazon-bedrock-samples, Claude 3 Haiku", claude::judge;
    LLAMA = "D llama", "amazon-bedrock-samples, Llama 3.2 (conversations)", llama::conversations;
    LLAMA_PAIRS = "D llama pairs", "amazon-bedrock-samples, Llama 3.1 (prompt and completion)", llama::pairs;
    PROMPTS = "D prompts", "amazon-bedrock-samples, distillation prompts", distillation::prompts;
    LOGS = "D logs", "amazon-bedrock-samples, distillation from invocation logs", distillation::logs;
}

macro_rules! checks {
    ($($name:ident = $id:literal, $source:literal, $words:literal, $says:literal;)*) => {
        $(pub(crate) static $name: Check = Check { id: $id, says: $says, source: $source, words: $words };)*
        /// Every check that is stated here.
        pub static CHECKS: &[&Check] = &[$(&$name),*];
    };
}

checks! {
    // Of lines.
    BROKEN_LINE = "broken-line", "V validate_jsonl_file, D", "", "A line is JSON as Python reads it.";
    BLANK_LINE = "blank-line", "D validate_file, main, validate_lines", "", "No line is blank.";
    BYTE_ORDER_MARK = "byte-order-mark", "V validate_jsonl_file, D (Python's json)", "", "The file does not start with a byte order mark.";
    // Of types, as pydantic and JSON Schema have them.
    MISSING_MEMBER = "missing-member", "the pydantic model or JSON Schema", "Field required", "A required member is there.";
    WRONG_TYPE = "wrong-type", "the pydantic model or JSON Schema", "Input should be", "A member has its type.";
    EXTRA_MEMBER = "extra-member", "extra=\"forbid\" or additionalProperties", "Extra inputs are not permitted", "No member is there that the form does not name.";
    WRONG_VALUE = "wrong-value", "const, enum or pattern of the JSON Schema or the field", "", "A member has one of its values.";
    TOO_FEW = "too-few", "minItems", "", "A list has as many items as it needs.";
    TOO_MANY = "too-many", "maxItems", "", "A list has no more items than it may.";
    // Of conversations.
    SCHEMA_VERSION = "schema-version", "F SFTConverseDatasetSample.validate_schema_version", "must be 'bedrock-conversation-2024'", "schemaVersion is bedrock-conversation-2024.";
    TWO_MESSAGES = "two-messages", "V and F check_roles_order", "are needed in sample", "A conversation has at least two messages.";
    ROLE_NAME = "role-name", "V validate_role_name, F Message.validate_role", "Invalid value for role", "A role is user or assistant, in any case.";
    ROLE_ORDER = "role-order", "V and F check_roles_order, D-claude check_message_structure, D-distil validate_alternating_messages", "Invalid messages", "Roles are user and assistant in turn, in lower case, and the last is assistant.";
    CONTENT_HOLDS = "content-holds-nothing", "V Message.validate_content", "", "A content has a text, an image, a video, a document, a tool use or a tool result.";
    EMPTY_TEXT = "empty-text", "V and F Message.validate_content", "empty text content", "The texts of a message are not all of length zero.";
    BLOCK_HOLDS = "block-holds-nothing", "V and F ContentItem.validate_model_fields", "at least one of", "A block has one of the members that blocks have.";
    FORBIDDEN_WORD = "forbidden-word", "V validate_invalid_tokens, F _validate_keywords, D-claude check_message_structure", "Please do not use these keywords", "No text has a word of the list.";
    // Of media.
    MEDIA_OF_ASSISTANT = "media-of-assistant", "V and F Message.validate_content_rules, D-llama validate_converse", "cannot be included when role is 'assistant'", "The assistant has no media.";
    MEDIA_OF_MICRO = "media-of-micro", "V Message.validate_content, F multimodal_content", "Invalid content", "Nova Micro has no media.";
    IMAGE_FORMAT = "image-format", "V ImageContent.validate_format and Message.validate_content, F image_format", "Invalid format", "An image has a format that the model takes, in any case.";
    VIDEO_FORMAT = "video-format", "V VideoContent.validate_format and Message.validate_content, F video_format", "Invalid format", "A video has a format that the model takes, in any case.";
    DOCUMENT_FORMAT = "document-format", "V DocumentContent.validate_format, F doc_format", "Invalid format", "A document is a PDF, and the model takes it.";
    IMAGES = "images", "V Message.validate_content, F image_count", "image(s) allowed per message", "A message has at most 10 images.";
    VIDEOS = "videos", "V Message.validate_content, F video_count", "video(s) allowed per message", "A message has at most one video.";
    DOCUMENTS = "documents", "V Message.validate_content, validate_one_document_per_sample", "", "A record has at most one document.";
    MIXED_MEDIA = "mixed-media", "V and F Message.validate_content", "can ONLY contain one of", "A message does not mix media: no video with another kind (V), one kind (F).";
    URI_SCHEME = "uri-scheme", "V and F S3Location.validate_format", "must start with 's3://'", "A uri starts with s3://.";
    URI_CHARACTERS = "uri-characters", "V and F is_valid_path", "Invalid characters in 'uri'", "Behind s3://, a uri has word characters, hyphens, slashes and dots.";
    URI_KEY = "uri-key", "F _parse_s3_uri", "Failed to", "A uri names a bucket and a key.";
    // Of reasoning.
    REASONING_SPEAKER = "reasoning-speaker", "V and F Message.validate_content_rules", "reasoningContent", "Reasoning is the assistant's.";
    REASONING_MODEL = "reasoning-model", "V Message.validate_content, F reasoning_content", "Invalid content", "Only Nova 2 Lite learns reasoning.";
    REASONING_EMPTY = "reasoning-empty", "V ReasoningText.validate_text", "", "A reasoning text is not empty.";
    REASONING_MEDIA = "reasoning-media", "V ContentItem.validate_model_fields (a block), F Message.validate_content (a message)", "Multimodal reasoning", "Reasoning does not stand with media.";
    // Of tools.
    TOOLS_EMPTY = "tools-empty", "V and F ToolConfig.validate_tools, RFTDatasetSample.validate_tools", "tools list cannot be empty", "A list of tools has a tool.";
    TOOL_TWICE = "tool-twice", "V and F ToolConfig.validate_tools, RFTDatasetSample.validate_tools", "duplicate tool names", "Each tool is named once.";
    TOOL_BLANK = "tool-blank", "V and F ToolSpec, RFTFunction", "cannot be empty", "A tool's name and description are not blank.";
    TOOL_SCHEMA = "tool-schema", "V and F InputSchema.validate_json_schema", "must have a 'type' field", "A tool's schema has a type.";
    TOOL_ID_BLANK = "tool-id-blank", "V and F ToolUse, ToolResult", "cannot be empty", "A toolUseId, and the name of a tool use, are not blank.";
    TOOL_RESULT_EMPTY = "tool-result-empty", "V and F ToolResult.validate_content", "content list cannot be empty", "A tool result has content.";
    TOOL_RESULT_ITEM = "tool-result-item", "V and F ToolResultContentItem.validate_content", "Invalid toolResult content", "An item of a tool result is either text or json.";
    TOOL_BOTH = "tool-both", "V and F ContentItem.validate_model_fields", "cannot coexist", "A block is not tool use and tool result at once.";
    TOOL_USE_SPEAKER = "tool-use-speaker", "V and F Message.validate_content_rules", "toolUse can only be included", "A tool use is the assistant's.";
    TOOL_RESULT_SPEAKER = "tool-result-speaker", "V and F Message.validate_content_rules", "toolResult can only be included", "A tool result is the user's.";
    TOOL_UNKNOWN = "tool-unknown", "V and F validate_tool_use_in_conversation", "not found in toolConfig", "Where there is a toolConfig, it names each tool that is used.";
    TOOL_USE_TWICE = "tool-use-twice", "V and F validate_tool_use_in_conversation", "duplicate toolUseId", "Where there is a toolConfig, a toolUseId is used once.";
    TOOL_RESULT_UNKNOWN = "tool-result-unknown", "V and F validate_tool_use_in_conversation", "Invalid toolResult", "Where there is a toolConfig, a tool result answers an earlier tool use.";
    TOOL_RESULT_TWICE = "tool-result-twice", "V and F validate_tool_use_in_conversation", "duplicate toolResult", "Where there is a toolConfig, a tool use is answered once.";
    // Of datasets.
    ALL_OR_NONE = "all-or-none", "F _check_optional_field_consistency", "Dataset consistency error", "An optional member stands in all records or in none.";
    GENERIC = "generic-format", "F BaseDatasetValidator.validate", "generic format", "The first record has no question or answer in place of messages.";
    CRASH = "crash", "the script ends with a traceback", "", "The record does not end the script.";
    // Of reinforcement fine-tuning.
    REWARD_ROLE = "reward-role", "V and F RFTMessage.validate_role", "Invalid role", "A role is one of the list, in any case.";
    REWARD_BLANK = "reward-blank", "V and F RFTMessage.validate_content, RFTDatasetSample", "cannot be empty", "What is given is not blank: content, id, reference_answer.";
    REWARD_MESSAGES = "reward-messages", "V and F RFTDatasetSample.validate_messages", "Invalid messages", "There is a message, one of them is the user's, and a system message stands first.";
    REWARD_TOOL = "reward-tool", "V and F RFTTool, RFTFunctionParameters", "must be", "A tool is a function, its parameters an object.";
    // Of the others.
    BLANK_DOCUMENT = "blank-document", "V and F CPTDatasetSample.validate_text", "cannot be empty", "A text is more than white space.";
    TOO_LONG = "too-long", "D-claude validate_file", "", "A record has at most 32,000 tokens of 3 characters.";
    SEVERAL_TURNS = "several-turns", "D-distil is_invocation_log_entry_supported", "", "A logged prompt has one message of the user.";
    MORE_THAN_TEXT = "more-than-text", "D-distil is_invocation_log_entry_supported", "", "A logged message of the user is one block of text.";
}

/// Holds each record of a file against a model and its checks. Blank lines are skipped; a line that is no JSON is what `broken` says.
fn each_record(
    file: &File,
    found: &mut Found,
    broken: Option<&'static Check>,
    of: &'static Type,
    checks: impl Fn(&serde_json::Value, &mut Found),
) {
    for line in &file.lines {
        match &line.python {
            crate::file::Python::Blank => {}
            crate::file::Python::Broken => {
                if let Some(check) = broken {
                    found.add(check, "$");
                }
            }
            crate::file::Python::Reads(record) => {
                model::fits(record, of, "$", found);
                checks(record, found);
            }
        }
    }
}
