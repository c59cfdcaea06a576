//! Each wait, in the six shapes.

use std::{future::poll_fn, pin::Pin, sync::Arc};

use futures::{Sink as _, StreamExt as _};
use selvedge::channel::mpsc;

use crate::sweep::{Doors, Report, Swept, Waiting};

/// A channel of two places, both held.
struct Full {
    sender: mpsc::Sender<u8>,
    receiver: std::sync::Mutex<mpsc::Receiver<u8>>,
    held: std::sync::Mutex<Vec<mpsc::OwnedPermit<u8>>>,
}

impl Full {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(2);
        let held = (0..2).map(|_| sender.clone().try_reserve_owned().unwrap()).collect();
        Self { sender, receiver: receiver.into(), held: std::sync::Mutex::new(held) }
    }

    fn give(&self, places: usize) {
        let held: Vec<_> = self.held.lock().unwrap().drain(..places).collect();
        drop(held);
    }

    fn is_free(&self, places: usize) -> bool {
        let seen = self.sender.statistics();
        (seen.held, seen.waiting_senders) == (2 - places, 0)
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    let reserves = |name, wait: fn(&Arc<Full>) -> Waiting| Swept {
        name,
        make: Full::new,
        wait,
        free: |full| full.give(1),
        waiting: |full| full.sender.statistics().waiting_senders,
        is_free: |full| full.is_free(1),
        close: Some(|full| full.receiver.lock().unwrap().close()),
    };
    reserves("mpsc::Reserve", |full| {
        let full = full.clone();
        Box::pin(async move { full.sender.reserve().await.is_ok() })
    })
    .sweep(report);
    reserves("mpsc::ReserveOwned", |full| {
        let full = full.clone();
        Box::pin(async move { full.sender.clone().reserve_owned().await.is_ok() })
    })
    .sweep(report);
    reserves("mpsc::SenderSink", |full| {
        let (open, mut sink) = (full.clone(), full.sender.clone().into_sink());
        Box::pin(async move {
            let _open = open;
            poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.is_ok()
        })
    })
    .sweep(report);
    Swept {
        free: |full: &Full| full.give(2),
        is_free: |full: &Full| full.is_free(2),
        ..reserves("mpsc::ReserveMany", |full| {
            let full = full.clone();
            Box::pin(async move { full.sender.reserve_many(2).await.is_ok() })
        })
    }
    .sweep(report);
    Swept::<(mpsc::Sender<u8>, Shared)> {
        name: "mpsc::Send",
        make: || {
            let (sender, receiver) = mpsc::channel(1);
            sender.try_send(0).unwrap();
            (sender, (Some(receiver), 0).into())
        },
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move { ends.0.send(1).await.is_ok() && receive(&ends.1) })
        },
        free: |ends| crate::mpmc::receive_again(|| receive(&ends.1)),
        waiting: |ends| ends.0.statistics().waiting_senders,
        is_free: |ends| {
            let seen = ends.0.statistics();
            (seen.len, seen.held, seen.waiting_senders) == (0, 0, 0)
        },
        close: Some(|ends| ends.1.lock().unwrap().0.as_mut().unwrap().close()),
    }
    .sweep(report);
    // One receiver alone may wait, so each has a channel of its own.
    let receives = |name, wait: fn(&Arc<Doors<mpsc::Sender<u8>>>) -> Waiting| Swept {
        name,
        // Whoever gives up meanwhile passes its turn on.
        make: || Doors::new(|sender: &mut mpsc::Sender<u8>| _ = sender.try_send(1)),
        wait,
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    };
    receives("mpsc::Recv", |doors| {
        let (sender, mut receiver) = mpsc::channel(1);
        doors.wait(sender, async move { receiver.recv().await == Some(1) })
    })
    .sweep(report);
    receives("mpsc::RecvMany", |doors| {
        let (sender, mut receiver) = mpsc::channel(1);
        doors.wait(sender, async move {
            let mut buffer = Vec::with_capacity(1);
            receiver.recv_many(&mut buffer, 1).await == 1
        })
    })
    .sweep(report);
    receives("mpsc::Receiver as Stream", |doors| {
        let (sender, mut receiver) = mpsc::channel(1);
        doors.wait(sender, async move { receiver.next().await == Some(1) })
    })
    .sweep(report);
    Swept {
        name: "mpsc::Closed",
        make: || Doors::new(mpsc::Receiver::<u8>::close),
        wait: |doors| {
            let (sender, receiver) = mpsc::channel(1);
            doors.wait(receiver, async move {
                sender.closed().await;
                sender.is_closed()
            })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep(report);
}

/// The receiver, unless somebody has it in hand, and how many messages he is to receive as well.
type Shared = std::sync::Mutex<(Option<mpsc::Receiver<u8>>, usize)>;

/// Receives with the receiver in hand, not under a lock: a waker that comes back for it leaves its
/// message to whoever has it.
fn receive(shared: &Shared) -> bool {
    struct InHand<'a>(Option<mpsc::Receiver<u8>>, &'a Shared);
    impl Drop for InHand<'_> {
        fn drop(&mut self) {
            let mut shared = self.1.lock().unwrap();
            while shared.1 > 0 {
                shared.1 -= 1;
                drop(shared);
                assert!(self.0.as_mut().unwrap().try_recv().is_ok());
                shared = self.1.lock().unwrap();
            }
            shared.0 = self.0.take();
        }
    }
    let mut lock = shared.lock().unwrap();
    let Some(receiver) = lock.0.take() else {
        lock.1 += 1;
        return true;
    };
    drop(lock);
    InHand(Some(receiver), shared).0.as_mut().unwrap().try_recv().is_ok()
}
