//! Preferences: a conversation, and two answers to it of which one is preferred. In the shapes in use, and what is looked at in all.
mod candidates;
mod lists;

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{
    Block, Conversation, Record, Taken, Turn, content,
    openai::{self, Said},
    order, weight,
};
use crate::{
    conversation::{Role, Turn as PlainTurn, render_prompt},
    evaluation::EvalRecord,
    finding::{Problem, bounded},
    json::{Text, Value},
    members::wrong_type,
    path::Path,
    rules,
    shape::InputShape,
    summary::{count, grouped},
    tokens::{estimate, least},
};
use perennial_core::limits::{ContentLimits, RecordShape};

/// One record.
#[derive(Debug, Clone)]
pub(crate) struct Preference<'a> {
    /// It ends with the preferred answer.
    pub(crate) conversation: Conversation<'a>,
    /// The answer that the other one is preferred to.
    pub(crate) rejected: Turn<'a>,
}

impl<'a> Preference<'a> {
    /// The preferred answer, and the turns before it.
    pub(crate) fn parts(&self) -> (&[Turn<'a>], Option<&Turn<'a>>) {
        match &self.conversation.turns[..] {
            [before @ .., preferred] => (before, Some(preferred)),
            [] => (&[], None),
        }
    }

    /// The tokens of the shorter answer, estimated as high and as low as they may be: an answer is trained on without the other one.
    pub(crate) fn shorter(&self) -> (u64, u64) {
        let lengths = |turn: &Turn<'_>| {
            let sum = |of: fn(&Text<'_>) -> u64| turn.texts().map(of).sum::<u64>();
            (sum(estimate), sum(least))
        };
        let preferred = self.parts().1.map(lengths).unwrap_or_default();
        preferred.min(lengths(&self.rejected))
    }
}

/// Reads a record of one of the shapes of preferences, or any record for a trainer of preferences; nothing if it is neither. Everything
/// wrong with it goes to `problems`.
pub(super) fn read<'a>(
    value: Value<'a>,
    shape: InputShape,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Record<'a>> {
    let wanted = taken.shape == RecordShape::Preferences;
    if !shape.is_preference() && !wanted {
        return None;
    }
    if !(shape.is_preference() && wanted) {
        problems.push(crate::canonical::other_trainer(shape, taken.shape));
        return Some(Record::Conversation(Conversation::default()));
    }
    let preference = read_pair(value, shape, taken, problems);
    Some(match preference {
        Some(preference) => Record::Preference(Box::new(preference)),
        None => Record::Conversation(Conversation::default()),
    })
}

/// A preference in an evaluation set: its prompt is asked, and its preferred answer is the reference.
pub(crate) fn question(
    value: Value<'_>,
    shape: InputShape,
    problems: &mut Vec<Problem>,
) -> Option<EvalRecord> {
    let taken = Taken {
        shape: RecordShape::Preferences,
        content: &ContentLimits::default(),
        source: "an evaluation set is asked in text",
        answers_of: None,
        bucket: None,
    };
    let preference = read_pair(value, shape, taken, problems)?;
    if problems.iter().any(Problem::is_error) {
        return None;
    }
    let joined = |texts: Vec<Cow<'_, str>>| bounded(&texts.join("\n"));
    let system = &preference.conversation.system;
    if !system.is_empty() {
        let system = joined(system.iter().map(Text::plain).collect());
        problems.push(Problem::new(
            &rules::EXTRA_MEMBER,
            "$",
            format!("a system text: {system}"),
            "Nothing, if the models are to be asked without it: questions have none. Otherwise move its text into the prompt.",
        ));
    }
    problems.push(Problem::new(
        &rules::REJECTED_NOT_ASKED,
        "$",
        joined(preference.rejected.texts().map(Text::plain).collect()),
        "Nothing, if answers are to be compared with the preferred one.",
    ));
    let turns: Vec<PlainTurn<'_>> = preference.conversation.turns.iter().map(plain).collect();
    Some(EvalRecord {
        prompt: render_prompt(&turns),
        reference_response: turns.last()?.text().into_owned(),
        category: None,
    })
}

fn plain<'t>(turn: &'t Turn<'_>) -> PlainTurn<'t> {
    PlainTurn {
        role: turn.role,
        texts: turn.texts().map(Text::plain).collect(),
    }
}

fn read_pair<'a>(
    value: Value<'a>,
    shape: InputShape,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Preference<'a>> {
    let before = problems.len();
    let preference = match shape {
        InputShape::Candidates => candidates::read(value, taken, problems),
        InputShape::PreferredOutput => lists::preferred_output(value, taken, problems),
        _ => lists::chosen(value, taken, problems),
    }?;
    let failed = problems[before..].iter().any(Problem::is_error);
    if !failed && same(&preference) {
        let text = preference.rejected.texts().next().map(Text::plain);
        problems.push(Problem::new(
            &rules::EQUAL_CANDIDATES,
            "$",
            bounded(&text.unwrap_or_default()),
            "Write the answer that is not preferred, or take the record out.",
        ));
    }
    Some(preference)
}

/// Whether both answers say the same, white space around them apart.
fn same(preference: &Preference<'_>) -> bool {
    let said = |turn: &Turn<'_>| {
        let texts: Vec<_> = turn.texts().map(Text::plain).collect();
        texts.join("\n").trim().to_owned()
    };
    let preferred = preference.parts().1.map(said);
    preferred.is_some_and(|preferred| preferred == said(&preference.rejected))
}

/// Says of everything in a turn that is no text that it is not taken.
fn only_text(turn: &Turn<'_>, path: Path<'_>, taken: Taken<'_>, problems: &mut Vec<Problem>) {
    for block in &turn.blocks {
        let what = match block {
            Block::Text(_) => continue,
            Block::Reasoning(_) => "reasoning",
            Block::Media(media) => {
                problems.push(content::not_taken(
                    &format!("{}s", media.kind.as_str()),
                    path,
                    taken,
                ));
                continue;
            }
            Block::ToolUse(_) | Block::ToolResult(_) => "tools",
        };
        problems.push(content::not_taken(what, path, taken));
    }
}

/// Says of defined tools that they are not taken; an empty list is how many write "none".
fn no_tools(
    object: Value<'_>,
    name: &str,
    path: Path<'_>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) {
    let is_list = |tools: &Value<'_>| !tools.is_array() || tools.count() > 0;
    if object.some(name).filter(is_list).is_some() {
        let path = Path::Member(&path, name);
        problems.push(content::not_taken("tools", path, taken));
    }
}

/// The system texts and the messages of a list in OpenAI's form, each checked for itself.
#[derive(Default)]
struct Spoken<'a> {
    system: SmallVec<[Text<'a>; 1]>,
    turns: Vec<Turn<'a>>,
}

/// Reads a list of messages; nothing if one of them could not be read.
fn spoken<'a>(
    list: Value<'a>,
    path: Path<'_>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Spoken<'a>> {
    if !list.is_array() {
        problems.push(wrong_type(path, "a string or an array of messages", list));
        return None;
    }
    let mut spoken = Spoken::default();
    let before = problems.len();
    for (index, message) in list.items().enumerate() {
        let path = Path::Item(&path, index);
        weight::left_out(message, path, problems);
        let Some(Said { role, blocks, .. }) = openai::said(message, path, problems) else {
            continue;
        };
        let is_system = role.is("system") || role.is("developer");
        if is_system && spoken.turns.is_empty() {
            for block in blocks {
                match block {
                    Block::Text(text) if text.is_blank() => {
                        problems.push(crate::members::empty_system());
                    }
                    Block::Text(text) => spoken.system.push(text),
                    _ => problems.push(wrong_type(path, "a system message of text", message)),
                }
            }
            continue;
        }
        if role.is("tool") {
            problems.push(content::not_taken("tools", path, taken));
            continue;
        }
        let Some(role) = order::speaker(role, path, problems) else {
            continue;
        };
        let turn = Turn {
            role,
            blocks,
            index,
        }
        .without_blanks(path, problems);
        only_text(&turn, path, taken, problems);
        if turn
            .blocks
            .iter()
            .all(|block| matches!(block, Block::Text(_)))
        {
            order::check_text(&turn, path, problems);
        }
        spoken.turns.push(turn);
    }
    (!problems[before..].iter().any(Problem::is_error)).then_some(spoken)
}

/// Says where the turns before the answers break the order: the user first, in turn, the user last. `list` is where they stand.
fn check_order(turns: &[Turn<'_>], list: Path<'_>, problems: &mut Vec<Problem>) {
    let mut expected = Role::User;
    for turn in turns {
        if turn.role != expected {
            problems.push(Problem::new(
                &rules::ROLE_ORDER,
                Path::Member(&Path::Item(&list, turn.index), "role"),
                format!(
                    "{} where {} must speak",
                    turn.role.as_str(),
                    expected.as_str()
                ),
                "Start with user, alternate user and assistant, and let the two answers follow the user's last message.",
            ));
            return;
        }
        expected = expected.other();
    }
    if expected == Role::User {
        let (rule, found) = match turns {
            [] => (&rules::MISSING_PROMPT, "no message before the answers"),
            _ => (
                &rules::ROLE_ORDER,
                "the message before the answers is the assistant's",
            ),
        };
        problems.push(Problem::new(
            rule,
            list,
            found,
            "Write the user's message that both answers reply to.",
        ));
    }
}

/// The finding for prompts whose two answers stand the other way round elsewhere in the file.
pub(crate) fn contradictions(found: u64, first: u64) -> Problem {
    Problem::of_file(
        &rules::CONTRADICTING_PREFERENCE,
        format!(
            "{} in which the answer is preferred that an earlier one rejects, for the same prompt and the same two answers, the first at line {}",
            count(found, "record"),
            grouped(first)
        ),
        "Keep the one that is right: together they teach nothing.",
    )
}
