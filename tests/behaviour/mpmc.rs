//! `selvedge::channel::mpmc`.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
};

use selvedge::channel::mpmc::{self, Receiver, Recv, RecvError, Send, TryRecvError, TrySendError};

use crate::harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready};

mod cancel;
mod closing;
mod overflow;
mod programs;
mod rendezvous;
mod sweep;

pub(crate) use sweep::{receive_again, sweep};

type Sends<'a, T> = Vec<Pin<Box<Send<'a, T>>>>;

type Recvs<'a, T> = Vec<Pin<Box<Recv<'a, T>>>>;

/// Semantics 72.
#[test]
fn messages_come_in_order() {
    for (sender, receiver) in [mpmc::bounded(1000), mpmc::unbounded()] {
        for message in 0..1000 {
            sender.try_send(message).unwrap();
        }
        assert!((0..1000).all(|message| receiver.try_recv() == Ok(message)));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
}

/// Semantics 73.
#[test]
fn a_full_channel_makes_senders_wait_and_an_empty_one_receivers() {
    let (sender, receiver) = mpmc::bounded(2);
    let watched = Watched::new();
    let mut recv = pin!(receiver.recv());
    assert!(watched.poll(recv.as_mut()).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!((watched.woken(), ready(recv.as_mut())), (1, Ok(1)));
    sender.try_send(2).unwrap();
    sender.try_send(3).unwrap();
    assert_eq!(sender.try_send(4), Err(TrySendError::Full(4)));
    let watched = Watched::new();
    let mut send = pin!(sender.send(4));
    assert!(watched.poll(send.as_mut()).is_pending());
    assert_eq!(watched.woken(), 0);
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(send.as_mut()), Ok(()));
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [3, 4]);
}

/// Semantics 79.
#[test]
fn a_producer_and_a_consumer_never_stall() {
    for (sender, receiver) in [mpmc::bounded(1), mpmc::rendezvous()] {
        let producer = thread::spawn(move || {
            for message in 0..2000 {
                sender.send_blocking(message).unwrap();
            }
        });
        assert!((0..2000).all(|message| receiver.recv_blocking() == Ok(message)));
        assert_eq!(receiver.recv_blocking(), Err(RecvError));
        producer.join().unwrap();
    }
}

#[test]
fn permits_hold_places() {
    let (sender, receiver) = mpmc::bounded(2);
    let first = sender.try_reserve().unwrap();
    let second = ready(pin!(sender.reserve())).unwrap();
    assert!(sender.is_full() && sender.is_empty());
    assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
    let watched = Watched::new();
    let mut send = pin!(sender.send(3));
    assert!(watched.poll(send.as_mut()).is_pending());
    second.send(2);
    assert_eq!(watched.woken(), 0);
    drop(first);
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(send.as_mut()), Ok(()));
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [2, 3]);
}

#[test]
fn many_are_received_at_once() {
    let (sender, receiver) = mpmc::bounded(4);
    let mut buffer = vec![0];
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, 0))), 0);
    for message in 1..=4 {
        sender.try_send(message).unwrap();
    }
    let watched = Watched::new();
    let mut sends: Sends<'_, i32> = (5..8).map(|n| Box::pin(sender.send(n))).collect();
    assert!(sends.iter_mut().all(|send| watched.poll(send.as_mut()).is_pending()));
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, 3))), 3);
    assert_eq!((&buffer[..], watched.woken()), (&[0, 1, 2, 3][..], 3));
    drop(sends);
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, usize::MAX))), 1);

    {
        let mut waiting = pin!(receiver.recv_many(&mut buffer, 9));
        assert!(watched.poll(waiting.as_mut()).is_pending());
        sender.try_send(8).unwrap();
        sender.try_send(9).unwrap();
        assert_eq!(ready(waiting.as_mut()), 2);
    }
    assert_eq!(buffer, [0, 1, 2, 3, 4, 8, 9]);
    drop(sender);
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, 9))), 0);
}

#[test]
fn a_large_burst_is_received_at_once() {
    let (sender, receiver) = mpmc::unbounded();
    for message in 0..50_000 {
        sender.try_send(message).unwrap();
    }
    let mut buffer = Vec::new();
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, 49_000))), 49_000);
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, 49_000))), 1000);
    assert!(buffer.iter().copied().eq(0..50_000));
}

#[test]
fn a_channel_without_places_is_refused() {
    let message = std::panic::catch_unwind(|| drop(mpmc::bounded::<()>(0))).unwrap_err();
    assert!(message.downcast_ref::<&str>().unwrap().contains("rendezvous()"));
    let (sender, receiver) = mpmc::bounded(usize::MAX);
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn polling_after_completion_panics() {
    let (sender, receiver) = mpmc::bounded(1);
    let mut send = pin!(sender.send(1));
    ready(send.as_mut()).unwrap();
    assert!(panics(|| _ = poll(send.as_mut())));
    let mut recv = pin!(receiver.recv());
    ready(recv.as_mut()).unwrap();
    assert!(panics(|| _ = poll(recv.as_mut())));
    let mut reserve = pin!(sender.reserve());
    drop(ready(reserve.as_mut()).unwrap());
    assert!(panics(|| _ = poll(reserve.as_mut())));
    sender.close();
    let mut closed = pin!(receiver.closed());
    ready(closed.as_mut());
    assert!(panics(|| _ = poll(closed.as_mut())));
}

/// A waker that panics costs no message.
#[test]
fn a_message_survives_a_waker_that_panics() {
    let (sender, receiver) = mpmc::bounded(1);
    let bad = Meddler::waker(|| panic!("on purpose"), || ());
    let mut recv = pin!(receiver.recv());
    assert!(recv.as_mut().poll_with(&bad).is_pending());
    assert!(panics(|| _ = sender.try_send(1)));
    assert_eq!(ready(recv.as_mut()), Ok(1), "sent all the same");

    sender.try_send(2).unwrap();
    let mut send = pin!(sender.send(3));
    assert!(send.as_mut().poll_with(&bad).is_pending());
    assert!(panics(|| _ = receiver.try_recv()));
    assert_eq!(receiver.try_recv(), Ok(2), "what could not be handed out is still there");
    assert_eq!(ready(send.as_mut()), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(3));
}

/// Receivers are streams that leave the line when they go; senders turn into sinks.
#[test]
fn streams_and_sinks() {
    use futures::{SinkExt, StreamExt};

    let (sender, receiver) = mpmc::bounded(1);
    let (watched, other) = (Watched::new(), Watched::new());
    let mut stream = receiver.clone();
    assert!(watched.poll(pin!(stream.next())).is_pending());
    assert_eq!(watched.kept(), 1, "a stream keeps its place from one poll to the next");
    let mut recv = pin!(receiver.recv());
    assert!(other.poll(recv.as_mut()).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!((watched.woken(), other.woken()), (1, 0));
    drop(stream);
    assert_eq!((watched.kept(), other.woken()), (0, 1));
    assert_eq!(ready(recv.as_mut()), Ok(1));

    let mut sink = sender.into_sink();
    ready(pin!(sink.send(2))).unwrap();
    assert!(poll(pin!(sink.feed(3))).is_pending());
    assert_eq!(receiver.try_recv(), Ok(2));
    ready(pin!(sink.feed(3))).unwrap();
    ready(pin!(sink.close())).unwrap();
    assert_eq!(ready(pin!(receiver.clone().collect::<Vec<_>>())), [3]);
}

/// Messages are dropped outside of the lock.
#[test]
fn a_message_may_use_the_channel_when_it_is_dropped() {
    struct Message(Option<Receiver<Message>>, Arc<AtomicUsize>);
    impl Drop for Message {
        fn drop(&mut self) {
            if let Some(receiver) = &self.0 {
                self.1.fetch_add(1 + receiver.len(), SeqCst);
            }
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = mpmc::bounded(2);
    let message = || Message(Some(receiver.clone()), drops.clone());
    drop(sender.send(message()));
    sender.try_send(message()).unwrap();
    sender.try_send(message()).unwrap();
    drop(sender.force_send(message()).unwrap());
    drop((receiver.try_recv().unwrap(), receiver.try_recv().unwrap()));
    assert_eq!(drops.load(SeqCst), 1 + 3 + 1 + 1);
}

#[test]
fn a_message_whose_drop_panics_takes_no_other_with_it() {
    struct Message(u32, Arc<AtomicUsize>);
    impl Drop for Message {
        fn drop(&mut self) {
            self.1.fetch_add(1, SeqCst);
            assert!(self.0 % 3 != 1, "on purpose");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = mpmc::unbounded();
    for n in 0..100 {
        assert!(sender.try_send(Message(n, drops.clone())).is_ok());
    }
    assert!(panics(|| drop(receiver)));
    assert_eq!((drops.load(SeqCst), sender.is_closed()), (100, true));
}

/// No wait allocates, and nothing is allocated for messages before the first.
#[test]
fn nothing_is_allocated_without_need() {
    let mut made = None;
    assert_eq!(allocations(|| made = Some(mpmc::bounded::<u64>(1000))), 1);
    let (sender, receiver) = made.unwrap();
    let waits = allocations(|| {
        let mut recv = pin!(receiver.recv());
        assert!(poll(recv.as_mut()).is_pending());
        drop(sender.clone());
    });
    assert_eq!(waits, 0);
    sender.try_send(1).unwrap();
    let steady = allocations(|| {
        for message in 0..1000 {
            assert!(receiver.try_recv().is_ok());
            sender.try_send(message).unwrap();
        }
    });
    assert!(steady <= 2, "{steady}");
}

/// Every message is received once, and those of one sender in order.
#[test]
fn threads_lose_double_and_reorder_nothing() {
    const EACH: usize = if cfg!(debug_assertions) { 500 } else { 5000 };
    for (sender, receiver) in
        [mpmc::bounded(1), mpmc::bounded(3), mpmc::unbounded(), mpmc::rendezvous()]
    {
        let senders: Vec<_> = (0..3)
            .map(|who| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for n in 0..EACH {
                        sender.send_blocking((who, n)).unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || {
                    let mut seen = Vec::new();
                    loop {
                        // Every other receive is cancelled once.
                        if let Poll::Ready(Ok(message)) = poll(pin!(receiver.recv())) {
                            seen.push(message);
                        }
                        match receiver.recv_blocking() {
                            Ok(message) => seen.push(message),
                            Err(RecvError) => return seen,
                        }
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.join().unwrap();
        }
        let mut all = Vec::new();
        for receiver in receivers {
            let seen = receiver.join().unwrap();
            for who in 0..3 {
                let own = seen.iter().filter(|(of, _)| *of == who).map(|(_, n)| *n);
                assert!(own.clone().zip(own.skip(1)).all(|(one, next)| one < next));
            }
            all.extend(seen);
        }
        all.sort_unstable();
        assert!(all.into_iter().eq((0..3).flat_map(|who| (0..EACH).map(move |n| (who, n)))));
    }
}
