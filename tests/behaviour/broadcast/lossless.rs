//! A channel whose senders wait for the slowest, and what else becomes of an overflow.

use std::{collections::HashSet, pin::pin, sync::Arc, thread};

use selvedge::channel::broadcast::{
    self, Overflow, Receiver,
    error::{SendError, TryRecvError, TrySendError},
};

use crate::harness::{Meddler, PollWith, Watched, panics, poll, ready};

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
