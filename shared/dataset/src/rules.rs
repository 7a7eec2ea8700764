//! The table of rules: what is looked at, how severe it is, and who says so. `docs/rules.md` can be written from it.
use serde::{Deserialize, Serialize};

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

/// One rule that data is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The stable name, as findings carry it.
    pub id: &'static str,
    /// What a breach means for the upload.
    pub severity: Severity,
    /// The rule in one sentence.
    pub summary: &'static str,
    /// The AWS document (or validator) that asks for it, or "Perennial".
    pub source: &'static str,
}

const PERENNIAL: &str = "Perennial";
const PREPARE: &str = "Bedrock user guide, model-customization-prepare";
const NOVA: &str = "Amazon Nova user guide, fine-tune-prepare-data-understanding";
const VALIDATOR: &str = "AWS Nova Dataset Validator";
const FORBIDDEN: &str = "Amazon Nova user guide, fine-tune-prepare-data-understanding; AWS Nova Dataset Validator; \
                         aws/nova-forge-sdk; aws-samples/amazon-bedrock-samples (Claude 3 Haiku)";
const FORGE: &str = "aws/nova-forge-sdk, dataset_checks_config.py";
const BOTH: &str = "AWS Nova Dataset Validator; aws/nova-forge-sdk";
const DISTILLATION: &str =
    "aws-samples/amazon-bedrock-samples, model distillation's dataset validator";
const EVALUATION: &str = "Bedrock user guide, model-evaluation-prompt-datasets-judge";

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $source:expr, $summary:literal;)*) => {
        $(pub(crate) static $name: Rule = Rule { id: $id, severity: Severity::$severity, summary: $summary, source: $source };)*
        static TABLE: &[Rule] = &[
            $(Rule { id: $id, severity: Severity::$severity, summary: $summary, source: $source },)*
        ];
    };
}

rules! {
    EMPTY_FILE = "empty-file", Error, PREPARE, "A file holds at least one record.";
    BINARY_FILE = "binary-file", Error, PREPARE, "A file is text: JSON Lines, plain or compressed with gzip or zstd.";
    UTF_16 = "utf-16", Error, PREPARE, "A file is encoded in UTF-8, not in UTF-16.";
    BYTE_ORDER_MARK = "byte-order-mark", Note, PERENNIAL, "A UTF-8 byte order mark at the start is taken off.";
    BROKEN_COMPRESSION = "broken-compression", Error, PERENNIAL, "A compressed file can be decompressed to its end.";
    TRUNCATED_COMPRESSION = "truncated-compression", Error, PERENNIAL, "A compressed file is complete and matches its checksum.";
    TIME_LEFT = "time-left", Error, PERENNIAL, "A file is read within one invocation of ingest (15 minutes).";
    DECOMPRESSED_SIZE = "decompressed-size", Error, PERENNIAL, "A compressed file holds at most 20 GiB.";
    DECOMPRESSION_RATIO = "decompression-ratio", Error, PERENNIAL,
        "Beyond 64 MiB, a compressed file grows to at most 200 times its size.";
    JSON_ARRAY = "json-array", Note, PREPARE, "Records stand one a line; a JSON array of records is converted.";
    PRETTY_PRINTED = "pretty-printed", Note, PREPARE, "A record stands on one line; records over several lines are converted.";
    ARRAY_FORM = "array-form", Error, PERENNIAL, "A JSON array of records is complete, each record closed.";
    ARRAY_COMMA = "array-comma", Warning, PERENNIAL, "Records of a JSON array have one comma between them.";
    TABLE_COLUMNS = "table-columns", Error, PERENNIAL,
        "A CSV or TSV file has a header, with the columns that `[data] columns` names or names that say what they hold.";
    TABLE_ROW = "table-row", Error, PERENNIAL, "A row of a table has as many fields as the header, and closes its quotes.";
    COLUMNS_TAKEN = "columns-taken", Note, PERENNIAL, "The report says which columns became which members.";
    COLUMNS_LEFT_OUT = "columns-left-out", Warning, PERENNIAL, "Every column of a table is taken, or named here.";
    EMPTY_ROWS = "empty-rows", Note, PERENNIAL, "Rows of a table without any text are left out.";
    UNKNOWN_FILE = "unknown-file", Error, PERENNIAL, "A file's content or name says what it is.";
    LINE_TOO_LONG = "line-too-long", Error, PERENNIAL, "A line has at most 8 MiB.";
    INVALID_UTF8 = "invalid-utf8", Error, PREPARE, "A line is valid UTF-8.";
    BROKEN_JSON = "broken-json", Error, PREPARE, "A line is one complete JSON value.";
    NESTING_DEPTH = "nesting-depth", Error, PERENNIAL, "A record nests at most 64 levels deep.";
    TOO_MANY_VALUES = "too-many-values", Error, PERENNIAL, "A record has at most 65,536 JSON values.";
    DUPLICATE_MEMBER = "duplicate-member", Error, PERENNIAL, "An object names each member once, or text would be lost.";
    NOT_AN_OBJECT = "not-an-object", Error, PREPARE, "A record is a JSON object.";
    UNKNOWN_SHAPE = "unknown-shape", Error, PREPARE, "A record has a known shape.";
    MIXED_SHAPES = "mixed-shapes", Error, PERENNIAL, "All records of a file have one shape.";
    WRONG_PLACE = "wrong-place", Error, PERENNIAL,
        "Training records stand under data/, evaluation records under eval/.";
    MISSING_PROMPT = "missing-prompt", Error, PREPARE, "A record has a prompt.";
    MISSING_COMPLETION = "missing-completion", Error, PREPARE, "A training record has a completion.";
    MISSING_REFERENCE = "missing-reference", Error, PERENNIAL,
        "An evaluation record has a referenceResponse: answers are scored against it.";
    EMPTY_PROMPT = "empty-prompt", Error, VALIDATOR, "A prompt has more than white space.";
    EMPTY_COMPLETION = "empty-completion", Error, VALIDATOR, "A completion has more than white space.";
    EMPTY_REFERENCE = "empty-reference", Error, EVALUATION, "A referenceResponse has more than white space.";
    EMPTY_SYSTEM = "empty-system", Warning, PERENNIAL, "A system text without content is left out.";
    WRONG_TYPE = "wrong-type", Error, PREPARE, "A member has the type that its shape asks for.";
    UNKNOWN_ROLE = "unknown-role", Error, VALIDATOR, "A role is user or assistant (or system, first), in lower case.";
    ROLE_ORDER = "role-order", Error, VALIDATOR,
        "A conversation starts with user, alternates strictly, and ends with assistant.";
    SCHEMA_VERSION = "schema-version", Error, NOVA, "schemaVersion is bedrock-conversation-2024.";
    SCHEMA_VERSION_MISSING = "schema-version-missing", Warning, NOVA,
        "A Bedrock conversation names its schemaVersion; without it, bedrock-conversation-2024 is written.";
    EXTRA_MEMBER = "extra-member", Warning, PERENNIAL, "A member that the shape does not know is left out of the compiled record.";
    OTHER_TRAINER = "other-trainer", Error, PERENNIAL, "A record is of the kind that the pipeline's trainer takes.";
    EMPTY_DOCUMENT = "empty-document", Error, VALIDATOR, "A document has more than white space.";
    DISTILLATION_TURNS = "distillation-turns", Error, DISTILLATION,
        "A distillation record is one question of one text, with at most one answer.";
    CONTENT_NOT_TAKEN = "content-not-taken", Error, BOTH, "A record holds only what the model's trainer takes: media, tools, reasoning.";
    MEDIA_SOURCE = "media-source", Error, BOTH, "Media lie in S3: an address s3://bucket/key of letters, digits, '_', '-', '/' and '.'.";
    MEDIA_BUCKET = "media-bucket", Error, NOVA, "Images and videos lie in the bucket of the training data.";
    MEDIA_FORMAT = "media-format", Error, BOTH, "Media have a format that the model takes.";
    MEDIA_COUNT = "media-count", Error, BOTH, "A message has at most so many images, videos and documents.";
    MEDIA_MIX = "media-mix", Error, BOTH, "A message holds one kind of media.";
    MEDIA_PLACE = "media-place", Error, BOTH, "Media stand in user messages.";
    MIXED_MODALITY = "mixed-modality", Warning, NOVA, "All records of a dataset have one kind of media, or none.";
    CAPTION_LENGTH = "caption-length", Error, PREPARE, "A caption has 3 to 1,024 characters.";
    REASONING_PLACE = "reasoning-place", Error, BOTH, "Reasoning stands in assistant messages, and says something.";
    TOOL_SPEC = "tool-spec", Error, BOTH, "A tool has a name of its own, a description, and a JSON Schema with a type.";
    TOOL_PLACE = "tool-place", Error, BOTH, "The assistant uses tools; user messages hold their results.";
    TOOL_PAIRING = "tool-pairing", Error, BOTH,
        "Each tool use names a defined tool and has an id of its own; each result answers an earlier use, once.";
    OPTIONAL_MEMBER = "optional-member", Warning, FORGE,
        "system, image, video, reasoningContent, toolUse and toolResult stand in all records or in none.";
    BROKEN_UNICODE = "broken-unicode", Error, PREPARE, "A text has no half of a surrogate pair.";
    REPLACEMENT_CHARACTER = "replacement-character", Warning, PERENNIAL,
        "A text has no U+FFFD, which stands where a character was lost.";
    CONTROL_CHARACTER = "control-character", Warning, PERENNIAL,
        "A text has no control characters but tab, line feed and carriage return.";
    SECRET = "secret", Warning, PERENNIAL,
        "A text has no key, token or private key: a model repeats what it was trained on. `[data] secrets` makes this an error, or turns it off.";
    CARD_NUMBER = "card-number", Warning, PERENNIAL,
        "A text has no number that is a payment card's by its checksum. `[data] secrets` makes this an error, or turns it off.";
    NO_PLACE = "no-place", Error, PREPARE, "The trainer's shape has a place for every text of a record.";
    FORBIDDEN_STRING = "forbidden-string", Error, FORBIDDEN, "No text holds a string that makes the job fail, in any case.";
    SAMPLE_TOO_LONG = "sample-too-long", Error, PREPARE,
        "A record fits the model's limit even at 6 characters a token, AWS's own figure, which errs low.";
    SAMPLE_MAY_BE_TOO_LONG = "sample-may-be-too-long", Warning, PERENNIAL,
        "A record fits the model's limit by the estimate of 3 characters a token, which errs high.";
    EXACT_DUPLICATE = "exact-duplicate", Note, PERENNIAL, "A record that repeats an earlier one exactly is dropped.";
    DUPLICATES_UNCHECKED = "duplicates-unchecked", Note, PERENNIAL,
        "Duplicates are looked for among all records; over the model's record limit that needs a file.";
    CONFLICTING_DUPLICATE = "conflicting-duplicate", Warning, PERENNIAL, "A prompt has one completion.";
    NEAR_CONSTANT = "near-constant-completion", Warning, PERENNIAL, "Completions differ: at most 9 in 10 are the same text.";
    EVALUATION_LEAK = "evaluation-leak", Note, PERENNIAL,
        "A record whose prompt stands in the evaluation set is dropped from training.";
    EVALUATION_LEAKS = "evaluation-leaks", Error, PERENNIAL,
        "At most 1 % of the records have a prompt that stands in the evaluation set.";
    FEWER_THAN_MINIMUM = "fewer-than-minimum", Note, PREPARE,
        "A dataset has the fewest records that a job takes; one upload may have fewer.";
    MORE_THAN_MAXIMUM = "more-than-maximum", Warning, PREPARE,
        "A dataset has at most the records that a job takes; what is over is left out when it is sealed.";
}

/// Every rule, in the order in which a file is looked at.
#[must_use]
pub fn rules() -> &'static [Rule] {
    TABLE
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_kebab_case() {
        let ids: BTreeSet<_> = super::rules().iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), super::rules().len());
        assert!(ids.iter().all(|id| {
            id.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        }));
    }
}
