//! Parsers that check nothing: how fast the same bytes can be read at all. Borrowed where JSON allows it, line by line, each line
//! forgotten after it was read.
use std::borrow::Cow;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;

use crate::generate::Records;
use crate::measure::Work;

/// How much is read from a file at once, by every tool here.
pub const PIECE: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conversation<'a> {
    #[serde(borrow)]
    schema_version: Cow<'a, str>,
    #[serde(borrow)]
    system: Vec<Text<'a>>,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
}

#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// What every text of a record adds to: it keeps the parse from being optimised away.
trait Folded {
    fn folded(&self) -> usize;
}

impl Folded for Text<'_> {
    fn folded(&self) -> usize {
        self.text.len()
    }
}

impl Folded for Conversation<'_> {
    fn folded(&self) -> usize {
        let system: usize = self.system.iter().map(Folded::folded).sum();
        let messages = self.messages.iter().map(|message| {
            let texts: usize = message.content.iter().map(Folded::folded).sum();
            message.role.len() + texts
        });
        self.schema_version.len() + system + messages.sum::<usize>()
    }
}

#[derive(Debug, Deserialize)]
struct Messages<'a> {
    #[serde(borrow)]
    messages: Vec<Said<'a>>,
}

#[derive(Debug, Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

impl Folded for Messages<'_> {
    fn folded(&self) -> usize {
        let said = self.messages.iter();
        said.map(|said| said.role.len() + said.content.len()).sum()
    }
}

/// Parses each line of a generated file by sonic-rs.
///
/// # Errors
/// A file that cannot be read or a line that does not parse.
pub fn sonic(path: &Path) -> io::Result<Work> {
    use sonic_rs::from_slice;
    typed(path, |records, line| match records {
        Records::Conversations => from_slice::<Conversation<'_>>(line).map(|read| read.folded()),
        Records::Messages => from_slice::<Messages<'_>>(line).map(|read| read.folded()),
        Records::Documents => from_slice::<Text<'_>>(line).map(|read| read.folded()),
    })
}

/// Parses each line of a generated file by `serde_json`.
///
/// # Errors
/// A file that cannot be read or a line that does not parse.
pub fn serde_json(path: &Path) -> io::Result<Work> {
    use serde_json::from_slice;
    typed(path, |records, line| match records {
        Records::Conversations => from_slice::<Conversation<'_>>(line).map(|read| read.folded()),
        Records::Messages => from_slice::<Messages<'_>>(line).map(|read| read.folded()),
        Records::Documents => from_slice::<Text<'_>>(line).map(|read| read.folded()),
    })
}

fn typed<E: std::error::Error + Send + Sync + 'static>(
    path: &Path,
    parse: impl Fn(Records, &[u8]) -> Result<usize, E>,
) -> io::Result<Work> {
    let kind = Records::of(path)?;
    let (mut records, mut folded) = (0, 0_usize);
    let bytes = lines(path, |line| {
        records += 1;
        folded = folded.wrapping_add(parse(kind, line).map_err(io::Error::other)?);
        Ok(())
    })?;
    black_box(folded);
    Ok(Work { bytes, records })
}

/// Counts line feeds.
///
/// # Errors
/// A file that cannot be read.
pub fn newlines(path: &Path) -> io::Result<Work> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    let mut work = Work {
        bytes: 0,
        records: 0,
    };
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(work);
        }
        work.bytes += read as u64;
        work.records += memchr::memchr_iter(b'\n', &piece[..read]).count() as u64;
    }
}

/// Calls `each` with every line where it lies in the piece that was read; only the line that a piece ends in is moved.
fn lines(path: &Path, mut each: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; PIECE * 2];
    let (mut filled, mut bytes) = (0, 0);
    loop {
        if buffer.len() - filled < PIECE {
            buffer.resize(filled + PIECE, 0);
        }
        let read = file.read(&mut buffer[filled..filled + PIECE])?;
        if read == 0 {
            if filled > 0 {
                each(&buffer[..filled])?;
            }
            return Ok(bytes);
        }
        bytes += read as u64;
        let (mut start, end) = (0, filled + read);
        for feed in memchr::memchr_iter(b'\n', &buffer[filled..end]) {
            let feed = filled + feed;
            each(&buffer[start..feed])?;
            start = feed + 1;
        }
        buffer.copy_within(start..end, 0);
        filled = end - start;
    }
}
