//! Channels: what was sent is received, once, whoever was cancelled; whoever sleeps at rest has
//! nothing to receive, or no place to send to.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Waker},
};

use feeds::{Board, News};
use parking_lot::Mutex;
use selvedge::{
    channel::{
        mpmc, mpsc, oneshot,
        queue::Queue,
        select::{Of2, Select},
        watch,
    },
    sync::Mutex as Lock,
};
use works::{Bytes, Work};

use crate::driver::{Arena, Family, Job, Rng, pause};

mod feeds;
mod works;

pub(crate) const ALL: &[Family] = &[
    ("mpmc, small", || Arc::new(Many::new(mpmc::bounded(2), mpmc::bounded(1)))),
    ("mpmc, large", || Arc::new(Many::new(mpmc::bounded(64), mpmc::bounded(64)))),
    ("mpmc, unbounded", || Arc::new(Many::new(mpmc::unbounded(), mpmc::unbounded()))),
    ("rendezvous", || Arc::new(Many::new(mpmc::rendezvous(), mpmc::rendezvous()))),
    ("mpsc", || Arc::new(One::new(mpsc::channel(3)))),
    ("mpsc, unbounded", || Arc::new(Endless::new(mpsc::unbounded_channel()))),
    ("oneshot", || Arc::new(Letters::default())),
    ("broadcast", || Arc::new(News::new())),
    ("watch", || Arc::new(Board(watch::channel(0).0, AtomicUsize::new(0)))),
    ("queue", || Arc::new(Work { queue: Queue::new(3), counts: Arc::default() })),
    ("pipe", || Arc::new(Bytes::new())),
];

/// Messages that were made, sent, received and dropped.
#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    gone: AtomicUsize,
    sent: AtomicUsize,
    received: AtomicUsize,
}

impl Counts {
    /// A message, dropped with whatever it is in.
    fn message(self: &Arc<Self>) -> Message {
        self.made.fetch_add(1, SeqCst);
        Message(self.clone(), AtomicBool::new(false))
    }

    fn sent(&self) {
        self.sent.fetch_add(1, SeqCst);
    }

    fn received(&self, message: &Message) {
        assert!(!message.1.swap(true, SeqCst), "a message is received twice");
        self.received.fetch_add(1, SeqCst);
    }

    /// Nothing is lost, and nothing is left.
    fn check(&self) {
        assert_eq!(self.sent.load(SeqCst), self.received.load(SeqCst), "sent and received");
        assert_eq!(self.made.load(SeqCst), self.gone.load(SeqCst), "made and dropped");
    }
}

#[derive(Debug)]
struct Message(Arc<Counts>, AtomicBool);

impl Drop for Message {
    fn drop(&mut self) {
        self.0.gone.fetch_add(1, SeqCst);
    }
}

type Ends<T> = (mpmc::Sender<T>, mpmc::Receiver<T>);

/// Two channels of one kind, the second for selections.
struct Many {
    ends: [Ends<Message>; 2],
    is_rendezvous: bool,
    counts: Arc<Counts>,
}

impl Many {
    fn new(first: Ends<Message>, second: Ends<Message>) -> Self {
        let is_rendezvous = first.0.capacity() == Some(0);
        Self { ends: [first, second], is_rendezvous, counts: Arc::default() }
    }
}

impl Arena for Many {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, end, times) = (random.u8(..12), random.usize(..2), random.u8(..3));
        Box::pin(async move {
            let ((tx, rx), counts) = (&self.ends[end], &self.counts);
            match kind {
                0 => drop(tx.try_send(counts.message()).map(|()| counts.sent())),
                1 => drop(rx.try_recv().map(|message| counts.received(&message))),
                2 | 3 => {
                    let Ok(place) = tx.reserve().await else { return };
                    pause(times).await;
                    place.send(counts.message());
                    counts.sent();
                }
                4 => {
                    let (mut batch, limit) = (Vec::new(), usize::from(times) + 1);
                    // What it took out is in the batch, also if nobody takes it from there.
                    rx.recv_many(&mut batch, limit).await;
                    batch.iter().for_each(|message| counts.received(message));
                }
                5 | 6 => {
                    let [first, second] = &self.ends;
                    let mut select = Select::new();
                    let (Of2::First(taken) | Of2::Second(taken)) =
                        select.next((first.1.recv(), second.1.recv())).await;
                    if let Ok(message) = taken {
                        counts.received(&message);
                    }
                }
                7..9 => drop(rx.recv().await.map(|message| counts.received(&message))),
                _ => drop(tx.send(counts.message()).await.map(|()| counts.sent())),
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = [self.ends[0].0.statistics(), self.ends[1].0.statistics()];
        for (at, seen) in seen.iter().enumerate() {
            let (waiting, receivers) = (seen.waiting_senders, seen.waiting_receivers);
            assert!(seen.len == 0 || receivers == 0, "{at}: receivers sleep: {seen:?}");
            let has_place = self.ends[at].0.capacity().is_none_or(|capacity| seen.len < capacity);
            assert!(!has_place || waiting == 0, "{at}: senders sleep: {seen:?}");
            assert!(waiting == 0 || receivers == 0, "{at}: both sides sleep: {seen:?}");
        }
        let waiting: usize =
            seen.iter().map(|seen| seen.waiting_senders + seen.waiting_receivers).sum();
        // Whoever selects waits in both.
        assert!(waiting >= sleeping, "{sleeping} sleep, {waiting} wait");
    }

    fn finish(&self) {
        for (tx, _) in &self.ends {
            tx.close();
        }
    }

    fn ended(&self) {
        for (_, rx) in &self.ends {
            while let Ok(message) = rx.try_recv() {
                self.counts.received(&message);
            }
        }
        if self.is_rendezvous {
            // A receiver takes the message out of the hands of a `send`, also of one that is dropped.
            let more = self.counts.received.load(SeqCst) - self.counts.sent.load(SeqCst);
            self.counts.sent.fetch_add(more, SeqCst);
        }
        self.counts.check();
    }
}

struct One {
    tx: Mutex<Option<mpsc::Sender<Message>>>,
    rx: Lock<mpsc::Receiver<Message>>,
    counts: Arc<Counts>,
}

impl One {
    fn new((tx, rx): (mpsc::Sender<Message>, mpsc::Receiver<Message>)) -> Self {
        Self { tx: Mutex::new(Some(tx)), rx: Lock::new(rx), counts: Arc::default() }
    }
}

impl Arena for One {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let (kind, times) = (random.u8(..8), random.u8(..3));
        let Some(tx) = self.tx.lock().clone() else { return Box::pin(async {}) };
        Box::pin(async move {
            let counts = &self.counts;
            match kind {
                0 => drop(tx.try_send(counts.message()).map(|()| counts.sent())),
                1 => {
                    let Ok(place) = tx.reserve_owned().await else { return };
                    pause(times).await;
                    drop(place.send(counts.message()));
                    counts.sent();
                }
                2 => {
                    let Ok(places) = tx.reserve_many(usize::from(times)).await else { return };
                    for place in places {
                        place.send(counts.message());
                        counts.sent();
                    }
                }
                3..5 => drop(tx.send(counts.message()).await.map(|()| counts.sent())),
                _ => {
                    drop(tx);
                    let mut rx = self.rx.lock().await;
                    if let Some(message) = rx.recv().await {
                        counts.received(&message);
                    }
                }
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let tx = self.tx.lock();
        let seen = tx.as_ref().unwrap().statistics();
        assert!(seen.len == 0 || seen.waiting_receivers == 0, "the receiver sleeps: {seen:?}");
        // One may wait for more places than there are.
        assert!(seen.len >= 2 || seen.waiting_senders == 0, "senders sleep: {seen:?}");
        let in_line = self.rx.statistics().waiting;
        assert_eq!(seen.waiting_senders + seen.waiting_receivers + in_line, sleeping, "{seen:?}");
    }

    fn finish(&self) {
        drop(self.tx.lock().take());
        if let Ok(mut rx) = self.rx.try_lock() {
            rx.close();
        }
    }

    fn ended(&self) {
        let mut rx = self.rx.try_lock().unwrap();
        while let Ok(message) = rx.try_recv() {
            self.counts.received(&message);
        }
        self.counts.check();
    }
}

struct Endless {
    tx: Mutex<Option<mpsc::UnboundedSender<Message>>>,
    rx: Lock<mpsc::UnboundedReceiver<Message>>,
    counts: Arc<Counts>,
}

impl Endless {
    fn new((tx, rx): (mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>)) -> Self {
        Self { tx: Mutex::new(Some(tx)), rx: Lock::new(rx), counts: Arc::default() }
    }
}

impl Arena for Endless {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let kind = random.u8(..6);
        let tx = self.tx.lock().clone();
        Box::pin(async move {
            let counts = &self.counts;
            if kind < 3 {
                let Some(tx) = tx else { return };
                drop(tx.send(counts.message()).map(|()| counts.sent()));
                return;
            }
            drop(tx);
            let mut rx = self.rx.lock().await;
            if kind == 3 {
                let mut batch = Vec::new();
                rx.recv_many(&mut batch, 4).await;
                batch.iter().for_each(|message| counts.received(message));
            } else if let Some(message) = rx.recv().await {
                counts.received(&message);
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let seen = self.tx.lock().as_ref().unwrap().statistics();
        assert!(seen.len == 0 || sleeping == 0, "the receiver sleeps: {seen:?}");
    }

    fn finish(&self) {
        drop(self.tx.lock().take());
    }

    fn ended(&self) {
        let mut rx = self.rx.try_lock().unwrap();
        while let Ok(message) = rx.try_recv() {
            self.counts.received(&message);
        }
        self.counts.check();
    }
}

/// Letters that are still to be written.
#[derive(Default)]
struct Letters(Mutex<Vec<oneshot::Sender<Message>>>, Arc<Counts>);

impl Arena for Letters {
    fn act(self: Arc<Self>, random: &mut Rng) -> Job {
        let kind = random.u8(..8);
        Box::pin(async move {
            let Self(open, counts) = &*self;
            if kind < 4 {
                let (tx, rx) = oneshot::channel();
                open.lock().push(tx);
                if let Ok(message) = rx.await {
                    counts.received(&message);
                }
                return;
            }
            let Some(mut tx) = open.lock().pop() else { return };
            match kind {
                4 => {
                    // Looks once, and puts it back.
                    let cx = &mut Context::from_waker(Waker::noop());
                    if pin!(tx.closed()).poll(cx).is_pending() {
                        open.lock().push(tx);
                    }
                }
                5 => drop(tx),
                // Sent is not received: whoever waited may be gone before it looks.
                _ => drop(tx.send(counts.message())),
            }
        })
    }

    fn at_rest(&self, sleeping: usize) {
        let open = self.0.lock().iter().filter(|tx| !tx.is_closed()).count();
        assert_eq!(sleeping, open, "whoever sleeps is still to be written to");
    }

    fn finish(&self) {
        let open = std::mem::take(&mut *self.0.lock());
        drop(open);
    }

    fn ended(&self) {
        let (made, gone) = (self.1.made.load(SeqCst), self.1.gone.load(SeqCst));
        assert_eq!(made, gone, "made and dropped");
        assert!(self.1.received.load(SeqCst) <= made);
    }
}
