//! Generated training data: the same seed and kind give the same bytes, and a shorter file is the beginning of a longer one.
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use clap::ValueEnum;
use fastrand::Rng;
use serde::Serialize;

use crate::phrases::SYSTEMS;
use crate::text::{Kind, passages, pick};

/// What a generated file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Records {
    /// Bedrock conversations of about 1 KB.
    Conversations,
    /// The same conversations as OpenAI's messages, which the compiler has to convert.
    Messages,
    /// `{"text"}` documents of 2 to 8 KB.
    Documents,
}

impl Records {
    /// What a generated file holds, by its first bytes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut head = Vec::new();
        File::open(path)?.take(16).read_to_end(&mut head)?;
        Ok(match head.as_slice() {
            [b'{', b'"', b't', ..] => Self::Documents,
            [b'{', b'"', b'm', ..] => Self::Messages,
            _ => Self::Conversations,
        })
    }
}

/// Writes whole records, one a line, until the next one would not fit into `bytes`; says how many it wrote.
///
/// # Errors
/// What `out` refuses.
pub fn generate(records: Records, bytes: u64, seed: u64, out: &mut impl Write) -> io::Result<u64> {
    let mut rng = Rng::with_seed(seed);
    let (mut line, mut written, mut count) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        match records {
            Records::Conversations => conversation(&mut rng, count).bedrock(&mut line)?,
            Records::Messages => conversation(&mut rng, count).messages(&mut line)?,
            Records::Documents => serde_json::to_writer(
                &mut line,
                &Document {
                    text: document(&mut rng, count),
                },
            )?,
        }
        line.push(b'\n');
        written += line.len() as u64;
        if written > bytes {
            return Ok(count);
        }
        out.write_all(&line)?;
        count += 1;
    }
}

struct Conversation {
    system: &'static str,
    /// From the user and the assistant in turn.
    turns: Vec<String>,
}

/// `index` stands in the first question, so that no two records of a file are alike.
fn conversation(rng: &mut Rng, index: u64) -> Conversation {
    let system = pick(rng, SYSTEMS);
    let exchanges = match rng.u32(..100) {
        0..60 => 1,
        60..88 => 2,
        _ => 3,
    };
    // A third question and answer are shorter than the first ones, as they are among people.
    let shortest = 260 / exchanges;
    let longest = 760 / exchanges;
    let mut turns = Vec::with_capacity(exchanges * 2);
    for exchange in 0..exchanges {
        let mut question = String::new();
        if exchange == 0 {
            question = format!("{} {}: ", pick(rng, &["Case", "Ticket", "Re"]), case(index));
        }
        let length = rng.usize(40..shortest + 60);
        passages(rng, Kind::Question, length, &mut question);
        let mut answer = String::new();
        let length = rng.usize(shortest / 2..longest);
        passages(rng, Kind::Answer, length, &mut answer);
        turns.extend([question, answer]);
    }
    Conversation { system, turns }
}

fn document(rng: &mut Rng, index: u64) -> String {
    let mut text = format!("# Report {}\n\n", case(index));
    let length = rng.usize(1_900..7_600);
    passages(rng, Kind::Document, length, &mut text);
    text
}

/// A number of its own for each index below 2^32, which does not count upwards.
fn case(index: u64) -> String {
    let scrambled = index.wrapping_mul(0x9e37_79b1) & 0xffff_ffff;
    format!("{:04X}-{:04X}", scrambled >> 16, scrambled & 0xffff)
}

#[derive(Serialize)]
struct Document {
    text: String,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Message<C> {
    role: &'static str,
    content: C,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bedrock<'a> {
    schema_version: &'static str,
    system: [Text<'a>; 1],
    messages: Vec<Message<[Text<'a>; 1]>>,
}

#[derive(Serialize)]
struct Messages<'a> {
    messages: Vec<Message<&'a str>>,
}

impl Conversation {
    fn roles(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let roles = ["user", "assistant"].into_iter().cycle();
        roles.zip(self.turns.iter().map(String::as_str))
    }

    fn bedrock(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let messages = self.roles().map(|(role, text)| Message {
            role,
            content: [Text { text }],
        });
        let record = Bedrock {
            schema_version: "bedrock-conversation-2024",
            system: [Text { text: self.system }],
            messages: messages.collect(),
        };
        serde_json::to_writer(out, &record)
    }

    fn messages(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let messages = [("system", self.system)].into_iter().chain(self.roles());
        let record = Messages {
            messages: messages
                .map(|(role, content)| Message { role, content })
                .collect(),
        };
        serde_json::to_writer(out, &record)
    }
}
