//! Records that are no conversation of one's own making: documents, captions, reinforcement records.
use super::{Record, calls, content, openai, weight};
use crate::{
    canonical::whole::KnownBy,
    finding::{Problem, bounded},
    json::{Text, Value},
    members::{empty, extra_members, text_member, white_space, wrong_type},
    path::Path,
    rules::{self, Rule},
};

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
    let mut said = Vec::new();
    let (conversation, complete) = openai::read_messages(value, &mut said);
    problems.extend(said.into_iter().filter(|problem| !is_kept(problem)));
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
    Record::Reinforcement {
        conversation,
        known_by: KnownBy::of_reinforcement(value),
        json,
    }
}

/// Whether it says that something is left out which a record that goes to the trainer as it came keeps: all but further members of a message.
fn is_kept(problem: &Problem) -> bool {
    let is = |rule: &Rule| problem.rule.id == rule.id;
    let of_message = problem.path.strip_prefix("$.messages[");
    let of_message = of_message.is_some_and(|rest| rest.find(']') == Some(rest.len() - 1));
    is(&rules::WHITE_SPACE_LEFT_OUT)
        || is(&rules::EXTRA_MEMBER)
            && problem.path != "$"
            && (!of_message || MESSAGE.contains(&problem.found.as_str()))
}

/// What the trainer reads of a message.
const MESSAGE: &[&str] = &["role", "content", "tool_calls", "tool_call_id"];

/// Says that members are left out of what the trainer gets.
pub(super) fn left_out(
    value: Value<'_>,
    names: &[&str],
    path: Path<'_>,
    problems: &mut Vec<Problem>,
) {
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
        // Without a use of a tool beside it, it refuses the record.
        if message.some("tool_calls").is_some()
            && let Some(text) = message.get("content").and_then(Value::text)
            && text.is_blank()
        {
            problems.extend(white_space(Path::Member(&path, "content"), &text));
        }
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

/// The record as it came, but that messages have only the members that the trainer reads, and no content of white space or nothing, and
/// that a list of no tools is none.
fn write_reinforcement(value: Value<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    let is_left_out = |member: &Value<'_>| member.name() == "tools" && calls::is_none(*member);
    let members = value.items().filter(|member| !is_left_out(member));
    for (index, member) in members.enumerate() {
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
