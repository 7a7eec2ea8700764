//! The packer of documents that are JSON already: every record is a whole text under the limit, and no letter is lost.
use perennial_inputs::{Packed, Packer};
use serde_json::Value;

use crate::{choices::Choices, inputs::without_white_space};

/// Documents, one a line; a line feed inside of one is written as the byte 0x01.
pub fn packer(data: &[u8]) {
    let mut choices = Choices::of(data);
    let limit = u64::from(choices.byte()) + 1;
    let text = String::from_utf8_lossy(choices.rest());
    let documents: Vec<String> = text
        .split('\n')
        .map(|text| text.replace('\u{1}', "\n"))
        .collect();
    let packed = pack(limit, &documents);
    for text in &packed {
        assert!(
            characters(text) <= limit || characters(text) == 1,
            "{text:?}"
        );
    }
    assert_eq!(
        without_white_space(&packed.concat()),
        without_white_space(&documents.concat())
    );
    for document in &documents {
        let pieces = pack(limit, std::slice::from_ref(document)).concat();
        let run = document
            .split(|character: char| !character.is_whitespace())
            .map(characters)
            .max()
            .unwrap_or_default();
        if run < limit {
            let rest = document.strip_prefix(&pieces);
            assert!(
                rest.is_some_and(|rest| rest.trim().is_empty()),
                "{document:?}: {pieces:?}"
            );
        }
    }
}

fn pack(limit: u64, documents: &[String]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut packer = Packer::new(limit, |escaped| characters(&plain(escaped)));
    let mut each = |packed: Packed<'_>| {
        let text = plain(packed.text);
        assert!(packed.tokens >= characters(&text) && !packed.documents.is_empty());
        assert_eq!(escaped(&text).as_bytes(), packed.text, "the form is kept");
        texts.push(text);
    };
    for (line, document) in (1..).zip(documents) {
        packer.push(line, escaped(document).as_bytes(), &mut each);
    }
    packer.finish(&mut each);
    texts
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn escaped(text: &str) -> String {
    let json = Value::from(text).to_string();
    json[1..json.len() - 1].to_owned()
}

/// The text of an escaped one. A cut inside of an escape or of a character ends here.
fn plain(escaped: &[u8]) -> String {
    let text = std::str::from_utf8(escaped).expect("no character is cut");
    serde_json::from_str(&format!("\"{text}\"")).expect("no escape is cut")
}
