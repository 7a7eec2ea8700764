//! The rows of the table of rules. A row has a name if the compiler can find a breach of it.
use super::applies::{
    ALL, ANSWERS, BEDROCK, CAPTIONS, CONVERSATIONS, DOCUMENTS, EVALUATION, FORBIDDEN, HAIKU,
    LLAMA_MEDIA, MEDIA, MEDIA_AND_CAPTIONS, NOVA, NOVA_2, NOVA_AND_REINFORCEMENT, NOVA_MEDIA,
    PREFERENCES, PREFERENCES_ASKED, PROMPTS, REFERENCES, REINFORCED, TO_DISTIL, TRAINING,
};
use super::{Held, Rule, Severity};

const OWN: &str = "Perennial's own";
const LEAKAGE: &str = "Perennial's own: docs/decisions/0004-leakage-by-normalised-prompt.md";
const SAFETY: &str = "Perennial's own: no file may exhaust the function that reads it";
const PREPARE: &str = "Bedrock user guide, model-customization-prepare (2026)";
const NOVA_GUIDE: &str = "Amazon Nova user guide, fine-tune-prepare-data-understanding (2026)";
const VALIDATOR: &str =
    "AWS Nova Dataset Validator (aws-samples/amazon-nova-samples, nova_ft_dataset_validator.py)";
const FORGE: &str = "aws/nova-forge-sdk (PyPI amzn-nova-forge 1.4.10)";
const BOTH: &str = "AWS Nova Dataset Validator (nova_ft_dataset_validator.py); aws/nova-forge-sdk (PyPI amzn-nova-forge 1.4.10)";
const GUIDE_AND_BOTH: &str = "Amazon Nova user guide, fine-tune-prepare-data-understanding (2026); AWS Nova Dataset Validator; aws/nova-forge-sdk";
const CONVERSATION: &str = "Amazon Nova user guide, fine-tune-prepare-data-understanding (2026); AWS Nova Dataset Validator; \
                            aws-samples/amazon-bedrock-samples (validators of Claude 3 Haiku, Llama and distillation)";
const SCHEMA: &str = "Amazon Nova user guide, fine-tune-prepare-data-understanding (2026); aws/nova-forge-sdk; \
                      aws-samples/amazon-bedrock-samples (validators of Llama and distillation)";
const FORBIDDEN_LISTS: &str = "Union of: Amazon Nova user guide, fine-tune-prepare-data-understanding; AWS Nova Dataset Validator; \
                               aws/nova-forge-sdk; aws-samples/amazon-bedrock-samples (validator of Claude 3 Haiku)";
const COUNTS: &str = "As the figure's own finding says: Amazon Nova user guide and Nova Dataset Validator (Nova: 8, Nova 2 Lite 200 or 100, to 20,000); \
                      Bedrock user guide, model-customization-prepare (Llama 100 to 10,000, Claude 3 Haiku 32 to 10,000, image models 5 to 10,000); \
                      aws-samples/amazon-bedrock-samples (distillation 100 to 15,000); for continued pre-training none is published";
const DISTILLATION: &str = "aws-samples/amazon-bedrock-samples, custom-models/model_distillation/dataset-validation/dataset_validator.py";
const LOGS: &str = "Bedrock user guide, distillation-data-prep-option-2 (read 2026-11-22)";
const LLAMA_SAMPLES: &str =
    "aws-samples/amazon-bedrock-samples, meta-llama/dataset_validation/dataset_validation.py";
const PRE_TRAINING: &str =
    "Amazon Nova 2 user guide, nova-data-prep-cpt-2 (2026); aws/nova-forge-sdk";
const DPO: &str = "Amazon Nova user guide, nova-dpo (read 2026-11-22); aws/sagemaker-python-sdk, ai_registry/schemas/dpo.json (read at a248126, \
                   2026-08-21)";
const DPO_GUIDE: &str = "SageMaker developer guide, nova-fine-tune-1 (read 2026-11-22)";
const OPENAI: &str = "OpenAI, fine-tuning guide and API reference: an assistant's message with the weight 0 is not trained on";
const JSON: &str = "RFC 8259 (JSON), section 2";
const CSV: &str = "RFC 4180 (CSV)";
const JSON_LINES: &str =
    "Bedrock user guide, model-customization-prepare (2026): JSON Lines, one record a line";
const UTF_8: &str = "RFC 8259 (JSON), section 8.1";

/// Rows are `NAME = "id", severity, applies, source, check, fix;`. Those that no finding is made with have no name.
macro_rules! rules {
    (findings { $($group:literal { $($name:ident = $id:literal, $severity:ident, $applies:ident, $source:expr, $check:literal, $fix:literal;)* })* }
     others { $($held:ident $other:literal { $($oid:literal, $oseverity:ident, $oapplies:ident, $osource:expr, $ocheck:literal, $ofix:literal;)* })* }) => {
        $($(pub(crate) static $name: Rule = Rule {
            id: $id, group: $group, severity: Severity::$severity, held: Held::Finding, summary: $check, applies: $applies, source: $source, fix: $fix,
        };)*)*

        pub(super) static TABLE: &[Rule] = &[
            $($(Rule {
                id: $id, group: $group, severity: Severity::$severity, held: Held::Finding, summary: $check, applies: $applies, source: $source, fix: $fix,
            },)*)*
            $($(Rule {
                id: $oid, group: $other, severity: Severity::$oseverity, held: Held::$held, summary: $ocheck, applies: $oapplies, source: $osource, fix: $ofix,
            },)*)*
        ];

        /// The rules that findings are made with.
        #[cfg(test)]
        pub(super) fn named() -> Vec<&'static Rule> {
            vec![$($(&$name),*),*]
        }
    };
}

rules! {
findings {
"The file" {
    EMPTY_FILE = "empty-file", Error, ALL, JSON_LINES,
        "A file holds at least one record.",
        "Write one JSON object a line, and upload the file again.";
    BINARY_FILE = "binary-file", Error, ALL, JSON_LINES,
        "A file is text, plain or compressed with gzip or zstd.",
        "Upload JSON Lines as text. Unpack archives, and export office documents as text.";
    UTF_16 = "utf-16", Error, ALL, UTF_8,
        "A file is encoded in UTF-8, not in UTF-16 or UTF-32.",
        "Save it as UTF-8, for example with: iconv -f UTF-16 -t UTF-8 FILE > FILE.jsonl.";
    BYTE_ORDER_MARK = "byte-order-mark", Note, ALL, UTF_8,
        "A UTF-8 byte order mark at the start is taken off.",
        "Nothing: the compiled file has none.";
    BROKEN_COMPRESSION = "broken-compression", Error, ALL, "RFC 1952 (gzip), RFC 8878 (Zstandard)",
        "A compressed file can be decompressed to its end, with a window of 8 MiB at most (zstd).",
        "Test the file with gzip -t or zstd -t, then compress it (zstd without --long and --ultra) and upload it again.";
    TRUNCATED_COMPRESSION = "truncated-compression", Error, ALL, "RFC 1952 (gzip), RFC 8878 (Zstandard)",
        "A compressed file is complete and matches its checksum.",
        "It was cut off or changed while it was written or copied: compress and upload it again.";
    TIME_LEFT = "time-left", Error, ALL, SAFETY,
        "A file is read within one invocation of ingest (15 minutes).",
        "Split the file into files of the size that the finding names, or give IngestFunction more memory.";
    DECOMPRESSED_SIZE = "decompressed-size", Error, ALL, SAFETY,
        "A compressed file holds at most 20 GiB.",
        "Split the file into several smaller ones.";
    DECOMPRESSION_RATIO = "decompression-ratio", Error, ALL, SAFETY,
        "Beyond 64 MiB, a compressed file grows to at most 200 times its size.",
        "Text compresses 3 to 20 times: look at what the file repeats, or upload it uncompressed.";
    UNKNOWN_FILE = "unknown-file", Error, ALL, OWN,
        "A file's content or name says what it is: JSON Lines, a JSON array, CSV, TSV, plain text or Markdown.",
        "Give the file the ending of its kind (.jsonl, .json, .csv, .tsv, .txt, .md), or write JSON Lines.";
    JSON_AS_TEXT = "json-as-text", Warning, DOCUMENTS, OWN,
        "A document does not begin as JSON does, or its braces and quotes are learnt. What begins with a record, or with an array of them, \
         is read as records whatever its name ends with.",
        "Nothing, if it is prose. Write records one a line, {\"text\": \"...\"}, in a file whose name ends with .jsonl.";
    WRONG_PLACE = "wrong-place", Error, ALL, OWN,
        "Training records stand under data/, evaluation records under eval/.",
        "Move the file to the other folder, or rename its members: completion is learnt, referenceResponse is only compared with.";
}
"Arrays and tables" {
    JSON_ARRAY = "json-array", Note, ALL, JSON_LINES,
        "Records stand one a line; a JSON array of records is converted.",
        "Nothing: they were read as one record a line.";
    PRETTY_PRINTED = "pretty-printed", Note, ALL, JSON_LINES,
        "A record stands on one line; records over several lines are converted.",
        "Nothing: they were read as one record a line.";
    ARRAY_FORM = "array-form", Error, ALL, JSON,
        "A JSON array of records is complete, each record closed.",
        "Write the file again with a JSON library. Look whether the export or the upload broke off.";
    ARRAY_COMMA = "array-comma", Warning, ALL, JSON,
        "Records of a JSON array have one comma between them.",
        "Nothing, if no record is missing there. Otherwise look what wrote the file.";
    TABLE_COLUMNS = "table-columns", Error, ALL, CSV,
        "A CSV or TSV file has a header, with the columns that `[data] columns` names or names that say what they hold.",
        "Write the names of the columns in the first row, or name them: `[data] columns = { prompt = \"...\", completion = \"...\" }`.";
    TABLE_ROW = "table-row", Error, ALL, CSV,
        "A row of a table has as many fields as the header, and closes its quotes.",
        "Put fields that hold the delimiter, quotes or line feeds in double quotes, and write a quote inside twice.";
    COLUMNS_TAKEN = "columns-taken", Note, ALL, OWN,
        "The report says which columns became which members.",
        "Nothing, if they are the right ones. Otherwise name them: `[data] columns = { prompt = \"...\", completion = \"...\" }`.";
    COLUMNS_LEFT_OUT = "columns-left-out", Warning, ALL, OWN,
        "Every column of a table is taken, or named here.",
        "Nothing, if they are not for training. Otherwise name them in `[data] columns` of the configuration.";
    EMPTY_ROWS = "empty-rows", Note, ALL, OWN,
        "Rows of a table without any text are left out.",
        "Nothing: there is nothing in them.";
}
"Lines and JSON" {
    LINE_TOO_LONG = "line-too-long", Error, ALL, SAFETY,
        "A line has at most 8 MiB.",
        "Split the record. Look whether line feeds were lost, so that several records stand on one line.";
    INVALID_UTF8 = "invalid-utf8", Error, ALL, UTF_8,
        "A line is valid UTF-8.",
        "Save the file as UTF-8, for example with: iconv -f WINDOWS-1252 -t UTF-8 FILE > FILE.jsonl.";
    BROKEN_JSON = "broken-json", Error, ALL, JSON,
        "A line is one complete JSON value.",
        "Correct the line by hand, or write it anew with a JSON library (in Python, json.dumps for each line).";
    NESTING_DEPTH = "nesting-depth", Error, ALL, SAFETY,
        "A record nests at most 64 levels deep.",
        "A record needs few levels: look at what wrote the line.";
    TOO_MANY_VALUES = "too-many-values", Error, ALL, SAFETY,
        "A record has at most 65,536 JSON values.",
        "Write one record a line. Look whether line feeds were lost.";
    DUPLICATE_MEMBER = "duplicate-member", Error, ALL, "RFC 8259 (JSON), section 4: readers disagree on which one counts",
        "An object names each member once, or text would be lost.",
        "Keep one of the two.";
    NOT_AN_OBJECT = "not-an-object", Error, ALL, JSON_LINES,
        "A record is a JSON object.",
        "Write one object a line, in one of the shapes that the finding names.";
    BROKEN_UNICODE = "broken-unicode", Error, ALL, "RFC 8259 (JSON), section 8.2",
        "A text has no half of a surrogate pair.",
        "Write the whole pair, or the character itself in UTF-8. Python writes such halves for bytes that it could not read.";
}
"Kinds of records" {
    UNKNOWN_SHAPE = "unknown-shape", Error, ALL, PREPARE,
        "A record has a known shape.",
        "Name the members as one of the shapes does that the finding lists.";
    MIXED_SHAPES = "mixed-shapes", Error, ALL, OWN,
        "All records of a file have one shape.",
        "Put the records of each shape into a file of their own.";
    OTHER_TRAINER = "other-trainer", Error, TRAINING, PREPARE,
        "A record is of the kind that the pipeline's trainer takes.",
        "Move the file to a pipeline of its kind: conversations, documents, prompts to distil, image captions and records with a reference answer are trained on in different ways.";
    SCHEMA_VERSION = "schema-version", Warning, BEDROCK, SCHEMA,
        "schemaVersion is bedrock-conversation-2024, which is written whatever the record says.",
        "Write \"schemaVersion\": \"bedrock-conversation-2024\".";
    SCHEMA_VERSION_MISSING = "schema-version-missing", Warning, BEDROCK, SCHEMA,
        "A Bedrock conversation names its schemaVersion; without it, bedrock-conversation-2024 is written.",
        "Add \"schemaVersion\": \"bedrock-conversation-2024\".";
    WRONG_TYPE = "wrong-type", Error, ALL, PREPARE,
        "A member has the type that its shape asks for.",
        "Write the member as the finding says.";
    EXTRA_MEMBER = "extra-member", Warning, ALL, "aws/nova-forge-sdk (PyPI amzn-nova-forge 1.4.10), which refuses them; a validator that ignores them trains without them",
        "A member that the shape does not know is left out of the compiled record.",
        "Nothing, if it was only for you. Otherwise move its text into the prompt.";
    NO_PLACE = "no-place", Error, TRAINING, PREPARE,
        "The trainer's shape has a place for every text of a record: nothing is lost in silence.",
        "Say it in the prompt or the messages, or take the record out.";
}
"Prompts, answers and messages" {
    MISSING_PROMPT = "missing-prompt", Error, ALL, PREPARE,
        "A record has a prompt: its prompt, its messages, or a document's text.",
        "Add the member with its text.";
    MISSING_COMPLETION = "missing-completion", Error, ANSWERS, PREPARE,
        "A training record has a completion: the completion, an assistant's message with content, or a caption.",
        "Add the answer that the model is to learn, or take the record out.";
    MISSING_REFERENCE = "missing-reference", Error, EVALUATION, OWN,
        "An evaluation record has a referenceResponse: answers are scored against it.",
        "Add \"referenceResponse\" with the right answer.";
    EMPTY_PROMPT = "empty-prompt", Error, PROMPTS, VALIDATOR,
        "A prompt has more than white space and characters that nobody sees.",
        "Write the text, or take the record out.";
    EMPTY_COMPLETION = "empty-completion", Error, ANSWERS, VALIDATOR,
        "A completion has more than white space and characters that nobody sees.",
        "Write the text, or take the record out.";
    EMPTY_REFERENCE = "empty-reference", Error, REFERENCES, "Bedrock user guide, model-evaluation-prompt-datasets-judge (evaluation sets) and rft-prepare-data (reinforcement); AWS Nova Dataset Validator",
        "A referenceResponse, and a reference_answer, has more than white space.",
        "Write the answer, or take the record out.";
    EMPTY_SYSTEM = "empty-system", Warning, CONVERSATIONS, OWN,
        "A system text without content is left out.",
        "Nothing, or write the system text.";
    SYSTEM_STRING = "system-string", Note, CONVERSATIONS, OWN,
        "The system text of a Bedrock conversation is a block in a list; a string is read as the one text that it is.",
        "Nothing: it is written as the trainer takes it.";
    WHITE_SPACE_LEFT_OUT = "white-space-left-out", Note, CONVERSATIONS, BOTH,
        "White space alone, beside something else that a message holds, is left out: validators refuse it.",
        "Nothing: it says nothing.";
    EMPTY_DOCUMENT = "empty-document", Error, DOCUMENTS, PRE_TRAINING,
        "A document has more than white space.",
        "Write the text, or take the record out.";
    UNKNOWN_ROLE = "unknown-role", Error, CONVERSATIONS, CONVERSATION,
        "A role is user or assistant (or system, first), in lower case.",
        "Write the role as user or assistant, in lower case.";
    ROLE_ORDER = "role-order", Error, CONVERSATIONS, CONVERSATION,
        "A conversation starts with user, alternates strictly, and ends with assistant; for distillation it may end with user, for reinforcement it needs a user's message only.",
        "Join two messages of one speaker into one, and end with the answer to learn. A system text stands first.";
    DISTILLATION_TURNS = "distillation-turns", Error, TO_DISTIL, DISTILLATION,
        "A distillation record is one question of one text, with at most one answer.",
        "Write each question as a record of its own, with what came before it in its text.";
    OTHER_TEACHER = "other-teacher", Error, TO_DISTIL, LOGS,
        "Where the logged answers are learnt (`use_logged_answers`), every entry is the teacher's: a job counts no others.",
        "Take out the entries of other models, or ask the teacher again: use_logged_answers = false.";
    WEIGHT_OF_ANSWER = "weight-of-answer", Error, ANSWERS, OPENAI,
        "The last answer of a record in OpenAI's shape is one to learn: its weight is 1, or it has none.",
        "End the record with an answer that the model is to learn, or take the record out.";
    WEIGHT_LOST = "weight-lost", Warning, ANSWERS, OPENAI,
        "An earlier answer has the weight 1, or none: no trainer of AWS's has a place for another, and the model may learn it.",
        "Nothing, if the model may learn it as well. Otherwise end the record before it.";
}
"Preferences" {
    PREFERENCE_CANDIDATES = "preference-candidates", Error, PREFERENCES_ASKED, DPO,
        "A preference has two answers to the same messages, one of them preferred: the last message, and no other, has exactly one preferred and one non-preferred candidate.",
        "Write one preferred and one non-preferred answer of one message each; of more answers make a record for each pair.";
    EQUAL_CANDIDATES = "equal-candidates", Error, PREFERENCES_ASKED, OWN,
        "The two answers of a preference differ, white space around them apart.",
        "Write the answer that is not preferred, or take the record out: a pair that prefers nothing teaches nothing.";
    REJECTED_NOT_ASKED = "rejected-not-asked", Note, EVALUATION, OWN,
        "In an evaluation set the preferred answer of a preference is the reference; the other answer is left out.",
        "Nothing, if answers are to be compared with the preferred one.";
    CONTRADICTING_PREFERENCE = "contradicting-preference", Warning, PREFERENCES, OWN,
        "Of the same two answers to a prompt, the same one is preferred everywhere. Other pairs of answers to one prompt are no contradiction.",
        "Keep the record that is right: together they teach nothing.";
}
"Images, videos and documents" {
    CONTENT_NOT_TAKEN = "content-not-taken", Error, BEDROCK, BOTH,
        "A record holds only what the model's trainer takes. Images: Nova Lite, Pro and 2 Lite, Llama 3.2 11B and 90B; videos: Nova Lite, Pro and 2 Lite; documents and reasoning: Nova 2 Lite; tools: Nova.",
        "Take the record out, or choose a model that takes it.";
    MEDIA_SOURCE = "media-source", Error, MEDIA_AND_CAPTIONS, BOTH,
        "Media lie in S3: an address s3://bucket/key of letters, digits, '_', '-', '/' and '.', not bytes in the record.",
        "Put the file into the bucket under media/<pipeline>/ and write its s3:// address; rename an object whose key has other characters.";
    MEDIA_BUCKET = "media-bucket", Error, MEDIA, NOVA_GUIDE,
        "Images and videos lie in the bucket of the training data.",
        "Copy them to media/<pipeline>/ in that bucket and write the new addresses.";
    MEDIA_FORMAT = "media-format", Error, MEDIA_AND_CAPTIONS, "Amazon Nova user guide, fine-tune-prepare-data-understanding; Bedrock user guide, model-customization-prepare; AWS Nova Dataset Validator",
        "Media have a format that the model takes: images png, jpeg, gif, webp; videos mov, mkv, mp4, webm; documents pdf (Nova 2 Lite); pictures with captions png and jpeg.",
        "Convert the file, and name its new format in the record.";
    MEDIA_COUNT = "media-count", Error, MEDIA, BOTH,
        "A message has at most ten images and one video; a record has at most one document.",
        "Take some out, or spread them over several records.";
    MEDIA_MIX = "media-mix", Error, MEDIA, BOTH,
        "A message holds one kind of media.",
        "Keep images, videos and documents in records of their own.";
    MEDIA_PLACE = "media-place", Error, MEDIA, BOTH,
        "Media stand in user messages.",
        "Move it to the user's message: the model learns to answer in text.";
    MIXED_MODALITY = "mixed-modality", Warning, NOVA_MEDIA, NOVA_GUIDE,
        "A dataset has images or videos, not both.",
        "Put records with images and records with videos into pipelines of their own.";
    UNCOUNTED_MEDIA = "uncounted-media", Warning, MEDIA, OWN,
        "Tokens and prices are those of texts and images, of which each counts as 6,404 tokens. Videos and documents are not counted.",
        "Leave room in `[budget]`: what is said of tokens and of a price is without them.";
    MEDIA_MISSING = "media-missing", Error, MEDIA_AND_CAPTIONS, "Perennial's own: a job fails on the first file that it does not find",
        "Media that records name are there. It is looked at when data are uploaded, for media/<pipeline>/ in the installation's bucket, and by `perennial check` only with `--media`.",
        "Put the file there before the data, or mend the address; then upload the data again.";
    MEDIA_SIZE = "media-size", Error, NOVA_MEDIA, GUIDE_AND_BOTH,
        "An image has at most 10 MiB and sides of at least 25 pixels; a video at most 50 MiB and 90 seconds; a document at most 10 MiB. The type of an image is the one that the record names. It is looked at as media-missing is, but for the seconds of a video.",
        "Make the file smaller, scale the image, or name the format that it has.";
    LLAMA_IMAGE_SIZE = "llama-image-size", Error, LLAMA_MEDIA, LLAMA_SAMPLES,
        "An image has at most 10 MiB and sides of 10 to 8,192 pixels. It is looked at as media-missing is. An image has 1,601 to 6,404 tokens, and counts as 6,404.",
        "Scale the image, and leave room for the images' tokens.";
    CAPTION_IMAGE_SIZE = "caption-image-size", Error, CAPTIONS, PREPARE,
        "An image has at most 50 MB, sides of 512 to 4,096 pixels, at most 12,582,912 pixels, and sides of 1:4 to 4:1. It is looked at as media-missing is.",
        "Scale or cut the image.";
    CAPTION_LENGTH = "caption-length", Error, CAPTIONS, PREPARE,
        "A caption has 3 to 1,024 characters.",
        "Shorten the caption, or say more.";
}
"Reasoning and tools" {
    REASONING_PLACE = "reasoning-place", Error, NOVA_2, BOTH,
        "Reasoning stands in assistant messages, and says something.",
        "Move it to the answer that it led to, or take the block out.";
    TOOL_SPEC = "tool-spec", Error, NOVA_AND_REINFORCEMENT, BOTH,
        "A tool has a name of its own, a description, and a JSON Schema with a type.",
        "Write what is missing, for example \"inputSchema\": {\"json\": {\"type\": \"object\", \"properties\": {}}}.";
    TOOL_PLACE = "tool-place", Error, NOVA_AND_REINFORCEMENT, BOTH,
        "The assistant uses tools; user messages hold their results.",
        "Write toolUse in the assistant's message and toolResult in the user's after it, or the whole record in OpenAI's shape.";
    TOOL_PAIRING = "tool-pairing", Error, NOVA, "AWS Nova Dataset Validator (nova_ft_dataset_validator.py); aws/nova-forge-sdk (PyPI amzn-nova-forge 1.4.10); Amazon Bedrock, Converse: the message after a toolUse has its toolResult",
        "Each tool use names a defined tool, has an id of its own, and has its result in the next message, unless it stands in the last; each result answers an earlier use, once.",
        "Define the tool, give each use its own id, and write one result for each use, after it.";
    OPTIONAL_MEMBER = "optional-member", Warning, CONVERSATIONS, FORGE,
        "system, image, video, reasoningContent, toolUse and toolResult stand in all records or in none.",
        "Write the member in every record, or put the records with it and without it into files of their own.";
}
"Texts" {
    REPLACEMENT_CHARACTER = "replacement-character", Warning, ALL, OWN,
        "A text has no U+FFFD, which stands where a character was lost.",
        "The character was lost before the file came here: write the file anew from its source, in UTF-8.";
    CONTROL_CHARACTER = "control-character", Warning, TRAINING, OWN,
        "A text has no control characters but tab, line feed and carriage return: none of U+0000 to U+001F, and none of U+007F to U+009F.",
        "Take it out, unless the model is to learn it.";
    SECRET = "secret", Warning, ALL, "Perennial's own: the forms that the issuers publish, as listed in shared/dataset/src/scan/kinds.rs",
        "A text has no key, token or private key, at any depth of escapes: a model repeats what it was trained on. `[data] secrets` makes this an error, or turns it off.",
        "Take it out of the data, and make it invalid: it stands in a file.";
    CARD_NUMBER = "card-number", Warning, ALL, "Perennial's own: ISO/IEC 7812-1 (check digit)",
        "A text has no number that is a payment card's by its form and checksum: of Visa, Mastercard, American Express, Discover, JCB, Diners Club, \
         UnionPay or Maestro (of 16 digits and more), in a row or in groups with one blank or hyphen between. `[data] secrets` makes this an \
         error, or turns it off.",
        "Replace it by a word, or by a number that no card has.";
    FORBIDDEN_STRING = "forbidden-string", Error, FORBIDDEN, FORBIDDEN_LISTS,
        "No text holds a string that makes the job fail. Nova, in any case: System: User: Bot: Assistant: Thought: [EOS] <image> <video> <unk>. \
         Claude 3 Haiku: a line that starts with Human: or Assistant:, a text's first line among them. \
         A text is also what a tool is named, given and answers.",
        "Write it otherwise, for example without the colon or the brackets.";
}
"Length" {
    SAMPLE_TOO_LONG = "sample-too-long", Error, CONVERSATIONS, PREPARE,
        "A record fits the model's limit even at 6 characters a token, AWS's own figure, which errs low.",
        "Shorten the record, or split it into several.";
    SAMPLE_MAY_BE_TOO_LONG = "sample-may-be-too-long", Warning, CONVERSATIONS, "Perennial's own; aws-samples/amazon-bedrock-samples also divides by 3 (validator of Claude 3 Haiku)",
        "A record fits the model's limit by the estimate that errs high: a token for 3 ASCII characters, and for every other character.",
        "Count its tokens with the model's own tokenizer, or shorten it.";
}
"The file as a whole" {
    EXACT_DUPLICATE = "exact-duplicate", Note, ALL, OWN,
        "A record that repeats an earlier one exactly is dropped; pieces of one document are no records of their own in this. A question that an evaluation set repeats is said, and counts as often as it stands.",
        "Nothing: training data has it once. In an evaluation set, take it out, unless it is to count more than once.";
    DUPLICATES_UNCHECKED = "duplicates-unchecked", Note, ALL, OWN,
        "Duplicates are looked for among all records; beyond the first million of a file that needs a place to keep them.",
        "Nothing: they are looked for again when the dataset is sealed.";
    CONFLICTING_DUPLICATE = "conflicting-duplicate", Warning, PROMPTS, OWN,
        "A prompt has one completion, and a question of an evaluation set one reference answer.",
        "Keep one completion for each prompt, unless the answers are to differ.";
    NEAR_CONSTANT = "near-constant-completion", Warning, ANSWERS, OWN,
        "Completions differ: of 20 or more, at most 9 in 10 are the same text.",
        "Look whether the right column or member was taken: a model that is trained on it learns to say one thing.";
    EVALUATION_LEAK = "evaluation-leak", Note, CONVERSATIONS, LEAKAGE,
        "A record whose prompt stands in the evaluation set, or an earlier question of its conversation, is not trained on.",
        "Nothing: it is left out when a dataset is sealed.";
    EVALUATION_LEAKS = "evaluation-leaks", Warning, CONVERSATIONS, LEAKAGE,
        "At most 1 % of the records have a question that stands in the evaluation set. Of an upload it is said; a run over a dataset with more ends before it is paid for.",
        "Take them out of eval/<pipeline>/ or out of the training data: the split went wrong.";
    FEWER_THAN_MINIMUM = "fewer-than-minimum", Note, TRAINING, COUNTS,
        "A dataset has the fewest records that a job takes; one upload may have fewer.",
        "Nothing, if more uploads follow: the run waits for them.";
    MORE_THAN_MAXIMUM = "more-than-maximum", Warning, TRAINING, COUNTS,
        "A dataset has at most the records that a job takes; what is over is left out when it is sealed.",
        "Nothing, or take the less useful ones out: a run trains on the newest uploads, and on the first records of a file.";
}
}
others {
Always "Held by what Perennial writes" {
    "file-name", Error, ALL, BOTH,
        "The name of a training file ends with .jsonl.",
        "Nothing: the training file of a job is named by Perennial, whatever the upload's name was.";
    "blank-line", Error, ALL, "aws-samples/amazon-bedrock-samples (its scripts refuse blank lines); AWS Nova Dataset Validator (skips them)",
        "A training file has no blank line.",
        "Nothing: blank lines are skipped, and none is written.";
    "validation-set", Error, TRAINING, "AWS Nova Dataset Validator (Nova 2 Lite: none on Bedrock); aws-samples/amazon-bedrock-samples (Claude 3 Haiku 32 to 1,000 records, Llama 1,000)",
        "A job has a validation set only where its model takes one, and no more records in it than allowed.",
        "Nothing: jobs are sent no validation set. Models are compared on eval/<pipeline>/ or on held-out records instead.";
    "document-length", Error, DOCUMENTS, "Amazon Nova 2 user guide, nova-data-prep-cpt-2 (2026): max_length of at most 8,192 tokens",
        "A record of continued pre-training fits the model's length.",
        "Nothing: documents are cut at the ends of paragraphs, and small ones are packed into one record.";
    "document-members", Error, DOCUMENTS, PRE_TRAINING,
        "A record of continued pre-training has the member text and no other.",
        "Nothing: other members are left out, and said (extra-member).";
    "system-blocks", Error, BEDROCK, "aws-samples/amazon-bedrock-samples (validators of Llama and distillation)",
        "A system text is one block.",
        "Nothing: several are joined by line feeds.";
    "reinforcement-members", Error, REINFORCED, FORGE,
        "A message of reinforcement fine-tuning has the members role, content, tool_calls and tool_call_id and no other.",
        "Nothing: other members are left out, and said (extra-member).";
    "file-size", Error, HAIKU, PREPARE,
        "A training file has at most 10 GB.",
        "Nothing: 10,000 records within the limit on tokens (sample-too-long) stay below it.";
}
NotChecked "Asked by AWS and not checked" {
    "preference-count", Note, PREFERENCES, DPO_GUIDE,
        "A dataset of preferences has at least 1,000 pairs for training to be effective.",
        "Raise `[trigger] min_records` to 1,000, or look closely at what the gate says.";
    "distillation-file-size", Error, TO_DISTIL, DISTILLATION,
        "A file of prompts has at most 1 GiB; invocation logs may be larger.",
        "Keep the prompts of a pipeline below it.";
    "reinforcement-optional", Warning, REINFORCED, FORGE,
        "id, reference_answer and tools stand in all records of reinforcement fine-tuning or in none.",
        "Write the member in every record, or put the records with it and without it into files of their own.";
}
}
}
