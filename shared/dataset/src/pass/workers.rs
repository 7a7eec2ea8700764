//! Blocks on one thread or several. Results come back in the order of the blocks, whoever was done first.
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, channel, sync_channel},
    },
    thread::JoinHandle,
};

use super::{
    block::{Done, Work, Worker},
    cut::MOST_BYTES,
    plan::Plan,
};

/// What a thread made of a block, or what it panicked with.
type Outcome = std::thread::Result<Done>;

impl Worker {
    /// Works on a block, and gives its buffer back with the result.
    pub(crate) fn take(&mut self, plan: &Plan, work: Work) -> Done {
        let places = work.places.as_deref();
        let done = self.work(plan, &work.lines, places, work.space);
        Done {
            spent: work.lines,
            ..done
        }
    }
}

/// Threads that work on blocks. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    work: Option<SyncSender<(u64, Work)>>,
    done: Receiver<(u64, Outcome)>,
    threads: Vec<JoinHandle<()>>,
    sent: u64,
    taken: u64,
    /// What is done, from the block on that is taken next.
    early: VecDeque<Option<Done>>,
    /// Blocks that the threads have, and how many they may have.
    given: u64,
    most: u64,
    /// Bytes of the blocks that are under way, in their order, and of all of them.
    sizes: VecDeque<usize>,
    bytes: usize,
}

impl Workers {
    /// So many threads, besides the caller's.
    pub(crate) fn new(threads: usize, plan: &Arc<Plan>) -> Self {
        let most = threads as u64 * 3;
        let (work, blocks) = sync_channel::<(u64, Work)>(threads * 3);
        let blocks = Arc::new(Mutex::new(blocks));
        let (results, done) = channel();
        let threads = (0..threads)
            .map(|_| {
                let (blocks, results, plan) = (blocks.clone(), results.clone(), plan.clone());
                std::thread::spawn(move || {
                    let mut worker = Worker::default();
                    loop {
                        let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                        let Ok((index, work)) = next else { return };
                        // Caught, so that whoever waits for this block hears of it.
                        let done = catch_unwind(AssertUnwindSafe(|| worker.take(&plan, work)));
                        if results.send((index, done)).is_err() {
                            return;
                        }
                    }
                })
            })
            .collect();
        Self {
            work: Some(work),
            done,
            threads,
            sent: 0,
            taken: 0,
            early: VecDeque::new(),
            given: 0,
            most,
            sizes: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Hands over a block, or works on it by `here` if the threads have enough to do; first takes back what is done, and waits where too
    /// much is under way.
    pub(crate) fn send(
        &mut self,
        work: Work,
        here: impl FnOnce(Work) -> Done,
        mut each: impl FnMut(Done),
    ) {
        let size = work.lines.len();
        while let Ok(result) = self.done.try_recv() {
            self.arrived(result);
        }
        // One for each that is sent: so the lines of one block alone go out, from where they are.
        if let Some(done) = self.due() {
            each(done);
        }
        while self.sent - self.taken >= 2 * self.most
            || !self.sizes.is_empty() && self.bytes + size > MOST_BYTES
        {
            match self.next() {
                Some(done) => each(done),
                None => return,
            }
        }
        if self.given >= self.most {
            self.keep(self.sent, here(work));
        } else if let Some(sender) = &self.work
            && sender.send((self.sent, work)).is_ok()
        {
            self.given += 1;
        } else {
            return;
        }
        self.sent += 1;
        self.sizes.push_back(size);
        self.bytes += size;
    }

    fn arrived(&mut self, (index, outcome): (u64, Outcome)) {
        self.given -= 1;
        match outcome {
            Ok(done) => self.keep(index, done),
            Err(panic) => resume_unwind(panic),
        }
    }

    fn keep(&mut self, index: u64, done: Done) {
        let place = (index - self.taken) as usize;
        if self.early.len() <= place {
            self.early.resize_with(place + 1, || None);
        }
        self.early[place] = Some(done);
    }

    /// The next block's result, in order, if it is there.
    fn due(&mut self) -> Option<Done> {
        let done = self.early.front_mut()?.take()?;
        self.early.pop_front();
        self.taken += 1;
        self.bytes -= self.sizes.pop_front().unwrap_or_default();
        Some(done)
    }

    /// The next block's result, in order; waits for it. Nothing if there is none under way.
    pub(crate) fn next(&mut self) -> Option<Done> {
        while self.taken < self.sent {
            if let Some(done) = self.due() {
                return Some(done);
            }
            let result = self.done.recv().ok()?;
            self.arrived(result);
        }
        None
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.work = None;
        for thread in self.threads.drain(..) {
            // No panic comes out of a thread.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use perennial_core::limits::fine_tuning;

    use super::*;
    use crate::{
        compiler::Purpose,
        pass::{buffer::Buffer, plan::SecretsRule},
    };

    #[test]
    fn long_lines_are_under_way_up_to_so_many_bytes() {
        let limits = fine_tuning("amazon.nova-micro-v1:0").unwrap();
        let plan = Plan::new(Purpose::Training(limits), SecretsRule::Warn, 8 << 20);
        let mut workers = Workers::new(8, &Arc::new(plan));
        let mut taken = 0;
        for _ in 0..12 {
            let mut lines = Buffer::default();
            lines.push(&vec![b'x'; 5 << 20]);
            let work = Work {
                lines,
                ..Work::default()
            };
            let here = |_| Done::default();
            workers.send(work, here, |_| taken += 1);
            let under_way = workers.sent - workers.taken;
            assert!(under_way as usize * (5 << 20) <= MOST_BYTES, "{under_way}");
        }
        while workers.next().is_some() {
            taken += 1;
        }
        assert_eq!((taken, workers.bytes), (12, 0));
    }
}
