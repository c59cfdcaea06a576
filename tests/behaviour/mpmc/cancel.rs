//! Who cancels loses nothing, and who was called in vain keeps its place.

use std::{pin::pin, sync::Arc, task::Poll};

use selvedge::channel::mpmc::{self, TryRecvError};

use super::{Recvs, Sends};
use crate::harness::{Watched, poll, ready};

/// Semantics 74, 75 and 76: whichever of the receivers that were called goes, nothing is lost.
#[test]
fn receivers_that_cancel_lose_nothing() {
    for quitters in 0..16_usize {
        for called in 0..4 {
            let (sender, receiver) = mpmc::bounded(4);
            let watched = [(); 4].map(|()| Watched::new());
            let mut line: Vec<_> = watched
                .iter()
                .map(|watched| {
                    let mut recv = Box::pin(receiver.recv());
                    assert!(watched.poll(recv.as_mut()).is_pending());
                    Some(recv)
                })
                .collect();
            for message in 0..called {
                sender.try_send(message).unwrap();
            }
            for at in (0..4).filter(|at| quitters >> at & 1 == 1) {
                line[at] = None;
                assert_eq!(watched[at].kept(), 0);
            }
            let mut seen = Vec::new();
            // Only those who were woken are polled: the others may sleep on.
            for (recv, watched) in line.iter_mut().zip(&watched) {
                if let Some(recv) = recv.as_mut().filter(|_| watched.woken() > 0) {
                    if let Poll::Ready(message) = poll(recv.as_mut()) {
                        seen.push(message.unwrap());
                    }
                }
            }
            let stayed = line.iter().flatten().count();
            assert_eq!(seen, (0..called.min(stayed)).collect::<Vec<_>>(), "{quitters:b}");
            while let Ok(message) = receiver.try_recv() {
                seen.push(message);
            }
            assert_eq!(seen, (0..called).collect::<Vec<_>>(), "{quitters:b}");
        }
    }
}

/// Semantics 77.
#[test]
fn a_sender_that_cancels_sends_nothing_and_lets_the_next_in() {
    for woken_first in [false, true] {
        let (sender, receiver) = mpmc::bounded(1);
        sender.try_send(0).unwrap();
        let (first, second) = (Watched::new(), Watched::new());
        let mut quitter = Box::pin(sender.send(1));
        let mut stayer = Box::pin(sender.send(2));
        assert!(first.poll(quitter.as_mut()).is_pending());
        assert!(second.poll(stayer.as_mut()).is_pending());
        if woken_first {
            assert_eq!(receiver.try_recv(), Ok(0));
            assert_eq!((first.woken(), second.woken()), (1, 0));
            drop(quitter);
        } else {
            drop(quitter);
            assert_eq!(receiver.try_recv(), Ok(0));
        }
        assert_eq!((first.kept(), second.woken()), (0, 1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "nothing was sent");
        assert_eq!(ready(stayer.as_mut()), Ok(()));
        assert_eq!(receiver.try_recv(), Ok(2));
    }
}

/// Semantics 77: as tokio promises, a send that was dropped while pending did not happen, however
/// much was received meanwhile.
#[test]
fn what_a_waiting_sender_has_is_not_received_before_it_runs() {
    let (sender, receiver) = mpmc::bounded(2);
    sender.try_send(0).unwrap();
    sender.try_send(1).unwrap();
    let mut send = Box::pin(sender.send(2));
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [0, 1]);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(send);
    assert!(receiver.is_empty());
}

/// Semantics 78.
#[test]
fn who_cancels_leaves_nothing_behind() {
    let (sender, receiver) = mpmc::bounded(1);
    let watched = Watched::new();
    for _ in 0..100 {
        let mut recvs: Recvs<'_, Arc<()>> = (0..3).map(|_| Box::pin(receiver.recv())).collect();
        assert!(recvs.iter_mut().all(|recv| watched.poll(recv.as_mut()).is_pending()));
        drop(recvs.remove(1));
    }
    let token = Arc::new(());
    sender.try_send(token.clone()).unwrap();
    for _ in 0..100 {
        let mut sends: Sends<'_, Arc<()>> =
            (0..3).map(|_| Box::pin(sender.send(token.clone()))).collect();
        assert!(sends.iter_mut().all(|send| watched.poll(send.as_mut()).is_pending()));
        drop(sends.remove(1));
    }
    assert_eq!((watched.kept(), watched.woken(), Arc::strong_count(&token)), (0, 0, 2));
}

/// Semantics 80: a running task may take the message first; who was called keeps its place.
#[test]
fn a_receiver_that_was_called_in_vain_keeps_its_place() {
    let (sender, receiver) = mpmc::bounded(9);
    let (first, second) = (Watched::new(), Watched::new());
    let (mut one, mut two) = (pin!(receiver.recv()), pin!(receiver.recv()));
    assert!(first.poll(one.as_mut()).is_pending());
    assert!(second.poll(two.as_mut()).is_pending());
    let mut vain = 0;
    loop {
        sender.try_send(vain).unwrap();
        assert_eq!((first.woken(), second.woken()), (vain + 1, 0));
        let Ok(message) = receiver.try_recv() else { break };
        assert_eq!(message, vain);
        assert!(first.poll(one.as_mut()).is_pending());
        vain += 1;
    }
    assert_eq!(vain, 4, "and after a few times nobody overtakes it any more");
    assert_eq!(ready(one.as_mut()), Ok(4));
    sender.try_send(5).unwrap();
    assert_eq!(ready(two.as_mut()), Ok(5));
}

/// Semantics 81: a running task may take the place first; who was called keeps its place.
#[test]
fn a_sender_that_was_called_in_vain_keeps_its_place() {
    let (sender, receiver) = mpmc::bounded(1);
    let (first, second) = (Watched::new(), Watched::new());
    sender.try_send(0).unwrap();
    let (mut one, mut two) = (pin!(sender.send(100)), pin!(sender.send(200)));
    assert!(first.poll(one.as_mut()).is_pending());
    assert!(second.poll(two.as_mut()).is_pending());
    let mut vain = 0;
    loop {
        assert_eq!(receiver.try_recv(), Ok(vain));
        assert_eq!((first.woken(), second.woken()), (vain + 1, 0));
        if sender.try_send(vain + 1).is_err() {
            break;
        }
        assert!(first.poll(one.as_mut()).is_pending());
        vain += 1;
    }
    assert_eq!(vain, 4, "and after a few times nobody overtakes it any more");
    assert!(sender.is_full(), "the place is held");
    assert_eq!(ready(one.as_mut()), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(100));
    assert_eq!(ready(two.as_mut()), Ok(()));
}

/// Semantics 81: those who go back to their places are in order, whatever the order they looked in.
#[test]
fn places_in_line_are_kept_when_several_look_in_vain() {
    let (sender, receiver) = mpmc::bounded(3);
    let mut line: Recvs<'_, usize> = (0..4).map(|_| Box::pin(receiver.recv())).collect();
    assert!(line.iter_mut().all(|recv| poll(recv.as_mut()).is_pending()));
    for message in 0..3 {
        sender.try_send(message).unwrap();
    }
    assert!((0..3).all(|message| receiver.try_recv() == Ok(message)));
    for at in [2, 0, 1] {
        assert!(poll(line[at].as_mut()).is_pending());
    }
    for (at, recv) in line.iter_mut().enumerate() {
        sender.try_send(at).unwrap();
        assert_eq!(ready(recv.as_mut()), Ok(at));
    }
}
