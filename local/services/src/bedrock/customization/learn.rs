//! What a customization job learns from, by its technique.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::Value;

use super::{
    job::CustomizationJob,
    technique::{TeacherModelConfig, Technique},
};
use crate::{
    catalog::{Foundation, REINFORCEMENT_RECORDS},
    corpus::Corpus,
    error::AwsError,
    knowledge::Teacher,
    objects::split_uri,
    operation::Call,
    records::{self, Pair, Turn, prompt},
};

/// How many prompts a distillation job takes (`facts/limits.md`).
const PROMPTS: std::ops::RangeInclusive<usize> = 100..=15_000;
/// How long a teacher's answers are if nothing is said, in tokens.
const USUAL_LENGTH: i64 = 1000;

/// What was asked, and the answer where one was given too.
type Prompt = (String, Option<String>);

impl CustomizationJob {
    /// Reads the training data and learns from it; how many records there were, or the failure message if it is no good.
    pub(super) fn train(&self, call: &Call<'_>) -> Result<Result<usize, String>, AwsError> {
        let (_, tuning) = Foundation::to_tune(&self.foundation, &call.settings.region)?;
        let pairs = match (self.technique, self.request.teacher()) {
            (Technique::Distillation, Some(teacher)) => self.distilled(teacher, call),
            (Technique::ReinforcementFineTuning, _) => {
                self.data(call).and_then(|content| graded(&content))
            }
            // Captions are learnt, too, but nobody asks this learner for an image.
            _ => self
                .data(call)
                .and_then(|content| records::read(&content, tuning)),
        };
        let pairs = match pairs {
            Ok(pairs) => pairs,
            Err(message) => return Ok(Err(message)),
        };
        let corpus = Corpus::from(pairs);
        let records = corpus.records;
        let learner = if self.base_model_arn.contains(":custom-model/") {
            let base = call.learners.of(&self.base_model_arn)?;
            corpus.after(&base).learner()
        } else {
            corpus.learner()
        };
        call.learners.keep(&self.model_arn, learner)?;
        Ok(Ok(records))
    }

    fn data(&self, call: &Call<'_>) -> Result<Bytes, String> {
        let uri = self.request.training_data_config.s3_uri.as_deref();
        let uri = uri.unwrap_or_default();
        let (bucket, key) = split_uri(uri).unwrap_or_default();
        let content = call.objects.read(bucket, key);
        content.map_err(|error| format!("The training data at {uri} cannot be read: {error}."))
    }

    /// The teacher's answers: those of the invocation logs, or its own to each prompt.
    fn distilled(&self, config: &TeacherModelConfig, call: &Call<'_>) -> Result<Vec<Pair>, String> {
        let name = config.teacher_model_identifier.as_str();
        let teacher = Foundation::find(name).ok_or("The teacher model is gone.")?;
        let data = &self.request.training_data_config;
        let prompts = match &data.invocation_logs_config {
            Some(logs) => {
                let uri = logs.invocation_log_source.s3_uri.as_deref();
                let uri = uri.unwrap_or_default();
                let with_answers = logs.use_prompt_response.unwrap_or_default();
                logged(uri, with_answers.then_some(teacher), call)?
            }
            None => prompts(&self.data(call)?)?,
        };
        if !PROMPTS.contains(&prompts.len()) {
            return Err(format!(
                "The training data has {} valid prompts; a distillation job takes {} to {}.",
                prompts.len(),
                PROMPTS.start(),
                PROMPTS.end()
            ));
        }
        let knows = Teacher::of(teacher, call.knowledge);
        let longest = config
            .max_response_length_for_inference
            .unwrap_or(USUAL_LENGTH);
        // About four characters a token.
        let longest = usize::try_from(longest)
            .unwrap_or(usize::MAX)
            .saturating_mul(4);
        let answered = prompts.into_iter().map(|(asked, answer)| {
            let answer = answer.unwrap_or_else(|| knows.answer(&asked));
            (asked, answer.chars().take(longest).collect())
        });
        Ok(answered.collect())
    }
}

fn lines(content: &[u8]) -> Result<impl Iterator<Item = (usize, &str)>, String> {
    let text = std::str::from_utf8(content).map_err(|error| {
        let at = error.valid_up_to();
        format!("The training data is not UTF-8 after byte {at}.")
    })?;
    let numbered = text.lines().enumerate();
    Ok(numbered
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| (number + 1, line)))
}

/// The prompts of a distillation job: conversations of one or two messages with one text each.
fn prompts(content: &[u8]) -> Result<Vec<Prompt>, String> {
    lines(content)?
        .map(|(number, line)| {
            one_prompt(line)
                .map_err(|why| format!("Invalid training data in line {number}: {why}."))
        })
        .collect()
}

fn one_prompt(line: &str) -> Result<Prompt, String> {
    let record: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let members = record.as_object().ok_or("it is no object")?;
    let known = ["schemaVersion", "system", "messages"];
    if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("the member {other} is not known"));
    }
    if record["schemaVersion"] != "bedrock-conversation-2024" {
        return Err("schemaVersion must be bedrock-conversation-2024".to_owned());
    }
    let turns: Vec<Turn> =
        serde_json::from_value(record["messages"].clone()).map_err(|error| error.to_string())?;
    if !(1..=2).contains(&turns.len()) || turns.iter().any(|turn| turn.content.len() != 1) {
        return Err("a prompt has one or two messages with one text block each".to_owned());
    }
    records::alternate(&turns)?;
    // An answer that stands there is the customer's own, and is taken instead of the teacher's.
    Ok((prompt(&turns), turns.get(1).map(Turn::text)))
}

/// The prompts of invocation logs, and with a teacher its answers in them. Calls of another kind are passed over.
fn logged(
    uri: &str,
    answers_of: Option<&Foundation>,
    call: &Call<'_>,
) -> Result<Vec<Prompt>, String> {
    let failed =
        |error: std::io::Error| format!("The invocation logs at {uri} cannot be read: {error}.");
    let (bucket, prefix) = split_uri(uri).unwrap_or_default();
    let mut found = Vec::new();
    for key in call.objects.list(bucket, prefix).map_err(failed)? {
        let mut content = call.objects.read(bucket, &key).map_err(failed)?.to_vec();
        if key.ends_with(".gz") {
            let packed = std::mem::take(&mut content);
            GzDecoder::new(&packed[..])
                .read_to_end(&mut content)
                .map_err(failed)?;
        }
        for (number, line) in lines(&content)? {
            let log: Value = serde_json::from_str(line).map_err(|error| {
                format!("Line {number} of {key} is no invocation log: {error}.")
            })?;
            found.extend(one_log(&log, answers_of));
        }
    }
    Ok(found)
}

fn one_log(log: &Value, answers_of: Option<&Foundation>) -> Option<Prompt> {
    if log["schemaType"] != "ModelInvocationLog" {
        return None;
    }
    let turns: Vec<Turn> =
        serde_json::from_value(log["input"]["inputBodyJson"]["messages"].clone()).ok()?;
    // A single question: longer conversations are not taken.
    if turns.len() != 1 {
        return None;
    }
    let asked = prompt(&turns);
    let Some(teacher) = answers_of else {
        return (!asked.is_empty()).then_some((asked, None));
    };
    let by = Foundation::find(log["modelId"].as_str()?)?;
    let message = &log["output"]["outputBodyJson"]["output"]["message"];
    let answer: Turn = serde_json::from_value(message.clone()).ok()?;
    let whole = by.id == teacher.id && !asked.is_empty() && !answer.text().is_empty();
    whole.then(|| (asked, Some(answer.text())))
}

/// The records of reinforcement fine-tuning: messages as OpenAI has them, and what the grader compares with.
fn graded(content: &[u8]) -> Result<Vec<Pair>, String> {
    let mut pairs = Vec::new();
    for (number, line) in lines(content)? {
        let pair = one_graded(line)
            .map_err(|why| format!("Invalid training data in line {number}: {why}."))?;
        pairs.push(pair);
    }
    if !REINFORCEMENT_RECORDS.contains(&pairs.len()) {
        return Err(format!(
            "The training data has {} records; reinforcement fine-tuning takes {} to {}.",
            pairs.len(),
            REINFORCEMENT_RECORDS.start(),
            REINFORCEMENT_RECORDS.end()
        ));
    }
    Ok(pairs)
}

fn one_graded(line: &str) -> Result<Pair, String> {
    let record: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let messages = record["messages"].as_array().ok_or("it has no messages")?;
    let asked: Vec<&str> = messages
        .iter()
        .filter(|message| message["role"] == "user")
        .filter_map(|message| message["content"].as_str())
        .collect();
    if asked.is_empty() {
        return Err("no message is the user's".to_owned());
    }
    let answer = match &record["reference_answer"] {
        Value::Null => return Err("it has no reference_answer".to_owned()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok((asked.join("\n"), answer))
}
