//! What is worked off: queues and pipes.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Waker},
};

use futures_lite::io::{AsyncRead, AsyncWrite};
use selvedge::{
    channel::{pipe, queue::Queue},
    sync::Mutex as Lock,
};

use super::{Counts, Message};
use crate::driver::{Arena, Job, Rng, pause};

pub(super) struct Work {
    pub(super) queue: Queue<Message>,
    pub(super) counts: Arc<Counts>,
}

/// Each item that was got is done, also by those who are cancelled.
struct Done<'a>(&'a Queue<Message>);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.task_done().unwrap();
    }
}

impl Arena for Work {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..10), random.u8(..3));
        Box::pin(async move {
            let Self { queue, counts } = &*self;
            match kind {
                0 => drop(queue.put_nowait(counts.message()).map(|()| counts.sent())),
                1 => queue.join().await,
                2..6 => drop(queue.put(counts.message()).await.map(|()| counts.sent())),
                _ => {
                    let Ok(item) = queue.get().await else { return };
                    let _done = Done(queue);
                    counts.received(&item);
                    pause(times).await;
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.queue.statistics();
        assert_eq!(seen.getters + seen.putters + seen.joiners, sleeping, "{seen:?}");
        assert!(seen.size == 0 || seen.getters == 0, "getters sleep: {seen:?}");
        assert!(seen.size == seen.maxsize || seen.putters == 0, "putters sleep: {seen:?}");
        assert!(seen.unfinished > 0 || seen.joiners == 0, "joiners sleep: {seen:?}");
        assert_eq!(seen.unfinished, seen.size, "nobody works");
    }

    fn finish(&self) {
        self.queue.shutdown(false);
        while let Ok(item) = self.queue.get_nowait() {
            self.counts.received(&item);
            self.queue.task_done().unwrap();
        }
    }

    fn ended(&self) {
        self.finish();
        assert_eq!(self.queue.statistics().unfinished, 0);
        self.counts.check();
    }
}

/// Both ends with how far each has come: the bytes count up.
pub(super) struct Bytes {
    reader: Lock<(pipe::Reader, u8)>,
    writer: Lock<(pipe::Writer, u8)>,
    passed: AtomicUsize,
}

impl Bytes {
    pub(super) fn new() -> Self {
        let (reader, writer) = pipe::simplex(7);
        let (reader, writer) = (Lock::new((reader, 0)), Lock::new((writer, 0)));
        Self { reader, writer, passed: AtomicUsize::new(0) }
    }
}

impl Arena for Bytes {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (writes, n) = (random.bool(), random.usize(1..12));
        Box::pin(async move {
            if writes {
                let mut writer = self.writer.lock().await;
                let (end, next) = &mut *writer;
                let bytes: Vec<u8> = (0..n as u8).map(|at| next.wrapping_add(at)).collect();
                let poll = |cx: &mut Context<'_>| Pin::new(&mut *end).poll_write(cx, &bytes);
                if let Ok(count) = std::future::poll_fn(poll).await {
                    *next = next.wrapping_add(count as u8);
                }
                return;
            }
            let mut reader = self.reader.lock().await;
            let (end, next) = &mut *reader;
            let mut bytes = vec![0; n];
            let poll = |cx: &mut Context<'_>| Pin::new(&mut *end).poll_read(cx, &mut bytes);
            let count = std::future::poll_fn(poll).await.unwrap();
            self.passed.fetch_add(count, SeqCst);
            for byte in &bytes[..count] {
                assert_eq!(*byte, *next);
                *next = next.wrapping_add(1);
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        // One of the two ends is free: its pipe is full, or empty.
        let held = [self.reader.statistics().locked, self.writer.statistics().locked];
        match held {
            [false, false] => assert_eq!(sleeping, 0),
            [true, false] => {
                assert!(self.writer.try_lock().unwrap().0.is_empty(), "a reader sleeps")
            }
            [false, true] => {
                let left = self.reader.try_lock().unwrap().0.len();
                assert_eq!(left, 7, "a writer sleeps");
            }
            [true, true] => panic!("both ends sleep"),
        }
    }

    fn finish(&self) {
        let cx = &mut Context::from_waker(Waker::noop());
        if let Ok(mut writer) = self.writer.try_lock() {
            assert!(Pin::new(&mut writer.0).poll_close(cx).is_ready());
            return;
        }
        // Whoever writes gets an error from now on.
        let mut reader = self.reader.try_lock().unwrap();
        let (gone, _) = pipe::simplex(1);
        drop(std::mem::replace(&mut reader.0, gone));
    }
}
