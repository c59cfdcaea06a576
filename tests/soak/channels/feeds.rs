//! What every receiver sees: broadcast and watch.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use parking_lot::Mutex;
use selvedge::channel::{
    broadcast::{self, Overflow},
    watch,
};

use super::{Counts, Message};
use crate::driver::{Arena, Job, Rng};

/// Readers with how much each has read, and how much was sent.
pub(super) struct News {
    tx: broadcast::Sender<Arc<Message>>,
    readers: Mutex<Vec<(broadcast::Receiver<Arc<Message>>, usize)>>,
    counts: Arc<Counts>,
    is_over: AtomicBool,
}

/// Comes back to the list, also if it is cancelled.
struct Reader<'a>(Option<(broadcast::Receiver<Arc<Message>>, usize)>, &'a News);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if !self.1.is_over.load(SeqCst) {
            self.1.readers.lock().extend(self.0.take());
        }
    }
}

impl News {
    const READERS: usize = 3;

    pub(super) fn new() -> Self {
        let (tx, rx) = broadcast::with_overflow(3, Overflow::Wait);
        let mut readers: Vec<_> = (1..Self::READERS).map(|_| (rx.resubscribe(), 0)).collect();
        readers.push((rx, 0));
        Self { tx, readers: Mutex::new(readers), counts: Arc::default(), is_over: false.into() }
    }
}

impl Arena for News {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let kind = random.u8(..8);
        Box::pin(async move {
            let counts = &self.counts;
            if kind == 0 {
                drop(self.tx.try_broadcast(Arc::new(counts.message())).map(|_| counts.sent()));
            } else if kind < 4 {
                let sent = self.tx.broadcast(Arc::new(counts.message())).await;
                drop(sent.map(|_| counts.sent()));
            } else {
                let Some(reader) = self.readers.lock().pop() else { return };
                let mut reader = Reader(Some(reader), &self);
                let (rx, read) = reader.0.as_mut().unwrap();
                if rx.recv().await.is_ok() {
                    *read += 1;
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let readers = self.readers.lock();
        let senders = sleeping + readers.len() - Self::READERS;
        assert!(senders == 0 || self.tx.len() == 3, "{senders} senders sleep beside a place");
        for (rx, read) in &*readers {
            assert_eq!(read + rx.len(), self.counts.sent.load(SeqCst), "read and still to read");
        }
    }

    /// The readers go, so that senders fail; one that sleeps gets one more message.
    fn finish(&self) {
        self.is_over.store(true, SeqCst);
        self.readers.lock().clear();
        drop(self.tx.try_broadcast(Arc::new(self.counts.message())));
    }

    fn ended(&self) {
        assert_eq!(self.tx.receiver_count(), 0);
        assert_eq!(
            self.counts.made.load(SeqCst),
            self.counts.gone.load(SeqCst),
            "made and dropped"
        );
    }
}

pub(super) struct Board(pub(super) watch::Sender<usize>, pub(super) AtomicUsize);

impl Arena for Board {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, more) = (random.u8(..6), random.usize(1..3));
        Box::pin(async move {
            match kind {
                0 => self.0.send_modify(|value| *value += 1),
                1 => drop(self.0.send_if_modified(|value| {
                    *value += more;
                    true
                })),
                2 => {
                    let mut rx = self.0.subscribe();
                    let at = *rx.borrow() + more;
                    assert!(*rx.wait_for(|value| *value >= at).await.unwrap() >= at);
                }
                _ => {
                    let mut rx = self.0.subscribe();
                    let before = *rx.borrow_and_update();
                    rx.changed().await.unwrap();
                    assert!(*rx.borrow_and_update() > before);
                    self.1.fetch_add(1, SeqCst);
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        assert_eq!(self.0.receiver_count(), sleeping);
    }

    fn finish(&self) {
        self.0.send_modify(|value| *value += 10);
    }

    fn ended(&self) {
        assert_eq!(self.0.receiver_count(), 0);
    }
}
