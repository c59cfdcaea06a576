//! Each wait, in the six shapes.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use futures::Sink as _;
use selvedge::channel::mpmc::{self, Receiver, Sender};

use crate::sweep::{Doors, Report, Swept, Waiting};

/// Receives; once more if the waker of a sender panics, for then the message goes back.
pub(crate) fn receive_again(receive: impl Fn() -> bool) {
    struct Again<F: Fn() -> bool>(F);
    impl<F: Fn() -> bool> Drop for Again<F> {
        fn drop(&mut self) {
            if thread::panicking() {
                assert!((self.0)());
            }
        }
    }
    let again = Again(receive);
    assert!((again.0)());
}

type Ends = (Sender<u8>, Receiver<u8>);

pub(crate) fn sweep(report: Report<'_>) {
    // Who receives sends it on, so that it is there as before.
    let receives = |name, wait: fn(&Arc<Ends>) -> Waiting| Swept {
        name,
        make: || mpmc::bounded(2),
        wait,
        free: |(sender, _)| sender.try_send(1).unwrap(),
        waiting: |(_, receiver)| receiver.statistics().waiting_receivers,
        is_free: |(_, receiver)| receiver.len() == 1,
        // What is left after closing is whoever's comes first.
        close: None,
    };
    receives("mpmc::Recv", |ends| {
        let ends = ends.clone();
        Box::pin(async move {
            let Ok(message) = ends.1.recv().await else { return false };
            ends.0.try_send(message).is_ok()
        })
    })
    .sweep(report);
    receives("mpmc::RecvMany", |ends| {
        let ends = ends.clone();
        Box::pin(async move {
            let mut buffer = Vec::new();
            let count = ends.1.recv_many(&mut buffer, 1).await;
            count == 1 && ends.0.try_send(buffer[0]).is_ok()
        })
    })
    .sweep(report);
    receives("mpmc::Receiver as Stream", |ends| {
        let (ends, mut stream) = (ends.clone(), ends.1.clone());
        Box::pin(async move {
            let Some(message) = futures::StreamExt::next(&mut stream).await else {
                return false;
            };
            ends.0.try_send(message).is_ok()
        })
    })
    .sweep(report);
    let sends = |name, close: fn(&Ends), wait: fn(&Arc<Ends>) -> Waiting| Swept {
        name,
        make: || {
            let (sender, receiver) = mpmc::bounded(1);
            sender.try_send(0).unwrap();
            (sender, receiver)
        },
        wait,
        free: |(_, receiver)| receive_again(|| receiver.try_recv().is_ok()),
        waiting: |(sender, _)| sender.statistics().waiting_senders,
        is_free: |(sender, _)| sender.is_empty() && sender.statistics().held == 0,
        close: Some(close),
    };
    let by_sender: fn(&Ends) = |(sender, _)| assert!(sender.close());
    let by_receiver: fn(&Ends) = |(_, receiver)| assert!(receiver.close());
    sends("mpmc::Send", by_sender, |ends| {
        let ends = ends.clone();
        Box::pin(async move { ends.0.send(1).await.is_ok() && ends.1.try_recv().is_ok() })
    })
    .sweep(report);
    sends("mpmc::Reserve", by_receiver, |ends| {
        let ends = ends.clone();
        Box::pin(async move { ends.0.reserve().await.is_ok() })
    })
    .sweep(report);
    sends("mpmc::SenderSink", by_receiver, |ends| {
        let (open, mut sink) = (ends.clone(), ends.0.clone().into_sink());
        Box::pin(async move {
            let _open = open;
            poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.is_ok()
        })
    })
    .sweep(report);
    Swept::<Meeting> {
        name: "mpmc::Recv, a rendezvous",
        make: || {
            let (sender, receiver) = mpmc::rendezvous();
            Meeting { sender, receiver, spare: AtomicUsize::new(0) }
        },
        wait: |meeting| {
            let meeting = meeting.clone();
            Box::pin(async move {
                let got = meeting.receiver.recv().await == Ok(1);
                meeting.offer();
                got
            })
        },
        free: Meeting::offer,
        waiting: |meeting| meeting.receiver.statistics().waiting_receivers,
        // What was handed to a receiver that left is there still.
        is_free: |meeting| meeting.spare.load(SeqCst) + meeting.receiver.len() == 1,
        close: None,
    }
    .sweep_alone(report);
    let closes = |name, wait: fn(&Arc<Doors<Ends>>) -> Waiting| Swept {
        name,
        make: || Doors::new(|ends: &mut Ends| assert!(ends.0.close())),
        wait,
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    };
    closes("mpmc::Sender::closed", |doors| {
        let ends = mpmc::bounded(1);
        let sender = ends.0.clone();
        doors.wait(ends, async move {
            sender.closed().await;
            sender.is_closed()
        })
    })
    .sweep(report);
    closes("mpmc::Receiver::closed", |doors| {
        let ends = mpmc::bounded(1);
        let receiver = ends.1.clone();
        doors.wait(ends, async move {
            receiver.closed().await;
            receiver.is_closed()
        })
    })
    .sweep(report);
}

/// A rendezvous, and how many messages nobody waited for.
struct Meeting {
    sender: Sender<u8>,
    receiver: Receiver<u8>,
    spare: AtomicUsize,
}

impl Meeting {
    fn offer(&self) {
        if self.sender.try_send(1).is_err() {
            self.spare.fetch_add(1, SeqCst);
        }
    }
}
