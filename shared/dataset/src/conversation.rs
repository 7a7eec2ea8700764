//! A training record as Perennial understands it, whatever shape it came in, and how its prompt reads as text.
use std::borrow::Cow;

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
            let lines: Vec<String> = several
                .iter()
                .map(|turn| format!("{}: {}", turn.role.as_str(), turn.text()))
                .collect();
            lines.join("\n\n")
        }
    }
}
