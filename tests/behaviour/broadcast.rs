//! A broadcast channel, polled by hand.

use std::{
    collections::HashSet,
    future::Future,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    thread,
};

use futures_lite::StreamExt;
use selvedge::channel::broadcast::{
    self, Overflow, Receiver, Sender,
    error::{Lagged, RecvError, SendError, TryRecvError, TrySendError},
};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, growth, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

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
fn lossless_senders_wait_in_line_for_the_slowest() {
    let (tx, mut quick) = broadcast::with_overflow(3, Overflow::Wait);
    let mut slow = tx.subscribe();
    assert_eq!((tx.capacity(), tx.overflow()), (3, Overflow::Wait));
    for number in 0..3 {
        assert_eq!(ready(pin!(tx.broadcast(number))), Ok(None));
    }
    assert_eq!(tx.try_broadcast(9), Err(TrySendError::Full(9)));
    assert_eq!(tx.send(9), Err(SendError(9)));
    assert_eq!(TrySendError::Full(9).into_inner(), 9);
    let (third, fourth) = (Watched::new(), Watched::new());
    let mut three = Box::pin(tx.broadcast(3));
    let mut four = Box::pin(tx.broadcast(4));
    assert!(third.poll(three.as_mut()).is_pending() && fourth.poll(four.as_mut()).is_pending());
    for number in 0..3 {
        assert_eq!(quick.try_recv(), Ok(number));
    }
    assert_eq!(third.woken(), 0, "the slow one has not read it");
    assert_eq!(slow.try_recv(), Ok(0));
    assert_eq!((third.woken(), fourth.woken()), (1, 0));
    // Semantics 77: whoever cancels passes the place on.
    drop(three);
    assert_eq!((third.kept(), fourth.woken()), (0, 1));
    assert_eq!(ready(four.as_mut()), Ok(None));
    drop(four);
    assert_eq!((slow.try_recv(), slow.try_recv(), slow.try_recv()), (Ok(1), Ok(2), Ok(4)));
    assert_eq!(quick.try_recv(), Ok(4));
    assert!(tx.is_empty());

    // Receivers that go make room; without any, the message comes back.
    for number in 0..3 {
        assert_eq!(tx.try_broadcast(number), Ok(None));
    }
    let mut waiting = Box::pin(tx.broadcast(3));
    assert!(third.poll(waiting.as_mut()).is_pending());
    drop(slow);
    assert!(third.poll(waiting.as_mut()).is_pending());
    drop(quick);
    assert_eq!(ready(waiting.as_mut()), Err(SendError(3)));
    assert!(panics(|| _ = poll(waiting.as_mut())), "polled after completion");
    assert_eq!(tx.try_broadcast(3), Err(TrySendError::Closed(3)));
    let mut rx = tx.subscribe();
    for number in 0..3 {
        assert_eq!(tx.try_broadcast(number), Ok(None), "all the room is there again");
    }
    assert_eq!(rx.try_recv(), Ok(0));
}

#[test]
fn what_overflows_is_handed_out() {
    let (tx, mut rx) = broadcast::channel(1);
    assert_eq!(tx.try_broadcast(1), Ok(None));
    assert_eq!(tx.try_broadcast(2), Ok(Some(1)));
    assert_eq!(ready(pin!(tx.broadcast(3))), Ok(Some(2)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(2)));
    assert_eq!(rx.try_recv(), Ok(3));

    let (tx, mut rx) = broadcast::with_overflow(3, Overflow::DropNewest);
    for number in 0..3 {
        assert_eq!(tx.send(number), Ok(1));
    }
    assert_eq!((tx.send(3), tx.try_broadcast(4)), (Ok(0), Ok(Some(4))));
    assert_eq!(ready(pin!(tx.broadcast(5))), Ok(Some(5)));
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!(tx.send(6), Ok(1));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(2), Ok(6)));
}

#[test]
fn inactive_receivers_hold_the_channel_open_and_nothing_back() {
    let (tx, rx) = broadcast::with_overflow(1, Overflow::Wait);
    let message = Arc::new(());
    tx.try_broadcast(message.clone()).unwrap();
    let idle = rx.deactivate();
    assert_eq!(Arc::strong_count(&message), 1);
    assert_eq!((tx.receiver_count(), tx.inactive_receiver_count()), (0, 1));
    for _ in 0..3 {
        assert_eq!(tx.send(message.clone()).ok(), Some(0));
    }
    assert_eq!(Arc::strong_count(&message), 1);
    let watched = Watched::new();
    let mut closed = Box::pin(tx.closed());
    assert!(watched.poll(closed.as_mut()).is_pending());
    let other = idle.clone();
    let mut rx = idle.activate_cloned();
    drop(idle);
    assert_eq!((tx.receiver_count(), tx.inactive_receiver_count()), (1, 1));
    tx.try_broadcast(message.clone()).unwrap();
    drop(rx.try_recv().unwrap());
    drop(rx);
    assert_eq!(watched.woken(), 0);
    let rx = other.activate();
    drop(rx);
    assert_eq!((watched.woken(), watched.kept()), (1, 0));
    ready(closed.as_mut());
}

/// Messages whose `Clone` and `Drop` use the channel, and lap it while they are copied.
#[test]
fn messages_may_use_their_channel() {
    struct Nosy {
        tx: Weak<Sender<Nosy>>,
        number: usize,
        copies: Arc<AtomicUsize>,
    }
    impl Clone for Nosy {
        fn clone(&self) -> Self {
            if let (Some(tx), 0) = (self.tx.upgrade(), self.copies.fetch_add(1, SeqCst)) {
                // The message that is being copied is overtaken, again and again.
                for number in 1..=5 {
                    let next = Self { tx: Weak::new(), number, copies: self.copies.clone() };
                    assert!(tx.send(next).is_ok());
                }
                let _ = (tx.len(), tx.subscribe(), tx.receiver_count());
            }
            Self { tx: Weak::new(), number: self.number, copies: self.copies.clone() }
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            if let Some(tx) = self.tx.upgrade() {
                let _ = (tx.len(), tx.subscribe());
            }
        }
    }
    for capacity in [1, 2, 8] {
        let copies = Arc::new(AtomicUsize::new(0));
        let (tx, mut first) = broadcast::channel(capacity);
        let mut second = tx.subscribe();
        let tx = Arc::new(tx);
        let message = Nosy { tx: Arc::downgrade(&tx), number: 0, copies: copies.clone() };
        assert!(tx.send(message).is_ok());
        assert_eq!(first.try_recv().ok().unwrap().number, 0, "it is what was copied");
        let mut seen = Vec::new();
        loop {
            match second.try_recv() {
                Ok(message) => seen.push(message.number),
                Err(TryRecvError::Lagged(missed)) => assert_eq!(missed as usize, 6 - capacity),
                Err(_) => break,
            }
        }
        assert_eq!(seen, (6_usize.saturating_sub(capacity)..6).collect::<Vec<_>>());
        drop((tx, first, second));
        assert_eq!(Arc::strong_count(&copies), 1, "a message was lost or doubled");
    }
}

#[test]
fn a_message_that_panics_costs_the_others_nothing() {
    struct Bomb(bool, Arc<AtomicUsize>);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(!self.0, "on purpose");
            Self(false, self.1.clone())
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.1.fetch_add(1, SeqCst);
            assert!(!self.0 || thread::panicking(), "on purpose");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, mut first) = broadcast::channel(4);
    let mut second = tx.subscribe();
    assert!(tx.send(Bomb(true, drops.clone())).is_ok());
    assert!(tx.send(Bomb(false, drops.clone())).is_ok());
    assert!(panics(|| drop(first.try_recv())), "its clone panics");
    assert!(first.try_recv().is_ok(), "and it counts as received");
    assert!(panics(|| drop(second.try_recv())), "its drop panics");
    assert!(second.try_recv().is_ok());
    assert!(tx.is_empty());

    // One of many, when a receiver goes with all of them; and one that is overtaken.
    let (tx, rx) = broadcast::channel(4);
    let before = drops.load(SeqCst);
    for at in 0..4 {
        assert!(tx.send(Bomb(at == 1, drops.clone())).is_ok());
    }
    assert!(panics(|| drop(rx)));
    assert_eq!(drops.load(SeqCst) - before, 4);
    assert!(tx.is_empty() && tx.receiver_count() == 0);
    let (tx, mut rx) = broadcast::channel(1);
    assert!(tx.send(Bomb(true, drops.clone())).is_ok());
    assert!(panics(|| drop(tx.send(Bomb(false, drops.clone())))));
    assert!(matches!(rx.try_recv(), Err(TryRecvError::Lagged(1))));
    assert!(rx.try_recv().is_ok(), "it was sent all the same");
}

#[test]
fn wakers_that_panic_or_look_on_cost_the_others_nothing() {
    let (tx, mut bad) = broadcast::channel(4);
    let (mut nosy, mut good) = (tx.subscribe(), tx.subscribe());
    let inside = tx.clone();
    let (spy, waker) = Spy::new(move |_| drop((inside.subscribe(), inside.len())));
    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    let watched = Watched::new();
    let (mut first, mut second, mut third) =
        (Box::pin(bad.recv()), Box::pin(nosy.recv()), Box::pin(good.recv()));
    assert!(first.as_mut().poll_with(&panicking).is_pending());
    assert!(second.as_mut().poll_with(&waker).is_pending());
    assert!(watched.poll(third.as_mut()).is_pending());
    assert!(panics(|| _ = tx.send(1)));
    assert_eq!((watched.woken(), spy.seen()), (1, [1, 1, 0]));
    for wait in [&mut first, &mut second, &mut third] {
        assert_eq!(ready(wait.as_mut()), Ok(1));
    }
}

/// Whoever receives makes room for a sender. If that one's waker panics, the message is there still.
#[test]
fn a_senders_waker_that_panics_loses_no_message() {
    type Get = fn(&mut Receiver<String>);
    let gets: [Get; 2] = [|rx| drop(rx.try_recv()), |rx| drop(poll(pin!(rx.recv())))];
    for get in gets {
        let (tx, mut rx) = broadcast::with_overflow(1, Overflow::Wait);
        let mut other = tx.subscribe();
        tx.try_broadcast(String::from("warp")).unwrap();
        assert_eq!(other.try_recv().as_deref(), Ok("warp"));
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        let mut waiting = Box::pin(tx.broadcast(String::from("weft")));
        assert!(waiting.as_mut().poll_with(&waker).is_pending());
        assert!(panics(|| get(&mut rx)));
        assert_eq!((rx.len(), tx.len()), (1, 0));
        assert_eq!(ready(waiting.as_mut()), Ok(None), "the place was handed out once");
        assert_eq!((rx.len(), tx.len()), (2, 1));
        assert_eq!(ready(pin!(rx.recv())).as_deref(), Ok("warp"));
        assert_eq!((rx.try_recv().as_deref(), rx.len()), (Ok("weft"), 0));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(other.try_recv().as_deref(), Ok("weft"));
        drop(waiting);
    }

    // It goes with a receiver that goes, or that is to receive no more.
    for deactivates in [false, true] {
        let (tx, mut rx) = broadcast::with_overflow(1, Overflow::Wait);
        let message = Arc::new(());
        tx.try_broadcast(message.clone()).unwrap();
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        let mut waiting = Box::pin(tx.broadcast(message.clone()));
        assert!(waiting.as_mut().poll_with(&waker).is_pending());
        assert!(panics(|| drop(rx.try_recv())));
        assert_eq!((Arc::strong_count(&message), rx.len()), (3, 1));
        if deactivates {
            drop(rx.deactivate());
        } else {
            drop(rx);
        }
        assert_eq!(Arc::strong_count(&message), 2);
    }
}

/// A message whose drop panics is dropped by whoever reads it last, who has its copy all the same.
#[test]
fn a_message_whose_drop_panics_does_not_cost_its_copy() {
    type Other = Arc<Mutex<Option<Receiver<Rude>>>>;
    #[derive(Debug)]
    struct Rude(Option<Other>);
    impl Clone for Rude {
        fn clone(&self) -> Self {
            // Somebody else reads it at the same time, so the first to begin is the last to end.
            if let Some(mut other) = self.0.as_ref().and_then(|other| other.lock().unwrap().take())
            {
                assert!(other.try_recv().is_ok());
            }
            Self(None)
        }
    }
    impl Drop for Rude {
        fn drop(&mut self) {
            assert!(self.0.is_none() || thread::panicking(), "on purpose");
        }
    }
    let (tx, mut first) = broadcast::channel(4);
    let second = Arc::new(Mutex::new(Some(tx.subscribe())));
    tx.send(Rude(Some(second))).unwrap();
    assert!(panics(|| drop(first.try_recv())));
    assert_eq!((first.len(), tx.len()), (1, 0));
    assert!(matches!(first.try_recv(), Ok(Rude(None))));
    assert!(matches!(first.try_recv(), Err(TryRecvError::Empty)));
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
fn a_lossless_channel_loses_nothing_between_threads() {
    let (tx, first) = broadcast::with_overflow(3, Overflow::Wait);
    let receivers = [first, tx.subscribe(), tx.subscribe()];
    let readers = receivers.map(|mut rx: Receiver<Arc<u64>>| {
        thread::spawn(move || {
            let mut seen = Vec::new();
            while let Ok(number) = rx.blocking_recv() {
                seen.push(*number);
            }
            seen
        })
    });
    let senders: Vec<_> = (0..2)
        .map(|sender| {
            let tx = tx.clone();
            thread::spawn(move || {
                for number in 0..300 {
                    let message = Arc::new(number * 2 + sender);
                    pollster::block_on(tx.broadcast(message)).unwrap();
                }
            })
        })
        .collect();
    drop(tx);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    let seen = readers.map(|reader| reader.join().unwrap());
    assert!(seen.iter().all(|each| *each == seen[0]), "all see one order");
    assert_eq!(seen[0].iter().collect::<HashSet<_>>().len(), 600);
}

#[test]
fn debug_shows_the_state() {
    let (tx, rx) = broadcast::channel(2);
    tx.send(1).unwrap();
    assert_eq!(format!("{tx:?}"), "Sender { len: 1, receivers: 1, .. }");
    assert_eq!(format!("{rx:?}"), "Receiver { len: 1, closed: false, .. }");
}

/// Reads the one message for everybody, which lets one sender in: not under the lock, as it wakes.
fn read(full: &Full) {
    let mut rx = full.tx.subscribe();
    mem::swap(&mut rx, &mut full.rx.lock().unwrap());
    drop(rx);
}

/// A channel that is waited for, or a lossless one that is full.
struct Full {
    tx: Sender<u32>,
    rx: Mutex<Receiver<u32>>,
    waits: Arc<AtomicUsize>,
}

/// A wait that counts while it lives.
struct Counted(Pin<Box<dyn Future<Output = bool> + Send>>, Arc<AtomicUsize>);

impl Future for Counted {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.0.as_mut().poll(cx)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, SeqCst);
    }
}

fn counted(waits: &Arc<AtomicUsize>, wait: impl Future<Output = bool> + Send + 'static) -> Waiting {
    waits.fetch_add(1, SeqCst);
    Box::pin(Counted(Box::pin(wait), waits.clone()))
}

pub(crate) fn sweep(report: Report<'_>) {
    let make = || Full {
        tx: Sender::new(16),
        rx: Mutex::new(Sender::new(1).subscribe()),
        waits: Arc::default(),
    };
    type Row = (&'static str, fn(&Arc<Full>) -> Waiting);
    let rows: [Row; 2] = [
        ("broadcast::Receiver::recv", |full| {
            let mut rx = full.tx.subscribe();
            counted(&full.waits, async move { rx.recv().await.is_ok() })
        }),
        ("broadcast::Messages", |full| {
            let mut stream = Box::pin(full.tx.subscribe().into_stream());
            counted(&full.waits, async move { stream.next().await.is_some_and(|got| got.is_ok()) })
        }),
    ];
    for (name, wait) in rows {
        Swept {
            name,
            make,
            wait,
            free: |full| _ = full.tx.send(1),
            waiting: |full| full.waits.load(SeqCst),
            is_free: |full| {
                full.waits.load(SeqCst) == 0 && full.tx.receiver_count() == 0 && full.tx.is_empty()
            },
            close: None,
        }
        .sweep(report);
    }
    Swept {
        name: "broadcast::Sender::broadcast",
        make: || {
            let (tx, rx) = broadcast::with_overflow(1, Overflow::Wait);
            tx.try_broadcast(0).unwrap();
            Full { tx, rx: Mutex::new(rx), waits: Arc::default() }
        },
        // Whoever gets in makes room for the next at once.
        wait: |full| {
            let inside = full.clone();
            counted(&full.waits, async move {
                let sent = inside.tx.broadcast(1).await.is_ok();
                read(&inside);
                sent
            })
        },
        free: read,
        waiting: |full| full.waits.load(SeqCst),
        is_free: |full| full.waits.load(SeqCst) == 0 && full.tx.is_empty(),
        close: None,
    }
    .sweep(report);
}
