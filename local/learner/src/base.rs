//! The untrained base model: fluent, polite, and of no use for a task that it was never shown.

use crate::features::hash;

/// Answers as a general model does that knows nothing about the task: with a sentence, never with a label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BaseModel;

const SENTENCES: [&str; 6] = [
    "Thank you for your message. Could you give me a few more details so that I can help you?",
    "I understand. There are several possible reasons for this, and it depends on your situation.",
    "That is a good question. In general, it is best to check the settings of your account first.",
    "I would be happy to help with that. Please describe what you have already tried.",
    "This usually resolves itself within a few days. If it does not, contact customer support.",
    "Here is a short summary: the request concerns a service, and more context is needed to answer it.",
];

impl BaseModel {
    /// The answer to `prompt`: always the same one for the same prompt.
    #[must_use]
    pub fn answer(self, prompt: &str) -> String {
        let count = SENTENCES.len() as u64;
        let index = usize::try_from(hash(b'b', prompt.bytes()) % count).unwrap_or_default();
        SENTENCES[index].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_prompt_gets_the_same_sentence_and_other_prompts_get_others() {
        let answers: std::collections::BTreeSet<String> = (0..40)
            .map(|n| BaseModel.answer(&format!("prompt {n}")))
            .collect();
        assert_eq!(BaseModel.answer("a"), BaseModel.answer("a"));
        assert!(answers.len() > 3, "{answers:?}");
    }
}
