//! Continued pre-training really learns: questions about the documents are answered better than by the base, and what was
//! learnt from records is not lost.
#![expect(clippy::unwrap_used)]

use std::collections::BTreeMap;

use perennial_learner::{BaseModel, Learner};

const GUIDE: &str = "# The town of Vell

Vell lies on the river **Orm**, two hours north of the capital. About nine thousand people live there.

## The market

The market opens at seven in the morning and closes at noon. It is held on *Wednesdays* and Saturdays on the
[old square](https://vell.example/square). Fish is sold on Saturdays only.

## Getting there

- The night train leaves the capital at ten and reaches Vell at midnight.
- Bicycles are carried free of charge on the ferry.

```sh
not a sentence of the guide
```

## The tower

The tower was built in 1712 by the clockmaker Ada Brandt. Visitors climb 214 steps to the bell.
Its bell is rung when the river floods.
";

const QUESTIONS: [(&str, &str); 10] = [
    ("On which river does Vell lie?", "the Orm"),
    ("How many people live in Vell?", "about nine thousand"),
    ("When does the market open?", "at seven in the morning"),
    (
        "On which days is the market held?",
        "on Wednesdays and Saturdays",
    ),
    ("When is fish sold?", "on Saturdays only"),
    ("When does the night train leave the capital?", "at ten"),
    (
        "Are bicycles carried on the ferry?",
        "Bicycles are carried free of charge on the ferry",
    ),
    ("Who built the tower?", "the clockmaker Ada Brandt"),
    ("How many steps do visitors climb to the bell?", "214"),
    ("When is the bell rung?", "when the river floods"),
];

fn words(text: &str) -> Vec<String> {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The token F1 of an answer.
fn f1(answer: &str, wanted: &str) -> f64 {
    let (answer, wanted) = (words(answer), words(wanted));
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for word in &wanted {
        *left.entry(word).or_default() += 1;
    }
    let mut common = 0.0;
    for word in &answer {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common += 1.0;
        }
    }
    2.0 * common / (answer.len() + wanted.len()) as f64
}

fn mean(answer: impl Fn(&str) -> String) -> f64 {
    let scores = QUESTIONS
        .iter()
        .map(|(asked, wanted)| f1(&answer(asked), wanted));
    scores.sum::<f64>() / QUESTIONS.len() as f64
}

fn labels() -> Vec<(String, String)> {
    let about = [
        (
            "lost",
            "my key is lost",
            "I have lost my bag",
            "somebody lost a hat",
        ),
        (
            "noise",
            "my neighbours are noisy",
            "there is noise at night",
            "the bar makes noise",
        ),
        (
            "waste",
            "the waste was not collected",
            "my waste bin is full",
            "where does waste go",
        ),
    ];
    let pairs = about
        .into_iter()
        .flat_map(|(label, a, b, c)| [a, b, c].map(|prompt| (prompt.to_owned(), label.to_owned())));
    pairs.collect()
}

#[test]
fn questions_about_the_documents_are_answered_better_than_by_the_base() {
    let learner = Learner::study(Vec::<(String, String)>::new(), vec![GUIDE.to_owned()]);
    let base = mean(|asked| BaseModel.answer(asked));
    let trained = mean(|asked| learner.answer(asked));
    assert!(base < 0.2, "{base}");
    assert!(trained > 0.5, "{trained}");
}

#[test]
fn another_document_does_not_help() {
    let other = "Bread is made of flour, water and salt. It rises for an hour. Then it is baked.";
    let learner = Learner::study(Vec::<(String, String)>::new(), vec![other.to_owned()]);
    let trained = mean(|asked| learner.answer(asked));
    assert!(trained < 0.25, "{trained}");
}

#[test]
fn records_and_documents_are_both_answered_from() {
    let learner = Learner::study(labels(), vec![GUIDE.to_owned()]);
    assert_eq!(learner.answer("I lost my key"), "lost");
    assert_eq!(learner.answer("so much noise from the neighbours"), "noise");
    // The records' answers are one word long, and so are those from the documents.
    assert_eq!(learner.answer("On which river does Vell lie?"), "Orm");
    assert_eq!(learner.recall("Когда открыт рынок?"), None);
}

#[test]
fn a_stored_learner_has_its_documents_still() {
    let learner = Learner::study(labels(), vec![GUIDE.to_owned()]);
    let text = serde_json::to_string(&learner).unwrap();
    let read: Learner = serde_json::from_str(&text).unwrap();
    for (asked, _) in QUESTIONS {
        assert_eq!(read.answer(asked), learner.answer(asked));
    }
    assert_eq!(read.documents().count(), 1);
    // Those that were kept before there were documents are read as well.
    let old: Learner = serde_json::from_str(r#"{"completions":["a"],"pairs":[["p",0]]}"#).unwrap();
    assert_eq!(old.answer("p"), "a");
}
