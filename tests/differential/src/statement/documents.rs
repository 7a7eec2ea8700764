//! Continued pre-training: `{"text"}` records, as V (`-t cpt`) and F (`CPTDatasetValidator`) look at them.
use serde_json::Value;

use super::{
    BLANK_DOCUMENT, BROKEN_LINE, BYTE_ORDER_MARK, CRASH, Found, each_record,
    model::{Model, Type},
    python::is_blank,
    sample::{Nova, text},
};
use crate::file::{File, Line, Python};

static OPEN: Type = Type::Model(&Model {
    required: &[("text", Type::Text)],
    optional: &[],
    closed: false,
});
static CLOSED: Type = Type::Model(&Model {
    required: &[("text", Type::Text)],
    optional: &[],
    closed: true,
});

pub(super) fn script(_: Nova, file: &File) -> Found {
    let mut found = Found::default();
    if file.has_mark {
        found.add(&BYTE_ORDER_MARK, "$");
    }
    each_record(file, &mut found, Some(&BROKEN_LINE), &OPEN, not_blank);
    found
}

/// It hands the members on as arguments, which a record that is no object has not: that ends the validation.
pub(super) fn forge(_: Nova, file: &File) -> Found {
    let mut found = Found::default();
    let no_object =
        |line: &Line| matches!(&line.python, Python::Reads(record) if !record.is_object());
    if file.lines.iter().any(no_object) {
        found.add(&CRASH, "$");
        return found;
    }
    each_record(file, &mut found, None, &CLOSED, not_blank);
    found
}

fn not_blank(record: &Value, found: &mut Found) {
    if text(record, &["text"]).is_some_and(is_blank) {
        found.add(&BLANK_DOCUMENT, "$.text");
    }
}
