//! What must hold of a oneshot in every interleaving.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

use loom::{cell::UnsafeCell, sync::Arc};
use selvedge::channel::oneshot::{self, error::TryRecvError};

use crate::runner::{block_on, block_on_moved, check, spawn};

/// Something that one thread does before, and another after; loom reports it if they overlap.
#[derive(Clone)]
struct Mark(Arc<UnsafeCell<u8>>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Send for Mark {}

impl Mark {
    fn new() -> Self {
        Self(Arc::new(UnsafeCell::new(0)))
    }

    fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}

/// A value reaches a receiver that waits, or is about to, and nothing is left.
///
/// Red when: the CAS of `send`, `speak` or `change` is Relaxed, the load of `look` is, or `leave`
/// is; mutant "oneshot: the receiver is not woken".
#[test]
fn a_value_arrives() {
    check(3, || {
        let (tx, rx) = oneshot::channel();
        let mark = Mark::new();
        let sender = spawn({
            let mark = mark.clone();
            move || {
                mark.touch();
                tx.send(Arc::new(7)).unwrap();
            }
        });
        assert_eq!(*block_on(rx).unwrap(), 7);
        mark.touch();
        sender.join().unwrap();
    });
}

/// A receiver that moves from task to task is woken where it is.
///
/// Red when: mutant "oneshot: the waker is not replaced".
#[test]
fn a_moved_receiver_is_woken_where_it_is() {
    check(3, || {
        let (tx, rx) = oneshot::channel();
        let sender = spawn(move || tx.send(Arc::new(7)).unwrap());
        assert_eq!(*block_on_moved(rx).unwrap(), 7);
        sender.join().unwrap();
    });
}

/// A sender that is dropped ends the receiver, which sees what was done before.
///
/// Red when: mutant "oneshot: the receiver is not woken"; the CAS of `speak` is Relaxed.
#[test]
fn a_dropped_sender_ends_the_receiver() {
    check(3, || {
        let (tx, rx) = oneshot::channel::<u8>();
        let mark = Mark::new();
        let sender = spawn({
            let mark = mark.clone();
            move || {
                mark.touch();
                drop(tx);
            }
        });
        assert!(block_on(rx).is_err());
        mark.touch();
        sender.join().unwrap();
    });
}

/// A value is received, or comes back, or goes with the receiver: once. So with a receiver that has
/// left a waker, and one that has not.
///
/// Red when: `leave` is Relaxed, or an end frees what the other still uses.
#[test]
fn a_value_is_never_lost_or_doubled() {
    for waits in [false, true] {
        check(3, move || {
            let (tx, mut rx) = oneshot::channel();
            let value = Arc::new(());
            let kept = value.clone();
            let sender = spawn(move || tx.send(value).err());
            if waits {
                let polled = pin!(&mut rx).poll(&mut Context::from_waker(Waker::noop()));
                drop(polled);
            }
            drop(rx);
            let back = sender.join().unwrap();
            assert!(Arc::strong_count(&kept) <= 2);
            drop(back);
            assert_eq!(Arc::strong_count(&kept), 1);
        });
    }
}

/// A value that was sent before the closing is received, one that was not comes back.
///
/// Red when: the CAS of `close` misses a word that was spoken.
#[test]
fn closing_decides_once() {
    check(3, || {
        let (tx, mut rx) = oneshot::channel();
        let sender = spawn(move || tx.send(Arc::new(7)).is_ok());
        rx.close();
        let received = rx.try_recv();
        let sent = sender.join().unwrap();
        match received {
            Ok(value) => assert!(sent && *value == 7),
            Err(error) => assert!(!sent && error == TryRecvError::Closed),
        }
    });
}

/// A sender that waits for the closing is woken by it, and sees what was done before.
///
/// Red when: the CAS of `close` or `change` is Relaxed; mutant "oneshot: the sender is not woken".
#[test]
fn closing_wakes_the_sender() {
    for moves in [false, true] {
        check(3, move || {
            let (mut tx, mut rx) = oneshot::channel::<u8>();
            let mark = Mark::new();
            let receiver = spawn({
                let mark = mark.clone();
                move || {
                    mark.touch();
                    rx.close();
                }
            });
            if moves {
                block_on_moved(tx.closed());
            } else {
                block_on(tx.closed());
            }
            mark.touch();
            assert_eq!(tx.send(1), Err(1));
            receiver.join().unwrap();
        });
    }
}

/// A sender may wait for the closing, give up and send, while the receiver closes.
///
/// Red when: `forget_waker` takes a waker that the receiver has.
#[test]
fn a_cancelled_closed_leaves_the_room_to_the_value() {
    check(3, || {
        let (mut tx, rx) = oneshot::channel();
        let value = Arc::new(());
        let kept = value.clone();
        let receiver = spawn(move || drop(rx));
        let closed = pin!(tx.closed()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        let sent = tx.send(value).is_ok();
        assert!(!(closed && sent));
        receiver.join().unwrap();
        assert_eq!(Arc::strong_count(&kept), 1);
    });
}
