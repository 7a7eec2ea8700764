//! What came of sealing a dataset.
use perennial_core::prompt::PromptDigest;

/// What came of sealing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sealed {
    /// Records in the training file.
    pub records: u64,
    /// Records dropped because an earlier pushed one is exactly the same. Where documents are packed, each document counts that an earlier
    /// pushed shard has, too; a record of a shard without an index counts once, whatever is packed in it.
    pub duplicates: u64,
    /// Records dropped because their prompt stands in the evaluation set, or a question that they answer before it, each counted once: a
    /// duplicate of one is a duplicate.
    pub leaked: u64,
    /// Those of them whose prompt stands there to the letter; the others differ in case or white space only, or it is an earlier question.
    pub leaked_to_the_letter: u64,
    /// Records kept apart for evaluation.
    pub held_out: u64,
    /// Those of them whose prompt was held out before: it is asked once, with the answer that was pushed first.
    pub held_out_again: u64,
    /// Held-out prompts that are no fair question ([`crate::Sealer::asking`]).
    pub held_out_seen: u64,
    /// Other held-out prompts that are not asked, as a conversation that is trained on answers them before its last question.
    pub held_out_taught: u64,
    /// Records whose question an earlier pushed shard has to the letter, and that differ in something else: the answer, or what the system
    /// says. They are trained on, or held out.
    pub conflicts: u64,
    /// The shards of the first of them: of the record, and of the question's first record. From 0, as they were pushed.
    pub conflict_between: Option<(u32, u32)>,
    /// Records over the model's maximum. They were not looked at any further, so duplicates among them count too.
    pub left_out: u64,
    /// Records that were not drawn into the sample ([`crate::Sealer::sampling`]).
    pub not_sampled: u64,
    /// Lines that are no canonical record; 0 unless a shard was damaged.
    pub unreadable: u64,
    /// Tokens of the training file, estimated; the estimate errs high ([`crate::estimate_tokens`]).
    pub tokens_estimate: u64,
    /// The distinct prompts of the training file, in order; of a record that is written anew, the text that it had before.
    pub prompts: Vec<PromptDigest>,
    /// The questions that the training file answers before the last ones of its records, in the order of their digests.
    pub taught: Vec<PromptDigest>,
    /// The held-out records that are asked, each prompt once, as canonical evaluation lines.
    pub held_out_records: Vec<u8>,
}

impl Sealed {
    /// The records among which leaks are counted: all that were looked at, without duplicates. (Of a sample: what is outside of it was not
    /// compared.)
    #[must_use]
    pub fn distinct(&self) -> u64 {
        self.records + self.held_out + self.leaked + self.not_sampled
    }

    /// Which share (0 to 1) of the distinct records had their prompt in the evaluation set. Above 0.01 is an error
    /// (design, section 7).
    #[must_use]
    pub fn leak_share(&self) -> f64 {
        match self.distinct() {
            0 => 0.0,
            distinct => self.leaked as f64 / distinct as f64,
        }
    }
}
