//! Streaming validation and compilation of training data: bytes in, canonical JSON Lines and findings out.
//!
//! A [`Compiler`] takes one uploaded file, pushed in chunks, and says in its [`Summary`] whether it can be trained on,
//! or which line breaks which rule and how to fix it. A [`Sealer`] joins compiled shards into the training file of a run.
//! Nothing here does I/O, and nothing that a file contains can make it panic, stall or take unbounded memory.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod asked;
mod assembly;
mod between;
mod canonical;
mod compiler;
mod conversation;
mod decompress;
mod documents;
mod evaluation;
mod excluded;
mod finding;
mod index;
mod input;
mod json;
mod masked;
mod media;
mod members;
mod pass;
mod path;
mod record;
mod refusal;
mod rules;
mod scan;
mod sealed;
mod sealer;
mod shape;
mod sniff;
mod statistics;
mod summary;
mod tokens;

pub use asked::MOST_ASKED;
pub use assembly::{Assembly, MOST_COPY, Move};
pub use between::Between;
pub use canonical::{completion_of, prompt_of, record_digest};
pub use compiler::{Compiler, Finished, Purpose};
pub use conversation::{Role, Turn, render_prompt};
pub use documents::Documents;
pub use evaluation::EvalRecord;
pub use excluded::Excluded;
pub use finding::{EXCERPT, Excerpt, Finding, LISTED};
pub use index::{Index, Indexer, MOST_INDEX, Unusable};
pub use media::{ImageSeen, MediaKind, MediaLimits, MediaReference, MediaReferences, MediaSeen};
pub use pass::plan::{SecretsRule, Spill};
pub use rules::{Applies, Held, Rule, Severity, rules};
pub use sealed::Sealed;
pub use sealer::{Sealer, Stretch};
pub use statistics::{Bin, Sample, Spread, Statistics};
pub use summary::{REPORT_FORM, SAMPLE, SAMPLES, Summary, Target, Verdict, count, grouped};
pub use tokens::{IMAGE_TOKENS, estimate_tokens};
