//! Reading canonical lines back: any bytes are such a line or are none, and a question comes back as it was written.
use perennial_dataset::{EvalRecord, completion_of, prompt_of, record_digest};
use serde_json::Value;

/// Any bytes.
pub fn lines(data: &[u8]) {
    let (prompt, completion) = (prompt_of(data), completion_of(data));
    assert!(
        prompt.is_some() || completion.is_none(),
        "an answer without a question"
    );
    assert_eq!(record_digest(data), record_digest(data.trim_ascii_end()));
    let value = serde_json::from_slice::<Value>(data.trim_ascii_end());
    assert!(value.is_ok() || prompt.is_none(), "serde_json refuses it");
    if let Ok(value) = value
        && let Some(prompt) = &prompt
        && let Some(text) = value["text"].as_str()
        && value.as_object().is_some_and(|members| members.len() == 1)
    {
        assert_eq!(prompt, text);
    }
    let Some(record) = EvalRecord::parse(data) else {
        return;
    };
    assert_eq!(prompt.as_ref(), Some(&record.prompt));
    assert_eq!(completion.as_ref(), Some(&record.reference_response));
    let line = record.to_line();
    assert_eq!(EvalRecord::parse(&line), Some(record.clone()));
    assert_eq!(prompt_of(&line), Some(record.prompt));
}
