//! What is trained, by which model and technique, and which official validators look at its records.
use perennial_core::{
    config::Technique as Known,
    limits::{self, DataLimits},
};

use crate::{
    records::{self, Form},
    statement::{self, Nova, Validator},
};

/// How a model is trained, by whatever AWS offers: pipelines cannot ask for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Technique {
    /// Supervised fine-tuning.
    FineTuning,
    /// Continued pre-training.
    PreTraining,
    /// Reinforcement fine-tuning.
    Reinforcement,
    /// Distillation.
    Distillation,
    /// From invocation logs.
    Logs,
}

/// A model and a technique.
#[derive(Debug)]
pub struct Target {
    /// Its name in messages.
    pub name: &'static str,
    /// The base model's id.
    pub model: &'static str,
    /// The technique.
    pub technique: Technique,
    /// What the Nova validators are told.
    pub nova: Nova,
    /// Those that look at its records.
    pub validators: &'static [&'static Validator],
    /// The forms of its records, which all of them accept.
    pub forms: &'static [Form],
    /// Forms that Perennial may turn into one of those. The validators refuse them.
    pub foreign: &'static [Form],
    /// Cases of two and three changes, for each thousand of a run.
    pub share: usize,
}

impl Target {
    /// What Perennial holds its records against; none if it cannot train it yet.
    #[must_use]
    pub fn limits(&self) -> Option<DataLimits> {
        match self.technique {
            Technique::FineTuning => limits::of(Known::FineTuning, self.model),
            Technique::PreTraining => limits::of(Known::ContinuedPreTraining, self.model),
            Technique::Distillation => limits::of(Known::Distillation, self.model),
            Technique::Logs => limits::from_logs(self.model, None),
            Technique::Reinforcement => limits::reinforcement(self.model),
        }
    }
}

const NOVA: &[&Validator] = &[&statement::SCRIPT, &statement::FORGE];
const CHATS: &[Form] = &[
    records::PROMPT_COMPLETION,
    records::PROMPT_RESPONSE,
    records::MESSAGES,
    records::MESSAGES_OF_BLOCKS,
    records::CLAUDE,
    records::CONVERSE_LOG,
    records::INVOKE_LOG,
];

/// All of them.
pub static TARGETS: &[Target] = &[
    Target {
        name: "Nova Micro, fine-tuning",
        model: "amazon.nova-micro-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::Micro,
        validators: NOVA,
        forms: &[
            records::CONVERSATION,
            records::WITH_SYSTEM,
            records::TURNS,
            records::TOOLS,
        ],
        foreign: CHATS,
        share: 150,
    },
    Target {
        name: "Nova Lite, fine-tuning",
        model: "amazon.nova-lite-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::Lite,
        validators: NOVA,
        forms: &[
            records::CONVERSATION,
            records::TURNS,
            records::TOOLS,
            records::IMAGE,
            records::VIDEO,
        ],
        foreign: CHATS,
        share: 150,
    },
    Target {
        name: "Nova Pro, fine-tuning",
        model: "amazon.nova-pro-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::Pro,
        validators: NOVA,
        forms: &[records::WITH_SYSTEM, records::IMAGE],
        foreign: CHATS,
        share: 50,
    },
    Target {
        name: "Nova 2 Lite, fine-tuning",
        model: "amazon.nova-2-lite-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::Lite2,
        validators: NOVA,
        forms: &[
            records::CONVERSATION,
            records::WITH_SYSTEM,
            records::TOOLS,
            records::REASONING,
            records::IMAGE,
            records::VIDEO,
            records::DOCUMENT,
        ],
        foreign: CHATS,
        share: 250,
    },
    Target {
        name: "Nova Lite, continued pre-training",
        model: "amazon.nova-lite-v1:0",
        technique: Technique::PreTraining,
        nova: Nova::Lite,
        validators: &[&statement::SCRIPT_TEXT, &statement::FORGE_TEXT],
        forms: &[records::TEXT],
        foreign: &[records::INPUT],
        share: 50,
    },
    Target {
        name: "Nova 2 Lite, reinforcement fine-tuning",
        model: "amazon.nova-2-lite-v1:0",
        technique: Technique::Reinforcement,
        nova: Nova::Lite2,
        validators: &[&statement::SCRIPT_REWARD, &statement::FORGE_REWARD],
        forms: &[records::REWARD, records::REWARD_TOOLS],
        foreign: &[],
        share: 100,
    },
    Target {
        name: "Claude 3 Haiku, fine-tuning",
        model: "anthropic.claude-3-haiku-20240307-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::None,
        validators: &[&statement::CLAUDE],
        forms: &[records::CLAUDE, records::MESSAGES_PLAIN],
        foreign: &[
            records::CONVERSATION,
            records::WITH_SYSTEM,
            records::PROMPT_COMPLETION,
            records::MESSAGES,
        ],
        share: 75,
    },
    Target {
        name: "Llama 3.2 11B, fine-tuning",
        model: "meta.llama3-2-11b-instruct-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::None,
        validators: &[&statement::LLAMA],
        forms: &[
            records::CONVERSATION,
            records::WITH_SYSTEM,
            records::TURNS,
            records::IMAGE,
        ],
        foreign: CHATS,
        share: 75,
    },
    Target {
        name: "Llama 3.1 8B, fine-tuning",
        model: "meta.llama3-1-8b-instruct-v1:0",
        technique: Technique::FineTuning,
        nova: Nova::None,
        validators: &[&statement::LLAMA_PAIRS],
        forms: &[records::PROMPT_COMPLETION],
        foreign: &[
            records::CONVERSATION,
            records::MESSAGES_PAIR,
            records::PROMPT_RESPONSE,
        ],
        share: 25,
    },
    Target {
        name: "Nova Lite, distillation from prompts",
        model: "amazon.nova-lite-v1:0",
        technique: Technique::Distillation,
        nova: Nova::Lite,
        validators: &[&statement::PROMPTS],
        forms: &[
            records::QUESTION,
            records::CONVERSATION,
            records::WITH_SYSTEM,
        ],
        foreign: &[
            records::PROMPT,
            records::PROMPT_COMPLETION,
            records::MESSAGES,
        ],
        share: 50,
    },
    Target {
        name: "Nova Lite, distillation from invocation logs",
        model: "amazon.nova-lite-v1:0",
        technique: Technique::Logs,
        nova: Nova::Lite,
        validators: &[&statement::LOGS],
        forms: &[records::CONVERSE_LOG, records::INVOKE_LOG],
        foreign: &[],
        share: 25,
    },
];
