//! The decompressed text of a file, on its way from bytes to blocks and from results to canonical lines.
use std::io::{self, Read};
use std::sync::Arc;

use super::{
    block::{Work, Worker},
    buffer::{Buffer, Space, Spare},
    cut::{Cutter, Piece},
    merge::Merger,
    plan::{Plan, SecretsRule},
    workers::Workers,
};
use crate::{
    compiler::{Bounds, Purpose},
    finding::{Place, Problem},
    input::{Collected, Made, table_options},
    rules, sniff,
};

/// The decompressed text: its head is looked at once, then it is cut into blocks of lines, and these are worked on.
#[derive(Debug)]
pub(crate) struct Stream {
    head: Option<Vec<u8>>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) merger: Merger,
    cutter: Cutter,
    /// Where the file is no JSON Lines.
    input: Option<crate::input::Input>,
    collected: Collected,
    pub(crate) columns: Vec<(String, String)>,
    worker: Worker,
    workers: Option<Workers>,
    threads: usize,
    /// Buffers to be used again.
    spare: Spare,
}

impl Stream {
    pub(crate) fn new(purpose: Purpose, bounds: Bounds) -> Self {
        Self {
            head: Some(Vec::new()),
            merger: Merger::new(&purpose, bounds),
            plan: Arc::new(Plan::new(purpose, SecretsRule::default(), bounds.line)),
            cutter: Cutter::new(bounds.line),
            input: None,
            collected: Collected::default(),
            columns: Vec::new(),
            worker: Worker::default(),
            workers: None,
            threads: 1,
            spare: Spare::default(),
        }
    }

    pub(crate) fn configure(&mut self, secrets: SecretsRule, threads: usize) {
        self.plan_mut(|plan| plan.set_secrets(secrets));
        self.threads = threads;
    }

    /// Changes the plan; only before threads share it.
    pub(crate) fn plan_mut(&mut self, change: impl FnOnce(&mut Plan)) {
        change(Arc::make_mut(&mut self.plan));
    }

    pub(crate) fn push(&mut self, name: &str, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        match &mut self.head {
            Some(head) => {
                head.extend_from_slice(bytes);
                if sniff::enough(head).is_some() {
                    self.look(name, out);
                }
            }
            None => self.cut(bytes, out),
        }
        !self.merger.hopeless
    }

    pub(crate) fn look(&mut self, name: &str, out: &mut Vec<u8>) {
        let Some(head) = self.head.take() else { return };
        let options = table_options(&self.plan.purpose, self.columns.clone());
        let input = sniff::kind(sniff::looked_at(&head), name, &options).and_then(|kind| {
            crate::input::Input::of(kind, &self.plan.purpose, self.plan.line, &options)
        });
        match input {
            Ok(None) => {}
            Ok(Some((input, said))) => {
                said.into_iter()
                    .for_each(|problem| self.merger.findings.add_of_file(problem));
                if input.is_document() {
                    self.merger.is_cut();
                }
                self.input = Some(input);
            }
            Err(problem) => {
                self.merger.give_up(problem);
                return;
            }
        }
        let packs = self.merger.packs();
        self.plan_mut(|plan| plan.packs = packs);
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        if text.len() < head.len() {
            self.merger.findings.add_of_file(Problem::of_file(
                &rules::BYTE_ORDER_MARK,
                "a UTF-8 byte order mark at the start",
                "Nothing: it was taken off.",
            ));
        }
        self.cut(text, out);
    }

    /// Whether [`Stream::read`] may be called.
    pub(crate) fn reads(&self) -> bool {
        self.head.is_none() && self.input.is_none() && self.cutter.reads()
    }

    /// Reads the next bytes of the text, a block at most, without a copy on their way to whoever works on them.
    pub(crate) fn read(&mut self, source: &mut dyn Read, out: &mut Vec<u8>) -> io::Result<usize> {
        let mut cutter = std::mem::replace(&mut self.cutter, Cutter::new(0));
        let read = cutter.read(source, |mut buffer, end| {
            if self.is_shared() {
                let mut next = self.spare.lines();
                next.push(&buffer[end..]);
                buffer.truncate(end);
                self.hand_over(buffer, None, out);
                next
            } else {
                self.work_here(&buffer[..end], None, out);
                buffer.forget(end);
                buffer
            }
        });
        self.cutter = cutter;
        read
    }

    fn cut(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if let Some(mut input) = self.input.take() {
            let mut collected = std::mem::take(&mut self.collected);
            input.push(bytes, &mut collected, |made| self.take_made(made, out));
            self.merger.lines = collected.file_lines();
            self.collected = collected;
            self.input = Some(input);
            return;
        }
        let mut cutter = std::mem::replace(&mut self.cutter, Cutter::new(0));
        cutter.push(bytes, |piece| self.take(piece, out));
        self.cutter = cutter;
    }

    /// Works on the lines that are complete so far.
    pub(crate) fn whole_lines(&mut self, out: &mut Vec<u8>) {
        let mut cutter = std::mem::replace(&mut self.cutter, Cutter::new(0));
        cutter.finish_whole(|piece| self.take(piece, out));
    }

    fn take(&mut self, piece: Piece<'_>, out: &mut Vec<u8>) {
        match piece {
            Piece::Lines(lines) => self.work(lines, None, out),
            Piece::TooLong(length) => {
                self.wait(out);
                self.merger.too_long(length);
            }
        }
    }

    fn take_made(&mut self, made: Made<'_>, out: &mut Vec<u8>) {
        if !made.lines.is_empty() {
            self.work(made.lines, Some(made.places), out);
        }
        if let Some((line, problem)) = made.trouble {
            // In the file's order.
            self.wait(out);
            self.merger.trouble(line, problem);
        }
    }

    fn work(&mut self, lines: &[u8], places: Option<&[Place]>, out: &mut Vec<u8>) {
        if self.is_shared() {
            let mut copied = self.spare.lines();
            copied.push(lines);
            self.hand_over(copied, places.map(<[Place]>::to_vec), out);
        } else {
            self.work_here(lines, places, out);
        }
    }

    /// Whether threads work. Until the shape is known, which every later block is told, blocks are worked on here.
    fn is_shared(&self) -> bool {
        self.threads > 1 && self.plan.shape.is_some()
    }

    fn hand_over(&mut self, lines: Buffer, places: Option<Vec<Place>>, out: &mut Vec<u8>) {
        let workers = self
            .workers
            .get_or_insert_with(|| Workers::new(self.threads - 1, &self.plan));
        let (merger, spare) = (&mut self.merger, &mut self.spare);
        let work = Work {
            lines,
            places,
            space: spare.space(),
        };
        let (worker, plan) = (&mut self.worker, &self.plan);
        let here = |work| worker.take(plan, work);
        workers.send(work, here, |mut done| {
            let lines = std::mem::take(&mut done.spent);
            spare.take_space(merger.take(done, &lines, out));
            spare.take_lines(lines);
        });
    }

    fn work_here(&mut self, lines: &[u8], places: Option<&[Place]>, out: &mut Vec<u8>) {
        let space = if self.merger.packs() {
            self.spare.space()
        } else {
            Space {
                out: std::mem::take(out),
                written: self.spare.written(),
            }
        };
        let done = self.worker.work(&self.plan, lines, places, space);
        let left = self.merger.take(done, lines, out);
        self.spare.take_space(left);
        if self.plan.shape.is_none() && self.merger.shape.is_some() {
            let shape = self.merger.shape;
            self.plan_mut(|plan| plan.shape = shape);
        }
    }

    /// Waits for every block that is under way.
    pub(crate) fn wait(&mut self, out: &mut Vec<u8>) {
        while let Some(mut done) = self.workers.as_mut().and_then(Workers::next) {
            let lines = std::mem::take(&mut done.spent);
            let space = self.merger.take(done, &lines, out);
            self.spare.take_space(space);
            self.spare.take_lines(lines);
        }
    }

    pub(crate) fn finish(&mut self, name: &str, out: &mut Vec<u8>) {
        if !self.merger.hopeless {
            self.look(name, out);
        }
        if !self.merger.hopeless {
            let mut cutter = std::mem::replace(&mut self.cutter, Cutter::new(0));
            cutter.finish(|piece| self.take(piece, out));
        }
        if !self.merger.hopeless
            && let Some(mut input) = self.input.take()
        {
            let mut collected = std::mem::take(&mut self.collected);
            input.finish(&mut collected, |made| self.take_made(made, out));
            // After what threads found.
            self.wait(out);
            input
                .columns()
                .into_iter()
                .for_each(|problem| self.merger.findings.add_of_file(problem));
        }
        self.wait(out);
        self.merger.finish(&self.plan, out);
    }
}
