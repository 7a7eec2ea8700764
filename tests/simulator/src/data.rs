//! What people upload, and what its models answer: small enough for a thousand schedules a second, and true enough that
//! good data passes the gate because it is good.

use std::fmt::Write as _;

use perennial_ports::memory::ModelRef;

/// Topics that are asked about.
pub(crate) const TOPICS: usize = 12;

/// A training file of so many records, each named by the file's number, on topics from `first` on.
pub(crate) fn training(file: u64, first: usize, records: usize, good: bool) -> String {
    let mut text = String::with_capacity(records * 64);
    for n in 0..records {
        let topic = (first + n) % TOPICS;
        let label = if good { "label" } else { "wrong" };
        let _ = writeln!(
            text,
            "{{\"prompt\":\"f{file} n{n} about t{topic:02}\",\"completion\":\"{label}-{topic:02}\"}}"
        );
    }
    text
}

/// The same in preferences: to each prompt the answer that [`training`] gives is preferred to its contrary.
pub(crate) fn preferences(file: u64, first: usize, records: usize, good: bool) -> String {
    let mut text = String::with_capacity(records * 96);
    for n in 0..records {
        let topic = (first + n) % TOPICS;
        let (chosen, rejected) = if good {
            ("label", "wrong")
        } else {
            ("wrong", "label")
        };
        let _ = writeln!(
            text,
            "{{\"prompt\":\"f{file} n{n} about t{topic:02}\",\"chosen\":\"{chosen}-{topic:02}\",\"rejected\":\"{rejected}-{topic:02}\"}}"
        );
    }
    text
}

/// A document that says of what it is, and answers nothing. One, as short ones are packed into one record anyway.
pub(crate) fn document(file: u64) -> String {
    format!("{{\"text\":\"f{file} is about t00\"}}\n")
}

/// A file that is rejected.
pub(crate) fn broken(file: u64) -> String {
    format!("{{\"prompt\":\"f{file}\"\n")
}

/// A question on each topic.
pub(crate) fn evaluation(file: u64) -> String {
    let mut text = String::with_capacity(TOPICS * 64);
    for topic in 0..TOPICS {
        let _ = writeln!(
            text,
            "{{\"prompt\":\"q{file} about t{topic:02}\",\"referenceResponse\":\"label-{topic:02}\"}}"
        );
    }
    text
}

/// Base models know nothing; a custom model says what the first training record on the question's topic says.
pub(crate) fn mind(model: &ModelRef, prompt: &str) -> String {
    let ModelRef::Custom { files, .. } = model else {
        return "no idea".into();
    };
    let Some(topic) = prompt.get(prompt.len().saturating_sub(3)..) else {
        return String::new();
    };
    let about = format!("about {topic}");
    for file in files.iter().rev() {
        let Some(at) = memchr::memmem::find(file, about.as_bytes()) else {
            continue;
        };
        let rest = &file[at..];
        let line_end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let answers = ["label", "wrong"].map(|label| format!("{label}-{}", &topic[1..]));
        // Of two candidates the preferred one stands first.
        let first = answers.into_iter().filter_map(|said| {
            let at = memchr::memmem::find(&rest[..line_end], said.as_bytes())?;
            Some((at, said))
        });
        if let Some((_, said)) = first.min() {
            return said;
        }
    }
    "never heard of it".into()
}
