//! A broadcast channel, polled by hand.

use std::{mem, pin::pin, sync::Arc, task::Poll, thread};

use futures_lite::StreamExt;
use selvedge::channel::broadcast::{
    self, Overflow, Receiver, Sender,
    error::{Lagged, RecvError, SendError, TryRecvError},
};

use crate::harness::{Watched, allocations, growth, panics, poll, ready};

mod hostile;
mod lossless;
mod sweep;

pub(crate) use sweep::sweep;

#[test]
fn everybody_gets_everything_in_order() {
    let (tx, mut first) = broadcast::channel(4);
    let mut second = tx.subscribe();
    for number in 0..4 {
        assert_eq!(tx.send(number), Ok(2));
    }
    assert_eq!((tx.len(), first.len(), second.len()), (4, 4, 4));
    for rx in [&mut first, &mut second] {
        for number in 0..4 {
            assert_eq!(rx.try_recv(), Ok(number));
        }
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
    assert!(tx.is_empty() && first.is_empty());
}

/// Semantics 95.
#[test]
fn a_slow_receiver_is_told_how_many_it_missed() {
    let (tx, mut rx) = broadcast::channel(2);
    for number in 0..7 {
        tx.send(number).unwrap();
    }
    assert_eq!((rx.len(), tx.len()), (7, 2));
    assert_eq!(ready(pin!(rx.recv())), Err(RecvError::Lagged(5)));
    assert_eq!(rx.try_recv(), Ok(5));
    tx.send(7).unwrap();
    tx.send(8).unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(7), Ok(8)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(RecvError::Lagged(3).to_string(), "the receiver missed 3 messages");
}

/// Semantics 95.
#[test]
fn a_late_subscriber_sees_only_later_messages() {
    let (tx, mut rx) = broadcast::channel(4);
    tx.send(1).unwrap();
    let (mut late, mut again) = (tx.subscribe(), rx.resubscribe());
    tx.send(2).unwrap();
    assert_eq!((late.try_recv(), again.try_recv()), (Ok(2), Ok(2)));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
}

/// Semantics 83.
#[test]
fn the_end_comes_after_the_last_message() {
    let (tx, mut rx) = broadcast::channel(4);
    let other = tx.clone();
    let watched = Watched::new();
    {
        let mut recv = Box::pin(rx.recv());
        assert!(watched.poll(recv.as_mut()).is_pending());
        drop(tx);
        assert_eq!(watched.woken(), 0);
        other.send(1).unwrap();
        drop(other);
        assert_eq!(ready(recv.as_mut()), Ok(1));
    }
    assert!(rx.is_closed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(ready(pin!(rx.recv())), Err(RecvError::Closed));
    let (tx, mut rx) = broadcast::channel::<u8>(4);
    let mut recv = Box::pin(rx.recv());
    assert!(watched.poll(recv.as_mut()).is_pending());
    drop(tx);
    assert_eq!((watched.woken(), watched.kept()), (2, 0));
    assert_eq!(ready(recv.as_mut()), Err(RecvError::Closed));
}

/// Semantics 84 and 86.
#[test]
fn handles_are_counted() {
    let (tx, rx) = broadcast::channel(4);
    let (weak, other) = (tx.downgrade(), tx.clone());
    assert_eq!((tx.strong_count(), tx.weak_count(), tx.receiver_count()), (2, 1, 1));
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (2, 1));
    assert!(weak.upgrade().is_some_and(|upgraded| upgraded.same_channel(&tx)));
    drop(rx);
    assert_eq!(tx.send(5), Err(SendError(5)));
    let rx = tx.subscribe();
    assert_eq!(tx.send(6), Ok(1));
    assert!(rx.same_channel(&tx.subscribe()) && !rx.same_channel(&broadcast::channel(4).1));
    drop((tx, other));
    assert!(weak.upgrade().is_none() && weak.clone().upgrade().is_none());
    assert_eq!((weak.strong_count(), weak.weak_count()), (0, 1));
}

#[test]
fn a_message_goes_when_everybody_has_it() {
    let (tx, mut first) = broadcast::channel(4);
    let mut second = tx.subscribe();
    let message = Arc::new(());
    tx.send(message.clone()).unwrap();
    drop(first.try_recv().unwrap());
    assert_eq!(Arc::strong_count(&message), 2);
    let last = second.try_recv().unwrap();
    assert_eq!(Arc::strong_count(&message), 2, "the last one gets the message itself");
    drop(last);

    // Receivers that go, having read nothing or lagged behind.
    let (tx, first) = broadcast::channel(2);
    let second = tx.subscribe();
    for _ in 0..5 {
        tx.send(message.clone()).unwrap();
    }
    assert_eq!(Arc::strong_count(&message), 3, "what is overtaken goes");
    drop(first);
    assert_eq!(Arc::strong_count(&message), 3);
    drop(second);
    assert_eq!(Arc::strong_count(&message), 1);
    drop(tx);

    let (tx, rx) = broadcast::channel(4);
    tx.send(message.clone()).unwrap();
    mem::forget(rx);
    drop(tx);
    assert!(Arc::strong_count(&message) <= 2, "a forgotten receiver keeps what it has not read");
}

/// Semantics 78 and shape 1.
#[test]
fn a_cancelled_wait_loses_nothing() {
    let (tx, mut rx) = broadcast::channel(4);
    let watched = Watched::new();
    {
        let mut recv = pin!(rx.recv());
        assert!(watched.poll(recv.as_mut()).is_pending());
        tx.send(1).unwrap();
        assert_eq!(watched.woken(), 1);
    }
    assert_eq!(watched.kept(), 0);
    assert_eq!(ready(pin!(rx.recv())), Ok(1));
    {
        let mut recv = pin!(rx.recv());
        assert!(watched.poll(recv.as_mut()).is_pending());
    }
    assert_eq!(watched.kept(), 0);
    let mut recv = Box::pin(rx.recv());
    tx.send(2).unwrap();
    assert_eq!(ready(recv.as_mut()), Ok(2));
    assert!(panics(|| _ = poll(recv.as_mut())), "polled after completion");
}

#[test]
fn any_number_is_woken_by_one_send() {
    for n in [1, 31, 32, 33, 64, 65, 200] {
        let tx = Sender::new(4);
        let mut receivers: Vec<_> = (0..n).map(|_| tx.subscribe()).collect();
        let watched = Watched::new();
        let mut waits: Vec<_> = receivers.iter_mut().map(|rx| Box::pin(rx.recv())).collect();
        for wait in &mut waits {
            assert!(watched.poll(wait.as_mut()).is_pending());
        }
        assert_eq!(tx.send(n), Ok(n));
        assert_eq!((watched.woken(), watched.kept()), (n, 0));
        assert!(waits.iter_mut().all(|wait| ready(wait.as_mut()) == Ok(n)));
        drop(waits);
        assert!(tx.is_empty());
    }
}

#[test]
fn a_stream_yields_messages_and_says_what_it_missed() {
    let (tx, rx) = broadcast::channel(2);
    let mut stream = pin!(rx.into_stream());
    let mut next = || poll(pin!(stream.next()));
    assert_eq!(next(), Poll::Pending);
    for number in 0..3 {
        tx.send(number).unwrap();
    }
    assert_eq!(next(), Poll::Ready(Some(Err(Lagged(1)))));
    assert_eq!(next(), Poll::Ready(Some(Ok(1))));
    drop(tx);
    assert_eq!(next(), Poll::Ready(Some(Ok(2))));
    assert_eq!(next(), Poll::Ready(None));
}

#[test]
fn once_round_nothing_is_allocated() {
    let (tx, mut rx) = broadcast::channel(8);
    let mut other = tx.subscribe();
    let round = |rx: &mut Receiver<u64>, other: &mut Receiver<u64>| {
        for number in 0..100 {
            let mut recv = pin!(rx.recv());
            assert!(poll(recv.as_mut()).is_pending());
            tx.send(number).unwrap();
            assert_eq!(ready(recv.as_mut()), Ok(number));
            assert_eq!(other.try_recv(), Ok(number));
        }
    };
    round(&mut rx, &mut other);
    assert_eq!(allocations(|| round(&mut rx, &mut other)), 0);
    let grown = growth(|| {
        let (tx, mut rx) = broadcast::channel(4);
        for number in 0..100 {
            tx.send(number.to_string()).unwrap();
        }
        assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(96)));
    });
    assert_eq!(grown, 0);
}

#[test]
fn capacities_that_cannot_be_are_refused() {
    assert!(panics(|| drop(broadcast::channel::<u8>(0))));
    assert!(panics(|| drop(Sender::<u8>::new(usize::MAX))));
    assert_eq!(Sender::<u8>::new(5).capacity(), 8);
    assert_eq!(Sender::<u8>::with_overflow(5, Overflow::Wait).capacity(), 5);
}

/// Senders that overtake readers in the middle of their copies: in order, and each at most once.
#[test]
fn threads_overtake_each_other() {
    #[derive(PartialEq, Debug)]
    struct Heavy(Box<[u64; 4]>);
    impl Clone for Heavy {
        fn clone(&self) -> Self {
            let first = self.0[0];
            thread::yield_now();
            assert!(self.0.iter().all(|part| *part == first), "it was written over");
            Self(self.0.clone())
        }
    }
    for capacity in [1, 2, 4] {
        let tx = Sender::new(capacity);
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let mut rx: Receiver<Heavy> = tx.subscribe();
                thread::spawn(move || {
                    let mut next = [0; 2];
                    let (mut seen, mut missed) = (0, 0);
                    loop {
                        match rx.blocking_recv() {
                            Ok(Heavy(parts)) => {
                                let (sender, number) = (parts[0] as usize % 2, parts[0] / 2);
                                assert!(number >= next[sender]);
                                next[sender] = number + 1;
                                seen += 1;
                            }
                            Err(RecvError::Lagged(count)) => missed += count,
                            Err(RecvError::Closed) => return seen + missed,
                        }
                    }
                })
            })
            .collect();
        let senders: Vec<_> = (0..2)
            .map(|sender| {
                let tx = tx.clone();
                thread::spawn(move || {
                    for number in 0..500 {
                        tx.send(Heavy(Box::new([number * 2 + sender; 4]))).unwrap();
                    }
                })
            })
            .collect();
        drop(tx);
        for sender in senders {
            sender.join().unwrap();
        }
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 1000);
        }
    }
}

#[test]
fn debug_shows_the_state() {
    let (tx, rx) = broadcast::channel(2);
    tx.send(1).unwrap();
    assert_eq!(format!("{tx:?}"), "Sender { len: 1, receivers: 1, .. }");
    assert_eq!(format!("{rx:?}"), "Receiver { len: 1, closed: false, .. }");
}
