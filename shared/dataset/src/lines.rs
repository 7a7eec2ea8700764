//! Cuts a stream into lines without ever holding more than one line of the longest length.

/// One line, without its line feed.
#[derive(Debug)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// A line of this many bytes, over the limit; its content was let go.
    TooLong(u64),
}

#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    /// The start of the line that is not complete yet.
    pending: Vec<u8>,
    /// Bytes of the line let go so far, when it is over the limit.
    skipped: u64,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            pending: Vec::new(),
            skipped: 0,
        }
    }

    /// Hands every line that `bytes` completes to `each`, until that returns false.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Line<'_>) -> bool) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (start, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            let more = if self.pending.is_empty() && self.skipped == 0 && start.len() <= self.limit
            {
                each(Line::Whole(start))
            } else {
                self.keep(start);
                self.complete(&mut each)
            };
            if !more {
                return;
            }
        }
        self.keep(bytes);
    }

    /// Hands over the last line, if it had no line feed.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Line<'_>) -> bool) {
        if !self.pending.is_empty() || self.skipped > 0 {
            self.complete(&mut each);
        }
    }

    fn keep(&mut self, part: &[u8]) {
        if self.skipped > 0 {
            self.skipped += part.len() as u64;
        } else if self.pending.len() + part.len() > self.limit {
            self.skipped = (self.pending.len() + part.len()) as u64;
            self.pending = Vec::new();
        } else {
            self.pending.extend_from_slice(part);
        }
    }

    fn complete(&mut self, each: &mut impl FnMut(Line<'_>) -> bool) -> bool {
        if self.skipped > 0 {
            return each(Line::TooLong(std::mem::take(&mut self.skipped)));
        }
        let more = each(Line::Whole(&self.pending));
        self.pending.clear();
        more
    }
}
