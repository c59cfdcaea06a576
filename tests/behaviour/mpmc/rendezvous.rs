//! A channel without places: messages pass from hand to hand.

use std::pin::pin;

use selvedge::channel::mpmc::{self, TryRecvError, TrySendError};

use crate::harness::{Watched, poll, ready};

/// Semantics 82.
#[test]
fn a_rendezvous_passes_from_hand_to_hand() {
    let (sender, receiver) = mpmc::rendezvous();
    assert_eq!((sender.capacity(), sender.is_full()), (Some(0), true));
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));

    // A sender waits.
    let watched = Watched::new();
    let mut send = pin!(sender.send(2));
    assert!(watched.poll(send.as_mut()).is_pending());
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!((watched.woken(), ready(send.as_mut())), (1, Ok(())));

    // A receiver waits.
    let mut recv = pin!(receiver.recv());
    assert!(watched.poll(recv.as_mut()).is_pending());
    assert!(!sender.is_full());
    assert_eq!(sender.try_send(4), Ok(()));
    assert_eq!(sender.try_send(5), Err(TrySendError::Full(5)));
    assert_eq!((watched.woken(), ready(recv.as_mut())), (2, Ok(4)));
    assert!(sender.is_full());
}

/// Semantics 74 and 82: a message that was handed over and not taken is the next receiver's.
#[test]
fn a_rendezvous_loses_nothing_when_its_receiver_goes() {
    let (sender, receiver) = mpmc::rendezvous();
    let mut first = Box::pin(receiver.recv());
    assert!(poll(first.as_mut()).is_pending());
    sender.try_send(1).unwrap();
    drop(first);
    assert_eq!((receiver.len(), receiver.try_recv()), (1, Ok(1)));

    let watched = Watched::new();
    let (mut first, mut second) = (Box::pin(receiver.recv()), Box::pin(receiver.recv()));
    assert!(poll(first.as_mut()).is_pending());
    assert!(watched.poll(second.as_mut()).is_pending());
    sender.try_send(2).unwrap();
    drop(first);
    assert_eq!((watched.woken(), ready(second.as_mut())), (1, Ok(2)));
}

/// Semantics 72 and 82: what waits for a receiver that was called too often in vain comes before what
/// its sender has in hand.
#[test]
fn a_rendezvous_keeps_the_order_of_a_sender() {
    let (sender, receiver) = mpmc::rendezvous();
    let mut patient = Box::pin(receiver.recv());
    assert!(poll(patient.as_mut()).is_pending());
    for message in 0..4 {
        sender.try_send(message).unwrap();
        assert_eq!(receiver.try_recv(), Ok(message));
        assert!(poll(patient.as_mut()).is_pending());
    }
    sender.try_send(4).unwrap();
    let mut send = pin!(sender.send(5));
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "the one in the channel is held");
    drop(patient);
    assert_eq!(receiver.try_recv(), Ok(4));
    assert_eq!(receiver.try_recv(), Ok(5));
}

/// Semantics 82: a sender that holds a place in a rendezvous, and one that gives it up.
#[test]
fn a_place_in_a_rendezvous_is_a_receiver_that_waits() {
    let (sender, receiver) = mpmc::rendezvous();
    assert_eq!(sender.try_reserve().unwrap_err(), TrySendError::Full(()));
    let watched = Watched::new();
    let mut reserve = Box::pin(sender.reserve());
    assert!(watched.poll(reserve.as_mut()).is_pending());
    let mut recv = pin!(receiver.recv());
    assert!(poll(recv.as_mut()).is_pending());
    assert_eq!(watched.woken(), 1);
    let permit = ready(reserve.as_mut()).unwrap();
    assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
    permit.send(2);
    assert_eq!(ready(recv.as_mut()), Ok(2));
}
