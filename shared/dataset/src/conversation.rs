//! A training record as Perennial understands it, whatever shape it came in, and how its prompt reads as text.
use std::borrow::Cow;

use perennial_core::prompt::{GrowingPrompt, PromptDigest};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Who asks.
    User,
    /// Who answers.
    Assistant,
}

impl Role {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::User => Self::Assistant,
            Self::Assistant => Self::User,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message: its role and its text blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn<'a> {
    /// Who speaks.
    pub role: Role,
    /// The text, in the blocks in which it was written; mostly one.
    pub texts: Vec<Cow<'a, str>>,
}

impl<'a> Turn<'a> {
    /// A turn of one block.
    pub fn new(role: Role, text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            role,
            texts: vec![text.into()],
        }
    }

    /// The blocks as one text, a line feed between them.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        joined(&self.texts)
    }
}

pub(crate) fn joined<'a>(texts: &[Cow<'a, str>]) -> Cow<'a, str> {
    match texts {
        [one] => one.clone(),
        many => Cow::Owned(many.join("\n")),
    }
}

/// The prompt of a conversation as one text: everything before the last assistant turn, without the system text.
///
/// A single user turn reads as its bare text, so that it equals a `prompt` member and an evaluation prompt with the same
/// question. Several turns read as `user: …`, `assistant: …`, a blank line between them.
#[must_use]
pub fn render_prompt(turns: &[Turn<'_>]) -> String {
    let before = match turns {
        [before @ .., last] if last.role == Role::Assistant => before,
        all => all,
    };
    match before {
        [only] => only.text().into_owned(),
        several => {
            let lines: Vec<String> = several.iter().map(spoken).collect();
            lines.join("\n\n")
        }
    }
}

fn spoken(turn: &Turn<'_>) -> String {
    format!("{}: {}", turn.role.as_str(), turn.text())
}

/// The questions that a conversation answers before its last turn: the digest of [`render_prompt`] of everything before each answer that has
/// text, with the place of that answer. Each turn is read once, however many questions there are.
pub(crate) fn earlier_questions(turns: &[Turn<'_>]) -> Vec<(usize, PromptDigest)> {
    let is_answer = |turn: &Turn<'_>| {
        turn.role == Role::Assistant && turn.texts.iter().any(|text| !text.trim().is_empty())
    };
    let before_last = &turns[..turns.len().saturating_sub(1)];
    let Some(last) = before_last.iter().rposition(is_answer) else {
        return Vec::new();
    };
    let mut questions = Vec::new();
    let mut growing = GrowingPrompt::default();
    for (place, turn) in turns[..=last].iter().enumerate() {
        if is_answer(turn) {
            match place {
                0 => {}
                1 => questions.push((place, PromptDigest::of(&turns[0].text()))),
                _ => questions.push((place, growing.digest())),
            }
        }
        if place < last {
            growing.push(&spoken(turn));
        }
    }
    questions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turn() -> impl Strategy<Value = Turn<'static>> {
        let text = "([ -~]|[\\sΣσİß日\u{301}]){0,12}";
        let texts = proptest::collection::vec(text, 0..3);
        (any::<bool>(), texts).prop_map(|(user, texts)| Turn {
            role: if user { Role::User } else { Role::Assistant },
            texts: texts.into_iter().map(Cow::Owned).collect(),
        })
    }

    proptest! {
        #[test]
        fn each_earlier_question_has_the_digest_of_its_prompt(turns in proptest::collection::vec(turn(), 0..9)) {
            let mut expected = Vec::new();
            for place in 1..turns.len().saturating_sub(1) {
                let answers = turns[place].role == Role::Assistant && !turns[place].text().trim().is_empty();
                if answers {
                    expected.push((place, PromptDigest::of(&render_prompt(&turns[..=place]))));
                }
            }
            prop_assert_eq!(earlier_questions(&turns), expected);
        }
    }

    #[test]
    fn a_line_of_ten_thousand_turns_is_read_once() {
        let turns: Vec<Turn<'_>> = (0..10_000)
            .map(|n| {
                let role = if n % 2 == 0 {
                    Role::User
                } else {
                    Role::Assistant
                };
                Turn::new(role, "word ".repeat(150))
            })
            .collect();
        let started = std::time::Instant::now();
        assert_eq!(earlier_questions(&turns).len(), 4_999);
        // Each question hashed from the first turn on, these are 19 GB: a minute and more.
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
