//! The end of a channel: by the last handle that goes, or by hand.

use std::{pin::pin, sync::Arc};

use selvedge::channel::mpmc::{self, RecvError, SendError, TryRecvError, TrySendError};

use super::{Recvs, Sends};
use crate::harness::{Watched, ready};

/// Semantics 83.
#[test]
fn when_the_last_sender_goes_receivers_get_the_rest_and_then_the_end() {
    let (sender, receiver) = mpmc::bounded(4);
    let other = sender.clone();
    let watched = Watched::new();
    let mut line: Recvs<'_, i32> = (0..3).map(|_| Box::pin(receiver.recv())).collect();
    assert!(line.iter_mut().all(|recv| watched.poll(recv.as_mut()).is_pending()));
    drop(sender);
    assert_eq!(watched.woken(), 0);
    other.try_send(7).unwrap();
    drop(other);
    assert_eq!((watched.woken(), watched.kept()), (3, 0));
    let seen: Vec<_> = line.iter_mut().map(|recv| ready(recv.as_mut())).collect();
    assert_eq!(seen, [Ok(7), Err(RecvError), Err(RecvError)]);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

/// Semantics 84.
#[test]
fn when_the_last_receiver_goes_senders_get_their_messages_back() {
    let (sender, receiver) = mpmc::bounded(1);
    let token = Arc::new(());
    sender.try_send(token.clone()).unwrap();
    let watched = Watched::new();
    let mut line: Sends<'_, Arc<()>> =
        (0..2).map(|_| Box::pin(sender.send(token.clone()))).collect();
    assert!(line.iter_mut().all(|send| watched.poll(send.as_mut()).is_pending()));
    let other = receiver.clone();
    drop(receiver);
    assert_eq!(watched.woken(), 0);
    drop(other);
    assert_eq!((watched.woken(), watched.kept()), (2, 0));
    assert_eq!(Arc::strong_count(&token), 3, "what was in the channel is gone");
    for send in &mut line {
        assert_eq!(ready(send.as_mut()), Err(SendError(token.clone())));
    }
    assert_eq!(sender.try_send(token.clone()), Err(TrySendError::Closed(token)));
    assert_eq!((sender.len(), sender.is_closed()), (0, true));
}

/// Semantics 85 and 86.
#[test]
fn handles_are_counted_and_independent() {
    let (sender, receiver) = mpmc::unbounded();
    let (senders, receivers) = (vec![sender.clone(); 5], vec![receiver.clone(); 3]);
    assert_eq!((receiver.sender_count(), sender.receiver_count()), (6, 4));
    assert!(sender.same_channel(&senders[0]) && receiver.same_channel(&receivers[2]));
    assert!(!sender.same_channel(&mpmc::unbounded().0));
    drop((senders, receivers));
    assert_eq!((receiver.sender_count(), sender.receiver_count()), (1, 1));
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(sender.close() && !receiver.close());
    let closed = sender.clone();
    assert!(closed.is_closed() && closed.try_send(2).is_err());
    drop((sender, closed));
    assert_eq!(receiver.sender_count(), 0);
}

#[test]
fn weak_handles_keep_nothing_open() {
    let (sender, receiver) = mpmc::bounded(1);
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    let strong = weak_sender.clone().upgrade().unwrap();
    drop(sender);
    strong.try_send(1).unwrap();
    assert_eq!(weak_receiver.upgrade().unwrap().try_recv(), Ok(1));
    drop(strong);
    assert!(receiver.is_closed());
    assert!(weak_sender.upgrade().is_none() && weak_receiver.upgrade().is_none());

    let (sender, receiver) = mpmc::bounded::<()>(1);
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    drop(receiver);
    assert!(weak_receiver.upgrade().is_none(), "it is not opened again");
    assert!(weak_sender.upgrade().is_none(), "as async-channel has it, for a closed channel");
}

#[test]
fn closing_by_hand_lets_receivers_have_the_rest() {
    for by_sender in [false, true] {
        let (sender, receiver) = mpmc::bounded(2);
        let watched = Watched::new();
        let (mut one, mut two) = (pin!(sender.closed()), Box::pin(receiver.closed()));
        assert!(watched.poll(one.as_mut()).is_pending());
        assert!(watched.poll(two.as_mut()).is_pending());
        drop(two);
        sender.try_send(1).unwrap();
        assert!(if by_sender { sender.close() } else { receiver.close() });
        assert_eq!((watched.woken(), watched.kept()), (1, 0));
        ready(one.as_mut());
        ready(pin!(receiver.closed()));
        assert_eq!(sender.try_send(2), Err(TrySendError::Closed(2)));
        assert_eq!(ready(pin!(receiver.recv())), Ok(1));
        assert_eq!(ready(pin!(receiver.recv())), Err(RecvError));
    }
}

/// The third shape of the sweep.
#[test]
fn a_permit_outlives_closing_and_tells_the_receivers() {
    for sends in [false, true] {
        let (sender, receiver) = mpmc::bounded(2);
        let permit = sender.try_reserve().unwrap();
        sender.close();
        let watched = Watched::new();
        let (mut one, mut two) = (pin!(receiver.recv()), pin!(receiver.recv()));
        assert!(watched.poll(one.as_mut()).is_pending(), "there may be one message still");
        assert!(watched.poll(two.as_mut()).is_pending());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        if sends {
            permit.send(1);
            assert_eq!((watched.woken(), ready(one.as_mut())), (1, Ok(1)));
        } else {
            drop(permit);
            assert_eq!(ready(one.as_mut()), Err(RecvError));
        }
        assert_eq!((watched.woken(), ready(two.as_mut())), (2, Err(RecvError)));
    }
    let (sender, receiver) = mpmc::bounded(2);
    let (permit, token) = (sender.try_reserve().unwrap(), Arc::new(()));
    drop(receiver);
    permit.send(token.clone());
    assert_eq!(Arc::strong_count(&token), 1, "nobody will get it");
}
