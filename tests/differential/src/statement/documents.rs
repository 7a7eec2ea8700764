//! Continued pre-training: `{"text"}` records, as V (`-t cpt`) and F (`CPTDatasetValidator`) look at them.
use serde_json::Value;

use super::{
    BLANK_DOCUMENT, BROKEN_LINE, BYTE_ORDER_MARK, Found, each_record,
    model::{Model, Type},
    python::is_blank,
    sample::{Nova, text},
};
use crate::file::File;

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

pub(super) fn forge(_: Nova, file: &File) -> Found {
    let mut found = Found::default();
    each_record(file, &mut found, None, &CLOSED, not_blank);
    found
}

fn not_blank(record: &Value, found: &mut Found) {
    if text(record, &["text"]).is_some_and(is_blank) {
        found.add(&BLANK_DOCUMENT, "$.text");
    }
}
