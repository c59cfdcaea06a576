//! Places held by permits, one by one and many at once.

use std::{pin::pin, sync::Arc};

use selvedge::channel::mpsc::{
    self,
    error::{SendError, TryRecvError, TrySendError},
};

use crate::harness::{Watched, poll, ready};

/// Semantics 81: those who wait for a place get it in order, also when they reserve.
#[test]
fn places_are_given_in_order() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).unwrap();
    let mut one = pin!(sender.send(1));
    let mut two = pin!(sender.reserve());
    let mut three = pin!(sender.clone().reserve_owned());
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    assert!(poll(three.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert!(poll(three.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    assert_eq!(ready(one.as_mut()), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(1));
    ready(two.as_mut()).unwrap().send(2);
    assert_eq!(receiver.try_recv(), Ok(2));
    let sender = ready(three.as_mut()).unwrap().send(3);
    assert_eq!((receiver.try_recv(), sender.capacity()), (Ok(3), 1));
}

/// Semantics 26 and 27, for places.
#[test]
fn who_reserves_many_is_not_overtaken_and_holds_nothing() {
    let (sender, mut receiver) = mpsc::channel(4);
    for message in 0..4 {
        sender.try_send(message).unwrap();
    }
    let (heavy, light) = (Watched::new(), Watched::new());
    let mut many = Box::pin(sender.reserve_many(3));
    let mut one = pin!(sender.send(9));
    assert!(heavy.poll(many.as_mut()).is_pending());
    assert!(light.poll(one.as_mut()).is_pending());
    for message in 0..2 {
        assert_eq!(receiver.try_recv(), Ok(message));
        assert_eq!(sender.capacity(), message + 1);
        assert_eq!(sender.try_send(8), Err(TrySendError::Full(8)), "it is barred");
    }
    assert_eq!((heavy.woken(), light.woken()), (0, 0));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!((heavy.woken(), light.woken(), sender.capacity()), (1, 0, 0));
    let permits = ready(many.as_mut()).unwrap();
    assert_eq!((permits.len(), sender.capacity()), (3, 0));
    drop(permits);
    assert_eq!((light.woken(), sender.capacity()), (1, 3));
    assert_eq!(ready(one.as_mut()), Ok(()));

    // A heavy head that goes lets those behind it in.
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [3, 9]);
    let held = sender.try_reserve_many(2).unwrap();
    let mut many = Box::pin(sender.reserve_many(3));
    let light = Watched::new();
    let mut one = Box::pin(sender.reserve());
    let mut two = Box::pin(sender.reserve());
    assert!(poll(many.as_mut()).is_pending());
    assert!(light.poll(one.as_mut()).is_pending());
    assert!(light.poll(two.as_mut()).is_pending());
    drop(held.take(1).collect::<Vec<_>>());
    assert_eq!(light.woken(), 1, "three places are the heavy one's, the fourth is free");
    drop(many);
    assert_eq!(light.woken(), 2);
}

#[test]
fn many_places_are_had_one_by_one() {
    let (sender, mut receiver) = mpsc::channel(5);
    assert!(matches!(ready(pin!(sender.reserve_many(6))), Err(SendError(()))));
    assert!(sender.try_reserve_many(6).is_err());
    assert_eq!(sender.try_reserve_many(0).unwrap().len(), 0);
    let mut permits = ready(pin!(sender.reserve_many(5))).unwrap();
    assert_eq!((permits.size_hint(), sender.capacity()), ((5, Some(5)), 0));
    permits.next().unwrap().send(1);
    let kept = permits.next().unwrap();
    drop(permits);
    assert_eq!((sender.capacity(), receiver.max_capacity()), (3, 5));
    kept.send(2);
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [1, 2]);
    assert_eq!(receiver.capacity(), 5);
}

/// The third shape of the sweep: tokio#2854 and its like.
#[test]
fn a_permit_that_comes_back_after_closing_wakes_the_receiver() {
    type Give = fn(mpsc::Sender<u32>) -> Box<dyn FnOnce()>;
    let ways: [Give; 5] = [
        |sender| {
            let permit = sender.try_reserve_owned().unwrap();
            Box::new(move || drop(permit))
        },
        |sender| {
            let permit = sender.try_reserve_owned().unwrap();
            Box::new(move || drop(permit.release()))
        },
        |sender| {
            let sender = Box::leak(Box::new(sender));
            let permits = sender.try_reserve_many(2).unwrap();
            Box::new(move || drop(permits))
        },
        |sender| {
            let sender = Box::leak(Box::new(sender));
            let permit = sender.try_reserve().unwrap();
            Box::new(move || drop(permit))
        },
        |sender| {
            // A place that was held for a waiter, who goes: it has looked in vain too often.
            let sender = Box::leak(Box::new(sender));
            let permits: Vec<_> = sender.try_reserve_many(3).unwrap().collect();
            let mut reserve = Box::pin(sender.reserve_many(2));
            assert!(poll(reserve.as_mut()).is_pending());
            drop(permits);
            Box::new(move || drop(reserve))
        },
    ];
    for give in ways {
        let (sender, mut receiver) = mpsc::channel(3);
        let back = give(sender.clone());
        receiver.close();
        let watched = Watched::new();
        let mut recv = pin!(receiver.recv());
        assert!(watched.poll(recv.as_mut()).is_pending(), "a permit is out");
        back();
        assert_eq!((watched.woken(), ready(recv.as_mut())), (1, None));
        drop(sender);
    }
}

#[test]
fn a_permit_outlives_closing() {
    let (sender, mut receiver) = mpsc::channel(2);
    let permit = sender.try_reserve().unwrap();
    let last = sender.try_reserve().unwrap();
    receiver.close();
    assert!(receiver.is_closed() && sender.try_send(0).is_err());
    permit.send(1);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let token_gone = {
        drop(last);
        receiver.try_recv()
    };
    assert_eq!(token_gone, Err(TryRecvError::Disconnected));

    let (sender, receiver) = mpsc::channel(1);
    let (permit, token) = (sender.try_reserve().unwrap(), Arc::new(()));
    drop(receiver);
    permit.send(token.clone());
    assert_eq!(Arc::strong_count(&token), 1, "nobody will get it");
}

/// A permit that is forgotten holds its place for ever, and nothing else.
#[test]
fn a_forgotten_permit_does_not_hide_the_end() {
    let (sender, mut receiver) = mpsc::channel::<u32>(2);
    std::mem::forget(sender.try_reserve().unwrap());
    sender.try_send(1).unwrap();
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    drop(sender);
    assert_eq!(ready(pin!(receiver.recv())), Some(1));
    assert_eq!(ready(pin!(receiver.recv())), None);
}
