//! Small data that a learner can learn from, and data that it cannot.

use std::fmt::Write as _;

const INTENTS: [(&str, [&str; 3]); 8] = [
    (
        "refund",
        [
            "get my money back",
            "return the purchase for a refund",
            "be paid back for the order",
        ],
    ),
    (
        "delivery",
        [
            "know where the parcel is",
            "track the delivery",
            "learn when the package arrives",
        ],
    ),
    (
        "password",
        [
            "reset my password",
            "sign in again after I forgot the login",
            "change the secret word",
        ],
    ),
    (
        "invoice",
        [
            "receive the invoice as a PDF",
            "see the bill of last month",
            "download a receipt",
        ],
    ),
    (
        "cancel",
        [
            "cancel the subscription",
            "stop the contract",
            "end my membership",
        ],
    ),
    (
        "address",
        [
            "change the shipping address",
            "correct my street and house number",
            "move to another town",
        ],
    ),
    (
        "warranty",
        [
            "use the warranty",
            "have the broken device repaired",
            "claim the guarantee",
        ],
    ),
    (
        "upgrade",
        [
            "upgrade to the larger plan",
            "get more seats",
            "switch to the premium tariff",
        ],
    ),
];

const FRAMES: [&str; 10] = [
    "Hello, I would like to {}.",
    "How can I {}?",
    "Please help me to {} today.",
    "I want to {}, what do I do?",
    "Is there a way to {} online?",
    "My colleague needs to {}.",
    "Could someone {} for me or tell me how to {}?",
    "I tried to {} but it did not work.",
    "Good morning, can I {} by phone?",
    "We have to {} before Friday.",
];

fn records(frames: std::ops::Range<usize>) -> impl Iterator<Item = (String, &'static str)> {
    frames.flat_map(|frame| {
        INTENTS.iter().flat_map(move |(label, wishes)| {
            wishes
                .iter()
                .map(move |wish| (FRAMES[frame].replace("{}", wish), *label))
        })
    })
}

/// 168 records, JSON Lines.
pub fn training() -> String {
    lines(records(0..7).map(|(prompt, label)| (prompt, label.to_owned())))
}

/// The same prompts under wrong labels: nothing is to be learnt from them.
pub fn shuffled() -> String {
    let records: Vec<_> = records(0..7).collect();
    let labels: Vec<&str> = records.iter().map(|(_, label)| *label).collect();
    let wrong = records.iter().enumerate().map(|(index, (prompt, _))| {
        let label = labels[(index * 89 + 37) % labels.len()];
        (prompt.clone(), label.to_owned())
    });
    lines(wrong)
}

fn lines(records: impl Iterator<Item = (String, String)>) -> String {
    records.fold(String::new(), |mut text, (prompt, completion)| {
        let _ = writeln!(
            text,
            "{}",
            serde_json::json!({ "prompt": prompt, "completion": completion })
        );
        text
    })
}

/// 72 questions that do not stand in the training data.
pub fn evaluation() -> String {
    records(7..10).fold(String::new(), |mut text, (prompt, label)| {
        let _ = writeln!(
            text,
            "{}",
            serde_json::json!({ "prompt": prompt, "referenceResponse": label })
        );
        text
    })
}

/// A configuration for these data, with more lines appended (a section of their own).
pub fn config(more: &str) -> String {
    format!(
        "technique = \"fine-tuning\"\nbase_model = \"amazon.nova-micro-v1:0\"\n[trigger]\nmin_records = 100\nquiet_for = \
         \"1m\"\nat_most_every = \"1m\"\n{more}"
    )
}
