//! Memory that is used again: fresh memory costs more than what is written to it, as the system hands it out page by page.
use std::{
    io::{self, ErrorKind, Read},
    ops::Deref,
};

use super::{
    block::Written,
    cut::{BLOCK, MOST_BYTES},
};

/// Bytes, in memory that was written before. What is read into it needs no zeros first, and one call of the system.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// All of it may be written to.
    memory: Vec<u8>,
    filled: usize,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.filled]
    }
}

impl Buffer {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let room = bytes.len().min(self.memory.len() - self.filled);
        let (first, rest) = bytes.split_at(room);
        self.memory[self.filled..self.filled + room].copy_from_slice(first);
        self.memory.extend_from_slice(rest);
        self.filled += bytes.len();
    }

    /// Reads until it holds `length` bytes, or there are no more; how many were read.
    pub(crate) fn read(&mut self, source: &mut dyn Read, length: usize) -> io::Result<usize> {
        if self.memory.len() < length {
            self.memory.resize(length, 0);
        }
        let before = self.filled;
        while self.filled < length {
            match source.read(&mut self.memory[self.filled..length]) {
                Ok(0) => break,
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.filled - before)
    }

    /// Room for so many bytes in all.
    pub(crate) fn reserve(&mut self, length: usize) {
        self.memory
            .reserve_exact(length.saturating_sub(self.memory.len()));
    }

    pub(crate) fn capacity(&self) -> usize {
        self.memory.capacity()
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.filled = self.filled.min(length);
    }

    /// Forgets the first bytes.
    pub(crate) fn forget(&mut self, first: usize) {
        self.memory.copy_within(first..self.filled, 0);
        self.filled -= first;
    }
}

/// Where a block's results are put.
#[derive(Debug, Default)]
pub(crate) struct Space {
    /// Canonical lines.
    pub(crate) out: Vec<u8>,
    /// What is known of each.
    pub(crate) written: Vec<Written>,
}

/// Buffers of about a block, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    lines: Vec<Buffer>,
    outs: Vec<Vec<u8>>,
    written: Vec<Vec<Written>>,
}

impl Spare {
    /// As many as may be under way.
    const MOST: usize = MOST_BYTES / BLOCK;

    pub(crate) fn lines(&mut self) -> Buffer {
        self.lines.pop().unwrap_or_default()
    }

    pub(crate) fn space(&mut self) -> Space {
        Space {
            out: self.outs.pop().unwrap_or_default(),
            written: self.written(),
        }
    }

    pub(crate) fn written(&mut self) -> Vec<Written> {
        self.written.pop().unwrap_or_default()
    }

    pub(crate) fn take_lines(&mut self, mut buffer: Buffer) {
        buffer.truncate(0);
        Self::keep(&mut self.lines, buffer.capacity(), buffer);
    }

    pub(crate) fn take_space(&mut self, space: Space) {
        let Space {
            mut out,
            mut written,
        } = space;
        out.clear();
        written.clear();
        Self::keep(&mut self.outs, out.capacity(), out);
        let bytes = written.capacity() * size_of::<Written>();
        Self::keep(&mut self.written, bytes, written);
    }

    /// One that held a long line is let go.
    fn keep<T>(all: &mut Vec<T>, bytes: usize, one: T) {
        if all.len() < Self::MOST && (1..=4 * BLOCK).contains(&bytes) {
            all.push(one);
        }
    }
}
