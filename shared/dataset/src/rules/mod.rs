//! The table of rules: what is looked at, how severe it is, which data it is for, who says so, and what to do. The rows are in
//! `table`; docs/rules.md and `perennial rules` are made from them.
mod applies;
mod table;

use serde::{Deserialize, Serialize};

pub use applies::Applies;
pub(crate) use table::*;

/// What a finding means for the upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The upload is rejected. The object stays where it is.
    Error,
    /// The upload is accepted; someone should look.
    Warning,
    /// Worth knowing, nothing to do.
    Note,
}

impl Severity {
    /// The word as it stands in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// How a rule is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// A breach is a finding.
    Finding,
    /// Perennial writes what the service reads, and so that it cannot be broken. There is no finding.
    Always,
    /// It is not looked at: whoever makes the data has to. There is no finding.
    NotChecked,
}

impl Held {
    /// The words for a person.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finding => "a finding",
            Self::Always => "by what Perennial writes; no finding",
            Self::NotChecked => "not checked; no finding",
        }
    }
}

/// One rule that data is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The stable name, as findings carry it.
    pub id: &'static str,
    /// What the rules beside it are about, too: a heading.
    pub group: &'static str,
    /// What a breach means for the upload. For `secret` and `card-number`, `[data] secrets` of the configuration may change it.
    pub severity: Severity,
    /// How it is held.
    pub held: Held,
    /// What is checked: the rule in one sentence, or two.
    #[serde(rename = "check")]
    pub summary: &'static str,
    /// The data that it is for.
    pub applies: Applies,
    /// The AWS document (or validator) that asks for it, the standard, or "Perennial's own".
    pub source: &'static str,
    /// What to do about a breach, in general. A finding says it for its own case.
    pub fix: &'static str,
}

impl Rule {
    /// Whether the rule is for training data of this model by this technique, or for the evaluation sets that go with it.
    #[must_use]
    pub fn holds_for(&self, model: &str, technique: &str) -> bool {
        self.applies.holds_for(model, technique)
    }
}

/// Every rule, in the order in which a file is looked at.
#[must_use]
pub fn rules() -> &'static [Rule] {
    TABLE
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use perennial_core::{
        config::Technique,
        limits::{self, DataLimits, RecordShape},
    };

    use super::{Held, Rule, rules, table};

    fn is_kebab_case(word: &str) -> bool {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    }

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let ids: BTreeSet<_> = rules().iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), rules().len());
        assert!(ids.into_iter().all(is_kebab_case));
    }

    #[test]
    fn what_a_finding_can_carry_is_what_the_table_says_of_it() {
        let known: BTreeMap<_, _> = rules().iter().map(|rule| (rule.id, rule)).collect();
        let named = table::named();
        for rule in &named {
            assert_eq!(known.get(rule.id), Some(rule), "{}", rule.id);
        }
        let with_findings = |rule: &&Rule| rule.held == Held::Finding;
        assert_eq!(named.len(), rules().iter().filter(with_findings).count());
        assert!(named.len() > 50);
    }

    #[test]
    fn every_row_says_all_of_it_in_sentences() {
        for rule in rules() {
            for text in [rule.summary, rule.fix] {
                assert!(
                    text.ends_with('.') && text.len() > 15,
                    "{}: {text}",
                    rule.id
                );
                assert!(!text.contains("  "), "{}: {text}", rule.id);
            }
            for text in [rule.group, rule.source, rule.applies.to] {
                assert!(
                    text.len() > 4 && !text.ends_with('.'),
                    "{}: {text}",
                    rule.id
                );
                assert!(!text.contains("  "), "{}: {text}", rule.id);
            }
        }
    }

    #[test]
    fn rules_of_one_group_stand_together() {
        let mut groups: Vec<_> = rules().iter().map(|rule| rule.group).collect();
        groups.dedup();
        let different: BTreeSet<_> = groups.iter().collect();
        assert_eq!(different.len(), groups.len());
    }

    const MODELS: [&str; 18] = [
        "amazon.nova-micro-v1:0",
        "amazon.nova-lite-v1:0",
        "amazon.nova-pro-v1:0",
        "amazon.nova-2-lite-v1:0",
        "amazon.nova-canvas-v1:0",
        "amazon.titan-image-generator-v1",
        "amazon.titan-image-generator-v2:0",
        "meta.llama3-1-8b-instruct-v1:0",
        "meta.llama3-1-70b-instruct-v1:0",
        "meta.llama3-2-1b-instruct-v1:0",
        "meta.llama3-2-3b-instruct-v1:0",
        "meta.llama3-2-11b-instruct-v1:0",
        "meta.llama3-2-90b-instruct-v1:0",
        "meta.llama3-3-70b-instruct-v1:0",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "openai.gpt-oss-20b-1:0",
        "qwen.qwen3-32b-v1:0",
        "no.such-model-v1:0",
    ];

    /// Every technique and model whose data is known.
    fn known() -> Vec<(&'static str, &'static str, DataLimits)> {
        let of = |technique: Technique, model| {
            let limits = limits::of(technique, model)?;
            Some((technique.as_str(), model, limits))
        };
        let reinforced = |model| {
            let limits = limits::reinforcement(model)?;
            Some(("reinforcement-fine-tuning", model, limits))
        };
        let each = |model| {
            let techniques = Technique::WORDS.iter().map(|word| word.parse().unwrap());
            let known = techniques.filter_map(move |technique| of(technique, model));
            known.chain(reinforced(model))
        };
        MODELS.into_iter().flat_map(each).collect()
    }

    #[test]
    fn a_rule_is_for_those_whose_limits_ask_for_it() {
        let known = known();
        assert!(known.len() > 30, "{}", known.len());
        for (technique, model, limits) in known {
            let shape = |shape| limits.shape == shape;
            let conversation = !shape(RecordShape::Documents) && !shape(RecordShape::ImageCaptions);
            let (content, tuned) = (&limits.content, technique == "fine-tuning");
            let images = tuned && !content.image_formats.is_empty();
            for (rule, is_asked) in [
                (&table::FORBIDDEN_STRING, !limits.forbidden.is_empty()),
                (&table::CAPTION_LENGTH, shape(RecordShape::ImageCaptions)),
                (&table::EMPTY_DOCUMENT, shape(RecordShape::Documents)),
                (
                    &table::DISTILLATION_TURNS,
                    shape(RecordShape::DistillationPrompts) || shape(RecordShape::InvocationLogs),
                ),
                (&table::ROLE_ORDER, conversation),
                (&table::SAMPLE_TOO_LONG, conversation),
                (&table::MEDIA_PLACE, images),
                (
                    &table::MEDIA_SOURCE,
                    images || shape(RecordShape::ImageCaptions),
                ),
                (
                    &table::MIXED_MODALITY,
                    tuned && !content.video_formats.is_empty(),
                ),
                (&table::REASONING_PLACE, tuned && content.reasoning),
                (&table::TOOL_SPEC, content.tools),
                (&table::TOOL_PAIRING, tuned && content.tools),
                (&table::FEWER_THAN_MINIMUM, true),
            ] {
                assert_eq!(
                    rule.holds_for(model, technique),
                    is_asked,
                    "{} of {model}, {technique}",
                    rule.id
                );
            }
        }
    }
}
