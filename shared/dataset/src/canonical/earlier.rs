//! The questions that a canonical line teaches before its last one.
use perennial_core::prompt::PromptDigest;

use super::turn;
use crate::{
    conversation::{Turn, earlier_questions},
    json::Value,
};

/// The digests of what stands before each answer but the last one; none for most lines, at no more than a look at their messages' roles.
pub(crate) fn earlier(value: Value<'_>) -> Vec<PromptDigest> {
    let logged = || value.get("input")?.get("inputBodyJson")?.get("messages");
    let Some(messages) = value.some("messages").or_else(logged) else {
        return Vec::new();
    };
    // What the system says is no part of a question.
    let spoken = || {
        messages.items().filter(|message| {
            !message
                .get("role")
                .is_some_and(|role| role.is("system") || role.is("developer"))
        })
    };
    let answers =
        spoken().filter(|message| message.get("role").is_some_and(|role| role.is("assistant")));
    let count = spoken().count();
    if count < 3 || answers.count() == 0 {
        return Vec::new();
    }
    let Some(turns) = spoken().map(turn).collect::<Option<Vec<Turn<'_>>>>() else {
        return Vec::new();
    };
    let questions = earlier_questions(&turns).into_iter();
    questions.map(|(_, digest)| digest).collect()
}
