//! Cuts a stream into blocks of whole lines, without ever holding more than one block or one line of the longest length. Where
//! a block ends depends on the stream alone, never on how it was pushed.
use std::io::{self, Read};

use memchr::{memchr, memrchr};

use super::buffer::Buffer;

/// Bytes of a block: small enough to stay in a processor's cache with what is made of it, large enough that handing it over costs
/// nothing.
pub(crate) const BLOCK: usize = 256 << 10;

/// Blocks of so many bytes in all are under way at once, or one: a block of one long line has more bytes than many others, and what is
/// made of it as many again.
pub(crate) const MOST_BYTES: usize = 12 << 20;

/// What is handed on.
#[derive(Debug)]
pub(crate) enum Piece<'b> {
    /// Whole lines, with their line feeds; only the last line of a file may lack one.
    Lines(&'b [u8]),
    /// One line of this many bytes, over the limit; its content was let go.
    TooLong(u64),
}

#[derive(Debug)]
pub(crate) struct Cutter {
    limit: usize,
    buffer: Buffer,
    /// How much of the buffer was searched for a line feed already, once it is longer than a block.
    searched: usize,
    /// Bytes of the line let go so far, when it is over the limit.
    skipped: u64,
}

impl Cutter {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: Buffer::default(),
            searched: 0,
            skipped: 0,
        }
    }

    /// Takes the next bytes and hands on every block that they complete: from where they are, if a block begins and ends in them.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            if self.skipped > 0 {
                let Some(end) = memchr(b'\n', bytes) else {
                    self.skipped += bytes.len() as u64;
                    return;
                };
                each(Piece::TooLong(self.skipped + end as u64));
                self.skipped = 0;
                bytes = &bytes[end + 1..];
            } else if self.buffer.is_empty()
                && let Some(end) = bytes.get(..BLOCK).and_then(|block| memrchr(b'\n', block))
            {
                each(Piece::Lines(&bytes[..=end]));
                bytes = &bytes[end + 1..];
            } else {
                bytes = self.keep(bytes, &mut each);
            }
        }
    }

    /// Takes some of the bytes into the buffer; hands the buffer on if a block is complete. What is left of the bytes.
    fn keep<'b>(&mut self, bytes: &'b [u8], each: &mut impl FnMut(Piece<'_>)) -> &'b [u8] {
        // A small file gets a small buffer, a large one the whole block at once.
        if self.buffer.capacity() < BLOCK && self.buffer.len() + bytes.len() > BLOCK / 4 {
            self.buffer.reserve(BLOCK + 4096);
        }
        let room = BLOCK
            .saturating_sub(self.buffer.len())
            .max(4096)
            .min(bytes.len());
        self.buffer.push(&bytes[..room]);
        if let Some(end) = self.full() {
            each(Piece::Lines(&self.buffer[..end]));
            // What stands behind the block's end came with these bytes, as a line feed before them would have ended a line.
            let left = self.buffer.len() - end;
            if left <= room {
                self.buffer.truncate(0);
                return &bytes[room - left..];
            }
            self.buffer.forget(end);
        }
        &bytes[room..]
    }

    /// Where the block in the buffer ends, if it is complete. A line over the limit is let go.
    fn full(&mut self) -> Option<usize> {
        if self.buffer.len() < BLOCK {
            return None;
        }
        let end = self.end();
        if end.is_some() {
            self.searched = 0;
        } else if self.buffer.len() > self.limit {
            self.skipped = self.buffer.len() as u64;
            self.buffer = Buffer::default();
            self.searched = 0;
        }
        end
    }

    /// Whether the next bytes may be read into the buffer: no line is under way that is longer than a block.
    pub(crate) fn reads(&self) -> bool {
        self.skipped == 0 && self.buffer.len() < BLOCK
    }

    /// Reads as much of the next block as there is, straight into the buffer, and hands the buffer on with the end of the block in it, once
    /// that is complete; how much was read. What is handed back goes on in its place: it begins with what stood behind the block.
    pub(crate) fn read(
        &mut self,
        source: &mut dyn Read,
        each: impl FnOnce(Buffer, usize) -> Buffer,
    ) -> io::Result<usize> {
        let read = self.buffer.read(source, BLOCK)?;
        if let Some(end) = self.full() {
            self.buffer = each(std::mem::take(&mut self.buffer), end);
        }
        Ok(read)
    }

    /// Where the block in the buffer ends: behind the last line feed of its first bytes, or behind the first one after them.
    fn end(&mut self) -> Option<usize> {
        if self.searched == 0 {
            if let Some(end) = memrchr(b'\n', &self.buffer[..BLOCK]) {
                return Some(end + 1);
            }
            self.searched = BLOCK;
        }
        let found = memchr(b'\n', &self.buffer[self.searched..]);
        match found {
            Some(end) => Some(self.searched + end + 1),
            None => {
                self.searched = self.buffer.len();
                None
            }
        }
    }

    /// Hands on the lines that are complete, and forgets the one that is not.
    pub(crate) fn finish_whole(&mut self, mut each: impl FnMut(Piece<'_>)) {
        if let Some(end) = memrchr(b'\n', &self.buffer) {
            each(Piece::Lines(&self.buffer[..=end]));
        }
        self.buffer = Buffer::default();
    }

    /// Hands on what is left.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Piece<'_>)) {
        if self.skipped > 0 {
            each(Piece::TooLong(std::mem::take(&mut self.skipped)));
        }
        if !self.buffer.is_empty() {
            each(Piece::Lines(&std::mem::take(&mut self.buffer)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pushes: &[&[u8]], limit: usize) -> Vec<Result<usize, u64>> {
        let mut cutter = Cutter::new(limit);
        let mut pieces = Vec::new();
        let mut each = |piece: Piece<'_>| {
            pieces.push(match piece {
                Piece::Lines(lines) => Ok(lines.len()),
                Piece::TooLong(length) => Err(length),
            });
        };
        for bytes in pushes {
            cutter.push(bytes, &mut each);
        }
        cutter.finish(&mut each);
        pieces
    }

    fn read(mut file: &[u8], limit: usize) -> Vec<Result<usize, u64>> {
        let mut cutter = Cutter::new(limit);
        let mut pieces = Vec::new();
        loop {
            let read = if cutter.reads() {
                let mut spare = Buffer::default();
                spare.push(&[1; 7]);
                cutter.read(&mut file, |buffer, end| {
                    pieces.push(Ok(end));
                    spare.truncate(0);
                    spare.push(&buffer[end..]);
                    spare
                })
            } else {
                let bytes = file.split_off(..file.len().min(1000)).unwrap();
                cutter.push(bytes, |piece| {
                    pieces.push(match piece {
                        Piece::Lines(lines) => Ok(lines.len()),
                        Piece::TooLong(length) => Err(length),
                    });
                });
                Ok(bytes.len())
            };
            if read.unwrap() == 0 {
                break;
            }
        }
        cutter.finish(|piece| match piece {
            Piece::Lines(lines) => pieces.push(Ok(lines.len())),
            Piece::TooLong(length) => pieces.push(Err(length)),
        });
        pieces
    }

    #[test]
    fn blocks_are_the_same_however_the_bytes_come() {
        let line = [&[b'x'; 999][..], b"\n"].concat();
        let short = line.repeat(700);
        let long = [&vec![b'y'; 2 * BLOCK][..], b"\n"].concat();
        let too_long = [&vec![b'z'; 5 * BLOCK][..], b"\n"].concat();
        let file = [&short[..], &long, &too_long, &short, b"end"].concat();
        let whole = cut(&[&file], 3 * BLOCK);
        assert!(whole.contains(&Err(5 * BLOCK as u64)), "{whole:?}");
        assert_eq!(read(&file, 3 * BLOCK), whole);
        for size in [1, 100, 4096, BLOCK - 1, BLOCK, BLOCK + 1] {
            let pushes: Vec<&[u8]> = file.chunks(size).collect();
            assert_eq!(cut(&pushes, 3 * BLOCK), whole, "{size}");
        }
    }
}
