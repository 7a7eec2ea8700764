//! The field's shapes: `{"prompt", "chosen", "rejected"}` with strings or lists of messages (TRL's standard and conversational form, the
//! prompt in a member of its own or as what both lists begin with), and OpenAI's `{"input", "preferred_output", "non_preferred_output"}`.
use smallvec::SmallVec;

use super::{Preference, Spoken, check_order, no_tools, spoken};
use crate::{
    conversation::Role,
    finding::{Problem, bounded},
    json::{Kind, Text, Value},
    members::{empty, extra_members, names},
    path::Path,
    record::{Conversation, Taken, Turn, pair},
    rules,
};

/// A list of turns, and the member that it stands in.
struct Side<'a> {
    name: &'static str,
    spoken: Spoken<'a>,
    /// Whether it was one text.
    text: bool,
}

pub(super) fn chosen<'a>(
    value: Value<'a>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Preference<'a>> {
    const KNOWN: &[&str] = &["system", "prompt", "chosen", "rejected", "tools"];
    extra_members(value, Path::Root, KNOWN, problems);
    no_tools(value, "tools", Path::Root, taken, problems);
    let system = pair::system_text(value, problems);
    let before = problems.len();
    let prompt = value
        .some("prompt")
        .map(|_| side(value, "prompt", Role::User, taken, problems));
    let preferred = side(value, "chosen", Role::Assistant, taken, problems);
    let rejected = side(value, "rejected", Role::Assistant, taken, problems);
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let (preferred, rejected) = (preferred?, rejected?);
    let prompt = match prompt {
        Some(side) => Some(side?),
        None if preferred.text || rejected.text => {
            problems.push(Problem::new(
                &rules::MISSING_PROMPT,
                "$",
                format!("no prompt among the members {}", bounded(&names(value))),
                "Add \"prompt\" with its text, or write chosen and rejected as whole lists of messages.",
            ));
            return None;
        }
        None => None,
    };
    join(system, prompt, preferred, rejected, problems)
}

pub(super) fn preferred_output<'a>(
    value: Value<'a>,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Preference<'a>> {
    const KNOWN: &[&str] = &["input", "preferred_output", "non_preferred_output"];
    extra_members(value, Path::Root, KNOWN, problems);
    let path = Path::Member(&Path::Root, "input");
    let before = problems.len();
    let input = value.some("input").filter(|input| input.is_object());
    let messages = input.and_then(|input| input.some("messages"));
    let prompt = match (input, messages) {
        (Some(input), Some(messages)) => {
            // Without tools the last says nothing, if it says yes or no.
            let known = ["messages", "tools", "parallel_tool_calls"];
            let is_answer = |said: Value<'_>| matches!(said.kind(), Kind::Null | Kind::Bool(_));
            let said = input.get("parallel_tool_calls");
            let known = &known[..3 - usize::from(!said.is_none_or(is_answer))];
            extra_members(input, path, known, problems);
            no_tools(input, "tools", path, taken, problems);
            spoken(messages, Path::Member(&path, "messages"), taken, problems)
        }
        _ => {
            problems.push(Problem::new(
                &rules::MISSING_PROMPT,
                path,
                "no input with messages",
                "Write \"input\": {\"messages\": [{\"role\": \"user\", \"content\": \"...\"}]}.",
            ));
            None
        }
    };
    let preferred = side(value, "preferred_output", Role::Assistant, taken, problems);
    let rejected = side(
        value,
        "non_preferred_output",
        Role::Assistant,
        taken,
        problems,
    );
    if problems[before..].iter().any(Problem::is_error) {
        return None;
    }
    let prompt = Side {
        name: "input.messages",
        spoken: prompt?,
        text: false,
    };
    join(
        SmallVec::new(),
        Some(prompt),
        preferred?,
        rejected?,
        problems,
    )
}

/// A member that is a text, said by `role`, or a list of messages.
fn side<'a>(
    value: Value<'a>,
    name: &'static str,
    role: Role,
    taken: Taken<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Side<'a>> {
    let path = Path::Member(&Path::Root, name);
    let (missing, blank) = match role {
        Role::User => (&rules::MISSING_PROMPT, &rules::EMPTY_PROMPT),
        Role::Assistant => (&rules::MISSING_COMPLETION, &rules::EMPTY_COMPLETION),
    };
    let Some(member) = value.some(name) else {
        problems.push(Problem::new(
            missing,
            "$",
            format!("no {name} among the members {}", bounded(&names(value))),
            format!("Add \"{name}\": a preference has two answers to one prompt."),
        ));
        return None;
    };
    if let Some(text) = member.text() {
        if text.is_blank() {
            problems.push(empty(blank, path, &text).at(member.span()));
            return None;
        }
        let spoken = Spoken {
            turns: vec![Turn::of_text(role, text, 0)],
            ..Spoken::default()
        };
        return Some(Side {
            name,
            spoken,
            text: true,
        });
    }
    let found = spoken(member, path, taken, problems)?;
    if found.turns.is_empty() {
        problems.push(Problem::new(
            missing,
            path,
            "no message",
            format!("Write the messages of \"{name}\"."),
        ));
        return None;
    }
    Some(Side {
        name,
        spoken: found,
        text: false,
    })
}

/// Puts prompt and answers together: what both lists begin with is the prompt, or a part of it.
fn join<'a>(
    system: SmallVec<[Text<'a>; 1]>,
    prompt: Option<Side<'a>>,
    mut preferred: Side<'a>,
    mut rejected: Side<'a>,
    problems: &mut Vec<Problem>,
) -> Option<Preference<'a>> {
    let shared = shared(&preferred.spoken, &rejected.spoken);
    let beginning: Vec<_> = preferred.spoken.turns.drain(..shared).collect();
    rejected.spoken.turns.drain(..shared);
    let (list, turns) = match &prompt {
        Some(prompt) if shared == 0 => (prompt.name, prompt.spoken.turns.clone()),
        Some(prompt) if !ends_with(&beginning, &prompt.spoken.turns) => {
            problems.push(Problem::new(
                &rules::NO_PLACE,
                Path::Member(&Path::Root, prompt.name),
                "another prompt than the one that both answers begin with",
                "Write the prompt once: in its own member, or as the first messages of both answers.",
            ));
            return None;
        }
        _ => (preferred.name, beginning),
    };
    let [better, worse] =
        [&mut preferred, &mut rejected].map(|side| std::mem::take(&mut side.spoken.system));
    if !same_texts(&better, &worse) {
        problems.push(two_systems(if worse.is_empty() { &better } else { &worse }));
        return None;
    }
    let asked = prompt
        .map(|prompt| prompt.spoken.system)
        .unwrap_or_default();
    let system = one_system([system, asked, better], problems)?;
    check_order(&turns, Path::Member(&Path::Root, list), problems);
    let mut conversation = Conversation {
        system,
        turns,
        tools: None,
    };
    let better = answer(preferred, problems);
    let worse = answer(rejected, problems);
    conversation.turns.push(better?);
    Some(Preference {
        conversation,
        rejected: worse?,
    })
}

/// How many turns both lists begin with; the last of each is its answer whatever it is.
fn shared(one: &Spoken<'_>, other: &Spoken<'_>) -> usize {
    let most = one.turns.len().min(other.turns.len()).saturating_sub(1);
    let pairs = one.turns.iter().zip(&other.turns).take(most);
    pairs.take_while(|(one, other)| equal(one, other)).count()
}

fn equal(one: &Turn<'_>, other: &Turn<'_>) -> bool {
    let texts = |turn: &Turn<'_>| {
        turn.texts()
            .map(|text| text.plain().into_owned())
            .collect::<Vec<_>>()
    };
    one.role == other.role && texts(one) == texts(other)
}

fn ends_with(turns: &[Turn<'_>], last: &[Turn<'_>]) -> bool {
    let from = turns.len().checked_sub(last.len());
    from.is_some_and(|from| {
        turns[from..]
            .iter()
            .zip(last)
            .all(|(one, other)| equal(one, other))
    })
}

/// The one system text that is said, wherever it is said.
fn one_system<'a>(
    said: [SmallVec<[Text<'a>; 1]>; 3],
    problems: &mut Vec<Problem>,
) -> Option<SmallVec<[Text<'a>; 1]>> {
    let mut system = SmallVec::new();
    for texts in said.into_iter().filter(|texts| !texts.is_empty()) {
        if system.is_empty() {
            system = texts;
        } else if !same_texts(&system, &texts) {
            problems.push(two_systems(&texts));
            return None;
        }
    }
    Some(system)
}

fn same_texts(one: &[Text<'_>], other: &[Text<'_>]) -> bool {
    one.iter().map(Text::raw).eq(other.iter().map(Text::raw))
}

fn two_systems(texts: &[Text<'_>]) -> Problem {
    let texts: Vec<_> = texts.iter().map(Text::plain).collect();
    Problem::new(
        &rules::NO_PLACE,
        "$",
        format!(
            "a system text of one answer alone: {}",
            bounded(&texts.join("\n"))
        ),
        "Write one system text for both answers: a preference compares two answers to the same input.",
    )
}

/// The one message that is left of a list.
fn answer<'a>(side: Side<'a>, problems: &mut Vec<Problem>) -> Option<Turn<'a>> {
    let path = Path::Member(&Path::Root, side.name);
    let mut turns = side.spoken.turns;
    let last = turns.pop();
    match last {
        Some(turn) if turns.is_empty() && turn.role == Role::Assistant => Some(turn),
        Some(_) if turns.is_empty() => {
            problems.push(Problem::new(
                &rules::ROLE_ORDER,
                path,
                "the last message is the user's",
                "End both lists with the assistant's message: the two answers are compared.",
            ));
            None
        }
        _ => {
            problems.push(Problem::new(
                &rules::PREFERENCE_CANDIDATES,
                path,
                format!("{} messages behind what both begin with", turns.len() + 1),
                "The two answers are one message each: let both lists begin with the same messages, and cut them off behind the first that differs.",
            ));
            None
        }
    }
}
