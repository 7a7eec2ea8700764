//! Bedrock model invocation logs: what an entry's model read and said becomes a record, and what of it has no place there is said.
use perennial_core::limits::RecordShape;

use super::{
    Block, Conversation, Record, Taken, Turn,
    lost::{ANSWER, ENTRY, PARAMETERS, SIDE, beside, is_text, texts},
    order,
    others::left_out,
};
use crate::{
    canonical::whole::KnownBy,
    conversation::Role,
    finding::{Problem, bounded},
    json::{Text, Value},
    members::{shown, wrong_type},
    path::Path,
    rules,
};

/// A Bedrock model invocation log entry. Distillation from logs takes it as it is, distillation from prompts its question; for
/// fine-tuning its input and output become one record.
pub(super) fn read<'a>(
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
    match value.some("modelId") {
        Some(model) if model.text().is_some() => {}
        Some(other) => problems.push(wrong_type(
            Path::Member(&Path::Root, "modelId"),
            "a string, as Bedrock wrote it",
            other,
        )),
        None => problems.push(Problem::new(
            &rules::WRONG_TYPE,
            "$",
            "no modelId",
            "Upload the log as Bedrock wrote it, with modelId, input and output.",
        )),
    }
    let mut record = Conversation::default();
    let mut complete = true;
    let input_path = Path::Member(&Path::Root, "input");
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
    // Distillation from logs takes the entry as it is: nothing of it is lost.
    let converts = taken.shape != RecordShape::InvocationLogs;
    let mut lost = Vec::new();
    let system = Path::Member(&path, "system");
    record
        .system
        .extend(texts(input.get("system"), system, &mut lost));
    for (index, message) in input
        .get("messages")
        .into_iter()
        .flat_map(Value::items)
        .enumerate()
    {
        let item = Path::Item(&list, index);
        let content = message.get("content");
        let role = match message.get("role") {
            Some(role) if role.is("user") => Role::User,
            Some(role) if role.is("assistant") => Role::Assistant,
            Some(role) if role.is("system") || role.is("developer") => {
                let said = texts(content, Path::Member(&item, "content"), &mut lost);
                beside(message, item, &["role", "content"], &mut lost);
                if !record.turns.is_empty() && !said.is_empty() {
                    lost.push(Problem::new(
                        &rules::ROLE_ORDER,
                        item,
                        "a system message that is not the first",
                        "Only entries whose system message stands first can be converted: take this one out.",
                    ));
                }
                record.system.extend(said);
                continue;
            }
            _ => {
                complete = false;
                continue;
            }
        };
        let before = lost.len();
        let said = texts(content, Path::Member(&item, "content"), &mut lost);
        beside(message, item, &["role", "content"], &mut lost);
        // What was lost of it is said already.
        let told = converts && lost[before..].iter().any(Problem::is_error);
        complete &= told || !said.is_empty() && (converts || is_text(content));
        let turn = Turn {
            role,
            blocks: said.into_iter().map(Block::Text).collect(),
            index,
        };
        if !turn.blocks.is_empty() {
            order::check_text(&turn, item, problems);
            record.turns.push(turn);
        }
    }
    let mut prompt = None;
    if record.turns.is_empty()
        && let Some((name, text)) = ["prompt", "inputText"]
            .iter()
            .find_map(|name| Some((*name, input.get(name)?.text()?)))
    {
        prompt = Some(name);
        record.turns.push(Turn::of_text(Role::User, text, 0));
    }
    if converts {
        let read = ["system", "toolConfig", "tools"];
        let messages = input.get("messages").filter(|list| list.is_array());
        let known: Vec<&str> = read
            .into_iter()
            .chain(messages.map(|_| "messages"))
            .chain(prompt)
            .chain(PARAMETERS.iter().copied())
            .collect();
        beside(input, path, &known, &mut lost);
        beside(value, Path::Root, ENTRY, &mut lost);
        for (name, side) in [
            ("input", value.get("input")),
            ("output", value.get("output")),
        ] {
            if let Some(side) = side {
                beside(side, Path::Member(&Path::Root, name), SIDE, &mut lost);
            }
        }
        problems.append(&mut lost);
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
        check_teacher(value, taken, problems);
        if taken.answers_of.is_some() && output.is_some() {
            add_answer(&mut record, output, false, problems);
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
            known_by: KnownBy::of_log(value),
            json,
        };
    }
    left_out(input, &["toolConfig", "tools"], path, problems);
    if !add_answer(&mut record, output, true, problems) {
        return Record::Conversation(record);
    }
    let same = |pair: &[Turn<'_>]| pair[0].role == pair[1].role;
    if complete && record.turns.windows(2).any(same) {
        problems.push(Problem::new(
            &rules::ROLE_ORDER,
            list,
            "two messages of one speaker behind each other",
            "User and assistant speak in turn: join the two, or take the entry out.",
        ));
    }
    Record::Conversation(record)
}

/// Adds the answer as the last turn; no if there is none in text. What of it is no text is lost where the entry `converts`, and nothing
/// where it is learnt as it stands.
fn add_answer<'a>(
    record: &mut Conversation<'a>,
    output: Option<Value<'a>>,
    converts: bool,
    problems: &mut Vec<Problem>,
) -> bool {
    let side = Path::Member(&Path::Root, "output");
    let path = Path::Member(&side, "outputBodyJson");
    let mut lost = Vec::new();
    let said = output
        .map(|output| answer(output, path, &mut lost))
        .unwrap_or_default();
    if converts {
        problems.append(&mut lost);
    }
    if said.is_empty() {
        problems.push(Problem::new(
            &rules::MISSING_COMPLETION,
            path,
            output.map_or_else(|| "no outputBodyJson".to_owned(), shown),
            "The entry has no answer in text: take it out.",
        ));
        return false;
    }
    let turn = Turn {
        role: Role::Assistant,
        blocks: said.into_iter().map(Block::Text).collect(),
        index: record.turns.len(),
    };
    order::check_text(&turn, path, problems);
    record.turns.push(turn);
    true
}

/// Whether the answer that is learnt is the teacher's. Logs name a model by its id, by an inference profile (`us.…`) or by an ARN of either.
fn check_teacher(value: Value<'_>, taken: Taken<'_>, problems: &mut Vec<Problem>) {
    let (Some(teacher), Some(model)) =
        (taken.answers_of, value.get("modelId").and_then(Value::text))
    else {
        return;
    };
    let model = model.plain();
    let id = model.rsplit('/').next().unwrap_or_default();
    let is_teacher = id
        .strip_suffix(teacher)
        .is_some_and(|profile| profile.is_empty() || profile.ends_with('.'));
    if !is_teacher {
        problems.push(Problem::new(
            &rules::OTHER_TEACHER,
            "$.modelId",
            bounded(&model),
            format!(
                "The answers of {teacher} are learnt, and no others: take this entry out, or ask the teacher again \
                 (use_logged_answers = false)."
            ),
        ));
    }
}

/// The answer in the forms of the models that Bedrock has: Converse, Anthropic, Titan, Llama, OpenAI. What else the model said is said to
/// be lost.
pub(crate) fn answer<'a>(
    output: Value<'a>,
    path: Path<'_>,
    lost: &mut Vec<Problem>,
) -> Vec<Text<'a>> {
    let first = |list: &str| {
        let list = output.get(list).filter(|list| list.is_array())?;
        list.items().next()
    };
    let inner = output.get("output");
    let message = inner.and_then(|inner| inner.get("message"));
    let choice = first("choices");
    let chosen = choice.and_then(|choice| choice.get("message"));
    let result = first("results");
    let (inner_path, choices, results) = (
        Path::Member(&path, "output"),
        Path::Member(&path, "choices"),
        Path::Member(&path, "results"),
    );
    let (message_path, choice_path, result_path) = (
        Path::Member(&inner_path, "message"),
        Path::Item(&choices, 0),
        Path::Item(&results, 0),
    );
    let chosen_path = Path::Member(&choice_path, "message");
    let places = [
        (message, "content", message_path),
        (Some(output), "content", path),
        (Some(output), "generation", path),
        (Some(output), "completion", path),
        (result, "outputText", result_path),
        (chosen, "content", chosen_path),
        (choice, "text", choice_path),
    ];
    let mut said = Vec::new();
    let mut taken = None;
    for (at, (holder, name, path)) in places.into_iter().enumerate() {
        let value = holder.and_then(|holder| holder.get(name));
        if value.is_some() && said.is_empty() {
            said = texts(value, Path::Member(&path, name), lost);
            taken = Some(at);
        }
    }
    // What is beside it, in each of what it stands in.
    let known = |at: usize, more: &[&'static str]| -> Vec<&'static str> {
        let name = places[at].1;
        let own = (taken == Some(at)).then_some(name);
        ANSWER
            .iter()
            .copied()
            .chain(more.iter().copied())
            .chain(own)
            .collect()
    };
    if let Some(message) = message {
        beside(message, message_path, &known(0, &[]), lost);
    }
    if let Some(inner) = inner {
        beside(inner, inner_path, &["message"], lost);
    }
    let mut at_top = known(1, &[]);
    at_top.extend(inner.filter(|inner| inner.is_object()).map(|_| "output"));
    at_top.extend(choice.filter(|one| one.is_object()).map(|_| "choices"));
    at_top.extend(result.filter(|one| one.is_object()).map(|_| "results"));
    at_top.extend(
        taken
            .filter(|at| matches!(at, 2 | 3))
            .map(|at| places[at].1),
    );
    beside(output, path, &at_top, lost);
    if let Some(result) = result {
        beside(result, result_path, &known(4, &[]), lost);
    }
    if let Some(chosen) = chosen {
        beside(chosen, chosen_path, &known(5, &[]), lost);
    }
    if let Some(choice) = choice {
        beside(choice, choice_path, &known(6, &["message"]), lost);
    }
    for (list, path) in [("choices", choices), ("results", results)] {
        let number = output.get(list).map_or(0, Value::count);
        if number > 1 {
            lost.push(Problem::new(
                &rules::NO_PLACE,
                path,
                format!("{number} answers"),
                "A record has one answer: take this entry out.",
            ));
        }
    }
    said
}
