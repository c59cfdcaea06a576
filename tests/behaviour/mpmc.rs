//! `selvedge::channel::mpmc`.

use std::{
    future::poll_fn,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
};

use futures::Sink as _;
use selvedge::channel::mpmc::{
    self, Builder, Overflow, Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError,
    TrySendError,
};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready},
    sweep::{Doors, Report, Swept, Waiting},
};

mod programs;

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

#[test]
fn a_message_is_sent_by_force() {
    let (sender, receiver) = mpmc::bounded(2);
    let sent = [1, 2, 3, 4].map(|message| sender.force_send(message).unwrap());
    assert_eq!(sent, [None, None, Some(1), Some(2)]);
    let mut send = pin!(sender.send(9));
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!(sender.force_send(5), Ok(Some(3)));
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [4, 5]);
    assert_eq!(ready(send.as_mut()), Ok(()));
    receiver.close();
    assert_eq!(sender.force_send(6), Err(SendError(6)));

    let (sender, receiver) = mpmc::rendezvous();
    assert_eq!(sender.force_send(1), Ok(Some(1)), "there is nothing to displace");
    let mut recv = pin!(receiver.recv());
    assert!(poll(recv.as_mut()).is_pending());
    assert_eq!(sender.force_send(2), Ok(None));
    assert_eq!(ready(recv.as_mut()), Ok(2));
    let (sender, _receiver) = mpmc::bounded(1);
    let _permit = sender.try_reserve().unwrap();
    assert_eq!(sender.force_send(1), Ok(Some(1)), "all that is there is held");
}

/// What goes to the hook, in order.
fn hooked(builder: Builder<u32>) -> (Sender<u32>, Receiver<u32>, Arc<Mutex<Vec<u32>>>) {
    let lost = Arc::new(Mutex::new(Vec::new()));
    let hook = lost.clone();
    let (sender, receiver) =
        builder.on_undelivered(move |message| hook.lock().unwrap().push(message)).build();
    (sender, receiver, lost)
}

#[test]
fn a_full_channel_drops_by_its_policy() {
    for (overflow, kept, dropped) in
        [(Overflow::DropOldest, [3, 4], [1, 2]), (Overflow::DropNewest, [1, 2], [3, 4])]
    {
        let (sender, receiver, lost) = hooked(Builder::bounded(2).overflow(overflow));
        sender.try_send(1).unwrap();
        assert_eq!(ready(pin!(sender.send(2))), Ok(()));
        assert_eq!(ready(pin!(sender.send(3))), Ok(()), "nobody waits");
        sender.try_send(4).unwrap();
        assert_eq!((sender.len(), &lost.lock().unwrap()[..]), (2, &dropped[..]));
        assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), kept);
        receiver.close();
        assert_eq!(sender.try_send(5), Err(TrySendError::Closed(5)));
    }
}

#[test]
fn a_hook_gets_what_nobody_will_get() {
    let (sender, receiver, lost) = hooked(Builder::bounded(2));
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    let mut send = Box::pin(sender.send(3));
    assert!(poll(send.as_mut()).is_pending());
    drop(send);
    drop(sender.send(4));
    assert_eq!(*lost.lock().unwrap(), [3, 4]);
    drop(receiver);
    assert_eq!(*lost.lock().unwrap(), [3, 4, 1, 2]);
    assert_eq!(sender.try_send(5), Err(TrySendError::Closed(5)), "what comes back is not lost");

    let (sender, receiver, lost) = hooked(Builder::unbounded());
    sender.try_send(1).unwrap();
    drop(sender);
    mem::forget(receiver.clone());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(lost.lock().unwrap().is_empty());

    // The last handle of all is a weak one.
    let (sender, receiver, lost) = hooked(Builder::bounded(1));
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    permit.send(8);
    assert_eq!(*lost.lock().unwrap(), [8]);
}

#[test]
fn a_hook_may_use_the_channel() {
    let slot: Arc<Mutex<Option<Sender<u32>>>> = Arc::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let (inside, counted) = (slot.clone(), calls.clone());
    let (sender, receiver) = Builder::bounded(1)
        .on_undelivered(move |message: u32| {
            counted.fetch_add(1, SeqCst);
            if let Some(sender) = inside.lock().unwrap().take() {
                assert!(sender.try_send(message).is_err());
                drop((sender.clone(), sender));
            }
        })
        .build();
    sender.try_send(1).unwrap();
    *slot.lock().unwrap() = Some(sender.clone());
    drop(receiver);
    assert_eq!(calls.load(SeqCst), 1);
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

/// Receives; once more if the waker of a sender panics, for then the message goes back.
pub(crate) fn receive_again(receive: impl Fn() -> bool) {
    struct Again<F: Fn() -> bool>(F);
    impl<F: Fn() -> bool> Drop for Again<F> {
        fn drop(&mut self) {
            if thread::panicking() {
                assert!((self.0)());
            }
        }
    }
    let again = Again(receive);
    assert!((again.0)());
}

type Ends = (Sender<u8>, Receiver<u8>);

pub(crate) fn sweep(report: Report<'_>) {
    Swept::<Ends> {
        name: "mpmc::Recv",
        make: || mpmc::bounded(2),
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move {
                let Ok(message) = ends.1.recv().await else { return false };
                ends.0.try_send(message).is_ok()
            })
        },
        free: |(sender, _)| sender.try_send(1).unwrap(),
        waiting: |(_, receiver)| receiver.statistics().waiting_receivers,
        is_free: |(_, receiver)| receiver.len() == 1,
        // What is left after closing is whoever's comes first.
        close: None,
    }
    .sweep(report);
    Swept::<Ends> {
        name: "mpmc::RecvMany",
        make: || mpmc::bounded(2),
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move {
                let mut buffer = Vec::new();
                let count = ends.1.recv_many(&mut buffer, 1).await;
                count == 1 && ends.0.try_send(buffer[0]).is_ok()
            })
        },
        free: |(sender, _)| sender.try_send(1).unwrap(),
        waiting: |(_, receiver)| receiver.statistics().waiting_receivers,
        is_free: |(_, receiver)| receiver.len() == 1,
        close: None,
    }
    .sweep(report);
    Swept::<Ends> {
        name: "mpmc::Receiver as Stream",
        make: || mpmc::bounded(2),
        wait: |ends| {
            let (ends, mut stream) = (ends.clone(), ends.1.clone());
            Box::pin(async move {
                let Some(message) = futures::StreamExt::next(&mut stream).await else {
                    return false;
                };
                ends.0.try_send(message).is_ok()
            })
        },
        free: |(sender, _)| sender.try_send(1).unwrap(),
        waiting: |(_, receiver)| receiver.statistics().waiting_receivers,
        is_free: |(_, receiver)| receiver.len() == 1,
        close: None,
    }
    .sweep(report);
    Swept::<Ends> {
        name: "mpmc::Send",
        make: || {
            let (sender, receiver) = mpmc::bounded(1);
            sender.try_send(0).unwrap();
            (sender, receiver)
        },
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move { ends.0.send(1).await.is_ok() && ends.1.try_recv().is_ok() })
        },
        free: |(_, receiver)| receive_again(|| receiver.try_recv().is_ok()),
        waiting: |(sender, _)| sender.statistics().waiting_senders,
        is_free: |(sender, _)| sender.is_empty() && sender.statistics().held == 0,
        close: Some(|(sender, _)| assert!(sender.close())),
    }
    .sweep(report);
    Swept::<Ends> {
        name: "mpmc::Reserve",
        make: || {
            let (sender, receiver) = mpmc::bounded(1);
            sender.try_send(0).unwrap();
            (sender, receiver)
        },
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move { ends.0.reserve().await.is_ok() })
        },
        free: |(_, receiver)| receive_again(|| receiver.try_recv().is_ok()),
        waiting: |(sender, _)| sender.statistics().waiting_senders,
        is_free: |(sender, _)| sender.is_empty() && sender.statistics().held == 0,
        close: Some(|(_, receiver)| assert!(receiver.close())),
    }
    .sweep(report);
    Swept::<Ends> {
        name: "mpmc::SenderSink",
        make: || {
            let (sender, receiver) = mpmc::bounded(1);
            sender.try_send(0).unwrap();
            (sender, receiver)
        },
        wait: |ends| {
            let (open, mut sink) = (ends.clone(), ends.0.clone().into_sink());
            Box::pin(async move {
                let _open = open;
                poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.is_ok()
            })
        },
        free: |(_, receiver)| receive_again(|| receiver.try_recv().is_ok()),
        waiting: |(sender, _)| sender.statistics().waiting_senders,
        is_free: |(sender, _)| sender.is_empty() && sender.statistics().held == 0,
        close: Some(|(_, receiver)| assert!(receiver.close())),
    }
    .sweep(report);
    Swept::<Meeting> {
        name: "mpmc::Recv, a rendezvous",
        make: || {
            let (sender, receiver) = mpmc::rendezvous();
            Meeting { sender, receiver, spare: AtomicUsize::new(0) }
        },
        wait: |meeting| {
            let meeting = meeting.clone();
            Box::pin(async move {
                let got = meeting.receiver.recv().await == Ok(1);
                meeting.offer();
                got
            })
        },
        free: Meeting::offer,
        waiting: |meeting| meeting.receiver.statistics().waiting_receivers,
        // What was handed to a receiver that left is there still.
        is_free: |meeting| meeting.spare.load(SeqCst) + meeting.receiver.len() == 1,
        close: None,
    }
    .sweep_alone(report);
    let closes = |name, wait: fn(&Arc<Doors<Ends>>) -> Waiting| Swept {
        name,
        make: || Doors::new(|ends: &mut Ends| assert!(ends.0.close())),
        wait,
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    };
    closes("mpmc::Sender::closed", |doors| {
        let ends = mpmc::bounded(1);
        let sender = ends.0.clone();
        doors.wait(ends, async move {
            sender.closed().await;
            sender.is_closed()
        })
    })
    .sweep(report);
    closes("mpmc::Receiver::closed", |doors| {
        let ends = mpmc::bounded(1);
        let receiver = ends.1.clone();
        doors.wait(ends, async move {
            receiver.closed().await;
            receiver.is_closed()
        })
    })
    .sweep(report);
}

/// A rendezvous, and how many messages nobody waited for.
struct Meeting {
    sender: Sender<u8>,
    receiver: Receiver<u8>,
    spare: AtomicUsize,
}

impl Meeting {
    fn offer(&self) {
        if self.sender.try_send(1).is_err() {
            self.spare.fetch_add(1, SeqCst);
        }
    }
}
