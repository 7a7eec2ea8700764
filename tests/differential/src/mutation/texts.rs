//! What stands in the texts.
use fastrand::Rng;
use serde_json::{Value, json};

use super::{Mutation, change, content, one_of, pick};

pub(super) const ALL: &[Mutation] = &[
    change("a text is empty", 12, empty),
    change("a text is white space", 16, blank),
    change("a text is white space to Python alone", 12, blank_to_python),
    change("an empty block beside the text", 2, empty_beside),
    change("a block of white space beside the text", 2, blank_beside),
    change("a forbidden word", 90, forbidden),
    change("a turn marker of Claude", 8, marker),
    change("a control character", 4, control),
    change("a mark that turns the text round", 2, bidirectional),
    change("a text beyond the limit", 4, too_long),
    change("a text within twice the limit", 2, rather_long),
    change("a card number", 2, card),
    change("a key of a cloud", 2, key),
    change("a text in another script", 1, script),
];

/// Whether it is a text that is learned or read, by the member in which it stands.
fn is_text(at: &str, value: &Value) -> bool {
    let name = at.rsplit('/').next().unwrap_or_default();
    let names = [
        "text",
        "prompt",
        "completion",
        "response",
        "content",
        "system",
        "input",
        "description",
        "reference_answer",
        "answer",
        "thing",
    ];
    value.is_string() && names.contains(&name)
}

/// One of the texts that stand where most texts stand: not in a tool's description or input.
fn is_plain(at: &str, value: &Value) -> bool {
    is_text(at, value) && !at.ends_with("/description") && !at.ends_with("/thing")
}

fn edit(
    rng: &mut Rng,
    record: &mut Value,
    place: fn(&str, &Value) -> bool,
    new: impl Fn(&str) -> String,
) -> bool {
    let Some(Value::String(text)) = pick(rng, record, place) else {
        return false;
    };
    *text = new(text);
    true
}

fn empty(rng: &mut Rng, record: &mut Value) -> bool {
    edit(rng, record, is_text, |_| String::new())
}

fn blank(rng: &mut Rng, record: &mut Value) -> bool {
    let white = one_of(rng, &[" ", "\n\n", "\t", "\u{a0}", "\u{3000} "]);
    edit(rng, record, is_text, |_| white.to_owned())
}

/// The separators of information, which `str.strip()` takes off and Unicode does not call white space.
fn blank_to_python(rng: &mut Rng, record: &mut Value) -> bool {
    edit(rng, record, is_text, |_| " \u{1f}".to_owned())
}

fn empty_beside(rng: &mut Rng, record: &mut Value) -> bool {
    beside(rng, record, "")
}

fn blank_beside(rng: &mut Rng, record: &mut Value) -> bool {
    beside(rng, record, "  ")
}

fn beside(rng: &mut Rng, record: &mut Value, text: &str) -> bool {
    let role = one_of(rng, &["user", "assistant"]);
    let content = content(rng, record, role);
    content
        .map(|content| content.push(json!({"text": text})))
        .is_some()
}

/// The union of the lists.
const WORDS: [&str; 9] = [
    "System:",
    "User:",
    "Bot:",
    "Assistant:",
    "Thought:",
    "[EOS]",
    "<image>",
    "<video>",
    "<unk>",
];

fn forbidden(rng: &mut Rng, record: &mut Value) -> bool {
    let word = one_of(rng, &WORDS);
    let word = match rng.u8(..4) {
        0 => word.to_owned(),
        1 => word.to_lowercase(),
        2 => word.to_uppercase(),
        _ => {
            let mut word = word.to_lowercase();
            if let Some(index) = word.char_indices().nth(2).map(|(index, _)| index) {
                let rest = word.split_off(index);
                word.push_str(&rest.to_uppercase());
            }
            word
        }
    };
    let form = rng.u8(..4);
    edit(rng, record, is_text, |text| match form {
        0 => format!("{word} {text}"),
        1 => format!("{text} super{word}"),
        2 => format!("{text}\n\n{word} and so on"),
        _ => format!("{text} {word}"),
    })
}

fn marker(rng: &mut Rng, record: &mut Value) -> bool {
    let marker = one_of(
        rng,
        &[
            "\nHuman:",
            "\n\nAssistant:",
            "\nhuman:",
            "\nASSISTANT:",
            "Human:",
            " Assistant:",
            "\n Human:",
        ],
    );
    edit(rng, record, is_plain, |text| {
        format!("{text}{marker} hello")
    })
}

fn control(rng: &mut Rng, record: &mut Value) -> bool {
    let control = one_of(rng, &["\u{0}", "\u{7}", "\u{1b}[31m", "\u{fffd}", "\u{85}"]);
    edit(rng, record, is_plain, |text| format!("{text}{control}."))
}

fn bidirectional(rng: &mut Rng, record: &mut Value) -> bool {
    let mark = one_of(rng, &["\u{202e}", "\u{200b}", "\u{feff}"]);
    edit(rng, record, is_plain, |text| format!("{text}{mark}."))
}

/// Above 32,000 tokens even at six characters a token.
fn too_long(rng: &mut Rng, record: &mut Value) -> bool {
    edit(rng, record, is_plain, |text| {
        format!("{text} {}", "again ".repeat(35_000))
    })
}

/// Above 32,000 tokens at three characters a token, and below at six.
fn rather_long(rng: &mut Rng, record: &mut Value) -> bool {
    edit(rng, record, is_plain, |text| {
        format!("{text} {}", "again ".repeat(17_000))
    })
}

fn card(rng: &mut Rng, record: &mut Value) -> bool {
    edit(rng, record, is_plain, |text| {
        format!("{text} Paid with 4111 1111 1111 1111.")
    })
}

fn key(rng: &mut Rng, record: &mut Value) -> bool {
    // Put together here, so that nobody's search for keys finds one in this file.
    let key = format!("AKIA{}", "QYLPMN5HHHFPZAM2");
    edit(rng, record, is_plain, |text| {
        format!("{text} My key is {key}.")
    })
}

fn script(rng: &mut Rng, record: &mut Value) -> bool {
    edit(rng, record, is_plain, |_| {
        "リンゴの値段はいくらですか。 Что это? 🍏".to_owned()
    })
}
