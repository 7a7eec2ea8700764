//! Records that are no conversation of one's own making: documents, captions, reinforcement records, invocation logs.
use super::{Block, Conversation, Record, Taken, Turn, content, openai, order, weight};
use crate::{
    conversation::Role,
    finding::{Problem, bounded},
    json::{Text, Value},
    members::{empty, extra_members, shown, text_member, wrong_type},
    path::Path,
    rules,
};
use perennial_core::limits::RecordShape;

/// The shortest and the longest caption, in characters (Bedrock user guide, model-customization-prepare).
const CAPTION: std::ops::RangeInclusive<u64> = 3..=1024;

/// `{"text"}` or `{"input"}`.
pub(super) fn document<'a>(value: Value<'a>, name: &str, problems: &mut Vec<Problem>) -> Text<'a> {
    extra_members(value, Path::Root, &[name], problems);
    text_member(
        value,
        name,
        &rules::MISSING_PROMPT,
        &rules::EMPTY_DOCUMENT,
        problems,
    )
    .unwrap_or_else(|| Text::of(""))
}

/// `{"image-ref", "caption"}`.
pub(super) fn caption<'a>(value: Value<'a>, problems: &mut Vec<Problem>) -> Record<'a> {
    let image = text_member(
        value,
        "image-ref",
        &rules::MEDIA_SOURCE,
        &rules::MEDIA_SOURCE,
        problems,
    );
    let caption = text_member(
        value,
        "caption",
        &rules::MISSING_COMPLETION,
        &rules::EMPTY_COMPLETION,
        problems,
    );
    extra_members(value, Path::Root, &["image-ref", "caption"], problems);
    let (Some(image), Some(caption)) = (image, caption) else {
        return Record::Caption {
            image: Text::of(""),
            caption: Text::of(""),
        };
    };
    let path = Path::Member(&Path::Root, "image-ref");
    let uri = image.plain();
    content::check_uri(&uri, path, problems);
    let format = uri
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if !matches!(format.as_str(), "png" | "jpg" | "jpeg") {
        problems.push(Problem::new(
            &rules::MEDIA_FORMAT,
            path,
            bounded(&uri),
            "Image models train on PNG and JPEG files: name the object .png, .jpg or .jpeg.",
        ));
    }
    drop(uri);
    let (ascii, others) = caption.characters();
    if !CAPTION.contains(&(ascii + others)) {
        problems.push(Problem::new(
            &rules::CAPTION_LENGTH,
            Path::Member(&Path::Root, "caption"),
            format!("{} characters", ascii + others),
            format!("Write {} to {} characters.", CAPTION.start(), CAPTION.end()),
        ));
    }
    Record::Caption { image, caption }
}

/// OpenAI-style messages with a reference answer and members of one's own. The record goes to the trainer as it came.
pub(super) fn reinforcement<'a>(value: Value<'a>, problems: &mut Vec<Problem>) -> Record<'a> {
    let (conversation, complete) = openai::read_messages(value, problems);
    // A tool's answer is a turn of the user in Bedrock's form, but no question.
    let asks = |message: Value<'_>| message.get("role").is_some_and(|role| role.is("user"));
    let mut messages = value.get("messages").into_iter().flat_map(Value::items);
    if complete && !messages.any(asks) {
        problems.push(Problem::new(
            &rules::ROLE_ORDER,
            "$.messages",
            "no user message",
            "Add the question that the model is to answer.",
        ));
    }
    match value.some("reference_answer") {
        None => {}
        Some(answer) if answer.is_object() && answer.count() > 0 => {}
        Some(answer) => match answer.text() {
            Some(text) if text.is_blank() => {
                let path = Path::Member(&Path::Root, "reference_answer");
                problems.push(empty(&rules::EMPTY_REFERENCE, path, &text));
            }
            Some(_) => {}
            None => {
                let path = Path::Member(&Path::Root, "reference_answer");
                problems.push(wrong_type(
                    path,
                    "a string or an object with members",
                    answer,
                ));
            }
        },
    }
    if let Some(id) = value.some("id")
        && id.text().is_none_or(|id| id.is_blank())
    {
        problems.push(wrong_type(Path::Member(&Path::Root, "id"), "a string", id));
    }
    look_at_messages(value, problems);
    let mut json = Vec::new();
    write_reinforcement(value, &mut json);
    Record::Reinforcement { conversation, json }
}

/// What the trainer reads of a message.
const MESSAGE: &[&str] = &["role", "content", "tool_calls", "tool_call_id"];

/// Says that members are left out of what the trainer gets.
fn left_out(value: Value<'_>, names: &[&str], path: Path<'_>, problems: &mut Vec<Problem>) {
    for name in names.iter().filter(|name| value.some(name).is_some()) {
        problems.push(Problem::new(
            &rules::EXTRA_MEMBER,
            path,
            *name,
            "Nothing, if the model is not to learn from it: the compiled record leaves it out.",
        ));
    }
}

/// What reinforcement asks of messages besides: no content of white space, and a system's message before all others.
fn look_at_messages(value: Value<'_>, problems: &mut Vec<Problem>) {
    let messages = || value.get("messages").into_iter().flat_map(Value::items);
    let list = Path::Member(&Path::Root, "messages");
    for (index, message) in messages().enumerate() {
        let path = Path::Item(&list, index);
        left_out(message, &["reasoning_content"], path, problems);
        weight::left_out(message, path, problems);
    }
    let is_system = |message: Value<'_>| message.get("role").is_some_and(|role| role.is("system"));
    let first = messages().next();
    if messages().any(is_system) && !first.is_some_and(is_system) {
        problems.push(Problem::new(
            &rules::ROLE_ORDER,
            "$.messages",
            "a system message that is not the first",
            "Write the system's message first.",
        ));
    }
    let answers =
        messages().filter(|message| message.get("role").is_some_and(|role| role.is("tool")));
    if answers
        .filter_map(|message| message.get("content")?.text())
        .any(|text| text.is_blank())
    {
        problems.push(Problem::new(
            &rules::EMPTY_PROMPT,
            "$.messages",
            "a tool's message of white space",
            "Write what the tool answered, or take the record out.",
        ));
    }
}

/// The record as it came, but that messages have only the members that the trainer reads, and no content of white space or nothing.
fn write_reinforcement(value: Value<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, member) in value.items().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(Text::of(&member.name()).raw().as_bytes());
        out.extend_from_slice(b"\":");
        if member.name() != "messages" {
            member.write(out);
            continue;
        }
        out.push(b'[');
        for (index, message) in member.items().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let blank = |member: Value<'_>| match member.text() {
                Some(text) => text.is_blank(),
                None => member.is_array() && member.count() == 0,
            };
            let members = message.items().filter(|member| {
                let name = member.name();
                MESSAGE.contains(&name.as_ref()) && !(name == "content" && blank(*member))
            });
            out.push(b'{');
            for (index, member) in members.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.push(b'"');
                out.extend_from_slice(member.name().as_bytes());
                out.extend_from_slice(b"\":");
                member.write(out);
            }
            out.push(b'}');
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// A Bedrock model invocation log entry. Distillation from logs takes it as it is, distillation from prompts its question; for
/// fine-tuning its input and output become one record.
pub(super) fn log<'a>(
    value: Value<'a>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Record<'a> {
    let input = value
        .get("input")
        .and_then(|input| input.get("inputBodyJson"));
    let output = value
        .get("output")
        .and_then(|output| output.get("outputBodyJson"));
    if !value.has("modelId") {
        problems.push(Problem::new(
            &rules::WRONG_TYPE,
            "$",
            "no modelId",
            "Upload the log as Bedrock wrote it, with modelId, input and output.",
        ));
    }
    let mut record = Conversation::default();
    let mut complete = true;
    let (input_path, output_path) = (
        Path::Member(&Path::Root, "input"),
        Path::Member(&Path::Root, "output"),
    );
    let path = Path::Member(&input_path, "inputBodyJson");
    let list = Path::Member(&path, "messages");
    let Some(input) = input else {
        problems.push(Problem::new(
            &rules::MISSING_PROMPT,
            path,
            "no inputBodyJson",
            "The body is in a file of its own, or was not text: take the entry out.",
        ));
        return Record::Conversation(record);
    };
    for text in plain_texts(input.get("system")) {
        record.system.push(text);
    }
    for (index, message) in input
        .get("messages")
        .into_iter()
        .flat_map(Value::items)
        .enumerate()
    {
        let role = match message.get("role") {
            Some(role) if role.is("user") => Role::User,
            Some(role) if role.is("assistant") => Role::Assistant,
            Some(role) if role.is("system") => {
                record.system.extend(plain_texts(message.get("content")));
                continue;
            }
            _ => {
                complete = false;
                continue;
            }
        };
        let texts = plain_texts(message.get("content"));
        if texts.is_empty() {
            complete = false;
        }
        let turn = Turn {
            role,
            blocks: texts.into_iter().map(Block::Text).collect(),
            index,
        };
        if !turn.blocks.is_empty() {
            order::check_text(&turn, Path::Item(&list, index), problems);
            record.turns.push(turn);
        }
    }
    if record.turns.is_empty()
        && let Some(text) = ["prompt", "inputText"]
            .iter()
            .find_map(|name| input.get(name)?.text())
    {
        record.turns.push(Turn::of_text(Role::User, text, 0));
    }
    let asks = record
        .turns
        .first()
        .is_some_and(|turn| turn.role == Role::User);
    if !complete || !asks {
        problems.push(Problem::new(
            &rules::NO_PLACE,
            path,
            "messages that are not text, or no question first",
            "Only entries whose messages are text can be used: take this one out.",
        ));
    }
    if taken.shape == RecordShape::DistillationPrompts {
        // The teacher answers anew.
        left_out(value, &["output"], Path::Root, problems);
        left_out(input, &["toolConfig", "tools"], path, problems);
        if record.turns.len() > 1 {
            problems.push(Problem::new(
                &rules::DISTILLATION_TURNS,
                list,
                format!("{} messages", record.turns.len()),
                "Distillation takes entries of a single question.",
            ));
        }
        return Record::Conversation(record);
    }
    if taken.shape == RecordShape::InvocationLogs {
        if record.turns.len() > 1 {
            problems.push(Problem::new(
                &rules::DISTILLATION_TURNS,
                "$.input.inputBodyJson.messages",
                format!("{} messages", record.turns.len()),
                "Distillation takes entries of a single question.",
            ));
        }
        if output.is_none() {
            problems.push(Problem::new(
                &rules::MISSING_COMPLETION,
                "$.output",
                "no outputBodyJson",
                "Distillation reads input and output of an entry: take this one out.",
            ));
        }
        let messages = input.get("messages").into_iter().flat_map(Value::items);
        // The official script reads the user's alone.
        for message in
            messages.filter(|message| message.get("role").is_some_and(|role| role.is("user")))
        {
            let content = message.get("content");
            let is_block = |content: Value<'_>| {
                content.is_array()
                    && content.count() == 1
                    && content.items().all(|block| block.has("text"))
            };
            if !content.is_some_and(is_block) {
                problems.push(Problem::new(
                    &rules::DISTILLATION_TURNS,
                    "$.input.inputBodyJson.messages",
                    "a content that is not one block of text",
                    "Distillation takes entries whose question is one block, [{\"text\": \"...\"}]: take this one out.",
                ));
                break;
            }
        }
        let mut json = Vec::new();
        value.write(&mut json);
        return Record::Log {
            conversation: record,
            json,
        };
    }
    left_out(input, &["toolConfig", "tools"], path, problems);
    match output.and_then(answer) {
        Some(text) => {
            let index = record.turns.len();
            let turn = Turn::of_text(Role::Assistant, text, index);
            order::check_text(
                &turn,
                Path::Member(&output_path, "outputBodyJson"),
                problems,
            );
            record.turns.push(turn);
            let same = |pair: &[Turn<'_>]| pair[0].role == pair[1].role;
            if complete && record.turns.windows(2).any(same) {
                problems.push(Problem::new(
                    &rules::ROLE_ORDER,
                    list,
                    "two messages of one speaker behind each other",
                    "User and assistant speak in turn: join the two, or take the entry out.",
                ));
            }
        }
        None => problems.push(Problem::new(
            &rules::MISSING_COMPLETION,
            "$.output.outputBodyJson",
            output.map_or_else(|| "no outputBodyJson".to_owned(), shown),
            "The entry has no answer in text: take it out.",
        )),
    }
    Record::Conversation(record)
}

/// The texts of a string, or of an array of strings and text blocks; none if anything else is among them.
fn plain_texts<'a>(value: Option<Value<'a>>) -> Vec<Text<'a>> {
    let Some(value) = value else {
        return Vec::new();
    };
    if let Some(text) = value.text() {
        return vec![text];
    }
    let texts: Option<Vec<_>> = value
        .items()
        .map(|item| item.text().or_else(|| item.get("text")?.text()))
        .collect();
    texts.unwrap_or_default()
}

/// The answer in the forms of the models that Bedrock has: Converse, Anthropic, Titan, Llama, OpenAI.
fn answer<'a>(output: Value<'a>) -> Option<Text<'a>> {
    let message = output
        .get("output")
        .and_then(|output| output.get("message"));
    let content = message.unwrap_or(output).get("content");
    if let [only] = &plain_texts(content)[..] {
        return Some(only.clone());
    }
    let first = |list: &str| output.get(list)?.items().next();
    output
        .get("generation")
        .or_else(|| output.get("completion"))
        .or_else(|| first("results")?.get("outputText"))
        .or_else(|| first("choices")?.get("message")?.get("content"))
        .and_then(Value::text)
}
