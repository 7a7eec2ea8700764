//! Changes of the file around the records: lines that are no record, other ends, and what several records have between them.
use fastrand::Rng;
use serde_json::{Value, json};

use crate::{
    file::{File, Line, Python},
    records::{Form, ask, say},
};

/// A file made from records of a form.
#[derive(Debug)]
pub struct FileChange {
    /// Its name in messages.
    pub name: &'static str,
    /// Makes the file; none if the form has no place for it.
    pub make: fn(&mut Rng, Form) -> Option<File>,
}

/// All of them.
#[must_use]
pub fn files() -> &'static [FileChange] {
    ALL
}

const ALL: &[FileChange] = &[
    FileChange {
        name: "a file of three records",
        make: |rng, form| Some(three(rng, form)),
    },
    FileChange {
        name: "a blank line",
        make: |rng, form| with_line(rng, form, Line::raw("")),
    },
    FileChange {
        name: "a line of white space",
        make: |rng, form| with_line(rng, form, Line::raw(" \t")),
    },
    FileChange {
        name: "a broken line",
        make: broken_line,
    },
    FileChange {
        name: "a line that ends too soon",
        make: cut_line,
    },
    FileChange {
        name: "a comma too many",
        make: comma,
    },
    FileChange {
        name: "single quotes",
        make: single_quotes,
    },
    FileChange {
        name: "two records on a line",
        make: two_on_a_line,
    },
    FileChange {
        name: "a raw tab in a string",
        make: raw_tab,
    },
    FileChange {
        name: "a line that is no object",
        make: no_object,
    },
    FileChange {
        name: "a JSON array of records",
        make: array,
    },
    FileChange {
        name: "a pretty-printed record",
        make: pretty,
    },
    FileChange {
        name: "a byte order mark",
        make: mark,
    },
    FileChange {
        name: "lines that end with CRLF",
        make: crlf,
    },
    FileChange {
        name: "a member twice",
        make: member_twice,
    },
    FileChange {
        name: "a number that is none",
        make: not_a_number,
    },
    FileChange {
        name: "half a surrogate pair",
        make: surrogate,
    },
    FileChange {
        name: "a hundred levels",
        make: deep,
    },
    FileChange {
        name: "an optional member in some records",
        make: optional_in_some,
    },
    FileChange {
        name: "media in some records",
        make: media_in_some,
    },
    FileChange {
        name: "a record twice",
        make: twice,
    },
    FileChange {
        name: "one prompt, two answers",
        make: two_answers,
    },
    FileChange {
        name: "records of two forms",
        make: two_forms,
    },
    FileChange {
        name: "one answer to everything",
        make: one_answer,
    },
    FileChange {
        name: "questions and answers of one's own",
        make: questions,
    },
    FileChange {
        name: "an empty file",
        make: |_, _| Some(File::new(Vec::new())),
    },
];

fn three(rng: &mut Rng, form: Form) -> File {
    File::new((0..3).map(|_| Line::of(&(form.make)(rng))).collect())
}

fn with_line(rng: &mut Rng, form: Form, line: Line) -> Option<File> {
    let mut file = three(rng, form);
    file.lines.insert(1, line);
    Some(file)
}

fn broken_line(rng: &mut Rng, form: Form) -> Option<File> {
    with_line(rng, form, Line::raw("{\"messages\": oops}"))
}

fn cut_line(rng: &mut Rng, form: Form) -> Option<File> {
    let whole = (form.make)(rng).to_string();
    with_line(rng, form, Line::raw(&whole[..whole.len() - 2]))
}

/// A line made from the text of a record.
fn edited(rng: &mut Rng, form: Form, edit: impl Fn(&str) -> String) -> Option<File> {
    let whole = (form.make)(rng).to_string();
    with_line(rng, form, Line::raw(edit(&whole)))
}

fn comma(rng: &mut Rng, form: Form) -> Option<File> {
    edited(rng, form, |whole| {
        format!("{},}}", &whole[..whole.len() - 1])
    })
}

fn single_quotes(rng: &mut Rng, form: Form) -> Option<File> {
    edited(rng, form, |whole| whole.replace('"', "'"))
}

fn two_on_a_line(rng: &mut Rng, form: Form) -> Option<File> {
    edited(rng, form, |whole| format!("{whole} {whole}"))
}

fn raw_tab(rng: &mut Rng, form: Form) -> Option<File> {
    edited(rng, form, |whole| whole.replacen(' ', "\t", 1))
}

fn no_object(rng: &mut Rng, form: Form) -> Option<File> {
    let kinds = ["[]", "[1]", "7", "\"a string\"", "null", "true", "{}"];
    let kind = kinds[rng.usize(..kinds.len())];
    with_line(rng, form, Line::raw(kind))
}

fn array(rng: &mut Rng, form: Form) -> Option<File> {
    let records: Vec<Value> = (0..3).map(|_| (form.make)(rng)).collect();
    Some(File::of(&Value::Array(records)))
}

fn pretty(rng: &mut Rng, form: Form) -> Option<File> {
    let text = serde_json::to_string_pretty(&(form.make)(rng)).ok()?;
    Some(File::new(text.lines().map(Line::raw).collect()))
}

fn mark(rng: &mut Rng, form: Form) -> Option<File> {
    let mut file = three(rng, form);
    file.has_mark = true;
    Some(file)
}

fn crlf(rng: &mut Rng, form: Form) -> Option<File> {
    let mut file = three(rng, form);
    file.end = "\r\n";
    Some(file)
}

/// A first member of the record's own names, which Python forgets for the second.
fn member_twice(rng: &mut Rng, form: Form) -> Option<File> {
    let record = (form.make)(rng);
    let name = record.as_object()?.keys().next()?.clone();
    let whole = record.to_string();
    let line = Line {
        text: format!("{{\"{name}\":\"another\",{}", &whole[1..]),
        python: Python::Reads(record),
    };
    with_line(rng, form, line)
}

/// Python reads NaN. Where it stands, what is made of it is nobody's text.
fn not_a_number(rng: &mut Rng, form: Form) -> Option<File> {
    let mut record = (form.make)(rng);
    let whole = record.to_string();
    record["weight"] = json!(0.5);
    let line = Line {
        text: format!("{{\"weight\":NaN,{}", &whole[1..]),
        python: Python::Reads(record),
    };
    with_line(rng, form, line)
}

fn surrogate(rng: &mut Rng, form: Form) -> Option<File> {
    let record = (form.make)(rng);
    let whole = record.to_string();
    let at = whole.find(" the ")?;
    let line = Line {
        text: format!("{}\\ud800{}", &whole[..at], &whole[at..]),
        python: Python::Reads(record),
    };
    with_line(rng, form, line)
}

fn deep(rng: &mut Rng, form: Form) -> Option<File> {
    let whole = (form.make)(rng).to_string();
    let (open, close) = ("[".repeat(100), "]".repeat(100));
    with_line(
        rng,
        form,
        Line::raw(format!("{{\"deep\":{open}{close},{}", &whole[1..])),
    )
}

fn optional_in_some(rng: &mut Rng, form: Form) -> Option<File> {
    let mut other = (form.make)(rng);
    let members = other.as_object_mut()?;
    let names = ["system", "id", "tools", "reference_answer"];
    let system = if form.name.starts_with("conversation") {
        json!([{"text": "Be polite."}])
    } else {
        json!("Be polite.")
    };
    match names.iter().find(|name| members.contains_key(**name)) {
        Some(name) => drop(members.remove(*name)),
        None => drop(members.insert("system".to_owned(), system)),
    }
    with_line(rng, form, Line::of(&other))
}

/// What makes the form what it is stands in some records only.
fn media_in_some(rng: &mut Rng, form: Form) -> Option<File> {
    let plain = (crate::records::CONVERSATION.make)(rng);
    let is_rich = ["tools", "reasoning", "image", "video", "document"]
        .iter()
        .any(|part| form.name.ends_with(part));
    if !is_rich {
        return None;
    }
    with_line(rng, form, Line::of(&plain))
}

/// A form that nobody knows.
fn questions(rng: &mut Rng, _: Form) -> Option<File> {
    let records = (0..3).map(|_| json!({"question": ask(rng), "answer": say(rng)}));
    Some(File::new(records.map(|record| Line::of(&record)).collect()))
}

fn twice(rng: &mut Rng, form: Form) -> Option<File> {
    let mut file = three(rng, form);
    let first = file.lines[0].clone();
    file.lines.push(first);
    Some(file)
}

/// The last text of the record is another.
fn two_answers(rng: &mut Rng, form: Form) -> Option<File> {
    let mut record = (form.make)(rng);
    let first = Line::of(&record);
    *answer(&mut record)? = json!(say(rng));
    let mut file = three(rng, form);
    file.lines.push(first);
    file.lines.push(Line::of(&record));
    Some(file)
}

fn answer(record: &mut Value) -> Option<&mut Value> {
    for name in ["completion", "response", "reference_answer"] {
        if record.get(name).is_some() {
            return record.get_mut(name);
        }
    }
    let last = record.get_mut("messages")?.as_array_mut()?.last_mut()?;
    if last["role"] != "assistant" {
        return None;
    }
    let content = last.get_mut("content")?;
    if content.is_string() {
        return Some(content);
    }
    content.as_array_mut()?.last_mut()?.get_mut("text")
}

fn two_forms(rng: &mut Rng, form: Form) -> Option<File> {
    let other = if form.name == "prompt/completion" {
        crate::records::CONVERSATION
    } else {
        crate::records::PROMPT_COMPLETION
    };
    let line = Line::of(&(other.make)(rng));
    with_line(rng, form, line)
}

fn one_answer(rng: &mut Rng, form: Form) -> Option<File> {
    let mut records: Vec<Value> = (0..60).map(|_| (form.make)(rng)).collect();
    for record in &mut records {
        *answer(record)? = json!("I cannot say.");
    }
    Some(File::new(records.iter().map(Line::of).collect()))
}
