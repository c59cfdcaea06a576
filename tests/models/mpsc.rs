//! What must hold of a channel with one receiver in every interleaving.

use std::pin::pin;

use selvedge::{
    channel::mpsc::{self, error::TryRecvError},
    model::{Arc, History},
};

use crate::runner::{block_on, block_on_moved, check, is_pending, poll_and_cancel, spawn};

/// Messages of two senders reach the receiver, each sender's in order, and then the end.
///
/// Red when: mutants "a value that is sent calls nobody", "a value that is received calls nobody",
/// "the last sender leaves without a word".
#[test]
fn what_is_sent_is_received_in_order() {
    check(2, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let senders = [sender.clone(), sender].map(|sender| {
            spawn(move || {
                block_on(sender.send(1)).unwrap();
                block_on(sender.send(2)).unwrap();
            })
        });
        let mut seen = Vec::new();
        while let Some(message) = block_on(receiver.recv()) {
            seen.push(message);
        }
        assert!(matches!(seen[..], [1, 2, 1, 2] | [1, 1, 2, 2]), "{seen:?}");
        for sender in senders {
            sender.join().unwrap();
        }
    });
}

/// A receive that is cancelled loses nothing, and the next one is woken.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn a_receive_that_cancels_loses_nothing() {
    check(3, || {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let sends = spawn(move || {
            sender.send(1).unwrap();
            sender.send(2).unwrap();
        });
        let mut seen = Vec::from_iter(poll_and_cancel(receiver.recv()).flatten());
        while let Some(message) = block_on(receiver.recv()) {
            seen.push(message);
        }
        assert_eq!(seen, [1, 2]);
        sends.join().unwrap();
    });
}

/// A receiver that moves to another task is woken there.
///
/// Red when: mutant "the one receiver keeps its first waker".
#[test]
fn a_moved_receiver_is_woken_where_it_is() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let mover = spawn(move || assert_eq!(block_on_moved(receiver.recv()), Some(1)));
        sender.try_send(1).unwrap();
        mover.join().unwrap();
    });
}

/// The receiver goes while a sender waits and another tries: all messages come back or go.
///
/// Red when: mutants "closing a channel sends one away", "the last receiver leaves what is in the
/// channel".
#[test]
fn the_receiver_goes_while_others_send() {
    check(2, || {
        let (sender, receiver) = mpsc::channel(1);
        let token = Arc::new(());
        sender.try_send(token.clone()).unwrap();
        let waits = [(); 2].map(|()| {
            let (sender, token) = (sender.clone(), token.clone());
            spawn(move || assert!(block_on(sender.send(token)).is_err()))
        });
        drop(receiver);
        for thread in waits {
            thread.join().unwrap();
        }
        block_on(sender.closed());
        assert_eq!(Arc::strong_count(&token), 1, "nothing is kept");
    });
}

/// Places that come back after closing, by whatever hand, let the receiver see the end.
///
/// Red when: mutant "a permit that comes back after the end tells nobody".
#[test]
fn permits_come_back_after_closing() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel::<u8>(2);
        let one = sender.clone().try_reserve_owned().unwrap();
        let two = sender.clone().try_reserve_owned().unwrap();
        let first = spawn(move || drop(one));
        let second = spawn(move || drop(two.release()));
        receiver.close();
        assert_eq!(block_on(receiver.recv()), None);
        first.join().unwrap();
        second.join().unwrap();
        drop(sender);
    });
}

/// A permit is used while the receiver closes: what it sends is received.
///
/// Red when: mutant "a value that is sent calls nobody".
#[test]
fn a_permit_is_used_while_closing() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let permit = sender.clone().try_reserve_owned().unwrap();
        let sends = spawn(move || drop(permit.send(1)));
        receiver.close();
        assert_eq!(block_on(receiver.recv()), Some(1));
        assert_eq!(block_on(receiver.recv()), None);
        sends.join().unwrap();
    });
}

/// A waiter for many at the head that goes lets those behind it in.
///
/// Red when: mutant "who leaves a channel lets nobody in".
#[test]
fn a_heavy_head_that_cancels_lets_others_in() {
    check(3, || {
        let (sender, receiver) = mpsc::channel::<u8>(2);
        let held = sender.clone().try_reserve_owned().unwrap();
        let many = sender.clone();
        let heavy = spawn(move || drop(poll_and_cancel(many.reserve_many(2))));
        let other = sender.clone();
        let light = spawn(move || drop(block_on(other.reserve()).unwrap()));
        heavy.join().unwrap();
        light.join().unwrap();
        drop(held);
        assert_eq!((sender.capacity(), receiver.len()), (2, 0));
    });
}

/// A waiter whose places are held for it, and that cancels, gives them back.
///
/// Red when: mutant "a call is not passed on".
#[test]
fn places_that_are_held_for_a_quitter_come_back() {
    check(3, || {
        let (sender, _receiver) = mpsc::channel::<u8>(2);
        let held = sender.clone().try_reserve_owned().unwrap();
        let many = sender.clone();
        let heavy = spawn(move || drop(poll_and_cancel(many.reserve_many(2))));
        drop(held);
        heavy.join().unwrap();
        assert_eq!(sender.capacity(), 2);
    });
}

/// A weak sender is upgraded while the last sender goes: either it is one, or there is none.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn a_weak_sender_meets_the_end() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let weak = sender.downgrade();
        let upgrades = spawn(move || match weak.upgrade() {
            Some(sender) => sender.try_send(1).is_ok(),
            None => false,
        });
        drop(sender);
        let message = block_on(receiver.recv());
        assert_eq!(upgrades.join().unwrap(), message.is_some());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    });
}

/// A batch frees several places at once, and all who wait for them are called.
///
/// Red when: mutant "a batch calls one".
#[test]
fn a_batch_lets_several_in() {
    check(2, || {
        let (sender, mut receiver) = mpsc::channel(2);
        sender.try_send(1).unwrap();
        sender.try_send(1).unwrap();
        let waits = [(); 2].map(|()| {
            let sender = sender.clone();
            spawn(move || block_on(sender.send(1)).unwrap())
        });
        let mut buffer = Vec::new();
        let mut recv = pin!(receiver.recv_many(&mut buffer, 2));
        assert!(!is_pending(recv.as_mut()));
        for thread in waits {
            thread.join().unwrap();
        }
    });
}

/// A send that cancels, called or not, sends nothing and lets the next in.
///
/// Red when: mutants "a call is not passed on", "who leaves a channel lets nobody in".
#[test]
fn a_send_that_cancels_lets_the_next_in() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(0).unwrap();
        let quitting = sender.clone();
        let quitter = spawn(move || poll_and_cancel(quitting.send(1)).is_some());
        let stayer = spawn(move || block_on(sender.send(2)).unwrap());
        assert_eq!(receiver.try_recv(), Ok(0));
        let quitter_sent = quitter.join().unwrap();
        let mut seen = Vec::new();
        while let Some(message) = block_on(receiver.recv()) {
            seen.push(message);
        }
        stayer.join().unwrap();
        seen.sort_unstable();
        assert_eq!(seen, if quitter_sent { vec![1, 2] } else { vec![2] });
    });
}

/// Closing meets a wait for a place: it is to be had before, or never.
///
/// Red when: mutant "a closed channel hands out places".
#[test]
fn closing_meets_a_reservation() {
    check(2, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let held = sender.clone().try_reserve_owned().unwrap();
        let waits = spawn(move || block_on(sender.reserve()).map(|permit| permit.send(1)).is_ok());
        let gives = spawn(move || drop(held));
        receiver.close();
        let message = block_on(receiver.recv());
        assert_eq!(waits.join().unwrap(), message.is_some());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        gives.join().unwrap();
    });
}

/// Closing meets a wait for it, and one that cancels.
///
/// Red when: mutant "closing tells nobody who waits for it".
#[test]
fn closing_meets_those_who_wait_for_it() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let other = sender.clone();
        let quitter = spawn(move || _ = poll_and_cancel(other.closed()));
        let stayer = spawn(move || block_on(sender.closed()));
        receiver.close();
        quitter.join().unwrap();
        stayer.join().unwrap();
    });
}

/// The receiver goes while a message is sent that needs no place, or has one: nothing is kept.
///
/// Red when: mutant "the last receiver leaves what is in the channel".
#[test]
fn the_receiver_goes_while_others_need_not_wait() {
    check(3, || {
        let (sender, receiver) = mpsc::unbounded_channel();
        let token = Arc::new(());
        let sends = spawn({
            let token = token.clone();
            move || {
                let _ = sender.send(token);
                sender
            }
        });
        drop(receiver);
        let sender = sends.join().unwrap();
        assert_eq!((Arc::strong_count(&token), sender.is_closed()), (1, true));
    });
    check(3, || {
        let (sender, receiver) = mpsc::channel(1);
        let token = Arc::new(());
        let permit = sender.try_reserve_owned().unwrap();
        let sends = spawn({
            let token = token.clone();
            move || permit.send(token)
        });
        drop(receiver);
        let sender = sends.join().unwrap();
        assert_eq!((Arc::strong_count(&token), sender.is_closed()), (1, true));
    });
}

/// The last sender goes while a batch is received: what was sent is there, and then the end.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn the_last_sender_goes_while_a_batch_is_received() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel(2);
        let goes = spawn(move || {
            sender.try_send(1).unwrap();
            sender.try_send(2).unwrap();
        });
        let mut seen = Vec::new();
        while block_on(receiver.recv_many(&mut seen, 2)) != 0 {}
        assert_eq!(seen, [1, 2]);
        goes.join().unwrap();
    });
}

/// The last sender goes while the receiver tries: what was sent is there, and then the end.
///
/// Red when: mutant "the last sender leaves without a word".
#[test]
fn the_last_sender_goes_while_the_receiver_tries() {
    check(3, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let goes = spawn(move || sender.try_send(1).unwrap());
        let early = receiver.try_recv();
        goes.join().unwrap();
        if early == Err(TryRecvError::Empty) {
            assert_eq!(receiver.try_recv(), Ok(1));
        } else {
            assert_eq!(early, Ok(1));
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    });
}

/// What an operation of a history was.
#[derive(Clone, Copy, Debug)]
enum Op {
    TrySend(u8),
    TryRecv,
}

/// Short histories of tries, on one place, have an order that explains them.
///
/// Red when: mutant "a full channel takes one more".
#[test]
fn tries_are_linearizable() {
    check(2, || {
        let (sender, mut receiver) = mpsc::channel(1);
        let history = std::sync::Arc::new(History::new());
        let senders = [[1, 2], [3, 4]].map(|messages| {
            let (sender, history) = (sender.clone(), history.clone());
            spawn(move || {
                for message in messages {
                    history.call(Op::TrySend(message), || {
                        sender.try_send(message).ok().map(|()| message)
                    });
                }
            })
        });
        for _ in 0..2 {
            history.call(Op::TryRecv, || receiver.try_recv().ok());
        }
        for sender in senders {
            sender.join().unwrap();
        }
        history.assert_linearizable(None, |place: &mut Option<u8>, op| match op {
            Op::TrySend(message) if place.is_none() => {
                *place = Some(*message);
                *place
            }
            Op::TrySend(_) => None,
            Op::TryRecv => place.take(),
        });
    });
}
